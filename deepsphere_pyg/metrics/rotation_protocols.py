"""Two protocols that rotate random signals and the outputs of operators."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicRotation, Rotation
from deepsphere_pyg.harmonics.sht.geometry import resolved_bandlimit
from samplings import HEALPix, Sampling
from samplings.arguments import choice_argument, integer_argument, sampling_argument
from samplings.arrays import FloatArray

PROTOCOLS = ("exact", "published")


class _Rotated(NamedTuple):
    """Rotated signals and outputs, with the resolved part of unrotated outputs."""

    signals: Tensor
    outputs: Tensor | None
    resolved: Tensor | None


class RotationProtocol(ABC):
    """Draws random signals with rotations, and rotates signals and outputs.

    Signals below the bandlimit L are float64 tensors ``(samples, vertex, channel)``,
    coefficients ``(samples, row, channel)``.
    """

    def __init__(self, sampling: Sampling, L: int) -> None:
        self.L = L
        self.signals_of = ISHT(sampling, L, dtype=torch.float64)
        self.turn = HarmonicRotation(L, dtype=torch.float64)

    @abstractmethod
    def draw_angles(self, rng: np.random.Generator) -> FloatArray:
        """Return ZYZ Euler angles of one rotation."""

    def draw(
        self, rng: np.random.Generator, degree: int, channels: int, samples: int
    ) -> tuple[Tensor, Rotation]:
        """Draw coefficients of one degree, and a rotation, for each sample."""
        coefficients = np.zeros((samples, self.L**2, channels))
        angles = np.empty((samples, 3))
        for one in range(samples):
            middle = slice(degree**2, (degree + 1) ** 2)
            coefficients[one, middle] = random_fragment(rng, degree, channels)
            angles[one] = self.draw_angles(rng)
        return torch.from_numpy(coefficients), Rotation(torch.from_numpy(angles))

    @abstractmethod
    def rotate(
        self,
        coefficients: Tensor,
        signals: Tensor,
        outputs: Tensor | None,
        rotation: Rotation,
    ) -> _Rotated:
        """Rotate signals and, if given, their outputs."""


class ExactProtocol(RotationProtocol):
    """Exact signals, uniform rotations, outputs analysed to round-off."""

    def __init__(
        self,
        sampling: Sampling,
        output_sampling: Sampling,
        L: int | None,
        max_degree: int,
    ) -> None:
        super().__init__(sampling, max_degree + 1)
        self.max_degree = max_degree
        self.output_sampling = output_sampling
        self.output_L = L

    @cached_property
    def output_transforms(self) -> tuple[SHT, ISHT, HarmonicRotation]:
        """Transforms of outputs, made when there are outputs on vertices."""
        sampling = self.output_sampling
        L = largest_degree(sampling, "exact", self.output_L) + 1
        if self.max_degree >= L:
            raise ValueError(
                f"degree must be at most {L - 1} for protocol='exact' with "
                f"L = {L} on {sampling.name}, got {self.max_degree}; use a finer "
                "sampling"
            )
        analysis = SHT(sampling, L, method="conjugate-gradients", dtype=torch.float64)
        synthesis = ISHT(sampling, L, dtype=torch.float64)
        return analysis, synthesis, HarmonicRotation(L, dtype=torch.float64)

    def draw_angles(self, rng: np.random.Generator) -> FloatArray:
        """Return the angles of a uniform (Haar) rotation."""
        alpha, cos_beta, gamma = rng.uniform([0, -1, 0], [2 * np.pi, 1, 2 * np.pi])
        return np.array([alpha, math.acos(cos_beta), gamma])

    def rotate(
        self,
        coefficients: Tensor,
        signals: Tensor,
        outputs: Tensor | None,
        rotation: Rotation,
    ) -> _Rotated:
        """Rotate the drawn coefficients, and those of the analysed outputs."""
        rotated = self.signals_of(self.turn(coefficients, rotation))
        if outputs is None:
            return _Rotated(rotated, None, None)
        analysis, synthesis, turn = self.output_transforms
        analysed = analysis.analyze(outputs)
        pair = torch.cat([turn(analysed, rotation), analysed])
        return _Rotated(rotated, *synthesis(pair).chunk(2))


class PublishedProtocol(RotationProtocol):
    """Uniform Euler angles, and rotations by plain HEALPix quadrature.

    These are healpy's transforms without iterations, whose errors are part of the
    published figures.
    """

    def __init__(
        self, sampling: Sampling, output_sampling: Sampling, max_degree: int
    ) -> None:
        lmax = largest_degree(sampling, "published")
        if max_degree > lmax:
            raise ValueError(
                f"degree must be at most 3 nside - 1 = {lmax} for "
                f"protocol='published' on {sampling.name}, got {max_degree}; "
                "use a finer sampling"
            )
        super().__init__(sampling, lmax + 1)
        self.through_input = self.through_output = _plain_rotation(
            self.signals_of, self.turn
        )
        if output_sampling is not sampling:
            L = largest_degree(output_sampling, "published") + 1
            synthesis = ISHT(output_sampling, L, dtype=torch.float64)
            turn = HarmonicRotation(L, dtype=torch.float64)
            self.through_output = _plain_rotation(synthesis, turn)

    def draw_angles(self, rng: np.random.Generator) -> FloatArray:
        """Return three uniform angles: rotations are denser near beta = 0 and pi."""
        return rng.uniform(0, 2 * np.pi, 3)

    def rotate(
        self,
        coefficients: Tensor,
        signals: Tensor,
        outputs: Tensor | None,
        rotation: Rotation,
    ) -> _Rotated:
        """Analyse, rotate and synthesise signals and outputs, errors included."""
        rotated = self.through_input(signals, rotation)
        if outputs is None:
            return _Rotated(rotated, None, None)
        return _Rotated(rotated, self.through_output(outputs, rotation), None)


def random_fragment(rng: np.random.Generator, degree: int, channels: int) -> FloatArray:
    """Draw the coefficients of one degree of isotropic Gaussian signals.

    They are independent and standard normal, of orders -l ... l, shape
    ``(2l + 1, channels)``.
    """
    cosine, sine = rng.standard_normal((2, channels, degree + 1))
    # With these signs, signals are those of the published complex coefficients
    # (x + iy) / sqrt(2), which have the Condon-Shortley phase, for the same seed.
    signs = (-1.0) ** np.arange(degree + 1)
    drawn = np.concatenate([(-signs * sine)[:, :0:-1], signs * cosine], axis=1)
    return drawn.T


def largest_degree(
    sampling: Sampling, protocol: str = "exact", L: int | None = None
) -> int:
    """Return the largest degree at which a protocol measures outputs on a sampling.

    Parameters
    ----------
    sampling
        Vertices of the outputs.
    protocol
        ``"exact"``: the resolved bandlimit minus one (2/h - 1 for holes of radius h,
        2.4 nside - 1 on HEALPix). ``"published"``: 3 nside - 1.
    L
        With ``"exact"``, a smaller bandlimit.

    Raises
    ------
    ValueError
        If the protocol is unknown or does not work on the sampling, or L is above the
        resolved bandlimit.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> largest_degree(HEALPix(32)), largest_degree(HEALPix(32), "published")
    (75, 95)
    """
    choice_argument("protocol", protocol, PROTOCOLS)
    sampling_argument("sampling", sampling)
    if protocol == "published":
        if L is not None:
            raise ValueError(
                "L is an argument of protocol='exact' (the published bandlimit is "
                f"3 nside), got {L}; leave it out"
            )
        if not isinstance(sampling, HEALPix):
            raise ValueError(
                "protocol='published' rotates through HEALPix transforms and needs a "
                f"whole HEALPix sampling, got {sampling.name}; use protocol='exact'"
            )
        return 3 * sampling.nside - 1
    # User-given areas may be rounded; a masked part misses at least one whole cell.
    if abs(sampling.area / (4 * math.pi) - 1) > 1e-6:
        raise ValueError(
            "the equivariance error needs a sampling of the whole sphere (area "
            f"4 pi = {4 * math.pi:.6g} steradian), got {sampling.name} with area "
            f"{sampling.area:.6g}: a signal known on a part cannot be rotated; "
            "measure on the whole sampling"
        )
    limit = resolved_bandlimit(sampling)
    if L is None:
        return limit - 1
    if integer_argument("L", L, 1) > limit:
        raise ValueError(
            f"L must be at most {limit}, the bandlimit that {sampling.name} resolves, "
            f"got {L}; use a finer sampling"
        )
    return L - 1


def _plain_rotation(
    synthesis: ISHT, turn: HarmonicRotation
) -> Callable[[Tensor, Rotation], Tensor]:
    """Return the rotation of signals by quadrature with equal weights."""
    area = 4 * math.pi / len(synthesis.sampling)

    def rotate(signals: Tensor, rotation: Rotation) -> Tensor:
        rotated: Tensor = synthesis(turn(synthesis.adjoint(area * signals), rotation))
        return rotated

    return rotate
