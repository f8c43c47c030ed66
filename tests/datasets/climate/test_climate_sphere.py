import itertools

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from deepsphere_pyg.datasets import (
    CAM5_CHANNELS,
    ClimateEvents,
    ClimateSphereL5,
    Regridder,
)
from deepsphere_pyg.datasets.climate.climate_sphere_l5 import file_order
from samplings import HEALPix, Icosahedral, build_pyramid
from tests.round_off import assert_near

NAMES = [
    "data-2106-01-02-02-3-mesh.npz",
    "data-2106-01-02-03-1-mesh.npz",
    "data-2110-12-31-07-6-mesh.npz",
    "data-2111-05-01-00-1-mesh.npz",
]


@pytest.fixture(scope="module")
def positions():
    """Where the files' values are, in their order."""
    return Icosahedral(5).xyz[file_order(5)]


def file_contents(positions, step):
    """Channel c is c + step + z; a cyclone near the north pole, a river at x > 0.95."""
    x, _, z = positions.T
    data = np.arange(16)[:, None] + step + z
    classes = np.where(z > 0.99, 1, np.where(x > 0.95, 2, 0))
    return {
        "data": data.astype(np.float32),
        "labels": (classes == np.arange(3)[:, None]).astype(np.float64),
    }


@pytest.fixture
def root(tmp_path, positions):
    for step, name in enumerate(NAMES):
        np.savez(tmp_path / name, **file_contents(positions, step))
    for split, files in {"train": NAMES[1:3], "val": NAMES[:1], "test": []}.items():
        (tmp_path / f"{split}_split.txt").write_text("".join(f"{f}\n" for f in files))
    return tmp_path


# -- the mesh -------------------------------------------------------------------------
@pytest.mark.parametrize("level", range(6))
def test_file_order_is_a_permutation_of_the_icosahedron(level):
    order = file_order(level)
    np.testing.assert_array_equal(np.sort(order), np.arange(10 * 4**level + 2))


@pytest.mark.parametrize("level", range(1, 6))
def test_file_order_is_hierarchical(level):
    fine = Icosahedral(level).xyz[file_order(level)]
    coarse = Icosahedral(level - 1).xyz[file_order(level - 1)]
    assert_near(fine[: len(coarse)], coarse, 3)


@pytest.mark.oracle
@pytest.mark.parametrize("level", [1, 2, 5])
def test_midpoints_are_in_the_order_numpy_gives_their_bytes(level):
    # The published code deduplicates midpoints with numpy.unique on raw bytes.
    here = Icosahedral(level).xyz[file_order(level)]
    coarse = here[: 10 * 4 ** (level - 1) + 2]
    middle = here[len(coarse) :]
    ends = np.sort(cKDTree(coarse).query(middle, k=2)[1], axis=1)
    chords = coarse[ends].mean(axis=1)
    as_integers = np.round(chords * 10**8 - 1e-6).astype(np.int32)
    octets = np.ascontiguousarray(as_integers).view(np.dtype((np.void, 12))).ravel()
    _, first = np.unique(octets, return_index=True)
    np.testing.assert_array_equal(first, np.arange(len(middle)))


def test_rounding_of_the_order_is_far_from_ties():
    for level in range(5):
        mesh = Icosahedral(level)
        sides = np.unique(
            np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2),
            axis=0,
        )
        scaled = mesh.xyz[sides].mean(axis=1) * 1e8 - 1e-6
        # in units of 1e-8; round-off of a coordinate is 1e-8 of them
        assert np.abs(scaled - np.floor(scaled) - 0.5).min() > 1e-5


def test_first_corners_are_those_of_the_published_mesh():
    golden = (1 + 5**0.5) / 2
    corners = np.array(
        [
            (-1, golden, 0),
            (1, golden, 0),
            (-1, -golden, 0),
            (1, -golden, 0),
            (0, -1, golden),
            (0, 1, golden),
            (0, -1, -golden),
            (0, 1, -golden),
            (golden, 0, -1),
            (golden, 0, 1),
            (-golden, 0, -1),
            (-golden, 0, 1),
        ]
    )
    assert_near(Icosahedral(0).xyz[file_order(0)], corners / np.hypot(1, golden), 3)


# -- interpolation on it --------------------------------------------------------------
@pytest.mark.parametrize(
    "sampling", [HEALPix(16), Icosahedral(5)], ids=lambda s: s.name
)
def test_barycentric_weights_are_shares_of_the_triangle_around(sampling):
    mesh = Icosahedral(3)
    matrix = Regridder(mesh, sampling, "linear").matrix
    assert matrix.data.min() > 0
    assert_near(matrix.sum(axis=1), 1, 3)
    # the interpolated corners point towards the vertex, for the right triangle only
    towards = matrix @ mesh.xyz
    towards /= np.linalg.norm(towards, axis=1)[:, None]
    np.testing.assert_allclose(towards, sampling.xyz, atol=1e-12)
    assert np.diff(matrix.indptr).max() <= 3


def test_barycentric_interpolation_converges_at_second_order():
    sampling = HEALPix(16)

    def field(xyz):
        return xyz[:, 0] * xyz[:, 1] + xyz[:, 2] ** 3

    errors = [
        np.abs(
            Regridder(m, sampling, "linear").matrix @ field(m.xyz) - field(sampling.xyz)
        )
        for m in (Icosahedral(2), Icosahedral(3), Icosahedral(4))
    ]
    for coarse, fine in itertools.pairwise(e.max() for e in errors):
        assert coarse / fine > 3.4


# -- the data set ---------------------------------------------------------------------
def test_values_are_where_the_files_have_them(root):
    dataset = ClimateSphereL5(root)
    assert dataset.sampling.config == Icosahedral(5).config
    assert dataset.channel_names == CAM5_CHANNELS
    assert [path.name for path in dataset.files] == NAMES[1:3]
    x, y, mask = dataset[1]
    z = torch.from_numpy(np.array(dataset.sampling.xyz[:, 2]))
    expected = (torch.arange(16) + 2 + z[:, None]).float()
    torch.testing.assert_close(x, expected, rtol=0, atol=2e-6)  # float32 of 18
    assert torch.equal(y == 1, z > 0.99)
    assert mask.all()
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)


def test_default_sampling_has_a_pyramid(root):
    pyramid = build_pyramid(ClimateSphereL5(root).sampling, depth=3, k=5)
    assert [len(graph.sampling) for graph in pyramid.graphs] == [10242, 2562, 642]


def test_other_samplings_are_interpolated(root):
    sampling = HEALPix(16)
    x, y, mask = ClimateSphereL5(root, sampling, split="val")[0]
    z = torch.from_numpy(np.array(sampling.xyz[:, 2]))
    # linear on triangles of 2 degrees: z is off by less than their sagitta, 3e-4
    assert (x - (torch.arange(16) + z[:, None])).abs().max() < 4e-4
    assert mask.all()
    # nearest vertex, at most 1.3 degrees away
    cap = torch.rad2deg(torch.arccos(z.clamp(-1, 1)))
    edge = np.rad2deg(np.arccos(0.99))
    assert (y[cap < edge - 1.3] == 1).all()
    assert (y[cap > edge + 1.3] != 1).all()


def test_transposed_files_are_understood(tmp_path, positions):
    contents = file_contents(positions, 0)
    for name, turn in (("data-2106-01-01-00-1.npz", False), (NAMES[0], True)):
        np.savez(
            tmp_path / name, **{k: v.T if turn else v for k, v in contents.items()}
        )
    a, b = ClimateSphereL5(tmp_path, split="all")
    assert torch.equal(a.x, b.x)
    assert torch.equal(a.y, b.y)


def test_runs_select_files(root):
    dataset = ClimateSphereL5(root, split="all", runs={1})
    assert [path.name for path in dataset.files] == [NAMES[1], NAMES[3]]
    assert len(ClimateSphereL5(root, split="all")) == 4
    with pytest.raises(ValueError, match=r"no file of .* is in split 'train' and runs"):
        ClimateSphereL5(root, runs=[4])


def test_channels_are_those_of_the_generated_events():
    assert ClimateEvents(HEALPix(2), 1).channel_names == CAM5_CHANNELS
    assert ClimateEvents(HEALPix(2), 1).class_names == ClimateSphereL5.class_names


def test_missing_files_say_what_goes_where(tmp_path, root):
    dead = "download has been dead since 2022"
    with pytest.raises(FileNotFoundError, match=f"absent does not exist; put .*{dead}"):
        ClimateSphereL5(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="is a file, not a folder"):
        ClimateSphereL5(root / NAMES[0])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=f"no files data-.*npz; put .*{dead}"):
        ClimateSphereL5(tmp_path / "empty")
    (root / "val_split.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"val_split.txt does not exist: it"):
        ClimateSphereL5(root, split="val")
    (root / NAMES[2]).unlink()
    with pytest.raises(FileNotFoundError, match=f"names 1 files .*{NAMES[2]}"):
        ClimateSphereL5(root)
    with pytest.raises(ValueError, match="split must be 'train'"):
        ClimateSphereL5(root, split="holdout")
    with pytest.raises(ValueError, match=r"no file of .* is in split 'test'"):
        ClimateSphereL5(root, split="test")


def damaged(contents, fault):
    data, labels = contents["data"].copy(), contents["labels"].copy()
    match fault:
        case "no labels":
            return {"data": data}
        case "shape":
            return {"data": data[:, :2562], "labels": labels}
        case "label shape":
            return {"data": data, "labels": labels[:2]}
        case "nan":
            data[3, 5:7] = np.nan
        case "two classes":
            labels[:, 9] = 1
        case "code 2":
            labels[1, 9] = 2
    return {"data": data, "labels": labels}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no labels", "no array 'labels'; it has: data"),
        ("shape", r"data must have shape \(16, 10242\), got \(16, 2562\)"),
        ("label shape", r"labels must have shape \(3, 10242\), got \(2, 10242\)"),
        ("nan", "UBOT has 2 values that are not finite"),
        ("two classes", r"labels must be one-hot .* got \[1.0, 1.0, 1.0\] at vertex 9"),
        ("code 2", "labels must be one-hot"),
    ],
)
def test_damaged_files_are_named(tmp_path, positions, fault, message):
    path = tmp_path / NAMES[0]
    np.savez(path, **damaged(file_contents(positions, 0), fault))
    with pytest.raises(ValueError, match=message) as error:
        ClimateSphereL5(tmp_path, split="all")[0]
    assert NAMES[0] in str(error.value)


@pytest.mark.parametrize("kept", [0, 100, 400_000])
def test_truncated_files_are_named(root, kept):
    path = root / NAMES[1]
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=f"{NAMES[1]} cannot be read as npz"):
        ClimateSphereL5(root)[0]


def test_files_of_another_format_are_named_without_bad_advice(root):
    (root / NAMES[1]).write_bytes(b"no archive" * 100)
    with pytest.raises(ValueError, match="as npz: it is not an archive, or it is"):
        ClimateSphereL5(root)[0]


def test_runs_must_be_a_list(root):
    with pytest.raises(TypeError, match="runs must be a sequence of integers, got 1"):
        ClimateSphereL5(root, runs=1)


def test_pickled_objects_are_refused(tmp_path):
    path = tmp_path / NAMES[0]
    np.savez(path, data=np.array([{}], dtype=object), labels=np.zeros((3, 10242)))
    with pytest.raises(ValueError, match="cannot be read as npz"):
        ClimateSphereL5(tmp_path, split="all")[0]
