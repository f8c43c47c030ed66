"""Train a network on a user's own arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytorch_lightning as pl
from torch import nn
from torch.utils.data import DataLoader, Subset

from deepsphere_pyg.datasets.arrays import ArrayMaps
from deepsphere_pyg.models import SavedModel, load_model
from deepsphere_pyg.models.checkpoint_file import TASK, read_checkpoint
from deepsphere_pyg.training.data_tasks import (
    module_of,
    refuse_mask,
    standardize_task,
    task_for,
)
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.samplers import EpochShuffle, InOrder
from deepsphere_pyg.training.tasks.base import (
    Task,
    checked_network,
    refuse_other_channels,
    refuse_other_vertices,
    sampling_of,
)
from deepsphere_pyg.training.tasks.classification import ClassificationTask
from deepsphere_pyg.training.tasks.regression import (
    GlobalRegressionTask,
    RegressionTask,
)
from deepsphere_pyg.training.tasks.segmentation import SegmentationTask
from deepsphere_pyg.training.trained import Trained, train
from samplings import PyramidPlan, Sampling


def fit(
    network: nn.Module,
    X: Any,
    y: npt.ArrayLike | None = None,
    *,
    validation: float | tuple[Any, ...] = 0.2,
    mask: npt.ArrayLike | None = None,
    sampling: Sampling | None = None,
    class_names: Sequence[str] | None = None,
    loss: nn.Module | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    options: TrainingOptions | None = None,
    trainer: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Trained:
    """Train a network on maps and their targets.

    The targets decide the task: numbers at vertices (:class:`RegressionTask`), classes
    of vertices (:class:`SegmentationTask`), numbers of whole maps
    (:class:`GlobalRegressionTask`), or their classes (:class:`ClassificationTask`).
    Inputs and numbers are standardized with the statistics of the training maps;
    vertices count by their areas. The weights of the best validation score are
    returned.

    Parameters
    ----------
    network
        Maps signals ``(batch, V, C)`` to outputs ``(batch, V, C_out)``, or to
        ``(batch, C_out)`` for targets of whole maps. It is trained in place.
    X
        Inputs, shape ``(N, V, C)``. Missing ones become the mean of their channel. Or a
        :class:`SphereDataModule` or a data set such as :class:`FieldMaps`, without
        ``y``.
    y
        Numbers ``(N, V, C_out)`` or ``(N, C_out)``, floating point; or classes
        ``(N, V)`` or ``(N,)``, integers from 0. Missing ones at vertices do not count.
    validation
        Share of the maps, the last ones since maps near in time are similar, to
        validate on; or other maps ``(X, y)`` or ``(X, y, mask)``; for a data set, also
        all that :class:`SphereDataModule` takes.
    mask
        True where targets at vertices count, shape ``(N, V)`` or ``(V,)``.
    sampling
        Where the vertices are; by default the network's own.
    class_names
        One name per class; by default their numbers.
    loss
        A loss of :mod:`deepsphere_pyg.losses`; by default cross-entropy or mean
        squared error. For numbers of whole maps also one of
        :mod:`deepsphere_pyg.inference`, which predicts their density from the outputs.
    folder
        Folder that keeps ``best.ckpt``, ``last.ckpt`` and ``history.csv``; by default
        nothing is kept.
    resume
        Whether to continue from the last checkpoint in the folder, if it exists.
    options
        Epochs, batch size, learning rate and others.
    trainer
        Arguments of ``pytorch_lightning.Trainer``, such as ``accelerator``,
        ``precision``, ``devices``, ``strategy``, ``callbacks`` or ``logger``.
    **changes
        Single options, as in ``epochs=10``.

    Returns
    -------
    Trained
        The trained network, its history, and ``predict``.

    Raises
    ------
    TypeError
        If an argument has another type, or there is no such option.
    ValueError
        If shapes or values do not fit, the folder has a checkpoint and ``resume`` is
        false, or training diverges.
    KeyboardInterrupt
        After an interrupt; the folder, if given, holds the last complete epoch.

    Examples
    --------
    >>> from deepsphere_pyg import PixelNetwork
    >>> from samplings import HEALPix
    >>> X = np.random.default_rng(0).normal(size=(10, 48, 1))
    >>> network = PixelNetwork(1, 1, HEALPix(2))
    >>> trained = fit(network, X, 3 * X, epochs=2)  # doctest: +ELLIPSIS
    network...
    >>> trained.predict(X[:4]).shape
    (4, 48, 1)
    """
    chosen = (TrainingOptions() if options is None else options).changed(**changes)
    checked_network(network)
    if y is None:
        refuse_mask(X, mask)
        pl.seed_everything(chosen.seed, verbose=False)
        module = module_of(X, validation, chosen)
        task = task_for(
            network,
            module,
            sampling=sampling,
            class_names=class_names,
            loss=loss,
            options=chosen,
        )
        standardize_task(task, module)
        loaders = (module.train_dataloader(), module.val_dataloader())
        return run_training(task, *loaders, folder, resume, trainer)
    maps = ArrayMaps(X, y, mask)
    if isinstance(validation, tuple):
        held = ArrayMaps(*validation)
        kinds = [(m.n_classes > 0, m.y.shape[2:]) for m in (maps, held)]
        if kinds[0] != kinds[1]:
            raise ValueError(
                f"the targets of validation must be like y, {maps.y.dtype} of shape "
                f"{maps.y.shape}, got {held.y.dtype} of shape {held.y.shape}"
            )
        part = np.arange(len(maps))
        later = Subset(held, range(len(held)))
    else:
        n = n_training(len(maps), validation)
        held, part = maps, np.arange(n)
        later = Subset(maps, range(n, len(maps)))
    pl.seed_everything(chosen.seed, verbose=False)
    n_classes = max(maps.n_classes, held.n_classes)
    names = [str(i) for i in range(n_classes)] if class_names is None else class_names
    if n_classes and len(names) < n_classes:
        raise ValueError(
            f"class_names must be one per class, got {len(names)} for classes 0 to "
            f"{n_classes - 1}"
        )
    task = _task(network, maps, names, sampling, loss, chosen)
    _standardize(task, maps, part)
    size, workers = chosen.batch_size, chosen.n_workers
    shuffled = EpochShuffle(len(part), chosen.seed, size)
    first: DataLoader[Any] = DataLoader(
        Subset(maps, part.tolist()), size, sampler=shuffled, num_workers=workers
    )
    second: DataLoader[Any] = DataLoader(
        later, size, sampler=InOrder(len(later)), num_workers=workers
    )
    return run_training(task, first, second, folder, resume, trainer)


def run_training(
    task: Task,
    first: Iterable[Any],
    second: Iterable[Any],
    folder: str | Path | None,
    resume: bool,
    trainer: Mapping[str, Any] | None,
) -> Trained:
    """Train in a folder, which is a temporary one if there is no name."""
    network = task.network
    start = None if folder is None else checkpoint_to_start(folder, network, resume)
    if start is not None:
        _refuse_other_loss(start, task)
    trained = train(task, first, second, folder, resume=start, trainer=trainer)
    if trained is None:
        raise KeyboardInterrupt
    return trained


def checkpoint_to_start(
    folder: str | Path, network: nn.Module, resume: bool
) -> Path | None:
    """Return the checkpoint to resume from, if there is one of this network."""
    last = Path(folder) / "last.ckpt"
    if not last.exists():
        return None
    if not resume:
        raise ValueError(
            f"{last} exists already; pass resume=True to continue from it, or another "
            "folder to keep it"
        )
    if isinstance(network, SavedModel):
        place = network.geometry
        # The graphs of a plan are built by region, when the training begins.
        kept = load_model(last, place if isinstance(place, PyramidPlan) else None)
        if (type(kept), kept.config) != (type(network), network.config):
            raise ValueError(
                f"{last} holds another network; train into another folder, or build "
                "the network that it was trained with"
            )
    return last


def _refuse_other_loss(path: Path, task: Task) -> None:
    """Refuse to resume with parameters of another loss."""
    kept = read_checkpoint(path).get(TASK, {"config": {}})["config"].get("loss")
    own = task.config.get("loss")
    if kept != own:
        raise ValueError(
            f"{path} was trained with the loss {_told(kept)}, got {_told(own)}; resume "
            "with the same, or train into another folder"
        )


def _told(loss: Mapping[str, Any] | None) -> str:
    """Return a description of a loss as text."""
    if loss is None:
        return "of numbers"
    options = ", ".join(f"{name}={value}" for name, value in loss["config"].items())
    return f"{loss['type']}({options})"


def n_training(n: int, share: float) -> int:
    """Return the number of maps that are trained on; the others validate."""
    if not isinstance(share, int | float) or not 0 < share < 1:
        raise ValueError(
            f"validation must be a share between 0 and 1, or maps (X, y), got {share!r}"
        )
    left = n - max(1, round(share * n))
    if left < 1:
        raise ValueError(
            f"{n} maps are too few to train and validate on; pass more, or other maps "
            "as validation=(X, y)"
        )
    return left


def _task(
    network: nn.Module,
    maps: ArrayMaps,
    class_names: Sequence[str],
    sampling: Sampling | None,
    loss: nn.Module | None,
    options: TrainingOptions,
) -> Task:
    """Return the task that the targets ask for."""
    channels, outputs = maps.X.shape[2], maps.y.shape[-1]
    common: dict[str, Any] = {"in_channels": channels, "loss": loss, "options": options}
    if not maps.global_target:
        known = sampling_of(network, sampling)
        refuse_other_vertices("X", maps.X.shape, known)
    if maps.n_classes:
        if maps.global_target:
            return ClassificationTask(network, class_names, **common)
        return SegmentationTask(network, class_names, sampling, **common)
    if maps.global_target:
        return GlobalRegressionTask(network, out_channels=outputs, **common)
    return RegressionTask(network, sampling, out_channels=outputs, **common)


def _standardize(task: Task, maps: ArrayMaps, part: npt.NDArray[np.int64]) -> None:
    """Fit the standardization of inputs and targets to the training maps."""
    sampling = getattr(task, "sampling", getattr(task.network, "sampling", None))
    area = np.ones(maps.X.shape[1])
    if isinstance(sampling, Sampling) and len(sampling) == len(area):
        area = np.array(sampling.weights)
    if task.standardize is not None:
        refuse_other_channels(task, maps.X.shape[2])
        task.standardize.fit_(*maps.statistics(area, part, "x"))
    targets = getattr(task, "targets", None)
    if targets is not None:
        targets.fit_(*maps.statistics(area, part, "y"))
