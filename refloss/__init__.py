"""Numerical reference and gradient verification for deep-learning losses.

The losses are functions with their derivatives attached::

    value = refloss.ciou(pred, target, preset="torchvision")
    value, gradients = refloss.ciou.value_and_grad(pred, target)

Importing this package loads NumPy and nothing heavier.
"""

from refloss import selection
from refloss.losses import (
    arcface_logit,
    bce,
    bce_probs,
    box_loss_from,
    ciou,
    cosface,
    cross_entropy,
    diou,
    element_loss_from,
    focal_probs,
    focal_star,
    giou,
    head_loss_from,
    hed,
    hinge,
    huber,
    iou,
    kl_div,
    kl_div_probs,
    l1,
    l2,
    l2_softmax,
    log_cosh,
    modified_softmax,
    multi_margin,
    normface,
    poly1,
    quality_focal,
    resolve,
    row_loss_from,
    sigmoid_focal,
    smooth_l1,
    softmax_focal,
    softmax_js,
    softmax_kl,
    squared_hinge,
)

__all__ = [
    "arcface_logit",
    "bce",
    "bce_probs",
    "box_loss_from",
    "ciou",
    "cosface",
    "cross_entropy",
    "diou",
    "element_loss_from",
    "focal_probs",
    "focal_star",
    "giou",
    "head_loss_from",
    "hed",
    "hinge",
    "huber",
    "iou",
    "kl_div",
    "kl_div_probs",
    "l1",
    "l2",
    "l2_softmax",
    "log_cosh",
    "modified_softmax",
    "multi_margin",
    "normface",
    "poly1",
    "quality_focal",
    "resolve",
    "row_loss_from",
    "selection",
    "sigmoid_focal",
    "smooth_l1",
    "softmax_focal",
    "softmax_js",
    "softmax_kl",
    "squared_hinge",
]

__version__ = "0.1.0"
