"""Training of one sphere that several processes share, under Lightning."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any, SupportsIndex

import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor
from torch import distributed as dist
from torch.distributed import ProcessGroup
from torch.nn.parallel import DistributedDataParallel

from deepsphere_pyg.datasets.sample_parts import take_vertices
from deepsphere_pyg.models import partition_model, reunite_model
from deepsphere_pyg.processes import (
    everywhere,
    n_processes,
    process_rank,
    share_samples,
    vertex_sum,
)
from deepsphere_pyg.training.tasks.base import Task
from samplings import Partition
from samplings.arguments import integer_argument

# Option of DDP that buffers are sent: the name of PyTorch 2.13 on, and the one before.
_SENT = ("forward_sync_buffers", "broadcast_buffers")


class SpaceStrategy(DDPStrategy):
    """Deal the vertices of each map to several processes, each of which has a region.

    Trainings of this package take it by name, ``trainer={"strategy": "space",
    "devices": 2}``, commands as ``--trainer.strategy space --trainer.devices 2``, and
    Lightning's trainer as an object. Each process then
    computes the vertices of its region at all levels of the network, with those around
    them that convolutions reach, so that maps and activations need not fit into the
    memory of one. Losses, gradients, statistics and scores are those of one process,
    and checkpoints hold the whole network: they load in any number of processes, also
    to go on with the training. After the training the network is whole again.

    Of a network on a :class:`samplings.PyramidPlan` each process builds the graphs of
    its region alone, so that these need not fit into the memory of one either. It is a
    plan again after the training: :func:`~deepsphere_pyg.models.partition_model` makes
    it compute in parts, ``network.with_sampling(network.pyramid.built())`` as a whole.

    Parameters
    ----------
    per_sphere
        Number of processes that share each map; all of them by default. With fewer,
        groups of as many consecutive processes take different maps of a batch, as in
        data-parallel training: 8 processes with ``per_sphere=4`` take two at a time.
    **options
        Those of Lightning's ``DDPStrategy``, such as ``start_method``.

    Raises
    ------
    TypeError
        When training begins, if the network has parts that need all vertices at once;
        see :func:`~deepsphere_pyg.models.partition_model`.
    ValueError
        When training begins, if ``per_sphere`` does not divide the number of processes,
        the task or its loss cannot be computed in parts, or graphs that are planned
        cannot be built by region.

    Notes
    -----
    Of maps and series in arrays, memory-mapped ones among them, and of files whose
    cells are the vertices, each process reads its part. Other data sets give whole
    maps, of which it keeps its part, and so with the noise in the states from which
    forecasts start. Dropout draws its own zeros in each process.
    """

    def __init__(
        self, *, per_sphere: SupportsIndex | None = None, **options: Any
    ) -> None:
        # Processes compute the same statistics. Those of a forecast are as large as a
        # map, and DDP would send them before each step.
        if not {*options} & {*_SENT}:
            known = inspect.signature(DistributedDataParallel).parameters
            options[next(name for name in _SENT if name in known)] = False
        super().__init__(**options)
        self.per_sphere = (
            None
            if per_sphere is None
            else integer_argument("per_sphere", per_sphere, 1)
        )
        self._group: ProcessGroup | None = None
        self._vertices: Tensor | None = None
        self._taken: list[Any] = []

    def connect(self, model: pl.LightningModule) -> None:
        """Take a task, if it can be computed in parts."""
        _check_task(model)
        super().connect(model)

    def setup_environment(self) -> None:
        """Begin with the processes, and with groups of those that share a sphere."""
        super().setup_environment()
        total = n_processes()
        size = total if self.per_sphere is None else self.per_sphere
        if total % size:
            raise everywhere(
                ValueError(
                    f"per_sphere must divide the number of processes, {total}, got "
                    f"{size}; pass a divisor, or start another number of processes"
                )
            )
        for first in range(0, total, size):
            group = dist.new_group([*range(first, first + size)])
            if first <= process_rank() < first + size:
                self._group = group
        share_samples(size)

    @property
    def distributed_sampler_kwargs(self) -> dict[str, int]:
        """Number of parts into which samples are dealt, and that of this process."""
        size = dist.get_world_size(self._group)
        return {
            "num_replicas": n_processes() // size,
            "rank": process_rank() // size,
        }

    def setup(self, trainer: pl.Trainer) -> None:
        """Keep the part of the network that this process computes."""
        task: Any = self.lightning_module
        size, rank = dist.get_world_size(self._group), dist.get_rank(self._group)
        partition = Partition(task.network.pyramid, size)
        try:
            partition_model(task.network, partition, self._group)
        except (TypeError, ValueError) as error:
            raise everywhere(error) from None
        vertices = partition.vertices(rank)
        task.take_vertices(vertices, partial(vertex_sum, group=self._group))
        self._vertices = torch.from_numpy(vertices)
        super().setup(trainer)

    def process_dataloader(self, dataloader: object) -> object:
        """Let the data of a loader read the vertices of this process, if they can."""
        # Workers that go on after the training would keep to them.
        later = getattr(dataloader, "persistent_workers", False)
        dataset = getattr(dataloader, "dataset", None)
        if self._vertices is not None and dataset is not None and not later:
            take_vertices(dataset, self._vertices.numpy())
            self._taken.append(dataset)
        return super().process_dataloader(dataloader)

    def batch_to_device(
        self, batch: Any, device: torch.device | None = None, dataloader_idx: int = 0
    ) -> Any:
        """Return the part of a batch that this process has, on its device."""
        if self._vertices is not None:
            task: Any = self.lightning_module
            batch = task.part_of(batch, self._vertices)
        return super().batch_to_device(batch, device, dataloader_idx)

    def teardown(self) -> None:
        """Make the network whole again."""
        task: Any = self.lightning_module
        if self._vertices is not None:
            self._vertices = None
            reunite_model(task.network)
            task.take_vertices(None)
            for dataset in self._taken:
                take_vertices(dataset, None)
            self._taken = []
        share_samples(1)
        super().teardown()


def _check_task(task: Any) -> None:
    """Refuse tasks that cannot be computed in parts.

    Raises
    ------
    TypeError
        If it is a module of one's own.
    ValueError
        If it needs whole maps.
    """
    if not isinstance(task, Task):
        raise everywhere(
            TypeError(
                f"strategy='space' trains tasks of this package, got a "
                f"{type(task).__name__}; take strategy='ddp'"
            )
        )
    try:
        task.check_parts()
    except ValueError as error:
        raise everywhere(error) from None
