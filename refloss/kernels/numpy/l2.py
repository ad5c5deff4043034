"""L2, the squared difference: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight factor d^2,  d = inside (pred - target)

Subgradients
    none: the loss is smooth.

Constants
    factor: in front of the square (default 1.0)

Source
    Legendre 1805; torch.nn.functional.mse_loss; Caffe EuclideanLossLayer.
"""

import numpy as np

CONSTANTS = ("factor",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(pred, target, inside, weight, factor):
    """Return loss, one an item."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, factor*(d*d))
    return loss


def grad(pred, target, inside, weight, loss_bar, factor):
    """Return loss, then its derivative by every column times loss_bar."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, factor*(d*d))
    d_bar = 2.0*factor*d*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = np.where((weight == 0.0), 0.0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(pred, target, inside, weight, loss_bar, pred_dot, target_dot, factor):
    """Return the derivative of the gradient along the `_dot` columns."""
    d_dot = inside*pred_dot - inside*target_dot
    d_bar_dot = 2.0*factor*d_dot*loss_bar*weight
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = np.where((weight == 0.0), 0.0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot


def trace(pred, target, inside, weight, loss_bar, factor):
    """Return every quantity of the plain program and its adjoint, by name."""
    d = (pred - target)*inside  # pred minus target
    loss = weighted(weight, factor*(d*d))
    d_bar = 2.0*factor*d*loss_bar*weight
    pred_bar = d_bar*inside
    target_bar = -(d_bar*inside)
    return {
        "d": d,
        "loss": loss,
        "d_bar": d_bar,
        "pred_bar": pred_bar,
        "target_bar": target_bar,
    }
