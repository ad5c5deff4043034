"""Losses of single numbers for autograd, written out from their sources and nothing of refloss.

Sources: Huber 1964; Girshick, Fast R-CNN, ICCV 2015, with its slope clip(d/beta, -1, 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crossval.oracles.angular_forwards import ANGULAR_FORWARDS
from crossval.oracles.binary_forwards import BINARY_FORWARDS
from crossval.oracles.focal_forwards import FOCAL_FORWARDS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ELEMENT_FORWARDS"]

Constants = Mapping[str, float]


def _l1(d: Tensor, c: Constants) -> Tensor:
    return d.square().sqrt()


def _l2(d: Tensor, c: Constants) -> Tensor:
    return c["factor"] * d**2


def _smooth_l1(d: Tensor, c: Constants) -> Tensor:
    beta = c["sigma"] ** -2 if c["sigma"] else c["beta"]
    size = d.abs()
    if beta < c["least_beta"] or beta == 0:
        return size
    near = size.clamp(max=beta)
    return near.square() / (2 * beta) + (size - near)


def _huber(d: Tensor, c: Constants) -> Tensor:
    size = d.abs()
    near = size.clamp(max=c["delta"])
    return near.square() / 2 + c["delta"] * (size - near)


def _log_cosh(d: Tensor, c: Constants) -> Tensor:
    import torch

    return torch.logaddexp(d, -d) - torch.log(torch.tensor(2.0, dtype=d.dtype))


def _of_difference(loss: Callable[[Tensor, Constants], Tensor]) -> Callable[..., Tensor]:
    """Return a forward of a loss of the difference, with a weight inside of it and one outside."""

    def forward(
        pred: Tensor, target: Tensor, inside: Tensor, weight: Tensor, c: Constants
    ) -> Tensor:
        return weight * loss(inside * pred - inside * target, c)

    return forward


ELEMENT_FORWARDS: dict[str, Callable[..., Any]] = {
    "l1": _of_difference(_l1),
    "l2": _of_difference(_l2),
    "smooth_l1": _of_difference(_smooth_l1),
    "huber": _of_difference(_huber),
    "log_cosh": _of_difference(_log_cosh),
    **BINARY_FORWARDS,
    **FOCAL_FORWARDS,
    **ANGULAR_FORWARDS,
}
"""Hand-written forwards of losses of single numbers, by program."""
