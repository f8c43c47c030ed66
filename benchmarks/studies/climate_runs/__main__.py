"""Predict the year of a map of a climate model, and tell forced from natural runs.

    python -m benchmarks.studies.climate_runs --file trefht_annual_1890-1999.nc

The file holds annual mean temperatures of 8 runs of the Parallel Climate Model, 4 with
all forcings and 4 with natural forcings alone. Tasks:

year     the year of a map, tested on each forced run, trained on the other three
forcing  all or natural forcings, from single maps of 1960-1999 without their global
         mean, tested on each pair of a forced and a natural run, trained on the rest

The mean and the spread that anomalies refer to are those of the training runs. Ridge
and logistic regression are regularized by cross-validation over training runs. Of a
network, the training run (or pair) that stops it early changes with the seed; the
answers of all seeds are averaged. Results are kept in --out one by one, and a second
call continues. At the end it prints tables and draws a picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from benchmarks.measuring.files import new_parser, refuse_below, write_picture
from benchmarks.measuring.kept import Kept, Result
from benchmarks.studies.climate_runs.baselines import (
    ALPHAS,
    INVERSES,
    KINDS,
    chosen,
    log_loss,
    logistic,
    ridge,
    squared_error,
    years_of,
)
from benchmarks.studies.climate_runs.data import (
    FORCED,
    TASKS,
    Array,
    Fold,
    fold_of,
    folds_of,
    read_runs,
    runs_of,
)
from benchmarks.studies.climate_runs.networks import (
    NETWORKS,
    QUICK,
    Network,
    trained,
)
from benchmarks.studies.climate_runs.report import (
    forcing_table,
    year_picture,
    year_table,
)

#: What tells one result from another, and what it says.
KEYS = ("task", "input", "held", "method", "sampling", "weighting", "seed")
FACTS = ("validation", "choice", "epoch", "parameters", "seconds")
#: Whether inputs keep the global mean of each map.
INPUT_NAMES = {"with mean": True, "without mean": False}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--file", type=Path, required=True, help="NetCDF file of the runs")
    add("--out", type=Path, default=Path("runs/climate_runs"))
    add("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    add("--inputs", nargs="+", choices=INPUT_NAMES, default=list(INPUT_NAMES))
    add("--networks", nargs="*", choices=NETWORKS, default=list(QUICK))
    add("--epochs", type=int, default=15)
    add("--rate", type=float, default=3e-3, help="highest learning rate")
    add("--year-seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--forcing-seeds", type=int, nargs="+", default=[0])
    add("--threads", type=int, default=1)
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "epochs", "threads")
    refuse_below(parser, args, 0, "year_seeds", "forcing_seeds")
    if args.rate <= 0:
        parser.error(f"--rate must be above 0, got {args.rate}")
    return args


def forcings_of(runs: xr.DataArray, members: Sequence[int]) -> Array:
    """Return 1 for each map of a forced run, and 0 for each of a natural one."""
    return np.repeat(np.isin(members, FORCED).astype(np.float64), runs.sizes["year"])


def baseline(
    runs: xr.DataArray,
    fold: Fold,
    kind: str,
    folds: Sequence[Sequence[int]],
    test: Sequence[int],
    classes: bool,
) -> Result:
    """Fit ridge or logistic regression, and answer for the test runs."""
    if classes:
        target, fit, strengths, loss = forcings_of, logistic, INVERSES, log_loss
    else:
        target, fit, strengths, loss = years_of, ridge, ALPHAS, squared_error
    predict, choice = chosen(
        fold, kind, folds, partial(target, runs), fit, strengths, loss
    )
    return {"choice": choice}, {member: predict([member]) for member in test}


def network_result(
    network: Network,
    fold: Fold,
    validation: Sequence[int],
    test: Sequence[int],
    classes: bool,
    seed: int,
    args: argparse.Namespace,
) -> Result:
    """Train a network, and answer for the test runs."""
    found = trained(
        network,
        fold,
        validation,
        test,
        classes=classes,
        epochs=args.epochs,
        rate=args.rate,
        seed=seed,
    )
    facts = {
        "validation": found.validation,
        "epoch": found.epoch,
        "parameters": found.parameters,
        "seconds": found.seconds,
    }
    return facts, found.test


def run_fold(
    runs: xr.DataArray,
    groups: Sequence[Sequence[int]],
    test: Sequence[int],
    given: str,
    kept: Kept,
    args: argparse.Namespace,
) -> None:
    """Run all methods on one fold."""
    classes = len(groups) == 2
    keep_mean = INPUT_NAMES[given]
    fold = fold_of(runs, groups, keep_mean=keep_mean)
    # One run of each group is held out together.
    folds = list(zip(*groups, strict=True))
    key = {
        "task": TASKS[classes],
        "input": given,
        "held": "+".join(map(str, test)),
    }
    for kind in KINDS:
        # Maps without their global mean have nothing but others.
        if kind == "global" and not keep_mean:
            continue
        name = f"{'logistic' if classes else 'ridge'} {kind}"
        run = partial(baseline, runs, fold, kind, folds, test, classes)
        kept.add({**key, "method": name}, run)
    seeds = args.forcing_seeds if classes else args.year_seeds
    for network in map(NETWORKS.__getitem__, args.networks):
        for seed in seeds:
            own = {"method": "network", "seed": seed, "sampling": network.sampling}
            held = folds[seed % len(folds)]
            run = partial(
                network_result, network, fold, held, test, classes, seed, args
            )
            kept.add({**key, **own, "weighting": network.weighting}, run)


def main(words: Sequence[str] | None = None) -> None:
    """Run the tasks, print the tables and draw the picture."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    runs = read_runs(args.file)
    kept = Kept(args.out, KEYS, FACTS)
    for task in args.tasks:
        given = args.inputs if task == "year" else ["without mean"]
        for groups, test in folds_of(task):
            for one in given:
                run_fold(runs_of(runs, task), groups, test, one, kept, args)
    if "year" in args.tasks:
        print(year_table(kept, runs["year"].to_numpy()))
        figure = year_picture(kept, runs["year"].to_numpy())
        write_picture(args.out / "years.png", figure)
    if "forcing" in args.tasks:
        print(forcing_table(kept))


if __name__ == "__main__":
    main()
