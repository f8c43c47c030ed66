"""Fits on disk: the same to the last bit, computed anew when damaged, of some size."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from samplings import (
    HEALPix,
    Irregular,
    Masked,
    build_pyramid,
    fit_weights,
    knn_graph,
    use_cache,
)
from samplings.fitting import fit_cache, fitted
from samplings.fitting.fit_cache import FitProblem
from samplings.points.neighbours import nearest_neighbours
from tests.helpers import scattered_points

SPHERE = HEALPix(2)
CAP = HEALPix(4)[HEALPix(4).lat > 20]


def pattern(sampling, k=8):
    return nearest_neighbours(sampling.xyz, k)


def uneven(n, wide):
    """Scattered points, all but the first ``wide`` of them in one place."""
    points = scattered_points(n)
    points[wide:] = points[0] + 0.05 * points[wide:]
    return Irregular(points / np.linalg.norm(points, axis=1)[:, None])


def fit(sampling=SPHERE, weighting="fitted-single", **options):
    return fit_weights(sampling, pattern(sampling), weighting, **options)


def assert_same(one, two):
    assert (one.weighting, one.bandlimit) == (two.weighting, two.bandlimit)
    for a, b in zip(arrays(one), arrays(two), strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes()
        assert not a.flags.writeable and not b.flags.writeable


def arrays(found):
    adjacency = found.adjacency
    rows = adjacency.data, adjacency.indices, adjacency.indptr
    return *rows, found.mass, found.row_weights


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Folder of the fits, in which fits of any size are kept."""
    monkeypatch.setattr(fit_cache, "LEAST", 1)
    with use_cache(tmp_path):
        yield tmp_path / "fits"


@pytest.fixture
def no_computing(monkeypatch):
    """Return a switch after which computing fails: what comes back has been read."""

    def refuse(*_):
        raise AssertionError("computed")

    return lambda: monkeypatch.setattr(fitted, "_fit", refuse)


# -- the same fit ---------------------------------------------------------------------
@pytest.mark.parametrize("sampling", [SPHERE, CAP], ids=["whole", "cap"])
@pytest.mark.parametrize("weighting", ["fitted", "fitted-single"])
def test_a_kept_fit_equals_the_computed_one_to_the_last_bit(
    sampling, weighting, kept, no_computing
):
    with use_cache(None):
        expected = fit(sampling, weighting)
    assert_same(fit(sampling, weighting), expected)
    no_computing()
    assert_same(fit(sampling, weighting), expected)


def test_fits_on_uneven_points_and_with_given_masses_are_kept(kept, no_computing):
    sampling = uneven(60, 30)
    options = {"mass": sampling.weights, "row_weights": np.arange(60.0)}
    plain, given = fit(sampling), fit(sampling, **options)
    no_computing()
    assert_same(fit(sampling), plain)
    assert_same(fit(sampling, **options), given)


def test_graphs_and_pyramids_are_made_of_kept_fits(kept, no_computing):
    expected = build_pyramid(CAP, 2, 8), knn_graph(SPHERE, 8)
    no_computing()
    found = build_pyramid(CAP, 2, 8), knn_graph(SPHERE, 8)
    for one, two in zip(
        (*found[0].graphs, found[1]), (*expected[0].graphs, expected[1]), strict=True
    ):
        assert one.adjacency.data.tobytes() == two.adjacency.data.tobytes()
        assert one.adjacency.indices.tobytes() == two.adjacency.indices.tobytes()
        assert one.mass.tobytes() == two.mass.tobytes()


def test_small_fits_are_not_kept(tmp_path):
    with use_cache(tmp_path):
        fit()
    assert not list(tmp_path.iterdir())


def test_nothing_is_kept_while_the_cache_is_off(kept, monkeypatch):
    with use_cache(None):
        fit()
    assert not kept.exists()


def test_progress_ends_for_kept_fits(kept, no_computing):
    told = []
    fit(progress=lambda *x: told.append(x))
    last = told[-1]
    no_computing()
    told.clear()
    fit(progress=lambda *x: told.append(x))
    assert told == [last] and last[0] == last[1]


# -- other fits -----------------------------------------------------------------------
def test_everything_that_determines_a_fit_has_a_key_of_its_own():
    order = np.random.default_rng(0).permutation(len(SPHERE))
    points = Irregular(SPHERE.xyz, SPHERE.weights)
    samplings = [
        SPHERE,
        points,
        SPHERE[order],
        SPHERE[SPHERE.lat > -90],
        points[points.lat > -90],
        Irregular(SPHERE.xyz[order], SPHERE.weights),
        Irregular(SPHERE.xyz, SPHERE.weights * (1 + 1e-9)),
        Masked(SPHERE, np.arange(len(SPHERE)), SPHERE.weights * (1 - 1e-9)),
    ]
    keys = [
        FitProblem(s, pattern(SPHERE), "fitted", None, None).key(1) for s in samplings
    ]
    links, ones = pattern(SPHERE), np.ones(len(SPHERE))
    longer = links.copy()
    longer.data[0] = np.nextafter(longer.data[0], 2)
    keys += [
        FitProblem(SPHERE, *problem).key(1)
        for problem in (
            (pattern(SPHERE, 6), "fitted", None, None),
            (longer, "fitted", None, None),
            (links, "fitted-irls", None, None),
            (links, "fitted", ones, None),
            (links, "fitted", None, ones),
        )
    ]
    keys.append(FitProblem(SPHERE, links, "fitted", None, None).key(2))
    assert len(set(keys)) == len(keys)
    again = FitProblem(HEALPix(2), pattern(SPHERE), "fitted", None, None).key(1)
    assert again == keys[0]


def test_parts_of_other_samplings_have_keys_of_their_own():
    rest = scattered_points(30)
    keys = set()
    for far in (1, -1):
        whole = Irregular(np.concatenate([SPHERE.xyz, far * rest]))
        part = Masked(whole, np.arange(len(SPHERE)), SPHERE.weights)
        problem = FitProblem(part, pattern(SPHERE), "fitted", None, None)
        keys.add(problem.key(1))
    assert len(keys) == 2


def test_fits_of_other_versions_are_not_used(kept, monkeypatch, no_computing):
    fit()
    monkeypatch.setattr(fitted, "VERSION", fitted.VERSION + 1)
    no_computing()
    with pytest.raises(AssertionError, match="computed"):
        fit()


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (HEALPix(4), [1576, 9483.600, 74888.92, 192.16067]),
        (uneven(300, 60), [2272, 120707.05, 151252096, 2403.1733]),
    ],
    ids=["even", "uneven"],
)
def test_the_values_are_those_of_this_version(sampling, expected):
    """If they were changed on purpose, raise ``fitted.VERSION`` and adapt them."""
    assert fitted.VERSION == 1
    graph = knn_graph(sampling, 8)
    weights = graph.adjacency.data
    found = [len(weights), weights.sum(), (weights**2).sum(), (graph.mass**2).sum()]
    # Fits differ by some 1e-5 between libraries of linear algebra.
    np.testing.assert_allclose(found, expected, rtol=1e-4)


# -- damage ---------------------------------------------------------------------------
def damaged(data, kind):
    if kind == "empty":
        return b""
    if kind == "cut":
        return data[: len(data) // 2]
    if kind == "text":
        return b"not a fit\n" * 40
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :]


@pytest.mark.parametrize("kind", ["empty", "cut", "text", "one bit"])
def test_damaged_files_are_told_of_and_replaced(kind, kept, no_computing):
    expected = fit()
    (file,) = kept.iterdir()
    file.write_bytes(damaged(file.read_bytes(), kind))
    with pytest.warns(RuntimeWarning, match=f"{file} cannot be read .* replaced"):
        assert_same(fit(), expected)
    no_computing()
    assert_same(fit(), expected)


def test_files_of_other_fits_are_not_believed(kept):
    expected = fit()
    (file,) = kept.iterdir()
    fit(CAP)
    (other,) = set(kept.iterdir()) - {file}
    os.replace(other, file)
    with pytest.warns(RuntimeWarning, match="it belongs to another fit"):
        assert_same(fit(), expected)


def test_a_folder_that_cannot_be_written_to_is_told_of_once(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_cache, "LEAST", 1)
    expected = fit()
    file = tmp_path / "file"
    file.write_text("in the way")
    with use_cache(file):
        with pytest.warns(RuntimeWarning, match=r"kept in .*set DEEPSPHERE_PYG_CACHE"):
            assert_same(fit(), expected)
        # Warnings are errors.
        assert_same(fit(), expected)


# -- size -----------------------------------------------------------------------------
def test_fits_used_least_recently_make_room(tmp_path, kept):
    fit()
    (first,) = kept.iterdir()
    fit(CAP)
    (second,) = set(kept.iterdir()) - {first}
    for second_ago, file in ((9, second), (10, first)):
        used = file.stat().st_mtime - second_ago
        os.utime(file, (used, used))
    size = sum(file.stat().st_size for file in (first, second))
    fit()  # used now
    with use_cache(tmp_path, size=size):
        fit(weighting="fitted")
    assert first.exists() and not second.exists()
    assert sum(file.stat().st_size for file in kept.iterdir()) <= size


def test_a_fit_larger_than_all_the_room_is_not_kept(tmp_path, kept):
    fit()
    (file,) = kept.iterdir()
    with use_cache(tmp_path, size=file.stat().st_size):
        fit(HEALPix(4))
    assert list(kept.iterdir()) == [file]


# -- several at once ------------------------------------------------------------------
def test_writers_and_readers_share_a_folder(kept):
    expected = fit()

    def read_or_write(_):
        found = fit()
        # Deleted again and again, so that there is always one who writes.
        for file in kept.glob("fit-*"):
            file.unlink(missing_ok=True)
        return found

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(read_or_write, range(24)):
            assert_same(found, expected)


WRITER = """
import sys
from samplings import HEALPix, fit_weights, use_cache
from samplings.fitting import fit_cache
from samplings.points.neighbours import nearest_neighbours

fit_cache.LEAST = 1
use_cache(sys.argv[1])
sphere = HEALPix(2)
links = nearest_neighbours(sphere.xyz, 8)
print("ready", flush=True)
input()
print(fit_weights(sphere, links, "fitted-single").adjacency.data.tobytes().hex())
"""


def test_processes_that_write_at_once_leave_one_whole_file(kept, no_computing):
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, str(kept.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    answers = {writer.communicate()[0].strip() for writer in writers}
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(list(kept.iterdir())) == 1
    no_computing()
    assert fit().adjacency.data.tobytes().hex() in answers
