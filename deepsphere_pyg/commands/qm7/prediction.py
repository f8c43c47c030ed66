"""Energies by a trained network of ``qm7``: of a file, or of a fold."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch

from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.commands.options.training import (
    n_parameters,
    print_files,
)
from deepsphere_pyg.commands.qm7.options import QM7Options
from deepsphere_pyg.convert.molecules.elements import symbol_of
from deepsphere_pyg.datasets import molecule_energies, read_molecules
from deepsphere_pyg.datasets.molecules.qm7_file import qm7_path, read_qm7
from deepsphere_pyg.models import MoleculeNetwork, load_model, read_header
from samplings.arguments import counted
from samplings.atomic_files import write_rows

# Rows of the table that is printed.
_ROWS = 10


def predict(options: QM7Options) -> int:
    """Predict the energies of the molecules of a file, and return the status."""
    network = _network(options)
    molecules = read_molecules(required(options, "molecules", "molecules to predict"))
    unit = options.unit or molecules.unit
    n = len(molecules.charges)
    print(
        f"data       {options.molecules}: {counted(n, 'molecule')}, positions in {unit}"
    )
    energies = network.energies(
        molecules.charges, molecules.positions, unit=unit, batch_size=options.batch_size
    )
    rows = [
        {
            "molecule": i,
            "formula": formula,
            "n_atoms": len(charges),
            "energy": round(energy, 4),
        }
        for i, (formula, charges, energy) in enumerate(
            zip(molecules.formulas, molecules.charges, energies.tolist(), strict=True)
        )
    ]
    print("\nmolecule  formula        atoms  energy, kcal/mol")
    for row in rows[:_ROWS]:
        print(
            f"{row['molecule']:>8}  {row['formula']:<12}{row['n_atoms']:>8}"
            f"{row['energy']:>18.2f}"
        )
    if n > _ROWS:
        print(f"     ...  and {n - _ROWS} more")
    write_rows(options.folder / "predictions.csv", rows)
    print_files(options.folder / "predictions.csv")
    return 0


def evaluate(options: QM7Options) -> int:
    """Test a trained network on a published fold, and return the status."""
    started = time.perf_counter()
    notes = read_header(_checkpoint(options)).get("notes", {})
    trained_for = notes.get("settings", {}).get("fold")
    if options.fold is None:
        fold = 0 if trained_for is None else trained_for
        options = replace(options, fold=fold)
    network = _network(options)
    root = required(options, "root", "qm7.mat, or its folder")
    molecules, _ = read_qm7(qm7_path(root))
    _, part = molecules.fold_split(options.test_fold)
    print(f"data       {counted(len(part), 'molecule')} of fold {options.fold}")
    if trained_for not in (None, options.fold):
        print(
            f"note       the network was trained on this fold: fold {trained_for} is "
            "the one that it has not seen"
        )
    found = molecule_energies(network, molecules[part], options.batch_size)
    test = found, torch.tensor(molecules.energies[part], dtype=torch.float32)
    # Late, as Lightning and Matplotlib take seconds to load.
    from deepsphere_pyg.commands.qm7.report import report

    seconds = time.perf_counter() - started
    report(options, network, molecules, part, test, None, seconds)
    return 0


def _checkpoint(options: QM7Options) -> Path:
    return Path(required(options, "checkpoint", "a checkpoint of qm7"))


def _network(options: QM7Options) -> MoleculeNetwork:
    """Load the network of the checkpoint, and print what it takes."""
    network = load_model(_checkpoint(options))
    if not isinstance(network, MoleculeNetwork):
        raise ValueError(
            f"{options.checkpoint} holds a {type(network).__name__}, which does not "
            "predict energies of molecules; pass a checkpoint of deepsphere-pyg qm7"
        )
    elements = " ".join(symbol_of(int(z)) for z in network.elements)
    known = "unknown radius" if network.radius is None else f"{network.radius:.4g} Bohr"
    print(
        f"network    {n_parameters(network):,} parameters, elements {elements}, "
        f"spheres of {known}"
    )
    moved: MoleculeNetwork = network.to(options.torch_device)
    return moved
