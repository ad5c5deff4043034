"""Multi-class margin (support-vector) loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    crammer_singer: loss = w_y max(0, margin + max_{j != y} z_j - z_y)^p / parts
    weston_watkins: loss = w_y sum_{j != y} max(0, margin + z_j - z_y)^p / parts
    one_vs_all: loss = w_y sum_j max(0, margin - t_j z_j)^p / parts,  t_j = 1 if j = y else -1
    categorical_hinge: as crammer_singer, with 0 among the z_j;  parts: 1, K or K - 1

Subgradients
    0 where the margin is just reached, the least of the slopes there; where several scores
    are the largest, an even split.

Constants
    margin: by how much the target's score is to lead (default 1.0)
    squared: 1: what is missed is squared (default 0.0)
    divided: 1: the loss of a row is divided by the number of classes (default 0.0)
    over_others: 1: it is divided by that number less 1 (default 0.0)

Source
    Crammer, Singer: On the algorithmic implementation of multiclass kernel-based vector
    machines, JMLR 2 (2001); Weston, Watkins: Support vector machines for multi-class
    pattern recognition, ESANN 1999; Rifkin, Klautau: In defense of one-vs-all
    classification, JMLR 5 (2004).
"""

import numpy as np

CONSTANTS = ("margin", "squared", "divided", "over_others",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(logits, target, class_weight, margin, squared, divided, over_others):
    """Return loss, one an item."""
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    excess = np.where((np.arange(C) == target[:, None]), -logits + margin, logits + margin)  # above 0: the margin is missed
    lack = np.maximum(excess, 0.0)  # 0 where the margin is kept
    each = np.where((squared == 0.0), lack, lack*lack)  # of one class
    fault = np.sum(each, axis=1)  # sum over the classes
    loss = weighted(class_weight[target], fault)/parts
    return loss


def grad(logits, target, class_weight, loss_bar, margin, squared, divided, over_others):
    """Return loss, then its derivative by every column times loss_bar."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    excess = np.where((np.arange(C) == target[:, None]), -logits + margin, logits + margin)  # above 0: the margin is missed
    lack = np.maximum(excess, 0.0)  # 0 where the margin is kept
    each = np.where((squared == 0.0), lack, lack*lack)  # of one class
    fault = np.sum(each, axis=1)  # sum over the classes
    loss = weighted(class_weight[target], fault)/parts
    fault_bar = class_weight[target]*loss_bar/parts
    each_bar = np.broadcast_to(fault_bar[:, None], (B, C))
    lack_bar = np.where((squared == 0.0), each_bar, 2.0*each_bar*lack)
    excess_bar = lack_bar*np.heaviside(excess, 0.0)
    logits_bar = np.where((np.arange(C) == target[:, None]), -excess_bar, excess_bar)
    return loss, logits_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, margin, squared, divided, over_others):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    excess = np.where((np.arange(C) == target[:, None]), -logits + margin, logits + margin)  # above 0: the margin is missed
    fault_bar = class_weight[target]*loss_bar/parts
    each_bar = np.broadcast_to(fault_bar[:, None], (B, C))
    excess_dot = logits_dot*np.where((np.arange(C) == target[:, None]), -1.0, 1.0)
    lack_dot = excess_dot*np.heaviside(excess, 0.0)
    lack_bar_dot = lack_dot*np.where((squared == 0.0), 0.0, 2.0*each_bar)
    excess_bar_dot = lack_bar_dot*np.heaviside(excess, 0.0)
    logits_bar_dot = excess_bar_dot*np.where((np.arange(C) == target[:, None]), -1.0, 1.0)
    return logits_bar_dot


def trace(logits, target, class_weight, loss_bar, margin, squared, divided, over_others):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    excess = np.where((np.arange(C) == target[:, None]), -logits + margin, logits + margin)  # above 0: the margin is missed
    lack = np.maximum(excess, 0.0)  # 0 where the margin is kept
    each = np.where((squared == 0.0), lack, lack*lack)  # of one class
    fault = np.sum(each, axis=1)  # sum over the classes
    loss = weighted(class_weight[target], fault)/parts
    fault_bar = class_weight[target]*loss_bar/parts
    each_bar = np.broadcast_to(fault_bar[:, None], (B, C))
    lack_bar = np.where((squared == 0.0), each_bar, 2.0*each_bar*lack)
    excess_bar = lack_bar*np.heaviside(excess, 0.0)
    logits_bar = np.where((np.arange(C) == target[:, None]), -excess_bar, excess_bar)
    return {
        "parts": parts,
        "excess": excess,
        "lack": lack,
        "each": each,
        "fault": fault,
        "loss": loss,
        "fault_bar": fault_bar,
        "each_bar": each_bar,
        "lack_bar": lack_bar,
        "excess_bar": excess_bar,
        "logits_bar": logits_bar,
    }
