"""Harmonic transforms on the sphere."""

from deepsphere_pyg.harmonics.sht.dense import IllConditionedWarning
from deepsphere_pyg.harmonics.sht.geometry import exact_bandlimit
from deepsphere_pyg.harmonics.sht.partitioned import PartitionedISHT, PartitionedSHT
from deepsphere_pyg.harmonics.sht.sht import ISHT, SHT

__all__ = [
    "ISHT",
    "SHT",
    "IllConditionedWarning",
    "PartitionedISHT",
    "PartitionedSHT",
    "exact_bandlimit",
]
