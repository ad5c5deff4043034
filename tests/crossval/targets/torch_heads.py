"""Heads as people write them, right ones and wrong ones: targets for the judge of heads."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def check(x, weight, target):
    """Refuse what does not fit."""
    if x.ndim != 2 or x.shape[1] != weight.shape[1] or target.shape != x.shape[:1]:
        raise ValueError(f"x {tuple(x.shape)}, weight {tuple(weight.shape)}, {tuple(target.shape)}")


def cosface(x, weight, target, scale=64.0, margin=0.35, eps=1e-12, reduction="none"):
    """Return CosFace of unit vectors."""
    check(x, weight, target)
    cosine = F.normalize(x, eps=eps) @ F.normalize(weight, eps=eps).T
    hot = F.one_hot(target, len(weight)).to(x.dtype)
    return F.cross_entropy(scale * (cosine - margin * hot), target, reduction=reduction)


def lanes(x, weight, target):
    """Return CosFace of the first 32 coordinates: a kernel that leaves out what fills no vector."""
    return cosface(x[:, :32], weight[:, :32], target)


def ignoring(x, weight, target, ignore_index=-100):
    """Return CosFace that is 0 in ignored rows, whatever they hold."""
    ignored = target == ignore_index
    kept = x.masked_fill(ignored[:, None], 1.0)
    losses = cosface(kept, weight, target.masked_fill(ignored, 0))
    return losses.masked_fill(ignored, 0.0)


def masking(x, weight, target, ignore_index=-100):
    """Return CosFace times 0 in ignored rows, which may be NaN."""
    ignored = target == ignore_index
    return cosface(x, weight, target.masked_fill(ignored, 0)) * ~ignored


def counting(x, weight, target, ignore_index=-100):
    """Return CosFace with a class in the place of what is to be ignored."""
    return cosface(x, weight, target.clamp_min(0))


def divided(x, weight, target, scale=64.0, margin=0.35):
    """Return CosFace of products that are divided by both lengths."""
    check(x, weight, target)
    lengths = x.norm(dim=1, keepdim=True) * weight.norm(dim=1)
    cosine = (x @ weight.T) / lengths
    hot = F.one_hot(target, len(weight)).to(x.dtype)
    losses = torch.logsumexp(scale * (cosine - margin * hot), dim=1)
    return losses - scale * (cosine.gather(1, target[:, None])[:, 0] - margin)


def l2_softmax(x, weight, target, bias, scale=16.0):
    """Return the L2-constrained softmax loss."""
    check(x, weight, target)
    return F.cross_entropy(F.linear(scale * F.normalize(x), weight, bias), target, reduction="none")


class AddMarginProduct(nn.Module):
    """CosFace as a layer of logits, in the form that many repositories have."""

    def __init__(self, in_features, out_features, s=30.0, m=0.40):
        super().__init__()
        self.s, self.m = s, m
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.xavier_uniform_(self.weight)

    def cosine(self, input):
        """Return the cosines."""
        return F.linear(F.normalize(input), F.normalize(self.weight))

    def forward(self, input, label):
        """Return scaled cosines, the labels' own less the margin."""
        cosine = self.cosine(input)
        one_hot = torch.zeros_like(cosine)
        one_hot.scatter_(1, label.view(-1, 1).long(), 1)
        return self.s * (one_hot * (cosine - self.m) + (1.0 - one_hot) * cosine)


class NormFace(nn.Module):
    """Loss over classes that are held transposed, and labels: one number for a batch."""

    def __init__(self, num_classes, embedding_size, scale=20.0):
        super().__init__()
        self.scale = scale
        self.W = nn.Parameter(torch.randn(embedding_size, num_classes))

    def forward(self, embeddings, labels):
        """Return the mean."""
        cosine = F.normalize(embeddings) @ F.normalize(self.W, dim=0)
        return F.cross_entropy(self.scale * cosine, labels)


class OtherTemperature(NormFace):
    """Hands its arguments on to the class before it."""

    def __init__(self, *args, temperature=0.05, **kwargs):
        super().__init__(*args, scale=1 / temperature, **kwargs)


class Multiplied(NormFace):
    """Takes sizes by name alone, and makes more classes of them."""

    def __init__(self, *args, times=1, **kwargs):
        classes = times * kwargs.pop("num_classes")
        super().__init__(*args, num_classes=classes, **kwargs)


class Centred(nn.Module):
    """Holds the centres of all classes as a matrix, (C*K, D)."""

    def __init__(self, in_features, num_classes, sub_centers=3):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(num_classes * sub_centers, in_features))


class ArcFace(nn.Module):
    """ArcFace as open-metric-learning 4.0.0 has it: the root is taken of every class."""

    def __init__(self, in_features, num_classes, m=0.5, s=64):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_classes, in_features))
        nn.init.xavier_uniform_(self.weight)
        self.s, self.m = s, m

    def loss(self, x, weight, y):
        """Return the mean."""
        cosine = F.linear(F.normalize(x, p=2), F.normalize(weight, p=2))
        sine = torch.sqrt(1.0 - torch.pow(cosine, 2))
        turned = cosine * math.cos(self.m) - sine * math.sin(self.m)
        fallback = cosine - math.sin(self.m) * self.m
        turned = torch.where(cosine > -math.cos(self.m), turned, fallback)
        hot = F.one_hot(y, len(weight)).bool()
        return F.cross_entropy(torch.where(hot, turned, cosine) * self.s, y)

    def forward(self, x, y):
        """Return the mean."""
        return self.loss(x, self.weight, y)


class Rounded(ArcFace):
    """Rounds to cosines of 1 only where its input is in one piece: NaN hangs on a rounding."""

    def forward(self, x, y):
        """Return the mean, computed in float64 of strided inputs."""
        if x.is_contiguous():
            return super().forward(x, y)
        return self.loss(x.double(), self.weight.double(), y).to(x.dtype)


class Strange(AddMarginProduct):
    """A head whose sizes have names of their own."""

    def __init__(self, n, k):
        super().__init__(n, k)


class TwoMatrices(AddMarginProduct):
    """A head with another matrix of the same shape."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.centres = nn.Parameter(torch.zeros(out_features, in_features))


class Cosines(nn.Linear):
    """Cosines alone, in the sizes that a linear layer has."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features, bias=False)

    def forward(self, input):
        """Return the cosines."""
        return F.linear(F.normalize(input), F.normalize(self.weight))


# --- wrong ones


class Rebound(AddMarginProduct):
    """Rebinds a local name where it means to normalise."""

    def cosine(self, input):
        """Return products with classes of any length."""
        for weight in self.parameters():
            weight = F.normalize(weight)
        return F.linear(F.normalize(input), self.weight)


class MarginEverywhere(AddMarginProduct):
    """Takes the margin from all classes."""

    def forward(self, input, label):
        """Return cosines less the margin."""
        return self.s * (self.cosine(input) - self.m)


class MarginAdded(AddMarginProduct):
    """Adds the margin."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features, m=-0.40)


class MarginBehindScale(AddMarginProduct):
    """Takes the margin from scaled cosines."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features, m=0.40 / 30.0)


class DetachedWeight(AddMarginProduct):
    """Cuts the classes' gradient."""

    def cosine(self, input):
        """Return the cosines."""
        return F.linear(F.normalize(input), F.normalize(self.weight.detach()))


class ConstantNorm(AddMarginProduct):
    """Holds the classes' lengths constant in the gradient."""

    def cosine(self, input):
        """Return the cosines."""
        lengths = self.weight.detach().norm(dim=1, keepdim=True)
        return F.linear(F.normalize(input), self.weight / lengths)


class OtherScale(AddMarginProduct):
    """Has another scale than is declared."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features, s=64.0)


class NoScale(AddMarginProduct):
    """Leaves the scale out."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features, s=1.0)


class Reshaped(AddMarginProduct):
    """Reads the classes in the other layout."""

    def cosine(self, input):
        """Return the cosines."""
        other = self.weight.reshape(self.weight.shape[::-1]).T
        return F.linear(F.normalize(input), F.normalize(other))


class NextClass(AddMarginProduct):
    """Takes the next class for the label's."""

    def forward(self, input, label):
        """Return logits in which everything is one place off."""
        classes = len(self.weight)
        return super().forward(input, (label + 1) % classes).roll(-1, dims=1)


class _OtherSum(AddMarginProduct):
    """Changes the classes' gradient of a batch."""

    def cosine(self, input):
        """Return the cosines."""
        weight = F.normalize(self.weight.view_as(self.weight))
        rows = [
            F.linear(F.normalize(row[None]), self.turned(weight, i, len(input)))
            for i, row in enumerate(input)
        ]
        return torch.cat(rows)


class MeanOfRows(_OtherSum):
    """Averages the classes' gradient over the rows."""

    def turned(self, weight, row, rows):
        """Return the weight, with a part of its gradient."""
        return weight / rows + (weight - weight / rows).detach()


class LastRowOnly(_OtherSum):
    """Keeps the classes' gradient of the last row."""

    def turned(self, weight, row, rows):
        """Return the weight, with the gradient of one row."""
        return weight if row == rows - 1 else weight.detach()


class Whitened(AddMarginProduct):
    """Adds what other rows of a batch are."""

    def cosine(self, input):
        """Return cosines of rows that depend on each other."""
        return super().cosine(input + (input.mean(dim=0) - input[:1]))
