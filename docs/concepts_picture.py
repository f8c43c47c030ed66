"""Draw the picture of concepts: points, graph, operator, layer, model.

``python docs/concepts_picture.py`` writes ``docs/images/concepts.png``.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from deepsphere_pyg import ChebConv, laplacian_operator
from samplings import HEALPix, Sampling, build_pyramid, knn_graph, laplacian

PICTURE = Path(__file__).parent / "images" / "concepts.png"
BLUE, ORANGE, GREY = "#2f6f9f", "#d9822b", "#9aa5ae"


def view(sampling: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """Return positions on the paper, ``(V, 2)``, and which vertices are in front."""
    lon, lat = np.deg2rad([25, 30])
    east = [-np.sin(lon), np.cos(lon), 0]
    north = [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)]
    towards = np.cross(east, north)
    return sampling.xyz @ np.transpose([east, north]), sampling.xyz @ towards > 0


def globe(axes: Axes, title: str, text: str) -> None:
    """Draw the outline of a sphere, with a title above and an explanation below."""
    axes.add_patch(plt.Circle((0, 0), 1, facecolor="#f4f7f9", edgecolor=GREY))
    label(axes, title, text)
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")


def label(axes: Axes, title: str, text: str) -> None:
    """Write the title and the explanation of a panel."""
    axes.set_title(title, fontsize=15, fontweight="bold")
    axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top")
    axes.set_axis_off()


def draw_links(axes: Axes, sampling: Sampling, colour: str) -> None:
    """Draw the links between neighbours on the side in front."""
    places, front = view(sampling)
    links = knn_graph(sampling, k=8, weighting="heat").adjacency.tocoo()
    shown = front[links.row] & front[links.col] & (links.row < links.col)
    pairs = np.stack([places[links.row], places[links.col]], axis=1)[shown]
    axes.add_collection(LineCollection(pairs, colors=colour, linewidths=0.6))


def draw_points(axes: Axes, sampling: Sampling, size: float) -> None:
    """Draw the vertices in front."""
    places, front = view(sampling)
    axes.scatter(*places[front].T, s=size, color=BLUE, zorder=2)


def draw_operator(axes: Axes, sampling: Sampling) -> None:
    """Draw the matrix of the Laplacian: which vertices each row sums."""
    matrix = laplacian(knn_graph(sampling, k=8, weighting="heat")).matrix.tocoo()
    diagonal = matrix.row == matrix.col
    n = len(sampling)
    axes.scatter(matrix.col, matrix.row, s=0.5, color=ORANGE)
    axes.scatter(matrix.col[diagonal], matrix.row[diagonal], s=0.8, color=BLUE)
    axes.add_patch(plt.Rectangle((0, 0), n, n, fill=False, edgecolor=GREY))
    label(axes, "operator", "Laplacian L,\na sparse matrix")
    axes.set(xlim=(-8, n + 8), ylim=(n + 8, -8), aspect="equal")


def draw_layer(axes: Axes, sampling: Sampling) -> None:
    """Draw the answer of the term T_3 of a convolution to three single vertices."""
    operator = laplacian_operator(sampling, k=20)
    layer = ChebConv(1, 1, K=4, bias=False).requires_grad_(False)
    # The last term alone, which reaches three links far.
    layer.weight[:] = torch.tensor([0, 0, 0, 1.0])[:, None, None]
    places, front = view(sampling)
    signal = torch.zeros(1, len(sampling), 1)
    for place in ([0.45, 0.3], [-0.35, 0.35], [0, -0.45]):
        distance = np.where(front, np.hypot(*(places - place).T), np.inf)
        signal[0, distance.argmin()] = 1
    answer = layer(signal, operator)[0, :, 0].numpy()
    globe(axes, "layer", "y = Σ T$_k$(L) x W$_k$\nlocal filters, learned")
    bound = np.abs(answer).max() / 4
    axes.scatter(
        *places[front].T, s=20, c=answer[front], cmap="RdBu_r", vmin=-bound, vmax=bound
    )


def draw_model(axes: Axes) -> None:
    """Draw the levels of a pyramid, down and up again."""
    pyramid = build_pyramid(HEALPix(8), 3, k=8, weighting="heat")
    label(axes, "model", "layers on a pyramid\nof ever coarser samplings")
    steps = [(0, 0.0, 1.5), (1, 1.3, 0.4), (2, 2.6, -0.6), (1, 3.9, 0.4), (0, 5.2, 1.5)]
    radii = [0.9, 0.72, 0.55]
    for level, x, y in steps:
        sampling = pyramid.graphs[level].sampling
        places, front = view(sampling)
        axes.add_patch(plt.Circle((x, y), radii[level], facecolor="#f4f7f9", ec=GREY))
        shown = places[front] * radii[level] + [x, y]
        axes.scatter(*shown.T, s=[2, 5, 9][level], color=BLUE, zorder=2)
    for (_, x, y), (_, x_next, y_next) in pairwise(steps):
        middle = np.array([(x + x_next) / 2, (y + y_next) / 2])
        step = np.array([x_next - x, y_next - y]) * 0.12
        axes.annotate(
            "",
            middle + step,
            middle - step,
            arrowprops={"arrowstyle": "-|>", "color": ORANGE, "lw": 2},
        )
    axes.set(xlim=(-1.1, 6.3), ylim=(-1.75, 3.18), aspect="equal")


def main() -> None:
    """Draw and write the picture."""
    coarse = HEALPix(4)
    figure, panels = plt.subplots(
        1, 5, figsize=(15, 4.1), width_ratios=[1, 1, 1, 1, 1.5], layout="constrained"
    )
    globe(panels[0], "points", "a sampling: vertices\nwith their areas")
    draw_points(panels[0], coarse, 14)
    globe(panels[1], "graph", "links of neighbours,\nwith weights")
    draw_links(panels[1], coarse, ORANGE)
    draw_points(panels[1], coarse, 14)
    draw_operator(panels[2], coarse)
    draw_layer(panels[3], HEALPix(16))
    draw_model(panels[4])
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
