"""Training with Lightning, and the command line."""
