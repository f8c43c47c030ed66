"""Train one network on shapes, and test it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from deepsphere_pyg.commands.options.training import (
    n_parameters,
    trainer_of,
    training_of,
)
from deepsphere_pyg.commands.shapes.answers import (
    ShapeAnswers,
    answers_of,
    nearest_answers,
)
from deepsphere_pyg.commands.shapes.batches import CopyBatches
from deepsphere_pyg.commands.shapes.data import Shapes
from deepsphere_pyg.commands.shapes.networks import CHANNELS, SHAPE_NETWORKS, SPECTRUM
from deepsphere_pyg.commands.shapes.runs import Run
from deepsphere_pyg.commands.shapes.spectra import PowerSpectra
from deepsphere_pyg.commands.shapes.task import ShapeTask
from deepsphere_pyg.models import HarmonicClassifier, SavedModel
from deepsphere_pyg.training import load_task
from deepsphere_pyg.training.tasks import Task
from deepsphere_pyg.training.trained import Trained, train

# Copies in a batch of validation or testing, whatever the batch of training.
TEST_BATCH = 64


@dataclass(frozen=True)
class Tested:
    """A trained network, and its answers.

    Attributes
    ----------
    run
        Which training.
    answers
        Answers to shapes as they are ("NR") and rotated ("R").
    parameters
        Number of parameters.
    minutes
        Duration of the training, since it was last resumed, and of the test.
    trained
        The network and its history; None for the nearest neighbour of spectra, and
        without training.
    """

    run: Run
    answers: dict[str, ShapeAnswers]
    parameters: int
    minutes: float
    trained: Trained | None = None


def fit_and_test(shapes: Shapes, run: Run, folder: Path) -> Tested | None:
    """Train, or resume, and test; return None after an interrupt.

    Parameters
    ----------
    shapes
        The shapes.
    run
        Which training.
    folder
        Folder of its checkpoints.
    """
    started = time.perf_counter()
    if run.network == SPECTRUM:
        answers = _nearest(shapes, run)
        return Tested(run, answers, 0, (time.perf_counter() - started) / 60)
    options = shapes.options
    if options.evaluate:
        task: Task = load_task(folder / "best.ckpt")
        trained = None
    else:
        trained = _fit(shapes, run, folder)
        if trained is None:
            return None
        task = trained.task
    answers = {
        test: answers_of(
            task,
            shapes.testing(run.network, run.fold, test),
            shapes.class_names,
            retrieve=options.retrieve,
            batch_size=TEST_BATCH,
            device=options.torch_device,
        )
        for test in shapes.tests
    }
    minutes = (time.perf_counter() - started) / 60
    return Tested(run, answers, n_parameters(task.network), minutes, trained)


def _fit(shapes: Shapes, run: Run, folder: Path) -> Trained | None:
    """Train a network, or resume its training."""
    options = shapes.options
    maps = shapes.training(run.network, run.fold, run.train)
    build = SHAPE_NETWORKS[run.network].build
    assert build is not None
    torch.manual_seed(options.seed)
    network: SavedModel = build(
        shapes.sampling(run.network), options.nside, len(shapes.class_names)
    )
    own = isinstance(network, HarmonicClassifier)
    task = ShapeTask(
        network,
        shapes.class_names,
        triplet=options.triplet,
        # Networks on coefficients are not given maps.
        in_channels=None if own else CHANNELS,
        options=training_of(options),
        notes={"run": run._asdict(), "channels": CHANNELS},
    )
    if task.standardize is not None:
        task.standardize.fit_(*maps["train"].statistics())
    last = folder / "last.ckpt"
    return train(
        task,
        CopyBatches(
            maps["train"],
            network,
            options.batch_size,
            options.seed,
            one_copy=options.one_copy,
        ),
        CopyBatches(maps["validation"], network, TEST_BATCH),
        folder,
        resume=last if last.exists() else None,
        trainer={"gradient_clip_val": 1.0, **trainer_of(options)},
    )


def _nearest(shapes: Shapes, run: Run) -> dict[str, ShapeAnswers]:
    """Answer with the nearest shapes by power spectra."""
    spectra = PowerSpectra(shapes.sampling(SPECTRUM), shapes.options.nside)
    known = shapes.training(SPECTRUM, run.fold, run.train)["train"]
    features = spectra(known)
    scale = features.std(axis=0)
    scale[scale == 0] = 1
    found = {}
    for test in shapes.tests:
        copies = shapes.testing(SPECTRUM, run.fold, test)
        found[test] = nearest_answers(
            features / scale,
            known.labels,
            copies,
            spectra(copies) / scale,
            shapes.class_names,
        )
    return found
