"""Graphs of parts of a sampling, cut out of the graph of the whole."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arguments import integer_argument, sampling_argument
from samplings.base import Masked, Sampling, whole_sampling
from samplings.footprints import surroundings
from samplings.graphs.graph import DisconnectedGraphWarning, SphericalGraph
from samplings.graphs.kernel_width import kernel_width
from samplings.graphs.knn import DEFAULT_WEIGHTING, knn_graph
from samplings.graphs.weightings import (
    OF_NEIGHBOURS,
    Fitted,
    FittedIRLS,
    FittedSingle,
    Weighting,
    WidthKernel,
    weighting_argument,
)


def cut_graph(
    sampling: Sampling,
    k: int,
    weighting: str | Weighting = DEFAULT_WEIGHTING,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> SphericalGraph:
    r"""Return the edges that a part of a sampling has in the graph of the whole.

    They have the weights of the whole, whose fits and kernel widths do not know of the
    border, and edges that leave the part are dropped. Far from the border the Laplacian
    is that of the whole. :func:`samplings.knn_graph` of a part searches its neighbours
    within the part, and fits the weights there: vertices at the border have k
    neighbours, more to one side, and fitted weights have a larger equivariance error
    also far from it, the more the higher k is.

    Parameters
    ----------
    sampling
        A part of a sampling, or a whole one, whose graph is not cut.
    k, weighting
        As in :func:`samplings.knn_graph`, in the graph of the whole.
    progress
        Called in fits, as in :func:`samplings.fit_weights`.

    Returns
    -------
    SphericalGraph
        Symmetric graph. Pieces of the part that no edge joins stay apart, with a note.

    Raises
    ------
    TypeError, ValueError
        As :func:`samplings.knn_graph`.

    Notes
    -----
    Weights are fitted on the whole sampling, whose symmetries make this fast; other
    weights are computed in the surroundings of the part.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> cap = HEALPix(8)[range(100)]
    >>> graph = cut_graph(cap, k=8)
    >>> graph.n_edges < knn_graph(cap, k=8).n_edges
    True
    """
    return graph_and_inner(sampling, k, weighting, progress=progress)[0]


def graph_and_inner(
    sampling: Sampling,
    k: int,
    weighting: str | Weighting,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[SphericalGraph, npt.NDArray[np.bool_]]:
    """Return the graph of :func:`cut_graph`, and which vertices kept all edges."""
    kind = weighting_argument(weighting, OF_NEIGHBOURS)
    sampling = sampling_argument("sampling", sampling)
    if not isinstance(sampling, Masked):
        whole = knn_graph(sampling, k, kind, progress=progress)
        return whole, np.ones(len(sampling), dtype=bool)
    k = integer_argument("k", k, 1)
    wider, index = whole_sampling(sampling)
    if isinstance(kind, WidthKernel) and kind.t is None:
        kind = dataclasses.replace(kind, t=kernel_width(wider, k))
    if not isinstance(kind, Fitted | FittedSingle | FittedIRLS):
        # A disc of k cells has a radius of .56 sqrt(k) spacings.
        reach = 2 * math.sqrt(k * sampling.area / len(sampling))
        wider, index = surroundings(sampling, reach)
    graph = knn_graph(wider, k, kind, progress=progress)
    rows = graph.adjacency[index]
    adjacency = sp.csr_array(rows[:, index])
    mass = None if graph.mass is None else graph.mass[index]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedGraphWarning)
        cut = dataclasses.replace(
            graph, sampling=sampling, adjacency=adjacency, mass=mass, n_joined=0
        )
        if cut.n_components > 1:
            note = f"the sampling is in {cut.n_components} pieces"
            cut = dataclasses.replace(cut, note=note)
    return cut, np.diff(rows.indptr) == np.diff(adjacency.indptr)
