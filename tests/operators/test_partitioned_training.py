"""Processes that share a sphere do what one with all of it does."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.operators.steps import data, network, step, turned
from tests.round_off import round_off

SCRIPT = Path(__file__).with_name("steps.py")


def launch(folder, ranks, *names):
    command = [sys.executable, "-W", "error", SCRIPT, folder, str(ranks), *names]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return [
        [torch.load(folder / f"{name}-{rank}.pt") for rank in range(ranks)]
        for name in names
    ]


def near(found, wanted, tolerance):
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("ranks", "names"),
    [
        (2, ("healpix", "part", "classifier", "planned", "planned, loaded")),
        (3, ("planned", "planned part", "learned-position", "attention", "mesh")),
        (4, ("icosahedral", "few", "instance", "learned", "mesh, bilinear")),
    ],
)
def test_a_step_of_training_is_that_of_one_process(tmp_path, ranks, names):
    for name, parts in zip(names, launch(tmp_path, ranks, *names), strict=True):
        model = network(name)
        x, y = data(model)
        out, loss = step(model, x, y, slice(None))
        # Of sums over all vertices.
        tolerance = 10 * round_off(torch.float64, out.numel())
        vertices = torch.cat([part["vertices"] for part in parts])
        assert torch.equal(vertices.sort().values, torch.arange(len(model.sampling)))
        if out.ndim == 3:
            together = torch.cat([part["out"] for part in parts], dim=1)
            near(together, out.detach()[:, vertices], tolerance)
        with torch.no_grad():
            whole = model.eval()(x)
        for part in parts:
            if out.ndim == 2:
                near(part["out"], out.detach(), tolerance)
            near(part["reunited"], whole, tolerance)
            near(part["loss"], loss.detach(), tolerance)
            assert part["state"].keys() == model.state_dict().keys()
            for key, value in model.state_dict().items():
                near(part["state"][key], value, tolerance)
            for key, weight in model.named_parameters():
                near(part["gradients"][key], weight.grad, tolerance)
        # Adjoints send sums back, and their gradients the other way.
        for at, wanted in enumerate(turned(model)):
            for what, whole in enumerate(wanted):
                place = "coarse" if at and what == 2 else "vertices"
                order = torch.cat([part[place] for part in parts])
                found = torch.cat([part["turned"][at][what] for part in parts], dim=1)
                near(found, whole[:, order], tolerance)
