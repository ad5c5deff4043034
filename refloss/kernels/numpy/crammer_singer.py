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


def value(logits, target, class_weight, margin, squared, divided, over_others):
    """Return loss, one an item."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    score = np.where((np.arange(C) == target[:, None]), -np.inf, logits)  # what the maximum is of
    top = np.max(score, axis=1)  # largest score
    own = logits[np.arange(B), target]  # score of the target
    ahead = top - own  # of the target
    near = ahead + margin
    slip = np.fmax(two_diff_error(top, own) + two_sum_error(ahead, margin), -margin)  # rounding errors of both
    excess = near + slip  # above 0: the margin is missed
    lack = np.maximum(excess, 0.0)  # 0 where the margin is kept
    fault = np.where((squared == 0.0), lack, lack*lack)
    loss = weighted(class_weight[target], fault)/parts
    return loss


def grad(logits, target, class_weight, loss_bar, margin, squared, divided, over_others):
    """Return loss, then its derivative by every column times loss_bar."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    score = np.where((np.arange(C) == target[:, None]), -np.inf, logits)  # what the maximum is of
    top = np.max(score, axis=1)  # largest score
    chief = np.where((top[:, None] <= score), 1.0, 0.0)  # 1: the largest
    chiefs = np.sum(chief, axis=1)  # how many are the largest
    portion = 1.0/chiefs  # of each of them
    own = logits[np.arange(B), target]  # score of the target
    ahead = top - own  # of the target
    near = ahead + margin
    slip = np.fmax(two_diff_error(top, own) + two_sum_error(ahead, margin), -margin)  # rounding errors of both
    excess = near + slip  # above 0: the margin is missed
    lack = np.maximum(excess, 0.0)  # 0 where the margin is kept
    fault = np.where((squared == 0.0), lack, lack*lack)
    loss = weighted(class_weight[target], fault)/parts
    fault_bar = class_weight[target]*loss_bar/parts
    lack_bar = np.where((squared == 0.0), fault_bar, 2.0*fault_bar*lack)
    excess_bar = lack_bar*np.heaviside(excess, 0.0)
    own_bar = -excess_bar
    score_bar = excess_bar[:, None]*portion[:, None]*chief
    logits_bar = np.where((np.arange(C) == target[:, None]), 0.0, score_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return loss, logits_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, margin, squared, divided, over_others):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    score = np.where((np.arange(C) == target[:, None]), -np.inf, logits)  # what the maximum is of
    top = np.max(score, axis=1)  # largest score
    chief = np.where((top[:, None] <= score), 1.0, 0.0)  # 1: the largest
    chiefs = np.sum(chief, axis=1)  # how many are the largest
    portion = 1.0/chiefs  # of each of them
    own = logits[np.arange(B), target]  # score of the target
    ahead = top - own  # of the target
    near = ahead + margin
    slip = np.fmax(two_diff_error(top, own) + two_sum_error(ahead, margin), -margin)  # rounding errors of both
    excess = near + slip  # above 0: the margin is missed
    fault_bar = class_weight[target]*loss_bar/parts
    score_dot = logits_dot*np.where((np.arange(C) == target[:, None]), 0.0, 1.0)
    top_dot_acc = np.sum(chief*score_dot, axis=1)
    top_dot = portion*top_dot_acc
    own_dot = logits_dot[np.arange(B), target]
    ahead_dot = top_dot - own_dot
    lack_dot = ahead_dot*np.heaviside(excess, 0.0)
    lack_bar_dot = lack_dot*np.where((squared == 0.0), 0.0, 2.0*fault_bar)
    excess_bar_dot = lack_bar_dot*np.heaviside(excess, 0.0)
    own_bar_dot = -excess_bar_dot
    score_bar_dot = excess_bar_dot[:, None]*portion[:, None]*chief
    logits_bar_dot = score_bar_dot*np.where((np.arange(C) == target[:, None]), 0.0, 1.0) + own_bar_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
    return logits_bar_dot


def trace(logits, target, class_weight, loss_bar, margin, squared, divided, over_others):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    parts = np.where((divided == 0.0), 1.0, C - over_others)  # 1, K or K - 1
    score = np.where((np.arange(C) == target[:, None]), -np.inf, logits)  # what the maximum is of
    top = np.max(score, axis=1)  # largest score
    chief = np.where((top[:, None] <= score), 1.0, 0.0)  # 1: the largest
    chiefs = np.sum(chief, axis=1)  # how many are the largest
    portion = 1.0/chiefs  # of each of them
    own = logits[np.arange(B), target]  # score of the target
    excess = top - own + margin  # above 0: the margin is missed
    lack = np.maximum(excess, 0.0)  # 0 where the margin is kept
    fault = np.where((squared == 0.0), lack, lack*lack)
    loss = weighted(class_weight[target], fault)/parts
    fault_bar = class_weight[target]*loss_bar/parts
    lack_bar = np.where((squared == 0.0), fault_bar, 2.0*fault_bar*lack)
    excess_bar = lack_bar*np.heaviside(excess, 0.0)
    own_bar = -excess_bar
    top_bar = excess_bar
    score_bar = portion[:, None]*top_bar[:, None]*chief
    logits_bar = np.where((np.arange(C) == target[:, None]), 0.0, score_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return {
        "parts": parts,
        "score": score,
        "top": top,
        "chief": chief,
        "chiefs": chiefs,
        "portion": portion,
        "own": own,
        "excess": excess,
        "lack": lack,
        "fault": fault,
        "loss": loss,
        "fault_bar": fault_bar,
        "lack_bar": lack_bar,
        "excess_bar": excess_bar,
        "own_bar": own_bar,
        "top_bar": top_bar,
        "score_bar": score_bar,
        "logits_bar": logits_bar,
    }
