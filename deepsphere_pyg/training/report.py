"""Tables, files and pictures of a finished segmentation run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.metrics.segmentation import SegmentationScores
from deepsphere_pyg.plot.curves import learning_curves, precision_recall_curves
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.training.callbacks import write_rows
from deepsphere_pyg.training.evaluation import Prediction
from samplings import Sampling


def scores_table(scores: dict[str, SegmentationScores]) -> str:
    """Text table of the scores of one or more networks, in percent."""
    names = next(iter(scores.values())).class_names
    header = ["network", "mAP", "mean acc.", "mean IoU"]
    header += [f"AP {name}" for name in names if name != "background"]
    rows = [header]
    for network, s in scores.items():
        values = [s.mean_average_precision, s.mean_accuracy, s.mean_iou]
        values += [
            ap
            for name, ap in zip(names, s.average_precision, strict=True)
            if name != "background"
        ]
        rows.append([network, *(f"{100 * value:.1f}" for value in values)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def write_scores(folder: Path, scores: dict[str, SegmentationScores]) -> Path:
    """Write ``scores.csv``: a row a network and class."""
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
) -> Path:
    """Write ``predictions.npz``: positions, areas, truth and class probabilities."""
    path = folder / "predictions.npz"
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            lon=sampling.lon,
            lat=sampling.lat,
            area=sampling.weights,
            truth=prediction.truth.astype(np.int16),
            mask=prediction.mask,
            probability=prediction.probability.astype(np.float16),
            class_names=np.array(class_names),
        )
    return path


def write_pictures(
    folder: Path,
    sampling: Sampling,
    example: npt.NDArray[np.float32],
    channel_names: Sequence[str],
    prediction: Prediction,
    others: dict[str, Prediction],
    class_names: Sequence[str],
    history: list[dict[str, float]],
) -> list[Path]:
    """Draw the maps and curves of a run.

    Parameters
    ----------
    folder
        Where the pictures go.
    sampling
        Where the signals live.
    example
        Channels of the first evaluated map, shape ``(V, C)``.
    channel_names, class_names
        Their names.
    prediction
        What the network predicted.
    others
        Predictions of other networks for the precision-recall curves.
    history
        Rows of ``history.csv``; no learning curves are drawn where it is empty.
    """
    figures = {
        "map.png": segmentation_maps(
            sampling,
            example,
            channel_names,
            prediction.truth[0],
            prediction.probability[0].argmax(axis=1),
            class_names,
            prediction.mask[0],
        ),
        "precision_recall.png": precision_recall_curves(
            {"network": prediction, **others}, class_names, sampling.weights
        ),
    }
    if history:
        figures["learning_curves.png"] = learning_curves(history)
    paths = []
    for name, figure in figures.items():
        with atomic_path(folder / name) as temporary:
            figure.savefig(temporary, dpi=110)
        paths.append(folder / name)
    return paths
