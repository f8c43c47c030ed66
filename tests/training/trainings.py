"""Small trainings of each task, run in one process or as a script in several.

``python tests/training/trainings.py FOLDER PROCESSES STRATEGY CASE...`` trains each
case for an epoch, copies its folder, and resumes for another one; each process keeps
the result.
"""

import copy
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deepsphere_pyg import PixelNetwork, SphericalClassifier, SphericalUNet
from deepsphere_pyg.datasets import FisherMaps, RotatedPairs
from deepsphere_pyg.inference import GaussianLikelihoodLoss, MutualInformationLoss
from deepsphere_pyg.losses import DiceLoss, L2Loss, QuantileLoss
from deepsphere_pyg.models import SphericalFourierOperator, UNetConfiguration
from deepsphere_pyg.processes import process_rank
from deepsphere_pyg.training import (
    FisherTask,
    RotationTask,
    SpaceStrategy,
    Trained,
    TrainingOptions,
    fit,
    fit_forecast,
    fit_summaries,
)
from samplings import HEALPix, PyramidPlan

SAMPLING = HEALPix(2)
V = len(SAMPLING)
# Nine maps: with two processes and batches of two, the last batch holds one map, and a
# process has no map of its own for it.
N, HELD = 9, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N + HELD, V, 2)) * [1.0, 3.0]
# A mask that differs from map to map, and so from process to process.
MASK = RNG.random((N + HELD, V)) < np.linspace(0.1, 1, N + HELD)[:, None]
MAPS = np.sin(X) @ [[2.0], [1.0]] + 5
CLASSES = (X[..., 0] > 0).astype(np.int64) + (X[..., 1] > 2)
YEARS = X.mean(axis=(1, 2))[:, None]
# Ten windows of three states to train on, and four to validate on.
SERIES = np.random.default_rng(1).normal(size=(18, V, 2)).cumsum(axis=0)


def unet(outputs: int, inputs: int = 2) -> nn.Module:
    """A network with batch normalisation."""
    small = UNetConfiguration("tiny", stem=2, widths=(4, 4), K=2)
    return SphericalUNet(inputs, outputs, SAMPLING, configuration=small)


def planned(outputs: int) -> nn.Module:
    """The same network, whose graphs processes build by region."""
    small = UNetConfiguration("tiny", stem=2, widths=(4, 4), K=2)
    return SphericalUNet(2, outputs, PyramidPlan(SAMPLING, 2, 8), configuration=small)


def fourier() -> nn.Module:
    """A network of harmonic transforms, which need whole maps."""
    return SphericalFourierOperator(2, 2, SAMPLING, channels=2, blocks=1)


def classifier(outputs: int) -> nn.Module:
    """A network of whole maps, with batch normalisation."""
    return SphericalClassifier(2, outputs, SAMPLING, widths=(4,), K=2)


class OwnLoss(nn.Module):
    """Mean squared error, which is not of this library."""

    def forward(self, prediction, target):
        """Return the mean over samples and outputs."""
        return (prediction - target).square().mean()


class Doubled(L2Loss):
    """A loss of this library, changed."""

    def forward(self, *args):
        """Return twice the loss."""
        return 2 * super().forward(*args)


def pixels(outputs: int) -> nn.Module:
    """A network without statistics."""
    return PixelNetwork(2, outputs, SAMPLING)


def mixture() -> nn.Module:
    """A loss with parameters, which are the same in each process."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return MutualInformationLoss(1, 2, components=2, hidden=(4,))


class Powers(nn.Module):
    """A linear function of the means of the powers of a map."""

    out_channels = 1

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 1)

    def forward(self, x):
        """Return one summary."""
        return self.linear(torch.cat([x, x**2], dim=2).mean(dim=1))


def fisher(options: TrainingOptions) -> tuple[FisherTask, FisherMaps]:
    """A task of a step in one parameter, a factor of the maps, and its maps."""
    task = FisherTask(Powers(), [0.1], weight=1, options=options)
    return task, FisherMaps(X, 1.1 * X[:, None], 0.9 * X[:, None])


def invariance(options: TrainingOptions) -> tuple[RotationTask, RotatedPairs]:
    """A task of pairs of maps, and the pairs."""
    return RotationTask(Powers(), options=options), RotatedPairs(X, SAMPLING)


# Network, targets, and options of the training.
MASKED = {"mask": MASK}
CASES = {
    "segmentation": (lambda: unet(3), CLASSES, MASKED),
    "regression": (lambda: unet(1), MAPS, MASKED),
    "global regression": (lambda: classifier(1), YEARS, {}),
    "classification": (lambda: classifier(2), np.arange(N + HELD) % 2, {}),
    "Dice": (lambda: pixels(3), CLASSES, {**MASKED, "loss": DiceLoss()}),
    "quantile": (lambda: pixels(1), MAPS, {**MASKED, "loss": QuantileLoss([0.3])}),
    "doubled": (lambda: pixels(1), MAPS, {**MASKED, "loss": Doubled()}),
    "own loss": (lambda: classifier(1), YEARS, {"loss": OwnLoss()}),
    "likelihood": (
        lambda: classifier(2),
        YEARS,
        {"loss": GaussianLikelihoodLoss(1, tikhonov=0.1, decay_steps=4)},
    ),
    "mutual information": (lambda: classifier(2), YEARS, {"loss": mixture()}),
    "Fisher information": (fisher, None, {}),
    "invariance": (invariance, None, {}),
    "forecast": (
        lambda: unet(2),
        None,
        {"steps": 2, "step_weights": [1, 2], "save_memory": True},
    ),
}
TASKS = tuple(CASES)[:4]
# Only processes that share each map train these. Of the forecasts, one is of a field
# that exists at some vertices and is missing at others of them at times, with a static
# field and forcing; noise is drawn for whole maps.
FIELD_MASK = RNG.random((V, 2)) < 0.8
ENSEMBLE = {"steps": 2, "noise": 0.3, "members": 3, "save_memory": True}
SHARED = {
    "planned": (lambda: planned(1), MAPS, MASKED),
    "rollout": (
        lambda: unet(2, 2 * 2 + 1 + 1),
        None,
        {
            **{"history": 2, "steps": 2, "noise": 0.1, "recompute": True},
            "fields": np.where(RNG.random(SERIES.shape) < 0.9, SERIES, np.nan),
            "forcing": SERIES[..., :1] ** 2,
            "static": RNG.normal(size=(V, 1)),
            "mask": FIELD_MASK,
        },
    ),
    "ensemble": (lambda: unet(2), None, {**ENSEMBLE, "residual": False}),
}
# Processes cannot share its maps.
REFUSED = {"Fourier": (fourier, None, {})}


def run(
    case: str,
    processes: int,
    folder: Path | None = None,
    strategy: str = "ddp",
    **options,
) -> Trained:
    """Train in double precision with four maps a step, over all processes."""
    parts = {"ddp": processes, "space": 1}.get(strategy, processes // 2)
    build, y, more = {**CASES, **SHARED, **REFUSED}[case]
    torch.manual_seed(0)
    trainer = {"precision": "64-true", **options.pop("trainer", {})}
    if processes > 1:
        chosen = SpaceStrategy(per_sphere=2) if strategy == "space-2" else strategy
        trainer |= {"devices": processes, "strategy": chosen}
    # Not Adam, which divides by gradients, of which those that vanish are round-off.
    rates = {"optimizer": "sgd", "learning_rate": 1e-2, "schedule": "constant"}
    common = {"folder": folder, "batch_size": 4 // parts, "trainer": trainer}
    given = {"epochs": 2, **common, **rates, **more, **options}
    # A loss may have parameters, which a training changes.
    given = copy.deepcopy(given)
    if case in ("Fisher information", "invariance"):
        places = {name: given.pop(name, None) for name in ("folder", "trainer")}
        resume = given.pop("resume", False)
        task, groups = build(TrainingOptions(**given))
        share = HELD / (N + HELD)
        return fit_summaries(task, groups, validation=share, resume=resume, **places)
    if y is None:
        fields = given.pop("fields", SERIES)
        return fit_forecast(build(), fields, validation=1 / 3, **given)
    network = build()
    if case == "planned" and processes == 1:
        network = network.with_sampling(network.pyramid.built())
    return fit(network, X, y, validation=HELD / (N + HELD), **given)


def kept(trained: Trained) -> dict:
    """Return what two runs must have in common."""
    state = trained.task.state_dict()
    return {"history": trained.history, "best": trained.best, "state": state}


if __name__ == "__main__":
    torch.set_num_threads(1)
    place, n, chosen = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for name in sys.argv[4:]:
        run(name, n, place / name, chosen, epochs=1)
        if process_rank() == 0:
            shutil.copytree(place / name, place / f"{name} after an epoch")
        result = kept(run(name, n, place / name, chosen, resume=True))
        torch.save(result, place / f"{name}-{process_rank()}.pt")
