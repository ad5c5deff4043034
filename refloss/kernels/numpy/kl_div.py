"""Kullback-Leibler divergence, term by term,: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight t (log t - log_probs);  t = target, or exp(target) where targets are logarithms

Subgradients
    none: the loss is smooth.

Constants

Source
    Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951).
    torch.nn.functional.kl_div.
"""

import numpy as np

CONSTANTS = ()


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(log_probs, target, weight):
    """Return loss, one an item."""
    held = np.where((target > 0.0), target, 1.0)  # 1 where the target is 0
    surplus = np.log(held) - log_probs  # of logarithms
    term = weighted(target, surplus)
    loss = weighted(weight, term)
    return loss


def grad(log_probs, target, weight, loss_bar):
    """Return loss, then its derivative by every column times loss_bar."""
    held = np.where((target > 0.0), target, 1.0)  # 1 where the target is 0
    surplus = np.log(held) - log_probs  # of logarithms
    term = weighted(target, surplus)
    loss = weighted(weight, term)
    term_bar = loss_bar*weight
    log_probs_bar_unmasked = -(target*term_bar)
    log_probs_bar = np.where((weight == 0.0), 0.0, log_probs_bar_unmasked)
    target_bar_unmasked = (np.heaviside(target, 0.0) + surplus)*term_bar
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, log_probs_bar, target_bar


def hvp(log_probs, target, weight, loss_bar, log_probs_dot, target_dot):
    """Return the derivative of the gradient along the `_dot` columns."""
    term_bar = loss_bar*weight
    surplus_dot = ratio(target_dot, target, 0.0) - log_probs_dot
    log_probs_bar_unmasked_dot = -(target_dot*term_bar)
    log_probs_bar_dot = np.where((weight == 0.0), 0.0, log_probs_bar_unmasked_dot)
    target_bar_unmasked_dot = surplus_dot*term_bar
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return log_probs_bar_dot, target_bar_dot


def trace(log_probs, target, weight, loss_bar):
    """Return every quantity of the plain program and its adjoint, by name."""
    held = np.where((target > 0.0), target, 1.0)  # 1 where the target is 0
    surplus = np.log(held) - log_probs  # of logarithms
    term = weighted(target, surplus)
    loss = weighted(weight, term)
    term_bar = loss_bar*weight
    log_probs_bar = -(target*term_bar)
    target_bar = (np.heaviside(target, 0.0) + surplus)*term_bar
    return {
        "held": held,
        "surplus": surplus,
        "term": term,
        "loss": loss,
        "term_bar": term_bar,
        "log_probs_bar": log_probs_bar,
        "target_bar": target_bar,
    }
