"""Means and standard deviations of samples, read once, block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.datasets.base import RunningMoments
from deepsphere_pyg.datasets.fill_values import FILES_REMEDY, FillValues
from deepsphere_pyg.datasets.sample_parts import SamplePart
from samplings.arrays import FloatArray


@dataclass(frozen=True)
class Statistics:
    """Means and standard deviations of the training samples, weighted by area.

    Attributes
    ----------
    inputs
        Of the inputs, two of shape ``(C,)``, float64.
    targets
        Of the targets, two of shape ``(C_out,)``; None for classes.
    """

    inputs: tuple[Tensor, Tensor]
    targets: tuple[Tensor, Tensor] | None


def sample_statistics(
    part: SamplePart, area: FloatArray | None, numbers: bool
) -> Statistics:
    """Compute the statistics of inputs, and of targets that are numbers.

    Parameters
    ----------
    part
        The samples. Targets count where their mask is True.
    area
        Weight of each vertex; None for equal weights.
    numbers
        Whether the targets are numbers.

    Warns
    -----
    FillValueWarning
        If values seem to be marks of missing ones, such as -9999.

    Raises
    ------
    ValueError
        If the target of no vertex counts.
    """
    inputs, targets = RunningMoments(), RunningMoments()
    found, wrong, whole = FillValues(), FillValues(), []
    counted = False
    one = torch.ones(1, dtype=torch.float64)
    weights = None if area is None else torch.from_numpy(np.array(area))
    for index in tqdm(
        part.reading_order(), desc="statistics", leave=False, disable=None
    ):
        sample = part[int(index)]
        if weights is None:
            weights = torch.ones(len(sample.x), dtype=torch.float64)
        inputs.add(sample.x, weights)
        found.add(sample.x)
        counted = counted or not hasattr(sample, "mask") or bool(sample.mask.any())
        if numbers and sample.y.ndim == 1:
            targets.add(sample.y[None], one)
            whole.append(np.asarray(sample.y))
        elif numbers:
            keep = getattr(sample, "mask", torch.ones(len(sample.y), dtype=torch.bool))
            targets.add(sample.y, weights * keep)
            wrong.add(sample.y, keep)
    if not counted:
        raise _nothing_counts(part)
    names = getattr(part.dataset, "channel_names", None)
    found.warn("the inputs", names, FILES_REMEDY, stacklevel=5)
    names = getattr(part.dataset, "target_names", None)
    if whole:
        wrong.add(np.stack(whole))
        places = ("sample", "samples")
        wrong.warn("the targets", names, FILES_REMEDY, places=places, stacklevel=5)
    else:
        wrong.warn("the targets", names, FILES_REMEDY, stacklevel=5)
    return Statistics(inputs.result(), targets.result() if numbers else None)


def _nothing_counts(part: SamplePart) -> ValueError:
    """Return the error for samples without a vertex whose target counts."""
    remedy = "check the names of the variables, and how they mark missing values"
    unfilled = getattr(part.dataset, "unfilled", None)
    if unfilled is not None:
        lacking = np.isnan(unfilled(int(part.indices[0]))).all(axis=0)
        if lacking.any():
            name = part.dataset.channel_names[int(lacking.argmax())]
            remedy = f"{name} is missing at all vertices, leave it out of inputs="
    return ValueError(
        f"no vertex of the samples to train on has a target and all inputs: {remedy}"
    )
