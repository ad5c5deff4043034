"""Focal loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight alpha_q (1 - p_t)^gamma ((1 - q) (-log(1 - k)) + q (-log k));
    k = probs, kept from clip to 1 - clip;  p_t = probs q + (1 - probs) (1 - q);
    q = (1 - eps) target + eps/2,  eps = label_smoothing; alpha_q: alpha or 1 - alpha, by q

Subgradients
    where p is at a clip, half of the slope inside; none elsewhere.

Constants
    smoothing: the target is (1 - it) t + it/2 (default 0.0)
    clip: probabilities are kept from it to 1 less it (default 0.0)
    gamma: power of 1 - p_t (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
    alpha: factor of the elements that alpha_side names (default 0.25)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5; keras.losses.binary_focal_crossentropy.
"""

import numpy as np

CONSTANTS = ("smoothing", "clip", "gamma", "gamma_lo", "attached", "on_positives", "on_negatives", "alpha",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def power(x, g):
    """Return x**g for x >= 0; at 0 it is 1 where g = 0, and 0 for every other g."""
    zero = x == 0.0
    at0 = np.where(g == 0.0, 1.0, 0.0)
    base = np.where(zero, 1.0, x)
    return np.where(zero, at0, np.where(g == 2.0, base*base, np.power(base, g)))


def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)


def value(probs, target, weight, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return loss, one an item."""
    pos_weight = 1.0  # alpha has its part
    goal = 0.5*smoothing*(1.0 - target) + (1.0 - 0.5*smoothing)*target  # asked of class 1
    rest = 0.5*smoothing*target + (1.0 - target)*(1.0 - 0.5*smoothing)  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    near = np.where((probs <= 0.5), probs, 1.0 - probs)  # to the nearer end
    kept = np.maximum(least, near)  # at most 1/2
    steep = -np.log(kept)  # of the nearer end
    flat = -np.log1p(-kept)  # of the farther end
    wanted = goal*pos_weight
    near_share = np.where((probs <= 0.5), wanted, rest)
    near_log = steep
    far_share = np.where((probs <= 0.5), rest, wanted)
    far_log = flat
    bce = weighted(far_share, far_log) + weighted(near_share, near_log)
    miss = (1.0 - probs)*goal + probs*rest  # 1 - p_t: terms >= 0
    factor = np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss)))  # modulator
    focal = bce*factor
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - goal)*lower + goal*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    return loss


def grad(probs, target, weight, loss_bar, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return loss, then its derivative by every column times loss_bar."""
    pos_weight = 1.0  # alpha has its part
    goal_moved = 0.5*smoothing*(1.0 - target) - 0.5*smoothing*target  # by smoothing
    goal = 0.5*smoothing*(1.0 - target) + (1.0 - 0.5*smoothing)*target  # asked of class 1
    rest = 0.5*smoothing*target + (1.0 - target)*(1.0 - 0.5*smoothing)  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    near = np.where((probs <= 0.5), probs, 1.0 - probs)  # to the nearer end
    kept = np.maximum(least, near)  # at most 1/2
    steep = -np.log(kept)  # of the nearer end
    flat = -np.log1p(-kept)  # of the farther end
    wanted = goal*pos_weight
    near_share = np.where((probs <= 0.5), wanted, rest)
    far_share = np.where((probs <= 0.5), rest, wanted)
    bce = weighted(far_share, flat) + weighted(near_share, steep)
    inside = np.heaviside(near - least, 0.5)  # whether the clip lets pass
    toward = np.where((probs <= 0.5), inside, -inside)  # of kept, by p
    blunt = 1.0/(1.0 - kept)
    near_pull = toward*ratio(near_share, kept, 0.0)
    far_pull = blunt*far_share*toward
    held = np.where((probs <= 0.5), kept, 1.0 - kept)  # p, clipped
    excess = np.where((probs <= 0.5), -(pos_weight - 1.0)*goal*np.where((probs <= 0.5), 1.0 - kept, kept) - goal_moved, (pos_weight - 1.0)*goal*np.where((probs <= 0.5), 1.0 - kept, kept) + goal_moved) + np.where((probs <= 0.5), held - target, target - held)
    slope = np.where((np.abs(pos_weight - 1.25) > 0.75), far_pull - near_pull, blunt*toward*ratio(excess, kept, far_share))  # by p
    odds = np.log1p((1.0 - 2.0*kept)/kept)  # log of both ends' ratio
    between = np.where((kept > 0.25), odds, steep - flat)  # -log of the nearer end less that of the farther
    hit = np.where((probs <= 0.5), steep, flat)  # -log p
    missed = np.where((probs <= 0.5), flat, steep)  # -log(1 - p)
    lean = np.where((np.abs(pos_weight - 1.25) > 0.75), weighted(pos_weight, hit) - missed, (pos_weight - 1.0)*hit + np.where((probs <= 0.5), between, -between))  # by goal less by rest
    miss = (1.0 - probs)*goal + probs*rest  # 1 - p_t: terms >= 0
    factor = np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss)))  # modulator
    focal = bce*factor
    tilt = rest - goal
    rise = weighted(gamma, np.where((gamma_lo == 0.0), power(miss, -1.0 + gamma), weighted(power(miss, -1.0 + gamma), 1.0 + (gamma_lo + two_diff_error(gamma, 1.0))*np.log(miss))))
    keen = weighted(rise, bce)
    gain = weighted(factor, lean)  # focal by the share of class 1, modulator constant
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - goal)*lower + goal*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    goal_bar = (upper - lower)*balance_bar
    probs_bar_unmasked = (factor*slope + np.where(attached == 0.0, 0.0, keen*tilt))*focal_bar
    probs_bar = np.where((weight == 0.0), 0.0, probs_bar_unmasked)
    target_bar_unmasked = (1.0 - smoothing)*goal_bar + ((1.0 - smoothing)*gain + np.where(attached == 0.0, 0.0, (1.0 - smoothing)*(1.0 - 2.0*probs)*keen))*focal_bar
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def hvp(probs, target, weight, loss_bar, probs_dot, target_dot, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the derivative of the gradient along the `_dot` columns."""
    pos_weight = 1.0  # alpha has its part
    goal_moved = 0.5*smoothing*(1.0 - target) - 0.5*smoothing*target  # by smoothing
    goal = 0.5*smoothing*(1.0 - target) + (1.0 - 0.5*smoothing)*target  # asked of class 1
    rest = 0.5*smoothing*target + (1.0 - target)*(1.0 - 0.5*smoothing)  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    near = np.where((probs <= 0.5), probs, 1.0 - probs)  # to the nearer end
    kept = np.maximum(least, near)  # at most 1/2
    steep = -np.log(kept)  # of the nearer end
    flat = -np.log1p(-kept)  # of the farther end
    wanted = goal*pos_weight
    near_share = np.where((probs <= 0.5), wanted, rest)
    far_share = np.where((probs <= 0.5), rest, wanted)
    bce = weighted(far_share, flat) + weighted(near_share, steep)
    inside = np.heaviside(near - least, 0.5)  # whether the clip lets pass
    toward = np.where((probs <= 0.5), inside, -inside)  # of kept, by p
    sharp = ratio(1.0, kept, 0.0)
    blunt = 1.0/(1.0 - kept)
    near_pull = toward*ratio(near_share, kept, 0.0)
    far_pull = blunt*far_share*toward
    held = np.where((probs <= 0.5), kept, 1.0 - kept)  # p, clipped
    excess = np.where((probs <= 0.5), -(pos_weight - 1.0)*goal*np.where((probs <= 0.5), 1.0 - kept, kept) - goal_moved, (pos_weight - 1.0)*goal*np.where((probs <= 0.5), 1.0 - kept, kept) + goal_moved) + np.where((probs <= 0.5), held - target, target - held)
    slope = np.where((np.abs(pos_weight - 1.25) > 0.75), far_pull - near_pull, blunt*toward*ratio(excess, kept, far_share))  # by p
    odds = np.log1p((1.0 - 2.0*kept)/kept)  # log of both ends' ratio
    between = np.where((kept > 0.25), odds, steep - flat)  # -log of the nearer end less that of the farther
    hit = np.where((probs <= 0.5), steep, flat)  # -log p
    missed = np.where((probs <= 0.5), flat, steep)  # -log(1 - p)
    lean = np.where((np.abs(pos_weight - 1.25) > 0.75), weighted(pos_weight, hit) - missed, (pos_weight - 1.0)*hit + np.where((probs <= 0.5), between, -between))  # by goal less by rest
    miss = (1.0 - probs)*goal + probs*rest  # 1 - p_t: terms >= 0
    factor = np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss)))  # modulator
    tilt = rest - goal
    rise = weighted(gamma, np.where((gamma_lo == 0.0), power(miss, -1.0 + gamma), weighted(power(miss, -1.0 + gamma), 1.0 + (gamma_lo + two_diff_error(gamma, 1.0))*np.log(miss))))
    keen = weighted(rise, bce)
    over = np.where((miss == 0.0), np.where((gamma == 2.0), gamma*bce, 0.0), weighted(rise, ratio(bce, miss, 0.0)))  # gamma focal/miss^2
    pitch = weighted(rise, lean)
    gain = weighted(factor, lean)  # focal by the share of class 1, modulator constant
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - goal)*lower + goal*upper  # alpha or 1 - alpha
    focal_bar = balance*loss_bar*weight
    goal_dot = (1.0 - smoothing)*target_dot
    rest_dot = (-1.0 + smoothing)*target_dot
    wanted_dot = goal_dot*pos_weight
    near_share_dot = rest_dot*np.where((probs <= 0.5), 0.0, 1.0) + wanted_dot*np.where((probs <= 0.5), 1.0, 0.0)
    far_share_dot = wanted_dot*np.where((probs <= 0.5), 0.0, 1.0) + rest_dot*np.where((probs <= 0.5), 1.0, 0.0)
    slope_dot = (blunt*far_pull*toward + near_pull*sharp*toward)*probs_dot + blunt*far_share_dot*toward - near_share_dot*sharp*toward
    lean_dot = (blunt*toward*np.where((probs <= 0.5), 1.0, pos_weight) + sharp*toward*np.where((probs <= 0.5), pos_weight, 1.0))*probs_dot*np.where((probs <= 0.5), -1.0, 1.0)
    factor_dot = np.where(attached == 0.0, 0.0, probs_dot*rise*tilt) + np.where(attached == 0.0, 0.0, (1.0 - smoothing)*(1.0 - 2.0*probs)*rise*target_dot)
    focal_dot = (factor*slope + np.where(attached == 0.0, 0.0, keen*tilt))*probs_dot + ((1.0 - smoothing)*gain + np.where(attached == 0.0, 0.0, (1.0 - smoothing)*(1.0 - 2.0*probs)*keen))*target_dot
    tilt_dot = rest_dot - goal_dot
    keen_dot = (rise*slope + (-1.0 + gamma)*over*tilt)*probs_dot + ((1.0 - smoothing)*pitch + (1.0 - smoothing)*(1.0 - 2.0*probs)*(-1.0 + gamma)*over)*target_dot
    gain_dot = factor*lean_dot + np.where(attached == 0.0, 0.0, pitch*probs_dot*tilt) + np.where(attached == 0.0, 0.0, (1.0 - smoothing)*(1.0 - 2.0*probs)*pitch*target_dot)
    balance_dot = (upper - lower)*goal_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    goal_bar_dot = (upper - lower)*balance_bar_dot
    probs_bar_unmasked_dot = (factor*slope + np.where(attached == 0.0, 0.0, keen*tilt))*focal_bar_dot + factor*focal_bar*slope_dot + factor_dot*focal_bar*slope + np.where(attached == 0.0, 0.0, focal_bar*keen*tilt_dot) + np.where(attached == 0.0, 0.0, focal_bar*keen_dot*tilt)
    probs_bar_dot = np.where((weight == 0.0), 0.0, probs_bar_unmasked_dot)
    target_bar_unmasked_dot = (1.0 - smoothing)*goal_bar_dot + ((1.0 - smoothing)*gain + np.where(attached == 0.0, 0.0, (1.0 - smoothing)*(1.0 - 2.0*probs)*keen))*focal_bar_dot + (1.0 - smoothing)*focal_bar*gain_dot + np.where(attached == 0.0, 0.0, (1.0 - smoothing)*(1.0 - 2.0*probs)*focal_bar*keen_dot) - np.where(attached == 0.0, 0.0, 2.0*(1.0 - smoothing)*focal_bar*keen*probs_dot)
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return probs_bar_dot, target_bar_dot


def trace(probs, target, weight, loss_bar, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return every quantity of the plain program and its adjoint, by name."""
    pos_weight = 1.0  # alpha has its part
    goal_moved = 0.5*smoothing*(1.0 - target) - 0.5*smoothing*target  # by smoothing
    goal = 0.5*smoothing*(1.0 - target) + (1.0 - 0.5*smoothing)*target  # asked of class 1
    rest = 0.5*smoothing*target + (1.0 - target)*(1.0 - 0.5*smoothing)  # asked of class 0
    least = np.where((clip == 0.0), -1.0, clip)
    kept = np.minimum(1.0 - least, np.maximum(least, probs))
    missed_all = -np.log(1.0 - kept)
    missed = missed_all
    hit_all = -np.log(kept)
    hit = hit_all
    bce = weighted(goal*pos_weight, hit) + weighted(rest, missed)
    chance = (1.0 - probs)*rest + goal*probs  # p_t
    factor = power(1.0 - chance, gamma)  # modulator
    focal = factor*bce
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - goal)*lower + goal*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = np.where(attached == 0.0, 0.0, bce*focal_bar)
    chance_bar = -(factor_bar*weighted(gamma, power(1.0 - chance, -1.0 + gamma)))
    bce_bar = factor*focal_bar
    hit_bar = bce_bar*goal*pos_weight
    hit_all_bar = hit_bar
    missed_bar = bce_bar*rest
    missed_all_bar = missed_bar
    kept_bar = missed_all_bar/(1.0 - kept) - hit_all_bar/kept
    rest_bar = (1.0 - probs)*chance_bar + bce_bar*missed
    goal_bar = (upper - lower)*balance_bar + chance_bar*probs + bce_bar*hit*pos_weight
    probs_bar = (goal - rest)*chance_bar + kept_bar*np.heaviside(probs - least, 0.5)*np.heaviside(1.0 - least - np.maximum(least, probs), 0.5)
    target_bar = (1.0 - smoothing)*goal_bar + (-1.0 + smoothing)*rest_bar
    return {
        "pos_weight": pos_weight,
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
        "chance": chance,
        "factor": factor,
        "focal": focal,
        "upper": upper,
        "lower": lower,
        "balance": balance,
        "loss": loss,
        "balance_bar": balance_bar,
        "focal_bar": focal_bar,
        "factor_bar": factor_bar,
        "chance_bar": chance_bar,
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
