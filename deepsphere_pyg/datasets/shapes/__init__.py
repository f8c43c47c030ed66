"""Shapes with labels, published, of one's own or generated, and their maps."""

from deepsphere_pyg.datasets.shapes.class_folders import IgnoredFilesWarning
from deepsphere_pyg.datasets.shapes.generated import GeneratedShapes
from deepsphere_pyg.datasets.shapes.labelled_princeton import LabelledPrinceton
from deepsphere_pyg.datasets.shapes.mesh_folder import MeshFolder
from deepsphere_pyg.datasets.shapes.modelnet import ModelNet
from deepsphere_pyg.datasets.shapes.parts import (
    ShapeParts,
    stratified_folds,
    stratified_parts,
)
from deepsphere_pyg.datasets.shapes.rendered_shapes import (
    RenderedShapes,
    UnreadableShapesWarning,
)
from deepsphere_pyg.datasets.shapes.shape_source import ShapeSource
from deepsphere_pyg.datasets.shapes.shrec17 import IncompleteShapesWarning, Shrec17
from deepsphere_pyg.datasets.shapes.shrec17_tables import SHREC17_SYNSETS

__all__ = [
    "SHREC17_SYNSETS",
    "GeneratedShapes",
    "IgnoredFilesWarning",
    "IncompleteShapesWarning",
    "LabelledPrinceton",
    "MeshFolder",
    "ModelNet",
    "RenderedShapes",
    "ShapeParts",
    "ShapeSource",
    "Shrec17",
    "UnreadableShapesWarning",
    "stratified_folds",
    "stratified_parts",
]
