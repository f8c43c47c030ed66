"""What makes each picture of the README and of the documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where pictures come from.

    Parameters
    ----------
    pictures
        Names of their files in ``docs/images``, without the ending.
    command
        Command that measures their numbers and draws them.
    duration
        How long that takes, where it is known; on one core unless it says otherwise.
    numbers
        Kept numbers of ``numbers/`` that they show, or empty.
    note
        What the command needs, or what is missing.
    title
        Title of the pictures that are redrawn.
    evaluation
        Words of ``deepsphere-pyg`` that draw the pictures in two minutes at most, with
        a trained network that is part of the package.
    network
        Name of that network.
    """

    pictures: tuple[str, ...]
    command: str
    duration: str = ""
    numbers: str = ""
    note: str = ""
    title: str = ""
    evaluation: str = ""
    network: str = ""


_STATIONS = "deepsphere-pyg stations --threads 1 --epochs"
_TREFHT = "--file trefht_annual_1890-1999.nc"
SOURCES = (
    Source(("concepts",), "python docs/concepts_picture.py", "half a minute"),
    Source(
        ("equivariance", "error_against_cost", "symbol", "kernel_widths"),
        "deepsphere-pyg equivariance --nside 32 --k 8 20 40 --optimise-width "
        "--weighting heat fitted fitted-irls finite-volume",
        "some minutes",
        "equivariance.csv",
        title="rotation-free protocol",
    ),
    Source(
        ("equivariance_published",),
        "deepsphere-pyg equivariance --nside 32 64 --k 8 20 40 --weighting heat "
        "--protocol published",
        "some minutes",
        "equivariance_published.csv",
        title="published protocol, 50 samples",
    ),
    Source(
        ("layer_equivariance",),
        "deepsphere-pyg equivariance --layers --samples 200",
        "some minutes",
        "layer_equivariance.csv",
        title="Equivariance error of layers, L = 10, 200 samples of coefficients "
        "that all have the same variance",
    ),
    Source(
        ("map",),
        "python -m benchmarks.studies.readme_results --only demo",
        "some minutes",
        # The network of the demo is part of the package.
        evaluation="segment --demo",
        network="climate-events-small",
    ),
    Source(
        ("precision_recall",),
        "python -m benchmarks.studies.readme_results --only demo",
        "some minutes",
        note="that of single pixels is trained too",
    ),
    Source(
        ("era_interim",),
        "python -m benchmarks.studies.readme_results --only era_interim --eraint DIR",
        "half a minute a run on two cores",
        note="DIR has eraint_uvz.nc and basin_mask.nc of xarray's tutorial data",
    ),
    Source(
        ("local_layers",),
        f"python -m benchmarks.studies.local_layers {_TREFHT}",
        "a quarter of an hour",
        "local_layers.csv",
    ),
    Source(
        ("climate_years",),
        f"python -m benchmarks.studies.climate_runs {_TREFHT}",
    ),
    Source(
        ("barotropic_forecasts",),
        "python -m benchmarks.studies.barotropic_forecasts --seed 1",
        "three quarters of an hour of processor time",
        "barotropic_forecasts.csv",
    ),
    Source(
        ("cosmology_graphs",),
        "deepsphere-pyg cosmology --table graphs --spectra spectrum_cosmo.npz "
        "--epochs 4 --n-validation 40 --n-test 200 --seeds 0 1 2 --threads 1",
        "six hours",
        "cosmology_graphs.csv",
    ),
    Source(
        ("stations_interpolation",),
        f"{_STATIONS} 12 --data hourly --file stations_hourly_1995-03-18.nc",
    ),
    Source(
        ("stations_next_hour",),
        f"{_STATIONS} 10 --data hourly --file stations_hourly_1995-03-18.nc "
        "--task next-hour --methods persistence pooled-regression station-regression "
        "order-0 order-2 --batch-size 2",
    ),
    Source(
        ("stations_generated",),
        f"{_STATIONS} 10 --n-stations 200 --n-days 731 --widths 32 64 64 "
        "--batch-size 16",
    ),
    Source(
        ("qm7",),
        "deepsphere-pyg qm7 --root DIR --mixing mst --epochs 80 --threads 1",
        "ten minutes",
        note="DIR has qm7.mat",
    ),
    Source(
        ("shapes_retrieved",),
        "deepsphere-pyg shapes --dataset lpsb --root lpsb190.npz --networks chebyshev "
        "--train NR --folds 0 --translations 8 --epochs 15 --threads 1",
    ),
    Source(
        ("digits_confused",),
        "python -m benchmarks.studies.spherical_mnist confusions --root DIR "
        "--predictions runs/digits-generalized-NR/predictions.csv",
        "half a minute",
        # Not all that is drawn: the digits themselves are those of MNIST.
        "digits_confused.csv",
        note="the predictions are those of a finished run of deepsphere-pyg digits, or "
        "of its sixes and nines, as kept in digits_confused.csv; DIR has mnist.npz",
    ),
    Source(
        ("tensor_product_cost",),
        "python -m benchmarks.studies.tensor_product_scaling",
        numbers="tensor_product_cost.csv",
        note="the times are those of the machine that runs it",
    ),
    Source(
        ("cost_against_size",),
        "python -m benchmarks.studies.scaling --threads 1",
        numbers="cost_against_size.csv",
        note="the times are those of the machine that runs it",
    ),
)
