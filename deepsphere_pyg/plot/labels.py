"""Figures of training and of predictions of networks that return labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from deepsphere_pyg.plot.maps import frameless, new_figure
from samplings.arguments import shown

_BLUE, _RED, _GREY = "#0077bb", "#cc3311", "#666666"


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
        frameless(panel)
        panel.legend(fontsize=8)
    return figure, loss, score


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
        fontsize=9,
    )
    frameless(left)
    frameless(right)
    return figure


def _plain_decades(panel: Axes) -> None:
    """Make the ordinate logarithmic, labelled by plain numbers."""
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def confusion_picture(counts: npt.NDArray[np.int64], names: Sequence[str]) -> Figure:
    """Draw a confusion matrix.

    Parameters
    ----------
    counts
        Numbers by true class (row) and predicted class (column),
        ``(classes, classes)``.
    names
        Names of the classes.
    """
    n = len(names)
    figure, axes = new_figure(1, 1, (1.6 + 0.42 * n, 1.4 + 0.42 * n))
    panel = axes[0][0]
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = counts / totals
    panel.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    for i in range(n):
        for j in range(n):
            if counts[i, j]:
                colour = "white" if share[i, j] > 0.4 else "black"
                panel.text(
                    j, i, int(counts[i, j]), ha="center", va="center", color=colour,
                    fontsize=7,
                )  # fmt: skip
    panel.set_xticks(range(n), names, fontsize=8)
    panel.set_yticks(range(n), names, fontsize=8)
    panel.set(xlabel="network", ylabel="truth")
    right = float(np.trace(counts)) / max(1, int(counts.sum()))
    panel.set_title(f"{100 * right:.2f} % right of {int(counts.sum())}", fontsize=9)
    return figure
