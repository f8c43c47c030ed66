"""Stencils of operators, and their action on each degree."""
