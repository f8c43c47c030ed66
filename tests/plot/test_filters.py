"""Responses, spectra and pictures of learned filters."""

import numpy as np
import pytest
import torch
from scipy.special import eval_legendre

from deepsphere_pyg import (
    ChebConv,
    DepthwiseChebConv,
    PolynomialConv,
    laplacian_operator,
    pooling_operator,
)
from deepsphere_pyg.plot import filter_gains, filter_pictures, impulse_responses
from deepsphere_pyg.plot.filters import _draw_gnomonic
from deepsphere_pyg.plot.maps import new_figure
from samplings import HEALPix, Icosahedral, knn_graph

SAMPLING = HEALPix(8)
# Self-adjoint: responses to an impulse are the filter around it.
LAPLACIAN = laplacian_operator(knn_graph(SAMPLING, 20, weighting="heat")).double()


@pytest.mark.parametrize("vertex", [0, 100, 400])
def test_gains_are_what_filters_make_of_zonal_harmonics(vertex):
    conv = ChebConv(2, 3, 5).double()
    torch.nn.init.normal_(conv.bias)
    pairs = [(0, 1), (1, 2)]
    response = impulse_responses(conv, SAMPLING, LAPLACIAN, pairs, vertex)
    gains = filter_gains(response, SAMPLING, vertex, 12)
    zonal = eval_legendre(np.arange(12)[:, None], SAMPLING.xyz @ SAMPLING.xyz[vertex])
    for (source, target), gain in zip(pairs, gains, strict=True):
        x = torch.zeros(12, len(SAMPLING), 2, dtype=torch.float64)
        x[..., source] = torch.from_numpy(zonal)
        with torch.no_grad():
            y = conv(x, LAPLACIAN)[:, vertex, target] - conv.bias[target]
        np.testing.assert_allclose(gain, y, atol=1e-9)


def test_the_laplacian_stops_constants():
    # Rescaled to [-1, 1], its smallest eigenvalue is -1, of constants.
    conv = ChebConv(1, 1, 2).double()
    with torch.no_grad():
        conv.weight[:, 0, 0] = torch.tensor([1.0, 1.0])
    response = impulse_responses(conv, SAMPLING, LAPLACIAN, [(0, 0)], 5)
    gains = filter_gains(response, SAMPLING, 5, 20)[0]
    assert abs(gains[0]) < 1e-9
    assert (np.diff(gains) > 0).all()


@pytest.mark.parametrize(
    "conv",
    [
        ChebConv(3, 2, 4),
        PolynomialConv(3, 2, 4, basis="bernstein"),
        DepthwiseChebConv(3, 4),
        ChebConv(1, 1, 1),
    ],
    ids=repr,
)
def test_every_convolution_is_drawn(conv, tmp_path):
    sampling = Icosahedral(2)
    laplacian = laplacian_operator(sampling)
    figure = filter_pictures(conv, sampling, laplacian)
    titles = [axes.get_title() for axes in figure.axes]
    drawn = [title for title in titles if " to " in title]
    count = 3 if isinstance(conv, DepthwiseChebConv) else 4
    count = 1 if conv.weight.numel() == 1 else count
    assert len(drawn) == count
    spectrum, section = figure.axes[:2]
    # The filters and a line at zero.
    assert len(spectrum.lines) == count + 1
    assert len(section.lines) == 2 * count + 1
    assert all(np.isfinite(line.get_ydata()).all() for line in spectrum.lines)
    figure.savefig(tmp_path / "filters.png", dpi=30)


def test_the_strongest_filters_are_chosen():
    conv = ChebConv(2, 3, 3)
    with torch.no_grad():
        conv.weight[:, 1, 2] = 10
        conv.weight[:, 0, 1] = 5
    figure = filter_pictures(conv, HEALPix(2), laplacian_operator(HEALPix(2)))
    titles = [axes.get_title() for axes in figure.axes if " to " in axes.get_title()]
    assert titles[:2] == ["1 to 2", "0 to 1"]


def test_the_picture_has_east_to_the_right_and_north_up():
    sampling = HEALPix(16)
    vertex = int(sampling.xyz[:, 0].argmax())
    for values, rising in ((sampling.xyz[:, 1], (0, 1)), (sampling.xyz[:, 2], (1, 0))):
        axes = new_figure(1, 1, (3, 3))[1][0, 0]
        _draw_gnomonic(axes, sampling, values, vertex, 0.3)
        image = axes.images[0].get_array()
        up = image[: image.shape[0] // 2].mean() - image[image.shape[0] // 2 :].mean()
        right = image[:, image.shape[1] // 2 :].mean()
        right = right - image[:, : image.shape[1] // 2].mean()
        assert (up > 0.1) == bool(rising[0])
        assert (right > 0.1) == bool(rising[1])


def test_what_cannot_be_drawn_is_refused():
    conv, sampling = ChebConv(2, 3, 3), HEALPix(2)
    laplacian = laplacian_operator(sampling)
    with pytest.raises(
        ValueError, match=r"pairs\[0\]\[1\] must be below 3, got 3; numb"
    ):
        filter_pictures(conv, sampling, laplacian, pairs=[(0, 3)])
    with pytest.raises(ValueError, match="1 to 4 pairs of channels, got 5; draw sever"):
        filter_pictures(conv, sampling, laplacian, pairs=[(0, 0)] * 5)
    with pytest.raises(
        ValueError, match="laplacian must be one of the 48 vertices of h"
    ):
        pooling = pooling_operator(sampling.coarsen())
        filter_pictures(conv, sampling, pooling)
    with pytest.raises(ValueError, match="the same channel twice, since DepthwiseChe"):
        filter_pictures(DepthwiseChebConv(3, 2), sampling, laplacian, pairs=[(0, 1)])
    with pytest.raises(
        TypeError, match="conv must be a ChebConv or a PolynomialConv or"
    ):
        filter_pictures(torch.nn.Linear(2, 3), sampling, laplacian)
    with pytest.raises(ValueError, match="vertex must be below 48, got 48; numbers"):
        filter_pictures(conv, sampling, laplacian, vertex=48)
