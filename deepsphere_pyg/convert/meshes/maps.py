"""Maps of a mesh on the sphere that surrounds it."""

from __future__ import annotations

from typing import SupportsFloat

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.meshes.hulls import convex_hull
from deepsphere_pyg.convert.meshes.mesh import Mesh, finite_mesh_argument
from deepsphere_pyg.convert.meshes.placement import farthest
from deepsphere_pyg.convert.meshes.rays import surface_maps
from samplings import Sampling
from samplings.arguments import flag_argument, nonnegative_argument, sampling_argument

#: Names of the channels of :func:`mesh_maps`; the first three are those of the mesh.
MESH_CHANNELS = (
    "distance",
    "cosine",
    "sine",
    "hull_distance",
    "hull_cosine",
    "hull_sine",
)
#: Channels of one surface.
SURFACE_CHANNELS = 3
# How far beyond the unit sphere round-off may put a vertex of radius 1.
_ROUND_OFF = 1e-9


def mesh_maps(
    mesh: Mesh,
    sampling: Sampling,
    *,
    hull: bool = True,
    miss: SupportsFloat = 1.0,
) -> npt.NDArray[np.float32]:
    r"""Map what rays from each vertex of a sampling hit first, and at which angle.

    The ray of the point x starts at x on the unit sphere, goes through the centre and
    on to the other side. Where it first meets the surface, at p with the unit normal n,
    the channels are

    .. math:: |x - p|, \quad n \cdot x, \quad |n \times x|,

    and the same three for the convex hull.

    Parameters
    ----------
    mesh
        A surface within the unit sphere: see :func:`normalized_mesh`.
    sampling
        Points on the sphere.
    hull
        Whether to map the convex hull too; that of a flat mesh is the mesh itself.
    miss
        Distance where a ray hits nothing: 1 as in the code of Cohen et al. (2018), 0
        as in that of Defferrard et al. (2020). The other channels are 0 there.

    Returns
    -------
    ndarray
        Float32, shape ``(V, 6)``, or ``(V, 3)`` without the hull; the channels are
        named in ``MESH_CHANNELS``.

    Raises
    ------
    TypeError
        If ``mesh`` is not a mesh, ``sampling`` not a sampling, or ``hull`` not a flag.
    ValueError
        If the mesh is not finite or reaches beyond the unit sphere, or ``miss`` is
        negative or not finite.
    ImportError
        If embreex is not installed (extra ``[shapes]``).

    Notes
    -----
    The cosine is signed, as published: it is positive where the ray enters a surface
    whose normals point outwards, and negative where it meets the inside of one. Beyond
    the centre, a distance is greater than 1.

    Embree finds the triangle in single precision; distances and angles are those of its
    plane in double precision.

    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130, section 5.3);
    Defferrard, Milani, Gusset and Perraudin 2020 (arXiv:2012.15000).

    Equivariance: exact, up to the triangles of rays that hit an edge or a silhouette to
    within :math:`10^{-6}`: a rotation of the mesh that maps the sampling onto itself
    permutes the vertices of the maps.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> corners = [[-1, -1, -1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]]
    >>> tetrahedron = Mesh(corners, [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    >>> from deepsphere_pyg.convert import normalized_mesh
    >>> maps = mesh_maps(normalized_mesh(tetrahedron), HEALPix(4))
    >>> maps.shape, bool(maps[:, 1].min() > 0)
    ((192, 6), True)
    """
    finite_mesh_argument("mesh", mesh)
    xyz = sampling_argument("sampling", sampling).xyz
    flag_argument("hull", hull)
    distance = miss_argument(miss)
    reach = farthest(mesh.vertices)
    if not reach <= 1 + _ROUND_OFF:
        raise ValueError(
            f"mesh must lie within the unit sphere, got a vertex at {reach:.6g} from "
            "its centre; pass normalized_mesh(mesh)"
        )
    maps = surface_maps(mesh, xyz, distance)
    if hull:
        around = surface_maps(convex_hull(mesh), xyz, distance)
        maps = np.concatenate([maps, around], axis=1)
    return maps.astype(np.float32)


def background_maps(
    sampling: Sampling, *, hull: bool = True, miss: SupportsFloat = 1.0
) -> npt.NDArray[np.float32]:
    """Return the maps of nothing: every ray misses.

    They stand for meshes that cannot be read, so that data sets and lists of results
    stay complete.

    Parameters and shapes are those of :func:`mesh_maps`.

    Raises
    ------
    TypeError, ValueError
        As :func:`mesh_maps`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> background_maps(HEALPix(1), hull=False)[0]
    array([1., 0., 0.], dtype=float32)
    """
    n = len(sampling_argument("sampling", sampling))
    surfaces = 2 if flag_argument("hull", hull) else 1
    maps = np.zeros((n, surfaces, SURFACE_CHANNELS), dtype=np.float32)
    maps[..., 0] = miss_argument(miss)
    return maps.reshape(n, -1)


def miss_argument(miss: SupportsFloat) -> float:
    """Return the distance that stands for a miss, finite and not negative."""
    return nonnegative_argument("miss", miss, "pass 1 or 0")
