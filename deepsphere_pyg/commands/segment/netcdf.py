"""Maps of any file that xarray reads, with classes at vertices."""

from __future__ import annotations

from deepsphere_pyg.commands.fields.data import described, read_module
from deepsphere_pyg.commands.options.kept import Kept
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.datasets import FieldMaps, SegmentationDataset, SegmentationSample
from deepsphere_pyg.datasets.sample_parts import SamplePart
from deepsphere_pyg.training.splitting import Splits


class _Part(SegmentationDataset):
    """Some maps of files, or some of their pixels, as maps to segment."""

    def __init__(self, part: SamplePart) -> None:
        self.part = part
        maps: FieldMaps = part.dataset
        self.sampling = maps.sampling
        self.channel_names = maps.channel_names
        self.class_names = maps.class_names

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read a map."""
        return SegmentationSample(*self.part[self._check_index(index)])


def netcdf_splits(options: SegmentOptions, kept: Kept | None) -> Splits:
    """Maps of any file, held out by blocks of area, by samples or by files.

    Parameters
    ----------
    options
        Options of the command.
    kept
        The checkpoint that is evaluated, if there is one.

    Raises
    ------
    ValueError
        If the files hold no classes at vertices.
    """
    module, maps = read_module(
        options,
        kept,
        target_kind="classes",
        missing_label=options.missing_label,
        min_share=options.min_share,
    )
    if maps.global_target:
        raise ValueError(
            "--targets names one class per map; to predict it, use deepsphere-pyg "
            "classify"
        )
    parts = {name: _Part(part) for name, part in module.parts.items()}
    test = parts["test"]
    train = parts["train"]
    what = f"{len(test)} test maps, --by {options.by} --test {options.test}"
    validation = parts.get("validation", test)
    return Splits(train, validation, test, described(module, maps), what)
