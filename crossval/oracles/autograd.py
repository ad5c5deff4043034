"""PyTorch autograd over forwards written by hand from the formulas of the papers.

Nothing here comes from the definitions of refloss or their texts: the formulas are written out
again, and the derivatives are torch's.  Where two comparisons tie, torch splits evenly; where a
quotient is 0/0, its gradient may be NaN, so this witness speaks at regular points.

Sources: IoU (UnitBox, Yu et al. 2016); GIoU (Rezatofighi et al. 2019); DIoU and CIoU (Zheng et
al. 2020, arXiv 1911.08287 and 2005.03572); rows in `crossval.oracles.row_forwards`, heads in
`crossval.oracles.head_forwards`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.center_columns import CenterPacking
from crossval.oracles.cosine_row_forwards import COSINE_ROW_FORWARDS
from crossval.oracles.element_forwards import ELEMENT_FORWARDS
from crossval.oracles.head_forwards import HEAD_FORWARDS
from crossval.oracles.head_packing import HeadPacking
from crossval.oracles.packing import Columns, Packing, RowPacking
from crossval.oracles.row_forwards import ROW_FORWARDS
from crossval.oracles.similarity_forwards import SIMILARITY_FORWARDS
from crossval.oracles.texts import Definition
from crossval.oracles.vector_columns import VectorPacking
from crossval.oracles.vector_forwards import VECTOR_FORWARDS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FORWARDS", "witness"]

Constants = Mapping[str, float]


def witness(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    packing: Packing | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loss and gradient as PyTorch computes them in float64 from a formula of its own.

    Parameters
    ----------
    spec : Definition
        Program (of `FORWARDS`, `ROW_FORWARDS`, `ELEMENT_FORWARDS`, `HEAD_FORWARDS`,
        `VECTOR_FORWARDS` or `SIMILARITY_FORWARDS`) and constants, the scale of a head among them.
    columns : array_like of float64, shape (n, k)
        Boxes, px1 py1 px2 py2 tx1 ty1 tx2 ty2, or what `packing` says.
    upstream : array_like of float64, shape (n,), optional
        Factor of each row's derivatives; ones by default.
    packing : Packing, optional
        For rows: logits, classes or probabilities, and class weights. For single numbers: weights.
        For heads: an embedding, classes and a label. For vectors: labels. For centres: a label.

    Returns
    -------
    value : ndarray of float64, shape (n,)
    grad : ndarray of float64, shape (n, k)

    Raises
    ------
    ValueError
        If there is no forward for the program.
    """
    import torch

    rows = {**ROW_FORWARDS, **COSINE_ROW_FORWARDS}
    vectors = {**VECTOR_FORWARDS, **SIMILARITY_FORWARDS}
    forwards = {**FORWARDS, **rows, **ELEMENT_FORWARDS, **HEAD_FORWARDS, **vectors}
    if spec.program not in forwards:
        raise ValueError(f"program must be one of {sorted(forwards)}; got {spec.program!r}")
    inputs = torch.tensor(np.asarray(columns, np.float64), requires_grad=True)
    value = forwards[spec.program](*_arguments(inputs, packing), spec.constants)
    weights = torch.ones_like(value) if upstream is None else torch.tensor(np.asarray(upstream))
    (grad,) = torch.autograd.grad(value, inputs, weights)
    return value.detach().numpy(), grad.numpy()


def _arguments(columns: Tensor, packing: Packing | None) -> tuple[Tensor | None, ...]:
    """Two boxes a row; or logits, target and class weights; or numbers, then their weights.

    Of a head an embedding, classes of its own, label and biases.
    """
    import torch

    if isinstance(packing, HeadPacking):
        parts, classes = packing.parts, packing.classes(columns.shape[1])
        end = parts * (1 + classes * (packing.centers or 1))
        several = (packing.centers,) if packing.centers else ()
        weight = columns[:, parts:end].reshape(-1, classes, *several, parts)
        labels = torch.from_numpy(packing.labels.astype(np.int64))
        return columns[:, :parts], weight, labels, columns[:, end:] if packing.biased else None

    if isinstance(packing, CenterPacking):
        rows = columns.reshape(len(columns), -1, packing.parts)
        return rows[:, 0], rows[:, 1:], torch.from_numpy(packing.labels)

    if isinstance(packing, VectorPacking):
        label = () if packing.labels is None else (torch.from_numpy(packing.labels),)
        return (*columns.tensor_split(packing.vectors, dim=1), *label)

    if isinstance(packing, Columns):
        beside = (torch.full_like(columns[:, 0], weight) for weight in packing.beside)
        return (*columns.T, *(weight.detach() for weight in beside))
    if not isinstance(packing, RowPacking):
        return columns[:, :4], columns[:, 4:]
    classes = len(packing.weights)
    labels = None if packing.labels is None else torch.from_numpy(packing.labels.astype(np.int64))
    target = columns[:, classes:] if labels is None else labels
    return columns[:, :classes], target, torch.from_numpy(packing.weights)


def _sides(box: Tensor) -> tuple[Tensor, Tensor]:
    return box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]


def _counted_sides(box: Tensor, c: Constants) -> tuple[Tensor, Tensor]:
    """Width, and the height that areas and angles count."""
    w, h = _sides(box)
    return w, h.clamp(min=c["least_height"])


def _areas(pred: Tensor, target: Tensor, c: Constants) -> tuple[Tensor, Tensor]:
    """Intersection and union."""
    import torch

    corner = torch.minimum(pred[:, 2:], target[:, 2:]) - torch.maximum(pred[:, :2], target[:, :2])
    intersection = corner.relu().prod(dim=1)
    (w, h), (wt, ht) = _counted_sides(pred, c), _counted_sides(target, c)
    extra = c["eps_height"]
    return intersection, w * (h + extra) + wt * (ht + extra) - intersection


def _overlap(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    intersection, union = _areas(pred, target, c)
    return intersection / (union.clamp(min=c.get("least_area", 0.0)) + c["eps_union"])


def _hull(pred: Tensor, target: Tensor) -> Tensor:
    """Sides of the smallest box around both, shape (n, 2)."""
    import torch

    return torch.maximum(pred[:, 2:], target[:, 2:]) - torch.minimum(pred[:, :2], target[:, :2])


def _iou_linear(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    return 1 - _overlap(pred, target, c).clamp(min=c["least_iou"])


def _iou_square(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    return 1 - _overlap(pred, target, c).clamp(min=c["least_iou"]) ** 2


def _iou_log(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    return -_overlap(pred, target, c).clamp(min=c["least_iou"]).log()


def _giou(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    hull = _hull(pred, target).prod(dim=1).clamp(min=c["least_area"])
    union = _areas(pred, target, c)[1].clamp(min=c["least_area"])
    share = (hull - union) / (hull.clamp(min=c["least_hull"]) + c["eps_hull"])
    return (1 - _overlap(pred, target, c) + share).clamp(max=c["ceiling"])


def _diou(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    centres = (pred[:, :2] + pred[:, 2:] - target[:, :2] - target[:, 2:]) / 2
    diagonal = _hull(pred, target).square().sum(dim=1) + c["eps_diagonal"]
    rho = centres.square().sum(dim=1) + c["eps_rho"]
    return 1 - _overlap(pred, target, c) + rho / diagonal


def _ciou(pred: Tensor, target: Tensor, c: Constants) -> Tensor:
    import torch

    iou = _overlap(pred, target, c)
    (w, h), (wt, ht) = _counted_sides(pred, c), _counted_sides(target, c)
    turn = _angle(wt, ht + c["eps_ratio"], c) - _angle(w, h + c["eps_ratio"], c)
    v = 4 / torch.pi**2 * turn**2
    alpha = v / (1 - iou + v + c["eps_alpha"])
    at_least = iou >= c["threshold"] if c["at_threshold"] else iou > c["threshold"]
    alpha = torch.where(at_least, alpha, torch.zeros_like(alpha))
    if not c["attach"]:
        alpha = alpha.detach()
    return (_diou(pred, target, c) + alpha * v).clamp(max=c["ceiling"])


def _angle(w: Tensor, h: Tensor, c: Constants) -> Tensor:
    """arctan(w/h); with the backward pass that a convention prescribes."""
    import torch

    value = torch.atan2(w, h)
    if c["sign"] == 1 and not c["unit"]:
        return value
    scale = torch.ones_like(w) if c["unit"] else w.square() + h.square()
    # A function whose derivative is the prescribed one, moved to the value of the angle.
    slope = c["sign"] / scale.detach()
    linear = slope * (h.detach() * w - w.detach() * h)
    return value.detach() + linear - linear.detach()


FORWARDS: dict[str, Callable[..., Any]] = {
    "iou_linear": _iou_linear,
    "iou_square": _iou_square,
    "iou_log": _iou_log,
    "giou": _giou,
    "diou": _diou,
    "ciou": _ciou,
}
"""Hand-written forwards of boxes by program."""
