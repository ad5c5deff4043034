"""Losses of rows for autograd, written out from the papers and from nothing of refloss.

No log-softmax is used: minus the logarithm of a class's softmax is the log-sum-exp of the
differences of all logits to that class's own, and the log-sum-exp of the logits follows from it.
Smoothed targets are built as their authors print them (Szegedy et al. 2016; fairseq; ClassyVision);
focal loss is equation 5 of Lin et al. 2017, of a softmax, with the polynomial term of Leng et al.
2022; Poly-1 is equation 6 of the latter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crossval.oracles.binary_forwards import hed

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ROW_FORWARDS", "cross_entropy", "multi_margin", "poly1", "softmax_focal", "surprises"]


def cross_entropy(
    logits: Tensor, target: Tensor, weight: Tensor, constants: Mapping[str, float]
) -> Tensor:
    """Return Σ w q (-log p) and the z-loss, one a row.

    Parameters
    ----------
    logits : Tensor of shape (n, C)
    target : Tensor of shape (n,) of integers, or (n, C)
        Classes or probabilities.
    weight : Tensor of shape (C,)
    constants : mapping
        ``label_smoothing``, ``over_others``, ``classy``, ``z_loss``, ``temperature``,
        ``times_square``.
    """
    import torch

    if not target.is_floating_point():
        target = torch.eye(logits.shape[1], dtype=logits.dtype)[target]
    logits = logits / constants["temperature"]
    surprise = surprises(logits)
    lse = logits[:, 0] + surprise[:, 0]
    asked = weight * _smoothed(target, constants)
    total = (asked * surprise).sum(dim=1) + constants["z_loss"] * lse.square()
    return total * (constants["temperature"] ** 2 if constants["times_square"] else 1)


def poly1(logits: Tensor, target: Tensor, weight: Tensor, constants: Mapping[str, float]) -> Tensor:
    """Return Σ w q (-log p + epsilon (1 - p)), one a row.

    Parameters
    ----------
    logits : Tensor of shape (n, C)
    target : Tensor of shape (n,) of integers, or (n, C)
        Classes or probabilities.
    weight : Tensor of shape (C,)
    constants : mapping
        ``label_smoothing``, ``over_others``, ``classy``, ``epsilon``.
    """
    import torch

    if not target.is_floating_point():
        target = torch.eye(logits.shape[1], dtype=logits.dtype)[target]
    surprise = surprises(logits)
    asked = weight * _smoothed(target, constants)
    return (asked * (surprise - constants["epsilon"] * torch.expm1(-surprise))).sum(dim=1)


def softmax_focal(
    logits: Tensor, target: Tensor, weight: Tensor, constants: Mapping[str, float]
) -> Tensor:
    """Return Σ q w (alpha (1 - p)^gamma (-log p) + epsilon alpha (1 - p)^(gamma + 1)), one a row.

    Parameters
    ----------
    logits : Tensor of shape (n, C)
    target : Tensor of shape (n,) of integers, or (n, C)
        Classes or probabilities.
    weight : Tensor of shape (C,)
    constants : mapping
        ``gamma``, ``alpha``, ``alpha_on_first``, ``alpha_on_others``, ``attached``,
        ``weight_inside``, ``epsilon``, ``poly_balanced``, and for probabilities
        ``label_smoothing``.
    """
    import torch

    surprise, classes = surprises(logits), logits.shape[1]
    alphas = torch.full_like(weight, _share(constants, "others"))
    alphas[0] = _share(constants, "first")
    if constants["weight_inside"]:  # as LDAM-DRW: the weighted cross-entropy is the exponent of p
        surprise, weight = weight * surprise, torch.ones_like(weight)
    if target.is_floating_point():
        eps = constants["label_smoothing"]
        asked = (1 - eps) * target + eps / classes
    else:
        asked = torch.eye(classes, dtype=logits.dtype)[target]
        surprise = torch.where(asked > 0, surprise, 1.0)  # what nobody asks for has no slope
    short = -torch.expm1(-surprise)
    modulator = short ** constants["gamma"]
    modulator = modulator if constants["attached"] else modulator.detach()
    more = constants["epsilon"] * (alphas if constants["poly_balanced"] else 1.0)
    return (asked * weight * modulator * (alphas * surprise + more * short)).sum(dim=1)


def divergence(middle: bool) -> Callable[..., Tensor]:
    """Return the forward of a divergence of a softmax from probabilities, or of both from a middle.

    Kullback and Leibler 1951, equation 2.4; Lin 1991, equation 3.9; a temperature as in Hinton et
    al. 2015, equation 1.
    """

    def forward(
        logits: Tensor, target: Tensor, weight: Tensor, constants: Mapping[str, float]
    ) -> Tensor:
        import torch

        surprise = surprises(logits / constants["temperature"])
        known = -torch.where(target > 0, target, 1).log()
        if not middle:
            total = (weight * target * (surprise - known)).sum(dim=1)
            return total * (constants["temperature"] ** 2 if constants["times_square"] else 1)
        p = (-surprise).exp()
        blurred = -((p + target) / 2).log()
        both = p * (blurred - surprise) + target * (blurred - known)
        total = (weight * both).sum(dim=1) / 2
        return total / torch.tensor(2.0).to(total).log() if constants["in_bits"] else total

    return forward


def multi_margin(form: str) -> Callable[..., Tensor]:
    """Return the forward of one of four hinges of several classes, after their authors.

    Crammer and Singer 2001, equation 2; Weston and Watkins 1999, equation 4; Rifkin and Klautau
    2004, section 3; the docstring of keras' categorical_hinge.
    """

    def forward(
        logits: Tensor, target: Tensor, weight: Tensor, constants: Mapping[str, float]
    ) -> Tensor:
        import torch

        hot = torch.nn.functional.one_hot(target, logits.shape[1]).bool()
        own, margin = logits.gather(1, target[:, None]), constants["margin"]
        if form == "one_vs_all":
            short = margin - torch.where(hot, logits, -logits)
        elif form == "weston_watkins":
            short = (margin - (own - logits)).masked_fill(hot, -1.0)
        else:
            rival = -torch.inf if form == "crammer_singer" else 0.0
            short = margin - (own - logits.masked_fill(hot, rival).amax(1, keepdim=True))
        lacking = short.clamp(min=0) ** (2 if constants["squared"] else 1)
        terms = logits.shape[1] - constants["over_others"] if constants["divided"] else 1
        return weight[target] * lacking.sum(dim=1) / terms

    return forward


def _share(constants: Mapping[str, float], side: str) -> float:
    """Alpha for the classes that it is for, and what is left of 1 for the others."""
    alpha = constants["alpha"]
    return alpha if constants[f"alpha_on_{side}"] else 1 - alpha


def surprises(logits: Tensor) -> Tensor:
    """Return minus the logarithm of the softmax: (n, C), by way of all (n, C, C) differences."""
    ahead = logits[:, None, :] - logits[:, :, None]
    most = ahead.detach().amax(dim=2, keepdim=True)
    return most[:, :, 0] + (ahead - most).exp().sum(dim=2).log()


def _smoothed(q: Tensor, constants: Mapping[str, float]) -> Tensor:
    eps, classes = constants["label_smoothing"], q.shape[1]
    if constants["over_others"]:
        return (1 - eps) * q + (1 - q) * (eps / (classes - 1))
    if constants["classy"]:
        return (q + eps / classes) / (1 + eps)
    return (1 - eps) * q + eps / classes


ROW_FORWARDS: dict[str, Callable[..., Any]] = {
    "hed": hed,
    "softmax_js": divergence(middle=True),
    "softmax_kl": divergence(middle=False),
    "cross_entropy": cross_entropy,
    "cross_entropy_soft": cross_entropy,
    "poly1": poly1,
    "poly1_soft": poly1,
    "softmax_focal": softmax_focal,
    "softmax_focal_soft": softmax_focal,
    **{
        form: multi_margin(form)
        for form in ("crammer_singer", "weston_watkins", "one_vs_all", "categorical_hinge")
    },
}
"""Hand-written forwards of rows by program."""
