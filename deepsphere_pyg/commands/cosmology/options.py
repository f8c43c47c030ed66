"""Options of the command ``deepsphere-pyg cosmology``, and those of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.parsing import Options, flag
from deepsphere_pyg.training.options import TrainingOptions

if TYPE_CHECKING:
    from deepsphere_pyg.commands.cosmology.methods import Method

#: Least side of a patch in pixels.
SMALLEST = 64
GRAPHS = tuple(
    f"fcn-{weighting}-{k}" for weighting in ("heat", "fitted") for k in (8, 20, 40)
)
#: Options that each table stands for.
TABLES: Mapping[str, Mapping[str, Any]] = {
    "spectra": {
        "data": "gaussian",
        "nside": 512,
        "order": 2,
        "noise": (0.5, 1.0, 1.5),
        "methods": ("fcn-fitted-8", "fcn-fitted-8-mean", "spectrum"),
        # Spectra differ at the finest scales, where distortions matter most.
        "patches": "alike",
        "n_maps": 300,
    },
    "shapes": {
        "data": "lognormal",
        "nside": 256,
        "order": 1,
        "noise": (2.0,),
        "methods": ("fcn-fitted-8", "planar-fcn-big", "histogram", "spectrum"),
        "n_maps": 200,
    },
    "graphs": {
        "data": "lognormal",
        "nside": 256,
        "order": 1,
        "noise": (2.0,),
        "methods": (
            *("planar-fcn", "planar-fcn-big", "planar-cnn"),
            *("cnn-earlier-8", "fcn-earlier-8"),
            *GRAPHS,
        ),
        "patches": "alike",
        "n_maps": 400,
    },
}


@dataclass(frozen=True, kw_only=True)
class TableOptions(Options):
    """Maps and classifiers; what is not given is that of the table.

    Parameters
    ----------
    table
        spectra: Gaussian maps of two spectra, beside the least error there can be;
        shapes: lognormal maps of equal spectra and different skewness, beside linear
        classifiers; graphs: the same maps, on graphs with more neighbours or other
        weights.
    data
        Maps: of a generator, or the published ones in --root.
    root
        Folder of the published maps.
    spectra
        spectrum_cosmo.npz of the DeepSphere experiments (default: spectra in closed
        form that are near those).
    kappa0
        Shift of the lognormal maps of each class; the smaller, the more skewed.
    nside
        Resolution of the maps.
    order
        Maps are cut into 12 order^2 patches.
    patches
        All patches on the graph of the first, as published; or those that are exactly
        alike by the symmetries of HEALPix.
    noise
        Standard deviations of white noise, over that of the maps; fresh in each step of
        training, fixed in testing.
    n_maps
        Whole-sky maps to train on, of both classes in turn. Of the published ones, all
        are used.
    n_validation
        Further maps, which select the checkpoint of a network and the penalty of a
        linear classifier.
    n_test
        Further maps to test on, of a generator.
    methods
        Classifiers: fcn-W-K and cnn-W-K, a network on a graph of K neighbours with
        weights W (earlier, heat, fitted), fully convolutional or with a dense head,
        -mean after these for mean pooling; planar-fcn and planar-cnn, on flat pictures,
        -big after these for more channels; spectrum and histogram, linear.
    seeds
        Seeds of trainings; the maps are the same for all.
    warm_start
        Start the training of each network at a level of noise from its weights at the
        level before, in the order of --noise, in place of random weights.
    """

    table: Literal["spectra", "shapes", "graphs"] = "shapes"
    data: Literal["gaussian", "lognormal", "published"] | None = None
    root: Path | None = None
    spectra: Path | None = None
    kappa0: tuple[float, ...] = (0.0216, 0.0187)
    nside: int | None = None
    order: int | None = None
    patches: Literal["all", "alike"] | None = None
    noise: tuple[float, ...] | None = None
    n_maps: int | None = None
    n_validation: int = 20
    n_test: int = 40
    methods: tuple[str, ...] | None = None
    seeds: tuple[int, ...] = (0,)
    warm_start: bool = False


@dataclass(frozen=True, kw_only=True)
class CosmologyOptions(TableOptions, OutputOptions, MachineOptions, TrainingOptions):
    """Options of the command."""

    epochs: int = 8
    batch_size: int = 8
    learning_rate: float = 3e-3

    @property
    def default_out(self) -> Path:
        """Folder of the results if ``--out`` is not given."""
        return Path(f"runs/cosmology-{self.table}")

    @property
    def resolved(self) -> CosmologyOptions:
        """The options, with those of the table where they are not given."""
        given = {"patches": "all", **TABLES[self.table]}
        missing = [one.name for one in fields(self) if getattr(self, one.name) is None]
        return replace(self, **{n: given[n] for n in missing if n in given})

    @property
    def classifiers(self) -> tuple[Method, ...]:
        """The methods by name, checked."""
        # Networks load PyTorch, which takes seconds.
        from deepsphere_pyg.commands.cosmology.methods import method_named

        return tuple(map(method_named, self.methods or ()))


OPTIONS = CosmologyOptions


def check_options(options: Any) -> None:
    """Refuse options that no run can have, before any map is made.

    Raises
    ------
    ValueError
        If one is out of its range.
    """
    for name in ("n_validation", "n_test", "n_maps"):
        if getattr(options, name) < 2:
            raise ValueError(
                f"--{flag(name)} must be at least 2, one map of each class, got "
                f"{getattr(options, name)}"
            )
    side, over = divmod(options.nside, options.order)
    if side < SMALLEST and not over:
        raise ValueError(
            f"networks pool five times, and need patches of at least {SMALLEST} by "
            f"{SMALLEST} pixels, got {side}: nside {options.nside} over order "
            f"{options.order}; raise --nside, or lower --order"
        )
    if len(options.kappa0) != 2:
        raise ValueError(
            f"--kappa0 must be two numbers, one for each class, got "
            f"{' '.join(map(str, options.kappa0))}"
        )
    if min(options.noise) < 0:
        raise ValueError(
            f"--noise must be at least 0, got {min(options.noise):g}; pass 0 for none"
        )
    for name in ("noise", "seeds", "methods"):
        values = getattr(options, name)
        if not values or len(set(values)) < len(values):
            shown = " ".join(map(str, values))
            raise ValueError(f"--{name} must be distinct values, got {shown}")
    if options.data == "published" and options.root is None:
        raise ValueError("--root is required: the folder of the published maps")
    if options.data != "published" and options.root is not None:
        raise ValueError("--root is of --data published; leave it out")
    if options.data == "published" and options.spectra is not None:
        raise ValueError("--spectra is of generated maps; leave it out")
