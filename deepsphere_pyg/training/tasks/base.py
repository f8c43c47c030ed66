"""Base of all tasks: standardization, optimizer, learning rate, scores, checkpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models import SavedModel, checkpoint_header
from deepsphere_pyg.models.checkpoint_file import TASK
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.steps import TrainingSteps
from deepsphere_pyg.training.tasks.vertex_parts import VertexParts
from samplings import Sampling
from samplings.arguments import counted, instance_argument, integer_argument, shown
from samplings.missing_values import without_missing

Answer = TypeVar("Answer")


class Task(VertexParts, TrainingSteps, ABC):
    """Training, validation and prediction of a network for one kind of answer.

    A subclass defines :meth:`loss_of` and :meth:`prediction`; for validation scores,
    it names them and defines :meth:`kept` and :meth:`scores`.

    Parameters
    ----------
    network
        Network from signals ``(batch, vertex, channel)`` to answers.
    in_channels
        Number of input channels, for a network that does not standardize its inputs
        itself: the task does, and keeps the statistics in checkpoints.
    options
        Optimizer, learning rate and schedule.
    notes
        JSON-able facts kept in checkpoints, such as channel names.
    header
        Further entries of the header of checkpoints.

    Attributes
    ----------
    score_names
        Names of the validation scores, which are logged as ``val/NAME``.
    monitor
        Score that selects the checkpoint.
    lowest
        Whether its lowest value is the best.
    vertex_axes
        Axis of the vertices in each field of a batch that has one. Only classes that
        state it themselves can be trained by processes that share each map.

    Raises
    ------
    ValueError
        While training, if the loss is not finite.
    """

    registry: ClassVar[dict[str, type[Task]]] = {}
    network: Any

    def __init__(
        self,
        network: nn.Module,
        *,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        checked_network(network)
        self.network = network
        self.options = TrainingOptions() if options is None else options
        self.notes = dict(notes or {})
        self.header = dict(header or {})
        own = isinstance(getattr(network, "standardize", None), Standardize)
        given = in_channels is not None and not own
        self.inputs = Standardize(cast(int, in_channels)) if given else None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Task.registry[cls.__name__] = cls

    # -- what subclasses define -------------------------------------------------------
    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task; JSON-able."""
        return {} if self.inputs is None else {"in_channels": self.inputs.channels}

    @abstractmethod
    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the answers, in their units, from the network's outputs."""

    def outputs(self, batch: Any) -> Tensor:
        """Return the outputs of the network for a batch."""
        result: Tensor = self(batch.x)
        return result

    # -- training ---------------------------------------------------------------------
    @property
    def standardize(self) -> Standardize | None:
        """Layer that standardizes the inputs: the network's own, or the task's."""
        own = getattr(self.network, "standardize", None)
        return own if isinstance(own, Standardize) else self.inputs

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of the network."""
        y: Tensor = self.network(x if self.inputs is None else self.inputs(x))
        return y

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the headers from which the network and the task are rebuilt."""
        super().on_save_checkpoint(checkpoint)
        kind = {"type": type(self).__name__, "config": self.config, "notes": self.notes}
        checkpoint[TASK] = kind
        if isinstance(self.network, SavedModel):
            checkpoint["deepsphere_pyg"] = {
                **checkpoint_header(self.network, prefix="network."),
                **self.header,
                "notes": self.notes,
            }

    # -- prediction -------------------------------------------------------------------
    @torch.no_grad()
    def predict(
        self, X: npt.ArrayLike | Tensor, *, batch_size: int = 4, progress: bool = True
    ) -> npt.NDArray[Any]:
        """Return the answers for many inputs.

        Parameters
        ----------
        X
            Inputs, shape ``(N, V, C)``, of any real dtype. Missing ones become the mean
            of their channel in the training, which the checkpoint keeps.
        batch_size
            Inputs per batch.
        progress
            Whether to show a progress bar on a terminal.

        Returns
        -------
        array
            The answers, in the units of the targets of the training, in the order of
            the inputs; float32, or the dtype of the network.

        Raises
        ------
        ValueError
            If an answer is not finite.
        """

        def answers(outputs: Tensor) -> npt.NDArray[Any]:
            found = self.prediction(outputs)
            refuse_diverged(found)
            return np.asarray(found.cpu().numpy())

        return np.concatenate(self._for_batches(answers, X, batch_size, progress))

    def _for_batches(
        self,
        answers: Callable[[Tensor], Answer],
        X: npt.ArrayLike | Tensor,
        batch_size: int,
        progress: bool,
    ) -> list[Answer]:
        """Return what a function makes of the network's outputs, batch by batch."""
        size = integer_argument("batch_size", batch_size, 1)
        count = _n_inputs(X)
        like = next(self.network.parameters())
        training = self.training
        self.eval()
        found = []
        starts = range(0, count, size)
        hidden = None if progress else True
        try:
            for start in tqdm(starts, desc="predicting", leave=False, disable=hidden):
                part = X[start : start + size]  # type: ignore[index]
                known = np.array(without_missing(np.asanyarray(part)))
                x = torch.from_numpy(known).to(like.device, like.dtype)
                found.append(answers(self(self._filled(x))))
        finally:
            self.train(training)
        if not found:
            raise ValueError("X must hold at least one input, got 0; pass (N, V, C)")
        return found

    def _filled(self, x: Tensor) -> Tensor:
        """Return inputs with the mean of the training where they are missing."""
        missing = ~torch.isfinite(x)
        if not bool(missing.any()):
            return x
        if self.standardize is None:
            raise ValueError(
                f"X has {counted(int(missing.sum()), 'missing value')}, and neither "
                "the task nor its network knows the means of the training; fill them"
            )
        return torch.where(missing, self.standardize.mean.to(x.dtype), x)


def _n_inputs(X: Any) -> int:
    """Return the number of inputs."""
    try:
        if isinstance(X, Mapping):
            raise TypeError
        return len(X)
    except TypeError:
        raise TypeError(
            f"X must be an array of inputs (N, V, C), got {shown(X)}; add an axis to a "
            "single map with X[None]"
        ) from None


def checked_network(network: object) -> nn.Module:
    """Return the network if it is a module.

    Raises
    ------
    TypeError
        If it is not one.
    """
    remedy = "pass one such as SphericalUNet(4, 1, HEALPix(16))"
    return instance_argument("network", network, nn.Module, remedy)


def refuse_diverged(output: Tensor) -> None:
    """Refuse an output that is not finite.

    Raises
    ------
    ValueError
        If a value is infinite or NaN.
    """
    if not torch.isfinite(output).all():
        raise ValueError(
            "the output of the network is not finite: training has diverged; train "
            "again with a lower learning rate"
        )


def sampling_of(network: nn.Module, sampling: Sampling | None) -> Sampling:
    """Return the sampling of a network, or the one that is given.

    Raises
    ------
    TypeError
        If there is neither.
    """
    found = getattr(network, "sampling", None) if sampling is None else sampling
    if not isinstance(found, Sampling):
        raise TypeError(
            f"{type(network).__name__} has no attribute sampling; pass sampling=, such "
            "as HEALPix(32): its areas weight the loss and the scores"
        )
    return found


def refuse_other_channels(task: Task, n_channels: int) -> None:
    """Raise ``ValueError`` if inputs have other channels than the network takes."""
    known = task.standardize
    if known is not None and known.channels != n_channels:
        raise ValueError(
            f"X has {counted(n_channels, 'channel')}, {type(task.network).__name__} "
            f"takes {known.channels}; build the network with in_channels={n_channels}"
        )


def refuse_other_vertices(
    name: str, shape: tuple[int, ...], sampling: Sampling
) -> None:
    """Raise ``ValueError`` if maps have other vertices than a sampling.

    Parameters
    ----------
    name
        Name of the maps.
    shape
        Their shape ``(N, V, C)``.
    sampling
        Where the vertices should be.
    """
    n, found, channels = len(sampling), shape[1], shape[2]
    if found == n:
        return
    remedy = "build the network on the sampling of the maps"
    if channels == n:
        remedy = (
            f"its last axis has {n}, but {name} must have shape (N, V, C), vertices "
            f"before channels: pass {name}.swapaxes(1, 2)"
        )
    raise ValueError(
        f"{name} must have the {counted(n, 'vertex', 'vertices')} of {sampling.name}, "
        f"got {found}; {remedy}"
    )


def refuse_other_outputs(network: nn.Module, n_outputs: int, purpose: str) -> None:
    """Raise ``ValueError`` if a network states another number of outputs.

    Parameters
    ----------
    network
        The network; one without a number ``out_channels`` is not refused.
    n_outputs
        Number that the task needs.
    purpose
        What they are for.
    """
    found = getattr(network, "out_channels", None)
    if isinstance(found, int) and found != n_outputs:
        raise ValueError(
            f"{type(network).__name__} has {counted(found, 'output')}, but needs "
            f"{n_outputs}, {purpose}; build it with out_channels={n_outputs}"
        )


def checked_logits(outputs: Tensor, n_classes: int) -> Tensor:
    """Return the outputs of a network if there is one for each class.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    found = outputs.shape[-1] if outputs.ndim else 0
    if found != n_classes:
        raise ValueError(
            f"the network has {counted(found, 'output')}, but needs {n_classes}, one "
            "for each class; change its last layer"
        )
    return outputs
