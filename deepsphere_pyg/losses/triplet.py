"""Triplet loss of features, with semi-hard negatives of the batch."""

from __future__ import annotations

from typing import NamedTuple, SupportsFloat

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.losses.arguments import check_floating, ratio, working_dtype
from deepsphere_pyg.processes import value_of_sums
from deepsphere_pyg.propagation.products import in_given_precision
from samplings.arguments import flag_argument, positive_argument


class TripletLoss(nn.Module):
    r"""Triplet loss with semi-hard negatives.

    .. math::
        \mathcal L = \frac{1}{\lvert P \rvert} \sum_{(a, p) \in P}
            \max\left(0, m + d_{ap} - d_{a n(a, p)}\right), \qquad
        d_{ij} = \lVert x_i - x_j \rVert^2

    over the ordered pairs P of different samples a, p of one class. The negative
    n(a, p) is, among the samples of other classes, the nearest to a that is further
    away than p; if no one is further, the furthest of all. The loss brings features of
    a class together, and keeps others at least a margin further away.

    Parameters
    ----------
    margin
        Margin m, in the units of the squared distances.
    normalize
        Whether the features are divided by their Euclidean length first, so that
        squared distances lie between 0 and 4.

    Shapes
    ------
    ``features (batch, n_features)``, ``labels (batch,) -> ()``.

    Raises
    ------
    TypeError
        If ``margin`` is not a number or ``normalize`` not a boolean; in ``forward``, if
        the features are not a tensor of floating-point numbers, or the labels not one
        of int64.
    ValueError
        If the margin is not positive and finite; in ``forward``, if the shapes do not
        fit.

    Notes
    -----
    Equivariance: the loss is the same for all orders of the samples, and for features
    that are all turned by one orthogonal matrix. It is invariant under rotations of a
    map if its features are.

    Without a pair of one class, or with one class only, the loss is zero, with zero
    gradients. TensorFlow Addons, whose loss this is otherwise, takes a distance of
    zero from the missing negative if there is one class only.

    Computations are in float32 at least, also under autocast. Memory and time grow
    with the square of the batch. In data-parallel training each process forms triplets
    of its own samples; the mean is over the pairs of all processes.

    Source: Schroff, Kalenichenko and Philbin 2015, arXiv:1503.03832, section 3.

    Examples
    --------
    >>> features = torch.tensor([[0.0], [1.0], [1.5], [3.0]])
    >>> labels = torch.tensor([0, 0, 1, 2])
    >>> TripletLoss(2.0, normalize=False)(features, labels)  # 2 + 1 - 2.25, 2 + 1 - 4
    tensor(0.3750)
    """

    def __init__(self, margin: SupportsFloat = 1.0, *, normalize: bool = True) -> None:
        super().__init__()
        self.margin = positive_argument("margin", margin, "pass 1.0")
        self.normalize = flag_argument("normalize", normalize)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        return value_of_sums(self.of_sums, self.sums(features, labels))

    def sums(self, features: Tensor, labels: Tensor) -> Tensor:
        """Return the sum of the losses of pairs, and their number, shape ``(2,)``."""
        _check(features, labels)
        x = features.to(working_dtype(features))
        distances = _squared_distances(F.normalize(x) if self.normalize else x)
        pairs = _pairs(distances.detach(), labels)
        negative = distances.gather(1, pairs.negative)
        losses = torch.relu(self.margin + distances - negative)
        losses = torch.where(pairs.counts, losses, 0.0)
        # Features that diverged have no order, so that they may not be chosen.
        total = losses.sum() + 0 * x.detach().sum()
        return torch.stack([total, pairs.counts.sum().to(total.dtype)])

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the mean of the losses of pairs, from their sum and number."""
        return ratio(sums[0], sums[1])

    def extra_repr(self) -> str:
        """Arguments, for ``repr``."""
        return f"margin={self.margin:g}, normalize={self.normalize}"


class _Pairs(NamedTuple):
    """Pairs of samples, and their negatives.

    Attributes
    ----------
    counts
        Whether two samples are of one class, which is not the only one.
    negative
        The sample that is the negative of the pair.
    """

    counts: Tensor
    negative: Tensor


def _pairs(distances: Tensor, labels: Tensor) -> _Pairs:
    """Return the pairs of a batch, shapes ``(batch, batch)``.

    Negatives of an anchor are sorted by distance, so that the nearest one beyond each
    positive is found by bisection, without an array of triplets.
    """
    alike = labels[:, None] == labels
    # Anchors of their own class are no negatives: they come last, infinitely far away.
    far, order = torch.where(alike, torch.inf, distances).sort(dim=1, stable=True)
    n_negatives = (~alike).sum(1, keepdim=True)
    beyond = torch.searchsorted(far, distances.contiguous(), right=True)
    # The furthest sample, if all are nearer; any number, if there is no other class.
    place = torch.minimum(beyond, n_negatives - 1).clamp_min(0)
    self_pair = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    counts = alike & ~self_pair & (n_negatives > 0)
    return _Pairs(counts, order.gather(1, place))


# Products of features that autocast rounds would lose the small distances.
@in_given_precision
def _squared_distances(x: Tensor) -> Tensor:
    """Return the squared distances of all pairs of rows, none below zero."""
    # Differences from the mean lose fewer digits in the products.
    x = x - x.mean(0, keepdim=True)
    squares = x.square().sum(1)
    return (squares[:, None] + squares - 2 * (x @ x.mT)).clamp_min(0)


def _check(features: Tensor, labels: Tensor) -> None:
    """Check types and shapes of features and labels."""
    check_floating("features", features, "(batch, n_features)")
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64:
        got = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise TypeError(
            f"labels must be a tensor of classes, torch.int64, got {got}; convert it "
            "with .long()"
        )
    if features.ndim != 2:
        raise ValueError(
            "features must have shape (batch, n_features), got "
            f"{tuple(features.shape)}; average them over the vertices first"
        )
    if labels.shape != features.shape[:1]:
        raise ValueError(
            "labels must hold one class for the features of each sample, shape "
            f"{tuple(features.shape[:1])}, got {tuple(labels.shape)}; pass those of "
            "the same batch"
        )
