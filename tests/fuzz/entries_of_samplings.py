"""Public entries of samplings and graphs, with arguments that are right."""

import math

import numpy as np
import scipy.sparse as sp

import samplings
from samplings import GaussLegendre, HEALPix, Irregular, ReducedGaussian, Transfer
from samplings.points.neighbours import nearest_neighbours

SAMPLING = HEALPix(2)
GRAPH = samplings.knn_graph(SAMPLING, 4)
LAPLACIAN = samplings.laplacian(GRAPH)
CONNECTION = samplings.connection_laplacian(GRAPH, 1)
PYRAMID = samplings.build_pyramid(SAMPLING, 2, k=4, weighting="heat")
COARSENING = SAMPLING.coarsen()
OCTAHEDRON = np.concatenate([np.eye(3), -np.eye(3)])
LON, LAT = np.arange(4) * 90.0, np.array([-20.0, 60.0, -20.0, 30.0])


def schemes():
    """Constructors of samplings."""
    points = {"duplicates": "refuse", "extent": math.pi}
    yield samplings.CubedSphere, {"n": 2}
    yield (
        samplings.Equiangular,
        {"n_theta": 4, "n_phi": 6, "scheme": "driscoll-healy"},
    )
    yield samplings.Fibonacci, {"n": 9}
    yield GaussLegendre, {"L": 3, "n_phi": 7}
    yield HEALPix, {"nside": 2, "nest": True}
    yield samplings.Icosahedral, {"level": 1}
    yield samplings.IcosahedralTriangles, {"level": 1}
    yield samplings.McEwenWiaux, {"L": 3}
    yield ReducedGaussian, {"n_phi_per_ring": [4, 8, 8, 4]}
    yield ReducedGaussian.octahedral, {"n": 2}
    yield (
        samplings.SO3Grid,
        {"L": 3, "N": 2, "scheme": "mcewen-wiaux"},
    )
    yield (
        samplings.Rectilinear,
        {
            "lat": [-45.0, 45.0],
            "lon": LON,
            "lat_bounds": [-90.0, 0.0, 90.0],
            "lon_bounds": [-45.0, 45.0, 135.0, 225.0, 315.0],
        },
    )
    yield Irregular, {"xyz": OCTAHEDRON, "weights": None, **points}
    yield Irregular.from_lonlat, {"lon": LON, "lat": LAT, "weights": None, **points}
    yield samplings.Sampling, {"xyz": OCTAHEDRON, "weights": np.full(6, 0.1)}
    yield (
        samplings.Masked,
        {"parent": SAMPLING, "part": [3, 5], "weights": np.full(2, 0.1)},
    )
    yield samplings.from_config, {"config": SAMPLING.config}


def relations():
    """What is said of samplings, and of two of them."""
    coarse = COARSENING.coarse
    pair = {"fine": SAMPLING, "coarse": coarse}
    ends = {"source": SAMPLING, "target": coarse}
    overlap = Transfer.nearest(SAMPLING, coarse).overlap
    yield samplings.nominal_bandlimit, {"sampling": SAMPLING}
    yield samplings.same_sampling, {"a": SAMPLING, "b": coarse}
    yield samplings.tangent_frames, {"sampling": SAMPLING}
    yield (
        samplings.transport_angles,
        {
            "sampling": coarse,
            "targets": [0, 1],
            "sources": [0, 4],
            "source_sampling": SAMPLING,
        },
    )
    yield samplings.delaunay_faces, {"xyz": OCTAHEDRON}
    yield samplings.Coarsening, {**pair, "assign": COARSENING.assign}
    yield (
        COARSENING.then,
        {"following": samplings.Coarsening(coarse, coarse, np.eye(12))},
    )
    yield samplings.Coarsening.nested, pair
    part = SAMPLING[[3, 5]]
    footprint = samplings.pad_to_parents(part, 1)
    yield samplings.pad_to_parents, {"sampling": part, "levels": 1}
    yield footprint.pad, {"values": np.ones((2, 3)), "fill": 0.0}
    yield footprint.crop, {"values": np.ones((8, 3))}
    yield Transfer, {**ends, "overlap": overlap}
    yield Transfer.conservative, ends
    yield Transfer.nearest, ends


def graphs():
    """Graphs, weightings, fits and measurements."""
    kernel = {"distance": "chordal", "symmetrize": "average"}
    chords = nearest_neighbours(SAMPLING.xyz, 4)
    yield samplings.Heat, {**kernel, "t": 0.1}
    yield samplings.AreaCorrected, {**kernel, "t": 0.1}
    yield samplings.SelfTuned, kernel
    yield samplings.InverseDistance, kernel
    yield samplings.FiniteVolume, {"extent": 1.0}
    yield (
        samplings.knn_graph,
        {"sampling": SAMPLING, "k": 4, "weighting": "heat", "connect": True},
    )
    yield samplings.delaunay_graph, {"sampling": SAMPLING, "weighting": "cotangent"}
    yield samplings.delaunay_weights, {"sampling": SAMPLING, "weighting": "cotangent"}
    yield samplings.finite_elements, {"sampling": SAMPLING}
    yield (
        samplings.kernel_width,
        {"sampling": SAMPLING, "k": 4, "mean_squared_distance": 0.3},
    )
    yield samplings.laplacian, {"graph": GRAPH, "kind": "normalized"}
    yield (
        samplings.connection_laplacian,
        {"graph": GRAPH, "spin": 1, "kind": "normalized"},
    )
    yield (
        samplings.ConnectionLaplacian,
        {
            "graph": GRAPH,
            "kind": "combinatorial",
            "matrix": CONNECTION.matrix,
            "spin": 1,
        },
    )
    yield (
        samplings.degree_filter,
        {
            "laplacian": LAPLACIAN,
            "response": lambda degrees: 1 / (1 + degrees),
            "top": 3,
            "tolerance": 1e-3,
            "vertices": [0, 1],
        },
    )
    yield samplings.gradient_matrix, {"laplacian": LAPLACIAN}
    yield samplings.lambda_max, {"matrix": LAPLACIAN.symmetric()}
    yield (
        samplings.Laplacian,
        {"graph": GRAPH, "kind": "combinatorial", "matrix": LAPLACIAN.matrix},
    )
    yield (
        samplings.SphericalGraph,
        {
            "sampling": SAMPLING,
            "adjacency": GRAPH.adjacency,
            "k": 4,
            "t": 0.1,
            "distance": "chordal",
            "symmetrize": "average",
            "weighting": "heat",
            "mass": np.ones(48),
            "n_joined": 0,
            "note": "",
        },
    )
    yield samplings.Partition, {"place": PYRAMID, "ranks": 2}
    yield (
        samplings.PyramidPlan,
        {
            "sampling": SAMPLING,
            "depth": 2,
            "k": 4,
            "coarser": [HEALPix(1)],
            "weighting": "heat",
            "connect": True,
        },
    )
    yield (
        samplings.build_pyramid,
        {
            "sampling": SAMPLING,
            "depth": 2,
            "k": 4,
            "coarser": [HEALPix(1)],
            "weighting": "heat",
            "connect": True,
            "cut": False,
            "first_graph": 1,
        },
    )
    yield (
        samplings.cut_graph,
        {
            "sampling": SAMPLING[range(20)],
            "k": 4,
            "weighting": "heat",
            "progress": None,
        },
    )
    yield PYRAMID.with_sampling, {"sampling": HEALPix(4)}
    yield samplings.pyramid_from_config, {"config": PYRAMID.config}
    yield (
        samplings.fit_weights,
        {
            "sampling": SAMPLING,
            "pattern": chords,
            "weighting": "fitted-single",
            "mass": np.ones(48),
            "row_weights": np.ones(48),
        },
    )
    yield (
        samplings.equivariance_spectrum,
        {
            "operator": sp.csr_array(LAPLACIAN.matrix),
            "degrees": [1, 2],
            "vertices": [0, 3],
            "sampling": SAMPLING,
        },
    )
    yield (
        samplings.optimal_width,
        {"sampling": HEALPix(1), "k": 4, "weighting": "heat", "degrees": [1]},
    )


def entries():
    """All of them."""
    yield from schemes()
    yield from relations()
    yield from graphs()
