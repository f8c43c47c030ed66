"""What lets ChebConv take PyTorch Geometric's edges and weights."""
