"""The study of kinds of layers: sizes, errors of networks that are known, one run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.pictures.redrawing import rows_of
from benchmarks.studies.climate_runs.data import INPUTS, PIXELS
from benchmarks.studies.local_layers import __main__ as study
from benchmarks.studies.local_layers.kinds import KINDS
from benchmarks.studies.local_layers.report import picture
from benchmarks.studies.local_layers.rotations import answer_error, map_error
from benchmarks.studies.local_layers.tasks import Events, parameters
from deepsphere_pyg import PixelNetwork, Standardize
from samplings import HEALPix


def test_networks_have_as_many_parameters() -> None:
    unets = [parameters(k.unet(16, 3, HEALPix(4))) for k in KINDS.values()]
    classifiers = [parameters(k.classifier.build(PIXELS, 1)) for k in KINDS.values()]
    for sizes in (unets, classifiers):
        assert max(sizes) < 1.1 * min(sizes)


class Weighted(nn.Module):
    """The mean of a signal, with some weight of the vertices to the north."""

    def __init__(self, north: float) -> None:
        super().__init__()
        self.in_channels, self.sampling = len(INPUTS), HEALPix(8)
        self.standardize = Standardize(self.in_channels)
        z = torch.tensor(self.sampling.xyz[:, 2], dtype=torch.float32)
        self.register_buffer("weights", 1 + north * z)

    def forward(self, x: Tensor) -> Tensor:
        return (self.standardize(x) * self.weights[:, None]).mean(-2)


def test_errors_are_those_of_networks_that_are_known() -> None:
    # Linear maps of single vertices commute, to the accuracy of iterated transforms.
    vertices = PixelNetwork(2, 3, HEALPix(8), widths=())
    assert map_error(vertices, 8, seed=0) < 1e-4
    # Means over pixels are integrals to the error of HEALPix's quadrature.
    assert answer_error(Weighted(0.0), 8, seed=0) < 0.02
    # The dipole counts as much as the mean: a rotation changes half of the variance,
    # and puts as much in its place.
    assert 0.8 < answer_error(Weighted(3**0.5), 8, seed=0) < 1.2


def test_rotated_maps_are_those_of_the_test() -> None:
    data = Events.generated(4, 2, 2)
    (x, y), (turned, classes) = data.test, data.rotated
    assert x.shape == turned.shape == (2, 192, 16)
    # Scalars of a map keep their distribution, up to its pixels.
    difference = np.abs(x.mean(1) - turned.mean(1)) / x.std(1)
    assert difference.max() < 0.5 and np.abs(x - turned).max() > 0
    assert set(np.unique(classes)) <= {0, 1, 2} and y.shape == (2, 192)
    assert not np.array_equal(data.training[0], data.validation[0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tasks", "year"], "year and forcing need --file"),
        (["--rate", "0"], "--rate must be above 0"),
        (["--nside", "2"], "--nside must be at least 4, got 2"),
    ],
)
def test_wrong_options_are_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        study.arguments(words)
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_the_study_continues_and_ends_with_a_table_and_a_picture(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "pcm" / "trefht_annual_1890-1999.nc"
    words = ["--small", "--out", str(tmp_path), "--kinds", "disco-oriented"]
    study.main(words)
    words[-1:] = ["chebyshev-heat-8", "disco-oriented"]
    study.main([*words, "--file", str(file)])
    printed = capsys.readouterr().out
    # Once for its result, and once in each of two tables of the events.
    assert printed.count("events, disco-oriented, 0") == 1
    assert printed.count("| DISCO, oriented | 21,011 |") == 2
    assert printed.count("| Chebyshev, heat, k = 8 | 3,585 |") == 1
    assert (tmp_path / "local_layers.png").read_bytes().startswith(b"\x89PNG")
    kept = rows_of(tmp_path / "local_layers.csv")
    assert kept == rows_of(tmp_path / "results.csv")
    # A panel for each task, with small and large marks for each kind.
    events, year = picture(kept).axes
    assert len(events.lines) == 2 * 4 and len(year.lines) == 2 * 2
