"""Positions and areas of all vertices of a sampling."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers.graph.attention.padded_rows import log_areas
from samplings import Sampling
from samplings.arguments import sampling_argument


class AllVertices(FixedTensors):
    """All vertices of a sampling, or of a part, each of which attends to all.

    Parameters
    ----------
    sampling
        The vertices.

    Attributes
    ----------
    xyz
        Unit vectors, shape ``(V, 3)``.
    log_area
        Logarithms of areas, over the mean area, shape ``(V,)``.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling.

    Notes
    -----
    Areas are those of the cells, ``sampling.weights``, which are positive, while the
    weights of a quadrature rule may be negative.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> AllVertices(HEALPix(2))
    AllVertices(48 vertices)
    """

    xyz: Tensor
    log_area: Tensor

    def __init__(self, sampling: Sampling) -> None:
        super().__init__()
        area = sampling_argument("sampling", sampling).weights
        dtype = torch.get_default_dtype()
        self.keep("xyz", sampling.xyz.copy(), dtype)
        self.keep("log_area", log_areas(area, float(area.mean())), dtype)

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.log_area)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_vertices} vertices)"
