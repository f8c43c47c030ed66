"""Curves of training and of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.metrics.precision_recall import (
    average_precision,
    precision_recall_curve,
)
from deepsphere_pyg.plot.maps import class_colours, new_figure

_LINE_STYLES = ("-", "--", ":", "-.")


class _Predicted(Protocol):
    """Truth, mask and probabilities of some maps."""

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """Classes, shape ``(maps, V)``."""

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where a vertex counts, shape ``(maps, V)``."""

    @property
    def probability(self) -> npt.NDArray[np.float32]:
        """Class probabilities, shape ``(maps, V, classes)``."""


def learning_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw losses and validation scores against the epoch.

    Parameters
    ----------
    history
        One row an epoch with ``epoch``, ``train/loss``, ``val/loss``, ``val/mAP``,
        ``val/accuracy`` and ``val/IoU``.
    """
    figure, axes = new_figure(1, 2, (9, 3.4))
    epoch = [row["epoch"] for row in history]
    loss, score = axes[0]
    for name, style, colour in (
        ("train/loss", "-", "#0077bb"),
        ("val/loss", "--", "#cc3311"),
    ):
        loss.plot(
            epoch, [row[name] for row in history], style, color=colour, label=name
        )
    loss.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    for name, colour in (
        ("val/mAP", "#cc3311"),
        ("val/accuracy", "#0077bb"),
        ("val/IoU", "#009988"),
    ):
        score.plot(epoch, [row[name] for row in history], color=colour, label=name)
    score.set(xlabel="epoch", ylabel="validation score", ylim=(0, 1))
    for panel in (loss, score):
        panel.grid(alpha=0.3, which="both")
        panel.legend(fontsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    return figure


def precision_recall_curves(
    predictions: Mapping[str, _Predicted],
    class_names: Sequence[str],
    area: npt.NDArray[np.float64],
) -> Figure:
    """Draw precision against recall, a colour a class and a line style a network.

    Parameters
    ----------
    predictions
        Predictions by the name of the network.
    class_names
        One name a class; ``background`` is not drawn.
    area
        Area of each vertex, shape ``(V,)``.
    """
    figure, axes = new_figure(1, 1, (5.4, 4.4))
    panel = axes[0, 0]
    colours = class_colours(class_names)
    for (network, p), style in zip(predictions.items(), _LINE_STYLES * 8, strict=False):
        weights = np.broadcast_to(area, p.mask.shape)[p.mask]
        for c, name in enumerate(class_names):
            truth = p.truth[p.mask] == c
            if name == "background" or not truth.any():
                continue
            score = p.probability[..., c][p.mask]
            precision, recall = precision_recall_curve(truth, score, weights)
            ap = average_precision(truth, score, weights)
            # A million points look like a thousand and make the file large; even in
            # recall, since a rare class has its curve within the first few scores.
            shown = np.unique(np.searchsorted(recall, np.linspace(recall[0], 1, 1000)))
            shown = shown[shown < len(recall)]
            panel.plot(
                recall[shown],
                precision[shown],
                style,
                color=colours[c],
                label=f"{name}, {network}: AP {100 * ap:.1f} %",
                linewidth=1.6 if style == "-" else 1.1,
            )
    panel.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    # Matplotlib warns of a legend of nothing, where no class occurs.
    if panel.lines:
        panel.legend(fontsize=7)
    return figure
