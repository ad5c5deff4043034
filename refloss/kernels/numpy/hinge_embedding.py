"""Hinge embedding: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight (x, or max(0, margin - x), or both);  for target 1, -1 and 0;  x = scores

Subgradients
    0 by the hinge where a distance is the margin, and so 1 where both terms count.

Constants
    margin: distance from which a pair of two kinds costs nothing (default 1.0)

Source
    torch.nn.HingeEmbeddingLoss, after Chopra, Hadsell, LeCun: Learning a similarity metric
    discriminatively, CVPR 2005.
"""

import numpy as np

CONSTANTS = ("margin",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(scores, target, weight, margin):
    """Return loss, one an item."""
    alike = np.where((target == -1.0), 0.0, 1.0)  # 0 for label -1
    unlike = np.where((target == 1.0), 0.0, 1.0)  # 0 for label 1
    lacked = np.maximum(-scores + margin, 0.0)  # 0 from the margin on
    loss = weighted(weight, weighted(alike, scores) + weighted(unlike, lacked))
    return loss


def grad(scores, target, weight, loss_bar, margin):
    """Return loss, then its derivative by every column times loss_bar."""
    alike = np.where((target == -1.0), 0.0, 1.0)  # 0 for label -1
    unlike = np.where((target == 1.0), 0.0, 1.0)  # 0 for label 1
    lacked = np.maximum(-scores + margin, 0.0)  # 0 from the margin on
    loss = weighted(weight, weighted(alike, scores) + weighted(unlike, lacked))
    lacked_bar = loss_bar*unlike*weight
    target_bar = 0.0
    scores_bar_unmasked = alike*loss_bar*weight - lacked_bar*np.heaviside(-scores + margin, 0.0)
    scores_bar = np.where((weight == 0.0), 0.0, scores_bar_unmasked)
    return loss, scores_bar, target_bar


def hvp(scores, target, weight, loss_bar, scores_dot, target_dot, margin):
    """Return the derivative of the gradient along the `_dot` columns."""
    scores_bar_dot = 0.0
    target_bar_dot = 0.0
    return scores_bar_dot, target_bar_dot


def trace(scores, target, weight, loss_bar, margin):
    """Return every quantity of the plain program and its adjoint, by name."""
    alike = np.where((target == -1.0), 0.0, 1.0)  # 0 for label -1
    unlike = np.where((target == 1.0), 0.0, 1.0)  # 0 for label 1
    lacked = np.maximum(-scores + margin, 0.0)  # 0 from the margin on
    loss = weighted(weight, weighted(alike, scores) + weighted(unlike, lacked))
    lacked_bar = loss_bar*unlike*weight
    unlike_bar = lacked*loss_bar*weight
    alike_bar = loss_bar*scores*weight
    scores_bar = alike*loss_bar*weight - lacked_bar*np.heaviside(-scores + margin, 0.0)
    target_bar = 0.0
    return {
        "alike": alike,
        "unlike": unlike,
        "lacked": lacked,
        "loss": loss,
        "lacked_bar": lacked_bar,
        "unlike_bar": unlike_bar,
        "alike_bar": alike_bar,
        "scores_bar": scores_bar,
        "target_bar": target_bar,
    }
