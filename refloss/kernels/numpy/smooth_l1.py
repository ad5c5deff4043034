"""Smooth L1: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight d^2/(2 beta) where |d| < beta, else weight (|d| - beta/2),  d = inside (pred - target);
    beta = 1/sigma^2 where sigma is given

Subgradients
    where beta is 0, 0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1; else
    none: both arms have one slope at |d| = beta.

Constants
    beta: where the arms meet (default 1.0)
    sigma: if not 0, beta is 1/sigma^2 (default 0.0)
    least_beta: a beta below it counts as 0 (default 0.0)

Source
    Girshick, Fast R-CNN, ICCV 2015, arXiv 1504.08083, eq. 3.
"""

import numpy as np

CONSTANTS = ("beta", "sigma", "least_beta",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(pred, target, inside, weight, beta, sigma, least_beta):
    """Return loss, one an item."""
    d = (pred - target)*inside  # pred minus target
    given = np.where((sigma == 0.0), beta, ratio(1.0, sigma*sigma, 0.0))
    width = np.where((least_beta > given), 0.0, given)  # where the arms meet
    held = np.where((width > np.abs(d)), d, 0.0)  # 0 beyond the parabola: no overflow
    steep = ratio(held, width, 0.0)  # slope of the parabola
    inner = 0.5*d*steep
    loss = weighted(weight, np.where((width > np.abs(d)), inner, np.abs(d) - 0.5*width))
    return loss


def grad(pred, target, inside, weight, loss_bar, beta, sigma, least_beta):
    """Return loss, then its derivative by every column times loss_bar."""
    d = (pred - target)*inside  # pred minus target
    given = np.where((sigma == 0.0), beta, ratio(1.0, sigma*sigma, 0.0))
    width = np.where((least_beta > given), 0.0, given)  # where the arms meet
    held = np.where((width > np.abs(d)), d, 0.0)  # 0 beyond the parabola: no overflow
    steep = ratio(held, width, 0.0)  # slope of the parabola
    inner = 0.5*d*steep
    loss = weighted(weight, np.where((width > np.abs(d)), inner, np.abs(d) - 0.5*width))
    inner_bar = np.where((width > np.abs(d)), loss_bar*weight, 0.0)
    d_bar = inner_bar*steep + np.where((width > np.abs(d)), 0.0, (2.0*np.heaviside(d, 0.5) - 1.0)*loss_bar*weight)
    pred_bar_unmasked = d_bar*inside
    pred_bar = np.where((weight == 0.0), 0.0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(pred, target, inside, weight, loss_bar, pred_dot, target_dot, beta, sigma, least_beta):
    """Return the derivative of the gradient along the `_dot` columns."""
    d = (pred - target)*inside  # pred minus target
    given = np.where((sigma == 0.0), beta, ratio(1.0, sigma*sigma, 0.0))
    width = np.where((least_beta > given), 0.0, given)  # where the arms meet
    inner_bar = np.where((width > np.abs(d)), loss_bar*weight, 0.0)
    d_dot = inside*pred_dot - inside*target_dot
    held_dot = d_dot*np.where((width > np.abs(d)), 1.0, 0.0)
    steep_dot = ratio(held_dot, width, 0.0)
    d_bar_dot = inner_bar*steep_dot
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = np.where((weight == 0.0), 0.0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot


def trace(pred, target, inside, weight, loss_bar, beta, sigma, least_beta):
    """Return every quantity of the plain program and its adjoint, by name."""
    d = (pred - target)*inside  # pred minus target
    given = np.where((sigma == 0.0), beta, ratio(1.0, sigma*sigma, 0.0))
    width = np.where((least_beta > given), 0.0, given)  # where the arms meet
    steep = ratio(d, width, 0.0)  # slope of the parabola
    inner = 0.5*d*steep
    loss = weighted(weight, np.where((width > np.abs(d)), inner, np.abs(d) - 0.5*width))
    inner_bar = np.where((width > np.abs(d)), loss_bar*weight, 0.0)
    steep_bar = 0.5*d*inner_bar
    d_bar = 0.5*inner_bar*steep + np.where((width > np.abs(d)), 0.0, (2.0*np.heaviside(d, 0.5) - 1.0)*loss_bar*weight) + ratio(steep_bar, width, 0.0)
    pred_bar = d_bar*inside
    target_bar = -(d_bar*inside)
    return {
        "d": d,
        "given": given,
        "width": width,
        "steep": steep,
        "inner": inner,
        "loss": loss,
        "inner_bar": inner_bar,
        "steep_bar": steep_bar,
        "d_bar": d_bar,
        "pred_bar": pred_bar,
        "target_bar": target_bar,
    }
