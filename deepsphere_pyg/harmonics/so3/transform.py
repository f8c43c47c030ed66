"""Wigner transforms: functions on the rotation group to coefficients, and back."""

from __future__ import annotations

from torch import Tensor

from deepsphere_pyg.harmonics.so3.base import WignerTransform
from deepsphere_pyg.harmonics.so3.tables import analysis_table, synthesis_table
from samplings.arrays import FloatArray


class SO3Transform(WignerTransform):
    r"""Coefficients of functions on SO(3): the forward Wigner transform.

    .. math:: f^l_{mn} = \sqrt{\tfrac{2l+1}{8\pi^2}} \int F(R) D^l_{mn}(R) \, dR

    with real matrices D; rows as in :func:`so3_layout`. Exact for functions of degrees
    below L and orders :math:`|n| < N`; any other function of the grid's bandlimits is
    projected on these.

    Parameters
    ----------
    grid
        Grid of the functions.
    L, N
        Bandlimits, at most those of the grid, and by default equal to them. On a finer
        grid, products and nonlinearities alias less.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Attributes
    ----------
    layout
        Rows of the coefficients.

    Shapes
    ------
    ``x : (*batch, point, channel) -> (*batch, row, channel)``

    Raises
    ------
    TypeError
        If a number is not an integer, ``grid`` not a grid, or ``dtype`` neither float32
        nor float64.
    ValueError
        If L or N is below 1 or above that of the grid, or N above L.

    Notes
    -----
    Real Fourier sums over alpha and gamma are followed, for each pair of orders, by a
    product with a table over beta. The table has :math:`T (2N-1) L (L+1) / 2` numbers
    for T rings, 17 million at L = N = 64 on 64 rings, in the dtype and in a float64
    master, shared by all transforms of the same settings; see :attr:`table_bytes`. On
    McEwen-Wiaux rings it contains their sampling theorem. The transform is linear, with
    derivatives of every order, and uses no complex numbers.

    Source: McEwen et al. 2015 (arXiv:1508.03101); Kostelec and Rockmore 2008, J.
    Fourier Anal. Appl. 14, 145.

    Equivariance: exact to round-off; fragments of rotated functions are Wigner
    matrices times those of the function.

    Examples
    --------
    >>> import torch
    >>> from samplings import SO3Grid
    >>> grid = SO3Grid(3, 2)
    >>> transform = SO3Transform(grid)
    >>> c = transform(torch.ones(len(grid), 1))
    >>> c.shape, round(float(c[0] / torch.pi), 5)
    (torch.Size([25, 1]), 2.82843)
    """

    def _table(self) -> FloatArray:
        return analysis_table(self.grid, self.L, self.N)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of signals.

        Parameters
        ----------
        x
            Shape ``(*batch, point, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``x`` does not have the transform's dtype, device and number of points;
            on the CPU, if values are missing: NaN, infinities, or healpy's ``UNSEEN``.
            Elsewhere all coefficients of such a function are NaN.
        """
        return self._analyze(x)

    def adjoint(self, c: Tensor) -> Tensor:
        """Apply the transpose of the analysis.

        Parameters
        ----------
        c
            Shape ``(*batch, row, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, point, channel)``.
        """
        return self._synthesize(c)


class ISO3Transform(WignerTransform):
    r"""Values of functions on SO(3): the inverse Wigner transform.

    .. math:: F(R_i) = \sum_{lmn} f^l_{mn} \sqrt{\tfrac{2l+1}{8\pi^2}} D^l_{mn}(R_i)

    Parameters
    ----------
    grid, L, N, dtype
        As for :class:`SO3Transform`.

    Attributes
    ----------
    layout
        Rows of the coefficients.

    Shapes
    ------
    ``c : (*batch, row, channel) -> (*batch, point, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`SO3Transform`.

    Examples
    --------
    >>> import torch
    >>> from samplings import SO3Grid
    >>> grid = SO3Grid(3, 2)
    >>> to_rows, to_points = SO3Transform(grid), ISO3Transform(grid)
    >>> c = torch.linspace(-1, 1, to_rows.layout.n_rows)[:, None]
    >>> torch.allclose(to_rows(to_points(c)), c, atol=1e-5)
    True
    """

    def _table(self) -> FloatArray:
        return synthesis_table(self.grid.beta, self.L, self.N)

    def forward(self, c: Tensor) -> Tensor:
        """Return the values of functions at the points.

        Parameters
        ----------
        c
            Coefficients, shape ``(*batch, row, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, point, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``c`` does not have the transform's dtype, device and number of rows.
        """
        return self._synthesize(c)

    def adjoint(self, x: Tensor) -> Tensor:
        """Apply the transpose of the synthesis: plain sums over the points.

        Parameters
        ----------
        x
            Shape ``(*batch, point, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channel)``.
        """
        return self._analyze(x)
