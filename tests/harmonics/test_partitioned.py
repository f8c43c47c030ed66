"""Transforms that several processes share do what one with all of the sphere does."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed

from deepsphere_pyg.harmonics import (
    SHT,
    PartitionedISHT,
    PartitionedSHT,
    PartitionedSpinSHT,
)
from deepsphere_pyg.harmonics.sht.geometry import ring_geometry
from samplings import Equiangular, Fibonacci, GaussLegendre, HEALPix
from tests.harmonics.partitioned_steps import PLACES, data, results, whole
from tests.helpers import random
from tests.round_off import assert_near

SCRIPT = Path(__file__).with_name("partitioned_steps.py")
SIZES = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What all processes found, by the place and their number."""
    folder = tmp_path_factory.mktemp("shared")
    command = [sys.executable, "-W", "error", SCRIPT, folder, *map(str, SIZES)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return {
        (name, ranks): [
            torch.load(folder / f"{name}-{rank}-{ranks}.pt") for rank in range(ranks)
        ]
        for name in PLACES
        for ranks in SIZES
    }


@pytest.fixture(scope="module")
def wanted():
    """What one process finds alone, by the place."""
    found = {}
    for name in PLACES:
        to_rows, to_signal = whole(name)
        x, c = data(name, to_rows)
        found[name] = to_rows, results(to_rows, to_signal, x, c)
    return found


@pytest.fixture
def alone():
    """A group of this process alone."""
    store = distributed.HashStore()
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize("ranks", SIZES)
@pytest.mark.parametrize("name", PLACES)
def test_values_adjoints_and_derivatives_are_those_of_one_process(
    shared, wanted, name, ranks
):
    parts = shared[name, ranks]
    for key, value in wanted[name][1].items():
        n = value.shape[1]
        kind = "vertices" if n == len(wanted[name][0].sampling) else "rows"
        places = torch.cat([part[kind] for part in parts])
        assert torch.equal(places.sort().values, torch.arange(n))
        found = torch.cat([part["results"][key] for part in parts], dim=1)
        torch.testing.assert_close(
            found, value[:, places], rtol=1e-12, atol=1e-12 * float(value.abs().max())
        )


@pytest.mark.parametrize("ranks", SIZES)
@pytest.mark.parametrize("name", PLACES)
def test_processes_have_about_as_many_vertices_and_coefficients(
    shared, wanted, name, ranks
):
    to_rows = wanted[name][0]
    largest = 2 * int(ring_geometry(to_rows.sampling).n_phi.max())
    for part in shared[name, ranks]:
        # A cut is at most half a pair of rings from where it should be, on either side;
        # orders dealt back and forth differ by the last turn alone, of 2 ranks orders.
        mean = len(to_rows.sampling) / ranks
        assert abs(len(part["vertices"]) - mean) <= largest
        assert abs(len(part["rows"]) - to_rows.layout.n_rows / ranks) <= 2 * to_rows.L
        assert part["vertices"].diff().min() > 0


def test_each_process_has_its_share_of_the_tables(shared, wanted):
    parts, (to_rows, _) = shared["large", 4], wanted["large"]
    sizes = [part["bytes"] for part in parts]
    # Its own 16 of 64 orders, with 2.5 % for padding in groups of orders.
    assert sum(sizes) == pytest.approx(to_rows.table_bytes, rel=0.025)
    assert max(sizes) < 1.1 * to_rows.table_bytes / 4


@pytest.mark.parametrize("ranks", SIZES)
def test_a_missing_value_is_known_to_all_processes(shared, ranks):
    for part in shared["folded", ranks]:
        missing = part["missing"].isnan()
        assert missing[1, :, 2].all()
        assert missing.sum() == missing.shape[1]


def test_no_channels_are_exchanged_as_others(shared):
    for name, components in (("iterated", ()), ("fields with poles", (2,))):
        for part in shared[name, 2]:
            n = len(part["vertices"])
            assert part["empty"].shape == (2, n, *components, 0)


def test_derivatives_of_first_and_second_order(alone):
    sampling = HEALPix(2, nest=True)
    for transform, n in ((PartitionedSHT, 48), (PartitionedISHT, 9)):
        one = transform(sampling, 3, dtype=torch.float64)
        x = random(2, n, 2).requires_grad_()
        assert torch.autograd.gradcheck(one, x, fast_mode=True)
        assert torch.autograd.gradgradcheck(one, x, fast_mode=True)


def small(fields):
    """A shared transform of scalars or of fields with poles, and a signal."""
    place = Equiangular(5, scheme="clenshaw-curtis")
    if fields:
        one = PartitionedSpinSHT(place, 3, 1, dtype=torch.float64)
        return one, random(2, len(place), 2, 2)
    return PartitionedSHT(place, 3, dtype=torch.float64), random(2, len(place), 2)


@pytest.mark.parametrize("fields", [False, True])
def test_operations_are_sound(alone, fields):
    inner = small(fields)[0].transform
    tables, layout, runs, _ = inner.local.arguments()
    for number, step in enumerate(inner.local.steps):
        rest, n = (runs, inner.fourier_shape), inner.n_vertices
        if number > 1:
            rest, n = (inner.bounds, inner.legendre_shape), inner.n_rows
        if number in (1, 2):
            n = sum(inner.sent_counts)
        arguments = (random(2, n, 2).requires_grad_(), tables, layout, *rest)
        torch.library.opcheck(step.operation, arguments)


@pytest.mark.parametrize("fields", [False, True])
def test_compiles_as_one_graph(alone, fields):
    one, x = small(fields)
    compiled = torch.compile(one, fullgraph=True, backend="aot_eager")
    a, b = (x.clone().requires_grad_() for _ in range(2))
    y, z = one(a), compiled(b)
    torch.testing.assert_close(z, y)
    y.square().sum().backward()
    z.square().sum().backward()
    torch.testing.assert_close(b.grad, a.grad)


def test_it_moves_to_other_dtypes_and_takes_autocast(alone):
    sampling = GaussLegendre(4)
    single = PartitionedSHT(sampling, 4)
    x = random(len(sampling), 1)
    whole = SHT(sampling, 4, method="rings", dtype=torch.float64)(x)
    assert single.dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert_near(single(x.bfloat16().float()), single(x.bfloat16()))
    assert_near(single.double()(x), whole, terms=len(sampling), scale=x)


def test_what_does_not_fit_is_refused(alone):
    sampling = GaussLegendre(4)
    one = PartitionedSHT(sampling, 4)
    with pytest.raises(
        ValueError, match="x has 3 vertices, process 0 of 1 has 32 of 3"
    ):
        one(torch.zeros(3, 1))
    with pytest.raises(ValueError, match="coefficients have 9 rows, process 0 of 1 ha"):
        one.adjoint(torch.zeros(9, 1))
    with pytest.raises(TypeError, match=r"must be torch\.float32"):
        one(torch.zeros(32, 1, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"does not consist of whole rings.*Transfer"):
        PartitionedISHT(Fibonacci(40), 3)
    with pytest.raises(ValueError, match="does not consist of whole rings"):
        PartitionedSHT(HEALPix(2)[range(20)], 3)
    with pytest.raises(ValueError, match=r"exact up to L = 4, got L = 5.*one process"):
        PartitionedSHT(sampling, 5)
    with pytest.raises(ValueError, match="resolves degrees below 3 nside = 6, got L ="):
        PartitionedSHT(HEALPix(2), 7)
    with pytest.raises(
        ValueError, match="only quadrature on HEALPix is iterated, got "
    ):
        PartitionedSHT(sampling, 4, iterations=2)
    with pytest.raises(TypeError, match="group must be"):
        PartitionedSHT(sampling, 4, group=2)
    assert repr(one).endswith(
        "L=4, method='rings'), process 0 of 1: 32 vertices, 16 rows"
    )


def test_a_group_may_have_some_of_the_processes(shared):
    first, other = (part["group"] for part in shared["folded", 2])
    assert first == len(GaussLegendre(3))
    assert other.startswith("group must have this process, which is not a member")


def test_a_group_must_exist():
    with pytest.raises(ValueError, match="no group of processes is initialised; call"):
        PartitionedSHT(GaussLegendre(4), 4)


def test_more_processes_than_rings_or_orders_are_refused(shared):
    for part in shared["folded", 4]:
        rings, orders = part["refusals"]
        assert rings.startswith("4 processes cannot share 2 rings, those that mirror ")
        assert orders.startswith("4 processes cannot share 3 orders: each needs one; p")
