"""Measure the cost of a convolution against the number of vertices, on HEALPix.

Time and peak memory are those of the forward pass of one layer (16 to 16 channels,
K = 5, one signal, heat weights, k = 8) at nside 32 up to --max-nside, in one process
for each size. The graph and its operator are built before, in another process, and
counted separately.

    python -m benchmarks.studies.scaling --out runs/scaling
    python -m benchmarks.studies.scaling --max-nside 256 --threads 1
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from tqdm import tqdm

from benchmarks.measuring.files import (
    new_parser,
    refuse_below,
    write_csv,
    write_picture,
)
from benchmarks.measuring.machine import caption, machine, one_line
from benchmarks.measuring.memory import (
    memory_is_measurable,
    reset_peak,
    resident_peak,
)
from benchmarks.measuring.settings import DEFAULT, Setting, in_a_process
from benchmarks.measuring.timing import interleaved, slope
from deepsphere_pyg.plot.style import new_figure, styled

SMALLEST, LARGEST = 32, 1024
CHANNELS, K, NEIGHBOURS = 16, 5, 8
COLUMNS = (
    *("nside", "vertices", "forward_s", "shortest_s", "forward_gb"),
    *("graph_s", "graph_gb"),
    *("threads", "machine"),
)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/scaling"), help="folder of the results")
    add("--min-nside", type=int, default=SMALLEST)
    add("--max-nside", type=int, default=LARGEST)
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--repeat", type=int, default=9, help="largest number of runs of each size")
    add("--stage", choices=("graph", "forward"), help=argparse.SUPPRESS)
    add("--matrix", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    for option in ("--min-nside", "--max-nside"):
        nside = getattr(args, option[2:].replace("-", "_"))
        if nside < 1 or nside & (nside - 1):
            parser.error(f"{option} must be a power of two, got {nside}")
    if args.min_nside > args.max_nside:
        parser.error(
            f"--min-nside {args.min_nside} is above --max-nside {args.max_nside}"
        )
    refuse_below(parser, args, 1, "threads", "repeat")
    return args


def build(nside: int, matrix: Path) -> dict[str, float]:
    """Write the rescaled Laplacian; return the time and memory of building it."""
    from samplings import HEALPix, knn_graph, laplacian

    start = time.perf_counter()
    graph = knn_graph(HEALPix(nside), NEIGHBOURS, weighting="heat")
    rescaled = laplacian(graph, "combinatorial").rescaled()
    seconds = time.perf_counter() - start
    sp.save_npz(matrix, rescaled, compressed=False)
    return {"graph_s": seconds, "graph_gb": resident_peak() / 1e9}


def forward(matrix: Path, threads: int, repeat: int) -> dict[str, float]:
    """Return the time and memory of the layer on a matrix."""
    from deepsphere_pyg import ChebConv, EdgeOperator

    torch.set_num_threads(threads)
    rescaled = sp.csr_array(sp.load_npz(matrix))
    operator = EdgeOperator(rescaled)
    del rescaled
    torch.manual_seed(0)
    layer = ChebConv(CHANNELS, CHANNELS, K)
    x = torch.randn(1, operator.n_in, CHANNELS)
    # From here on the peak is that of the layer, its operator included.
    reset_peak()
    with torch.no_grad():
        runs = {"forward": lambda: layer(x, operator)}
        seconds = interleaved(runs, x.device, repeat, budget=10.0)["forward"]
    return {
        "vertices": operator.n_in,
        "forward_s": median(seconds),
        "shortest_s": min(seconds),
        "forward_gb": resident_peak() / 1e9,
    }


def stage(name: str, nside: int, matrix: Path, args: argparse.Namespace) -> Any:
    """Run a stage in a process of its own."""
    words = ["--stage", name, "--matrix", str(matrix)]
    words += ["--min-nside", str(nside), "--max-nside", str(nside)]
    words += ["--threads", str(args.threads), "--repeat", str(args.repeat)]
    where = Setting("cpu", args.threads, DEFAULT)
    return in_a_process("benchmarks.studies.scaling", words, where)


@styled
def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw time and memory against the number of vertices."""
    drawn, panels = new_figure(1, 2, (9.0, 4.0))
    left, right = panels[0]
    vertices = np.array([row["vertices"] for row in rows])
    for panel, unit in ((left, "s"), (right, "gb")):
        # Large open squares below small dots, since both need nearly the same memory.
        for part, label, style in (
            ("graph", "building the graph", {"marker": "s", "ms": 8, "mfc": "white"}),
            ("forward", "forward", {"marker": "o"}),
        ):
            key = f"{part}_{unit}"
            if len(rows) > 1 and panel is left:
                label += f", slope {slope(rows, 'vertices', key):.2f}"
            values = np.array([row[key] for row in rows])
            colour = "C0" if part == "forward" else "C1"
            panel.loglog(vertices, values, color=colour, label=label, **style)
    # A cost proportional to n, through that of the largest graph.
    linear = rows[-1]["forward_s"] * vertices / vertices[-1]
    left.loglog(vertices, linear, color="0.8", lw=4, zorder=0, label="linear in n")
    left.set_ylabel("time [s]")
    right.set_ylabel("peak memory of the process [GB]")
    right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.yaxis.set_major_formatter("{x:g}")
    right.yaxis.set_minor_formatter(NullFormatter())
    for panel in (left, right):
        # After all lines: a new one sets the scale, and with it the ticks, again.
        panel.set_xlabel("vertices")
        panel.set_xticks(vertices, [_size(row) for row in rows], fontsize=7)
        panel.xaxis.minorticks_off()
        panel.legend()
    drawn.suptitle(
        f"ChebConv {CHANNELS}→{CHANNELS}, K = {K}, HEALPix, k = {NEIGHBOURS}, one "
        f"signal; {caption(rows)}",
        fontsize=8,
    )
    return drawn


def _size(row: Mapping[str, Any]) -> str:
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
    where = {"threads": args.threads, "machine": one_line(machine("cpu"))}
    first, last = (int(np.log2(n)) for n in (args.min_nside, args.max_nside))
    rows: list[dict[str, Any]] = []
    try:
        for nside in tqdm([2**i for i in range(first, last + 1)], unit="size"):
            with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
                matrix = Path(folder) / "laplacian.npz"
                built = stage("graph", nside, matrix, args)
                timed = stage("forward", nside, matrix, args)
                rows.append({"nside": nside, **built, **timed, **where})
            write_csv(args.out / "cost_against_size.csv", COLUMNS, rows)
        write_picture(args.out / "cost_against_size.png", figure(rows))
    except (RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; finished measurements are in --out", file=sys.stderr)
        return 130
    for row in rows:
        print("  ".join(f"{key} {row[key]:.4g}" for key in COLUMNS[:-1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
