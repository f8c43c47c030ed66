"""Samplings of the sphere, graphs on them, and their Laplacians (no deep learning)."""

from samplings.base import Coarsening as Coarsening
from samplings.base import Sampling as Sampling
from samplings.base import same_sampling as same_sampling
from samplings.config import from_config as from_config
from samplings.cubed_sphere import CubedSphere as CubedSphere
from samplings.delaunay_graph import delaunay_graph as delaunay_graph
from samplings.delaunay_weights import delaunay_weights as delaunay_weights
from samplings.edge_weights import WEIGHTINGS as WEIGHTINGS
from samplings.edge_weights import Weighting as Weighting
from samplings.equiangular import Equiangular as Equiangular
from samplings.equivariance_spectrum import EquivarianceSpectrum as EquivarianceSpectrum
from samplings.equivariance_spectrum import (
    equivariance_spectrum as equivariance_spectrum,
)
from samplings.fibonacci import Fibonacci as Fibonacci
from samplings.finite_elements import FiniteElements as FiniteElements
from samplings.finite_elements import finite_elements as finite_elements
from samplings.fitting.fitted import FittedWeights as FittedWeights
from samplings.fitting.fitted import fit_weights as fit_weights
from samplings.gauss_legendre import GaussLegendre as GaussLegendre
from samplings.gauss_legendre import ReducedGaussian as ReducedGaussian
from samplings.graph import DisconnectedGraphWarning as DisconnectedGraphWarning
from samplings.graph import SphericalGraph as SphericalGraph
from samplings.healpix import HEALPix as HEALPix
from samplings.icosahedral import Icosahedral as Icosahedral
from samplings.icosahedral_triangles import (
    IcosahedralTriangles as IcosahedralTriangles,
)
from samplings.irregular import Irregular as Irregular
from samplings.kernel_width import kernel_width as kernel_width
from samplings.knn import knn_graph as knn_graph
from samplings.laplacian import Laplacian as Laplacian
from samplings.laplacian import UnevenSpectrumWarning as UnevenSpectrumWarning
from samplings.laplacian import laplacian as laplacian
from samplings.masked import Masked as Masked
from samplings.mcewen_wiaux import McEwenWiaux as McEwenWiaux
from samplings.optimal_width import NoOptimalWidthError as NoOptimalWidthError
from samplings.optimal_width import optimal_width as optimal_width
from samplings.points.lonlat import RadiansWarning as RadiansWarning
from samplings.points.point_areas import RegionalPointsWarning as RegionalPointsWarning
from samplings.pyramid import Pyramid as Pyramid
from samplings.pyramid import build_pyramid as build_pyramid
from samplings.pyramid import pyramid_from_config as pyramid_from_config
from samplings.rectilinear import Rectilinear as Rectilinear
from samplings.resolution import nominal_bandlimit as nominal_bandlimit
from samplings.so3 import SO3Grid as SO3Grid
from samplings.spectrum import lambda_max as lambda_max
from samplings.tessellation.cells import Cells as Cells
from samplings.tessellation.hull import delaunay_faces as delaunay_faces
from samplings.transfer import Transfer as Transfer
from samplings.transfer import conservative_overlap as conservative_overlap
from samplings.transfer import nearest_assignment as nearest_assignment
