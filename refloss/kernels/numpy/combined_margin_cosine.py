"""Combined margin over given cosines: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -w_y log softmax(z)_y,  z_y = scale psi(c_y), z_j = scale c_j
    psi: as of combined_margin_logit, without its scale

Subgradients
    of the softmax none; of the logit: where the sine is 0 scale cos m2; with a multiple
    scale m1^2 cos m2 at 1 and -scale m1^2 cos(m1 pi + m2) at -1. That beyond the border at
    the border.

Constants
    everywhere: 1: the cosines of all classes are cut, not the target's alone (default 0.0)
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    margin: the angle that is added (default 0.3)
    degrees: 1: the angle is in degrees (default 0.0)
    cosine_margin: what is subtracted from the cosine (default 0.2)
    again: factor of the logit beyond the border (default 1.0)
    level: how often 1 + m3 is subtracted there (default 0.0)
    drops: 1: the angle has no margin where the cosine has one (default 0.0)
    cos_margin: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.955336489125606)
    cos_margin_lo: what cos_margin lacks (default 4.1935600297907467e-17)
    sin_margin: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.29552020666133955)
    sin_margin_lo: what sin_margin lacks (default 1.8315357276792536e-17)
    zero_after: cosine_margin*cos(pi*degrees*margin/180 + margin*(1 - degrees)) + sqrt((1 -
        cosine_margin)*(cosine_margin + 1))*sin(pi*degrees*margin/180 + margin*(1 -
        degrees)), rounded (default 0.48061678382596773)
    zero_after_lo: what zero_after lacks (default -2.1329752784256254e-18)
    zero_before: cosine_margin*cos(pi*degrees*margin/180 + margin*(1 - degrees)) - sqrt((1 -
        cosine_margin)*(cosine_margin + 1))*sin(pi*degrees*margin/180 + margin*(1 -
        degrees)), rounded (default -0.0984821881757253)
    zero_before_lo: what zero_before lacks (default -4.288974257581483e-18)
    border: -cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        -0.955336489125606)
    border_lo: what border lacks (default -4.1935600297907467e-17)
    offset: level*(cosine_margin + 1), rounded (default 0.0)
    offset_lo: what offset lacks (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)
    roof: everywhere*(limit - 2) + 2, rounded (default 2.0)
    roof_lo: what roof lacks (default 0.0)
    scale: what multiplies the cosines (default 64.0)
    scale_lo: what scale lacks (default 0.0)

Source
    Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.
"""

import numpy as np

CONSTANTS = ("everywhere", "limit", "most", "most_lo", "margin", "degrees", "cosine_margin", "again", "level", "drops", "cos_margin", "cos_margin_lo", "sin_margin", "sin_margin_lo", "zero_after", "zero_after_lo", "zero_before", "zero_before_lo", "border", "border_lo", "offset", "offset_lo", "attached", "roof", "roof_lo", "scale", "scale_lo",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


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


def value(cosine, target, class_weight, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return loss, one an item."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    base = along - cosine_margin
    lowered = np.where((across*base > 0.0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
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


def grad(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return loss, then its derivative by every column times loss_bar."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    base = along - cosine_margin
    lowered = np.where((across*base > 0.0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
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
    taken_bar = np.where(attached == 0.0, 0.0, goal_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*goal_bar + lowered_bar*steep + np.where((alone > 0.0), taken_bar, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return loss, cosine_bar


def hvp(cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most - most_lo
    under = -own - most - most_lo
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    base = along - cosine_margin
    lowered = np.where((across*base > 0.0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
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
    taken_bar = np.where(attached == 0.0, 0.0, goal_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    own_dot = cosine_dot[np.arange(B), target]
    capped_dot = own_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    steep_dot = kept_dot*ratio(ratio(ratio(sin_margin, sine, 0.0), sine, 0.0), sine, 0.0)
    lowered_dot = kept_dot*steep
    bent_dot = lowered_dot*np.where((room > 0.0), 1.0, again)
    taken_dot = bent_dot*np.where((alone > 0.0), 0.0, 1.0) + kept_dot*np.where((alone > 0.0), 1.0, 0.0)
    logit_dot = (1.0 - attached)*kept_dot + np.where(attached == 0.0, 0.0, taken_dot)
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
    taken_bar_dot = np.where(attached == 0.0, 0.0, goal_bar_dot)
    bent_bar_dot = taken_bar_dot*np.where((alone > 0.0), 0.0, 1.0)
    lowered_bar_dot = bent_bar_dot*np.where((room > 0.0), 1.0, again)
    kept_bar_dot = (1.0 - attached)*goal_bar_dot + taken_bar_dot*np.where((alone > 0.0), 1.0, 0.0) + lowered_bar*steep_dot + lowered_bar_dot*steep
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    own_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    cosine_bar_dot = roofed_bar_dot*np.where((high > 0.0), 0.0, 1.0) + own_bar_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
    return cosine_bar_dot


def trace(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most
    under = -own - most
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    sine = np.sqrt(np.maximum((1.0 - kept)*(1.0 + kept), 0.0))  # of the angle
    raw = cos_margin*kept - sin_margin*sine  # cosine of both angles
    lowered = raw - cosine_margin  # less the cosine's margin
    room = kept - border  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset)
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
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
    taken_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    raw_bar = lowered_bar
    sine_bar = -(sin_margin*raw_bar)
    kept_bar = cos_margin*raw_bar + (1.0 - attached)*logit_bar + np.where((alone > 0.0), taken_bar, 0.0) - sine_bar*ratio(kept, sine, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return {
        "own": own,
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "sine": sine,
        "raw": raw,
        "lowered": lowered,
        "room": room,
        "bent": bent,
        "alone": alone,
        "taken": taken,
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
        "taken_bar": taken_bar,
        "bent_bar": bent_bar,
        "lowered_bar": lowered_bar,
        "raw_bar": raw_bar,
        "sine_bar": sine_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "own_bar": own_bar,
        "cosine_bar": cosine_bar,
    }
