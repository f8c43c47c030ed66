"""Pointwise nonlinearities of signals on the sphere, applied on a grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.sht.sht import ISHT, SHT
from deepsphere_pyg.layers.activations import checked_activation
from samplings import Sampling


class GridActivation(nn.Module):
    r"""Apply a nonlinearity to the values of a signal on a grid.

    .. math:: c \mapsto \mathrm{SHT}(\sigma(\mathrm{ISHT}(c)))

    A nonlinearity makes degrees beyond L, which the grid aliases to lower ones unless
    it resolves them. More rings than L needs reduce this error, at the cost of larger
    transforms.

    Parameters
    ----------
    sampling
        Grid on which the nonlinearity acts; more points than L needs oversample.
    L
        Bandlimit: degrees 0 ... L - 1.
    activation
        Module or function on signals ``(*batch, vertex, channel)`` that treats all
        vertices alike; ReLU by default.

    Attributes
    ----------
    synthesis, analysis
        The :class:`~deepsphere_pyg.harmonics.ISHT` and
        :class:`~deepsphere_pyg.harmonics.SHT`, which share their tables.

    Shapes
    ------
    ``(*batch, L * L, channel) -> (*batch, L * L, channel)``, with the number of
    channels that the activation returns.

    Raises
    ------
    TypeError
        If the activation cannot be called, or as the transforms.
    ValueError
        If the transform is not exact at L on the sampling; in ``forward``, if the
        number of rows is not L², or the activation changes the number of vertices.

    Notes
    -----
    Equivariance: approximate. Relative errors of ReLU under random rotations, of
    coefficients of equal variance, at L = 10:

    ==========================================  =====
    ``McEwenWiaux(10)``, no more than L needs   0.30
    ``GaussLegendre(10)``                       0.24
    ``Equiangular(20, 20, "driscoll-healy")``   0.145
    ``McEwenWiaux(20)``, twice as many rings    0.027
    ==========================================  =====

    Errors of smooth activations fall faster with the number of rings: on 2, 3 and 4
    times L Gauss-Legendre rings they are 0.013, 0.0019 and 0.0003 for SiLU, and 0.022,
    0.0075 and 0.0035 for ReLU.

    Source: Cohen et al. 2018 (arXiv:1801.10130), Esteves et al. 2018
    (arXiv:1711.06721); errors, Cobb et al. 2021 (arXiv:2010.11661).

    Examples
    --------
    >>> import torch
    >>> from samplings import GaussLegendre
    >>> layer = GridActivation(GaussLegendre(8), L=4)
    >>> c = torch.zeros(16, 1).index_fill(0, torch.tensor(0), -1.0)
    >>> bool(layer(c).any())
    False
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        chosen = checked_activation(activation)
        self.synthesis = ISHT(sampling, L)
        self.analysis = SHT(sampling, L)
        numbered_layout(self.synthesis.layout)
        self.activation = chosen

    @property
    def L(self) -> int:
        """Bandlimit: degrees 0 ... L - 1."""
        return self.analysis.L

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the activated signals."""
        y = self.activation(self.synthesis(coefficients))
        return self.analysis.analyze(y)
