"""Shapes with labels, and their maps."""

from deepsphere_pyg.datasets.shapes.rendered_shapes import (
    RenderedShapes,
    UnreadableShapesWarning,
)

__all__ = ["RenderedShapes", "UnreadableShapesWarning"]
