"""Neighbours of the vertices of one process, some of which other processes have."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers.graph.attention.neighbourhoods import Neighbourhoods
from deepsphere_pyg.operators.halo import Halo
from deepsphere_pyg.operators.process_ranks import ProcessRanks
from samplings.graphs.by_region import Owners, by_owner


class PartOfNeighbourhoods(Neighbourhoods):
    """The vertices that those of one process attend to.

    Making one is collective, and so are calls of layers with it, and their gradients.

    Parameters
    ----------
    whole
        Of all vertices, the same in all processes.
    owners
        Which process has each vertex.
    group
        The processes; all by default.

    Attributes
    ----------
    index
        Places of neighbours among the vertices of this process, and those that
        :meth:`surrounded` appends to them.
    """

    def __init__(
        self, whole: Neighbourhoods, owners: Owners, group: ProcessGroup | None = None
    ) -> None:
        # The tensors of the base class are rows of those of all vertices.
        FixedTensors.__init__(self)
        own = owners.vertices(ProcessRanks(group).rank)
        log_area = whole.rounded("log_area", torch.float64).numpy()[own]
        index = whole.rounded("index", torch.int64).numpy()[own]
        filled = log_area > -np.inf
        wanted = by_owner(owners, np.setdiff1d(index[filled], own))
        columns = np.concatenate([own, wanted])
        order = np.argsort(columns)
        place = np.zeros_like(index)
        place[filled] = order[np.searchsorted(columns[order], index[filled])]
        self.radius = whole.radius
        self.halo = Halo(owners, wanted, group)
        dtype = whole.position.dtype
        position = whole.rounded("position", torch.float64).numpy()[own]
        self.keep("index", place)
        self.keep("position", position, dtype)
        self.keep("log_area", log_area, dtype)
        self.to(whole.index.device)

    def surrounded(self, x: Tensor) -> Tensor:
        """Return signals with those that other processes have after them."""
        y: Tensor = self.halo(x)
        return y
