"""Maps of a truth, of a prediction and of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps.fields import draw_map
from deepsphere_pyg.plot.maps.images import vertex_mask, vertex_values
from deepsphere_pyg.plot.maps.projections import Projection
from deepsphere_pyg.plot.maps.quantities import colour_limits, named, scale_of
from deepsphere_pyg.plot.style import new_figure
from samplings import Sampling


def draw_comparison(
    panels: Sequence[Axes],
    sampling: Sampling,
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    name: str = "value",
    unit: str = "",
    quantity: str = "anything",
    mask: npt.ArrayLike | None = None,
    **look: Any,
) -> None:
    """Draw the truth, the prediction, and their difference on three axes.

    Truth and prediction have the same colours and are grey at the same vertices, where
    the mask or one of them says that nothing is known. The colours of the difference
    have zero in their middle.

    Parameters
    ----------
    panels
        Axes of the truth, the prediction and the difference.
    sampling, truth, predicted, name, unit, quantity, mask
        As in :func:`comparison_maps`.
    look
        Other options of :func:`draw_map`, the same on all three, but for the limits
        and colours of truth and prediction.

    Raises
    ------
    TypeError, ValueError
        As :func:`comparison_maps`.
    """
    known = vertex_mask(mask, sampling)
    right = vertex_values("truth", truth, sampling)
    found = vertex_values("predicted", predicted, sampling)
    known &= np.isfinite(right) & np.isfinite(found)
    right, found = (np.where(known, one, np.nan) for one in (right, found))
    if look.get("limits") is None:
        if not known.any():
            raise ValueError(
                "truth and predicted must both be known at some vertex of the mask, "
                "got none; pass another map, or limits to draw empty ones"
            )
        both = np.concatenate([right, found])
        look["limits"] = colour_limits(both, None, scale_of(quantity).centred)
    for panel, title, values in (
        (panels[0], "truth", right),
        (panels[1], "prediction", found),
    ):
        draw_map(
            panel,
            sampling,
            values,
            title=title,
            label=named(name, unit),
            quantity=quantity,
            **look,
        )
    look |= {"cmap": None, "limits": None if known.any() else (-1.0, 1.0)}
    draw_map(
        panels[2],
        sampling,
        found - right,
        title="difference",
        label=named("prediction - truth", unit),
        quantity="difference",
        **look,
    )


def comparison_maps(
    sampling: Sampling,
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    name: str = "value",
    unit: str = "",
    title: str = "",
    quantity: str = "anything",
    mask: npt.ArrayLike | None = None,
    limits: tuple[float, float] | None = None,
    projection: Projection | str | None = None,
    coastlines: bool = False,
    graticule: bool = False,
    width: int = 800,
) -> Figure:
    """Draw the truth, a prediction of it, and their difference side by side.

    Truth and prediction have the same colours and are grey at the same vertices. The
    colours of the difference have zero in their middle.

    Parameters
    ----------
    sampling
        Vertices of the signals.
    truth, predicted
        Values at the vertices, shape ``(V,)``; NaN if unknown.
    name, unit
        The quantity, below its colour bars.
    title
        Above all maps (see :func:`map_title`).
    quantity, limits, projection, coastlines, graticule, width
        As in :func:`draw_map`; the limits are those of truth and prediction.
    mask
        True where the truth is known, shape ``(V,)``.

    Raises
    ------
    TypeError, ValueError
        As :func:`draw_map`; and if nothing is known anywhere.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(8)
    >>> figure = comparison_maps(sampling, sampling.lat, sampling.lat + 1)
    >>> [axes.get_title() for axes in figure.axes[:3]]
    ['truth', 'prediction', 'difference']
    """
    figure, axes = new_figure(1, 3, (10.5, 2.6))
    draw_comparison(
        axes[0],
        sampling,
        truth,
        predicted,
        name=name,
        unit=unit,
        quantity=quantity,
        mask=mask,
        limits=limits,
        projection=projection,
        coastlines=coastlines,
        graticule=graticule,
        width=width,
    )
    figure.suptitle(title)
    return figure
