"""Coarser samplings have fewer vertices, whatever part of a sampling they come from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
    Irregular,
    McEwenWiaux,
    Rectilinear,
    ReducedGaussian,
    build_pyramid,
)

WHOLE = [
    HEALPix(1),
    HEALPix(4),
    HEALPix(8, nest=False),
    Icosahedral(0),
    Icosahedral(1),
    Icosahedral(3),
    IcosahedralTriangles(0),
    IcosahedralTriangles(2),
    CubedSphere(1),
    CubedSphere(6),
    Equiangular(1, 8),
    Equiangular(2, 2),
    Equiangular(9, 12),
    GaussLegendre(1),
    GaussLegendre(9),
    ReducedGaussian([4, 8, 8, 4]),
    McEwenWiaux(1),
    McEwenWiaux(5),
    Fibonacci(4),
    Fibonacci(80),
    Rectilinear([90, 30, -30, -90], [0, 120, 240]),
    Rectilinear([10, 5, 0], [0, 5, 10, 15, 20]),
    Irregular(np.eye(3)[:2], [1.0, 2.0]),
    Irregular(Fibonacci(37).xyz, np.linspace(0.1, 0.2, 37)),
]


def coarsened(sampling):
    """Coarsen as often as it goes, and hold every level to the law."""
    levels = [sampling]
    while True:
        try:
            coarsening = levels[-1].coarsen()
        except ValueError as error:
            assert len(str(error)) > 20, "an error that says nothing"
            return levels
        coarse = coarsening.coarse
        assert len(coarse) < len(levels[-1])
        assert coarse.area == pytest.approx(sampling.area, rel=1e-9)
        held = coarsening.assign @ coarsening.fine.weights
        np.testing.assert_allclose(held, coarse.weights, rtol=1e-9)
        levels.append(coarse)


@pytest.mark.parametrize("sampling", WHOLE, ids=repr)
def test_whole_samplings(sampling):
    coarsened(sampling)


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_parts_scattered_dense_or_single(data):
    whole = data.draw(st.sampled_from(WHOLE))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    count = data.draw(st.integers(1, len(whole)))
    if data.draw(st.booleans()):
        part = whole[generator.permutation(len(whole))[:count]]
    else:
        centre = whole.xyz[generator.integers(len(whole))]
        part = whole[np.argsort(-(whole.xyz @ centre), kind="stable")[:count]]
    levels = coarsened(part)
    if len(levels[-1]) == 1:
        levels.pop()
    if not levels:
        return
    depth = len(levels)
    k = min(3, len(part) - 1)
    pyramid = build_pyramid(part, depth, k, weighting="heat", connect=False)
    assert [len(graph.sampling) for graph in pyramid.graphs] == [
        len(level) for level in levels
    ]
    with pytest.raises(ValueError, match=f"use depth={depth}$"):
        build_pyramid(part, depth + 1, k, weighting="heat", connect=False)
