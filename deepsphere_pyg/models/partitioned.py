"""Networks whose vertices are dealt to several processes."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from torch import distributed as dist
from torch.distributed import ProcessGroup

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.layers import (
    ChannelNorm,
    ChebConv,
    DiscoOperator,
    GlobalMeanPool,
    Neighbourhoods,
)
from deepsphere_pyg.layers.graph.attention.partitioned_neighbourhoods import (
    PartOfNeighbourhoods,
)
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import InvariantNorm
from deepsphere_pyg.models.classifier import OF_VERTICES
from deepsphere_pyg.models.forecast.mesh_network import MeshNetwork
from deepsphere_pyg.operators import ChildOperator
from deepsphere_pyg.operators.partitioned import PartitionedOperator
from deepsphere_pyg.operators.partitioned_children import PartOfChildren
from deepsphere_pyg.processes import checked_group, vertex_sum
from samplings import Partition, Pyramid, PyramidPlan
from samplings.arguments import instance_argument

# Fixed tensors of which a process may have those of its vertices.
SHARED = EdgeOperator | GlobalMeanPool | Neighbourhoods
Shareable = TypeVar("Shareable", bound=SphericalModel | MeshNetwork)


def partition_model(
    model: Shareable, partition: Partition, group: ProcessGroup | None = None
) -> Shareable:
    """Make a network compute the vertices of this process, and no others.

    Signals are then those at ``partition.vertices(rank)``, in and out. Its weights are
    those of the whole network, the same in all processes, and so is ``state_dict``. The
    graphs of the whole sphere are given up: ``model.pyramid`` is an outline of it.
    Of a network on a :class:`samplings.PyramidPlan` none is built: each process builds
    the operators of its vertices alone. The call is collective, and so are those of the
    network.

    In training, statistics of batch normalisations are sums over all vertices where
    :class:`~deepsphere_pyg.training.WholeBatchNorms` is applied, and losses of this
    package where :func:`~deepsphere_pyg.processes.part_of_batch` says so; the mean of
    the gradients of all processes is the gradient of one that has all vertices.

    Parameters
    ----------
    model
        A network of Chebyshev convolutions or attention to neighbours, pooling and
        means over the sphere, such as
        :class:`SphericalUNet` and :class:`SphericalClassifier`, the same in all
        processes; or a :class:`MeshNetwork` of such a processor, on a mesh of fewer
        vertices. Changed in place. Learned pooling needs cells that are nested.
    partition
        That of ``model.pyramid``, for as many ranks as the group has processes.
    group
        Processes among which vertices are dealt; all by default.

    Returns
    -------
    SphericalModel or MeshNetwork
        The model.

    Raises
    ------
    TypeError
        If an argument is of another kind, or the network has parts that need all
        vertices at once.
    ValueError
        If the partition does not fit the network or the group, or as
        :class:`~deepsphere_pyg.operators.PartitionedOperator`.
    """
    remedy = "pass a network such as SphericalUNet"
    instance_argument("model", model, (SphericalModel, MeshNetwork), remedy)
    instance_argument("partition", partition, Partition, "make one of model.pyramid")
    checked_group(group, "a network", "leave it whole in one process")
    levels = {len(owners): owners for owners in partition.levels}
    pyramid = model.pyramid
    if pyramid is None:
        raise TypeError(
            f"the processor of a {type(model).__name__} must have levels of fewer "
            f"vertices than the data have, {len(model.sampling)}, which processes "
            "could share; take one such as ResidualUNet on a coarser mesh"
        )
    sizes = [len(model.sampling), *(len(c.coarse) for c in pyramid.coarsenings)]
    if [len(owners) for owners in partition.levels] != sizes:
        raise ValueError(
            f"the partition must be of the pyramid of the network, of levels with "
            f"{', '.join(map(str, sizes))} vertices, got {partition}; make it of "
            "model.pyramid"
        )
    _refuse_whole_parts(model)
    convolutions = (part for part in model.modules() if isinstance(part, ChebConv))
    hops = max([1, *(part.K - 1 for part in convolutions)])
    for parent in [*model.modules()]:
        for name, part in parent.named_children():
            if isinstance(part, ChildOperator):
                fine = levels[part.n_in if part.pools else part.n_out]
                children = PartOfChildren(part, levels[part.n_parents], fine, group)
                setattr(parent, name, children)
            elif isinstance(part, Neighbourhoods):
                around = PartOfNeighbourhoods(part, levels[part.n_vertices], group)
                setattr(parent, name, around)
            elif isinstance(part, EdgeOperator):
                owners = levels[part.n_out], levels[part.n_in]
                local = PartitionedOperator(part, *owners, hops=hops, group=group)
                setattr(parent, name, local)
    rank = dist.get_rank(group)
    for part in model.modules():
        if isinstance(part, GlobalMeanPool) and part.area is not None:
            mine = levels[len(part.area)].vertices(rank)
            part.keep("area", part.area[mine].cpu().numpy(), part.area.dtype)
        if isinstance(part, GlobalMeanPool | ChannelNorm):
            part.vertex_sums = partial(vertex_sum, group=group)
    for part in model.modules():
        if isinstance(part, SphericalModel | MeshNetwork):
            part.n_vertices = len(levels[len(part.sampling)].vertices(rank))
            _give_up_graphs(part)
    return model


def _give_up_graphs(model: SphericalModel | MeshNetwork) -> None:
    """Keep the outline of a pyramid alone."""
    if isinstance(model, MeshNetwork):
        # It is made again of that of its processor.
        model.__dict__.pop("pyramid", None)
    else:
        model.geometry = model.pyramid = model.pyramid.outline()


def reunite_model(model: Shareable) -> Shareable:
    """Make a network that :func:`partition_model` changed compute all vertices again.

    Its graphs are built again, in each process that calls this; nothing is sent. A
    network on a :class:`samplings.PyramidPlan` has plans of them again.

    Parameters
    ----------
    model
        The network. Changed in place; its weights stay.

    Returns
    -------
    SphericalModel or MeshNetwork
        The model.

    Raises
    ------
    TypeError
        If it is not such a network.
    """
    remedy = "pass one that partition_model changed"
    instance_argument("model", model, (SphericalModel, MeshNetwork), remedy)
    like = model.standardize.mean
    # A plan stays one: no process could hold the graphs of the whole sphere.
    place = model.geometry
    if isinstance(place, Pyramid) and not isinstance(place, PyramidPlan):
        place = place.built()
    whole = type(model).from_config(model.config, place)
    whole.to(like.device, like.dtype)
    for name, part in [*whole.named_modules()]:
        if isinstance(part, SHARED):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, part)
    for part in model.modules():
        if isinstance(part, ChannelNorm):
            part.vertex_sums = None
    for name, part in whole.named_modules():
        if isinstance(part, SphericalModel | MeshNetwork):
            mine: Any = model.get_submodule(name)
            mine.n_vertices = part.n_vertices
            if isinstance(part, SphericalModel):
                mine.geometry = mine.pyramid = part.pyramid
    return model


def _refuse_whole_parts(model: SphericalModel | MeshNetwork) -> None:
    """Refuse parts that need all vertices, or all signals, at once."""
    for name, part in model.named_modules():
        if isinstance(part, SphericalModel) and part.config.get("head") in OF_VERTICES:
            raise TypeError(
                f"the head {part.config['head']!r} has weights for all vertices of the "
                "coarsest level, which no process has; take head='linear' or "
                "'convolution'"
            )
        fixed = isinstance(part, FixedTensors)
        if (fixed and not isinstance(part, SHARED)) or (
            isinstance(part, InvariantNorm | DiscoOperator)
        ):
            raise TypeError(
                f"{name} ({type(part).__name__}) needs all vertices or all maps at "
                "once, which no process has; take a network of Chebyshev convolutions "
                "or attention, pooling, and means over the sphere that enter a linear "
                "head"
            )
