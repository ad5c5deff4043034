"""Contrastive loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
    euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
    normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
    hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
    linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)

Subgradients
    0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink;
    0 where the distance is the margin.

Constants

Source
    Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR
    2006; Chopra, Hadsell, LeCun, CVPR 2005.
"""

import numpy as np

CONSTANTS = ()


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def value(total, active, other_total, other_active):
    """Return loss, one an item."""
    mean = ratio(total, active, 0.0)
    other_mean = ratio(other_total, other_active, 0.0)
    loss = mean + other_mean
    return loss


def grad(total, active, other_total, other_active, loss_bar):
    """Return loss, then its derivative by every column times loss_bar."""
    mean = ratio(total, active, 0.0)
    other_mean = ratio(other_total, other_active, 0.0)
    loss = mean + other_mean
    total_bar = ratio(loss_bar, active, 0.0)
    active_bar = 0.0
    other_total_bar = ratio(loss_bar, other_active, 0.0)
    other_active_bar = 0.0
    return loss, total_bar, active_bar, other_total_bar, other_active_bar


def hvp(total, active, other_total, other_active, loss_bar, total_dot, active_dot, other_total_dot, other_active_dot):
    """Return the derivative of the gradient along the `_dot` columns."""
    total_bar_dot = 0.0
    active_bar_dot = 0.0
    other_total_bar_dot = 0.0
    other_active_bar_dot = 0.0
    return total_bar_dot, active_bar_dot, other_total_bar_dot, other_active_bar_dot


def trace(total, active, other_total, other_active, loss_bar):
    """Return every quantity of the plain program and its adjoint, by name."""
    mean = ratio(total, active, 0.0)
    other_mean = ratio(other_total, other_active, 0.0)
    loss = mean + other_mean
    other_mean_bar = loss_bar
    mean_bar = loss_bar
    total_bar = ratio(mean_bar, active, 0.0)
    active_bar = 0.0
    other_total_bar = ratio(other_mean_bar, other_active, 0.0)
    other_active_bar = 0.0
    return {
        "mean": mean,
        "other_mean": other_mean,
        "loss": loss,
        "other_mean_bar": other_mean_bar,
        "mean_bar": mean_bar,
        "total_bar": total_bar,
        "active_bar": active_bar,
        "other_total_bar": other_total_bar,
        "other_active_bar": other_active_bar,
    }
