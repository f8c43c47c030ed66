"""What is kept is made as if nobody were tracing."""

import pytest
import torch

from deepsphere_pyg.compilers import constant_result, in_plain_mode


def test_modes_of_the_caller_are_left_out():
    with torch.inference_mode(), torch.device("meta"):
        made = in_plain_mode(lambda: torch.ones(2))
    assert not made.is_inference()
    assert made.device.type == "cpu"


def test_errors_are_raised_where_it_was_called():
    def fail() -> None:
        raise ValueError("what went wrong")

    with pytest.raises(ValueError, match="what went wrong"):
        in_plain_mode(fail)


def test_constant_results_have_the_mark_of_pytorch():
    def one() -> list[torch.Tensor]:
        return [torch.ones(1)]

    def other() -> list[torch.Tensor]:
        return [torch.ones(1)]

    marked = torch.compiler.assume_constant_result(one)
    assert vars(constant_result(other)) == vars(marked) != {}
