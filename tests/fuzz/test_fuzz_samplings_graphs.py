"""Graphs, pyramids and transfers on odd samplings: right, or an error that is clear."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import (
    DisconnectedGraphWarning,
    Equiangular,
    HEALPix,
    Icosahedral,
    Irregular,
    Rectilinear,
    Sampling,
    Transfer,
    UnevenSpectrumWarning,
    build_pyramid,
    delaunay_graph,
    knn_graph,
    laplacian,
    pyramid_from_config,
)

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
DEEP = settings(max_examples=10_000, deadline=None, derandomize=True)


def says_something(error):
    assert len(str(error)) > 15, f"an error that says nothing: {error!r}"
    assert not isinstance(error, np.linalg.LinAlgError)


@st.composite
def odd_samplings(draw):
    g = np.random.default_rng(draw(st.integers(0, 2**16)))
    n = draw(st.integers(1, 14))
    turns = np.linspace(0, 2 * np.pi, n, endpoint=False)
    kind = draw(st.sampled_from(["any", "cluster", "circle", "ring", "axis", "part"]))
    if kind == "part":
        whole = draw(
            st.sampled_from(
                [
                    HEALPix(2),
                    Icosahedral(1),
                    Equiangular(4, 6),
                    Rectilinear([90, 30, -30, -90], [0, 120, 240]),
                ]
            )
        )
        return whole[g.permutation(len(whole))[:n]]
    xyz = {
        "any": lambda: g.normal(size=(n, 3)),
        "cluster": lambda: (
            [1, 0, 0]
            + draw(st.sampled_from([1e-8, 1e-5, 1e-2])) * g.normal(size=(n, 3))
        ),
        "circle": lambda: np.stack([np.cos(turns), np.sin(turns), 0 * turns], 1),
        "ring": lambda: np.stack([np.cos(turns), np.sin(turns), 0.5 + 0 * turns], 1),
        "axis": lambda: np.concatenate([np.eye(3), -np.eye(3)])[: min(n, 6)],
    }[kind]()
    xyz = np.asarray(xyz, dtype=np.float64)
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    try:
        return Irregular(xyz, np.full(len(xyz), 0.01), duplicates="merge")
    except ValueError as error:
        says_something(error)
        return HEALPix(1)


def check_neighbours(data):
    sampling = data.draw(odd_samplings())
    k = data.draw(st.integers(-1, 15))
    kind = data.draw(st.sampled_from(["heat", "fitted", "inverse"]))
    connect = data.draw(st.booleans())
    try:
        graph = knn_graph(sampling, k, weighting=kind, connect=connect)
    except (ValueError, TypeError) as error:
        says_something(error)
        return
    links = graph.adjacency.toarray()
    assert np.isfinite(links).all() and (links >= 0).all()
    np.testing.assert_allclose(links, links.T, rtol=1e-12)
    assert not np.diagonal(links).any()
    if kind == "heat":
        # Brute force: whoever is nearer than the k-th neighbour is one.
        chords = np.linalg.norm(sampling.xyz[:, None] - sampling.xyz, axis=2)
        np.fill_diagonal(chords, np.inf)
        farthest = np.sort(chords, axis=1)[:, k - 1]
        near = chords < farthest[:, None] * (1 - 1e-6) - 1e-12
        # Kernels of what is far from all others underflow.
        assert (links[near] > 0).mean() > 0.99 if near.any() else True
    try:
        matrix = laplacian(graph)
        rescaled = matrix.rescaled()
    except ValueError as error:
        says_something(error)
        return
    values = np.linalg.eigvals(rescaled.toarray())
    assert np.abs(values).max() <= 1 + 1e-9
    assert np.abs(matrix.matrix.sum(axis=1)).max() <= 1e-9 * matrix.lambda_max


def check_triangulations(data):
    sampling = data.draw(odd_samplings())
    kind = data.draw(st.sampled_from(["cotangent", "finite-volume"]))
    try:
        graph = delaunay_graph(sampling, kind)
    except (ValueError, TypeError) as error:
        says_something(error)
        return
    links = graph.adjacency.toarray()
    assert np.isfinite(links).all()
    np.testing.assert_allclose(links, links.T, rtol=1e-9)


def check_pyramids(data):
    sampling = data.draw(odd_samplings())
    depth, k = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 6))
    try:
        pyramid = build_pyramid(sampling, depth, k, weighting="heat")
    except (ValueError, TypeError) as error:
        says_something(error)
        return
    sizes = [len(graph.sampling) for graph in pyramid.graphs]
    assert all(a > b for a, b in itertools.pairwise(sizes))
    for coarsening in pyramid.coarsenings:
        assert coarsening.coarse.area == pytest.approx(sampling.area, rel=1e-9)
    again = pyramid_from_config(pyramid.config)
    for one, other in zip(pyramid.graphs, again.graphs, strict=True):
        assert abs(one.adjacency - other.adjacency).max() == 0


def check_transfers(data):
    source, target = data.draw(odd_samplings()), data.draw(odd_samplings())
    if data.draw(st.booleans()):
        source = HEALPix(2)
    build = data.draw(st.sampled_from([Transfer.conservative, Transfer.nearest]))
    try:
        made = build(source, target)
    except (ValueError, TypeError) as error:
        says_something(error)
        return
    overlap = made.overlap.toarray()
    assert (overlap >= 0).all()
    # A cell gives no more than it has, but to copies of a finer target.
    if build is Transfer.conservative or len(source) >= len(target):
        assert (overlap.sum(axis=0) <= source.weights * (1 + 1e-8)).all()
    rows = made.pooling().toarray().sum(axis=1)
    np.testing.assert_allclose(rows, 1, rtol=1e-9)
    if build is Transfer.nearest and len(source) >= len(target):
        chords = np.linalg.norm(target.xyz[:, None] - source.xyz, axis=2)
        held = np.take_along_axis(overlap, chords.argmin(axis=0)[None], axis=0)
        assert (held > 0).mean() > 0.99


def check_parts(data):
    """What a part shows is what NumPy shows of arrays."""
    whole: Sampling = data.draw(st.sampled_from([HEALPix(2), Icosahedral(0)]))
    n = len(whole)
    index = data.draw(st.lists(st.integers(-2, n + 1), max_size=6))
    dtype = data.draw(
        st.sampled_from(["i8", "u2", ">i4", "i1", "f8", "O", "U4", "bool"])
    )
    with np.errstate(all="ignore"):
        given = np.array(index).astype(dtype) if min(index, default=0) >= 0 else index
    if data.draw(st.booleans()):
        given = np.ma.array(given, mask=data.draw(st.booleans()))
    elif dtype == "i8":
        given = torch.tensor(index, dtype=torch.int64)
    try:
        part = whole[given]
    except (ValueError, TypeError) as error:
        says_something(error)
        return
    np.testing.assert_array_equal(part.xyz, whole.xyz[np.asarray(given)])
    assert len(set(part.index.tolist())) == len(part)


CHECKS = [
    check_neighbours,
    check_triangulations,
    check_pyramids,
    check_transfers,
    check_parts,
]


def fuzz(check, how):
    @how
    @given(st.data())
    def run(data):
        with warnings.catch_warnings():
            # Warnings of NumPy are errors; ours have tests of their own.
            warnings.simplefilter("error")
            for ours in (DisconnectedGraphWarning, UnevenSpectrumWarning):
                warnings.simplefilter("ignore", ours)
            check(data)

    run()


@pytest.mark.parametrize("check", CHECKS)
def test_odd_samplings(check):
    fuzz(check, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_many_odd_samplings(check):
    fuzz(check, DEEP)
