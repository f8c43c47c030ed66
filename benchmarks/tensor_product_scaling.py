"""Cost and memory of products of fragments against the bandlimit.

Multiply-adds are counted, times and peak memory measured, of 8 signals of 16 channels,
in a process for each. All couplings are counted only where their tables
would have more than 20 million coefficients. Slopes are those of least squares in both
logarithms over the upper half of the bandlimits.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from kernel_machine import machine, one_line
from kernel_settings import MEMORY, NEUTRAL
from kernel_timing import PeakMemory, interleaved, memory_is_measurable
from matplotlib.figure import Figure
from tensor_product import CHANNELS, CPU, Contestant, in_a_process, write_table

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.harmonics import degree_mixing
from deepsphere_pyg.harmonics.couplings.triples import real_entries
from deepsphere_pyg.layers import TensorProductActivation
from deepsphere_pyg.plot.maps import new_figure

SIGNALS = 8
BANDLIMITS = (4, 6, 8, 12, 16, 24, 32, 48, 64)
#: Coefficients that tables are made of: L = 32 has 13 million.
MOST = 20_000_000
COLUMNS = (
    "kind",
    "L",
    "multiply_adds",
    "coefficients",
    "rows_out",
    "setup_s",
    "forward_ms",
    "both_ms",
    "peak_mb",
)
COLOURS = {"full": "#d55e00", "mst": "#0072b2", "rmst": "#009e73"}
LIMITS = {
    "full": (r"$L^5$", lambda L: L**5),
    "mst": (r"$L^4$", lambda L: L**4),
    "rmst": (r"$L^3 \log L$", lambda L: L**3 * np.log(L)),
}


def counted(L: int, kind: str) -> dict[str, Any]:
    """What can be said without computing."""
    mixing = degree_mixing(L, kind)
    return {
        "kind": kind,
        "L": L,
        "multiply_adds": mixing.multiply_adds,
        "coefficients": int(real_entries(mixing.triples).sum()),
    }


def some_signals(L: int, kind: str) -> tuple[TensorProductActivation, Contestant]:
    """Make the layer and what goes in."""
    start = time.perf_counter()
    layer = TensorProductActivation(L, mixing=kind)
    setup = time.perf_counter() - start
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(SIGNALS, L * L, CHANNELS, generator=generator)
    return layer, Contestant(layer, x, setup)


def times(L: int, kind: str, budget: float = 3.0) -> dict[str, Any]:
    """Shortest times in milliseconds, and that of making the layer."""
    layer, one = some_signals(L, kind)
    runs = {"forward": one.forward, "both": one.both}
    found = interleaved(runs, CPU, 50, budget)
    return {
        "setup_s": round(one.setup, 3),
        "rows_out": layer.layout_out.n_rows,
        **{f"{name}_ms": round(1e3 * min(t), 4) for name, t in found.items()},
    }


def peak(L: int, kind: str) -> dict[str, Any]:
    """Peak memory forward and backward, in MiB."""
    if not memory_is_measurable(CPU):
        return {}
    _, one = some_signals(L, kind)
    one.both()
    one.leaf.grad = None
    memory = PeakMemory(CPU)
    return {"peak_mb": round(min(memory.of(one.both) for _ in range(3)), 3)}


def scale(args: argparse.Namespace) -> None:
    """Measure every bandlimit, write the numbers as they come, and draw them."""
    rows: list[dict[str, Any]] = []
    for kind in args.kinds:
        for L in BANDLIMITS:
            if L > args.max_bandlimit:
                continue
            row = counted(L, kind)
            if row["coefficients"] <= MOST:
                words = ["--bandlimits", str(L), "--kinds", kind]
                words += ["--threads", str(args.threads), "--stage"]
                row |= in_a_process([*words, "times"], args.threads, NEUTRAL)
                row |= in_a_process([*words, "peak"], args.threads, MEMORY)
            rows.append(row)
            print("  ".join(f"{key} {row[key]}" for key in COLUMNS if key in row))
            write_table(args.out / "cost_against_bandlimit.csv", rows, COLUMNS)
    path = args.figure or args.out / "cost_against_bandlimit.png"
    caption = f"{args.threads} threads; {one_line(machine('cpu'))}"
    with atomic_path(path) as temporary:
        figure(rows, caption).savefig(temporary, dpi=150)
    print(f"wrote {path}")


def slope(rows: Sequence[dict[str, Any]], key: str) -> float:
    """Exponent of L over the upper half of the bandlimits, by least squares."""
    upper = rows[-max(2, math.ceil(len(rows) / 2)) :]
    x, y = (np.log([row[name] for row in upper]) for name in ("L", key))
    return float(np.polyfit(x, y, 1)[0])


def figure(rows: Sequence[dict[str, Any]], caption: str) -> Figure:
    """Draw multiply-adds, time and memory against the bandlimit."""
    drawn, panels = new_figure(1, 3, (13.0, 4.4))
    titles = (
        ("multiply_adds", "multiply-adds of one channel"),
        ("both_ms", "forward and backward [ms]"),
        ("peak_mb", "peak memory [MiB]"),
    )
    for panel, (key, label) in zip(panels[0], titles, strict=True):
        for kind, colour in COLOURS.items():
            some = [row for row in rows if row["kind"] == kind and key in row]
            if len(some) < 2:
                continue
            L, values = (np.array([r[k] for r in some], float) for k in ("L", key))
            name = f"{kind}: slope {slope(some, key):.2f}"
            panel.loglog(L, values, "o-", color=colour, label=name)
            if key == "multiply_adds":
                text, law = LIMITS[kind]
                line = law(L) * values[-1] / law(L[-1])
                panel.loglog(L, line, "--", color=colour, lw=0.8, label=text)
        panel.set_ylabel(label)
        panel.set_xlabel("bandlimit L")
        shown = sorted({row["L"] for row in rows})
        panel.set_xticks(shown, [str(n) for n in shown])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
        if panel.lines:
            panel.legend(frameon=False, fontsize=8)
    drawn.suptitle(
        f"Products of fragments, {SIGNALS} signals of {CHANNELS} channels, float32; "
        f"slopes over the upper half\n{caption}",
        fontsize=8,
    )
    return drawn
