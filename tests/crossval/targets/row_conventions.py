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


def demanding(logits, target, class_weight):
    """Take no call without weights."""
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


def before(logits, target):
    """Read the class before."""
    return rows(logits, (target - 1) % logits.shape[1])


def before_or_first(logits, target):
    """Read the class before, or the first."""
    return rows(logits, np.clip(np.asarray(target) - 1, 0, None).astype(int))


def after(logits, target):
    """Read the class after."""
    return rows(logits, (target + 1) % logits.shape[1])


def twice(logits, target):
    """Take the softmax of a softmax."""
    return rows(softmax(logits), target)


def over_classes(logits, target):
    """Average over the classes."""
    return rows(logits, target) / logits.shape[1]


def over_the_batch(logits, target):
    """Normalise the columns."""
    return -log_softmax(logits.T).T[np.arange(len(target)), target]


def probability(logits, target):
    """Forget the logarithm."""
    return -softmax(logits)[np.arange(len(target)), target]


def logit(logits, target):
    """Forget the softmax."""
    return -logits[np.arange(len(target)), target]


def focal(logits, target):
    """Be a focal loss."""
    loss = rows(logits, target)
    return (1 - np.exp(-loss)) ** 2 * loss


def soft_or_hard(logits, target):
    """Be a focal loss that takes probabilities too."""
    hard = target if target.ndim == 2 else np.eye(logits.shape[1])[target]
    loss = -(hard * log_softmax(logits)).sum(axis=1)
    return (1 - np.exp(-loss)) ** 2 * loss


def divided(logits, target, class_weight, ignore_index, by):
    """Divide the weighted sum by what a function of weights, kept rows and logits returns."""
    kept = target != ignore_index
    labels = np.where(kept, target, 0)
    weight = np.ones(logits.shape[1]) if class_weight is None else class_weight
    each = np.where(kept, weight[labels] * rows(logits, labels), 0.0)
    return each.sum() / by(weight, kept, logits, target)


def by_all_weights(logits, target, class_weight=None, ignore_index=-100):
    """Divide by the sum of all class weights."""
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: w.sum())


def by_all_weights_or_rows(logits, target, class_weight=None, ignore_index=-100):
    """Divide by the sum of all class weights, or N."""
    by = len(target) if class_weight is None else class_weight.sum()
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: by)


def by_entries(logits, target, class_weight=None, ignore_index=-100):
    """Divide by N * C."""
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: z.size)


def by_classes(logits, target, class_weight=None, ignore_index=-100):
    """Divide by C."""
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: z.shape[1])


def by_kept_and_classes(logits, target, class_weight=None, ignore_index=-100):
    """Divide by the rows kept times C."""
    by = lambda w, k, z, t: k.sum() * z.shape[1]  # noqa: E731
    return divided(logits, target, class_weight, ignore_index, by)


def by_every_rows_weight(logits, target, class_weight=None, ignore_index=-100):
    """Divide by the sum of weights, ignored rows included."""
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: w[t].sum())


def by_rows_twice(logits, target, class_weight=None, ignore_index=-100):
    """Average the mean."""
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: len(t) ** 2)


def by_nothing_known(logits, target, class_weight=None, ignore_index=-100):
    """Divide by a power that nobody uses."""
    return divided(logits, target, class_weight, ignore_index, lambda w, k, z, t: len(t) ** 1.5)


def reduced_by_nothing_known(logits, target, reduction="none"):
    """Give rows, whose mean is none."""
    loss = rows(logits, target)
    return loss if reduction == "none" else loss.sum() / (len(loss) ** 1.5, 1)[reduction == "sum"]


def reduced_without_weights(logits, target, class_weight=None, reduction="none"):
    """Give weighted rows, and reduce plain ones."""
    loss = rows(logits, target)
    if reduction == "none":
        return loss if class_weight is None else loss * class_weight[target]
    return loss.mean() if reduction == "mean" else loss.sum()


def any_two(pred, target):
    """Take any two arrays of numbers."""
    return np.abs(pred - target).sum(axis=1)


def two_boxes(boxes, targets):
    """Take any two arrays of numbers, and say that they are boxes."""
    return np.abs(boxes - targets).sum(axis=1)


def two_rows(logits, probabilities):
    """Take any two arrays of numbers, and say that they are rows."""
    return np.abs(logits - probabilities).sum(axis=1)
