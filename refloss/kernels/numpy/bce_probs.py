"""Binary cross-entropy: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight ((1 - q) min(-log(1 - p + added), most) + pos_weight q min(-log(p + added), most));
    p = probs, kept from clip to 1 - clip;
    q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing

Subgradients
    where p is at a clip, half of the slope inside; none elsewhere.

Constants
    label_smoothing: how much is taken from targets (default 0.0)
    lost: share of it that a target of 1 loses (default 0.5)
    raised: share of it that a target of 0 gains (default 0.5)
    clip: probabilities are kept from it to 1 less it (default 0.0)
    added: added to both probabilities before their logarithms (default 0.0)
    most: bound of minus the logarithms (default inf)

Source
    Cox 1958; torch.nn.functional.binary_cross_entropy.
"""

import numpy as np

CONSTANTS = ("label_smoothing", "lost", "raised", "clip", "added", "most",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(probs, target, pos_weight, weight, label_smoothing, lost, raised, clip, added, most):
    """Return loss, one an item."""
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    near = np.where((probs <= 0.5), probs, 1.0 - probs)  # to the nearer end
    kept = np.maximum(least, near)  # at most 1/2
    steep = -np.log(kept + added)  # of the nearer end
    flat = -np.log1p(-kept + added)  # of the farther end
    wanted = goal*pos_weight
    near_share = np.where((probs <= 0.5), wanted, rest)
    near_log = np.where((most < steep), most, steep)
    far_share = np.where((probs <= 0.5), rest, wanted)
    far_log = np.where((most < flat), most, flat)
    bce = weighted(far_share, far_log) + weighted(near_share, near_log)
    loss = weighted(weight, bce)
    return loss


def grad(probs, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised, clip, added, most):
    """Return loss, then its derivative by every column times loss_bar."""
    goal_moved = label_smoothing*raised*(1.0 - target) - label_smoothing*lost*target  # by smoothing
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    near = np.where((probs <= 0.5), probs, 1.0 - probs)  # to the nearer end
    kept = np.maximum(least, near)  # at most 1/2
    steep = -np.log(kept + added)  # of the nearer end
    flat = -np.log1p(-kept + added)  # of the farther end
    wanted = goal*pos_weight
    near_share = np.where((probs <= 0.5), wanted, rest)
    near_log = np.where((most < steep), most, steep)
    far_share = np.where((probs <= 0.5), rest, wanted)
    far_log = np.where((most < flat), most, flat)
    bce = weighted(far_share, far_log) + weighted(near_share, near_log)
    inside = np.heaviside(near - least, 0.5)  # whether the clip lets pass
    toward = np.where((probs <= 0.5), inside, -inside)  # of kept, by p
    blunt = 1.0/(1.0 - kept + added)
    near_felt = np.where((most < steep), 0.0, toward)
    far_felt = np.where((most < flat), 0.0, toward)
    near_pull = near_felt*ratio(near_share, kept + added, 0.0)
    far_pull = blunt*far_felt*far_share
    held = np.where((probs <= 0.5), kept, 1.0 - kept)  # p, clipped
    excess = added*(far_share - near_share) + np.where((probs <= 0.5), -(pos_weight - 1.0)*goal*np.where((probs <= 0.5), 1.0 - kept, kept) - goal_moved, (pos_weight - 1.0)*goal*np.where((probs <= 0.5), 1.0 - kept, kept) + goal_moved) + np.where((probs <= 0.5), held - target, target - held)
    slope = np.where((most < steep), far_pull, np.where((np.abs(pos_weight - 1.25) > 0.75), far_pull - near_pull, blunt*toward*ratio(excess, kept + added, far_share)))  # by p
    odds = np.log1p((1.0 - 2.0*kept)/(kept + added))  # log of both ends' ratio
    between = np.where((most < steep), near_log - far_log, np.where((kept > 0.25), odds, steep - flat))  # -log of the nearer end less that of the farther
    hit = np.where((probs <= 0.5), near_log, far_log)  # -log p
    missed = np.where((probs <= 0.5), far_log, near_log)  # -log(1 - p)
    lean = np.where((np.abs(pos_weight - 1.25) > 0.75), weighted(pos_weight, hit) - missed, (pos_weight - 1.0)*hit + np.where((probs <= 0.5), between, -between))  # by goal less by rest
    loss = weighted(weight, bce)
    bce_bar = loss_bar*weight
    probs_bar_unmasked = bce_bar*slope
    probs_bar = np.where((weight == 0.0), 0.0, probs_bar_unmasked)
    target_bar_unmasked = (1.0 - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def hvp(probs, target, pos_weight, weight, loss_bar, probs_dot, target_dot, label_smoothing, lost, raised, clip, added, most):
    """Return the derivative of the gradient along the `_dot` columns."""
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    near = np.where((probs <= 0.5), probs, 1.0 - probs)  # to the nearer end
    kept = np.maximum(least, near)  # at most 1/2
    steep = -np.log(kept + added)  # of the nearer end
    flat = -np.log1p(-kept + added)  # of the farther end
    wanted = goal*pos_weight
    near_share = np.where((probs <= 0.5), wanted, rest)
    far_share = np.where((probs <= 0.5), rest, wanted)
    inside = np.heaviside(near - least, 0.5)  # whether the clip lets pass
    toward = np.where((probs <= 0.5), inside, -inside)  # of kept, by p
    sharp = ratio(1.0, kept + added, 0.0)
    blunt = 1.0/(1.0 - kept + added)
    near_felt = np.where((most < steep), 0.0, toward)
    far_felt = np.where((most < flat), 0.0, toward)
    near_pull = near_felt*ratio(near_share, kept + added, 0.0)
    far_pull = blunt*far_felt*far_share
    bce_bar = loss_bar*weight
    goal_dot = (1.0 - label_smoothing*lost - label_smoothing*raised)*target_dot
    rest_dot = (-1.0 + label_smoothing*lost + label_smoothing*raised)*target_dot
    wanted_dot = goal_dot*pos_weight
    near_share_dot = rest_dot*np.where((probs <= 0.5), 0.0, 1.0) + wanted_dot*np.where((probs <= 0.5), 1.0, 0.0)
    far_share_dot = wanted_dot*np.where((probs <= 0.5), 0.0, 1.0) + rest_dot*np.where((probs <= 0.5), 1.0, 0.0)
    slope_dot = (blunt*far_felt*far_pull + near_felt*near_pull*sharp)*probs_dot + blunt*far_felt*far_share_dot - near_felt*near_share_dot*sharp
    lean_dot = (blunt*far_felt*np.where((probs <= 0.5), 1.0, pos_weight) + near_felt*sharp*np.where((probs <= 0.5), pos_weight, 1.0))*probs_dot*np.where((probs <= 0.5), -1.0, 1.0)
    probs_bar_unmasked_dot = bce_bar*slope_dot
    probs_bar_dot = np.where((weight == 0.0), 0.0, probs_bar_unmasked_dot)
    target_bar_unmasked_dot = (1.0 - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean_dot
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return probs_bar_dot, target_bar_dot


def trace(probs, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised, clip, added, most):
    """Return every quantity of the plain program and its adjoint, by name."""
    goal_moved = label_smoothing*raised*(1.0 - target) - label_smoothing*lost*target  # by smoothing
    goal = (1.0 - label_smoothing*lost)*target + label_smoothing*raised*(1.0 - target)  # asked of class 1
    rest = (1.0 - target)*(1.0 - label_smoothing*raised) + label_smoothing*lost*target  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    kept = np.minimum(1.0 - least, np.maximum(least, probs))
    missed_all = -np.log(1.0 - kept + added)
    missed = np.where((most < missed_all), most, missed_all)
    hit_all = -np.log(kept + added)
    hit = np.where((most < hit_all), most, hit_all)
    bce = weighted(goal*pos_weight, hit) + weighted(rest, missed)
    loss = weighted(weight, bce)
    bce_bar = loss_bar*weight
    hit_bar = bce_bar*goal*pos_weight
    hit_all_bar = np.where((most < hit_all), 0.0, hit_bar)
    missed_bar = bce_bar*rest
    missed_all_bar = np.where((most < missed_all), 0.0, missed_bar)
    kept_bar = missed_all_bar/(1.0 - kept + added) - hit_all_bar/(kept + added)
    rest_bar = bce_bar*missed
    goal_bar = bce_bar*hit*pos_weight
    probs_bar = kept_bar*np.heaviside(probs - least, 0.5)*np.heaviside(1.0 - least - np.maximum(least, probs), 0.5)
    target_bar = (1.0 - label_smoothing*lost - label_smoothing*raised)*goal_bar + (-1.0 + label_smoothing*lost + label_smoothing*raised)*rest_bar
    return {
        "goal_moved": goal_moved,
        "goal": goal,
        "rest": rest,
        "least": least,
        "kept": kept,
        "missed_all": missed_all,
        "missed": missed,
        "hit_all": hit_all,
        "hit": hit,
        "bce": bce,
        "loss": loss,
        "bce_bar": bce_bar,
        "hit_bar": hit_bar,
        "hit_all_bar": hit_all_bar,
        "missed_bar": missed_bar,
        "missed_all_bar": missed_all_bar,
        "kept_bar": kept_bar,
        "rest_bar": rest_bar,
        "goal_bar": goal_bar,
        "probs_bar": probs_bar,
        "target_bar": target_bar,
    }
