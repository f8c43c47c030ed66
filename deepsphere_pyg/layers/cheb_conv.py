"""Graph convolution by Chebyshev polynomials of a Laplacian."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.chebyshev import chebyshev_sum, chebyshev_terms
from deepsphere_pyg.signals import checked_signal


class ChebConv(nn.Module):
    r"""Convolve with learned polynomials of a Laplacian.

    .. math::
        y = \sum_{k=0}^{K-1} T_k(\tilde L)\, x\, W_k + b, \qquad
        T_0 = 1,\; T_1 = \tilde L,\; T_k = 2 \tilde L\, T_{k-1} - T_{k-2}

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    K
        Number of Chebyshev terms, at least 1; the polynomial has degree K - 1 and the
        filter reaches K - 1 edges far. With K = 1 it acts on single vertices.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(K, in_channels, out_channels)``; ``weight[k]`` multiplies :math:`T_k`.
        Drawn with variance ``2 / (in_channels K)``, which keeps the spread of the
        signals through a ReLU.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        If a number of channels or K is less than 1; in ``forward``, if the channels or
        vertices are not those expected.
    TypeError
        In ``forward``, if ``x`` is not of the Laplacian's dtype, or ``laplacian`` is no
        operator.

    Notes
    -----
    Source: Defferrard et al. 2016, arXiv:1606.09375, equation 5; Defferrard et al.
    2020, arXiv:2012.15000.

    Equivariance: exact for the rotations that map the graph onto itself, approximate
    for others, with an error that falls with the number of neighbours.

    Examples
    --------
    >>> from deepsphere_pyg.convert import laplacian_operator
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> operator = laplacian_operator(laplacian(knn_graph(HEALPix(2), k=8)))
    >>> ChebConv(3, 5, K=4)(torch.ones(2, 48, 3), operator).shape
    torch.Size([2, 48, 5])
    """

    def __init__(
        self, in_channels: int, out_channels: int, K: int, bias: bool = True
    ) -> None:
        super().__init__()
        for name, value in [
            ("in_channels", in_channels),
            ("out_channels", out_channels),
            ("K", K),
        ]:
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.K = K
        self.weight = nn.Parameter(torch.empty(K, in_channels, out_channels))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        nn.init.normal_(self.weight, std=(2 / (self.in_channels * self.K)) ** 0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the filtered signals.

        Parameters
        ----------
        x
            Signals, shape ``(*batch, vertex, in_channels)``.
        laplacian
            The rescaled Laplacian, of spectrum in [-1, 1], as
            :func:`deepsphere_pyg.convert.laplacian_operator` gives it.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, out_channels)``.
        """
        if not isinstance(laplacian, EdgeOperator):
            raise TypeError(
                f"laplacian must be an EdgeOperator, got {type(laplacian).__name__}; "
                "convert a Laplacian with deepsphere_pyg.laplacian_operator"
            )
        if laplacian.n_in != laplacian.n_out:
            raise ValueError(
                "a Laplacian maps a sampling to itself, got an operator from "
                f"{laplacian.n_in} to {laplacian.n_out} vertices"
            )
        x = checked_signal(x, laplacian.n_in, laplacian.weight)
        if x.shape[-1] != self.in_channels:
            raise ValueError(
                f"expected {self.in_channels} input channels, got {x.shape[-1]}; "
                "x must have shape (*batch, vertex, channel)"
            )
        # The Laplacian acts on whichever has fewer channels, inputs or outputs.
        if self.out_channels < self.in_channels:
            return self._sum_of_mixed(x, laplacian)
        return self._mix_of_terms(x, laplacian)

    def _mix_of_terms(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Polynomials first: the Laplacian acts on the input channels."""
        terms = chebyshev_terms(x, laplacian, self.K)
        flat = [term.reshape(-1, self.in_channels) for term in terms]
        if self.bias is None:
            y = flat[0] @ self.weight[0]
        else:
            y = torch.addmm(self.bias, flat[0], self.weight[0])
        for term, weight in zip(flat[1:], self.weight[1:], strict=True):
            # Autocast has casts for addmm, but none for addmm_, which saves a copy.
            autocast = torch.is_autocast_enabled(x.device.type)
            add = torch.addmm if autocast else Tensor.addmm_
            y = add(y, term, weight)
        return y.view(*x.shape[:-1], self.out_channels)

    def _sum_of_mixed(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Channels first: the Laplacian acts on the output channels."""
        columns = self.weight.transpose(0, 1).reshape(self.in_channels, -1)
        mixed = x.reshape(-1, self.in_channels) @ columns
        mixed = mixed.to(x.dtype).view(*x.shape[:-1], self.K * self.out_channels)
        parts = list(torch.split(mixed, self.out_channels, dim=-1))
        y = chebyshev_sum(parts, laplacian)
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, K={self.K}, "
            f"bias={self.bias is not None}"
        )
