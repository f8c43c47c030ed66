"""Pages with globes: what they hold, that they stand alone, and errors."""

import base64
import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from deepsphere_pyg.plot import globe
from samplings import HEALPix

SAMPLING = HEALPix(8)


class Addresses(HTMLParser):
    """Addresses that a browser would load."""

    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        names = ("src", "href", "data", "action", "srcset")
        self.found += [value for name, value in attributes if name in names]


def traces_of(text):
    """Traces and layout that the page gives to plotly."""
    start = re.search(r"Plotly\.newPlot\(\s*\"globe\",\s*", text).end()
    decoder = json.JSONDecoder()
    traces, end = decoder.raw_decode(text, start)
    layout, _ = decoder.raw_decode(text, end + re.match(r",\s*", text[end:]).end())
    return traces, layout


def array_of(packed):
    """Array of plotly's packed numbers."""
    values = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    shape = [int(n) for n in packed.get("shape", "-1").split(",")]
    return values.reshape(shape)


def test_pages_hold_the_values_at_their_places_and_stand_alone(tmp_path):
    pytest.importorskip("plotly")
    values = np.where(SAMPLING.lat < -60, np.nan, SAMPLING.lon)
    path = globe(
        tmp_path / "globe.html",
        SAMPLING,
        values,
        title="longitudes",
        label="degree east",
        limits=(0, 360),
        coastlines=True,
        step=5,
    )
    text = path.read_text(encoding="utf-8")
    reader = Addresses()
    reader.feed(text)
    assert not reader.found and {"link", "iframe", "img"}.isdisjoint(reader.tags)
    # The library itself is in the page.
    assert len(text) > 4_000_000 and "cdn.plot.ly/plotly" not in text
    (ground, top, coast), layout = traces_of(text)
    assert layout["title"]["text"] == "longitudes"
    assert (top["cmin"], top["cmax"]) == (0, 360)
    assert top["colorbar"]["title"]["text"] == "degree east"
    assert top["colorscale"][0] == [0.0, to_hex(colormaps["viridis"](0.0))]
    assert ground["colorscale"][0][1] == "#bfbfbf"
    xyz = np.stack([array_of(top[name]) for name in "xyz"], axis=-1)
    shown = array_of(top["surfacecolor"])
    assert shown.shape == (37, 73)
    # Holes where nothing is known, through which the grey globe below is seen.
    np.testing.assert_array_equal(np.isnan(xyz).any(axis=-1), np.isnan(shown))
    xyz = np.stack([array_of(ground[name]) for name in "xyz"], axis=-1) / 0.998
    np.testing.assert_allclose(np.linalg.norm(xyz, axis=-1), 1, atol=1e-6)
    nearest = (xyz.reshape(-1, 3) @ SAMPLING.xyz.T).argmax(axis=1)
    same = np.isclose(shown.ravel(), values[nearest], equal_nan=True)
    # Points as far from two vertices may show either.
    assert same.mean() > 0.9
    assert np.isnan(shown[:4]).all() and np.isfinite(shown[10:]).all()
    # Row 27 is latitude 45, column 6 longitude -150.
    assert top["text"][27][6] == f"150°W, 45°N<br>{shown[27, 6]:.5g}"
    # Coasts are a little above the globe, so that it does not hide them.
    heights = np.linalg.norm([array_of(coast[name]) for name in "xyz"], axis=0)
    np.testing.assert_allclose(heights[np.isfinite(heights)], 1.003)


def test_the_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[globe\]'"):
        globe(tmp_path / "globe.html", SAMPLING, SAMPLING.lat)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        ({"path": "globe.png"}, ValueError, r"must be \.html, got '\.png'"),
        ({"path": 3}, TypeError, "path must be a path, got 3"),
        ({"values": np.zeros(3)}, ValueError, r"values must have shape \(768,\)"),
        ({"values": np.full(768, np.nan)}, ValueError, "finite somewhere"),
        ({"cmap": "no"}, ValueError, "cmap must be .*got 'no'"),
        ({"step": 0}, ValueError, "step must be positive"),
        ({"step": 0.01}, ValueError, "step must be from 0.25 to 30.0 degrees"),
    ],
)
def test_globes_that_cannot_be_are_refused(change, kind, told):
    right = {"path": "globe.html", "sampling": SAMPLING, "values": SAMPLING.lat}
    with pytest.raises(kind, match=told):
        globe(**{**right, **change})
