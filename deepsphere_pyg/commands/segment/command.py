"""``deepsphere-pyg segment``: train, evaluate, predict and draw."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from deepsphere_pyg.commands.options.kept import Kept, read_kept
from deepsphere_pyg.commands.options.network import PIXEL
from deepsphere_pyg.commands.options.resuming import resolved_regridding
from deepsphere_pyg.commands.options.sampling import samplings_of
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    n_parameters,
    prepare,
    print_files,
    run_facts,
    tell_prediction,
)
from deepsphere_pyg.commands.segment.data import load, splits_of
from deepsphere_pyg.commands.segment.netcdf import netcdf_splits
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.commands.segment.trained import (
    evaluated_options,
    evaluated_sampling,
    trained_task,
)
from deepsphere_pyg.datasets import input_statistics
from deepsphere_pyg.processes import process_rank, tell
from deepsphere_pyg.training.splitting import Splits
from samplings import Sampling
from samplings.atomic_files import write_json

if TYPE_CHECKING:
    from deepsphere_pyg.training.evaluation import Prediction
    from deepsphere_pyg.training.tasks import Task
    from deepsphere_pyg.training.trained import Trained

# Lightning and Matplotlib take seconds to load, and are imported once the data are
# read.


def run(options: SegmentOptions) -> int:
    """Run the command and return its exit status."""
    _check_options(options)
    if options.checkpoint is not None:
        return _evaluate(options, read_kept(options.checkpoint))
    started = time.perf_counter()
    data = options.data or ("events" if options.fields is None else "netcdf")
    options = resolved_regridding(replace(options, data=data))
    if options.data == "netcdf":
        splits = netcdf_splits(options, None)
    else:
        options = options.with_sampling_defaults()
        (chosen,) = samplings_of(options)
        tell(f"sampling   {chosen!r}")
        splits = splits_of(options, chosen)
        load(splits.train, splits.validation, splits.test)
        tell(f"data       {splits.description}")
    from deepsphere_pyg.commands.options.building import build_network
    from deepsphere_pyg.commands.segment.fit import fit

    sampling = splits.train.sampling
    statistics = input_statistics(splits.train)
    main = "model" if options.model else str(options.network)
    names = {main: options.folder}
    if options.baseline and options.network != PIXEL:
        names[PIXEL] = options.folder / "baseline"
    trained: dict[str, Trained] = {}
    for name, folder in names.items():
        if trained:
            tell("\nbaseline   the same training of a network that sees single pixels")
        network = build_network(
            options,
            len(splits.train.channel_names),
            len(splits.train.class_names),
            sampling,
            seed=options.seed,
            pixel=name == PIXEL,
        )
        fitted = fit(options, network, splits, statistics, folder)
        if fitted is None:
            return INTERRUPTED
        trained[name] = fitted
    if process_rank():
        # The first process reports.
        return 0
    seconds = time.perf_counter() - started
    tasks = {name: one.task for name, one in trained.items()}
    return _report(options, sampling, splits, tasks, trained, seconds)


def _evaluate(options: SegmentOptions, kept: Kept) -> int:
    """Evaluate, predict and draw with a checkpoint."""
    kept.refuse_other("SegmentationTask")
    options = evaluated_options(options, kept)
    if options.data == "netcdf":
        splits = netcdf_splits(options, kept)
    else:
        sampling = evaluated_sampling(options, kept)
        tell(f"sampling   {sampling!r}")
        splits = splits_of(options, sampling)
        load(splits.test)
        tell(f"data       {splits.description}")
    task = trained_task(options, kept, splits.test)
    return _report(options, splits.test.sampling, splits, {"checkpoint": task}, {}, 0.0)


def _check_options(options: SegmentOptions) -> None:
    """Refuse options that no run can have, before any map is made or read."""
    if options.checkpoint is not None:
        if options.resume:
            raise ValueError(
                "--checkpoint evaluates and --resume trains; pass one of them"
            )
        read_kept(options.checkpoint)
    if options.tensorboard and find_spec("tensorboard") is None:
        raise ImportError(
            "--tensorboard needs TensorBoard: pip install 'deepsphere-pyg[train]'"
        )
    prepare(options, "n_train", "n_validation", "n_test")


def _report(
    options: SegmentOptions,
    sampling: Sampling,
    splits: Splits,
    tasks: dict[str, Task],
    trained: dict[str, Trained],
    seconds: float,
) -> int:
    """Predict the test maps, print and write scores, and draw."""
    from deepsphere_pyg.commands.segment.report import (
        scores_table,
        write_pictures,
        write_predictions,
        write_scores,
    )
    from deepsphere_pyg.training.evaluation import predict

    names = splits.test.class_names
    predictions: dict[str, Prediction] = {
        name: predict(
            task,
            splits.test,
            batch_size=options.batch_size,
            device=options.torch_device,
        )
        for name, task in tasks.items()
    }
    scores = {
        name: prediction.scores(names, sampling.weights)
        for name, prediction in predictions.items()
    }
    main_name = next(iter(tasks))
    main = trained.get(main_name)
    print(f"\nscores on {splits.test_name}, area-weighted, in percent\n")
    print(scores_table(scores))
    metrics: dict[str, Any] = {
        **run_facts(options),
        "sampling": sampling.name,
        "data": splits.description,
        "seconds": round(seconds, 1),
        "networks": {
            name: {
                "parameters": n_parameters(task),
                "best_epoch": trained[name].best_epoch if name in trained else None,
                "test": scores[name].as_dict(),
            }
            for name, task in tasks.items()
        },
    }
    write_json(options.folder / "metrics.json", metrics)
    files = [options.folder / "metrics.json", write_scores(options.folder, scores)]
    files.append(
        write_predictions(options.folder, sampling, predictions[main_name], names)
    )
    pictures = write_pictures(
        options.folder,
        sampling,
        splits.test[0].x.numpy(),
        splits.test.channel_names,
        predictions,
        names,
        [] if main is None else main.history,
    )
    print_files(*pictures, *files)
    print(f"checkpoint {options.checkpoint if main is None else main.checkpoint}")
    if main is not None:
        generated = options.data == "events"
        tell_prediction(main.checkpoint, "" if generated else " --fields FILE")
    return 0
