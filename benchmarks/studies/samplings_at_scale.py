"""Measure areas, graphs, Laplacians, eigenvalues and transfers of many vertices.

    python -m benchmarks.studies.samplings_at_scale
    python -m benchmarks.studies.samplings_at_scale healpix:1024 --weighting fitted
    python -m benchmarks.studies.samplings_at_scale stations:20000 fibonacci:20000

A case is a kind of points and their number (nside for HEALPix). Each case runs in a
process of its own, so that peaks of memory are separate. The transfer is to HEALPix
with about a quarter of the vertices, as in a pyramid.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.measuring.files import new_parser
from benchmarks.measuring.memory import timed
from samplings import (
    Fibonacci,
    HEALPix,
    Irregular,
    Sampling,
    Transfer,
    knn_graph,
    laplacian,
    use_cache,
)

CASES = ["stations:100000", "stations:500000", "fibonacci:1000000"]


def stations(n: int) -> Sampling:
    """Random points of the whole sphere, half of them in dense regions as stations are.

    Each of the forty regions is a Gaussian of three degrees.
    """
    generator = np.random.default_rng(0)
    xyz = generator.standard_normal((n, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    centre = xyz[generator.integers(0, 40, n // 2)]
    xyz[n - n // 2 :] = centre + np.deg2rad(3) * generator.standard_normal((n // 2, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    return Irregular(xyz, duplicates="merge")


BUILDERS: dict[str, Callable[[int], Sampling]] = {
    "stations": stations,
    "fibonacci": Fibonacci,
    "healpix": HEALPix,
}


def case(text: str) -> tuple[str, int]:
    """Split ``kind:number``."""
    kind, _, number = text.partition(":")
    if kind not in BUILDERS or not number.isdigit():
        raise argparse.ArgumentTypeError(
            f"expected {', '.join(BUILDERS)}, a colon and a number, got {text!r}"
        )
    return kind, int(number)


def measure(kind: str, number: int, k: int, weighting: str) -> None:
    """Print the time and memory of each stage."""
    sampling = timed("areas", lambda: BUILDERS[kind](number))
    with use_cache(None):
        graph = timed("knn_graph", lambda: knn_graph(sampling, k, weighting=weighting))
    matrix = timed("laplacian", lambda: laplacian(graph))
    top = timed("lambda_max", lambda: matrix.lambda_max)
    coarse = HEALPix(1 << max(0, round(math.log2(len(sampling) / 48) / 2)))
    timed("transfer", lambda: Transfer.conservative(sampling, coarse))
    print(f"{graph!r}, {graph.adjacency.indices.dtype} indices, lambda_max {top:.4f}")


def main(words: Sequence[str] | None = None) -> None:
    """Measure each case in turn."""
    parser = new_parser(__doc__)
    parser.add_argument("cases", nargs="*", type=case, default=list(map(case, CASES)))
    parser.add_argument("--k", type=int, default=8, help="number of neighbours")
    parser.add_argument("--weighting", default="heat")
    args = parser.parse_args(words)
    if len(args.cases) == 1:
        measure(*args.cases[0], args.k, args.weighting)
        return
    for kind, number in args.cases:
        print(f"\n{kind}, {number}", flush=True)
        options = [f"{kind}:{number}", "--k", str(args.k)]
        options += ["--weighting", args.weighting]
        subprocess.run(
            [sys.executable, "-m", "benchmarks.studies.samplings_at_scale", *options],
            check=True,
        )


if __name__ == "__main__":
    main()
