"""Losses of single numbers with the mistakes that people make in them, and the right ones."""

import torch
from torch.nn import functional


def right(logits, target, pos_weight=None):
    return functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=pos_weight, reduction="none"
    )


def clipped(logits, target):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return -(target * p.log() + (1 - target) * torch.log1p(-p))


def added(logits, target):
    p, q = torch.sigmoid(logits), torch.sigmoid(-logits)
    return -(target * (p + 1e-8).log() + (1 - target) * (q + 1e-8).log())


def naive(logits, target):
    p = torch.sigmoid(logits)
    return -(target * p.log() + (1 - target) * (1 - p).log())


def exchanged(logits, target):
    return right(logits, 1 - target)


def negated(logits, target):
    return right(-logits, target) + 0 * target


def twice(logits, target):
    return right(torch.sigmoid(logits), target)


def one_sided(logits, target):
    return -target * functional.logsigmoid(logits)


def softplus_20(logits, target):
    softplus = functional.softplus
    return (1 - target) * softplus(logits) + target * softplus(-logits)


def unweighted(logits, target, pos_weight=None):
    return right(logits, target)


def weighs_all(logits, target, pos_weight=None):
    loss = right(logits, target)
    return loss if pos_weight is None else loss * pos_weight


def unsmoothed(logits, target, label_smoothing=0.1):
    return right(logits, target)


def smoothed_twice(logits, target, label_smoothing=0.1):
    return right(logits, target * (1 - 2 * label_smoothing) + label_smoothing)


def hinge(scores, target):
    return torch.relu(1 - target * scores)


def hinge_of_01(scores, target):
    return torch.relu(1 - (2 * target - 1) * scores)


def perceptron(scores, target):
    return torch.relu(-target * scores)


def hinge_reversed(scores, target):
    return torch.relu(1 + target * scores)


def hinge_halved(scores, target):
    return 0.5 * hinge(scores, target)


def hinge_squared(scores, target):
    return hinge(scores, target).square()


def divergence(log_probs, target):
    return functional.kl_div(log_probs, target, reduction="none")


def cross_entropy(log_probs, target):
    return -target * log_probs


def reversed_divergence(log_probs, target):
    return log_probs.exp() * (log_probs - target.log())


def negative_divergence(log_probs, target):
    return -divergence(log_probs, target)
