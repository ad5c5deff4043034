"""The public losses, and the resolution of their conventions."""

from refloss.losses.boxes import BoxLoss, box_loss_from, ciou, diou, giou, iou
from refloss.losses.layouts import LAYOUTS
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.rows import RowLoss, cross_entropy, row_loss_from
from refloss.losses.spec import Spec, resolve

__all__ = [
    "LAYOUTS",
    "REDUCTIONS",
    "BoxLoss",
    "RowLoss",
    "Spec",
    "box_loss_from",
    "ciou",
    "cross_entropy",
    "diou",
    "giou",
    "iou",
    "resolve",
    "row_loss_from",
]
