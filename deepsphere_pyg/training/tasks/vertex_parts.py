"""Tasks of processes that share each map, each of which has some of its vertices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.losses.summed import SummedLoss
from deepsphere_pyg.training.options import TrainingOptions
from samplings import Pyramid, Sampling
from samplings.arrays import IntArray


class VertexParts(FixedTensors):
    """What a task does to be computed in parts; a part of all tasks.

    Attributes
    ----------
    vertex_axes
        Axis of the vertices in each field of a batch that has one. Only classes that
        state it themselves can be trained by processes that share each map.
    options
        Options of the training.
    """

    vertex_axes: ClassVar[Mapping[str, int]] = {}
    options: TrainingOptions

    #: Adds up sums over vertices of the processes that share each map, if several do.
    vertex_sums: Callable[[Tensor], Tensor] | None = None

    def check_parts(self) -> None:
        """Refuse to be trained by processes each of which has some of the vertices.

        Raises
        ------
        ValueError
            If the batches, the loss or the network need whole maps.
        """
        if not type(self).__dict__.get("vertex_axes"):
            raise ValueError(
                f"a {type(self).__name__} does not state the vertex_axes of its "
                "batches, and may need whole maps; take strategy='ddp', or a "
                "SegmentationTask, RegressionTask, ForecastTask, ClassificationTask "
                "or GlobalRegressionTask"
            )
        loss = getattr(self, "loss", None)
        if "y" in self.vertex_axes and not isinstance(loss, SummedLoss):
            raise ValueError(
                f"the loss {type(loss).__name__} may not be one of sums over vertices, "
                "which processes that share a map need; take one of "
                "deepsphere_pyg.losses, or derive from SummedLoss"
            )
        network = cast(Any, self).network
        if not isinstance(getattr(network, "pyramid", None), Pyramid):
            raise ValueError(
                f"a {type(network).__name__} has no pyramid, whose vertices processes "
                "could share; take a network of graphs such as SphericalUNet or "
                "ResidualUNet, or strategy='ddp'"
            )
        if self.options.compile:
            raise ValueError(
                "a network whose vertices are dealt to processes cannot be compiled; "
                "leave out compile"
            )

    def take_vertices(
        self,
        vertices: IntArray | None,
        vertex_sums: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """Take batches of some vertices, or of all.

        Parameters
        ----------
        vertices
            Those of this process, or None for all.
        vertex_sums
            Function that adds up sums over the vertices of all processes that share
            each map.
        """
        self.vertex_sums = vertex_sums
        area = getattr(self, "area", None)
        if isinstance(area, Tensor):
            whole = relative_areas(cast(Any, self).sampling)
            self.keep(
                "area", whole if vertices is None else whole[vertices], area.dtype
            )

    def part_of(self, batch: Any, vertices: Tensor) -> Any:
        """Return some vertices of a batch, of which others may not have been read."""
        parts = {}
        for name, axis in self.vertex_axes.items():
            whole = getattr(batch, name)
            if whole.shape[axis] != len(vertices):
                parts[name] = whole.index_select(axis, vertices)
        return batch._replace(**parts)


def relative_areas(sampling: Sampling) -> npt.NDArray[np.float64]:
    """Areas of the vertices over their mean, so that losses read like plain means."""
    area = np.array(sampling.weights)
    relative: npt.NDArray[np.float64] = area / area.mean()
    return relative
