"""Softmax cross-entropy in plain NumPy, right and subtly wrong: quick targets without PyTorch.

Each mutant changes one thing of `CrossEntropy`, which computes in float64 and rounds once.
"""

import numpy as np


class CrossEntropy:
    """The right loss, with all its options."""

    def __call__(self, logits, target, **options):
        """Return losses, or their mean or sum."""
        return self.pieces(logits, target, **options)[0].astype(logits.dtype)

    def grad(self, logits, target, *, upstream, wrt, **options):
        """Return the gradient by the logits."""
        _, slopes, share = self.pieces(logits, target, **options)
        felt = self.upstream(np.asarray(upstream, np.float64)) * share
        found = slopes * np.broadcast_to(felt, len(slopes))[:, None]
        return {"logits": found.astype(logits.dtype)}

    def pieces(
        self,
        logits,
        target,
        label_smoothing=0.0,
        class_weight=None,
        ignore_index=-100,
        reduction="none",
    ):
        """Return the result, the derivative of every row's loss, and each row's share."""
        self.check(logits, target, ignore_index)
        target = self.read(target, logits.shape[1])
        kept = target != ignore_index
        z = np.where(kept[:, None], np.asarray(logits, np.float64), 0.0)
        label = np.where(kept, target, 0)
        classes = z.shape[1]
        weights = np.ones(classes)
        if class_weight is not None:
            weights = np.asarray(class_weight, np.float64)
        asked = self.asked(label, classes, float(label_smoothing), weights)
        losses, slopes = self.rows(z, asked)
        losses, slopes = self.masked(losses, slopes, kept, asked, z)
        if reduction == "none":
            return losses, slopes, np.ones(len(losses))
        divisor = self.divisor(kept, weights[label], classes) if reduction == "mean" else 1.0
        total = np.asarray(losses.sum())
        with np.errstate(all="ignore"):
            return total / divisor, np.where(kept[:, None], slopes, 0.0), 1 / np.asarray(divisor)

    def check(self, logits, target, ignore_index):
        """Refuse what does not fit."""
        if logits.ndim != 2 or target.shape != logits.shape[:1]:
            raise ValueError("logits (N, C) and target (N,) are expected")
        strange = (target != ignore_index) & ((target < 0) | (target >= logits.shape[1]))
        if strange.any():
            raise ValueError("a class that does not exist")

    def read(self, target, classes):
        """Return the classes as they are meant."""
        return target

    def asked(self, label, classes, eps, weights):
        """Return the weighted probability asked of every class."""
        hard = (np.arange(classes) == label[:, None]).astype(float)
        return weights * ((1 - eps) * hard + eps / classes)

    def log_p(self, z):
        """Return the logarithm of the softmax, and its derivative by that of the softmax."""
        if not z.size:
            return z, np.ones_like(z)
        largest = z.max(axis=1, keepdims=True)
        below = z - largest
        masses = np.exp(below)
        masses[np.arange(len(z)), z.argmax(axis=1)] = 0.0
        return below - np.log1p(masses.sum(axis=1, keepdims=True)), np.ones_like(z)

    def rows(self, z, asked):
        """Return loss and derivative of every row."""
        log_p, share = self.log_p(z)
        p = np.exp(CrossEntropy.log_p(self, z)[0])
        felt = asked * share
        with np.errstate(invalid="ignore"):
            terms = np.where(asked == 0, 0.0, asked * log_p)
        others = felt.sum(axis=1, keepdims=True) - felt
        less = np.expm1(CrossEntropy.log_p(self, z)[0])
        return -terms.sum(axis=1), felt * less + p * others

    def masked(self, losses, slopes, kept, asked, z):
        """Take ignored rows out."""
        return np.where(kept, losses, 0.0), np.where(kept[:, None], slopes, 0.0)

    def divisor(self, kept, weights, classes):
        """Return what a mean divides by."""
        return (kept * weights).sum()

    def upstream(self, upstream):
        """Return the upstream gradient as it is used."""
        return upstream


class Items(CrossEntropy):
    """A mean over all rows."""

    def divisor(self, kept, weights, classes):
        """Count."""
        return float(len(kept))


class Kept(CrossEntropy):
    """A mean over the rows that are kept."""

    def divisor(self, kept, weights, classes):
        """Count those."""
        return float(kept.sum())


class Total(CrossEntropy):
    """The sum for a mean."""

    def divisor(self, kept, weights, classes):
        """Divide by nothing."""
        return 1.0


class PerNumber(CrossEntropy):
    """A mean over all numbers of the batch."""

    def divisor(self, kept, weights, classes):
        """Count logits."""
        return float(len(kept) * classes)


class AllWeights(CrossEntropy):
    """The sum of all class weights as the denominator."""

    def divisor(self, kept, weights, classes):
        """Forget which classes occur."""
        return 8.0 if len(np.unique(weights)) > 1 else float(kept.sum())


class PlainMean(CrossEntropy):
    """A mean that class weights do not reach."""

    def pieces(self, logits, target, reduction="none", class_weight=None, **options):
        """Drop them where rows are averaged."""
        weights = None if reduction == "mean" else class_weight
        return super().pieces(logits, target, reduction=reduction, class_weight=weights, **options)


class HalfPlainMean(CrossEntropy):
    """A mean whose denominator alone knows the class weights."""

    def pieces(self, logits, target, reduction="none", **options):
        """Average the plain losses over the sum of weights."""
        if reduction != "mean":
            return super().pieces(logits, target, reduction=reduction, **options)
        _, _, share = super().pieces(logits, target, reduction="mean", **options)
        options.pop("class_weight", None)
        total, slopes, _ = super().pieces(logits, target, reduction="sum", **options)
        return total * share, slopes, share


class PlainSlope(CrossEntropy):
    """A mean that class weights reach, with a gradient that they do not."""

    def grad(self, logits, target, reduction="none", class_weight=None, **rest):
        """Drop them where rows are averaged."""
        weights = None if reduction == "mean" else class_weight
        return super().grad(logits, target, reduction=reduction, class_weight=weights, **rest)


class EmptyIsZero(CrossEntropy):
    """0 where nothing is left to average."""

    def divisor(self, kept, weights, classes):
        """Keep away from 0."""
        return super().divisor(kept, weights, classes) or 1.0


class ValueOnlyMean(CrossEntropy):
    """The denominator is forgotten in the gradient."""

    def pieces(self, logits, target, **options):
        """Return a share of 1."""
        value, slopes, _ = super().pieces(logits, target, **options)
        return value, slopes, np.ones(())


class KeptShape(CrossEntropy):
    """A mean of shape (1,)."""

    def __call__(self, logits, target, reduction="none", **options):
        """Keep a dimension."""
        found = super().__call__(logits, target, reduction=reduction, **options)
        return found if reduction == "none" else found[None]


class Unreduced(CrossEntropy):
    """A reduction that is not known."""

    def __call__(self, logits, target, reduction="none", **options):
        """Know none and mean only."""
        if reduction == "sum":
            raise NotImplementedError("no sum yet")
        return super().__call__(logits, target, reduction=reduction, **options)


class ScalarUpstreamIgnored(CrossEntropy):
    """The upstream of a reduced loss is taken to be 1."""

    def upstream(self, upstream):
        """Replace a single number."""
        return np.ones(()) if upstream.ndim == 0 else upstream


class Others(CrossEntropy):
    """Smoothing over the K - 1 other classes."""

    def asked(self, label, classes, eps, weights):
        """Leave the target's own share out."""
        hard = (np.arange(classes) == label[:, None]).astype(float)
        return weights * ((1 - eps) * hard + eps / (classes - 1) * (1 - hard))


class RowWeight(CrossEntropy):
    """The target's weight scales all terms of its row."""

    def asked(self, label, classes, eps, weights):
        """Weigh rows, not classes."""
        return weights[label][:, None] * super().asked(label, classes, eps, np.ones(classes))


class HardWeight(CrossEntropy):
    """Class weights act on the target's term only."""

    def asked(self, label, classes, eps, weights):
        """Leave the smoothing term unweighted."""
        hard = (np.arange(classes) == label[:, None]).astype(float)
        return (1 - eps) * weights * hard + eps / classes


class NoWeight(CrossEntropy):
    """Class weights are taken and forgotten."""

    def asked(self, label, classes, eps, weights):
        """Forget them."""
        return super().asked(label, classes, eps, np.ones(classes))


class LastMissed(CrossEntropy):
    """The loop over classes ends one too early."""

    missed = -1

    def log_p(self, z):
        """Leave a class out of the sum."""
        if not z.size:
            return super().log_p(z)
        there = z.copy()
        there[:, self.missed] = -np.inf
        largest = there.max(axis=1, keepdims=True)
        return z - largest - np.log(np.exp(there - largest).sum(axis=1, keepdims=True)), z * 0 + 1

    def rows(self, z, asked):
        """Differentiate what is computed."""
        log_p, _ = self.log_p(z)
        p = np.exp(log_p)
        if z.size:
            p[:, self.missed] = 0.0
        with np.errstate(invalid="ignore"):
            terms = np.where(asked == 0, 0.0, asked * log_p)
        return -terms.sum(axis=1), p * asked.sum(axis=1, keepdims=True) - asked


class FirstMissed(LastMissed):
    """The loop over classes begins one too late."""

    missed = 0


class Shifted(CrossEntropy):
    """Labels are taken to begin at 1."""

    def read(self, target, classes):
        """Subtract 1."""
        return np.where(target < 0, target, (target - 1) % classes)


class Twice(CrossEntropy):
    """The softmax of a softmax."""

    def rows(self, z, asked):
        """Give probabilities for logits."""
        p = np.exp(super().log_p(z)[0])
        losses, slopes = super().rows(p, asked)
        return losses, p * (slopes - (slopes * p).sum(axis=1, keepdims=True))


class Clamped(CrossEntropy):
    """Probabilities stay 1e-7 away from 0 and 1."""

    def log_p(self, z):
        """Clamp."""
        right, _ = super().log_p(z)
        p = np.exp(right)
        inside = (p >= 1e-7) & (p <= 1 - 1e-7)
        return np.where(inside, right, np.log(np.clip(p, 1e-7, 1 - 1e-7))), inside.astype(float)


class Plus(CrossEntropy):
    """1e-8 is added to probabilities."""

    def log_p(self, z):
        """Add."""
        p = np.exp(super().log_p(z)[0])
        return np.log(p + 1e-8), p / (p + 1e-8)


class Naive(CrossEntropy):
    """Exponentials of the logits as they are."""

    def rows(self, z, asked):
        """Overflow."""
        with np.errstate(all="ignore"):
            masses = np.exp(z)
            p = masses / masses.sum(axis=1, keepdims=True)
            terms = np.where(asked == 0, 0.0, asked * np.log(p))
            return -terms.sum(axis=1), p * asked.sum(axis=1, keepdims=True) - asked


class LogOfSoftmax(CrossEntropy):
    """The logarithm of a softmax that underflows."""

    def log_p(self, z):
        """Round p to 0 first."""
        right, ones = super().log_p(z)
        with np.errstate(divide="ignore"):
            return np.log(np.exp(right)), ones


class Masked(CrossEntropy):
    """All log-probabilities times a mask, so that 0 meets -inf."""

    def rows(self, z, asked):
        """Multiply."""
        slopes = super().rows(z, asked)[1]
        with np.errstate(invalid="ignore"):
            return -(asked * self.log_p(z)[0]).sum(axis=1), slopes


class Narrow(CrossEntropy):
    """Float32 inside, whatever comes in."""

    def rows(self, z, asked):
        """Narrow on the way in and out."""
        losses, slopes = super().rows(z.astype(np.float32).astype(float), asked)
        return losses.astype(np.float32).astype(float), slopes.astype(np.float32).astype(float)


class UpstreamIgnored(CrossEntropy):
    """The gradient of the plain sum."""

    def upstream(self, upstream):
        """Ignore it."""
        return np.ones_like(upstream)


class FirstUpstream(CrossEntropy):
    """Row 0's upstream for all rows."""

    def upstream(self, upstream):
        """Broadcast the first."""
        return np.full_like(upstream, upstream.flat[0]) if upstream.size else upstream


class Mutating(CrossEntropy):
    """The largest logit is subtracted in place."""

    def __call__(self, logits, target, **options):
        """Change what the caller holds."""
        value = super().__call__(logits, target, **options)
        if logits.size:
            logits -= logits.max(axis=1, keepdims=True)
        return value


class Stale(CrossEntropy):
    """Results are kept by shape."""

    def __init__(self):
        self.kept = {}

    def __call__(self, logits, target, **options):
        """Answer with what was computed before."""
        return self.kept.setdefault(logits.shape, super().__call__(logits, target, **options))


class ByEight(CrossEntropy):
    """A mean that divides by a number of its own."""

    def divisor(self, kept, weights, classes):
        """Divide by 8, whatever the batch is."""
        return 8.0


class Demanding(CrossEntropy):
    """No default for the class weights."""

    def __call__(self, logits, target, class_weight):
        """Index them."""
        class_weight[target]
        return super().__call__(logits, target, class_weight=class_weight)

    def grad(self, logits, target, class_weight, *, upstream, wrt):
        """Index them here too."""
        class_weight[target]
        return super().grad(logits, target, upstream=upstream, wrt=wrt, class_weight=class_weight)


class Owning(CrossEntropy):
    """Class weights are its own."""

    def __init__(self):
        self.weights = np.full(6, 0.5)

    def __call__(self, logits, target):
        """Compute with them."""
        return super().__call__(logits, target, class_weight=self.weights.copy())

    def grad(self, logits, target, *, upstream, wrt):
        """Compute with them here too."""
        weights = self.weights.copy()
        return super().grad(logits, target, upstream=upstream, wrt=wrt, class_weight=weights)


class StaleByClass(CrossEntropy):
    """Losses are kept by the classes alone."""

    def __init__(self):
        self.kept = {}

    def __call__(self, logits, target, **options):
        """Answer with what was computed before for these classes."""
        found = super().__call__(logits, target, **options)
        return self.kept.setdefault((target.tobytes(), repr(options)), found)


class StaleByLogits(CrossEntropy):
    """Gradients are kept by the logits alone."""

    def __init__(self):
        self.kept = {}

    def grad(self, logits, target, *, upstream, wrt, **options):
        """Answer with what was computed before for these logits."""
        found = super().grad(logits, target, upstream=upstream, wrt=wrt, **options)
        key = (logits.tobytes(), upstream.tobytes(), repr(options))
        return self.kept.setdefault(key, found)


class FirstClass(CrossEntropy):
    """The target is not looked at."""

    def read(self, target, classes):
        """Take class 0 for every row that is not ignored."""
        return np.where(target < 0, target, 0)


class Wrapping(CrossEntropy):
    """Classes wrap around."""

    def check(self, logits, target, ignore_index):
        """Check the shapes only."""
        strange = (target < 0) | (target >= logits.shape[1])
        super().check(logits, np.where(strange, 0, target), ignore_index)

    def read(self, target, classes):
        """Take the remainder."""
        return np.where(target == -100, target, target % classes)


class SmoothingLeaks(CrossEntropy):
    """Ignored rows keep their smoothing term."""

    def pieces(self, logits, target, label_smoothing=0.0, ignore_index=-100, **options):
        """Add the uniform part of ignored rows again."""
        own = {"label_smoothing": label_smoothing, "ignore_index": ignore_index, **options}
        value, slopes, share = super().pieces(logits, target, **own)
        ignored = target == ignore_index
        if value.ndim == 0 or not ignored.any():
            return value, slopes, share
        z = np.asarray(logits, np.float64)
        even = np.full(z.shape, label_smoothing / z.shape[1]) * ignored[:, None]
        losses, more = self.rows(z, even)
        with np.errstate(invalid="ignore"):
            return (
                np.where(ignored & (label_smoothing > 0), losses, value),
                np.where(ignored[:, None] & (label_smoothing > 0), more, slopes),
                share,
            )


class Multiplied(CrossEntropy):
    """Ignored rows are multiplied by 0."""

    def pieces(self, logits, target, ignore_index=-100, **options):
        """Let NaN through."""
        value, slopes, share = super().pieces(logits, target, ignore_index=ignore_index, **options)
        if value.ndim == 0:
            return value, slopes, share
        ignored = target == ignore_index
        zero = 0.0 * np.asarray(logits, np.float64)
        return (
            np.where(ignored, zero.sum(axis=1), value),
            np.where(ignored[:, None], zero, slopes),
            share,
        )


class NotIgnored(CrossEntropy):
    """Only -100 is ever ignored."""

    def pieces(self, logits, target, ignore_index=-100, **options):
        """Drop the argument."""
        return super().pieces(logits, target, **options)


class SmoothingIgnored(CrossEntropy):
    """Label smoothing is taken and forgotten."""

    def asked(self, label, classes, eps, weights):
        """Forget it."""
        return super().asked(label, classes, 0.0, weights)


class Plain:
    """The right loss with no option at all."""

    def __call__(self, logits, target):
        """Return the losses."""
        return CrossEntropy()(logits, target)

    def grad(self, logits, target, *, upstream, wrt):
        """Return the gradient."""
        return CrossEntropy().grad(logits, target, upstream=upstream, wrt=wrt)


class LessOne(Plain):
    """The softmax in the format of the logits, less 1 at the target's class."""

    def grad(self, logits, target, *, upstream, wrt):
        """Subtract 1 from a rounded probability."""
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(p)), target] -= 1
        return {"logits": p * np.broadcast_to(upstream, len(p))[:, None].astype(p.dtype)}


class TwiceOff(LessOne):
    """The same with another error beside it, which is no cancellation."""

    def grad(self, logits, target, *, upstream, wrt):
        """Return a gradient that is off by 2^-10 of itself."""
        found = super().grad(logits, target, upstream=upstream, wrt=wrt)["logits"]
        return {"logits": (found * (1 + 2.0**-10)).astype(found.dtype)}


class Soft:
    """The right loss of probabilities, with class weights and reductions."""

    def __call__(self, logits, target, class_weight=None, reduction="none"):
        """Return losses, or their mean or sum."""
        if logits.ndim != 2 or target.shape != logits.shape:
            raise ValueError("logits and target of shape (N, C) are expected")
        losses = -(self.asked(target, class_weight) * self.log_p(logits)).sum(axis=1)
        if reduction != "none":
            with np.errstate(invalid="ignore"):
                losses = losses.sum() / self.divisor(losses, reduction)
        return np.asarray(losses).astype(logits.dtype)

    def grad(self, logits, target, *, upstream, wrt, class_weight=None, reduction="none"):
        """Return the gradients by logits and by probabilities."""
        log_p, asked = self.log_p(logits), self.asked(target, class_weight)
        others = asked.sum(axis=1, keepdims=True) - asked
        one = np.ones(log_p.shape[1])
        slopes = {
            "logits": asked * np.expm1(log_p) + np.exp(log_p) * others,
            "target": -self.asked(one, class_weight) * log_p,
        }
        felt = np.asarray(upstream, float)
        if reduction != "none":
            with np.errstate(divide="ignore"):
                felt = np.full(len(log_p), felt / self.divisor(log_p, reduction))
        return {name: (slopes[name] * felt[:, None]).astype(logits.dtype) for name in wrt}

    def log_p(self, logits):
        """Return the logarithm of the softmax."""
        return CrossEntropy().log_p(np.asarray(logits, float))[0]

    def asked(self, target, weights):
        """Return the weighted probabilities."""
        found = np.asarray(target, float)
        return found if weights is None else found * np.asarray(weights, float)

    def divisor(self, losses, reduction):
        """Return what the sum is divided by."""
        return np.float64(len(losses)) if reduction == "mean" else np.float64(1.0)


class SoftAssumed(Soft):
    """The gradient assumes that probabilities add up to 1, class weights or not."""

    def grad(self, logits, target, *, upstream, wrt, class_weight=None, reduction="none"):
        """Return p - q by the logits."""
        options = {"class_weight": class_weight, "reduction": reduction}
        found = super().grad(logits, target, upstream=upstream, wrt=wrt, **options)
        if reduction == "none":
            plain = np.exp(self.log_p(logits)) - self.asked(target, class_weight)
            found["logits"] = (plain * np.asarray(upstream, float)[:, None]).astype(logits.dtype)
        return found


class SoftSwapped(Soft):
    """Logits and probabilities change places in the gradients."""

    def grad(self, logits, target, **rest):
        """Exchange them."""
        found = super().grad(logits, target, **rest)
        return {"logits": found["target"], "target": found["logits"]}
