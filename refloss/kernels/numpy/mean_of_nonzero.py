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


def value(total, active):
    """Return loss, one an item."""
    loss = ratio(total, active, 0.0)
    return loss


def grad(total, active, loss_bar):
    """Return loss, then its derivative by every column times loss_bar."""
    loss = ratio(total, active, 0.0)
    total_bar = ratio(loss_bar, active, 0.0)
    active_bar = 0.0
    return loss, total_bar, active_bar


def hvp(total, active, loss_bar, total_dot, active_dot):
    """Return the derivative of the gradient along the `_dot` columns."""
    total_bar_dot = 0.0
    active_bar_dot = 0.0
    return total_bar_dot, active_bar_dot


def trace(total, active, loss_bar):
    """Return every quantity of the plain program and its adjoint, by name."""
    loss = ratio(total, active, 0.0)
    total_bar = ratio(loss_bar, active, 0.0)
    active_bar = 0.0
    return {
        "loss": loss,
        "total_bar": total_bar,
        "active_bar": active_bar,
    }
