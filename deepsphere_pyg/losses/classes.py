"""Losses of classes: vertices weighted by area, over all maps of a batch."""

from __future__ import annotations

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.losses.arguments import ratio
from deepsphere_pyg.losses.class_arguments import WeightedClasses, classified
from deepsphere_pyg.losses.summed import SummedLoss
from samplings.arguments import nonnegative_argument


def _sums(
    losses: Tensor, share: Tensor, target: Tensor, of_classes: Tensor | None
) -> Tensor:
    """Return the sums of losses, and of what they weigh; their ratio is the mean.

    The losses contain the weights of the classes.
    """
    total = share if of_classes is None else share * of_classes[target]
    return torch.stack([(share * losses).sum(), total.sum()])


class CrossEntropyLoss(WeightedClasses):
    r"""Cross-entropy, averaged by area and class weight.

    .. math:: \mathcal L = -\frac{\sum_{ni} m_{ni} a_i
        \sum_k q_{nik} c_k \log p_{nik}}{\sum_{ni} m_{ni} a_i c_{y_{ni}}}, \qquad
        q_{nik} = (1 - \epsilon) [k = y_{ni}] + \frac{\epsilon}{K}

    over the maps n of the batch and the vertices i with areas a; p is the softmax of
    the logits over the K classes, y the target, and the mask m is 1 where it counts. If
    no vertex of the batch does, the loss is zero, with zero gradients. If all areas are
    equal, this is :class:`torch.nn.CrossEntropyLoss`.

    Parameters
    ----------
    class_weights
        Weight c of each class, one by default.
    label_smoothing
        Share :math:`\epsilon` of the truth that is spread over all classes.

    Shapes
    ------
    ``prediction (*batch, V, n_classes)``, ``target (*batch, V)``, ``weights (V,)``,
    ``mask (*batch, V)`` ``-> ()``. Without weights the vertices are one more axis of
    the batch: global tasks omit the weights and the axis V.

    Raises
    ------
    TypeError
        If options are not numbers; in ``forward``, if prediction or weights are not
        tensors of floating-point numbers, the target not one of int64, or the mask not
        one of booleans.
    ValueError
        If a class weight is negative or not finite, all are zero, or the smoothing is
        not from 0 to 1; in ``forward``, if shapes or the number of classes do not fit;
        on the CPU also if a weight is negative or not finite, all are zero, or a class
        that counts is out of range.

    Notes
    -----
    Equivariance: the loss is the same for all permutations of the vertices, and so
    invariant under the symmetries of the sampling; under other rotations to the
    accuracy of the areas as a quadrature.

    Computations are in float32 at least, also under autocast. Class weights are fixed
    tensors, which ``state_dict`` omits.

    Source of label smoothing: Szegedy et al. 2016, arXiv:1512.00567, section 7.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> areas, known = torch.tensor([1.0, 5.0]), torch.tensor([True, False])
    >>> CrossEntropyLoss()(logits, torch.tensor([0, -1]), areas, known)
    tensor(0.1269)
    """

    def __init__(
        self,
        class_weights: npt.ArrayLike | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(class_weights)
        remedy = "pass 0.1, or 0 for no smoothing"
        smoothing = nonnegative_argument("label_smoothing", label_smoothing, remedy)
        if smoothing > 1:
            raise ValueError(
                f"label_smoothing must be at most 1, got {smoothing:g}; {remedy}"
            )
        self._label_smoothing = smoothing

    @property
    def label_smoothing(self) -> float:
        """Share of the truth that is spread over all classes."""
        return self._label_smoothing

    def forward(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the mean loss, a scalar of at least float32.

        Parameters
        ----------
        prediction
            Logits, shape ``(*batch, V, n_classes)``.
        target
            Classes, int64, shape ``(*batch, V)``.
        weights
            Areas of the vertices, shape ``(V,)``, on any scale; all equal by default.
        mask
            True where the target counts, shape ``(*batch, V)``; everywhere by default.
            Elsewhere targets may be any integers.
        """
        return super().forward(prediction, target, weights, mask)

    def sums(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the sums of losses and of their weights, shape ``(2,)``."""
        logits, target, share = classified(prediction, target, weights, mask)
        of_classes = self.weights_of(logits)
        losses = _cross_entropies(logits, target, of_classes, self.label_smoothing)
        return _sums(losses, share, target, of_classes)

    def extra_repr(self) -> str:
        """Options, for ``repr``."""
        return f"{super().extra_repr()}, label_smoothing={self.label_smoothing:g}"


def _cross_entropies(
    logits: Tensor,
    target: Tensor,
    of_classes: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the cross-entropy of each vertex, times the weight of its class."""
    losses = F.cross_entropy(
        logits.reshape(-1, logits.shape[-1]),
        target.reshape(-1),
        of_classes,
        reduction="none",
        label_smoothing=label_smoothing,
    )
    return losses.reshape(target.shape)


class FocalLoss(WeightedClasses):
    r"""Cross-entropy with less weight on vertices that are classified well.

    .. math:: \mathcal L = -\frac{\sum_{ni} m_{ni} a_i c_{y_{ni}}
        (1 - p_{ni})^\gamma \log p_{ni}}{\sum_{ni} m_{ni} a_i c_{y_{ni}}}

    where p is the probability of the true class. Symbols, shapes and errors of
    ``forward`` are those of :class:`CrossEntropyLoss`, which is the case
    :math:`\gamma = 0`.

    Parameters
    ----------
    gamma
        Exponent; the higher, the less well-classified vertices weigh.
    class_weights
        Weight c of each class, one by default.

    Raises
    ------
    TypeError
        If options are not numbers.
    ValueError
        If ``gamma`` is negative or not finite, a class weight is, or all class weights
        are zero.

    Notes
    -----
    Equivariance: as :class:`CrossEntropyLoss`.

    Source: Lin et al. 2017, arXiv:1708.02002, equation 5. There the sum is divided by
    the number of boxes that hold an object, here by the weight of all vertices.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> FocalLoss(gamma=2.0)(logits, torch.tensor([0, 1]))
    tensor(0.0875)
    """

    def __init__(
        self, gamma: float = 2.0, class_weights: npt.ArrayLike | None = None
    ) -> None:
        super().__init__(class_weights)
        self._gamma = nonnegative_argument("gamma", gamma, "pass 2.0")

    @property
    def gamma(self) -> float:
        """Exponent."""
        return self._gamma

    def sums(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the sums of losses and of their weights, shape ``(2,)``."""
        logits, target, share = classified(prediction, target, weights, mask)
        of_classes = self.weights_of(logits)
        losses = _cross_entropies(logits, target)
        # Not zero: a power below one has no derivative there.
        missed = (-torch.expm1(-losses)).clamp_min(torch.finfo(losses.dtype).tiny)
        losses = missed**self.gamma * losses
        if of_classes is not None:
            losses = losses * of_classes[target]
        return _sums(losses, share, target, of_classes)

    def extra_repr(self) -> str:
        """Options, for ``repr``."""
        return f"gamma={self.gamma:g}, {super().extra_repr()}"


class DiceLoss(SummedLoss):
    r"""One minus the overlap of predicted and true areas, averaged over classes.

    .. math:: \mathcal L = 1 - \frac 1 K \sum_k
        \frac{2 \sum_{ni} m_{ni} a_i p_{nik} [y_{ni} = k]}
             {\sum_{ni} m_{ni} a_i (p_{nik} + [y_{ni} = k])}

    over the maps n of the batch, all of them pooled, and the K classes that occur in
    the valid truth of the batch. Symbols, shapes and errors of ``forward`` are those of
    :class:`CrossEntropyLoss`.

    Notes
    -----
    Rare classes weigh as much as common ones. A batch without a valid vertex has loss
    zero, with zero gradients.

    Equivariance: as :class:`CrossEntropyLoss`.

    Source: Milletari et al. 2016, arXiv:1606.04797, section 3, with the sum of p
    instead of that of its square, as in Sudre et al. 2017, arXiv:1707.03237.

    Examples
    --------
    >>> logits = torch.tensor([[100.0, 0.0], [0.0, 0.0]])
    >>> DiceLoss()(logits, torch.tensor([0, 1]), torch.tensor([1.0, 1.0]))
    tensor(0.2667)
    """

    def sums(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return overlap, predicted and true area of each class, shape ``(3, K)``."""
        logits, target, share = classified(prediction, target, weights, mask)
        n_classes = logits.shape[-1]
        predicted = logits.softmax(-1).reshape(-1, n_classes)
        classes = torch.arange(n_classes, device=target.device)
        true = target.reshape(-1, 1) == classes
        area = share.reshape(-1, 1)
        overlap = (area * predicted * true).sum(0)
        return torch.stack([overlap, (area * predicted).sum(0), (area * true).sum(0)])

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the mean over the classes that occur."""
        overlap, predicted, true = sums
        occurs = true > 0
        dice = ratio(2 * overlap, predicted + true)
        return ratio(torch.where(occurs, 1 - dice, 0.0).sum(), occurs.sum())
