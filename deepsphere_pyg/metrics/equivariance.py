"""Equivariance error of operators: their distance from commuting with rotations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, overload

import numpy as np
import torch

from deepsphere_pyg.metrics.equivariance_samples import sample_errors
from deepsphere_pyg.metrics.rotation_protocols import (
    PROTOCOLS,
    ExactProtocol,
    PublishedProtocol,
    RotationProtocol,
    largest_degree,
)
from deepsphere_pyg.metrics.signal_operator import signal_map
from samplings import Sampling
from samplings.arguments import choice_argument, integer_argument, sampling_argument


@dataclass(frozen=True)
class EquivarianceError:
    """Equivariance error of an operator on random signals of one degree.

    Parameters
    ----------
    mean
        Mean over the samples.
    standard_error
        Standard error of that mean.
    n_samples
        Number of samples.
    degree
        Degree l of the signals.
    protocol
        ``"exact"`` or ``"published"``.
    squared
        Whether squares were averaged.
    unresolved
        Mean share of the output's norm beyond the bandlimit of the exact protocol. The
        rotated output lacks this part, so ``mean`` is off by at most this share, and in
        practice by much less, because the part is nearly orthogonal to the rest. None
        if no output was analysed (published protocol, invariance).
    """

    mean: float
    standard_error: float
    n_samples: int
    degree: int
    protocol: str
    squared: bool = False
    unresolved: float | None = None


@overload
def equivariance_error(
    operator: Any,
    sampling: Sampling,
    degree: SupportsIndex,
    *,
    protocol: str = ...,
    n_samples: int = ...,
    seed: int = ...,
    in_channels: int = ...,
    output_sampling: Sampling | None = ...,
    L: int | None = ...,
    squared: bool = ...,
    batch_size: int = ...,
    dtype: torch.dtype | None = ...,
    device: torch.device | str | None = ...,
) -> EquivarianceError: ...


@overload
def equivariance_error(
    operator: Any,
    sampling: Sampling,
    degree: Sequence[SupportsIndex] | np.ndarray,
    *,
    protocol: str = ...,
    n_samples: int = ...,
    seed: int = ...,
    in_channels: int = ...,
    output_sampling: Sampling | None = ...,
    L: int | None = ...,
    squared: bool = ...,
    batch_size: int = ...,
    dtype: torch.dtype | None = ...,
    device: torch.device | str | None = ...,
) -> list[EquivarianceError]: ...


def equivariance_error(
    operator: Any,
    sampling: Sampling,
    degree: SupportsIndex | Sequence[SupportsIndex] | np.ndarray,
    *,
    protocol: str = "exact",
    n_samples: int = 50,
    seed: int = 0,
    in_channels: int = 1,
    output_sampling: Sampling | None = None,
    L: int | None = None,
    squared: bool = False,
    batch_size: int = 16,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> EquivarianceError | list[EquivarianceError]:
    r"""Mean relative distance between rotating before and after an operator.

    .. math::
        e = \frac{\|R_g A f - A R_g f\|}{\|A f\|}

    over random signals f of one spherical harmonic degree (isotropic Gaussian) and
    random rotations g, with area-weighted norms over vertices and channels. An output
    without a vertex axis is tested for invariance, :math:`\|A R_g f - A f\|/\|A f\|`.

    Parameters
    ----------
    operator
        A SciPy sparse matrix or array ``(V_out, V)``, a :class:`samplings.Laplacian`
        (its unrescaled matrix), a torch module, or any function of a float64 CPU
        tensor ``(batch, V, in_channels)``. Modules receive tensors of their own dtype
        and device, without gradients, in evaluation mode.
    sampling
        Vertices of the input. With ``protocol="exact"`` any sampling of the whole
        sphere, with ``"published"`` a HEALPix one.
    degree
        Degree l of the signals, or several: then the result is a list.
    protocol
        ``"exact"``: f is rotated exactly by its coefficients and evaluated at the
        vertices, rotations are uniform, and A f is analysed to round-off, by least
        squares, in the harmonics that the vertices resolve.
        ``"published"``: as in figure 2 of the DeepSphere paper. Euler angles are
        uniform and every rotation uses healpy's transform without iterations, up to
        degree 3 nside - 1, so that low degrees show the error of that transform rather
        than that of the operator.
    n_samples
        Number of samples, each a signal and a rotation; at least two.
    seed
        Seed of the random numbers. The samples of a degree depend only on it and on the
        number of channels, not on the operator.
    in_channels
        Channels of the signals, independent of each other.
    output_sampling
        Vertices of the output; by default those of the input.
    L
        With ``"exact"``, the bandlimit of the analysis of outputs; by default the one
        that their vertices resolve, 2/h for holes of radius h (2.4 nside on HEALPix).
        A smaller one saves time and memory.
    squared
        Average :math:`e^2`, the definition printed in the paper. Its figure shows e.
    batch_size
        Samples given to the operator at once; it does not change the result.
    dtype, device
        Dtype and device of the operator's tensors, instead of the above.

    Returns
    -------
    EquivarianceError or list of EquivarianceError
        One for each degree, in the order given.

    Raises
    ------
    TypeError
        If ``operator`` is neither a matrix nor callable, or a number is not an integer.
    ValueError
        If the sampling does not resolve a degree, or covers only a part of the sphere;
        if the output does not have a shape below, is not finite, or vanishes.

    Shapes
    ------
    operator : ``(batch, vertex, in_channels) -> (batch, vertex, out_channels)``, or
    ``-> (batch, out_channels)`` for invariance.

    Notes
    -----
    Outputs are analysed by :class:`.SHT` with conjugate gradients: along rings if the
    sampling has some (on HEALPix faster if ducc0 is installed), otherwise by a matrix
    of up to 4 GiB.

    Pass the unrescaled Laplacian: the -I in the rescaled 2 L / lambda_max - I commutes
    with every rotation and lowers the error without making L any better.

    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> sampling = HEALPix(8)
    >>> few, many = (
    ...     laplacian(knn_graph(sampling, k, weighting="heat")) for k in (8, 20)
    ... )
    >>> error = equivariance_error(few, sampling, 5, n_samples=4)
    >>> bool(error.mean > 2 * equivariance_error(many, sampling, 5, n_samples=4).mean)
    True
    """
    choice_argument("protocol", protocol, PROTOCOLS)
    sampling_argument("sampling", sampling)
    several = isinstance(degree, Sequence | np.ndarray)
    given: Any = degree if several else [degree]
    degrees = [integer_argument("degree", one, 0) for one in given]
    if not degrees:
        raise ValueError("degree must be one or several, got an empty list; pass one")
    n_samples = integer_argument("n_samples", n_samples, 2)
    channels = integer_argument("in_channels", in_channels, 1)
    batch_size = integer_argument("batch_size", batch_size, 1)
    seed = integer_argument("seed", seed, 0)
    output_sampling = sampling if output_sampling is None else output_sampling
    rotations: RotationProtocol
    if L is not None:
        largest_degree(output_sampling, protocol, L)
    if protocol == "exact":
        rotations = ExactProtocol(sampling, output_sampling, L, max(degrees))
    else:
        rotations = PublishedProtocol(sampling, output_sampling, max(degrees))

    errors: dict[int, EquivarianceError] = {}
    with signal_map(operator, dtype, device) as apply:
        # From the highest, so that a degree out of range is refused first.
        for one in sorted(set(degrees), reverse=True):
            rng = np.random.default_rng([seed, one])
            e = np.empty(n_samples)
            unresolved = np.empty(n_samples)
            for start in range(0, n_samples, batch_size):
                part = slice(start, min(start + batch_size, n_samples))
                coefficients, rotation = rotations.draw(
                    rng, one, channels, part.stop - part.start
                )
                e[part], unresolved[part] = sample_errors(
                    apply, rotations, sampling, output_sampling, coefficients, rotation
                )
            if squared:
                e = e**2
            lost = float(unresolved.mean())
            errors[one] = EquivarianceError(
                mean=float(e.mean()),
                standard_error=float(e.std(ddof=1)) / math.sqrt(n_samples),
                n_samples=n_samples,
                degree=one,
                protocol=protocol,
                squared=squared,
                unresolved=None if math.isnan(lost) else lost,
            )
    results = [errors[one] for one in degrees]
    return results if several else results[0]
