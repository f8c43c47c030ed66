"""Blocks of generalized networks: linear, nonlinear and linear operators."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.activations import POINTWISE
from deepsphere_pyg.layers.fragments.bispectrum_readout import BispectrumReadout
from deepsphere_pyg.layers.fragments.generalized_conv import GeneralizedConv
from deepsphere_pyg.layers.fragments.power_spectrum_readout import PowerSpectrumReadout
from deepsphere_pyg.layers.rotation_group.so3_integral import SO3Mean
from samplings.arguments import flag_argument

# They return invariants without rows.
READOUTS = (BispectrumReadout, PowerSpectrumReadout, SO3Mean)


class Ends(NamedTuple):
    """Layouts and channels of a module; None where the module does not declare them."""

    layout: HarmonicLayout | None
    layout_out: HarmonicLayout | None
    in_channels: int | None
    out_channels: int | None


class GeneralizedBlock(nn.Module):
    r"""Apply a linear, a nonlinear and a linear operator, with an optional shortcut.

    .. math:: A = L_2 \circ N \circ L_1

    with linear operators :math:`L_1, L_2` and a nonlinear N, all of which commute with
    rotations; with a shortcut S, :math:`A(f) + S(f)`. The operators determine the
    network:

    =====================  ==========================  ==========================
    network                linear                      nonlinear
    =====================  ==========================  ==========================
    Cobb et al. 2021       ConstrainedGeneralizedConv  TensorProductActivation
                                                       of ``"mst"``, ``"rmst"``
    Kondor et al. 2018     GeneralizedConv             TensorProductActivation
    Cohen et al. 2018      SphereToSO3Conv, SO3Conv    SO3GridActivation
    Esteves et al. 2018    ZonalConv                   GridActivation
    =====================  ==========================  ==========================

    and any mixture of these.

    Parameters
    ----------
    first
        :math:`L_1`; None for the identity.
    activation
        N.
    second
        :math:`L_2`; None for the identity.
    residual
        If True, the block's input is added to its output: directly if layouts and
        channels are the same, else through a :class:`GeneralizedConv`. Or a module: a
        shortcut of your own, such as ``nn.Identity()`` where the operators do not
        declare their layouts and channels.

    Attributes
    ----------
    layout, layout_out
        Rows of the input and the output; None where the modules do not declare them.
    in_channels, out_channels
        Numbers of channels; None where the modules do not declare them.
    first, activation, second, shortcut
        The operators; ``nn.Identity`` for the identity, and None without a shortcut.

    Shapes
    ------
    ``(*batch, row, in_channels) -> (*batch, row_out, out_channels)``

    Raises
    ------
    TypeError
        If an operator is not a module.
    ValueError
        If the output of an operator does not fit the next, an operator is a read-out of
        invariants, or ``residual=True`` and layouts or channels are not declared; in
        ``forward``, if the shapes of output and shortcut differ.

    Notes
    -----
    Equivariance: that of the least equivariant operator. Modules without ``layout`` and
    ``layout_out`` are not checked; elementwise nonlinearities of PyTorch are known to
    keep rows and channels. Your own activation on a grid may change the number of
    channels, which is then unknown.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 2.

    Examples
    --------
    >>> import torch
    >>> from deepsphere_pyg.layers import (
    ...     ConstrainedGeneralizedConv, TensorProductActivation
    ... )
    >>> product = TensorProductActivation(HarmonicLayout(6, 2), mixing="mst")
    >>> block = GeneralizedBlock(
    ...     ConstrainedGeneralizedConv(3, 8, 6, product.layout),
    ...     product,
    ...     ConstrainedGeneralizedConv(8, 16, product.layout_out, 4),
    ...     residual=True,
    ... )
    >>> block(torch.ones(5, 36, 3)).shape
    torch.Size([5, 16, 16])
    """

    shortcut: nn.Module | None

    def __init__(
        self,
        first: nn.Module | None,
        activation: nn.Module,
        second: nn.Module | None,
        *,
        residual: bool | nn.Module = False,
    ) -> None:
        super().__init__()
        named = {"first": first, "activation": activation, "second": second}
        for name, module in named.items():
            _check_module(name, module, optional=name != "activation")
            _check_not_readout(name, module)
        ends = chained(
            {name: module for name, module in named.items() if module is not None}
        )
        self.layout, self.layout_out = ends.layout, ends.layout_out
        self.in_channels, self.out_channels = ends.in_channels, ends.out_channels
        self.first = nn.Identity() if first is None else first
        self.activation = activation
        self.second = nn.Identity() if second is None else second
        if isinstance(residual, nn.Module):
            _check_not_readout("residual", residual)
            _check_shortcut(residual, ends)
            self.shortcut = residual
        else:
            asked = flag_argument("residual", residual)
            self.shortcut = _shortcut(ends) if asked else None

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients after the three operators."""
        y: Tensor = self.second(self.activation(self.first(coefficients)))
        if self.shortcut is None:
            return y
        added: Tensor = self.shortcut(coefficients)
        # A sum would broadcast a single row or channel.
        if y.shape != added.shape:
            raise ValueError(
                f"the shortcut must return shape {tuple(y.shape)}, as the operators "
                f"do, got {tuple(added.shape)}; pass a residual of these rows and "
                "channels"
            )
        return y + added


def ends_of(module: nn.Module) -> Ends:
    """Return the layouts and channels that a module declares.

    Modules on coefficients of the sphere may have ``L`` alone; modules that keep rows
    or channels may declare one ``layout``, one ``channels``.

    Examples
    --------
    >>> from deepsphere_pyg.layers import ZonalConv
    >>> ends_of(ZonalConv(3, 5, L=2))
    Ends(layout=HarmonicLayout(L=2, tau=1), layout_out=HarmonicLayout(L=2, tau=1), \
in_channels=3, out_channels=5)
    """
    layout = getattr(module, "layout", None)
    bandlimit = getattr(module, "L", None)
    if layout is None and isinstance(bandlimit, int):
        layout = HarmonicLayout(bandlimit)
    kept = getattr(module, "channels", None)
    return Ends(
        layout,
        getattr(module, "layout_out", layout),
        getattr(module, "in_channels", kept),
        getattr(module, "out_channels", kept),
    )


def chained(modules: dict[str, nn.Module]) -> Ends:
    """Return the ends of a chain of modules.

    Raises
    ------
    ValueError
        If a module does not fit the one before it.
    """
    start = end = Ends(None, None, None, None)
    before = ""
    for name, module in modules.items():
        here = ends_of(module)
        if before:
            _check_joint(before, end, name, here)
        else:
            start = here
        rows, channels = here.layout_out, here.out_channels
        if rows is None and isinstance(module, (*POINTWISE, nn.Linear)):
            rows = end.layout_out
        if channels is None and here.in_channels is None and _keeps_channels(module):
            channels = end.out_channels
        end = here._replace(layout_out=rows, out_channels=channels)
        before = name
    return Ends(start.layout, end.layout_out, start.in_channels, end.out_channels)


def _keeps_channels(module: nn.Module) -> bool:
    """Whether a module that declares no channels keeps their number."""
    if ends_of(module).layout is None:
        return isinstance(module, POINTWISE)
    activation = getattr(module, "activation", None)
    return activation is None or isinstance(activation, POINTWISE)


def _check_joint(before: str, end: Ends, name: str, here: Ends) -> None:
    if None not in (end.layout_out, here.layout) and end.layout_out != here.layout:
        raise ValueError(
            f"{name} must take the output of {before}, {end.layout_out}, got one "
            f"that takes {here.layout}; make them with the same layout"
        )
    given, taken = end.out_channels, here.in_channels
    if given is not None and taken is not None and given != taken:
        raise ValueError(
            f"{name} must take the {given} channels of {before}, got one that takes "
            f"{taken}; make them with the same number"
        )


def _check_module(name: str, module: object, *, optional: bool) -> None:
    if isinstance(module, nn.Module) or (optional and module is None):
        return
    raise TypeError(
        f"{name} must be a module{' or None' * optional}, got {type(module).__name__}; "
        "pass one such as TensorProductActivation(layout)"
    )


def _check_not_readout(name: str, module: object) -> None:
    if isinstance(module, READOUTS):
        raise ValueError(
            f"{name} must return coefficients, got {type(module).__name__}, which "
            "returns invariants without rows; put it after the block"
        )


def _check_shortcut(shortcut: nn.Module, ends: Ends) -> None:
    """Refuse a shortcut whose declared ends differ from the block's."""
    for name, of_block, own in zip(Ends._fields, ends, ends_of(shortcut), strict=True):
        if None not in (of_block, own) and of_block != own:
            raise ValueError(
                f"residual must have {name} {of_block}, as the block, got {own}; make "
                "them the same"
            )


def _shortcut(ends: Ends) -> nn.Module:
    """Return the module that takes a block's input to the shape of its output."""
    before, after, into, out = ends
    if before is None or after is None or into is None or out is None:
        raise ValueError(
            "residual=True needs operators that declare layouts and channels, got "
            f"{before} to {after}, {into} to {out} channels; pass a module as "
            "residual, such as nn.Identity()"
        )
    if (before, into) == (after, out):
        return nn.Identity()
    return GeneralizedConv(into, out, before, after)
