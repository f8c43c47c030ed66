"""``classify``: classes of whole maps, from fields in files."""
