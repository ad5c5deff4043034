"""Target logits with an angular margin for autograd, from papers and code, not from definitions.

Sources: Deng et al. 2019; ronghuaiyang/arcface-pytorch, leondgarse/Keras_insightface, AdaFace for
what stands beyond the border; Liu et al. 2016, 2017; Wang et al. 2018. Angles are angles here:
nothing is added by a theorem.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ANGULAR_FORWARDS", "combined", "multiplied", "rotated"]

Constants = Mapping[str, float]


def _angle(cosine: Tensor) -> Tensor:
    import torch

    return torch.atan2((1 - cosine.square()).clamp(min=0).sqrt(), cosine)


def _finished(logit: Tensor, cosine: Tensor, c: Constants) -> Tensor:
    """Scale a logit, whose derivative may be the cosine's."""
    if not c["attached"]:
        logit = cosine + (logit - cosine).detach()
    return c["scale"] * logit


def _arcface(cosine: Tensor, c: Constants) -> Tensor:
    cosine = cosine.clamp(-c["limit"], c["limit"])
    return rotated(cosine, _angle(cosine), c)


def rotated(cosine: Tensor, theta: Tensor, c: Constants) -> Tensor:
    """Return the ArcFace logit of an angle, whose cosine is given too, under a policy."""
    import torch

    margin = math.radians(c["margin"]) if c["degrees"] else c["margin"]
    least = c["clipped"] * c["clip"]
    turned = torch.cos(theta + margin)
    beyond = theta + c["share"] * margin >= math.pi - least if c["bound"] else cosine <= 0
    instead = c["slope"] * cosine + c["again"] * turned
    instead = instead - c["lost"] * margin * math.sin(margin) - c["level"] * math.cos(least)
    logit = torch.where(beyond, instead, turned)
    small = theta + margin < least
    return _finished(torch.where(small, math.cos(least), logit), cosine, c)


def _fallen(times: int) -> Callable[..., Tensor]:
    """Return the forward of a multiple of the angle, each turn of it one lower than the last."""

    def forward(cosine: Tensor, c: Constants) -> Tensor:
        import torch

        cosine = cosine.clamp(-c["limit"], c["limit"])
        theta = _angle(cosine)
        turn = torch.floor(times * theta.detach() / math.pi)
        turn = turn if c["falls"] else torch.zeros_like(turn)
        psi = (1 - 2 * (turn % 2)) * torch.cos(times * theta) - 2 * turn
        share = c["annealing"]
        return _finished((share * cosine + psi) / (1 + share), cosine, c)

    return forward


def _combined(cosine: Tensor, c: Constants) -> Tensor:
    cosine = cosine.clamp(-c["limit"], c["limit"])
    return combined(cosine, _angle(cosine), c)


def combined(cosine: Tensor, theta: Tensor, c: Constants) -> Tensor:
    """Return the logit of both margins of an angle, whose cosine is given too."""
    import torch

    less = c["cosine_margin"]
    if c["drops"] and less > 0:
        return _finished(cosine - less, cosine, c)
    theta = theta + (math.radians(c["margin"]) if c["degrees"] else c["margin"])
    logit = torch.cos(theta) - less
    beyond = c["again"] * logit - c["level"] * (1 + less)
    return _finished(torch.where(theta >= math.pi, beyond, logit), cosine, c)


def _multiplied(cosine: Tensor, c: Constants) -> Tensor:
    cosine = cosine.clamp(-c["limit"], c["limit"])
    return multiplied(cosine, _angle(cosine), c)


def multiplied(cosine: Tensor, theta: Tensor, c: Constants) -> Tensor:
    """Return the cosine of a multiple of an angle, guarded as Keras_insightface guards it."""
    import torch

    less = c["cosine_margin"]
    margin = math.radians(c["margin"]) if c["degrees"] else c["margin"]
    logit = torch.cos(c["multiple"] * theta + margin) - less
    guarded = cosine <= math.cos((math.pi - margin) / c["multiple"])
    beyond = c["again"] * logit - c["level"] * (1 + less)
    return _finished(torch.where(guarded, beyond, logit), cosine, c)


def _cosface(cosine: Tensor, c: Constants) -> Tensor:
    return c["scale"] * (cosine.clamp(-c["limit"], c["limit"]) - c["margin"])


ANGULAR_FORWARDS: dict[str, Callable[..., Any]] = {
    "arcface_logit": _arcface,
    "combined_margin_logit": _combined,
    "combined_multiple_logit": _multiplied,
    "cosface_logit": _cosface,
    **{f"sphereface_logit_{times}": _fallen(times) for times in range(1, 6)},
}
"""Hand-written forwards, by program."""
