"""Pointwise nonlinearities, on a grid, of signals given by coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.sht.sht import ISHT, SHT
from samplings import Sampling


class GridActivation(nn.Module):
    r"""Go to a grid, apply a nonlinearity to each value, and come back.

    .. math:: c \mapsto \mathrm{SHT}(\sigma(\mathrm{ISHT}(c)))

    A nonlinearity makes degrees beyond L, which the grid takes for lower ones as far as
    it does not resolve them. More rings than L needs push that error down, at the cost
    of larger transforms.

    Parameters
    ----------
    sampling
        Where the nonlinearity acts; its size is the oversampling.
    L
        Bandlimit: degrees 0 ... L - 1.
    activation
        Module or function on signals ``(*batch, vertex, channel)``, of which it must
        treat vertices alike; ReLU by default.

    Attributes
    ----------
    synthesis, analysis
        The :class:`~deepsphere_pyg.harmonics.ISHT` and
        :class:`~deepsphere_pyg.harmonics.SHT`, which share their tables.

    Shapes
    ------
    ``(*batch, L * L, channel) -> (*batch, L * L, channel)``, or as many channels as
    the activation returns.

    Raises
    ------
    TypeError
        If the activation cannot be called, or as for the transforms.
    ValueError
        If L is beyond what is exact on the sampling; in ``forward``, if the number of
        rows is not L², or the activation changes the number of vertices.

    Notes
    -----
    Equivariance: approximate. Relative errors of ReLU under random rotations, of
    coefficients that all have the same variance, at L = 10:

    ==========================================  =====
    ``McEwenWiaux(10)``, no more than L needs   0.30
    ``GaussLegendre(10)``                       0.24
    ``Equiangular(20, 20, "driscoll-healy")``   0.145
    ``McEwenWiaux(20)``, twice as many rings    0.027
    ==========================================  =====

    Errors of smooth activations fall faster with the number of rings: from 2 to 3 to 4
    times L rings of Gauss and Legendre, those of SiLU are 0.013, 0.0019 and 0.0003,
    those of ReLU 0.022, 0.0075 and 0.0035.

    Source: Cohen et al. 2018 (arXiv:1801.10130) and Esteves et al. 2018
    (arXiv:1711.06721) use it; Cobb et al. 2021 (arXiv:2010.11661) measure its error.

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
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        chosen = nn.ReLU() if activation is None else activation
        if not callable(chosen):
            raise TypeError(
                f"activation must be a module or a function, got "
                f"{type(chosen).__name__}; pass one such as torch.nn.SiLU()"
            )
        if isinstance(chosen, type):
            raise TypeError(
                f"activation must be a module, not its class; pass {chosen.__name__}()"
            )
        self.synthesis = ISHT(sampling, L)
        self.analysis = SHT(sampling, L)
        numbered_layout(self.synthesis.layout)
        self.activation = chosen

    @property
    def L(self) -> int:
        """Bandlimit: degrees 0 ... L - 1."""
        return self.analysis.L

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the activated signals.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, L * L, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, L * L, channel)``.
        """
        y = self.activation(self.synthesis(coefficients))
        return self.analysis.analyze(y)
