"""Schemes: the vertices of samplings, and the areas of their cells."""

from samplings.schemes.config import from_config
from samplings.schemes.cubed_sphere import CubedSphere
from samplings.schemes.equiangular import Equiangular
from samplings.schemes.fibonacci import Fibonacci
from samplings.schemes.gauss_legendre import GaussLegendre, ReducedGaussian
from samplings.schemes.healpix import HEALPix
from samplings.schemes.icosahedral import Icosahedral
from samplings.schemes.icosahedral_triangles import IcosahedralTriangles
from samplings.schemes.irregular import Irregular
from samplings.schemes.mcewen_wiaux import McEwenWiaux
from samplings.schemes.rectilinear import Rectilinear
from samplings.schemes.so3 import SO3Grid

__all__ = [
    "CubedSphere",
    "Equiangular",
    "Fibonacci",
    "GaussLegendre",
    "HEALPix",
    "Icosahedral",
    "IcosahedralTriangles",
    "Irregular",
    "McEwenWiaux",
    "Rectilinear",
    "ReducedGaussian",
    "SO3Grid",
    "from_config",
]
