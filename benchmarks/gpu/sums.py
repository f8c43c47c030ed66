"""Sums over edges: their errors against SciPy, and the times of their kernels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from benchmarks.gpu.rows import Row, Sizes, row, without_triton
from benchmarks.measuring.timing import interleaved, without_gradient
from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.propagation import EXECUTIONS, measured_choices
from deepsphere_pyg.propagation.products import product_step
from samplings import HEALPix, knn_graph, laplacian

DTYPES = (torch.float64, torch.float32, torch.bfloat16)
CHANNELS = (1, 3, 16, 65)
BATCHES = ((), (2,), (2, 3))
#: nside, k, batch and channels: layers of the published networks, and a large map.
SUMS = ((32, 8, 32, 16), (32, 8, 32, 64), (64, 8, 4, 64), (128, 20, 1, 16))
SUMS += ((256, 8, 1, 16),)
TINY_SUMS = ((4, 8, 2, 3),)
# A rounding is at most half an eps, two ways to compute are compared, and the largest
# of many differences has 5 standard deviations; the rest is for the transpose.
SAFETY = 16


def matrices() -> dict[str, sp.csr_array]:
    """Return matrices of every kind: uneven, rectangular, without edges."""
    rng = np.random.default_rng(0)

    def random(n_out: int, n_in: int, density: float) -> sp.csr_array:
        dense = rng.standard_normal((n_out, n_in))
        dense *= rng.random((n_out, n_in)) < density
        # A full row, and empty rows and columns.
        dense[-1] = 1
        dense[: n_out // 3] = 0
        dense[:, n_in // 2 :: 7] = 0
        return sp.csr_array(dense)

    return {
        "square": random(200, 200, 0.05),
        "wide": random(9, 700, 0.05),
        "tall": random(1500, 5, 0.1),
        "one vertex": sp.csr_array([[-2.5]]),
        "no edge": sp.csr_array((6, 4)),
    }


def correctness(sizes: Sizes) -> Iterator[Row]:
    """Yield the largest error of each execution, over all matrices and shapes.

    The unit is a bound of the round-off of its sums; values and gradients count.
    """
    names = [name for name in EXECUTIONS if name in sizes.executions(*EXECUTIONS)]
    channels, batches = (
        (CHANNELS[1:2], BATCHES[1:2])
        if sizes.quick
        else (
            CHANNELS,
            BATCHES,
        )
    )
    for execution, dtype in product(names, DTYPES):
        errors = []
        case = f"sums, {str(dtype).removeprefix('torch.')}"
        try:
            for matrix, batch, width in product(matrices().values(), batches, channels):
                operator = EdgeOperator(matrix, dtype=dtype, execution=execution)
                operator = operator.to(sizes.device)
                errors += errors_of(operator, (*batch, operator.n_in, width))
        except TypeError as error:
            yield row(case, execution, "error over bound", None, note=str(error))
            continue
        worst = max(errors)
        note = f"{len(errors)} values and gradients"
        yield row(
            *(case, execution, "error over bound", worst),
            note=note if worst <= 1 else f"{note}, TOO LARGE",
            failed=not worst <= 1,
        )
    yield from without_triton(sizes, "sums")


def errors_of(operator: EdgeOperator, shape: tuple[int, ...]) -> list[float]:
    """Return the errors of a value and of its gradient, over their bounds."""
    device, dtype = operator.weight.device, operator.dtype
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).to(device, dtype).requires_grad_()
    y = operator(x)
    g = torch.randn(y.shape, generator=generator).to(device, dtype)
    (gradient,) = torch.autograd.grad(y, x, g)
    # The weights as they were rounded.
    rounded = operator.to_scipy()
    rounded.data = operator.weight.double().cpu().numpy()
    forward, backward = rounded, sp.csr_array(rounded.T)
    return [_error(forward, x, y), _error(backward, g, gradient)]


def _error(matrix: sp.csr_array, x: Tensor, y: Tensor) -> float:
    """Largest difference from SciPy's sums, over a bound of round-off."""
    signals = x.detach().double().cpu().numpy().reshape(-1, *x.shape[-2:])
    wanted = np.stack([matrix @ one for one in signals])
    found = y.detach().double().cpu().numpy().reshape(wanted.shape)
    terms = np.maximum(np.diff(matrix.indptr), 1)[:, None]
    magnitude = np.stack([abs(matrix) @ abs(one) for one in signals])
    bound = SAFETY * torch.finfo(x.dtype).eps * np.sqrt(terms) * magnitude
    # Rows without edges are exactly zero.
    return float((abs(found - wanted) / np.where(bound > 0, bound, 1e-300)).max())


def kernels(sizes: Sizes) -> Iterator[Row]:
    """Yield the times of sums, and of steps of the recurrence, of each kernel."""
    for nside, k, batch, channels in TINY_SUMS if sizes.quick else SUMS:
        graph = knn_graph(HEALPix(nside), k, weighting="heat")
        matrix = laplacian(graph, "combinatorial").rescaled()
        case = f"nside {nside}, k = {k}, {batch} x {channels}"
        for dtype in (torch.float32, torch.bfloat16):
            yield from _timed_sums(sizes, matrix, case, (batch, channels), dtype)
        yield from _timed_steps(sizes, matrix, case, batch * channels)
        yield from without_triton(sizes, case)
    for kind, name in measured_choices().items():
        yield row(str(kind), name, "choice of 'auto'", 1.0, note="kept since measured")


def _timed_sums(
    sizes: Sizes,
    matrix: sp.csr_array,
    case: str,
    shape: tuple[int, int],
    dtype: torch.dtype,
) -> Iterator[Row]:
    """Yield the shortest times of sums over edges."""
    half = dtype == torch.bfloat16
    names = sizes.executions("csr", "triton", "auto")
    if half and sizes.device.type == "cpu":
        names.remove("csr")
    x = torch.randn(shape[0], matrix.shape[1], shape[1]).to(sizes.device, dtype)
    runs = {}
    for name in names:
        operator = EdgeOperator(matrix, dtype=dtype, execution=name).to(sizes.device)
        runs[name] = without_gradient(operator, x)
    least = 2 * x.nbytes + matrix.nnz * (4 + x.itemsize) + 4 * len(matrix.indptr)
    title = f"{case}, {'bfloat16' if half else 'float32'}"
    yield from _shortest(sizes, runs, title, "weighted sum", least)


def _timed_steps(
    sizes: Sizes, matrix: sp.csr_array, case: str, width: int
) -> Iterator[Row]:
    """Yield the shortest times of steps ``2 L x - z`` on signals side by side."""
    operator = EdgeOperator(matrix).to(sizes.device)
    rows = [operator.offsets, operator.indices, operator.weight]
    x, z = (torch.randn(matrix.shape[0], width, device=sizes.device) for _ in range(2))
    runs = {
        name: lambda name=name: product_step(x, rows, name, 2, z)
        for name in sizes.executions("csr", "triton", "auto")
    }
    least = 3 * x.nbytes + matrix.nnz * 8 + 4 * len(matrix.indptr)
    yield from _shortest(sizes, runs, f"{case}, float32", "Chebyshev step", least)


def _shortest(
    sizes: Sizes, runs: dict, case: str, quantity: str, least: int
) -> Iterator[Row]:
    found = interleaved(runs, sizes.device, sizes.rounds, sizes.budget / 4)
    for name, seconds in found.items():
        speed = f"{least / min(seconds) / 1e9:.0f} GB/s of the least traffic"
        yield row(case, name, quantity, 1e3 * min(seconds), "ms", speed)
