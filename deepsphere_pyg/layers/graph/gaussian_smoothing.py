"""Smoothing of maps by Gaussian beams, on whole and on masked skies."""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers.graph.beams import (
    GraphBeam,
    HarmonicBeam,
    checked_fwhm,
)
from deepsphere_pyg.signals import checked_signal, known_places
from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    counted,
    integer_argument,
    sampling_argument,
)
from samplings.arrays import IntArray
from samplings.base import Masked, whole_sampling
from samplings.footprints import surroundings
from samplings.graphs import Weighting

METHODS = ("graph", "harmonic")
BOUNDARIES = ("normalized", "zero", "reflecting")
# Radius, in units of the FWHM, beyond which a beam has 1.5e-5 of its peak.
REACH = 2.0


class GaussianSmoothing(FixedTensors):
    r"""Smooth maps with Gaussian beams, one width for all channels or one for each.

    .. math:: (S f)_{lm} = e^{-l (l + 1) \sigma^2 / 2} f_{lm}, \quad
        \sigma = \text{FWHM} / \sqrt{8 \ln 2}

    On a part of the sphere the beam is cut at the border, and the mean is taken over
    the known places under it, so that maps do not darken towards the border:

    .. math:: y = S(w f) / S(w), \quad w = 1 \text{ where f is known, else } 0

    Parameters
    ----------
    sampling
        Vertices of the maps, V in number: a whole sphere, or a part of one, such as
        ``HEALPix(256)[mask]``.
    fwhm
        Full width at half maximum in radian, as healpy's, or a quantity with a unit,
        such as ``10 * astropy.units.arcmin``. A number, or one for each channel, at
        least 0, where maps stay as they are.
    method
        ``"graph"``: a polynomial of the Laplacian of the vertices, whose cost grows
        with their number, on any sampling. ``"harmonic"``: the transforms of the whole
        sphere, exact on samplings that have exact ones, and as ``healpy.smoothing`` on
        HEALPix.
    boundary
        On a masked sampling: ``"normalized"``, the equation above; ``"zero"``, the
        numerator alone; or ``"reflecting"``, the graph of the kept vertices alone, on
        which smoothing is diffusion that does not cross the border. On a whole sphere
        there is no border.
    k, weighting
        The graph, as in :func:`samplings.knn_graph`. Fitted weights are those of the
        whole sphere, also for a part: they take minutes from nside 128 on, once, and
        are kept on disk. ``k=40, weighting="heat"`` takes seconds.
    L
        Bandlimit of the transforms of ``"harmonic"``, above which maps lose all power;
        by default the exact one of the sampling, ``2 nside + 1`` on HEALPix.
    tolerance
        Largest error of the polynomial in the response to a degree, in ``"graph"``.

    Attributes
    ----------
    domain
        The sampling that is smoothed: that of the maps and vertices beside it up to
        2 FWHM from the border; the whole sphere for ``"harmonic"``.
    terms
        Number of terms of the polynomial, one product with the Laplacian each;
        ``None`` for ``"harmonic"``.

    Shapes
    ------
    ``x : (*batch, V, channel) -> (*batch, V, channel)``

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling, or a width is not a number.
    ValueError
        If a width is negative, above pi or, on a graph, smaller than the spacing of the
        vertices; if the method or boundary is unknown or they do not fit; and as
        :func:`samplings.knn_graph` and :class:`deepsphere_pyg.SHT`. In ``forward``, if
        the number of vertices or channels differs.

    Notes
    -----
    Missing values (NaN, infinities, healpy's ``UNSEEN``) count as unknown, and stay as
    they are in the result. Without them, S is self-adjoint in the inner product of the
    masses of the graph on a whole sphere and for ``"zero"`` and ``"reflecting"``; these
    are the areas, to half a percent for fitted weights on HEALPix. The polynomial
    preserves constants and the integral by masses to round-off.

    On HEALPix of nside 32 and 64 the default graph differs from ``healpy.smoothing`` by
    less than .00065 of the standard deviation of a map of degrees up to ``2 nside`` and
    of spectrum :math:`(l + 10)^{-2}`, for all widths from one pixel on; ``k=8`` by up
    to .005, ``weighting="heat"`` with k = 40, 20 and 8 by .0017, .0035 and .012.

    Equivariance: that of the graph, approximate; in harmonic space exact on samplings
    with exact transforms.

    Examples
    --------
    >>> import numpy as np
    >>> from samplings import HEALPix
    >>> sphere = HEALPix(8)
    >>> cap = sphere[sphere.lat > 30]
    >>> smoothing = GaussianSmoothing(cap, np.deg2rad([10, 20]))
    >>> y = smoothing(torch.ones(5, len(cap), 2))
    >>> y.shape, torch.allclose(y, torch.ones_like(y))
    (torch.Size([5, 208, 2]), True)
    """

    place: Tensor | None
    known_share: Tensor | None

    def __init__(
        self,
        sampling: Sampling,
        fwhm: Any,
        *,
        method: str = "graph",
        boundary: str = "normalized",
        k: SupportsIndex = 20,
        weighting: str | Weighting = "fitted",
        L: SupportsIndex | None = None,
        tolerance: SupportsFloat = 1e-4,
    ) -> None:
        super().__init__()
        self.n_vertices = len(sampling_argument("sampling", sampling))
        widths = checked_fwhm(fwhm)
        self.method = choice_argument("method", method, METHODS)
        self.boundary = choice_argument("boundary", boundary, BOUNDARIES)
        if method == "harmonic" and boundary == "reflecting":
            raise ValueError(
                "boundary='reflecting' is diffusion on the graph of the kept vertices, "
                "got method='harmonic'; pass method='graph' or boundary='normalized'"
            )
        place: IntArray | None
        if boundary == "reflecting" or not isinstance(sampling, Masked):
            domain, place = sampling, None
        elif method == "harmonic":
            domain, place = whole_sampling(sampling)
        else:
            domain, place = surroundings(sampling, REACH * float(widths.max()))
        self.domain = domain
        self.beam: GraphBeam | HarmonicBeam
        if method == "graph":
            self.beam = GraphBeam(
                domain, place, widths, integer_argument("k", k, 1), weighting, tolerance
            )
            self.terms: int | None = self.beam.terms
        else:
            self.beam = HarmonicBeam(domain, widths, L)
            self.terms = None
        self.channels = None if widths.ndim == 0 else len(widths)
        self.place = self.known_share = None
        if place is None:
            return
        self.keep("place", place)
        if boundary == "normalized":
            ones = torch.ones(self.n_vertices, widths.size, dtype=torch.float64)
            dtype = torch.get_default_dtype()
            with torch.no_grad():
                wide = self._spread(ones, torch.as_tensor(place))
                share = self.beam.double()(wide)[place]
            self.beam.to(dtype)
            self.keep("known_share", share.numpy(), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the smoothed maps."""
        self.check_unchanged()
        x = checked_signal(x, self.n_vertices, self.beam.reference, taker="this layer")
        if self.channels is not None and x.shape[-1] != self.channels:
            raise ValueError(
                f"x must have {counted(self.channels, 'channel')}, one a width of "
                f"fwhm, got {x.shape[-1]}; pass one fwhm for any number of channels"
            )
        known = known_places(x)
        if known is None:
            y = self._smoothed(x)
            return y if self.known_share is None else y / self.known_share
        y = self._smoothed(torch.where(known, x, 0))
        if self.boundary != "zero":
            share = self._smoothed(known.to(x.dtype))
            # Where nothing is known there is no value either, whatever the share.
            y = y / torch.where(known, share, 1)
        return torch.where(known, y, x)

    def _smoothed(self, x: Tensor) -> Tensor:
        """Return the smoothed maps of the domain, at the vertices of the maps."""
        if self.place is None:
            y: Tensor = self.beam(x)
            return y
        y = self.beam(self._spread(x, self.place))
        return y.index_select(-2, self.place)

    def _spread(self, x: Tensor, place: Tensor) -> Tensor:
        """Return maps on the domain, zero beside the vertices of the maps."""
        shape = (*x.shape[:-2], len(self.domain), x.shape[-1])
        return x.new_zeros(shape).index_copy(-2, place, x)

    def extra_repr(self) -> str:
        """Method, boundary and sizes, for ``repr``."""
        return (
            f"{self.n_vertices} vertices, method={self.method!r}, "
            f"boundary={self.boundary!r}, terms={self.terms}"
        )
