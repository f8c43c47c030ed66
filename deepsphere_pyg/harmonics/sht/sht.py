"""Harmonic transforms on the sphere, as modules: signals to coefficients, and back."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.base import HarmonicTransform
from deepsphere_pyg.harmonics.sht.methods import analysis_of, synthesis_of
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from samplings import Sampling
from samplings.arguments import integer_argument, sampling_argument


class SHT(HarmonicTransform):
    r"""Coefficients of signals: the spherical harmonic transform.

    .. math:: c_{lm} = \int_{S^2} f(x) Y_{lm}(x) \, dx, \quad l < L,

    with real orthonormal harmonics, row :math:`l^2 + l + m`. Exact for signals of
    degrees below L on samplings with a sampling theorem.

    ===================  ==========================================================
    sampling             method ``"auto"``
    ===================  ==========================================================
    Gauss-Legendre,      ``"rings"``: Fourier transforms along rings, sums over
    equiangular,         Legendre functions across them, exact up to the L of
    McEwen-Wiaux         :func:`exact_bandlimit`. Past L = 256 ``"ducc"``, the same
                         by ducc0, where it is installed
    HEALPix              the same (by ducc0 for any L, where it is installed) with
                         ring weights, then iterations towards the least-squares
                         coefficients, up to L = 3 nside
    any other, masked    ``"least-squares"``: a dense matrix, weighted by areas
    ===================  ==========================================================

    Parameters
    ----------
    sampling
        Vertices of the signals.
    L
        Bandlimit: degrees 0 ... L - 1.
    method
        ``"auto"``, ``"rings"``, ``"ducc"``, ``"least-squares"``, or
        ``"conjugate-gradients"``: the same fit without a ridge, iterated to round-off.
        It works on any sampling, with rings if there are any, and with matrices only if
        they fit in 4 GiB. Networks that use it do not compile to one graph.
    iterations
        On HEALPix: iterations after the quadrature, 3 by default; each costs one
        synthesis and one analysis.
    ridge
        For least squares: power of noise over that of the signal, if the vertices
        alone, such as those of a masked sky, do not determine the coefficients.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Attributes
    ----------
    layout
        Rows of the coefficients.
    method
        Method in use.
    condition
        Condition of the least-squares problem, also on HEALPix: the largest
        amplification of relative errors of a signal. None if quadrature is exact, and
        for conjugate gradients, which raise an error if they do not converge.
    error_bound
        On HEALPix: largest relative error of the coefficients of a signal of degrees
        below L, beside round-off; None elsewhere.

    Shapes
    ------
    ``x : (*batch, vertex, channel) -> (*batch, L * L, channel)``

    Raises
    ------
    TypeError
        If L is not an integer, ``sampling`` not a sampling, or the dtype neither
        float32 nor float64.
    ValueError
        If L is beyond the exact bandlimit, the method does not fit the sampling, or
        least squares are ill-conditioned.

    Notes
    -----
    Tables of the method ``"rings"`` hold about :math:`L^2 T / 4` numbers for T rings
    folded at the equator, twice as many if they are not (McEwen-Wiaux), in float64 and
    in the dtype; see :attr:`table_bytes`. The transform is linear and has derivatives
    of every order. ducc0 computes on the CPU; on a GPU pass ``method="rings"``.

    Source: folding and sums by order as in Reinecke and Seljebotn 2013, A&A 554, A112
    (arXiv:1303.4945); McEwen and Wiaux 2011 (arXiv:1110.6298).

    Equivariance: exact to round-off up to the exact bandlimit: coefficients of a
    rotated signal are Wigner matrices times those of the signal.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> sampling = GaussLegendre(8)
    >>> to_rows, to_signal = (f(sampling, 8, dtype=torch.float64) for f in (SHT, ISHT))
    >>> z = torch.tensor(sampling.xyz[:, 2:])
    >>> c = to_rows(z)
    >>> int(c[:, 0].abs().argmax()), round(float(c[2, 0]), 6)
    (2, 2.046653)
    >>> torch.allclose(to_signal(c), z)
    True
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        method: str = "auto",
        iterations: int | None = None,
        ridge: float = 0.0,
        dtype: torch.dtype | None = None,
    ) -> None:
        number = _checked_arguments(sampling, L)
        transform, chosen, condition, error_bound = analysis_of(
            sampling, ScalarHarmonics(number), method, iterations, ridge, dtype
        )
        super().__init__(sampling, number, transform, chosen)
        self.condition: float | None = condition
        self.error_bound: float | None = error_bound

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of signals.

        Parameters
        ----------
        x
            Signals, shape ``(*batch, vertex, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, L * L, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``x`` does not have the transform's dtype, device and number of vertices;
            on the CPU, if values are missing: NaN, infinities, or healpy's ``UNSEEN``.
            On accelerators and in compiled or exported programs, all coefficients of
            such a map are NaN instead.
        """
        return self._analyze(x, known=True)

    def analyze(self, x: Tensor) -> Tensor:
        """Return the coefficients like :meth:`forward`, but accept missing values.

        For signals that a network computed, in which NaN indicates divergence.
        """
        return self._analyze(x, known=False)

    def adjoint(self, c: Tensor) -> Tensor:
        """Apply the transpose of the analysis, as backpropagation does.

        Parameters
        ----------
        c
            Shape ``(*batch, L * L, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, channel)``.
        """
        return self._synthesize(c)


class ISHT(HarmonicTransform):
    r"""Signals from coefficients: the inverse spherical harmonic transform.

    .. math:: f(x_i) = \sum_{l < L} \sum_{|m| \leq l} c_{lm} Y_{lm}(x_i)

    Exact on every sampling, for every L.

    Parameters
    ----------
    sampling
        Vertices of the signals.
    L
        Bandlimit: degrees 0 ... L - 1.
    method
        ``"auto"``, ``"rings"``, ``"ducc"``, ``"dense"`` (the matrix of harmonics, for
        samplings without rings), or ``"blocks"`` (the matrix computed by blocks at each
        call; ``"auto"`` chooses it past 4 GiB).
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Shapes
    ------
    ``c : (*batch, L * L, channel) -> (*batch, vertex, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`SHT`.

    Notes
    -----
    The :class:`SHT` shares the tables if quadrature is exact on its rings.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> to_signal = ISHT(HEALPix(4), L=2)
    >>> c = torch.tensor([[3.544908], [0.0], [0.0], [0.0]])
    >>> to_signal(c)[:2]
    tensor([[1.0000],
            [1.0000]])
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        method: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        number = _checked_arguments(sampling, L)
        harmonics = ScalarHarmonics(number)
        transform, chosen = synthesis_of(sampling, harmonics, method, dtype)
        super().__init__(sampling, number, transform, chosen)

    def forward(self, c: Tensor) -> Tensor:
        """Return the signals of coefficients.

        Parameters
        ----------
        c
            Coefficients, shape ``(*batch, L * L, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``c`` does not have the transform's dtype, device and number of rows.
        """
        return self._synthesize(c)

    def adjoint(self, x: Tensor) -> Tensor:
        """Apply the transpose of the synthesis: plain sums over the vertices.

        Parameters
        ----------
        x
            Shape ``(*batch, vertex, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, L * L, channel)``.
        """
        return self._analyze(x, known=True)


def _checked_arguments(sampling: Sampling, L: SupportsIndex) -> int:
    """Return the bandlimit, after checks of both arguments."""
    sampling_argument("sampling", sampling)
    return integer_argument("L", L, 1)
