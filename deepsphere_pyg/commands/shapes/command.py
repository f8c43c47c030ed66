"""``deepsphere-pyg shapes``: classify shapes, and retrieve those of the same class."""

from __future__ import annotations

from deepsphere_pyg.commands.options.resuming import write_config
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    prepare,
    print_files,
    run_facts,
    tell_of_resuming,
)
from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.commands.shapes.checks import check_options
from deepsphere_pyg.commands.shapes.data import Shapes
from deepsphere_pyg.commands.shapes.options import ShapesOptions
from deepsphere_pyg.commands.shapes.runs import VALUES, Run
from samplings.atomic_files import write_json

#: What tells one result from another.
KEYS = Run._fields
#: Options of which each row states its own, or that change no result.
FREE = ("networks", "train", "folds", "cache", "processes", "evaluate")
#: Options that a network was trained with, and must be tested with: others would show
#: it other maps, or test it with shapes that it was trained on.
TRAINED_WITH = ("dataset", "n_shapes", "nside", "miss", "shift")
#: Options that all rows of a table were tested with.
TESTED_WITH = ("test_copies", "retrieve")


def run(options: ShapesOptions) -> int:
    """Run the command and return its exit status."""
    check_options(options)
    prepare(options, "processes")
    results = Results(options.folder, KEYS, VALUES, FREE)
    runs = [
        Run(network, train, fold, options.seed)
        for fold in options.folds
        for train in options.train
        for network in options.networks
    ]
    if options.evaluate:
        again = [found for one in runs for found in results.find(**one._asdict())]
        # Rows that are not tested again bind the others.
        bound = TESTED_WITH if len(again) < len(results.rows) else ()
        results.check_settings(options, (*TRAINED_WITH, *bound))
    else:
        results.keep_settings(options)
        write_config(options, options.folder)
    shapes = Shapes(options)
    names = shapes.class_names
    print(f"data       {options.dataset}, {len(names)} classes, nside {options.nside}")
    # Both kinds of shapes are opened before any training.
    print(f"tested on  {' and '.join(shapes.tests)}")
    for test, reason in shapes.untested.items():
        print(f"untested   {test}: {reason}")
    # Late, as Lightning and Matplotlib take seconds to load.
    from deepsphere_pyg.commands.shapes.report import (
        row_of,
        table,
        tell_unlabelled,
        write_run,
    )
    from deepsphere_pyg.commands.shapes.training import fit_and_test

    files = [results.path]
    for one in runs:
        known = results.find(**one._asdict())
        if known and not options.evaluate:
            continue
        print(f"\n{one.network}, trained on {one.train}, fold {one.fold}")
        tested = fit_and_test(shapes, one, options.folder / one.name)
        if tested is None:
            tell_of_resuming()
            return INTERRUPTED
        tell_unlabelled(tested)
        files += write_run(shapes, tested, options.folder / one.name)
        row = row_of(tested)
        if known:
            # The time of the training, not that of another test.
            row["minutes"] = known[0]["minutes"]
        # Last, so that an interrupt leaves no result without its files.
        results.add({**one._asdict(), **row})
    if options.evaluate:
        results.change_settings(options, TESTED_WITH)
    print(f"\n{table(options, results)}")
    path = options.folder / "metrics.json"
    write_json(path, {**run_facts(options), "results": results.rows})
    print_files(path, *files)
    return 0
