"""Training of ``qm7`` on the published folds."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.commands.label_training import train_labels
from deepsphere_pyg.commands.qm7.energy_task import EnergyTask
from deepsphere_pyg.commands.qm7.report import report
from deepsphere_pyg.commands.training_options import INTERRUPTED
from deepsphere_pyg.datasets import QM7, Molecules, qm7_coefficients
from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
from deepsphere_pyg.pyg import DataLoader
from deepsphere_pyg.training.callbacks import EpochShuffle
from deepsphere_pyg.training.evaluation import outputs_of
from samplings.arrays import IntArray

# The linear function of the composition has a weight for each element and a constant.
LEAST_TRAINED = 10


@dataclass(frozen=True)
class Parts:
    """Indices of the training, validation and test molecules."""

    train: IntArray
    validation: IntArray
    test: IntArray


def train(args: argparse.Namespace) -> int:
    """Train a network on four folds, test it on the fifth, and return the status."""
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
    report(args, trained.network, dataset.molecules, parts.test, test, trained, seconds)
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
