"""Public entries with one argument that is odd: the right thing, or our own error.

Each entry stands in a table with arguments that are right; each argument in turn is
replaced by each odd value. What may come of it is a result, or a ValueError or
TypeError that our code raises on purpose: never an error from inside a library, whose
message does not name the argument.
"""

import linecache
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import deepsphere_pyg
import samplings
from deepsphere_pyg import harmonics, metrics, models
from deepsphere_pyg.harmonics import HarmonicLayout, Rotation
from samplings import GaussLegendre, HEALPix, SO3Grid

PACKAGES = tuple(
    str(Path(package.__file__).parent) for package in (deepsphere_pyg, samplings)
)
SAMPLING = HEALPix(2)
GRAPH = samplings.knn_graph(SAMPLING, 4)
LAPLACIAN = samplings.laplacian(GRAPH)
PYRAMID = samplings.build_pyramid(SAMPLING, 2, k=4)
LAYOUT = HarmonicLayout(3, [3, 2, 1])
COEFFICIENTS = torch.ones(2, 9, 3)
TURN = Rotation.from_euler(0.1, 0.2, 0.3)
TRUTH, SCORE = np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8]] * 2)
SMALL = {"bandlimits": (3, 2), "channels": (2, 2)}

ODD = {
    "None": None,
    "minus one": -1,
    "zero": 0,
    "half": 0.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "True": True,
    "text": "?",
    "empty text": "",
    "empty list": [],
    "list": [1, 2],
    "list of texts": ["a"],
    "mapping": {"a": 1},
    "object": object(),
    "complex": 1j,
    "NumPy integer": np.int64(3),
    "NumPy float": np.float32(2.5),
    "array": np.ones(3),
    "empty array": np.zeros(0),
    "array of objects": np.array([None, "a"], dtype=object),
    "masked array": np.ma.array([1.0, 2.0], mask=[True, False]),
    "tensor": torch.ones(2),
    "scalar tensor": torch.tensor(3),
    "integer tensor": torch.ones(2, 9, 3, dtype=torch.int64),
    "complex tensor": torch.ones(2, 9, 3, dtype=torch.complex64),
    "NaN tensor": torch.full((2, 9, 3), torch.nan),
    "empty tensor": torch.zeros(0, 9, 3),
    "sampling": HEALPix(1),
    "layout": HarmonicLayout(2),
    "module": nn.Identity(),
    "class": HEALPix,
}


def read_sky(source, **options):
    """Read a map; texts name files, which are tested elsewhere."""
    if not isinstance(source, str):
        deepsphere_pyg.read_healpix(source, **options)


def write_sky(**arguments):
    with tempfile.TemporaryDirectory() as folder:
        deepsphere_pyg.write_healpix(f"{folder}/sky.fits", **arguments)


def entries():
    """Public callables with arguments that are right."""
    top, h = deepsphere_pyg, harmonics
    two = {"in_channels": 2, "out_channels": 3}
    between = {**two, "layout": LAYOUT, "layout_out": HarmonicLayout(2, [2, 1])}
    yield top.EdgeOperator, {"matrix": LAPLACIAN.matrix, "dtype": torch.float32}
    yield top.laplacian_operator, {"sampling": LAPLACIAN}
    yield top.pooling_operator, {"coarsening": SAMPLING.coarsen()}
    yield top.unpooling_operator, {"coarsening": SAMPLING.coarsen()}
    yield top.to_data, {"graph": GRAPH}
    yield top.from_data, {"data": top.to_data(GRAPH)}
    yield top.operator_from_data, {"data": top.to_data(GRAPH)}
    yield (
        read_sky,
        {
            "source": np.arange(12.0),
            "nest": True,
            "to_nest": False,
            "drop_missing": True,
        },
    )
    yield (
        write_sky,
        {
            "values": np.arange(12.0),
            "sampling": HEALPix(1),
            "names": ["T"],
            "units": "K",
            "dtype": "float32",
            "coordsys": "G",
            "header": {"FREQ": 94.5},
        },
    )
    yield top.to_pygsp, {"graph": GRAPH}
    yield top.from_pygsp, {"graph": top.to_pygsp(GRAPH)}
    yield top.ChebConv, {**two, "K": 3, "bias": True}
    yield top.ZonalConv, {**two, "L": 4, "anchors": 2}
    yield top.SpectralPool, {"layout": 4, "layout_out": 2}
    yield top.SpectralUnpool, {"layout": 2, "layout_out": 4}
    yield top.FragmentNorm, {"layout": LAYOUT, "channels": 3}
    yield (
        top.GridActivation,
        {"sampling": GaussLegendre(4), "L": 3, "activation": nn.SiLU()},
    )
    yield top.PowerSpectrumReadout, {"layout": 3}
    yield top.BispectrumReadout, {"layout": LAYOUT, "mixing": "full"}
    yield top.SphereToSO3Conv, {**two, "L": 3, "N": 2}
    yield top.SO3Conv, {**two, "L": 3, "N": 2, "N_out": 1}
    yield top.SO3ToSphere, {"L": 3, "N": 2}
    yield top.SO3Mean, {"L": 3, "N": 2}
    yield (
        top.SO3GridActivation,
        {"L": 3, "N": 2, "activation": nn.SiLU(), "L_out": 2},
    )
    yield (
        top.TensorProductActivation,
        {"layout": LAYOUT, "mixing": "mst", "L_out": 2, "execution": "auto"},
    )
    yield top.GauntProduct, {"L": 3, "L_other": 2, "L_out": 4}
    yield top.NormActivation, {"layout": LAYOUT, "channels": 3, "eps": 1e-4}
    yield top.GatedActivation, {"layout": LAYOUT, "channels": 3}
    yield top.FragmentDropout, {"layout": LAYOUT, "p": 0.5, "unit": "fragment"}
    yield top.GeneralizedConv, between
    yield top.ConstrainedGeneralizedConv, {**between, "shared": False, "bias": True}
    yield top.UniformConv, {"layout": LAYOUT, "layout_out": 2}
    yield top.ChannelWiseConv, {"channels": 3, "layout": LAYOUT, "layout_out": 2}
    yield top.CrossChannelConv, {"layout": LAYOUT, **two, "shared": True}
    yield top.LocalGrid, {"rings": 2, "angles": 3, "max_beta": 0.3, "max_turn": 1.0}
    yield top.GlobalMeanPool, {"sampling": SAMPLING}
    yield top.Standardize, {"channels": 3}
    yield (
        top.WithOperator,
        {"layer": top.ChebConv(2, 3, 3), "operator": top.laplacian_operator(LAPLACIAN)},
    )
    yield HarmonicLayout, {"L": 3, "tau": [1, 2, 3]}
    yield h.SHT, {"sampling": SAMPLING, "L": 3}
    yield h.ISHT, {"sampling": SAMPLING, "L": 3}
    yield h.SO3Transform, {"grid": SO3Grid(3), "L": 3, "N": 2}
    yield h.ISO3Transform, {"grid": SO3Grid(3), "L": 3, "N": 2}
    yield h.HarmonicRotation, {"layout": LAYOUT, "dtype": torch.float64}
    yield h.Rotation, {"angles": torch.ones(3, dtype=torch.float64)}
    yield h.rotate, {"coefficients": COEFFICIENTS, "rotation": TURN, "layout": 3}
    yield h.power_spectrum, {"coefficients": COEFFICIENTS, "layout": HarmonicLayout(3)}
    yield h.clebsch_gordan, {"l1": 1, "l2": 1, "l": 2}
    yield h.degree_mixing, {"L": 3, "kind": "mst"}
    yield h.so3_layout, {"L": 3, "N": 2}
    yield h.spherical_harmonics, {"theta": [0.1], "phi": [0.2], "L": 3}
    yield h.solid_harmonics, {"xyz": torch.eye(3), "L": 3}
    yield h.wigner_matrices, {"rotation": TURN, "L": 3, "N": 2}
    yield h.wigner_matrix, {"rotation": TURN, "L": 3}
    yield h.to_e3nn, {"coefficients": COEFFICIENTS, "layout": HarmonicLayout(3)}
    yield h.to_healpy, {"coefficients": COEFFICIENTS}
    yield h.to_torch_harmonics, {"coefficients": COEFFICIENTS}
    yield h.exact_bandlimit, {"sampling": GaussLegendre(4)}
    yield metrics.average_precision, {"truth": TRUTH, "score": SCORE[:, 1]}
    yield (
        metrics.confusion_matrix,
        {"truth": TRUTH, "predicted": TRUTH, "n_classes": 2, "weights": np.ones(4)},
    )
    yield metrics.precision_recall_curve, {"truth": TRUTH, "score": SCORE[:, 1]}
    yield (
        metrics.segmentation_scores,
        {"truth": TRUTH, "score": SCORE, "class_names": ["a", "b"]},
    )
    yield (
        metrics.equivariance_error,
        {
            "operator": LAPLACIAN,
            "sampling": SAMPLING,
            "degree": 2,
            "n_samples": 2,
            "seed": 0,
        },
    )
    yield metrics.largest_degree, {"sampling": SAMPLING, "protocol": "exact"}
    yield metrics.equivariance_spectrum, {"operator": LAPLACIAN, "degrees": [1, 2]}
    yield (
        metrics.layer_equivariance_error,
        {
            "layer": nn.Identity(),
            "layout": 3,
            "layout_out": 3,
            "in_channels": 2,
            "n_samples": 2,
            "seed": 0,
        },
    )
    yield models.PixelNetwork, {**two, "sampling": PYRAMID, "widths": (4, 4)}
    yield (
        models.SphericalClassifier,
        {**two, "sampling": PYRAMID, "widths": (4, 4), "K": 3, "pooling": "max"},
    )
    yield (
        models.UNetConfiguration,
        {"name": "tiny", "stem": 4, "widths": (4, 4), "K": 3, "pooling": "max"},
    )
    yield (
        models.SphericalUNet,
        {
            **two,
            "sampling": PYRAMID,
            "configuration": models.UNetConfiguration("tiny", 4, (4, 4)),
        },
    )
    yield (
        models.SO3Classifier,
        {
            **two,
            "sampling": GaussLegendre(4),
            "channels": (2, 2),
            "bandlimits": (3, 2),
        },
    )
    yield models.GeneralizedSphericalCNN, {**two, **SMALL, "tau_max": 3}
    yield (
        models.ZonalClassifier,
        {"sampling": GaussLegendre(6), **two, **SMALL, "anchors": 2},
    )
    yield (
        models.PlanarClassifier,
        {"sampling": GaussLegendre(8), **two, "channels": (2, 2)},
    )
    yield models.falling_type, {"L": 3, "tau_max": 3.0}


ENTRIES = {entry.__name__: (entry, arguments) for entry, arguments in entries()}
CASES = [(name, argument) for name in ENTRIES for argument in ENTRIES[name][1]]


def raised_on_purpose(error: BaseException) -> bool:
    """Whether the last frame is a ``raise`` of ours."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename
    line = linecache.getline(file, trace.tb_lineno).strip()
    return file.startswith(PACKAGES) and line.startswith("raise")


@pytest.mark.parametrize("name", ENTRIES)
def test_the_table_holds_arguments_that_are_right(name):
    entry, arguments = ENTRIES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entry(**arguments)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_an_odd_argument_is_used_or_refused_by_name(name, argument):
    entry, arguments = ENTRIES[name]
    faults = []
    for label, odd in ODD.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                entry(**{**arguments, argument: odd})
        except (ValueError, TypeError) as error:
            if not raised_on_purpose(error):
                faults.append(f"{label}: {type(error).__name__}: {error}")
        except Exception as error:
            faults.append(f"{label}: {type(error).__name__}: {error}")
    assert not faults, f"{name}({argument}=...)\n" + "\n".join(faults)
