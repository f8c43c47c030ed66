"""Pictures of forecasts show the numbers they are given."""

import numpy as np
import pytest

from deepsphere_pyg.plot.forecasts import (
    error_growth,
    hovmoller,
    lead_curves,
    lead_spectra,
)

TIMES = ["1 d", "2 d", "3 d"]


def rows(**changed):
    """Rows of two variables and three leads."""
    found = []
    for name in ("z", "t"):
        for lead in (1, 2, 3):
            row = {
                **{"variable": name, "unit": "K", "lead": lead},
                **{"lead_time": TIMES[lead - 1], "rmse": 0.5 * lead},
                **{"persistence": 1.0 * lead, "climatology": 2.0, "regression": 0.6},
                **{"acc": 1 - 0.1 * lead, "acc_persistence": 0.5},
                "acc_regression": 0.7,
            }
            found.append(row | changed)
    return found


def lines(panel):
    return {line.get_label(): line.get_ydata() for line in panel.lines}


def test_errors_are_relative_to_the_climatology():
    figure = error_growth(rows())
    (z_error, t_error), (z_acc, _) = np.reshape(figure.axes, (2, 2))
    assert (z_error.get_title(), t_error.get_title()) == ("z", "t")
    np.testing.assert_allclose(lines(z_error)["network"], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(lines(z_error)["persistence"], [0.5, 1, 1.5])
    np.testing.assert_allclose(lines(z_acc)["network"], [0.9, 0.8, 0.7])
    np.testing.assert_allclose(lines(z_acc)["regression"], [0.7, 0.7, 0.7])
    assert "climatology" not in lines(z_acc)


@pytest.mark.parametrize("draw", [error_growth, lead_curves])
def test_references_that_are_not_known_are_left_out(draw):
    figure = draw(rows(regression=None, acc_regression=None))
    assert "regression" not in lines(figure.axes[0])
    assert "regression" in lines(draw(rows()).axes[0])


def test_spectra_are_drawn_from_degree_one():
    truth = np.tile(2.0 ** -np.arange(5), (3, 1))[..., None]
    figure = lead_spectra(0.5 * truth, truth, 0.1 * truth, ["z"], TIMES)
    energy, share = figure.axes
    found = lines(energy)
    np.testing.assert_allclose(found["truth"], truth[0, 1:, 0])
    np.testing.assert_allclose(found["3 d"], 0.5 * truth[0, 1:, 0])
    np.testing.assert_allclose(lines(share)["1 d"], 0.1)


def test_lead_times_of_a_hovmoller_diagram_go_down():
    values = np.arange(12.0).reshape(3, 4)
    values[1, 2] = np.nan
    figure = hovmoller(np.linspace(0, 360, 5), {"a": values, "b": -values}, TIMES, "K")
    panel = figure.axes[0]
    assert panel.get_title() == "a" and panel.yaxis_inverted()
    (mesh,) = panel.collections
    found = np.ma.filled(np.ma.masked_invalid(mesh.get_array()), -1.0).reshape(3, 4)
    np.testing.assert_allclose(found, np.where(np.isnan(values), -1.0, values))
    assert [one.get_text() for one in panel.get_yticklabels()] == TIMES
