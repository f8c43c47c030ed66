"""Measure the memory and the traffic of processes that share one sphere.

For each number of processes, a U-Net is trained for some steps on random maps of a
HEALPix sphere, each process on its region. Printed are the largest resident memory of a
process while graphs are built and while it trains, the shortest time of a step, and the
values that it fetches for a convolution at each level, beside a model of the halo.

    python -m benchmarks.studies.shared_sphere --nside 512 --processes 1 2

With --by-region, each process builds the graphs of its region alone; without, each
builds those of the whole sphere, with --in-turn one process after another. With
--steps 0 nothing is trained. --exchanges profiles the steps: how long both processes
wait for what surrounds their vertices, which is what computing something else in the
meantime could save, and how long each waits for others that are later.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import distributed as dist
from torch.profiler import ProfilerActivity, profile

from benchmarks.measuring.files import new_parser, refuse_below
from benchmarks.measuring.machine import machine, one_line
from benchmarks.measuring.memory import peak_gigabytes, reset_peak, resident_peak
from benchmarks.measuring.settings import MEMORY, Setting
from deepsphere_pyg.models import SphericalUNet, UNetConfiguration, partition_model
from deepsphere_pyg.operators import PartitionedOperator
from deepsphere_pyg.processes import gathered, part_of_batch
from deepsphere_pyg.training import WholeBatchNorms
from deepsphere_pyg.training.recomputing import recompute_blocks
from samplings import HEALPix, Partition, Pyramid, PyramidPlan, build_pyramid

#: What PyTorch calls waiting for an exchange.
WAIT = "_c10d_functional::wait_tensor"
_NOTHING: AbstractContextManager[None] = nullcontext()
#: Environment of a process: its number, and the file of the options.
RANK = "SHARED_SPHERE_RANK"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--nside", type=int, default=512)
    add("--processes", type=int, nargs="+", default=[1, 2])
    add("--channels", type=int, default=4, help="channels of the maps")
    add("--widths", type=int, nargs="+", default=[16, 32, 64, 64], help="of the levels")
    add("--stem", type=int, default=16, help="channels of the first convolution")
    add("--terms", type=int, default=3, help="terms K of each convolution")
    add("--k", type=int, default=8, help="neighbours")
    add("--steps", type=int, default=3)
    add("--recompute", action="store_true", help="keep the inputs of blocks alone")
    add("--in-turn", action="store_true", help="build graphs one after another")
    add("--exchanges", action="store_true", help="profile the exchanges of each step")
    add(
        "--by-region", action="store_true", help="build the graphs of each region alone"
    )
    args = parser.parse_args(words)
    sizes = ("nside", "processes", "channels", "widths", "stem", "terms", "k")
    refuse_below(parser, args, 1, *sizes)
    refuse_below(parser, args, 0, "steps")
    if args.in_turn and args.by_region:
        parser.error("graphs built by region are built together: leave out --in-turn")
    return args


def network(args: argparse.Namespace) -> SphericalUNet:
    """Return the U-Net, the same in all processes."""
    torch.manual_seed(0)
    sizes = UNetConfiguration("own", args.stem, tuple(args.widths), K=args.terms)
    sky = HEALPix(args.nside, nest=True)
    depth = len(args.widths)
    if args.by_region:
        pyramid: Pyramid = PyramidPlan(sky, depth, args.k)
    else:
        pyramid = build_pyramid(sky, depth, args.k, weighting="heat")
    return SphericalUNet(args.channels, 3, pyramid, configuration=sizes)


def halo_model(vertices: float, hops: int) -> float:
    """Return the number of vertices around a square region of HEALPix.

    Each of its four sides, of as many vertices as the root of their number, has as many
    rows beside it as there are hops, and so have its corners: with 8 neighbours, a
    vertex reaches one row a hop.
    """
    return 4 * math.sqrt(vertices) * hops + 4 * hops**2


def train(rank: int, args: argparse.Namespace, ranks: int, store: str) -> None:
    """Train as one of the processes; the first one prints."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=ranks
    )
    start = time.perf_counter()
    for turn in range(ranks) if args.in_turn else [rank]:
        if turn == rank:
            model = network(args)
            partition = Partition(model.pyramid, ranks)
        if args.in_turn:
            gc.collect()
            dist.barrier()
    vertices = partition.vertices(rank)
    if ranks > 1 or args.by_region:
        partition_model(model, partition)
    del partition
    built, building = peak_gigabytes(), time.perf_counter() - start
    WholeBatchNorms().apply(model)
    if args.recompute:
        recompute_blocks(model)
    gc.collect()
    reset_peak()
    optimizer = torch.optim.Adam(model.parameters())
    generator = torch.Generator().manual_seed(rank)
    best, waits = math.inf, []
    for _ in range(args.steps):
        # As a stream of maps gives them: the part of this process.
        x = torch.randn(1, len(vertices), args.channels, generator=generator)
        y = torch.randint(0, 3, (1, len(vertices)), generator=generator)
        dist.barrier()
        start = time.perf_counter()
        profiled = profile(activities=[ProfilerActivity.CPU])
        with profiled if args.exchanges else _NOTHING as seen:
            _step(model, optimizer, x, y, ranks)
            seconds = time.perf_counter() - start
        best = min(best, seconds)
        if seen is not None:
            waits.append((seconds, _waits(seen)))
    found = {
        "rank": rank,
        "vertices": len(vertices),
        "built": built,
        "building": building,
        "trained": resident_peak() / 1e9,
        "seconds": best,
        "halos": _halos(model),
        "waits": waits,
    }
    parts = gathered(found)
    if parts is not None:
        _print(parts, ranks, args)
    dist.destroy_process_group()


def _step(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    x: torch.Tensor,
    y: torch.Tensor,
    ranks: int,
) -> None:
    with part_of_batch(together=True):
        logits = model(x)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
    for weight in model.parameters():
        dist.all_reduce(weight.grad)
        weight.grad /= ranks  # type: ignore[operator]
    optimizer.step()


def _halos(model: SphericalUNet) -> list[tuple[int, int, int]]:
    """Return vertices, those fetched, and hops of the Laplacian of each level."""
    return [
        (one.n_in, one.halo.n_wanted, one.hops)
        for one in model.operators
        if isinstance(one, PartitionedOperator)
    ]


def _waits(seen: profile) -> list[float]:
    """Return the seconds of a step that each wait for an exchange takes, in order."""
    events = [one for one in seen.events() if one.name == WAIT]
    events.sort(key=lambda one: one.time_range.start)
    return [one.time_range.elapsed_us() / 1e6 for one in events]


def _print_waits(parts: list[dict[str, Any]]) -> None:
    """Print the shares of the steps in which processes wait for exchanges."""
    for steps in zip(*(part["waits"] for part in parts), strict=True):
        seconds = max(took for took, _ in steps)
        waits = [one for _, one in steps]
        together = sum(map(min, *waits))
        later = max(map(sum, waits)) - together
        print(
            f"a step of {seconds:.2f} s with {len(waits[0])} exchanges: "
            f"{together / seconds:.1%} all wait, {later / seconds:.1%} one waits for "
            "others"
        )


def _print(parts: list[dict[str, Any]], ranks: int, args: argparse.Namespace) -> None:
    print(f"\nnside {args.nside}, {ranks} processes", flush=True)
    for part in parts:
        print(
            f"process {part['rank']}: {part['vertices']:,} vertices, at most "
            f"{part['built']:.2f} GB while graphs are built in {part['building']:.0f} "
            f"s, and {part['trained']:.2f} GB in training, {part['seconds']:.2f} s a "
            "step"
        )
    if ranks == 1:
        return
    for level, levels in enumerate(
        zip(*(part["halos"] for part in parts), strict=True)
    ):
        fetched = [wanted for _, wanted, _ in levels]
        n, _, hops = levels[0]
        print(
            f"level {level}: {n:,} vertices in the first, {min(fetched):,} to "
            f"{max(fetched):,} fetched from others, "
            f"{halo_model(n, hops):,.0f} around a square"
        )
    _print_waits(parts)


def main(words: Sequence[str] | None = None) -> None:
    """Measure each number of processes in turn."""
    if RANK in os.environ:
        rank, ranks, store, options = json.loads(os.environ[RANK])
        train(rank, argparse.Namespace(**options), ranks, store)
        return
    args = arguments(words)
    print(f"{one_line(machine('cpu'))}, 1 thread each", flush=True)
    for ranks in args.processes:
        with tempfile.TemporaryDirectory() as folder:
            store = str(Path(folder) / "store")
            running = [
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.studies.shared_sphere"],
                    env={
                        **Setting("cpu", 1, MEMORY).environment(),
                        RANK: json.dumps([rank, ranks, store, vars(args)]),
                    },
                )
                for rank in range(ranks)
            ]
            try:
                for process in running:
                    if process.wait():
                        raise SystemExit("a process ended with an error, shown above")
            finally:
                for process in running:
                    process.kill()


if __name__ == "__main__":
    main()
