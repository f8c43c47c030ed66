"""``qm7``: energies of molecules."""
