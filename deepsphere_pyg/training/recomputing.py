"""Training with less memory: what is needed for the gradient is computed twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from deepsphere_pyg.layers import (
    ConvNeXtBlock,
    GeneralizedBlock,
    ResidualBlock,
    SpinBlock,
)
from deepsphere_pyg.models.blocks import ConvBlock
from deepsphere_pyg.models.forecast.residual_body import ReZeroBlock
from deepsphere_pyg.models.forecast.spectral_block import SpectralBlock
from deepsphere_pyg.processes import same_part

#: Parts of networks of which only the inputs are kept.
BLOCKS = (
    ConvBlock,
    ConvNeXtBlock,
    GeneralizedBlock,
    ReZeroBlock,
    ResidualBlock,
    SpectralBlock,
    SpinBlock,
)


def recompute_blocks(network: nn.Module) -> None:
    """Make the blocks of a network keep their inputs alone for the gradient.

    What is in between is computed once more when the gradient is. The network is
    changed in place; :func:`keep_blocks` undoes it.

    Raises
    ------
    ValueError
        If the network has no block.
    """
    blocks = _outermost(network)
    if not blocks:
        names = ", ".join(sorted(one.__name__ for one in BLOCKS))
        raise ValueError(
            f"a {type(network).__name__} has no block to compute once more (one of "
            f"{names}); leave out recompute"
        )
    for block in blocks:
        # An attribute of the instance comes before the method of its class.
        object.__setattr__(block, "forward", partial(_recomputed, block))


def keep_blocks(network: nn.Module) -> None:
    """Undo :func:`recompute_blocks`."""
    for block in _outermost(network):
        block.__dict__.pop("forward", None)


def _outermost(network: nn.Module) -> list[nn.Module]:
    """Return the blocks that are not in another one."""
    if isinstance(network, BLOCKS):
        return [network]
    return [block for part in network.children() for block in _outermost(part)]


def _recomputed(block: nn.Module, *arguments: Any) -> Any:
    """Apply a block."""
    forward = partial(type(block).forward, block)
    if not torch.is_grad_enabled():
        return forward(*arguments)
    return without_memory(block, forward, *arguments)


def without_memory(
    network: nn.Module, step: Callable[..., Tensor], *arguments: Any
) -> Tensor:
    """Apply a step of a network, and compute it once more for the gradient.

    Of a rollout, then, only the states are kept, not all that the network computes from
    them. Statistics that the network keeps of its batches count the batch once.

    Parameters
    ----------
    network
        The network.
    step
        Function that applies it.
    *arguments
        Those of the function.
    """
    found: Tensor = checkpoint(
        step,
        *arguments,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _as_before(network, same_part())),
    )
    return found


@contextmanager
def _as_before(
    network: nn.Module, part: AbstractContextManager[None]
) -> Iterator[None]:
    """Sum over the batch of before, and leave buffers, such as running means, alone."""
    before = [(one, one.detach().clone()) for one in network.buffers()]
    try:
        with part:
            yield
    finally:
        with torch.no_grad():
            for buffer, values in before:
                buffer.copy_(values)
