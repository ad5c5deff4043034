"""Softmax focal losses with one slip each, in plain NumPy: the mistakes that people make."""

import numpy as np

from tests.crossval.targets.numpy_cross_entropy import CrossEntropy as Entropy


class Focal:
    """The right loss; each mutant below changes one thing."""

    gamma = 2.0
    alpha = 0.25
    sides = (0.75, 0.25)  # class 0, every other
    attached = 1.0

    def checked(self, logits, target, class_weight):
        """Return logits in float64, log p and 1 - p of the targets, and the classes' weights."""
        if logits.ndim != 2 or target.shape != logits.shape[:1]:
            raise ValueError("logits (N, C) and target (N,) are expected")
        if ((target < 0) | (target >= logits.shape[1])).any():
            raise ValueError("a class that does not exist")
        z = np.asarray(logits, float)
        weight = np.ones(z.shape[1]) if class_weight is None else np.asarray(class_weight, float)
        return z, weight

    def both(self, logits, target, class_weight):
        """Return losses and their derivatives by the logits."""
        with np.errstate(all="ignore"):
            z, weight = self.checked(logits, target, class_weight)
            log_p, hot = Entropy().log_p(z)[0], (np.arange(z.shape[1]) == target[:, None])
            cost = -log_p[np.arange(len(z)), target]
            first, others = self.sides
            factor = weight[target] * np.where(target == 0, first, others)
            value, pull = self.parts(cost, factor)
            slopes = np.where(hot, np.expm1(-cost)[:, None], np.exp(log_p))
            return value, pull[:, None] * slopes

    def parts(self, cost, factor):
        """Return the losses, and their derivatives by -log p."""
        gone = -np.expm1(-cost)
        steep = np.where(gone > 0, cost / np.where(gone > 0, gone, 1), 1)
        felt = self.attached * self.gamma * np.exp(-cost) * steep
        modulator = gone**self.gamma
        return factor * modulator * cost, factor * modulator * (1 + felt)

    def __call__(self, logits, target, class_weight=None):
        """Return the losses."""
        return self.both(logits, target, class_weight)[0].astype(logits.dtype)

    def grad(self, logits, target, class_weight=None, *, upstream, wrt):
        """Return the gradient by the logits."""
        slopes = self.both(logits, target, class_weight)[1]
        found = slopes * np.asarray(upstream, float)[:, None]
        return {"logits": found.astype(logits.dtype)}


class Detached(Focal):
    """The modulator held constant."""

    attached = 0.0


class Sharper(Focal):
    """Another power."""

    gamma = 2.25


class NoAlpha(Focal):
    """Alpha forgotten."""

    sides = (1.0, 1.0)


class Swapped(Focal):
    """Alpha on class 0."""

    sides = (0.25, 0.75)


class Everywhere(Focal):
    """Alpha on every class, as mmcv has it."""

    sides = (0.25, 0.25)


class OtherAlpha(Focal):
    """Another alpha."""

    sides = (0.65, 0.35)


class Inside(Focal):
    """The class weight inside the power, as LDAM-DRW has it."""

    def both(self, logits, target, class_weight):
        """Weigh the cost before its power is taken."""
        with np.errstate(all="ignore"):
            z, weight = self.checked(logits, target, class_weight)
            mine = weight[target]
            log_p, hot = Entropy().log_p(z)[0], (np.arange(z.shape[1]) == target[:, None])
            cost = -log_p[np.arange(len(z)), target]
            first, others = self.sides
            value, pull = self.parts(mine * cost, np.where(target == 0, first, others))
            slopes = np.where(hot, np.expm1(-cost)[:, None], np.exp(log_p))
            return value, (mine * pull)[:, None] * slopes


class Polynomial(Focal):
    """A term of Poly-1 beside it."""

    def parts(self, cost, factor):
        """Take half of the next power away."""
        value, pull = super().parts(cost, factor)
        gone, power = -np.expm1(-cost), self.gamma + 1
        steep = power * gone**self.gamma * np.exp(-cost)
        return value - 0.5 * factor * gone**power, pull - 0.5 * factor * steep


class Unbalanced(Focal):
    """No alpha: right where it is not asked for, its class weight outside the power."""

    sides = (1.0, 1.0)


class Unweighted(Focal):
    """Class weights that do nothing."""

    def both(self, logits, target, class_weight):
        """Leave them out."""
        return super().both(logits, target, None)


class Clamped(Focal):
    """p kept above 1e-7 in the logarithm, as mmcv keeps it above the smallest float32."""

    def parts(self, cost, factor):
        """Cap the logarithm alone."""
        value, pull = super().parts(cost, factor)
        most = -np.log(1e-7)
        return np.where(cost > most, value * most / cost, value), pull


class Raised(Focal):
    """An amount added to p before its logarithm."""

    def parts(self, cost, factor):
        """Return the losses, and their derivatives by -log p."""
        p, gone = np.exp(-cost), -np.expm1(-cost)
        felt = self.attached * self.gamma * p * gone ** (self.gamma - 1)
        log = -np.logaddexp(-cost, np.log(3e-6))
        slope = gone**self.gamma * p / (p + 3e-6) + felt * log
        return factor * gone**self.gamma * log, factor * slope
