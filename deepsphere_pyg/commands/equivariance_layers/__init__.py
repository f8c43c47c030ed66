"""``equivariance --layers``: equivariance errors of layers."""
