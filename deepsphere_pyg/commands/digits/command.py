"""``deepsphere-pyg digits``: digits on the sphere, as they are and turned."""

from __future__ import annotations

import time

from deepsphere_pyg.commands.digits.data import ROTATIONS, Digits, root_of
from deepsphere_pyg.commands.digits.networks import DIGIT_NETWORKS, ON_COEFFICIENTS
from deepsphere_pyg.commands.digits.options import DigitsOptions
from deepsphere_pyg.commands.options.training import prepare
from deepsphere_pyg.datasets.digits.spherical_mnist_files import read_mnist


def run(options: DigitsOptions) -> int:
    """Run the command and return its exit status."""
    _check_options(options)
    started = time.perf_counter()
    sampling_of, _ = DIGIT_NETWORKS[options.network]
    digits = Digits(options, sampling_of())
    dataset = digits.read(
        "train", ROTATIONS[options.train], options.n_train + options.n_validation
    )
    print(
        f"data       {options.n_train} digits for training, {options.train}; "
        f"{options.n_validation} for validation; {options.n_test} for testing, NR and R"
    )
    print(f"sampling   {digits.sampling!r}")
    # Late, as Lightning and Matplotlib take seconds to load.
    from deepsphere_pyg.commands.digits.training import fit_and_test

    return fit_and_test(digits, dataset, started)


def _check_options(options: DigitsOptions) -> None:
    """Refuse options that no run can have, before any digit is projected."""
    if not 0 <= options.stretch < 1:
        raise ValueError(f"--stretch must be from 0 to below 1, got {options.stretch}")
    if options.stretch and options.network not in ON_COEFFICIENTS:
        raise ValueError(
            f"--stretch is for networks on coefficients, {options.network!r} reads "
            "signals; leave it out"
        )
    prepare(options, "n_train", "n_validation", "n_test")
    root = root_of(options)
    asked = {
        "train": (
            "--n-train and --n-validation",
            options.n_train + options.n_validation,
        ),
        "test": ("--n-test", options.n_test),
    }
    for split, (names, n) in asked.items():
        there = len(read_mnist(root, split).labels)
        if n > there:
            raise ValueError(
                f"{names} ask for {n} digits, the split {split!r} has {there}; "
                "ask for fewer"
            )
