"""``regress``: numbers at vertices, or of whole maps, from fields in files."""
