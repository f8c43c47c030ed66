"""Scores of forecasts by lead time and region, from batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import masked
from deepsphere_pyg.metrics.area_metric import sum_dtype
from deepsphere_pyg.metrics.forecast.batches import ForecastBatch, checked_batch
from deepsphere_pyg.metrics.forecast.definitions import (
    ScoreDefinition,
    definition_argument,
)
from deepsphere_pyg.metrics.forecast.ensemble_scores import (
    energy_of_regions,
    member_scores,
    ranks,
)
from deepsphere_pyg.metrics.forecast.moments import (
    Moments,
    averaged,
    quantities,
    scores_of,
)
from deepsphere_pyg.metrics.forecast.regions import region_masks
from deepsphere_pyg.metrics.forecast.scores import ForecastScores
from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    flag_argument,
    instance_argument,
    integer_argument,
)

MISSING = ("refuse", "mask")


class Verification:
    r"""Scores of forecasts by region, lead time and channel, summed up over batches.

    Errors, anomaly correlation and activity; of ensembles also ranked probability and
    energy scores, spread, and the ranks of the truth: see :class:`ForecastScores`. Only
    sums are kept, in float64, so that forecasts need not fit in memory, and batches may
    be of any size: the scores differ by round-off only.

    Parameters
    ----------
    sampling
        Where the vertices are.
    channels, leads
        Numbers of channels and of lead times.
    members
        Number M of members; None for single forecasts, which have no such axis.
    regions
        Names of :data:`REGIONS`, or a mapping from names to :class:`Region` or boolean
        masks ``(V,)``.
    definition
        How vertices and times are averaged: a name of :data:`DEFINITIONS`, or a
        :class:`ScoreDefinition`.
    missing
        What NaN in a truth means: ``"refuse"`` raises an error, ``"mask"`` leaves these
        vertices out. Infinite values are always refused.
    energy_score
        Whether to compute energy scores, with M (M - 1) / 2 distances of fields.
    seed
        Seed of the ranks of a truth that equals members.

    Raises
    ------
    TypeError, ValueError
        If an argument has another type, a number is too small, a region is unknown or
        has no vertex, or the weights of the definition do not fit the sampling.

    Notes
    -----
    Equivariance: the scores are the same for all permutations of the vertices, and of
    the members but for ties; under rotations to the accuracy of areas as a quadrature.

    Means over a region are over the vertices that count in it at each time; times
    without any are left out. A channel of a forecast that is not finite where the truth
    counts has NaN as score.

    Source: Rasp et al. 2020, arXiv:2002.00469; Rasp et al. 2024, arXiv:2308.15560;
    Fortin et al. 2014, Journal of Hydrometeorology 15, 1708 (spread and skill);
    Gneiting and Raftery 2007, JASA 102, 359 (energy score).

    Examples
    --------
    >>> from samplings import HEALPix
    >>> scores = Verification(HEALPix(2), 1, 3, regions=["global", "tropics"])
    >>> truth = torch.zeros(5, 3, 48, 1)
    >>> for batch in range(2):
    ...     scores.update(truth + 2.0, truth)
    >>> scores.compute().rmse[:, :, 0]
    tensor([[2., 2., 2.],
            [2., 2., 2.]], dtype=torch.float64)
    """

    def __init__(
        self,
        sampling: Sampling,
        channels: SupportsIndex,
        leads: SupportsIndex,
        *,
        members: SupportsIndex | None = None,
        regions: Sequence[str] | Mapping[str, Any] = ("global",),
        definition: str | ScoreDefinition = "weatherbench2",
        missing: str = "refuse",
        energy_score: bool = False,
        seed: SupportsIndex = 0,
    ) -> None:
        masks = region_masks(sampling, regions)
        self.sampling = sampling
        self.channels = integer_argument("channels", channels, 1)
        self.leads = integer_argument("leads", leads, 1)
        self.members = (
            None if members is None else integer_argument("members", members, 1)
        )
        self.regions = tuple(masks)
        self.definition = definition_argument(definition)
        self.missing = choice_argument("missing", missing, MISSING)
        self.energy_score = flag_argument("energy_score", energy_score)
        if self.energy_score and self.members is None:
            raise ValueError(
                "energy_score needs an ensemble, got members=None; pass their number"
            )
        self._draw = torch.Generator().manual_seed(integer_argument("seed", seed, 0))
        area = torch.from_numpy(self.definition.vertex_weights(sampling))
        inside = torch.stack([torch.from_numpy(one) for one in masks.values()])
        self._inside = inside.to(sum_dtype())
        self._weights = self._inside * area.to(sum_dtype())
        self._sums: dict[str, Tensor] = {}
        self._has_climatology: bool | None = None

    def update(
        self,
        forecast: Tensor,
        truth: Tensor,
        climatology: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> None:
        """Add forecasts.

        Parameters
        ----------
        forecast
            Shape ``(time, lead, V, C)``, or ``(time, lead, member, V, C)``.
        truth
            At the times that are forecast, shape ``(time, lead, V, C)``.
        climatology
            What anomalies are counted from, shape ``(V, C)``, or ``(time, lead, V, C)``
            at the times that are forecast: see :class:`Climatology`. In all calls or in
            no call.
        mask
            True where the truth counts, shape ``(V,)``, ``(V, C)``, ``(time, lead, V)``
            or ``(time, lead, V, C)``; everywhere by default.

        Raises
        ------
        TypeError
            If an array is not a tensor of floating-point numbers, or the mask not of
            booleans.
        ValueError
            If shapes do not fit, or the truth or the climatology is not finite where it
            counts.
        """
        batch = checked_batch(self, forecast, truth, climatology, mask)
        given = climatology is not None
        if self._has_climatology not in (None, given):
            raise ValueError(
                "a climatology must be given in all calls of update or in no call, got "
                f"{'one' if given else 'no climatology'} after the other; pass it "
                "always"
            )
        self._has_climatology = given
        if not len(batch.truth):
            return
        self._inside = self._inside.to(batch.truth.device)
        self._weights = self._weights.to(batch.truth.device)
        self._add(batch)

    def merge(self, other: Verification) -> None:
        """Add the forecasts of another verification, such as of another process.

        Raises
        ------
        TypeError, ValueError
            If it is not a verification of the same regions, definition and sizes.
        """
        instance_argument("other", other, Verification, "pass one with equal arguments")
        for name in ("channels", "leads", "members", "regions", "definition"):
            own, its = getattr(self, name), getattr(other, name)
            if own != its:
                raise ValueError(
                    f"other must have {name} {own}, got {its}; build it with equal "
                    "arguments"
                )
        if None not in (self._has_climatology, other._has_climatology) and (
            self._has_climatology != other._has_climatology
        ):
            raise ValueError(
                "other must have a climatology if this one has, and only then; pass it "
                "to both"
            )
        if self._has_climatology is None:
            self._has_climatology = other._has_climatology
        for name, values in other._sums.items():
            self._accumulate(name, values)

    def compute(self) -> ForecastScores:
        """Return the scores of all forecasts so far.

        Raises
        ------
        ValueError
            If there are no forecasts.
        """
        if not self._sums:
            raise ValueError("there are no forecasts to score; call update first")
        # Names of sums: means of all times, and of scores at each.
        pooled: Moments = {}
        for name in [n for n in self._sums if n.startswith("area * ")]:
            quantity = name.removeprefix("area * ")
            total = self._sums["count" if quantity.endswith("~") else "area"]
            pooled[quantity] = self._sums[name] / total
        found = scores_of(pooled, self.definition.centred)
        for name in found:
            kind = "correlation" if name == "acc" else "root"
            if getattr(self.definition, kind) == "each-time":
                found[name] = self._sums[f"sum of {name}"] / self._sums[f"n of {name}"]
        members = self.members
        histogram = None
        if members is not None:
            ratio = (1 + 1 / members) ** 0.5
            if members > 1:
                found["spread_skill"] = ratio * found["spread"] / found["rmse"]
            histogram = self._sums["ranks"] / self._sums["area"].unsqueeze(2)
        every = {name: values.cpu() for name, values in found.items()}
        return ForecastScores(
            self.regions,
            rank_histogram=None if histogram is None else histogram.cpu(),
            **every,
        )

    def _add(self, batch: ForecastBatch) -> None:
        """Add the sums of a batch."""
        valid = batch.valid
        share = valid.to(batch.truth)
        area = torch.einsum("rv,tsvc->tsrc", self._weights, share)
        values = quantities(batch.mean, batch.truth, batch.climatology, valid)
        means = {}
        if batch.members is not None:
            difference = masked(
                batch.members - batch.truth.unsqueeze(2), valid.unsqueeze(2)
            )
            values |= member_scores(difference)
            self._rank(difference, valid)
            if self.energy_score:
                means["energy_score"] = energy_of_regions(
                    difference, share, area, self._weights
                )
        for name, value in values.items():
            means[name] = averaged(self._weights, value, area)
        count = torch.einsum("rv,tsvc->tsrc", self._inside, share)
        if batch.climatology is not None:
            for name in ("predicted", "true"):
                means[f"{name}~"] = averaged(self._inside, values[name], count)
        self._accumulate("area", _by_region(area))
        self._accumulate("count", _by_region(count))
        for name, mean in means.items():
            total = count if name.endswith("~") else area
            self._accumulate(f"area * {name}", _by_region(mean * total))
        for name, score in scores_of(means, self.definition.centred).items():
            # Correlations are not defined where an anomaly is zero everywhere.
            known = area > 0
            if name == "acc":
                finite = (means["predicted²"] + means["true²"]).isfinite()
                known = known & ~(score.isnan() & finite)
            self._accumulate(f"sum of {name}", _by_region(masked(score, known)))
            self._accumulate(f"n of {name}", _by_region(known.to(score)))

    def _rank(self, difference: Tensor, valid: Tensor) -> None:
        """Count the ranks of the truth, by area."""
        members, shape = difference.shape[2], valid.shape[1:]
        # Time by time, so that ties do not depend on the size of batches.
        drawn = [torch.rand(shape, generator=self._draw) for _ in valid]
        uniform = torch.stack(drawn).to(difference.device)
        rank = torch.where(valid, ranks(difference.movedim(2, -1), uniform), -1)
        parts = [
            torch.einsum("rv,tsvc->rsc", self._weights, (rank == k).to(difference))
            for k in range(members + 1)
        ]
        self._accumulate("ranks", torch.stack(parts, dim=2))

    def _accumulate(self, name: str, values: Tensor) -> None:
        before = self._sums.get(name)
        self._sums[name] = values if before is None else before + values.to(before)


def _by_region(values: Tensor) -> Tensor:
    """Return sums over times ``(T, S, R, C) -> (R, S, C)``."""
    return values.sum(0).movedim(0, 1)
