"""Pictures of predicted labels and numbers."""

from itertools import pairwise

import numpy as np
import pytest

from deepsphere_pyg.plot.labels import confusion_picture, scatter_of_answers, shortened

TRUTH = np.arange(5.0)


@pytest.mark.parametrize("errors", [np.zeros(5), np.full(5, 0.1), 1e-9 * TRUTH])
def test_every_error_is_in_the_histogram(errors):
    figure = scatter_of_answers(TRUTH, TRUTH + errors, "energy", "eV")
    histogram = figure.axes[1]
    assert sum(bar.get_height() for bar in histogram.patches) == 5
    assert f"rms {np.sqrt(np.mean(errors**2)):.2f}" in histogram.get_title()


@pytest.mark.parametrize(
    "names", ["0123456789", [f"class number {i}" for i in range(55)], ["a", "b" * 16]]
)
def test_names_of_classes_do_not_overlap(names):
    counts = np.diag(np.arange(len(names)) + 1)
    figure = confusion_picture(counts, list(names))
    figure.draw_without_rendering()
    panel = figure.axes[0]
    for labels in (panel.get_xticklabels(), panel.get_yticklabels()):
        boxes = [label.get_window_extent() for label in labels]
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))
        assert all(figure.bbox.containsx(box.x0) for box in boxes)
        assert all(figure.bbox.containsy(box.y0) for box in boxes)
    drawn = [text.get_text() for text in panel.texts]
    assert drawn == [str(i + 1) for i in range(len(names))]


def test_long_names_are_shortened():
    assert shortened("remote control") == "remote control"
    assert shortened("an adjustable lamp") == "an adjustable l…"
