"""What one process of the study measures."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pygsp
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import eigsh
from torch import Tensor

from benchmarks.kernels.peers import Rows
from benchmarks.measuring.memory import PeakMemory
from benchmarks.studies.residual_network.contestants import (
    CASES,
    footprint,
    network_of,
    pyramid_of,
    training_step,
)
from deepsphere_pyg import child_pooling_operator, laplacian_operator
from deepsphere_pyg.propagation import tile_size
from samplings import Sampling, knn_graph, laplacian

Numbers = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """A network, its input, and how often it is measured."""

    case: str
    nside: int
    fraction: float
    k: int
    channels: int
    batch: int
    steps: int

    @cached_property
    def sky(self) -> Sampling:
        """The padded part of the sky."""
        return footprint(self.nside, self.fraction, CASES[self.case].levels)


def draw(*shape: int) -> Tensor:
    """Normal numbers from a seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def time_steps(contestant: str, sizes: Sizes) -> Numbers:
    """Return seconds of the steps after the first, and what the network computes."""
    sky, case = sizes.sky, CASES[sizes.case]
    network = network_of(
        contestant, case, pyramid_of(sky, case, sizes.k), sizes.channels
    )
    x, wanted = draw(sizes.batch, len(sky), sizes.channels), draw(sizes.batch, 6)
    # Dropout is off, so that outputs and gradients can be compared.
    answer = network.eval()(x)
    weight = network.pools[0].weight
    gradient = torch.autograd.grad((answer - wanted).square().sum(), weight)[0]
    step = training_step(network.train(), x, wanted, contestant == "ours_bf16")
    step()
    wall, processor = [], []
    for _ in range(sizes.steps):
        before = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - before[0])
        processor.append(time.process_time() - before[1])
    return {
        "vertices": len(sky),
        "parameters": sum(p.numel() for p in network.parameters()),
        "wall": wall,
        "processor": processor,
        "answer": answer.flatten().tolist(),
        "gradient": gradient.flatten().tolist(),
    }


def step_memory(contestant: str, sizes: Sizes) -> Numbers:
    """Return the peak in MiB of a step beyond the network, and with all of it."""
    sky, case = sizes.sky, CASES[sizes.case]
    device = torch.device("cpu")
    whole = PeakMemory(device)
    network = network_of(
        contestant, case, pyramid_of(sky, case, sizes.k), sizes.channels
    )
    x, wanted = draw(sizes.batch, len(sky), sizes.channels), draw(sizes.batch, 6)
    step = training_step(network, x, wanted, contestant == "ours_bf16")
    # The first makes Adam's statistics and libraries' work space.
    step()
    network.zero_grad()
    rest = PeakMemory(device).before - whole.before
    # Twice, since work space kept from the first run counts in the second.
    total = max(whole.of(step) for _ in range(2))
    return {"step_mib": total - rest / 2**20, "total_mib": total}


def build_once(sizes: Sizes) -> None:
    """Build coarsenings, graphs and operators, each level once."""
    case = CASES[sizes.case]
    pyramid = pyramid_of(sizes.sky, case, sizes.k)
    for coarsening in pyramid.coarsenings:
        child_pooling_operator(coarsening)
    before = (sizes.channels, *case.widths)
    for level, graph in enumerate(pyramid.graphs, pyramid.first_graph):
        operator = laplacian_operator(laplacian(graph, case.laplacian))
        # Tiles are made at first use.
        width = min(before[level], case.widths[min(level, len(case.widths) - 1)])
        size = tile_size(width, sizes.batch == 1, torch.device("cpu"))
        operator.tiles(case.K - 1, size)


def build_by_layer(sizes: Sizes, by_pygsp: bool) -> None:
    """Build a graph for each layer, and an eigenvalue for each convolution.

    A residual block is one layer of two convolutions. Graphs are built by this package,
    or by pygsp.
    """
    case = CASES[sizes.case]
    levels = [sizes.sky]
    while len(levels) < case.levels:
        levels.append(levels[-1].coarsen().coarse)
    single = levels[case.poolings : -1]
    for level, convolutions in [(s, 1) for s in single] + [
        (levels[-1], 2)
    ] * case.blocks:
        k = min(sizes.k, len(level) - 1)
        matrix = (_laplacian_of_pygsp if by_pygsp else _laplacian)(level, k)
        for _ in range(convolutions):
            largest = eigsh(matrix, k=1, which="LM", return_eigenvectors=False)[0]
            identity = sp.eye_array(len(level), format="csr")
            Rows(sp.csr_array(matrix * (2 / (1.02 * largest)) - identity), "coo")


def _laplacian(sampling: Sampling, k: int) -> sp.csr_array:
    """Return the normalized Laplacian by this package."""
    return laplacian(knn_graph(sampling, k, "heat"), "normalized").matrix


def _laplacian_of_pygsp(sampling: Sampling, k: int) -> sp.csr_array:
    """Return the normalized Laplacian by pygsp, with a width of its own."""
    # A copy, because pygsp can centre and scale points in place.
    points = sampling.xyz.copy()
    graph = pygsp.graphs.NNGraph(points, k=k, center=False, rescale=False)
    graph.compute_laplacian("normalized")
    return sp.csr_array(graph.L)


BUILDERS: dict[str, Callable[[Sizes], None]] = {
    "ours": build_once,
    "coo": lambda sizes: build_by_layer(sizes, False),
    "coo, pygsp": lambda sizes: build_by_layer(sizes, True),
}


def building_time(contestant: str, sizes: Sizes) -> Numbers:
    """Return seconds, and seconds of the processor, of a way to build."""
    logging.disable(logging.WARNING)
    print(f"building on {len(sizes.sky)} vertices", file=sys.stderr)
    before = time.perf_counter(), time.process_time()
    BUILDERS[contestant](sizes)
    return {
        "seconds": time.perf_counter() - before[0],
        "processor": time.process_time() - before[1],
    }


STAGES: dict[str, Callable[[str, Sizes], Numbers]] = {
    "steps": time_steps,
    "memory": step_memory,
    "building": building_time,
}


def difference(found: list[float], wanted: list[float]) -> float:
    """Largest difference, relative to the largest number."""
    one, other = np.asarray(found), np.asarray(wanted)
    return float(np.abs(one - other).max() / np.abs(other).max())
