"""Figures of training and of predictions of networks that return labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from deepsphere_pyg.plot.style import new_figure, styled
from samplings.arguments import shown

_BLUE, _RED, _GREY = "#0077bb", "#cc3311", "#666666"


@styled
def label_curves(
    history: Sequence[Mapping[str, float]], scores: Sequence[str], unit: str = ""
) -> Figure:
    """Draw the loss and the validation scores against the epoch.

    Parameters
    ----------
    history
        One row for each epoch with ``epoch``, ``train/loss``, ``val/loss`` and each
        score as ``val/NAME``.
    scores
        Names of the scores.
    unit
        Unit of the scores.
    """
    figure, loss, score = score_curves(history, scores)
    if unit:
        score.set(ylabel=f"validation score ({unit})")
    for panel in (loss, score) if unit else (loss,):
        _plain_decades(panel)
    return figure


@styled
def score_curves(
    history: Sequence[Mapping[str, float]], scores: Sequence[str]
) -> tuple[Figure, Axes, Axes]:
    """Draw losses and scores by epoch; return the figure and both axes."""
    columns = ("epoch", "train/loss", "val/loss", *(f"val/{name}" for name in scores))
    if not isinstance(history, list | tuple) or not all(
        isinstance(row, Mapping) and set(columns) <= set(row) for row in history
    ):
        raise TypeError(
            f"history must be a list of one mapping an epoch with {', '.join(columns)},"
            f" got {shown(history)}; pass the rows of history.csv"
        )
    figure, axes = new_figure(1, 2, (9, 3.4))
    loss, score = axes[0]
    epoch = [row["epoch"] for row in history]
    for name, style, colour in (("train", "-", _BLUE), ("val", "--", _RED)):
        values = [row[f"{name}/loss"] for row in history]
        loss.plot(epoch, values, style, color=colour, label=f"{name}/loss")
    loss.set(xlabel="epoch", ylabel="loss")
    for name, colour in zip(scores, (_RED, _BLUE, "#009988"), strict=False):
        values = [row[f"val/{name}"] for row in history]
        score.plot(epoch, values, color=colour, label=name)
    score.set(xlabel="epoch", ylabel="validation score")
    for panel in (loss, score):
        panel.legend()
    return figure, loss, score


@styled
def scatter_of_answers(
    truth: npt.NDArray[np.float64],
    answers: npt.NDArray[np.float64],
    what: str,
    unit: str,
) -> Figure:
    """Draw answers against the truth, and a histogram of their errors.

    Parameters
    ----------
    truth, answers
        Shape ``(n,)``.
    what, unit
        Name and unit of the quantity.
    """
    figure, axes = new_figure(1, 2, (9, 3.8))
    left, right = axes[0]
    error = answers - truth
    ends = [float(truth.min()), float(truth.max())]
    left.plot(ends, ends, color=_GREY, lw=1)
    left.plot(truth, answers, ".", ms=3, alpha=0.5, color=_BLUE)
    left.set(xlabel=f"{what}, {unit}", ylabel=f"of the network, {unit}")
    left.locator_params(nbins=6)
    rms = float(np.sqrt(np.mean(error**2)))
    reach = 5 * rms or 1.0
    bins = np.linspace(-reach, reach, 81)
    right.hist(np.clip(error, -reach, reach), bins=bins, color=_BLUE)
    right.set(xlabel=f"network - truth, {unit}", ylabel="number", yscale="log")
    beyond = int(np.sum(np.abs(error) > reach))
    right.set_title(
        f"rms {rms:.2f}, mean of |.| {np.mean(np.abs(error)):.2f} {unit}"
        + (f"; {beyond} beyond the ends" if beyond else ""),
    )
    return figure


def _plain_decades(panel: Axes) -> None:
    """Make the ordinate logarithmic, labelled by plain numbers."""
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def shortened(name: str, longest: int = 16) -> str:
    """Return a name of at most some characters, with dots for those left out."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


@styled
def confusion_picture(counts: npt.NDArray[np.int64], names: Sequence[str]) -> Figure:
    """Draw a confusion matrix.

    Many classes get smaller cells, and long names stand upright below them.

    Parameters
    ----------
    counts
        Numbers by true class (row) and predicted class (column),
        ``(classes, classes)``.
    names
        Names of the classes.
    """
    n = len(names)
    # In inches, and points of 1/72 inch.
    cell = 0.42 if n <= 20 else 0.2
    name_size, count_size = (8, 7) if n <= 20 else (6.5, 4.5)
    longest = 0.6 * name_size / 72 * max(map(len, names))
    upright = longest > cell
    margin = longest + 0.2
    size = (
        1 + cell * n + margin,
        max(1 + cell * n + (margin if upright else 0.4), 2.4),
    )
    figure, axes = new_figure(1, 1, size)
    panel = axes[0][0]
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = counts / totals
    panel.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    panel.grid(visible=False)
    panel.spines[:].set_visible(True)
    for i, j in np.argwhere(counts):
        colour = "white" if share[i, j] > 0.4 else "black"
        panel.text(
            j, i, int(counts[i, j]), ha="center", va="center", color=colour,
            fontsize=count_size,
        )  # fmt: skip
    turn = 90 if upright else 0
    panel.set_xticks(range(n), names, fontsize=name_size, rotation=turn)
    panel.set_yticks(range(n), names, fontsize=name_size)
    panel.set(xlabel="network", ylabel="truth")
    if n > 20:
        # Lines between cells, by which the eye finds the class.
        panel.set_xticks(np.arange(n - 1) + 0.5, minor=True)
        panel.set_yticks(np.arange(n - 1) + 0.5, minor=True)
        panel.grid(which="minor", color="0.88", linewidth=0.4)
        panel.tick_params(which="minor", length=0)
    right = float(np.trace(counts)) / max(1, int(counts.sum()))
    panel.set_title(f"{100 * right:.2f} % right of {int(counts.sum())}")
    return figure
