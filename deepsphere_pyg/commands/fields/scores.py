"""Scores of regressions and classifications on the test samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.metrics.error_sums import ErrorSums, error_sums, merged
from deepsphere_pyg.training.evaluation import outputs_of
from deepsphere_pyg.training.tasks import ClassificationTask, Task
from deepsphere_pyg.training.tasks.base import refuse_diverged
from samplings.arrays import IntArray


@dataclass(frozen=True)
class NumberScores:
    """Errors of numbers, per target.

    Attributes
    ----------
    network, mean
        Of the network, and of the means of the training targets: at each vertex, for
        maps.
    """

    network: ErrorSums
    mean: ErrorSums | None

    def rows(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Return a row for each target and predictor."""
        rows = []
        for who, sums in (("network", self.network), ("training mean", self.mean)):
            if sums is None:
                continue
            for i, name in enumerate(names):
                scores = {"rmse": sums.rmse, "mae": sums.mae, "bias": sums.bias}
                scores["r2"] = sums.r2
                # Not a number, as R² of a constant, is not JSON.
                values = {
                    key: None if value[i].isnan() else float(value[i])
                    for key, value in scores.items()
                }
                rows.append({"target": name, "predictor": who, **values})
        return rows


@torch.no_grad()
def number_scores(
    task: Task, batches: Iterable[Any], mean: Tensor | None, device: str
) -> NumberScores:
    """Score predictions of numbers, batch by batch.

    Parameters
    ----------
    task
        The trained task.
    batches
        Test samples.
    mean
        Means of the training targets, ``(V, C)`` or ``(C,)``.
    device
        Device to compute on.
    """
    task.to(device).eval()
    area = getattr(task, "area", None)
    weights = None if area is None else area.cpu()
    found: list[Tensor] = []
    baseline: list[Tensor] = []
    for batch in tqdm(batches, desc="testing", leave=False, disable=None):
        answers = task.prediction(task(batch.x.to(device))).cpu()
        refuse_diverged(answers)
        mask = getattr(batch, "mask", None)
        found.append(error_sums(answers, batch.y, weights, mask, torch.float64))
        if mean is not None:
            same = mean.to(batch.y).expand_as(batch.y)
            baseline.append(error_sums(same, batch.y, weights, mask, torch.float64))
    task.cpu()
    return NumberScores(
        ErrorSums(*merged(torch.stack(found))),
        ErrorSums(*merged(torch.stack(baseline))) if baseline else None,
    )


def mean_target(part: Any) -> Tensor:
    """Return the mean of the targets over the samples, where they count.

    Vertices whose targets never count get the mean of the others.
    """
    total: Tensor | None = None
    count: Tensor | None = None
    for index in tqdm(part.reading_order(), desc="mean", leave=False, disable=None):
        sample = part[int(index)]
        y = sample.y.double()
        known = torch.ones(y.shape[:-1]).double()
        if hasattr(sample, "mask"):
            known = sample.mask.double()
        total = y * known[..., None] + (0 if total is None else total)
        count = known + (0 if count is None else count)
    if total is None or count is None:
        raise ValueError("there are no training samples to average")
    mean = total / count[..., None]
    left = ~torch.isfinite(mean)
    overall = total.reshape(-1, total.shape[-1]).sum(0) / count.sum()
    return torch.where(left, overall, mean)


def confusion(
    task: ClassificationTask, batches: Iterable[Any], device: str
) -> IntArray:
    """Return numbers of samples by true class (row) and predicted class (column)."""
    outputs, truth = outputs_of(task, batches, device)
    task.cpu()
    n = len(task.class_names)
    flat = truth.numpy() * n + outputs.argmax(dim=-1).numpy()
    return np.bincount(flat, minlength=n * n).reshape(n, n)
