"""``deepsphere-pyg segment``: train, evaluate, predict and draw."""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deepsphere_pyg.commands.sampling_options import (
    SAMPLING_DEFAULTS,
    add_sampling_arguments,
    fill_sampling_defaults,
    samplings_from_arguments,
)
from deepsphere_pyg.commands.segment.data_options import (
    add_data_arguments,
    splits_from_arguments,
)
from deepsphere_pyg.commands.segment.fit import fit
from deepsphere_pyg.commands.segment.netcdf_options import (
    REGRIDDED,
    fields_from_arguments,
)
from deepsphere_pyg.commands.segment.network_options import (
    PIXEL,
    add_network_arguments,
    network_from_arguments,
)
from deepsphere_pyg.commands.segment.report import (
    scores_table,
    write_pictures,
    write_predictions,
    write_scores,
)
from deepsphere_pyg.commands.segment.trained import (
    checkpoint_sampling,
    classes_of,
    resolve_regridding,
    trained_network,
)
from deepsphere_pyg.commands.training_options import (
    INTERRUPTED,
    add_output_arguments,
    add_training_arguments,
    check_training_options,
    n_parameters,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.models import SphericalModel, read_header
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.training.evaluation import Prediction, predict
from deepsphere_pyg.training.fitting import Trained
from deepsphere_pyg.training.splitting import Splits
from samplings import Sampling
from samplings.atomic_files import write_json

# A small run of the whole command: minutes on two cores, with useful results.
DEMO = {
    "nside": 32,
    "network": "small",
    "baseline": True,
    "n_train": 200,
    "n_validation": 24,
    "n_test": 32,
    "epochs": 16,
    "batch_size": 4,
    "lr": 4e-3,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_data_arguments(parser)
    add_sampling_arguments(parser)
    # Options that are not given are those of the checkpoint, if there is one.
    parser.set_defaults(**dict.fromkeys(SAMPLING_DEFAULTS))
    add_network_arguments(parser)
    training = add_training_arguments(
        parser, "maps", "data and training", epochs=30, batch_size=4, lr=1e-3
    )
    training.add_argument(
        "--loss-weights",
        default="none",
        metavar="none|balanced|W,W,...",
        help="weight of each class in the loss; balanced: inverse to its area",
    )
    output = add_output_arguments(
        parser,
        "runs/segment, or runs/evaluation with --checkpoint",
        "; --epochs, --lr and --batch-size may change, and the remaining epochs "
        "follow their schedule",
    )
    output.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="do not train: evaluate, predict and draw with this checkpoint; "
        "NetCDF data without --label-variable are only predicted and drawn",
    )
    output.add_argument(
        "--transfer",
        action="store_true",
        help="move the weights of --checkpoint to another sampling",
    )
    output.add_argument(
        "--tensorboard", action="store_true", help="also write TensorBoard logs"
    )
    parser.add_argument(
        "--demo",
        action=_Demo,
        nargs=0,
        help="small run on generated maps: "
        + " ".join(
            f"--{key.replace('_', '-')}" + ("" if value is True else f" {value}")
            for key, value in DEMO.items()
        )
        + "; options after --demo override it",
    )


class _Demo(argparse.Action):
    """Set the options of the demo."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        vars(namespace).update(DEMO)


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if args.out is None:
        # The folder of the training would have its scores overwritten.
        evaluating = args.checkpoint is not None
        args.out = Path("runs/evaluation" if evaluating else "runs/segment")
    _check_options(args)
    started = time.perf_counter()
    kept = None if args.checkpoint is None else checkpoint_sampling(args)
    resolve_regridding(args)
    if kept is not None:
        sampling = kept
    else:
        fill_sampling_defaults(args)
        (sampling,) = samplings_from_arguments(args)
    print(f"sampling   {sampling!r}")
    if args.checkpoint and args.data == "netcdf" and args.label_variable is None:
        return _predict_unlabelled(args, sampling)
    splits = splits_from_arguments(args, sampling)
    print(f"data       {splits.description}")
    if args.checkpoint is not None:
        known = trained_network(args, splits.test)
        return _report(args, sampling, splits, {"checkpoint": known}, {}, 0.0)
    network = network_from_arguments(args, args.network, splits.train)
    fitted = fit(args, network, splits, args.out)
    if fitted is None:
        return INTERRUPTED
    trained = {args.network: fitted}
    if args.baseline and args.network != PIXEL:
        print("\nbaseline   the same training of a network that sees single pixels")
        pixel = network_from_arguments(args, PIXEL, splits.train)
        baseline = fit(args, pixel, splits, args.out / "baseline")
        if baseline is None:
            return INTERRUPTED
        trained[PIXEL] = baseline
    seconds = time.perf_counter() - started
    networks = {name: one.network for name, one in trained.items()}
    return _report(args, sampling, splits, networks, trained, seconds)


def _check_options(args: argparse.Namespace) -> None:
    """Refuse options that no run can have, before any map is made or read."""
    if args.checkpoint is None and args.transfer:
        raise ValueError("--transfer needs --checkpoint FILE, whose weights to move")
    if args.checkpoint is not None:
        if args.resume:
            raise ValueError(
                "--checkpoint evaluates and --resume trains; pass one of them"
            )
        read_header(args.checkpoint)
    if args.tensorboard and find_spec("tensorboard") is None:
        raise ImportError(
            "--tensorboard needs TensorBoard: pip install 'deepsphere-pyg[train]'"
        )
    check_training_options(args)


def _predict_unlabelled(args: argparse.Namespace, sampling: Sampling) -> int:
    """Predict and draw maps without labels."""
    maps = fields_from_arguments(args, sampling, classes_of(args))
    print(
        f"data       {len(maps)} maps without labels, regridded by "
        f"{REGRIDDED[maps.regridding]}"
    )
    network = trained_network(args, maps)
    prediction = predict(network, maps, batch_size=args.batch_size, device=args.device)
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
    (picture,) = write_figures(args.out, {"map.png": figure})
    numbers = write_predictions(args.out, sampling, prediction, names, labelled=False)
    print(f"picture    {picture}\nnumbers    {numbers}")
    return 0


def _report(
    args: argparse.Namespace,
    sampling: Sampling,
    splits: Splits,
    networks: dict[str, SphericalModel],
    trained: dict[str, Trained],
    seconds: float,
) -> int:
    """Predict the test maps, print and write scores, and draw."""
    names = splits.test.class_names
    predictions: dict[str, Prediction] = {
        name: predict(
            network, splits.test, batch_size=args.batch_size, device=args.device
        )
        for name, network in networks.items()
    }
    scores = {
        name: prediction.scores(names, sampling.weights)
        for name, prediction in predictions.items()
    }
    main_name = next(iter(networks))
    main = trained.get(main_name)
    print(f"\nscores on {splits.test_name}, area-weighted, in percent\n")
    print(scores_table(scores))
    metrics: dict[str, Any] = {
        **run_facts(args),
        "sampling": sampling.name,
        "data": splits.description,
        "seconds": round(seconds, 1),
        "networks": {
            name: {
                "parameters": n_parameters(network),
                "best_epoch": trained[name].best_epoch if name in trained else None,
                "test": scores[name].as_dict(),
            }
            for name, network in networks.items()
        },
    }
    write_json(args.out / "metrics.json", metrics)
    files = [args.out / "metrics.json", write_scores(args.out, scores)]
    files.append(write_predictions(args.out, sampling, predictions[main_name], names))
    pictures = write_pictures(
        args.out,
        sampling,
        splits.test[0].x.numpy(),
        splits.test.channel_names,
        predictions,
        names,
        [] if main is None else main.history,
    )
    print_files(*pictures, *files)
    print(f"checkpoint {args.checkpoint if main is None else main.checkpoint}")
    return 0
