"""Fit one classifier and test it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from deepsphere_pyg.commands.cosmology.baselines import fit_svm
from deepsphere_pyg.commands.cosmology.data import Data
from deepsphere_pyg.commands.cosmology.methods import Method
from deepsphere_pyg.commands.cosmology.patch_batches import PatchBatches
from deepsphere_pyg.commands.cosmology.patch_features import (
    PatchFeatures,
    PixelHistogram,
    PseudoSpectrum,
)
from deepsphere_pyg.commands.cosmology.task import NoisyMapsTask
from deepsphere_pyg.commands.options.training import (
    n_parameters,
    trainer_of,
    training_of,
)
from deepsphere_pyg.models import load_model
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks import Task
from deepsphere_pyg.training.trained import train

CLASSES = ("class 1", "class 2")
#: How often linear classifiers see each training map, with other noise. Spectra, which
#: take a third of a second at nside 512, are seen once.
REPEATS = {"histogram": 10, "spectrum": 1}
# Patches that the time of a network is measured on, and repetitions.
TIMED, REPETITIONS = 4, 7


def fit_linear(data: Data, method: Method, level: float) -> dict[str, Any]:
    """Fit a linear classifier, and return the facts of its row."""
    started = time.perf_counter()
    train, sigma = data.train, level * data.spread
    features: PatchFeatures
    if method.name == "histogram":
        features = PixelHistogram.of(train.x)
    else:
        features = PseudoSpectrum(train.sampling)
    repeats = REPEATS[method.name] if sigma else 1
    held = features(data.held("validation", level))
    fitted = fit_svm(
        features(train.x, noise=sigma, repeats=repeats),
        np.tile(train.y, repeats),
        held,
        data.validation.y,
    )
    tested = features(data.held("test", level))
    return {
        "error": 100 * fitted.error(tested, data.test.y),
        "validation_error": 100 * min(fitted.validation_errors),
        "parameters": tested.shape[1] + 1,
        "minutes": (time.perf_counter() - started) / 60,
    }


def fit_network(
    data: Data,
    method: Method,
    level: float,
    seed: int,
    training: TrainingOptions,
    folder: Path,
    trainer: Mapping[str, Any],
    start: Path | None = None,
) -> dict[str, Any] | None:
    """Train a network, or resume its training; return None after an interrupt.

    ``start`` is a checkpoint whose weights it starts from.
    """
    started = time.perf_counter()
    maps, sigma = data.train, level * data.spread
    torch.manual_seed(seed)
    network = method.network(maps.sampling)
    chosen = training.changed(seed=seed)
    task = NoisyMapsTask(
        network, CLASSES, sigma=sigma, in_channels=1, options=chosen, notes={}
    )
    mean = float(maps.x.mean(dtype=np.float64))
    if task.standardize is not None:
        task.standardize.fit_([mean], [float(np.hypot(data.spread, sigma))])
    held = data.held("validation", level), data.validation.y
    last = folder / "last.ckpt"
    if start is not None and not last.exists():
        network.load_state_dict(load_model(start).state_dict())
    size = chosen.batch_size
    trained = train(
        task,
        PatchBatches(maps.x, maps.y, size, seed),
        PatchBatches(*held, size),
        folder,
        resume=last if last.exists() else None,
        trainer={"gradient_clip_val": 1.0, **trainer},
    )
    if trained is None:
        return None
    answers = trained.predict(
        data.held("test", level)[..., None], batch_size=size, progress=False
    )
    x = torch.from_numpy(maps.x[:TIMED, :, None])
    chosen_epoch = trained.history[(trained.best_epoch or 0) - 1]
    return {
        "error": 100 * float(np.mean(answers.argmax(-1) != data.test.y)),
        "validation_error": 100.0 - float(chosen_epoch["val/accuracy"]),
        "parameters": n_parameters(network),
        "ms_training": _milliseconds(trained.task, x, training=True),
        "ms_inference": _milliseconds(trained.task, x),
        "minutes": (time.perf_counter() - started) / 60,
    }


def _milliseconds(task: Task, x: torch.Tensor, *, training: bool = False) -> float:
    """Time that a network takes for a patch, in training with all gradients."""
    x = x.to(next(task.network.parameters()).device)
    times = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        with torch.set_grad_enabled(training):
            total = task(x).sum()
            if training:
                total.backward()
            # The transfer waits for the device.
            total.item()
        times.append(time.perf_counter() - started)
    task.zero_grad()
    return 1000 * median(times) / len(x)


def classify(data: Data, method: Method, level: float, seed: int) -> Any:
    """Fit and test a classifier; return None after an interrupt."""
    options = data.options
    if method.linear:
        return fit_linear(data, method, level)
    training = training_of(options)
    folder = folder_of(options, method, level, seed)
    start = None
    if options.warm_start and (position := options.noise.index(level)):
        before = options.noise[position - 1]
        start = folder_of(options, method, before, seed) / "best.ckpt"
    return fit_network(
        data, method, level, seed, training, folder, trainer_of(options), start
    )


def folder_of(options: Any, method: Method, level: float, seed: int) -> Path:
    """Return the folder of a network's checkpoints."""
    folder: Path = options.folder
    return folder / f"{method.name}-noise{level:g}-seed{seed}"
