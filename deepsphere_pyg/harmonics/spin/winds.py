"""Winds as meteorology names them, and polarization in both of its conventions."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.spin.arguments import check_components
from deepsphere_pyg.signals import tensor_argument


def wind_components(u: Tensor, v: Tensor) -> Tensor:
    r"""Return a wind as components towards south and east.

    .. math:: x_0 = -v, \quad x_1 = u

    Parameters
    ----------
    u
        Eastward wind.
    v
        Northward wind, of the same shape.

    Returns
    -------
    Tensor
        The components that :class:`VectorSHT` takes.

    Shapes
    ------
    u, v : ``(*batch, vertex, channel)`` -> ``(*batch, vertex, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        If one is not a tensor, or the shapes differ or have fewer than two axes.

    Examples
    --------
    >>> u, v = torch.ones(5, 1), torch.zeros(5, 1)
    >>> wind_components(u, v).shape
    torch.Size([5, 2, 1])
    """
    shapes = [tuple(tensor_argument(n, x).shape) for n, x in (("u", u), ("v", v))]
    if shapes[0] != shapes[1] or len(shapes[0]) < 2:
        raise ValueError(
            "u and v must have one shape (*batch, vertex, channel), got "
            f"{shapes[0]} and {shapes[1]}; add a channel with [..., None], and a batch "
            "with expand"
        )
    return torch.stack([-v, u], dim=-2)


def wind_of_components(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eastward and northward wind, the inverse of :func:`wind_components`.

    Parameters
    ----------
    x
        Components towards south and east.

    Returns
    -------
    u, v : Tensor
        Eastward and northward wind.

    Shapes
    ------
    x : ``(*batch, vertex, 2, channel)`` -> twice ``(*batch, vertex, channel)``

    Raises
    ------
    TypeError, ValueError
        If ``x`` is not a tensor, or has not two components on the last axis but one.

    Examples
    --------
    >>> u, v = wind_of_components(torch.ones(5, 2, 1))
    >>> float(u[0]), float(v[0])
    (1.0, -1.0)
    """
    check_components("x", x, "vertex")
    south, east = x.unbind(-2)
    return east, -south


def iau_to_cosmo(x: Tensor) -> Tensor:
    r"""Convert Stokes' Q and U from IAU's convention to healpy's, or back.

    .. math:: (Q, U) \mapsto (Q, -U)

    IAU counts the angle of polarization from north through east, healpy (COSMO) from
    south through east. The function is its own inverse. FITS files name the convention
    in the header card POLCCONV.

    Parameters
    ----------
    x
        Q and U in either convention.

    Returns
    -------
    Tensor
        Q and U in the other one. :class:`SpinSHT` of spin 2 takes COSMO.

    Shapes
    ------
    x : ``(*batch, vertex, 2, channel)`` -> the same

    Raises
    ------
    TypeError, ValueError
        If ``x`` is not a tensor, or has not two components on the last axis but one.

    Examples
    --------
    >>> iau_to_cosmo(torch.ones(1, 2, 1)).flatten()
    tensor([ 1., -1.])
    """
    check_components("x", x, "vertex")
    q, u = x.unbind(-2)
    return torch.stack([q, -u], dim=-2)
