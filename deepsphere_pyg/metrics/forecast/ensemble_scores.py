"""Scores of ensembles at each vertex, and of whole fields of them."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import check_floating
from deepsphere_pyg.losses.ensembles import ensemble_crps
from samplings.arguments import flag_argument


def crps(forecast: Tensor, truth: Tensor, *, fair: bool = True) -> Tensor:
    r"""Return the continuous ranked probability score of an ensemble at each vertex.

    .. math:: s = \frac 1 M \sum_j \lvert x_j - y \rvert
        - \frac{1}{2 M (M - 1)} \sum_{jk} \lvert x_j - x_k \rvert

    of members x and truth y; with M² in place of M(M - 1) if it is not fair. The fair
    score does not depend on M in expectation; that of a Gaussian with the right mean
    and spread is :math:`\sigma / \sqrt\pi`.

    Parameters
    ----------
    forecast
        Members.
    truth
        Truth, of the same dtype.
    fair
        Whether the score is fair. It needs two members.

    Shapes
    ------
    ``forecast (*batch, member, V, C)``, ``truth (*batch, V, C) -> (*batch, V, C)``

    Raises
    ------
    TypeError
        If one of them is not a tensor of floating-point numbers.
    ValueError
        If shapes do not fit, or a fair score has one member.

    Notes
    -----
    Equivariance: exact for permutations of vertices; the same for all orders of the
    members.

    Source: Ferro 2014, Quarterly Journal of the Royal Meteorological Society 140, 1917.

    Examples
    --------
    >>> members = torch.tensor([0.0, 4.0])[:, None, None]
    >>> crps(members, torch.ones(1, 1), fair=False).item()  # (1 + 3) / 2 - 4 / 4
    1.0
    """
    check_floating("forecast", forecast, "(*batch, member, V, C)")
    check_floating("truth", truth, "(*batch, V, C)")
    if forecast.ndim < 3 or forecast.shape[:-3] + forecast.shape[-2:] != truth.shape:
        raise ValueError(
            "forecast must have shape (*batch, member, V, C) for a truth of shape "
            f"(*batch, V, C), got {tuple(forecast.shape)} and {tuple(truth.shape)}; "
            "move the axis of members with .movedim"
        )
    if flag_argument("fair", fair) and forecast.shape[-3] < 2:
        raise ValueError(
            "a fair score needs at least 2 members, got "
            f"{forecast.shape[-3]}; pass fair=False"
        )
    difference = (forecast - truth.unsqueeze(-3)).movedim(-3, -1)
    return ensemble_crps(difference, float(fair))


def ranks(difference: Tensor, uniform: Tensor) -> Tensor:
    """Return the rank of the truth among the members, from 0 to M.

    Parameters
    ----------
    difference
        Members less the truth, shape ``(*batch, M)``.
    uniform
        Numbers in [0, 1), shape ``(*batch)``: the truth takes one of the places among
        the members that it equals at random.
    """
    below, equal = (difference < 0).sum(-1), (difference == 0).sum(-1)
    return below + (uniform * (equal + 1)).long()


def energy_scores(difference: Tensor, share: Tensor) -> Tensor:
    r"""Return the energy score of fields, ``(*batch, C)``.

    .. math:: \frac 1 M \sum_j \lVert x_j - y \rVert
        - \frac{1}{2 M (M - 1)} \sum_{jk} \lVert x_j - x_k \rVert

    with the root mean square over the vertices as norm; the second term is left out for
    a single member.

    Parameters
    ----------
    difference
        Members less the truth, shape ``(*batch, M, V, C)``.
    share
        Weights of the vertices, of sum one, shape ``(*batch, V, C)``.
    """
    scaled = (difference * share.sqrt().unsqueeze(-3)).movedim(-1, -3)
    members = scaled.shape[-2]
    score: Tensor = torch.linalg.vector_norm(scaled, dim=-1).mean(-1)
    if members == 1:
        return score
    # Differences, since products of matrices would lose the digits of near members.
    exact = "donot_use_mm_for_euclid_dist"
    pairs: Tensor = torch.cdist(scaled, scaled, compute_mode=exact).sum((-2, -1))
    return score - pairs / (2 * members * (members - 1))


def member_scores(difference: Tensor) -> dict[str, Tensor]:
    """Return scores of an ensemble at each vertex, ``(T, S, V, C)``.

    Parameters
    ----------
    difference
        Members less the truth, shape ``(T, S, M, V, C)``.
    """
    last = difference.movedim(2, -1)
    found = {"crps": ensemble_crps(last, 0.0)}
    if last.shape[-1] > 1:
        found["crps_fair"] = ensemble_crps(last, 1.0)
        found["variance"] = last.var(-1)
    return found


def energy_of_regions(
    difference: Tensor, share: Tensor, area: Tensor, weights: Tensor
) -> Tensor:
    """Return the energy score of each region, ``(T, S, R, C)``.

    Parameters
    ----------
    difference
        Members less the truth, shape ``(T, S, M, V, C)``.
    share
        One where the truth counts, else zero, shape ``(T, S, V, C)``.
    area
        Area that counts in each region, shape ``(T, S, R, C)``.
    weights
        Weights of the vertices of each region, shape ``(R, V)``.
    """
    found = []
    for r, inside in enumerate(weights):
        total = area[:, :, r].unsqueeze(2)
        part = inside[:, None] * share / torch.where(total > 0, total, 1.0)
        found.append(energy_scores(difference, part))
    return torch.stack(found, dim=2)
