"""Films and coastlines."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from deepsphere_pyg.plot.films import check_film, forecast_film
from deepsphere_pyg.plot.maps import (
    Mollweide,
    coastlines,
    draw_coastlines,
    draw_map,
    mollweide_grid,
)
from samplings import HEALPix

SAMPLING = HEALPix(2)


def test_points_of_the_map_are_those_of_its_pixels():
    """Pixels go to the globe by the inverse of the projection, and back."""
    width = 60
    xyz, on_globe = mollweide_grid(width)
    lon = np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0]))
    lat = np.degrees(np.arcsin(xyz[:, 2]))
    x, y = Mollweide().forward(lon, lat)
    rows, columns = np.nonzero(on_globe)
    # A step of the table of 20,000 angles is 1.6e-4; at the poles y is linear in its
    # square.
    np.testing.assert_allclose(x, np.linspace(-2, 2, width)[columns], atol=1e-3)
    np.testing.assert_allclose(y, np.linspace(1, -1, width // 2)[rows], atol=1e-3)


def test_coastlines_have_neither_jumps_nor_the_edges_of_flat_maps():
    lon, lat = coastlines()
    step = np.abs(np.diff(lon))
    assert np.nanmax(step) < 30
    assert np.nanmin(lat) > -86 and np.nanmax(lat) < 84
    # The Strait of Gibraltar is some 14 km wide: Europe and Africa are near it.
    near = np.hypot(lon - -5.6, lat - 36.0)
    assert np.nanmin(near) < 0.5
    # No coast within 20 degrees of Point Nemo, the farthest place from land, which is
    # at 24 degrees of it.
    there = np.deg2rad([-123.4, -48.9])
    cosine = np.sin(there[1]) * np.sin(np.deg2rad(lat)) + np.cos(there[1]) * np.cos(
        np.deg2rad(lat)
    ) * np.cos(np.deg2rad(lon) - there[0])
    assert 20 < np.degrees(np.arccos(np.nanmax(cosine))) < 28


def test_maps_have_coastlines_if_they_are_asked_for():
    axes = Figure().subplots(1, 2)
    draw_map(axes[0], SAMPLING, SAMPLING.lat, width=40, coastlines=True)
    draw_map(axes[1], SAMPLING, SAMPLING.lat, width=40)
    assert len(axes[0].lines) == 1 and not axes[1].lines
    assert axes[0].get_xlim() == axes[1].get_xlim()
    draw_coastlines(axes[1], color="red")
    assert axes[1].lines[0].get_color() == "red"


def test_films_have_a_frame_for_each_title_and_change(tmp_path):
    steps = 4
    fields = np.stack([np.cos(SAMPLING.phi - k) for k in range(steps)])
    truth = np.where(np.arange(steps)[:, None] < 3, fields, np.nan)
    path = tmp_path / "film.gif"
    titles = [f"{k} h" for k in range(steps)]
    forecast_film(path, SAMPLING, fields, truth, titles, width=60, coastlines=True)
    with Image.open(path) as film:
        assert film.n_frames == steps
        frames = []
        for k in range(steps):
            film.seek(k)
            frames.append(np.asarray(film.convert("RGB"), dtype=int))
    wide = frames[0].shape[1] // 2
    for one, other in pairwise(frames):
        # Both halves change; the truth is lost in the last.
        for half in (np.s_[:, :wide], np.s_[:, wide:]):
            assert np.abs(one[half] - other[half]).max() > 50
    assert [one.name for one in tmp_path.iterdir()] == ["film.gif"]


def test_films_that_cannot_be_are_refused(tmp_path, monkeypatch):
    fields = np.zeros((2, 48))
    with pytest.raises(ValueError, match=r"must have shape \(3, 48\)"):
        forecast_film(tmp_path / "a.gif", SAMPLING, fields, None, ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"must be \.gif or \.mp4, got '\.avi'"):
        forecast_film(tmp_path / "a.avi", SAMPLING, fields, None, ["a", "b"])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="need the program ffmpeg"):
        check_film(".mp4")
    assert not list(tmp_path.iterdir())
