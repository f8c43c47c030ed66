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
from deepsphere_pyg.plot.labels import score_curves
from deepsphere_pyg.plot.maps import class_colours
from deepsphere_pyg.plot.style import legend_beside, new_figure, styled
from samplings.arguments import array_argument, names_argument, shown

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


@styled
def learning_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw losses and validation scores against the epoch.

    Parameters
    ----------
    history
        One row for each epoch with ``epoch``, ``train/loss``, ``val/loss``,
        ``val/mAP``, ``val/accuracy`` and ``val/IoU``.
    """
    figure, loss, score = score_curves(history, ("mAP", "accuracy", "IoU"))
    loss.set(ylabel="cross-entropy", yscale="log")
    score.set(ylim=(0, 1))
    return figure


@styled
def precision_recall_curves(
    predictions: Mapping[str, _Predicted],
    class_names: Sequence[str],
    area: npt.NDArray[np.float64],
) -> Figure:
    """Draw precision against recall, with colours by class and line styles by network.

    Parameters
    ----------
    predictions
        Predictions by the name of the network.
    class_names
        Name of each class; ``background`` is not drawn.
    area
        Area of each vertex, shape ``(V,)``.
    """
    class_names = names_argument("class_names", class_names)
    areas = array_argument("area", area)
    if not isinstance(predictions, Mapping) or not all(
        hasattr(p, part)
        for p in predictions.values()
        for part in ("truth", "mask", "probability")
    ):
        raise TypeError(
            "predictions must map names to predictions, objects with truth, mask and "
            f"probability, got {shown(predictions)}; pass a dictionary"
        )
    figure, axes = new_figure(1, 1, (7.2, 4.2))
    panel = axes[0, 0]
    colours = class_colours(class_names)
    for (network, p), style in zip(predictions.items(), _LINE_STYLES * 8, strict=False):
        if areas.shape != p.mask.shape[-1:]:
            raise ValueError(
                f"area must have shape {p.mask.shape[-1:]}, one number per vertex, got "
                f"{areas.shape}; pass the weights of the sampling"
            )
        weights = np.broadcast_to(areas, p.mask.shape)[p.mask]
        for c, name in enumerate(class_names):
            truth = p.truth[p.mask] == c
            if name == "background" or not truth.any():
                continue
            score = p.probability[..., c][p.mask]
            precision, recall = precision_recall_curve(truth, score, weights)
            ap = average_precision(truth, score, weights)
            # A thousand points, evenly spaced in recall, look like a million and keep
            # the file small.
            spots = np.unique(np.searchsorted(recall, np.linspace(recall[0], 1, 1000)))
            spots = spots[spots < len(recall)]
            panel.plot(
                recall[spots],
                precision[spots],
                style,
                color=colours[c],
                label=f"{name}, {network}: AP {100 * ap:.1f} %",
                linewidth=1.6 if style == "-" else 1.1,
            )
    panel.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    # Matplotlib warns of an empty legend, if no class occurs.
    if panel.lines:
        legend_beside(panel, panel.lines)
    return figure
