"""Pictures of the README and of the documentation, and how each is made."""
