"""Times, memory and the facts of a machine, for all benchmarks."""
