"""Rows of graphs that ranks build each for its region are those of the whole graph."""

import pickle
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from samplings import (
    AreaCorrected,
    DisconnectedGraphWarning,
    Equiangular,
    HEALPix,
    Heat,
    InverseDistance,
    Irregular,
    Partition,
    PyramidPlan,
    SelfTuned,
    UnevenSpectrumWarning,
    build_pyramid,
    knn_graph,
    laplacian,
    pyramid_from_config,
)
from samplings.graphs.by_region import (
    Fetched,
    GraphPlan,
    LaplacianPlan,
    ListedOwners,
    OwnersInRuns,
    by_owner,
    same_owners,
)
from samplings.graphs.by_region.graph_rows import graph_rows
from samplings.graphs.by_region.laplacian_rows import laplacian_rows

# Single precision of the whole graph's Lanczos process: half an eps in each of the
# products of forty steps.
EIGENVALUE = 40 * float(np.finfo(np.float32).eps)


class Threads:
    """Ranks that are threads of this process."""

    def __init__(self, rank, size, board, barrier):
        self.rank, self.size = rank, size
        self._board, self._barrier = board, barrier

    def _shown(self, value):
        self._board[self.rank] = value
        self._barrier.wait()
        found = list(self._board)
        self._barrier.wait()
        return found

    def total(self, x):
        return np.sum(self._shown(x), axis=0)

    def largest(self, x):
        return np.max(self._shown(x), axis=0)

    def exchanged(self, parts):
        return [sent[self.rank] for sent in self._shown(list(parts))]


def together(size, work):
    """Return what each rank finds, or raise the error of the first that fails."""
    board, barrier = [None] * size, threading.Barrier(size, timeout=60)
    found, errors = [None] * size, [None] * size

    def run(rank):
        try:
            found[rank] = work(Threads(rank, size, board, barrier))
        except Exception as error:
            errors[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, errors


def scattered(n, seed):
    xyz = np.random.default_rng(seed).standard_normal((n, 3))
    return Irregular(xyz / np.linalg.norm(xyz, axis=1, keepdims=True))


PLACES = {
    "healpix": HEALPix(8, nest=True),
    "far": HEALPix(32, nest=True),
    "ring": HEALPix(6, nest=False),
    "irregular": scattered(700, 1),
    "masked": HEALPix(8, nest=True)[range(100, 420)],
    "small": scattered(40, 2),
}


def dealt(name, size):
    """Return owners: as a partition has them, and uneven ones with an empty rank."""
    place = PLACES[name]
    even = Partition(place, size).levels[0]
    # Scattered vertices of a rank, few of the first, none of the last.
    draws = np.random.default_rng(3).integers(0, 10, len(place))
    uneven = np.minimum(1 + draws // 9, size - 1 - (size > 2)).astype(np.int64)
    uneven[:3] = 0
    return even, ListedOwners(uneven)


def assert_rows(parts, wanted, tolerance):
    """Compare the rows of all ranks, put together, with those of a matrix."""
    order = np.argsort(np.concatenate([vertices for vertices, _ in parts]))
    found = sp.csr_array(sp.vstack([rows for _, rows in parts], format="csr")[order])
    assert found.nnz == wanted.nnz
    # Of rows whose entries are of magnitude one or scaled by it.
    scale = abs(wanted).max()
    assert abs(found - wanted).max() <= tolerance * scale


CASES = [
    ("healpix", Heat(), None),
    ("far", Heat(), None),
    ("ring", Heat(distance="geodesic"), "normalized"),
    ("irregular", Heat(symmetrize="union"), None),
    ("irregular", AreaCorrected(), None),
    ("irregular", SelfTuned(), "combinatorial"),
    ("masked", SelfTuned(), "normalized"),
    ("masked", AreaCorrected(t=0.01), None),
    ("small", InverseDistance(), None),
]


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(("name", "kind", "laplacian_kind"), CASES)
def test_rows_of_ranks_are_those_of_the_whole(name, kind, laplacian_kind, size):
    place = PLACES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedGraphWarning)
        graph = knn_graph(place, 6, kind, connect=False)
    whole = laplacian(graph, laplacian_kind)
    plan = GraphPlan(place, 6, kind, graph.n_components == 1)
    for owners in dealt(name, size):

        def build(ranks, owners=owners):
            rows = graph_rows(plan, owners, ranks)
            matrix, largest = laplacian_rows(rows, laplacian_kind, owners, ranks)
            rescaled = LaplacianPlan(plan, laplacian_kind).rows(owners, owners, ranks)
            return rows, matrix, largest, rescaled

        found, errors = together(size, build)
        assert errors == [None] * size
        vertices = [part[0].vertices for part in found]
        rows = [part[0].adjacency for part in found]
        assert_rows(list(zip(vertices, rows, strict=True)), graph.adjacency, 1e-12)
        rows = [part[1] for part in found]
        assert_rows(list(zip(vertices, rows, strict=True)), whole.matrix, 1e-12)
        rows = [part[3] for part in found]
        wanted = whole.rescaled()
        assert_rows(list(zip(vertices, rows, strict=True)), wanted, 2 * EIGENVALUE)
        for rows, _, largest, _ in found:
            assert rows.t == pytest.approx(graph.t, rel=1e-12, nan_ok=True)
            assert largest == pytest.approx(whole.lambda_max, rel=EIGENVALUE)
            assert (rows.mass is None) == (graph.mass is None)
            if rows.mass is not None:
                wanted = graph.mass[rows.vertices]
                np.testing.assert_allclose(rows.mass, wanted, rtol=1e-12)


def test_positions_of_others_are_not_computed():
    place = HEALPix(64, nest=True)
    owners = OwnersInRuns(np.array([0, 2000, len(place)]))
    alone = GraphPlan(place, 8, Heat())

    def build(ranks):
        return graph_rows(alone, owners, ranks).adjacency

    found, errors = together(2, build)
    assert errors == [None, None]
    assert "xyz" not in place.__dict__ and "weights" not in place.__dict__
    whole = knn_graph(HEALPix(64, nest=True), 8, "heat").adjacency
    for mine, rows in zip((slice(2000), slice(2000, None)), found, strict=True):
        assert abs(rows - whole[mine]).max() < 1e-14


def test_the_plan_of_a_pyramid_is_that_of_the_built_one():
    for place in (HEALPix(8), Equiangular(12), PLACES["masked"]):
        built = build_pyramid(place, 2, 6, weighting="heat")
        plan = PyramidPlan(place, 2, 6)
        assert plan.config == built.config and len(plan) == 2
        assert plan.outline() is plan and plan.sampling is place
        sizes = [len(graph.sampling) for graph in plan.graphs]
        assert sizes == [len(graph.sampling) for graph in built.graphs]
        again = pyramid_from_config(plan.config)
        assert (again.graphs[1].adjacency != plan.built().graphs[1].adjacency).nnz == 0
        assert plan.with_sampling(HEALPix(4)).config["sampling"] == HEALPix(4).config
    assert repr(plan).startswith("PyramidPlan(healpix-8-masked-k6) with 320, 80 vert")
    # A level as small as k becomes a complete graph.
    assert PyramidPlan(HEALPix(2), 2, 20).graphs[1].k == 11


def test_the_partition_of_a_plan_has_runs_of_nested_pixels():
    partition = Partition(PyramidPlan(HEALPix(1024), 4, 8), 5)
    assert [len(level) for level in partition.levels] == [
        12 << 2 * i for i in (10, 9, 8, 7)
    ]
    for level in range(4):
        counts = [len(partition.vertices(rank, level)) for rank in range(5)]
        assert max(counts) - min(counts) <= 4 ** (3 - level)
    small = Partition(PyramidPlan(HEALPix(4), 2, 8), 3)
    listed = Partition(build_pyramid(HEALPix(4), 2, 6), 3)
    for level in range(2):
        assert (np.diff(small.owners[level]) >= 0).all()
        owners = ListedOwners(small.owners[level])
        assert same_owners(owners, small.levels[level])
        for rank in range(4):
            np.testing.assert_array_equal(
                owners.vertices(rank), small.levels[level].vertices(rank)
            )
        assert owners.highest == small.levels[level].highest == 2
        parents = np.arange(192) // 4
        np.testing.assert_array_equal(small.owners[0], small.owners[1][parents])
        assert len(listed.levels[level]) == len(small.levels[level])
    again = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(again.owners[0], small.owners[0])
    with pytest.raises(ValueError, match="read-only"):
        again.owners[0][0] = 1
    other = Partition(PyramidPlan(PLACES["irregular"], 1, 6), 3)
    np.testing.assert_array_equal(
        other.owners[0], Partition(PLACES["irregular"], 3).owners[0]
    )


def test_values_and_rows_are_fetched_from_their_ranks():
    owners = ListedOwners(np.array([1, 0, 1, 2, 0, 2]))
    matrix = sp.csr_array(np.arange(36.0).reshape(6, 6) % 5)

    def work(ranks):
        own = owners.vertices(ranks.rank)
        wanted = by_owner(owners, np.setdiff1d(np.arange(6), own))
        fetched = Fetched(owners, wanted, ranks)
        rows = fetched.rows(sp.csr_array(matrix[own]))
        return wanted, fetched(own * 1.5), rows.toarray()

    found, errors = together(3, work)
    assert errors == [None] * 3
    for wanted, values, rows in found:
        np.testing.assert_array_equal(values, wanted * 1.5)
        np.testing.assert_array_equal(rows, matrix.toarray()[wanted])


def test_all_ranks_hear_of_an_error():
    twice = np.concatenate([PLACES["irregular"].xyz, PLACES["irregular"].xyz[:1]])
    place = object.__new__(Irregular)
    object.__setattr__(place, "xyz", twice)
    object.__setattr__(place, "weights", np.full(len(twice), 4 * np.pi / len(twice)))
    plan = GraphPlan(place, 3, Heat())
    side = (twice @ twice[0] < 0).astype(np.int64)
    _, errors = together(2, lambda ranks: graph_rows(plan, ListedOwners(side), ranks))
    assert "coincide" in str(errors[0])
    assert "process 0 could not build its part of a graph" in str(errors[1])


def test_pieces_are_refused_or_warned_of():
    place = PLACES["far"]
    caps = place[np.abs(place.lat) > 60]
    owners = Partition(caps, 3).levels[0]

    def build(connect):
        plan = GraphPlan(caps, 6, Heat(), connect)
        return together(3, lambda ranks: graph_rows(plan, owners, ranks))

    for error in build(connect=True)[1]:
        assert "leave its graph in 2 pieces" in str(error)
    with pytest.warns(DisconnectedGraphWarning, match="has 2 connected components"):
        assert build(connect=False)[1] == [None] * 3


def test_uneven_spectra_are_warned_of_as_on_the_whole():
    xyz = np.array(PLACES["irregular"].xyz)
    xyz[:100] = [0, 0, 1] + 0.01 * xyz[:100]
    place = Irregular(xyz / np.linalg.norm(xyz, axis=1, keepdims=True))
    owners = Partition(place, 2).levels[0]
    graph = GraphPlan(place, 6, Heat(t=1e-6), connect=False)

    def build(kind):
        plan = LaplacianPlan(graph, kind)
        return together(2, lambda ranks: plan.rows(owners, owners, ranks))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedGraphWarning)
        whole = knn_graph(place, 6, Heat(t=1e-6), connect=False)
        with pytest.warns(UnevenSpectrumWarning, match="filters of low order hardly"):
            laplacian(whole).rescaled()
        with pytest.warns(UnevenSpectrumWarning, match="filters of low order hardly"):
            assert build(None)[1] == [None] * 2
        # As errors they would be those of a rank.
        warnings.simplefilter("error", UnevenSpectrumWarning)
        laplacian(whole, "normalized").rescaled()
        assert build("normalized")[1] == [None] * 2


def test_bad_plans_are_refused():
    with pytest.raises(ValueError, match=r"got 'fitted'; take one of these, or build"):
        PyramidPlan(HEALPix(4), 2, 8, weighting="fitted")
    with pytest.raises(ValueError, match="k must be smaller than the number of vert"):
        PyramidPlan(HEALPix(1), 1, 12)
    with pytest.raises(ValueError, match="depth=5 levels need 4 coarsenings"):
        PyramidPlan(HEALPix(4), 5, 8)
    with pytest.raises(ValueError, match="kernel width t were chosen for its own sam"):
        PyramidPlan(HEALPix(4), 2, 8, weighting=Heat(t=1)).with_sampling(HEALPix(2))
    with pytest.raises(ValueError, match="kind must be"):
        LaplacianPlan(GraphPlan(HEALPix(1), 4, Heat()), "odd")
