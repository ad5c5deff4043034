"""Losses of single numbers for autograd, written out from their sources and nothing of refloss.

Sources: Huber 1964; Girshick, Fast R-CNN, ICCV 2015, with its slope clip(d/beta, -1, 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ELEMENT_FORWARDS"]

Constants = Mapping[str, float]


def _l1(pred: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    return weight * (pred - target).square().sqrt()


def _l2(pred: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    return weight * c["factor"] * (pred - target) ** 2


def _smooth_l1(pred: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    beta = c["sigma"] ** -2 if c["sigma"] else c["beta"]
    size = (pred - target).abs()
    if beta < c["least_beta"] or beta == 0:
        return weight * size
    near = size.clamp(max=beta)
    return weight * (near.square() / (2 * beta) + (size - near))


def _huber(pred: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    size = (pred - target).abs()
    near = size.clamp(max=c["delta"])
    return weight * (near.square() / 2 + c["delta"] * (size - near))


def _log_cosh(pred: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    import torch

    d = pred - target
    return weight * (torch.logaddexp(d, -d) - torch.log(torch.tensor(2.0, dtype=d.dtype)))


ELEMENT_FORWARDS: dict[str, Callable[..., Any]] = {
    "l1": _l1,
    "l2": _l2,
    "smooth_l1": _smooth_l1,
    "huber": _huber,
    "log_cosh": _log_cosh,
}
"""Hand-written forwards of losses of single numbers, by program."""
