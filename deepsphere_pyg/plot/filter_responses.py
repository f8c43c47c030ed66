"""Responses of graph convolutions to impulses, and their gains at each degree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import eval_legendre
from torch import nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers import ChebConv, DepthwiseChebConv, PolynomialConv
from samplings import Sampling
from samplings.arguments import (
    array_argument,
    instance_argument,
    integer_argument,
    integers_argument,
    sampling_argument,
    shown,
)
from samplings.arrays import FloatArray


def impulse_responses(
    conv: nn.Module,
    sampling: Sampling,
    laplacian: EdgeOperator,
    pairs: Iterable[tuple[SupportsIndex, SupportsIndex]],
    vertex: SupportsIndex,
) -> FloatArray:
    """Return what a convolution makes of an impulse of unit integral at a vertex.

    Parameters
    ----------
    conv
        A :class:`~deepsphere_pyg.layers.ChebConv`,
        :class:`~deepsphere_pyg.layers.PolynomialConv` or
        :class:`~deepsphere_pyg.layers.DepthwiseChebConv`. Its bias is left out.
    sampling
        Sampling of the signals.
    laplacian
        Operator that the convolution is called with.
    pairs
        Input and output channel of each filter.
    vertex
        Where the impulse is.

    Returns
    -------
    ndarray
        Response at each vertex per steradian, shape ``(pair, V)``.

    Raises
    ------
    TypeError
        If an argument is not of its type.
    ValueError
        If there is no such channel or vertex, or the Laplacian is one of another
        sampling.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(4)
    >>> conv, laplacian = ChebConv(2, 3, K=3), laplacian_operator(sampling)
    >>> impulse_responses(conv, sampling, laplacian, [(0, 1), (1, 2)], 7).shape
    (2, 192)
    """
    conv = checked_conv(conv)
    n = len(sampling_argument("sampling", sampling))
    instance_argument(
        "laplacian", laplacian, EdgeOperator, "make one with laplacian_operator"
    )
    if (laplacian.n_in, laplacian.n_out) != (n, n):
        raise ValueError(
            f"laplacian must be one of the {n} vertices of {sampling.name}, got an "
            f"operator from {laplacian.n_in} to {laplacian.n_out}; make it with "
            "laplacian_operator(sampling)"
        )
    vertex = index_argument("vertex", vertex, n)
    chosen = checked_pairs(conv, pairs)
    inputs = sorted({source for source, _ in chosen})
    impulse = np.zeros((len(inputs), n, _channels(conv)[0]))
    for row, source in enumerate(inputs):
        impulse[row, vertex, source] = 1 / sampling.weights[vertex]
    x = torch.as_tensor(impulse, dtype=laplacian.dtype, device=laplacian.weight.device)
    with torch.no_grad():
        y = conv(x, laplacian) - conv(torch.zeros_like(x[:1]), laplacian)
    found = y.double().cpu().numpy()
    return np.stack([found[inputs.index(i), :, o] for i, o in chosen])


def filter_gains(
    response: npt.ArrayLike,
    sampling: Sampling,
    vertex: SupportsIndex,
    L: SupportsIndex,
) -> FloatArray:
    r"""Return the gain of filters at each degree, from their responses at a vertex.

    .. math:: g_l = \sum_j a_j\, r_j\, P_l(\cos\theta_j)

    with areas a and angles :math:`\theta` from the vertex: the harmonic coefficients of
    the part of the response that depends on the angle alone.

    Parameters
    ----------
    response
        As :func:`impulse_responses` gives it, shape ``(filter, V)``.
    sampling, vertex
        Where it was measured.
    L
        Number of degrees.

    Returns
    -------
    ndarray
        Shape ``(filter, L)``.

    Raises
    ------
    TypeError
        If an argument is not of its type.
    ValueError
        If the responses do not have one number per vertex, there is no such vertex, or
        L is less than 1.

    Examples
    --------
    An impulse has all degrees alike.

    >>> from samplings import HEALPix
    >>> sampling = HEALPix(2)
    >>> impulse = np.eye(48)[:1] / sampling.weights
    >>> bool(np.allclose(filter_gains(impulse, sampling, 0, 5), 1))
    True
    """
    n = len(sampling_argument("sampling", sampling))
    values = array_argument("response", response)
    if values.ndim != 2 or values.shape[1] != n:
        raise ValueError(
            f"response must have shape (filter, {n}), one number per vertex, got "
            f"{values.shape}; take it from impulse_responses"
        )
    centre = sampling.xyz[index_argument("vertex", vertex, n)]
    degrees = np.arange(integer_argument("L", L, 1))
    cos = np.clip(sampling.xyz @ centre, -1, 1)
    weighted = values * sampling.weights
    reached = np.flatnonzero(np.abs(weighted).sum(axis=0))
    legendre = eval_legendre(degrees[:, None], cos[reached])
    return np.asarray(weighted[:, reached] @ legendre.T)


def checked_conv(conv: Any) -> Any:
    """Return ``conv`` if it is a convolution whose filters can be measured."""
    kinds = (ChebConv, PolynomialConv, DepthwiseChebConv)
    return instance_argument("conv", conv, kinds, "pass a layer of the network")


def _channels(conv: Any) -> tuple[int, int]:
    """Return the numbers of input and output channels."""
    if isinstance(conv, DepthwiseChebConv):
        return conv.channels, conv.channels
    return conv.in_channels, conv.out_channels


def index_argument(name: str, value: SupportsIndex, count: int) -> int:
    """Return the number of a vertex or channel if it is below ``count``."""
    number = integer_argument(name, value, 0)
    if number >= count:
        raise ValueError(
            f"{name} must be below {count}, got {number}; numbers start at 0"
        )
    return number


def checked_pairs(conv: Any, pairs: Any) -> list[tuple[int, int]]:
    """Return pairs of channels that the convolution connects."""
    if not isinstance(pairs, list | tuple) or not pairs:
        raise TypeError(
            f"pairs must be a list of pairs of channels, got {shown(pairs)}; "
            "pass one such as [(0, 0), (0, 1)]"
        )
    found = []
    for number, pair in enumerate(pairs):
        channels = integers_argument(f"pairs[{number}]", pair, 0)
        if len(channels) != 2:
            raise ValueError(
                f"pairs[{number}] must be an input and an output channel, got "
                f"{channels}; pass two, such as (0, 1)"
            )
        source, target = (
            index_argument(f"pairs[{number}][{i}]", channels[i], _channels(conv)[i])
            for i in range(2)
        )
        if isinstance(conv, DepthwiseChebConv) and source != target:
            raise ValueError(
                f"pairs[{number}] must be the same channel twice, since "
                f"DepthwiseChebConv does not mix channels, got {channels}; pass "
                f"({source}, {source})"
            )
        found.append((source, target))
    return found
