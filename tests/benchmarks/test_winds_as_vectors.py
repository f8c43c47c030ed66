"""The study of winds as vectors: units, rotations, sizes, and a small run."""

from pathlib import Path

import pytest
import torch

from benchmarks.studies.barotropic_forecasts.truth import Sizes, truth_of
from benchmarks.studies.winds_as_vectors import __main__ as study
from benchmarks.studies.winds_as_vectors.networks import (
    NETWORKS,
    errors,
    parameters,
    rotation_error,
    rotations,
)
from benchmarks.studies.winds_as_vectors.states import Winds
from deepsphere_pyg.harmonics import Rotation
from samplings import HEALPix


@pytest.fixture(scope="module")
def winds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Winds, torch.Tensor]:
    sizes = Sizes(6, (1, 1, 1), days=1, spin_up=0, hours=6, step=21600.0, seed=0)
    truth = truth_of(tmp_path_factory.mktemp("truth"), sizes)
    return Winds(8, truth), torch.from_numpy(truth.part("test")[0].copy())


def test_networks_have_as_many_parameters() -> None:
    sizes = [parameters(build(HEALPix(8))) for build in NETWORKS.values()]
    assert max(sizes) < 1.05 * min(sizes)


def test_inputs_and_answers_are_of_order_one(winds) -> None:
    maker, c = winds
    x = maker.inputs(c)
    size = x.square().mean(dim=(0, 1)).sqrt()
    assert size[0] == pytest.approx(1, rel=1e-3)
    assert (0.3 < size).all() and (size < 3).all()


class Pointwise(torch.nn.Module):
    """Answers that do or do not tell directions apart."""

    def __init__(self, vectors: bool) -> None:
        super().__init__()
        self.vectors = vectors

    def forward(self, x):
        wind = x[..., 2:]
        # Scalar factors keep vectors; a factor of one component alone does not.
        factors = 1.0 if self.vectors else torch.tensor([1.0, -1.0])
        return torch.cat([x[..., 1:2], wind * factors], dim=-1)


def test_errors_under_rotation_are_those_of_known_maps(winds) -> None:
    maker, c = winds
    turn = Rotation.from_euler(0.4, 1.2, -0.7)
    # Float32 through least squares of a condition near one.
    assert rotation_error(Pointwise(True), maker, c, turn) < 1e-4
    assert rotation_error(Pointwise(False), maker, c, turn) > 0.3
    # About the axis, south and east stay what they are.
    about = Rotation.from_euler(0.4, 0.0, 0.0)
    assert rotation_error(Pointwise(False), maker, c, about) < 0.05


def test_networks_commute_with_quarter_turns(winds) -> None:
    maker, c = winds
    (quarter,) = rotations(0)["quarter"]
    for build in NETWORKS.values():
        torch.manual_seed(0)
        network = build(maker.sampling).eval()
        # Float32 through some twenty layers.
        assert rotation_error(network, maker, c, quarter) < 1e-3


def test_errors_are_over_those_of_no_change() -> None:
    wanted = torch.tensor([[[2.0, 3.0, 4.0]]])
    assert errors(torch.zeros_like(wanted), wanted) == (1.0, 1.0)
    found = torch.tensor([[[1.0, 3.0, 4.0]]])
    assert errors(found, wanted) == (0.5, 0.0)


def test_a_small_run_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--small", "--out", str(tmp_path)]
    study.main(words)
    printed = capsys.readouterr().out
    assert "| vectors | 43,894 |" in printed and "| scalars | 43,155 |" in printed
    rows = (tmp_path / "results.csv").read_text()
    study.main(words)
    assert (tmp_path / "results.csv").read_text() == rows


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nside", "12"], "--nside must be a power of two"),
        (["--rate", "0"], "--rate must be above 0, got 0"),
        (["--epochs", "0"], "--epochs must be at least 1"),
    ],
)
def test_options_are_checked(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        study.arguments(words)
    assert message in capsys.readouterr().err
