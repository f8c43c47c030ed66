"""Measure cost and memory of products of fragments against the bandlimit.

Multiply-adds are counted; times and peak memory are measured, for 8 signals of 16
channels, in one process for each. At bandlimits where the table of all couplings would
have more than 20 million coefficients, these are counted and not run. Slopes are fitted
by least squares in both logarithms over the upper half of the bandlimits.

    python -m benchmarks.studies.tensor_product_scaling --out runs/tensor_product
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from benchmarks.measuring.contestant import Contestant
from benchmarks.measuring.files import (
    new_parser,
    refuse_below,
    write_csv,
    write_picture,
)
from benchmarks.measuring.machine import caption, machine, one_line
from benchmarks.measuring.memory import memory_is_measurable
from benchmarks.measuring.settings import MEMORY, NEUTRAL, Setting, in_a_process
from benchmarks.measuring.timing import interleaved, slope
from benchmarks.studies.tensor_product import (
    CHANNELS,
    CPU,
    KINDS,
    contestant,
    peak_of,
    signals,
)
from deepsphere_pyg.harmonics import degree_mixing
from deepsphere_pyg.harmonics.couplings.triples import real_entries
from deepsphere_pyg.layers import TensorProductActivation
from deepsphere_pyg.plot.style import new_figure, styled

SIGNALS = 8
BANDLIMITS = (4, 6, 8, 12, 16, 24, 32, 48, 64)
#: Largest number of coefficients of tables that are made: L = 32 has 13 million.
MOST = 20_000_000
COLUMNS = (
    *("kind", "L", "multiply_adds", "coefficients", "rows_out"),
    *("setup_s", "forward_ms", "both_ms", "peak_mb"),
    *("threads", "machine"),
)
#: Names, colours, markers and limits of the cost of the kinds.
CURVES: dict[str, Any] = {
    "full": ("all pairs", "C1", "o", "$L^5$", lambda L: L**5),
    "mst": ("trees", "C0", "s", "$L^4$", lambda L: L**4),
    "rmst": ("thinned trees", "C2", "D", r"$L^3 \log L$", lambda L: L**3 * np.log(L)),
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/tensor_product"), help="folder")
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    add("--max-bandlimit", type=int, default=64)
    add("--threads", type=int, default=1)
    add("--stage", choices=("times", "peak"), help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "threads")
    refuse_below(parser, args, BANDLIMITS[0], "max_bandlimit")
    return args


def counted(L: int, kind: str) -> dict[str, Any]:
    """The numbers that are known without computing a product."""
    mixing = degree_mixing(L, kind)
    return {
        "kind": kind,
        "L": L,
        "multiply_adds": mixing.multiply_adds,
        "coefficients": int(real_entries(mixing.triples).sum()),
    }


def _contestant(L: int, layer: TensorProductActivation) -> Contestant:
    return contestant("ours", layer, signals(L, SIGNALS), lambda mode: [])


def times(L: int, kind: str, budget: float = 3.0) -> dict[str, Any]:
    """Shortest times in milliseconds, and the seconds in which the layer is made."""
    start = time.perf_counter()
    layer = TensorProductActivation(L, mixing=kind)
    setup = time.perf_counter() - start
    found = interleaved(_contestant(L, layer).runs, CPU, 50, budget)
    return {
        "setup_s": round(setup, 3),
        "rows_out": layer.layout_out.n_rows,
        **{f"{name}_ms": round(1e3 * min(t), 4) for name, t in found.items()},
    }


def peak(L: int, kind: str) -> dict[str, Any]:
    """Peak memory forward and backward, in MiB."""
    if not memory_is_measurable(CPU):
        return {}
    layer = TensorProductActivation(L, mixing=kind)
    return {"peak_mb": round(peak_of(_contestant(L, layer)), 3)}


def upper_slope(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    """Exponent of L over the upper half of the bandlimits."""
    return slope(rows[-max(2, math.ceil(len(rows) / 2)) :], "L", key)


@styled
def figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw multiply-adds, time and memory against the bandlimit."""
    drawn, panels = new_figure(1, 3, (10.5, 4.2))
    titles = (
        ("multiply_adds", "multiply-adds of one channel"),
        ("both_ms", "time, forward and backward [ms]"),
        ("peak_mb", "peak memory [MiB]"),
    )
    shown = sorted({row["L"] for row in rows})
    for panel, (key, label) in zip(panels[0], titles, strict=True):
        for kind, (name, colour, marker, text, law) in CURVES.items():
            some = [row for row in rows if row["kind"] == kind and key in row]
            if len(some) < 2:
                continue
            L, values = (np.array([r[k] for r in some], float) for k in ("L", key))
            told = f"{name}: slope {upper_slope(some, key):.2f}"
            if key == "multiply_adds":
                told += f", dashed {text}"
                line = law(L) * values[-1] / law(L[-1])
                panel.loglog(L, line, "--", color=colour, lw=0.8)
            panel.loglog(L, values, marker, ls="-", color=colour, label=told)
        panel.set_ylabel(label)
        panel.set_xlabel("bandlimit L")
        panel.set_xticks(shown, [str(n) for n in shown])
        panel.xaxis.minorticks_off()
        if panel.lines:
            panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    drawn.suptitle(
        f"{SIGNALS} signals of {CHANNELS} channels, float32; slopes over the upper "
        f"half of the bandlimits; {caption(rows)}",
        fontsize=8,
    )
    return drawn


def main(words: Sequence[str] | None = None) -> int:
    """Measure every bandlimit, write the numbers as they come, and draw them."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    if args.stage is not None:
        stage = {"times": times, "peak": peak}[args.stage]
        print(json.dumps(stage(args.max_bandlimit, args.kinds[0])))
        return 0
    rows: list[dict[str, Any]] = []
    where = {"threads": args.threads, "machine": one_line(machine("cpu"))}
    for kind in args.kinds:
        for L in (L for L in BANDLIMITS if L <= args.max_bandlimit):
            row = {**counted(L, kind), **where}
            if row["coefficients"] <= MOST:
                for name, allocator in (("times", NEUTRAL), ("peak", MEMORY)):
                    options = ["--max-bandlimit", str(L), "--kinds", kind]
                    options += ["--threads", str(args.threads), "--stage", name]
                    setting = Setting("cpu", args.threads, allocator)
                    module = "benchmarks.studies.tensor_product_scaling"
                    row |= in_a_process(module, options, setting)
            rows.append(row)
            print("  ".join(f"{key} {row[key]}" for key in COLUMNS if key in row))
            write_csv(args.out / "tensor_product_cost.csv", COLUMNS, rows)
    write_picture(args.out / "tensor_product_cost.png", figure(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
