"""Networks whose vertices are dealt to several processes."""

from __future__ import annotations

from functools import partial

from torch import distributed as dist
from torch.distributed import ProcessGroup

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.layers import ChannelNorm, ChebConv, GlobalMeanPool
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import InvariantNorm
from deepsphere_pyg.models.classifier import OF_VERTICES
from deepsphere_pyg.operators.partitioned import PartitionedOperator
from deepsphere_pyg.processes import vertex_sum
from samplings import Partition
from samplings.arguments import instance_argument


def partition_model(
    model: SphericalModel, partition: Partition, group: ProcessGroup | None = None
) -> SphericalModel:
    """Make a network compute the vertices of this process, and no others.

    Signals are then those at ``partition.vertices(rank)``, in and out. Its weights are
    those of the whole network, the same in all processes, and so is ``state_dict``. The
    graphs of the whole sphere are given up: ``model.pyramid`` is an outline of it.
    The call is collective, and so are those of the network.

    In training, statistics of batch normalisations are sums over all vertices where
    :class:`~deepsphere_pyg.training.WholeBatchNorms` is applied, and losses of this
    package where :func:`~deepsphere_pyg.processes.part_of_batch` says so; the mean of
    the gradients of all processes is the gradient of one that has all vertices.

    Parameters
    ----------
    model
        A network of Chebyshev convolutions, pooling and means over the sphere, such as
        :class:`SphericalUNet` and :class:`SphericalClassifier`, the same in all
        processes. Changed in place.
    partition
        That of ``model.pyramid``, for as many ranks as the group has processes.
    group
        Processes among which vertices are dealt; all by default.

    Returns
    -------
    SphericalModel
        The model.

    Raises
    ------
    TypeError
        If an argument is of another kind, or the network has parts that need all
        vertices at once.
    ValueError
        If the partition does not fit the network or the group.
    """
    remedy = "pass a network such as SphericalUNet"
    instance_argument("model", model, SphericalModel, remedy)
    instance_argument("partition", partition, Partition, "make one of model.pyramid")
    levels = {len(owners): owners for owners in partition.owners}
    sizes = [len(model.sampling), *(len(c.coarse) for c in model.pyramid.coarsenings)]
    if [len(owners) for owners in partition.owners] != sizes:
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
            if isinstance(part, EdgeOperator):
                owners = levels[part.n_out], levels[part.n_in]
                local = PartitionedOperator(part, *owners, hops=hops, group=group)
                setattr(parent, name, local)
    rank = dist.get_rank(group)
    for part in model.modules():
        if isinstance(part, GlobalMeanPool) and part.area is not None:
            mine = levels[len(part.area)] == rank
            part.keep("area", part.area[mine].cpu().numpy(), part.area.dtype)
        if isinstance(part, GlobalMeanPool | ChannelNorm):
            part.vertex_sums = partial(vertex_sum, group=group)
    model.n_vertices = int((partition.owners[0] == rank).sum())
    model.geometry = model.pyramid = model.pyramid.outline()
    return model


def reunite_model(model: SphericalModel) -> SphericalModel:
    """Make a network that :func:`partition_model` changed compute all vertices again.

    Its graphs are built again, in each process that calls this; nothing is sent.

    Parameters
    ----------
    model
        The network. Changed in place; its weights stay.

    Returns
    -------
    SphericalModel
        The model.

    Raises
    ------
    TypeError
        If it is not such a network.
    """
    remedy = "pass one that partition_model changed"
    instance_argument("model", model, SphericalModel, remedy)
    like = model.standardize.mean
    whole = type(model).from_config(model.config, model.pyramid.built())
    whole.to(like.device, like.dtype)
    for name, part in [*whole.named_modules()]:
        if isinstance(part, EdgeOperator | GlobalMeanPool):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, part)
    for part in model.modules():
        if isinstance(part, ChannelNorm):
            part.vertex_sums = None
    model.n_vertices = whole.n_vertices
    model.geometry = model.pyramid = whole.pyramid
    return model


def _refuse_whole_parts(model: SphericalModel) -> None:
    """Refuse parts that need all vertices, or all signals, at once."""
    if model.config.get("head") in OF_VERTICES:
        raise TypeError(
            f"the head {model.config['head']!r} has weights for all vertices of the "
            "coarsest level, which no process has; take head='linear' or 'convolution'"
        )
    for name, part in model.named_modules():
        fixed = isinstance(part, FixedTensors)
        if (fixed and not isinstance(part, EdgeOperator | GlobalMeanPool)) or (
            isinstance(part, InvariantNorm)
        ):
            raise TypeError(
                f"{name} ({type(part).__name__}) needs all vertices or all maps at "
                "once, which no process has; take a network of Chebyshev convolutions, "
                "pooling, and means over the sphere that enter a linear head"
            )
