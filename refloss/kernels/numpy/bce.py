"""Binary cross-entropy: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight ((1 - q) softplus(x) + pos_weight q softplus(-x)),  x = logits;
    q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing

Subgradients
    none: the loss is smooth.

Constants
    label_smoothing: how much is taken from targets (default 0.0)
    lost: share of it that a target of 1 loses (default 0.5)
    raised: share of it that a target of 0 gains (default 0.5)

Source
    Cox 1958; torch.nn.functional.binary_cross_entropy_with_logits.
"""

import numpy as np

CONSTANTS = ("label_smoothing", "lost", "raised",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(logits, target, pos_weight, weight, label_smoothing, lost, raised):
    """Return loss, one an item."""
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    left = np.exp(-np.abs(logits))  # at most 1
    tail = np.log1p(left)  # of softplus, on both sides
    missed = np.maximum(logits, 0.0) + tail  # softplus(x)
    hit = np.maximum(-logits, 0.0) + tail  # softplus(-x)
    wanted = goal*pos_weight
    bce = weighted(rest, missed) + weighted(wanted, hit)
    loss = weighted(weight, bce)
    return loss


def grad(logits, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised):
    """Return loss, then its derivative by every column times loss_bar."""
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    left = np.exp(-np.abs(logits))  # at most 1
    tail = np.log1p(left)  # of softplus, on both sides
    missed = np.maximum(logits, 0.0) + tail  # softplus(x)
    hit = np.maximum(-logits, 0.0) + tail  # softplus(-x)
    share = 1.0/(1.0 + left)  # at least 1/2
    rise = np.where((logits >= 0.0), share, left*share)  # sigmoid(x)
    fall = np.where((logits >= 0.0), left*share, share)  # sigmoid(-x)
    wanted = goal*pos_weight
    bce = weighted(rest, missed) + weighted(wanted, hit)
    lean = (pos_weight - 1.0)*tail + np.where((logits >= 0.0), -logits, -(logits*pos_weight))  # pos_weight hit - missed
    loss = weighted(weight, bce)
    bce_bar = loss_bar*weight
    logits_bar_unmasked = (rest*rise - fall*wanted)*bce_bar
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = (1.0 - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, pos_weight, weight, loss_bar, logits_dot, target_dot, label_smoothing, lost, raised):
    """Return the derivative of the gradient along the `_dot` columns."""
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    left = np.exp(-np.abs(logits))  # at most 1
    share = 1.0/(1.0 + left)  # at least 1/2
    rise = np.where((logits >= 0.0), share, left*share)  # sigmoid(x)
    fall = np.where((logits >= 0.0), left*share, share)  # sigmoid(-x)
    wanted = goal*pos_weight
    bce_bar = loss_bar*weight
    goal_dot = (1.0 - label_smoothing*lost - label_smoothing*raised)*target_dot
    rest_dot = (-1.0 + label_smoothing*lost + label_smoothing*raised)*target_dot
    rise_dot = fall*logits_dot*rise
    fall_dot = -(fall*logits_dot*rise)
    wanted_dot = goal_dot*pos_weight
    lean_dot = (-fall*pos_weight - rise)*logits_dot
    logits_bar_unmasked_dot = bce_bar*rest*rise_dot + bce_bar*rest_dot*rise - bce_bar*fall*wanted_dot - bce_bar*fall_dot*wanted
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (1.0 - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean_dot
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised):
    """Return every quantity of the plain program and its adjoint, by name."""
    goal_moved = label_smoothing*raised*(1.0 - target) - label_smoothing*lost*target  # by smoothing
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    top = np.maximum(0.0, logits)
    mass = np.exp(logits - top) + np.exp(-top)  # 1 + e^x over e^top
    hit = np.log(mass) + top - logits  # softplus(-x)
    bce = (goal*pos_weight + rest)*hit + logits*rest
    loss = weighted(weight, bce)
    bce_bar = loss_bar*weight
    hit_bar = (goal*pos_weight + rest)*bce_bar
    mass_bar = hit_bar/mass
    top_bar = (-np.exp(logits - top) - np.exp(-top))*mass_bar + hit_bar
    rest_bar = (hit + logits)*bce_bar
    goal_bar = bce_bar*hit*pos_weight
    logits_bar = mass_bar*np.exp(logits - top) + bce_bar*rest - hit_bar
    target_bar = (1.0 - label_smoothing*lost - label_smoothing*raised)*goal_bar + (-1.0 + label_smoothing*lost + label_smoothing*raised)*rest_bar
    return {
        "goal_moved": goal_moved,
        "goal": goal,
        "rest": rest,
        "top": top,
        "mass": mass,
        "hit": hit,
        "bce": bce,
        "loss": loss,
        "bce_bar": bce_bar,
        "hit_bar": hit_bar,
        "mass_bar": mass_bar,
        "top_bar": top_bar,
        "rest_bar": rest_bar,
        "goal_bar": goal_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
