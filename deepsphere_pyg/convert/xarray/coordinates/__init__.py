"""Which variables of a data set say where its values are."""
