"""Divergences of a softmax as people write them in NumPy, right and with known mistakes."""

import numpy as np


def log_softmax(logits):
    below = logits - logits.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def logarithm(target):
    return np.log(np.where(target > 0, target, 1).astype(target.dtype))


def kl(logits, target):
    if logits.shape != target.shape:
        raise ValueError("logits and target differ in shape")
    return (target * (logarithm(target) - log_softmax(logits))).sum(axis=1)


def student(logits, target):
    return 16 * kl(logits / 4, target)


def lukewarm(logits, target):
    return kl(logits / 2.5, target)


def mean(logits, target):
    return kl(logits, target).sum() / len(logits)


def mean_of_all(logits, target):
    return mean(logits, target) / logits.shape[1]


def student_mean_of_all(logits, target):
    return student(logits, target).sum() / logits.size


def without_square(logits, target):
    return kl(logits / 4, target)


def untempered(logits, target):
    return 16 * kl(logits, target)


def averaged(logits, target):
    return kl(logits, target) / logits.shape[1]


def crossed(logits, target):
    return -(target * log_softmax(logits)).sum(axis=1)


def raised(logits, target):
    p = np.exp(log_softmax(logits))
    return (target * (logarithm(target) - np.log(p + 1e-6))).sum(axis=1)


def raised_both(logits, target):
    p = np.exp(log_softmax(logits))
    return (target * (np.log(target + 1e-6) - np.log(p + 1e-6))).sum(axis=1)


def exchanged(logits, target):
    log_p = log_softmax(logits)
    return (np.exp(log_p) * (log_p - logarithm(target))).sum(axis=1)


def of_a_softmax(logits, target):
    return (target * (logarithm(target) - np.exp(log_softmax(logits)))).sum(axis=1)


def js(logits, target):
    log_p = log_softmax(logits)
    p = np.exp(log_p)
    middle = np.log(np.maximum((p + target) / 2, np.finfo(p.dtype).tiny))
    both = p * (log_p - middle) + target * (logarithm(target) - middle)
    return both.sum(axis=1) / 2


def js_in_bits(logits, target):
    return js(logits, target) / np.log(2).astype(logits.dtype)


def js_twice(logits, target):
    return 2 * js(logits, target)
