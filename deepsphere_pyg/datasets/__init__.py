"""Data sets of maps on a sampling: generated ones and loaders of files."""

from deepsphere_pyg.datasets import (
    climate,
    digits,
    field_maps,
    fields,
    flows,
    groups,
    molecules,
    netcdf,
    predictions,
    regridding,
    shapes,
    sky,
    stations,
    weather,
)
from deepsphere_pyg.datasets.base import (
    SegmentationDataset,
    SegmentationSample,
    class_shares,
    input_statistics,
    segmentation_sample,
)
from deepsphere_pyg.datasets.climate import *
from deepsphere_pyg.datasets.digits import *
from deepsphere_pyg.datasets.field_maps import *
from deepsphere_pyg.datasets.fields import *
from deepsphere_pyg.datasets.flows import *
from deepsphere_pyg.datasets.groups import *
from deepsphere_pyg.datasets.maps import ClassificationDataset, ClassificationSample
from deepsphere_pyg.datasets.molecules import *
from deepsphere_pyg.datasets.netcdf import *
from deepsphere_pyg.datasets.predictions import *
from deepsphere_pyg.datasets.regridding import *
from deepsphere_pyg.datasets.shapes import *
from deepsphere_pyg.datasets.sky import *
from deepsphere_pyg.datasets.splits import hold_out_pixels
from deepsphere_pyg.datasets.stations import *
from deepsphere_pyg.datasets.weather import *
from deepsphere_pyg.datasets.wrapped import CachedMaps, MaskedMaps, SelectedMaps

__all__ = [
    "CachedMaps",
    "ClassificationDataset",
    "ClassificationSample",
    "MaskedMaps",
    "SegmentationDataset",
    "SegmentationSample",
    "SelectedMaps",
    "class_shares",
    "hold_out_pixels",
    "input_statistics",
    "segmentation_sample",
]
__all__ += climate.__all__
__all__ += digits.__all__
__all__ += field_maps.__all__
__all__ += fields.__all__
__all__ += flows.__all__
__all__ += groups.__all__
__all__ += molecules.__all__
__all__ += netcdf.__all__
__all__ += predictions.__all__
__all__ += regridding.__all__
__all__ += shapes.__all__
__all__ += sky.__all__
__all__ += stations.__all__
__all__ += weather.__all__
