"""SphereFace over given cosines: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -w_y log softmax(z)_y,  z_y = scale psi(c_y), z_j = scale c_j
    psi: as of sphereface_logit, without its scale

Subgradients
    of the softmax none; of the logit: none: the slope is 0 on both sides of every border.
    The second derivative there is that beyond it.

Constants
    everywhere: 1: the cosines of all classes are cut, not the target's alone (default 0.0)
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    falls: 0: the cosine of the multiple, which rises again (default 1.0)
    annealing: how many times the cosine counts beside psi (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)
    roof: everywhere*(limit - 2) + 2, rounded (default 2.0)
    roof_lo: what roof lacks (default 0.0)
    scale: what multiplies the cosines (default 1.0)
    scale_lo: what scale lacks (default 0.0)

Source
    Liu et al., L-Softmax, ICML 2016, arXiv 1612.02295; SphereFace, CVPR 2017, arXiv
    1704.08063.
"""

import numpy as np

TURN1 = 0.8090169943749475  # 1/4 + sqrt(5)/4, correctly rounded
TURN1_LO = -2.716057601841253e-17  # Rest(1/4 + sqrt(5)/4), correctly rounded
TURN2 = 0.30901699437494745  # -1/4 + sqrt(5)/4, correctly rounded
TURN2_LO = -2.716057601841253e-17  # Rest(-1/4 + sqrt(5)/4), correctly rounded
TURN3 = -0.30901699437494745  # 1/4 - sqrt(5)/4, correctly rounded
TURN3_LO = 2.716057601841253e-17  # Rest(1/4 - sqrt(5)/4), correctly rounded
TURN4 = -0.8090169943749475  # -sqrt(5)/4 - 1/4, correctly rounded
TURN4_LO = 2.716057601841253e-17  # Rest(-sqrt(5)/4 - 1/4), correctly rounded
ZERO1 = 0.9510565162951535  # sqrt(sqrt(5)/8 + 5/8), correctly rounded
ZERO1_LO = 4.0934500900087295e-17  # Rest(sqrt(sqrt(5)/8 + 5/8)), correctly rounded
ZERO2 = 0.5877852522924731  # sqrt(5/8 - sqrt(5)/8), correctly rounded
ZERO2_LO = -7.93475083819002e-18  # Rest(sqrt(5/8 - sqrt(5)/8)), correctly rounded
ZERO4 = -0.5877852522924731  # -sqrt(5/8 - sqrt(5)/8), correctly rounded
ZERO4_LO = 7.93475083819002e-18  # Rest(-sqrt(5/8 - sqrt(5)/8)), correctly rounded
ZERO5 = -0.9510565162951535  # -sqrt(sqrt(5)/8 + 5/8), correctly rounded
ZERO5_LO = -4.0934500900087295e-17  # Rest(-sqrt(sqrt(5)/8 + 5/8)), correctly rounded
BEND1 = 0.6123724356957945  # sqrt(6)/4, correctly rounded
BEND1_LO = 5.421541295258115e-17  # Rest(sqrt(6)/4), correctly rounded
BEND3 = -0.6123724356957945  # -sqrt(6)/4, correctly rounded
BEND3_LO = -5.421541295258115e-17  # Rest(-sqrt(6)/4), correctly rounded
CONSTANTS = ("everywhere", "limit", "most", "most_lo", "falls", "annealing", "attached", "roof", "roof_lo", "scale", "scale_lo",)


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


def value(cosine, target, class_weight, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return loss, one an item."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1 - TURN1_LO
    gap2 = kept - TURN2 - TURN2_LO
    gap3 = kept - TURN3 - TURN3_LO
    gap4 = kept - TURN4 - TURN4_LO
    away1 = kept - ZERO1 - ZERO1_LO
    away2 = kept - ZERO2 - ZERO2_LO
    away3 = kept
    away4 = kept - ZERO4 - ZERO4_LO
    away5 = kept - ZERO5 - ZERO5_LO
    multiple = 16.0*away1*away2*away3*away4*away5  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
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


def grad(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return loss, then its derivative by every column times loss_bar."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1 - TURN1_LO
    gap2 = kept - TURN2 - TURN2_LO
    gap3 = kept - TURN3 - TURN3_LO
    gap4 = kept - TURN4 - TURN4_LO
    away1 = kept - ZERO1 - ZERO1_LO
    away2 = kept - ZERO2 - ZERO2_LO
    away4 = kept - ZERO4 - ZERO4_LO
    away5 = kept - ZERO5 - ZERO5_LO
    climb = 80.0*gap1*gap2*gap3*gap4  # its slope
    multiple = 16.0*away1*away2*away4*away5*kept  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
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
    blend_bar = np.where(attached == 0.0, 0.0, goal_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    kept_bar = (1.0 - attached)*goal_bar + climb*multiple_bar + annealing*blend_bar/(1.0 + annealing)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return loss, cosine_bar


def hvp(cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1 - TURN1_LO
    gap2 = kept - TURN2 - TURN2_LO
    gap3 = kept - TURN3 - TURN3_LO
    gap4 = kept - TURN4 - TURN4_LO
    away1 = kept - ZERO1 - ZERO1_LO
    away2 = kept - ZERO2 - ZERO2_LO
    away4 = kept - ZERO4 - ZERO4_LO
    away5 = kept - ZERO5 - ZERO5_LO
    climb = 80.0*gap1*gap2*gap3*gap4  # its slope
    multiple = 16.0*away1*away2*away4*away5*kept  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
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
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    nll_bar = class_weight[target]*loss_bar
    scaled_bar = np.where((np.arange(C) == target[:, None]), -(miss[:, None]*nll_bar[:, None]), mass*(nll_bar[:, None]/total[:, None]))
    logits_bar = scale*scaled_bar
    goal_bar = logits_bar[np.arange(B), target]
    blend_bar = np.where(attached == 0.0, 0.0, goal_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    own_dot = cosine_dot[np.arange(B), target]
    capped_dot = own_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    climb_dot = 320.0*(kept - BEND1 - BEND1_LO)*(kept - BEND3 - BEND3_LO)*kept*kept_dot
    multiple_dot = climb*kept_dot
    fallen_dot = multiple_dot*np.where((falls == 0.0), 1.0, side)
    blend_dot = fallen_dot/(1.0 + annealing) + annealing*kept_dot/(1.0 + annealing)
    logit_dot = (1.0 - attached)*kept_dot + np.where(attached == 0.0, 0.0, blend_dot)
    roofed_dot = cosine_dot*np.where((high > 0.0), 0.0, 1.0)
    rival_dot = roofed_dot*np.where((low > 0.0), 0.0, 1.0)
    logits_dot = rival_dot*np.where((np.arange(C) == target[:, None]), 0.0, 1.0) + logit_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
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
    blend_bar_dot = np.where(attached == 0.0, 0.0, goal_bar_dot)
    fallen_bar_dot = blend_bar_dot/(1.0 + annealing)
    multiple_bar_dot = fallen_bar_dot*np.where((falls == 0.0), 1.0, side)
    kept_bar_dot = (1.0 - attached)*goal_bar_dot + climb*multiple_bar_dot + climb_dot*multiple_bar + annealing*blend_bar_dot/(1.0 + annealing)
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    own_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    cosine_bar_dot = roofed_bar_dot*np.where((high > 0.0), 0.0, 1.0) + own_bar_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
    return cosine_bar_dot


def trace(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most
    under = -own - most
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1
    gap2 = kept - TURN2
    gap3 = kept - TURN3
    gap4 = kept - TURN4
    multiple = (5.0 + 16.0*(kept*kept*kept*kept) - 20.0*(kept*kept))*kept  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
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
    blend_bar = np.where(attached == 0.0, 0.0, logit_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    level_bar = np.where((falls == 0.0), 0.0, -fallen_bar)
    side_bar = np.where((falls == 0.0), 0.0, fallen_bar*multiple)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    kept_bar = (1.0 - attached)*logit_bar + (5.0 + (64.0*(kept*kept*kept) - 40.0*kept)*kept + 16.0*(kept*kept*kept*kept) - 20.0*(kept*kept))*multiple_bar + annealing*blend_bar/(1.0 + annealing)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return {
        "own": own,
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "gap1": gap1,
        "gap2": gap2,
        "gap3": gap3,
        "gap4": gap4,
        "multiple": multiple,
        "side": side,
        "level": level,
        "fallen": fallen,
        "blend": blend,
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
        "blend_bar": blend_bar,
        "fallen_bar": fallen_bar,
        "level_bar": level_bar,
        "side_bar": side_bar,
        "multiple_bar": multiple_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "own_bar": own_bar,
        "cosine_bar": cosine_bar,
    }
