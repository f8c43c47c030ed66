"""One measurement of everything that a GPU is for."""
