"""Forecast the barotropic vorticity equation, beside its own solver truncated.

    python -m benchmarks.studies.barotropic_forecasts --out runs/barotropic

The truth is a spectral model of the flow on the rotating Earth, T42, from random winds.
Networks are trained on the vorticity at the vertices of three samplings, at steps of
six hours, and roll out forecasts of test runs, of which they saw nothing:

flux          VorticityNetwork, which sees vorticity, winds and latitude
unet          ResidualUNet, which sees vorticity and latitude; on HEALPix alone

Beside them:

persistence   nothing changes
climatology   the mean of all states of the training runs
regression    of the anomaly of each degree on the present one, for each lead time
T21, T31      the solver that made the truth, with less degrees; the highest is damped
              in as many hours
twin          the solver of the truth, from a state that is 1 % off

Columns:

vorticity     root mean squared error over the sphere, in 1e-6 / s
wind          the same of the wind that belongs to it, in m / s
spectrum      largest relative difference from the truth of the energy at a degree, over
              the second half of long roll-outs, in percent, of degrees with more than
              a millionth of the energy
rotation      relative difference between the forecast from a rotated state, rotated
              back, and that from the state: about the axis of the planet; and together
              with the axis, of which the network is told; in percent

Errors are sums over coefficients, by Parseval's theorem, so that all methods and
samplings are scored alike. Results are kept in --out one by one, with the truth and
the trainings, and a second call continues. --small runs in seconds, and shows nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measuring.files import (
    new_parser,
    refuse_below,
    write_csv,
    write_picture,
)
from benchmarks.measuring.kept import Kept, Result
from benchmarks.studies.barotropic_forecasts.networks import (
    NETWORKS,
    SAMPLINGS,
    NetworkForecast,
    Place,
    Training,
    trained,
)
from benchmarks.studies.barotropic_forecasts.references import (
    Forecast,
    reference,
    reference_names,
)
from benchmarks.studies.barotropic_forecasts.report import (
    DAYS,
    curves,
    long_table,
    picture,
    table,
)
from benchmarks.studies.barotropic_forecasts.rotations import turned
from benchmarks.studies.barotropic_forecasts.scores import (
    error_spectra,
    spectrum_ratio,
    vorticity_rmse,
    wind_rmse,
)
from benchmarks.studies.barotropic_forecasts.truth import (
    Array,
    Sizes,
    Truth,
    starts_of,
    truth_of,
)

KEYS = ("method", "sampling")
FACTS = (
    "parameters",
    *(f"vorticity_{day}" for day in DAYS),
    *(f"wind_{day}" for day in DAYS),
    *("low", "high", "turn_first", "turn_last", "tilt_first", "tilt_last"),
    "seconds",
)
#: Days of the forecasts that are scored.
LENGTH = DAYS[-1]
#: Degrees of the largest scales, of which there are few coefficients.
LOW = 10
SMALL: dict[str, Any] = {
    "truncation": 9,
    "step": 21600.0,
    "hours": 24,
    "runs": [2, 1, 1],
    "days": 11,
    "spin_up": 1,
    "epochs": 1,
    "unet_epochs": 1,
    "networks": ["flux"],
    "samplings": ["gauss-legendre"],
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/barotropic"))
    add("--truncation", type=int, default=42, help="highest degree of the truth")
    add("--runs", type=int, nargs=3, default=[6, 1, 5], help="training, ..., test")
    add("--days", type=int, default=60, help="length of the runs")
    add("--spin-up", type=int, default=5, help="days before them")
    add("--hours", type=int, default=6, help="of a step")
    add("--step", type=float, default=1800.0, help="of the solver, in seconds")
    add("--references", nargs="+", help="those to compute; all by default")
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    add("--samplings", nargs="+", choices=SAMPLINGS, default=list(SAMPLINGS))
    add("--epochs", type=int, default=5, help="of networks of fluxes")
    add("--rate", type=float, default=1e-2, help="their highest learning rate")
    add("--unet-epochs", type=int, default=4)
    add("--unet-rate", type=float, default=5e-3)
    add("--steps", type=int, default=1, help="of the rollouts in the loss")
    add("--substeps", type=int, default=4, help="of the integral of fluxes")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=1)
    add("--small", action="store_true", help="run in seconds")
    args = parser.parse_args(words)
    if args.small:
        vars(args).update(SMALL)
    refuse_below(parser, args, 1, "runs", "hours", "epochs", "unet_epochs", "steps")
    refuse_below(parser, args, 1, "threads", "substeps")
    refuse_below(parser, args, 0, "spin_up", "seed")
    refuse_below(parser, args, 7, "truncation")
    if 24 % args.hours:
        parser.error(f"--hours must divide a day, got {args.hours}")
    known = reference_names(args.truncation + 1)
    if args.references is None:
        args.references = list(known)
    for name in args.references:
        if name not in known:
            parser.error(f"--references must be of {', '.join(known)}, got {name}")
    if args.days <= LENGTH:
        parser.error(f"--days must be above {LENGTH}, got {args.days}")
    for name in ("rate", "unet_rate", "step"):
        if getattr(args, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} must be above 0")
    return args


class Test:
    """States of the test runs to forecast from, and those that follow.

    Attributes
    ----------
    present, later
        Starts every ten days, and the states of the days that are scored.
    first, following
        The first state of each run, and all that follow, for long roll-outs.
    """

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        runs, day = truth.part("test"), truth.sizes.a_day
        self.present, self.later = starts_of(runs, LENGTH * day, LENGTH * day)
        self.first, self.following = runs[:, 0], runs[:, 1:]

    @property
    def leads(self) -> int:
        """Number of states that are scored."""
        return self.later.shape[1]

    def scored(self, errors: Array) -> Result:
        """Return errors by day, and at each lead."""
        day, spread = self.truth.sizes.a_day, self.truth.spread
        vorticity, wind = vorticity_rmse(errors, spread), wind_rmse(errors, spread)
        facts: dict[str, Any] = {}
        for number in DAYS:
            facts[f"vorticity_{number}"] = float(vorticity[number * day - 1])
            facts[f"wind_{number}"] = float(wind[number * day - 1])
        days = (1 + np.arange(len(errors))) / day
        return facts, {"days": days, "vorticity": vorticity, "wind": wind}

    def spectrum(self, forecast: Forecast) -> Result:
        """Return how the energy of long roll-outs differs from that of the truth."""
        leads = self.following.shape[1]
        half = slice(leads // 2, None)
        found = forecast(self.first, leads)
        ratio = spectrum_ratio(found[:, half], self.following[:, half])
        away = np.abs(ratio - 1)
        facts = {"low": float(np.nanmax(away[:LOW]))}
        if len(away) > LOW:
            facts["high"] = float(np.nanmax(away[LOW:]))
        return facts, {"ratio": ratio}


def beside(name: str, test: Test) -> Result:
    """Score a reference; of the twin, long roll-outs too."""
    start = time.process_time()
    forecast = reference(name, test.truth)
    facts, arrays = test.scored(
        error_spectra(forecast(test.present, test.leads), test.later)
    )
    if name == "twin":
        more, ratio = test.spectrum(forecast)
        facts, arrays = {**facts, **more}, {**arrays, **ratio}
    return {**facts, "seconds": time.process_time() - start}, arrays


def network(
    name: str, where: str, truth: Truth, test: Test, folder: Path, training: Training
) -> Result:
    """Train a network, and score it."""
    start = time.process_time()
    place = Place(where, truth.sizes.L)
    task = trained(name, place, truth, folder, training)
    spent = time.process_time() - start
    forecast = NetworkForecast(task, place)
    found = forecast(test.present, test.leads)
    facts, arrays = test.scored(error_spectra(found, test.later))
    more, ratio = test.spectrum(forecast)
    # A few states are enough for the effect of a rotation.
    some = slice(0, 8)
    five = 5 * truth.sizes.a_day
    states = test.present[some], test.later[some, :five], found[some, :five]
    for key, tilt in (("turn", False), ("tilt", True)):
        first, last = turned(task, place, *states, tilt=tilt).change
        more = {**more, f"{key}_first": first, f"{key}_last": last}
    size = sum(one.numel() for one in task.network.parameters())
    facts = {"parameters": size, **facts, **more, "seconds": spent}
    return facts, {**arrays, **ratio}


def main(words: Sequence[str] | None = None) -> None:
    """Make the truth, score all, print the tables and draw the picture."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    sizes = Sizes(
        args.truncation + 1,
        tuple(args.runs),
        args.days,
        args.spin_up,
        args.hours,
        args.step,
        args.seed,
    )
    truth = truth_of(args.out / "truth", sizes)
    test = Test(truth)
    kept = Kept(args.out, KEYS, FACTS)
    for name in args.references:
        kept.add({"method": name}, partial(beside, name, test))
    for name in args.networks:
        flux = name == "flux"
        training = Training(
            args.epochs if flux else args.unet_epochs,
            args.rate if flux else args.unet_rate,
            args.steps,
            args.substeps,
            args.seed,
        )
        # That other networks fail does not depend on the sampling.
        for where in args.samplings if flux else args.samplings[:1]:
            folder = args.out / "trainings" / f"{name}-{where}"
            run = partial(network, name, where, truth, test, folder, training)
            kept.add({"method": name, "sampling": where}, run)
    print(f"\n{table(kept)}\n\n{long_table(kept)}")
    points = curves(kept)
    write_csv(args.out / "barotropic_forecasts.csv", list(points[0]), points)
    write_picture(args.out / "barotropic_forecasts.png", picture(points))


if __name__ == "__main__":
    main()
