"""Pictures of meshes, of what is retrieved for them, and of their maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import draw_map
from deepsphere_pyg.plot.style import new_figure, styled
from samplings import Sampling

if TYPE_CHECKING:
    from deepsphere_pyg.convert.meshes import Mesh

# Direction of the eye and of the light, and the upward direction of the picture.
_EYE = (1.0, -1.6, 0.8)
_LIGHT = (0.4, -0.7, 0.9)
# Share of the light that faces receive which are turned away from it.
_SHADE = 0.35
_HULL = "hull_"
_RIGHT, _WRONG, _QUERY = "#009988", "#cc3311", "#666666"


@styled
def draw_mesh(axes: Axes, mesh: Mesh, colour: str = "#7fa8d0") -> None:
    """Draw a mesh in parallel projection, lit from the left above.

    Faces are drawn from the back to the front.

    Parameters
    ----------
    axes
        Where to draw.
    mesh
        The mesh.
    colour
        Colour of faces in full light.
    """
    from matplotlib.colors import to_rgb

    view = _view()
    corners = (mesh.vertices @ view.T)[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    light = view @ np.array(_LIGHT) / np.linalg.norm(_LIGHT)
    # Normals of either side: meshes may be inside out.
    normals *= np.where(normals[:, 2:] < 0, -1.0, 1.0)
    bright = _SHADE + (1 - _SHADE) * np.clip(normals @ light, 0, 1)
    order = np.argsort(corners[..., 2].mean(axis=1))
    colours = bright[order, None] * np.array(to_rgb(colour))
    # Matplotlib is ten times as fast with an array as with a list, its declared type.
    faces: Any = corners[order][..., :2]
    axes.add_collection(
        PolyCollection(faces, facecolors=colours, edgecolors=colours, linewidth=0.1)
    )
    flat = mesh.vertices @ view.T
    middle = (flat.max(0) + flat.min(0)) / 2
    reach = 0.55 * float((flat.max(0) - flat.min(0))[:2].max()) or 1.0
    axes.set(
        xlim=(middle[0] - reach, middle[0] + reach),
        ylim=(middle[1] - reach, middle[1] + reach),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    for side in axes.spines.values():
        side.set_visible(False)


def _view() -> npt.NDArray[np.float64]:
    """Return the axes of the picture: to the right, upwards, and towards the eye."""
    eye = np.array(_EYE) / np.linalg.norm(_EYE)
    right = np.cross([0, 0, 1], eye)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(eye, right), eye])


@styled
def retrieval_picture(
    rows: Sequence[tuple[str, Sequence[tuple[Mesh, str, bool]]]],
) -> Figure:
    """Draw queries and the first shapes that were retrieved for each.

    Parameters
    ----------
    rows
        For each query a title, and meshes with their classes and whether these are
        right; the query itself comes first.

    Returns
    -------
    Figure
        One row for each query; names of wrong classes are red.
    """
    columns = max((len(meshes) for _, meshes in rows), default=1)
    size = max(2.5, 1.25 * columns), 1.75 * max(1, len(rows))
    figure, axes = new_figure(max(1, len(rows)), columns, size)
    # Titles belong to the row below them.
    figure.set_layout_engine("constrained", h_pad=0.1)
    for panels, (title, meshes) in zip(axes, rows, strict=False):
        for number, panel in enumerate(panels):
            if number >= len(meshes):
                panel.set_axis_off()
                continue
            mesh, name, right = meshes[number]
            draw_mesh(panel, mesh)
            colour = _QUERY if number == 0 else _RIGHT if right else _WRONG
            text = f"query: {name}" if number == 0 else name
            panel.set_xlabel(text, fontsize=7, color=colour)
        panels[0].set_title(title, fontsize=8, loc="left")
    return figure


@styled
def shape_maps_picture(
    mesh: Mesh,
    maps: npt.NDArray[Any],
    sampling: Sampling,
    channels: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw a mesh and its maps on the sphere, each row on scales of its own columns.

    Parameters
    ----------
    mesh
        The mesh.
    maps
        Its maps, shape ``(V, C)``.
    sampling
        Points of the maps.
    channels
        Names of the channels; those of the convex hull, ``hull_NAME``, stand below
        those of the mesh, on the same scale.
    title
        Above the mesh.
    """
    rows = 2 if any(name.startswith(_HULL) for name in channels) else 1
    columns = len(channels) // rows
    size = (2.2 + 3.1 * columns, 0.2 + 2.1 * rows)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(rows, 1 + columns, width_ratios=[0.8] + columns * [1])
    panel = figure.add_subplot(grid[:, 0])
    draw_mesh(panel, mesh)
    panel.set_title(title)
    for number, name in enumerate(channels):
        row, column = divmod(number, columns)
        pair = np.asarray(maps[:, column::columns], dtype=np.float64)
        kind = name.removeprefix(_HULL)
        draw_map(
            figure.add_subplot(grid[row, 1 + column]),
            sampling,
            np.asarray(maps[:, number], dtype=np.float64),
            title=f"{kind} of the {'hull' if kind != name else 'mesh'}",
            label="in radii of the sphere" if kind == "distance" else "",
            limits=(float(pair.min()), float(pair.max())),
        )
    return figure
