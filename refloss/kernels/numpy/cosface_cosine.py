"""CosFace (AM-Softmax, LMCL) over given cosines: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -w_y log softmax(z)_y,  z_y = scale psi(c_y), z_j = scale c_j
    psi: as of cosface_logit, without its scale

Subgradients
    of the softmax none; of the logit: none: a straight line; a cosine at its limit has the
    slope of one inside.

Constants
    everywhere: 1: the cosines of all classes are cut, not the target's alone (default 0.0)
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    margin: what is subtracted from the cosine (default 0.35)
    roof: everywhere*(limit - 2) + 2, rounded (default 2.0)
    roof_lo: what roof lacks (default 0.0)
    scale: what multiplies the cosines (default 64.0)
    scale_lo: what scale lacks (default 0.0)

Source
    Wang et al., CosFace, CVPR 2018, arXiv 1801.09414; AM-Softmax, arXiv 1801.05599.
"""

import numpy as np

CONSTANTS = ("everywhere", "limit", "most", "most_lo", "margin", "roof", "roof_lo", "scale", "scale_lo",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


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


def value(cosine, target, class_weight, everywhere, limit, most, most_lo, margin, roof, roof_lo, scale, scale_lo):
    """Return loss, one an item."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    goal = logit  # logit of the target, before the scale
    high = cosine - roof - roof_lo
    low = -cosine - roof - roof_lo
    roofed = np.where((high > 0.0), roof, cosine)
    rival = np.where((low > 0.0), -roof, roofed)  # cosine of another class, cut
    logits = np.where((np.arange(C) == target[:, None]), goal[:, None], rival)  # before the scale
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    apart = logits - top[:, None]  # at most 0
    drop = scale*apart  # at most 0
    slip = np.fmax(scale*two_diff_error(logits, top[:, None]) + two_prod_error(scale, apart) - weighted(scale_lo, top[:, None] - logits), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    grow = np.log1p(rest)
    lag = scale*(top - logits[np.arange(B), target])  # at least 0
    nll = grow + lag  # -log softmax of the target
    loss = weighted(class_weight[target], nll)
    return loss


def grad(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, roof, roof_lo, scale, scale_lo):
    """Return loss, then its derivative by every column times loss_bar."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    high = cosine - roof - roof_lo
    low = -cosine - roof - roof_lo
    roofed = np.where((high > 0.0), roof, cosine)
    rival = np.where((low > 0.0), -roof, roofed)  # cosine of another class, cut
    logits = np.where((np.arange(C) == target[:, None]), logit[:, None], rival)  # before the scale
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    apart = logits - top[:, None]  # at most 0
    drop = scale*apart  # at most 0
    slip = np.fmax(scale*two_diff_error(logits, top[:, None]) + two_prod_error(scale, apart) - weighted(scale_lo, top[:, None] - logits), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lag = scale*(top - logits[np.arange(B), target])  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    loss = weighted(class_weight[target], nll)
    nll_bar = class_weight[target]*loss_bar
    scaled_bar = np.where((np.arange(C) == target[:, None]), -(miss[:, None]*nll_bar[:, None]), mass*(nll_bar[:, None]/total[:, None]))
    logits_bar = scale*scaled_bar
    rival_bar = np.where((np.arange(C) == target[:, None]), 0.0, logits_bar)
    roofed_bar = np.where((low > 0.0), 0.0, rival_bar)
    goal_bar = logits_bar[np.arange(B), target]
    capped_bar = np.where((under > 0.0), 0.0, goal_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return loss, cosine_bar


def hvp(cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, margin, roof, roof_lo, scale, scale_lo):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    high = cosine - roof - roof_lo
    low = -cosine - roof - roof_lo
    roofed = np.where((high > 0.0), roof, cosine)
    rival = np.where((low > 0.0), -roof, roofed)  # cosine of another class, cut
    logits = np.where((np.arange(C) == target[:, None]), logit[:, None], rival)  # before the scale
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    apart = logits - top[:, None]  # at most 0
    drop = scale*apart  # at most 0
    slip = np.fmax(scale*two_diff_error(logits, top[:, None]) + two_prod_error(scale, apart) - weighted(scale_lo, top[:, None] - logits), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    nll_bar = class_weight[target]*loss_bar
    own_dot = cosine_dot[np.arange(B), target]
    capped_dot = own_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    roofed_dot = cosine_dot*np.where((high > 0.0), 0.0, 1.0)
    rival_dot = roofed_dot*np.where((low > 0.0), 0.0, 1.0)
    logits_dot = rival_dot*np.where((np.arange(C) == target[:, None]), 0.0, 1.0) + kept_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
    top_dot = logits_dot[np.arange(B), first]
    apart_dot = logits_dot - top_dot[:, None]
    drop_dot = scale*apart_dot
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    miss_dot = mass[np.arange(B), target]*(rest_dot/total/total) - mass_dot[np.arange(B), target]/total
    scaled_bar_dot = miss_dot[:, None]*np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0) + np.where((np.arange(C) == target[:, None]), 0.0, mass_dot*(nll_bar[:, None]/total[:, None])) + np.where((np.arange(C) == target[:, None]), 0.0, -(mass*(nll_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None])))
    logits_bar_dot = scale*scaled_bar_dot
    rival_bar_dot = logits_bar_dot*np.where((np.arange(C) == target[:, None]), 0.0, 1.0)
    roofed_bar_dot = rival_bar_dot*np.where((low > 0.0), 0.0, 1.0)
    goal_bar_dot = logits_bar_dot[np.arange(B), target]
    capped_bar_dot = goal_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    own_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    cosine_bar_dot = roofed_bar_dot*np.where((high > 0.0), 0.0, 1.0) + own_bar_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
    return cosine_bar_dot


def trace(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, roof, roof_lo, scale, scale_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most
    under = -own - most
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    goal = logit  # logit of the target, before the scale
    high = cosine - roof
    low = -cosine - roof
    roofed = np.where((high > 0.0), roof, cosine)
    rival = np.where((low > 0.0), -roof, roofed)  # cosine of another class, cut
    logits = np.where((np.arange(C) == target[:, None]), goal[:, None], rival)  # before the scale
    scaled = scale*logits  # logits times their factor
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(scaled - scale*top[:, None])
    total = np.sum(mass, axis=1)
    lse = scale*top + np.log(total)  # log-sum-exp
    nll = lse - scaled[np.arange(B), target]  # -log softmax of the target
    loss = weighted(class_weight[target], nll)
    nll_bar = class_weight[target]*loss_bar
    lse_bar = nll_bar
    total_bar = lse_bar/total
    mass_bar = np.broadcast_to(total_bar[:, None], (B, C))
    scaled_bar = mass_bar*np.exp(scaled - scale*top[:, None]) + np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0)
    logits_bar = scale*scaled_bar
    rival_bar = np.where((np.arange(C) == target[:, None]), 0.0, logits_bar)
    roofed_bar = np.where((low > 0.0), 0.0, rival_bar)
    goal_bar = logits_bar[np.arange(B), target]
    logit_bar = goal_bar
    kept_bar = logit_bar
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return {
        "own": own,
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "logit": logit,
        "goal": goal,
        "high": high,
        "low": low,
        "roofed": roofed,
        "rival": rival,
        "logits": logits,
        "scaled": scaled,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "nll": nll,
        "loss": loss,
        "nll_bar": nll_bar,
        "lse_bar": lse_bar,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "scaled_bar": scaled_bar,
        "logits_bar": logits_bar,
        "rival_bar": rival_bar,
        "roofed_bar": roofed_bar,
        "goal_bar": goal_bar,
        "logit_bar": logit_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "own_bar": own_bar,
        "cosine_bar": cosine_bar,
    }
