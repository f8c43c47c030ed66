"""Pictures of predicted labels and numbers."""

import numpy as np
import pytest

from deepsphere_pyg.plot.labels import scatter_of_answers

TRUTH = np.arange(5.0)


@pytest.mark.parametrize("errors", [np.zeros(5), np.full(5, 0.1), 1e-9 * TRUTH])
def test_every_error_is_in_the_histogram(errors):
    figure = scatter_of_answers(TRUTH, TRUTH + errors, "energy", "eV")
    histogram = figure.axes[1]
    assert sum(bar.get_height() for bar in histogram.patches) == 5
    assert f"rms {np.sqrt(np.mean(errors**2)):.2f}" in histogram.get_title()
