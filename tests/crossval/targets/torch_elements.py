"""Small losses of single numbers as people write them, each with a convention of its own."""

import torch
from torch.nn import functional


def smooth_l1_sigma(pred, target, sigma=3.0):
    """Smooth L1 with sigma, summed over the coordinates and divided by the boxes."""
    size = (pred - target).abs()
    beta = 1 / sigma**2
    each = torch.where(size < beta, 0.5 * size**2 / beta, size - 0.5 * beta)
    return each.sum() / len(pred)


def narrow(prediction, truth):
    """Smooth L1 with a width that nobody uses, a mean over all."""
    size = (prediction - truth).abs()
    return torch.where(size < 0.3, size**2 / 0.6, size - 0.15).mean()


def row_sums(pred, target):
    """Smooth L1 whose square has the factor 1, summed over the last axis alone."""
    size = (pred - target).abs()
    return torch.where(size < 0.5, size**2, size - 0.25).sum(-1)


def row_means(pred, target):
    """L1 averaged over the last axis alone."""
    return (pred - target).abs().mean(-1)


def half_square(y_pred, y_true):
    return 0.5 * (y_pred - y_true) ** 2


def huber_sum(input, target, delta=0.25):
    size = (input - target).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).sum()


def smoothed(logits, labels, smoothing=0.1):
    """Binary cross-entropy toward one half."""
    goal = labels * (1 - smoothing) + 0.5 * smoothing
    return functional.binary_cross_entropy_with_logits(logits, goal, reduction="none")


def flipped(logits, labels):
    """Binary cross-entropy of labels that are wrong one time in five."""
    goal = labels * 0.8 + (1 - labels) * 0.2
    return functional.binary_cross_entropy_with_logits(logits, goal, reduction="none")


def per_positive(logits, labels):
    """Binary cross-entropy by the number of positives, at least 1."""
    loss = functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
    return loss / labels.gt(0).sum().clamp(min=1)


def clamped(logits, labels):
    p = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    return -(labels * p.log() + (1 - labels) * (1 - p).log())


def added(logits, labels):
    p = torch.sigmoid(logits)
    return -(labels * (p + 1e-8).log() + (1 - labels) * (1 - p + 1e-8).log())


def other_class(logits, labels):
    return functional.binary_cross_entropy_with_logits(logits, 1 - labels, reduction="none")


def clipped_probs(probs, labels):
    p = probs.clamp(1e-5, 1 - 1e-5)
    return -(labels * p.log() + (1 - labels) * torch.log1p(-p)).mean()


def hinge_01(scores, labels):
    """Hinge with labels 0 and 1."""
    return torch.relu(1 - (2 * labels - 1) * scores)


def hinge_signed(scores, labels):
    """Squared hinge with labels -1 and 1, and a margin of its own."""
    return torch.relu(0.5 - labels * scores).square().mean()


def hinged_distance(x, target):
    return functional.hinge_embedding_loss(x, target, margin=0.5)


def batchmean(log_probs, target):
    return functional.kl_div(log_probs, target, reduction="batchmean")
