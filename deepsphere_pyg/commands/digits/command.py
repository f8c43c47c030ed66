"""``deepsphere-pyg digits``: digits on the sphere, as they are and turned."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.commands.digits.batches import DigitBatches
from deepsphere_pyg.commands.digits.networks import DIGIT_NETWORKS, ON_COEFFICIENTS
from deepsphere_pyg.commands.digits.options import DigitsOptions
from deepsphere_pyg.commands.digits.report import CLASSES, DigitAnswers, write_report
from deepsphere_pyg.commands.label_batches import LabelBatch
from deepsphere_pyg.commands.label_training import train_labels
from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.commands.options.training import INTERRUPTED, prepare
from deepsphere_pyg.commands.prepared_batches import finished
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.datasets.digits.spherical_mnist_files import read_mnist
from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.processes import process_rank
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

    def outputs(self, batch: LabelBatch) -> Tensor:
        """Return the logits."""
        return finished(self.network, batch.x)


@dataclass(frozen=True)
class Digits:
    """Data sets of one sampling and seed."""

    options: DigitsOptions
    sampling: Sampling

    def read(self, split: str, rotate: bool, n: int) -> SphericalMNIST:
        """Project the first n digits of a split."""
        return SphericalMNIST(
            _root(self.options),
            self.sampling,
            split=split,
            rotate=rotate,
            seed=self.options.seed,
            n_images=n,
            interpolation=self.options.interpolation,
            cache=self.options.cache,
            progress=True,
        )


def run(options: DigitsOptions) -> int:
    """Run the command and return its exit status."""
    _check_options(options)
    started = time.perf_counter()
    sampling_of, build = DIGIT_NETWORKS[options.network]
    digits = Digits(options, sampling_of())
    dataset = digits.read(
        "train", ROTATIONS[options.train], options.n_train + options.n_validation
    )
    print(
        f"data       {options.n_train} digits for training, {options.train}; "
        f"{options.n_validation} for validation; {options.n_test} for testing, NR and R"
    )
    print(f"sampling   {digits.sampling!r}")
    torch.manual_seed(options.seed)
    network = build(digits.sampling)
    part = np.arange(options.n_train + options.n_validation)
    _standardize(network, dataset, part[: options.n_train])
    train = DigitBatches(
        dataset,
        network,
        part[: options.n_train],
        options.batch_size,
        options.seed,
        options.stretch,
    )
    held = DigitBatches(dataset, network, part[options.n_train :], TEST_BATCH)
    trained = train_labels(
        options, DigitTask, network, train, held, class_names=CLASSES
    )
    if trained is None:
        return INTERRUPTED
    if process_rank():
        # The first process reports.
        return 0
    fitted = time.perf_counter()
    found = {
        name: _test(trained.task, digits, turned) for name, turned in ROTATIONS.items()
    }
    seconds = {"training": fitted - started, "testing": time.perf_counter() - fitted}
    write_report(options, digits.sampling, trained, found, seconds)
    return 0


def _root(options: DigitsOptions) -> Path:
    return Path(required(options, "root"))


def _check_options(options: DigitsOptions) -> None:
    """Refuse options that no run can have, before any digit is projected."""
    if not 0 <= options.stretch < 1:
        raise ValueError(f"--stretch must be from 0 to below 1, got {options.stretch}")
    if options.stretch and options.network not in ON_COEFFICIENTS:
        raise ValueError(
            f"--stretch is for networks on coefficients, {options.network!r} reads "
            "signals; leave it out"
        )
    prepare(options, "n_train", "n_validation", "n_test")
    root = _root(options)
    asked = {
        "train": (
            "--n-train and --n-validation",
            options.n_train + options.n_validation,
        ),
        "test": ("--n-test", options.n_test),
    }
    for split, (names, n) in asked.items():
        there = len(read_mnist(root, split).labels)
        if n > there:
            raise ValueError(
                f"{names} ask for {n} digits, the split {split!r} has {there}; "
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
    dataset = digits.read("test", turned, digits.options.n_test)
    part = np.arange(len(dataset))
    # Inputs are prepared on the CPU, where the network may not be.
    batches = DigitBatches(dataset, task.cpu().network, part, TEST_BATCH)
    answers, truth = outputs_of(task, batches, digits.options.torch_device)
    return DigitAnswers(answers.argmax(-1).numpy(), truth.numpy())
