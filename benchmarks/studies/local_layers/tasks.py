"""Trainings of a kind of layers, the scores of the test, and the times of a step."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import nn
from torch.nn import functional as F

from benchmarks.measuring.kept import Result
from benchmarks.measuring.timing import Run, interleaved, without_gradient
from benchmarks.studies.climate_runs.data import FORCED, PIXELS, fold_of, runs_of
from benchmarks.studies.climate_runs.networks import trained
from benchmarks.studies.climate_runs.report import rmse
from benchmarks.studies.local_layers.kinds import Kind
from benchmarks.studies.local_layers.rotations import answer_error, map_error
from deepsphere_pyg.commands.segment.data import TEST_SEED, VALIDATION_SEED
from deepsphere_pyg.datasets import ClimateEvents
from deepsphere_pyg.datasets.climate.cam5 import CAM5_CHANNELS, CAM5_CLASSES
from deepsphere_pyg.metrics import segmentation_scores
from deepsphere_pyg.training import fit
from samplings import HEALPix

Maps = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
CHANNELS, CLASSES = len(CAM5_CHANNELS), len(CAM5_CLASSES)
BATCH = 4


@dataclass(frozen=True, eq=False)
class Events:
    """Generated weather with cyclones and rivers: fields and classes of vertices.

    ``rotated`` has the maps of ``test``, each rotated by its own rotation.
    """

    sampling: HEALPix
    training: Maps
    validation: Maps
    test: Maps
    rotated: Maps

    @classmethod
    def generated(cls, nside: int, n_training: int, n_test: int) -> Events:
        """Generate maps for the training, and as many to validate as to test."""
        sampling = HEALPix(nside)

        def maps(count: int, seed: int, rotate: bool = False) -> Maps:
            some = ClimateEvents(sampling, count, seed=seed, rotate=rotate)
            samples = [some[i] for i in range(count)]
            x = np.stack([one.x.numpy() for one in samples])
            return x, np.stack([one.y.numpy() for one in samples])

        return cls(
            sampling,
            maps(n_training, 0),
            maps(n_test, VALIDATION_SEED),
            maps(n_test, TEST_SEED),
            maps(n_test, TEST_SEED, rotate=True),
        )


def events(kind: Kind, data: Events, *, epochs: int, rate: float, seed: int) -> Result:
    """Train a U-Net to find cyclones and rivers, and score it.

    The weights are those of the best validation score.
    """
    start = time.process_time()
    torch.manual_seed(seed)
    network = kind.unet(CHANNELS, CLASSES, data.sampling)
    with contextlib.redirect_stdout(io.StringIO()):
        found = fit(
            network,
            *data.training,
            validation=data.validation,
            class_names=CAM5_CLASSES,
            epochs=epochs,
            batch_size=BATCH,
            learning_rate=rate,
            seed=seed,
        )

    def score(maps: Maps) -> float:
        x, truth = maps
        y = found.predict(x, batch_size=BATCH, progress=False)
        y = y.reshape(-1, CLASSES)
        scores = segmentation_scores(truth.ravel(), y, CAM5_CLASSES)
        return float(scores.mean_average_precision)

    facts = {
        "parameters": parameters(network),
        "score": score(data.test),
        "rotated": score(data.rotated),
        "error": map_error(found.network, data.sampling.nside, seed),
        "seconds": time.process_time() - start,
    }
    return facts, {}


def climate_run(
    kind: Kind,
    runs: xr.DataArray,
    task: str,
    fold: tuple[Sequence[Sequence[int]], Sequence[int]],
    *,
    epochs: int,
    rate: float,
    seed: int,
) -> Result:
    """Train a classifier on runs of a climate model, and score it on those held out.

    The score is the error in years, or the share of maps whose forcing is right. Inputs
    keep the global mean of each map in the task ``"year"`` alone. The seed chooses the
    training runs that stop the training early.
    """
    start = time.process_time()
    groups, test = fold
    some = runs_of(runs, task)
    fields = fold_of(some, groups, keep_mean=task == "year")
    pairs = list(zip(*groups, strict=True))
    found = trained(
        kind.classifier,
        fields,
        pairs[seed % len(pairs)],
        test,
        classes=task == "forcing",
        epochs=epochs,
        rate=rate,
        seed=seed,
    )
    if task == "year":
        years = some["year"].to_numpy()
        everything = np.ones(len(years), dtype=bool)
        score = rmse(found.test[test[0]], years, everything)
    else:
        right = [(odds > 0) == (run in FORCED) for run, odds in found.test.items()]
        score = float(np.mean(right))
    facts = {
        "parameters": found.parameters,
        "score": score,
        "error": answer_error(found.network, PIXELS.nside, seed),
        "seconds": time.process_time() - start,
    }
    return facts, {}


def parameters(network: nn.Module) -> int:
    """Return the number of learned numbers."""
    return sum(one.numel() for one in network.parameters())


def times(
    kinds: Mapping[str, Kind], data: Events, rounds: int, budget: float
) -> dict[str, dict[str, float]]:
    """Return the least milliseconds of a training step of four maps, and of a map.

    They are of the processor, by all threads together. All kinds are measured in turn,
    so that a disturbance affects all alike.

    Parameters
    ----------
    kinds
        Kinds by name.
    data
        Maps.
    rounds, budget
        Largest number of rounds, and seconds for each kind.
    """
    X = torch.from_numpy(data.training[0][:BATCH])
    y = torch.from_numpy(data.training[1][:BATCH])
    steps: dict[str, Run] = {}
    answers: dict[str, Run] = {}
    for name, kind in kinds.items():
        network = kind.unet(CHANNELS, CLASSES, data.sampling)
        steps[name] = _step(network, X, y)
        answers[name] = without_gradient(
            kind.unet(CHANNELS, CLASSES, data.sampling).eval(), X
        )
    device = torch.device("cpu")
    step, answer = (
        {name: 1e3 * min(found) for name, found in measured.items()}
        for measured in (
            interleaved(some, device, rounds, budget, time.process_time)
            for some in (steps, answers)
        )
    )
    return {
        name: {"step_ms": step[name], "map_ms": answer[name] / len(X)} for name in kinds
    }


def _step(network: nn.Module, X: torch.Tensor, y: torch.Tensor) -> Run:
    """Return a training step on a batch of maps."""
    # The smallest rate, so that many steps stay where one is.
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-12)

    def run() -> Any:
        optimizer.zero_grad()
        logits = network(X).flatten(0, 1)
        F.cross_entropy(logits, y.flatten()).backward()
        optimizer.step()

    return run
