"""Figures of segmentations of the globe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import (
    class_handles,
    draw_classes,
    draw_map,
    vertex_mask,
    vertex_values,
)
from deepsphere_pyg.plot.style import new_figure, styled
from samplings import Sampling
from samplings.arguments import array_argument, names_argument, sampling_argument

# Labels and quantities of channels of the Community Atmosphere Model.
_CHANNELS = {
    "TMQ": ("total water vapour (kg m$^{-2}$)", "moisture"),
    "PSL": ("sea-level pressure (Pa)", "pressure"),
    "U850": ("zonal wind at 850 hPa (m s$^{-1}$)", "wind"),
    "V850": ("meridional wind at 850 hPa (m s$^{-1}$)", "wind"),
    "T500": ("temperature at 500 hPa (K)", "temperature"),
}
_SAME, _DIFFERENT = "#f2f2f2", "#cc3311"


@styled
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
    """Draw inputs, truth, prediction and where they differ, of one map.

    Truth and prediction are grey at the same vertices. Without a truth, the certainty
    of the prediction takes its place, and there is no difference.

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
        Probability of the predicted class, shape ``(V,)``. With a truth and without a
        certainty, a third channel is drawn in its place.

    Raises
    ------
    ValueError
        If neither the truth nor a certainty is given, or a shape does not fit.
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
    found = vertex_values("predicted", predicted, sampling)
    figure, axes = new_figure(2, 2 if truth is None else 3, (10, 4.8))
    second = names.index("PSL") if "PSL" in names else min(1, len(names) - 1)
    channels = [0, second]
    if truth is not None and certainty is None:
        channels += [c for c in range(len(names)) if c not in channels][:1]
    for panel, channel in zip(axes[0], channels, strict=False):
        name = names[channel]
        # The title has the name of a channel of which no more is known.
        label, quantity = _CHANNELS.get(name, ("", "anything"))
        title = f"input {name}"
        values = fields[:, channel]
        draw_map(panel, sampling, values, title=title, label=label, quantity=quantity)
    style: dict[str, Any] = {"legend": False, "mask": mask}
    if truth is not None:
        right = vertex_values("truth", truth, sampling)
        draw_classes(axes[1, 0], sampling, right, class_names, title="truth", **style)
        _draw_difference(axes[1, 2], sampling, found != right, mask)
    if certainty is not None:
        draw_map(
            axes[1, 0] if truth is None else axes[0, 2],
            sampling,
            certainty,
            title="probability of the predicted class",
            quantity="probability",
            limits=(0.0, 1.0),
        )
    elif truth is not None and len(channels) == 2:
        axes[0, 2].set_axis_off()
    draw_classes(axes[1, 1], sampling, found, class_names, title="prediction", **style)
    handles = class_handles(class_names)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 8)
    )
    return figure


def _draw_difference(
    axes: Axes,
    sampling: Sampling,
    differs: npt.NDArray[np.bool_],
    mask: npt.ArrayLike | None,
) -> None:
    """Draw where two segmentations differ, and the share of the known area."""
    known = vertex_mask(mask, sampling)
    area = sampling.weights * known
    share = float(area[differs].sum()) / (float(area.sum()) or 1.0)
    draw_classes(
        axes,
        sampling,
        differs,
        ["same", "different"],
        title=f"different in {100 * share:.1f} % of the area",
        mask=mask,
        legend=False,
        colours=(_SAME, _DIFFERENT),
    )
