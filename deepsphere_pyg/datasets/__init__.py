"""Data sets of maps on a sampling: generated ones and loaders of files.

Names are imported on first use, since some need libraries that take seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.datasets.base import SegmentationDataset as SegmentationDataset
    from deepsphere_pyg.datasets.base import SegmentationSample as SegmentationSample
    from deepsphere_pyg.datasets.base import class_shares as class_shares
    from deepsphere_pyg.datasets.base import input_statistics as input_statistics
    from deepsphere_pyg.datasets.base import (
        segmentation_sample as segmentation_sample,
    )
    from deepsphere_pyg.datasets.climate import *
    from deepsphere_pyg.datasets.digits import *
    from deepsphere_pyg.datasets.field_maps import *
    from deepsphere_pyg.datasets.fields import *
    from deepsphere_pyg.datasets.fill_values import FillValueWarning as FillValueWarning
    from deepsphere_pyg.datasets.flows import *
    from deepsphere_pyg.datasets.groups import *
    from deepsphere_pyg.datasets.maps import (
        ClassificationDataset as ClassificationDataset,
    )
    from deepsphere_pyg.datasets.maps import (
        ClassificationSample as ClassificationSample,
    )
    from deepsphere_pyg.datasets.molecules import *
    from deepsphere_pyg.datasets.netcdf import *
    from deepsphere_pyg.datasets.predictions import *
    from deepsphere_pyg.datasets.regridding import *
    from deepsphere_pyg.datasets.shapes import *
    from deepsphere_pyg.datasets.sky import *
    from deepsphere_pyg.datasets.splits import hold_out_pixels as hold_out_pixels
    from deepsphere_pyg.datasets.stations import *
    from deepsphere_pyg.datasets.weather import *
    from deepsphere_pyg.datasets.wrapped import CachedMaps as CachedMaps
    from deepsphere_pyg.datasets.wrapped import MaskedMaps as MaskedMaps
    from deepsphere_pyg.datasets.wrapped import SelectedMaps as SelectedMaps
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".maps": ["ClassificationDataset", "ClassificationSample"],
            ".base": [
                *("SegmentationDataset", "SegmentationSample", "class_shares"),
                *("input_statistics", "segmentation_sample"),
            ],
            ".fill_values": ["FillValueWarning"],
            ".splits": ["hold_out_pixels"],
            ".wrapped": ["CachedMaps", "MaskedMaps", "SelectedMaps"],
            ".weather": None,
            ".field_maps": None,
            ".netcdf": None,
            ".regridding": None,
            ".predictions": None,
            ".climate": None,
            ".fields": None,
            ".flows": None,
            ".groups": None,
            ".sky": None,
            ".digits": None,
            ".stations": None,
            ".shapes": None,
            # Last, as it loads PyTorch Geometric.
            ".molecules": None,
        },
    )
