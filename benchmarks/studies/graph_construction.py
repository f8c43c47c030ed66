"""Time graphs, Laplacians and largest eigenvalues against pygsp, in alternation.

Both build neighbours, heat weights and Laplacian on the same points, for the same k and
width of the kernel, and then bound the largest eigenvalue of the same Laplacian; the
error is that against a converged eigenvalue. Fitted weights, which pygsp lacks, are
timed too.

    python -m benchmarks.studies.graph_construction --out runs/graph_construction
    python -m benchmarks.studies.graph_construction --quick --cores 2
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pygsp
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import eigsh
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.measuring.files import new_parser, refuse_below, write_csv
from benchmarks.measuring.machine import machine
from benchmarks.measuring.timing import Run, interleaved
from samplings import (
    CubedSphere,
    Fibonacci,
    HEALPix,
    Icosahedral,
    Irregular,
    Sampling,
    knn_graph,
    lambda_max,
    laplacian,
    use_cache,
)

COLUMNS = (
    *("part", "case", "vertices", "peer", "runs"),
    *("median_ms", "min_ms", "ratio", "ratio_min", "error"),
)
GRAPH, EIGENVALUE = "graph and Laplacian", "largest eigenvalue"
# Fitting a graph of more vertices takes long, and its time is linear.
FITTED_TO = 50_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A graph: its points, k and weights."""

    make: Callable[[], Sampling]
    k: int
    weighting: str = "heat"


def scattered(n: int) -> Sampling:
    """Random points, uniform on the sphere."""
    xyz = np.random.default_rng(0).standard_normal((n, 3))
    return Irregular(xyz / np.linalg.norm(xyz, axis=1)[:, None])


def cases(quick: bool) -> Iterator[Case]:
    """Heat graphs of all kinds of points, and fitted ones."""
    for make in (
        lambda: HEALPix(64)[np.arange(20_000)],
        lambda: CubedSphere(64),
        lambda: Icosahedral(6),
        lambda: Fibonacci(50_000),
        lambda: scattered(50_000),
    ):
        for k in (8,) if quick else (8, 20):
            yield Case(make, k)
    yield Case(lambda: HEALPix(32 if quick else 64), 8, "fitted")
    yield Case(lambda: scattered(5_000), 8, "fitted")
    for nside in (32, 64) if quick else (32, 64, 128, 256):
        for k in (8, 20):
            yield Case(lambda nside=nside: HEALPix(nside), k)


def of_pygsp(sampling: Sampling, k: int, t: float) -> pygsp.graphs.Graph:
    """Build the graph of the same points, kernel and k; its Laplacian comes with it."""
    # A copy, because pygsp can centre and scale points in place.
    points = sampling.xyz.copy()
    return pygsp.graphs.NNGraph(points, k=k, center=False, rescale=False, sigma=4 * t)


def estimate(graph: pygsp.graphs.Graph) -> float:
    """Estimate the eigenvalue anew, which pygsp otherwise keeps."""
    graph._lmax_method = None
    graph.estimate_lmax("lanczos")
    return float(graph.lmax)


def converged(matrix: sp.csr_array) -> float:
    """Largest eigenvalue by ARPACK.

    The error of an eigenvalue is the square of that of its vector, 1e-7 here, unless
    other eigenvalues are as near: then it is smaller than their distance.
    """
    start = np.random.default_rng(1).standard_normal(matrix.shape[0])
    found = eigsh(
        matrix, k=1, which="LA", tol=1e-7, ncv=60, v0=start, return_eigenvectors=False
    )
    return float(found[0])


def measure(case: Case, rounds: int, budget: float) -> Iterator[Row]:
    """Yield the rows of both parts of a case."""
    sampling = case.make()
    graph = knn_graph(sampling, case.k, weighting=case.weighting)
    name = f"{sampling.name}, k={case.k}, {case.weighting}"
    about = {"case": name, "vertices": len(sampling)}
    if case.weighting == "heat":
        theirs = of_pygsp(sampling, case.k, graph.t)
        ours = laplacian(graph).matrix
        runs: dict[str, Run] = {
            "ours": lambda: laplacian(knn_graph(sampling, case.k, weighting="heat")),
            "pygsp": lambda: of_pygsp(sampling, case.k, graph.t),
        }
        if len(sampling) <= FITTED_TO and case.k == 8:
            runs["ours, fitted"] = lambda: laplacian(knn_graph(sampling, case.k))
        # The two differ by ties alone, which pygsp breaks at random.
        apart = sp.linalg.norm(ours - theirs.L) / sp.linalg.norm(ours)
        errors = {"ours": 0.0, "pygsp": float(apart)}
        yield from rows(GRAPH, about, runs, errors, rounds, budget)
    matrix = laplacian(graph, "combinatorial").matrix
    # A copy, because pygsp writes to its argument.
    theirs = pygsp.graphs.Graph(sp.csr_matrix(graph.adjacency.copy()))
    true = converged(matrix)
    runs = {"ours": lambda: lambda_max(matrix), "pygsp": lambda: estimate(theirs)}
    errors = {peer: float(run()) / true - 1 for peer, run in runs.items()}
    yield from rows(EIGENVALUE, about, runs, errors, rounds, budget)


def rows(
    part: str,
    about: Row,
    runs: dict[str, Run],
    errors: dict[str, float],
    rounds: int,
    budget: float,
) -> Iterator[Row]:
    """Time all runs in turn, and yield a row for each; ratios are to the first."""
    times = interleaved(runs, torch.device("cpu"), rounds, budget)
    first = next(iter(times.values()))
    for peer, seconds in times.items():
        yield {
            "part": part,
            **about,
            "peer": peer,
            "runs": len(seconds),
            "median_ms": round(1e3 * median(seconds), 3),
            "min_ms": round(1e3 * min(seconds), 3),
            "ratio": round(median(seconds) / median(first), 3),
            "ratio_min": round(min(seconds) / min(first), 3),
            "error": errors.get(peer, ""),
        }


def pin(cores: int) -> None:
    """Keep the process on a number of cores, and on as many threads.

    Threads that wait for each other on one core take a hundred times as long.
    """
    torch.set_num_threads(cores)
    threadpool_limits(cores)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


def main(words: Sequence[str] | None = None) -> None:
    """Measure each case, and write the table."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/graph_construction"))
    add("--quick", action="store_true", help="few and small cases")
    add("--cores", type=int, default=1, help="number of cores to use")
    add("--rounds", type=int, default=9, help="largest number of runs of each peer")
    add("--budget", type=float, default=4.0, help="seconds for each, at least 3 runs")
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "cores", "rounds")
    pin(args.cores)
    # Both libraries log and warn on the way.
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    facts = machine("cpu") | {"cores used": args.cores, "PyGSP": version("PyGSP")}
    print(", ".join(f"{key} {value}" for key, value in facts.items()), flush=True)
    found: list[Row] = []
    with use_cache(None):
        for case in tqdm(list(cases(args.quick)), disable=None):
            for row in measure(case, args.rounds, args.budget):
                found.append(row | facts)
                print("  ".join(str(row[c]) for c in COLUMNS), flush=True)
    table = args.out / "graph_construction.csv"
    write_csv(table, (*COLUMNS, *facts), found)
    print(f"wrote {table}")


if __name__ == "__main__":
    main()
