"""Maps of the whole sky: their nested patches."""

from deepsphere_pyg.datasets.sky.patches import NestedPatches

__all__ = ["NestedPatches"]
