"""Harmonic transforms of spin fields, as modules: fields to coefficients, and back."""

from __future__ import annotations

from typing import Any, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.methods import analysis_of, synthesis_of
from deepsphere_pyg.harmonics.spin.arguments import spin_arguments
from deepsphere_pyg.harmonics.spin.base import SpinTransform
from deepsphere_pyg.harmonics.spin.sums import harmonics_of_spin
from samplings import Sampling
from samplings.arguments import sampling_argument


class SpinSHT(SpinTransform):
    r"""Gradient (E) and curl (B) coefficients of fields of spin s.

    .. math::
        f = f_0 + i f_1 = -\sum_{lm} (E_{lm} + i B_{lm}) \, {}_sY_{lm}, \quad s > 0,

    where E and B are coefficients of real functions, given in the project's real
    harmonics, row :math:`l^2 + l + m`. The components of a field are those in the frame
    of south (growing theta) and east (growing phi): for s = 1 the components of a
    tangent vector, for s = 2 Stokes' Q and U (COSMO, as in healpy). For s = 1, E and B
    are the coefficients of a potential and a stream function, times
    :math:`\sqrt{l(l+1)}`.

    Parameters
    ----------
    sampling
        Vertices of the fields.
    L
        Bandlimit: degrees below L, which must be above :math:`|s|`.
    spin
        Spin s. If negative, the field is the complex conjugate of one of spin
        :math:`|s|`, whose coefficients are taken. For s = 0 the components are two
        scalar signals, transformed as by :class:`SHT`, without the minus sign.
    method, iterations, ridge, dtype
        As for :class:`SHT`, which is exact on the same samplings up to the same
        bandlimits.

    Attributes
    ----------
    condition, error_bound
        As for :class:`SHT`.

    Shapes
    ------
    ``x : (*batch, vertex, 2, channel) -> (*batch, L * L, 2, channel)``, E and B; rows
    of degrees below :math:`|s|` are zero.

    Raises
    ------
    TypeError, ValueError
        As for :class:`SHT`; if ``spin`` is not an integer of absolute value below L.

    Notes
    -----
    Signs are those of healpy's ``map2alm_spin`` and of E and B of ``map2alm``, after
    :func:`from_healpy`. The value at a vertex that is a pole of a grid is in the frame
    of the meridian at longitude 0. Tables are those of scalar signals of degrees below
    L + s, since :math:`\sin^s\theta \, {}_sY_{lm}` is a sum of 2s + 1 scalar harmonics;
    where the sine is small, spin harmonics are summed themselves.

    Source: Zaldarriaga and Seljak 1997, Phys. Rev. D 55, 1830
    (arXiv:astro-ph/9609170); McEwen and Wiaux 2011 (arXiv:1110.6298).

    Equivariance: exact to round-off up to the exact bandlimit: coefficients of a
    rotated field are Wigner matrices times those of the field, E and B apart.

    Examples
    --------
    The field of unit vectors times sine, towards the east, rotates rigidly:

    >>> from samplings import GaussLegendre
    >>> sampling = GaussLegendre(4)
    >>> east = torch.tensor(sampling.theta).sin()
    >>> x = torch.stack([torch.zeros_like(east), east], -1)[..., None]
    >>> c = SpinSHT(sampling, 4, 1, dtype=torch.float64)(x)[..., 0]
    >>> c[2].round(decimals=6) + 0.0
    tensor([ 0.0000, -2.8944], dtype=torch.float64)
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        spin: SupportsIndex,
        *,
        method: str = "auto",
        iterations: int | None = None,
        ridge: float = 0.0,
        dtype: torch.dtype | None = None,
    ) -> None:
        sampling_argument("sampling", sampling)
        number, s = spin_arguments(L, spin)
        transform: Any
        transform, chosen, condition, error_bound = analysis_of(
            sampling, harmonics_of_spin(number, s), method, iterations, ridge, dtype
        )
        super().__init__(sampling, number, s, transform, chosen)
        self.condition: float | None = condition
        self.error_bound: float | None = error_bound

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of fields.

        Parameters
        ----------
        x
            Fields, shape ``(*batch, vertex, 2, channel)``.

        Returns
        -------
        Tensor
            E and B, shape ``(*batch, L * L, 2, channel)``.

        Raises
        ------
        TypeError, ValueError
            As :meth:`SHT.forward`; if there are not two components.
        """
        return self._analyze(x, known=True)

    def analyze(self, x: Tensor) -> Tensor:
        """Return the coefficients like :meth:`forward`, but accept missing values."""
        return self._analyze(x, known=False)

    def adjoint(self, c: Tensor) -> Tensor:
        """Apply the transpose of the analysis, as backpropagation does.

        Parameters
        ----------
        c
            Shape ``(*batch, L * L, 2, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, 2, channel)``.
        """
        return self._synthesize(c)


class SpinISHT(SpinTransform):
    r"""Fields of spin s from gradient and curl coefficients.

    .. math:: f(x_i) = -\sum_{l < L} \sum_{|m| \leq l}
        (E_{lm} + i B_{lm}) \, {}_sY_{lm}(x_i)

    Exact on every sampling, for every L.

    Parameters
    ----------
    sampling
        Vertices of the fields. On samplings without rings, the components are those in
        the frame at the colatitude and longitude of each vertex.
    L, spin
        As for :class:`SpinSHT`.
    method, dtype
        As for :class:`ISHT`.

    Shapes
    ------
    ``c : (*batch, L * L, 2, channel) -> (*batch, vertex, 2, channel)``; rows of degrees
    below :math:`|s|` count as zero.

    Raises
    ------
    TypeError, ValueError
        As for :class:`SpinSHT`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> to_field = SpinISHT(HEALPix(4), 3, 2)
    >>> to_field(torch.ones(9, 2, 1)).shape
    torch.Size([192, 2, 1])
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        spin: SupportsIndex,
        *,
        method: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        sampling_argument("sampling", sampling)
        number, s = spin_arguments(L, spin)
        transform, chosen = synthesis_of(
            sampling, harmonics_of_spin(number, s), method, dtype
        )
        super().__init__(sampling, number, s, transform, chosen)

    def forward(self, c: Tensor) -> Tensor:
        """Return the fields of coefficients.

        Parameters
        ----------
        c
            E and B, shape ``(*batch, L * L, 2, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, 2, channel)``.

        Raises
        ------
        TypeError, ValueError
            As :meth:`ISHT.forward`; if there are not two sets of coefficients.
        """
        return self._synthesize(c)

    def adjoint(self, x: Tensor) -> Tensor:
        """Apply the transpose of the synthesis: plain sums over the vertices.

        Parameters
        ----------
        x
            Shape ``(*batch, vertex, 2, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, L * L, 2, channel)``.
        """
        return self._analyze(x, known=True)
