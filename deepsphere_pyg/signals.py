"""Checks of the signals that operators and layers are given."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.compilers import has_values
from samplings.arguments import counted, kind_of
from samplings.missing_values import CODE_TOLERANCE, DEFAULT_FILL, UNSEEN_TOLERANCE

# healpy's UNSEEN, and the default fill value of the NetCDF library.
_CODES = ((-1.6375e30, UNSEEN_TOLERANCE), (DEFAULT_FILL["f8"], CODE_TOLERANCE))
# No map without missing values has a sum as large; one with such a code has.
_LARGE = 1e25


def known_signal(x: Tensor, noun: str = "pixels", nan: bool = False) -> Tensor:
    """Raise if values of a map are missing, or replace them by NaN.

    Missing values are NaN, infinities, healpy's ``UNSEEN`` and the default fill value
    of NetCDF files. A transform would spread each of them to every coefficient. The sum
    of the map shows in one pass whether there may be any.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, n, channel)``.
    noun
        Name of the ``n`` places, in the message.
    nan
        Whether NaN and infinities may pass: networks return NaN for the maps that have
        them. ``UNSEEN`` and fill values, which would make wrong numbers, are still
        refused.

    Returns
    -------
    Tensor
        The signals. On accelerators and under compilation, export and the transforms of
        ``torch.func``, where values cannot be read without waiting, missing values
        become NaN.

    Raises
    ------
    ValueError
        If values are missing, on the CPU.
    """
    if not has_values(x):
        return torch.where(_missing(x, nan), torch.nan, x)
    if abs(float(x.detach().sum())) < _LARGE:
        return x
    missing = _missing(x.detach(), nan)
    # A pixel that is missing in several channels counts once.
    lacking = missing.any(-1)
    if not bool(lacking.any()):
        return x
    count, first = int(lacking.sum()), lacking.nonzero()[0].tolist()
    maps = f" in {counted(lacking[..., 0].numel(), 'map')}" if x.ndim > 2 else ""
    value = float(x.detach()[(*first, missing[tuple(first)].nonzero()[0].item())])
    raise ValueError(
        f"values are missing at {count} of {lacking.numel()} {noun}{maps} (the first "
        f"is {noun[:-1]} {first[-1]}, {value:.6g}), and each would spoil the result; "
        "fill them, such as with the mean of the others, or take sampling[known] and "
        f"the values at these {noun} only"
    )


def known_places(x: Tensor) -> Tensor | None:
    """Return where values are known, or None if all are.

    Values that are not are those that :func:`known_signal` refuses. Where they cannot
    be read without waiting (on accelerators, in compiled programs), the places are
    returned in any case.
    """
    # NaN fails the comparison, too.
    if has_values(x) and abs(float(x.detach().sum())) < _LARGE:
        return None
    known = ~_missing(x.detach(), nan=False)
    return None if has_values(x) and bool(known.all()) else known


def _missing(x: Tensor, nan: bool) -> Tensor:
    """Return where values are missing, as :mod:`samplings.missing_values` defines."""
    missing = torch.zeros_like(x, dtype=torch.bool) if nan else ~x.isfinite()
    precision = torch.finfo(x.dtype)
    for code, tolerance in _CODES:
        if abs(code) < precision.max:
            slack = max(tolerance, precision.eps) * abs(code)
            missing = missing | ((x - code).abs() <= slack)
    return missing


def tensor_argument(
    name: str, value: Tensor, shape: str = "(*batch, vertex, channel)"
) -> Tensor:
    """Return ``value`` if it is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name} must be a tensor {shape}, got {kind_of(value)}; convert it with "
            "torch.as_tensor"
        )
    return value


def checked_signal(
    x: Tensor,
    n_in: int,
    weight: Tensor,
    cast: bool = True,
    taker: str = "this operator",
) -> Tensor:
    """Check that ``x`` is a signal on the sources of an operator.

    Under autocast the signal is converted to the operator's dtype, so that sums over
    edges keep its precision.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, n_in, channel)``.
    n_in
        Number of vertices expected.
    weight
        Edge weights, whose dtype and device are expected.
    cast
        Whether to convert the signal under autocast.
    taker
        Name of the object that takes the signal, for the messages.

    Raises
    ------
    TypeError
        If ``x`` is not a tensor, or its dtype differs.
    ValueError
        If its shape or device differs.
    """
    if tensor_argument("x", x).ndim < 2:
        raise ValueError(
            "x must have shape (*batch, vertex, channel), got "
            f"{tuple(x.shape)}; add a channel with x[..., None]"
        )
    if x.shape[-2] != n_in:
        raise ValueError(
            f"x has {counted(x.shape[-2], 'vertex', 'vertices')}, {taker} takes "
            f"{n_in}; x must have shape (*batch, vertex, channel) and live on the "
            f"sampling that {taker} was built for"
        )
    if x.device != weight.device:
        raise ValueError(
            f"x is on {x.device} but {taker} is on {weight.device}; "
            "move one with .to(device)"
        )
    if x.is_floating_point() and torch.is_autocast_enabled(x.device.type):
        return x.to(weight.dtype) if cast else x
    if x.dtype != weight.dtype:
        other = f", or {taker} with .to({x.dtype})" if x.dtype.is_floating_point else ""
        raise TypeError(
            f"x must be {weight.dtype} like {taker}, got {x.dtype}; convert it "
            f"with .to({weight.dtype}){other}"
        )
    return x
