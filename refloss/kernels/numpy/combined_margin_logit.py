"""Combined-margin logit: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    psi = c cos m2 - s sin m2 - m3;  s = sqrt((1 - c) (1 + c)), 0 beyond 1
    form='multiplied': psi = cos(m1 theta + m2) - m3;  theta = atan2(s, c)
    loss = scale psi where c > border, else scale (again psi - offset)

Subgradients
    where the sine is 0 scale cos m2; with a multiple scale m1^2 cos m2 at 1 and -scale m1^2
    cos(m1 pi + m2) at -1. That beyond the border at the border.

Constants
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
    scale: what the logit is multiplied by (default 1.0)

Source
    Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.
"""

import numpy as np

CONSTANTS = ("limit", "most", "most_lo", "margin", "degrees", "cosine_margin", "again", "level", "drops", "cos_margin", "cos_margin_lo", "sin_margin", "sin_margin_lo", "zero_after", "zero_after_lo", "zero_before", "zero_before_lo", "border", "border_lo", "offset", "offset_lo", "attached", "scale",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def value(cosine, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return loss, one an item."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
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
    loss = scale*logit
    return loss


def grad(cosine, loss_bar, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return loss, then its derivative by every column times loss_bar."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
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
    loss = scale*logit
    logit_bar = scale*loss_bar
    taken_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*logit_bar + lowered_bar*steep + np.where((alone > 0.0), taken_bar, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return loss, cosine_bar


def hvp(cosine, loss_bar, cosine_dot, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return the derivative of the gradient along the `_dot` columns."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    room = kept - border - border_lo  # to the border
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    logit_bar = scale*loss_bar
    taken_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    capped_dot = cosine_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    steep_dot = kept_dot*ratio(ratio(ratio(sin_margin, sine, 0.0), sine, 0.0), sine, 0.0)
    kept_bar_dot = lowered_bar*steep_dot
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    cosine_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    return cosine_bar_dot


def trace(cosine, loss_bar, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return every quantity of the plain program and its adjoint, by name."""
    over = cosine - most
    under = -cosine - most
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    sine = np.sqrt(np.maximum((1.0 - kept)*(1.0 + kept), 0.0))  # of the angle
    raw = cos_margin*kept - sin_margin*sine  # cosine of both angles
    lowered = raw - cosine_margin  # less the cosine's margin
    room = kept - border  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset)
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
    loss = scale*logit
    logit_bar = scale*loss_bar
    taken_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    raw_bar = lowered_bar
    sine_bar = -(sin_margin*raw_bar)
    kept_bar = cos_margin*raw_bar + (1.0 - attached)*logit_bar + np.where((alone > 0.0), taken_bar, 0.0) - sine_bar*ratio(kept, sine, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return {
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
        "loss": loss,
        "logit_bar": logit_bar,
        "taken_bar": taken_bar,
        "bent_bar": bent_bar,
        "lowered_bar": lowered_bar,
        "raw_bar": raw_bar,
        "sine_bar": sine_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "cosine_bar": cosine_bar,
    }
