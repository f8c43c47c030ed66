"""Graphs, Laplacians and largest eigenvalues against those of pygsp, in turn.

Neighbours, heat weights and Laplacian on the same points, for the same k and width of
the kernel; then the largest eigenvalue of the same Laplacian, with the error of each
against a converged one. Fitted weights, which pygsp has not, are timed beside.

    python benchmarks/graph_construction.py --out runs/graph_construction
    python benchmarks/graph_construction.py --quick --cores 2
"""

from __future__ import annotations

import argparse
import csv
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
from kernel_machine import machine
from kernel_timing import interleaved
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.sparse.linalg import eigsh
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.plot.maps import new_figure
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
)

COLUMNS = (
    "part",
    "case",
    "vertices",
    "peer",
    "runs",
    "median_ms",
    "min_ms",
    "ratio",
    "ratio_min",
    "error",
)
GRAPH, EIGENVALUE = "graph and Laplacian", "largest eigenvalue"
#: What pygsp's time is to be of ours at least.
WANTED = {GRAPH: 3.0, EIGENVALUE: 2.0}
# Fitting a graph of more vertices takes long, and its time is linear.
FITTED_TO = 50_000
COLOURS = {"heat": "#0072b2", "fitted": "#d55e00"}
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A graph: its points, k and weights."""

    make: Callable[[], Sampling]
    k: int
    weighting: str = "heat"


def scattered(n: int) -> Sampling:
    """Points drawn evenly from the sphere."""
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
    # A copy: pygsp centres and scales in place where told to.
    points = sampling.xyz.copy()
    return pygsp.graphs.NNGraph(points, k=k, center=False, rescale=False, sigma=4 * t)


def estimate(graph: pygsp.graphs.Graph) -> float:
    """Estimate anew what pygsp keeps once it has it."""
    graph._lmax_method = None
    graph.estimate_lmax("lanczos")
    return float(graph.lmax)


def converged(matrix: sp.csr_array) -> float:
    """Largest eigenvalue by ARPACK.

    The error of an eigenvalue is the square of that of its vector, 1e-7 here, unless
    others are as near: then it is smaller than their distance.
    """
    start = np.random.default_rng(1).standard_normal(matrix.shape[0])
    found = eigsh(
        matrix, k=1, which="LA", tol=1e-7, ncv=60, v0=start, return_eigenvectors=False
    )
    return float(found[0])


def measure(case: Case, rounds: int, budget: float) -> Iterator[Row]:
    """Rows of one case: both parts."""
    sampling = case.make()
    graph = knn_graph(sampling, case.k, weighting=case.weighting)
    name = f"{sampling.name}, k={case.k}, {case.weighting}"
    about = {"case": name, "vertices": len(sampling)}
    if case.weighting == "heat":
        theirs = of_pygsp(sampling, case.k, graph.t)
        ours = laplacian(graph).matrix
        runs = {
            "ours": lambda: laplacian(knn_graph(sampling, case.k, weighting="heat")),
            "pygsp": lambda: of_pygsp(sampling, case.k, graph.t),
        }
        if len(sampling) <= FITTED_TO and case.k == 8:
            runs["ours, fitted"] = lambda: laplacian(knn_graph(sampling, case.k))
        # Ties, which pygsp breaks by chance, are all that differs.
        apart = sp.linalg.norm(ours - theirs.L) / sp.linalg.norm(ours)
        errors = {"ours": 0.0, "pygsp": float(apart)}
        yield from rows(GRAPH, about, runs, errors, rounds, budget)
    matrix = laplacian(graph, "combinatorial").matrix
    # A copy: pygsp writes to what it is given.
    theirs = pygsp.graphs.Graph(sp.csr_matrix(graph.adjacency.copy()))
    true = converged(matrix)
    runs = {"ours": lambda: lambda_max(matrix), "pygsp": lambda: estimate(theirs)}
    errors = {peer: float(run()) / true - 1 for peer, run in runs.items()}
    yield from rows(EIGENVALUE, about, runs, errors, rounds, budget)


def rows(
    part: str,
    about: Row,
    runs: dict[str, Callable[[], Any]],
    errors: dict[str, float],
    rounds: int,
    budget: float,
) -> Iterator[Row]:
    """Time all runs in turn, a row each; ratios are to the first."""
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


def figure(found: Sequence[Row], caption: str) -> Figure:
    """Draw ratios of both parts, and the errors of the eigenvalue."""
    names = list(dict.fromkeys(row["case"] for row in found))
    drawn, panels = new_figure(1, 3, (13.0, 1.6 + 0.26 * len(names)))
    left, middle, right = panels[0]
    for panel, part in ((left, GRAPH), (middle, EIGENVALUE)):
        for row in found:
            if row["part"] == part and row["peer"] == "pygsp":
                place = names.index(row["case"])
                colour = COLOURS[row["case"].rsplit(" ", 1)[1]]
                panel.plot(row["ratio"], place, "o", color=colour)
                panel.plot(row["ratio_min"], place, "o", color=colour, mfc="white")
        panel.axvline(WANTED[part], color="#666666", ls="--", lw=1)
        panel.set_title(f"{part}, against pygsp", fontsize=10)
        panel.set_xlabel("times faster (filled: medians, open: minima)", fontsize=9)
        panel.set_xlim(left=0)
    _errors(right, found, names)
    for panel in (left, middle, right):
        panel.set_yticks(range(len(names)), names if panel is left else [])
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.tick_params(labelsize=8)
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    drawn.supxlabel(caption, fontsize=8, color="#444444")
    return drawn


def _errors(panel: Axes, found: Sequence[Row], names: Sequence[str]) -> None:
    """How much too high each estimate is."""
    for peer, marker in (("ours", "o"), ("pygsp", "x")):
        chosen = [r for r in found if r["part"] == EIGENVALUE and r["peer"] == peer]
        shown = [100 * row["error"] for row in chosen]
        places = [names.index(row["case"]) for row in chosen]
        panel.plot(shown, places, marker, color="#009e73", label=peer)
    panel.axvline(0, color="#666666", ls="--", lw=1)
    panel.set_title("error of the largest eigenvalue", fontsize=10)
    panel.set_xlabel("[%], never to be below zero", fontsize=9)
    panel.legend(fontsize=8, frameon=False)


def pin(cores: int) -> None:
    """Keep the process on so many cores, where the system lets it.

    With no more threads than that: those of a linear algebra library that wait for
    each other on one core take a hundred times as long.
    """
    torch.set_num_threads(cores)
    threadpool_limits(cores)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


def main() -> None:
    """Measure each case, and write table and picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/graph_construction"))
    add("--quick", action="store_true", help="few and small cases")
    add("--cores", type=int, default=1, help="cores to run on")
    add("--rounds", type=int, default=9, help="most runs of each")
    add("--budget", type=float, default=4.0, help="seconds for each, 3 runs at least")
    args = parser.parse_args()
    if args.cores < 1:
        parser.error(f"--cores must be at least 1, got {args.cores}")
    pin(args.cores)
    # Both tell what they do on the way; only numbers are wanted here.
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    facts = machine("cpu") | {"cores used": args.cores, "PyGSP": version("PyGSP")}
    print(", ".join(f"{key} {value}" for key, value in facts.items()), flush=True)
    found: list[Row] = []
    for case in tqdm(list(cases(args.quick)), disable=None):
        for row in measure(case, args.rounds, args.budget):
            found.append(row)
            print("  ".join(str(row[c]) for c in COLUMNS), flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    table = args.out / "graph_construction.csv"
    with atomic_path(table) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, (*COLUMNS, *facts))
        writer.writeheader()
        writer.writerows(row | facts for row in found)
    caption = (
        f"{args.cores} core(s) of {facts['processor']}; PyGSP {facts['PyGSP']}, "
        f"scipy {facts['scipy']}, numpy {facts['numpy']}; {facts['date']}"
    )
    with atomic_path(args.out / "graph_construction.png") as temporary:
        figure(found, caption).savefig(temporary, dpi=120, format="png")
    print(f"written to {args.out}")


if __name__ == "__main__":
    main()
