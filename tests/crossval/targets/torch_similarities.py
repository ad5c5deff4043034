"""Losses of rows of similarities as repositories write them, and with one slip each."""

import torch

MINIMUM = torch.finfo(torch.float32).tiny


def _parts(similarities, same, temperature):
    z = torch.where(same >= 0, similarities, 0) / temperature
    return z, same == 1, same >= 0


def _lse(z, among):
    nobody = ~among.any(dim=1, keepdim=True)
    return torch.where(among, z, torch.where(nobody, 0.0, -torch.inf)).logsumexp(dim=1)


def supcon(similarities, same, temperature=0.07, factor=1.0):
    z, positive, kept = _parts(similarities, same, temperature)
    each = torch.where(positive, _lse(z, kept)[:, None] - z, 0)
    return factor * each.sum(1) / positive.sum(1).clamp(min=1)


def supcontrast(similarities, same):
    return supcon(similarities, same, 0.1, 0.1 / 0.07)


def inside(similarities, same):
    z, positive, kept = _parts(similarities, same, 0.07)
    count = positive.sum(1).to(z.dtype)
    found = _lse(z, kept) - _lse(z, positive) + count.clamp(min=1).log()
    return torch.where(count > 0, found, 0)


def _pairs(similarities, same, temperature):
    z, positive, _ = _parts(similarities, same, temperature)
    barren = ~(same == 0).any(dim=1, keepdim=True)
    negatives = _lse(z, same == 0)[:, None]
    each = torch.logaddexp(negatives, z) - z
    return torch.where(barren | ~positive, 0, each), positive


def ntxent(similarities, same, temperature=0.07):
    return _pairs(similarities, same, temperature)[0].sum(1)


def ntxent_of_pairs(similarities, same):
    each, positive = _pairs(similarities, same, 0.5)
    return each.sum() / positive.sum()


def averaged(similarities, same):
    each, positive = _pairs(similarities, same, 0.2)
    return each.sum(1) / positive.sum(1).clamp(min=1)


def simclr(similarities, same):
    z, positive, kept = _parts(similarities, same, 0.5)
    return torch.where(positive, _lse(z, kept)[:, None] - z, 0).sum(1)


def warm(similarities, same):
    return supcon(similarities, same, 0.5)


def with_itself(similarities, same):
    """Count what is to be left out among the negatives."""
    return ntxent(similarities, same.clamp(min=0))


def divided_by_none(similarities, same):
    z, positive, kept = _parts(similarities, same, 0.07)
    each = torch.where(positive, _lse(z, kept)[:, None] - z, 0)
    return each.sum(1) / positive.sum(1)


def bare_exponentials(similarities, same):
    z, positive, kept = _parts(similarities, same, 0.07)
    every = (torch.where(kept, z.exp(), 0)).sum(1, keepdim=True)
    each = torch.where(positive, every.log() - z, 0)
    return each.sum(1) / positive.sum(1).clamp(min=1)


def multi_similarity(similarities, same, alpha=2.0, beta=50.0, base=0.5):
    one, found = torch.zeros_like(similarities[:, :1]), 0
    for kind, scale in ((1, -alpha), (0, beta)):
        each = torch.where(same == kind, scale * (similarities - base), -torch.inf)
        found = found + torch.cat([one, each], 1).logsumexp(1) / abs(scale)
    return found


def circle(similarities, same, gamma=80.0, m=0.4, detached=True):
    s = torch.where(same >= 0, similarities, 0)
    ap, an = (1 + m - s).relu(), (s + m).relu()
    if detached:
        ap, an = ap.detach(), an.detach()
    p, n = -gamma * ap * (s - (1 - m)), gamma * an * (s - m)
    both = (same == 1).any(1) & (same == 0).any(1)
    x = _lse(p, same == 1) + _lse(n, same == 0)
    return torch.where(both, torch.logaddexp(x, torch.zeros_like(x)), 0)


def circle_of_keras(similarities, same):
    return circle(similarities, same, detached=False)
