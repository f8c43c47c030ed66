"""The command ``deepsphere-pyg generate``."""
