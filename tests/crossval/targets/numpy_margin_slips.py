"""Multi-class margin losses with one slip each, in plain NumPy: the mistakes that people make."""

import numpy as np


class Hinges:
    """Weston and Watkins' sum over the other classes, divided by what a subclass says."""

    margin = 1.0
    power = 1
    own = False

    def parts(self, classes):
        """Return what the sum is divided by."""
        return 1

    def both(self, logits, target, class_weight=None):
        """Return losses and their derivatives, in float64."""
        if logits.ndim != 2 or target.shape != logits.shape[:1]:
            raise ValueError("logits (N, C) and target (N,) are expected")
        if ((target < 0) | (target >= logits.shape[1])).any():
            raise ValueError("a class that does not exist")
        z = np.asarray(logits, float)
        here = np.arange(len(z)), target
        missed = np.maximum((z - z[here][:, None]) + self.margin, 0)
        if not self.own:
            missed[here] = 0
        slopes = self.power * missed ** (self.power - 1) * (missed > 0)
        slopes[here] = 0
        slopes[here] = -slopes.sum(1)
        factor = (
            np.ones(len(z)) if class_weight is None else np.asarray(class_weight, float)[target]
        )
        factor = self.weighted(factor) / self.parts(z.shape[1])
        return factor * (missed**self.power).sum(1), factor[:, None] * slopes

    def weighted(self, factor):
        """Return what the loss is multiplied by."""
        return factor

    def __call__(self, logits, target, *, class_weight=None):
        """Return the losses."""
        return self.both(logits, target, class_weight)[0].astype(logits.dtype)

    def grad(self, logits, target, *, class_weight=None, upstream, wrt):
        """Return the gradient by the logits."""
        slopes = self.both(logits, target, class_weight)[1] * np.asarray(upstream, float)[:, None]
        return {"logits": slopes.astype(logits.dtype)}


class OverClasses(Hinges):
    """Divided by K, as torch divides."""

    def parts(self, classes):
        """Return K."""
        return classes


class OverOthers(Hinges):
    """Divided by the number of terms."""

    def parts(self, classes):
        """Return K - 1."""
        return classes - 1


class Squared(Hinges):
    """Of the power 2."""

    power = 2


class OwnTerm(Hinges):
    """With the target's own term in the sum, which is the margin."""

    own = True


class Halved(Hinges):
    """With half the margin."""

    margin = 0.5


class Narrow(Hinges):
    """With another margin."""

    margin = 0.35


class WeightInside(Squared):
    """With the weight inside the power."""

    def weighted(self, factor):
        """Return the square."""
        return factor**2


def crammer_singer(logits, target):
    """Return the hinge of the largest other score."""
    here = np.arange(len(logits)), target
    others = np.asarray(logits, float).copy()
    own = others[here].copy()
    others[here] = -np.inf
    return np.maximum((others.max(1) - own) + 1, 0).astype(logits.dtype)


def with_a_zero(logits, target):
    """Return keras' form: the target's place in the maximum holds a 0."""
    here = np.arange(len(logits)), target
    others = np.asarray(logits, float).copy()
    own = others[here].copy()
    others[here] = 0
    return np.maximum((others.max(1) - own) + 1, 0).astype(logits.dtype)


def unhinged(logits, target):
    """Return a margin that may be negative."""
    here = np.arange(len(logits)), target
    others = np.asarray(logits, float).copy()
    own = others[here].copy()
    others[here] = -np.inf
    return ((others.max(1) - own) + 1).astype(logits.dtype)
