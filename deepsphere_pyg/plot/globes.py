"""Globes that turn: signals on the sphere in a page that opens in any browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import to_hex

from deepsphere_pyg.plot.maps.coastlines import coastlines as coasts
from deepsphere_pyg.plot.maps.images import nearest_vertices, vertex_values
from deepsphere_pyg.plot.maps.projections import unit_vectors
from deepsphere_pyg.plot.maps.quantities import colour_limits, scale_of
from samplings import Sampling
from samplings.arguments import (
    flag_argument,
    path_argument,
    positive_argument,
    shown,
)
from samplings.arrays import FloatArray
from samplings.atomic_files import atomic_path

# Steps of the page's grid in degrees: finer ones make files that browsers load slowly.
_FINEST, _COARSEST = 0.25, 30.0
# Lines stand a little above the globe, so that it does not hide them.
_ABOVE = 1.003
_COLOURS = 33
_UNKNOWN = "#bfbfbf"


def globe(
    path: str | os.PathLike[str],
    sampling: Sampling,
    values: npt.ArrayLike,
    *,
    title: str = "",
    label: str = "",
    quantity: str = "anything",
    cmap: str | None = None,
    limits: tuple[float, float] | None = None,
    coastlines: bool = False,
    step: float = 1.0,
) -> Path:
    """Write a page with a globe that can be turned, and tells its values.

    The page has all that it needs, some 8 MB, and asks for nothing from the network.
    Each point of its grid shows the nearest vertex; unknown values are grey.

    Parameters
    ----------
    path
        File to write, such as ``globe.html``.
    sampling, values, title, label, quantity, cmap, limits, coastlines
        As in :func:`draw_map`.
    step
        Degrees between points of the page's grid, from 0.25 to 30.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ImportError
        If plotly is not installed, which is the extra ``[globe]``.
    OSError
        If the file cannot be written.
    TypeError, ValueError
        As :func:`draw_map`; and if the ending is not ``.html``, there is no such colour
        map, or the step is out of range.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.util import find_spec
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(8)
    >>> if find_spec("plotly"):
    ...     with tempfile.TemporaryDirectory() as folder:
    ...         page = globe(Path(folder) / "globe.html", sampling, sampling.lat)
    """
    target = path_argument("path", path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(
            f"the ending of a globe must be .html, got {target.suffix!r}; pass a path "
            "such as globe.html"
        )
    flag_argument("coastlines", coastlines)
    signal = vertex_values("values", values, sampling)
    scale = scale_of(quantity)
    colours = scale.cmap if cmap is None else cmap
    if not isinstance(colours, str) or colours not in colormaps:
        raise ValueError(
            "cmap must be the name of a colour map of Matplotlib, got "
            f"{shown(colours)}; pass one such as 'viridis'"
        )
    ends = colour_limits(signal, limits, scale.centred)
    apart = positive_argument("step", step, "pass degrees, such as 1")
    if not _FINEST <= apart <= _COARSEST:
        raise ValueError(
            f"step must be from {_FINEST} to {_COARSEST} degrees, got {apart}; pass "
            "one such as 1"
        )
    graphs, to_html = _plotly()
    traces = [graphs.Surface(**part) for part in _surfaces(sampling, signal, apart)]
    traces[-1].update(
        cmin=ends[0],
        cmax=ends[1],
        colorscale=_colour_scale(colours),
        colorbar={"title": {"text": label, "side": "right"}, "len": 0.7},
    )
    if coastlines:
        x, y, z = (_ABOVE * unit_vectors(*coasts())).T
        line = {"color": "#222222", "width": 2}
        traces.append(
            graphs.Scatter3d(x=x, y=y, z=z, mode="lines", line=line, hoverinfo="skip")
        )
    hidden = {"visible": False, "showspikes": False}
    figure = graphs.Figure(
        traces,
        {
            "title": {"text": title, "x": 0.5},
            "showlegend": False,
            "scene": {
                **dict.fromkeys(("xaxis", "yaxis", "zaxis"), hidden),
                "aspectmode": "data",
                # Longitude and latitude zero in the middle, north up.
                "camera": {"eye": {"x": 1.5, "y": 0.0, "z": 0.3}},
            },
            "margin": {"l": 0, "r": 0, "b": 0, "t": 40},
        },
    )
    page = to_html(
        figure, include_plotlyjs=True, config={"displaylogo": False}, div_id="globe"
    )
    with atomic_path(target) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return target


def _plotly() -> tuple[Any, Any]:
    """Return the parts of plotly that draw, and that write pages."""
    try:
        from plotly import graph_objects
        from plotly.io import to_html
    except ImportError as error:
        raise ImportError(
            "globes that turn need the package plotly; run: pip install "
            "'deepsphere-pyg[globe]'"
        ) from error
    return graph_objects, to_html


def _surfaces(
    sampling: Sampling, signal: FloatArray, step: float
) -> list[dict[str, Any]]:
    """Return surfaces: a grey globe below unknown values, if any, and the values."""
    lat = np.linspace(-90, 90, max(2, round(180 / step)) + 1)
    lon = np.linspace(-180, 180, max(4, round(360 / step)) + 1)
    lon, lat = np.meshgrid(lon, lat)
    xyz = unit_vectors(lon, lat)
    vertex, near = nearest_vertices(sampling, xyz.reshape(-1, 3))
    values = np.where(near, signal[vertex], np.nan).reshape(lon.shape)
    values[~np.isfinite(values)] = np.nan
    flat = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0}
    common = {"showscale": False, "lighting": flat}
    ground = {
        **_coordinates(0.998 * xyz),
        **common,
        "surfacecolor": np.zeros_like(lon, dtype=np.float32),
        "colorscale": [[0, _UNKNOWN], [1, _UNKNOWN]],
        "hoverinfo": "skip",
    }
    unknown = np.isnan(values)
    top = {
        # Holes, through which the ground is seen.
        **_coordinates(np.where(unknown[..., None], np.nan, xyz)),
        "surfacecolor": values.astype(np.float32),
        # Templates with other data swap rows and columns (plotly.js, issue 5003).
        "text": _texts(lon, lat, values),
        "hoverinfo": "text",
        "lighting": flat,
    }
    return [ground, top] if unknown.any() else [top]


def _texts(
    lon: FloatArray, lat: FloatArray, values: FloatArray
) -> npt.NDArray[np.str_]:
    """Return what the page tells of each point: its place and its value."""
    columns = (lon.round(2).flat, lat.round(2).flat, values.flat)
    told = [
        f"{abs(x):g}°{'W' if x < 0 else 'E'}, {abs(y):g}°{'S' if y < 0 else 'N'}"
        f"<br>{value:.5g}"
        for x, y, value in zip(*columns, strict=True)
    ]
    # An array, since plotly takes the rows of a list for single texts.
    return np.array(told).reshape(lon.shape)


def _coordinates(xyz: FloatArray) -> dict[str, npt.NDArray[np.float32]]:
    """Return coordinates by name, in single precision, which halves the file."""
    return {name: xyz[..., i].astype(np.float32) for i, name in enumerate("xyz")}


def _colour_scale(name: str) -> list[list[Any]]:
    """Return a colour map of Matplotlib as plotly knows it."""
    places = np.linspace(0, 1, _COLOURS)
    return [[float(at), to_hex(colormaps[name](at))] for at in places]
