"""Softmax cross-entropies with one slip each, in plain NumPy: the mistakes that people make."""

import numpy as np

from tests.crossval.targets.numpy_cross_entropy import CrossEntropy as Right


def log_softmax(z, axis=1):
    """Return the logarithm of the softmax along an axis, to full relative accuracy for axis 1."""
    if axis == 1:
        return Right().log_p(z)[0]
    below = z - z.max(axis=axis, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=axis, keepdims=True))


def one_hot(target, classes):
    """Return the classes as rows."""
    return (np.arange(classes) == target[:, None]).astype(float)


def own(log_p, target):
    """Return each row's entry."""
    return log_p[np.arange(len(target)), target]


class CrossEntropy:
    """The right loss, without options; each mutant below changes one thing."""

    def pieces(self, z, hot):
        """Return losses, and their derivatives by the row's logits."""
        pieces = Right()
        return pieces.rows(z, hot)

    def upstream(self, slopes, upstream):
        """Multiply by upstream."""
        return slopes * upstream[:, None]

    def both(self, logits, target):
        """Return what `pieces` does, in float64."""
        if logits.ndim != 2 or target.shape != logits.shape[:1]:
            raise ValueError("logits (N, C) and target (N,) are expected")
        if ((target < 0) | (target >= logits.shape[1])).any():
            raise ValueError("a class that does not exist")
        with np.errstate(all="ignore"):
            return self.pieces(np.asarray(logits, float), one_hot(target, logits.shape[1]))

    def __call__(self, logits, target):
        """Return the losses."""
        return self.both(logits, target)[0].astype(logits.dtype)

    def grad(self, logits, target, *, upstream, wrt):
        """Return the gradient by the logits."""
        slopes = self.both(logits, target)[1]
        found = self.upstream(slopes, np.asarray(upstream, float))
        return {"logits": found.astype(logits.dtype)}


class Tempered(CrossEntropy):
    """Logits over 1.7."""

    T = 1.7

    def pieces(self, z, hot):
        """Divide."""
        value, slopes = super().pieces(z / self.T, hot)
        return value, slopes / self.T


class Sharpened(Tempered):
    """Logits over 0.07."""

    T = 0.07


class Smoothed(CrossEntropy):
    """A smoothing that nobody declared."""

    def pieces(self, z, hot):
        """Take 0.15 away."""
        return super().pieces(z, 0.85 * hot + 0.15 / z.shape[1])


class Penalised(CrossEntropy):
    """A z-loss that nobody declared."""

    def pieces(self, z, hot):
        """Add 2e-4 of the squared log-sum-exp."""
        value, slopes = super().pieces(z, hot)
        log_p = log_softmax(z)
        top = z.max(axis=1)
        lse = top - log_p[np.arange(len(z)), z.argmax(axis=1)]
        return value + 2e-4 * lse**2, slopes + 4e-4 * lse[:, None] * np.exp(log_p)


class Focal(CrossEntropy):
    """A focal factor."""

    def pieces(self, z, hot):
        """Multiply by (1 - p)^2."""
        log_p = log_softmax(z)
        mine = (log_p * hot).sum(axis=1)
        p, rest = np.exp(mine), -np.expm1(mine)
        slope = 2 * rest * p * mine - rest**2
        return -(rest**2) * mine, slope[:, None] * (hot - np.exp(log_p))


class Margin(CrossEntropy):
    """A margin at the target's logit."""

    def pieces(self, z, hot):
        """Subtract 0.35."""
        return super().pieces(z - 0.35 * hot, hot)


class Negated(CrossEntropy):
    """The sign forgotten."""

    def pieces(self, z, hot):
        """Return the log-likelihood."""
        value, slopes = super().pieces(z, hot)
        return -value, -slopes


class Bits(CrossEntropy):
    """Logarithms to base 2."""

    base = 2

    def pieces(self, z, hot):
        """Divide by its logarithm."""
        value, slopes = super().pieces(z, hot)
        return value / np.log(self.base), slopes / np.log(self.base)


class Digits(Bits):
    """Logarithms to base 10."""

    base = 10


class OverClasses(CrossEntropy):
    """A mean over the classes, as of an array of one-hot products."""

    def pieces(self, z, hot):
        """Divide by C."""
        value, slopes = super().pieces(z, hot)
        return value / z.shape[1], slopes / z.shape[1]


class Spread(CrossEntropy):
    """The sum of the batch in every row."""

    def pieces(self, z, hot):
        """Add up, then repeat."""
        value, slopes = super().pieces(z, hot)
        return np.full(len(z), value.sum()), slopes

    def upstream(self, slopes, upstream):
        """Differentiate that."""
        return slopes * upstream.sum()


class OverTheBatch(CrossEntropy):
    """A softmax along dimension 0."""

    axis = 0

    def both(self, logits, target):
        """Keep what the gradient needs."""
        self.hot = one_hot(target, logits.shape[1])
        self.z = np.asarray(logits, float)
        return super().both(logits, target)

    def pieces(self, z, hot):
        """Normalise along the axis."""
        if not z.size:
            return super().pieces(z, hot)
        log_p = log_softmax(z, self.axis)
        return -np.where(hot == 0, 0, log_p).sum(axis=1), z

    def upstream(self, slopes, upstream):
        """Differentiate through the axis."""
        if not self.z.size:
            return slopes
        asked = self.hot * upstream[:, None]
        shared = asked.sum(axis=self.axis, keepdims=True)
        with np.errstate(all="ignore"):
            return np.exp(log_softmax(self.z, self.axis)) * shared - asked


class OverEverything(OverTheBatch):
    """A softmax over the whole batch."""

    axis = (0, 1)


class NoLogarithm(CrossEntropy):
    """Probabilities given to nll_loss."""

    def pieces(self, z, hot):
        """Negate p."""
        p = np.exp(log_softmax(z))
        mine = (p * hot).sum(axis=1, keepdims=True)
        return -mine[:, 0], -mine * (hot - p)


class NoSoftmax(CrossEntropy):
    """Logits given to nll_loss."""

    def pieces(self, z, hot):
        """Negate z."""
        return -np.where(hot == 0, 0, z).sum(axis=1), -hot


class ShiftedUp(CrossEntropy):
    """The next class."""

    def pieces(self, z, hot):
        """Read one further on."""
        return super().pieces(z, np.roll(hot, 1, axis=1))


class ShiftedAndClipped(CrossEntropy):
    """The class before, or the first."""

    def pieces(self, z, hot):
        """Read one less."""
        less = np.roll(hot, -1, axis=1)
        first = hot[:, 0] == 1
        return super().pieces(z, np.where(first[:, None], hot, less))


class Lifted(CrossEntropy):
    """A quarter added."""

    def pieces(self, z, hot):
        """Add."""
        value, slopes = super().pieces(z, hot)
        return value + 0.25, slopes


class Squared(CrossEntropy):
    """The loss squared."""

    def pieces(self, z, hot):
        """Square."""
        value, slopes = super().pieces(z, hot)
        return value**2, 2 * value[:, None] * slopes


class LogitOnly(CrossEntropy):
    """A gradient whose log-sum-exp is detached."""

    def upstream(self, slopes, upstream):
        """Keep what one class gets."""
        return -self.hot * upstream[:, None]

    def pieces(self, z, hot):
        """Keep the classes."""
        self.hot = hot
        return super().pieces(z, hot)


class SoftmaxOnly(LogitOnly):
    """A gradient whose logit is detached."""

    def upstream(self, slopes, upstream):
        """Forget to subtract."""
        return (slopes + self.hot) * upstream[:, None]


class Halved(CrossEntropy):
    """Half of the gradient."""

    def upstream(self, slopes, upstream):
        """Halve."""
        return super().upstream(slopes, upstream) / 2


class MeanGradient(CrossEntropy):
    """The gradient of a mean beside losses of rows."""

    def upstream(self, slopes, upstream):
        """Divide by N."""
        return super().upstream(slopes, upstream) / max(len(slopes), 1)


class Clipped(CrossEntropy):
    """A gradient cut at 1/2."""

    def upstream(self, slopes, upstream):
        """Cut."""
        return super().upstream(slopes, upstream).clip(-0.5, 0.5)


class Twofold(CrossEntropy):
    """Upstream multiplied in by forward's saved tensors and by backward."""

    def upstream(self, slopes, upstream):
        """Multiply twice."""
        return slopes * upstream[:, None] ** 2


class TemperedGradient(CrossEntropy):
    """A backward that divides by a temperature."""

    def pieces(self, z, hot):
        """Leave the value."""
        return super().pieces(z, hot)[0], super().pieces(z / 2, hot)[1] / 2


class Brier(CrossEntropy):
    """Another loss altogether."""

    def pieces(self, z, hot):
        """Square differences of probabilities."""
        p = np.exp(log_softmax(z))
        gap = p - hot
        return (gap**2).sum(axis=1), 2 * p * (gap - (gap * p).sum(axis=1, keepdims=True))
