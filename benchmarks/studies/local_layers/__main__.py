"""Compare Chebyshev, DISCO and attention layers in networks of one size.

    python -m benchmarks.studies.local_layers --file trefht_annual_1890-1999.nc

A U-Net finds cyclones and atmospheric rivers in generated weather, and a classifier
the year of a map of a climate model, or its forcings, as in the study climate_runs,
whose file --file is; without it, only the U-Net is trained. Kinds of layers differ;
sizes, data, steps and learning rates do not. Columns:

mAP                   mean average precision of both classes, on test maps, and on the
                      same maps, each rotated by its own rotation
error under rotation  relative difference between the answer for rotated noise of
                      degrees below nside, and the rotated answer for the noise; of
                      classifiers, over the spread of answers
ms a step, ms a map   least processor time of a training step of four maps, and of one
                      map of an inference on four, of the U-Net

Results are kept in --out one by one, and a second call continues. At the end it prints
tables and draws a picture. --small runs in seconds, and shows nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch

from benchmarks.measuring.files import (
    new_parser,
    refuse_below,
    write_csv,
    write_picture,
)
from benchmarks.measuring.kept import Kept
from benchmarks.studies.climate_runs.data import folds_of, read_runs
from benchmarks.studies.local_layers.kinds import KINDS, Kind
from benchmarks.studies.local_layers.report import SCORES, picture, rows_of, table
from benchmarks.studies.local_layers.tasks import Events, climate_run, events, times

#: What tells one result from another, and what it says.
KEYS = ("task", "kind", "held", "seed")
FACTS = ("parameters", "score", "rotated", "error", "step_ms", "map_ms", "seconds")
SMALL = {
    "nside": 4,
    "maps": 4,
    "test_maps": 2,
    "epochs": 1,
    "run_epochs": 1,
    "seeds": [0],
    "rounds": 1,
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--file", type=Path, help="NetCDF file of the runs of a climate model")
    add("--out", type=Path, default=Path("runs/local_layers"))
    add("--tasks", nargs="+", choices=SCORES, help="all but forcing, by default")
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    add("--nside", type=int, default=16, help="HEALPix resolution of the U-Net")
    add("--maps", type=int, default=160, help="maps that the U-Net is trained on")
    add("--test-maps", type=int, default=40)
    add("--epochs", type=int, default=10, help="of the U-Net")
    add("--rate", type=float, default=4e-3, help="highest learning rate of the U-Net")
    add("--run-epochs", type=int, default=15, help="of the classifier")
    add("--run-rate", type=float, default=3e-3, help="its highest learning rate")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--rounds", type=int, default=30, help="of the measurement of times, at most")
    add("--threads", type=int, default=1)
    add("--small", action="store_true", help="run in seconds")
    args = parser.parse_args(words)
    if args.small:
        vars(args).update(SMALL)
    if args.tasks is None:
        args.tasks = ["events"] if args.file is None else ["events", "year"]
    elif args.file is None and {*args.tasks} - {"events"}:
        parser.error("--tasks year and forcing need --file, the runs of the model")
    names = ("maps", "test_maps", "epochs", "run_epochs", "rounds", "threads")
    refuse_below(parser, args, 1, *names)
    refuse_below(parser, args, 4, "nside")
    refuse_below(parser, args, 0, "seeds")
    for name in ("rate", "run_rate"):
        if getattr(args, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} must be above 0")
    return args


def find_events(
    kinds: Mapping[str, Kind], kept: Kept, args: argparse.Namespace
) -> None:
    """Train all kinds on generated weather, and measure times, where not yet done."""
    data = Events.generated(args.nside, args.maps, args.test_maps)
    for seed in args.seeds:
        for name, kind in kinds.items():
            run = partial(
                events, kind, data, epochs=args.epochs, rate=args.rate, seed=seed
            )
            kept.add({"task": "events", "kind": name, "seed": seed}, run)
    if any(not kept.find(task="times", kind=name) for name in kinds):
        measured = times(kinds, data, args.rounds, budget=10.0)
        for name, facts in measured.items():
            kept.add({"task": "times", "kind": name}, partial(_facts, facts))


def _facts(facts: Mapping[str, float]) -> tuple[Mapping[str, float], dict]:
    return facts, {}


def find_runs(
    kinds: Mapping[str, Kind], task: str, kept: Kept, args: argparse.Namespace
) -> None:
    """Train all kinds on runs of a climate model, where not yet done."""
    runs = read_runs(args.file)
    for seed in args.seeds:
        for groups, test in folds_of(task):
            for name, kind in kinds.items():
                run = partial(
                    climate_run,
                    kind,
                    runs,
                    task,
                    (groups, test),
                    epochs=args.run_epochs,
                    rate=args.run_rate,
                    seed=seed,
                )
                held = "+".join(map(str, test))
                key = {"task": task, "kind": name, "held": held, "seed": seed}
                kept.add(key, run)


def main(words: Sequence[str] | None = None) -> None:
    """Run the tasks, print the tables and draw the picture."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    kept = Kept(args.out, KEYS, FACTS)
    kinds = {name: KINDS[name] for name in args.kinds}
    for task in args.tasks:
        if task == "events":
            find_events(kinds, kept, args)
        else:
            find_runs(kinds, task, kept, args)
    for task in SCORES:
        if rows_of(kept.rows, task):
            print(f"\n{task}\n\n{table(kept.rows, task)}")
    write_csv(args.out / "local_layers.csv", (*KEYS, *FACTS), kept.rows)
    write_picture(args.out / "local_layers.png", picture(kept.rows))


if __name__ == "__main__":
    main()
