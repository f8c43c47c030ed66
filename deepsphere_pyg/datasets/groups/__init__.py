"""Groups of maps that belong together: of a seed, or copies of a map."""

from deepsphere_pyg.datasets.groups.fisher_maps import FisherMaps
from deepsphere_pyg.datasets.groups.map_group import MapGroup
from deepsphere_pyg.datasets.groups.rotated_pairs import RotatedPairs

__all__ = ["FisherMaps", "MapGroup", "RotatedPairs"]
