"""Regridding of random maps between random samplings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.datasets import Regridder
from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    Rectilinear,
    ReducedGaussian,
)

WHOLE = [
    Equiangular(6),
    Equiangular(9, 16, "clenshaw-curtis"),
    GaussLegendre(7, 9),
    HEALPix(2),
    HEALPix(3, nest=False),
    Icosahedral(1),
    ReducedGaussian([4, 8, 8, 4]),
    Fibonacci(60),
    CubedSphere(4),
    Rectilinear([88.0, 50, 20, -35, -70], [3.0, 40, 100, 170, 250, 300]),
]
whole = st.sampled_from(WHOLE)
methods = st.sampled_from(["auto", "conservative", "bilinear"])
seeds = st.integers(0, 2**32 - 1)


@given(source=whole, target=whole, method=methods, seed=seeds)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_constants_and_bounds_are_kept_and_means_where_areas_are(
    source, target, method, seed
):
    rng = np.random.default_rng(seed)
    regridder = Regridder(source, target, method)
    values = rng.normal(size=len(source)) * 10.0 ** rng.integers(-5, 6)
    result = regridder.fields(values)
    size = np.abs(values).max()
    assert np.isfinite(result).all()
    # round-off of sums of at most some hundred weights
    slack = 1e-13 * size
    assert result.min() >= values.min() - slack
    assert result.max() <= values.max() + slack
    constant = regridder.fields(np.full(len(source), values[0]))
    np.testing.assert_allclose(constant, values[0], rtol=1e-13)
    if regridder.used == "conservative":
        off = result @ target.weights - values @ source.weights
        assert abs(off) < 1e-9 * size


@given(
    source=whole, target=whole, method=methods, seed=seeds, share=st.floats(0.05, 0.95)
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_missing_values_follow_half_of_the_weight(source, target, method, seed, share):
    rng = np.random.default_rng(seed)
    regridder = Regridder(source, target, method)
    known = rng.random(len(source)) < share
    values = rng.normal(size=len(source))
    code = rng.choice([np.nan, np.inf, -1.6375e30, 9.969209968386869e36])
    result = regridder.fields(np.where(known, values, code))
    dense = regridder.matrix.toarray()
    weight = dense @ known
    expected = np.where(
        weight >= 0.5 - 1e-12,
        dense @ np.where(known, values, 0) / np.where(weight > 0, weight, 1),
        np.nan,
    )
    clear = np.abs(weight - 0.5) > 1e-9
    np.testing.assert_allclose(result[clear], expected[clear], atol=1e-12)


@given(source=whole, target=whole, method=methods, seed=seeds, n=st.integers(1, 6))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_labels_have_the_largest_share(source, target, method, seed, n):
    rng = np.random.default_rng(seed)
    regridder = Regridder(source, target, method)
    codes = rng.choice([-7, 0, 1, 5, 40, 200], size=len(source), replace=True) % (n * 9)
    known = rng.random(len(source)) < 0.8
    labels, inside = regridder.labels(np.ma.array(codes, mask=~known))
    dense = regridder.label_matrix.toarray()
    for vertex in rng.choice(len(target), 10):
        shares = {
            code: dense[vertex, known & (codes == code)].sum()
            for code in np.unique(codes)
        }
        total = sum(shares.values())
        if abs(total - 0.5) > 1e-9:
            assert inside[vertex] == (total > 0.5)
        if inside[vertex]:
            most = max(shares.values())
            assert shares[labels[vertex]] >= most * (1 - 1e-8)
            first = min(code for code, one in shares.items() if one >= most)
            assert labels[vertex] <= first


@given(source=whole, target=whole, seed=seeds, south=st.floats(-60, 40))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_parts_carry_only_what_they_hold(source, target, seed, south):
    part = source[source.lat > south]
    if len(part) < 4 or len(np.unique(part.theta.round(9))) < 2:
        return
    rng = np.random.default_rng(seed)
    values = rng.normal(size=len(part))
    regridder = Regridder(part, target)
    result = regridder.fields(values)
    inside = np.isfinite(result)
    # Half of a cell of the widest sampling reaches some 60 degrees.
    assert not inside[target.lat < south - 65].any()
    assert (result[inside] >= values.min() - 1e-12).all()
    assert (result[inside] <= values.max() + 1e-12).all()
    assert (regridder.matrix.sum(axis=1) <= 1 + 1e-9).all()
