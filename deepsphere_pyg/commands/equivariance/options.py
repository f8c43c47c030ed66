"""Options of ``equivariance``, which measures graphs and layers."""

from __future__ import annotations

from deepsphere_pyg.commands.options.equivariance import EquivarianceOptions

OPTIONS = EquivarianceOptions
