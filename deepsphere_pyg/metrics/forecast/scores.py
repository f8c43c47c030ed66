"""Scores of forecasts by region, lead time and channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from samplings.arguments import names_argument

# In the order of tables.
SCORES = (
    *("rmse", "mae", "bias", "acc", "forecast_activity", "truth_activity"),
    *("crps", "crps_fair", "spread", "spread_skill", "energy_score"),
)


@dataclass(frozen=True, eq=False)
class ForecastScores:
    r"""Scores of forecasts, each of shape ``(region, lead, channel)``, float64.

    They are NaN where they are not defined, or a forecast is not finite, and None if
    what they need was not given. Of an ensemble, the first six are those of its mean.

    Attributes
    ----------
    regions
        Names of the regions.
    rmse, mae, bias
        Root mean square, mean absolute and mean error (predicted minus true), in the
        units of the channel.
    acc
        Anomaly correlation about the climatology.
    forecast_activity, truth_activity
        Standard deviation of the anomalies over the vertices. A forecast that is
        smoother than the truth has less activity.
    crps, crps_fair
        Continuous ranked probability score of the ensemble, plain and fair.
    spread
        Root of the mean variance of the ensemble (over M - 1).
    spread_skill
        :math:`\sqrt{(M + 1) / M}` spread / rmse: 1 if members and truth are draws of
        one distribution.
    energy_score
        Fair energy score of whole fields, with root mean squares as norm.
    rank_histogram
        Frequency of the ranks 0 ... M of the truth among the members, by area, shape
        ``(region, lead, M + 1, channel)``: 1 / (M + 1) each if the truth and the
        members are exchangeable.
    """

    regions: tuple[str, ...]
    rmse: Tensor
    mae: Tensor
    bias: Tensor
    acc: Tensor | None = None
    forecast_activity: Tensor | None = None
    truth_activity: Tensor | None = None
    crps: Tensor | None = None
    crps_fair: Tensor | None = None
    spread: Tensor | None = None
    spread_skill: Tensor | None = None
    energy_score: Tensor | None = None
    rank_histogram: Tensor | None = None

    def rows(self, channel_names: Sequence[str]) -> list[dict[str, Any]]:
        """Return a row for each region, channel and lead time, None where undefined.

        Parameters
        ----------
        channel_names
            Name of each channel.

        Returns
        -------
        list of dict
            ``region``, ``variable``, ``lead`` from 1, and the scores.
        """
        names = names_argument("channel_names", channel_names)
        leads, channels = self.rmse.shape[1:]
        if len(names) != channels:
            raise ValueError(
                f"channel_names must be {channels}, one per channel, got {len(names)}; "
                "pass those of the forecasts"
            )
        known = {
            name: values.tolist()
            for name in SCORES
            if (values := getattr(self, name)) is not None
        }
        return [
            {
                "region": region,
                "variable": variable,
                "lead": lead + 1,
                **{
                    name: value if math.isfinite(value := table[r][lead][c]) else None
                    for name, table in known.items()
                },
            }
            for r, region in enumerate(self.regions)
            for c, variable in enumerate(names)
            for lead in range(leads)
        ]
