"""Chebyshev recurrences on one tile, whose terms are used while in the cache."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from deepsphere_pyg.propagation.products import product_step
from deepsphere_pyg.propagation.tiles import Tile

HALF = (torch.float16, torch.bfloat16)


def wide(x: Tensor) -> Tensor:
    """Return signals in float32 if of half precision, for sums over edges."""
    return x.float() if x.dtype in HALF else x


def terms_of(x: Tensor, tile: Tile, K: int, kernel: str) -> Iterator[Tensor]:
    """Yield T_0(L) x, T_1(L) x, ... at the core, shape ``(core, width)``."""
    core = tile.counts[0]
    before = x.to(tile.weights.dtype)
    yield before[:core]
    current = product_step(before, tile.rows(K - 2), kernel)
    yield current[:core]
    for k in range(2, K):
        image = product_step(current, tile.rows(K - 1 - k), kernel, 2, before)
        before, current = current, image
        yield current[:core]


def mixed_terms(
    terms: Iterator[Tensor],
    weight: Tensor,
    total: Tensor | None = None,
    core: Tensor | None = None,
    bias: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the sum of the terms times their weights, in ``out`` if given.

    Each term is used while it is in the cache: the product of the transpose of ``core``
    with it is added to ``total``, if given, at the same time.
    """
    K, channels, _ = weight.shape
    if weight.dtype in HALF:
        # One product for all terms, since each addition to a sum would round it.
        table = side_by_side(terms, channels, weight.dtype)
        if total is not None and core is not None:
            products = (core.T @ table).view(core.shape[1], K, channels)
            total += products.transpose(0, 1)
        return affine(table, weight.reshape(K * channels, -1), bias, out)
    y = None
    for k, term in enumerate(terms):
        flat = term.reshape(-1, channels)
        if total is not None and core is not None:
            total[k].addmm_(core.T, flat)
        if y is None:
            y = affine(flat, weight[k], bias, out)
        else:
            y.addmm_(flat, weight[k])
    if y is None:
        raise ValueError("weight must have at least one term, got K = 0")
    return y


def add_products(total: Tensor, terms: Iterator[Tensor], core: Tensor) -> None:
    """Add each term's transpose times ``core`` to its part of a sum.

    In half precision, products are rounded to it once a tile.
    """
    channels = total.shape[1]
    if core.dtype in HALF:
        table = side_by_side(terms, channels, core.dtype)
        total += (table.T @ core).view(total.shape)
        return
    for k, term in enumerate(terms):
        total[k].addmm_(term.reshape(-1, channels).T, core)


def side_by_side(terms: Iterator[Tensor], channels: int, dtype: torch.dtype) -> Tensor:
    """Return the terms as columns of one matrix."""
    flat = [term.reshape(-1, channels).to(dtype) for term in terms]
    return torch.cat(flat, dim=1)


def affine(
    x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor | None = None
) -> Tensor:
    """Return ``x @ weight + bias``, in ``out`` if given."""
    if bias is None:
        return torch.mm(x, weight, out=out)
    return torch.addmm(bias, x, weight, out=out)


def sum_of_mixed(
    x: Tensor, weight: Tensor, bias: Tensor | None, tile: Tile, kernel: str, group: int
) -> Tensor:
    """Mix channels first, by Clenshaw: the matrix acts on output channels."""
    K, channels, out_channels = weight.shape
    half = weight.dtype in HALF
    flat = x.reshape(-1, channels).to(weight.dtype)

    def mixed(k: int) -> Tensor:
        part = flat[: tile.counts[k] * group] @ weight[k]
        return part.to(tile.weights.dtype).view(-1, group * out_channels)

    current, after = mixed(K - 1), None
    for k in range(K - 2, -1, -1):
        image = product_step(current, tile.rows(k), kernel, 2 if k else 1, after)
        if half:
            image.add_(mixed(k))
        else:
            rows = image.view(-1, out_channels)
            rows.addmm_(flat[: len(rows)], weight[k])
        after, current = current, image
    y = current.view(-1, out_channels)
    if bias is not None:
        y += bias
    return y.to(weight.dtype)
