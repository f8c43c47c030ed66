"""Data sets of maps on a sampling: generated ones and loaders of files."""

from deepsphere_pyg.datasets.base import SegmentationDataset as SegmentationDataset
from deepsphere_pyg.datasets.base import SegmentationSample as SegmentationSample
from deepsphere_pyg.datasets.base import class_shares as class_shares
from deepsphere_pyg.datasets.base import input_statistics as input_statistics
from deepsphere_pyg.datasets.base import segmentation_sample as segmentation_sample
