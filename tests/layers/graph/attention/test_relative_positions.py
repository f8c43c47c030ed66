"""Relative positions against spherical trigonometry, and the sets of vertices."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from deepsphere_pyg import AllVertices, Neighbourhoods, Windows
from deepsphere_pyg.layers.graph.attention.relative_positions import seen_positions
from samplings import HEALPix, knn_graph
from tests.helpers import scattered
from tests.layers.graph.attention.by_hand import bearing

NORTH = np.array([0.0, 0.0, 1.0])


def point(lon, lat):
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


PLACES = st.tuples(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5))


@given(PLACES, PLACES)
def test_positions_have_the_chord_and_the_bearing_of_the_geodesic(one, other):
    a, b = point(*one), point(*other)
    east, north = seen_positions(a, b)
    angle, direction = bearing(a, b)
    length = 2 * np.sin(angle / 2)
    # Components of points are rounded, and arcsin of the reference magnifies this by
    # 1 / cos(1.5), about 14, and the direction near the antipode by 1 / cos(angle / 2).
    slack = 1e-13 / max(np.cos(angle / 2), 1e-13)
    if length < 1e-7:
        # The reference does not know the direction of points as near as that.
        slack += 2 * length
    assert abs(np.hypot(east, north) - length) <= 1e-13
    assert abs(east - length * np.cos(direction)) <= slack
    assert abs(north - length * np.sin(direction)) <= slack


def test_positions_at_poles_antipodes_and_the_vertex_itself():
    x, y = np.eye(3)[:2]
    # From a pole, east is longitude 90 degrees, and north is away from longitude 0.
    diagonal = np.sqrt(2)
    np.testing.assert_allclose(seen_positions(NORTH, y), [diagonal, 0], atol=1e-15)
    np.testing.assert_allclose(seen_positions(NORTH, x), [0, -diagonal], atol=1e-15)
    np.testing.assert_allclose(seen_positions(x, NORTH), [0, diagonal], atol=1e-15)
    np.testing.assert_allclose(seen_positions(x, y), [diagonal, 0], atol=1e-15)
    for end in (x, NORTH):
        assert np.array_equal(seen_positions(end, -end), [2, 0])
        assert np.array_equal(seen_positions(end, end), [0, 0])


@pytest.mark.parametrize("radius", [1e-3, 0.6, np.pi / 2, 3.0, np.pi])
@pytest.mark.parametrize("sampling", [HEALPix(2), scattered(40)])
def test_neighbours_within_an_angle_are_all_of_them(sampling, radius):
    found = Neighbourhoods.within(sampling, radius)
    filled = found.log_area.isfinite().numpy()
    cosine = np.clip(sampling.xyz @ sampling.xyz.T, -1, 1)
    # Ties at a quarter turn are all inside, although their cosines are rounded.
    wanted = (cosine >= np.cos(radius) - 1e-10) | np.eye(len(sampling), dtype=bool)
    for i, index in enumerate(found.index.numpy()):
        assert np.array_equal(index[filled[i]], np.flatnonzero(wanted[i]))
    assert found.position.norm(dim=-1).max() <= 1 + 1e-6


@pytest.mark.parametrize(
    "build",
    [
        lambda: AllVertices(HEALPix(2)),
        lambda: Neighbourhoods(knn_graph(HEALPix(2), 8)),
        lambda: Windows(HEALPix(2).coarsen(), shifted=True),
    ],
)
def test_tables_return_from_half_precision_as_they_were(build):
    exact, back = build().double(), build().bfloat16().double()
    assert not exact.state_dict()
    for (name, wanted), (_, found) in zip(
        exact.named_fixed_tensors(), back.named_fixed_tensors(), strict=True
    ):
        assert torch.equal(wanted, found), name


def test_a_unit_of_length_scales_all_positions():
    graph = knn_graph(HEALPix(2), 8)
    one = Neighbourhoods(graph, radius=0.5).double()
    other = Neighbourhoods(graph, radius=1.0).double()
    ratio = np.sin(0.5) / np.sin(0.25)
    torch.testing.assert_close(one.position, other.position * ratio)
    assert float(Neighbourhoods(graph).position.norm(dim=-1).max()) == pytest.approx(1)
