"""Training of ``qm7`` on the published folds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.commands.options.training import INTERRUPTED
from deepsphere_pyg.commands.qm7.options import QM7Options
from deepsphere_pyg.datasets import Molecules, qm7_coefficients
from deepsphere_pyg.datasets.molecules.qm7_file import qm7_path, read_qm7
from deepsphere_pyg.processes import process_rank
from samplings.arrays import IntArray

if TYPE_CHECKING:
    from deepsphere_pyg.datasets import QM7
    from deepsphere_pyg.pyg import DataLoader

# The linear function of the composition has a weight for each element and a constant.
LEAST_TRAINED = 10


@dataclass(frozen=True)
class Parts:
    """Indices of the training, validation and test molecules."""

    train: IntArray
    validation: IntArray
    test: IntArray


def train(options: QM7Options) -> int:
    """Train a network on four folds, test it on the fifth, and return the status."""
    started = time.perf_counter()
    L = options.bandlimits[0]

    path = qm7_path(required(options, "root", "qm7.mat"))
    molecules, _ = read_qm7(path)
    parts = _split(molecules, options)
    spheres = qm7_coefficients(
        molecules,
        L,
        radius=molecules.largest_radius,
        dtype=torch.float32,
        progress=True,
    ).packed
    print(
        f"data       {len(molecules)} molecules: {len(parts.train)} for training, "
        f"{len(parts.validation)} for validation, {len(parts.test)} of fold "
        f"{options.fold} for testing"
    )
    # Late, as Lightning, Matplotlib and PyTorch Geometric take seconds to load.
    from deepsphere_pyg.commands.label_training import train_labels
    from deepsphere_pyg.commands.qm7.energy_task import EnergyTask
    from deepsphere_pyg.commands.qm7.report import report
    from deepsphere_pyg.datasets import QM7
    from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
    from deepsphere_pyg.pyg import DataLoader
    from deepsphere_pyg.training.evaluation import outputs_of
    from deepsphere_pyg.training.samplers import EpochShuffle

    torch.manual_seed(options.seed)
    network = MoleculeNetwork(
        GeneralizedSphericalCNN(
            len(molecules.elements),
            None,
            bandlimits=options.bandlimits,
            channels=options.channels,
            tau_max=options.tau_max,
            mixing=options.mixing,
            convolution=options.convolution,
        ),
        molecules.elements,
        width=options.width,
        radius=molecules.largest_radius,
    )
    dataset = QM7(path, features=lambda _: spheres)
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
        batch_size=options.batch_size,
        sampler=EpochShuffle(len(parts.train), options.seed),
        # The statistics of a few atoms would be too noisy.
        drop_last=len(parts.train) >= options.batch_size,
    )
    held = _loader(dataset, parts.validation, options)
    trained = train_labels(options, EnergyTask, network, train, held)
    if trained is None:
        return INTERRUPTED
    if process_rank():
        # The first process reports.
        return 0
    test = outputs_of(
        trained.task, _loader(dataset, parts.test, options), options.torch_device
    )
    seconds = time.perf_counter() - started
    report(options, trained.network, molecules, parts.test, test, trained, seconds)
    return 0


def _split(molecules: Molecules, options: QM7Options) -> Parts:
    """Hold out training molecules for validation, chosen by the seed."""
    train, test = molecules.fold_split(options.test_fold)
    left = max(0, len(train) - options.n_validation)
    if left < LEAST_TRAINED:
        raise ValueError(
            f"--n-validation {options.n_validation} leaves {left} of {len(train)} "
            f"molecules for training, fewer than {LEAST_TRAINED}; hold out fewer"
        )
    order = np.random.default_rng(options.seed).permutation(train)
    held = options.n_validation
    return Parts(np.sort(order[held:]), np.sort(order[:held]), test)


def _loader(dataset: QM7, part: IntArray, options: QM7Options) -> DataLoader:
    from deepsphere_pyg.pyg import DataLoader

    return DataLoader(dataset[part], batch_size=max(64, options.batch_size))
