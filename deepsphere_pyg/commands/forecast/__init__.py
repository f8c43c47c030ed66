"""``forecast``: networks that step fields in time, from series in files."""
