"""``equivariance``: equivariance errors of Laplacians."""
