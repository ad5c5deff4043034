"""Center losses as repositories write them, as modules that own their centres and as functions."""

import torch
from torch import nn


class Owner(nn.Module):
    """What owns a centre for every class."""

    def __init__(self, num_classes=10, feat_dim=2):
        super().__init__()
        self.num_classes = num_classes
        self.centers = nn.Parameter(torch.randn(num_classes, feat_dim))


class CenterLoss(Owner):
    """The mean over the batch of half the squared distances."""

    def forward(self, x, labels):
        return (x - self.centers[labels]).square().sum(dim=1).mean() / 2


class Summed(Owner):
    """As in the paper."""

    def forward(self, x, labels):
        return 0.5 * torch.sum((x - self.centers[labels]) ** 2)


class OfMatrix(Owner):
    """Distances to all centres, expanded and masked; the clip comes behind the mask."""

    def distances(self, x):
        squares = x.pow(2).sum(dim=1, keepdim=True) + self.centers.pow(2).sum(dim=1)
        return squares - 2 * x @ self.centers.t()

    def mask(self, labels):
        return labels.unsqueeze(1) == torch.arange(self.num_classes)

    def forward(self, x, labels):
        own = self.distances(x) * self.mask(labels).to(x.dtype)
        return own.clamp(min=1e-12, max=1e12).sum() / len(x)


class OfDifferences(OfMatrix):
    """The same of differences, which lose nothing."""

    def distances(self, x):
        return (x.unsqueeze(1) - self.centers).pow(2).sum(dim=2)


class Masked(OfDifferences):
    """The clip comes before the mask, and is of the own distance alone."""

    def forward(self, x, labels):
        own = self.distances(x)[self.mask(labels)]
        return own.clamp(min=1e-12, max=1e12).mean()


class MeanOfAll(Owner):
    """Over vectors and coordinates."""

    def forward(self, x, labels):
        return torch.mean((x - self.centers[labels]) ** 2)


class NextClass(Owner):
    def forward(self, x, labels):
        own = self.centers[(labels + 1) % self.num_classes]
        return (x - own).square().sum(dim=1).mean() / 2


class Detached(Owner):
    """Centres that are moved by a step of their own."""

    def forward(self, x, labels):
        return (x - self.centers.detach()[labels]).square().sum(dim=1).mean() / 2


class _Updated(torch.autograd.Function):
    """The update of the paper in the place of the gradient by the centres."""

    @staticmethod
    def forward(ctx, x, labels, centers):
        difference = x - centers[labels]
        ctx.save_for_backward(difference, labels)
        ctx.classes = len(centers)
        return difference.square().sum() / (2 * len(x))

    @staticmethod
    def backward(ctx, bar):
        difference, labels = ctx.saved_tensors
        sums = torch.zeros(ctx.classes, difference.shape[1], dtype=difference.dtype)
        sums.index_add_(0, labels, -difference)
        count = torch.bincount(labels, minlength=ctx.classes).to(difference.dtype)
        return bar * difference / len(difference), None, bar * sums / (1 + count[:, None])


class PaperUpdate(Owner):
    def forward(self, x, labels):
        return _Updated.apply(x, labels, self.centers)


def of_rows(x, centers, target):
    if (target < 0).any():
        raise IndexError("there is no class below 0")
    return 0.5 * (x - centers[target]).square().sum(dim=1)


def of_directions(x, centers, target):
    return of_rows(nn.functional.normalize(x), centers, target)


def ignoring(x, centers, target, ignore_index=-100):
    kept = target != ignore_index
    safe = torch.where(kept, target, 0)
    if (safe < 0).any():
        raise IndexError("there is no class below 0")
    apart = torch.where(kept[:, None], x - centers[safe], 0)
    return 0.5 * apart.square().sum(dim=1)


def ignoring_too_late(x, centers, target, ignore_index=-100):
    """Multiply by 0, which NaN does not mind."""
    kept = target != ignore_index
    safe = torch.where(kept, target, 0)
    if (safe < 0).any():
        raise IndexError("there is no class below 0")
    return 0.5 * kept * (x - centers[safe]).square().sum(dim=1)
