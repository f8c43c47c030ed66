"""Inference of parameters from maps: posteriors, summaries and Fisher information."""

from deepsphere_pyg.inference.gaussian_likelihood import GaussianLikelihoodLoss
from deepsphere_pyg.inference.gaussian_mixture import GaussianMixture
from deepsphere_pyg.inference.mutual_information import MutualInformationLoss
from deepsphere_pyg.inference.posterior_loss import PosteriorLoss

__all__ = [
    "GaussianLikelihoodLoss",
    "GaussianMixture",
    "MutualInformationLoss",
    "PosteriorLoss",
]
