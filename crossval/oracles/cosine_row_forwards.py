"""Heads over given cosines for autograd: a logit's own forward, and the softmax of a row.

The target's logit is that of `crossval.oracles.angular_forwards`, by angles; minus the logarithm of
its softmax is that of `crossval.oracles.row_forwards`, by differences of all pairs of logits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crossval.oracles.angular_forwards import ANGULAR_FORWARDS
from crossval.oracles.row_forwards import surprises

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["COSINE_ROW_FORWARDS"]


def _over_cosines(logit: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return the forward of a head whose target logit is given."""

    def forward(
        cosine: Tensor, target: Tensor, weight: Tensor, constants: Mapping[str, float]
    ) -> Tensor:
        import torch

        scale, rows = constants["scale"], torch.arange(len(cosine))
        goal = logit(cosine[rows, target], {**constants, "scale": 1.0})
        others = cosine
        if constants["everywhere"]:
            others = cosine.clamp(-constants["limit"], constants["limit"])
        hot = torch.arange(cosine.shape[1]) == target[:, None]
        logits = scale * torch.where(hot, goal[:, None], others)
        return weight[target] * surprises(logits)[rows, target]

    return forward


COSINE_ROW_FORWARDS: dict[str, Callable[..., Any]] = {
    name.replace("_logit", "_cosine"): _over_cosines(logit)
    for name, logit in ANGULAR_FORWARDS.items()
}
"""Hand-written forwards, by program."""
