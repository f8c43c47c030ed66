"""Train a network that predicts labels, and evaluate it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.models import SavedModel, load_model
from deepsphere_pyg.training.callbacks import AtomicCheckpoints
from deepsphere_pyg.training.evaluation import refuse_diverged
from deepsphere_pyg.training.label_module import LabelModule, LabelTask
from deepsphere_pyg.training.loop import train_loop
from deepsphere_pyg.training.resume import fixed_settings, labels_to_resume


@dataclass(frozen=True)
class TrainedLabels:
    """A trained network.

    Attributes
    ----------
    network
        With the weights of the best validation score.
    history
        Scores by epoch.
    checkpoint
        File of the best weights.
    best, best_epoch
        Their score and epoch.
    """

    network: SavedModel
    history: list[dict[str, float]]
    checkpoint: Path
    best: float | None
    best_epoch: int | None


def fit_labels(
    args: argparse.Namespace,
    network: SavedModel,
    task: LabelTask,
    train: Iterable[Any],
    validation: Iterable[Any],
    folder: Path,
) -> TrainedLabels | None:
    """Train a network, or resume its training; return None after an interrupt.

    Parameters
    ----------
    args
        Options ``seed``, ``lr``, ``epochs``, ``device`` and ``resume``.
    network
        Network to train.
    task
        Its task.
    train, validation
        Batches.
    folder
        Folder of the checkpoints and the history.

    Raises
    ------
    ValueError
        If there is a checkpoint of another training, or training diverges.
    """
    pl.seed_everything(args.seed, verbose=False)
    checkpoints = AtomicCheckpoints(folder, f"val/{task.monitor}", lowest=task.lowest)
    resume = labels_to_resume(args, network, checkpoints.last_path)
    notes = {"settings": fixed_settings(args), "seed": args.seed}
    module = LabelModule(network, task, args.lr, notes)
    scores = [f"val/{name}" for name in task.names]
    names = ["train/loss", f"val/{task.monitor}", "val/loss"]
    names += [name for name in scores if name not in names]
    history = train_loop(
        module, train, validation, checkpoints, names, args, resume, clip=1.0
    )
    if history is None:
        return None
    best = load_model(checkpoints.best_path)
    return TrainedLabels(
        best,
        history,
        checkpoints.best_path,
        checkpoints.best,
        checkpoints.best_epoch,
    )


@torch.no_grad()
def answers_of(
    network: SavedModel, task: LabelTask, batches: Iterable[Any], device: str
) -> tuple[Tensor, Tensor]:
    """Return a network's answers to all batches, and the truth, on the CPU.

    Raises
    ------
    ValueError
        If an answer is not finite.
    """
    network = network.to(device).eval()
    found = []
    for batch in tqdm(batches, desc="predicting", leave=False, disable=None):
        moved = batch.to(device) if hasattr(batch, "to") else batch
        answers, truth = task.answers(network, moved)
        refuse_diverged(answers)
        found.append((answers.cpu(), truth.cpu()))
    answers, truth = (torch.cat(part) for part in zip(*found, strict=True))
    return answers, truth
