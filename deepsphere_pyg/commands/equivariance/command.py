"""``deepsphere-pyg equivariance``: errors of Laplacians, or of layers."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from deepsphere_pyg.commands.equivariance.graphs import (
    TRIANGULATIONS,
    graph_jobs,
    measure,
)
from deepsphere_pyg.commands.equivariance.report import (
    cost_table,
    error_table,
    write_report,
)
from deepsphere_pyg.commands.equivariance_layers.command import (
    Remembered,
    add_layer_arguments,
    run_layers,
)
from deepsphere_pyg.commands.sampling_options import (
    add_sampling_arguments,
    samplings_from_arguments,
)
from deepsphere_pyg.commands.training_options import check_folder
from deepsphere_pyg.metrics import largest_degree
from samplings import WEIGHTINGS, NoOptimalWidthError, Sampling, nominal_bandlimit
from samplings.arguments import integer_argument

PROTOCOLS = ("rotation-free", "exact", "published")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    # The options that are given are checked against each other.
    parser.register("action", None, Remembered)
    parser.set_defaults(given=[])
    add_layer_arguments(parser)
    add_sampling_arguments(parser, nside=[32], n_theta=[32], level=[4], several=True)
    graph = parser.add_argument_group("graphs")
    graph.add_argument(
        "--k",
        type=int,
        nargs="+",
        default=[8, 20, 40],
        help="minimum numbers of neighbours of each vertex",
    )
    graph.add_argument(
        "--weighting",
        nargs="+",
        default=["heat", "fitted"],
        choices=list(WEIGHTINGS),
        metavar="W",
        help=f"edge weights: {', '.join(WEIGHTINGS)}; "
        f"{' and '.join(TRIANGULATIONS)} are those of a triangulation, for which --k "
        "has no effect",
    )
    graph.add_argument(
        "--kind",
        choices=("combinatorial", "normalized", "mass-weighted"),
        help="kind of Laplacian (default: that of the weights)",
    )
    graph.add_argument(
        "--distance",
        choices=("chordal", "geodesic"),
        default="chordal",
        help="distance in the heat kernel",
    )
    graph.add_argument(
        "--optimise-width",
        nargs=0,
        default=False,
        help="also measure the heat kernel of the width with the lowest error, for "
        "each sampling and k",
    )
    measure = parser.add_argument_group("measurement")
    measure.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="rotation-free",
        help="rotation-free: exact, from the stencils alone, on any sampling; exact: "
        "by random rotations of random signals; published: by rotations as in the "
        "DeepSphere paper, with the error of its transform (HEALPix only)",
    )
    measure.add_argument(
        "--degrees",
        type=int,
        nargs="+",
        metavar="L",
        help="degrees of the signals (default: 5 to 20 of the degrees that the "
        "sampling resolves)",
    )
    measure.add_argument(
        "--samples",
        type=int,
        default=50,
        help="number of random signals and rotations of each degree",
    )
    measure.add_argument(
        "--bandlimit",
        type=int,
        help="with --protocol exact, analyse outputs below this degree only, which is "
        "faster; with --layers, bandlimit of signals and outputs",
    )
    measure.add_argument(
        "--seed", type=int, default=0, help="random seed of signals and rotations"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/equivariance"),
        help="folder of the table (csv, json) and figures (png)",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print the tables, and write them, the settings and the figures.

    Raises
    ------
    ValueError
        If an option is out of range; nothing is written then.
    """
    if args.layers:
        return run_layers(args)
    if args.azimuthal_bandlimit is not None:
        raise ValueError(
            "--azimuthal-bandlimit belongs to --layers; leave it out, or add --layers"
        )
    start = time.perf_counter()
    check_folder(args.out)
    args.k = list(dict.fromkeys(args.k))
    args.weighting = list(dict.fromkeys(args.weighting))
    # The order of the pixels does not matter here, and RING takes any nside.
    samplings = samplings_from_arguments(args, nest=False)
    degrees = {}
    for sampling in samplings:
        limit = _largest_degree(sampling, args)
        degrees[sampling] = _checked_degrees(args.degrees, limit, sampling, args)
        for k in args.k:
            if integer_argument("--k", k, 1) >= len(sampling):
                raise ValueError(
                    f"--k must be smaller than the {len(sampling)} vertices of "
                    f"{sampling.name}, got {k}; use fewer neighbours or more vertices"
                )
    integer_argument("--samples", args.samples, 2)
    integer_argument("--seed", args.seed, 0)
    jobs = [(one, job) for one in samplings for job in graph_jobs(one, args)]
    measured = []
    with tqdm(jobs, unit="graph", disable=None) as progress:
        for sampling, job in progress:
            progress.set_description(f"{sampling.name} {job.weighting} k={job.k}")
            try:
                measured.append(measure(job, degrees[sampling], args))
            except NoOptimalWidthError as error:
                # The other graphs can still be measured.
                progress.write(f"left out: {error}")
    seconds = time.perf_counter() - start
    title = _title(args)
    print(f"\nEquivariance error, in units of 1e-4: {title}\n")
    print(error_table(measured))
    print("\nError (geometric mean over the degrees) against cost\n")
    print(cost_table(measured))
    print(f"\nmeasured in {seconds:.0f} s")
    settings = {
        "k": args.k,
        "weighting": args.weighting,
        "kind": args.kind,
        "distance": args.distance,
        "optimise_width": args.optimise_width,
        "protocol": args.protocol,
        "samples": args.samples,
        "bandlimit": args.bandlimit,
        "seed": args.seed,
        "seconds": round(seconds, 1),
    }
    for path in write_report(args.out, measured, settings, title):
        print(f"wrote {path}")
    return 0


def default_degrees(limit: int) -> list[int]:
    """Degrees up to a limit: 5, then 10, 20, ..., 90, and 120, 150, 180, ....

    Steps double with the octave, so that all resolutions share columns. Small limits
    get every degree.
    """
    if limit < 10:
        return list(range(1, limit + 1))
    degrees = [5, *range(10, 100, 10)]
    step = 30
    while degrees[-1] < limit:
        first = degrees[-1] + step
        degrees += [first, first + step, first + 2 * step]
        step *= 2
    return [degree for degree in degrees if degree <= limit]


def _title(args: argparse.Namespace) -> str:
    parts = [f"{args.protocol} protocol"]
    if args.kind:
        parts.append(f"{args.kind} Laplacian")
    if args.distance != "chordal":
        parts.append(f"{args.distance} distance")
    if args.protocol != "rotation-free":
        parts.append(f"{args.samples} samples")
    return ", ".join(parts)


def _largest_degree(sampling: Sampling, args: argparse.Namespace) -> int:
    """Degree up to which the protocol and the sampling go."""
    if args.bandlimit is not None and args.protocol != "exact":
        raise ValueError(
            "--bandlimit belongs to --protocol exact, the only one that analyses "
            "outputs; leave it out"
        )
    if args.protocol == "rotation-free":
        return nominal_bandlimit(sampling) - 1
    return largest_degree(sampling, args.protocol, args.bandlimit)


def _checked_degrees(
    given: Sequence[int] | None,
    limit: int,
    sampling: Sampling,
    args: argparse.Namespace,
) -> list[int]:
    if given is None:
        return default_degrees(limit)
    for degree in given:
        if not 1 <= degree <= limit:
            raise ValueError(
                f"--degrees must be from 1 to {limit} for the {args.protocol} protocol "
                f"on {sampling.name}, got {degree}; use a finer sampling for higher "
                "ones"
            )
    return sorted(set(given))
