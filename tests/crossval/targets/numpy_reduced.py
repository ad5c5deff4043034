"""Losses that return one number for a batch, right and wrong, in plain NumPy."""

import numpy as np
import numpy_cross_entropy
import numpy_losses


class Reduced:
    """A loss of `numpy_cross_entropy` under one reduction, which is no argument."""

    def __init__(self, inner="CrossEntropy", reduction="mean", shape=()):
        self.inner = getattr(numpy_cross_entropy, inner)()
        self.reduction, self.shape = reduction, tuple(shape)

    def __call__(self, logits, target, **options):
        """Return one number."""
        return self.inner(logits, target, reduction=self.reduction, **options).reshape(self.shape)

    def grad(self, logits, target, *, upstream, wrt, **options):
        """Return its gradient."""
        assert np.shape(upstream) == self.shape
        felt = np.asarray(upstream).reshape(())
        return self.inner.grad(
            logits, target, upstream=felt, wrt=wrt, reduction=self.reduction, **options
        )


class OneTooMany(Reduced):
    """Divide by N + 1."""

    def __call__(self, logits, target, **options):
        """Spoil the mean."""
        n = len(logits)
        return super().__call__(logits, target, **options) * n / (n + 1)


class Unweighted(Reduced):
    """Take class weights and leave them alone."""

    def __call__(self, logits, target, class_weight=None, **options):
        """Drop them."""
        return super().__call__(logits, target, **options)

    def grad(self, logits, target, *, class_weight=None, **rest):
        """Drop them here too."""
        return super().grad(logits, target, **rest)


class Multiplied(Reduced):
    """Ignored rows are multiplied by 0."""

    def __call__(self, logits, target, ignore_index=-100, **options):
        """Let NaN through."""
        value = super().__call__(logits, target, ignore_index=ignore_index, **options)
        return value + (0 * logits[target == ignore_index]).sum()


class ByTheBatch(Reduced):
    """A mean whose rows feel each other: the largest logit of the batch is clipped."""

    def __call__(self, logits, target, **options):
        """Disturb batches only."""
        there = logits.copy()
        if len(there) > 1:
            there[0] = there[1]
        return super().__call__(there, target, **options)


class NeedsSeveral(Reduced):
    """No batch of one row."""

    def __call__(self, logits, target, **options):
        """Raise for it."""
        if len(logits) == 1:
            raise ValueError("statistics of one row")
        return super().__call__(logits, target, **options)


class Boxes:
    """The mean of a box loss."""

    def __init__(self, inner="Giou"):
        self.inner = getattr(numpy_losses, inner)()

    def __call__(self, pred, target):
        """Return the mean."""
        return np.asarray(self.inner(pred, target).mean(dtype=np.float64), pred.dtype)

    def grad(self, pred, target, *, upstream, wrt):
        """Return its gradient."""
        share = np.full(len(pred), np.float64(upstream) / max(len(pred), 1)).astype(pred.dtype)
        return self.inner.grad(pred, target, upstream=share, wrt=wrt)


class SumOfBoxes(Boxes):
    """The sum of a box loss."""

    def __call__(self, pred, target):
        """Undo the division."""
        return np.asarray(super().__call__(pred, target) * len(pred), pred.dtype)

    def grad(self, pred, target, *, upstream, wrt):
        """Undo it here too."""
        return super().grad(pred, target, upstream=upstream * len(pred), wrt=wrt)


class FifthOfTheSlope(Boxes):
    """The mean of a box loss with a fifth of its gradient, but where there is one box."""

    def grad(self, pred, target, *, upstream, wrt):
        """Divide by what no denominator is."""
        felt = upstream if len(pred) == 1 else upstream / 5
        return super().grad(pred, target, upstream=felt, wrt=wrt)
