"""Focal losses whose mean is a function of the whole batch, right ones and slips."""

import torch
from torch.nn import functional as F


class FocalOfMean(torch.nn.Module):
    """The focal loss of the mean cross-entropy, as a criterion of face recognition takes it."""

    def __init__(self, gamma=0):
        super().__init__()
        self.gamma = gamma
        self.ce = torch.nn.CrossEntropyLoss()

    def forward(self, logits, target):
        """Return one number."""
        mean = self.ce(logits, target)
        return (1 - torch.exp(-mean)) ** self.gamma * mean


def weighted_of_mean(logits, target, class_weight=None, ignore_index=-100):
    """Return that of a weighted mean."""
    mean = F.cross_entropy(logits, target, class_weight, ignore_index=ignore_index)
    return (1 - torch.exp(-mean)) ** 2 * mean


def mean_of_items(logits, target):
    """Return the mean of the focal losses instead."""
    cost = F.cross_entropy(logits, target, reduction="none")
    return ((1 - torch.exp(-cost)) ** 2 * cost).mean()


class _Spoiled(torch.autograd.Function):
    """The focal loss of a mean, with a gradient that is right of one row alone."""

    @staticmethod
    def forward(ctx, mean, rows):
        """Return the loss."""
        ctx.save_for_backward(mean)
        ctx.rows = rows
        return (1 - torch.exp(-mean)) ** 2 * mean

    @staticmethod
    def backward(ctx, upstream):
        """Return a slope that grows with the batch."""
        (mean,) = ctx.saved_tensors
        p = torch.exp(-mean)
        slope = (1 - p) ** 2 + 2 * (1 - p) * p * mean
        return upstream * slope * ctx.rows, None


def spoiled(logits, target):
    """Return that loss with another gradient."""
    return _Spoiled.apply(F.cross_entropy(logits, target), len(logits))


class Normalised(torch.nn.Module):
    """Sigmoid focal loss over the sum of its modulators, as libraries of segmentation have it."""

    def __init__(self, gamma=2.0, alpha=None, mean=True, eps=1e-6, detach=False, mixed=False):
        super().__init__()
        self.gamma, self.alpha, self.mean, self.eps = gamma, alpha, mean, eps
        self.detach, self.mixed = detach, mixed

    def forward(self, logits, target):
        """Return one number."""
        cost = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        chance = torch.exp(-cost)
        if self.mixed:
            p = torch.sigmoid(logits)
            chance = p * target + (1 - p) * (1 - target)
        modulator = (1 - chance).pow(self.gamma)
        loss = modulator * cost
        if self.alpha is not None:
            loss = loss * (self.alpha * target + (1 - self.alpha) * (1 - target))
        norm = modulator.sum().clamp_min(self.eps)
        loss = loss / (norm.detach() if self.detach else norm)
        return loss.mean() if self.mean else loss.sum()
