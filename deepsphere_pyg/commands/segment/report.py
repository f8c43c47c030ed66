"""Tables, files and pictures of a finished segmentation run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.options.training import write_figures
from deepsphere_pyg.metrics.segmentation import SegmentationScores
from deepsphere_pyg.plot.curves import learning_curves, precision_recall_curves
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.training.evaluation import Prediction
from samplings import Sampling
from samplings.atomic_files import atomic_path, write_rows


def scores_table(scores: dict[str, SegmentationScores]) -> str:
    """Text table of the scores of one or more networks, in percent.

    It has a row for each class and one for the means; each network has columns of
    average precision, accuracy (recall) and intersection over union.
    """
    first = next(iter(scores.values()))
    head = ["", "share"] + ["AP", "acc.", "IoU"] * len(scores)
    rows = [
        [name, _percent(share)]
        + [
            _percent(values[i])
            for s in scores.values()
            for values in (s.average_precision, s.accuracy, s.intersection_over_union)
        ]
        for i, (name, share) in enumerate(
            zip(first.class_names, first.share, strict=True)
        )
    ]
    means = ["mean*" if "background" in first.class_names else "mean", ""]
    for s in scores.values():
        means += map(_percent, (s.mean_average_precision, s.mean_accuracy, s.mean_iou))
    width = max(len(row[0]) for row in [head, means, *rows])
    lines = [
        row[0].ljust(width) + "".join(cell.rjust(8) for cell in row[1:])
        for row in [head, *rows, means]
    ]
    title = " " * (width + 8) + "".join(name.rjust(24) for name in scores)
    lines.insert(1, "-" * len(lines[0]))
    if means[0] == "mean*":
        lines.append("* average precision: without the background")
    return "\n".join([title, *lines])


def _percent(value: float) -> str:
    """Two decimals for a small share; a dash for a class that does not occur."""
    if np.isnan(value):
        return "-"
    return f"{100 * value:.2f}" if 0 < value < 0.01 else f"{100 * value:.1f}"


def write_scores(folder: Path, scores: dict[str, SegmentationScores]) -> Path:
    """Write ``scores.csv``: a row for each network and class."""
    rows: list[dict[str, Any]] = []
    for network, s in scores.items():
        rows += [
            {
                "network": network,
                "class": name,
                "share": s.share[i],
                "accuracy": s.accuracy[i],
                "iou": s.intersection_over_union[i],
                "average_precision": s.average_precision[i],
            }
            for i, name in enumerate(s.class_names)
        ]
    path = folder / "scores.csv"
    write_rows(path, rows)
    return path


def write_predictions(
    folder: Path,
    sampling: Sampling,
    prediction: Prediction,
    class_names: Sequence[str],
    labelled: bool = True,
) -> Path:
    """Write ``predictions.npz``: positions, areas, truth and class probabilities.

    Maps without labels (``labelled`` False) have no truth in the file.
    """
    arrays: dict[str, Any] = {
        "lon": sampling.lon,
        "lat": sampling.lat,
        "area": sampling.weights,
        "mask": prediction.mask,
        "probability": prediction.probability.astype(np.float16),
        "class_names": np.array(class_names),
    }
    if labelled:
        arrays["truth"] = prediction.truth.astype(np.int16)
    path = folder / "predictions.npz"
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)
    return path


def write_pictures(
    folder: Path,
    sampling: Sampling,
    example: npt.NDArray[np.float32],
    channel_names: Sequence[str],
    predictions: dict[str, Prediction],
    class_names: Sequence[str],
    history: list[dict[str, float]],
) -> list[Path]:
    """Draw the maps and curves of a run.

    Parameters
    ----------
    folder
        Folder of the pictures.
    sampling
        Sampling of the maps.
    example
        Channels of the first evaluated map, shape ``(V, C)``.
    channel_names, class_names
        Their names.
    predictions
        Predictions by name of the network. The first is drawn as a map, all as
        precision-recall curves.
    history
        Rows of ``history.csv``; no learning curves are drawn if it is empty.
    """
    prediction = next(iter(predictions.values()))
    figures = {
        "map.png": segmentation_maps(
            sampling,
            example,
            channel_names,
            prediction.truth[0],
            prediction.probability[0].argmax(axis=1),
            class_names,
            prediction.mask[0],
            prediction.probability[0].max(axis=1),
        ),
        "precision_recall.png": precision_recall_curves(
            predictions, class_names, sampling.weights
        ),
    }
    if history:
        figures["learning_curves.png"] = learning_curves(history)
    return write_figures(folder, figures)
