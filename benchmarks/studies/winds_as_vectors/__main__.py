"""Compare winds as vectors with winds as two scalars, in networks of one size.

    python -m benchmarks.studies.winds_as_vectors --out runs/winds

Both networks are U-Nets that map latitude, vorticity and wind of a flow, the barotropic
vorticity equation at T21 on HEALPix, to the changes of vorticity and wind in six hours.
``vectors`` is ScalarVectorUNet; ``scalars`` is SphericalUNet, with the components of
the wind to the south and to the east as channels. Columns, in percent:

vorticity, wind     root mean squared error on a test run over that of persistence, and
                    the same for states that were rotated together with their planet, of
                    whose latitudes the network is told
quarter, axis, any  relative difference between the answer for a rotated state, and the
                    rotated answer: of a quarter turn about the axis, of rotations about
                    it, and of all rotations

Results are kept in --out one by one, with the flow, and a second call continues.
--small runs in seconds, and shows nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measuring.files import markdown_table, new_parser, refuse_below
from benchmarks.measuring.kept import Kept
from benchmarks.studies.barotropic_forecasts.truth import Sizes, truth_of
from benchmarks.studies.climate_runs.report import spread
from benchmarks.studies.winds_as_vectors.networks import NETWORKS, result
from benchmarks.studies.winds_as_vectors.states import Winds

KEYS = ("network", "seed")
SCORES = {
    "vorticity": "vorticity",
    "wind": "wind",
    "vorticity_turned": "vorticity, rotated",
    "wind_turned": "wind, rotated",
    "quarter": "quarter turn",
    "axis": "about the axis",
    "any": "any rotation",
}
FACTS = ("parameters", *SCORES, "seconds")
SMALL: dict[str, Any] = {
    "truncation": 6,
    "nside": 8,
    "runs": [1, 1, 1],
    "days": 3,
    "step": 21600.0,
    "epochs": 1,
    "seeds": [0],
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/winds"))
    add("--truncation", type=int, default=21, help="highest degree of the flow")
    add("--nside", type=int, default=16, help="HEALPix resolution, at least 8")
    add("--runs", type=int, nargs=3, default=[4, 1, 1], help="training, ..., test")
    add("--days", type=int, default=30, help="length of the runs")
    add("--hours", type=int, default=6, help="of a step")
    add("--step", type=float, default=1800.0, help="of the solver, in seconds")
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    add("--epochs", type=int, default=5)
    add("--rate", type=float, default=4e-3, help="highest learning rate")
    add("--seeds", type=int, nargs="+", default=[0])
    add("--threads", type=int, default=1)
    add("--small", action="store_true", help="run in seconds")
    args = parser.parse_args(words)
    if args.small:
        vars(args).update(SMALL)
    refuse_below(parser, args, 1, "runs", "days", "hours", "epochs", "threads")
    refuse_below(parser, args, 2, "truncation")
    refuse_below(parser, args, 8, "nside")
    refuse_below(parser, args, 0, "seeds")
    for name in ("rate", "step"):
        if getattr(args, name) <= 0:
            parser.error(f"--{name} must be above 0, got {getattr(args, name)}")
    if args.nside & (args.nside - 1):
        parser.error(f"--nside must be a power of two, got {args.nside}")
    return args


def table(kept: Kept) -> str:
    """Return means ± standard deviations over the seeds, in percent."""
    lines = []
    for name in NETWORKS:
        rows = kept.find(network=name)
        if rows:
            cells = [name, f"{int(rows[0]['parameters']):,}"]
            cells += [spread(100 * float(row[key]) for row in rows) for key in SCORES]
            lines.append(cells)
    return markdown_table(["wind as", "parameters", *SCORES.values()], lines)


def main(words: Sequence[str] | None = None) -> None:
    """Make the flow, train and score all, and print the table."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    L = args.truncation + 1
    sizes = Sizes(L, tuple(args.runs), args.days, 5, args.hours, args.step, 0)
    truth = truth_of(args.out / "truth", sizes)
    winds = Winds(args.nside, truth)
    training = winds.pairs(truth.part("training"))
    runs = torch.from_numpy(np.array(truth.part("test")))
    test, later = runs[:, :-1].flatten(0, 1), runs[:, 1:].flatten(0, 1)
    kept = Kept(args.out, KEYS, FACTS)
    for seed in args.seeds:
        for name in args.networks:
            options = {"epochs": args.epochs, "rate": args.rate, "seed": seed}
            run = partial(result, name, winds, training, test, later, **options)
            kept.add({"network": name, "seed": seed}, run)
    print(f"\n{table(kept)}")


if __name__ == "__main__":
    main()
