"""Measurements of speed and of quality; see ``benchmarks/README.md``."""
