"""Data sets of a user's own files, with targets of any kind."""

from deepsphere_pyg.datasets.field_maps.block_shuffle import BlockShuffle
from deepsphere_pyg.datasets.field_maps.field_maps import FieldMaps, InputSample

__all__ = ["BlockShuffle", "FieldMaps", "InputSample"]
