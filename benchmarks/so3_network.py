"""One training step of the network for digits by convolutions on SO(3).

Forward, cross-entropy, backward and Adam of SO3Classifier on random signals, and its
parts, all in turn in one process. Of the wall-clock times the shortest and the median
are given, and the shortest processor time of the process, which counts all of its
threads, their waiting for each other included: on a busy machine wall-clock times are
inflated, the shortest least. Beside ReLU on the grids of Kostelec and Rockmore that of
e3nn on the same is timed, which multiplies by whole matrices.

    python benchmarks/so3_network.py --out runs/so3_network
    python benchmarks/so3_network.py --scheme mcewen-wiaux --filters spectral
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from kernel_machine import machine, one_line
from kernel_timing import PeakMemory, memory_is_measurable
from torch import Tensor, nn

from deepsphere_pyg.layers import LocalGrid, SO3GridActivation
from deepsphere_pyg.models import SO3Classifier
from samplings import Equiangular
from samplings.schemes.so3 import SCHEMES

COLUMNS = ("part", "work", "shortest_ms", "median_ms", "processor_ms")
STEP = "training step"
CLASSES = 10
# Options that say nothing of the network; the device has its own entry on a GPU.
NOT_KEPT = ("out", "device")


class Times(NamedTuple):
    """Seconds of runs, by the clock and of the processor."""

    wall: list[float]
    processor: list[float]


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/so3_network"), help="of the results")
    add("--batch", type=int, default=32)
    add("--rings", type=int, default=60, help="of the input, and points on each")
    add("--channels", type=int, nargs="+", default=[20, 40])
    add("--bandlimits", type=int, nargs="+", default=[10, 6])
    add("--filters", choices=("local", "spectral"), default="local")
    add("--scheme", choices=SCHEMES, default="kostelec-rockmore", help="of ReLU's grid")
    add("--oversampling", type=float, default=1.0, help="of ReLU's grid")
    add("--threads", type=int, default=2)
    add("--rounds", type=int, default=20, help="runs of each part")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    args = parser.parse_args(words)
    for name in ("batch", "threads", "rounds"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} must be at least 1, got {getattr(args, name)}")
    return args


def network(args: argparse.Namespace) -> SO3Classifier:
    """Return the network, as the options say."""
    torch.manual_seed(0)
    model = SO3Classifier(
        1,
        CLASSES,
        Equiangular(args.rings, args.rings, "driscoll-healy"),
        channels=args.channels,
        bandlimits=args.bandlimits,
        local=LocalGrid() if args.filters == "local" else None,
        oversampling=args.oversampling,
        scheme=args.scheme,
    )
    return model.to(args.device)


def training_step(model: SO3Classifier, x: Tensor, labels: Tensor) -> Callable[[], Any]:
    """Return a run of one step, with an optimizer of its own."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return step


def modules_of(model: SO3Classifier) -> Iterator[tuple[str, nn.Module]]:
    """Yield the parts of the network, in order."""
    yield "transform", model.transform
    for number, block in enumerate(model.blocks):
        conv, _, relu = block
        yield f"convolution {number}" if number else "lift", conv
        yield f"ReLU {number}, on {len(relu.grid)} points", relu
    yield "mean and linear map", nn.Sequential(model.mean, model.head)


def parts(model: SO3Classifier, x: Tensor) -> Iterator[tuple[str, str, Callable]]:
    """Yield name, work and run of each part, on what the part before it makes."""
    for name, module in modules_of(model):
        yield from _works(name, module, x)
        if isinstance(module, SO3GridActivation):
            peer = e3nn_activation(module)
            if peer is not None:
                # Each of its channels is a row.
                features = x.mT.contiguous()
                yield from _works(f"{name.split(',')[0]} by e3nn", peer, features)
        with torch.no_grad():
            x = module(x)


def e3nn_activation(relu: SO3GridActivation) -> nn.Module | None:
    """Return e3nn's activation on the same points, or None and tell why."""
    if relu.grid.scheme != "kostelec-rockmore":
        return None
    try:
        library = importlib.import_module("e3nn.nn")
    except ImportError as reason:
        print(f"e3nn left out: {reason}")
        return None
    device = relu.synthesis.table.device
    module: nn.Module = library.SO3Activation(
        relu.L - 1,
        relu.analysis.L - 1,
        torch.relu,
        relu.grid.bandlimit,
        aspect_ratio=1,
    )
    return module.to(device)


def _works(name: str, module: nn.Module, x: Tensor) -> Iterator[tuple]:
    yield name, "forward", _forward(module, x)
    yield name, "forward and backward", _both(module, x)


def _forward(module: nn.Module, x: Tensor) -> Callable[[], Any]:
    def run() -> Tensor:
        with torch.no_grad():
            return module(x)

    return run


def _both(module: nn.Module, x: Tensor) -> Callable[[], Any]:
    leaves = (x.clone().requires_grad_(), *module.parameters())
    with torch.no_grad():
        gradient = torch.ones_like(module(x))

    def run() -> Any:
        return torch.autograd.grad(module(leaves[0]), leaves, gradient)

    return run


def timed(
    runs: Mapping[tuple[str, str], Callable[[], Any]], rounds: int, device: str
) -> dict[tuple[str, str], Times]:
    """Time runs in turn, after one of each for warming up."""

    def finish() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    for run in runs.values():
        run()
    found = {name: Times([], []) for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            finish()
            wall, processor = time.perf_counter(), time.process_time()
            run()
            finish()
            found[name].wall.append(time.perf_counter() - wall)
            found[name].processor.append(time.process_time() - processor)
    return found


def rows_of(found: Mapping[tuple[str, str], Times]) -> Iterator[dict[str, Any]]:
    """Yield the lines of the table."""
    for (part, work), times in found.items():
        seconds = (min(times.wall), median(times.wall), min(times.processor))
        yield dict(
            zip(
                COLUMNS,
                (part, work, *(round(1e3 * s, 3) for s in seconds)),
                strict=True,
            )
        )


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and write ``so3_network.csv`` and ``machine.json``."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    facts = {
        **machine(args.device),
        **{key: value for key, value in vars(args).items() if key not in NOT_KEPT},
    }
    memory = PeakMemory(device) if memory_is_measurable(device) else None
    model = network(args)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(args.batch, len(model.sampling), 1, generator=generator).to(device)
    labels = torch.arange(args.batch, device=device) % CLASSES
    step = training_step(model, x, labels)
    step()
    if memory is not None:
        facts["peak_MiB"] = round(memory.of(step), 1)
    facts["parameters"] = sum(p.numel() for p in model.parameters())
    print(f"{one_line(facts)}, {args.threads} threads, batch {args.batch}, float32")
    print(
        f"{facts['parameters']} parameters; peak memory of network, optimizer and one "
        f"step {facts.get('peak_MiB', 'not measurable here')} MiB"
    )
    runs = {(STEP, "with Adam"): step}
    runs |= {(name, work): run for name, work, run in parts(model, x)}
    rows = list(rows_of(timed(runs, args.rounds, args.device)))
    print(f"{'ms':<48}{'shortest':>10}{'median':>10}{'processor':>11}")
    for row in rows:
        print(
            f"{row['part']:<27}{row['work']:<21}{row['shortest_ms']:>10.2f}"
            f"{row['median_ms']:>10.2f}{row['processor_ms']:>11.2f}"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "so3_network.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    text = json.dumps({**facts, "load_after": os.getloadavg()}, indent=2)
    (args.out / "machine.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
