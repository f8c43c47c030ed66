"""``deepsphere-pyg cosmology``: classify patches of maps of the sky."""

from __future__ import annotations

from dataclasses import asdict

from deepsphere_pyg.commands.cosmology.data import Data
from deepsphere_pyg.commands.cosmology.options import CosmologyOptions, check_options
from deepsphere_pyg.commands.options.resuming import write_config
from deepsphere_pyg.commands.options.training import (
    INTERRUPTED,
    prepare,
    print_files,
    run_facts,
    tell_of_resuming,
    write_figures,
)
from deepsphere_pyg.commands.results import Results
from samplings.atomic_files import write_json, write_rows

#: What tells one result from another.
KEYS = ("method", "noise", "seed")
VALUES = (
    "error",
    "validation_error",
    "parameters",
    "ms_training",
    "ms_inference",
    "minutes",
)


def run(given: CosmologyOptions) -> int:
    """Run the command and return its exit status."""
    options = given.resolved
    check_options(options)
    methods = options.classifiers
    prepare(options)
    results = Results(
        options.folder, KEYS, VALUES, ("table", "methods", "noise", "seeds")
    )
    results.keep_settings(options)
    write_config(given, options.folder)
    data = Data(options)
    print(f"data       {options.data}, nside {options.nside}, order {options.order}")
    # Late, as Lightning and Matplotlib take seconds to load.
    from deepsphere_pyg.commands.cosmology.classifying import classify
    from deepsphere_pyg.commands.cosmology.report import (
        classifier_errors,
        equivariance_errors,
        least_errors,
        picture,
        table,
    )

    for level in options.noise or ():
        for seed in options.seeds:
            for method in methods:
                # Linear classifiers have no random start.
                key = {
                    "method": method.name,
                    "noise": float(level),
                    "seed": options.seeds[0] if method.linear else seed,
                }
                if results.find(**key):
                    continue
                print(f"\n{method.name}, noise {level:g}, seed {key['seed']}")
                found = classify(data, method, level, seed)
                if found is None:
                    tell_of_resuming()
                    return INTERRUPTED
                results.add({**key, **found})
                print(f"test error {found['error']:.2f} %", flush=True)
    limits = least_errors(options)
    equivariance = equivariance_errors(options, results)
    text = table(options, results, limits, equivariance)
    print(f"\n{text}")
    figure = picture(options, results, limits, equivariance)
    facts = {
        **run_facts(options),
        "least_errors": {f"{level:g}": error for level, error in limits.items()},
        "equivariance_errors": equivariance,
        "results": results.rows,
    }
    write_json(options.folder / "metrics.json", facts)
    written = [results.path, options.folder / "metrics.json"]
    if equivariance:
        # What the picture is drawn from.
        written.append(options.folder / "cosmology_graphs.csv")
        errors = classifier_errors(options, results, equivariance)
        write_rows(written[-1], [asdict(one) for one in errors])
    print_files(
        *written,
        *write_figures(options.folder, {"errors.png": figure}),
    )
    return 0
