"""Focal losses as their authors write them, each with a convention of its own: to be identified."""

import numpy as np


def log_softmax(logits):
    """Return logarithms of probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def entropy(logits, target, weight=None):
    """Return the cross-entropy of every row, as PyTorch weighs it."""
    cost = -log_softmax(logits)[np.arange(len(target)), target]
    return cost if weight is None else weight[target] * cost


# --- rows


def ldam_drw(logits, target, weight=None, gamma=2.0):
    """Take p of the weighted cross-entropy, and the mean over rows."""
    values = entropy(logits, target, weight)
    p = np.exp(-values)
    return ((1 - p) ** gamma * values).mean()


def ldam_drw_rows(logits, target, weight=None, gamma=0.5):
    """Leave out the mean."""
    values = entropy(logits, target, weight)
    return (1 - np.exp(-values)) ** gamma * values


def weighted_outside(logits, target, weight=None):
    """Weigh the loss."""
    values = entropy(logits, target)
    weight = np.ones(logits.shape[1]) if weight is None else weight
    return weight[target] * (1 - np.exp(-values)) ** 2 * values


def poly1(logits, target):
    """Subtract from the first term of the polynomial."""
    values = entropy(logits, target)
    return values - 0.75 * (1 - np.exp(-values))


def poly1_detection(logits, target):
    """Subtract all of it."""
    values = entropy(logits, target)
    return values - (1 - np.exp(-values))


def softmax_poly1_focal(logits, target, gamma=2.0, epsilon=1.5):
    """Add a power one higher."""
    values = entropy(logits, target)
    short = 1 - np.exp(-values)
    return short**gamma * values + epsilon * short ** (gamma + 1)


def one_constant(logits, target):
    """Multiply every class by one alpha, as mmcv does."""
    values = entropy(logits, target)
    return 0.25 * (1 - np.exp(-values)) ** 2 * values


def background(logits, target):
    """Give class 0 what alpha leaves, as kornia does."""
    values = entropy(logits, target)
    return np.where(target == 0, 0.7, 0.3) * (1 - np.exp(-values)) ** 2 * values


def first_class(logits, target):
    """Give class 0 alpha, as clcarwin's list of two does."""
    values = entropy(logits, target)
    return np.where(target == 0, 0.3, 0.7) * (1 - np.exp(-values)) ** 2 * values


class Held:
    """A modulator that is a constant of the gradient, as clcarwin has it."""

    def __call__(self, logits, target):
        """Return the losses of rows."""
        values = entropy(logits, target)
        return (-np.expm1(-values)) ** 2 * values

    def grad(self, logits, target, *, upstream, wrt):
        """Differentiate the cross-entropy alone."""
        values = entropy(logits, target)
        slopes = np.exp(log_softmax(logits))
        slopes[np.arange(len(target)), target] = np.expm1(-values)
        return {"logits": ((-np.expm1(-values)) ** 2 * upstream)[:, None] * slopes}


def all_classes(logits, target):
    """Let every class pay for its probability, as Keras does but for its clip."""
    log_p = log_softmax(logits)
    return -(0.25 * target * (1 - np.exp(log_p)) ** 2 * log_p).sum(axis=1)


def by_logits(logits, target):
    """Average over rows and classes, as kornia does."""
    values = entropy(logits, target)
    return ((1 - np.exp(-values)) ** 2 * values).sum() / logits.size


# --- single logits


def sigmoid(x):
    """Return probabilities."""
    return 1 / (1 + np.exp(-x))


def bce(logits, target):
    """Return the cross-entropy of logits."""
    return np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))


def parts(logits, target):
    """Return what p_t lacks, and alpha."""
    p = sigmoid(logits)
    return p * (1 - target) + (1 - p) * target, 0.25 * target + 0.75 * (1 - target)


def torchvision(logits, target):
    """Balance by alpha 0.25."""
    short, alpha = parts(logits, target)
    return alpha * short**2 * bce(logits, target)


def unbalanced(logits, target):
    """Leave alpha out, as fvcore does with -1."""
    return parts(logits, target)[0] ** 2 * bce(logits, target)


def yolov5(logits, target):
    """Take a power of 1.5."""
    short, alpha = parts(logits, target)
    return alpha * short**1.5 * bce(logits, target)


def negatives(logits, target):
    """Give negatives alpha."""
    short, alpha = parts(logits, target)
    return (1 - alpha) * short**2 * bce(logits, target)


def by_cross_entropy(logits, target):
    """Take p_t = exp(-BCE), as segmentation-models-pytorch does."""
    values = bce(logits, target)
    return (1 - np.exp(-values)) ** 2 * values


def quality(logits, target):
    """Take the distance to the target."""
    return np.abs(target - sigmoid(logits)) ** 2 * bce(logits, target)


def in_logarithms(logits, target):
    """Take the power in the logarithm, as monai does of hard targets."""
    sign = 1 - 2 * target
    hard = (target == 0) | (target == 1)
    log_short = -np.logaddexp(0, -logits * np.where(hard, sign, 1.0))
    short = np.where(hard, np.exp(log_short), parts(logits, target)[0])
    return short**2 * bce(logits, target)


def poly1_focal(logits, target, gamma=2.0, epsilon=1.0):
    """Add a power one higher, which alpha does not multiply, as polyloss-pytorch does."""
    short, alpha = parts(logits, target)
    return alpha * short**gamma * bce(logits, target) + epsilon * short ** (gamma + 1)


def poly1_balanced(logits, target, gamma=2.0, epsilon=-1.0):
    """Let alpha multiply both."""
    short, alpha = parts(logits, target)
    return alpha * (short**gamma * bce(logits, target) + epsilon * short ** (gamma + 1))


def summed_over_classes(logits, target):
    """Sum over the last axis and average over the first, as TFA does."""
    return unbalanced(logits, target).sum() / len(logits)


def averaged_over_classes(logits, target):
    """Average over the last axis and sum over the first, as ultralytics does."""
    return yolov5(logits, target).sum() / (logits.size / len(logits))


def by_positives(logits, target):
    """Divide by the positives, or 1."""
    return torchvision(logits, target).sum() / max(1.0, np.count_nonzero(target > 0))


# --- probabilities


def of_probabilities(probs, target):
    """Clip probabilities in the logarithm, as Keras does."""
    kept = np.clip(probs, 1e-7, 1 - 1e-7)
    values = -target * np.log(kept) - (1 - target) * np.log1p(-kept)
    return (probs * (1 - target) + (1 - probs) * target) ** 2 * values
