"""Neighbours of each vertex, with their relative positions and areas."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers.graph.attention.padded_rows import PaddedRows, log_areas
from deepsphere_pyg.layers.graph.attention.relative_positions import (
    TIE,
    chord_of,
    radius_argument,
    seen_positions,
)
from samplings import Sampling, SphericalGraph, same_sampling
from samplings.arguments import counted, instance_argument, sampling_argument


class Neighbourhoods(FixedTensors):
    r"""The vertices that each vertex attends to: its neighbours in a graph, and itself.

    Parameters
    ----------
    graph
        A graph of :func:`samplings.knn_graph`; or an
        :class:`~deepsphere_pyg.edge_operator.EdgeOperator` from V to V vertices, whose
        edges count and whose weights do not. Its sources are the neighbours.
    sampling
        The vertices of an operator; a graph has its own.
    radius
        Angle in radian that has the length one in relative positions; by default the
        largest angle between neighbours. Give the same for all resolutions on which
        neighbourhoods have one size in radian.

    Attributes
    ----------
    index
        Neighbours, shape ``(V, N)``, where N is the largest number of them.
    position
        Their relative positions to the east and to the north, shape ``(V, N, 2)``, in
        Lambert's equal-area projection about the vertex, in units of ``radius``.
    log_area
        Logarithms of their areas, over the mean area, shape ``(V, N)``; minus infinity
        where a vertex has fewer neighbours.

    Raises
    ------
    TypeError
        If ``graph`` is neither a graph nor an operator, or an operator has no sampling.
    ValueError
        If the graph has a different sampling, or an operator is not from V to V
        vertices; or if ``radius`` is not in (0, pi].

    Notes
    -----
    These are fixed tensors: they move with the module, and are not in ``state_dict``.
    At a pole, east is the direction of longitude 90 degrees.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> Neighbourhoods(knn_graph(HEALPix(2), k=8))
    Neighbourhoods(48 vertices, at most 13 neighbours, radius=1.016)
    """

    index: Tensor
    position: Tensor
    log_area: Tensor

    def __init__(
        self,
        graph: SphericalGraph | EdgeOperator,
        sampling: Sampling | None = None,
        *,
        radius: float | None = None,
    ) -> None:
        super().__init__()
        matrix, sampling = _edges(graph, sampling)
        rows = PaddedRows.of(abs(matrix) + sp.eye_array(len(sampling)))
        position = seen_positions(sampling.xyz[:, None], sampling.xyz[rows.index])
        position *= rows.filled[..., None]
        self.radius = radius_argument(radius, position)
        area = sampling.weights[rows.index] * rows.filled
        dtype = torch.get_default_dtype()
        self.keep("index", rows.index)
        self.keep("position", position / chord_of(self.radius), dtype)
        self.keep("log_area", log_areas(area, float(sampling.weights.mean())), dtype)

    @classmethod
    def within(cls, sampling: Sampling, radius: float) -> Neighbourhoods:
        """Return neighbourhoods of all vertices within an angle of each.

        Parameters
        ----------
        sampling
            The vertices.
        radius
            Angle in radian, also the unit of relative positions.

        Raises
        ------
        TypeError, ValueError
            If ``sampling`` is not a sampling, or ``radius`` is not in (0, pi].

        Examples
        --------
        >>> from samplings import HEALPix
        >>> Neighbourhoods.within(HEALPix(2), 0.6)
        Neighbourhoods(48 vertices, at most 6 neighbours, radius=0.6)
        """
        xyz = sampling_argument("sampling", sampling).xyz
        angle = radius_argument(_given(radius), xyz)
        reach = min(chord_of(min(angle + TIE, np.pi)) + TIE, 3.0)
        pairs = cKDTree(xyz).query_pairs(reach, output_type="ndarray")
        ones = np.ones(len(pairs))
        half = sp.csr_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(xyz),) * 2)
        edges = sp.csr_array(half + half.T + sp.eye_array(len(xyz)))
        return cls(EdgeOperator(edges), sampling, radius=angle)

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.index)

    def surrounded(self, x: Tensor) -> Tensor:
        """Return signals with all that vertices attend to: themselves, where whole.

        Parameters
        ----------
        x
            Checked signals, ``(*batch, vertex, channel)``.

        Returns
        -------
        Tensor
            Signals whose first vertices are those of ``x``, for :attr:`index`.
        """
        return x

    def __repr__(self) -> str:
        n, most = self.index.shape
        return (
            f"{type(self).__name__}({counted(n, 'vertex', 'vertices')}, at most "
            f"{counted(most, 'neighbour')}, radius={self.radius:.4g})"
        )


def _given(radius: float | None) -> float:
    """Return the radius, which must not be left out."""
    if radius is None:
        raise TypeError("radius must be an angle in radian, got None; pass a number")
    return radius


def _edges(
    graph: SphericalGraph | EdgeOperator, sampling: Sampling | None
) -> tuple[sp.csr_array, Sampling]:
    """Return the matrix of a graph or operator, and its sampling."""
    remedy = "make a graph with samplings.knn_graph"
    instance_argument("graph", graph, (SphericalGraph, EdgeOperator), remedy)
    if sampling is not None:
        sampling = sampling_argument("sampling", sampling)
    if isinstance(graph, SphericalGraph):
        if sampling is not None and not same_sampling(graph.sampling, sampling):
            raise ValueError(
                f"graph must be of the sampling given, {sampling!r}, got one of "
                f"{graph.sampling!r}; leave the sampling out, or build the graph on it"
            )
        return graph.adjacency, graph.sampling
    if sampling is None:
        raise TypeError(
            "sampling must be given with an operator, which has no positions; pass "
            "Neighbourhoods(operator, sampling), or a graph"
        )
    if (graph.n_out, graph.n_in) != (len(sampling), len(sampling)):
        raise ValueError(
            f"graph must be an operator from the {len(sampling)} vertices of "
            f"{sampling!r} to themselves, got one from {graph.n_in} to {graph.n_out} "
            "vertices; build it on this sampling"
        )
    return graph.to_scipy(), sampling
