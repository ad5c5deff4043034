"""Hinge: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight max(0, margin - side scores);  side = target, or 2 target - 1

Subgradients
    0 where the margin is just reached, the least of the slopes from -side to 0.

Constants
    doubled: 1: targets are 0 or 1 (default 0.0)
    margin: what the score on its side must reach (default 1.0)

Source
    Cortes and Vapnik, Support-vector networks, Machine Learning 20 (1995).
"""

import numpy as np

CONSTANTS = ("doubled", "margin",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(scores, target, weight, doubled, margin):
    """Return loss, one an item."""
    side = np.where((doubled == 0.0), target, 2.0*target - 1.0)  # -1 or 1
    lacked = np.maximum(-scores*side + margin, 0.0)  # 0 where the margin is reached
    loss = weighted(weight, lacked)
    return loss


def grad(scores, target, weight, loss_bar, doubled, margin):
    """Return loss, then its derivative by every column times loss_bar."""
    side = np.where((doubled == 0.0), target, 2.0*target - 1.0)  # -1 or 1
    lacked = np.maximum(-scores*side + margin, 0.0)  # 0 where the margin is reached
    loss = weighted(weight, lacked)
    lacked_bar = loss_bar*weight
    side_bar = -(lacked_bar*scores*np.heaviside(-scores*side + margin, 0.0))
    scores_bar_unmasked = -(lacked_bar*side*np.heaviside(-scores*side + margin, 0.0))
    scores_bar = np.where((weight == 0.0), 0.0, scores_bar_unmasked)
    target_bar_unmasked = np.where((doubled == 0.0), side_bar, 2.0*side_bar)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, scores_bar, target_bar


def hvp(scores, target, weight, loss_bar, scores_dot, target_dot, doubled, margin):
    """Return the derivative of the gradient along the `_dot` columns."""
    side = np.where((doubled == 0.0), target, 2.0*target - 1.0)  # -1 or 1
    lacked_bar = loss_bar*weight
    side_dot = target_dot*np.where((doubled == 0.0), 1.0, 2.0)
    side_bar_dot = -(lacked_bar*scores_dot*np.heaviside(-scores*side + margin, 0.0))
    scores_bar_unmasked_dot = -(lacked_bar*side_dot*np.heaviside(-scores*side + margin, 0.0))
    scores_bar_dot = np.where((weight == 0.0), 0.0, scores_bar_unmasked_dot)
    target_bar_unmasked_dot = side_bar_dot*np.where((doubled == 0.0), 1.0, 2.0)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return scores_bar_dot, target_bar_dot


def trace(scores, target, weight, loss_bar, doubled, margin):
    """Return every quantity of the plain program and its adjoint, by name."""
    side = np.where((doubled == 0.0), target, 2.0*target - 1.0)  # -1 or 1
    lacked = np.maximum(-scores*side + margin, 0.0)  # 0 where the margin is reached
    loss = weighted(weight, lacked)
    lacked_bar = loss_bar*weight
    side_bar = -(lacked_bar*scores*np.heaviside(-scores*side + margin, 0.0))
    scores_bar = -(lacked_bar*side*np.heaviside(-scores*side + margin, 0.0))
    target_bar = np.where((doubled == 0.0), side_bar, 2.0*side_bar)
    return {
        "side": side,
        "lacked": lacked,
        "loss": loss,
        "lacked_bar": lacked_bar,
        "side_bar": side_bar,
        "scores_bar": scores_bar,
        "target_bar": target_bar,
    }
