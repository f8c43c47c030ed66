"""Spherical Fourier neural operator: learned filters of each degree, on a grid."""

from __future__ import annotations

import math
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import ISHT, SHT, exact_bandlimit
from deepsphere_pyg.harmonics.sht.geometry import resolved_bandlimit
from deepsphere_pyg.models.forecast.field_network import (
    FieldNetwork,
    pointwise,
    refuse_parts,
)
from deepsphere_pyg.models.forecast.spectral_block import SpectralBlock
from samplings import GaussLegendre, HEALPix, Sampling
from samplings.arguments import (
    integer_argument,
    positive_argument,
    probability_argument,
)

# Share of the bandlimit that vertices determine, at which fits are well conditioned.
DETERMINED = 0.8


class SphericalFourierOperator(FieldNetwork):
    r"""Map fields to fields by filters on the whole sphere, one for each degree: SFNO.

    Two linear maps of the channels of each vertex, with GELU between, encode the
    input. Its coefficients below degree L go to a Gauss-Legendre grid, on which blocks

    .. math::
        y = x + M\bigl(\mathrm{GELU}(F\, N(x) + W x)\bigr)

    follow, with a normalisation N, a filter F that multiplies the channels of each
    degree by a learned matrix (:class:`~deepsphere_pyg.layers.ZonalConv`), a linear map
    W, and two linear maps M with GELU between. The coefficients of the last block go
    back to the vertices, where two linear maps decode them, together with the input.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and the output.
    sampling
        Sampling of both, of the whole sphere.
    L
        Bandlimit: degrees 0 ... L - 1; by default the one up to which the transform of
        the sampling is exact, twice nside on HEALPix, and on others four fifths of that
        which the vertices determine.
    channels
        Channels of the blocks.
    blocks
        Number of blocks.
    expansion
        Channels between the two linear maps of a block, as a multiple.
    normalization
        ``"instance"``, of each channel over the sphere; ``"layer"``, of the channels at
        each point; or ``"none"``.
    oversampling
        Rings of the grid, as a multiple of L.
    position
        Bandlimit of a learned field that is added to each channel before the blocks, so
        that the network knows where it is, such as 8; 0 for no field.
    dropout
        Share of the numbers after the filter of a block that are left out at random in
        training.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If the sampling is of a part of the sphere, L is beyond what its transform
        resolves, ``position`` is above L, ``oversampling`` is below 1, or an argument
        is not of its kind or range; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Source: Bonev et al. 2023, arXiv:2306.03838. Its matrices are complex; on real
    fields, all linear maps that commute with rotations have real ones.

    Equivariance: with ``position=0`` exact up to what maps of single points make of
    degrees that grids do not resolve, and to the error of the transform of the
    sampling. In a new network (L = 8, 16 channels, 2 blocks), for input below degree 8
    on 24 Gauss-Legendre rings, relative errors of output below degree 8 are 0.07, 0.01,
    0.003 and 0.001 at oversampling 1, 1.5, 2 and 3. Quarter
    turns about the axis are exact where they map the sampling onto itself. With a field
    of position there is no equivariance.

    Examples
    --------
    >>> model = SphericalFourierOperator(3, 2, HEALPix(4), channels=8, blocks=2)
    >>> model.L, model(torch.zeros(5, 192, 3)).shape
    (8, torch.Size([5, 192, 2]))
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        *,
        L: SupportsIndex | None = None,
        channels: SupportsIndex = 64,
        blocks: SupportsIndex = 4,
        expansion: SupportsIndex = 2,
        normalization: str = "instance",
        oversampling: float = 1.5,
        position: SupportsIndex = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(in_channels, out_channels, sampling)
        bandlimit = _bandlimit(sampling, L)
        width = integer_argument("channels", channels, 1)
        count = integer_argument("blocks", blocks, 0)
        factor = integer_argument("expansion", expansion, 1)
        where = integer_argument("position", position, 0)
        rate = probability_argument("dropout", dropout)
        if where > bandlimit:
            raise ValueError(
                f"position must be at most L = {bandlimit}, got {where}; the field has "
                "degrees below L, such as position=8"
            )
        remedy = "pass 1 for as many rings as L, 2 for twice as many"
        more = positive_argument("oversampling", oversampling, remedy)
        if more < 1:
            raise ValueError(f"oversampling must be at least 1, got {more}; {remedy}")
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "L": bandlimit,
            "channels": width,
            "blocks": count,
            "expansion": factor,
            "normalization": normalization,
            "oversampling": more,
            "position": where,
            "dropout": rate,
        }
        self.to_rows = SHT(sampling, bandlimit)
        self.to_vertices = ISHT(sampling, bandlimit)
        rings = math.ceil(round(more * bandlimit, 9))
        # Quarter turns about the axis are symmetries of the grid.
        grid = GaussLegendre(rings, 4 * math.ceil(rings / 2))
        self.analysis, self.synthesis = SHT(grid, bandlimit), ISHT(grid, bandlimit)
        self.encoder = pointwise(self.in_channels, width, width)
        self.position: nn.Parameter | None = None
        if where:
            # The field has variance one.
            spread = (4 * math.pi / where**2) ** 0.5
            self.position = nn.Parameter(torch.randn(where**2, width) * spread)
        hidden = factor * width
        self.blocks = nn.ModuleList(
            SpectralBlock(width, bandlimit, hidden, normalization, rate)
            for _ in range(count)
        )
        self.decoder = pointwise(width + self.in_channels, width, self.out_channels)

    @property
    def L(self) -> int:
        """Bandlimit: degrees 0 ... L - 1."""
        return self.analysis.L

    def forward(self, x: Tensor) -> Tensor:
        """Return fields ``(*batch, vertex, out_channels)``."""
        x = self.checked_input(x)
        c = self.to_rows.analyze(self.encoder(x))
        if self.position is not None:
            beyond = c.shape[-2] - len(self.position)
            c = c + nn.functional.pad(self.position, (0, 0, 0, beyond))
        y = self.synthesis(c)
        for block in self.blocks:
            y = block(y, self.analysis, self.synthesis)
        y = self.to_vertices(self.analysis.analyze(y))
        z: Tensor = self.decoder(torch.cat([y, x.to(y.dtype)], dim=-1))
        return z


def _bandlimit(sampling: Sampling, L: SupportsIndex | None) -> int:
    """Return the bandlimit, by default that of the sampling, which must be whole."""
    refuse_parts(sampling)
    if L is not None:
        return integer_argument("L", L, 1)
    exact = exact_bandlimit(sampling)
    if exact is not None:
        return exact
    if isinstance(sampling, HEALPix):
        return 2 * sampling.nside
    return max(1, int(DETERMINED * resolved_bandlimit(sampling)))
