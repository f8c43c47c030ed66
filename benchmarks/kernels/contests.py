"""Cases ready to run: their inputs, and the runs of each peer on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from benchmarks.kernels.cases import (
    BACKWARD,
    FORWARD,
    Case,
    ConvolutionCase,
    NetworkCase,
    PoolCase,
)
from benchmarks.kernels.networks import NetworkContest
from benchmarks.kernels.peers import (
    conv_of,
    graph_of,
    pool_of,
    precision_of,
    reference_conv,
    scipy_conv,
    stacked_gradient,
)
from benchmarks.measuring.contestant import Contestant
from benchmarks.measuring.timing import Run


class LayerContest:
    """A Chebyshev convolution; its inputs and weights are drawn from a seed."""

    def __init__(
        self, case: ConvolutionCase, matrix: sp.csr_array, device: torch.device
    ) -> None:
        self.case, self.matrix, self.device = case, matrix, device
        self.dtype = getattr(torch, case.dtype)
        rng = np.random.default_rng(0)

        def draw(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape).astype(case.dtype)

        vertices = matrix.shape[0]
        self.x = draw(case.batch, vertices, case.inputs)
        spread = (case.inputs * case.K) ** -0.5
        self.weight = draw(case.K, case.inputs, case.outputs)
        self.weight *= np.asarray(spread, case.dtype)
        self.bias = draw(case.outputs)
        self.g = draw(case.batch, vertices, case.outputs)
        self._reference: list[np.ndarray] | None = None

    def expected(self, mode: str) -> list[np.ndarray]:
        """Output or gradients, of float64 arithmetic on the same numbers."""
        if self._reference is None:
            parts = (self.x, self.weight, self.bias, self.g)
            self._reference = reference_conv(self.matrix, *parts)
        return self._reference[:1] if mode == FORWARD else self._reference[1:]

    def contestant(self, peer: str) -> Contestant:
        """Build the layer and graph of a peer."""
        runs = self._scipy_runs() if peer == "scipy" else self._torch_runs(peer)
        return Contestant(peer, runs, self.expected)

    def _scipy_runs(self) -> dict[str, Run]:
        rescaled = self.matrix.astype(self.case.dtype)
        run = scipy_conv(rescaled, self.weight, self.bias)
        return {FORWARD: lambda: [run(self.x)]}

    def _torch_runs(self, peer: str) -> dict[str, Run]:
        numbers = (self.x, self.weight, self.bias, self.g)
        x, weight, bias, g = (torch.from_numpy(p).to(self.device) for p in numbers)
        if peer == "ours_bf16":
            # As a preceding layer leaves them under autocast.
            x = x.bfloat16()
        graph = graph_of(peer, self.matrix).to(self.device)
        layer = conv_of(peer, weight, bias)
        parameters, arranged = stacked_gradient(layer)
        tracked = x.clone().requires_grad_()
        incoming: dict[torch.dtype, Tensor] = {}

        def forward() -> list[Tensor]:
            with torch.no_grad(), precision_of(peer, self.device):
                return [layer(x, graph)]

        def backward() -> list[Tensor]:
            with precision_of(peer, self.device):
                y = layer(tracked, graph)
            # The gradient comes in the dtype of the output; not converted each time.
            if y.dtype not in incoming:
                incoming[y.dtype] = g.to(y.dtype)
            dx, *rest = torch.autograd.grad(
                y, [tracked, *parameters], incoming[y.dtype]
            )
            return [dx, *arranged(rest)]

        return {FORWARD: forward, BACKWARD: backward}


class PoolContest:
    """A pooling or unpooling of signals from a seed."""

    def __init__(
        self, case: PoolCase, matrix: sp.csr_array, device: torch.device
    ) -> None:
        self.case, self.matrix, self.device = case, matrix, device
        rng = np.random.default_rng(0)
        n_out, n_in = matrix.shape
        shape = (case.batch, n_in, case.channels)
        self.x = rng.standard_normal(shape).astype(np.float32)
        shape = (case.batch, n_out, case.channels)
        self.g = rng.standard_normal(shape).astype(np.float32)

    def expected(self, mode: str) -> list[np.ndarray]:
        """Output or gradient, of float64 arithmetic."""
        forward = mode == FORWARD
        matrix = self.matrix if forward else self.matrix.T
        signals = (self.x if forward else self.g).astype(np.float64)
        return [np.stack([matrix @ signal for signal in signals])]

    def contestant(self, peer: str) -> Contestant:
        """Build the pooling of a peer."""
        layer = pool_of(peer, self.matrix).to(self.device)
        x, g = (torch.from_numpy(p).to(self.device) for p in (self.x, self.g))
        tracked = x.clone().requires_grad_()

        def forward() -> list[Tensor]:
            with torch.no_grad():
                return [layer(x)]

        def backward() -> list[Tensor]:
            return list(torch.autograd.grad(layer(tracked), [tracked], g))

        runs = {FORWARD: forward, BACKWARD: backward}
        return Contestant(peer, runs, self.expected)


Contest = LayerContest | PoolContest | NetworkContest


def open_contest(case: Case, folder: Path, device: torch.device) -> Contest:
    """Read the matrix or network of a case, and draw its inputs."""
    path = folder / case.stored
    if isinstance(case, NetworkCase):
        return NetworkContest(case, path.read_bytes(), device)
    matrix = sp.csr_array(sp.load_npz(path))
    if isinstance(case, ConvolutionCase):
        return LayerContest(case, matrix, device)
    return PoolContest(case, matrix, device)
