"""The rows of a Laplacian that one rank has, and the largest eigenvalue of all."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.graphs.by_region.graph_rows import GraphRows
from samplings.graphs.by_region.owners import Owners
from samplings.graphs.by_region.ranks import Fetched, Ranks, beyond, renumbered
from samplings.graphs.spectrum import DENSE, SEED, bound_above, lambda_max

# Numbers of the start vector that are drawn together.
CHUNK = 1 << 18


def laplacian_rows(
    graph: GraphRows, kind: str | None, owners: Owners, ranks: Ranks
) -> tuple[sp.csr_array, float]:
    r"""Return rows of a Laplacian, and the largest eigenvalue or slightly more.

    Both are those of :func:`samplings.laplacian`. The Lanczos process of
    :func:`samplings.lambda_max` runs on the rows of all ranks, from the same vector; in
    double precision, so that its bound differs from the other by some 1e-6 of it.
    Collective.
    """
    adjacency, mine = graph.adjacency, graph.vertices
    if kind is None:
        kind = "combinatorial" if graph.mass is None else "mass-weighted"
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    wanted = beyond(adjacency, mine, owners)
    fetched = Fetched(owners, wanted, ranks)
    columns = np.concatenate([mine, wanted])
    local = renumbered(adjacency, columns)
    count = np.diff(local.indptr)
    if kind == "normalized":
        linked = degree > 0
        scale = np.zeros_like(degree)
        scale[linked] = degree[linked] ** -0.5
        at_columns = np.concatenate([scale, fetched(scale)])
        local.data *= np.repeat(scale, count) * at_columns[local.indices]
        degree = linked.astype(np.float64)
    own = np.arange(len(mine))
    diagonal = sp.csr_array((degree, (own, own)), shape=local.shape)
    local = sp.csr_array(diagonal - local)
    even = local
    if kind == "mass-weighted" and graph.mass is not None:
        count = np.diff(local.indptr)
        root = np.sqrt(graph.mass)
        roots = np.concatenate([root, fetched(root)])
        even = local.copy()
        even.data /= np.repeat(root, count) * roots[local.indices]
        local.data /= np.repeat(graph.mass, count)
    largest = _largest_eigenvalue(even, columns, fetched, owners, ranks)
    kind_of = adjacency.indices.dtype
    parts = local.data, columns[local.indices].astype(kind_of), local.indptr
    rows = sp.csr_array(parts, shape=adjacency.shape)
    rows.sort_indices()
    return rows, largest


def _largest_eigenvalue(
    local: sp.csr_array,
    columns: IntArray,
    fetched: Fetched,
    owners: Owners,
    ranks: Ranks,
) -> float:
    """Return the largest eigenvalue of a symmetric matrix, or slightly more.

    ``local`` are the rows of this rank, whose columns are numbered as in ``columns``.
    """
    n, own = len(owners), local.shape[0]
    if n <= DENSE:
        entries = local.tocoo()
        triplets = entries.data, columns[entries.row], columns[entries.col]
        whole = [
            np.concatenate(ranks.exchanged([part] * ranks.size)) for part in triplets
        ]
        return lambda_max(sp.csr_array((whole[0], (whole[1], whole[2])), shape=(n, n)))
    sums = np.asarray(abs(local).sum(axis=1)).ravel()
    gershgorin = float(ranks.largest(np.array([sums.max(initial=0.0)]))[0])
    if gershgorin == 0:
        return 0.0
    scaled = sp.csr_array(local / gershgorin)
    vector = _start(n, columns[:own])
    bound = bound_above(_coefficients(scaled, vector, fetched, ranks), n)
    return min(bound * gershgorin, gershgorin)


def _start(n: int, own: IntArray) -> FloatArray:
    """Return the numbers of own vertices among those drawn for all."""
    draws = np.random.default_rng(SEED)
    found = np.empty(len(own))
    for first in range(0, n, CHUNK):
        some = draws.standard_normal(min(CHUNK, n - first))
        a, b = np.searchsorted(own, (first, first + len(some)))
        found[a:b] = some[own[a:b] - first]
    return found


def _coefficients(
    scaled: sp.csr_array, vector: FloatArray, fetched: Fetched, ranks: Ranks
) -> Iterator[tuple[float, float]]:
    """Yield the entries of the tridiagonal matrix of the Lanczos process."""

    def product(x: FloatArray, y: FloatArray) -> float:
        return float(ranks.total(np.array([np.dot(x, y)]))[0])

    vector = vector / math.sqrt(product(vector, vector))
    previous, beta = np.zeros_like(vector), 0.0
    while True:
        image = scaled @ np.concatenate([vector, fetched(vector)]) - beta * previous
        alpha = product(vector, image)
        image -= alpha * vector
        beta = math.sqrt(product(image, image))
        yield alpha, beta
        previous, vector = vector, image / beta
