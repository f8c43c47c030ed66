"""What holds for every layer in the list of conftest.py."""

import pytest
import torch

from deepsphere_pyg.propagation import EXECUTIONS


def build(case, dtype=torch.float64, execution="auto"):
    torch.manual_seed(0)
    layer = case.build().to(dtype)
    if case.operator is None:
        return layer
    operator = case.operator().to(dtype)
    operator.execution = execution
    return lambda x: layer(x, operator)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (1,), (4,), (2, 3), (0,)])
def test_batch_dimensions_and_dtype_are_kept(layer_case, dtype, batch):
    y = build(layer_case, dtype)(torch.ones(*batch, *layer_case.shape_in, dtype=dtype))
    assert y.shape == (*batch, *layer_case.shape_out)
    assert y.dtype == dtype


def test_signals_of_a_batch_do_not_mix(layer_case, generator):
    layer = build(layer_case)
    x = torch.randn(3, *layer_case.shape_in, generator=generator).double()
    alone = torch.stack([layer(one) for one in x])
    torch.testing.assert_close(layer(x), alone, atol=1e-13, rtol=0)


def test_gradients_of_first_and_second_order(layer_case, generator):
    layer = build(layer_case)
    x = torch.randn(2, *layer_case.shape_in, generator=generator).double()
    assert torch.autograd.gradcheck(layer, x.requires_grad_(), fast_mode=True)
    assert torch.autograd.gradgradcheck(
        lambda x: layer(x).square(), x, fast_mode=True, atol=1e-4
    )


# Sums of tens of products of numbers near one.
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-13)]
)
def test_executions_agree_in_value_and_gradient(
    layer_case, dtype, tolerance, generator
):
    x = torch.randn(2, *layer_case.shape_in, generator=generator).to(dtype)
    results = []
    for execution in EXECUTIONS:
        leaf = x.clone().requires_grad_()
        y = build(layer_case, dtype, execution)(leaf)
        y.square().sum().backward()
        results.append((y.detach(), leaf.grad))
    for y, gradient in results[1:]:
        torch.testing.assert_close(y, results[0][0], atol=tolerance, rtol=tolerance)
        torch.testing.assert_close(
            gradient, results[0][1], atol=10 * tolerance, rtol=10 * tolerance
        )


def test_wrong_vertex_counts_are_refused(operator_layer_case):
    vertices, channels = operator_layer_case.shape_in
    with pytest.raises(ValueError, match=f"x has {vertices + 1} vertices, this"):
        build(operator_layer_case)(torch.zeros(2, vertices + 1, channels).double())
