"""GIoU in plain NumPy, value and gradients in the forms that the NumPy adapter takes."""

import numpy as np

import refloss

PRESET = {"preset": "fvcore"}


def value(pred, target, eps=1e-7):
    """Return the losses alone."""
    return refloss.giou(pred, target, eps=eps, **PRESET)


def rows(pred, target, eps=1e-7):
    """Return the losses and each one's own gradients, by name."""
    return refloss.giou.value_and_grad(pred, target, eps=eps, **PRESET)


def ordered(pred, target, eps=1e-7):
    """Return gradients in the order of the inputs."""
    losses, slopes = rows(pred, target, eps)
    return losses, (slopes["pred"], slopes["target"])


def partial(pred, target, eps=1e-7):
    """Return no gradient by the target."""
    losses, slopes = rows(pred, target, eps)
    return losses, (slopes["pred"], None)


def mean(pred, target, eps=1e-7):
    """Return the mean and its gradients."""
    options = {"eps": eps, "reduction": "mean", **PRESET}
    return refloss.giou.value_and_grad(pred, target, **options)


def upstream(pred, target, upstream, eps=1e-7):
    """Return gradients of the sum of losses times upstream."""
    found = refloss.giou.grad(pred, target, upstream=upstream, eps=eps, **PRESET)
    return value(pred, target, eps), found


def upstream_ignored(pred, target, upstream=None, eps=1e-7):
    """Take upstream and leave it."""
    return rows(pred, target, eps)


def one_too_few(pred, target):
    """Return one gradient for two inputs."""
    losses, slopes = rows(pred, target)
    return losses, (slopes["pred"],)


def summed(pred, target):
    """Return gradients summed over the rows."""
    losses, slopes = rows(pred, target)
    return losses, {name: slope.sum(0) for name, slope in slopes.items()}


def doubled(pred, target):
    """Double one gradient."""
    losses, slopes = rows(pred, target)
    return losses, {**slopes, "target": np.multiply(slopes["target"], 2, dtype=pred.dtype)}
