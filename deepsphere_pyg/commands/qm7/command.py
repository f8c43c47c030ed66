"""``deepsphere-pyg qm7``: energies of molecules, on one of the published folds."""

from __future__ import annotations

import argparse
from pathlib import Path

from deepsphere_pyg.commands.qm7.checks import check_qm7_options
from deepsphere_pyg.commands.qm7.prediction import evaluate, predict
from deepsphere_pyg.commands.qm7.training import train
from deepsphere_pyg.commands.training_options import (
    add_output_arguments,
    add_training_arguments,
)
from deepsphere_pyg.convert.molecules.listed import UNITS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    data = parser.add_argument_group("data")
    add = data.add_argument
    add(
        "--root",
        type=Path,
        help="qm7.mat, or its folder: needed to train, and to evaluate --checkpoint",
    )
    add(
        "--fold",
        type=int,
        help="test fold; the other four are trained on (default: 0, or the test fold "
        "of --checkpoint)",
    )
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
    output = add_output_arguments(
        parser,
        "runs/qm7-fold-K; with --checkpoint runs/evaluation, with --molecules "
        "runs/prediction",
    )
    output.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="do not train: test this checkpoint on a fold of --root, or predict the "
        "energies of --molecules",
    )
    output.add_argument(
        "--molecules",
        type=Path,
        metavar="FILE",
        help="molecules to predict with --checkpoint: .xyz of one or several frames, "
        "or .mat or .npz with R (molecule, atom, 3) and Z (molecule, atom)",
    )
    output.add_argument(
        "--unit",
        choices=tuple(UNITS),
        help="unit of the positions of --molecules (default: angstrom in .xyz files, "
        "bohr in others)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if args.checkpoint is None and args.fold is None:
        args.fold = 0
    if args.out is None:
        args.out = _default_folder(args)
    check_qm7_options(args)
    if args.checkpoint is None:
        return train(args)
    return evaluate(args) if args.molecules is None else predict(args)


def _default_folder(args: argparse.Namespace) -> Path:
    if args.checkpoint is None:
        return Path(f"runs/qm7-fold-{args.fold}")
    # The folder of the training would have its scores overwritten.
    return Path("runs/evaluation" if args.molecules is None else "runs/prediction")
