"""Triplet losses as repositories write them, and with one slip each."""

import torch
from torch.nn.functional import normalize, pairwise_distance, softplus, triplet_margin_loss


def squares(x, y):
    return (x - y).pow(2).sum(dim=1)


def root(squared):
    """Return the root, with the slope 0 at 0."""
    nowhere = squared == 0
    return torch.where(nowhere, 0.0, torch.where(nowhere, 1.0, squared).sqrt())


def facenet(anchor, positive, negative, alpha=0.2):
    return (squares(anchor, positive) - squares(anchor, negative) + alpha).clamp(min=0)


def averaged(anchor, positive, negative):
    return facenet(anchor, positive, negative).mean()


def euclidean(anchor, positive, negative):
    near, far = root(squares(anchor, positive)), root(squares(anchor, negative))
    return (near - far + 0.5).clamp(min=0)


def swapped(anchor, positive, negative):
    return triplet_margin_loss(anchor, positive, negative, swap=True, reduction="none")


def taxi(anchor, positive, negative):
    near, far = ((anchor - x).abs().sum(dim=1) for x in (positive, negative))
    return (near - far + 0.3).clamp(min=0)


def inside(anchor, positive, negative):
    """Add eps to the sums of squares."""
    near, far = ((squares(anchor, x) + 1e-6).sqrt() for x in (positive, negative))
    return (near - far + 1).clamp(min=0)


def soft(anchor, positive, negative):
    return softplus(root(squares(anchor, positive)) - root(squares(anchor, negative)))


def soft_by_exp(anchor, positive, negative):
    """Take log(1 + exp(x)) as it is written, which overflows."""
    near, far = pairwise_distance(anchor, positive), pairwise_distance(anchor, negative)
    return torch.log1p(torch.exp(near - far))


def bare_root(anchor, positive, negative):
    """Take a root whose slope at 0 is infinite."""
    near, far = squares(anchor, positive).sqrt(), squares(anchor, negative).sqrt()
    return (near - far + 0.5).clamp(min=0)


def mean_of_squares(anchor, positive, negative):
    near, far = ((anchor - x).pow(2).mean(dim=1) for x in (positive, negative))
    return (near - far + 0.2).clamp(min=0)


def of_unit_vectors(anchor, positive, negative):
    return facenet(normalize(anchor), normalize(positive), normalize(negative))


def wider(anchor, positive, negative):
    return facenet(anchor, positive, negative, alpha=0.3)


def detached(anchor, positive, negative):
    return facenet(anchor, positive.detach(), negative)
