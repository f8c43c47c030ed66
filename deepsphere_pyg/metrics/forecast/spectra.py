"""Energy of forecasts at each degree, by lead time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics import SHT, power_spectrum
from deepsphere_pyg.metrics.area_metric import sum_dtype
from deepsphere_pyg.metrics.forecast.batches import check_shapes
from samplings import Sampling
from samplings.arguments import instance_argument, integer_argument


@dataclass(frozen=True, eq=False)
class LeadSpectra:
    """Energy at each degree, of shape ``(lead, L, channel)``, float64.

    Attributes
    ----------
    forecast, truth, error
        Sum over the orders of squared coefficients over 4 pi: their sum over the
        degrees is the mean square of the field over the sphere, in squared units. Those
        of an ensemble are means over its members.
    """

    forecast: Tensor
    truth: Tensor
    error: Tensor


class EnergySpectra:
    r"""Energy of forecasts, of the truth and of the errors at each degree.

    .. math:: E_l = \frac{1}{4 \pi} \sum_m \lvert c_{lm} \rvert^2

    averaged over times, and over the members of an ensemble. A forecast that loses
    energy at high degrees blurs; one that gains some is rough. The energy of the error
    of a forecast that knows nothing is that of forecast and truth together.

    Parameters
    ----------
    sampling
        Where the vertices are; of the whole sphere.
    channels, leads
        Numbers of channels and of lead times.
    L
        Bandlimit: degrees 0 ... L - 1.
    members
        Number of members; None for single forecasts, which have no such axis.

    Raises
    ------
    TypeError, ValueError
        If an argument has another type, a number is too small, or the sampling does
        not resolve L, as for :class:`~deepsphere_pyg.harmonics.SHT`.

    Notes
    -----
    Equivariance: invariant under rotations, exactly for band-limited fields on
    samplings with a sampling theorem, like the transform.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> sampling = GaussLegendre(4)
    >>> z = torch.tensor(sampling.xyz[:, 2:])[None, None]
    >>> spectra = EnergySpectra(sampling, 1, 1, 3)
    >>> spectra.update(z, 2 * z)
    >>> spectra.compute().truth[0, :, 0].round(decimals=6).abs()  # the mean of 4 z²
    tensor([0.0000, 1.3333, 0.0000], dtype=torch.float64)
    """

    def __init__(
        self,
        sampling: Sampling,
        channels: SupportsIndex,
        leads: SupportsIndex,
        L: SupportsIndex,
        *,
        members: SupportsIndex | None = None,
    ) -> None:
        self.channels = integer_argument("channels", channels, 1)
        self.leads = integer_argument("leads", leads, 1)
        self.members = (
            None if members is None else integer_argument("members", members, 1)
        )
        self.missing = "refuse"
        self.L = integer_argument("L", L, 1)
        self._transform = SHT(sampling, self.L, dtype=sum_dtype())
        self.sampling = sampling
        shape = (3, self.leads, self.L, self.channels)
        self._sums = torch.zeros(shape, dtype=sum_dtype())
        self._times = 0

    def update(self, forecast: Tensor, truth: Tensor) -> None:
        """Add forecasts.

        Parameters
        ----------
        forecast
            Shape ``(time, lead, V, C)``, or ``(time, lead, member, V, C)``.
        truth
            At the times that are forecast, shape ``(time, lead, V, C)``.

        Raises
        ------
        TypeError
            If they are not tensors of floating-point numbers.
        ValueError
            If shapes do not fit, or a value is missing, as a transform needs all.
        """
        check_shapes(self, forecast, truth)
        self._transform.to(truth.device)
        true = self._transform(truth.to(sum_dtype()))
        predicted = self._transform(forecast.to(sum_dtype()))
        wanted = true if self.members is None else true.unsqueeze(2)
        parts = []
        for rows in (predicted, true, predicted - wanted):
            energy = power_spectrum(rows, self.L)
            parts.append(energy if energy.ndim == 4 else energy.mean(2))
        orders = 2 * torch.arange(self.L, dtype=sum_dtype()) + 1
        scale = (orders / (4 * torch.pi))[:, None]
        sums = torch.stack([part.sum(0).cpu() * scale for part in parts])
        self._sums = self._sums + sums
        self._times += len(truth)

    def merge(self, other: EnergySpectra) -> None:
        """Add the forecasts of others, of equal sizes."""
        instance_argument("other", other, EnergySpectra, "pass one of equal sizes")
        if other._sums.shape != self._sums.shape:
            raise ValueError(
                f"other must have the sizes {tuple(self._sums.shape[1:])} of leads, "
                f"degrees and channels, got {tuple(other._sums.shape[1:])}; build it "
                "with equal arguments"
            )
        self._sums, self._times = self._sums + other._sums, self._times + other._times

    def compute(self) -> LeadSpectra:
        """Return the mean spectra of all forecasts so far.

        Raises
        ------
        ValueError
            If there are no forecasts.
        """
        if not self._times:
            raise ValueError("there are no forecasts to score; call update first")
        return LeadSpectra(*(self._sums / self._times).unbind(0))
