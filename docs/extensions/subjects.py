"""Subjects of the reference: where their names come from, and in which sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Subject:
    """A page of the reference.

    Parameters
    ----------
    page, title, introduction
        Its file, heading and first lines.
    package
        Import path under which users find the names.
    sections
        Paths of modules by the titles of sections, in the order of the page. A name
        of another home is not of this subject.
    more
        Names with other import paths that the package does not have.
    """

    page: str
    title: str
    introduction: str
    package: str
    sections: Mapping[str, tuple[str, ...]]
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _below(package: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{package}.{name}" for name in names)


SUBJECTS = (
    Subject(
        "samplings",
        "Samplings and graphs",
        "Where the vertices are, which of them are linked, and with which weights. "
        "The package needs NumPy, SciPy and healpy only.",
        "samplings",
        {
            "Samplings": _below("samplings", "schemes", "base", "points", "resolution"),
            "Graphs, edge weights and Laplacians": ("samplings.graphs",),
            "Fitted weights": ("samplings.fitting",),
            "Equivariance of operators": ("samplings.equivariance",),
            "Transfer and coarsening": _below(
                "samplings", "transfer", "coarsening", "footprints"
            ),
            "Geometry": _below("samplings", "tessellation", "frames"),
            "Results kept on disk": ("samplings.disk_cache",),
        },
    ),
    Subject(
        "operators",
        "Operators",
        "A fixed linear map of signals on vertices: a weighted sum over edges.",
        "deepsphere_pyg",
        {
            "The operator": ("deepsphere_pyg.edge_operator",),
            "Operators of graphs and coarsenings": ("deepsphere_pyg.operators",),
        },
    ),
    Subject(
        "layers",
        "Layers",
        "Layers take signals of shape ``(batch, vertex, channel)``, or coefficients in "
        "place of vertices, and keep learned weights only. Those on graphs get their "
        "operator together with the signal.",
        "deepsphere_pyg",
        {
            "On the vertices of a graph": ("deepsphere_pyg.layers.graph",),
            "Attention": ("deepsphere_pyg.layers.graph.attention",),
            "Filters on discs": ("deepsphere_pyg.layers.graph.disco",),
            "Tangent vectors and polarization": ("deepsphere_pyg.layers.graph.spin",),
            "With the call of PyTorch Geometric": ("deepsphere_pyg.layers.graph.pyg",),
            "On coefficients of the sphere": ("deepsphere_pyg.layers.sphere",),
            "On the rotation group": ("deepsphere_pyg.layers.rotation_group",),
            "On generalized signals": ("deepsphere_pyg.layers.fragments",),
        },
        {
            "With the call of PyTorch Geometric": (
                "deepsphere_pyg.layers.graph.pyg.ChebConv",
            )
        },
    ),
    Subject(
        "harmonics",
        "Harmonics",
        "Spherical harmonics and their transforms, rotations and couplings.",
        "deepsphere_pyg",
        {
            "Transforms on the sphere": ("deepsphere_pyg.harmonics.sht",),
            "Winds and polarization": ("deepsphere_pyg.harmonics.spin",),
            "The rotation group": ("deepsphere_pyg.harmonics.so3",),
            "Rotations": ("deepsphere_pyg.harmonics.rotations",),
            "Functions and spectra": ("deepsphere_pyg.harmonics.functions",),
            "Order of coefficients": ("deepsphere_pyg.harmonics.layout",),
            "Clebsch-Gordan coefficients": ("deepsphere_pyg.harmonics.couplings",),
            "Other libraries' coefficients": ("deepsphere_pyg.harmonics.foreign",),
        },
    ),
    Subject(
        "models",
        "Models",
        "Networks put together from layers. They own the operators of their sampling, "
        "and files of them rebuild both.",
        "deepsphere_pyg.models",
        {
            "Networks": ("deepsphere_pyg.models",),
            "Networks for forecasts": ("deepsphere_pyg.models.forecast",),
            "Sizes and kinds of layers": _below(
                "deepsphere_pyg.models", "configurations", "local_layers"
            ),
            "Files and trained networks": _below(
                "deepsphere_pyg.models", "checkpoint", "base", "pretrained"
            ),
            "Several processes": ("deepsphere_pyg.models.partitioned",),
        },
    ),
    Subject(
        "convert",
        "Conversions",
        "From and to files, arrays and objects of other libraries.",
        "deepsphere_pyg",
        {
            "PyTorch Geometric and PyGSP": ("deepsphere_pyg.convert",),
            "HEALPix maps": ("deepsphere_pyg.convert.healpix",),
            "xarray": ("deepsphere_pyg.convert.xarray",),
            "Meshes": ("deepsphere_pyg.convert.meshes",),
            "ONNX": ("deepsphere_pyg.convert.onnx",),
        },
    ),
    Subject(
        "datasets",
        "Data sets",
        "Maps on a sampling, generated or read from files.",
        "deepsphere_pyg.datasets",
        {
            "Your own fields": _below(
                "deepsphere_pyg.datasets", "field_maps", "netcdf", "regridding"
            ),
            "Predictions": ("deepsphere_pyg.datasets.predictions",),
            "Bases and parts of data sets": ("deepsphere_pyg.datasets",),
            "Weather and climate": _below(
                "deepsphere_pyg.datasets", "weather", "climate"
            ),
            "Flows": ("deepsphere_pyg.datasets.flows",),
            "Weather stations": ("deepsphere_pyg.datasets.stations",),
            "Random fields": _below("deepsphere_pyg.datasets", "fields", "groups"),
            "Maps of the sky": ("deepsphere_pyg.datasets.sky",),
            "Shapes": ("deepsphere_pyg.datasets.shapes",),
            "Digits": ("deepsphere_pyg.datasets.digits",),
            "Molecules": (
                "deepsphere_pyg.datasets.molecules",
                "deepsphere_pyg.convert.molecules",
            ),
        },
    ),
    Subject(
        "training",
        "Training",
        "From arrays, data sets or files to a trained network and its predictions.",
        "deepsphere_pyg.training",
        {
            "Training": ("deepsphere_pyg.training",),
            "Tasks": ("deepsphere_pyg.training.tasks",),
            "Forecasts": ("deepsphere_pyg.training.forecasts",),
        },
    ),
    Subject(
        "losses",
        "Losses",
        "Losses weighted by area and masked.",
        "deepsphere_pyg.losses",
        {"Losses": ("deepsphere_pyg.losses",)},
    ),
    Subject(
        "metrics",
        "Scores",
        "Scores of operators, layers and predictions. The equivariance error without "
        "rotations, ``equivariance_spectrum``, is described among the samplings.",
        "deepsphere_pyg.metrics",
        {
            "Segmentation and regression": ("deepsphere_pyg.metrics",),
            "Equivariance": (
                *_below("deepsphere_pyg.metrics", "equivariance", "layer_equivariance"),
                *_below("deepsphere_pyg.metrics", "published_errors"),
                *_below("deepsphere_pyg.metrics", "rotation_protocols"),
            ),
            "Forecasts": ("deepsphere_pyg.metrics.forecast",),
            "Retrieval": ("deepsphere_pyg.metrics.retrieval",),
        },
    ),
    Subject(
        "inference",
        "Inference",
        "Posteriors of parameters, summaries of maps, and Fisher information.",
        "deepsphere_pyg.inference",
        {"Inference": ("deepsphere_pyg.inference",)},
    ),
    Subject(
        "plot",
        "Pictures",
        "Figures of maps, learning curves, filters and results.",
        "deepsphere_pyg.plot",
        {"Pictures": ("deepsphere_pyg.plot",)},
    ),
)
