"""Pictures: maps of any sampling, curves, and what a run ends with."""

from deepsphere_pyg.plot.curves import learning_curves as learning_curves
from deepsphere_pyg.plot.curves import (
    precision_recall_curves as precision_recall_curves,
)
from deepsphere_pyg.plot.maps import draw_classes as draw_classes
from deepsphere_pyg.plot.maps import draw_map as draw_map
from deepsphere_pyg.plot.maps import mollweide_image as mollweide_image
from deepsphere_pyg.plot.segmentation import segmentation_maps as segmentation_maps
