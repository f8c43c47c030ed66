"""What one process of the study measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
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

    @property
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
    alone = PeakMemory(device)
    return {
        "step_mib": max(alone.of(step) for _ in range(2)),
        "total_mib": max(whole.of(step) for _ in range(2)),
    }


def build_once(sizes: Sizes) -> Numbers:
    """Return the seconds of coarsenings, graphs and operators, each level once."""
    case, sky = CASES[sizes.case], sizes.sky
    start = time.perf_counter()
    pyramid = pyramid_of(sky, case, sizes.k)
    graphs = time.perf_counter() - start
    for coarsening in pyramid.coarsenings:
        child_pooling_operator(coarsening)
    before = (sizes.channels, *case.widths)
    for level, graph in enumerate(pyramid.graphs, pyramid.first_graph):
        operator = laplacian_operator(laplacian(graph, case.laplacian))
        # Tiles are made at first use.
        width = min(before[level], case.widths[min(level, len(case.widths) - 1)])
        operator.tiles(case.K - 1, tile_size(width, alone=sizes.batch == 1))
    return {"seconds": time.perf_counter() - start, "graphs": graphs}


def build_by_layer(sizes: Sizes) -> Numbers:
    """Return the seconds of a graph for each layer, an eigenvalue for each convolution.

    A residual block is one layer of two convolutions. Neighbours and weights are found
    by this package; coarsenings are not counted.
    """
    case = CASES[sizes.case]
    levels = [sizes.sky]
    for _ in range(case.levels - 1):
        levels.append(levels[-1].coarsen().coarse)
    single = levels[case.poolings : -1]
    layers = [(level, 1) for level in single] + [(levels[-1], 2)] * case.blocks
    start, eigenvalues = time.perf_counter(), 0.0
    for level, convolutions in layers:
        graph = knn_graph(level, min(sizes.k, len(level) - 1), "heat")
        matrix = laplacian(graph, case.laplacian).matrix
        for _ in range(convolutions):
            begun = time.perf_counter()
            largest = eigsh(matrix, k=1, which="LM", return_eigenvectors=False)[0]
            eigenvalues += time.perf_counter() - begun
            identity = sp.eye_array(len(level), format="csr")
            Rows(sp.csr_array(matrix * (2 / (1.02 * largest)) - identity), "coo")
    return {"seconds": time.perf_counter() - start, "eigenvalues": eigenvalues}


STAGES: dict[str, Callable[[str, Sizes], Numbers]] = {
    "steps": time_steps,
    "memory": step_memory,
    "building": lambda contestant, sizes: (
        build_by_layer if contestant == "coo" else build_once
    )(sizes),
}


def difference(found: list[float], wanted: list[float]) -> float:
    """Largest difference, relative to the largest number."""
    one, other = np.asarray(found), np.asarray(wanted)
    return float(np.abs(one - other).max() / np.abs(other).max())
