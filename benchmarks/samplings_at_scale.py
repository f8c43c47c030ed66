"""Time and memory of areas, neighbours, Laplacians and transfers on many points.

python benchmarks/samplings_at_scale.py
python benchmarks/samplings_at_scale.py --quick

Each case runs in a process of its own, so that peaks of memory are its own.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from samplings import (
    Fibonacci,
    HEALPix,
    Irregular,
    Sampling,
    Transfer,
    knn_graph,
    laplacian,
)

T = TypeVar("T")

CASES = (
    ("stations", 100_000),
    ("stations", 500_000),
    ("fibonacci", 1_000_000),
)
QUICK = (("stations", 20_000), ("fibonacci", 20_000))
STAGES = ("areas", "kNN", "Laplacian", "transfer")


def stations(n: int) -> Sampling:
    """Random points of the whole sphere, half of them in dense regions as stations are.

    Every region is a Gaussian of three degrees; there are forty.
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
}


def peak_gigabytes() -> float:
    """Peak resident memory of the process so far."""
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def timed(cells: list[str], build: Callable[[], T]) -> T:
    """Run a stage, and note its seconds and the peak memory after it."""
    start = time.perf_counter()
    result = build()
    cells.append(f"{time.perf_counter() - start:6.1f} s {peak_gigabytes():5.2f} GB")
    return result


def measure(kind: str, n: int, k: int) -> None:
    """Print a row of the table."""
    cells: list[str] = []
    sampling = timed(cells, lambda: BUILDERS[kind](n))
    graph = timed(cells, lambda: knn_graph(sampling, k, weighting="heat"))
    timed(cells, lambda: laplacian(graph).lambda_max)
    # About a quarter of the points: the coarsening of a pyramid.
    coarse = HEALPix(1 << round(math.log2(n / 48) / 2))
    timed(cells, lambda: Transfer.conservative(sampling, coarse))
    print(f"| {kind} | {n} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Measure each case in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="twenty thousand points")
    parser.add_argument("--k", type=int, default=8, help="neighbours")
    parser.add_argument("--case", nargs=2, metavar=("KIND", "N"), help="one case only")
    arguments = parser.parse_args()
    if arguments.case:
        kind, n = arguments.case
        if kind not in BUILDERS:
            parser.error(f"KIND must be {' or '.join(BUILDERS)}, got {kind!r}")
        measure(kind, int(n), arguments.k)
        return
    print(f"seconds, and peak memory so far; kNN with k={arguments.k}\n")
    print("| points | V | " + " | ".join(STAGES) + " |")
    print("|---|---|" + "---|" * len(STAGES), flush=True)
    for kind, n in QUICK if arguments.quick else CASES:
        options = ["--k", str(arguments.k), "--case", kind, str(n)]
        subprocess.run([sys.executable, __file__, *options], check=True)


if __name__ == "__main__":
    main()
