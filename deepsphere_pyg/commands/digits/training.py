"""Train a network on digits, and test it on them as they are and turned."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.commands.digits.batches import DigitBatches
from deepsphere_pyg.commands.digits.data import ROTATIONS, Digits
from deepsphere_pyg.commands.digits.networks import DIGIT_NETWORKS
from deepsphere_pyg.commands.digits.report import CLASSES, DigitAnswers, write_report
from deepsphere_pyg.commands.label_batches import LabelBatch
from deepsphere_pyg.commands.label_training import train_labels
from deepsphere_pyg.commands.options.training import INTERRUPTED
from deepsphere_pyg.commands.prepared_batches import finished
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.processes import process_rank
from deepsphere_pyg.training.evaluation import outputs_of
from deepsphere_pyg.training.tasks import ClassificationTask, Task
from samplings.arrays import IntArray

# Digits in a batch of validation or testing.
TEST_BATCH = 500
# Number of digits that the channel is standardised by.
STANDARDIZED_BY = 2000


class DigitTask(ClassificationTask):
    """Classification of digits, prepared as their network reads them."""

    def outputs(self, batch: LabelBatch) -> Tensor:
        """Return the logits."""
        return finished(self.network, batch.x)


def fit_and_test(digits: Digits, dataset: SphericalMNIST, started: float) -> int:
    """Train, test and report; return the exit status.

    Parameters
    ----------
    digits
        The data sets.
    dataset
        Digits to train and to validate on.
    started
        Time at which the command began.
    """
    options = digits.options
    _, build = DIGIT_NETWORKS[options.network]
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
