"""L1, the absolute difference: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight |d|,  d = inside (pred - target)

Subgradients
    0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1.

Constants

Source
    Laplace 1774; torch.nn.functional.l1_loss, keras MeanAbsoluteError.
"""

import numpy as np

CONSTANTS = ()


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(pred, target, inside, weight):
    """Return loss, one an item."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, np.abs(d))
    return loss


def grad(pred, target, inside, weight, loss_bar):
    """Return loss, then its derivative by every column times loss_bar."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, np.abs(d))
    d_bar = (2.0*np.heaviside(d, 0.5) - 1.0)*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = np.where((weight == 0.0), 0.0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(pred, target, inside, weight, loss_bar, pred_dot, target_dot):
    """Return the derivative of the gradient along the `_dot` columns."""
    pred_bar_dot = 0.0
    target_bar_dot = 0.0
    return pred_bar_dot, target_bar_dot


def trace(pred, target, inside, weight, loss_bar):
    """Return every quantity of the plain program and its adjoint, by name."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, np.abs(d))
    d_bar = (2.0*np.heaviside(d, 0.5) - 1.0)*loss_bar*weight
    pred_bar = d_bar*inside
    target_bar = -(d_bar*inside)
    return {
        "d": d,
        "loss": loss,
        "d_bar": d_bar,
        "pred_bar": pred_bar,
        "target_bar": target_bar,
    }
