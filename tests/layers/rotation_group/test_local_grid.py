"""Points near the pole and rotations near the identity: where they are, bad input."""

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.layers import LocalGrid

COUNT = st.integers(1, 5)
ANGLE = st.floats(0.01, math.pi)
GRIDS = st.builds(LocalGrid, COUNT, COUNT, max_beta=ANGLE, turns=COUNT, max_turn=ANGLE)


@given(GRIDS)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_points_are_within_the_largest_angles(grid):
    points, rotations = grid.points(), grid.rotations()
    assert points.shape == (grid.rings * grid.angles,)
    assert rotations.shape == (grid.rings * grid.angles * grid.turns,)
    poles = points.matrix()[..., 2]
    assert (poles[:, 2] >= math.cos(grid.max_beta) - 1e-12).all()
    # Turns go before: the pole goes to the same points.
    torch.testing.assert_close(
        rotations.matrix()[..., 2],
        poles.repeat_interleave(grid.turns, 0),
        atol=1e-12,
        rtol=0,
    )
    alpha, _, gamma = rotations.angles.unbind(-1)
    turn = torch.remainder(alpha + gamma + math.pi, 2 * math.pi) - math.pi
    assert (turn.abs() <= grid.max_turn + 1e-9).all()


@given(GRIDS)
@settings(deadline=None, derandomize=True, max_examples=20)
def test_settings_are_plain_and_rebuild_the_grid(grid):
    again = LocalGrid(**json.loads(json.dumps(grid.config)))
    assert again == grid and hash(again) == hash(grid)


def test_rings_and_turns_are_equally_spaced():
    grid = LocalGrid(rings=2, angles=2, max_beta=1.0, turns=4)
    expected = [[0, 0.5], [math.pi, 0.5], [0, 1], [math.pi, 1]]
    torch.testing.assert_close(
        grid.points().angles[:, :2], torch.tensor(expected, dtype=torch.float64)
    )
    first = grid.rotations().angles[:4]
    turns = torch.arange(4, dtype=torch.float64) * (math.pi / 2)
    torch.testing.assert_close(first.sum(1) - 0.5, turns)
    narrow = LocalGrid(1, 1, turns=3, max_turn=0.3).rotations().angles[:, 2]
    torch.testing.assert_close(narrow, torch.tensor([-0.3, 0, 0.3]).double())
    assert LocalGrid(1, 1, turns=1, max_turn=0.3).rotations().angles[0, 2] == 0


def test_as_many_turns_as_angles_by_default():
    assert LocalGrid(angles=5).turns == 5
    assert LocalGrid().config == {
        "rings": 3,
        "angles": 8,
        "max_beta": math.pi / 8,
        "turns": 8,
        "max_turn": math.pi,
    }


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rings": 0}, ValueError, "rings must be at least 1, got 0"),
        ({"angles": 0}, ValueError, "angles must be at least 1, got 0"),
        ({"turns": 0}, ValueError, "turns must be at least 1, got 0"),
        ({"rings": 1.5}, TypeError, "rings must be an integer, got 1.5"),
        ({"max_beta": 0}, ValueError, r"max_beta must be positive .* got 0.0; pass ra"),
        ({"max_beta": 4}, ValueError, r"max_beta must be at most pi, got 4.0; pass ra"),
        ({"max_beta": math.nan}, ValueError, "max_beta must be positive and finite"),
        ({"max_beta": "wide"}, TypeError, "max_beta must be a number, got 'wide'"),
        ({"max_turn": -1}, ValueError, "max_turn must be positive and finite, got -1"),
        ({"max_turn": 7}, ValueError, "max_turn must be at most pi, got 7"),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        LocalGrid(**options)
