"""``deepsphere-pyg qm7``: energies of molecules, on one of the published folds."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.atomic_files import atomic_path, write_json
from deepsphere_pyg.commands.qm7.checks import check_qm7_options
from deepsphere_pyg.datasets import QM7, Molecules, qm7_coefficients
from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
from deepsphere_pyg.plot.labels import label_curves, scatter_of_answers
from deepsphere_pyg.pyg import Batch, DataLoader
from deepsphere_pyg.training.callbacks import EpochShuffle, write_rows
from deepsphere_pyg.training.label_fit import TrainedLabels, answers_of, fit_labels
from deepsphere_pyg.training.label_module import LabelTask
from deepsphere_pyg.training.resume import settings
from samplings.arrays import IntArray

# Errors much larger than this share of the spread count linearly in the loss: a few
# molecules are far off at first.
QUADRATIC = 0.1
# The composition alone has a number for each element and one.
LEAST_TRAINED = 10


class EnergyTask(LabelTask):
    """Energies of molecules; errors in the unit of the energies."""

    names: ClassVar[tuple[str, ...]] = ("rmse", "mae")
    monitor: ClassVar[str] = "rmse"
    lowest: ClassVar[bool] = True

    def answers(self, network: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return energies and their truth."""
        found = network(batch.x, batch.z, batch.batch, batch.num_graphs)
        return found, batch.y.double()

    def loss(self, network: Any, answers: Tensor, truth: Tensor) -> Tensor:
        """Huber's loss of the errors over their spread before training."""
        scale = network.scale
        return F.smooth_l1_loss(answers / scale, truth / scale, beta=QUADRATIC)

    def scores(self, answers: Tensor, truth: Tensor) -> dict[str, float]:
        """Root mean square and mean absolute error."""
        error = answers - truth
        return {
            "rmse": float(error.square().mean().sqrt()),
            "mae": float(error.abs().mean()),
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    data = parser.add_argument_group("data")
    data.add_argument(
        "--root", type=Path, required=True, help="qm7.mat, or the folder it is in"
    )
    data.add_argument(
        "--fold", type=int, default=0, help="test on it, train on the other four"
    )
    data.add_argument(
        "--n-validation",
        type=int,
        default=200,
        help="molecules held out of training, by which the best weights are chosen",
    )
    network = parser.add_argument_group("network")
    network.add_argument(
        "--mixing",
        choices=("full", "mst", "rmst"),
        default="mst",
        help="which degrees are multiplied",
    )
    network.add_argument(
        "--convolution",
        choices=("constrained", "unconstrained"),
        default="constrained",
        help="after products",
    )
    network.add_argument(
        "--bandlimits",
        type=int,
        nargs="+",
        default=[6, 4, 1],
        help="of the spheres, then of what each block makes",
    )
    network.add_argument(
        "--channels",
        type=int,
        nargs="+",
        default=[8, 8, 8],
        help="of the first convolution, then of each block",
    )
    network.add_argument(
        "--tau-max", type=float, default=3.0, help="fragments of degree 0"
    )
    network.add_argument("--width", type=int, default=128, help="of the dense networks")
    training = parser.add_argument_group("training")
    training.add_argument("--epochs", type=int, default=60, help="passes")
    training.add_argument("--batch-size", type=int, default=32, help="molecules a step")
    training.add_argument("--lr", type=float, default=4e-3, help="Adam's highest rate")
    training.add_argument("--seed", type=int, default=0, help="of weights and order")
    training.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    training.add_argument("--threads", type=int, help="CPU threads of PyTorch")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", type=Path, help="folder of the results (default: runs/qm7-fold-K)"
    )
    output.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint in --out, if there is one",
    )


@dataclass(frozen=True)
class Parts:
    """Numbers of molecules to train on, to choose weights by, and to test on."""

    train: IntArray
    validation: IntArray
    test: IntArray


def run(args: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    if args.out is None:
        args.out = Path(f"runs/qm7-fold-{args.fold}")
    check_qm7_options(args)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
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
        f"data       {len(dataset)} molecules: {len(parts.train)} to train on, "
        f"{len(parts.validation)} to choose weights by, {len(parts.test)} of fold "
        f"{args.fold} to test on"
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
    # Sizes of the training spheres: few batches hold all elements alike.
    network.spheres.standardize.fit_(
        torch.cat([molecule.x for molecule in dataset[parts.train]])
    )
    print(f"composition leaves {left:.2f} kcal/mol of the training energies")
    task = EnergyTask()
    train = DataLoader(
        dataset[parts.train],
        batch_size=args.batch_size,
        sampler=EpochShuffle(len(parts.train), args.seed),
        # The statistics of a few atoms alone would be too rough.
        drop_last=len(parts.train) >= args.batch_size,
    )
    trained = fit_labels(
        args, network, task, train, _loader(dataset, parts.validation, args), args.out
    )
    if trained is None:
        return 130
    test = answers_of(
        trained.network, task, _loader(dataset, parts.test, args), args.device
    )
    seconds = time.perf_counter() - started
    _report(args, dataset, parts, trained, test, seconds)
    return 0


def _split(dataset: QM7, args: argparse.Namespace) -> Parts:
    """Hold some of the training molecules out, by the seed."""
    train, test = dataset.fold_split(args.fold)
    left = max(0, len(train) - args.n_validation)
    if left < LEAST_TRAINED:
        raise ValueError(
            f"--n-validation {args.n_validation} leaves {left or 'none'} of "
            f"{len(train)} molecules to train on, fewer than {LEAST_TRAINED}; hold "
            "out fewer"
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
    trained: TrainedLabels,
    test: tuple[Tensor, Tensor],
    seconds: float,
) -> None:
    """Print and write scores, answers and pictures."""
    task = EnergyTask()
    answers, truth = (part.numpy() for part in test)
    scores = task.scores(*test)
    linear = _composition_alone(trained.network, dataset, parts.test)
    baseline = task.scores(linear, test[1])
    parameters = sum(p.numel() for p in trained.network.parameters())
    print(f"\nfold {args.fold}, {len(truth)} molecules, kcal/mol{'rmse':>10}{'mae':>8}")
    for name, of in (("composition alone", baseline), ("network", scores)):
        print(f"{name:<32}{of['rmse']:>10.2f}{of['mae']:>8.2f}")
    metrics = {
        "settings": settings(args),
        "fold": args.fold,
        "unit": "kcal/mol",
        "test": scores,
        "composition": baseline,
        "validation": {"rmse": trained.best, "epoch": trained.best_epoch},
        "parameters": parameters,
        "seconds": round(seconds, 1),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
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
            trained.history, EnergyTask.names, "kcal/mol"
        ),
    }
    for name, figure in figures.items():
        with atomic_path(args.out / name) as temporary:
            figure.savefig(temporary, dpi=110)
    names: Sequence[str] = ("metrics.json", "predictions.csv", "history.csv", *figures)
    print(
        "\nfiles      " + "\n           ".join(str(args.out / name) for name in names)
    )
    print(f"checkpoint {trained.checkpoint}")


def _composition_alone(network: Any, dataset: QM7, part: IntArray) -> Tensor:
    counts = torch.from_numpy(np.array(dataset.molecules.composition[part])).double()
    weights = network.composition
    energies: Tensor = counts @ weights[:-1] + weights[-1]
    return energies
