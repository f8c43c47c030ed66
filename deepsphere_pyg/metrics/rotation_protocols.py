"""Two ways to rotate random signals and what an operator made of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import NamedTuple

import numpy as np

from deepsphere_pyg.metrics.harmonic_coefficients import (
    ComplexArray,
    FloatArray,
    random_coefficients,
    rotate_coefficients,
    uniform_angles,
    uniform_rotation,
)
from deepsphere_pyg.metrics.harmonic_transforms import (
    HarmonicTransform,
    HEALPixTransform,
    covers_the_sphere,
    exact_transform,
    resolved_bandlimit,
)
from samplings import HEALPix, Sampling
from samplings.arguments import choice_argument, integer_argument, sampling_argument

PROTOCOLS = ("exact", "published")


class Rotated(NamedTuple):
    """Rotated signals and, where they have vertices, outputs.

    ``resolved`` is what the exact protocol's harmonics say of the unrotated outputs.
    """

    signals: FloatArray
    outputs: FloatArray | None
    resolved: FloatArray | None


class RotationProtocol(ABC):
    """Draws random signals with rotations, and rotates signals and outputs.

    Signals are ``(samples, vertex, channel)``, angles ``(samples, 3)``.
    """

    input_transform: HarmonicTransform

    @abstractmethod
    def draw_angles(self, rng: np.random.Generator) -> FloatArray:
        """ZYZ Euler angles of one rotation."""

    def draw(
        self, rng: np.random.Generator, degree: int, channels: int
    ) -> tuple[ComplexArray, FloatArray]:
        """Coefficients ``(channels, coefficients)`` and Euler angles of one sample."""
        drawn = random_coefficients(rng, degree, degree, channels)
        return drawn, self.draw_angles(rng)

    def synthesize(self, coefficients: ComplexArray, degree: int) -> FloatArray:
        """Signals of coefficients ``(samples, channel, coefficients)``."""
        samples, channels, size = coefficients.shape
        flat = coefficients.reshape(samples * channels, size)
        return _as_signals(self.input_transform.synthesize(flat, degree), channels)

    @abstractmethod
    def rotate(
        self,
        degree: int,
        coefficients: ComplexArray,
        signals: FloatArray,
        outputs: FloatArray | None,
        angles: FloatArray,
    ) -> Rotated:
        """Rotate signals of one degree and, where given, what became of them.

        Raises
        ------
        ValueError
            If a sampling does not resolve the degree.
        """


class ExactProtocol(RotationProtocol):
    """Exact signals, uniform rotations, outputs analysed to round-off."""

    def __init__(
        self,
        sampling: Sampling,
        output_sampling: Sampling,
        bandlimit: int | None,
        max_degree: int,
    ) -> None:
        self.output_sampling = output_sampling
        self.bandlimit = bandlimit
        if sampling is output_sampling and covers_the_sphere(sampling):
            self.input_transform = self.output_transform
        else:
            self.input_transform = exact_transform(sampling, max_degree + 1)

    @cached_property
    def output_transform(self) -> HarmonicTransform:
        """Transform of the outputs, made where there are any on vertices."""
        lmax = largest_degree(self.output_sampling, "exact", self.bandlimit)
        return exact_transform(self.output_sampling, lmax + 1)

    def draw_angles(self, rng: np.random.Generator) -> FloatArray:
        """Angles of a uniform rotation."""
        return uniform_rotation(rng)

    def rotate(
        self,
        degree: int,
        coefficients: ComplexArray,
        signals: FloatArray,
        outputs: FloatArray | None,
        angles: FloatArray,
    ) -> Rotated:
        """Rotate the drawn coefficients, and those of the analysed outputs."""
        rotated = self.synthesize(_rotate_each(coefficients, angles), degree)
        if outputs is None:
            return Rotated(rotated, None, None)
        transform = self.output_transform
        if degree > transform.lmax:
            raise ValueError(
                f"degree must be at most {transform.lmax} for protocol='exact' with "
                f"bandlimit {transform.lmax + 1} on {self.output_sampling.name}, "
                f"got {degree}; use a finer sampling"
            )
        channels = outputs.shape[2]
        analysed = _analyze(transform, outputs)
        pair = np.concatenate([_rotate_each(analysed, angles), analysed])
        maps = transform.synthesize(pair.reshape(-1, pair.shape[2]), transform.lmax)
        both = _as_signals(maps, channels)
        return Rotated(rotated, both[: len(outputs)], both[len(outputs) :])


class PublishedProtocol(RotationProtocol):
    """Uniform Euler angles, and plain HEALPix transforms wherever one rotates."""

    def __init__(self, sampling: Sampling, output_sampling: Sampling) -> None:
        self.name = sampling.name
        self.input_transform = _plain_transform(sampling)
        self.output_transform = self.input_transform
        if output_sampling is not sampling:
            self.output_transform = _plain_transform(output_sampling)

    def draw_angles(self, rng: np.random.Generator) -> FloatArray:
        """Three uniform angles."""
        return uniform_angles(rng)

    def draw(
        self, rng: np.random.Generator, degree: int, channels: int
    ) -> tuple[ComplexArray, FloatArray]:
        """Draw one sample of a degree up to ``3 nside - 1``."""
        lmax = self.input_transform.lmax
        if degree > lmax:
            raise ValueError(
                f"degree must be at most 3 nside - 1 = {lmax} for "
                f"protocol='published' on {self.name}, got {degree}; "
                "use a finer sampling"
            )
        return super().draw(rng, degree, channels)

    def rotate(
        self,
        degree: int,
        coefficients: ComplexArray,
        signals: FloatArray,
        outputs: FloatArray | None,
        angles: FloatArray,
    ) -> Rotated:
        """Analyse, rotate and synthesise signals and outputs, errors included."""
        if outputs is None:
            return Rotated(_through(self.input_transform, signals, angles), None, None)
        if self.output_transform is not self.input_transform:
            rotated = _through(self.input_transform, signals, angles)
            turned = _through(self.output_transform, outputs, angles)
            return Rotated(rotated, turned, None)
        # Together: the Wigner matrices of a rotation are its cost.
        channels = signals.shape[2]
        stacked = np.concatenate([signals, outputs], axis=2)
        both = _through(self.input_transform, stacked, angles)
        return Rotated(both[..., :channels], both[..., channels:], None)


def largest_degree(
    sampling: Sampling, protocol: str = "exact", bandlimit: int | None = None
) -> int:
    """Largest degree at which a protocol measures outputs on a sampling.

    Parameters
    ----------
    sampling
        Vertices of the outputs.
    protocol
        ``"exact"``: the resolved bandlimit less one (2/h - 1 for holes of radius h,
        2.4 nside - 1 on HEALPix). ``"published"``: 3 nside - 1.
    bandlimit
        With ``"exact"``, a smaller bandlimit.

    Raises
    ------
    ValueError
        If the protocol is unknown or does not work on the sampling, or the bandlimit
        is beyond what the sampling resolves.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> largest_degree(HEALPix(32)), largest_degree(HEALPix(32), "published")
    (75, 95)
    """
    choice_argument("protocol", protocol, PROTOCOLS)
    sampling_argument("sampling", sampling)
    if protocol == "published":
        if bandlimit is not None:
            raise ValueError(
                "bandlimit belongs to protocol='exact' (the published one is 3 nside),"
                f" got {bandlimit}; leave it out"
            )
        return _plain_transform(sampling).lmax
    limit = resolved_bandlimit(sampling)
    if bandlimit is None:
        return limit - 1
    if integer_argument("bandlimit", bandlimit, 1) > limit:
        raise ValueError(
            f"bandlimit must be at most {limit}, what {sampling.name} resolves, "
            f"got {bandlimit}; use a finer sampling"
        )
    return bandlimit - 1


def _plain_transform(sampling: Sampling) -> HEALPixTransform:
    if not isinstance(sampling, HEALPix):
        raise ValueError(
            "protocol='published' rotates through HEALPix transforms and needs a "
            f"whole HEALPix sampling, got {sampling.name}; use protocol='exact'"
        )
    return HEALPixTransform(sampling, 3 * sampling.nside - 1, iterations=0)


def _through(
    transform: HarmonicTransform, signals: FloatArray, angles: FloatArray
) -> FloatArray:
    """Signals after analysis, rotation and synthesis."""
    rotated = _rotate_each(_analyze(transform, signals), angles)
    flat = rotated.reshape(-1, rotated.shape[2])
    return _as_signals(transform.synthesize(flat, transform.lmax), signals.shape[2])


def _analyze(transform: HarmonicTransform, signals: FloatArray) -> ComplexArray:
    """Coefficients ``(samples, channel, coefficients)`` of signals."""
    samples, vertices, channels = signals.shape
    maps = signals.transpose(0, 2, 1).reshape(samples * channels, vertices)
    return transform.analyze(maps).reshape(samples, channels, -1)


def _rotate_each(coefficients: ComplexArray, angles: FloatArray) -> ComplexArray:
    """Rotate the channels of each sample by its own rotation."""
    pairs = zip(coefficients, angles, strict=True)
    return np.stack([rotate_coefficients(a, angle) for a, angle in pairs])


def _as_signals(maps: FloatArray, channels: int) -> FloatArray:
    """Maps ``(samples * channel, V)`` as signals ``(samples, V, channel)``."""
    shaped = maps.reshape(-1, channels, maps.shape[-1])
    return np.ascontiguousarray(shaped.transpose(0, 2, 1))
