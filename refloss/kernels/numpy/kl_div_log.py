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


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)


def value(log_probs, target, weight):
    """Return loss, one an item."""
    surplus = target - log_probs  # of logarithms
    root = np.exp(0.5*target)  # does not underflow where the term does not
    felt = root*surplus
    term = felt*root
    loss = weighted(weight, term)
    return loss


def grad(log_probs, target, weight, loss_bar):
    """Return loss, then its derivative by every column times loss_bar."""
    surplus = target - log_probs  # of logarithms
    root = np.exp(0.5*target)  # does not underflow where the term does not
    felt = root*surplus
    term = felt*root
    more_high = 1.0 + surplus
    more = two_diff_error(target, log_probs) + more_high
    risen = more*root
    loss = weighted(weight, term)
    term_bar = loss_bar*weight
    log_probs_bar_unmasked = -(term_bar*np.exp(target))
    log_probs_bar = np.where((weight == 0.0), 0.0, log_probs_bar_unmasked)
    target_bar_unmasked = risen*root*term_bar
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, log_probs_bar, target_bar


def hvp(log_probs, target, weight, loss_bar, log_probs_dot, target_dot):
    """Return the derivative of the gradient along the `_dot` columns."""
    surplus = target - log_probs  # of logarithms
    root = np.exp(0.5*target)  # does not underflow where the term does not
    more_high = 1.0 + surplus
    more = two_diff_error(target, log_probs) + more_high
    risen = more*root
    term_bar = loss_bar*weight
    surplus_dot = target_dot - log_probs_dot
    root_dot = 0.5*root*target_dot
    more_dot = surplus_dot
    risen_dot = more*root_dot + more_dot*root
    log_probs_bar_unmasked_dot = -(target_dot*term_bar*np.exp(target))
    log_probs_bar_dot = np.where((weight == 0.0), 0.0, log_probs_bar_unmasked_dot)
    target_bar_unmasked_dot = risen*root_dot*term_bar + risen_dot*root*term_bar
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return log_probs_bar_dot, target_bar_dot


def trace(log_probs, target, weight, loss_bar):
    """Return every quantity of the plain program and its adjoint, by name."""
    surplus = target - log_probs  # of logarithms
    term = surplus*np.exp(target)
    loss = weighted(weight, term)
    term_bar = loss_bar*weight
    surplus_bar = term_bar*np.exp(target)
    log_probs_bar = -surplus_bar
    target_bar = surplus*term_bar*np.exp(target) + surplus_bar
    return {
        "surplus": surplus,
        "term": term,
        "loss": loss,
        "term_bar": term_bar,
        "surplus_bar": surplus_bar,
        "log_probs_bar": log_probs_bar,
        "target_bar": target_bar,
    }
