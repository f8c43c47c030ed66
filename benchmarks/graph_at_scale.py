"""Time and memory of a HEALPix graph, its Laplacian and its largest eigenvalue.

python benchmarks/graph_at_scale.py --nside 1024 --k 8 --weighting heat
python benchmarks/graph_at_scale.py --nside 1024 --k 8 --weighting fitted
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from samplings import HEALPix, knn_graph, laplacian

T = TypeVar("T")


def peak_gigabytes() -> float:
    """Peak resident memory of the process so far."""
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def timed(stage: str, build: Callable[[], T]) -> T:
    """Run a stage and print its seconds and the peak memory after it."""
    start = time.perf_counter()
    result = build()
    seconds = time.perf_counter() - start
    print(f"{stage:20s} {seconds:8.1f} s   peak {peak_gigabytes():6.2f} GB", flush=True)
    return result


def main() -> None:
    """Build each stage in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nside", type=int, default=256)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--weighting", default="fitted")
    arguments = parser.parse_args()
    sampling = timed("sampling", lambda: HEALPix(arguments.nside))
    graph = timed(
        "knn_graph",
        lambda: knn_graph(sampling, arguments.k, weighting=arguments.weighting),
    )
    matrix = timed("laplacian", lambda: laplacian(graph))
    top = timed("lambda_max", lambda: matrix.lambda_max)
    print(f"{graph!r}, {graph.adjacency.indices.dtype} indices, lambda_max {top:.4f}")


if __name__ == "__main__":
    main()
