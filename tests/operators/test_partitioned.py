"""Operators of one of several processes: their checks, in a group of one."""

import numpy as np
import pytest
import torch
from torch import distributed

from deepsphere_pyg import (
    ChebConv,
    child_pooling_operator,
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.models import (
    MeshNetwork,
    SphericalClassifier,
    SphericalFourierOperator,
    SphericalUNet,
    UNetConfiguration,
    checkpoint_header,
    partition_model,
    reunite_model,
)
from deepsphere_pyg.operators import PartitionedOperator
from deepsphere_pyg.operators.halo import kept_apart
from deepsphere_pyg.operators.partitioned_children import PartOfChildren
from samplings import HEALPix, Partition, PyramidPlan, build_pyramid
from samplings.graphs.by_region import ListedOwners
from tests.helpers import random

SKY = HEALPix(4, nest=True)
TINY = UNetConfiguration("a", stem=2, widths=(2, 3), K=3)


@pytest.fixture
def alone():
    """A group of this process alone."""
    store = distributed.HashStore()
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def test_a_group_of_one_has_the_whole_operator(alone):
    coarsening = SKY.coarsen()
    everyone, coarse = np.zeros(192, dtype=int), np.zeros(48, dtype=int)
    operator = laplacian_operator(SKY, 8).double()
    part = PartitionedOperator(operator, everyone, everyone, hops=3)
    x = random(2, 192, 3)
    torch.testing.assert_close(part(x), operator(x), rtol=0, atol=0)
    layer = ChebConv(3, 4, K=4).double()
    torch.testing.assert_close(layer(x, part), layer(x, operator), rtol=0, atol=0)
    pool = pooling_operator(coarsening).double()
    part = PartitionedOperator(pool, coarse, everyone)
    torch.testing.assert_close(part(x), pool(x), rtol=0, atol=0)
    torch.testing.assert_close(part.reduce_max(x), pool.reduce_max(x), rtol=0, atol=0)
    y = random(2, 48, 3)
    torch.testing.assert_close(part.adjoint(y), pool.adjoint(y), rtol=0, atol=0)
    turned = part.transpose()
    torch.testing.assert_close(turned(y), pool.adjoint(y), rtol=0, atol=0)
    assert (turned.transpose().to_scipy() != pool.to_scipy()).nnz == 0
    unpool = unpooling_operator(coarsening).double()
    part = PartitionedOperator(unpool, everyone, coarse)
    torch.testing.assert_close(part(x[:, :48]), unpool(x[:, :48]), rtol=0, atol=0)


def test_gradients_are_those_of_the_whole_operator(alone):
    everyone = np.zeros(48, dtype=int)
    operator = laplacian_operator(HEALPix(2, nest=True), 8).double()
    part = PartitionedOperator(operator, everyone, everyone, hops=2)
    layer = ChebConv(1, 2, K=3).double()
    x = random(48, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: layer(x, part), x, fast_mode=True)
    assert torch.autograd.gradcheck(part.adjoint, x, fast_mode=True)


def test_it_moves_to_other_dtypes(alone):
    everyone = np.zeros(192, dtype=int)
    part = PartitionedOperator(laplacian_operator(SKY, 8), everyone, everyone, hops=2)
    assert part.dtype == torch.float32
    assert part.double().dtype == part.local.dtype == torch.float64
    assert part(random(192, 1)).dtype == torch.float64


def test_what_does_not_fit_is_refused(alone):
    everyone = np.zeros(192, dtype=int)
    operator = laplacian_operator(SKY, 8)
    with pytest.raises(ValueError, match="targets must have the rank of each of 192"):
        PartitionedOperator(operator, everyone[:3], everyone)
    with pytest.raises(ValueError, match="sources must be below 1, the number of pro"):
        PartitionedOperator(operator, everyone, everyone + 1)
    with pytest.raises(ValueError, match="targets must be the ranks of vertices, numb"):
        PartitionedOperator(operator, everyone - 1, everyone)
    with pytest.raises(TypeError, match="operator must be"):
        PartitionedOperator(operator.to_scipy(), everyone, everyone)
    other = distributed.GroupMember.NON_GROUP_MEMBER
    with pytest.raises(ValueError, match="this process, which is not a member of it"):
        PartitionedOperator(operator, everyone, everyone, group=other)
    part = PartitionedOperator(operator, everyone, everyone, hops=2)
    with pytest.raises(ValueError, match="polynomials of degree 2, got degree 3"):
        ChebConv(1, 1, K=4)(torch.zeros(192, 1), part)
    with pytest.raises(ValueError, match="x has 3 vertices"):
        part.adjoint(torch.zeros(3, 1))
    with pytest.raises(ValueError, match="x has 191 vertices"):
        part(torch.zeros(191, 1))


def test_networks_that_need_all_vertices_are_refused(alone):
    pyramid = build_pyramid(SKY, 2, 8, weighting="heat")
    sizes = {"stem": 2, "widths": (2, 3), "K": 3}
    partition = Partition(pyramid, 1)
    for head in ("dense", "normalized"):
        model = SphericalClassifier(1, 2, pyramid, widths=(2, 3), head=head)
        with pytest.raises(TypeError, match=f"head '{head}'|InvariantNorm"):
            partition_model(model, partition)
    discs = SphericalClassifier(1, 2, pyramid, widths=(2, 3), convolution="disco")
    with pytest.raises(TypeError, match=r"\(DiscoOperator\) needs all vertices"):
        partition_model(discs, partition)
    configuration = UNetConfiguration("a", **sizes)
    model = SphericalUNet(1, 1, pyramid, configuration=configuration)
    with pytest.raises(ValueError, match="with 192, 48 vertices, got Partition of 192"):
        partition_model(model, Partition(SKY, 1))
    with pytest.raises(TypeError, match="model must be"):
        partition_model(torch.nn.Linear(1, 1), partition)
    other = distributed.GroupMember.NON_GROUP_MEMBER
    with pytest.raises(ValueError, match="share a network in the members alone"):
        partition_model(model, partition, other)
    x = torch.randn(2, 192, 1)
    wanted = model.eval()(x)
    torch.testing.assert_close(partition_model(model, partition)(x), wanted)


def test_a_network_on_a_plan_computes_once_its_graphs_are_built(alone):
    configuration = UNetConfiguration("a", stem=2, widths=(2, 3), K=3)
    plan = PyramidPlan(SKY, 2, 8)
    torch.manual_seed(0)
    model = SphericalUNet(1, 1, plan, configuration=configuration).eval()
    torch.manual_seed(0)
    built = SphericalUNet(1, 1, plan.built(), configuration=configuration).eval()
    x = torch.randn(2, 192, 1)
    with pytest.raises(TypeError, match="graphs are not built; build those of this"):
        model(x)
    operator = model.operators[0]
    assert repr(operator) == "PlannedOperator(192 -> 192)"
    for call in (operator.adjoint, operator.reduce_max):
        with pytest.raises(TypeError, match="graphs are not built"):
            call(x)
    for call in (operator.transpose, operator.to_scipy):
        with pytest.raises(TypeError, match="graphs are not built"):
            call()
    learned = UNetConfiguration("a", stem=2, widths=(2, 3), K=3, pooling="learned")
    with pytest.raises(TypeError, match="cells of the whole sphere, which a PyramidPl"):
        SphericalUNet(1, 1, plan, configuration=learned)
    attention = UNetConfiguration("a", 2, (2, 3), K=3, convolution="attention")
    with pytest.raises(TypeError, match="graph must be"):
        SphericalUNet(1, 1, plan, configuration=attention)
    partition_model(model.double(), Partition(plan, 1))
    assert model.operators[0].dtype == torch.float64
    wanted = built.double()(x.double())
    torch.testing.assert_close(model(x.double()), wanted)
    whole = model.with_sampling(model.pyramid.built())
    torch.testing.assert_close(whole(x.double()), wanted)


def test_meshes_are_shared_below_the_data(alone):
    unet = SphericalUNet(
        2, 2, build_pyramid(SKY, 2, 8, weighting="heat"), configuration=TINY
    )
    model = MeshNetwork(1, 1, HEALPix(8), processor=unet).eval()
    assert [*map(len, Partition(model.pyramid, 1).levels)] == [768, 192, 48]
    x = torch.randn(2, 768, 1)
    wanted, state = model(x), checkpoint_header(model)
    partition_model(model, Partition(model.pyramid, 1))
    torch.testing.assert_close(model(x), wanted)
    assert checkpoint_header(model) == state
    torch.testing.assert_close(reunite_model(model)(x), wanted)
    # Without levels below those of the data, there is nothing to share.
    finer = MeshNetwork(1, 1, SKY, processor=unet)
    fourier = SphericalFourierOperator(2, 2, HEALPix(2), channels=2, blocks=1)
    for network in (finer, MeshNetwork(1, 1, SKY, processor=fourier)):
        with pytest.raises(TypeError, match="must have levels of fewer vertices than"):
            partition_model(network, Partition(SKY, 1))


def test_children_of_parents_elsewhere_are_refused(alone):
    operator = child_pooling_operator(SKY.coarsen())
    parents, children = (ListedOwners(np.zeros(n, dtype=int)) for n in (48, 192))
    part = PartOfChildren(operator, parents, children)
    x = random(2, 192, 3)
    torch.testing.assert_close(part.double()(x), x, rtol=0, atol=0)
    # As where a parent is shared with another process, which has this child.
    elsewhere = np.zeros(192, dtype=int)
    elsewhere[5] = 1
    with pytest.raises(ValueError, match="each parent in one process with all its ch"):
        PartOfChildren(operator, parents, ListedOwners(elsewhere))


def test_processes_need_a_group():
    everyone = np.zeros(192, dtype=int)
    with pytest.raises(ValueError, match="no group of processes is initialised; call"):
        PartitionedOperator(laplacian_operator(SKY, 8), everyone, everyone)


def test_signals_and_what_surrounds_them_are_kept_apart():
    layer = torch.nn.Linear(3, 3).double()
    x = random(2, 5, 3).requires_grad_()
    around = random(2, 2, 3)

    def loss():
        own = layer(x).relu()
        whole = torch.cat([own, around], dim=-2)
        with kept_apart(own, whole):
            y = whole.view(14, 3).square()
        return own, y.sum()

    loss()[1].backward()
    found, x.grad = x.grad, None
    (torch.cat([layer(x).relu(), around], -2) ** 2).sum().backward()
    torch.testing.assert_close(found, x.grad)
    own, y = loss()
    with torch.no_grad():
        own += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()
