"""``deepsphere-pyg segment``: train, evaluate, predict and draw."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from deepsphere_pyg.atomic_files import atomic_path, write_json
from deepsphere_pyg.commands.checks import check_segment_options
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
from deepsphere_pyg.commands.segment.fit import Fitted, fit
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
from deepsphere_pyg.plot.segmentation import segmentation_maps
from deepsphere_pyg.training.evaluation import Prediction, predict
from deepsphere_pyg.training.resume import settings
from deepsphere_pyg.training.splitting import Splits
from samplings import Sampling

# A small run of the whole job: minutes on two cores, and good enough to look at.
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
    # What is not named is that of the checkpoint, where there is one.
    parser.set_defaults(**dict.fromkeys(SAMPLING_DEFAULTS))
    add_network_arguments(parser)
    training = parser.add_argument_group("training")
    training.add_argument("--epochs", type=int, default=30, help="passes over the maps")
    training.add_argument("--batch-size", type=int, default=4, help="maps a step")
    training.add_argument("--lr", type=float, default=1e-3, help="Adam's highest rate")
    training.add_argument(
        "--loss-weights",
        default="none",
        metavar="none|balanced|W,W,...",
        help="weight of each class in the loss; balanced: one over its share",
    )
    training.add_argument("--seed", type=int, default=0, help="of data and training")
    training.add_argument(
        "--device", default="cpu", help="cpu, cuda or cuda:N, where to compute"
    )
    training.add_argument("--threads", type=int, help="CPU threads of PyTorch")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        type=Path,
        help="folder of the results (default: runs/segment; runs/evaluation with "
        "--checkpoint)",
    )
    output.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint in --out, if there is one; --epochs, --lr "
        "and --batch-size may change, and the rest follows their schedule",
    )
    output.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="do not train: evaluate, predict and draw with this checkpoint; "
        "NetCDF data without --label-variable are predicted and drawn only",
    )
    output.add_argument(
        "--transfer",
        action="store_true",
        help="with --checkpoint: move the weights to another sampling",
    )
    output.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard logs too"
    )
    parser.add_argument(
        "--demo",
        action=_Demo,
        nargs=0,
        help="small settings for generated maps, which later options override: "
        + ", ".join(f"{key.replace('_', '-')} {value}" for key, value in DEMO.items()),
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
    """Run the command; returns its exit status."""
    if args.out is None:
        # Not into the folder of the training: its scores would be overwritten.
        evaluating = args.checkpoint is not None
        args.out = Path("runs/evaluation" if evaluating else "runs/segment")
    check_segment_options(args)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
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
        known = Fitted(trained_network(args, splits.test), [], args.checkpoint, {})
        return _report(args, sampling, splits, {"checkpoint": known}, 0.0)
    network = network_from_arguments(args, args.network, splits.train)
    fitted = fit(args, network, splits, args.out)
    if fitted is None:
        return 130
    networks = {args.network: fitted}
    if args.baseline and args.network != PIXEL:
        print("\nbaseline   the same training for a network that sees single pixels")
        pixel = network_from_arguments(args, PIXEL, splits.train)
        baseline = fit(args, pixel, splits, args.out / "baseline")
        if baseline is None:
            return 130
        networks[PIXEL] = baseline
    seconds = time.perf_counter() - started
    return _report(args, sampling, splits, networks, seconds)


def _predict_unlabelled(args: argparse.Namespace, sampling: Sampling) -> int:
    """Predict and draw maps of which the truth is not known."""
    maps = fields_from_arguments(args, sampling, classes_of(args))
    print(
        f"data       {len(maps)} maps without labels, regridded by "
        f"{REGRIDDED[maps.regridding]}"
    )
    network = trained_network(args, maps)
    prediction = predict(network, maps, batch_size=args.batch_size, device=args.device)
    names = maps.class_names
    picture = args.out / "map.png"
    figure = segmentation_maps(
        sampling,
        maps[0].x.numpy(),
        maps.channel_names,
        None,
        prediction.probability[0].argmax(axis=1),
        names,
        certainty=prediction.probability[0].max(axis=1),
    )
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, dpi=110)
    numbers = write_predictions(args.out, sampling, prediction, names, labelled=False)
    print(f"picture    {picture}\nnumbers    {numbers}")
    return 0


def _report(
    args: argparse.Namespace,
    sampling: Sampling,
    splits: Splits,
    networks: dict[str, Fitted],
    seconds: float,
) -> int:
    """Predict the test maps, print and write scores, and draw."""
    names = splits.test.class_names
    predictions: dict[str, Prediction] = {
        name: predict(
            fitted.network,
            splits.test,
            batch_size=args.batch_size,
            device=args.device,
        )
        for name, fitted in networks.items()
    }
    scores = {
        name: prediction.scores(names, sampling.weights)
        for name, prediction in predictions.items()
    }
    main_name = next(iter(networks))
    fitted = networks[main_name]
    print(f"\nscores on {splits.test_name}, area-weighted, in percent\n")
    print(scores_table(scores))
    metrics: dict[str, Any] = {
        "settings": settings(args),
        "sampling": sampling.name,
        "data": splits.description,
        "seconds": round(seconds, 1),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "networks": {
            name: {
                "parameters": sum(p.numel() for p in fitted.network.parameters()),
                "best_epoch": fitted.facts.get("best_epoch"),
                "test": scores[name].as_dict(),
            }
            for name, fitted in networks.items()
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
        fitted.history,
    )
    print("\npictures   " + "\n           ".join(map(str, pictures)))
    print("numbers    " + "\n           ".join(map(str, files)))
    print(f"checkpoint {fitted.checkpoint}")
    return 0
