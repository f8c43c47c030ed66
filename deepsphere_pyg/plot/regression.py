"""Maps of a regression: input, truth, prediction and error."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import draw_map, new_figure, vertex_values
from samplings import Sampling
from samplings.arguments import array_argument


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
) -> Figure:
    """Draw an input, the truth, the prediction and its error, of one map.

    Truth and prediction have the same colours; the colours of the error are symmetric.

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
    coastlines
        Whether to draw those of the Earth.

    Raises
    ------
    ValueError
        If a shape does not fit.
    """
    for what, values in (("given", given), ("truth", truth), ("predicted", predicted)):
        vertex_values(what, values, sampling)
    known = np.ones(len(sampling), bool) if mask is None else np.asarray(mask)
    right = np.where(known, array_argument("truth", truth), np.nan)
    found = array_argument("predicted", predicted)
    error = found - right
    label = f"{name}, {unit}" if unit else name
    both = np.concatenate([right[known], found[np.isfinite(found)]])
    ends = np.percentile(both, [1, 99]) if len(both) else np.array([0.0, 1.0])
    limits = (float(ends[0]), float(ends[1]))
    reach = float(np.percentile(np.abs(error[known]), 99)) if known.any() else 1.0
    reach = reach or 1.0
    figure, axes = new_figure(2, 2, (11, 7))
    look: dict[str, Any] = {"coastlines": coastlines}
    title = f"input {input_name}"
    draw_map(axes[0, 0], sampling, given, title=title, label=input_name, **look)
    for panel, title, values in (
        (axes[0, 1], "truth", right),
        (axes[1, 1], "prediction", found),
    ):
        draw_map(
            panel, sampling, values, title=title, label=label, limits=limits, **look
        )
    draw_map(
        axes[1, 0],
        sampling,
        error,
        title="error",
        label=f"prediction - truth{f', {unit}' if unit else ''}",
        cmap="RdBu_r",
        limits=(-reach, reach),
        **look,
    )
    return figure
