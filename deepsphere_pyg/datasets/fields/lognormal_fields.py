"""Lognormal random maps on HEALPix, such as of gravitational lensing."""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets.fields.gaussian_fields import ComplexArray, GaussianFields
from deepsphere_pyg.datasets.maps import ClassificationSample
from samplings import Sampling
from samplings.arguments import array_argument
from samplings.schemes import GaussLegendre

FloatArray = npt.NDArray[np.float64]

# Largest share of the variance by which the spectrum may differ, due to the degrees at
# which no Gaussian field has the power wanted, such as the monopole.
LOST = 0.01
# Rounds that make up for the degrees of the Gaussian field above the highest one, which
# are left out: each divides what is off by about the variance over kappa0 squared.
ROUNDS = 20


class LognormalFields(GaussianFields):
    r"""Shifted lognormal fields of several angular power spectra, one per class.

    .. math:: \kappa = \kappa_0 \left(e^{g - s^2/2} - 1\right), \quad
        \xi_g(\mu) = \ln\left(1 + \xi_\kappa(\mu) / \kappa_0^2\right), \quad
        s^2 = \operatorname{Var} g

    g is a Gaussian field whose spectrum is the Legendre transform of :math:`\xi_g`, so
    that :math:`\kappa` has mean zero and the spectrum :math:`C_l` of its class. It is
    above :math:`-\kappa_0`, and its skewness is

    .. math:: \gamma = (e^{s^2} + 2) \sqrt{e^{s^2} - 1}, \quad
        e^{s^2} = 1 + \operatorname{Var} \kappa / \kappa_0^2

    which vanishes for large :math:`\kappa_0`. Classes of equal spectra and different
    :math:`\kappa_0` differ in shape alone.

    Parameters
    ----------
    sampling
        As for :class:`GaussianFields`, HEALPix or a part of one.
    spectra
        :math:`C_l` of :math:`\kappa` for l = 0, 1, ..., shape ``(classes, lmax + 1)``.
    kappa0
        :math:`\kappa_0 > 0`, one for all classes or one for each, in the maps' unit.
    n_maps, seed, noise, rotate, class_names
        As for :class:`GaussianFields`; white noise is added to :math:`\kappa`.

    Attributes
    ----------
    gaussian_spectra
        Spectra of g, shape ``(classes, lmax + 1)``.
    expected_spectra
        Spectra of :math:`\kappa` that follow from these, without the noise, shape
        ``(classes, lmax + 1)``. They differ from ``spectra`` where g would need
        negative power, such as at the monopole.
    variance, skewness
        Of :math:`\kappa` at a place, without the noise, shape ``(classes,)``. The
        variance contains power above ``lmax``, where the exponential of a field of
        degrees up to ``lmax`` has some.

    Raises
    ------
    TypeError, ValueError
        As :class:`GaussianFields`; if ``kappa0`` is not positive; if :math:`\xi_\kappa`
        is not above :math:`-\kappa_0^2`; or if the expected spectra would differ from
        ``spectra`` by over 1 % of the variance.

    Notes
    -----
    Source: Hilbert, Hartlap and Schneider 2011, A&A 536, A85 (arXiv:1105.3980); Xavier,
    Abdalla and Joachimi 2016, MNRAS 459, 3693 (arXiv:1602.08503). The two transforms
    are sums over ``4 (lmax + 1)`` Gauss-Legendre nodes. The field g has no degrees
    above ``lmax``; its spectrum is corrected by iteration for those, so that
    :math:`\kappa` has the spectrum asked for up to ``lmax``.

    Equivariance: exact, as for :class:`GaussianFields`. Values are those at points.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> spectrum = 1e-5 / (np.arange(17) + 5.0) ** 2
    >>> maps = LognormalFields(HEALPix(8), [spectrum, spectrum], [0.01, 0.02], n_maps=4)
    >>> maps[1].x.shape, maps.skewness.round(3)
    (torch.Size([768, 1]), array([0.335, 0.167]))
    """

    def __init__(
        self,
        sampling: Sampling,
        spectra: npt.ArrayLike,
        kappa0: SupportsFloat | npt.ArrayLike,
        n_maps: SupportsIndex,
        *,
        seed: SupportsIndex = 0,
        noise: SupportsFloat = 0.0,
        rotate: bool | Rotation = False,
        class_names: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(
            sampling,
            spectra,
            n_maps,
            seed=seed,
            noise=noise,
            rotate=rotate,
            class_names=class_names,
        )
        self.kappa0 = _checked_shifts(kappa0, len(self.spectra))
        nodes = GaussLegendre(4 * (self.lmax + 1), 1)
        cosines = np.cos(nodes.theta)
        table = _legendre(cosines, self.lmax)
        areas = nodes.quadrature
        degrees = np.arange(self.lmax + 1)
        share = (2 * degrees + 1) / (4 * np.pi)
        squared = self.kappa0[:, None] ** 2
        wanted = (share * self.spectra) @ table
        lowest = (wanted / squared).min(axis=1)
        if not (lowest > -1).all():
            bad = int(lowest.argmin())
            raise ValueError(
                "the correlation of a lognormal field must be above -kappa0**2 = "
                f"{-(self.kappa0[bad] ** 2):.4g} at all angles, got "
                f"{wanted[bad].min():.4g} for class {bad}; pass a larger kappa0 than "
                f"{np.sqrt(-wanted[bad].min()):.4g}"
            )
        back = (areas * table).T
        gaussian = np.maximum(np.log1p(wanted / squared) @ back, 0)
        for _ in range(ROUNDS):
            found = squared * np.expm1((share * gaussian) @ table) @ back
            # Ratios, since the two spectra are nearly proportional.
            ratio = self.spectra / np.maximum(found, np.finfo(float).tiny)
            gaussian *= np.where(found > 0, ratio, 1)
        self.gaussian_spectra: FloatArray = gaussian
        correlation = squared * np.expm1((share * gaussian) @ table)
        self.expected_spectra: FloatArray = correlation @ back
        self._variance_of_g: FloatArray = self.gaussian_spectra @ share
        growth = np.expm1(self._variance_of_g)
        self.variance: FloatArray = self.kappa0**2 * growth
        self.skewness: FloatArray = (growth + 3) * np.sqrt(growth)
        self._check_power(share)

    def coefficients(self, index: int) -> ComplexArray:
        """Return the coefficients of g of map ``index`` in healpy's layout."""
        index = self._check_index(index)
        return self._turned(index, self._signal(index, self.gaussian_spectra))

    def __getitem__(self, index: int) -> ClassificationSample:
        """Make map ``index``, the same each time."""
        field = self._map(self.coefficients(index))
        kind = int(index) % len(self.spectra)
        values = self.kappa0[kind] * np.expm1(field - self._variance_of_g[kind] / 2)
        if self.noise:
            values += self._map(self._turned(index, self._white_noise(index)))
        return self._sample(index, values)

    def _check_power(self, share: FloatArray) -> None:
        """Refuse spectra that no lognormal field has, even nearly."""
        off = np.abs(self.expected_spectra - self.spectra) @ share
        off /= self.spectra @ share
        if off.max() > LOST:
            bad = int(off.argmax())
            raise ValueError(
                f"spectra must be those of a lognormal field to {LOST:.0%} of the "
                f"variance, got {off[bad]:.1%} off for class {bad}: its Gaussian field "
                "would need negative power at degrees with little power; pass a larger "
                "kappa0, or spectra without gaps"
            )


def _checked_shifts(kappa0: Any, classes: int) -> FloatArray:
    """Return one positive number a class."""
    shifts = array_argument("kappa0", kappa0)
    if shifts.shape not in ((), (classes,)):
        raise ValueError(
            f"kappa0 must be a number or {classes} numbers, one a class, got shape "
            f"{shifts.shape}; pass one for all"
        )
    wrong = ~(np.isfinite(shifts) & (shifts > 0))
    if wrong.any():
        raise ValueError(
            f"kappa0 must be positive and finite, got {shifts[wrong].flat[0]}; pass "
            "minus the least value of the field, such as 0.02 for convergence from "
            "sources at redshift 0.8"
        )
    return np.broadcast_to(shifts, (classes,)).copy()


def _legendre(x: FloatArray, lmax: int) -> FloatArray:
    """Return Legendre polynomials of degrees up to ``lmax``, ``(lmax + 1, nodes)``."""
    table = np.ones((lmax + 1, len(x)))
    if lmax:
        table[1] = x
    for degree in range(1, lmax):
        table[degree + 1] = (
            (2 * degree + 1) * x * table[degree] - degree * table[degree - 1]
        ) / (degree + 1)
    return table
