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
    """
    inputs, targets = RunningMoments(), RunningMoments()
    found, wrong, whole = FillValues(), FillValues(), []
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
        if numbers and sample.y.ndim == 1:
            targets.add(sample.y[None], one)
            whole.append(np.asarray(sample.y))
        elif numbers:
            keep = getattr(sample, "mask", torch.ones(len(sample.y), dtype=torch.bool))
            targets.add(sample.y, weights * keep)
            wrong.add(sample.y, keep)
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
