"""The rows of a graph that one rank has, built without those of the others."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.arrays import FloatArray, IntArray, ReadOnly
from samplings.graphs.by_region.neighbours import neighbours_of
from samplings.graphs.by_region.owners import Owners
from samplings.graphs.by_region.ranks import (
    Fetched,
    Ranks,
    agreed,
    beyond,
    renumbered,
    transposed,
)
from samplings.graphs.edge_weights import (
    geodesic,
    heat_kernel,
    scale_rows,
    self_tuned_kernel,
    spacings,
    symmetric,
)
from samplings.graphs.graph import EQUAL_MASS, DisconnectedGraphWarning
from samplings.graphs.kernel_width import kernel_width
from samplings.graphs.weightings import Kernel, WidthKernel

if TYPE_CHECKING:
    from samplings.graphs.by_region.plans import GraphPlan


@dataclass(frozen=True, eq=False)
class GraphRows(ReadOnly):
    """Edges of the vertices of one rank, in the graph of all.

    Attributes
    ----------
    vertices
        Those of the rank, ascending.
    adjacency
        Rows of the symmetric adjacency, shape ``(len(vertices), V)``.
    t
        Width of the kernel in squared radian; NaN for weights without a width.
    mass
        Masses of the vertices, of mean one over all; None where all are equal.
    """

    vertices: IntArray
    adjacency: sp.csr_array
    t: float
    mass: FloatArray | None


def graph_rows(plan: GraphPlan, owners: Owners, ranks: Ranks) -> GraphRows:
    """Build the rows of this rank; collective.

    Each rank searches the neighbours of its vertices, and sends each link to the rank
    at its other end, so that both have it in either direction. Means over all links or
    vertices are added up over the ranks.

    Raises
    ------
    ValueError
        In all ranks: if two vertices coincide, or the graph is in pieces that are to
        be joined.

    Warns
    -----
    DisconnectedGraphWarning
        If it is in pieces that are not to be joined.
    """
    kind, sampling = plan.weighting, plan.sampling
    mine = owners.vertices(ranks.rank)
    links = agreed(ranks, lambda: neighbours_of(sampling, mine, plan.k))
    if kind.distance == "geodesic":
        geodesic(links.data)
    t, mass = math.nan, None
    if isinstance(kind, WidthKernel):
        t = _width(plan, kind, links, ranks)
        heat_kernel(links.data, t)
    elif kind.name == "self-tuned":
        spacing = spacings(links)
        at_ends = _at_columns(spacing, links, mine, owners, ranks)
        self_tuned_kernel(links, spacing, at_ends, plan.k)
    else:
        np.reciprocal(links.data, out=links.data)
    if kind.name == "area-corrected":
        areas = sampling.areas(mine)
        mean = float(ranks.total(np.array([areas.sum()]))[0]) / len(sampling)
        mass = areas / mean
        scale_rows(links, mass)
        links.data *= sampling.areas(links.indices.astype(np.int64)) / mean
        mass = _unless_equal(mass, ranks)
    turned = transposed(links, owners, owners, ranks)
    adjacency = symmetric(links, turned, kind.symmetrize)
    _check_pieces(plan, adjacency, mine, owners, ranks)
    return GraphRows(mine, adjacency, t, mass)


def _width(plan: GraphPlan, kind: Kernel, links: sp.csr_array, ranks: Ranks) -> float:
    """Return the width of the kernel, as the links of all ranks have it."""
    if isinstance(kind, WidthKernel) and kind.t is not None:
        return kind.t
    own = np.array([np.dot(links.data, links.data), links.nnz])
    squares, count = ranks.total(own)
    return kernel_width(plan.sampling, plan.k, float(squares / count))


def _at_columns(
    values: FloatArray,
    rows: sp.csr_array,
    own: IntArray,
    owners: Owners,
    ranks: Ranks,
) -> FloatArray:
    """Return values of vertices, those of this rank given, at each entry of rows."""
    wanted = beyond(rows, own, owners)
    numbers = np.concatenate([own, wanted])
    known = np.concatenate([values, Fetched(owners, wanted, ranks)(values)])
    order = np.argsort(numbers)
    at: FloatArray = known[order[np.searchsorted(numbers[order], rows.indices)]]
    return at


def _unless_equal(mass: FloatArray, ranks: Ranks) -> FloatArray | None:
    """Return masses of mean one, or None if those of all ranks are equal."""
    ends = [mass.max(initial=-np.inf), (-mass).max(initial=-np.inf)]
    high, low = ranks.largest(np.array(ends))
    return None if high + low <= EQUAL_MASS else mass


def _check_pieces(
    plan: GraphPlan,
    adjacency: sp.csr_array,
    own: IntArray,
    owners: Owners,
    ranks: Ranks,
) -> None:
    """Refuse a graph in pieces that are to be joined, warn of one that is not."""
    wanted = beyond(adjacency, own, owners)
    columns = np.concatenate([own, wanted])
    local = renumbered(adjacency, columns)
    _, label = connected_components(local[:, : len(own)], directed=False)
    # A piece of this rank is called after its first vertex.
    _, first = np.unique(label, return_index=True)
    name = own[first][label] if len(own) else own
    names = np.concatenate([name, Fetched(owners, wanted, ranks)(name)])
    entries = local.tocoo()
    across = entries.col >= len(own)
    pairs = np.stack([names[entries.row[across]], names[entries.col[across]]])
    pairs = np.unique(
        np.concatenate([pairs, np.stack([own[first]] * 2)], axis=1), axis=1
    )
    every = [np.concatenate(ranks.exchanged([end] * ranks.size)) for end in pairs]
    known, at = np.unique(np.concatenate(every), return_inverse=True)
    a, b = at.reshape(2, -1)
    joined = sp.csr_array((np.ones(len(a)), (a, b)), shape=(len(known), len(known)))
    pieces, _ = connected_components(joined, directed=False)
    if pieces == 1:
        return
    if plan.connect:
        raise ValueError(
            f"the nearest neighbours on {plan.sampling.name} leave its graph in "
            f"{pieces} pieces, which are joined on the whole sphere alone; plan it "
            "with a larger k or connect=False, or build it with build_pyramid"
        )
    warnings.warn(
        f"the graph {plan.name} has {pieces} connected components, between which graph "
        "convolutions carry nothing; a larger k joins them",
        DisconnectedGraphWarning,
        stacklevel=4,
    )
