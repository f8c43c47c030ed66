"""Samplings of the sphere, graphs on them, and their Laplacians (no deep learning).

Names are imported on first use, as healpy and SciPy take seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samplings.base import Masked as Masked
    from samplings.base import Sampling as Sampling
    from samplings.base import same_sampling as same_sampling
    from samplings.coarsening import Coarsening as Coarsening
    from samplings.disk_cache import cache_folder as cache_folder
    from samplings.disk_cache import use_cache as use_cache
    from samplings.equivariance import *
    from samplings.fitting import *
    from samplings.footprints import Footprint as Footprint
    from samplings.footprints import pad_to_parents as pad_to_parents
    from samplings.frames import tangent_frames as tangent_frames
    from samplings.frames import transport_angles as transport_angles
    from samplings.graphs import *
    from samplings.points import *
    from samplings.resolution import nominal_bandlimit as nominal_bandlimit
    from samplings.schemes import *
    from samplings.tessellation import *
    from samplings.transfer import *
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".base": ["Masked", "Sampling", "same_sampling"],
            ".coarsening": ["Coarsening"],
            ".disk_cache": ["cache_folder", "use_cache"],
            ".footprints": ["Footprint", "pad_to_parents"],
            ".frames": ["tangent_frames", "transport_angles"],
            ".resolution": ["nominal_bandlimit"],
            ".tessellation": None,
            ".points": None,
            ".transfer": None,
            ".schemes": None,
            ".fitting": None,
            ".graphs": None,
            ".equivariance": None,
        },
    )
