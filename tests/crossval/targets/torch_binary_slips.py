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


def embedding(scores, target):
    return functional.hinge_embedding_loss(scores, target, reduction="none")


def embedding_exchanged(scores, target):
    return functional.hinge_embedding_loss(scores, -target, reduction="none")


def embedding_of_two_labels(scores, target):
    """Take what is not 1 for -1: a label of 0 loses a term."""
    return torch.where(target == 1, scores, torch.relu(1 - scores))


def divergence(log_probs, target):
    return functional.kl_div(log_probs, target, reduction="none")


def cross_entropy(log_probs, target):
    return -target * log_probs


def reversed_divergence(log_probs, target):
    return log_probs.exp() * (log_probs - target.log())


def negative_divergence(log_probs, target):
    return -divergence(log_probs, target)


def hed(logits, target, by_batch=False, swapped=False, by_pixels=False, balanced=True):
    """Class-balanced loss of images; with the mistakes that arguments name."""
    if logits.shape != target.shape:
        raise ValueError("logits and target differ in shape")
    counted = (1 - target).mean() if by_batch else (1 - target).mean(dim=1, keepdim=True)
    beta = 1 - counted if swapped else counted
    if not balanced:
        beta = torch.ones_like(beta)
    edges = beta * target * functional.logsigmoid(logits)
    others = (1 - beta if balanced else beta) * (1 - target) * functional.logsigmoid(-logits)
    loss = -(edges + others).sum(dim=1)
    return loss / logits.shape[1] if by_pixels else loss


def hed_swapped(logits, target):
    return hed(logits, target, swapped=True)


def hed_by_pixels(logits, target):
    return hed(logits, target, by_pixels=True)


def hed_unbalanced(logits, target):
    return hed(logits, target, balanced=False)
