"""Stencils of operators and their action on each degree, one for each orbit."""
