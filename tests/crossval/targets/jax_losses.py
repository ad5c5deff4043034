"""Softmax cross-entropies on JAX, right and subtly wrong, and a loss of boxes."""

import jax
import jax.numpy as jnp
import numpy as np


def _rows(logits, target):
    picked = jnp.take_along_axis(logits, target[:, None], axis=1)[:, 0]
    return jax.nn.logsumexp(logits, axis=1) - picked


def _checked(logits, target):
    if logits.ndim != 2 or target.shape != logits.shape[:1]:
        raise ValueError("logits (N, C) and target (N,) are expected")
    return jnp.where((target >= 0) & (target < logits.shape[1]), target, logits.shape[1])


def cross_entropy(
    logits,
    target,
    label_smoothing=0.0,
    class_weight=None,
    ignore_index=-100,
    reduction="none",
):
    """Do what torch does."""
    kept = target != ignore_index
    label = _checked(logits, jnp.where(kept, target, 0))
    logits = jnp.where(kept[:, None], logits, jnp.zeros_like(logits))
    weights = jnp.ones(logits.shape[1], logits.dtype) if class_weight is None else class_weight
    logp = jax.nn.log_softmax(logits, axis=1)
    hit = jnp.take_along_axis(weights * -logp, label[:, None], axis=1)[:, 0]
    losses = (1 - label_smoothing) * hit
    if label_smoothing:
        losses += label_smoothing * (weights * -logp).mean(axis=1)
    losses = jnp.where(kept, losses, 0)
    if reduction == "none":
        return losses
    share = jnp.where(kept, weights[label], 0).sum()
    return losses.sum() / (share if reduction == "mean" else 1)


def weightless(logits, target, class_weight=None):
    """Take class weights and leave them."""
    return _rows(logits, _checked(logits, target))


def widened(logits, target):
    """Compute in float32 whatever comes, and return that."""
    return _rows(logits.astype(jnp.float32), _checked(logits, target))


def doubled(logits, target):
    """Return twice the loss."""
    return 2 * _rows(logits, _checked(logits, target))


def shifted(logits, target):
    """Read the class before."""
    return _rows(logits, _checked(logits, target) - 1)


def detached(logits, target):
    """Differentiate nothing."""
    return _rows(jax.lax.stop_gradient(logits), _checked(logits, target))


def clipped(logits, target):
    """Keep the probability between 1e-7 and 1 - 1e-7."""
    p = jnp.exp(-_rows(logits, _checked(logits, target)))
    return -jnp.log(jnp.clip(p, 1e-7, 1 - 1e-7))


@jax.custom_vjp
def upstream_ignored(logits, target):
    """Differentiate the sum, whatever is asked for."""
    return _rows(logits, _checked(logits, target))


def _forward(logits, target):
    return upstream_ignored(logits, target), (logits, target)


def _backward(kept, upstream):
    logits, target = kept
    own = jax.nn.softmax(logits) - jax.nn.one_hot(target, logits.shape[1], dtype=logits.dtype)
    return own, None


upstream_ignored.defvjp(_forward, _backward)


def broadcasting(logits, target):
    """Accept one row for many."""
    return _rows(logits, target)


def mean(logits, target):
    """Return one number."""
    return _rows(logits, _checked(logits, target)).mean()


def strict(logits, target):
    """Look at a number, which a compiled function cannot."""
    if jnp.any(jnp.isnan(logits)):
        raise ValueError("NaN")
    return _rows(logits, _checked(logits, target))


def through_numpy(logits, target):
    """Leave JAX."""
    return np.asarray(logits).max(axis=1)


def as_list(logits, target):
    """Return no array."""
    return [0.0] * len(logits)


def default_precision(logits, target):
    """Add zeros of JAX's default format, which must not widen float32."""
    return _rows(logits, _checked(logits, target)) + jnp.zeros(len(logits))


def soft(logits, target):
    """Take probabilities."""
    if logits.shape != target.shape or logits.ndim != 2:
        raise ValueError("logits and target (N, C) are expected")
    return -(target * jax.nn.log_softmax(logits)).sum(axis=1)


class Head:
    """Own the logits."""

    def __init__(self):
        self.logits = jnp.zeros((0, 6))

    def __call__(self, target):
        """Return losses of its own logits."""
        return _rows(self.logits, _checked(self.logits, target))


compiled = jax.jit(lambda logits, target: cross_entropy(logits, target))
"""Compiled by its author, with nothing but arrays as arguments."""


def giou(pred, target, eps=1e-7):
    """Return GIoU of boxes as fvcore does."""
    if pred.shape != target.shape or pred.shape[-1:] != (4,) or pred.ndim != 2:
        raise ValueError("two arrays (N, 4) are expected")
    a, b = pred.T, target.T
    width = jnp.minimum(a[2], b[2]) - jnp.maximum(a[0], b[0])
    height = jnp.minimum(a[3], b[3]) - jnp.maximum(a[1], b[1])
    apart = (width <= 0) | (height <= 0)
    inter = jnp.where(apart, 0, width * height)
    area_a, area_b = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    union = area_a + area_b - inter
    hull_w = jnp.maximum(a[2], b[2]) - jnp.minimum(a[0], b[0])
    hull_h = jnp.maximum(a[3], b[3]) - jnp.minimum(a[1], b[1])
    hull = hull_w * hull_h
    return 1 - inter / (union + eps) + (hull - union) / (hull + eps)
