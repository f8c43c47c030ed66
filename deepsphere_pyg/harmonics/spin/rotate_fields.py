"""Rotation of spin fields through their coefficients."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.rotations.rotate import HarmonicRotation, rotate
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.spin.degree_factors import checked_pair
from deepsphere_pyg.harmonics.spin.spin_sht import SpinISHT, SpinSHT
from samplings import Sampling


def rotate_spin(coefficients: Tensor, rotation: Rotation, L: SupportsIndex) -> Tensor:
    r"""Return the coefficients of rotated fields, of any spin, exactly.

    .. math:: (R E)_l = D^l(R) E_l, \quad (R B)_l = D^l(R) B_l

    The rotation moves the places and turns the field with them: a vector at x becomes
    the vector :math:`R v` at :math:`R x`.

    Parameters
    ----------
    coefficients
        E and B, as :class:`SpinSHT` returns them, float32 or float64.
    rotation
        One rotation, or a batch that broadcasts against that of the coefficients.
    L
        Bandlimit, at most 900.

    Returns
    -------
    Tensor
        Coefficients of the rotated fields.

    Shapes
    ------
    coefficients : ``(*batch, L * L, 2, channel)`` -> the same

    Raises
    ------
    TypeError, ValueError
        As :func:`rotate`; if there are not two sets.

    Notes
    -----
    Equivariance: exact. E and B do not mix, whatever the spin.

    Examples
    --------
    >>> c = torch.zeros(4, 2, 1)
    >>> c[2, 1] = 1.0
    >>> turn = Rotation.from_euler(0.0, torch.pi / 2, 0.0)
    >>> rotate_spin(c, turn, 2)[:, 1, 0].round().long()
    tensor([0, 0, 0, 1])
    """
    joined = checked_pair(coefficients, L).flatten(-2)
    return rotate(joined, rotation, L).unflatten(-1, (2, -1))


class FieldRotation(nn.Module):
    r"""Rotate spin fields on a sampling, through their coefficients.

    .. math:: R f = S \, D(R) \, A f

    with the analysis A and the synthesis S: exact for fields of degrees below L on
    samplings with a sampling theorem. The frames of south and east turn along: there is
    no special case at the poles.

    Parameters
    ----------
    sampling
        Vertices of the fields, given and rotated.
    L, spin
        As for :class:`SpinSHT`; L at most 900.
    method
        Of the analysis, as for :class:`SpinSHT`.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Shapes
    ------
    ``x : (*batch, vertex, 2, channel), Rotation (*batch)
    -> (*batch, vertex, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`SpinSHT` and :class:`HarmonicRotation`.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> turn = FieldRotation(GaussLegendre(4), 4, 1, dtype=torch.float64)
    >>> x = torch.ones(32, 2, 1, dtype=torch.float64)
    >>> turn(x, Rotation.identity()).shape
    torch.Size([32, 2, 1])
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
        super().__init__()
        self.analysis = SpinSHT(sampling, L, spin, method=method, dtype=dtype)
        self.synthesis = SpinISHT(sampling, L, spin, dtype=dtype)
        self.rotation = HarmonicRotation(self.analysis.L, dtype=dtype)

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        """Return the rotated fields.

        Parameters
        ----------
        x
            Fields, shape ``(*batch, vertex, 2, channel)``.
        rotation
            One rotation, or a batch that broadcasts against that of the fields.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, 2, channel)``.

        Raises
        ------
        TypeError, ValueError
            As :meth:`SpinSHT.forward` and :meth:`HarmonicRotation.forward`.
        """
        rows = self.analysis(x).flatten(-2)
        rotated: Tensor = self.rotation(rows, rotation)
        y: Tensor = self.synthesis(rotated.unflatten(-1, (2, x.shape[-1])))
        return y
