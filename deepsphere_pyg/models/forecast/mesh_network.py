"""Encoder, processor and decoder: a network on another sampling than the data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self, SupportsIndex

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.models.checkpoint import checkpoint_header, model_of_header
from deepsphere_pyg.models.forecast.field_network import FieldNetwork, pointwise
from samplings import Pyramid, Sampling, Transfer
from samplings.arguments import choice_argument, instance_argument, integer_argument
from samplings.interpolation.weights import kept_weights, used_method

TRANSFERS = ("conservative", "bilinear")
# Weights below this are round-off of an interpolation that does not reach a vertex.
REACHED = 1e-9


class MeshNetwork(FieldNetwork):
    r"""Map fields to fields by a network on a mesh of another kind or resolution.

    .. math:: y = D(T' P(T E(x)),\, E(x))

    with two linear maps E of the channels of each vertex, with GELU between, that
    encode; the transfer T from the data to the mesh; the processor P, any network from
    fields to fields; the transfer T' back; and two linear maps D that decode, with the
    encoded data beside, so that details that the mesh does not resolve are not lost.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and the output.
    sampling
        Sampling of both.
    processor
        A network of this package on the mesh, from ``(*batch, vertex, channel)`` to the
        same, such as a :class:`ResidualUNet` or a :class:`SphericalFourierOperator`.
        Its numbers of channels are those of the encoded fields. It becomes a part of
        this network, with its weights.
    transfer
        ``"conservative"``, means over the areas that cells share, which keep integrals;
        or ``"bilinear"``, between the four pixels or crossings around a vertex, on
        HEALPix and grids, and linear on triangles elsewhere, which is smooth.
    hidden
        Channels between the linear maps, by default those of the encoded fields.

    Attributes
    ----------
    processor
        As given.
    mesh
        Its sampling.
    pyramid
        Levels of the data and of the processor, which processes may share.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError
        If the processor is not a network of this package, or works on coefficients.
    ValueError
        If it does not map fields to fields, a vertex of the mesh or of the data gets no
        values from the other, or an option is not one of the above; in ``forward``, if
        ``x`` does not fit.

    Notes
    -----
    Source: the design of Battaglia et al. 2018, arXiv:1806.01261, as Keisler 2022,
    arXiv:2202.07575, uses it for weather; here the transfers are fixed, and the
    processor is learned.

    Equivariance: exact for the rotations that map the sampling and the mesh onto
    themselves and with which the processor commutes, approximate for others.

    Examples
    --------
    >>> from samplings import Equiangular, HEALPix
    >>> from deepsphere_pyg.models import SphericalFourierOperator
    >>> processor = SphericalFourierOperator(8, 8, HEALPix(4), channels=8, blocks=1)
    >>> model = MeshNetwork(3, 2, Equiangular(8), processor=processor)
    >>> model.mesh, model(torch.zeros(5, 128, 3)).shape
    (HEALPix(nside=4, nest=True) with 192 vertices, torch.Size([5, 128, 2]))
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        *,
        processor: SavedModel,
        transfer: str = "conservative",
        hidden: SupportsIndex | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, sampling)
        remedy = "pass a network of deepsphere_pyg.models, such as ResidualUNet"
        self.processor = instance_argument("processor", processor, SavedModel, remedy)
        geometry = processor.geometry
        if geometry is None:
            raise TypeError(
                f"processor must have a sampling, got a {type(processor).__name__}, "
                "which works on coefficients; pass one such as ResidualUNet"
            )
        mesh = geometry.sampling if isinstance(geometry, Pyramid) else geometry
        self.mesh: Sampling = mesh
        before, after = _channels(processor, mesh)
        choice_argument("transfer", transfer, TRANSFERS)
        width = before if hidden is None else integer_argument("hidden", hidden, 1)
        self.transfer = transfer
        self.hidden = width
        self.to_mesh, self.to_data = transfers(sampling, mesh, transfer)
        self.encoder = pointwise(self.in_channels, width, before)
        self.decoder = pointwise(after + before, width, self.out_channels)

    @cached_property
    def pyramid(self) -> Pyramid | None:
        """The levels of the processor below that of the data, which has no graph.

        None if the processor has no levels, or its mesh not fewer vertices than the
        data. Cells of the data are shared by those of the mesh as means over areas are,
        also if another transfer is used.
        """
        lower = self.processor.geometry
        if not isinstance(lower, Pyramid) or len(self.mesh) >= len(self.sampling):
            return None
        first = Transfer.conservative(self.sampling, self.mesh).coarsening()
        config = {"sampling": self.sampling.config, "mesh": lower.config}
        return Pyramid(lower.graphs, (first, *lower.coarsenings), config)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor except the sampling, JSON-serialisable."""
        return {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "processor": checkpoint_header(self.processor),
            "transfer": self.transfer,
            "hidden": self.hidden,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and a sampling."""
        processor = model_of_header(
            config["processor"], f"the file of a {cls.__name__}"
        )
        return super().from_config({**config, "processor": processor}, geometry)

    def forward(self, x: Tensor) -> Tensor:
        """Return fields ``(*batch, vertex, out_channels)``."""
        encoded = self.encoder(self.checked_input(x))
        y = self.to_data(self.processor(self.to_mesh(encoded)))
        z: Tensor = self.decoder(torch.cat([y, encoded], dim=-1))
        return z


def transfers(
    data: Sampling, mesh: Sampling, method: str
) -> tuple[EdgeOperator, EdgeOperator]:
    """Return the operators from the data to the mesh, and back.

    Raises
    ------
    ValueError
        If a vertex of one gets no values from the other.
    """
    if method == "conservative":
        shares = Transfer.conservative(data, mesh)
        return EdgeOperator(shares.pooling()), EdgeOperator(shares.unpooling())
    return EdgeOperator(_interpolation(data, mesh)), EdgeOperator(
        _interpolation(mesh, data)
    )


def _interpolation(source: Sampling, target: Sampling) -> sp.csr_array:
    """Return weights ``(V_target, V_source)`` of an interpolation, of sum one."""
    weights = kept_weights(source, target, used_method(source, target, "bilinear"))
    total = np.asarray(weights.sum(axis=1)).ravel()
    lacking = np.flatnonzero(total < REACHED)
    if len(lacking):
        raise ValueError(
            f"{len(lacking)} vertices of {target.name} get no values from "
            f"{source.name}, the first of them is {lacking[0]}; take samplings that "
            "cover the same part of the sphere"
        )
    return sp.csr_array(sp.diags_array(1 / total) @ weights)


def _channels(processor: SavedModel, mesh: Sampling) -> tuple[int, int]:
    """Return the numbers of channels of a network from fields to fields.

    Raises
    ------
    ValueError
        If it is not such a network.
    """
    name = type(processor).__name__
    before = getattr(processor, "in_channels", None)
    after = getattr(processor, "out_channels", None)
    found: tuple[int, ...] = ()
    if before is not None and after is not None:
        like = next(processor.parameters())
        training = processor.training
        with torch.no_grad():
            given = like.new_zeros(1, len(mesh), before)
            found = tuple(processor.eval()(given).shape)
        processor.train(training)
    if found != (1, len(mesh), after):
        raise ValueError(
            "processor must map signals (*batch, vertex, channel) on its sampling to "
            f"such signals, got a {name}, which returns {found or 'something else'}; "
            "pass one such as ResidualUNet"
        )
    return int(before or 0), int(after or 0)
