"""Contrastive losses as repositories write them, and with one slip each."""

import torch
from torch.nn.functional import cosine_similarity, normalize, pairwise_distance


def root(squared):
    """Return the root, with the slope 0 at 0."""
    nowhere = squared == 0
    return torch.where(nowhere, 0.0, torch.where(nowhere, 1.0, squared).sqrt())


def squares(x1, x2):
    return (x1 - x2).pow(2).sum(dim=1)


def hadsell(x1, x2, same, margin=1.0):
    d2 = squares(x1, x2)
    return 0.5 * torch.where(same == 1, d2, (margin - root(d2)).clamp(min=0) ** 2)


def of_the_paper(x1, x2, same):
    """Y = 0 says that a pair is of one kind."""
    return hadsell(x1, x2, 1 - same)


def sentence_transformers(x1, x2, same):
    d = pairwise_distance(x1, x2)
    push = (0.5 - d).clamp(min=0)
    return 0.5 * torch.where(same == 1, d.pow(2), push.pow(2))


def averaged(x1, x2, same):
    return sentence_transformers(x1, x2, same).mean()


def legacy(x1, x2, same):
    d2 = squares(x1, x2)
    return torch.where(same == 1, d2, (1.25 - d2).clamp(min=0))


def linear(x1, x2, same):
    d = root(squares(x1, x2))
    return torch.where(same == 1, (d - 0.25).clamp(min=0), (1 - d).clamp(min=0))


def bare_root(x1, x2, same):
    """Take a root whose slope at 0 is infinite; what it multiplies is 0 there."""
    d = squares(x1, x2).sqrt()
    same = same.to(d.dtype)
    return 0.5 * (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2)


def mean_of_squares(x1, x2, same):
    d2 = (x1 - x2).pow(2).mean(dim=1)
    return 0.5 * torch.where(same == 1, d2, (1 - root(d2)).clamp(min=0) ** 2)


def of_unit_vectors(x1, x2, same):
    return hadsell(normalize(x1), normalize(x2), same)


def of_cosines(x1, x2, same):
    """As sentence-transformers has it by default."""
    d = 1 - cosine_similarity(x1, x2)
    return 0.5 * torch.where(same == 1, d.pow(2), (0.5 - d).clamp(min=0).pow(2))


def detached(x1, x2, same):
    return hadsell(x1, x2.detach(), same)


def wider(x1, x2, same):
    return hadsell(x1, x2, same, margin=1.25)


def _over_its_number(losses):
    count = (losses > 0).sum()
    return losses.sum() / count.clamp(min=1)


def mean_of_nonzero(x1, x2, same):
    return _over_its_number(linear(x1, x2, same))


def separate_means(x1, x2, same):
    losses = linear(x1, x2, same)
    return _over_its_number(losses[same == 1]) + _over_its_number(losses[same == 0])
