"""Losses of given vectors for autograd, from the formulas of the papers.

Contrastive: Hadsell, Chopra, LeCun (CVPR 2006), equation 4, by its two cases; the other forms as
the libraries write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["VECTOR_FORWARDS"]

Constants = Mapping[str, float]


def _contrastive(x1: Tensor, x2: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    alike = same.bool() ^ bool(c["different"])
    difference = x1 - x2 + c["eps_difference"]
    squared = torch.einsum("nd,nd->n", difference, difference)
    # the root of 1 in the rows of coincident vectors: its slope is not asked for there
    nowhere = squared == 0
    distance = torch.where(nowhere, 0.0, torch.where(nowhere, 1.0, squared).sqrt())
    if c["linear"]:
        pull = (distance - c["positive_margin"]).clamp(min=0)
        push = (c["margin"] - distance).clamp(min=0)
    else:
        pull = squared
        hinged = c["margin"] - (squared if c["legacy"] else distance)
        push = hinged.clamp(min=0) if c["legacy"] else hinged.clamp(min=0).square()
    return c["factor"] * torch.where(alike, pull, push)


VECTOR_FORWARDS: dict[str, Callable[..., Any]] = {"contrastive": _contrastive}
"""Hand-written forwards, by program."""
