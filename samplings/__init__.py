"""Samplings of the sphere, graphs on them, and their Laplacians (no deep learning)."""

from samplings.base import Coarsening as Coarsening
from samplings.base import Sampling as Sampling
from samplings.graph import DisconnectedGraphWarning as DisconnectedGraphWarning
from samplings.graph import SphericalGraph as SphericalGraph
from samplings.healpix import HEALPix as HEALPix
from samplings.kernel_width import kernel_width as kernel_width
from samplings.knn import knn_graph as knn_graph
from samplings.laplacian import Laplacian as Laplacian
from samplings.laplacian import laplacian as laplacian
from samplings.masked import Masked as Masked
from samplings.spectrum import lambda_max as lambda_max
