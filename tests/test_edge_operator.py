"""Laws of the edge operator: executions agree, adjoints, dtypes, errors."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.propagation import automatic_execution
from tests.helpers import EXECUTIONS
from tests.round_off import assert_near, round_off

# Sums of about ten products of numbers near one, in another order.
# Of rows and columns of at most 13 numbers near one.
TOLERANCE = {dtype: round_off(dtype, 13, 4) for dtype in (torch.float32, torch.float64)}
DTYPES = list(TOLERANCE)


def random_matrix(n_out: int, n_in: int, density: float = 0.3) -> sp.csr_array:
    """Rectangular, with an empty row and an empty column."""
    generator = np.random.default_rng(0)
    dense = generator.standard_normal((n_out, n_in))
    dense *= generator.random((n_out, n_in)) < density
    dense[n_out // 2] = 0
    dense[:, 0] = 0
    return sp.csr_array(dense)


def symmetric_matrix(n: int = 11) -> sp.csr_array:
    matrix = random_matrix(n, n)
    return sp.csr_array(matrix + matrix.T)


def signal(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(dtype)


MATRICES = {
    "rectangular": random_matrix(7, 11),
    "tall": random_matrix(13, 4),
    "asymmetric": random_matrix(9, 9),
    "symmetric": symmetric_matrix(),
    "empty": sp.csr_array((5, 3)),
}


@pytest.fixture(params=MATRICES)
def matrix(request):
    return MATRICES[request.param]


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [(), (1,), (4,), (2, 3)])
def test_value_and_gradient_are_those_of_the_dense_matrix(
    matrix, execution, dtype, batch
):
    operator = EdgeOperator(matrix, dtype=dtype, execution=execution)
    dense = torch.tensor(matrix.toarray(), dtype=dtype)
    x = signal(*batch, operator.n_in, 3, dtype=dtype).requires_grad_()
    weight = signal(*batch, operator.n_out, 3, dtype=dtype)
    y = operator(x)
    torch.testing.assert_close(y, dense @ x, atol=TOLERANCE[dtype], rtol=0)
    (gradient,) = torch.autograd.grad((y * weight).sum(), x)
    expected = dense.T @ weight
    torch.testing.assert_close(gradient, expected, atol=TOLERANCE[dtype], rtol=0)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_derivatives_of_first_and_second_order(matrix, execution):
    operator = EdgeOperator(matrix, dtype=torch.float64, execution=execution)
    x = signal(2, operator.n_in, 2).requires_grad_()
    assert torch.autograd.gradcheck(operator, x)
    assert torch.autograd.gradgradcheck(lambda x: operator(x) ** 3, x)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_adjoint_moves_to_the_other_side_of_the_inner_product(matrix, execution):
    operator = EdgeOperator(matrix, dtype=torch.float64, execution=execution)
    x, y = signal(2, operator.n_in, 3), signal(2, operator.n_out, 3)
    left, right = (operator(x) * y).sum(), (x * operator.adjoint(y)).sum()
    assert_near(left, right, matrix.size + 1, x.abs().max() * y.abs().max())
    torch.testing.assert_close(operator.adjoint(y), operator.transpose()(y))
    assert torch.autograd.gradcheck(operator.adjoint, y.requires_grad_())


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_batch_too_large_for_one_call_is_split(matrix, execution, monkeypatch):
    operator = EdgeOperator(matrix, dtype=torch.float64, execution=execution)
    x = signal(7, operator.n_in, 3).requires_grad_()
    whole = operator(x)
    size = max(operator.n_in, operator.n_out) * 3
    at_once = "deepsphere_pyg.propagation.sums.numbers_of_a_tile"
    monkeypatch.setattr(at_once, lambda device: 3 * size)
    split = operator(x)
    assert_near(whole, split, 16)
    assert torch.autograd.gradcheck(operator, x, fast_mode=True)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_inputs_need_not_be_contiguous(matrix, execution):
    operator = EdgeOperator(matrix, dtype=torch.float64, execution=execution)
    x = signal(3, 2, operator.n_in).transpose(1, 2)
    assert_near(operator(x), operator(x.contiguous()), 16)
    expanded = signal(1, operator.n_in, 2).expand(3, -1, -1)
    assert_near(operator(expanded), operator(expanded.contiguous()), 16)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("shape", [(0, 11, 3), (2, 11, 0), (0, 5, 11, 2)])
def test_empty_signals_give_empty_signals(execution, shape):
    operator = EdgeOperator(random_matrix(7, 11), execution=execution)
    x = torch.zeros(shape, requires_grad=True)
    y = operator(x)
    assert y.shape == (*shape[:-2], 7, shape[-1])
    y.sum().backward()
    assert x.grad is not None and x.grad.shape == shape


def test_edges_follow_pytorch_geometric():
    matrix = sp.csr_array([[0.0, 2.0, 0.0], [3.0, 0.0, 4.0]])
    operator = EdgeOperator(matrix)
    assert operator.edge_index.tolist() == [[1, 0, 2], [0, 1, 1]]
    assert operator.edge_weight.tolist() == [2.0, 3.0, 4.0]
    assert (operator.n_in, operator.n_out, operator.n_edges) == (3, 2, 3)


def test_scipy_round_trip_is_exact(matrix):
    for dtype in DTYPES:
        back = EdgeOperator(matrix, dtype=dtype).to_scipy()
        assert back.shape == matrix.shape
        assert abs(back - matrix).sum() == 0


def test_input_matrix_is_not_changed():
    matrix = sp.csr_array(([1.0, 0.0], ([0, 1], [1, 0])), shape=(2, 2))
    before = matrix.copy()
    assert EdgeOperator(matrix).n_edges == 1  # the stored zero is dropped
    assert matrix.nnz == 2 and (matrix != before).nnz == 0


def test_duplicate_edges_add_up():
    matrix = sp.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(1, 2))
    operator = EdgeOperator(matrix)
    assert operator(torch.tensor([[5.0], [1.0]])).item() == 3


def test_double_is_exact_after_float_and_half(matrix):
    operator = EdgeOperator(matrix, dtype=torch.float32).half().float().double()
    exact = EdgeOperator(matrix, dtype=torch.float64)
    assert torch.equal(operator.weight, exact.weight)
    y = signal(2, operator.n_out, 3)
    assert torch.equal(operator.adjoint(y), exact.adjoint(y))


def test_operators_stay_out_of_the_state_dict(matrix):
    operator = EdgeOperator(matrix)
    assert operator.state_dict() == {}
    assert list(operator.parameters()) == []


def test_copies_and_conversions_keep_working(matrix):
    operator = EdgeOperator(matrix, dtype=torch.float32)
    x = signal(2, operator.n_in, 2, dtype=torch.float32)
    operator(x)
    copy = deepcopy(operator).double()
    expected = EdgeOperator(matrix, dtype=torch.float64)(x.double())
    assert_near(copy(x.double()), expected, 16)
    assert operator.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_runs_on_the_cpu(dtype):
    matrix = random_matrix(7, 11)
    x = signal(2, 11, 8, dtype=dtype)
    exact = EdgeOperator(matrix, dtype=torch.float64)(x.double())
    y = EdgeOperator(matrix, dtype=dtype)(x)
    assert y.dtype == dtype
    # Eight significant bits, sums of about four numbers near one.
    torch.testing.assert_close(y.double(), exact, atol=0.1, rtol=0)


def test_autocast_keeps_the_operators_precision():
    operator = EdgeOperator(random_matrix(7, 11))
    x = signal(11, 3, dtype=torch.float32).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        y = operator(x)
    assert torch.equal(y, operator(x.float()))


def test_block_diagonal_acts_on_each_graph_alone():
    first = EdgeOperator(random_matrix(7, 11), dtype=torch.float64)
    second = EdgeOperator(symmetric_matrix(), dtype=torch.float64)
    both = EdgeOperator.block_diagonal([first, second])
    x = signal(22, 3)
    expected = torch.cat([first(x[:11]), second(x[11:])])
    torch.testing.assert_close(both(x), expected, atol=1e-13, rtol=0)
    with pytest.raises(ValueError, match="operators must not be empty"):
        EdgeOperator.block_diagonal([])


def test_automatic_execution_runs_wherever_it_is_chosen():
    cpu = torch.device("cpu")
    assert automatic_execution(torch.float32, cpu) == "embedding_bag"
    assert automatic_execution(torch.float64, cpu) == "csr"
    assert automatic_execution(torch.float32, torch.device("cuda")) == "csr"
    assert automatic_execution(torch.float32, torch.device("mps")) == "message_passing"


# -- maxima ---------------------------------------------------------------------------
def dense_maximum(matrix: sp.csr_array, x: torch.Tensor) -> torch.Tensor:
    rows = [x[..., matrix[[i]].indices, :].amax(dim=-2) for i in range(matrix.shape[0])]
    return torch.stack(rows, dim=-2)


WINDOWS = {
    "consecutive": sp.csr_array(np.kron(np.eye(3), np.ones((1, 4)))),
    "shuffled": sp.csr_array(np.kron(np.eye(3), np.ones((1, 4)))[:, ::-1]),
    "uneven": sp.csr_array([[1.0, 0.5, 0.0, 0.0], [0.0, 0.5, 1.0, 1.0]]),
    "single": sp.csr_array(np.eye(4)),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_maximum_is_over_the_sources_of_each_target(name, batch):
    matrix = WINDOWS[name]
    operator = EdgeOperator(matrix, dtype=torch.float64)
    x = signal(*batch, operator.n_in, 3).requires_grad_()
    assert torch.equal(operator.reduce_max(x), dense_maximum(matrix, x))
    assert torch.autograd.gradcheck(operator.reduce_max, x)


def test_gradient_of_a_tied_maximum_sums_to_one():
    operator = EdgeOperator(WINDOWS["uneven"], dtype=torch.float64)
    x = torch.ones(4, 1, dtype=torch.float64, requires_grad=True)
    operator.reduce_max(x).sum().backward()
    assert x.grad is not None
    assert float(x.grad.sum()) == pytest.approx(2)


def test_maximum_over_no_source_is_refused():
    operator = EdgeOperator(sp.csr_array([[1.0, 1.0], [0.0, 0.0]]))
    with pytest.raises(ValueError, match="target 1 has no edge"):
        operator.reduce_max(torch.zeros(2, 1))


# -- what may not change ---------------------------------------------------------------
def test_edges_are_no_state(matrix):
    operator = EdgeOperator(matrix)
    assert list(operator.buffers()) == [] and list(operator.parameters()) == []
    names = [name for name, _ in operator.named_fixed_tensors()]
    assert names[:3] == ["offsets", "indices", "weight"]


@pytest.mark.parametrize("name", ["indices", "offsets", "weight"])
@pytest.mark.parametrize("apply", ["forward", "adjoint", "tiles"])
def test_edges_that_were_changed_are_refused(name, apply):
    operator = EdgeOperator(symmetric_matrix())
    call = {
        "forward": lambda: operator(torch.zeros(11, 1)),
        "adjoint": lambda: operator.adjoint(torch.zeros(11, 1)),
        "tiles": lambda: operator.tiles(1, 16),
    }[apply]
    call()
    getattr(operator, name).mul_(1)
    message = f"{name} of this EdgeOperator must stay as it was made.*build another"
    with pytest.raises(ValueError, match=message):
        call()
    other = EdgeOperator(symmetric_matrix())
    setattr(other, name, getattr(other, name).clone())
    with pytest.raises(ValueError, match=message):
        other(torch.zeros(11, 1))


def test_copies_count_changes_of_their_own(matrix):
    operator = EdgeOperator(matrix)
    x = signal(operator.n_in, 2, dtype=torch.float32)
    for other in (deepcopy(operator), pickle.loads(pickle.dumps(operator))):
        assert torch.equal(other(x), operator(x))
        other.weight.mul_(2)
        with pytest.raises(ValueError, match="weight of this EdgeOperator must stay"):
            other(x)
    # Weights are made again of the matrix.
    operator.weight.mul_(2)
    again = operator.double().float()
    assert torch.equal(again(x), EdgeOperator(matrix)(x))


def test_operators_are_made_on_the_device_in_force(matrix):
    with torch.device("meta"):
        operator = EdgeOperator(matrix)
    assert operator.weight.device.type == "meta"
    expected = EdgeOperator(matrix)
    x = signal(operator.n_in, 2, dtype=torch.float32)
    assert torch.equal(operator.to_empty(device="cpu")(x), expected(x))


# -- errors ---------------------------------------------------------------------------
def test_wrong_signals_are_refused():
    operator = EdgeOperator(symmetric_matrix(48))
    with pytest.raises(ValueError, match=r"x has 12 vertices, this operator takes 48"):
        operator(torch.zeros(12, 3))
    with pytest.raises(ValueError, match=r"add a channel with x\[..., None\]"):
        operator(torch.zeros(48))
    with pytest.raises(TypeError, match=r"float32 like this operator, got torch.int64"):
        operator(torch.zeros(48, 3, dtype=torch.int64))
    with pytest.raises(TypeError, match=r"or this operator with .to\(torch.float64\)"):
        operator(torch.zeros(48, 3, dtype=torch.float64))
    with pytest.raises(TypeError, match="got ndarray; convert it"):
        operator(np.zeros((48, 3)))
    with pytest.raises(ValueError, match=r"x is on meta but this operator is on cpu"):
        operator(torch.zeros(48, 3, device="meta"))


def test_wrong_matrices_are_refused():
    with pytest.raises(TypeError, match="SciPy sparse matrix, got ndarray"):
        EdgeOperator(np.eye(3))
    with pytest.raises(ValueError, match="finite, got NaN or infinity"):
        EdgeOperator(sp.csr_array([[np.nan]]))
    with pytest.raises(ValueError, match="real, got complex"):
        EdgeOperator(sp.csr_array([[1j]]))
    with pytest.raises(ValueError, match=r"both at least 1, got \(0, 3\)"):
        EdgeOperator(sp.csr_array((0, 3)))
    with pytest.raises(
        ValueError, match=r"execution must be 'auto' or .*got 'fastest'"
    ):
        EdgeOperator(sp.eye_array(3), execution="fastest")
    with pytest.raises(TypeError, match=r"floating dtype, got torch\.int32"):
        EdgeOperator(sp.eye_array(3), dtype=torch.int32)


def test_an_execution_that_cannot_run_raises():
    operator = EdgeOperator(symmetric_matrix(), dtype=torch.float16, execution="csr")
    expected = r"'csr' has no kernel for torch\.float16 on the CPU; use 'auto' or"
    with pytest.raises(TypeError, match=expected):
        operator(torch.zeros(11, 2, dtype=torch.float16))


def test_memory_left_as_it_is_is_filled_again(matrix):
    operator = EdgeOperator(matrix)
    x, y = (signal(n, 2, dtype=torch.float32) for n in (operator.n_in, operator.n_out))
    expected = operator(x), operator.adjoint(y)
    for again in (operator.to_empty(device="cpu"), operator.to("meta")):
        again.to_empty(device="cpu")
        assert torch.equal(again(x), expected[0])
        assert torch.equal(again.adjoint(y), expected[1])


def test_operators_made_in_inference_can_be_trained_with():
    for execution in EXECUTIONS:
        with torch.inference_mode():
            operator = EdgeOperator(symmetric_matrix(), execution=execution)
        x = signal(11, 2, dtype=torch.float32).requires_grad_()
        operator(x).square().sum().backward()
        assert x.grad.any()
