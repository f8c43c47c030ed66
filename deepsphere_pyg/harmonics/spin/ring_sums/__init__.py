"""Sums of spin fields over rings: with Legendre functions, and exactly near poles."""
