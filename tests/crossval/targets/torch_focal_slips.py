"""Sigmoid focal losses with one slip each, and one without."""

import torch


def _terms(logits, target):
    nothing = torch.zeros_like(logits)  # torch's softplus drops the exponential from 20 on
    missed, hit = torch.logaddexp(logits, nothing), torch.logaddexp(-logits, nothing)
    cost = target * hit + (1 - target) * missed
    p = torch.sigmoid(logits)
    gone = torch.sigmoid(-logits) * target + p * (1 - target)
    return cost, gone


def right(logits, target):
    cost, gone = _terms(logits, target)
    return (0.25 * target + 0.75 * (1 - target)) * gone**2 * cost


def no_alpha(logits, target):
    cost, gone = _terms(logits, target)
    return gone**2 * cost


def swapped_alpha(logits, target):
    cost, gone = _terms(logits, target)
    return (0.75 * target + 0.25 * (1 - target)) * gone**2 * cost


def detached(logits, target):
    cost, gone = _terms(logits, target)
    return (0.25 * target + 0.75 * (1 - target)) * gone.detach() ** 2 * cost


def another_gamma(logits, target):
    cost, gone = _terms(logits, target)
    return (0.25 * target + 0.75 * (1 - target)) * gone**1.5 * cost


def without_focus(logits, target):
    cost, _ = _terms(logits, target)
    return (0.25 * target + 0.75 * (1 - target)) * cost


def polynomial(logits, target):
    cost, gone = _terms(logits, target)
    return (0.25 * target + 0.75 * (1 - target)) * (gone**2 * cost - 0.75 * gone**3)


def root(logits, target):
    """Take a root of a rounded 1 - p_t: its slope is infinite where that is 0."""
    p = torch.sigmoid(logits)
    chance = p * target + (1 - p) * (1 - target)
    alpha = 0.25 * target + 0.75 * (1 - target)
    cost = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return alpha * cost * (1 - chance) ** 0.5


def eps_in_two(logits, target, eps=1e-8):
    p = torch.sigmoid(logits)
    hit, missed = torch.log(p + eps), torch.log(1 - p + eps)
    return -0.25 * (1 - p) ** 2 * target * hit - 0.75 * p**2 * (1 - target) * missed


def eps_in_both(logits, target):
    p = torch.sigmoid(logits)
    cost = -target * torch.log(p + 1e-6) - (1 - target) * torch.log(1 - p + 1e-6)
    _, gone = _terms(logits, target)
    return (0.25 * target + 0.75 * (1 - target)) * gone**2 * cost


def eps_in_one(logits, target):
    p = torch.sigmoid(logits)
    chance = p * target + (1 - p) * (1 - target)
    alpha = 0.25 * target + 0.75 * (1 - target)
    return -alpha * (1 - chance) ** 2 * torch.log(chance + 3e-5)
