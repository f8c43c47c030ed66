"""Edges of a vertex and what they make of each degree, one vertex of each orbit."""
