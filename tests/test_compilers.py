"""What is kept is made as if nobody were tracing."""

import pytest
import torch

from deepsphere_pyg.compilers import in_plain_mode


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
