"""Training through rollouts: noisy starts, lengths that grow, and memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, SupportsFloat

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from samplings.arguments import nonnegative_argument


def checked_growth(growth: SupportsFloat) -> float:
    """Return the share of the training in which rollouts grow."""
    share = nonnegative_argument("growth", growth, "pass a share, such as 0.5")
    if share > 1:
        raise ValueError(
            f"growth must be a share of the training, at most 1, got {share:g}; pass "
            "one such as 0.5"
        )
    return share


def grown_weights(weights: Sequence[float], done: float) -> tuple[float, ...]:
    r"""Return the weights of the steps of rollouts that grow.

    .. math:: w_i \min(1, \max(0, (S - 1) d - i + 1)), \quad i = 0, \dots, S - 1

    with the share d of the growth that is done, so that the second step comes in
    gradually, then the third, and so on; the first always counts. Steps behind the last
    that counts are left out.

    Parameters
    ----------
    weights
        Those of all steps.
    done
        Share d, from 0 to 1.

    Examples
    --------
    >>> grown_weights((1.0, 1.0, 1.0), 0.75)
    (1.0, 1.0, 0.5)
    >>> grown_weights((1.0, 1.0, 1.0), 0.0)
    (1.0,)
    """
    reach = (len(weights) - 1) * done
    shares = [1.0, *(min(1.0, max(0.0, reach - i)) for i in range(len(weights) - 1))]
    counted = [w * s for w, s in zip(weights, shares, strict=True)]
    return tuple(counted[: 1 + math.ceil(reach)])


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
        context_fn=lambda: (nullcontext(), _same_statistics(network)),
    )
    return found


@contextmanager
def _same_statistics(network: nn.Module) -> Iterator[None]:
    """Leave the buffers of a network, such as running means, as they are."""
    before = [(one, one.detach().clone()) for one in network.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, values in before:
                buffer.copy_(values)
