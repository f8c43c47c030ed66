"""Maps of signals on any sampling, in several projections."""

from deepsphere_pyg.plot.maps.classes import (
    class_colours,
    class_handles,
    draw_classes,
)
from deepsphere_pyg.plot.maps.coastlines import coastlines, draw_coastlines
from deepsphere_pyg.plot.maps.comparisons import comparison_maps, draw_comparison
from deepsphere_pyg.plot.maps.fields import draw_map
from deepsphere_pyg.plot.maps.images import (
    mollweide_grid,
    mollweide_image,
    vertex_mask,
    vertex_values,
)
from deepsphere_pyg.plot.maps.projections import (
    Equirectangular,
    Mollweide,
    Orthographic,
    Projection,
)
from deepsphere_pyg.plot.maps.quantities import (
    QUANTITIES,
    map_title,
    named,
    quantity_of,
    shared_limits,
)
from deepsphere_pyg.plot.maps.vectors import draw_vectors
from deepsphere_pyg.plot.style import new_figure

__all__ = [
    "QUANTITIES",
    "Equirectangular",
    "Mollweide",
    "Orthographic",
    "Projection",
    "class_colours",
    "class_handles",
    "coastlines",
    "comparison_maps",
    "draw_classes",
    "draw_coastlines",
    "draw_comparison",
    "draw_map",
    "draw_vectors",
    "map_title",
    "mollweide_grid",
    "mollweide_image",
    "named",
    "new_figure",
    "quantity_of",
    "shared_limits",
    "vertex_mask",
    "vertex_values",
]
