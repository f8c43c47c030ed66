"""Films of forecasts beside the truth, on Mollweide maps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.animation import FFMpegWriter, PillowWriter
from tqdm import tqdm

from deepsphere_pyg.plot.maps import draw_map, mollweide_image
from deepsphere_pyg.plot.maps.quantities import extend_of, shared_limits
from deepsphere_pyg.plot.style import new_figure, styled
from samplings import Sampling
from samplings.arguments import array_argument, integer_argument, path_argument
from samplings.atomic_files import atomic_path

#: Endings of films, and the writers of Matplotlib that make them.
WRITERS: dict[str, Any] = {
    ".gif": PillowWriter,
    ".mp4": FFMpegWriter,
}


def check_film(ending: str) -> None:
    """Refuse a kind of film that cannot be written here.

    Parameters
    ----------
    ending
        Ending of the file, such as ``.gif``.

    Raises
    ------
    ValueError
        If there is no writer for it.
    """
    if ending not in WRITERS:
        raise ValueError(
            f"the ending of a film must be {' or '.join(WRITERS)}, got {ending!r}; "
            "pass a path such as forecast.gif"
        )
    if not WRITERS[ending].isAvailable():
        raise ValueError(
            f"films in {ending} need the program ffmpeg, which is not found; install "
            "it, or write .gif"
        )


@styled
def forecast_film(
    path: str | os.PathLike[str],
    sampling: Sampling,
    forecast: npt.ArrayLike,
    truth: npt.ArrayLike | None,
    titles: Sequence[str],
    *,
    label: str = "",
    quantity: str = "anything",
    name: str = "forecast",
    coastlines: bool = False,
    frames_per_second: int = 6,
    width: int = 600,
) -> None:
    """Write a film of a forecast, beside the truth if there is one.

    Colours are the same in all frames.

    Parameters
    ----------
    path
        The file, ``.gif`` or, with ffmpeg, ``.mp4``; written whole or not at all.
    sampling
        Vertices of the signals.
    forecast, truth
        Values at each time, shape ``(frame, V)``; those of the truth may be NaN.
    titles
        Text of each frame.
    label, quantity
        Quantity and unit, and its colours, as in :func:`draw_map`.
    name
        Title of the forecast's map.
    coastlines
        Whether to draw those of the Earth.
    frames_per_second
        Speed.
    width
        Pixels across each map.

    Raises
    ------
    ValueError
        If shapes do not fit, or there is no writer for the ending.
    """
    target = path_argument("path", path)
    check_film(target.suffix.lower())
    speed = integer_argument("frames_per_second", frames_per_second, 1)
    shape = (len(titles), len(sampling))
    shown: dict[str, Any] = {} if truth is None else {"truth": truth}
    shown[name] = forecast
    fields = {}
    for title, values in shown.items():
        fields[title] = array_argument(title, values)
        if fields[title].shape != shape:
            raise ValueError(
                f"{title} must have shape {shape}, one row for each title, got "
                f"{fields[title].shape}; pass one variable at the times of the titles"
            )
    every = np.concatenate(list(fields.values()))
    limits = shared_limits(every, quantity)
    figure, axes = new_figure(1, len(fields), (5.2 * len(fields), 4.0))
    look: dict[str, Any] = {"limits": limits, "width": width, "coastlines": coastlines}
    look["extend"] = extend_of(every, limits)
    look |= {"label": label, "quantity": quantity}
    panels = dict(zip(fields, axes[0], strict=True))
    for title, panel in panels.items():
        draw_map(panel, sampling, fields[title][0], title=title, **look)
    # Which vertex a pixel shows, since the search takes longer than all else.
    place = mollweide_image(sampling, np.arange(float(len(sampling))), width)
    index = place.filled(0).astype(np.int64)
    # The layout of the first frame is that of all.
    heading = figure.suptitle(titles[0])
    figure.canvas.draw()
    figure.set_layout_engine("none")
    writer = WRITERS[target.suffix.lower()](fps=speed)
    with atomic_path(target) as temporary, writer.saving(figure, str(temporary), 90):
        for i, title in enumerate(
            tqdm(titles, desc="drawing", leave=False, disable=None)
        ):
            heading.set_text(title)
            for which, panel in panels.items():
                values = fields[which][i][index]
                image = np.ma.masked_where(place.mask | np.isnan(values), values)
                panel.images[0].set_data(image)
            writer.grab_frame()
