"""Focal star, FL*: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -weight alpha_t log sigmoid(gamma x_t + beta)/gamma,  x_t = (2 target - 1) logits

Subgradients
    none: the loss is smooth.

Constants
    gamma: factor of the logit (default 1.0)
    gamma_lo: what gamma lacks (default 0.0)
    beta: added to it (default 0.0)
    beta_lo: what beta lacks (default 0.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 1.0)
    alpha: factor of the elements that alpha_side names (default 1.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, appendix A.
"""

import numpy as np

CONSTANTS = ("gamma", "gamma_lo", "beta", "beta_lo", "on_positives", "on_negatives", "alpha",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def two_sum_error(a, b):
    """Return (a + b) - fl(a + b), exactly (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)


def two_prod_error(a, b):
    """Return a*b - fl(a*b), exactly unless a product leaves the range (Dekker)."""
    p = a*b
    s = 134217729.0*a
    a_high = s - (s - a)
    a_low = a - a_high
    t = 134217729.0*b
    b_high = t - (t - b)
    b_low = b - b_high
    return ((a_high*b_high - p) + a_high*b_low + a_low*b_high) + a_low*b_low


def value(logits, target, weight, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return loss, one an item."""
    turn = 2.0*target - 1.0
    toward = logits*turn  # logit, positive where it is right
    scaled = gamma*toward
    level = scaled + beta
    lost = gamma*(logits*two_diff_error(2.0*target, 1.0) + two_prod_error(turn, logits)) + two_prod_error(gamma, toward) + two_sum_error(scaled, beta) - weighted(gamma_lo, -toward) + beta_lo  # rounding errors of the level
    right = np.where((level >= 0.0), 1.0, -1.0)
    tail = (1.0 + np.fmax(-(lost*right), -1.0))*np.exp(-np.abs(level))
    most = np.where((level >= 0.0), 0.0, -level - lost)
    focal = (np.log1p(tail) + most)/gamma
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    return loss


def grad(logits, target, weight, loss_bar, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return loss, then its derivative by every column times loss_bar."""
    turn = 2.0*target - 1.0
    toward = logits*turn  # logit, positive where it is right
    scaled = gamma*toward
    level = scaled + beta
    lost = gamma*(logits*two_diff_error(2.0*target, 1.0) + two_prod_error(turn, logits)) + two_prod_error(gamma, toward) + two_sum_error(scaled, beta) - weighted(gamma_lo, -toward) + beta_lo  # rounding errors of the level
    right = np.where((level >= 0.0), 1.0, -1.0)
    tail = (1.0 + np.fmax(-(lost*right), -1.0))*np.exp(-np.abs(level))
    most = np.where((level >= 0.0), 0.0, -level - lost)
    focal = (np.log1p(tail) + most)/gamma
    miss = np.where((level >= 0.0), tail, 1.0)/(1.0 + tail)  # 1 - sigma
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    toward_bar = -(focal_bar*miss)
    logits_bar_unmasked = toward_bar*turn
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar + 2.0*logits*toward_bar
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return the derivative of the gradient along the `_dot` columns."""
    turn = 2.0*target - 1.0
    toward = logits*turn  # logit, positive where it is right
    scaled = gamma*toward
    level = scaled + beta
    lost = gamma*(logits*two_diff_error(2.0*target, 1.0) + two_prod_error(turn, logits)) + two_prod_error(gamma, toward) + two_sum_error(scaled, beta) - weighted(gamma_lo, -toward) + beta_lo  # rounding errors of the level
    right = np.where((level >= 0.0), 1.0, -1.0)
    tail = (1.0 + np.fmax(-(lost*right), -1.0))*np.exp(-np.abs(level))
    miss = np.where((level >= 0.0), tail, 1.0)/(1.0 + tail)  # 1 - sigma
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    focal_bar = balance*loss_bar*weight
    toward_bar = -(focal_bar*miss)
    turn_dot = 2.0*target_dot
    toward_dot = 2.0*logits*target_dot + logits_dot*turn
    focal_dot = -(miss*toward_dot)
    miss_dot = -(gamma*(tail/(1.0 + tail))*(toward_dot/(1.0 + tail)))
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    toward_bar_dot = -focal_bar*miss_dot - focal_bar_dot*miss
    logits_bar_unmasked_dot = toward_bar*turn_dot + toward_bar_dot*turn
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (upper - lower)*balance_bar_dot + 2.0*logits*toward_bar_dot + 2.0*logits_dot*toward_bar
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, weight, loss_bar, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return every quantity of the plain program and its adjoint, by name."""
    toward = (2.0*target - 1.0)*logits  # logit, positive where it is right
    focal = np.log1p(np.exp(-gamma*toward - beta))/gamma
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    toward_bar = -(focal_bar*np.exp(-gamma*toward - beta)/(1.0 + np.exp(-gamma*toward - beta)))
    logits_bar = (2.0*target - 1.0)*toward_bar
    target_bar = (upper - lower)*balance_bar + 2.0*logits*toward_bar
    return {
        "toward": toward,
        "focal": focal,
        "upper": upper,
        "lower": lower,
        "balance": balance,
        "loss": loss,
        "balance_bar": balance_bar,
        "focal_bar": focal_bar,
        "toward_bar": toward_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
