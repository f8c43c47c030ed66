"""Picture of a prediction without a truth."""

from __future__ import annotations

from matplotlib.figure import Figure

from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.plot.maps import draw_map, named, new_figure, quantity_of
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.training.tasks import RegressionTask, SegmentationTask, Task


def picture(task: Task, maps: FieldMaps) -> Figure | None:
    """Draw the first sample; None if the answers are of whole samples.

    Parameters
    ----------
    task
        The trained task.
    maps
        The samples.
    """
    inputs = maps[0].x
    answers = task.predict(inputs[None], progress=False)[0]
    if isinstance(task, SegmentationTask):
        return segmentation_maps(
            maps.sampling,
            inputs.numpy(),
            maps.channel_names,
            None,
            answers.argmax(axis=1),
            task.class_names,
            certainty=answers.max(axis=1),
        )
    if not isinstance(task, RegressionTask):
        return None
    figure, axes = new_figure(1, 2, (11, 3.6))
    units = task.notes.get("target_units") or [""]
    label, quantity = named(task.out_names[0], units[0]), quantity_of(units[0])
    name = maps.channel_names[0]
    draw_map(axes[0][0], maps.sampling, inputs[:, 0], title=f"input {name}", label=name)
    draw_map(
        axes[0][1],
        maps.sampling,
        answers[:, 0],
        title="prediction",
        label=label,
        quantity=quantity,
    )
    return figure
