"""``predict``: answers of any trained network, in a file with times and grid."""
