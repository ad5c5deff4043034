"""Numerical reference and gradient verification for deep-learning losses.

The losses are functions with their derivatives attached::

    value = refloss.ciou(pred, target, preset="torchvision")
    value, gradients = refloss.ciou.value_and_grad(pred, target)

Importing this package loads NumPy and nothing heavier.
"""

from refloss.losses import (
    box_loss_from,
    ciou,
    cross_entropy,
    diou,
    element_loss_from,
    giou,
    huber,
    iou,
    l1,
    l2,
    log_cosh,
    resolve,
    row_loss_from,
    softmax_focal,
    smooth_l1,
)

__all__ = [
    "box_loss_from",
    "ciou",
    "cross_entropy",
    "diou",
    "element_loss_from",
    "giou",
    "huber",
    "iou",
    "l1",
    "l2",
    "log_cosh",
    "resolve",
    "row_loss_from",
    "softmax_focal",
    "smooth_l1",
]

__version__ = "0.1.0"
