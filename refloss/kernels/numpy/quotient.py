"""Sigmoid focal loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
    poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
    p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target

Subgradients
    none: the loss is smooth.

Constants
    least: the sum of the modulators counts at least so much (default 0.0)
    flows: 1: that sum is differentiated; 0: it is detached (default 1.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""

import numpy as np

CONSTANTS = ("least", "flows",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def value(total, modulators, least, flows):
    """Return loss, one an item."""
    divisor = np.where((least > modulators), least, modulators)  # at least a given amount
    loss = ratio(total, divisor, 0.0)
    return loss


def grad(total, modulators, loss_bar, least, flows):
    """Return loss, then its derivative by every column times loss_bar."""
    divisor = np.where((least > modulators), least, modulators)  # at least a given amount
    loss = ratio(total, divisor, 0.0)
    divisor_bar = np.where(flows == 0.0, 0.0, -(loss*ratio(loss_bar, divisor, 0.0)))
    total_bar = ratio(loss_bar, divisor, 0.0)
    modulators_bar = np.where((least > modulators), 0.0, divisor_bar)
    return loss, total_bar, modulators_bar


def hvp(total, modulators, loss_bar, total_dot, modulators_dot, least, flows):
    """Return the derivative of the gradient along the `_dot` columns."""
    divisor = np.where((least > modulators), least, modulators)  # at least a given amount
    loss = ratio(total, divisor, 0.0)
    total_bar = ratio(loss_bar, divisor, 0.0)
    divisor_dot = modulators_dot*np.where((least > modulators), 0.0, 1.0)
    loss_dot = ratio(total_dot, divisor, 0.0) - np.where(flows == 0.0, 0.0, loss*ratio(divisor_dot, divisor, 0.0))
    divisor_bar_dot = np.where(flows == 0.0, 0.0, loss*total_bar*ratio(divisor_dot, divisor, 0.0)) - np.where(flows == 0.0, 0.0, loss_dot*total_bar)
    total_bar_dot = np.where(flows == 0.0, 0.0, -(total_bar*ratio(divisor_dot, divisor, 0.0)))
    modulators_bar_dot = divisor_bar_dot*np.where((least > modulators), 0.0, 1.0)
    return total_bar_dot, modulators_bar_dot


def trace(total, modulators, loss_bar, least, flows):
    """Return every quantity of the plain program and its adjoint, by name."""
    divisor = np.where((least > modulators), least, modulators)  # at least a given amount
    loss = ratio(total, divisor, 0.0)
    divisor_bar = np.where(flows == 0.0, 0.0, -(ratio(loss_bar, divisor, 0.0)*ratio(total, divisor, 0.0)))
    total_bar = ratio(loss_bar, divisor, 0.0)
    modulators_bar = np.where((least > modulators), 0.0, divisor_bar)
    return {
        "divisor": divisor,
        "loss": loss,
        "divisor_bar": divisor_bar,
        "total_bar": total_bar,
        "modulators_bar": modulators_bar,
    }
