"""Classification and retrieval of shapes by their maps on the sphere."""
