"""log cosh: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight log cosh d,  d = inside (pred - target)

Subgradients
    none: the loss is smooth.

Constants

Source
    keras.losses.log_cosh; optax.log_cosh.
"""

import numpy as np

LN2 = 0.6931471805599453  # log(2), correctly rounded
CONSTANTS = ()


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(pred, target, inside, weight):
    """Return loss, one an item."""
    d = (pred - target)*inside  # pred minus target
    reach = np.abs(d)
    fall = np.expm1(-reach)  # from -1 to 0
    close = 0.5*(fall*fall)/(1.0 + fall)  # cosh d less 1
    excess = np.where((reach <= 1.0), close, (1.0 + fall)*(1.0 + fall))
    far = np.where((reach <= 1.0), 0.0, reach - LN2)
    bend = np.log1p(excess) + far  # log cosh d: terms >= 0
    loss = weighted(weight, bend)
    return loss


def grad(pred, target, inside, weight, loss_bar):
    """Return loss, then its derivative by every column times loss_bar."""
    d = (pred - target)*inside  # pred minus target
    reach = np.abs(d)
    sign = 2.0*np.heaviside(d, 0.5) - 1.0
    fall = np.expm1(-reach)  # from -1 to 0
    close = 0.5*(fall*fall)/(1.0 + fall)  # cosh d less 1
    excess = np.where((reach <= 1.0), close, (1.0 + fall)*(1.0 + fall))
    far = np.where((reach <= 1.0), 0.0, reach - LN2)
    bend = np.log1p(excess) + far  # log cosh d: terms >= 0
    slope = -((2.0 + fall)*fall*sign/(1.0 + (1.0 + fall)*(1.0 + fall)))  # tanh d
    loss = weighted(weight, bend)
    bend_bar = loss_bar*weight
    d_bar = bend_bar*slope
    pred_bar_unmasked = d_bar*inside
    pred_bar = np.where((weight == 0.0), 0.0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(pred, target, inside, weight, loss_bar, pred_dot, target_dot):
    """Return the derivative of the gradient along the `_dot` columns."""
    d = (pred - target)*inside  # pred minus target
    reach = np.abs(d)
    left = np.exp(-reach)  # with its digits where 1 + u has none
    bend_bar = loss_bar*weight
    d_dot = inside*pred_dot - inside*target_dot
    slope_dot = 4.0*(left*left)*d_dot/((1.0 + left*left)*(1.0 + left*left))
    d_bar_dot = bend_bar*slope_dot
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = np.where((weight == 0.0), 0.0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot


def trace(pred, target, inside, weight, loss_bar):
    """Return every quantity of the plain program and its adjoint, by name."""
    d = (pred - target)*inside  # pred minus target
    reach = np.abs(d)
    bend = np.log(0.5 + 0.5*np.exp(-(2.0*reach))) + reach  # log cosh d
    loss = weighted(weight, bend)
    bend_bar = loss_bar*weight
    reach_bar = (1.0 - np.exp(-(2.0*reach))/(0.5 + 0.5*np.exp(-(2.0*reach))))*bend_bar
    d_bar = (2.0*np.heaviside(d, 0.5) - 1.0)*reach_bar
    pred_bar = d_bar*inside
    target_bar = -(d_bar*inside)
    return {
        "d": d,
        "reach": reach,
        "bend": bend,
        "loss": loss,
        "bend_bar": bend_bar,
        "reach_bar": reach_bar,
        "d_bar": d_bar,
        "pred_bar": pred_bar,
        "target_bar": target_bar,
    }
