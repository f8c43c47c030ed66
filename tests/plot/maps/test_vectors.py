"""Arrows stand at vertices, point along their vectors, and are as long as they say."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from deepsphere_pyg.plot import Mollweide, Orthographic, draw_vectors, new_figure
from samplings import HEALPix, Icosahedral
from samplings.child_positions import tangent_frames

SAMPLING = HEALPix(8)
U, V = np.sin(SAMPLING.theta), np.zeros(len(SAMPLING))


def components(u, v):
    """Vectors of eastward and northward parts."""
    return np.stack([-v, u], axis=1)


def arrows_of(sampling, vectors, **options):
    """Positions and steps of the arrows, shape ``(n, 2)`` each."""
    _, axes = new_figure(1, 1, (4, 3))
    draw_vectors(axes[0, 0], sampling, vectors, **options)
    (arrows,) = [one for one in axes[0, 0].collections if hasattr(one, "U")]
    return np.asarray(arrows.get_offsets()), np.stack([arrows.U, arrows.V], axis=1)


@pytest.mark.parametrize("middle", [0.0, 170.0])
def test_eastward_winds_point_to_the_right_of_a_mollweide_map(middle):
    at, step = arrows_of(SAMPLING, components(U, V), projection=Mollweide(middle))
    assert len(at) > 100
    # Near the poles the table of the projection is coarse.
    np.testing.assert_allclose(step[:, 1], 0, atol=2e-3)
    assert (step[:, 0] > 0).all()
    # Lengths are those of the winds, over the reference: 0.5, below the largest of 1.
    # Just inside of the rim, on which some vertices are.
    _, lat = Mollweide(middle).inverse(*(0.9999 * at.T))
    np.testing.assert_allclose(step[:, 0], np.cos(np.deg2rad(lat)) / 0.5, atol=1e-3)


def test_eastward_winds_point_to_the_right_on_axes_of_cartopy():
    crs = pytest.importorskip("cartopy.crs")
    axes = Figure(figsize=(4, 3)).add_subplot(projection=crs.Robinson(150))
    axes.set_global()
    draw_vectors(axes, SAMPLING, components(U, V), spacing=20)
    (arrows,) = [one for one in axes.collections if hasattr(one, "U")]
    # Parallels of this projection are level.
    assert len(arrows.U) > 80 and (arrows.U > 0).all()
    np.testing.assert_allclose(arrows.V, 0, atol=2e-3)


def test_northward_winds_follow_the_meridians():
    at, step = arrows_of(SAMPLING, components(V, U), reference=1.0)
    at = 0.9999 * at
    projection = Mollweide()
    lon, lat = projection.inverse(*at.T)
    ahead = np.stack(projection.forward(lon, lat + 0.05), axis=1) - at
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    found = step / np.linalg.norm(step, axis=1, keepdims=True)
    # The table of the projection has steps of 1.6e-4, the meridian is curved.
    np.testing.assert_allclose((found * ahead).sum(axis=1), 1, atol=5e-3)
    assert (step[:, 1] > 0).all()


@pytest.mark.parametrize("pole", [1, -1])
def test_a_wind_over_a_pole_blows_on_straight(pole):
    # The tangent part of one vector of space, seen from above the pole.
    sampling, wind = Icosahedral(3), np.array([0.6, 0.8, 0.0])
    assert np.abs(sampling.xyz[:, 2]).max() == pytest.approx(1)
    east, north = tangent_frames(sampling)
    projection = Orthographic(0, 90 * pole)
    vectors = components(east @ wind, north @ wind)
    at, step = arrows_of(sampling, vectors, projection=projection, spacing=8)
    near = np.linalg.norm(at, axis=1) < 0.3
    assert near.sum() > 5 and np.linalg.norm(at, axis=1).min() < 0.05
    # From the south, east is to the right of longitude zero, which is up.
    seen = wind[[1, 0]] * [1, -pole]
    found = step[near] / np.linalg.norm(step[near], axis=1, keepdims=True)
    # Within 0.3 radii, tangents lean by up to 0.3² / 2 across the direction.
    np.testing.assert_allclose(found @ seen, 1, atol=0.01)


def test_arrows_are_evenly_spread_and_on_the_seen_side():
    at, _ = arrows_of(SAMPLING, components(U, V), spacing=20)
    # 41253 square degrees, less those at which cells are alike.
    assert 80 <= len(at) <= 41253 / 20**2
    front, _ = arrows_of(
        SAMPLING, components(U, V), spacing=20, projection="orthographic"
    )
    assert 0.4 < len(front) / len(at) < 0.6


def test_unknown_vectors_have_no_arrow():
    vectors = components(U, V)
    vectors[SAMPLING.lat > 0, 1] = np.nan
    at, _ = arrows_of(SAMPLING, vectors)
    assert (at[:, 1] <= 1e-9).all() and len(at) > 50


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        ({"vectors": U}, ValueError, r"vectors must have shape \(768, 2\)"),
        ({"vectors": components(V, V)}, ValueError, "finite and not zero somewhere"),
        ({"vectors": components(U, V) * np.nan}, ValueError, "not zero somewhere"),
        ({"spacing": 0.1}, ValueError, "spacing must be from 0.5 to 90.0 degrees"),
        ({"spacing": "wide"}, TypeError, "spacing must be a number"),
        ({"reference": -1}, ValueError, "reference must be positive"),
        ({"axes": None}, TypeError, "axes must be an Axes"),
    ],
)
def test_vectors_that_cannot_be_drawn_are_refused(change, kind, told):
    _, axes = new_figure(1, 1, (4, 3))
    right = {"axes": axes[0, 0], "sampling": SAMPLING, "vectors": components(U, V)}
    with pytest.raises(kind, match=told):
        draw_vectors(**{**right, **change})
