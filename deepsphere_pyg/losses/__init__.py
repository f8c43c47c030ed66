"""Losses of signals on the sphere: vertices weighted by area, masks for the rest."""

from deepsphere_pyg.losses.classes import CrossEntropyLoss, DiceLoss, FocalLoss
from deepsphere_pyg.losses.continuous import HuberLoss, L1Loss, L2Loss, QuantileLoss
from deepsphere_pyg.losses.ensembles import CRPSLoss
from deepsphere_pyg.losses.triplet import TripletLoss

__all__ = [
    "CRPSLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "FocalLoss",
    "HuberLoss",
    "L1Loss",
    "L2Loss",
    "QuantileLoss",
    "TripletLoss",
]
