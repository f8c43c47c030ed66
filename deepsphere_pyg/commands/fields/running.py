"""Train on fields in files, or test a checkpoint on them."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from deepsphere_pyg.commands.fields.data import described, read_module
from deepsphere_pyg.commands.fields.options import FieldsOptions
from deepsphere_pyg.commands.options.fields import (
    ALL,
    InputOptions,
    PartOptions,
    TargetOptions,
)
from deepsphere_pyg.commands.options.kept import (
    Kept,
    read_kept,
    tell_ignored,
    with_kept,
)
from deepsphere_pyg.commands.options.network import NetworkOptions
from deepsphere_pyg.commands.options.resuming import (
    checkpoint_to_resume,
    resolved_regridding,
    settings,
    write_config,
)
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    prepare,
    tell_of_resuming,
    trainer_of,
    training_of,
)
from deepsphere_pyg.processes import all_samples, process_rank
from deepsphere_pyg.training.options import TrainingOptions

if TYPE_CHECKING:
    from deepsphere_pyg.training.tasks import Task

# Lightning and Matplotlib take seconds to load, and are imported once the data are
# read.

# Options that a checkpoint brings.
DATA = [
    f.name for kind in (InputOptions, TargetOptions, PartOptions) for f in fields(kind)
]
_TRAINING = [
    *(f.name for f in fields(NetworkOptions)),
    *(f.name for f in fields(TrainingOptions) if f.name not in ("batch_size", "seed")),
]


def run_fields(
    options: FieldsOptions,
    kinds: tuple[str, ...],
    loss: str | None,
    **classes: Any,
) -> int:
    """Train, or test a checkpoint, and return the exit status.

    Parameters
    ----------
    options
        Options of the command.
    kinds
        Names of the classes of the command's tasks.
    loss
        Name of the loss of the training; None for that of the task.
    **classes
        Arguments of :class:`FieldMaps` for the kind of the targets.

    Raises
    ------
    ValueError
        If the targets are of another kind, or an option is out of range.
    """
    if options.checkpoint is not None:
        return _test(options, read_kept(options.checkpoint), kinds, **classes)
    prepare(options)
    options = resolved_regridding(options)
    started = time.perf_counter()
    module, maps = read_module(options, **classes)
    import pytorch_lightning as pl

    from deepsphere_pyg.commands.fields.losses import LOSSES
    from deepsphere_pyg.commands.fields.report import report
    from deepsphere_pyg.commands.options.building import build_network
    from deepsphere_pyg.training import standardize_task, task_for, train

    network = build_network(
        options,
        module.in_channels,
        module.out_channels,
        maps.sampling,
        seed=options.seed,
        whole=module.global_target,
    )
    pl.seed_everything(options.seed, verbose=False)
    task = task_for(
        network,
        module,
        sampling=None if module.global_target else maps.sampling,
        loss=None if loss is None else LOSSES[loss](),
        options=training_of(options),
    )
    _refuse_other(task, kinds)
    task.notes |= {
        "settings": settings(options),
        "data": described(module, maps),
        "sampling": maps.sampling.config,
        "in_channels": module.in_channels,
        "out_channels": module.out_channels,
        "seed": options.seed,
    }
    standardize_task(task, module)
    resume = checkpoint_to_resume(options, task, options.folder / "last.ckpt")
    write_config(options, options.folder)
    trained = train(
        task,
        datamodule=module,
        folder=options.folder,
        resume=resume,
        trainer=trainer_of(options),
    )
    if trained is None:
        tell_of_resuming()
        return INTERRUPTED
    if process_rank():
        # The first process reports.
        return 0
    seconds = time.perf_counter() - started
    with all_samples():
        return report(options, module, trained.task, trained, seconds)


def _refuse_other(task: Task, kinds: tuple[str, ...]) -> None:
    """Refuse targets of another command."""
    if type(task).__name__ in kinds:
        return
    command = {
        "SegmentationTask": "segment --data netcdf",
        "ClassificationTask": "classify",
        "RegressionTask": "regress",
        "GlobalRegressionTask": "regress",
    }[type(task).__name__]
    raise ValueError(
        f"these targets ask for a {type(task).__name__}; use deepsphere-pyg {command}"
    )


def _test(
    options: FieldsOptions, kept: Kept, kinds: tuple[str, ...], **classes: Any
) -> int:
    """Test a checkpoint on samples of files."""
    if options.resume:
        raise ValueError("--checkpoint tests and --resume trains; pass one of them")
    kept.refuse_other(*kinds)
    prepare(options)
    tell_ignored(options, _TRAINING)
    other = options.fields is not None
    options = with_kept(options, kept, DATA)
    if other and options.test == PartOptions.test:
        # Other files are tested whole.
        options = replace(options, test=ALL)
    module, maps = read_module(options, kept, **classes)
    wanted = kept.notes.get("channel_names")
    if wanted is not None and list(maps.channel_names) != list(wanted):
        raise ValueError(
            f"{kept.path} was trained with the channels {', '.join(wanted)}, the data "
            f"have {', '.join(maps.channel_names)}; name the same --inputs"
        )
    from deepsphere_pyg.commands.fields.report import report

    task = kept.task(maps.sampling)
    return report(options, module, task, None, 0.0)
