"""Losses of given vectors for autograd, from the formulas of the papers.

Contrastive: Hadsell, Chopra, LeCun (CVPR 2006), equation 4, by its two cases; the other forms as
the libraries write them. Triplets: Schroff, Kalenichenko, Philbin (CVPR 2015), equation 3; Hermans,
Beyer, Leibe (2017), section 2; swapped as Balntas, Riba, Ponsa, Mikolajczyk (BMVC 2016), section 2.
Center loss: Wen et al. (ECCV 2016), equation 2, over the distances to all centres and a mask, as
repositories write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["VECTOR_FORWARDS"]

Constants = Mapping[str, float]


def _contrastive(x1: Tensor, x2: Tensor, same: Tensor, c: Constants) -> Tensor:
    return _charged(*_distance(x1 - x2 + c["eps_difference"]), same, c)


def _contrastive_normalised(x1: Tensor, x2: Tensor, same: Tensor, c: Constants) -> Tensor:
    return _charged(*_distance(_unit(x1, c) - _unit(x2, c)), same, c)


def _contrastive_cosine(x1: Tensor, x2: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    distance = 1 - torch.einsum("nd,nd->n", _unit(x1, c), _unit(x2, c))
    return _charged(distance, distance.square(), same, c)


def _unit(x: Tensor, c: Constants) -> Tensor:
    """Divide by the length, or the least one; a vector of zeros by 1 if there is no least."""
    import torch

    size, _ = _distance(x)
    length = size.clamp(min=c["least_norm"])
    return x / torch.where(length == 0, 1.0, length)[:, None]


def _distance(difference: Tensor) -> tuple[Tensor, Tensor]:
    """Return the length and its square."""
    import torch

    squared = torch.einsum("nd,nd->n", difference, difference)
    return _root(squared), squared


def _root(squared: Tensor) -> Tensor:
    """Return the root; of 1 in rows of coincident vectors, where its slope is not asked for."""
    import torch

    nowhere = squared == 0
    return torch.where(nowhere, 0.0, torch.where(nowhere, 1.0, squared).sqrt())


def _charged(distance: Tensor, squared: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    alike = same.bool() ^ bool(c["different"])
    if c["linear"]:
        pull = (distance - c["positive_margin"]).clamp(min=0)
        push = (c["margin"] - distance).clamp(min=0)
    else:
        pull = squared
        hinged = c["margin"] - (squared if c["legacy"] else distance)
        push = hinged.clamp(min=0) if c["legacy"] else hinged.clamp(min=0).square()
    return c["factor"] * torch.where(alike, pull, push)


def _triplet(anchor: Tensor, positive: Tensor, negative: Tensor, c: Constants) -> Tensor:
    def apart(x: Tensor, y: Tensor) -> Tensor:
        squared = (x - y + c["eps_difference"]).square().sum(dim=1) + c["eps_sum"]
        return squared if c["squared"] else _root(squared)

    return _of_three(apart, (anchor, positive, negative), c)


def _triplet_manhattan(anchor: Tensor, positive: Tensor, negative: Tensor, c: Constants) -> Tensor:
    def apart(x: Tensor, y: Tensor) -> Tensor:
        return (x - y + c["eps_difference"]).abs().sum(dim=1)

    return _of_three(apart, (anchor, positive, negative), c)


def _of_three(apart: Callable[..., Tensor], vectors: tuple[Tensor, ...], c: Constants) -> Tensor:
    import torch

    anchor, positive, negative = vectors
    near, far = apart(anchor, positive), apart(anchor, negative)
    if c["swap"]:
        far = torch.minimum(far, apart(positive, negative))
    missed = near - far + c["margin"]
    return torch.logaddexp(missed, torch.zeros(())) if c["soft"] else missed.relu()


def _center(x: Tensor, centers: Tensor, target: Tensor, c: Constants) -> Tensor:
    import torch

    distances = (x.unsqueeze(1) - centers).square().sum(dim=2)
    mask = torch.nn.functional.one_hot(target, centers.shape[1]).to(x.dtype)
    ends = {"min": c["least"], "max": c["most"]}
    if c["masked"]:
        costs = (distances * mask).clamp(**ends).sum(dim=1)
    else:
        costs = (distances * mask).sum(dim=1)
        costs = costs.clamp(**ends) if c["clip"] else costs
    return c["factor"] * costs


VECTOR_FORWARDS: dict[str, Callable[..., Any]] = {
    "center": _center,
    "contrastive": _contrastive,
    "contrastive_cosine": _contrastive_cosine,
    "contrastive_normalised": _contrastive_normalised,
    "triplet": _triplet,
    "triplet_manhattan": _triplet_manhattan,
}
"""Hand-written forwards, by program."""
