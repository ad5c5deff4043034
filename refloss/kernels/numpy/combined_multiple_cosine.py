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
    multiple: what multiplies the angle (default 1.0)
    again: factor of the logit beyond the border (default 1.0)
    level: how often 1 + m3 is subtracted there (default 0.0)
    added: pi*degrees*margin/180 + margin*(1 - degrees), rounded (default 0.3)
    added_lo: what added lacks (default 0.0)
    cosine_zero1: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)))/multiple))), rounded (default 0.2)
    cosine_zero1_lo: what cosine_zero1 lacks (default 0.0)
    sine_zero1: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)))/multiple))), rounded (default 0.9797958971132712)
    sine_zero1_lo: what sine_zero1 lacks (default 4.006950647993939e-17)
    at_zero1: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
        (default 0.48061678382596773)
    at_zero1_lo: what at_zero1 lacks (default -2.1329752784256254e-18)
    rise_zero1: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
        (default 0.8769307310755982)
    rise_zero1_lo: what rise_zero1 lacks (default -2.910427305324835e-17)
    cosine_zero2: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) - 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.955336489125606)
    cosine_zero2_lo: what cosine_zero2 lacks (default -4.1935600297907467e-17)
    sine_zero2: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) - 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.29552020666133955)
    sine_zero2_lo: what sine_zero2 lacks (default -1.8315357276792536e-17)
    at_zero2: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.0)
    at_zero2_lo: what at_zero2 lacks (default 0.0)
    rise_zero2: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default 0.0)
    rise_zero2_lo: what rise_zero2 lacks (default 0.0)
    cosine_zero3: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.955336489125606)
    cosine_zero3_lo: what cosine_zero3 lacks (default -4.1935600297907467e-17)
    sine_zero3: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.29552020666133955)
    sine_zero3_lo: what sine_zero3 lacks (default -1.8315357276792536e-17)
    at_zero3: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.0)
    at_zero3_lo: what at_zero3 lacks (default 0.0)
    rise_zero3: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default 0.0)
    rise_zero3_lo: what rise_zero3 lacks (default 0.0)
    level1: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
        multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
        (default 0.0)
    level1_lo: what level1 lacks (default 0.0)
    level2: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
        multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.155336489125606)
    level2_lo: what level2 lacks (default -9.744675152916529e-17)
    level3: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
        multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.155336489125606)
    level3_lo: what level3 lacks (default -9.744675152916529e-17)
    cosine_turn0: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.955336489125606)
    cosine_turn0_lo: what cosine_turn0 lacks (default 4.1935600297907467e-17)
    sine_turn0: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.29552020666133955)
    sine_turn0_lo: what sine_turn0 lacks (default 1.8315357276792536e-17)
    cosine_turn1: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple))), rounded (default
        -1.0)
    cosine_turn1_lo: what cosine_turn1 lacks (default 0.0)
    sine_turn1: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple))), rounded (default
        0.0)
    sine_turn1_lo: what sine_turn1 lacks (default 0.0)
    at_turn1: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        pi)/multiple))), rounded (default -0.955336489125606)
    at_turn1_lo: what at_turn1 lacks (default -4.1935600297907467e-17)
    rise_turn1: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        pi)/multiple))), rounded (default 0.29552020666133955)
    rise_turn1_lo: what rise_turn1 lacks (default 1.8315357276792536e-17)
    cosine_turn2: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*pi)/multiple))), rounded (default
        -0.955336489125606)
    cosine_turn2_lo: what cosine_turn2 lacks (default -4.1935600297907467e-17)
    sine_turn2: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*pi)/multiple))), rounded (default
        -0.29552020666133955)
    sine_turn2_lo: what sine_turn2 lacks (default -1.8315357276792536e-17)
    at_turn2: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*pi)/multiple))), rounded (default -1.0)
    at_turn2_lo: what at_turn2 lacks (default 0.0)
    rise_turn2: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*pi)/multiple))), rounded (default 0.0)
    rise_turn2_lo: what rise_turn2 lacks (default 0.0)
    cosine_turn3: cos(pi*degrees*margin/180 + margin*(1 - degrees) + pi*multiple), rounded
        (default -0.955336489125606)
    cosine_turn3_lo: what cosine_turn3 lacks (default -4.1935600297907467e-17)
    sine_turn3: sin(pi*degrees*margin/180 + margin*(1 - degrees) + pi*multiple), rounded
        (default -0.29552020666133955)
    sine_turn3_lo: what sine_turn3 lacks (default -1.8315357276792536e-17)
    border: cos((-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple), rounded
        (default -0.955336489125606)
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

CONSTANTS = ("everywhere", "limit", "most", "most_lo", "margin", "degrees", "cosine_margin", "multiple", "again", "level", "added", "added_lo", "cosine_zero1", "cosine_zero1_lo", "sine_zero1", "sine_zero1_lo", "at_zero1", "at_zero1_lo", "rise_zero1", "rise_zero1_lo", "cosine_zero2", "cosine_zero2_lo", "sine_zero2", "sine_zero2_lo", "at_zero2", "at_zero2_lo", "rise_zero2", "rise_zero2_lo", "cosine_zero3", "cosine_zero3_lo", "sine_zero3", "sine_zero3_lo", "at_zero3", "at_zero3_lo", "rise_zero3", "rise_zero3_lo", "level1", "level1_lo", "level2", "level2_lo", "level3", "level3_lo", "cosine_turn0", "cosine_turn0_lo", "sine_turn0", "sine_turn0_lo", "cosine_turn1", "cosine_turn1_lo", "sine_turn1", "sine_turn1_lo", "at_turn1", "at_turn1_lo", "rise_turn1", "rise_turn1_lo", "cosine_turn2", "cosine_turn2_lo", "sine_turn2", "sine_turn2_lo", "at_turn2", "at_turn2_lo", "rise_turn2", "rise_turn2_lo", "cosine_turn3", "cosine_turn3_lo", "sine_turn3", "sine_turn3_lo", "border", "border_lo", "offset", "offset_lo", "attached", "roof", "roof_lo", "scale", "scale_lo",)


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


def value(cosine, target, class_weight, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
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
    inner = np.where((sine > 0.0), kept, np.where((kept > 0.0), 1.0, -1.0))  # cosine of the angle
    inner_rest = np.where((sine > 0.0), owed, 0.0)  # that inner lacks
    zero_before1 = kept - at_turn1
    zero_before2 = kept - at_turn2
    zero_at = np.where((zero_before1 > 0.0), at_zero1, np.where((zero_before2 > 0.0), at_zero2, at_zero3))
    zero_at_rest = np.where((zero_before1 > 0.0), at_zero1_lo, np.where((zero_before2 > 0.0), at_zero2_lo, at_zero3_lo))
    zero_rise = np.where((zero_before1 > 0.0), rise_zero1, np.where((zero_before2 > 0.0), rise_zero2, rise_zero3))
    zero_cosine = np.where((zero_before1 > 0.0), cosine_zero1, np.where((zero_before2 > 0.0), cosine_zero2, cosine_zero3))
    zero_sine = np.where((zero_before1 > 0.0), sine_zero1, np.where((zero_before2 > 0.0), sine_zero2, sine_zero3))
    zero_apart = zero_at - inner  # exact near the mark
    zero_apart_rest = zero_at_rest - inner_rest
    zero_half = multiple*np.arctan2(zero_apart + zero_apart_rest, sine + zero_rise)  # of the multiple of the way from the mark
    zero_half_sine = np.sin(zero_half)
    zero_half_cosine = np.cos(zero_half)
    zero_level = np.where((zero_before1 > 0.0), level1, np.where((zero_before2 > 0.0), level2, level3))
    lowered = zero_level - 2.0*(zero_cosine*zero_half_sine + zero_half_cosine*zero_sine)*zero_half_sine  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    logit = bent
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


def grad(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
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
    inner = np.where((sine > 0.0), kept, np.where((kept > 0.0), 1.0, -1.0))  # cosine of the angle
    inner_rest = np.where((sine > 0.0), owed, 0.0)  # that inner lacks
    zero_before1 = kept - at_turn1
    zero_before2 = kept - at_turn2
    zero_at = np.where((zero_before1 > 0.0), at_zero1, np.where((zero_before2 > 0.0), at_zero2, at_zero3))
    zero_at_rest = np.where((zero_before1 > 0.0), at_zero1_lo, np.where((zero_before2 > 0.0), at_zero2_lo, at_zero3_lo))
    zero_rise = np.where((zero_before1 > 0.0), rise_zero1, np.where((zero_before2 > 0.0), rise_zero2, rise_zero3))
    zero_cosine = np.where((zero_before1 > 0.0), cosine_zero1, np.where((zero_before2 > 0.0), cosine_zero2, cosine_zero3))
    zero_sine = np.where((zero_before1 > 0.0), sine_zero1, np.where((zero_before2 > 0.0), sine_zero2, sine_zero3))
    zero_apart = zero_at - inner  # exact near the mark
    zero_apart_rest = zero_at_rest - inner_rest
    zero_half = multiple*np.arctan2(zero_apart + zero_apart_rest, sine + zero_rise)  # of the multiple of the way from the mark
    zero_half_sine = np.sin(zero_half)
    zero_half_cosine = np.cos(zero_half)
    zero_level = np.where((zero_before1 > 0.0), level1, np.where((zero_before2 > 0.0), level2, level3))
    lowered = zero_level - 2.0*(zero_cosine*zero_half_sine + zero_half_cosine*zero_sine)*zero_half_sine  # less the cosine's margin
    turn_before1 = 2.0*kept - 1.0 - at_turn1
    turn_before2 = 2.0*kept - at_turn1 - at_turn2
    turn_before3 = 1.0 + 2.0*kept - at_turn2
    turn_at = np.where((turn_before1 > 0.0), 1.0, np.where((turn_before2 > 0.0), at_turn1, np.where((turn_before3 > 0.0), at_turn2, -1.0)))
    turn_at_rest = np.where((turn_before1 > 0.0), 0.0, np.where((turn_before2 > 0.0), at_turn1_lo, np.where((turn_before3 > 0.0), at_turn2_lo, 0.0)))
    turn_rise = np.where((turn_before1 > 0.0), 0.0, np.where((turn_before2 > 0.0), rise_turn1, np.where((turn_before3 > 0.0), rise_turn2, 0.0)))
    turn_cosine = np.where((turn_before1 > 0.0), cosine_turn0, np.where((turn_before2 > 0.0), cosine_turn1, np.where((turn_before3 > 0.0), cosine_turn2, cosine_turn3)))
    turn_sine = np.where((turn_before1 > 0.0), sine_turn0, np.where((turn_before2 > 0.0), sine_turn1, np.where((turn_before3 > 0.0), sine_turn2, sine_turn3)))
    turn_apart = turn_at - inner  # exact near the mark
    turn_apart_rest = turn_at_rest - inner_rest
    turn_half = multiple*np.arctan2(turn_apart + turn_apart_rest, sine + turn_rise)  # of the multiple of the way from the mark
    turn_half_sine = np.sin(turn_half)
    turn_half_cosine = np.cos(turn_half)
    bent_sine = 2.0*(turn_cosine*turn_half_cosine - turn_half_sine*turn_sine)*turn_half_sine + turn_sine  # sine of the multiple and the margin
    end = multiple*np.where((kept > 0.0), cosine_turn0, -cosine_turn3)
    steep = multiple*ratio(bent_sine, sine, end)  # slope of lowered
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    logit = bent
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
    bent_bar = np.where(attached == 0.0, 0.0, goal_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*goal_bar + lowered_bar*steep
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    own_bar = np.where((over > 0.0), 0.0, capped_bar)
    cosine_bar = np.where((high > 0.0), 0.0, roofed_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    return loss, cosine_bar


def hvp(cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
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
    inner = np.where((sine > 0.0), kept, np.where((kept > 0.0), 1.0, -1.0))  # cosine of the angle
    inner_rest = np.where((sine > 0.0), owed, 0.0)  # that inner lacks
    zero_before1 = kept - at_turn1
    zero_before2 = kept - at_turn2
    zero_at = np.where((zero_before1 > 0.0), at_zero1, np.where((zero_before2 > 0.0), at_zero2, at_zero3))
    zero_at_rest = np.where((zero_before1 > 0.0), at_zero1_lo, np.where((zero_before2 > 0.0), at_zero2_lo, at_zero3_lo))
    zero_rise = np.where((zero_before1 > 0.0), rise_zero1, np.where((zero_before2 > 0.0), rise_zero2, rise_zero3))
    zero_cosine = np.where((zero_before1 > 0.0), cosine_zero1, np.where((zero_before2 > 0.0), cosine_zero2, cosine_zero3))
    zero_sine = np.where((zero_before1 > 0.0), sine_zero1, np.where((zero_before2 > 0.0), sine_zero2, sine_zero3))
    zero_apart = zero_at - inner  # exact near the mark
    zero_apart_rest = zero_at_rest - inner_rest
    zero_half = multiple*np.arctan2(zero_apart + zero_apart_rest, sine + zero_rise)  # of the multiple of the way from the mark
    zero_half_sine = np.sin(zero_half)
    zero_half_cosine = np.cos(zero_half)
    zero_level = np.where((zero_before1 > 0.0), level1, np.where((zero_before2 > 0.0), level2, level3))
    lowered = zero_level - 2.0*(zero_cosine*zero_half_sine + zero_half_cosine*zero_sine)*zero_half_sine  # less the cosine's margin
    turn_before1 = 2.0*kept - 1.0 - at_turn1
    turn_before2 = 2.0*kept - at_turn1 - at_turn2
    turn_before3 = 1.0 + 2.0*kept - at_turn2
    turn_at = np.where((turn_before1 > 0.0), 1.0, np.where((turn_before2 > 0.0), at_turn1, np.where((turn_before3 > 0.0), at_turn2, -1.0)))
    turn_at_rest = np.where((turn_before1 > 0.0), 0.0, np.where((turn_before2 > 0.0), at_turn1_lo, np.where((turn_before3 > 0.0), at_turn2_lo, 0.0)))
    turn_rise = np.where((turn_before1 > 0.0), 0.0, np.where((turn_before2 > 0.0), rise_turn1, np.where((turn_before3 > 0.0), rise_turn2, 0.0)))
    turn_cosine = np.where((turn_before1 > 0.0), cosine_turn0, np.where((turn_before2 > 0.0), cosine_turn1, np.where((turn_before3 > 0.0), cosine_turn2, cosine_turn3)))
    turn_sine = np.where((turn_before1 > 0.0), sine_turn0, np.where((turn_before2 > 0.0), sine_turn1, np.where((turn_before3 > 0.0), sine_turn2, sine_turn3)))
    turn_apart = turn_at - inner  # exact near the mark
    turn_apart_rest = turn_at_rest - inner_rest
    turn_half = multiple*np.arctan2(turn_apart + turn_apart_rest, sine + turn_rise)  # of the multiple of the way from the mark
    turn_half_sine = np.sin(turn_half)
    turn_half_cosine = np.cos(turn_half)
    bent_sine = 2.0*(turn_cosine*turn_half_cosine - turn_half_sine*turn_sine)*turn_half_sine + turn_sine  # sine of the multiple and the margin
    bent_cosine = turn_cosine - 2.0*(turn_cosine*turn_half_sine + turn_half_cosine*turn_sine)*turn_half_sine  # its cosine
    end = multiple*np.where((kept > 0.0), cosine_turn0, -cosine_turn3)
    steep = multiple*ratio(bent_sine, sine, end)  # slope of lowered
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    logit = bent
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
    bent_bar = np.where(attached == 0.0, 0.0, goal_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    own_dot = cosine_dot[np.arange(B), target]
    capped_dot = own_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    lowered_dot = kept_dot*steep
    steep_dot = kept_dot*ratio(ratio(ratio(multiple*bent_sine*kept, sine, 0.0), sine, 0.0), sine, 0.0) - kept_dot*ratio(ratio((multiple*multiple)*bent_cosine, sine, 0.0), sine, 0.0)
    bent_dot = lowered_dot*np.where((room > 0.0), 1.0, again)
    logit_dot = (1.0 - attached)*kept_dot + np.where(attached == 0.0, 0.0, bent_dot)
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
    bent_bar_dot = np.where(attached == 0.0, 0.0, goal_bar_dot)
    lowered_bar_dot = bent_bar_dot*np.where((room > 0.0), 1.0, again)
    kept_bar_dot = (1.0 - attached)*goal_bar_dot + lowered_bar*steep_dot + lowered_bar_dot*steep
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    own_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    cosine_bar_dot = roofed_bar_dot*np.where((high > 0.0), 0.0, 1.0) + own_bar_dot[:, None]*np.where((np.arange(C) == target[:, None]), 1.0, 0.0)
    return cosine_bar_dot


def trace(cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = cosine.shape[0]
    C = cosine.shape[1]
    own = cosine[np.arange(B), target]  # cosine of the target
    over = own - most
    under = -own - most
    capped = np.where((over > 0.0), most, own)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    sine = np.sqrt(np.maximum((1.0 - kept)*(1.0 + kept), 0.0))  # of the angle
    theta = np.arctan2(sine, kept)  # the angle
    raw = np.cos(multiple*theta + added)  # cosine of its multiple and the margin
    lowered = raw - cosine_margin  # less the cosine's margin
    room = kept - border  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset)
    logit = bent
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
    bent_bar = np.where(attached == 0.0, 0.0, logit_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    raw_bar = lowered_bar
    theta_bar = -(multiple*raw_bar*np.sin(multiple*theta + added))
    sine_bar = kept*theta_bar/(kept*kept + sine*sine)
    kept_bar = (1.0 - attached)*logit_bar - sine_bar*ratio(kept, sine, 0.0) - sine*theta_bar/(kept*kept + sine*sine)
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
        "theta": theta,
        "raw": raw,
        "lowered": lowered,
        "room": room,
        "bent": bent,
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
        "bent_bar": bent_bar,
        "lowered_bar": lowered_bar,
        "raw_bar": raw_bar,
        "theta_bar": theta_bar,
        "sine_bar": sine_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "own_bar": own_bar,
        "cosine_bar": cosine_bar,
    }
