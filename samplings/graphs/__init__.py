"""Graphs on samplings, their edge weights, Laplacians and pyramids."""

from samplings.graphs.by_region import PyramidPlan
from samplings.graphs.connection_laplacian import (
    ConnectionLaplacian,
    connection_laplacian,
)
from samplings.graphs.cut import cut_graph
from samplings.graphs.delaunay_graph import delaunay_graph, delaunay_weights
from samplings.graphs.finite_elements import FiniteElements, finite_elements
from samplings.graphs.gradient import gradient_matrix
from samplings.graphs.graph import DisconnectedGraphWarning, SphericalGraph
from samplings.graphs.kernel_width import kernel_width
from samplings.graphs.knn import knn_graph
from samplings.graphs.laplacian import Laplacian, laplacian
from samplings.graphs.partition import Partition
from samplings.graphs.pyramid import Pyramid, build_pyramid, pyramid_from_config
from samplings.graphs.self_adjoint import UnevenSpectrumWarning
from samplings.graphs.spectrum import lambda_max
from samplings.graphs.weightings import (
    WEIGHTINGS,
    AreaCorrected,
    Cotangent,
    FiniteVolume,
    Fitted,
    FittedIRLS,
    FittedSingle,
    Heat,
    InverseDistance,
    SelfTuned,
    Weighting,
)

__all__ = [
    "WEIGHTINGS",
    "AreaCorrected",
    "ConnectionLaplacian",
    "Cotangent",
    "DisconnectedGraphWarning",
    "FiniteElements",
    "FiniteVolume",
    "Fitted",
    "FittedIRLS",
    "FittedSingle",
    "Heat",
    "InverseDistance",
    "Laplacian",
    "Partition",
    "Pyramid",
    "PyramidPlan",
    "SelfTuned",
    "SphericalGraph",
    "UnevenSpectrumWarning",
    "Weighting",
    "build_pyramid",
    "connection_laplacian",
    "cut_graph",
    "delaunay_graph",
    "delaunay_weights",
    "finite_elements",
    "gradient_matrix",
    "kernel_width",
    "knn_graph",
    "lambda_max",
    "laplacian",
    "pyramid_from_config",
]
