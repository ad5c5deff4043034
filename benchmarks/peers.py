"""The box losses as other people compute them: the functions that refloss is timed against.

Three forms of each loss, all under torchvision's convention (``eps`` added to the denominators):

``library``
    torchvision's own function, where it has one.
``eager``
    The fastest form of eager PyTorch that we know: columns made contiguous once, ``clamp``
    instead of mask indexing.
``compiled``
    ``torch.compile`` of that form, one compilation per shape and dtype.
``strided``
    ``torch.compile`` of the same formula on the strided columns of the ``(N, 4)`` arrays, as it
    is usually written.

Every form takes ``pred`` and ``target`` of shape ``(N, 4)`` and returns the loss of each pair,
shape ``(N,)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from crossval.adapters.libraries import torchvision

EPS = 1e-7

# Every size and dtype of a form is compiled on its own; beyond the limit PyTorch would run eagerly.
torch._dynamo.config.recompile_limit = 64

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Overlap:
    """The quantities of one batch of pairs that the four losses share, each of shape ``(N,)``."""

    pred: tuple[Tensor, ...]
    target: tuple[Tensor, ...]
    union: Tensor
    iou: Tensor


def columns(boxes: Tensor, contiguous: bool) -> tuple[Tensor, ...]:
    """Return the four columns of ``(N, 4)`` boxes, copied to contiguous memory on request."""
    transposed = boxes.t()
    return (transposed.contiguous() if contiguous else transposed).unbind(0)


def overlap(pred: Tensor, target: Tensor, contiguous: bool) -> Overlap:
    """Return intersection over union and what it was computed from."""
    x1, y1, x2, y2 = p = columns(pred, contiguous)
    u1, v1, u2, v2 = t = columns(target, contiguous)
    width = (torch.minimum(x2, u2) - torch.maximum(x1, u1)).clamp(min=0)
    height = (torch.minimum(y2, v2) - torch.maximum(y1, v1)).clamp(min=0)
    inter = width * height
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - inter
    return Overlap(p, t, union, inter / (union + EPS))


def hull(o: Overlap) -> tuple[Tensor, Tensor]:
    """Return width and height of the smallest box around each pair."""
    (x1, y1, x2, y2), (u1, v1, u2, v2) = o.pred, o.target
    width = torch.maximum(x2, u2) - torch.minimum(x1, u1)
    height = torch.maximum(y2, v2) - torch.minimum(y1, v1)
    return width, height


def distance(o: Overlap) -> Tensor:
    """Return the squared distance of the centres over the squared diagonal of the hull."""
    (x1, y1, x2, y2), (u1, v1, u2, v2) = o.pred, o.target
    width, height = hull(o)
    dx, dy = ((x1 + x2) - (u1 + u2)) / 2, ((y1 + y2) - (v1 + v2)) / 2
    return (dx * dx + dy * dy) / (width * width + height * height + EPS)


def iou(pred: Tensor, target: Tensor, contiguous: bool) -> Tensor:
    """Return 1 - IoU."""
    return 1 - overlap(pred, target, contiguous).iou


def giou(pred: Tensor, target: Tensor, contiguous: bool) -> Tensor:
    """Return the generalized IoU loss."""
    o = overlap(pred, target, contiguous)
    width, height = hull(o)
    area = width * height
    return 1 - o.iou + (area - o.union) / (area + EPS)


def diou(pred: Tensor, target: Tensor, contiguous: bool) -> Tensor:
    """Return the distance IoU loss."""
    o = overlap(pred, target, contiguous)
    return 1 - o.iou + distance(o)


def ciou(pred: Tensor, target: Tensor, contiguous: bool) -> Tensor:
    """Return the complete IoU loss, the trade-off parameter detached."""
    o = overlap(pred, target, contiguous)
    (x1, y1, x2, y2), (u1, v1, u2, v2) = o.pred, o.target
    angle = torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1))
    v = 4 / math.pi**2 * (angle * angle)
    alpha = (v / (1 - o.iou + v + EPS)).detach()
    return 1 - o.iou + distance(o) + alpha * v


FORMULAS = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}

IN_TORCHVISION = {
    "giou": "generalized_box_iou_loss",
    "diou": "distance_box_iou_loss",
    "ciou": "complete_box_iou_loss",
}


def library(loss: str) -> Loss | None:
    """Return torchvision's function for `loss`, or None where torchvision has none."""
    if loss not in IN_TORCHVISION:
        return None
    # The adapter knows how to import torchvision beside a torch that its compiled part rejects.
    torchvision.prepare()
    from torchvision import ops

    return partial(getattr(ops, IN_TORCHVISION[loss]), eps=EPS)


def eager(loss: str) -> Loss:
    """Return the fastest eager form."""
    return partial(FORMULAS[loss], contiguous=True)


@cache
def compiled(loss: str) -> Loss:
    """Return the compiled fastest form."""
    return torch.compile(partial(FORMULAS[loss], contiguous=True), dynamic=False, fullgraph=True)


@cache
def strided(loss: str) -> Loss:
    """Return the compiled form on strided columns."""
    return torch.compile(partial(FORMULAS[loss], contiguous=False), dynamic=False, fullgraph=True)


FORMS: dict[str, Callable[[str], Loss | None]] = {
    "library": library,
    "eager": eager,
    "compiled": compiled,
    "strided": strided,
}


def value_and_grad(function: Loss, pred: Tensor, target: Tensor) -> Callable[[], tuple]:
    """Return a call without arguments that computes the losses and both gradients.

    Parameters
    ----------
    function : callable
        One of the forms above.
    pred, target : Tensor
        Boxes of shape ``(N, 4)``; they are made leaves of the graph here.
    """
    pred, target = pred.requires_grad_(), target.requires_grad_()
    ones = torch.ones(len(pred), dtype=pred.dtype, device=pred.device)

    def call() -> tuple:
        loss = function(pred, target)
        return (loss, *torch.autograd.grad(loss, (pred, target), ones))

    return call
