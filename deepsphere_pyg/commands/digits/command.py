"""``deepsphere-pyg digits``: digits on the sphere, as they are and turned."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.commands.digits.batches import (
    DigitBatch,
    DigitBatches,
    finished,
)
from deepsphere_pyg.commands.digits.networks import DIGIT_NETWORKS, ON_COEFFICIENTS
from deepsphere_pyg.commands.digits.report import CLASSES, DigitAnswers, write_report
from deepsphere_pyg.commands.label_training import train_labels
from deepsphere_pyg.commands.training_options import (
    INTERRUPTED,
    add_output_arguments,
    add_training_arguments,
    check_training_options,
)
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.datasets.digits.spherical_mnist_files import read_mnist
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import INTERPOLATIONS
from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.evaluation import outputs_of
from deepsphere_pyg.training.tasks import ClassificationTask, Task
from samplings import Sampling
from samplings.arrays import IntArray

# Digits in a batch of validation or testing.
TEST_BATCH = 500
# Number of digits that the channel is standardised by.
STANDARDIZED_BY = 2000
ROTATIONS = {"NR": False, "R": True}


class DigitTask(ClassificationTask):
    """Classification of digits, prepared as their network reads them."""

    def outputs(self, batch: DigitBatch) -> Tensor:
        """Return the logits."""
        return finished(self.network, batch.x)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    data = parser.add_argument_group("data")
    add = data.add_argument
    add("--root", type=Path, required=True, help="mnist.npz, or its folder")
    add(
        "--train",
        choices=tuple(ROTATIONS),
        default="NR",
        help="train on digits as they are (NR), or each rotated at random (R); both "
        "test sets are evaluated",
    )
    for name, default, text in (
        ("train", 55_000, "training digits"),
        ("validation", 5_000, "digits after those, used to select the checkpoint"),
        ("test", 10_000, "digits of the test set"),
    ):
        add(f"--n-{name}", type=int, default=default, help=text)
    add(
        "--interpolation",
        choices=INTERPOLATIONS,
        default="bilinear",
        help="projection of the digits: bilinear, or as in the code of Cohen et al. "
        "2018, which reveals the orientation of a digit even to invariant networks",
    )
    add("--cache", type=Path, help="folder for projected digits (default: not kept)")
    network = parser.add_argument_group("network")
    network.add_argument(
        "--network",
        choices=tuple(DIGIT_NETWORKS),
        default="generalized",
        help="network to train; all have at most 60,000 parameters",
    )
    training = add_training_arguments(
        parser,
        "digits",
        "weights, order and rotations",
        epochs=20,
        batch_size=64,
        lr=5e-3,
    )
    training.add_argument(
        "--stretch",
        type=float,
        default=0.0,
        help="augment training digits by random stretches of about this share; 0 for "
        "no stretch; for networks on coefficients only",
    )
    add_output_arguments(
        parser, "runs/digits-NETWORK-TRAIN, with -published for that interpolation"
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
    """Run the command and return its exit status."""
    if args.out is None:
        how = "" if args.interpolation == "bilinear" else f"-{args.interpolation}"
        args.out = Path(f"runs/digits-{args.network}-{args.train}{how}")
    _check_options(args)
    started = time.perf_counter()
    sampling_of, build = DIGIT_NETWORKS[args.network]
    digits = Digits(args, sampling_of())
    dataset = digits.read(
        "train", ROTATIONS[args.train], args.n_train + args.n_validation
    )
    print(
        f"data       {args.n_train} digits for training, {args.train}; "
        f"{args.n_validation} for validation; {args.n_test} for testing, NR and R"
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
    trained = train_labels(args, DigitTask, network, train, held, class_names=CLASSES)
    if trained is None:
        return INTERRUPTED
    fitted = time.perf_counter()
    found = {
        name: _test(trained.task, digits, turned) for name, turned in ROTATIONS.items()
    }
    seconds = {"training": fitted - started, "testing": time.perf_counter() - fitted}
    write_report(args, digits.sampling, trained, found, seconds)
    return 0


def _check_options(args: argparse.Namespace) -> None:
    """Refuse options that no run can have, before any digit is projected."""
    if not 0 <= args.stretch < 1:
        raise ValueError(f"--stretch must be from 0 to below 1, got {args.stretch}")
    if args.stretch and args.network not in ON_COEFFICIENTS:
        raise ValueError(
            f"--stretch is for networks on coefficients, {args.network!r} reads "
            "signals; leave it out"
        )
    check_training_options(args, "n_train", "n_validation", "n_test")
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


def _standardize(network: SavedModel, dataset: SphericalMNIST, part: IntArray) -> None:
    """Fit the standardising layer, if there is one, to training digits."""
    layer = getattr(network, "standardize", None)
    if isinstance(layer, Standardize):
        x = dataset.batch(part[:STANDARDIZED_BY])[0].double()
        layer.fit_(x.mean((0, 1)).float(), x.std((0, 1)).float())


def _test(task: Task, digits: Digits, turned: bool) -> DigitAnswers:
    """Return the answers of a network to the test digits."""
    dataset = digits.read("test", turned, digits.args.n_test)
    part = np.arange(len(dataset))
    # Inputs are prepared on the CPU, where the network may not be.
    batches = DigitBatches(dataset, task.cpu().network, part, TEST_BATCH)
    answers, truth = outputs_of(task, batches, digits.args.device)
    return DigitAnswers(answers.argmax(-1).numpy(), truth.numpy())
