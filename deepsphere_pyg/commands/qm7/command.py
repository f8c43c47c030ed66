"""``deepsphere-pyg qm7``: energies of molecules, on one of the published folds."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.commands.label_training import train_labels
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    add_output_arguments,
    add_training_arguments,
    n_parameters,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.commands.qm7.checks import check_qm7_options
from deepsphere_pyg.datasets import QM7, Molecules, qm7_coefficients
from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
from deepsphere_pyg.plot.labels import label_curves, scatter_of_answers
from deepsphere_pyg.pyg import Batch, DataLoader
from deepsphere_pyg.training.callbacks import EpochShuffle, write_rows
from deepsphere_pyg.training.evaluation import outputs_of
from deepsphere_pyg.training.fitting import Trained
from deepsphere_pyg.training.tasks import Task
from samplings.arrays import IntArray
from samplings.atomic_files import write_json

# Errors much larger than this share of the spread count linearly in the loss, because a
# few molecules have large errors at first.
QUADRATIC = 0.1
# The linear function of the composition has a weight for each element and a constant.
LEAST_TRAINED = 10


class EnergyTask(Task):
    """Energies of molecules; errors in the unit of the energies."""

    score_names: ClassVar[tuple[str, ...]] = ("rmse", "mae")
    monitor: ClassVar[str] = "rmse"

    def outputs(self, batch: Batch) -> Tensor:
        """Return the energies."""
        found: Tensor = self.network(batch.x, batch.z, batch.batch, batch.num_graphs)
        return found

    def size_of(self, batch: Batch) -> int:
        """Number of molecules in a batch."""
        return int(batch.num_graphs)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Huber's loss of the errors over their spread before training."""
        scale = self.network.scale
        truth = batch.y.double()
        return F.smooth_l1_loss(outputs / scale, truth / scale, beta=QUADRATIC)

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the energies."""
        return outputs

    def kept(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, ...]:
        """Keep energies and their truth."""
        return outputs, batch.y

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Root mean square and mean absolute error."""
        return errors_of(*kept)


def errors_of(answers: Tensor, truth: Tensor) -> dict[str, float]:
    """Return the root mean square and mean absolute error."""
    error = answers.double() - truth
    return {
        "rmse": float(error.square().mean().sqrt()),
        "mae": float(error.abs().mean()),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    data = parser.add_argument_group("data")
    add = data.add_argument
    add("--root", type=Path, required=True, help="qm7.mat, or its folder")
    add("--fold", type=int, default=0, help="test fold; the other four are trained on")
    add(
        "--n-validation",
        type=int,
        default=200,
        help="validation molecules, used to select the checkpoint",
    )
    network = parser.add_argument_group("network")
    add = network.add_argument
    add(
        "--mixing",
        choices=("full", "mst", "rmst"),
        default="mst",
        help="pairs of degrees that are multiplied: all, those of minimum spanning "
        "trees, or of thinned trees",
    )
    add(
        "--convolution",
        choices=("constrained", "unconstrained"),
        default="constrained",
        help="kind of the convolution after each product",
    )
    add(
        "--bandlimits",
        type=int,
        nargs="+",
        default=[6, 4, 1],
        help="bandlimits of the input spheres, then of the output of each block",
    )
    add(
        "--channels",
        type=int,
        nargs="+",
        default=[8, 8, 8],
        help="channels of the first convolution, then of each block",
    )
    add("--tau-max", type=float, default=3.0, help="number of fragments of degree 0")
    add("--width", type=int, default=128, help="width of the dense layers")
    add_training_arguments(
        parser,
        "molecules",
        "weights and order of the molecules",
        epochs=60,
        batch_size=32,
        lr=4e-3,
    )
    add_output_arguments(parser, "runs/qm7-fold-K")


@dataclass(frozen=True)
class Parts:
    """Indices of the training, validation and test molecules."""

    train: IntArray
    validation: IntArray
    test: IntArray


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if args.out is None:
        args.out = Path(f"runs/qm7-fold-{args.fold}")
    check_qm7_options(args)
    started = time.perf_counter()
    L = args.bandlimits[0]

    def spheres(molecules: Molecules) -> Tensor:
        return qm7_coefficients(
            molecules,
            L,
            radius=molecules.largest_radius,
            dtype=torch.float32,
            progress=True,
        ).packed

    dataset = QM7(args.root, features=spheres)
    parts = _split(dataset, args)
    print(
        f"data       {len(dataset)} molecules: {len(parts.train)} for training, "
        f"{len(parts.validation)} for validation, {len(parts.test)} of fold "
        f"{args.fold} for testing"
    )
    torch.manual_seed(args.seed)
    network = MoleculeNetwork(
        GeneralizedSphericalCNN(
            len(dataset.molecules.elements),
            None,
            bandlimits=args.bandlimits,
            channels=args.channels,
            tau_max=args.tau_max,
            mixing=args.mixing,
            convolution=args.convolution,
        ),
        dataset.molecules.elements,
        width=args.width,
        radius=dataset.molecules.largest_radius,
    )
    molecules = dataset.molecules
    counts = torch.from_numpy(np.array(molecules.composition[parts.train]))
    energies = torch.from_numpy(np.array(molecules.energies[parts.train]))
    left = network.fit_composition(counts, energies)
    # From all training spheres, because few batches hold all elements.
    network.spheres.standardize.fit_(
        torch.cat([molecule.x for molecule in dataset[parts.train]])
    )
    print(f"composition alone: training error of {left:.2f} kcal/mol")
    train = DataLoader(
        dataset[parts.train],
        batch_size=args.batch_size,
        sampler=EpochShuffle(len(parts.train), args.seed),
        # The statistics of a few atoms would be too noisy.
        drop_last=len(parts.train) >= args.batch_size,
    )
    held = _loader(dataset, parts.validation, args)
    trained = train_labels(args, EnergyTask, network, train, held)
    if trained is None:
        return INTERRUPTED
    test = outputs_of(trained.task, _loader(dataset, parts.test, args), args.device)
    seconds = time.perf_counter() - started
    _report(args, dataset, parts, trained, test, seconds)
    return 0


def _split(dataset: QM7, args: argparse.Namespace) -> Parts:
    """Hold out training molecules for validation, chosen by the seed."""
    train, test = dataset.fold_split(args.fold)
    left = max(0, len(train) - args.n_validation)
    if left < LEAST_TRAINED:
        raise ValueError(
            f"--n-validation {args.n_validation} leaves {left} of {len(train)} "
            f"molecules for training, fewer than {LEAST_TRAINED}; hold out fewer"
        )
    order = np.random.default_rng(args.seed).permutation(train)
    held = args.n_validation
    return Parts(np.sort(order[held:]), np.sort(order[:held]), test)


def _loader(dataset: QM7, part: IntArray, args: argparse.Namespace) -> DataLoader:
    return DataLoader(dataset[part], batch_size=max(64, args.batch_size))


def _report(
    args: argparse.Namespace,
    dataset: QM7,
    parts: Parts,
    trained: Trained,
    test: tuple[Tensor, Tensor],
    seconds: float,
) -> None:
    """Print and write scores, answers and pictures."""
    answers, truth = (part.numpy() for part in test)
    scores = errors_of(*test)
    linear = _composition_alone(trained.network, dataset, parts.test)
    baseline = errors_of(linear, test[1])
    print(f"\nfold {args.fold}, {len(truth)} molecules, kcal/mol{'rmse':>10}{'mae':>8}")
    for name, of in (("composition alone", baseline), ("network", scores)):
        print(f"{name:<32}{of['rmse']:>10.2f}{of['mae']:>8.2f}")
    metrics = {
        **run_facts(args),
        "parameters": n_parameters(trained.network),
        "fold": args.fold,
        "unit": "kcal/mol",
        "test": scores,
        "composition": baseline,
        "validation": {"rmse": trained.best, "epoch": trained.best_epoch},
        "seconds": round(seconds, 1),
    }
    write_json(args.out / "metrics.json", metrics)
    rows = [
        {"molecule": int(number), "energy": float(y), "network": round(float(a), 4)}
        for number, y, a in zip(parts.test, truth, answers, strict=True)
    ]
    write_rows(args.out / "predictions.csv", rows)
    figures = {
        "scatter.png": scatter_of_answers(
            truth, answers, "atomization energy", "kcal/mol"
        ),
        "learning_curves.png": label_curves(
            trained.history, EnergyTask.score_names, "kcal/mol"
        ),
    }
    names = ("metrics.json", "predictions.csv", "history.csv")
    files = [args.out / name for name in names]
    print_files(*files, *write_figures(args.out, figures))
    print(f"checkpoint {trained.checkpoint}")


def _composition_alone(network: Any, dataset: QM7, part: IntArray) -> Tensor:
    counts = torch.from_numpy(np.array(dataset.molecules.composition[part])).double()
    weights = network.composition
    energies: Tensor = counts @ weights[:-1] + weights[-1]
    return energies
