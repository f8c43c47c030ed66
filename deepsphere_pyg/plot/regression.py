"""Maps of a regression: input, truth, prediction and difference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import (
    Projection,
    draw_comparison,
    draw_map,
    quantity_of,
    vertex_mask,
    vertex_values,
)
from deepsphere_pyg.plot.style import new_figure
from samplings import Sampling


def regression_maps(
    sampling: Sampling,
    given: npt.ArrayLike,
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    input_name: str = "input",
    name: str = "target",
    unit: str = "",
    mask: npt.ArrayLike | None = None,
    coastlines: bool = False,
    projection: Projection | str | None = None,
) -> Figure:
    """Draw an input, the truth, the prediction and its difference, of one map.

    Truth and prediction have the same colours, which are those of the unit, and are
    grey at the same vertices; the colours of the difference have zero in their middle.

    Parameters
    ----------
    sampling
        Vertices of the signals.
    given, truth, predicted
        Values at the vertices, shape ``(V,)``.
    input_name, name, unit
        Names of the input and of the target, and the target's unit.
    mask
        True where the truth is known, shape ``(V,)``.
    coastlines, projection
        As in :func:`~deepsphere_pyg.plot.draw_map`.

    Raises
    ------
    ValueError
        If a shape does not fit.
    """
    vertex_values("given", given, sampling)
    known = vertex_mask(mask, sampling)
    for what, values in (("truth", truth), ("predicted", predicted)):
        known = known & np.isfinite(vertex_values(what, values, sampling))
    figure, axes = new_figure(2, 2, (9, 5.6))
    draw_map(
        axes[0, 0],
        sampling,
        given,
        title=f"input {input_name}",
        label=input_name,
        # An input of the target's name is the target at another time.
        quantity=quantity_of(unit) if input_name == name else "anything",
        coastlines=coastlines,
        projection=projection,
    )
    draw_comparison(
        [axes[0, 1], axes[1, 1], axes[1, 0]],
        sampling,
        truth,
        predicted,
        name=name,
        unit=unit,
        quantity=quantity_of(unit),
        mask=known,
        # A map without a known truth is empty.
        limits=None if known.any() else (0.0, 1.0),
        coastlines=coastlines,
        projection=projection,
    )
    return figure
