"""Samplings of the sphere, graphs on them, and their Laplacians (no deep learning)."""

from samplings import (
    equivariance,
    fitting,
    graphs,
    points,
    schemes,
    tessellation,
    transfer,
)
from samplings.base import Masked, Sampling, same_sampling
from samplings.coarsening import Coarsening
from samplings.disk_cache import cache_folder, use_cache
from samplings.equivariance import *
from samplings.fitting import *
from samplings.footprints import Footprint, pad_to_parents
from samplings.graphs import *
from samplings.points import *
from samplings.resolution import nominal_bandlimit
from samplings.schemes import *
from samplings.tangent_frames import tangent_frames, transport_angles
from samplings.tessellation import *
from samplings.transfer import *

__all__ = ["Coarsening", "Masked", "Sampling", "nominal_bandlimit", "same_sampling"]
__all__ += ["Footprint", "cache_folder", "pad_to_parents", "use_cache"]
__all__ += ["tangent_frames", "transport_angles"]
__all__ += equivariance.__all__
__all__ += fitting.__all__
__all__ += graphs.__all__
__all__ += points.__all__
__all__ += schemes.__all__
__all__ += tessellation.__all__
__all__ += transfer.__all__
