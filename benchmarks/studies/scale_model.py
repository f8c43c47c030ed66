"""Predict the time of a training step of spheres that many GPUs share.

The U-Net is run once on a small sphere, where its convolutions and the values that it
keeps for the gradient are counted; both grow with the number of vertices. The rest is
arithmetic with the numbers of a GPU and its network, which are options: nothing is
measured on one. See docs/scale.md.

    python -m benchmarks.studies.scale_model
    python -m benchmarks.studies.scale_model --latency 5e-5 --between 25e9
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.measuring.files import new_parser, refuse_below
from benchmarks.studies.shared_sphere import halo_model
from deepsphere_pyg.layers import ChebConv
from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.models import SphericalUNet, UNetConfiguration
from samplings import HEALPix, build_pyramid

#: The sphere on which the network is run; its vertices, and those of the next level.
SMALL_NSIDE = 16
#: Times that a step passes over the values of a forward pass: forward, and twice back.
PASSES = 3
#: Memory at the peak over what is kept: gradients and temporary values are as much
#: again, as benchmarks.studies.shared_sphere measures on the CPU.
PEAK = 2


class Convolution(NamedTuple):
    """A convolution at a level, with numbers of channels and of terms."""

    level: int
    in_channels: int
    out_channels: int
    terms: int


class Counted(NamedTuple):
    """What a step of the network does for each vertex of the finest level.

    Attributes
    ----------
    convolutions
        All of them.
    kept
        Bytes that are kept for the gradient.
    weights
        Number of weights of the network.
    """

    convolutions: list[Convolution]
    kept: float
    weights: int


def count(args: argparse.Namespace) -> Counted:
    """Run the network once on a small sphere, and count."""
    sizes = UNetConfiguration("own", args.stem, tuple(args.widths), K=args.terms)
    sky = HEALPix(SMALL_NSIDE, nest=True)
    pyramid = build_pyramid(sky, len(args.widths), args.k, weighting="heat")
    model = SphericalUNet(args.channels, 3, pyramid, configuration=sizes)
    found: list[Convolution] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        assert isinstance(layer, ChebConv)
        level = round(math.log(len(sky) / inputs[0].shape[-2], 4))
        sizes = layer.in_channels, layer.out_channels, layer.K
        found.append(Convolution(level, *sizes))

    for layer in model.modules():
        if isinstance(layer, ChebConv):
            layer.register_forward_hook(note)
    kept: dict[int, int] = {}

    def keep(x: Tensor) -> Tensor:
        if x.numel() >= len(sky) // 4 ** len(args.widths):
            storage = x.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return x

    x = torch.randn(1, len(sky), args.channels)
    y = torch.zeros(1, len(sky), dtype=torch.int64)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        loss = CrossEntropyLoss()(model(x), y)
    del loss
    weights = sum(weight.numel() for weight in model.parameters())
    return Counted(found, (sum(kept.values()) - 4 * weights) / len(sky), weights)


class Step(NamedTuple):
    """Seconds of the parts of a step, and bytes of memory, of one process."""

    compute: float
    halos: float
    weights: float
    memory: float

    @property
    def total(self) -> float:
        """Seconds of a step whose exchanges do not overlap with its sums."""
        return self.compute + self.halos + self.weights


def predict(counted: Counted, nside: int, ranks: int, args: argparse.Namespace) -> Step:
    """Return the times of a step on a sphere that several GPUs share."""
    vertices = 12 * nside**2 / ranks
    compute = halos = 0.0
    edges = args.k * 8  # A weight and an index, in float32 and int32.
    # Beyond one node, a region has neighbours elsewhere.
    bandwidth = args.within if ranks <= args.per_node else args.between
    for level, before, after, terms in counted.convolutions:
        n = vertices / 4**level
        hops = terms - 1
        fetched = halo_model(n, hops) if ranks > 1 else 0.0
        around = n + fetched
        # Each term reads two and writes one; weights read all terms; normalisation and
        # ReLU pass over the outputs four times.
        sums = around * hops * (3 * 4 * before + edges)
        products = n * 4 * (terms * before + 5 * after)
        compute += PASSES * (sums + products) / (args.efficiency * args.memory)
        if ranks > 1:
            # There and, as gradients, back: an exchange of sizes known in advance.
            traffic = fetched * 4 * before / bandwidth + args.latency
            halos += 2 * traffic
    rings = 2 * 4 * counted.weights * (ranks - 1) / ranks / bandwidth
    # Statistics of each normalisation, there and back, and the gradient of all weights.
    sums_of_all = 2 * 2 * len(counted.convolutions) + 1
    shared = rings + sums_of_all * args.latency * math.log2(ranks) if ranks > 1 else 0.0
    # The graph: weights of Laplacian and its transpose, and tiles.
    graph = 4 / 3 * vertices * 3 * edges
    return Step(compute, halos, shared, PEAK * vertices * counted.kept + graph)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--nside", type=int, nargs="+", default=[2048, 4096, 8192, 16384])
    add("--gpus", type=int, nargs="+", default=[8, 32, 128, 512, 1024])
    add("--channels", type=int, default=4, help="channels of the maps")
    add("--widths", type=int, nargs="+", default=[16, 32, 64, 64], help="of the levels")
    add("--stem", type=int, default=16, help="channels of the first convolution")
    add("--terms", type=int, default=3, help="terms K of each convolution")
    add("--k", type=int, default=8, help="neighbours")
    add("--memory", type=float, default=3.35e12, help="bytes/s of a GPU's memory")
    add("--efficiency", type=float, default=0.5, help="share of it that is reached")
    add("--within", type=float, default=450e9, help="bytes/s between GPUs of a node")
    add("--between", type=float, default=50e9, help="bytes/s between nodes, for a GPU")
    add("--latency", type=float, default=2e-5, help="seconds of an exchange")
    add("--per-node", type=int, default=8, help="GPUs of a node")
    add("--gigabytes", type=float, default=80.0, help="memory of a GPU")
    args = parser.parse_args(words)
    whole = ("nside", "gpus", "channels", "widths", "stem", "terms", "k", "per_node")
    refuse_below(parser, args, 1, *whole)
    for name in ("memory", "efficiency", "within", "between", "latency", "gigabytes"):
        if getattr(args, name) <= 0:
            parser.error(f"--{name} must be above 0, got {getattr(args, name)}")
    return args


def main(words: Sequence[str] | None = None) -> None:
    """Print a row of a table for each sphere and number of GPUs."""
    args = arguments(words)
    counted = count(args)
    print(
        f"{len(counted.convolutions)} convolutions, {counted.weights:,} weights, "
        f"{counted.kept:.0f} bytes kept for each vertex\n"
    )
    print("| nside | GPUs | GB each | step, ms | sums and products | halos | all |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for nside in args.nside:
        for gpus in args.gpus:
            step = predict(counted, nside, gpus, args)
            gigabytes = step.memory / 1e9
            if gigabytes > args.gigabytes:
                print(f"| {nside} | {gpus} | {gigabytes:.0f} | too large | | | |")
                continue
            parts = step.compute, step.halos, step.weights
            shares = " | ".join(f"{100 * part / step.total:.0f} %" for part in parts)
            print(
                f"| {nside} | {gpus} | {gigabytes:.1f} | {1e3 * step.total:.1f} | "
                f"{shares} |"
            )


if __name__ == "__main__":
    main()
