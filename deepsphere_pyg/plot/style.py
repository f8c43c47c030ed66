"""The style of all pictures, new figures in it, and files of figures.

The style is ``deepsphere.mplstyle`` beside this module. It holds while a function of
this package draws or writes; the settings of Matplotlib outside remain as they were.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from samplings.arguments import instance_argument, path_argument, positive_argument
from samplings.atomic_files import atomic_path

P = ParamSpec("P")
T = TypeVar("T")

#: The file of the style, which ``matplotlib.style.use`` takes too.
STYLE_FILE = Path(__file__).with_name("deepsphere.mplstyle")
# Entries of files that differ between two runs on the same numbers.
_UNDATED: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
}


@functools.cache
def _settings() -> Any:
    """Return the settings of the style."""
    return mpl.rc_params_from_file(STYLE_FILE, use_default_template=False)


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function draw in the style of the package.

    Examples
    --------
    >>> with mpl.rc_context({"font.size": 20}):
    ...     inside = styled(lambda: mpl.rcParams["font.size"])()
    ...     print(inside, mpl.rcParams["font.size"])
    9.0 20.0
    """

    @functools.wraps(function)
    def draw(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context(_settings()):
            return function(*args, **kwargs)

    return draw


@styled
def new_figure(
    rows: int, columns: int, size: tuple[float, float]
) -> tuple[Figure, Any]:
    """Make a figure without pyplot, which needs no screen and is not kept open.

    Parameters
    ----------
    rows, columns
        Numbers of panels.
    size
        Width and height in inches.

    Returns
    -------
    figure : Figure
        In the style of the package.
    axes : ndarray
        Its panels, shape ``(rows, columns)``.
    """
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


@styled
def save_figure(
    figure: Figure, path: str | os.PathLike[str], *, dpi: float | None = None
) -> Path:
    """Write a figure to a file, whole or not at all; its ending names the format.

    Maps are pictures of pixels in vector formats too, so that these files stay small;
    lines and texts can be edited. Vector files have no date: the same figure gives the
    same file.

    Parameters
    ----------
    figure
        The figure.
    path
        File to write, such as ``map.pdf``, ``map.svg`` or ``map.png``. Missing folders
        are made.
    dpi
        Dots per inch of pictures of pixels, by default 150.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written; the error names it.
    TypeError
        If ``figure`` is no figure, or ``path`` is no path.
    ValueError
        If Matplotlib has no format of this ending.

    Examples
    --------
    >>> import tempfile
    >>> figure, axes = new_figure(1, 1, (3, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(figure, Path(folder) / "empty.svg").name
    'empty.svg'
    """
    instance_argument("figure", figure, Figure, "pass one of matplotlib")
    target = path_argument("path", path)
    ending = target.suffix.lower()
    known = figure.canvas.get_supported_filetypes()
    if ending.removeprefix(".") not in known or not ending:
        listed = ", ".join(f".{one}" for one in sorted(known))
        raise ValueError(
            f"the ending of a picture must be one of {listed}, got {ending!r}; pass a "
            "path such as map.pdf or map.png"
        )
    if dpi is not None:
        dpi = positive_argument("dpi", dpi, "pass one such as 300")
    with atomic_path(target) as temporary:
        figure.savefig(temporary, dpi=dpi, metadata=_UNDATED.get(ending))
    return target


def legend_beside(axes: Axes, handles: Sequence[Any]) -> None:
    """Put a legend to the right of the axes, where it covers no data."""
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5))


def legend_below(figure: Figure, axes: Axes) -> None:
    """Put the legend of some axes below all of a figure, where it covers no data."""
    _legend_outside(figure, axes, "outside lower center")


def legend_above(figure: Figure, axes: Axes) -> None:
    """Put the legend of some axes above all of a figure, where it covers no data."""
    _legend_outside(figure, axes, "outside upper center")


def _legend_outside(
    figure: Figure,
    axes: Axes,
    place: Literal["outside lower center", "outside upper center"],
) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = min(len(handles), 5)
        figure.legend(handles, labels, loc=place, ncols=columns)


def plain_axes(axes: Axes) -> None:
    """Draw a light grid behind the data, and no frame above and to the right.

    Figures of :func:`new_figure` have such axes; this is for axes of other figures.
    """
    axes.grid(which="both", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
