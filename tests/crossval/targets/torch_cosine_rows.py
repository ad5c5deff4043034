"""Heads over given cosines as repositories write them, and with one slip each."""

import math

import torch
from torch.nn.functional import cross_entropy, one_hot

M, S = 0.5, 64.0


def sine(cosine):
    return torch.sqrt(((1 - cosine) * (1 + cosine)).clamp(min=0))


def own(cosine, target):
    return cosine.gather(1, target[:, None])


def finished(cosine, target, logit, scale=S):
    """Put a logit in the place of the target's cosine."""
    hot = one_hot(target, cosine.shape[1]).bool()
    return cross_entropy(scale * torch.where(hot, logit, cosine), target, reduction="none")


def rotated(cosine, margin=M):
    """Return the cosine of the angle and a margin; its slope at both ends is the margin's."""
    inside = torch.where(cosine.abs() < 1, cosine, torch.zeros_like(cosine))
    logit = inside * math.cos(margin) - sine(inside) * math.sin(margin)
    return torch.where(cosine.abs() < 1, logit, cosine * math.cos(margin))


def raw(cosine, target):
    return finished(cosine, target, rotated(own(cosine, target)))


def cos_fallback(cosine, target):
    c = own(cosine, target)
    logit = torch.where(c > -math.cos(M), rotated(c), c - M * math.sin(M))
    return finished(cosine, target, logit)


def easy(cosine, target):
    c = own(cosine, target)
    return finished(cosine, target, torch.where(c > 0, rotated(c), c))


def mirror_of_degrees(cosine, target):
    margin = math.radians(28.6)
    c = own(cosine, target)
    logit = rotated(c, margin)
    logit = torch.where(c > -math.cos(margin), logit, -2 - logit)
    return finished(cosine, target, logit)


def straight_through(cosine, target):
    c = own(cosine, target)
    with torch.no_grad():
        moved = rotated(c) - c
    return finished(cosine, target, c + moved)


def of_all_classes(cosine, target):
    return cross_entropy(S * rotated(cosine), target, reduction="none")


def from_the_cosine(cosine, target):
    return finished(cosine, target, own(cosine, target) - M)


def unscaled(cosine, target):
    return finished(cosine, target, rotated(own(cosine, target)), 1.0)


def away(cosine, target):
    return finished(cosine, target, rotated(own(cosine, target), -M))


def arc_cosine(cosine, target):
    """Take the angle of every class, as if only the target's had a derivative."""
    theta = torch.acos(cosine)
    moved = theta + M * one_hot(target, cosine.shape[1])
    return cross_entropy(S * torch.cos(moved), target, reduction="none")


def cosface(cosine, target):
    return finished(cosine, target, own(cosine, target) - 0.4, 30.0)


def combined(cosine, target):
    return finished(cosine, target, rotated(own(cosine, target), 0.3) - 0.2)


def sphereface(cosine, target):
    c = own(cosine, target)
    square = c * c
    turn = sum((c <= border).to(c) for border in (0.5**0.5, 0.0, -(0.5**0.5)))
    multiple = 8 * square * square - 8 * square + 1
    return finished(cosine, target, (1 - 2 * (turn % 2)) * multiple - 2 * turn)
