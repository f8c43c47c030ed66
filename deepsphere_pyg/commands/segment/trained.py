"""Networks of existing checkpoints, and the options that these bring."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from deepsphere_pyg.commands.options.fields import (
    ALL,
    InputOptions,
    PartOptions,
    TargetOptions,
)
from deepsphere_pyg.commands.options.kept import Kept, tell_ignored, with_kept
from deepsphere_pyg.commands.options.network import NetworkOptions
from deepsphere_pyg.commands.options.sampling import samplings_of
from deepsphere_pyg.commands.options.selecting import selection
from deepsphere_pyg.commands.segment.options import (
    ClassOptions,
    DataOptions,
    SegmentOptions,
)
from deepsphere_pyg.datasets import SegmentationDataset
from deepsphere_pyg.datasets.netcdf.coordinates import short
from deepsphere_pyg.training.options import TrainingOptions
from samplings import Sampling, same_sampling

if TYPE_CHECKING:
    from deepsphere_pyg.training.tasks import Task

# Options that choose the data, which a checkpoint brings.
_DATA = [
    *(f.name for kind in (DataOptions, InputOptions) for f in fields(kind)),
    *(f.name for kind in (TargetOptions, PartOptions) for f in fields(kind)),
    *("missing_label", "min_share"),
]
# Options of the training alone; batches are also those of the prediction.
_TRAINING = [
    *(f.name for f in fields(NetworkOptions)),
    *(f.name for f in fields(ClassOptions) if f.name not in _DATA),
    *(f.name for f in fields(TrainingOptions) if f.name not in ("batch_size", "seed")),
]


def evaluated_options(options: SegmentOptions, kept: Kept) -> SegmentOptions:
    """Return the options of an evaluation, with those that the checkpoint brings."""
    tell_ignored(options, _TRAINING)
    before = kept.settings.get("data")
    if options.data is None and options.fields is not None:
        options = replace(options, data="netcdf")
    if options.data in (None, before):
        other = options.fields is not None and options.test == PartOptions.test
        options = with_kept(options, kept, _DATA)
        if other:
            # Other files are evaluated whole.
            options = replace(options, test=ALL)
    return options


def evaluated_sampling(options: SegmentOptions, kept: Kept) -> Sampling:
    """Return the sampling to evaluate on: that of the options, or the checkpoint's."""
    if kept.sampling is not None and not options.names_sampling:
        return kept.sampling
    (named,) = samplings_of(options)
    if kept.sampling is not None and not same_sampling(kept.sampling, named):
        print(f"transfer   weights of {kept.sampling.name} move to {named.name}")
    return named


def trained_task(
    options: SegmentOptions, kept: Kept, maps: SegmentationDataset
) -> Task:
    """Return the task of the checkpoint, on the sampling of some maps.

    Raises
    ------
    ValueError
        If its classes or channels differ from those of the maps.
    """
    known = {
        "class_names": kept.config.get("class_names"),
        "channel_names": kept.notes.get("channel_names"),
    }
    for what, before in known.items():
        names = list(getattr(maps, what))
        if before not in (None, names, _with_selection(options, before, names)):
            raise ValueError(
                f"{kept.path} was trained with the {what.replace('_', ' ')} "
                f"{', '.join(before)}, the data have {', '.join(names)}; "
                "pass the data options it was trained with"
            )
    return kept.task(maps.sampling)


def _with_selection(
    options: SegmentOptions, before: list[str] | None, names: list[str]
) -> list[str]:
    """Channels in their former spelling, with the selected values."""
    if options.data != "netcdf" or before is None or len(before) != len(names):
        return names
    chosen: list[Any] = []
    for value in selection(options.select).values():
        chosen += value if isinstance(value, list) else [value]
    texts = {short(value) for value in chosen}
    return [
        then
        if then.partition("@")[0] == now
        and set(then.partition("@")[2].split(",")) <= texts
        else now
        for then, now in zip(before, names, strict=True)
    ]
