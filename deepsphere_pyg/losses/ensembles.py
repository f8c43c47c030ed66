"""Losses of ensembles: how far several predictions of a target are from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import ratio
from deepsphere_pyg.losses.continuous import ContinuousLoss
from samplings.arguments import counted, integer_argument, number_argument, shown


class CRPSLoss(ContinuousLoss):
    r"""Continuous ranked probability score of an ensemble, averaged by area.

    .. math:: s = \frac 1 M \sum_j \lvert x_j - y \rvert
        - \frac{1 - \varepsilon}{2 M (M - 1)} \sum_{jk} \lvert x_j - x_k \rvert, \qquad
        \varepsilon = \frac{1 - \alpha}{M}

    of M members x is averaged where :class:`L1Loss` averages the absolute difference.
    With :math:`\alpha = 1` it is the fair score, whose expectation does not depend on
    M; with 0 the score of the ensemble as it is, which rewards ensembles that spread
    less than the truth. The fair one is blind to a member far away if all others equal
    the truth. A value near 1, the almost fair score, is neither.

    Parameters
    ----------
    members
        Number M of members, at least 2.
    alpha
        Share of the fair score, from 0 to 1.
    channel_weights
        Weight of each channel in the mean over channels; equal by default.

    Shapes
    ------
    ``prediction (*batch, V, C * M)``, ``target (*batch, V, C)``, ``weights (V,)``,
    ``mask (*batch, V)`` or ``(*batch, V, C)`` ``-> ()``. The M members of a channel
    stand together: ``prediction[..., c * M + m]``; ``torch.stack(members,
    -1).flatten(-2)`` makes them of M predictions ``(*batch, V, C)``.

    Raises
    ------
    TypeError
        If ``members`` is not an integer, or ``alpha`` or a weight not a number; in
        ``forward`` as :class:`L1Loss`.
    ValueError
        If there are fewer than two members, ``alpha`` is not between 0 and 1, a weight
        is negative, all are zero, or not one per channel; in ``forward`` as
        :class:`L1Loss`.

    Notes
    -----
    Equivariance: as :class:`L1Loss`; also the same for all orders of the members.

    With members in ascending order the score is :math:`\frac 1 M \sum_i \lvert d_i
    \rvert - (1 - \varepsilon) r_i d_i` with :math:`d_i = x_i - y` and :math:`r_i = (2i
    - M - 1) / (M - 1)`: M log M operations, no array of pairs, and no term is negative,
    so that nothing cancels in float32. Members that are equal get gradients that set
    them apart, since one of them ranks first.

    Source: Lang et al. 2024, arXiv:2412.15832, equation 4 (almost fair); Ferro 2014,
    Quarterly Journal of the Royal Meteorological Society 140, 1917 (fair).

    Examples
    --------
    >>> truth, members = torch.tensor([[1.0]]), torch.tensor([[0.0, 4.0]])
    >>> CRPSLoss(2, alpha=0.0)(members, truth)  # (1 + 3) / 2 - 2 * 4 / 8
    tensor(1.)
    >>> CRPSLoss(2, alpha=1.0)(members, truth)  # (1 + 3) / 2 - 2 * 4 / 4
    tensor(0.)
    """

    def __init__(
        self,
        members: SupportsIndex,
        *,
        alpha: SupportsFloat = 0.95,
        channel_weights: Sequence[SupportsFloat] | None = None,
    ) -> None:
        super().__init__()
        self.outputs = integer_argument("members", members, 2)
        self._alpha = number_argument("alpha", alpha, "pass 0.95")
        if not 0 <= self._alpha <= 1:
            raise ValueError(
                f"alpha must lie between 0 and 1, got {self._alpha}; pass 1 for the "
                "fair score, or 0.95 for the almost fair one"
            )
        self._channel_weights = _checked_weights(channel_weights)

    @property
    def members(self) -> int:
        """Number of members."""
        return self.outputs

    @property
    def alpha(self) -> float:
        """Share of the fair score."""
        return self._alpha

    @property
    def channel_weights(self) -> tuple[float, ...] | None:
        """Weight of each channel; None if they are equal."""
        return self._channel_weights

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the weighted mean of the channels that have a valid vertex."""
        if self.channel_weights is None:
            return super().of_sums(sums)
        part, total = sums
        if len(self.channel_weights) != len(total):
            raise ValueError(
                "channel_weights must be one per channel, got "
                f"{len(self.channel_weights)} for a target of "
                f"{counted(len(total), 'channel')}; build another loss"
            )
        weights = total.new_tensor(self.channel_weights)
        known = weights * (total > 0)
        return ratio((known * ratio(part, total)).sum(), known.sum())

    def _of(self, difference: Tensor) -> Tensor:
        return ensemble_crps(difference, self.alpha)

    def extra_repr(self) -> str:
        """Options, for ``repr``."""
        weights = self.channel_weights
        more = "" if weights is None else f", channel_weights={weights}"
        return f"members={self.outputs}, alpha={self.alpha:g}{more}"


def ensemble_crps(difference: Tensor, alpha: float) -> Tensor:
    """Return the score of differences from the truth ``(*batch, M)``, ``(*batch)``.

    The score is the same for differences of the other sign.

    Parameters
    ----------
    difference
        Of each member and the truth; for M = 1 the score is its absolute value.
    alpha
        Share of the fair score.
    """
    members = difference.shape[-1]
    if members == 1:
        return difference.abs().squeeze(-1)
    ordered = difference.sort(dim=-1, stable=True).values
    place = torch.arange(
        1 - members, members, 2, dtype=difference.dtype, device=difference.device
    )
    rank = (1 - (1 - alpha) / members) / (members - 1) * place
    return (ordered.abs() - rank * ordered).mean(-1)


def _checked_weights(
    weights: Sequence[SupportsFloat] | None,
) -> tuple[float, ...] | None:
    """Return the weights of channels, checked."""
    if weights is None:
        return None
    try:
        if isinstance(weights, str):
            raise TypeError
        found = tuple(float(one) for one in weights)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"channel_weights must be a sequence of numbers, got {shown(weights)}; "
            "pass one per channel, such as (1.0, 0.5)"
        ) from None
    wrong = [one for one in found if not 0 <= one < float("inf")]
    if wrong or not any(found):
        got = f"{wrong[0]:g}" if wrong else f"{shown(found)}"
        raise ValueError(
            "channel_weights must be finite and not negative, and one of them "
            f"positive, got {got}; give 0 to channels that do not count"
        )
    return found
