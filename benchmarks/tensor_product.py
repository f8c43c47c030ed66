"""Products of fragments against e3nn's TensorProduct, and their cost against L.

Forward, and forward and backward, of the same couplings in the same process, in turn:
ours, ours with the result copied to rows in the order of signals, and e3nn's "uuu"
without weights. Peak memory of forward and backward is measured in a process for each.
Ratios are e3nn's shortest time over ours, and our memory over e3nn's. e3nn computes
its own coefficients when it is made: half a minute for all couplings at L = 17.

    python benchmarks/tensor_product.py --out runs/tensor_product
    python benchmarks/tensor_product.py --bandlimits 9 --kinds mst --threads 1
    python benchmarks/tensor_product.py --scaling --out runs/tensor_product
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from kernel_machine import machine, one_line
from kernel_settings import MEMORY, Setting
from kernel_timing import PeakMemory, interleaved, memory_is_measurable
from torch import Tensor, nn

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.harmonics import e3nn_irreps, to_e3nn
from deepsphere_pyg.layers import TensorProductActivation

CHANNELS = 16
KINDS = ("full", "mst", "rmst")
PEERS = ("ours", "e3nn")
#: Signals at a bandlimit; fewer of the larger ones.
BATCH = {9: 32, 11: 32, 17: 8}
COLUMNS = (
    "L",
    "kind",
    "batch",
    "fragments",
    "peer",
    "setup_s",
    "forward_ms",
    "both_ms",
    "forward_ratio",
    "both_ratio",
    "peak_mb",
    "memory_ratio",
    "error",
)
CPU = torch.device("cpu")
Run = Callable[[], Any]


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/tensor_product"), help="folder")
    add("--bandlimits", type=int, nargs="+", default=list(BATCH))
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    add("--batch", type=int, help="default: 32 up to L = 11, 8 above")
    add("--threads", type=int, default=1)
    add("--rounds", type=int, default=50, help="most runs of each")
    add("--budget", type=float, default=4.0, help="seconds for each")
    add("--no-memory", action="store_true", help="leave out the peak memory")
    add("--scaling", action="store_true", help="cost against L instead")
    add("--figure", type=Path, help="of --scaling; default: in --out")
    add("--max-bandlimit", type=int, default=64, help="of --scaling")
    add("--stage", choices=("memory", "times", "peak"), help=argparse.SUPPRESS)
    add("--peer", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    for name in ("threads", "rounds", "batch"):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be at least 1, got {value}")
    for name, least in (("bandlimits", 2), ("max_bandlimit", 8)):
        value = getattr(args, name)
        value = min(value) if isinstance(value, list) else value
        if value < least:
            option = name.replace("_", "-")
            parser.error(f"--{option} must be at least {least}, got {value}")
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


class Contestant:
    """One peer with its input and the gradient of its result."""

    def __init__(
        self, apply: Callable[[Tensor], Tensor], x: Tensor, setup: float
    ) -> None:
        self.apply, self.x, self.setup = apply, x, setup
        self.leaf = x.clone().requires_grad_()
        with torch.no_grad():
            shape = apply(x)
        generator = torch.Generator().manual_seed(1)
        self.gradient = torch.randn(shape.shape, generator=generator)

    def forward(self) -> Tensor:
        """Without what a gradient would need."""
        with torch.no_grad():
            return self.apply(self.x)

    def both(self) -> None:
        """Forward and backward; the gradient of the last time is dropped."""
        self.leaf.grad = None
        self.apply(self.leaf).backward(self.gradient)


def contestants(
    L: int, kind: str, batch: int, peers: Sequence[str] = PEERS
) -> tuple[TensorProductActivation, dict[str, Contestant]]:
    """Make what is compared; e3nn has the same signals, in its own basis."""
    start = time.perf_counter()
    layer = TensorProductActivation(L, mixing=kind)
    ours = time.perf_counter() - start
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, L * L, CHANNELS, generator=generator)
    found = {}
    if "ours" in peers:
        found["ours"] = Contestant(layer, x, ours)
        found["ours, copied"] = Contestant(lambda x: layer(x).contiguous(), x, ours)
    if "e3nn" in peers:
        start = time.perf_counter()
        product = theirs(layer)
        setup = time.perf_counter() - start
        features = to_e3nn(x, layer.layout)
        found["e3nn"] = Contestant(lambda f: product(f, f), features, setup)
    return layer, found


def difference(layer: TensorProductActivation, found: dict[str, Contestant]) -> float:
    """Relative difference of the two results."""
    got = to_e3nn(found["ours"].forward(), layer.layout_out)
    wanted = found["e3nn"].forward()
    return float((got - wanted).norm() / wanted.norm())


def memory(L: int, kind: str, batch: int, peer: str) -> float:
    """Peak in MiB of forward and backward, beyond what was there before."""
    _, found = contestants(L, kind, batch, (peer,))
    one = found[peer]
    for _ in range(3):
        one.both()
    one.leaf.grad = None
    peak = PeakMemory(CPU)
    return min(peak.of(one.both) for _ in range(3))


def in_a_process(words: Sequence[str], threads: int, allocator: str) -> Any:
    """Return what a stage prints, run with an allocator of ``kernel_settings``.

    Raises
    ------
    RuntimeError
        If it fails; with the last of what it said.
    """
    done = subprocess.run(
        [sys.executable, __file__, *words],
        env=Setting("cpu", threads, allocator).environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {last[0]}")
    return json.loads(done.stdout)


def measure(L: int, kind: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a row of the table for each peer."""
    batch = args.batch or BATCH.get(L, 32 if L < 12 else 8)
    layer, found = contestants(L, kind, batch)
    error = difference(layer, found)
    times = {
        mode: interleaved(
            {name: getattr(one, mode) for name, one in found.items()},
            CPU,
            args.rounds,
            args.budget,
        )
        for mode in ("forward", "both")
    }
    peaks = {}
    if not args.no_memory:
        words = ["--stage", "memory", "--bandlimits", str(L), "--kinds", kind]
        words += ["--batch", str(batch), "--threads", str(args.threads)]
        for peer in PEERS:
            peaks[peer] = in_a_process([*words, "--peer", peer], args.threads, MEMORY)
        peaks["ours, copied"] = None
    for name, one in found.items():
        row: dict[str, Any] = {
            "L": L,
            "kind": kind,
            "batch": batch,
            "fragments": layer.layout_out.n_fragments,
            "peer": name,
            "setup_s": round(one.setup, 3),
            "error": f"{error:.1e}",
        }
        for mode, seconds in times.items():
            row[f"{mode}_ms"] = round(1e3 * min(seconds[name]), 3)
            ratio = min(seconds["e3nn"]) / min(seconds[name])
            row[f"{mode}_ratio"] = round(ratio, 2)
        if peaks.get(name) is not None:
            row["peak_mb"] = round(peaks[name], 2)
            row["memory_ratio"] = round(peaks[name] / peaks["e3nn"], 3)
        yield row


def compare(args: argparse.Namespace) -> None:
    """Measure, print and write all cases."""
    facts = {**machine("cpu"), "threads": args.threads, "channels": CHANNELS}
    print(f"{one_line(facts)}, {args.threads} threads, {CHANNELS} channels, float32")
    rows = []
    for L in args.bandlimits:
        for kind in args.kinds:
            for row in measure(L, kind, args):
                rows.append(row)
                print(_line(row), flush=True)
            write_table(args.out / "tensor_product.csv", rows, COLUMNS)
    with atomic_path(args.out / "machine.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n")


def _line(row: dict[str, Any]) -> str:
    """For the screen."""
    text = (
        f"L = {row['L']:<3}{row['kind']:<5} batch {row['batch']:<3} "
        f"{row['fragments']:>5} fragments  {row['peer']:<13} "
        f"set up {row['setup_s']:7.3f} s  forward {row['forward_ms']:8.2f} ms "
        f"({row['forward_ratio']:.1f} x)  both {row['both_ms']:8.2f} ms "
        f"({row['both_ratio']:.1f} x)"
    )
    if "peak_mb" in row:
        text += f"  peak {row['peak_mb']:.1f} MiB ({row['memory_ratio']:.2f})"
    return f"{text}  difference {row['error']}"


def write_table(
    path: Path, rows: Sequence[dict[str, Any]], columns: Sequence[str]
) -> None:
    """Write rows as they are so far."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def main(words: Sequence[str] | None = None) -> int:
    """Compare with e3nn, or measure the cost against L."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    if args.stage == "memory":
        L, kind = args.bandlimits[0], args.kinds[0]
        print(json.dumps(memory(L, kind, args.batch, args.peer)))
        return 0
    if not memory_is_measurable(CPU) and not args.no_memory:
        print("error: peak memory needs Linux's /proc; pass --no-memory")
        return 2
    if args.scaling or args.stage:
        import tensor_product_scaling as scaling

        if args.stage:
            stage = getattr(scaling, args.stage)
            print(json.dumps(stage(args.bandlimits[0], args.kinds[0])))
        else:
            scaling.scale(args)
    else:
        compare(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
