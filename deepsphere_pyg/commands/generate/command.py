"""``deepsphere-pyg generate``: series of flows on the rotating Earth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.commands.generate.fields import FIELD_ATTRIBUTES, FlowFields
from deepsphere_pyg.commands.generate.options import GenerateOptions
from deepsphere_pyg.commands.options.sampling import samplings_of
from deepsphere_pyg.commands.options.training import (
    check_folder,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.datasets.flows import (
    BarotropicVorticity,
    ShallowWater,
    random_vorticity,
)
from samplings.atomic_files import write_json

if TYPE_CHECKING:
    from deepsphere_pyg.commands.generate.report import FlowRecord

_MODELS = {"barotropic": BarotropicVorticity, "shallow-water": ShallowWater}


def run(options: GenerateOptions) -> int:
    """Run the command and return its exit status."""
    if options.threads is not None:
        if options.threads < 1:
            raise ValueError(f"--threads must be at least 1, got {options.threads}")
        torch.set_num_threads(options.threads)
    path = options.folder / "flows.zarr"
    if path.exists():
        raise FileExistsError(
            f"{path} exists, and is not replaced; choose another --out, or remove it"
        )
    (sampling,) = samplings_of(options.with_sampling_defaults())
    check_folder(options.folder)
    model = _MODELS[options.model](
        options.truncation + 1,
        step=options.seconds,
        damping_hours=options.damping or None,
    )
    # Both must be multiples of the step.
    model.steps_of(options.hours)
    model.steps_of(24 * options.spin_up)
    n = round(24 * options.days / options.hours)
    print(
        f"model      {options.model}, truncation {options.truncation}, steps of "
        f"{options.seconds:g} s\nseries     {options.runs} runs, {n} states every "
        f"{options.hours:g} h, on {sampling.name}"
    )
    # Late, as Matplotlib and xarray take their time to load.
    from deepsphere_pyg.commands.generate.report import (
        FlowRecord,
        flow_figure,
        flow_table,
    )
    from deepsphere_pyg.datasets.flows.flow_files import write_flow_series

    start = random_vorticity(
        model.L,
        options.runs,
        seed=options.seed,
        speed=options.speed,
        degree=options.degree,
    )
    state = model.balanced(start) if isinstance(model, ShallowWater) else start
    fields = FlowFields(model, sampling, options.names)
    record = FlowRecord(model, options.hours, options.names[0])
    step = np.timedelta64(round(3.6e12 * options.hours), "ns")
    times = np.datetime64(options.begin, "ns") + step * np.arange(n)
    write_flow_series(
        path,
        sampling,
        {name: FIELD_ATTRIBUTES[name] for name in options.names},
        times,
        options.runs,
        _states(model, state, options, n, fields, record),
        {"model": options.model, "truncation": options.truncation},
    )
    print(f"\n{flow_table(record)}")
    metrics = options.folder / "metrics.json"
    write_json(metrics, {**run_facts(options), "flow": record.rows()})
    figure = flow_figure(record, sampling)
    print_files(path, metrics, *write_figures(options.folder, {"flows.png": figure}))
    name = options.names[0]
    print(
        f"\nto train   deepsphere-pyg forecast --fields {path} --inputs {name} "
        "--sampling own"
    )
    return 0


def _states(
    model: Any,
    state: Tensor,
    options: GenerateOptions,
    n: int,
    fields: FlowFields,
    record: FlowRecord,
) -> Iterator[npt.NDArray[Any]]:
    """Yield the fields of each state that is written, ``(V, runs, fields)``."""
    days = options.spin_up
    total = model.steps_of(24 * days) + (n - 1) * model.steps_of(options.hours)
    with tqdm(total=total, desc="steps", leave=False, disable=None) as bar:
        for i in range(n):
            hours = options.hours if i else 24 * days
            for _ in range(model.steps_of(hours)):
                state = model.stepped(state)
                bar.update()
            values = fields(state)
            record.add(state, values[:, 0, 0])
            yield values.numpy().astype(np.float32)
