"""Meshes of models and tools, each recognised by its convention."""
