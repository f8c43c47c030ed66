"""Test simple methods on QM7: composition alone, and sorted Coulomb matrices.

    python -m benchmarks.studies.qm7_baselines --root DIR
    python -m benchmarks.studies.qm7_baselines --root DIR --methods network --folds 0

DIR holds ``qm7.mat``. Errors are in kcal/mol on the published test folds. --out gets
the errors, with seed, number of parameters and time, as JSON, and the predictions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measuring.files import markdown_table, new_parser
from benchmarks.studies.coulomb_network import CoulombNetwork, Settings
from deepsphere_pyg.datasets import QM7
from samplings.atomic_files import atomic_path, write_json

METHODS = ("composition", "network")
HEAD = ("method", "fold", "RMSE", "MAE", "seed", "parameters", "time")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    default = Settings()
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="qm7.mat, or its folder")
    add("--out", type=Path, default=Path("runs/qm7_baselines"))
    add("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    add("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="test folds")
    add("--epochs", type=int, default=default.epochs)
    add("--batch-size", type=int, default=default.batch_size)
    add("--rate", type=float, default=default.rate, help="highest learning rate")
    add("--noise", type=float, default=default.noise, help="noise on sorted norms")
    add("--step", type=float, default=default.step, help="step of the thresholds")
    add("--seed", type=int, default=default.seed)
    add("--threads", type=int, default=1)
    add("--device", choices=("cpu", "cuda"), default=default.device)
    args = parser.parse_args(words)
    for name in ("epochs", "batch_size", "rate", "step", "threads"):
        if getattr(args, name) <= 0:
            option = name.replace("_", "-")
            parser.error(f"--{option} must be above 0, got {getattr(args, name)}")
    return args


def fit_composition(data: QM7, train: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Least squares on the numbers of atoms of each element, and a constant."""
    count = data.molecules.composition
    columns = np.column_stack([count, np.ones(len(count))])
    energies = data.molecules.energies
    weights, *_ = np.linalg.lstsq(columns[train], energies[train], rcond=None)
    return lambda molecules: columns[molecules] @ weights


def fit_network(
    data: QM7, train: np.ndarray, args: argparse.Namespace
) -> CoulombNetwork:
    """Train the network."""
    names = ("epochs", "batch_size", "rate", "noise", "step", "seed", "device")
    network = CoulombNetwork(Settings(**{name: getattr(args, name) for name in names}))
    network.fit(data.coulomb_matrices[train], data.molecules.energies[train])
    return network


def scores(error: np.ndarray) -> dict[str, float]:
    """Root mean square and mean absolute error."""
    rmse = float(np.sqrt(np.mean(error**2)))
    return {"rmse": rmse, "mae": float(np.abs(error).mean())}


def run_fold(data: QM7, method: str, fold: int, args: argparse.Namespace) -> dict:
    """Train on four folds and test on the fifth."""
    train, test = data.fold_split(fold)
    energies = data.molecules.energies
    start = time.perf_counter()
    seed = None
    if method == "composition":
        predicted = fit_composition(data, train)(test)
        parameters = len(data.molecules.elements) + 1
    else:
        network = fit_network(data, train, args)
        predicted = network.predict(data.coulomb_matrices[test])
        parameters, seed = network.n_parameters, args.seed
    seconds = time.perf_counter() - start
    with atomic_path(args.out / f"{method}-fold{fold}.npz") as path:
        np.savez(path, molecule=test, energy=energies[test], predicted=predicted)
    result = {"method": method, "fold": fold, **scores(predicted - energies[test])}
    return {**result, "seed": seed, "parameters": parameters, "seconds": seconds}


def table(results: list[dict[str, Any]]) -> str:
    """Rows of folds, and their mean if there are several."""
    lines = []
    for method in dict.fromkeys(result["method"] for result in results):
        rows = [result for result in results if result["method"] == method]
        for row in rows:
            errors = f"{row['rmse']:.2f}", f"{row['mae']:.2f}"
            seed = "-" if row["seed"] is None else row["seed"]
            cost = f"{row['parameters']:,}", f"{row['seconds']:.1f} s"
            lines.append((method, row["fold"], *errors, seed, *cost))
        if len(rows) > 1:
            found = (np.array([row[key] for row in rows]) for key in ("rmse", "mae"))
            cells = (f"{values.mean():.2f} ± {values.std():.2f}" for values in found)
            lines.append((method, "mean ± std", *cells, "", "", ""))
    return markdown_table(HEAD, lines)


def main(words: Sequence[str] | None = None) -> None:
    """Run the methods on the folds, print the table and write the results."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    data = QM7(args.root)
    results = []
    for method in args.methods:
        if method == "composition":
            energies, every = data.molecules.energies, np.arange(len(data))
            whole = scores(fit_composition(data, every)(every) - energies)
            print(f"composition, fitted to all molecules: RMSE {whole['rmse']:.2f}")
        for fold in args.folds:
            results.append(run_fold(data, method, fold, args))
            write_json(args.out / "results.json", results)
    print(table(results))


if __name__ == "__main__":
    main()
