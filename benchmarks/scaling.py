"""Cost of a convolution against the number of vertices, on HEALPix.

Forward pass of one layer (16 to 16 channels, K = 5, one signal, heat weights, k = 8) at
nside 32 up to --max-nside: time and peak memory, in a process of its own for each size.
The graph and its operator are built before, in another process, and counted apart.

    python benchmarks/scaling.py --out runs/scaling
    python benchmarks/scaling.py --max-nside 256 --threads 1
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from kernel_machine import machine, one_line
from kernel_settings import DEFAULT, Setting
from kernel_timing import (
    interleaved,
    memory_is_measurable,
    reset_peak,
    resident_peak,
)
from matplotlib.figure import Figure
from tqdm import tqdm

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.plot.maps import new_figure

SMALLEST, LARGEST = 32, 1024
CHANNELS, K, NEIGHBOURS = 16, 5, 8
#: What the forward pass at nside 1024 is to fit in.
BOUND_GB = 10.0
COLUMNS = (
    "nside",
    "vertices",
    "forward_s",
    "shortest_s",
    "forward_gb",
    "operator_s",
    "operator_gb",
    "graph_s",
    "graph_gb",
)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/scaling"), help="folder of the results")
    add("--figure", type=Path, help="default: cost_against_size.png in --out")
    add("--min-nside", type=int, default=SMALLEST)
    add("--max-nside", type=int, default=LARGEST)
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--repeat", type=int, default=9, help="most runs of each size")
    add("--stage", choices=("graph", "forward"), help=argparse.SUPPRESS)
    add("--matrix", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    for name in ("min_nside", "max_nside"):
        nside = getattr(args, name)
        if nside < 1 or nside & (nside - 1):
            option = name.replace("_", "-")
            parser.error(f"--{option} must be a power of two, got {nside}")
    if args.min_nside > args.max_nside:
        parser.error(
            f"--min-nside {args.min_nside} is above --max-nside {args.max_nside}"
        )
    for name in ("threads", "repeat"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} must be at least 1, got {getattr(args, name)}")
    return args


def build(nside: int, matrix: Path) -> dict[str, float]:
    """Write the rescaled Laplacian; what that takes."""
    from samplings import HEALPix, knn_graph, laplacian

    start = time.perf_counter()
    graph = knn_graph(HEALPix(nside), NEIGHBOURS, weighting="heat")
    rescaled = laplacian(graph, "combinatorial").rescaled()
    seconds = time.perf_counter() - start
    sp.save_npz(matrix, rescaled, compressed=False)
    return {"graph_s": seconds, "graph_gb": resident_peak() / 1e9}


def forward(matrix: Path, threads: int, repeat: int) -> dict[str, float]:
    """Time the layer on a matrix; what it and its operator take."""
    from deepsphere_pyg import ChebConv, EdgeOperator

    torch.set_num_threads(threads)
    rescaled = sp.csr_array(sp.load_npz(matrix))
    start = time.perf_counter()
    operator = EdgeOperator(rescaled)
    found = {"operator_s": time.perf_counter() - start}
    found["operator_gb"] = resident_peak() / 1e9
    del rescaled
    torch.manual_seed(0)
    layer = ChebConv(CHANNELS, CHANNELS, K)
    x = torch.randn(1, operator.n_in, CHANNELS)
    # From here on the peak is the layer's, its operator included.
    reset_peak()
    with torch.no_grad():
        runs = {"forward": lambda: layer(x, operator)}
        seconds = interleaved(runs, x.device, repeat, budget=10.0)["forward"]
    return {
        **found,
        "vertices": operator.n_in,
        "forward_s": median(seconds),
        "shortest_s": min(seconds),
        "forward_gb": resident_peak() / 1e9,
    }


def stage(name: str, nside: int, matrix: Path, args: argparse.Namespace) -> Any:
    """Run a stage in a process of its own.

    Raises
    ------
    RuntimeError
        If it fails; with the last of what it said.
    """
    sizes = ["--min-nside", str(nside), "--max-nside", str(nside)]
    options = ["--threads", str(args.threads), "--repeat", str(args.repeat)]
    command = [sys.executable, __file__, "--stage", name, "--matrix", str(matrix)]
    done = subprocess.run(
        [*command, *sizes, *options],
        env=Setting("cpu", args.threads, DEFAULT).environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise RuntimeError(
            f"{name} at nside {nside}: the process ended with {done.returncode}: "
            f"{last[0]}"
        )
    return json.loads(done.stdout)


def slope(rows: Sequence[dict[str, float]], key: str) -> float:
    """Exponent of the vertices that a cost grows with, by least squares."""
    x, y = (np.log([row[name] for row in rows]) for name in ("vertices", key))
    return float(np.polyfit(x, y, 1)[0])


def figure(rows: Sequence[dict[str, float]], caption: str) -> Figure:
    """Draw time and memory against the number of vertices."""
    drawn, panels = new_figure(1, 2, (10.0, 4.2))
    vertices = np.array([row["vertices"] for row in rows])
    for panel, parts in zip(
        panels[0],
        (
            [("forward_s", "forward", "o"), ("graph_s", "building the graph", "s")],
            [("forward_gb", "forward", "o"), ("graph_gb", "building the graph", "s")],
        ),
        strict=True,
    ):
        for (key, label, marker), colour in zip(
            parts, ("#0072b2", "#d55e00"), strict=True
        ):
            values = np.array([row[key] for row in rows])
            if len(rows) > 1 and key.endswith("_s"):
                label += f", slope {slope(rows, key):.2f}"
            panel.loglog(vertices, values, marker + "-", color=colour, label=label)
        panel.set_xlabel("vertices")
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_xticks(vertices, [_size(row) for row in rows], fontsize=8)
        panel.minorticks_off()
    left, right = panels[0]
    # What is proportional to n, through the largest.
    linear = rows[-1]["forward_s"] * vertices / vertices[-1]
    left.loglog(vertices, linear, "--", color="#666666", label="linear in n")
    right.axhline(BOUND_GB, ls="--", color="#666666", label=f"{BOUND_GB:g} GB")
    left.set_ylabel("time [s]")
    right.set_ylabel("peak memory of the process [GB]")
    left.legend(frameon=False, fontsize=8)
    right.legend(frameon=False, fontsize=8)
    drawn.suptitle(
        f"ChebConv {CHANNELS}→{CHANNELS}, K = {K}, HEALPix, k = {NEIGHBOURS}, one "
        f"signal\n{caption}",
        fontsize=8,
    )
    return drawn


def _size(row: dict[str, float]) -> str:
    n = row["vertices"]
    words = f"{n / 1e6:.2g} M" if n >= 1e6 else f"{n / 1e3:.3g} k"
    return f"{words}\nnside {row['nside']}"


def main(words: Sequence[str] | None = None) -> int:
    """Measure every size, write the numbers as they come, and draw them."""
    args = arguments(words)
    if args.stage == "graph":
        print(json.dumps(build(args.min_nside, args.matrix)))
        return 0
    if args.stage == "forward":
        print(json.dumps(forward(args.matrix, args.threads, args.repeat)))
        return 0
    if not memory_is_measurable(torch.device("cpu")):
        print("error: peak memory needs Linux's /proc/self/clear_refs", file=sys.stderr)
        return 2
    caption = f"{args.threads} threads; {one_line(machine('cpu'))}"
    first, last = (int(np.log2(n)) for n in (args.min_nside, args.max_nside))
    rows: list[dict[str, float]] = []
    try:
        for nside in tqdm([2**i for i in range(first, last + 1)], unit="size"):
            with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
                matrix = Path(folder) / "laplacian.npz"
                built = stage("graph", nside, matrix, args)
                rows.append(
                    {"nside": nside, **built, **stage("forward", nside, matrix, args)}
                )
            path = args.out / "cost_against_size.csv"
            with atomic_path(path) as temporary, temporary.open("w", newline="") as f:
                writer = csv.DictWriter(f, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
        drawn = args.figure or args.out / "cost_against_size.png"
        with atomic_path(drawn) as temporary:
            figure(rows, caption).savefig(temporary, dpi=150)
    except (RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was measured is in --out", file=sys.stderr)
        return 130
    for row in rows:
        print("  ".join(f"{key} {row[key]:.4g}" for key in COLUMNS))
    if len(rows) > 1:
        power = slope(rows, "forward_s")
        print(f"forward grows with the number of vertices to the power {power:.3f}")
    verdict = "fits" if rows[-1]["forward_gb"] <= BOUND_GB else "does not fit"
    print(
        f"nside {rows[-1]['nside']}: {rows[-1]['forward_gb']:.2f} GB, {verdict} in "
        f"{BOUND_GB:g} GB; wrote {path} and {drawn}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
