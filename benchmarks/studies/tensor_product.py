"""Time products of fragments against e3nn's TensorProduct.

Our layer, and e3nn's "uuu" without weights, are timed on the same couplings, forward
and forward with backward, in alternation in one process. Peak memory of forward with
backward is measured in one process for each. Ratios are e3nn's shortest time over ours,
and our memory over e3nn's. e3nn computes its own coefficients at construction, which
takes half a minute for all couplings at L = 17.

    python -m benchmarks.studies.tensor_product --out runs/tensor_product
    python -m benchmarks.studies.tensor_product --bandlimits 9 --kinds mst --threads 1
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measuring.contestant import Contestant
from benchmarks.measuring.files import new_parser, refuse_below, write_csv
from benchmarks.measuring.machine import machine, one_line
from benchmarks.measuring.memory import PeakMemory, memory_is_measurable
from benchmarks.measuring.settings import MEMORY, Setting, in_a_process
from benchmarks.measuring.timing import interleaved
from deepsphere_pyg.harmonics import e3nn_irreps, to_e3nn
from deepsphere_pyg.layers import TensorProductActivation
from samplings.atomic_files import write_json

CHANNELS = 16
KINDS = ("full", "mst", "rmst")
PEERS = ("ours", "e3nn")
#: Signals at a bandlimit; fewer of the larger ones.
BATCH = {9: 32, 11: 32, 17: 8}
COLUMNS = (
    *("L", "kind", "batch", "fragments", "peer", "setup_s", "forward_ms", "both_ms"),
    *("forward_ratio", "both_ratio", "peak_mb", "memory_ratio", "error"),
)
CPU = torch.device("cpu")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/tensor_product"), help="folder")
    add("--bandlimits", type=int, nargs="+", default=list(BATCH))
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    add("--batch", type=int, help="signals; default: 32 up to L = 11, 8 above")
    add("--threads", type=int, default=1)
    add("--rounds", type=int, default=50, help="largest number of runs of each peer")
    add("--budget", type=float, default=4.0, help="seconds for each peer")
    add("--no-memory", action="store_true", help="leave out the peak memory")
    add("--peer", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "threads", "rounds", "batch")
    refuse_below(parser, args, 2, "bandlimits")
    return args


def theirs(layer: TensorProductActivation) -> nn.Module:
    """Return e3nn's module of the same couplings, in the same order."""
    from e3nn import o3

    outputs, paths = [], []
    for number, (degree, l1, _, l2, _) in enumerate(layer.fragments.tolist()):
        outputs.append((CHANNELS, (degree, (-1) ** (l1 + l2))))
        paths.append((l1, l2, number, "uuu", False))
    irreps = o3.Irreps(e3nn_irreps(layer.layout, CHANNELS))
    with warnings.catch_warnings():
        # It compiles with TorchScript, which PyTorch calls deprecated.
        warnings.simplefilter("ignore")
        product: nn.Module = o3.TensorProduct(irreps, irreps, o3.Irreps(outputs), paths)
    return product


def contestant(
    name: str, apply: Callable[[Tensor], Tensor], x: Tensor, expected: Callable
) -> Contestant:
    """Runs of a product: forward alone, and forward and backward."""
    leaf = x.clone().requires_grad_()
    with torch.no_grad():
        shape = apply(x).shape
    gradient = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    gradient = gradient.to(x.device)

    def forward() -> list[Tensor]:
        with torch.no_grad():
            return [apply(x)]

    def both() -> None:
        # The gradient of the previous run is dropped first.
        leaf.grad = None
        apply(leaf).backward(gradient)

    return Contestant(name, {"forward": forward, "both": both}, expected)


def signals(L: int, batch: int) -> Tensor:
    """Random coefficients ``(batch, L * L, CHANNELS)``."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, L * L, CHANNELS, generator=generator)


def contestants(
    L: int,
    kind: str,
    batch: int,
    peers: Sequence[str] = PEERS,
    device: torch.device = CPU,
) -> tuple[TensorProductActivation, list[Contestant], dict[str, float]]:
    """Build the peers; e3nn gets the same signals, in its own basis.

    Returns
    -------
    tuple
        Our layer, the peers, and the seconds in which each was built.
    """
    start = time.perf_counter()
    layer = TensorProductActivation(L, mixing=kind).to(device)
    seconds = {"ours": time.perf_counter() - start}
    x = signals(L, batch).to(device)

    def exact(mode: str) -> list[Any]:
        with torch.no_grad():
            return [to_e3nn(layer(x), layer.layout_out).double().cpu().numpy()]

    found = []
    if "ours" in peers:
        found.append(contestant("ours", layer, x, exact))
    if "e3nn" in peers:
        start = time.perf_counter()
        product = theirs(layer).to(device)
        seconds["e3nn"] = time.perf_counter() - start
        features = to_e3nn(x, layer.layout)
        found.append(contestant("e3nn", lambda f: product(f, f), features, exact))
    return layer, found, seconds


def peak_of(one: Contestant) -> float:
    """Peak in MiB of forward and backward, beyond the memory in use before."""
    for _ in range(3):
        one.runs["both"]()
    memory = PeakMemory(CPU)
    return min(memory.of(one.runs["both"]) for _ in range(3))


def measure(L: int, kind: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a row of the table for each peer."""
    batch = args.batch or BATCH.get(L, 32 if L < 12 else 8)
    layer, found, setup = contestants(L, kind, batch)
    error = found[-1].error("forward")
    times = {}
    for mode in ("forward", "both"):
        runs = {one.name: one.runs[mode] for one in found}
        times[mode] = interleaved(runs, CPU, args.rounds, args.budget)
    peaks = {}
    for peer in () if args.no_memory else PEERS:
        words = ["--bandlimits", str(L), "--kinds", kind, "--batch", str(batch)]
        words += ["--threads", str(args.threads), "--peer", peer]
        where = Setting("cpu", args.threads, MEMORY)
        peaks[peer] = in_a_process("benchmarks.studies.tensor_product", words, where)
    for one in found:
        row: dict[str, Any] = {
            "L": L,
            "kind": kind,
            "batch": batch,
            "fragments": layer.layout_out.n_fragments,
            "peer": one.name,
            "setup_s": round(setup[one.name], 3),
            "error": f"{error:.1e}",
        }
        for mode, seconds in times.items():
            row[f"{mode}_ms"] = round(1e3 * min(seconds[one.name]), 3)
            ratio = min(seconds["e3nn"]) / min(seconds[one.name])
            row[f"{mode}_ratio"] = round(ratio, 2)
        if one.name in peaks:
            row["peak_mb"] = round(peaks[one.name], 2)
            row["memory_ratio"] = round(peaks[one.name] / peaks["e3nn"], 3)
        yield row


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print and write all cases."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    if args.peer is not None:
        _, found, _ = contestants(
            args.bandlimits[0], args.kinds[0], args.batch, (args.peer,)
        )
        print(json.dumps(peak_of(found[0])))
        return 0
    if not memory_is_measurable(CPU) and not args.no_memory:
        print("error: peak memory needs Linux's /proc; pass --no-memory")
        return 2
    facts = {**machine("cpu"), "threads": args.threads, "channels": CHANNELS}
    print(f"{one_line(facts)}, {args.threads} threads, {CHANNELS} channels, float32")
    rows = []
    for L in args.bandlimits:
        for kind in args.kinds:
            for row in measure(L, kind, args):
                rows.append(row)
                print("  ".join(f"{k} {row[k]}" for k in COLUMNS if k in row))
            write_csv(args.out / "tensor_product.csv", COLUMNS, rows)
    write_json(args.out / "machine.json", facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
