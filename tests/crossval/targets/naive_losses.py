"""Textbook formulas as they are typed, each of a known convention, without care for saturation."""

import numpy as np


def sigmoid(x):
    """Return the sigmoid."""
    return 1 / (1 + np.exp(-x))


def softmax(x):
    """Return the softmax, without a shift: it overflows."""
    mass = np.exp(x)
    return mass / mass.sum(axis=1, keepdims=True)


def log_softmax(x):
    """Return its logarithm, with a shift."""
    below = x - x.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def chance(logits, target):
    """Return the probability of the target."""
    return softmax(logits)[np.arange(len(target)), target]


def focal(logits, target):
    """Take logarithms of a sigmoid, and of what it leaves."""
    p = sigmoid(logits)
    first = 0.25 * target * (1 - p) ** 2 * np.log(p)
    return -first - 0.75 * (1 - target) * p**2 * np.log(1 - p)


def focal_on_all(alpha):
    """Let alpha multiply every element."""

    def loss(logits, target):
        x = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
        p = sigmoid(logits)
        return alpha * (p * (1 - target) + (1 - p) * target) ** 2 * x

    return loss


def balanced(logits, target):
    """Return HED's loss by the logarithms of a sigmoid, and of what it leaves."""
    p, share = sigmoid(logits), 1 - target.mean(axis=1, keepdims=True)
    hit, missed = np.log(p), np.log(1 - p)
    return -np.where(target == 1, share * hit, (1 - share) * missed).sum(axis=1)


def divergence(logits, target):
    """Return the Jensen-Shannon divergence by its two halves."""
    p = softmax(logits)
    middle = (p + target) / 2
    return (_kl(p, middle) + _kl(target, middle)) / 2


def _kl(p, q):
    return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=1)


def cross_entropy(logits, target):
    """Take the logarithm of a softmax."""
    return -np.log(chance(logits, target))


def stable(logits, target):
    """Return the same with care."""
    return -log_softmax(logits)[np.arange(len(target)), target]


def raised(logits, target):
    """Add to the probability before its logarithm."""
    return -np.log(chance(logits, target) + 1e-8)


def raised_focal(logits, target):
    """Do so in a focal loss."""
    p = chance(logits, target)
    return -((1 - p) ** 2) * np.log(p + 1e-8)


def raised_soft(logits, target):
    """Do so with probabilities."""
    return -(target * np.log(softmax(logits) + 1e-8)).sum(axis=1)


def raised_divergence(logits, target):
    """Add to the target too."""
    p = softmax(logits)
    return (target * (np.log(target + 1e-6) - np.log(p + 1e-6))).sum(axis=1)


def distilled(logits, target):
    """Return cross-entropy at a temperature of 4, times its square."""
    return -16 * (target * log_softmax(logits / 4)).sum(axis=1)


def distilled_classes(logits, target):
    """Return the same of classes, at a temperature of 2."""
    return -4 * log_softmax(logits / 2)[np.arange(len(target)), target]
