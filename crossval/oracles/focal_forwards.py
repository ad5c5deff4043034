"""Focal losses of two classes for autograd, written from papers and code, not from definitions.

Sources: Lin et al. 2017, eq. 5 and appendix A; Leng et al. 2022; Li et al. 2020, eq. 3; for targets
between 0 and 1 torchvision, segmentation-models-pytorch and kornia; for probabilities Keras.
Logarithms of probabilities are PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FOCAL_FORWARDS"]

Constants = Mapping[str, float]


def _smoothed(target: Tensor, c: Constants) -> Tensor:
    return target + c["smoothing"] * (0.5 - target)


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    from torch.nn.functional import logsigmoid

    return -target * logsigmoid(logits) - (1 - target) * logsigmoid(-logits)


def _alphas(c: Constants) -> tuple[float, float]:
    """Alpha of positives and of negatives."""
    sides = (c["alpha"] if c[side] else 1 - c["alpha"] for side in ("on_positives", "on_negatives"))
    positives, negatives = sides
    return positives, negatives


def _alpha(target: Tensor, c: Constants) -> Tensor:
    positives, negatives = _alphas(c)
    return negatives + (positives - negatives) * target


def _held(modulator: Tensor, c: Constants) -> Tensor:
    return modulator if c["attached"] else modulator.detach()


def _mixed(logits: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    p = logits.sigmoid()
    short = p + target - 2 * p * target
    modulator = _held(short ** c["gamma"], c)
    alpha, entropy = _alpha(target, c), _cross_entropy(logits, _smoothed(target, c))
    poly = c["epsilon"] * modulator * short
    return weight * (alpha * modulator * entropy + (alpha if c["poly_balanced"] else 1.0) * poly)


def _chance(logits: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    entropy = _cross_entropy(logits, _smoothed(target, c))
    modulator = (1 - (-entropy).exp()) ** c["gamma"]
    return weight * _alpha(target, c) * _held(modulator, c) * entropy


def _two(logits: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    from torch.nn.functional import logsigmoid

    (positives, negatives), wanted = _alphas(c), _smoothed(target, c)
    yes, no = logsigmoid(logits), logsigmoid(-logits)
    loss = positives * wanted * _held((c["gamma"] * no).exp(), c) * yes
    loss = loss + negatives * (1 - wanted) * _held((c["gamma"] * yes).exp(), c) * no
    return -weight * loss


def _quality(logits: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    modulator = (logits.sigmoid() - target).abs() ** c["beta"]
    loss = _held(modulator, c) * _cross_entropy(logits, _smoothed(target, c))
    return weight * _alpha(target, c) * loss


def _star(logits: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    from torch.nn.functional import softplus

    level = c["gamma"] * (logits * target - logits * (1 - target)) + c["beta"]
    return weight * _alpha(target, c) * softplus(-level) / c["gamma"]


def _probabilities(probs: Tensor, target: Tensor, weight: Tensor, c: Constants) -> Tensor:
    goal = _smoothed(target, c)
    kept = probs.clamp(c["clip"], 1 - c["clip"])
    entropy = -goal * kept.log() - (1 - goal) * (1 - kept).log()
    modulator = (1 - goal * probs - (1 - goal) * (1 - probs)) ** c["gamma"]
    return weight * _alpha(goal, c) * _held(modulator, c) * entropy


FOCAL_FORWARDS: dict[str, Callable[..., Any]] = {
    "sigmoid_focal": _mixed,
    "sigmoid_focal_chance": _chance,
    "sigmoid_focal_two": _two,
    "quality_focal": _quality,
    "focal_star": _star,
    "focal_probs": _probabilities,
}
"""Hand-written forwards of focal losses of single numbers, by program."""
