"""Training through rollouts: noisy starts, and lengths that grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import SupportsFloat

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.losses import CRPSLoss
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


def check_members(members: int, noise: float, loss: nn.Module | None) -> None:
    """Refuse ensembles whose members are all the same, or whose loss has others.

    Raises
    ------
    ValueError
        If members do not differ, or the loss takes other numbers of members.
    """
    if members > 1 and not noise:
        raise ValueError(
            f"{members} members must start from different states, got noise 0; pass "
            "noise= such as 0.05"
        )
    taken = loss.members if isinstance(loss, CRPSLoss) else 1
    if taken != members:
        raise ValueError(
            f"the loss must be of {members} members, got one of {taken}; pass "
            f"{f'loss=CRPSLoss({members})' if members > 1 else f'members={taken}'}"
        )


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


def noisy_members(
    x: Tensor,
    members: int,
    spread: Tensor,
    seed: Sequence[int],
    part: tuple[Tensor, int] | None = None,
) -> Tensor:
    """Return copies of states, each with white noise of its own.

    Parameters
    ----------
    x
        States, shape ``(batch, ..., V, C)``.
    members
        Number M of copies.
    spread
        Standard deviations, which broadcast against the states.
    seed
        Of the noise: numbers, the order of which counts.
    part
        The vertices that states have of a map, and how many it has, if they are not
        all. Their noise is that of the whole map.

    Returns
    -------
    Tensor
        Shape ``(batch * M, ..., V, C)``; the copies of a sample stand together.
    """
    copies = x.repeat_interleave(members, dim=0)
    (number,) = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    generator = torch.Generator(x.device).manual_seed(int(number >> 1))
    *shape, vertices, channels = copies.shape
    vertices = vertices if part is None else part[1]
    noise = torch.randn(
        (*shape, vertices, channels),
        generator=generator,
        dtype=x.dtype,
        device=x.device,
    )
    if part is not None:
        noise = noise.index_select(-2, part[0].to(x.device))
    return copies + spread * noise


def together(forecasts: Tensor, members: int) -> Tensor:
    """Return forecasts ``(batch * M, ..., C)`` as ``(batch, ..., C * M)``.

    So :class:`~deepsphere_pyg.losses.CRPSLoss` takes the members of a channel.
    """
    apart = forecasts.view(-1, members, *forecasts.shape[1:])
    return apart.movedim(1, -1).flatten(-2)
