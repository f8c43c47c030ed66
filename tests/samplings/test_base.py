"""The base class: what it refuses, what it compares, what a coarsening must hold."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from samplings import Coarsening, HEALPix, Irregular, Sampling, same_sampling
from tests.round_off import assert_near

POLES = np.array([[0, 0, 1.0], [0, 0, -1.0]])


@pytest.mark.parametrize(
    ("xyz", "weights", "message"),
    [
        (np.zeros((2, 2)), [1, 1], r"xyz must have shape \(V, 3\)"),
        (POLES * [1, 1, np.nan], [1, 1], "xyz must be finite, got .* at vertex 0"),
        (POLES * 1.001, [1, 1], "unit vectors, got length 1.001 at vertex 0"),
        (POLES, [1], r"weights must have shape \(2,\).* got \(1,\)"),
        (POLES, [1, 0], "must be positive, got 0.0 at vertex 1"),
        (POLES, [1, np.nan], "must be positive, got nan at vertex 1"),
    ],
)
def test_errors_for_points_and_areas(xyz, weights, message):
    with pytest.raises(ValueError, match=message):
        Sampling(xyz, weights)


def test_single_precision_points_are_renormalised():
    xyz = HEALPix(2).xyz.astype(np.float32)
    sampling = Sampling(xyz, HEALPix(2).weights)
    assert_near(np.linalg.norm(sampling.xyz, axis=1), 1, 3)


def test_normalising_twice_changes_no_bit():
    xyz = np.random.default_rng(0).standard_normal((10_000, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    once = Sampling(xyz, np.full(10_000, 1e-3))
    np.testing.assert_array_equal(Sampling(once.xyz, once.weights).xyz, once.xyz)


def test_plain_points_have_no_configuration_and_no_coarser_sampling():
    class Bare(Sampling):
        @property
        def config(self):
            return {"type": "bare"}

    with pytest.raises(TypeError, match="Sampling has no configuration"):
        _ = Sampling(POLES, [1, 1]).config
    with pytest.raises(ValueError, match="has no coarser sampling"):
        Bare(POLES, [1, 1]).coarsen()


def test_same_sampling_compares_points_and_areas():
    sampling = HEALPix(4)
    moved = Irregular(sampling.xyz, sampling.weights * (1 + 1e-11))
    assert same_sampling(sampling, moved)
    assert not same_sampling(sampling, HEALPix(4, nest=False))
    assert not same_sampling(sampling, HEALPix(2))
    assert not same_sampling(sampling, Irregular(sampling.xyz, sampling.weights * 1.01))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:-1], r"assign must have shape .* = \(12, 48\), got \(11, 48\)"),
        (lambda a: -a, "shares of a cell must not be negative, got -1.0"),
        (lambda a: a * np.nan, "shares of a cell must not be negative, got nan"),
        (lambda a: 0.5 * a, "each fine cell must sum to one, got 0.5"),
        (lambda a: a[np.roll(np.arange(12), 1)] * 1.0, None),
    ],
)
def test_errors_for_coarsenings(change, message):
    good = HEALPix(2).coarsen()
    if message is None:  # equal areas: any permutation conserves them
        Coarsening(good.fine, good.coarse, change(good.assign))
        return
    with pytest.raises(ValueError, match=message):
        Coarsening(good.fine, good.coarse, change(good.assign))


def test_error_for_areas_that_are_not_conserved():
    good = HEALPix(2).coarsen()
    coarse = Irregular(good.coarse.xyz, good.coarse.weights * np.linspace(0.9, 1, 12))
    with pytest.raises(ValueError, match="coarse areas must be the sums"):
        Coarsening(good.fine, coarse, good.assign)


def test_coarsening_leaves_the_matrix_it_was_given_writeable():
    good = HEALPix(2).coarsen()
    mine = sp.csr_array(good.assign.toarray())
    Coarsening(good.fine, good.coarse, mine)
    mine.data[0] = 3.0
    assert not good.assign.data.flags.writeable


def test_importing_samplings_leaves_torch_out():
    code = "import sys, samplings; print('torch' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"
