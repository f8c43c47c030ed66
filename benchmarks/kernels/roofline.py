"""A lower bound of the time of a case, from speeds measured beside it.

A Chebyshev convolution cannot take less than its K products with the weights, at the
speed at which this machine multiplies matrices of just that (skinny) shape, and the
transfer of its inputs, outputs and edges, each once, at the speed of a triad
``a = b + s c`` on arrays beyond the caches:

    forward             K (V B, in) x (in, out); x, y, edges
    forward + backward  as well K (in, V B) x (V B, out) and K (V B, out) x (out, in);
                        x and the incoming gradient read, that of x written, edges again

Sums over edges count nothing: an ideal implementation hides them.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import torch
from torch import Tensor

from benchmarks.kernels.cases import FORWARD, ConvolutionCase, PoolCase
from benchmarks.kernels.contests import LayerContest, PoolContest
from benchmarks.measuring.timing import Run

TRIAD_BYTES = 64 * 2**20
PREFIX = "roofline: "


class Roofline:
    """Products and a triad to run between the peers, and the bound that follows.

    Parameters
    ----------
    contest
        Of a layer, or of a pooling, which has no products.
    scale
        Share of the usual size of the triad's arrays, for tests.
    """

    def __init__(self, contest: LayerContest | PoolContest, scale: float = 1.0) -> None:
        self.case, device = contest.case, contest.device
        n_out, n_in = contest.matrix.shape
        kind = torch.float32
        if isinstance(self.case, ConvolutionCase):
            bfloat16 = self.case.peers[0].endswith("bf16")
            kind = torch.bfloat16 if bfloat16 else getattr(torch, self.case.dtype)
            inputs, outputs = self.case.inputs, self.case.outputs
        elif isinstance(self.case, PoolCase):
            inputs = outputs = self.case.channels
        self.rows = self.case.batch * n_in
        size = kind.itemsize
        # Signals come in the dtype of the weights even where autocast lowers it.
        self.x_bytes = self.rows * inputs * max(size, 4)
        self.y_bytes = self.case.batch * n_out * outputs * size
        nnz = contest.matrix.nnz
        self.edge_bytes = nnz * (4 + max(size, 4)) + 4 * (n_out + 1)
        self.products: dict[str, Run] = {}
        if isinstance(self.case, ConvolutionCase):
            x = torch.randn(self.rows, inputs, device=device).to(kind)
            g = torch.randn(self.rows, outputs, device=device).to(kind)
            weight = torch.randn(inputs, outputs, device=device).to(kind)
            self.products = {
                "x W": _product(x, weight),
                "x' g": _product(x.T, g),
                "g W'": _product(g, weight.T),
            }
        length = int(TRIAD_BYTES * scale) // 4
        a, b, c = (torch.ones(length, device=device) for _ in range(3))
        self.triad_bytes = 3 * 4 * length
        self.triad: Run = lambda: torch.add(b, c, alpha=0.5, out=a)

    def runs(self, mode: str) -> dict[str, Run]:
        """Runs to time beside the peers."""
        products = list(self.products.items())
        chosen = products[:1] if mode == FORWARD else products
        named = {PREFIX + name: run for name, run in chosen}
        return {**named, PREFIX + "triad": self.triad}

    def seconds(self, mode: str, times: Mapping[str, list[float]]) -> float:
        """The bound, from the times of :meth:`runs`."""
        products = sum(median(times[name]) for name in self.runs(mode)) - median(
            times[PREFIX + "triad"]
        )
        rate = self.triad_bytes / median(times[PREFIX + "triad"])
        moved = self.x_bytes + self.y_bytes + self.edge_bytes
        if mode != FORWARD:
            # A pooling is linear: its gradient needs no input.
            read = self.x_bytes if self.products else 0
            moved += read + self.y_bytes + self.x_bytes + self.edge_bytes
        terms = self.case.K if isinstance(self.case, ConvolutionCase) else 0
        return terms * products + moved / rate


def _product(left: Tensor, right: Tensor) -> Run:
    """A product into a preallocated matrix."""
    out = left @ right
    return lambda: torch.mm(left, right, out=out)
