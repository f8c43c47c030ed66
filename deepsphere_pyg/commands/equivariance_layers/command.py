"""``deepsphere-pyg equivariance --layers``: which layers commute with rotations."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from deepsphere_pyg.commands.equivariance_layers.cases import (
    PUBLISHED_BANDLIMIT,
    compared_layers,
)
from deepsphere_pyg.commands.equivariance_layers.layers import measure_layer
from deepsphere_pyg.commands.equivariance_layers.report import (
    footnote,
    layer_table,
    write_layer_report,
)
from deepsphere_pyg.commands.training_options import check_folder
from deepsphere_pyg.training.options import LARGEST_SEED
from samplings.arguments import integer_argument

BANDLIMIT = PUBLISHED_BANDLIMIT
# Beyond it, products of all pairs of degrees take minutes and gigabytes.
LARGEST_BANDLIMIT = 32
ORDERS = 3
# Options that apply to layers; the others choose graphs and their measurement.
OPTIONS = (
    "--layers",
    "--bandlimit",
    "--azimuthal-bandlimit",
    "--samples",
    "--seed",
    "--out",
)


class Remembered(argparse.Action):
    """Store a value, and append its option to ``given``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Store the value."""
        stored = True if self.nargs == 0 else values
        setattr(namespace, self.dest, stored)
        given = getattr(namespace, "given", [])
        namespace.given = [*given, max(self.option_strings, key=len)]


def add_layer_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``--layers``."""
    group = parser.add_argument_group(
        "layers",
        "With --layers, layers are measured, and the options of graphs do not apply.",
    )
    group.add_argument(
        "--layers",
        nargs=0,
        default=False,
        help="measure convolutions, products, activations on grids and read-outs, for "
        f"signals of degrees below --bandlimit (by default {BANDLIMIT})",
    )
    group.add_argument(
        "--azimuthal-bandlimit",
        type=int,
        metavar="N",
        help="azimuthal bandlimit on the rotation group, of orders |n| < N (default: "
        f"{ORDERS}, or the bandlimit if that is lower)",
    )


def run_layers(args: argparse.Namespace) -> int:
    """Measure layers, print their table, and write it, the settings and the figure.

    Raises
    ------
    ValueError
        If an option is out of range or belongs to graphs; nothing is written then.
    """
    start = time.perf_counter()
    others = [option for option in dict.fromkeys(args.given) if option not in OPTIONS]
    if others:
        raise ValueError(
            f"--layers measures layers, not graphs: {' and '.join(others)} "
            f"{'does' if len(others) == 1 else 'do'} not apply; leave out --layers or "
            f"{' and '.join(others)}"
        )
    L, N = _checked_bandlimits(args.bandlimit, args.azimuthal_bandlimit)
    n_samples = integer_argument("--samples", args.samples, 2)
    seed = integer_argument("--seed", args.seed, 0)
    if seed > LARGEST_SEED:
        raise ValueError(f"--seed must be at most 2**63 - 1, got {seed}")
    check_folder(args.out)
    measured = []
    with tqdm(compared_layers(L, N), unit="layer", disable=None) as progress:
        for case in progress:
            progress.set_description(f"{case.layer} {case.grid_name}")
            measured.append(measure_layer(case, n_samples, seed))
    seconds = time.perf_counter() - start
    title = (
        f"Equivariance error of layers, L = {L}, {n_samples} samples of coefficients "
        "that all have the same variance"
    )
    print(f"\n{title}\n")
    print(layer_table(measured))
    print(f"\n{footnote(measured)}")
    print(f"\nmeasured in {seconds:.0f} s")
    settings = {
        "bandlimit": L,
        "azimuthal_bandlimit": N,
        "signals": "independent normal coefficients of variance 1",
        "rotations": "uniform (Haar)",
        "samples": n_samples,
        "seed": seed,
        "seconds": round(seconds, 1),
    }
    for path in write_layer_report(args.out, measured, settings, title):
        print(f"wrote {path}")
    return 0


def _checked_bandlimits(
    bandlimit: int | None, azimuthal: int | None
) -> tuple[int, int]:
    """Bandlimits L and N, or their defaults."""
    L = (
        BANDLIMIT
        if bandlimit is None
        else integer_argument("--bandlimit", bandlimit, 2)
    )
    if L > LARGEST_BANDLIMIT:
        raise ValueError(
            f"--bandlimit must be at most {LARGEST_BANDLIMIT} with --layers, got {L}: "
            "the cost of all pairs of degrees grows with its fifth power; pass a lower "
            "one"
        )
    if azimuthal is None:
        return L, min(ORDERS, L)
    N = integer_argument("--azimuthal-bandlimit", azimuthal, 1)
    if N > L:
        raise ValueError(
            f"--azimuthal-bandlimit must be at most the bandlimit {L}, got {N}: degree "
            "l has orders |n| <= l only; pass a lower one"
        )
    return L, N
