"""Scores of forecasts by lead time, beside those of persistence and climatology."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from deepsphere_pyg.metrics.anomaly_correlation import anomaly_sums, correlations_of
from deepsphere_pyg.metrics.error_sums import ErrorSums, error_sums, merged


class LeadScores(NamedTuple):
    """Scores for each lead time and channel, shape ``(lead, C)``, float64.

    NaN where no target counts.

    Attributes
    ----------
    rmse
        Root mean square error by area, in the units of the channels.
    persistence
        That of persistence, the forecast that nothing changes.
    acc
        Anomaly correlation about the climatology, averaged over the forecasts.
    climatology
        Root mean square error of the mean state of the training times.
    """

    rmse: Tensor
    persistence: Tensor
    acc: Tensor
    climatology: Tensor

    @property
    def skill(self) -> Tensor:
        """One minus the error over that of persistence: 1 is perfect, 0 as good as it.

        NaN where persistence is perfect.
        """
        reference = torch.where(self.persistence > 0, self.persistence, torch.nan)
        return 1 - self.rmse / reference

    def summary(self, std: Tensor) -> dict[str, float]:
        """Return numbers for each lead time, averaged over the channels.

        Parameters
        ----------
        std
            Standard deviation of each channel, in which errors are given.

        Returns
        -------
        dict
            ``rmse_1``, ``skill_1``, ``acc_1`` and so on by lead time; ``rmse``, the
            mean over the lead times.
        """
        relative = (self.rmse / std.to(self.rmse)).nanmean(1)
        found = {"rmse": float(relative.mean())}
        for name, values in (
            ("rmse", relative),
            ("skill", self.skill.nanmean(1)),
            ("acc", self.acc.nanmean(1)),
        ):
            for lead, value in enumerate(values.tolist(), 1):
                found[f"{name}_{lead}"] = value
        return found


def score_names(leads: int) -> tuple[str, ...]:
    """Return the names of :meth:`LeadScores.summary`.

    Examples
    --------
    >>> score_names(2)
    ('rmse', 'rmse_1', 'rmse_2', 'skill_1', 'skill_2', 'acc_1', 'acc_2')
    """
    one_each = [
        f"{name}_{lead}"
        for name in ("rmse", "skill", "acc")
        for lead in range(1, leads + 1)
    ]
    return ("rmse", *one_each)


def lead_sums(
    forecast: Tensor,
    truth: Tensor,
    present: Tensor,
    climatology: Tensor,
    area: Tensor,
    mask: Tensor,
    vertex_sums: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Return the sums of a batch, from which scores of all batches follow.

    Parameters
    ----------
    forecast, truth
        Shape ``(batch, lead, V, C)``.
    present
        State from which the forecasts start, shape ``(batch, V, C)``.
    climatology
        Mean state, shape ``(V, C)``.
    area
        Shape ``(V,)``.
    mask
        True where the truth counts, shape ``(batch, lead, V, C)``.
    vertex_sums
        Function that adds up sums over the vertices of all processes that share each
        map, if there are several. Those of errors are merged afterwards, but
        correlations are of whole maps.

    Returns
    -------
    Tensor
        Shape ``(1, lead, 20, C)``, float64: sums of the errors of the forecast, of
        persistence and of the climatology, then the sum of correlations and their
        number.
    """
    errors, anomalies = [], []
    for lead in range(truth.shape[1]):
        y, valid = truth[:, lead], mask[:, lead]
        normal = climatology.to(y).expand_as(y)
        sums = [
            error_sums(x, y, area, valid, torch.float64)
            for x in (forecast[:, lead], present, normal)
        ]
        errors.append(torch.cat(sums))
        about = climatology.to(sums[0])
        anomalies.append(anomaly_sums(forecast[:, lead], y, about, area, valid))
    together = torch.stack(anomalies)
    if vertex_sums is not None:
        together = vertex_sums(together)
    pairs = [torch.stack(correlations_of(one)) for one in together]
    return torch.cat([torch.stack(errors), torch.stack(pairs)], dim=1)[None]


def lead_scores(parts: Tensor) -> LeadScores:
    """Return the scores of all batches, from their sums ``(batch, lead, 20, C)``."""
    n = len(ErrorSums._fields)
    rows: list[tuple[Tensor, ...]] = []
    for sums in parts.unbind(1):
        own, persistence, climatology = (
            ErrorSums(*merged(sums[:, start : start + n])).rmse
            for start in (0, n, 2 * n)
        )
        total, maps = sums[:, 3 * n :].sum(0)
        rows.append((own, persistence, total / maps, climatology))
    return LeadScores(*(torch.stack(one) for one in zip(*rows, strict=True)))
