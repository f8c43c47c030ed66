"""Chebyshev, DISCO and attention layers in networks of one size."""
