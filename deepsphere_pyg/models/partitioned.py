"""Networks whose vertices are dealt to several processes."""

from __future__ import annotations

from torch import distributed as dist
from torch.distributed import ProcessGroup

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.layers import ChannelNorm, ChebConv
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.operators.partitioned import PartitionedOperator
from samplings import Partition
from samplings.arguments import instance_argument


def partition_model(
    model: SphericalModel, partition: Partition, group: ProcessGroup | None = None
) -> SphericalModel:
    """Make a network compute the vertices of this process, and no others.

    Signals are then those at ``partition.vertices(rank)``, in and out. Its weights are
    those of the whole network, the same in all processes, and so is ``state_dict``.
    The call is collective, and so are those of the network.

    In training, statistics of batch normalisations are sums over all vertices where
    :class:`~deepsphere_pyg.training.WholeBatchNorms` is applied, and losses of this
    package where :func:`~deepsphere_pyg.processes.part_of_batch` says so; the mean of
    the gradients of all processes is the gradient of one that has all vertices.

    Parameters
    ----------
    model
        A network of Chebyshev convolutions and pooling, such as
        :class:`SphericalUNet`, the same in all processes. Changed in place.
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
    hops = 1
    for name, part in model.named_modules():
        if isinstance(part, ChebConv):
            hops = max(hops, part.K - 1)
        whole = isinstance(part, FixedTensors) and not isinstance(part, EdgeOperator)
        if whole or (isinstance(part, ChannelNorm) and part.kind == "instance"):
            raise TypeError(
                f"{name}, a {type(part).__name__}, needs all vertices at once, which "
                "no process has; take a network of Chebyshev convolutions, pooling and "
                "batch or layer normalisation"
            )
    for parent in [*model.modules()]:
        for name, part in parent.named_children():
            if isinstance(part, EdgeOperator):
                local = PartitionedOperator(
                    part, levels[part.n_out], levels[part.n_in], hops=hops, group=group
                )
                setattr(parent, name, local)
    model.n_vertices = int((partition.owners[0] == dist.get_rank(group)).sum())
    return model
