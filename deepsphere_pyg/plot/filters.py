"""Pictures of the filters that graph convolutions have learned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import cKDTree
from torch import nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers import DepthwiseChebConv
from deepsphere_pyg.plot.equivariance import COLOURS
from deepsphere_pyg.plot.filter_responses import (
    checked_conv,
    checked_pairs,
    filter_gains,
    impulse_responses,
    index_argument,
)
from deepsphere_pyg.plot.style import styled
from samplings import Sampling, nominal_bandlimit
from samplings.arguments import integer_argument, sampling_argument
from samplings.arrays import FloatArray
from samplings.child_positions import tangent_frames

# Filters that one figure has room for.
_MOST = 4
_PIXELS = 160
# A gnomonic picture of a hemisphere is infinite.
_WIDEST = np.deg2rad(60)


@styled
def filter_pictures(
    conv: nn.Module,
    sampling: Sampling,
    laplacian: EdgeOperator,
    *,
    pairs: Iterable[tuple[SupportsIndex, SupportsIndex]] | None = None,
    vertex: SupportsIndex | None = None,
    L: SupportsIndex | None = None,
) -> Figure:
    """Draw filters of a graph convolution: spectrum, section and pictures.

    The spectrum is the gain at each degree, the section the response to an impulse
    against the angle from it, relative to the largest, and the pictures are gnomonic
    projections of that response, with east to the right and north up. Lines of the
    section are means over rings as wide as a cell; dots are vertices.

    Parameters
    ----------
    conv, sampling, laplacian
        As in :func:`impulse_responses`.
    pairs
        Input and output channel of one to four filters; by default the four with the
        largest weights.
    vertex
        Where the impulse is, by default the vertex nearest to longitude and latitude
        zero. Elsewhere filters differ as much as the graph is not equivariant.
    L
        Number of degrees, by default the sampling's nominal bandlimit.

    Raises
    ------
    TypeError, ValueError
        As :func:`impulse_responses`; and if there are no pairs, or more than four.

    Examples
    --------
    >>> from deepsphere_pyg import ChebConv, laplacian_operator
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(4)
    >>> conv, laplacian = ChebConv(2, 3, K=3), laplacian_operator(sampling)
    >>> figure = filter_pictures(conv, sampling, laplacian, pairs=[(0, 1)])
    >>> [axes.get_title() for axes in figure.axes][:3]
    ['spectrum', 'section', '0 to 1']
    """
    conv = checked_conv(conv)
    sampling_argument("sampling", sampling)
    chosen = _strongest(conv) if pairs is None else checked_pairs(conv, pairs)
    if not 1 <= len(chosen) <= _MOST:
        raise ValueError(
            f"pairs must be 1 to {_MOST} pairs of channels, got {len(chosen)}; draw "
            "several figures"
        )
    if vertex is None:
        vertex = int(sampling.xyz[:, 0].argmax())
    at = index_argument("vertex", vertex, len(sampling))
    degrees = nominal_bandlimit(sampling) if L is None else integer_argument("L", L, 1)
    response = impulse_responses(conv, sampling, laplacian, chosen, at)
    figure = Figure(figsize=(max(8.0, 3.3 * len(chosen)), 6.0), layout="constrained")
    pictures: list[Any] = [
        name for i in range(len(chosen)) for name in (f"{i}", f"{i}")
    ]
    curves: list[Any] = ["spectrum"] * len(chosen) + ["section"] * len(chosen)
    panels: Any = figure.subplot_mosaic([curves, pictures])
    names = [f"{i} to {o}" for i, o in chosen]
    gains = filter_gains(response, sampling, at, degrees)
    for name, gain, colour in zip(names, gains, COLOURS, strict=False):
        panels["spectrum"].plot(gain, color=colour, label=name)
    panels["spectrum"].set(xlabel=r"degree $\ell$", ylabel="gain", title="spectrum")
    panels["spectrum"].legend(title="channels")
    radius = _draw_section(panels["section"], sampling, response, at)
    for i, name in enumerate(names):
        _draw_gnomonic(panels[f"{i}"], sampling, response[i], at, radius)
        panels[f"{i}"].set_title(name)
    for name in ("spectrum", "section"):
        panels[name].axhline(0, color="0.4", linewidth=0.7)
    return figure


def _draw_section(
    axes: Axes, sampling: Sampling, response: FloatArray, vertex: int
) -> float:
    """Draw responses against the angle, and return how far they reach in radian."""
    step = np.linalg.norm(sampling.xyz - sampling.xyz[vertex], axis=1)
    angle = 2 * np.arcsin(np.clip(step / 2, 0, 1))
    # Beyond, the response is below what can be seen.
    seen = (np.abs(response) > 1e-3 * np.abs(response).max(1, keepdims=True)).any(0)
    radius = float(angle[seen].max()) if seen.any() else 0.0
    radius = max(radius, 2 * float(np.sqrt(sampling.weights[vertex] / np.pi)))
    near = np.flatnonzero(angle <= 1.05 * radius)
    near = near[np.argsort(angle[near], kind="stable")]
    places = np.rad2deg(angle[near])
    # Rings of about the width of a cell.
    width = np.rad2deg(np.sqrt(sampling.weights[vertex]))
    ring = np.rint(places / width).astype(np.int64)
    counts = np.bincount(ring)
    full = counts > 0
    # Of size one, so that narrow filters do not hide wide ones.
    sizes = np.abs(response).max(axis=1, keepdims=True)
    relative = response / np.where(sizes > 0, sizes, 1)
    for values, colour in zip(relative[:, near], COLOURS, strict=False):
        axes.plot(places, values, ".", color=colour, markersize=3, alpha=0.5)
        mean = np.bincount(ring, values)[full] / counts[full]
        middle = np.bincount(ring, places)[full] / counts[full]
        axes.plot(middle, mean, color=colour)
    axes.set(xlabel="angle (degree)", ylabel="response / largest", title="section")
    return radius


def _draw_gnomonic(
    axes: Axes, sampling: Sampling, values: FloatArray, vertex: int, radius: float
) -> None:
    """Draw a response around a vertex in the tangent plane."""
    edge = float(np.tan(min(1.05 * radius, _WIDEST)))
    line = np.linspace(-edge, edge, _PIXELS)
    centre = sampling.xyz[vertex]
    east, north = (frame[vertex] for frame in tangent_frames(sampling))
    plane = centre + line[None, :, None] * east + line[::-1, None, None] * north
    points = plane / np.linalg.norm(plane, axis=-1, keepdims=True)
    distance, nearest = cKDTree(sampling.xyz).query(points)
    reach = 2 * np.sqrt(sampling.weights.max() / np.pi)
    image = np.ma.masked_where(distance > reach, values[nearest])
    top = float(np.abs(values).max()) or 1.0
    degree = np.rad2deg(edge)
    shown = axes.imshow(
        image,
        cmap="RdBu_r",
        vmin=-top,
        vmax=top,
        extent=(-degree, degree, -degree, degree),
        interpolation="nearest",
    )
    axes.set(xlabel="east (degree)", ylabel="north (degree)")
    axes.grid(visible=False)
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.7)
    bar.ax.grid(visible=False)
    bar.set_label("1/sr")


def _strongest(conv: Any) -> list[tuple[int, int]]:
    """Return the pairs of channels with the largest weights."""
    weight = getattr(conv, "chebyshev_weight", conv.weight).detach().double().cpu()
    size = weight.square().sum(0)
    order = size.flatten().argsort(descending=True, stable=True)[:_MOST].tolist()
    if isinstance(conv, DepthwiseChebConv):
        return [(c, c) for c in order]
    return [divmod(i, size.shape[1]) for i in order]
