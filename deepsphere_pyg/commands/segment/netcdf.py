"""Maps in NetCDF and Zarr files, with labels and without."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from deepsphere_pyg.commands.options.fields import ALL, part_of
from deepsphere_pyg.commands.options.parsing import flag
from deepsphere_pyg.commands.options.selecting import selection
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.datasets import (
    CachedMaps,
    FieldMaps,
    SegmentationDataset,
    SegmentationSample,
    SelectedMaps,
    XarrayFields,
    hold_out_pixels,
)
from deepsphere_pyg.training.data_parts import is_source, split_samples
from deepsphere_pyg.training.splitting import Splits
from samplings import Sampling

# With fewer maps, pixels are held out for validation.
FEWEST = 5
# Methods of regridding in words.
REGRIDDED = {
    "conservative": "area averages",
    "bilinear": "bilinear interpolation",
    "linear": "linear interpolation",
}


def unlabelled_fields(
    options: SegmentOptions, sampling: Sampling, class_names: Sequence[str]
) -> XarrayFields:
    """Maps without labels, for a network that knows these classes."""
    return XarrayFields(
        _paths(options),
        variables=_given(options, "variables"),
        sampling=sampling,
        class_names=class_names,
        selection=selection(options.select),
        regrid=options.method,
    )


def _given(options: SegmentOptions, name: str) -> Any:
    """Return an option that the data need."""
    value = getattr(options, name)
    if value is None:
        raise ValueError(f"--data netcdf needs --{flag(name)}")
    return value


def _paths(options: SegmentOptions) -> str | list[str]:
    """A single path as a string, because it may be a Zarr store; several as a list."""
    paths = list(_given(options, "fields"))
    return paths[0] if len(paths) == 1 else paths


class _LabelledFields(SegmentationDataset):
    """Fields with classes at vertices, as maps to segment."""

    def __init__(self, fields: FieldMaps) -> None:
        if fields.global_target:
            raise ValueError(
                "--label-variable names one class per map; to predict it, use "
                "deepsphere-pyg classify"
            )
        self.fields = fields
        self.sampling = fields.sampling
        self.channel_names = fields.channel_names
        self.class_names = fields.class_names

    def __len__(self) -> int:
        return len(self.fields)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read a map."""
        return SegmentationSample(*self.fields[index])


def _labelled(
    options: SegmentOptions, sampling: Sampling, paths: Any, labels: str | None
) -> FieldMaps:
    """Return the fields and classes of some files."""
    return FieldMaps(
        paths,
        inputs=list(_given(options, "variables")),
        targets=[_given(options, "label_variable")],
        sampling=sampling,
        target_source=labels,
        select=selection(options.select) or None,
        target_select=selection(options.label_select) or None,
        target_kind="classes",
        missing_label=options.missing_label,
        min_share=options.min_share,
        regrid=options.method,
    )


def netcdf_splits(options: SegmentOptions, sampling: Sampling) -> Splits:
    """Maps of any file, held out by blocks of pixels, by samples or by files.

    The checkpoint is selected on other maps than those trained on, or other pixels of
    them, so that the test maps or pixels are used only once, at the end.
    """
    if not 0 < options.hold_out_share < 1:
        raise ValueError(
            f"--hold-out-share must be between 0 and 1, got {options.hold_out_share}"
        )
    fields = _labelled(options, sampling, _paths(options), options.labels)
    maps = CachedMaps(_LabelledFields(fields))
    names = ", ".join(maps.class_names)
    start = (
        f"netcdf: {len(maps)} maps of {len(maps.channel_names)} channels, regridded by "
        f"{REGRIDDED[fields.regridding]}"
    )
    if options.test == ALL:
        if options.checkpoint is None:
            raise ValueError(
                "--test all needs --checkpoint FILE: a training holds maps out"
            )
        text = f"{start}, all tested; classes {names}"
        return Splits(maps, maps, maps, text, f"{len(maps)} maps")
    blocks = partial(hold_out_pixels, block_degrees=options.block_degrees)
    seed = options.split_seed
    rest: SegmentationDataset
    train: SegmentationDataset
    validation: SegmentationDataset
    test: SegmentationDataset
    if options.hold_out == "pixels":
        for name in ("train", "validation", "test"):
            if getattr(options, name) is not None:
                raise ValueError(
                    f"--{name} chooses maps, and --hold-out pixels tests on pixels of "
                    "all; pass one of them"
                )
        rest, test = blocks(maps, options.hold_out_share, seed=seed)
        train, validation = blocks(rest, 0.15, seed=seed + 1)
        what = f"{100 * options.hold_out_share:.0f} % of the pixels, in blocks"
        text = f"{start}, tested on {what}; classes {names}"
        return Splits(train, validation, test, text, what)
    parts = _parts(options, maps, fields, sampling)
    if "validation" in parts:
        train, validation = parts["train"], parts["validation"]
    else:
        # Too few maps to hold out some of them.
        train, validation = blocks(parts["train"], 0.15, seed=seed)
    test = parts["test"]
    what = f"{len(test)} of {len(maps)} maps"
    if options.test is not None:
        what = f"{len(test)} maps, --test {options.test}"
    text = f"{start}, tested on {what}; classes {names}"
    return Splits(train, validation, test, text, what)


def _parts(
    options: SegmentOptions, maps: CachedMaps, fields: FieldMaps, sampling: Sampling
) -> dict[str, SegmentationDataset]:
    """Return the maps of each part, by samples or from other files."""
    given: dict[str, Any] = {"train": part_of(options.train)}
    few = len(maps) < FEWEST
    given["validation"] = part_of(options.validation) or (None if few else 0.15)
    given["test"] = part_of(options.test) or options.hold_out_share
    found: dict[str, SegmentationDataset] = {}
    for name, one in given.items():
        if is_source(one):
            # Labels of other files are in them, or in the same files of labels.
            other = _labelled(options, sampling, one, options.labels)
            if other.class_names != fields.class_names:
                raise ValueError(
                    f"--{name} {one} has the classes {', '.join(other.class_names)}, "
                    f"--fields {', '.join(fields.class_names)}; use files of the same "
                    "classes"
                )
            found[name] = CachedMaps(_LabelledFields(other))
            given[name] = None
    for name, indices in split_samples(fields, given, "time", options.gap).items():
        found.setdefault(name, SelectedMaps(maps, indices))
    return found
