"""Losses of rows of similarities for autograd, from the formulas of the papers.

Khosla et al. (arXiv 2004.11362), equations 2 and 3, and the NT-Xent of Chen et al. (arXiv
2002.05709), each by the log-sum-exp of the columns that a denominator has, with all others at minus
infinity. What is left out, and an anchor without positives, costs nothing. Multi-similarity is
equation 15 of Wang et al. (arXiv 1904.06627), circle equation 6 of Sun et al. (arXiv 2002.10857).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SIMILARITY_FORWARDS"]

Constants = Mapping[str, float]


def _logits(similarities: Tensor, same: Tensor, c: Constants) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits, 0 for what is left out, and which columns are positives and negatives."""
    import torch

    kept = torch.where(same >= 0, similarities, 0.0)
    return kept / c["temperature"], same == 1, same == 0


def _lse(logits: Tensor, among: Tensor) -> Tensor:
    """Return the log-sum-exp of some columns; of none the logarithm of 1, which nobody reads."""
    import torch

    nobody = ~among.any(dim=1, keepdim=True)
    return torch.where(among, logits, torch.where(nobody, 0.0, -torch.inf)).logsumexp(dim=1)


def _mean(each: Tensor, positive: Tensor) -> Tensor:
    """Return the mean of each row's positives, 0 where there are none."""
    import torch

    return torch.where(positive, each, 0.0).sum(dim=1) / positive.sum(dim=1).clamp(min=1)


def _factor(c: Constants) -> float:
    return c["temperature"] / c["base_temperature"] if c["base_temperature"] else 1.0


def _supcon(similarities: Tensor, same: Tensor, c: Constants) -> Tensor:
    z, positive, negative = _logits(similarities, same, c)
    return _factor(c) * _mean(_lse(z, positive | negative)[:, None] - z, positive)


def _supcon_inside(similarities: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    z, positive, negative = _logits(similarities, same, c)
    chances = z - _lse(z, positive | negative)[:, None]
    count = positive.sum(dim=1).to(z.dtype)
    mean = _lse(chances, positive) - count.clamp(min=1).log()
    return -_factor(c) * torch.where(count > 0, mean, 0.0)


def _ntxent(similarities: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    z, positive, negative = _logits(similarities, same, c)
    beside = torch.eye(z.shape[1], dtype=torch.bool)[None] | negative[:, None, :]
    each = torch.where(beside, z[:, None, :], -torch.inf).logsumexp(dim=2) - z
    if c["least"]:
        each = -((-each).exp() + c["least"]).log()
    return _together(each, positive, c)


def _ntxent_all(similarities: Tensor, same: Tensor, c: Constants) -> Tensor:
    z, positive, negative = _logits(similarities, same, c)
    return _together(_lse(z, positive | negative)[:, None] - z, positive, c)


def _together(each: Tensor, positive: Tensor, c: Constants) -> Tensor:
    mean = _mean(each, positive)
    return mean if c["averaged"] else mean * positive.sum(dim=1)


def _multi_similarity(similarities: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    above = similarities - c["base"]
    one = torch.zeros_like(above[:, :1])
    found = torch.zeros_like(above[:, 0])
    for kind, scale in ((1, -c["alpha"]), (0, c["beta"])):
        each = torch.where(same == kind, scale * above, -torch.inf)
        found = found + torch.cat([one, each], dim=1).logsumexp(dim=1) / abs(scale)
    return found


def _circle(similarities: Tensor, same: Tensor, c: Constants) -> Tensor:
    import torch

    s, m = torch.where(same >= 0, similarities, 0.0), c["margin"]
    weights = (1 + m - s).relu(), (s + m).relu()
    if not c["attached"]:
        weights = tuple(weight.detach() for weight in weights)
    pull, push = -weights[0] * (s - (1 - m)), weights[1] * (s - m)
    both = (same == 1).any(dim=1) & (same == 0).any(dim=1)
    x = _lse(c["gamma"] * pull, same == 1) + _lse(c["gamma"] * push, same == 0)
    return torch.where(both, torch.logaddexp(x, torch.zeros_like(x)), 0.0)


SIMILARITY_FORWARDS: dict[str, Callable[..., Any]] = {
    "supcon": _supcon,
    "supcon_inside": _supcon_inside,
    "ntxent": _ntxent,
    "ntxent_all": _ntxent_all,
    "multi_similarity": _multi_similarity,
    "circle": _circle,
}
"""Hand-written forwards, by program."""
