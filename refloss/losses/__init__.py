"""The public losses, and the resolution of their conventions."""

from refloss.losses.boxes import BoxLoss, box_loss_from, ciou, diou, giou, iou
from refloss.losses.elements import (
    ElementLoss,
    bce,
    bce_probs,
    element_loss_from,
    focal_probs,
    focal_star,
    hinge,
    huber,
    kl_div,
    kl_div_probs,
    l1,
    l2,
    log_cosh,
    quality_focal,
    sigmoid_focal,
    smooth_l1,
    squared_hinge,
)
from refloss.losses.layouts import LAYOUTS
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.rows import (
    RowLoss,
    cross_entropy,
    multi_margin,
    poly1,
    row_loss_from,
    softmax_focal,
)
from refloss.losses.spec import Spec, resolve

__all__ = [
    "LAYOUTS",
    "REDUCTIONS",
    "BoxLoss",
    "ElementLoss",
    "RowLoss",
    "Spec",
    "bce",
    "bce_probs",
    "box_loss_from",
    "ciou",
    "cross_entropy",
    "diou",
    "element_loss_from",
    "focal_probs",
    "focal_star",
    "giou",
    "hinge",
    "huber",
    "iou",
    "kl_div",
    "kl_div_probs",
    "l1",
    "l2",
    "log_cosh",
    "multi_margin",
    "poly1",
    "quality_focal",
    "resolve",
    "row_loss_from",
    "sigmoid_focal",
    "smooth_l1",
    "softmax_focal",
    "squared_hinge",
]
