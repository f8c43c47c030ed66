"""Time one training step of the network for digits by convolutions on SO(3).

The step is forward, cross-entropy, backward and Adam of SO3Classifier on random
signals. Its parts are timed forward and backward, all in alternation in one process.

    python -m benchmarks.studies.so3_network --out runs/so3_network
    python -m benchmarks.studies.so3_network --scheme mcewen-wiaux --filters spectral
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.measuring.files import new_parser, refuse_below, write_csv
from benchmarks.measuring.machine import load, machine, one_line
from benchmarks.measuring.memory import PeakMemory, memory_is_measurable
from benchmarks.measuring.timing import Run, interleaved, with_gradient
from deepsphere_pyg.layers import LocalGrid
from deepsphere_pyg.models import SO3Classifier
from samplings import Equiangular
from samplings.atomic_files import write_json
from samplings.schemes.so3 import SCHEMES

COLUMNS = ("part", "runs", "shortest_ms", "median_ms")
STEP = "training step"
CLASSES = 10


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/so3_network"), help="folder")
    add("--batch", type=int, default=32)
    add("--rings", type=int, default=60, help="rings of the input grid")
    add("--channels", type=int, nargs="+", default=[20, 40])
    add("--bandlimits", type=int, nargs="+", default=[10, 6])
    add("--filters", choices=("local", "spectral"), default="local")
    add("--scheme", choices=SCHEMES, default="kostelec-rockmore", help="grid of ReLU")
    add("--oversampling", type=float, default=1.0, help="oversampling by that grid")
    add("--threads", type=int, default=2)
    add("--rounds", type=int, default=20, help="largest number of runs of each part")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "batch", "threads", "rounds")
    return args


def network(args: argparse.Namespace) -> SO3Classifier:
    """Build the network that the options describe."""
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


def training_step(model: SO3Classifier, x: Tensor, labels: Tensor) -> Run:
    """Return a run of one step, with an optimizer of its own."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return step


def parts(model: SO3Classifier, x: Tensor) -> Iterator[tuple[str, Run]]:
    """Yield name and run of each part, on the output of the part before it."""
    modules: list[tuple[str, nn.Module]] = [("transform", model.transform)]
    for number, block in enumerate(model.blocks):
        conv, _, relu = block
        modules.append((f"convolution {number}" if number else "lift", conv))
        modules.append((f"ReLU {number}, on {len(relu.grid)} points", relu))
    modules.append(("mean and linear map", nn.Sequential(model.mean, model.head)))
    for name, module in modules:
        yield name, with_gradient(module, x, *module.parameters())
        with torch.no_grad():
            x = module(x)


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and write ``so3_network.csv`` and ``machine.json``."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    # The device has its own entry on a GPU, and the folder describes nothing.
    options = {k: v for k, v in vars(args).items() if k not in ("out", "device")}
    facts = {**machine(args.device), **options}
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
    runs = {STEP: step, **dict(parts(model, x))}
    rows = []
    for part, times in interleaved(runs, device, args.rounds, 4.0).items():
        shortest, middle = (round(1e3 * f(times), 3) for f in (min, median))
        values = part, len(times), shortest, middle
        rows.append(dict(zip(COLUMNS, values, strict=True)))
        print(f"{part:<28} {shortest:>9.2f} ms, median {middle:>9.2f} ms")
    write_csv(args.out / "so3_network.csv", COLUMNS, rows)
    write_json(args.out / "machine.json", {**facts, "load_after": load()})


if __name__ == "__main__":
    main()
