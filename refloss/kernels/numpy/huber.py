"""Huber: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight d^2/2 where |d| <= delta, else weight delta (|d| - delta/2);
    d = inside (pred - target)

Subgradients
    none: both arms have one slope at |d| = delta.

Constants
    delta: where the arms meet (default 1.0)

Source
    Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964), p. 73.
"""

import numpy as np

CONSTANTS = ("delta",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(pred, target, inside, weight, delta):
    """Return loss, one an item."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, np.where((delta >= np.abs(d)), 0.5*(d*d), delta*(np.abs(d) - 0.5*delta)))
    return loss


def grad(pred, target, inside, weight, loss_bar, delta):
    """Return loss, then its derivative by every column times loss_bar."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, np.where((delta >= np.abs(d)), 0.5*(d*d), delta*(np.abs(d) - 0.5*delta)))
    d_bar = np.where((delta >= np.abs(d)), d*loss_bar*weight, delta*(2.0*np.heaviside(d, 0.5) - 1.0)*loss_bar*weight)
    pred_bar_unmasked = d_bar*inside
    pred_bar = np.where((weight == 0.0), 0.0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(pred, target, inside, weight, loss_bar, pred_dot, target_dot, delta):
    """Return the derivative of the gradient along the `_dot` columns."""
    d = (pred - target)*inside  # pred minus target
    d_dot = inside*pred_dot - inside*target_dot
    d_bar_dot = d_dot*np.where((delta >= np.abs(d)), loss_bar*weight, 0.0)
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = np.where((weight == 0.0), 0.0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot


def trace(pred, target, inside, weight, loss_bar, delta):
    """Return every quantity of the plain program and its adjoint, by name."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, np.where((delta >= np.abs(d)), 0.5*(d*d), delta*(np.abs(d) - 0.5*delta)))
    d_bar = np.where((delta >= np.abs(d)), d*loss_bar*weight, delta*(2.0*np.heaviside(d, 0.5) - 1.0)*loss_bar*weight)
    pred_bar = d_bar*inside
    target_bar = -(d_bar*inside)
    return {
        "d": d,
        "loss": loss,
        "d_bar": d_bar,
        "pred_bar": pred_bar,
        "target_bar": target_bar,
    }
