"""Convolutions, pooling and networks against their peers: parts of ``run.py``."""
