"""Pictures of a segmented globe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import (
    class_handles,
    draw_classes,
    draw_map,
    new_figure,
)
from samplings import Sampling

# Units of the channels of the Community Atmosphere Model that maps are labelled with.
UNITS = {
    "TMQ": "total water vapour, kg m$^{-2}$",
    "PSL": "sea-level pressure, Pa",
    "U850": "zonal wind at 850 hPa, m s$^{-1}$",
    "T500": "temperature at 500 hPa, K",
}


def segmentation_maps(
    sampling: Sampling,
    inputs: npt.ArrayLike,
    channel_names: Sequence[str],
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    class_names: Sequence[str],
    mask: npt.ArrayLike | None = None,
) -> Figure:
    """Draw one map: two of its inputs, the truth and the prediction.

    Parameters
    ----------
    sampling
        Where the signals live.
    inputs
        Channels, shape ``(V, C)``.
    channel_names
        Their names. The first channel is drawn, and sea-level pressure ``PSL`` beside
        it where there is one, else the second.
    truth, predicted
        Class of each vertex, shape ``(V,)``.
    class_names
        Their names.
    mask
        True where the truth is known, shape ``(V,)``.
    """
    fields = np.asarray(inputs)
    names = list(channel_names)
    second = names.index("PSL") if "PSL" in names else min(1, len(names) - 1)
    figure, axes = new_figure(2, 2, (11, 6.8))
    for panel, channel in ((axes[0, 0], 0), (axes[0, 1], second)):
        draw_map(
            panel,
            sampling,
            fields[:, channel],
            title=f"input {names[channel]}",
            label=UNITS.get(names[channel], names[channel]),
            cmap="YlGnBu" if channel == 0 else "viridis",
        )
    for panel, classes, title, known in (
        (axes[1, 0], truth, "truth", mask),
        (axes[1, 1], predicted, "prediction", None),
    ):
        draw_classes(
            panel,
            sampling,
            classes,
            class_names,
            title=title,
            mask=known,
            legend=False,
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
