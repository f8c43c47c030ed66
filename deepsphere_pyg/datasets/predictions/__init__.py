"""Predictions of networks with the times, members and grids of the inputs."""

from deepsphere_pyg.datasets.predictions.to_xarray import predictions_to_xarray
from deepsphere_pyg.datasets.predictions.writing import write_predictions

__all__ = ["predictions_to_xarray", "write_predictions"]
