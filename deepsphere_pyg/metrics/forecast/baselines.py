"""Forecasts without a network: persistence, as it is and damped."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.losses.arguments import check_floating
from deepsphere_pyg.metrics.area_metric import sum_dtype
from samplings import Sampling
from samplings.arguments import choice_argument, integer_argument, sampling_argument

MODES = ("degree", "vertex")


def persistence(present: Tensor, leads: SupportsIndex) -> Tensor:
    """Return the forecasts that nothing changes.

    Parameters
    ----------
    present
        States from which the forecasts start.
    leads
        Number of lead times.

    Shapes
    ------
    ``present (time, V, C) -> (time, lead, V, C)``, a view

    Raises
    ------
    TypeError, ValueError
        If ``present`` is not a tensor of such a shape, or ``leads`` is below 1.

    Notes
    -----
    Equivariance: exact.

    Examples
    --------
    >>> persistence(torch.tensor([[[7.0]]]), 3).flatten()
    tensor([7., 7., 7.])
    """
    check_floating("present", present, "(time, V, C)")
    if present.ndim != 3:
        raise ValueError(
            f"present must have shape (time, V, C), got {tuple(present.shape)}; pass "
            "the last known state of each forecast"
        )
    count = integer_argument("leads", leads, 1)
    return present.unsqueeze(1).expand(-1, count, -1, -1)


class DampedPersistence:
    r"""Linear regression of a later anomaly on the present one, by degree or vertex.

    .. math:: \hat a_{lm}(\tau) = \rho_l(\tau) \, a_{lm}(0), \qquad
        \rho_l(\tau) = \frac{\sum_{tm} a_{lm}(t) \, a_{lm}(t + \tau)}
        {\sum_{tm} a_{lm}(t)^2}

    with one factor for each degree, lead time and channel: the best forecast among
    those that are linear, equivariant and local in time and channel. What is beyond the
    bandlimit has a factor of its own. By vertex, there is one for each vertex instead.

    Parameters
    ----------
    sampling
        Where the vertices are.
    channels, leads
        Numbers of channels and of lead times.
    by
        ``"degree"``, which needs the whole sphere and all values, or ``"vertex"``.
    L
        Bandlimit, of ``"degree"`` only.

    Raises
    ------
    TypeError, ValueError
        If an argument has another type, a number is too small, L is missing or not
        wanted, or the sampling does not resolve it.

    Notes
    -----
    Equivariance: by degree, to the accuracy of the transform; by vertex only for
    permutations of the vertices together with those that it was fitted on.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> z = torch.tensor(GaussLegendre(4).xyz[:, 2:])[None]
    >>> damped = DampedPersistence(GaussLegendre(4), 1, 2, L=3)
    >>> damped.update(z, torch.stack([0.5 * z, 0.25 * z], 1))
    >>> bool(torch.allclose(damped.forecast(4 * z)[:, 1], z))
    True
    """

    def __init__(
        self,
        sampling: Sampling,
        channels: SupportsIndex,
        leads: SupportsIndex,
        *,
        by: str = "degree",
        L: SupportsIndex | None = None,
    ) -> None:
        self.sampling = sampling_argument("sampling", sampling)
        self.channels = integer_argument("channels", channels, 1)
        self.leads = integer_argument("leads", leads, 1)
        self.by = choice_argument("by", by, MODES)
        if (L is None) == (self.by == "degree"):
            raise ValueError(
                f"L must be given with by='degree', and only then, got L={L} with "
                f"by={self.by!r}; pass the bandlimit of the sampling"
            )
        self.L = None if L is None else integer_argument("L", L, 1)
        places = len(sampling)
        if self.L is not None:
            dtype = sum_dtype()
            self._analysis = SHT(sampling, self.L, dtype=dtype)
            self._synthesis = ISHT(sampling, self.L, dtype=dtype)
            area = torch.from_numpy(sampling.weights.copy()).to(dtype)
            self._area = area[:, None]
            # Each degree, and what is beyond them.
            places = self.L + 1
            orders = 2 * torch.arange(self.L) + 1
            self._degree = torch.arange(self.L).repeat_interleave(orders)
        self._products = torch.zeros(
            self.leads, places, self.channels, dtype=sum_dtype()
        )
        self._squares = torch.zeros_like(self._products)

    @property
    def factors(self) -> Tensor:
        """Factor of each lead, degree or vertex, and channel.

        Shape ``(lead, L + 1, C)``, the last for what is beyond L; or ``(lead, V, C)``.
        Zero where there was no anomaly.
        """
        known = self._squares > 0
        return torch.where(known, self._products, 0) / torch.where(
            known, self._squares, 1
        )

    def update(self, present: Tensor, later: Tensor) -> None:
        """Add anomalies of the times to fit.

        Parameters
        ----------
        present
            Shape ``(time, V, C)``.
        later
            At the times that are forecast, shape ``(time, lead, V, C)``. By vertex,
            NaN in either is left out.

        Raises
        ------
        TypeError
            If they are not tensors of floating-point numbers.
        ValueError
            If shapes do not fit, or values are missing by degree.
        """
        self._check(present)
        check_floating("later", later, "(time, lead, V, C)")
        wanted = (len(present), self.leads, *present.shape[1:])
        if tuple(later.shape) != wanted:
            raise ValueError(
                f"later must have shape {wanted}, (time, lead, V, C), got "
                f"{tuple(later.shape)}; pass the states that follow the present ones"
            )
        now, after = present.to(sum_dtype()).cpu(), later.to(sum_dtype()).cpu()
        now = now.unsqueeze(1)
        if self.by == "vertex":
            known = now.isfinite() & after.isfinite()
            now, after = (torch.where(known, one, 0.0) for one in (now, after))
            products, squares = now * after, now.square().expand(after.shape)
        else:
            parts, others = self._split(now), self._split(after)
            products = self._by_degree(parts, others)
            squares = self._by_degree(parts, parts).expand(products.shape)
        self._products = self._products + products.sum(0)
        self._squares = self._squares + squares.sum(0)

    def forecast(self, present: Tensor) -> Tensor:
        """Return predicted anomalies, of anomalies ``(time, V, C)``.

        Returns
        -------
        Tensor
            Shape ``(time, lead, V, C)``, float64; by vertex NaN where the present is.
        """
        self._check(present)
        now = present.to(sum_dtype()).cpu().unsqueeze(1)
        if self.by == "vertex":
            return self.factors * now
        rows, rest = self._split(now)
        factors = self.factors
        found: Tensor = self._synthesis(factors[:, self._degree] * rows)
        return found + factors[:, -1:] * rest

    def _check(self, present: Tensor) -> None:
        check_floating("present", present, "(time, V, C)")
        wanted = (len(self.sampling), self.channels)
        if present.ndim != 3 or present.shape[1:] != wanted:
            raise ValueError(
                f"present must have shape (time, {wanted[0]}, {wanted[1]}), got "
                f"{tuple(present.shape)}; pass anomalies on the sampling"
            )

    def _split(self, fields: Tensor) -> tuple[Tensor, Tensor]:
        """Return coefficients, and what is beyond them."""
        rows: Tensor = self._analysis(fields)
        return rows, fields - self._synthesis(rows)

    def _by_degree(
        self, one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Return sums of products over the orders, and over the vertices."""
        rows = one[0] * other[0]
        sums = rows.new_zeros(*rows.shape[:2], self._products.shape[1], self.channels)
        sums.index_add_(2, self._degree, rows)
        sums[:, :, -1] = (self._area * one[1] * other[1]).sum(2)
        return sums
