"""``deepsphere-pyg segment``: train, evaluate, predict and draw."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from deepsphere_pyg.commands.options.kept import Kept, read_kept
from deepsphere_pyg.commands.options.network import PIXEL, build_network
from deepsphere_pyg.commands.options.sampling import samplings_of
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    n_parameters,
    prepare,
    print_files,
    run_facts,
    tell_prediction,
    write_figures,
)
from deepsphere_pyg.commands.segment.data import load, splits_of
from deepsphere_pyg.commands.segment.fit import fit
from deepsphere_pyg.commands.segment.netcdf import REGRIDDED, unlabelled_fields
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.commands.segment.report import (
    scores_table,
    write_pictures,
    write_predictions,
    write_scores,
)
from deepsphere_pyg.commands.segment.trained import (
    evaluated_options,
    evaluated_sampling,
    trained_task,
)
from deepsphere_pyg.datasets import input_statistics
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.training.evaluation import Prediction, predict
from deepsphere_pyg.training.splitting import Splits
from deepsphere_pyg.training.tasks import SegmentationTask, Task
from deepsphere_pyg.training.trained import Trained
from samplings import Sampling
from samplings.atomic_files import write_json

OPTIONS = SegmentOptions
# A small run of the whole command: minutes on two cores, with useful results.
DEMO = (
    "--nside 32 --network small --baseline --n-train 200 --n-validation 24 --n-test 32 "
    "--epochs 16 --batch-size 4 --lr 4e-3"
)


def run(options: SegmentOptions) -> int:
    """Run the command and return its exit status."""
    _check_options(options)
    if options.checkpoint is not None:
        return _evaluate(options, read_kept(options.checkpoint))
    started = time.perf_counter()
    options = _with_regridding(options.with_sampling_defaults())
    options = replace(options, data=options.data or "events")
    (sampling,) = samplings_of(options)
    print(f"sampling   {sampling!r}")
    splits = splits_of(options, sampling)
    load(splits.train, splits.validation, splits.test)
    print(f"data       {splits.description}")
    statistics = input_statistics(splits.train)
    main = "model" if options.model else str(options.network)
    names = {main: options.folder}
    if options.baseline and options.network != PIXEL:
        names[PIXEL] = options.folder / "baseline"
    trained: dict[str, Trained] = {}
    for name, folder in names.items():
        if trained:
            print("\nbaseline   the same training of a network that sees single pixels")
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
    seconds = time.perf_counter() - started
    tasks = {name: one.task for name, one in trained.items()}
    return _report(options, sampling, splits, tasks, trained, seconds)


def _evaluate(options: SegmentOptions, kept: Kept) -> int:
    """Evaluate, predict and draw with a checkpoint."""
    kept.refuse_other(SegmentationTask)
    options = evaluated_options(options, kept)
    sampling = evaluated_sampling(options, kept)
    print(f"sampling   {sampling!r}")
    if options.data == "netcdf" and options.label_variable is None:
        return _predict_unlabelled(options, kept, sampling)
    splits = splits_of(options, sampling)
    load(splits.test)
    print(f"data       {splits.description}")
    task = trained_task(options, kept, splits.test)
    return _report(options, sampling, splits, {"checkpoint": task}, {}, 0.0)


def _with_regridding(options: SegmentOptions) -> SegmentOptions:
    """Set ``--regrid`` if it is not given: to that of a resumed training, or to auto.

    Networks from before the option existed were trained on interpolated maps.
    """
    if options.regrid is not None:
        return options
    last = options.folder / "last.ckpt"
    if options.resume and last.exists():
        settings = read_kept(last).settings
        if settings.get("data") == (options.data or "events"):
            return replace(options, regrid=settings.get("regrid") or "bilinear")
    return replace(options, regrid="auto")


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


def _predict_unlabelled(options: SegmentOptions, kept: Kept, sampling: Sampling) -> int:
    """Predict and draw maps without labels."""
    maps = unlabelled_fields(options, sampling, kept.config["class_names"])
    print(
        f"data       {len(maps)} maps without labels, regridded by "
        f"{REGRIDDED[maps.regridding]}"
    )
    task = trained_task(options, kept, maps)
    size, device = options.batch_size, options.torch_device
    prediction = predict(task, maps, batch_size=size, device=device)
    names = maps.class_names
    figure = segmentation_maps(
        sampling,
        maps[0].x.numpy(),
        maps.channel_names,
        None,
        prediction.probability[0].argmax(axis=1),
        names,
        certainty=prediction.probability[0].max(axis=1),
    )
    (picture,) = write_figures(options.folder, {"map.png": figure})
    numbers = write_predictions(
        options.folder, sampling, prediction, names, labelled=False
    )
    print(f"picture    {picture}\nnumbers    {numbers}")
    return 0


def _report(
    options: SegmentOptions,
    sampling: Sampling,
    splits: Splits,
    tasks: dict[str, Task],
    trained: dict[str, Trained],
    seconds: float,
) -> int:
    """Predict the test maps, print and write scores, and draw."""
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
