"""Batches whose parts are in several processes: sums over the whole batch.

In data-parallel training each process sees its part of a batch, and the gradients of
the processes are averaged. A loss that is a ratio of sums, such as a mean over the
valid vertices, is not the average of the losses of the parts; nor are statistics of
batches. Losses and normalisations take their sums through :func:`batch_sum`, which adds
those of all processes while a :func:`part_of_batch` says so. Loss and gradient are then
those of the whole batch in one process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed import ProcessGroup

from samplings.arguments import instance_argument

Failure = TypeVar("Failure", bound=BaseException)
# Variables in which launchers give the number of a process, in the order of Lightning:
# that of SLURM may be there although SLURM launched no other process.
_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


class SummedValue(NamedTuple):
    """A loss of a batch, and the sums from which it follows.

    Attributes
    ----------
    of_sums
        Function from the sums to the loss.
    sums
        Sums over the batch.
    value
        The loss.
    """

    of_sums: Callable[[Tensor], Tensor]
    sums: Tensor
    value: Tensor


@dataclass
class Part:
    """The part of a batch that this process computes.

    Attributes
    ----------
    together
        Whether sums are those of all processes.
    counts
        Whether this part counts. A process that has no sample left in the last step of
        an epoch repeats one, which does not count.
    losses
        Losses that were computed from sums, in order.
    """

    together: bool
    counts: bool = True
    losses: list[SummedValue] = field(default_factory=list)


_part: Part | None = None
# Consecutive processes that share each sample, each of which has some of its vertices.
_sharing = 1


def n_processes() -> int:
    """Return the number of processes that train together."""
    ready = dist.is_available() and dist.is_initialized()
    return dist.get_world_size() if ready else 1


def process_rank() -> int:
    """Return the number of this process among those that train together."""
    ready = dist.is_available() and dist.is_initialized()
    return dist.get_rank() if ready else 0


def tell(text: str) -> None:
    """Print, in the first process alone."""
    rank = process_rank()
    if not (dist.is_available() and dist.is_initialized()):
        # Launchers number processes that do not know each other yet.
        rank = next((int(os.environ[key]) for key in _RANKS if key in os.environ), 0)
    if rank == 0:
        print(text)


def checked_group(group: object, shared: str, alone: str) -> None:
    """Refuse a group of processes that this one cannot share something with.

    Parameters
    ----------
    group
        The group, or None for all processes.
    shared, alone
        What they share, and what to do without a group, for the messages.

    Raises
    ------
    TypeError
        If ``group`` is not a group.
    ValueError
        If there is no group of processes, or this process is not one of them.
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise ValueError(
            f"processes that share {shared} must know each other, but no group of "
            "processes is initialised; call torch.distributed.init_process_group "
            f"first, or {alone}"
        )
    if isinstance(group, int) and group == dist.GroupMember.NON_GROUP_MEMBER:
        # PyTorch returns this number where a process is not in the new group.
        raise ValueError(
            "group must have this process, which is not a member of it; share "
            f"{shared} in the members alone, or pass a group with this process"
        )
    if group is not None:
        remedy = "pass one of torch.distributed.new_group, or None for all processes"
        instance_argument("group", group, ProcessGroup, remedy)


def share_samples(n: int) -> None:
    """State that as many consecutive processes share each sample.

    Each of them has some of its vertices. Without this, each process has samples of its
    own.
    """
    global _sharing
    _sharing = n


@contextmanager
def all_samples() -> Iterator[None]:
    """Take all samples in this process, which goes on alone after a training."""
    before = _sharing
    share_samples(n_processes())
    try:
        yield
    finally:
        share_samples(before)


def n_sharing() -> int:
    """Return the number of processes that share each sample."""
    return _sharing


def n_sample_parts() -> int:
    """Return the number of parts into which samples are dealt."""
    return max(1, n_processes() // _sharing)


def sample_part() -> int:
    """Return the number of the part whose samples this process takes."""
    return process_rank() // _sharing


@contextmanager
def part_of_batch(*, together: bool, counts: bool = True) -> Iterator[Part]:
    """State that signals belong to a part of a batch.

    Parameters
    ----------
    together
        Whether :func:`batch_sum` adds the sums of all processes. All must then compute
        the same sums in the same order.
    counts
        Whether the part of this process counts.
    """
    part = Part(together and n_processes() > 1, counts)
    with _stated(part):
        yield part


@contextmanager
def _stated(part: Part | None) -> Iterator[None]:
    """State that signals belong to a part, or to none."""
    global _part
    before, _part = _part, part
    try:
        yield
    finally:
        _part = before


def same_part() -> AbstractContextManager[None]:
    """Return a context in which signals belong to the part that they belong to now.

    Gradients are computed after the loss, outside the context of its part: what is
    computed once more for them needs the same sums.
    """
    return _stated(_part)


def in_parts() -> bool:
    """Whether sums over a batch are those of several processes now."""
    return _part is not None and _part.together


def batch_sum(x: Tensor) -> Tensor:
    """Return the sum over the whole batch of sums over this process's part.

    Derivatives pass through the sum of all processes: since gradients are averaged over
    processes afterwards, that of a loss of the sums is the gradient of the whole batch.
    """
    if _part is None or not _part.together:
        return x
    # Not zeros of its own: each process must give a gradient for each parameter.
    return cast(Tensor, _Total.apply(x if _part.counts else x * 0))  # type: ignore[no-untyped-call]


def vertex_sum(x: Tensor, group: ProcessGroup | None) -> Tensor:
    """Return the sum over the vertices of all processes that share a sphere.

    Derivatives pass through it as through :func:`batch_sum`.

    Parameters
    ----------
    x
        Sum over the vertices of this process.
    group
        The processes; all by default.
    """
    return cast(Tensor, _Total.apply(x, group))  # type: ignore[no-untyped-call]


def batch_mean(x: Tensor) -> Tensor:
    """Return the mean over the first axis, that of the samples of the whole batch."""
    if not in_parts():
        return x.mean(0)
    return batch_sum(x.sum(0)) / batch_sum(x.new_tensor(len(x)))


def value_of_sums(of_sums: Callable[[Tensor], Tensor], sums: Tensor) -> Tensor:
    """Return a loss of the sums over the whole batch, and record it."""
    value = of_sums(batch_sum(sums))
    if _part is not None:
        _part.losses.append(SummedValue(of_sums, sums, value))
    return value


def mean_of_losses(losses: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return a weighted mean of losses, and record it if all of them were recorded.

    Parameters
    ----------
    losses
        The last ones that were computed, in order; at least one. Their sums have one
        shape.
    weights
        One for each.
    """
    total = losses[0] * weights[0]
    for loss, weight in zip(losses[1:], weights[1:], strict=True):
        total = total + loss * weight
    value = total / sum(weights)
    known = [] if _part is None else _part.losses[-len(losses) :]
    if _part is not None and [id(one.value) for one in known] == [*map(id, losses)]:
        functions = [one.of_sums for one in known]

        def of_sums(sums: Tensor) -> Tensor:
            each = [of(one) for of, one in zip(functions, sums, strict=True)]
            return torch.stack(each) @ sums.new_tensor(weights) / sum(weights)

        sums = torch.stack([one.sums for one in known])
        _part.losses.append(SummedValue(of_sums, sums, value))
    return value


class _Total(torch.autograd.Function):
    """Sum over processes; its adjoint is the sum over the same processes, too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: ProcessGroup | None = None) -> Tensor:
        """Return the sum."""
        ctx.group = group
        return _added(x, group)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the sum of the gradients."""
        return _added(gradients[0], ctx.group), None


def _added(x: Tensor, group: ProcessGroup | None) -> Tensor:
    y = x.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(y, group=group)
    return y


# -- objects --------------------------------------------------------------------------
def gathered(part: Any) -> list[Any] | None:
    """Return the objects of all processes in the first one, None in the others."""
    if n_processes() == 1:
        return [part]
    parts = [None] * n_processes() if process_rank() == 0 else None
    dist.gather_object(part, parts)
    return parts


def from_first(make: Callable[[], Any]) -> Any:
    """Return, in all processes, an object that the first one makes.

    An error of the first process is raised in all of them, which would wait for the
    object for ever.
    """
    if n_processes() == 1:
        return make()
    found: list[Any] = [None, None]
    if process_rank() == 0:
        try:
            found[0] = make()
        except Exception as error:
            found[1] = error
    dist.broadcast_object_list(found)
    if found[1] is not None:
        raise everywhere(found[1])
    return found[0]


def everywhere(error: Failure) -> Failure:
    """Mark an error that all processes raise at the same place, and return it."""
    cast(Any, error).everywhere = True
    return error
