"""Kullback-Leibler divergence, term by term,: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight t (log t - log p);  t, p = target, probs, neither below clip

Subgradients
    where a probability is at the clip, half of the slope inside; none elsewhere.

Constants
    clip: neither probability is below it (default 0.0)

Source
    Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951).
    keras.losses.kl_divergence.
"""

import numpy as np

CONSTANTS = ("clip",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(probs, target, weight, clip):
    """Return loss, one an item."""
    least = np.where((clip == 0.0), -1.0, clip)
    probs_kept = np.maximum(least, probs)
    target_kept = np.maximum(least, target)
    held = np.where((target_kept > 0.0), target_kept, 1.0)  # 1 where the target is 0
    surplus = np.where((held > 2.0*probs_kept), np.log(held) - np.log(probs_kept), np.where((probs_kept <= 2.0*held), np.log1p(ratio(held - probs_kept, probs_kept, 0.0)), np.log(held) - np.log(probs_kept)))  # of logarithms
    term = weighted(target_kept, surplus)
    loss = weighted(weight, term)
    return loss


def grad(probs, target, weight, loss_bar, clip):
    """Return loss, then its derivative by every column times loss_bar."""
    least = np.where((clip == 0.0), -1.0, clip)
    probs_kept = np.maximum(least, probs)
    target_kept = np.maximum(least, target)
    held = np.where((target_kept > 0.0), target_kept, 1.0)  # 1 where the target is 0
    surplus = np.where((held > 2.0*probs_kept), np.log(held) - np.log(probs_kept), np.where((probs_kept <= 2.0*held), np.log1p(ratio(held - probs_kept, probs_kept, 0.0)), np.log(held) - np.log(probs_kept)))  # of logarithms
    term = weighted(target_kept, surplus)
    quotient = ratio(target_kept, probs_kept, 0.0)
    loss = weighted(weight, term)
    term_bar = loss_bar*weight
    target_kept_bar = (np.heaviside(target_kept, 0.0) + surplus)*term_bar
    probs_kept_bar = -(quotient*term_bar)
    probs_bar_unmasked = probs_kept_bar*np.heaviside(probs - least, 0.5)
    probs_bar = np.where((weight == 0.0), 0.0, probs_bar_unmasked)
    target_bar_unmasked = target_kept_bar*np.heaviside(target - least, 0.5)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def hvp(probs, target, weight, loss_bar, probs_dot, target_dot, clip):
    """Return the derivative of the gradient along the `_dot` columns."""
    least = np.where((clip == 0.0), -1.0, clip)
    probs_kept = np.maximum(least, probs)
    target_kept = np.maximum(least, target)
    quotient = ratio(target_kept, probs_kept, 0.0)
    term_bar = loss_bar*weight
    probs_kept_dot = probs_dot*np.heaviside(probs - least, 0.5)
    target_kept_dot = target_dot*np.heaviside(target - least, 0.5)
    surplus_dot = ratio(target_kept_dot, target_kept, 0.0) - ratio(probs_kept_dot, probs_kept, 0.0)
    quotient_dot = ratio(target_kept_dot, probs_kept, 0.0) - quotient*ratio(probs_kept_dot, probs_kept, 0.0)
    target_kept_bar_dot = surplus_dot*term_bar
    probs_kept_bar_dot = -(quotient_dot*term_bar)
    probs_bar_unmasked_dot = probs_kept_bar_dot*np.heaviside(probs - least, 0.5)
    probs_bar_dot = np.where((weight == 0.0), 0.0, probs_bar_unmasked_dot)
    target_bar_unmasked_dot = target_kept_bar_dot*np.heaviside(target - least, 0.5)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return probs_bar_dot, target_bar_dot


def trace(probs, target, weight, loss_bar, clip):
    """Return every quantity of the plain program and its adjoint, by name."""
    least = np.where((clip == 0.0), -1.0, clip)
    probs_kept = np.maximum(least, probs)
    target_kept = np.maximum(least, target)
    held = np.where((target_kept > 0.0), target_kept, 1.0)  # 1 where the target is 0
    quotient = probs_kept/held
    term = weighted(target_kept, -np.log(quotient))
    loss = weighted(weight, term)
    term_bar = loss_bar*weight
    quotient_bar = -(target_kept*term_bar/quotient)
    held_bar = -((probs_kept/held)*(quotient_bar/held))
    target_kept_bar = np.where((target_kept > 0.0), held_bar, 0.0) - term_bar*np.log(quotient)
    probs_kept_bar = quotient_bar/held
    probs_bar = probs_kept_bar*np.heaviside(probs - least, 0.5)
    target_bar = target_kept_bar*np.heaviside(target - least, 0.5)
    return {
        "least": least,
        "probs_kept": probs_kept,
        "target_kept": target_kept,
        "held": held,
        "quotient": quotient,
        "term": term,
        "loss": loss,
        "term_bar": term_bar,
        "quotient_bar": quotient_bar,
        "held_bar": held_bar,
        "target_kept_bar": target_kept_bar,
        "probs_kept_bar": probs_kept_bar,
        "probs_bar": probs_bar,
        "target_bar": target_bar,
    }
