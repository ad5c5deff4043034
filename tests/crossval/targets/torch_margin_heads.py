"""Heads with a margin of the angle, each in the way of one repository, and with one slip each.

Written from the formulas of the catalogue; names of arguments and attributes are those that people
paste.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


def cosines(x, weight):
    """Return the cosines of all angles."""
    return F.linear(F.normalize(x), F.normalize(weight))


def own(cosine, label):
    """Return the labels' cosines in a column."""
    return cosine.gather(1, label.view(-1, 1))


def replaced(cosine, label, logit):
    """Return a matrix with the labels' entries replaced."""
    return cosine.scatter(1, label.view(-1, 1), logit)


def sine(cosine):
    """Return the sines of angles whose cosines are kept away from 1."""
    return torch.sqrt((1.0 - cosine * cosine).clamp(1e-20, 1))


# --- modules of logits, which own their classes


class Head(nn.Module):
    """A matrix of classes, a scale and a margin."""

    def __init__(self, in_features, out_features, s=30.0, m=0.50):
        super().__init__()
        self.s, self.m = s, m
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, input, label):
        """Return scaled cosines, the labels' own behind the margin."""
        cosine = cosines(input, self.weight)
        return self.s * replaced(cosine, label, self.margin(own(cosine, label)))


class ArcMarginProduct(Head):
    """With a step down where the angle and the margin are beyond pi, or from the right angle on."""

    def __init__(self, in_features, out_features, s=30.0, m=0.50, easy_margin=False):
        super().__init__(in_features, out_features, s, m)
        self.easy_margin = easy_margin
        self.cos_m, self.sin_m = math.cos(m), math.sin(m)
        self.th, self.mm = math.cos(math.pi - m), math.sin(math.pi - m) * m

    def margin(self, cosine):
        """Return the cosine of the angle and the margin, or what stands in its place."""
        phi = cosine * self.cos_m - sine(cosine) * self.sin_m
        if self.easy_margin:
            return torch.where(cosine > 0, phi, cosine)
        return torch.where(cosine > self.th, phi, cosine - self.mm)


class ArcFace(Head):
    """Cosines changed in place where autograd does not look."""

    def __init__(self, in_features, out_features, s=64.0, margin=0.5):
        super().__init__(in_features, out_features, s, margin)

    def forward(self, input, label):
        """Return scaled cosines, the labels' own behind the margin."""
        logits = cosines(input, self.weight).clamp(-1, 1)
        index = torch.arange(len(label))
        target_logit = logits[index, label]
        with torch.no_grad():
            final = torch.cos(torch.arccos(target_logit) + self.m)
        hot = F.one_hot(label, logits.shape[1])
        return self.s * (logits + hot * (final - target_logit.detach())[:, None])


class AngleLinear(nn.Module):
    """Embeddings that keep their length; the margin multiplies the angle, and is annealed."""

    def __init__(self, in_features, out_features, m=4):
        super().__init__()
        self.base, self.gamma, self.lambda_min, self.iter = 1000.0, 0.12, 5.0, 0
        self.m = m
        self.weight = nn.Parameter(torch.randn(out_features, in_features))

    def forward(self, input, label):
        """Return products, the labels' own behind the margin."""
        self.iter += 1
        share = max(self.lambda_min, self.base / (1 + self.gamma * self.iter))
        cosine = cosines(input, self.weight).clamp(-1, 1)
        turns = (self.m * cosine.detach().acos() / math.pi).floor()
        multiple = 8 * cosine**4 - 8 * cosine**2 + 1
        psi = (1 - 2 * (turns % 2)) * multiple - 2 * turns
        blend = (share * own(cosine, label) + own(psi, label)) / (1 + share)
        return replaced(cosine, label, blend) * input.norm(dim=1, keepdim=True)


class LargeMargin(Head):
    """Classes that keep their lengths as well; twice the angle."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features, 1.0)

    def forward(self, input, label):
        """Return products, the labels' own behind the margin."""
        lengths = input.norm(dim=1, keepdim=True) * self.weight.norm(dim=1)
        cosine = (input @ self.weight.T) / lengths
        double = torch.where(cosine > 0, 2 * cosine**2 - 1, -2 * cosine**2 - 1)
        return replaced(cosine, label, own(double, label)) * lengths


class Mirrored(Head):
    """The logit goes on falling beyond pi, mirrored."""

    def margin(self, cosine):
        """Return the cosine of the angle and the margin, or what stands in its place."""
        logit = cosine * math.cos(self.m) - sine(cosine) * math.sin(self.m)
        return torch.where(cosine > -math.cos(self.m), logit, -2 - logit)


class Lesser(Head):
    """The smaller of the logit and the cosine."""

    def margin(self, cosine):
        """Return the smaller one."""
        logit = cosine * math.cos(self.m) - sine(cosine) * math.sin(self.m)
        return torch.minimum(logit, cosine)


class Clipped(Head):
    """Angles no larger than pi but for a rest, cosines of all classes away from 1."""

    def forward(self, input, label):
        """Return scaled cosines, the labels' own behind the margin."""
        cosine = cosines(input, self.weight).clamp(-1 + 1e-3, 1 - 1e-3)
        theta = (own(cosine, label).acos() + self.m).clamp(1e-3, math.pi - 1e-3)
        return self.s * replaced(cosine, label, theta.cos())


class Linear(nn.Linear):
    """Embeddings of one length before classes with biases."""

    def forward(self, input):
        """Return the logits."""
        return F.linear(16.0 * F.normalize(input), self.weight, self.bias)


# --- losses


class MarginLoss(nn.Module):
    """The mean over a batch, a margin in degrees, classes held transposed."""

    def __init__(self, num_classes, embedding_size, margin=28.6, scale=64):
        super().__init__()
        self.margin, self.scale = math.radians(margin), scale
        self.W = nn.Parameter(torch.randn(embedding_size, num_classes))

    def forward(self, embeddings, labels):
        """Return the mean."""
        cosine = F.normalize(embeddings) @ F.normalize(self.W, dim=0)
        angle = own(cosine, labels).clamp(-1 + 1e-12, 1 - 1e-12).acos()
        behind = torch.cos(angle + self.margin)
        beyond = own(cosine, labels) - self.margin * math.sin(self.margin)
        logit = torch.where(angle <= math.pi - self.margin, behind, beyond)
        return F.cross_entropy(self.scale * replaced(cosine, labels, logit), labels)


def of_sums(x, weight, target, reduction="none"):
    """Return CosFace of squares with an eps in the root."""
    x = x / (x.square().sum(1, keepdim=True) + 1e-6).sqrt()
    weight = weight / (weight.square().sum(1, keepdim=True) + 1e-6).sqrt()
    logits = x @ weight.T - 0.4 * F.one_hot(target, len(weight)).to(x.dtype)
    return F.cross_entropy(32.0 * logits, target, reduction=reduction)


def combined(x, weight, target):
    """Return the loss of both margins."""
    cosine = cosines(x, weight)
    logit = own(cosine, target) * math.cos(0.3) - sine(own(cosine, target)) * math.sin(0.3) - 0.2
    return F.cross_entropy(64.0 * replaced(cosine, target, logit), target, reduction="none")


# --- wrong ones


class Swapped(ArcMarginProduct):
    """Sine and cosine of the margin in each other's place."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.cos_m, self.sin_m = self.sin_m, self.cos_m


class StepUp(ArcMarginProduct):
    """Adds what is to be taken away beyond the border."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.mm = -self.mm


class LowBorder(ArcMarginProduct):
    """Compares with the margin's cosine, of the other sign."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.th = math.cos(self.m)


class NextClass(ArcMarginProduct):
    """Puts the margin on the class behind the label's."""

    def forward(self, input, label):
        """Return logits."""
        return super().forward(input, (label + 1) % len(self.weight))


class Halved(ArcMarginProduct):
    """Halves the gradient by the classes."""

    def forward(self, input, label):
        """Return logits of which the classes get half the gradient."""
        weight = (self.weight + self.weight.detach()) / 2
        cosine = cosines(input, weight)
        return self.s * replaced(cosine, label, self.margin(own(cosine, label)))


class Unprojected(ArcMarginProduct):
    """Holds the classes' lengths constant in the gradient."""

    def forward(self, input, label):
        """Return logits."""
        weight = self.weight / self.weight.detach().norm(dim=1, keepdim=True)
        cosine = F.linear(F.normalize(input), weight)
        return self.s * replaced(cosine, label, self.margin(own(cosine, label)))


class Jittered(ArcMarginProduct):
    """Draws another margin in every call."""

    def forward(self, input, label):
        """Return logits."""
        self.mm = float(torch.rand(()))
        self.cos_m = math.cos(self.mm)
        return super().forward(input, label)


class SubCentres(nn.Module):
    """ArcFace of the nearest of several centres of a class."""

    def __init__(self, in_features, num_classes, sub_centers=2, s=32.0, m=0.4):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(num_classes, sub_centers, in_features))
        self.s, self.m = s, m

    def pick(self, cosines):
        """Return one cosine a class of those with all its centres, (B, C, K)."""
        return cosines.max(dim=2).values

    def forward(self, x, y):
        """Return logits."""
        centres = F.normalize(self.weight, dim=2)
        cosine = self.pick(torch.einsum("bd,ckd->bck", F.normalize(x), centres))
        own = cosine.gather(1, y[:, None])[:, 0]
        angle = torch.acos(own) + self.m
        return self.s * cosine.scatter(1, y[:, None], torch.cos(angle)[:, None])


class MeanOfCentres(SubCentres):
    """Takes the mean over the centres."""

    def pick(self, cosines):
        """Return their mean."""
        return cosines.mean(dim=2)
