"""Layers, which take their operator in ``forward`` and keep only learned weights."""

from deepsphere_pyg.layers import fragments, graph, rotation_group, sphere
from deepsphere_pyg.layers.fragments import *
from deepsphere_pyg.layers.graph import *
from deepsphere_pyg.layers.rotation_group import *
from deepsphere_pyg.layers.sphere import *

__all__: list[str] = []
__all__ += fragments.__all__
__all__ += graph.__all__
__all__ += rotation_group.__all__
__all__ += sphere.__all__
