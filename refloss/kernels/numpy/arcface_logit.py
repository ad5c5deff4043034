"""ArcFace logit: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    raw = c cos m - s sin m = cos(theta + m);  s = sqrt((1 - c) (1 + c)), 0 beyond 1
    loss = scale raw where c > border, else scale (slope c + again raw - offset)

Subgradients
    scale cos m where the sine is 0; that beyond the border at the border.

Constants
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    margin: the angle that is added (default 0.5)
    degrees: 1: the margin is in degrees (default 0.0)
    share: share of the margin in the border (default 1.0)
    bound: 0: the border is the cosine 0 (default 1.0)
    clipped: 1: the angle is clipped (default 0.0)
    clip: least angle (default 1e-05)
    slope: factor of the cosine beyond the border (default 0.0)
    again: factor of cos(theta + m) beyond the border (default 1.0)
    lost: factor of m sin m that is subtracted there (default 0.0)
    level: what is subtracted there (default 0.0)
    cos_margin: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.8775825618903728)
    cos_margin_lo: what cos_margin lacks (default -4.2623149864279997e-17)
    sin_margin: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.479425538604203)
    sin_margin_lo: what sin_margin lacks (default -5.103969860556013e-18)
    border: -bound*cos(clip*clipped + share*(pi*degrees*margin/180 + margin*(1 - degrees))),
        rounded (default -0.8775825618903728)
    border_lo: what border lacks (default 4.2623149864279997e-17)
    offset: level*cos(clip*clipped) + lost*(pi*degrees*margin/180 + margin*(1 -
        degrees))*sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default 0.0)
    offset_lo: what offset lacks (default 0.0)
    early: clipped*(clip*clipped - pi*degrees*margin/180 - margin*(1 - degrees)), rounded
        (default 0.0)
    early_lo: what early lacks (default 0.0)
    brink: cos(-clip*clipped + pi*degrees*margin/180 + margin*(1 - degrees)), rounded
        (default 0.8775825618903728)
    brink_lo: what brink lacks (default -4.2623149864279997e-17)
    peak: cos(clip*clipped), rounded (default 1.0)
    peak_lo: what peak lacks (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)
    scale: what the logit is multiplied by (default 1.0)

Source
    Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698.
"""

import numpy as np

CONSTANTS = ("limit", "most", "most_lo", "margin", "degrees", "share", "bound", "clipped", "clip", "slope", "again", "lost", "level", "cos_margin", "cos_margin_lo", "sin_margin", "sin_margin_lo", "border", "border_lo", "offset", "offset_lo", "early", "early_lo", "brink", "brink_lo", "peak", "peak_lo", "attached", "scale",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def value(cosine, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
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
    raw = np.where((across*along > 0.0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)  # cosine of both angles
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = np.where((early > 0.0), kept - brink - brink_lo, -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak + peak_lo, bent)
    logit = topped
    loss = scale*logit
    return loss


def grad(cosine, loss_bar, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
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
    raw = np.where((across*along > 0.0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)  # cosine of both angles
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = np.where((early > 0.0), kept - brink - brink_lo, -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak + peak_lo, bent)
    logit = topped
    loss = scale*logit
    logit_bar = scale*loss_bar
    topped_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((headroom > 0.0), 0.0, topped_bar)
    raw_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*logit_bar + raw_bar*steep + np.where((room > 0.0), 0.0, slope*bent_bar)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return loss, cosine_bar


def hvp(cosine, loss_bar, cosine_dot, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
    """Return the derivative of the gradient along the `_dot` columns."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    room = kept - border - border_lo  # to the border
    headroom = np.where((early > 0.0), kept - brink - brink_lo, -1.0)  # to the crest, if there is one
    logit_bar = scale*loss_bar
    topped_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((headroom > 0.0), 0.0, topped_bar)
    raw_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    capped_dot = cosine_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    steep_dot = kept_dot*ratio(ratio(ratio(sin_margin, sine, 0.0), sine, 0.0), sine, 0.0)
    kept_bar_dot = raw_bar*steep_dot
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    cosine_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    return cosine_bar_dot


def trace(cosine, loss_bar, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
    """Return every quantity of the plain program and its adjoint, by name."""
    over = cosine - most
    under = -cosine - most
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    sine = np.sqrt(np.maximum((1.0 - kept)*(1.0 + kept), 0.0))  # of the angle
    raw = cos_margin*kept - sin_margin*sine  # cosine of both angles
    room = kept - border  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset)
    headroom = np.where((early > 0.0), kept - brink, -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak, bent)
    logit = topped
    loss = scale*logit
    logit_bar = scale*loss_bar
    topped_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((headroom > 0.0), 0.0, topped_bar)
    raw_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    sine_bar = -(sin_margin*raw_bar)
    kept_bar = cos_margin*raw_bar + (1.0 - attached)*logit_bar + np.where((room > 0.0), 0.0, slope*bent_bar) - sine_bar*ratio(kept, sine, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return {
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "sine": sine,
        "raw": raw,
        "room": room,
        "bent": bent,
        "headroom": headroom,
        "topped": topped,
        "logit": logit,
        "loss": loss,
        "logit_bar": logit_bar,
        "topped_bar": topped_bar,
        "bent_bar": bent_bar,
        "raw_bar": raw_bar,
        "sine_bar": sine_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "cosine_bar": cosine_bar,
    }
