"""``deepsphere-pyg digits``: digits on the sphere, as they are and turned."""

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

from deepsphere_pyg.commands.checks import check_device, check_folder
from deepsphere_pyg.commands.digits.batches import (
    DigitBatch,
    DigitBatches,
    finished,
)
from deepsphere_pyg.commands.digits.networks import DIGIT_NETWORKS, ON_COEFFICIENTS
from deepsphere_pyg.commands.digits.report import ToldDigits, write_report
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.datasets.digits.spherical_mnist_files import read_mnist
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import INTERPOLATIONS
from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.label_fit import answers_of, fit_labels
from deepsphere_pyg.training.label_module import LabelTask
from deepsphere_pyg.training.resume import refuse_to_overwrite
from samplings import Sampling
from samplings.arrays import IntArray

# Digits answered at once.
TEST_BATCH = 500
# Digits by which the channel is standardised.
STANDARDIZED_BY = 2000
ROTATIONS = {"NR": False, "R": True}


class DigitTask(LabelTask):
    """Which digit it is; accuracy in percent."""

    names: ClassVar[tuple[str, ...]] = ("accuracy",)
    monitor: ClassVar[str] = "accuracy"
    lowest: ClassVar[bool] = False

    def answers(self, network: Any, batch: DigitBatch) -> tuple[Tensor, Tensor]:
        """Return logits and the truth."""
        return finished(network, batch.x), batch.y

    def loss(self, network: Any, answers: Tensor, truth: Tensor) -> Tensor:
        """Cross-entropy."""
        return F.cross_entropy(answers, truth)

    def scores(self, answers: Tensor, truth: Tensor) -> dict[str, float]:
        """Share of digits told right, in percent."""
        right = answers.argmax(-1) == truth
        return {"accuracy": 100 * float(right.double().mean())}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    data = parser.add_argument_group("data")
    data.add_argument(
        "--root", type=Path, required=True, help="mnist.npz, or the folder it is in"
    )
    data.add_argument(
        "--train",
        choices=tuple(ROTATIONS),
        default="NR",
        help="train on digits as they are (NR), or each turned at random (R); tested "
        "are both",
    )
    for name, default, what in (
        ("train", 55_000, "to train on"),
        ("validation", 5_000, "after those, by which the best weights are chosen"),
        ("test", 10_000, "of the others, to test on"),
    ):
        data.add_argument(
            f"--n-{name}", type=int, default=default, help=f"digits {what}"
        )
    data.add_argument(
        "--interpolation",
        choices=INTERPOLATIONS,
        default="bilinear",
        help="how digits are projected: bilinear, or as in the code of Cohen et al. "
        "2018, whose digits tell even invariant networks which way is up",
    )
    data.add_argument("--cache", type=Path, help="folder to keep projected digits in")
    network = parser.add_argument_group("network")
    network.add_argument(
        "--network",
        choices=tuple(DIGIT_NETWORKS),
        default="generalized",
        help="all have at most 60,000 parameters",
    )
    training = parser.add_argument_group("training")
    training.add_argument("--epochs", type=int, default=20, help="passes")
    training.add_argument("--batch-size", type=int, default=64, help="digits a step")
    training.add_argument("--lr", type=float, default=5e-3, help="Adam's highest rate")
    training.add_argument(
        "--stretch",
        type=float,
        default=0.0,
        help="stretch digits at random in training, by about this share (0: not); "
        "networks on coefficients only",
    )
    training.add_argument(
        "--seed", type=int, default=0, help="of weights, order and rotations"
    )
    training.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    training.add_argument("--threads", type=int, help="CPU threads of PyTorch")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        type=Path,
        help="folder of the results (default: runs/digits-NETWORK-TRAIN, with "
        "-published for that interpolation)",
    )
    output.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint in --out, if there is one",
    )


@dataclass(frozen=True)
class Digits:
    """Data sets of one sampling and seed."""

    args: argparse.Namespace
    sampling: Sampling

    def read(self, split: str, rotate: bool, n: int) -> SphericalMNIST:
        """Project the first n digits of a split."""
        return SphericalMNIST(
            self.args.root,
            self.sampling,
            split=split,
            rotate=rotate,
            seed=self.args.seed,
            n_images=n,
            interpolation=self.args.interpolation,
            cache=self.args.cache,
            progress=True,
        )


def run(args: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    if args.out is None:
        how = "" if args.interpolation == "bilinear" else f"-{args.interpolation}"
        args.out = Path(f"runs/digits-{args.network}-{args.train}{how}")
    _check_options(args)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    started = time.perf_counter()
    sampling_of, build = DIGIT_NETWORKS[args.network]
    digits = Digits(args, sampling_of())
    dataset = digits.read(
        "train", ROTATIONS[args.train], args.n_train + args.n_validation
    )
    print(
        f"data       {args.n_train} digits to train on, {args.train}; "
        f"{args.n_validation} to choose weights by; {args.n_test} to test on, NR and R"
    )
    print(f"sampling   {digits.sampling!r}")
    torch.manual_seed(args.seed)
    network = build(digits.sampling)
    part = np.arange(args.n_train + args.n_validation)
    _standardize(network, dataset, part[: args.n_train])
    train = DigitBatches(
        dataset, network, part[: args.n_train], args.batch_size, args.seed, args.stretch
    )
    held = DigitBatches(dataset, network, part[args.n_train :], TEST_BATCH)
    trained = fit_labels(args, network, DigitTask(), train, held, args.out)
    if trained is None:
        return 130
    fitted = time.perf_counter()
    found = {
        name: _test(trained.network, digits, turned)
        for name, turned in ROTATIONS.items()
    }
    seconds = {"training": fitted - started, "testing": time.perf_counter() - fitted}
    write_report(args, digits.sampling, trained, found, seconds)
    return 0


def _check_options(args: argparse.Namespace) -> None:
    """Refuse what cannot be done before any digit is projected."""
    for name in (
        *("epochs", "batch_size", "threads", "n_train", "n_validation", "n_test"),
    ):
        value = getattr(args, name)
        if value is not None and value < 1:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} must be at least 1, got {value}")
    if not 0 < args.lr < float("inf"):
        raise ValueError(f"--lr must be positive and finite, got {args.lr}")
    if not 0 <= args.stretch < 1:
        raise ValueError(f"--stretch must be from 0 to below 1, got {args.stretch}")
    if args.stretch and args.network not in ON_COEFFICIENTS:
        raise ValueError(
            f"--stretch is for networks on coefficients, {args.network!r} reads "
            "signals; leave it out"
        )
    if args.seed < 0:
        raise ValueError(f"--seed must not be negative, got {args.seed}")
    check_device(args.device)
    refuse_to_overwrite(args.out / "last.ckpt", args.resume)
    asked = {
        "train": ("--n-train and --n-validation", args.n_train + args.n_validation),
        "test": ("--n-test", args.n_test),
    }
    for split, (options, n) in asked.items():
        there = len(read_mnist(args.root, split).labels)
        if n > there:
            raise ValueError(
                f"{options} ask for {n} digits, the split {split!r} has {there}; "
                "ask for fewer"
            )
    check_folder(args.out)


def _standardize(network: SavedModel, dataset: SphericalMNIST, part: IntArray) -> None:
    """Fit the first layer, of a network that has one, to digits for training."""
    layer = getattr(network, "standardize", None)
    if isinstance(layer, Standardize):
        x = dataset.batch(part[:STANDARDIZED_BY])[0].double()
        layer.fit_(x.mean((0, 1)).float(), x.std((0, 1)).float())


def _test(network: SavedModel, digits: Digits, turned: bool) -> ToldDigits:
    """Ask a network for all digits to test on."""
    dataset = digits.read("test", turned, digits.args.n_test)
    part = np.arange(len(dataset))
    # Inputs are prepared on the CPU, where the network may not be.
    batches = DigitBatches(dataset, network.cpu(), part, TEST_BATCH)
    answers, truth = answers_of(network, DigitTask(), batches, digits.args.device)
    return ToldDigits(answers.argmax(-1).numpy(), truth.numpy())
