"""Gaussian beams as operations on maps of a sampling: on its graph, or by degrees."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics import ISHT, SHT, exact_bandlimit
from deepsphere_pyg.operators import laplacian_operator
from samplings import (
    Sampling,
    laplacian,
    nominal_bandlimit,
)
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray
from samplings.equivariance import degree_filter
from samplings.equivariance.degree_filter import gaussian_beam
from samplings.graphs.cut import graph_and_inner
from samplings.graphs.weightings import (
    Weighting,
)
from samplings.quantities import radians


def checked_fwhm(fwhm: Any) -> FloatArray:
    """Return widths in radian, a scalar array or one number a channel."""
    widths = np.asarray(radians("fwhm", fwhm), dtype=np.float64)
    if widths.ndim > 1 or widths.size == 0:
        raise ValueError(
            f"fwhm must be a number or one a channel, got shape {widths.shape}; pass "
            "the width in radian, such as numpy.deg2rad(10 / 60) for 10 arc minutes"
        )
    wrong = ~(np.isfinite(widths) & (widths >= 0) & (widths <= math.pi))
    if wrong.any():
        raise ValueError(
            f"fwhm must be in radian, from 0 to pi, got {widths[wrong].flat[0]}; "
            "convert degrees with numpy.deg2rad, and arc minutes with "
            "numpy.deg2rad(minutes / 60)"
        )
    return widths


class GraphBeam(FixedTensors):
    r"""Beams as Chebyshev polynomials of a Laplacian.

    .. math:: y_c = \sum_{k<K} b_{kc} T_k(\tilde L) x_c

    ``place`` holds the vertices over whose rows the response is averaged, all if None.
    """

    coefficients: Tensor

    def __init__(
        self,
        sampling: Sampling,
        place: IntArray | None,
        fwhm: FloatArray,
        k: int,
        weighting: str | Weighting,
        tolerance: SupportsFloat,
    ) -> None:
        super().__init__()
        _refuse_narrow(sampling, fwhm)
        graph, surrounded = graph_and_inner(sampling, k, weighting)
        matrix = laplacian(graph)
        # Rows at the border lack neighbours, and do not represent the others.
        kept = np.ones(len(sampling), dtype=bool)
        if place is not None:
            kept[:] = False
            kept[place] = True
        inner = next(
            (one for one in (kept & surrounded, surrounded) if one.any()), None
        )
        response = gaussian_beam(np.atleast_1d(fwhm))
        master = degree_filter(matrix, response, tolerance=tolerance, vertices=inner)
        self.terms = len(master)
        self.operator = laplacian_operator(matrix)
        self.keep("coefficients", master, torch.get_default_dtype())

    @property
    def reference(self) -> Tensor:
        """A tensor of the dtype and device of the maps."""
        return self.operator.weight

    def forward(self, x: Tensor) -> Tensor:
        """Return the smoothed maps, shape ``(*batch, V, channel)``."""
        before: Tensor = x
        current: Tensor = self.operator(x)
        y = self.coefficients[0] * before + self.coefficients[1] * current
        for k in range(2, self.terms):
            before, current = current, 2 * self.operator(current) - before
            y = y + self.coefficients[k] * current
        return y


class HarmonicBeam(FixedTensors):
    """Beams as factors of the coefficients of each degree; width 0 leaves maps as is.

    ``L`` is the bandlimit, by default :func:`harmonic_bandlimit`.
    """

    response: Tensor
    narrow: Tensor

    def __init__(
        self, sampling: Sampling, fwhm: FloatArray, L: SupportsIndex | None
    ) -> None:
        super().__init__()
        number = harmonic_bandlimit(sampling) if L is None else L
        number = integer_argument("L", number, 1)
        self.analysis, self.synthesis = SHT(sampling, number), ISHT(sampling, number)
        degrees = np.arange(number)
        table = gaussian_beam(np.atleast_1d(fwhm))(degrees.astype(np.float64))
        rows = np.repeat(table, 2 * degrees + 1, axis=0)
        self.keep("response", rows, torch.get_default_dtype())
        self.keep("narrow", np.atleast_1d(fwhm) == 0)

    @property
    def reference(self) -> Tensor:
        """A tensor of the dtype and device of the maps."""
        return self.response

    def forward(self, x: Tensor) -> Tensor:
        """Return the smoothed maps, shape ``(*batch, V, channel)``."""
        y: Tensor = self.synthesis(self.response * self.analysis.analyze(x))
        return torch.where(self.narrow, x, y)


def harmonic_bandlimit(sampling: Sampling) -> int:
    """Return the largest exact L, or one that least squares determine well.

    Two thirds of the nominal bandlimit, ``2 nside + 1`` on HEALPix: the condition at
    ``3 nside`` is 80 times that, and takes minutes to measure.
    """
    return exact_bandlimit(sampling) or 2 * nominal_bandlimit(sampling) // 3 + 1


def _refuse_narrow(sampling: Sampling, fwhm: FloatArray) -> None:
    """Refuse beams that are narrower than the spacing of the vertices."""
    spacing = math.sqrt(sampling.area / len(sampling))
    positive = fwhm[fwhm > 0] if fwhm.ndim else np.atleast_1d(fwhm)[fwhm > 0]
    if len(positive) and positive.min() < spacing:
        raise ValueError(
            "fwhm must be at least the spacing of the vertices, "
            f"{spacing:.4g} rad, to smooth on their graph, got {positive.min():.4g} "
            "rad; the vertices do not resolve such a beam: use a finer sampling, "
            "method='harmonic', or 0 to leave the maps as they are"
        )
