"""Figures: maps of any sampling, learning curves, and results."""

from deepsphere_pyg.plot.curves import learning_curves, precision_recall_curves
from deepsphere_pyg.plot.filter_responses import filter_gains, impulse_responses
from deepsphere_pyg.plot.filters import filter_pictures
from deepsphere_pyg.plot.maps import draw_classes, draw_map, mollweide_image
from deepsphere_pyg.plot.posteriors import posterior_corner
from deepsphere_pyg.plot.segmentation import segmentation_maps

__all__ = [
    "draw_classes",
    "draw_map",
    "filter_gains",
    "filter_pictures",
    "impulse_responses",
    "learning_curves",
    "mollweide_image",
    "posterior_corner",
    "precision_recall_curves",
    "segmentation_maps",
]
