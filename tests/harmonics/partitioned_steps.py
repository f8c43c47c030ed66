"""Transforms whose rings and orders are dealt to processes; run as a script."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import distributed as dist
from torch import multiprocessing

from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    PartitionedISHT,
    PartitionedSHT,
    PartitionedSpinISHT,
    PartitionedSpinSHT,
    SpinISHT,
    SpinSHT,
)
from samplings import Equiangular, GaussLegendre, HEALPix, McEwenWiaux, ReducedGaussian

UNSEEN = -1.6375e30
# Samplings, bandlimits, and spins of fields; numbers of rings and orders that no number
# of processes divides.
PLACES = {
    "folded": (lambda: GaussLegendre(9), 9),
    "poles, interpolated": (lambda: Equiangular(9, scheme="clenshaw-curtis"), 7),
    "not folded": (lambda: McEwenWiaux(7), 7),
    "of many lengths": (lambda: ReducedGaussian([8, 12, 16, 20, 20, 16, 12, 8]), 4),
    "iterated": (lambda: HEALPix(4, nest=True), 7),
    "fields, folded": (lambda: GaussLegendre(9), 9, -2),
    "fields with poles": (lambda: Equiangular(9, scheme="clenshaw-curtis"), 7, 1),
    "fields, not folded": (lambda: McEwenWiaux(7), 7, 2),
    "fields, iterated": (lambda: HEALPix(4, nest=True), 5, 3),
    "two scalars": (lambda: GaussLegendre(9), 5, 0),
    "large": (lambda: GaussLegendre(64), 64),
}


def whole(name):
    sampling, *sizes = PLACES[name]
    one, other = (SpinSHT, SpinISHT) if sizes[1:] else (SHT, ISHT)
    options = {"method": "rings", "dtype": torch.float64}
    return one(sampling(), *sizes, **options), other(sampling(), *sizes, **options)


def shared(name):
    sampling, *sizes = PLACES[name]
    one, other = PartitionedSHT, PartitionedISHT
    if sizes[1:]:
        one, other = PartitionedSpinSHT, PartitionedSpinISHT
    options = {"dtype": torch.float64}
    return one(sampling(), *sizes, **options), other(sampling(), *sizes, **options)


def data(name, transform):
    """Return signals and coefficients of all of a sphere."""
    generator = torch.Generator().manual_seed(1)
    shape = (2, 3) if PLACES[name][2:] else (3,)
    return (
        torch.randn(2, n, *shape, generator=generator, dtype=torch.float64)
        for n in (len(transform.sampling), transform.layout.n_rows)
    )


def results(to_rows, to_signal, x, c):
    """Return what both transforms and their adjoints give, and derivatives."""
    found = {"adjoint": to_rows.adjoint(c), "sums": to_signal.adjoint(x)}
    for name, transform, signal in (("rows", to_rows, x), ("signal", to_signal, c)):
        signal = signal.clone().requires_grad_()
        y = transform(signal)
        (gradient,) = torch.autograd.grad((y**3).sum(), signal, create_graph=True)
        (second,) = torch.autograd.grad((gradient**2).sum(), signal)
        found |= {name: y, f"gradient of {name}": gradient, f"second of {name}": second}
    return {name: tensor.detach() for name, tensor in found.items()}


def refusals():
    """Return the messages where there are two rings, with mirrors, or three orders."""
    messages = []
    for sampling in (GaussLegendre(3), GaussLegendre(16)):
        try:
            PartitionedISHT(sampling, 3)
        except ValueError as error:
            messages.append(str(error))
    return messages


def in_a_group():
    """Return vertices in a group of the first process, or why there are none."""
    group = dist.new_group([0])
    try:
        return len(PartitionedISHT(GaussLegendre(3), 3, group=group).vertices)
    except ValueError as error:
        return str(error)


def work(rank, ranks, folder):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store-{ranks}",
        rank=rank,
        world_size=ranks,
    )
    for name in PLACES:
        to_rows, to_signal = shared(name)
        x, c = data(name, to_rows)
        x, c = x[:, to_rows.vertices], c[:, to_rows.rows]
        found = {
            "vertices": torch.tensor(to_rows.vertices),
            "rows": torch.tensor(to_rows.rows),
            "results": results(to_rows, to_signal, x, c),
            "bytes": to_signal.table_bytes,
        }
        if rank == 0:
            x[1, 0, ..., 2] = UNSEEN
        found["missing"] = to_rows(x)
        found["refusals"] = refusals()
        found["group"] = in_a_group()
        found["empty"] = to_signal(to_rows(x[..., :0]))
        torch.save(found, Path(folder) / f"{name}-{rank}-{ranks}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    for ranks in map(int, sys.argv[2:]):
        # Forked, so that they need not import everything again.
        multiprocessing.start_processes(
            work, (ranks, sys.argv[1]), ranks, start_method="fork"
        )
