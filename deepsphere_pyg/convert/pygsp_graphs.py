"""Graphs as those of PyGSP, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from deepsphere_pyg.convert.data import RECIPE, graph_of_recipe, recipe_of
from samplings import SphericalGraph
from samplings.arguments import instance_argument

if TYPE_CHECKING:
    import pygsp


def to_pygsp(graph: SphericalGraph) -> pygsp.graphs.Graph:
    """Return a graph as one of PyGSP, with its coordinates.

    Raises
    ------
    TypeError
        If ``graph`` is not a graph.
    ImportError
        If pygsp is not installed (extra ``[pygsp]``).

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> to_pygsp(knn_graph(HEALPix(1), k=4)).N
    12
    """
    instance_argument("graph", graph, SphericalGraph, "build one with knn_graph")
    try:
        from pygsp import graphs
    except ImportError as error:
        raise ImportError(
            "graphs of PyGSP need pygsp, which is not installed; "
            "run: pip install 'deepsphere-pyg[pygsp]'"
        ) from error
    converted = graphs.Graph(
        sp.csr_matrix(graph.adjacency, copy=True),
        lap_type="combinatorial",
        coords=np.array(graph.sampling.xyz),
    )
    setattr(converted, RECIPE, recipe_of(graph))
    return converted


def from_pygsp(graph: pygsp.graphs.Graph) -> SphericalGraph:
    """Return a PyGSP graph whose coordinates are unit vectors.

    A graph from :func:`to_pygsp` gives the original sampling; any other graph an
    :class:`samplings.Irregular` one with Voronoi areas, where ``k`` is the smallest
    number of neighbours and ``t`` is NaN.

    Raises
    ------
    ValueError
        If the coordinates are missing or not unit vectors in three dimensions, or the
        weights are not symmetric.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> from_pygsp(to_pygsp(knn_graph(HEALPix(1), k=4))).name
    'healpix-1-k4'
    """
    coordinates = getattr(graph, "coords", None)
    if coordinates is None:
        raise ValueError(
            "the graph has no coordinates; set graph.coords to unit vectors (V, 3)"
        )
    adjacency = sp.csr_array(graph.W, dtype=np.float64)
    return graph_of_recipe(
        adjacency, np.asarray(coordinates), None, getattr(graph, RECIPE, None)
    )
