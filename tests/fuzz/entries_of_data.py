"""Public entries of data sets, metrics and plots, with arguments that are right."""

import contextlib
import functools
import tempfile
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.spatial.transform import Rotation
from torch import nn

from deepsphere_pyg import (
    ChebConv,
    convert,
    datasets,
    laplacian_operator,
    losses,
    metrics,
    models,
    plot,
    training,
)
from deepsphere_pyg.convert import read_healpix, write_healpix
from deepsphere_pyg.datasets.arrays import ArrayMaps
from deepsphere_pyg.datasets.sky import lensing_maps as lensing_maps_module
from deepsphere_pyg.datasets.sky import shell_spectra
from deepsphere_pyg.datasets.sky.camb_shells import table_shape
from samplings import HEALPix
from tests.fuzz.entries_of_samplings import LAPLACIAN, SAMPLING

MAPS = datasets.ClimateEvents(HEALPix(1), 3)
NORTH = MAPS.sampling.lat > 0
CHARGES, PLACES = [[1, 1]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 1.4]]]
HYDROGEN = datasets.Molecules(CHARGES, PLACES, [-109.5])
TRUTH, SCORE = np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8]] * 2)
NAMES = ["a", "b"]


def maps():
    """Data sets that need no file, and what is computed of any."""
    masked = datasets.MaskedMaps(MAPS, NORTH)
    selected = datasets.SelectedMaps(MAPS, [0])
    fields = {"sampling": SAMPLING, "spectra": np.ones((2, 4)), "n_maps": 2}
    yield datasets.CachedMaps, {"dataset": MAPS}
    yield datasets.MaskedMaps, {"dataset": MAPS, "keep": NORTH}
    yield datasets.SelectedMaps, {"dataset": MAPS, "indices": [0, 2]}
    yield (
        datasets.ClimateEvents,
        {"sampling": SAMPLING, "n_maps": 2, "seed": 1, "rotate": False},
    )
    yield (
        datasets.GaussianFields,
        {**fields, "seed": 1, "noise": 0.1, "rotate": False, "class_names": NAMES},
    )
    yield datasets.LognormalFields, {**fields, "kappa0": 1.0, "seed": 1, "noise": 0.1}
    yield datasets.LognormalFields(**fields, kappa0=1.0).__getitem__, {"index": 0}
    whole = datasets.GaussianFields(**fields)
    yield (
        datasets.NestedPatches,
        {"dataset": whole, "order": 1, "patches": "alike", "maps_in_memory": 2},
    )
    yield datasets.NestedPatches(whole, 1).__getitem__, {"index": 0}
    yield masked.__getitem__, {"index": 0}
    yield selected.__getitem__, {"index": 0}
    yield datasets.CachedMaps(MAPS).__getitem__, {"index": 0}
    yield datasets.GaussianFields(**fields).__getitem__, {"index": 0}
    yield MAPS.rotation, {"index": 0}
    yield datasets.WeatherState, {"seed": 1}
    yield datasets.WeatherState(0).evaluate, {"xyz": np.eye(3)}
    yield datasets.class_shares, {"dataset": MAPS, "limit": 1}
    yield datasets.input_statistics, {"dataset": MAPS, "limit": 1}
    yield (
        datasets.hold_out_pixels,
        {"dataset": MAPS, "fraction": 0.5, "block_degrees": 60.0, "seed": 0},
    )
    yield (
        datasets.segmentation_sample,
        {"x": [[1.0], [2.0]], "y": [0, 1], "n_classes": 2, "mask": [True, False]},
    )
    yield datasets.convergence_spectra, {"lmax": 10}
    yield datasets.white_noise_power, {"sigma": 0.1, "nside": 4}
    yield (
        datasets.likelihood_ratio_error,
        {
            "spectra": [[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]],
            "noise_power": 0.1,
            "sky_fraction": 0.5,
            "lowest": 2,
        },
    )
    yield (
        datasets.high_frequency_spectra,
        {"nside": 4, "contrast": 0.1, "periods": 1, "slope": 0.0},
    )
    yield (
        datasets.Regridder,
        {"source": HEALPix(4), "sampling": SAMPLING, "method": "auto"},
    )


def flows():
    """Spectral models of flows, and their initial states."""
    steps = {"step": 600.0, "damping_hours": 24.0, "damping_order": 2}
    planet = {"radius": 6.4e6, "rotation": 7.3e-5}
    yield datasets.BarotropicVorticity, {"L": 4, **steps, **planet}
    yield datasets.ShallowWater, {"L": 4, **steps, **planet, "gravity": 9.8}
    yield (
        datasets.random_vorticity,
        {"L": 4, "runs": 2, "seed": 1, "speed": 20.0, "degree": 2.0, "radius": 6.4e6},
    )
    model = datasets.ShallowWater(4)
    yield model.start, {"flow": datasets.steady_zonal_flow(model.sampling)}
    yield model.steps_of, {"hours": 1.0}
    yield datasets.barotropic_jet, {"sampling": SAMPLING, "perturbed": True}
    for case in ("flow_over_mountain", "rossby_haurwitz_wave", "steady_zonal_flow"):
        yield getattr(datasets, case), {"sampling": SAMPLING}


def read_molecules(path):
    """Read a file of molecules; the right one is in a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hydrogen.xyz"
        file.write_text("2\n\nH 0 0 0\nH 0 0 0.74\n")
        right = isinstance(path, str) and path == file.name
        datasets.read_molecules(file if right else path)


def lensing_maps(**arguments):
    """Make lensing maps without the packages that compute them."""
    with (
        mock.patch.object(lensing_maps_module, "sky_module"),
        mock.patch.object(
            shell_spectra, "computed_table", lambda cone: np.zeros(table_shape(cone))
        ),
    ):
        return datasets.LensingMaps(**arguments)


def skies_of_lensing():
    """Published convergence maps, whose files are tested elsewhere, and lensing."""
    settings = {"nside": 2, "sigma_arcmin": 3.0, "verify": True, "complete": False}
    yield (
        without_files(datasets.ConvergenceMaps),
        {"root": "none", "split": "test", **settings, "cache": None},
    )
    box = {"omega_m": (0.3, 0.4), "sigma_8": 0.8}
    shells = {"z_source": 0.8, "n_shells": 2, "sigma_arcmin": 3.0, "seed": 1}
    yield lensing_maps, {"sampling": SAMPLING, "n_maps": 2, **box, **shells}
    maps = lensing_maps(sampling=SAMPLING, n_maps=2, **box)
    yield maps.spectrum, {"omega_m": 0.35, "sigma_8": 0.8}


def molecules():
    """Molecules, their matrices, spheres and energies."""
    small = {"bandlimits": (2, 1), "channels": (2, 2)}
    spheres = models.GeneralizedSphericalCNN(1, None, **small)
    network = models.MoleculeNetwork(spheres, (1,), width=4, radius=0.5).eval()
    two = datasets.Molecules(CHARGES * 2, PLACES * 2, [0, 1], [[0], [1]], (1,))
    common = {"molecules": HYDROGEN, "radius": 0.5, "dtype": torch.float64}
    yield (
        datasets.Molecules,
        {
            "charges": CHARGES * 2,
            "positions": PLACES * 2,
            "energies": [-109.5, -109.5],
            "folds": [[0], [1]],
            "elements": (1, 6),
        },
    )
    yield two.fold_split, {"fold": 0}
    yield two.__getitem__, {"index": [0]}
    yield datasets.coulomb_matrices, {"molecules": HYDROGEN}
    yield (
        datasets.sorted_coulomb_matrices,
        {
            "matrices": np.ones((1, 2, 2)),
            "noise": 1.0,
            "rng": np.random.default_rng(0),
        },
    )
    yield datasets.qm7_coefficients, {**common, "L": 2, "progress": False}
    yield datasets.qm7_potentials, {**common, "sampling": SAMPLING, "progress": False}
    yield (
        models.MoleculeNetwork,
        {"spheres": spheres, "elements": (1,), "width": 4, "radius": 0.5},
    )
    yield (
        datasets.molecule_energies,
        {"network": network, "molecules": HYDROGEN, "batch_size": 1},
    )
    yield (
        network.energies,
        {
            "charges": CHARGES * 2,
            "positions": PLACES * 2,
            "unit": "bohr",
            "batch_size": 1,
        },
    )
    one = {"charges": CHARGES[0], "positions": PLACES[0], "unit": "angstrom"}
    yield network.energies, one
    yield read_molecules, {"path": "hydrogen.xyz"}


def xarray_data():
    """Data sets of one's own fields, and their samplings."""
    import xarray

    from deepsphere_pyg import earth_relative_winds, from_xarray, wind_signal

    lat, lon = [-60.0, 0.0, 60.0], [0.0, 90.0, 180.0, 270.0]
    grid = {"time": [0, 1], "lat": lat, "lon": lon}
    data = xarray.Dataset(
        {"t": (("time", "lat", "lon"), np.ones((2, 3, 4)))}, coords=grid
    )
    data["zone"] = data.t.astype(int)
    common = {"variables": ["t"], "sampling": HEALPix(1)}
    yield from_xarray, {"data": data, "variable": "t", "unit": "degree"}
    winds = {"data": data.assign(v=data.t), "eastward": "t", "northward": "v"}
    yield wind_signal, {"places": from_xarray(data), **winds}
    yield earth_relative_winds, {"data": winds["data"], "u": "t", "v": "v"}
    yield (
        from_xarray,
        {"data": data, "latitude": "lat", "longitude": "lon", "areas": None},
    )
    yield (
        functools.partial(datasets.XarrayFields, data),
        {
            **common,
            "class_names": NAMES,
            "selection": {},
            "sample_dimension": "time",
            "regrid": "auto",
        },
    )
    yield (
        functools.partial(datasets.XarrayDataset, data),
        {
            **common,
            "label_variable": "zone",
            "class_names": {0: "b", 1: "a"},
            "missing_label": None,
            "min_share": 0.0,
            "rare_label": "other",
        },
    )


def without_files(make):
    """Call a function; texts name files, which are tested elsewhere."""

    @functools.wraps(make)
    def made(*given, **options):
        with contextlib.suppress(FileNotFoundError):
            make(*given, **options)

    return made


def princeton_fold(**arguments):
    """Return a fold of two shapes; the archive is in a folder that does not last."""
    corners, offsets = np.eye(4, 3, dtype=np.uint16), np.array([0, 4, 8])
    arrays = {
        "verts_u16": np.tile(corners, (2, 1)),
        "faces": np.zeros((8, 3), dtype=int),
        "vert_offsets": offsets,
        "face_offsets": offsets,
        "scale": np.ones(2),
        "origin": np.zeros((2, 3)),
        "labels": np.array([0, 1]),
        "class_names": np.array(NAMES),
        "names": np.array(NAMES),
    }
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/lpsb190.npz", **arrays)
        datasets.LabelledPrinceton(folder).fold(**arguments)


def shapes():
    """Sources of shapes; folders and archives of them are tested elsewhere."""
    generated = datasets.GeneratedShapes(6, 3)
    shares = {"validation": 0.1, "test": 0.2, "seed": 0}
    yield datasets.GeneratedShapes, {"n": 6, "n_classes": 3, "seed": 0}
    yield generated.load, {"index": 0}
    yield generated.key, {"index": -1}
    yield generated.parts, shares
    yield datasets.stratified_parts, {"labels": [0, 1] * 5, **shares}
    yield datasets.stratified_folds, {"labels": [0, 1] * 5, "of": 5, "seed": 0}
    yield princeton_fold, {"k": 0, "of": 2, "seed": 0}
    yield without_files(datasets.LabelledPrinceton), {"path": "none"}
    yield (
        without_files(datasets.Shrec17),
        {"root": "none", "split": "test", "perturbed": True},
    )
    yield (
        without_files(datasets.ModelNet),
        {"root": "none", "split": "train", "validation": 0.1, "seed": 0},
    )
    yield (
        without_files(datasets.MeshFolder),
        {"root": "none", "split": "all", "test_share": 0.2, "seed": 0},
    )


def write_own(**arguments):
    """Write predictions into a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        datasets.write_predictions(f"{folder}/own.nc", **arguments)


def predict_own(**arguments):
    """Predict into a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        training.predict_to_file(f"{folder}/own.nc", **arguments)


def own_fields():
    """Maps of one's own files, and their splits."""
    import xarray

    shape = (4, 3, 4)
    data = xarray.Dataset(
        {"t": (("time", "lat", "lon"), np.ones(shape)), "n": (("time",), np.ones(4))},
        coords={
            "time": np.arange("2001-01", "2001-05", dtype="M8[M]").astype("M8[ns]"),
            "lat": [-60.0, 0.0, 60.0],
            "lon": [0.0, 90.0, 180.0, 270.0],
        },
    )
    data["zone"] = data.t.astype(int)
    common = {"inputs": ["t"], "targets": ["zone"], "sampling": HEALPix(1)}
    maps = datasets.FieldMaps(data, **{**common, "targets": ["n"]})
    yield (
        functools.partial(without_files(datasets.FieldMaps), data),
        {
            **common,
            "target_source": None,
            "select": {"time": "2001-01/2001-02"},
            "target_select": {},
            "sample_dims": ["time"],
            "target_kind": "classes",
            "class_names": {0: "b", 1: "a"},
            "missing_label": None,
            "min_share": 0.0,
            "rare_label": "other",
            "regrid": "auto",
            "winds": [],
            "cache_bytes": 100,
        },
    )
    yield maps.__getitem__, {"index": 0}
    yield maps.take, {"indices": [0, 2]}
    yield maps.subset, {"wanted": {"time": "2001-01"}}
    yield maps.positions, {"dim": "time"}
    yield (
        datasets.BlockShuffle,
        {
            "blocks": [0, 0, 1],
            "in_memory": 1,
            "seed": 0,
            "n_workers": 1,
            "batch_size": 1,
        },
    )
    yield (
        functools.partial(without_files(training.SphereDataModule), maps),
        {
            "train": None,
            "validation": 0.25,
            "test": 0.25,
            "predict": None,
            "by": "time",
            "gap": 0,
            "block_degrees": 15.0,
            "batch_size": 1,
            "n_workers": 0,
            "seed": 0,
        },
    )
    answers = np.ones((4, 12, 1))
    common = {"names": ["a"], "units": ["K"], "class_names": None, "regrid": "auto"}
    common = {**common, "grid": "sampling", "batch_size": 2}
    yield (
        datasets.predictions_to_xarray,
        {"answers": answers, "maps": maps, **common},
    )
    yield write_own, {"answers": answers, "maps": maps, **common}
    module = training.SphereDataModule(maps)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    yield (
        training.task_for,
        {
            "network": network,
            "module": module,
            "sampling": None,
            "class_names": None,
            "loss": None,
            "options": None,
        },
    )
    yield (
        predict_own,
        {"task": training.task_for(network, module), "maps": maps, "batch_size": 1},
    )
    yield (
        training.standardize_task,
        {"task": training.task_for(network, module), "module": module},
    )


def read_sky(source, **options):
    """Read a map; texts name files, which are tested elsewhere."""
    if not isinstance(source, str):
        read_healpix(source, **options)


def write_sky(**arguments):
    """Write a map into a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        write_healpix(f"{folder}/sky.fits", **arguments)


def skies():
    """HEALPix maps in arrays and files."""
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


def read_own_mesh(path):
    """Read a mesh; texts name files, which are tested elsewhere."""
    with contextlib.suppress(FileNotFoundError):
        convert.read_mesh(path)


def render_own(**arguments):
    """Render shapes into a folder that does not last, which texts are relative to."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        datasets.RenderedShapes(**arguments)


def meshes():
    """Meshes and their maps."""
    from tests.convert.meshes import solids
    from tests.datasets.shapes.sources import Solids

    ball = solids.ball(0.5, level=0)
    common = {"sampling": SAMPLING, "hull": True, "miss": 1.0}
    yield convert.Mesh, {"vertices": np.eye(3), "faces": [[0, 1, 2]]}
    yield read_own_mesh, {"path": "none.obj"}
    yield convert.clean_mesh, {"mesh": ball}
    yield convert.convex_hull, {"mesh": ball}
    yield (
        convert.normalized_mesh,
        {
            "mesh": ball,
            "shift": [0.1, 0.0, 0.0],
            "rotation": Rotation.from_euler("z", 1),
            "radius": 0.9,
        },
    )
    yield convert.mesh_maps, {"mesh": ball, **common}
    yield convert.background_maps, common
    rendered = {"source": Solids(1), **common, "augmentations": 1, "rotate": True}
    kept = {"cache": None, "dtype": "float16", "n_workers": 1, "progress": False}
    yield render_own, {**rendered, "shift": 0.1, "seed": 1, **kept}
    maps = datasets.RenderedShapes(**rendered)
    yield maps.__getitem__, {"index": 0}
    yield maps.placement, {"index": 0}


def scores():
    """Scores of predictions and of operators."""
    layouts = {"layout": 3, "layout_out": 3}
    random = {"n_samples": 2, "seed": 0}
    yield (
        metrics.average_precision,
        {"truth": TRUTH, "score": SCORE[:, 1], "weights": np.ones(4)},
    )
    yield (
        metrics.confusion_matrix,
        {"truth": TRUTH, "predicted": TRUTH, "n_classes": 2, "weights": np.ones(4)},
    )
    yield metrics.precision_recall_curve, {"truth": TRUTH, "score": SCORE[:, 1]}
    yield (
        metrics.segmentation_scores,
        {"truth": TRUTH, "score": SCORE, "class_names": NAMES},
    )
    yield (
        metrics.equivariance_error,
        {
            "operator": LAPLACIAN,
            "sampling": SAMPLING,
            "degree": 2,
            "protocol": "exact",
            "in_channels": 1,
            "batch_size": 2,
            **random,
        },
    )
    yield metrics.largest_degree, {"sampling": SAMPLING, "protocol": "exact", "L": 3}
    yield (
        metrics.layer_equivariance_error,
        {"layer": nn.Identity(), **layouts, "in_channels": 2, **random},
    )


def mean_squared_error(**given):
    """Return the loss of a new module."""
    return losses.L2Loss()(**given)


def cross_entropy(**given):
    """Return the loss of a new module."""
    return losses.CrossEntropyLoss()(**given)


def forecast_scores():
    """Scores of forecasts, and the forecasts and normal states beside them."""
    n, days = len(SAMPLING), np.arange("2001-01-01", "2001-01-09", dtype="M8[D]")
    truth, members = torch.zeros(2, 3, n, 1), torch.ones(2, 3, 4, n, 1)
    sizes = {"sampling": SAMPLING, "channels": 1, "leads": 3}
    chosen = {"regions": ["global"], "definition": "pooled", "missing": "mask"}
    more = {"members": 4, "energy_score": True, "seed": 1}
    pair = {"forecast": members, "truth": truth}
    yield metrics.Verification, {**sizes, **chosen, **more}
    scores = metrics.Verification(**sizes, members=4)
    scores.update(**pair)
    yield scores.merge, {"other": metrics.Verification(**sizes, members=4)}
    yield scores.compute().rows, {"channel_names": ["z"]}
    given = {"climatology": truth, "mask": torch.ones(n) > 0}
    new = metrics.Verification(**sizes, members=4)
    yield new.update, {**pair, **given}
    yield metrics.crps, {**pair, "fair": True}
    yield metrics.Region, {"lat": (-20, 20), "lon": (170, -170)}
    yield metrics.Region().mask, {"sampling": SAMPLING}
    options = {"weights": "area", "root": "pooled", "correlation": "pooled"}
    yield metrics.ScoreDefinition, {**options, "centred": True}
    yield metrics.ScoreDefinition().vertex_weights, {"sampling": SAMPLING}
    yield metrics.EnergySpectra, {**sizes, "L": 2, "members": 4}
    spectra = metrics.EnergySpectra(**sizes, L=2, members=4)
    yield spectra.update, pair
    yield spectra.merge, {"other": metrics.EnergySpectra(**sizes, L=2)}
    yield metrics.Climatology, {"by": "day-hour", "window": 3, "shape": "box"}
    states = {"fields": np.zeros((8, n, 1)), "times": days}
    yield metrics.Climatology(window=3).update, states
    yield metrics.Climatology(window=3).update(**states).at, {"times": days}
    yield metrics.persistence, {"present": truth[:, 0], "leads": 3}
    yield metrics.DampedPersistence, {**sizes, "by": "degree", "L": 2}
    damped = metrics.DampedPersistence(**sizes, L=2)
    yield damped.update, {"present": truth[:, 0], "later": truth}
    yield damped.forecast, {"present": truth[:, 0]}
    yield metrics.regular_step, {"times": days}


def numbers():
    """Losses, and scores of regressions."""
    given = {
        "weights": torch.ones(4),
        "mask": torch.ones(2, 4) > 0,
        "prediction": torch.zeros(2, 4, 2),
    }
    yield losses.HuberLoss, {"delta": 0.5}
    yield losses.QuantileLoss, {"quantiles": [0.1, 0.9]}
    yield losses.CRPSLoss, {"members": 2, "alpha": 0.9, "channel_weights": [1, 2]}
    yield losses.CrossEntropyLoss, {"class_weights": [1, 2], "label_smoothing": 0.1}
    yield losses.FocalLoss, {"gamma": 2.0, "class_weights": [1, 2]}
    yield mean_squared_error, {**given, "target": torch.ones(2, 4, 2)}
    yield cross_entropy, {**given, "target": torch.ones(2, 4, dtype=torch.int64)}
    yield metrics.RMSE, {"channels": 2}
    yield from forecast_scores()
    yield metrics.AnomalyCorrelation, {"climatology": torch.zeros(4, 2)}
    yield (
        metrics.regression_scores,
        {
            "truth": np.eye(4),
            "prediction": np.ones((4, 4)),
            "weights": np.ones(4),
            "mask": np.ones(4) > 0,
            "climatology": np.zeros((4, 4)),
            "channel_names": list("abcd"),
        },
    )
    yield ArrayMaps, {"X": np.ones((2, 4, 1)), "y": np.ones((2, 4, 1)), "mask": None}
    yield (
        training.TrainingOptions,
        {
            "epochs": 1,
            "batch_size": 2,
            "learning_rate": 0.1,
            "optimizer": "adam",
            "weight_decay": 0.0,
            "epsilon": 0.1,
            "momentum": 0.0,
            "schedule": "steps",
            "milestones": (1, 3),
            "seed": 1,
            "n_workers": 0,
            "compile": False,
        },
    )
    yield training.EpochShuffle, {"length": 5, "seed": 1, "batch_size": 2}
    yield training.InOrder, {"length": 5}
    yield training.SpaceStrategy, {"per_sphere": 2}
    network = models.PixelNetwork(1, 2, SAMPLING)
    common = {"network": network, "sampling": SAMPLING, "in_channels": 1}
    yield training.SegmentationTask, {**common, "class_names": NAMES, "loss": None}
    yield training.RegressionTask, {**common, "out_channels": 2, "out_names": NAMES}


def forecasts():
    """Windows of a series, and the task that is trained with them."""
    series = np.arange(6 * 48.0).reshape(6, 48, 1)
    network = models.PixelNetwork(4, 1, SAMPLING, widths=(4,))
    task = training.ForecastTask(network, history=2, n_forcing=2)
    yield (
        training.forecast_windows,
        {
            "fields": series,
            "history": 2,
            "steps": 2,
            "times": np.arange(6),
            "forcing": series,
        },
    )
    yield (
        training.ForecastTask,
        {
            "network": network,
            "sampling": SAMPLING,
            "history": 1,
            "steps": 2,
            "step_weights": [1.0, 0.5],
            "scored_steps": 3,
            "residual": True,
            "n_forcing": 1,
            "static": np.ones((48, 2)),
            "mask": np.ones(48, dtype=bool),
            "out_channels": 1,
            "out_names": ["a"],
        },
    )
    yield (
        functools.partial(task.rollout, progress=False),
        {"x0": series[:2], "steps": 2, "forcing": np.ones((2, 48, 2)), "batch_size": 2},
    )
    ensemble = training.ForecastEnsemble(task, 2, noise=0.1)
    yield (
        training.ForecastEnsemble,
        {"tasks": [task], "members": 2, "by": "noise", "noise": 0.1, "seed": 1},
    )
    yield (
        functools.partial(ensemble.rollout, progress=False),
        {
            **{"x0": series[:2], "steps": 2, "forcing": np.ones((2, 48, 2))},
            **{"batch_size": 2, "draw": 0},
        },
    )
    yield (
        functools.partial(
            training.fit_forecast, models.PixelNetwork(1, 1, SAMPLING, widths=(4,))
        ),
        {"fields": series, "validation": 0.4, "times": np.arange(6)},
    )


class Predicted:
    """Predictions of two maps."""

    truth = np.arange(96).reshape(2, 48) % 2
    mask = np.ones((2, 48), dtype=bool)
    probability = np.stack([truth, 1 - truth], axis=-1)


def pictures():
    """Maps and curves; texts and colours are checked by Matplotlib."""
    axes, classes = Figure().subplots(), np.arange(48) % 2
    scores = ("train/loss", "val/loss", "val/mAP", "val/accuracy", "val/IoU")
    yield (
        plot.mollweide_image,
        {"sampling": SAMPLING, "values": SAMPLING.lat, "width": 8},
    )
    yield (
        functools.partial(plot.draw_map, width=8),
        {
            "axes": axes,
            "sampling": SAMPLING,
            "values": SAMPLING.lat,
            "quantity": "wind",
            "limits": (0, 1),
            "projection": "orthographic",
            "coastlines": True,
            "graticule": True,
            "extend": "both",
        },
    )
    yield plot.Mollweide, {"central_longitude": 180.0}
    yield plot.Equirectangular, {"central_longitude": 180.0}
    yield plot.Orthographic, {"central_longitude": 10.0, "central_latitude": 50.0}
    yield plot.draw_coastlines, {"axes": axes, "projection": "mollweide"}
    yield (
        plot.draw_vectors,
        {
            "axes": axes,
            "sampling": SAMPLING,
            "vectors": np.stack([SAMPLING.lat, SAMPLING.lon], axis=1),
            "spacing": 30.0,
            "reference": 90.0,
            "projection": "mollweide",
            "heads": False,
        },
    )
    yield (
        functools.partial(plot.comparison_maps, width=8),
        {
            "sampling": SAMPLING,
            "truth": SAMPLING.lat,
            "predicted": SAMPLING.lon,
            "quantity": "height",
            "mask": SAMPLING.lat > 0,
            "limits": (0, 90),
            "projection": "mollweide",
        },
    )
    yield save, {"figure": Figure((1, 1)), "dpi": 50.0}
    if find_spec("plotly"):
        yield (
            turn,
            {
                "sampling": SAMPLING,
                "values": SAMPLING.lat,
                "quantity": "height",
                "cmap": "viridis",
                "limits": (0, 90),
                "coastlines": True,
                "step": 30.0,
            },
        )
    yield (
        functools.partial(plot.draw_classes, width=8),
        {
            "axes": axes,
            "sampling": SAMPLING,
            "classes": classes,
            "class_names": NAMES,
            "mask": classes > 0,
            "legend": True,
        },
    )
    conv, laplacian = ChebConv(2, 3, 3), laplacian_operator(HEALPix(2), 8)
    given = {"conv": conv, "sampling": HEALPix(2), "laplacian": laplacian}
    chosen = {"pairs": [(0, 1)], "vertex": 3}
    yield plot.impulse_responses, {**given, **chosen}
    yield plot.filter_pictures, {**given, **chosen, "L": 4}
    yield (
        plot.filter_gains,
        {
            "response": np.ones((2, 48)),
            "sampling": HEALPix(2),
            "vertex": 3,
            "L": 4,
        },
    )
    yield (
        plot.learning_curves,
        {"history": [{"epoch": 1, **dict.fromkeys(scores, 1.0)}]},
    )
    yield (
        plot.precision_recall_curves,
        {
            "predictions": {"network": Predicted()},
            "class_names": NAMES,
            "area": SAMPLING.weights,
        },
    )


def submit(**arguments):
    """Write ranked lists into a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        metrics.write_submission(folder, **arguments)


def save(**arguments):
    """Write a picture into a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        plot.save_figure(path=Path(folder) / "picture.svg", **arguments)


def turn(**arguments):
    """Write a globe into a folder that does not last."""
    with tempfile.TemporaryDirectory() as folder:
        plot.globe(Path(folder) / "globe.html", **arguments)


def tabulate(write):
    """Write a table of scores into a folder that does not last."""

    @functools.wraps(write)
    def written(**arguments):
        with tempfile.TemporaryDirectory() as folder:
            write(f"{folder}/table.csv", **arguments)

    return written


def triplet_loss(**given):
    """The triplet loss of features."""
    return losses.TripletLoss()(**given)


def retrieval():
    """Ranked lists, their scores and files, and the loss for their features."""
    ids, lists = ["1", "2"], {"1": ["1", "2"], "2": ["2"]}
    distances, rows = {"1": [0.0, 1.0], "2": [0.0]}, [[1.0, 0.0], [0.0, 1.0]]
    yield metrics.RankedLists, {"lists": lists, "distances": distances}
    yield metrics.ranked_by_class, {"scores": rows, "ids": ids}
    near = {"features": rows, "ids": ids, "n": 1, "metric": "cosine"}
    yield metrics.ranked_by_distance, near
    of_items = {"ids": ids, "labels": ["p", "p"], "sublabels": ["p", "q"]}
    yield metrics.retrieval_scores, {"lists": lists, **of_items, "cut": 2}
    named = {"method": "mine", "split_name": "test_perturbed"}
    written = {"ids": ids, "lists": lists, "distances": distances, "overwrite": True}
    yield submit, {**named, **written}
    found = metrics.retrieval_scores(lists, **of_items)
    yield tabulate(metrics.write_summary), {"scores": found, **named}
    yield tabulate(metrics.write_precision_recall), {"scores": found, **named}
    yield without_files(metrics.read_submission), {"folder": "none"}
    yield losses.TripletLoss, {"margin": 1.0, "normalize": True}
    yield triplet_loss, {"features": torch.ones(2, 3), "labels": torch.tensor([0, 0])}


def stations():
    """Reports of stations; files are tested elsewhere."""
    reports = {
        "names": ["a", "b"],
        "lon": [0.0, 10.0],
        "lat": [50.0, 60.0],
        "times": [0, 1],
        "values": np.ones((2, 2, 1)),
        "channel_names": ["T"],
        "unit": "degC",
        "elevation": [1.0, 2.0],
    }
    yield datasets.StationSeries, reports
    yield datasets.StationSeries(**reports).select, {"stations": [0]}
    for read, given in (
        (datasets.read_station_reports, {"path": "none.nc", "variable": "T"}),
        (datasets.read_ghcn_stations, {"path": "none"}),
        (
            datasets.read_ghcn_year,
            {"path": "none", "year": 2011, "ids": ["a"], "elements": ["TMIN"]},
        ),
        (
            datasets.read_ghcn_daily,
            {
                "root": "none",
                "years": [2011],
                "elements": ["TMIN"],
                "missing": 0.1,
                "progress": False,
            },
        ),
    ):
        yield without_files(read), given
    sizes = {"spread": 2.0, "length": 8.0, "persistence": 0.5, "speed": 6.0}
    yield datasets.TravellingAnomalies, {**sizes, "noise": 1.0, "L": 3}
    weather = datasets.TravellingAnomalies(L=3)
    yield weather.covariance, {"x": np.eye(3), "y": np.eye(3), "lag": 1}
    yield weather.sample, {"xyz": np.eye(3), "n_times": 2, "seed": 0}
    yield weather.predictor, {"xyz": np.eye(3), "n_past": 2}
    yield weather.filter_error, {"xyz": np.eye(3)}
    yield datasets.seasonal_temperature, {"lat": [0.0, 50.0], "times": [0, 1]}
    yield (
        datasets.generated_temperatures,
        {
            "lon": [0.0, 10.0],
            "lat": [0.0, 50.0],
            "n_days": 2,
            "anomalies": weather,
            "seed": 1,
        },
    )
    yield datasets.station_positions, {"n": 3, "seed": 1}


def entries():
    """All of them."""
    yield from maps()
    yield from flows()
    yield from stations()
    yield from skies_of_lensing()
    yield from molecules()
    yield from shapes()
    if find_spec("xarray"):
        yield from xarray_data()
        yield from own_fields()
    yield from scores()
    yield from numbers()
    yield from retrieval()
    yield from skies()
    if find_spec("embreex"):
        yield from meshes()
    yield from forecasts()
    yield from pictures()
