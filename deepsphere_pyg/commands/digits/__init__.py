"""``digits``: classification of handwritten digits on the sphere."""
