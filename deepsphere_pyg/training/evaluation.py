"""Run a network over a data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from deepsphere_pyg.datasets import SegmentationDataset
from deepsphere_pyg.metrics.segmentation import SegmentationScores, segmentation_scores
from deepsphere_pyg.training.tasks.base import Task, refuse_diverged


@dataclass(frozen=True)
class Prediction:
    """Predictions of a network for the maps of a data set.

    Attributes
    ----------
    truth
        Class of each vertex, shape ``(maps, V)``.
    mask
        True at vertices that are scored, shape ``(maps, V)``.
    probability
        Probability of each class, shape ``(maps, V, classes)``, float32.
    """

    truth: npt.NDArray[np.int64]
    mask: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float32]

    def scores(
        self, class_names: Sequence[str], area: npt.NDArray[np.float64]
    ) -> SegmentationScores:
        """Score all maps pooled, valid vertices weighted by ``area (V,)``."""
        weights = np.broadcast_to(area, self.mask.shape)[self.mask]
        return segmentation_scores(
            self.truth[self.mask], self.probability[self.mask], class_names, weights
        )


@torch.no_grad()
def predict(
    network: nn.Module,
    dataset: SegmentationDataset,
    *,
    batch_size: int = 4,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> Prediction:
    """Predict every map of a data set.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to logits ``(batch, vertex, class)``. Put into
        evaluation mode, and moved to ``device``.
    dataset
        Maps to predict.
    batch_size
        Maps per batch.
    device
        Device to compute on.
    progress
        Whether to show a progress bar on a terminal.

    Raises
    ------
    ValueError
        If a probability is not finite.
    """
    network = network.to(device).eval()
    truth, mask, probability = [], [], []
    loader = DataLoader(dataset, batch_size=batch_size)
    hidden = None if progress else True  # None: tqdm asks whether there is a terminal
    for batch in tqdm(loader, desc="predicting", leave=False, disable=hidden):
        logits = network(batch.x.to(device))
        refuse_diverged(logits)
        truth.append(batch.y)
        mask.append(batch.mask)
        probability.append(logits.softmax(dim=-1).float().cpu())
    return Prediction(
        torch.cat(truth).numpy(),
        torch.cat(mask).numpy(),
        torch.cat(probability).numpy(),
    )


@torch.no_grad()
def outputs_of(
    task: Task, batches: Iterable[Any], device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Return the outputs of a task's network for all batches, and the targets.

    Parameters
    ----------
    task
        Put into evaluation mode, and moved to ``device``.
    batches
        Batches with a target ``y``.
    device
        Device to compute on.

    Returns
    -------
    tuple of Tensor
        Outputs and targets of all samples, on the CPU.

    Raises
    ------
    ValueError
        If an output is not finite.
    """
    task.to(device).eval()
    found = []
    for batch in tqdm(batches, desc="predicting", leave=False, disable=None):
        outputs = task.outputs(batch.to(device) if hasattr(batch, "to") else batch)
        refuse_diverged(outputs)
        found.append((outputs.cpu(), batch.y.cpu()))
    outputs, targets = (torch.cat(part) for part in zip(*found, strict=True))
    return outputs, targets
