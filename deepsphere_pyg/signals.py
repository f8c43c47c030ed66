"""What every operator asks of the signals it is given."""

from __future__ import annotations

import torch
from torch import Tensor

from samplings.missing_values import CODE_TOLERANCE, DEFAULT_FILL, UNSEEN_TOLERANCE

# healpy's UNSEEN, and what the NetCDF library writes where nothing was written.
_CODES = ((-1.6375e30, UNSEEN_TOLERANCE), (DEFAULT_FILL["f8"], CODE_TOLERANCE))
# No map of known values has a sum as large; with a code for missing ones it has.
_LARGE = 1e25


def known_signal(x: Tensor, noun: str = "pixels", nan: bool = False) -> Tensor:
    """Refuse a map in which values are missing, or make what comes of it NaN.

    Missing are NaN, infinities, healpy's ``UNSEEN`` and the default fill value of
    NetCDF files. In transforms each of them reaches every coefficient. The sum of the
    map tells in one pass whether there may be any.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, n, channel)``.
    noun
        What the ``n`` are, for the message.
    nan
        Whether what is not finite may pass: networks answer NaN to it, for the map
        alone that holds it. ``UNSEEN`` and fill values, to which they would answer
        numbers, are refused all the same.

    Returns
    -------
    Tensor
        The signals. On accelerators, under compilation, export and the transforms of
        ``torch.func``, where to look at values would wait for them or is not possible,
        they are NaN where they are missing.

    Raises
    ------
    ValueError
        If values are missing, on the CPU.
    """
    looked_at = (
        x.device.type == "cpu"
        and type(x) in (Tensor, torch.nn.Parameter)
        and not torch.compiler.is_compiling()
        and torch._C._get_tracing_state() is None
        and not torch._C._functorch.is_functorch_wrapped_tensor(x)
    )
    if not looked_at:
        return torch.where(_missing(x, nan), torch.nan, x)
    if abs(float(x.detach().sum())) < _LARGE:
        return x
    missing = _missing(x.detach(), nan)
    # Channels that lack the same pixels count once.
    lacking = missing.any(-1)
    if not bool(lacking.any()):
        return x
    count, first = int(lacking.sum()), lacking.nonzero()[0].tolist()
    maps = f" in {lacking[..., 0].numel()} maps" if x.ndim > 2 else ""
    value = float(x.detach()[(*first, missing[tuple(first)].nonzero()[0].item())])
    raise ValueError(
        f"values are missing at {count} of {lacking.numel()} {noun}{maps} (the first "
        f"is {noun[:-1]} {first[-1]}, {value:.6g}), and each would spoil the result; "
        "fill them, such as with the mean of the others, or take sampling[known] with "
        "x[..., known, :] only"
    )


def _missing(x: Tensor, nan: bool) -> Tensor:
    """Where values are missing, by the rule of :mod:`samplings.missing_values`."""
    missing = torch.zeros_like(x, dtype=torch.bool) if nan else ~x.isfinite()
    precision = torch.finfo(x.dtype)
    for code, tolerance in _CODES:
        if abs(code) < precision.max:
            slack = max(tolerance, precision.eps) * abs(code)
            missing = missing | ((x - code).abs() <= slack)
    return missing


def checked_signal(
    x: Tensor,
    n_in: int,
    weight: Tensor,
    cast: bool = True,
    taker: str = "this operator",
) -> Tensor:
    """Refuse what is not a signal on the sources of an operator.

    Under autocast the signal is brought to the operator's dtype: sums over many edges
    stay in its precision.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, n_in, channel)``.
    n_in
        Number of vertices expected.
    weight
        Edge weights, whose dtype and device are expected.
    cast
        Whether to bring the signal to that dtype under autocast; else it is left as
        it is there.
    taker
        Name of what takes the signal, for the messages.

    Raises
    ------
    TypeError
        If ``x`` is not a tensor or of another dtype.
    ValueError
        If it has another shape or is on another device.
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"x must be a tensor (*batch, vertex, channel), got {type(x).__name__};"
            " convert it with torch.as_tensor"
        )
    if x.ndim < 2:
        raise ValueError(
            "x must have shape (*batch, vertex, channel), got "
            f"{tuple(x.shape)}; add a channel with x[..., None]"
        )
    if x.shape[-2] != n_in:
        raise ValueError(
            f"x has {x.shape[-2]} vertices, {taker} takes {n_in}; x must have "
            "shape (*batch, vertex, channel) and live on the sampling that "
            f"{taker} was built for"
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
