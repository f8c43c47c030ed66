"""Edge weights of least equivariance error."""
