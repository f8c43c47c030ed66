"""Train the residual network of partial skies, and the same one on COO matrices.

    python -m benchmarks.studies.residual_network --out runs/residual_network
    python -m benchmarks.studies.residual_network --nside 64 --steps 2 --rounds 1

The network maps a cap of the sky, padded to whole parents, to six numbers. Steps are
forward, backward and Adam. Every contestant runs in processes of its own, in turn:

ours        this package
coo         each convolution by torch.sparse.mm of a COO matrix of its own, as in
            deepsphere-cosmo-pytorch; all else is the same
products    the products with weights alone, a bound on what sums over edges can cost
ours_bf16   this package under bfloat16 autocast

Outputs of the first two are compared, and gradients, which also differ where the input
of a ReLU is within round-off of zero. Memory is the peak of a step beyond the network
at rest, and with network, graphs and statistics of Adam. Building is that of all graphs
and operators once, against a graph for each layer, by this package or by pygsp, and an
eigenvalue by scipy's eigsh for each convolution. Other programs on the machine disturb
the times of several threads most; processor time of one thread depends on them least.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.measuring.files import (
    markdown_table,
    new_parser,
    refuse_below,
    write_csv,
)
from benchmarks.measuring.machine import load, machine, one_line
from benchmarks.measuring.memory import memory_is_measurable
from benchmarks.measuring.settings import DEFAULT, MEMORY, Setting, in_a_process
from benchmarks.studies.residual_network.contestants import CASES, CONTESTANTS
from benchmarks.studies.residual_network.stages import (
    BUILDERS,
    STAGES,
    Numbers,
    Sizes,
    difference,
)
from samplings.atomic_files import write_json

MODULE = "benchmarks.studies.residual_network"
STEPS, BUILDING = "residual_network.csv", "building.csv"
COLUMNS = (
    *("case", "batch", "contestant", "vertices", "parameters", "steps", "median_s"),
    *("shortest_s", "processor_s", "step_mib", "total_mib", "difference"),
    *("gradient_difference", "slower", "shortest_ratio", "processor_ratio"),
    *("step_memory", "total_memory"),
)
BUILDING_COLUMNS = (
    *("case", "contestant", "median_s", "shortest_s", "processor_s"),
    *("slower", "shortest_ratio", "processor_ratio"),
)
# Sums of a thousand products through some twenty layers, in float32.
ROUND_OFF = 40 * torch.finfo(torch.float32).eps * (20 * 1000) ** 0.5


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/residual_network"))
    add("--cases", nargs="+", choices=CASES, default=list(CASES))
    names = list(CONTESTANTS)
    add("--contestants", nargs="+", choices=names, default=names)
    add("--batch", type=int, nargs="+", default=[1, 2])
    add("--nside", type=int, default=512)
    add("--fraction", type=float, default=0.1, help="share of the sky")
    add("--k", type=int, default=20, help="neighbours of each vertex")
    add("--channels", type=int, default=4, help="of the input")
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--rounds", type=int, default=3, help="processes of each contestant")
    add("--steps", type=int, default=5, help="steps of a process, after one")
    add("--stage", choices=STAGES, help=argparse.SUPPRESS)
    add("--contestant", help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "batch", "k", "channels", "threads")
    refuse_below(parser, args, 1, "rounds", "steps")
    if args.nside < 32 or args.nside & (args.nside - 1):
        parser.error(f"--nside must be a power of two of at least 32, got {args.nside}")
    if not 0 < args.fraction <= 1:
        parser.error(f"--fraction must be above 0, at most 1, got {args.fraction}")
    return args


def sizes_of(args: argparse.Namespace, case: str, batch: int) -> Sizes:
    """Return the sizes of a measurement."""
    return Sizes(
        case, args.nside, args.fraction, args.k, args.channels, batch, args.steps
    )


def measured(
    stage: str, contestant: str, sizes: Sizes, threads: int, allocator: str = DEFAULT
) -> Numbers:
    """Run a stage in a process of its own."""
    words = ["--stage", stage, "--contestant", contestant, "--cases", sizes.case]
    for name, value in asdict(sizes).items():
        if name != "case":
            words += [f"--{name}", str(value)]
    words += ["--threads", str(threads)]
    found: Numbers = in_a_process(MODULE, words, Setting("cpu", threads, allocator))
    return found


def steps(args: argparse.Namespace, case: str, batch: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each contestant, whose ratios are to the first."""
    sizes = sizes_of(args, case, batch)
    runs: dict[str, list[Numbers]] = {name: [] for name in args.contestants}
    for _ in range(args.rounds):
        for name, found in runs.items():
            found.append(measured("steps", name, sizes, args.threads))
    first: dict[str, Any] = {}
    for name, found in runs.items():
        wall = [seconds for run in found for seconds in run["wall"]]
        row = {
            "case": case,
            "batch": batch,
            "contestant": name,
            **{key: found[0][key] for key in ("vertices", "parameters")},
            "steps": len(wall),
            "median_s": median(wall),
            "shortest_s": min(wall),
            "processor_s": min(s for run in found for s in run["processor"]),
            **measured("memory", name, sizes, args.threads, MEMORY),
        }
        if name == "coo" and "ours" in runs:
            ours = runs["ours"][0]
            for part, column in zip(
                ("answer", "gradient"), COLUMNS[11:13], strict=True
            ):
                row[column] = difference(found[0][part], ours[part])
        first = first or row
        for ratio, key in zip(COLUMNS[-5:], _COMPARED, strict=True):
            row[ratio] = row[key] / first[key]
        yield row


_COMPARED = ("median_s", "shortest_s", "processor_s", "step_mib", "total_mib")


def building(args: argparse.Namespace, case: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each way of building graphs and operators."""
    sizes = sizes_of(args, case, min(args.batch))
    runs: dict[str, list[Numbers]] = {name: [] for name in BUILDERS}
    for _ in range(args.rounds):
        for name, found in runs.items():
            found.append(measured("building", name, sizes, args.threads))
    first: dict[str, Any] = {}
    for name, found in runs.items():
        seconds = [run["seconds"] for run in found]
        row = {
            "case": case,
            "contestant": name,
            "median_s": median(seconds),
            "shortest_s": min(seconds),
            "processor_s": min(run["processor"] for run in found),
        }
        first = first or row
        for ratio, key in zip(BUILDING_COLUMNS[-3:], _COMPARED[:3], strict=True):
            row[ratio] = row[key] / first[key]
        yield row


def shown(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """Return a table with three digits of each number."""
    cells = [[row.get(column, "") for column in columns] for row in rows]
    return markdown_table(
        columns,
        [[f"{c:.3g}" if isinstance(c, float) else c for c in line] for line in cells],
    )


def study(args: argparse.Namespace) -> None:
    """Measure all, write the tables as they grow, and print them."""
    facts = {**machine("cpu"), "threads": args.threads, "nside": args.nside}
    print(f"{args.threads} threads; {one_line(facts)}", flush=True)
    rows: list[dict[str, Any]] = []
    built: list[dict[str, Any]] = []
    for case in args.cases:
        built += building(args, case)
        write_csv(args.out / BUILDING, BUILDING_COLUMNS, built)
        for batch in args.batch:
            rows += steps(args, case, batch)
            write_csv(args.out / STEPS, COLUMNS, rows)
    write_json(args.out / "machine.json", {**facts, "load_after": load()})
    print(f"\n{shown(COLUMNS, rows)}\n\n{shown(BUILDING_COLUMNS, built)}")
    apart = max((row["difference"] for row in rows if "difference" in row), default=0.0)
    if apart > ROUND_OFF:
        raise RuntimeError(f"contestants differ by {apart:.1e}, more than round-off")


def main(words: Sequence[str] | None = None) -> int:
    """Run the study, or a stage of it."""
    args = arguments(words)
    if args.stage:
        torch.set_num_threads(args.threads)
        sizes = sizes_of(args, args.cases[0], args.batch[0])
        print(json.dumps(STAGES[args.stage](args.contestant, sizes)))
        return 0
    if not memory_is_measurable(torch.device("cpu")):
        print("error: peak memory needs Linux's /proc/self/clear_refs", file=sys.stderr)
        return 2
    try:
        study(args)
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
