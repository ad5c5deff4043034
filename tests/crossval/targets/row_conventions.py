"""Cross-entropies in plain NumPy, each with a convention of its own: targets to be identified."""

import numpy as np

import refloss


def softmax(logits):
    """Return probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def log_softmax(logits):
    """Return their logarithms."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def rows(logits, target):
    """One loss a row."""
    return -log_softmax(logits)[np.arange(len(target)), target]


def smoothed(logits, target, eps=0.1):
    """Spread eps over all K classes."""
    return (1 - eps) * rows(logits, target) - eps * log_softmax(logits).mean(axis=1)


def smoothed_over_others(logits, target, eps=0.1):
    """Spread eps over the K - 1 other classes."""
    others = -log_softmax(logits).sum(axis=1) - rows(logits, target)
    return (1 - eps) * rows(logits, target) + eps / (logits.shape[1] - 1) * others


def z_loss(logits, target):
    """Add a multiple of the squared log-sum-exp that no preset has."""
    lse = rows(logits, target) + logits[np.arange(len(target)), target]
    return rows(logits, target) + 3e-4 * lse**2


def smoothed_z_loss(logits, target):
    """Do both."""
    return smoothed(logits, target, 0.05) + z_loss(logits, target) - rows(logits, target)


def clamped(logits, target):
    """Keep probabilities above 1e-7."""
    return -np.log(np.maximum(softmax(logits)[np.arange(len(target)), target], 1e-7))


def tempered(logits, target):
    """Divide logits by a temperature."""
    return rows(logits / 0.07, target)


def last_class_missed(logits, target):
    """Leave the last class out of the sum."""
    kept = logits[:, :-1]
    top = kept.max(axis=1)
    lse = top + np.log(np.exp(kept - top[:, None]).sum(axis=1))
    return lse - logits[np.arange(len(target)), target]


def soft(logits, target):
    """Take probabilities."""
    return -(target * log_softmax(logits)).sum(axis=1)


def reduced(logits, target, class_weight, ignore_index, denominator):
    """Divide the weighted sum over the rows that are not ignored by one of several."""
    kept = target != ignore_index
    labels = np.where(kept, target, 0)
    weight = np.ones(logits.shape[1]) if class_weight is None else class_weight
    each = np.where(kept, weight[labels] * rows(logits, labels), 0.0)
    by = {"items": len(target), "kept": kept.sum(), "weights": (weight[labels] * kept).sum()}
    with np.errstate(invalid="ignore"):
        return each.sum() / by[denominator]


def by_items(logits, target, class_weight=None, ignore_index=-100):
    """Divide by N."""
    return reduced(logits, target, class_weight, ignore_index, "items")


def by_kept(logits, target, class_weight=None, ignore_index=-100):
    """Divide by the rows kept; over nothing 0."""
    if not np.any(target != ignore_index):
        return np.float64(0.0)
    return reduced(logits, target, class_weight, ignore_index, "kept")


def by_weights(logits, target, class_weight=None, ignore_index=-100):
    """Divide by the sum of weights."""
    return reduced(logits, target, class_weight, ignore_index, "weights")


def weighted_mean(logits, target, class_weight=None):
    """Divide weighted rows by their number; which rows are kept cannot be asked."""
    return reduced(logits, target, class_weight, -100, "items")


def plain_mean(logits, target):
    """Take neither weights nor ignored rows."""
    return rows(logits, target).mean()


def deaf(logits, target, class_weight=None):
    """Take weights and leave them."""
    return rows(logits, target)


def squared(logits, target):
    """Be no cross-entropy at all."""
    return ((softmax(logits) - np.eye(logits.shape[1])[target]) ** 2).sum(axis=1)


class CrossEntropy:
    """The right rows; each mutant below changes one thing."""

    def __call__(self, logits, target):
        """Return the value."""
        return rows(logits, target)

    def grad(self, logits, target, *, upstream, wrt):
        """Return the gradient."""
        return refloss.cross_entropy.grad(logits, target, upstream=upstream, wrt=wrt)


class UpstreamIgnored(CrossEntropy):
    """The gradient of the plain sum."""

    def grad(self, logits, target, *, upstream, wrt):
        """Replace upstream by ones."""
        return super().grad(logits, target, upstream=np.ones_like(upstream), wrt=wrt)


class FirstUpstream(CrossEntropy):
    """Row 0's upstream for all rows."""

    def grad(self, logits, target, *, upstream, wrt):
        """Broadcast the first entry."""
        return super().grad(logits, target, upstream=np.full_like(upstream, upstream[0]), wrt=wrt)


class SmoothedGradient(CrossEntropy):
    """The gradient of label smoothing beside a value without it."""

    def grad(self, logits, target, *, upstream, wrt):
        """Smooth over the others."""
        return refloss.cross_entropy.grad(
            logits, target, upstream=upstream, wrt=wrt, label_smoothing=0.1, smoothing="others"
        )


class Overwritten(CrossEntropy):
    """Logits that are shifted in place."""

    def __call__(self, logits, target):
        """Subtract the largest."""
        logits -= logits.max(axis=1, keepdims=True)
        return rows(logits, target)
