"""A damaged file is told by a clear error that names it, or does no harm.

Each reader gets the same sequence of damage (see conftest): another file or a folder
under the name, flipped bits, bytes, truncation, parts zeroed, doubled, removed or
exchanged, extreme numbers. For more of it than the default::

    DEEPSPHERE_FUZZ=10000 pytest tests/fuzz -m slow -rP
"""

from __future__ import annotations

import functools
import gzip
import os
import struct
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import healpy
import numpy as np
import pytest
import scipy.io
import torch
import trimesh
import xarray

from deepsphere_pyg.convert import Mesh, read_healpix, read_mesh, write_healpix
from deepsphere_pyg.datasets import (
    CAM5,
    CAM5_CHANNELS,
    QM7,
    ClimateNet,
    ClimateSphereL5,
    ConvergenceMaps,
    ExtremeWeather,
    LabelledPrinceton,
    RenderedShapes,
    XarrayDataset,
    XarrayFields,
    cosmology_spectra,
    read_mnist,
    read_molecules,
)
from deepsphere_pyg.datasets.kept_array import map_array, write_array
from deepsphere_pyg.datasets.shapes.shrec17_tables import SHREC17_SYNSETS, read_table
from deepsphere_pyg.harmonics.couplings.cache import cached_clebsch_gordan_set
from deepsphere_pyg.models import PixelNetwork, load_model, save_model
from deepsphere_pyg.models.checkpoint_file import content_digest
from deepsphere_pyg.training.callbacks import SEGMENTATION, History
from deepsphere_pyg.training.checkpoint_io import CheckedCheckpoints
from samplings import HEALPix, Irregular, build_pyramid, fit_weights, use_cache
from samplings.atomic_files import write_rows
from samplings.fitting import fit_cache
from samplings.points.neighbours import nearest_neighbours
from tests.convert.meshes import solids
from tests.datasets.shapes.small_meshes import write_princeton
from tests.datasets.shapes.sources import Solids

h5py = pytest.importorskip("h5py")

FEW = range(24)
# Of files as large as the published ones, which take long to read.
FEWER = range(0, 60, 10)
LARGE = ("cam5", "extreme-weather")
MANY = int(os.environ.get("DEEPSPHERE_FUZZ", "1000"))
HEALPIX = HEALPix(2)
LAT, LON = np.linspace(-80, 80, 9), np.arange(16) * 22.5
RNG = np.random.default_rng(7)
FIELD = RNG.normal(size=(2, 9, 16)).astype(np.float32)
CODES = (np.arange(9)[:, None] + np.zeros(16, int)) % 3


def same(result: Any, expected: Any) -> bool:
    """Whether arrays or tensors are equal, one by one."""
    pairs = zip(result, expected, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def is_sample(sample: Any, like: Any) -> bool:
    """Whether it is a sample of the right shape, whose labels are classes."""
    shapes = all(a.shape == b.shape for a, b in zip(sample, like, strict=True))
    finite = torch.isfinite(sample.x) | ~sample.mask[..., None]
    return bool(shapes and finite.all() and (sample.y >= 0).all())


def is_map(sample: Any, like: Any) -> bool:
    """Whether it is a sample on the same vertices.

    A classic header has no checksum: where the dimension of time has got another name,
    each time is a channel.
    """
    channels = [one.x[:, :1] for one in (sample, like)]
    return is_sample(
        *(one._replace(x=x) for one, x in zip((sample, like), channels, strict=True))
    )


# -- QM7 -------------------------------------------------------------------------------
def write_qm7(folder: Path, compressed: bool) -> Path:
    places = np.zeros((4, 5, 3), dtype=np.float32)
    places[:, :, 0] = np.arange(1, 6) * 2.0
    content = {
        "R": places,
        "Z": np.array([[6, 1, 1, 1, 1], [8, 1, 1, 0, 0]] * 2, dtype=np.float32),
        "T": np.array([[-400.0, -231.0, -410.0, -220.0]], dtype=np.float32),
        "P": np.array([[2, 0], [3, 1]]),
    }
    path = folder / "qm7.mat"
    scipy.io.savemat(path, content, do_compression=compressed)
    return path


def are_molecules(molecules: Any, expected: Any) -> bool:
    return bool(
        np.isfinite(molecules.positions).all()
        and np.isfinite(molecules.energies).all()
        and molecules.charges.shape == molecules.positions.shape[:2]
    )


def same_molecules(molecules: Any, expected: Any) -> bool:
    # The folds are last: a file that ends before them is whole.
    names = ("charges", "positions", "energies")
    return same(*([getattr(m, n) for n in names] for m in (molecules, expected)))


def write_xyz(folder: Path) -> Path:
    path = folder / "molecules.xyz"
    atoms = "C 0 0 0\nH 0.63 0.63 0.63\nH -0.63 -0.63 0.63 0.1\n"
    path.write_text(f"3\nfirst\n{atoms}3\nsecond\n{atoms}" * 4)
    return path


def write_padded(folder: Path, ending: str) -> Path:
    charges = np.array([[6, 1, 1, 1, 1], [8, 1, 1, 0, 0]])
    content = {"R": RNG.normal(size=(2, 5, 3)), "Z": charges}
    path = folder / f"molecules.{ending}"
    if ending == "npz":
        np.savez(path, **content)
    else:
        scipy.io.savemat(path, content, do_compression=True)
    return path


def are_atoms(molecules: Any, expected: Any) -> bool:
    pairs = zip(molecules.charges, molecules.positions, strict=True)
    return all(
        p.shape == (len(z), 3) and len(z) and np.isfinite(p).all() and (z > 0).all()
        for z, p in pairs
    )


def same_atoms(molecules: Any, expected: Any) -> bool:
    return all(same(*pair) for pair in zip(molecules[:2], expected[:2], strict=True))


# -- grids -----------------------------------------------------------------------------
def write_climatenet(folder: Path, **how: Any) -> Path:
    maps = {
        name: (("lat", "lon"), FIELD[0] + i) for i, name in enumerate(CAM5_CHANNELS)
    }
    file = xarray.Dataset(
        {**maps, "LABELS": (("lat", "lon"), CODES)}, {"lat": LAT, "lon": LON}
    )
    file.to_netcdf(folder / "data-2000-01-01-00-1.nc", **how)
    return folder / "data-2000-01-01-00-1.nc"


def write_fields(folder: Path, store: str) -> Path:
    file = xarray.Dataset(
        {"t": (("time", "lat", "lon"), FIELD), "zone": (("lat", "lon"), CODES)},
        {"lat": LAT, "lon": LON, "time": np.arange(2)},
    )
    if store == "zarr":
        file.to_zarr(folder / "maps.zarr", consolidated=False)
        return folder / "maps.zarr"
    compressed = {"t": {"zlib": True, "chunksizes": (1, 4, 8)}}
    encoding = compressed if store == "NETCDF4" else {}
    file.to_netcdf(
        folder / "maps.nc", format=store, engine="netcdf4", encoding=encoding
    )
    return folder / "maps.nc"


def last(maps: Any) -> Any:
    """The last map: a damaged header may tell of fewer maps, and nothing else does."""
    return maps[len(maps) - 1]


def read_fields(path: Path) -> Any:
    return last(
        XarrayFields(path, variables=["t"], sampling=HEALPIX, class_names=["a"])
    )


def read_labels(path: Path) -> Any:
    return last(
        XarrayDataset(path, variables=["t"], label_variable="zone", sampling=HEALPIX)
    )


def write_hollow(folder: Path, names: dict[str, tuple[int, ...]], name: str) -> Path:
    """Arrays of the published shapes, of which hardly a number is stored."""
    with h5py.File(folder / name, "w") as file:
        for array, shape in names.items():
            chunks = tuple(min(n, 64) for n in shape)
            file.create_dataset(array, shape, "f4", chunks=chunks, compression="gzip")
            file[array][tuple(n - 1 for n in shape)] = 1
    return folder / name


CAM5_NAMES = {"climate/data": (768, 1152, 16), "climate/labels_0": (768, 1152)}
WEATHER_NAMES = {"images": (1, 16, 768, 1152), "boxes": (1, 15, 5)}


# -- npz, idx, points ------------------------------------------------------------------
def write_sphere(folder: Path) -> Path:
    path = folder / "data-2000-01-01-00-1-mesh.npz"
    classes = np.arange(10_242) % 3 == np.arange(3)[:, None]
    data = np.broadcast_to(np.arange(16.0)[:, None], (16, 10_242))
    np.savez_compressed(path, data=data, labels=classes.astype(float))
    return path


DIGITS = np.arange(3 * 28 * 28, dtype=np.uint8).reshape(3, 28, 28)


def write_mnist_npz(folder: Path) -> Path:
    np.savez(folder / "mnist.npz", x_test=DIGITS, y_test=[1, 2, 3])
    return folder / "mnist.npz"


def write_mnist_idx(folder: Path, packed: bool) -> Path:
    paths = []
    for name, array in (
        ("t10k-images-idx3-ubyte", DIGITS),
        ("t10k-labels-idx1-ubyte", np.array([1, 2, 3], dtype=np.uint8)),
    ):
        header = bytes([0, 0, 8, array.ndim])
        header += struct.pack(f">{array.ndim}I", *array.shape)
        content = header + array.tobytes()
        paths.append(folder / (f"{name}.gz" if packed else name))
        paths[-1].write_bytes(gzip.compress(content) if packed else content)
    return paths[0]


def are_digits(digits: Any, expected: Any) -> bool:
    return digits.images.shape == expected.images.shape


STATIONS = np.stack([np.arange(0, 360, 15.0), 60 * np.sin(np.arange(24.0))], axis=1)


def write_points(folder: Path, ending: str) -> Path:
    path = folder / f"stations.{ending}"
    if ending == "npy":
        np.save(path, STATIONS)
    elif ending == "npz":
        np.savez(path, lon=STATIONS[:, 0], lat=STATIONS[:, 1])
    else:
        np.savetxt(path, STATIONS, delimiter=",", header="lon,lat", comments="")
    return path


def read_points(path: Path) -> Any:
    return Irregular.from_file(path, duplicates="merge")


def are_points(points: Any, expected: Any) -> bool:
    length = np.linalg.norm(points.xyz, axis=1)
    return bool(np.allclose(length, 1) and (points.weights > 0).all())


# -- HEALPix maps ----------------------------------------------------------------------
SKY = RNG.normal(size=(2, 192)).astype(np.float32)


def write_sky(folder: Path, ending: str) -> Path:
    part = HEALPix(4)[np.arange(0, 192, 2)]
    write_healpix(folder / f"sky.{ending}", SKY[:, ::2].T, part, names=["I", "Q"])
    return folder / f"sky.{ending}"


def write_foreign_sky(folder: Path, partial: bool) -> Path:
    sky = np.where(np.arange(192) % 5 > 0, SKY, np.float32(healpy.UNSEEN))
    healpy.write_map(folder / "sky.fits", sky, nest=True, partial=partial)
    return folder / "sky.fits"


def read_sky(path: Path) -> Any:
    sky = read_healpix(path)
    return [sky.values, sky.mask, sky.pixels, [sky.nside, sky.nest], sky.names]


def is_sky(sky: Any, expected: Any) -> bool:
    values, mask, pixels, (nside, _), names = sky
    return bool(
        values.shape == mask.shape == (len(pixels), len(names))
        and (np.isfinite(values) == mask).all()
        and (0 <= pixels[0] and pixels[-1] < 12 * nside**2)
    )


# -- files of ours ---------------------------------------------------------------------
@functools.cache
def network() -> PixelNetwork:
    torch.manual_seed(0)
    return PixelNetwork(2, 3, build_pyramid(HEALPix(1), depth=1, k=3), widths=(4, 6))


def write_model(folder: Path, checked: bool) -> Path:
    save_model(network(), folder / "model.pt")
    if not checked:  # as earlier versions wrote it
        content = torch.load(folder / "model.pt", weights_only=True)
        del content["deepsphere_pyg_digest"]
        torch.save(content, folder / "model.pt")
    return folder / "model.pt"


def read_model(path: Path) -> list[Any]:
    return list(load_model(path).state_dict().values())


def write_training(folder: Path) -> Path:
    model = network()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 12, 2)).sum().backward()
    optimizer.step()
    content = {
        "epoch": 3,
        "state_dict": model.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "callbacks": {"AtomicCheckpoints": {"best": 0.5, "best_epoch": None}},
    }
    CheckedCheckpoints().save_checkpoint(content, folder / "last.ckpt")
    return folder / "last.ckpt"


def read_training(path: Path) -> str:
    return content_digest(CheckedCheckpoints().load_checkpoint(path))


def write_history(folder: Path) -> Path:
    rows = [{"epoch": e, **dict.fromkeys(SEGMENTATION, 0.5)} for e in range(1, 4)]
    write_rows(folder / "history.csv", rows)
    return folder / "history.csv"


def read_history(path: Path) -> Any:
    history = History(path)
    history.setup(None, None, "fit")  # type: ignore[arg-type]
    return history.rows


def are_rows(rows: Any, expected: Any) -> bool:
    columns = {"epoch", *SEGMENTATION}
    return all(
        set(row) == columns and all(isinstance(v, float) for v in row.values())
        for row in rows
    )


TRIPLES = [(1, 1, 0), (1, 1, 1), (2, 1, 2)]


def write_couplings(folder: Path) -> Path:
    cached_clebsch_gordan_set(TRIPLES, folder)
    (path,) = folder.iterdir()
    return path


def read_couplings(path: Path) -> Any:
    couplings = cached_clebsch_gordan_set(TRIPLES, path.parent)
    return [getattr(couplings, name) for name in ("m1", "m2", "m", "values")]


FIT = nearest_neighbours(HEALPIX.xyz, 8)


def write_fit(folder: Path) -> Path:
    read_fit(folder / "fits" / "fit.npz")
    (path,) = (folder / "fits").iterdir()
    return path


def read_fit(path: Path) -> Any:
    with patch.object(fit_cache, "LEAST", 1), use_cache(path.parents[1]):
        fit = fit_weights(HEALPIX, FIT, "fitted-single")
    return fit.adjacency.data, fit.adjacency.indices, fit.mass


def write_kept(folder: Path) -> Path:
    write_array(folder / "kept.npy", DIGITS)
    return folder / "kept.npy"


def write_mesh(folder: Path, ending: str) -> Path:
    path = folder / f"star.{ending}"
    solid = solids.star(level=1)
    trimesh.Trimesh(solid.vertices, solid.faces, process=False).export(path)
    return path


def is_mesh(mesh: Any, like: Any) -> bool:
    return isinstance(mesh, Mesh) and len(mesh.faces) > 0


def write_shapes(folder: Path, name: str) -> Path:
    RenderedShapes(Solids(2), HEALPIX, cache=folder / "cache")
    (kept,) = (folder / "cache").iterdir()
    return kept / name


def read_shapes(path: Path) -> Any:
    return RenderedShapes(Solids(2), HEALPIX, cache=path.parents[1]).x


def write_spectra(folder: Path) -> Path:
    path = folder / "spectrum_cosmo.npz"
    np.savez(path, psd_class1=RNG.random((2, 30)), psd_class2=RNG.random((2, 30)))
    return path


def write_convergence(folder: Path, packed: bool) -> Path:
    """A map of each class in the published format, in a folder or an archive."""
    inner = folder / "testing"
    inner.mkdir()
    paths = [inner / f"kappa_{mark}.npy" for mark in ("0p26", "0p31")]
    for path in paths:
        np.save(path, RNG.normal(size=192))
    if not packed:
        return inner
    with zipfile.ZipFile(folder / "testing.zip", "w") as archive:
        for path in paths:
            archive.write(path, f"testing/{path.name}")
    return folder / "testing.zip"


def read_convergence(path: Path) -> Any:
    options = {"nside": 2, "sigma_arcmin": 600, "verify": False}
    maps = ConvergenceMaps(path.parent, "test", complete=False, **options)
    return torch.stack([sample.x for sample in maps])


def are_finite(maps: Any, expected: Any) -> bool:
    return maps.shape == expected.shape and bool(maps.isfinite().all())


# -- shapes ----------------------------------------------------------------------------
def read_princeton(path: Path) -> Any:
    shapes = LabelledPrinceton(path)
    return [shapes.load(3).vertices, shapes.load(3).faces, shapes.labels, shapes.ids]


def write_shapes_table(folder: Path, packed: bool) -> Path:
    lines = ["id,synsetId,subSynsetId,modelId,split"]
    lines += [f"{n:06d},{s},{s},a1,train" for n, s in enumerate(SHREC17_SYNSETS)]
    content = "\n".join(lines).encode()
    path = folder / ("all.csv.gz" if packed else "all.csv")
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def are_shapes(rows: Any, expected: Any) -> bool:
    return all(
        len(id_) == 6 and row.synset in SHREC17_SYNSETS and row.split == "train"
        for id_, row in rows.items()
    )


def of_folder(dataset: Any, **options: Any) -> Any:
    """Read the first map of a folder."""
    return lambda path: dataset(path.parent, HEALPIX, **options)[0]


def first(read: Any) -> Any:
    return lambda path: [read(path)]


READERS: dict[str, tuple[Any, Any, Any]] = {
    "qm7-compressed": (
        functools.partial(write_qm7, compressed=True),
        lambda path: QM7(path).molecules,
        same_molecules,
    ),
    "qm7": (
        functools.partial(write_qm7, compressed=False),
        lambda path: QM7(path).molecules,
        are_molecules,
    ),
    "xyz": (write_xyz, read_molecules, are_atoms),
    "molecules-npz": (
        functools.partial(write_padded, ending="npz"),
        read_molecules,
        same_atoms,
    ),
    "molecules-mat": (
        functools.partial(write_padded, ending="mat"),
        read_molecules,
        same_atoms,
    ),
    "climatenet": (
        functools.partial(write_climatenet, engine="netcdf4"),
        of_folder(ClimateNet, split=None),
        is_sample,
    ),
    "climatenet-classic": (
        functools.partial(write_climatenet, engine="netcdf4", format="NETCDF3_CLASSIC"),
        of_folder(ClimateNet, split=None),
        is_sample,
    ),
    "cam5": (
        lambda folder: write_hollow(folder, CAM5_NAMES, "data-1.h5"),
        of_folder(CAM5),
        is_sample,
    ),
    "extreme-weather": (
        lambda folder: write_hollow(folder, WEATHER_NAMES, "climo_1979.h5"),
        of_folder(ExtremeWeather),
        is_sample,
    ),
    "climate-sphere": (
        write_sphere,
        lambda path: ClimateSphereL5(path.parent, split="all")[0],
        same,
    ),
    "netcdf4": (
        functools.partial(write_fields, store="NETCDF4"),
        read_fields,
        is_sample,
    ),
    "netcdf3": (
        functools.partial(write_fields, store="NETCDF3_64BIT"),
        read_fields,
        is_map,
    ),
    "netcdf4-labels": (
        functools.partial(write_fields, store="NETCDF4"),
        read_labels,
        is_sample,
    ),
    "zarr": (functools.partial(write_fields, store="zarr"), read_fields, is_sample),
    "zarr-labels": (
        functools.partial(write_fields, store="zarr"),
        read_labels,
        is_sample,
    ),
    "mnist-npz": (write_mnist_npz, lambda path: read_mnist(path, "test"), same),
    "mnist-idx": (
        functools.partial(write_mnist_idx, packed=False),
        lambda path: read_mnist(path.parent, "test"),
        are_digits,
    ),
    "mnist-idx-gz": (
        functools.partial(write_mnist_idx, packed=True),
        lambda path: read_mnist(path.parent, "test"),
        same,
    ),
    "points-npy": (
        functools.partial(write_points, ending="npy"),
        read_points,
        are_points,
    ),
    "points-npz": (
        functools.partial(write_points, ending="npz"),
        first(lambda path: read_points(path).xyz),
        same,
    ),
    "points-csv": (
        functools.partial(write_points, ending="csv"),
        read_points,
        are_points,
    ),
    "model": (functools.partial(write_model, checked=True), read_model, same),
    "model-without-checksum": (
        functools.partial(write_model, checked=False),
        read_model,
        same,
    ),
    "training": (write_training, first(read_training), same),
    "history": (write_history, read_history, are_rows),
    # Damage of a cache is no error: the results are computed again.
    "clebsch-gordan": (write_couplings, read_couplings, same),
    "fit": (write_fit, read_fit, same),
    "kept-signals": (write_kept, first(map_array), same),
    "kept-shapes": (
        functools.partial(write_shapes, name="maps.npy"),
        read_shapes,
        same,
    ),
    "kept-shapes-done": (
        functools.partial(write_shapes, name="done.txt"),
        read_shapes,
        same,
    ),
    "mesh-obj": (functools.partial(write_mesh, ending="obj"), read_mesh, is_mesh),
    "mesh-off": (functools.partial(write_mesh, ending="off"), read_mesh, is_mesh),
    "mesh-ply": (functools.partial(write_mesh, ending="ply"), read_mesh, is_mesh),
    "mesh-stl": (functools.partial(write_mesh, ending="stl"), read_mesh, is_mesh),
    "healpix": (functools.partial(write_sky, ending="fits"), read_sky, same),
    "healpix-gz": (functools.partial(write_sky, ending="fits.gz"), read_sky, same),
    "healpix-without-checksum": (
        functools.partial(write_foreign_sky, partial=False),
        read_sky,
        is_sky,
    ),
    "healpix-part-without-checksum": (
        functools.partial(write_foreign_sky, partial=True),
        read_sky,
        is_sky,
    ),
    "convergence": (
        functools.partial(write_convergence, packed=False),
        read_convergence,
        are_finite,
    ),
    "convergence-zip": (
        functools.partial(write_convergence, packed=True),
        read_convergence,
        same,
    ),
    "princeton": (write_princeton, read_princeton, same),
    "shapes-table": (
        functools.partial(write_shapes_table, packed=False),
        read_table,
        are_shapes,
    ),
    "shapes-table-gz": (
        functools.partial(write_shapes_table, packed=True),
        lambda path: list(read_table(path).values()),
        same,
    ),
    "spectra": (write_spectra, first(cosmology_spectra), same),
}


@pytest.mark.parametrize("name", READERS)
def test_damage_is_told_or_harmless(name: str, fuzz: Any) -> None:
    fuzz(*READERS[name], FEWER if name in LARGE else FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_much_damage_is_told_or_harmless(name: str, fuzz: Any) -> None:
    fuzz(*READERS[name], range(MANY))
