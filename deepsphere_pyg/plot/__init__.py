"""Figures: maps of any sampling, learning curves, and results."""

from deepsphere_pyg.plot.curves import learning_curves, precision_recall_curves
from deepsphere_pyg.plot.filter_responses import filter_gains, impulse_responses
from deepsphere_pyg.plot.filters import filter_pictures
from deepsphere_pyg.plot.globes import globe
from deepsphere_pyg.plot.maps import (
    Equirectangular,
    Mollweide,
    Orthographic,
    comparison_maps,
    draw_classes,
    draw_coastlines,
    draw_map,
    draw_vectors,
    map_title,
    mollweide_image,
)
from deepsphere_pyg.plot.posteriors import posterior_corner
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.plot.style import STYLE_FILE, new_figure, save_figure

__all__ = [
    "STYLE_FILE",
    "Equirectangular",
    "Mollweide",
    "Orthographic",
    "comparison_maps",
    "draw_classes",
    "draw_coastlines",
    "draw_map",
    "draw_vectors",
    "filter_gains",
    "filter_pictures",
    "globe",
    "impulse_responses",
    "learning_curves",
    "map_title",
    "mollweide_image",
    "new_figure",
    "posterior_corner",
    "precision_recall_curves",
    "save_figure",
    "segmentation_maps",
]
