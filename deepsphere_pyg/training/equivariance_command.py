"""``deepsphere-pyg equivariance``: errors of Laplacians against neighbours."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from deepsphere_pyg.metrics import (
    PUBLISHED_ERRORS,
    equivariance_error,
    largest_degree,
)
from deepsphere_pyg.training.checks import check_folder
from deepsphere_pyg.training.equivariance_report import (
    MeasuredGraph,
    error_table,
    write_report,
)
from deepsphere_pyg.training.sampling_options import (
    add_sampling_arguments,
    samplings_from_arguments,
)
from samplings import HEALPix, Sampling, knn_graph, laplacian
from samplings.arguments import integer_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_sampling_arguments(parser, nside=[32, 64], n_theta=[32], level=[4])
    graph = parser.add_argument_group("graphs")
    graph.add_argument(
        "--k", type=int, nargs="+", default=[8, 20, 40], help="numbers of neighbours"
    )
    graph.add_argument(
        "--kind",
        choices=("combinatorial", "normalized"),
        default="combinatorial",
        help="Laplacian, unrescaled",
    )
    graph.add_argument(
        "--distance",
        choices=("chordal", "geodesic"),
        default="chordal",
        help="distance in the heat kernel",
    )
    measure = parser.add_argument_group("measurement")
    measure.add_argument(
        "--protocol",
        choices=("published", "exact"),
        help="as in the DeepSphere paper (HEALPix only), or free of transform errors; "
        "if not given, published on HEALPix and exact elsewhere",
    )
    measure.add_argument(
        "--degrees",
        type=int,
        nargs="+",
        metavar="L",
        help="degrees of the signals; if not given, some 5 to 20 that the sampling "
        "resolves",
    )
    measure.add_argument(
        "--samples", type=int, default=50, help="signals and rotations of each degree"
    )
    measure.add_argument(
        "--bandlimit",
        type=int,
        help="with the exact protocol, analyse outputs below this degree: faster",
    )
    measure.add_argument("--seed", type=int, default=0, help="of signals and rotations")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/equivariance"),
        help="folder of equivariance.csv, .json and .png",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print the table, and write table, settings and figure.

    Raises
    ------
    ValueError
        If an option is out of range; nothing is written then.
    """
    start = time.perf_counter()
    check_folder(args.out)
    args.k = list(dict.fromkeys(args.k))
    # The order of the pixels does not matter here, and RING takes any nside.
    samplings = samplings_from_arguments(args, nest=False)
    protocol = args.protocol or ("published" if args.sampling == "healpix" else "exact")
    degrees = {}
    for sampling in samplings:
        limit = largest_degree(sampling, protocol, args.bandlimit)
        degrees[sampling] = _checked_degrees(args.degrees, limit, sampling, protocol)
        for k in args.k:
            if integer_argument("--k", k, 1) >= len(sampling):
                raise ValueError(
                    f"--k must be smaller than the {len(sampling)} vertices of "
                    f"{sampling.name}, got {k}; use fewer neighbours or more vertices"
                )
    integer_argument("--samples", args.samples, 2)
    integer_argument("--seed", args.seed, 0)
    total = len(args.k) * sum(len(each) for each in degrees.values())
    measured = []
    with tqdm(total=total, unit="degree", disable=None) as progress:
        for sampling in samplings:
            for k in args.k:
                progress.set_description(f"{sampling.name} k={k}")
                measured.append(
                    _measure(sampling, k, degrees[sampling], protocol, args, progress)
                )
    seconds = time.perf_counter() - start
    title = (
        f"{args.kind} Laplacian, {args.distance} distance, {protocol} protocol, "
        f"{args.samples} samples"
    )
    print(f"\nMean equivariance error, in units of 1e-4: {title}\n")
    print(error_table(measured))
    print(f"\nmeasured in {seconds:.0f} s")
    settings = {
        "k": args.k,
        "kind": args.kind,
        "distance": args.distance,
        "protocol": protocol,
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


def _checked_degrees(
    given: Sequence[int] | None, limit: int, sampling: Sampling, protocol: str
) -> list[int]:
    if given is None:
        return default_degrees(limit)
    for degree in given:
        if not 1 <= degree <= limit:
            raise ValueError(
                f"--degrees must be from 1 to {limit} for the {protocol} protocol on "
                f"{sampling.name}, got {degree}; use a finer sampling for higher ones"
            )
    return sorted(set(given))


def _measure(
    sampling: Sampling,
    k: int,
    degrees: Sequence[int],
    protocol: str,
    args: argparse.Namespace,
    progress: Any,
) -> MeasuredGraph:
    """Errors of one graph at all degrees."""
    graph = knn_graph(sampling, k, distance=args.distance)
    operator = laplacian(graph, args.kind)
    errors = []
    for degree in degrees:
        errors.append(
            equivariance_error(
                operator,
                sampling,
                degree,
                protocol=protocol,
                n_samples=args.samples,
                seed=args.seed,
                bandlimit=args.bandlimit,
            )
        )
        progress.update()
    published: Mapping[int, float] = {}
    as_published = ("published", "combinatorial", "chordal")
    if (
        isinstance(sampling, HEALPix)
        and (protocol, args.kind, args.distance) == as_published
    ):
        published = PUBLISHED_ERRORS.get((sampling.nside, k), {})
    return MeasuredGraph(sampling, k, graph.t, errors, published)
