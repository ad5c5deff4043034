"""Losses of two classes and of divergences for autograd, from their sources and nothing of refloss.

Sources: the negative log-likelihood of a Bernoulli variable with the target smoothed before it
(keras), or its classes flipped; Cortes and Vapnik 1995; Kullback and Leibler 1951 with entropy and
cross-entropy apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["BINARY_FORWARDS", "hed"]

Constants = Mapping[str, float]


def _smoothed(target: Tensor, c: Constants) -> Tensor:
    on = 1 - c["label_smoothing"] * c["lost"]
    off = c["label_smoothing"] * c["raised"]
    return off + (on - off) * target


def _bce(
    logits: Tensor, target: Tensor, pos_weight: Tensor, weight: Tensor, c: Constants
) -> Tensor:
    from torch.nn.functional import logsigmoid

    goal = _smoothed(target, c)
    return -weight * (pos_weight * goal * logsigmoid(logits) + (1 - goal) * logsigmoid(-logits))


def _bce_probs(
    probs: Tensor, target: Tensor, pos_weight: Tensor, weight: Tensor, c: Constants
) -> Tensor:
    goal = _smoothed(target, c)
    p = probs.clamp(c["clip"], 1 - c["clip"]) if c["clip"] else probs
    hit = (p + c["added"]).log().clamp(min=-c["most"])
    missed = (1 - p + c["added"]).log().clamp(min=-c["most"])
    return -weight * (pos_weight * goal * hit + (1 - goal) * missed)


def _lacking(scores: Tensor, target: Tensor, c: Constants) -> Tensor:
    import torch

    side = 2 * target - 1 if c["doubled"] else target
    gap = c["margin"] - side * scores
    return torch.where(gap > 0, gap, torch.zeros_like(gap))


def _hinge(scores: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    return weight * _lacking(scores, target, c)


def _hinge_embedding(scores: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    import torch

    nothing = torch.zeros_like(scores)
    pull = torch.where(target == -1, nothing, scores)
    gap = c["margin"] - scores
    push = torch.where((target == 1) | (gap <= 0), nothing, gap)
    return weight * (pull + push)


def _squared_hinge(scores: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    return weight * _lacking(scores, target, c).square()


def _kl_div(log_probs: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    import torch

    log = torch.where(target > 0, target, torch.ones_like(target)).log()
    return weight * (target * log - target * log_probs)


def _kl_div_log(log_probs: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    share = target.exp()
    return weight * (share * target - share * log_probs)


def _kl_div_probs(probs: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    import torch

    least = c["clip"] or -1.0
    p, t = probs.clamp(min=least), target.clamp(min=least)
    log = torch.where(t > 0, t, torch.ones_like(t)).log()
    return weight * (t * log - torch.xlogy(t, p))


def hed(logits: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    """Return the class-balanced loss of images (n, pixels), one a row."""
    from torch.nn.functional import logsigmoid

    counted = target if c["attached"] else target.detach()
    beta = (weight * (1 - counted)).sum(dim=1, keepdim=True) / weight.sum()
    edges = beta * target * logsigmoid(logits)
    others = c["negative_factor"] * (1 - beta) * (1 - target) * logsigmoid(-logits)
    return -(weight * (edges + others)).sum(dim=1)


BINARY_FORWARDS: dict[str, Callable[..., Any]] = {
    "bce": _bce,
    "bce_probs": _bce_probs,
    "hinge": _hinge,
    "hinge_embedding": _hinge_embedding,
    "squared_hinge": _squared_hinge,
    "kl_div": _kl_div,
    "kl_div_log": _kl_div_log,
    "kl_div_probs": _kl_div_probs,
}
"""Hand-written forwards, by program."""
