"""The network of a part of the sky, and what peers put in place of its convolutions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.kernels.peers import Rows, as_columns
from deepsphere_pyg import ChebConv
from deepsphere_pyg.models import COSMOLOGY, ResNetConfiguration, SphericalResNet
from samplings import HEALPix, Pyramid, Sampling, build_pyramid, pad_to_parents

#: By name: the published sizes, and convolutions at every level in place of those that
#: pool the finest levels without one.
CASES = {
    "published": replace(COSMOLOGY, laplacian="normalized"),
    "every level": replace(
        COSMOLOGY, poolings=0, convolutions=5, laplacian="normalized"
    ),
}
#: Others are compared with the first.
CONTESTANTS = {
    "ours": "this package",
    "coo": "each convolution by torch.sparse.mm of COO matrices",
    "products": "products with weights alone, without sums over edges",
    "ours_bf16": "this package, bfloat16 autocast",
}


def footprint(nside: int, fraction: float, levels: int) -> Sampling:
    """Return a polar cap of a share of the sky, padded to whole parents."""
    sky = HEALPix(nside)
    return pad_to_parents(sky[sky.xyz[:, 2] >= 1 - 2 * fraction], levels - 1).sampling


def pyramid_of(sampling: Sampling, case: ResNetConfiguration, k: int) -> Pyramid:
    """Return the graphs that a network needs, with heat weights."""
    return build_pyramid(
        sampling, case.levels, k, weighting="heat", first_graph=case.poolings
    )


class CooConv(nn.Module):
    """A convolution with a COO matrix of its own, as in deepsphere-cosmo-pytorch.

    The recurrence acts on batch and channels as columns; its terms are stacked, laid
    out with their order innermost, and mixed in one product. Weight and bias are
    those of a ChebConv; the operator of the call is not used.
    """

    def __init__(self, conv: ChebConv, rows: Rows) -> None:
        super().__init__()
        self.weight, self.bias, self.rows = conv.weight, conv.bias, rows

    def forward(self, x: Tensor, laplacian: object) -> Tensor:
        """Convolve ``(batch, vertex, in_channels)``."""
        batch, vertices, channels = x.shape
        K, _, outputs = self.weight.shape
        matrix = self.rows.matrix
        terms = [as_columns(x)]
        for k in range(1, K):
            image = torch.sparse.mm(matrix, terms[-1])
            terms.append(image if k == 1 else 2 * image - terms[-2])
        stacked = torch.stack(terms).view(K, vertices, channels, batch)
        rows = stacked.permute(3, 1, 2, 0).reshape(batch * vertices, channels * K)
        y = rows @ self.weight.transpose(0, 1).reshape(-1, outputs)
        y = y if self.bias is None else y + self.bias
        return y.view(batch, vertices, outputs)


class ProductsOnly(nn.Module):
    """The products with weights of a convolution, without any sum over edges.

    Every term is the signal itself: what no execution in the same precision can save.
    """

    def __init__(self, conv: ChebConv) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, x: Tensor, laplacian: object) -> Tensor:
        """Return signals ``(batch, vertex, out_channels)``."""
        y: Tensor = _Products.apply(x.flatten(0, 1), self.weight, self.bias)
        return y.view(*x.shape[:2], -1)


class _Products(torch.autograd.Function):
    """K products, and their gradients, of the same signals."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        y = torch.addmm(bias, x, weight[0])
        for part in weight[1:]:
            y.addmm_(x, part)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        products = torch.empty_like(weight)
        for part in products:
            torch.mm(x.T, g, out=part)
        if not ctx.needs_input_grad[0]:
            return None, products, g.sum(0)
        dx = g @ weight[0].T
        for part in weight[1:]:
            dx.addmm_(g, part.T)
        return dx, products, g.sum(0)


def network_of(
    contestant: str, case: ResNetConfiguration, pyramid: Pyramid, channels: int
) -> SphericalResNet:
    """Return the network with the convolutions of a contestant, weights from a seed."""
    torch.manual_seed(0)
    network = SphericalResNet(channels, 6, pyramid, configuration=case)
    if contestant == "products":
        _replace(network, lambda conv, level: ProductsOnly(conv))
    elif contestant == "coo":
        matrices = [operator.to_scipy() for operator in network.laplacians]
        # A matrix for each layer, as that library has.
        _replace(
            network, lambda conv, level: CooConv(conv, Rows(matrices[level], "coo"))
        )
    return network


def _replace(
    network: SphericalResNet, by: Callable[[ChebConv, int], nn.Module]
) -> None:
    """Replace each convolution, at a level counted from the first graph."""
    for level, block in enumerate(network.convolutions):
        block.conv = by(block.conv, level)
    for block in network.blocks:
        block.first, block.second = by(block.first, -1), by(block.second, -1)


def training_step(
    network: SphericalResNet, x: Tensor, wanted: Tensor, half: bool
) -> Callable[[], None]:
    """Return a step: forward, backward, and Adam in one pass over the weights."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            found = network(x)
        F.mse_loss(found.float(), wanted).backward()
        optimizer.step()

    return step
