"""Figures of segmentations of the globe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import (
    class_handles,
    draw_classes,
    draw_map,
    new_figure,
    vertex_values,
)
from samplings import Sampling
from samplings.arguments import array_argument, names_argument, sampling_argument

# Labels of channels of the Community Atmosphere Model.
_UNITS = {
    "TMQ": "total water vapour, kg m$^{-2}$",
    "PSL": "sea-level pressure, Pa",
    "U850": "zonal wind at 850 hPa, m s$^{-1}$",
    "T500": "temperature at 500 hPa, K",
}


def segmentation_maps(
    sampling: Sampling,
    inputs: npt.ArrayLike,
    channel_names: Sequence[str],
    truth: npt.ArrayLike | None,
    predicted: npt.ArrayLike,
    class_names: Sequence[str],
    mask: npt.ArrayLike | None = None,
    certainty: npt.ArrayLike | None = None,
) -> Figure:
    """Draw two inputs, the truth and the prediction of one map.

    Without a truth, the certainty of the prediction takes its place.

    Parameters
    ----------
    sampling
        Vertices of the signals.
    inputs
        Channels, shape ``(V, C)``.
    channel_names
        Names of the channels. The first channel is drawn, and beside it sea-level
        pressure ``PSL`` if there is one, else the second.
    truth, predicted
        Class of each vertex, shape ``(V,)``.
    class_names
        Names of the classes.
    mask
        True where the truth is known, shape ``(V,)``.
    certainty
        Probability of the predicted class, shape ``(V,)``; drawn without a truth.

    Raises
    ------
    ValueError
        If neither the truth nor a certainty is given.
    """
    if truth is None and certainty is None:
        raise ValueError("give the truth, or the certainty of the prediction")
    fields = array_argument("inputs", inputs)
    names = names_argument("channel_names", channel_names)
    class_names = names_argument("class_names", class_names)
    shape = (len(sampling_argument("sampling", sampling)), len(names))
    if fields.shape != shape or not names:
        raise ValueError(
            f"inputs must have shape (V, C) = {shape}, with one of channel_names each, "
            f"got {fields.shape}; pass the inputs of one map and their names"
        )
    vertex_values("predicted", predicted, sampling)
    for name, values in (("truth", truth), ("certainty", certainty)):
        if values is not None:
            vertex_values(name, values, sampling)
    second = names.index("PSL") if "PSL" in names else min(1, len(names) - 1)
    figure, axes = new_figure(2, 2, (11, 6.8))
    for panel, channel in ((axes[0, 0], 0), (axes[0, 1], second)):
        draw_map(
            panel,
            sampling,
            fields[:, channel],
            title=f"input {names[channel]}",
            label=_UNITS.get(names[channel], names[channel]),
            cmap="YlGnBu" if channel == 0 else "viridis",
        )
    style: dict[str, Any] = {"legend": False}
    if truth is not None:
        draw_classes(
            axes[1, 0], sampling, truth, class_names, title="truth", mask=mask, **style
        )
    elif certainty is not None:
        draw_map(
            axes[1, 0],
            sampling,
            certainty,
            title="certainty of the prediction",
            label="probability of the predicted class",
            limits=(0.0, 1.0),
        )
    draw_classes(
        axes[1, 1], sampling, predicted, class_names, title="prediction", **style
    )
    handles = class_handles(class_names)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(handles), 8),
        fontsize=8,
        frameon=False,
    )
    return figure
