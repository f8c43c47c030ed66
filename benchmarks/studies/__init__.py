"""One script for each measurement that the documentation cites."""
