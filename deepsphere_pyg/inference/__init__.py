"""Inference of parameters from maps: posteriors, summaries and Fisher information."""

from deepsphere_pyg.inference.fisher_forecast import FisherForecast, fisher_forecast
from deepsphere_pyg.inference.fisher_information import FisherInformationLoss
from deepsphere_pyg.inference.gaussian_likelihood import GaussianLikelihoodLoss
from deepsphere_pyg.inference.gaussian_mixture import GaussianMixture
from deepsphere_pyg.inference.mutual_information import MutualInformationLoss
from deepsphere_pyg.inference.posterior_loss import PosteriorLoss
from deepsphere_pyg.inference.vicreg import VICRegLoss

__all__ = [
    "FisherForecast",
    "FisherInformationLoss",
    "GaussianLikelihoodLoss",
    "GaussianMixture",
    "MutualInformationLoss",
    "PosteriorLoss",
    "VICRegLoss",
    "fisher_forecast",
]
