"""Fisher matrices and errors of parameters, from summaries of simulations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np
import numpy.typing as npt
from torch import Tensor

from deepsphere_pyg.inference.arguments import checked_steps
from samplings.arguments import array_argument, flag_argument
from samplings.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class FisherForecast:
    """What summaries tell of parameters, near those of the simulations.

    See :func:`fisher_forecast`, which makes it.

    Attributes
    ----------
    mean
        Mean of the summaries at theta_0, shape ``(S,)``.
    covariance
        Covariance of the summaries, shape ``(S, S)``.
    derivatives
        Derivatives of their mean by the parameters, shape ``(d, S)``.
    inverse_covariance
        Inverse of the covariance, with Hartlap's factor if it was asked for.
    fisher
        Fisher matrix, shape ``(d, d)``.
    """

    mean: FloatArray
    covariance: FloatArray
    derivatives: FloatArray
    inverse_covariance: FloatArray
    fisher: FloatArray

    @property
    def parameter_covariance(self) -> FloatArray:
        """Inverse of the Fisher matrix: the least covariance of unbiased estimates."""
        return np.asarray(np.linalg.inv(self.fisher), dtype=np.float64)

    @property
    def errors(self) -> FloatArray:
        """Cramér-Rao bounds: standard deviations, the others unknown, shape ``(d,)``.

        If the other parameters are known, it is ``1 / sqrt(diagonal of fisher)``.
        """
        found: FloatArray = np.sqrt(self.parameter_covariance.diagonal())
        return found

    def estimates(
        self, summaries: npt.ArrayLike | Tensor, theta_0: npt.ArrayLike | Tensor
    ) -> FloatArray:
        r"""Return the estimates of parameters that are linear in the summaries.

        .. math:: \hat\theta = \theta_0
            + F^{-1} \partial\mu\, C^{-1} (s - \mu)

        Their covariance is that of the forecast near :math:`\theta_0`.

        Parameters
        ----------
        summaries
            Shape ``(*batch, S)``.
        theta_0
            Parameters of the simulations in the middle, shape ``(d,)``.

        Returns
        -------
        array
            Shape ``(*batch, d)``.

        Raises
        ------
        TypeError
            If an argument does not hold real numbers.
        ValueError
            If a shape does not fit.
        """
        given = _array("summaries", summaries)
        start = _array("theta_0", theta_0)
        d, size = self.derivatives.shape
        if given.ndim < 1 or given.shape[-1] != size:
            raise ValueError(
                f"summaries must have shape (*batch, {size}), got {given.shape}; pass "
                "those of the network of the forecast"
            )
        if start.shape != (d,):
            raise ValueError(
                f"theta_0 must be {d} numbers, one for each parameter, got shape "
                f"{start.shape}; pass the parameters of the simulations in the middle"
            )
        score = (given - self.mean) @ self.inverse_covariance @ self.derivatives.T
        found: FloatArray = (
            start + np.linalg.solve(self.fisher, score[..., None])[..., 0]
        )
        return found


def fisher_forecast(
    fiducial: npt.ArrayLike | Tensor,
    plus: npt.ArrayLike | Tensor,
    minus: npt.ArrayLike | Tensor,
    steps: SupportsFloat | Iterable[SupportsFloat] | npt.ArrayLike,
    *,
    hartlap: bool = False,
) -> FisherForecast:
    r"""Forecast errors of parameters from summaries of simulations.

    .. math:: F_{ab} = \partial_a \mu^\top C^{-1} \partial_b \mu, \qquad
        \partial_a \mu = \left\langle \frac{s(\theta_0 + \Delta_a)
            - s(\theta_0 - \Delta_a)}{2 \Delta_a} \right\rangle, \qquad
        \sigma_a \ge \sqrt{(F^{-1})_{aa}}

    for summaries s, such as outputs of a network or a power spectrum, which are
    Gaussian, with a covariance that does not depend on the parameters.

    Parameters
    ----------
    fiducial
        Summaries of N simulations at :math:`\theta_0`, shape ``(N, S)``.
    plus, minus
        Summaries of M simulations at :math:`\theta_0 \pm \Delta_a` for each parameter
        a, with the same seeds on both sides, shape ``(M, d, S)``.
    steps
        The differences :math:`\Delta_a`, shape ``(d,)``.
    hartlap
        Whether the inverse covariance is multiplied by :math:`(N - S - 2) / (N - 1)`,
        without which it is too large on average, as N simulations are few.

    Returns
    -------
    FisherForecast
        The Fisher matrix, its inverse, errors, and what they follow from.

    Raises
    ------
    TypeError
        If an argument does not hold real numbers.
    ValueError
        If shapes do not fit, a number is not finite, there are too few simulations, the
        covariance is singular, or the summaries do not distinguish the parameters.

    Notes
    -----
    Noise of the derivatives adds information that is not there, by about the covariance
    of their noise: take so many pairs that the errors no longer change with M, and
    simulations other than those that a network was trained with.

    Source: Tegmark, Taylor and Heavens 1997, ApJ 480, 22 (arXiv:astro-ph/9603021);
    Hartlap, Simon and Schneider 2007, A&A 464, 399 (arXiv:astro-ph/0608064).

    Examples
    --------
    The mean of a hundred numbers of variance one is known to a tenth:

    >>> draw = np.random.default_rng(0)
    >>> means = draw.normal(size=(2000, 100)).mean(axis=1)[:, None]
    >>> found = fisher_forecast(means, means[:, None] + 0.1, means[:, None] - 0.1, 0.1)
    >>> found.errors.round(2)
    array([0.1])
    """
    step = checked_steps(steps)
    flag_argument("hartlap", hartlap)
    middle = _array("fiducial", fiducial)
    sides = _array("plus", plus), _array("minus", minus)
    count, size = _checked_shapes(middle, *sides, len(step))
    needed = size + (3 if hartlap else 1)
    if count < needed:
        raise ValueError(
            f"fiducial must have at least {needed} simulations for {size} summaries, "
            f"whose covariance is singular otherwise, got {count}; pass more "
            "simulations or fewer summaries"
        )
    mean = middle.mean(axis=0)
    offset = middle - mean
    covariance = offset.T @ offset / (count - 1)
    factor = (count - size - 2) / (count - 1) if hartlap else 1.0
    inverse = factor * _inverse(covariance)
    derivatives = (sides[0] - sides[1]).mean(axis=0) / (2 * step[:, None])
    fisher = derivatives @ inverse @ derivatives.T
    # In units of the steps, so that no unit matters.
    if np.linalg.matrix_rank(step[:, None] * fisher * step, hermitian=True) < len(step):
        raise ValueError(
            f"the Fisher matrix of {len(step)} parameters must have an inverse, got a "
            "singular one: the summaries do not change with a parameter, or change "
            "alike with several; pass other summaries, or fewer parameters"
        )
    return FisherForecast(mean, covariance, derivatives, inverse, fisher)


def _array(name: str, values: npt.ArrayLike | Tensor) -> FloatArray:
    """Return finite numbers as a float64 array."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = array_argument(name, values)
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite, got {array[~np.isfinite(array)][0]}; leave out "
            "the simulations that failed"
        )
    return array


def _checked_shapes(
    fiducial: FloatArray, plus: FloatArray, minus: FloatArray, d: int
) -> tuple[int, int]:
    """Return the numbers of simulations and of summaries."""
    if fiducial.ndim != 2 or not fiducial.size:
        raise ValueError(
            "fiducial must have shape (N, S), summaries of each simulation, got "
            f"{fiducial.shape}; add an axis to single summaries with [:, None]"
        )
    count, size = fiducial.shape
    if plus.ndim != 3 or plus.shape[1:] != (d, size) or not len(plus):
        raise ValueError(
            f"plus must have shape (M, {d}, {size}), summaries of simulations with a "
            f"step in each parameter, got {plus.shape}; stack them along axis 1"
        )
    if minus.shape != plus.shape:
        raise ValueError(
            f"minus must have the shape of plus, {plus.shape}, got {minus.shape}; pass "
            "simulations with the same seeds on both sides"
        )
    return count, size


def _inverse(covariance: FloatArray) -> FloatArray:
    """Return the inverse of a covariance, which round-off must not make."""
    std = np.sqrt(covariance.diagonal())
    if not (std > 0).all():
        raise ValueError(
            f"the summaries must vary, got summary {int(std.argmin())} the same in all "
            "simulations; leave it out"
        )
    correlation = covariance / std[:, None] / std
    lowest = float(np.linalg.eigvalsh(correlation)[0])
    if lowest < len(std) * np.finfo(np.float64).eps:
        raise ValueError(
            "the covariance of the summaries must have an inverse, got correlations "
            f"whose lowest eigenvalue is {lowest:.1e}: summaries depend linearly on "
            "others; leave these out"
        )
    inverse: FloatArray = np.linalg.inv(correlation) / std[:, None] / std
    return inverse
