"""Recognition of the variables that give the places of values."""
