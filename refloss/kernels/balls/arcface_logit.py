"""ArcFace logit: the stable and the plain gradient over an arithmetic F.

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


def value(F, cosine, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
    """Return the loss of the stable program."""
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin_lo = F.rational(0, 1)
    border = -(bound*F.cos(clip*clipped + share*(margin*(1 - degrees) + F.pi()*degrees*margin/180)))  # exactly
    border_lo = F.rational(0, 1)
    offset = level*F.cos(clip*clipped) + lost*(margin*(1 - degrees) + F.pi()*degrees*margin/180)*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    offset_lo = F.rational(0, 1)
    early = clipped*(clip*clipped - margin*(1 - degrees) - F.pi()*degrees*margin/180)  # exactly
    brink = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180 - clip*clipped)  # exactly
    brink_lo = F.rational(0, 1)
    peak = F.cos(clip*clipped)  # exactly
    peak_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    spare = F.select(F.gt(over, 0), most_lo, 0)
    owed = F.select(F.gt(under, 0), -most_lo, spare)
    sine = F.sqrt(F.relu((1 - kept - owed)*(1 + kept + owed)))
    along = cos_margin*kept
    across = sin_margin*sine
    raw = F.select(F.gt(across*along, 0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)
    room = kept - border - border_lo
    bent = F.select(F.gt(room, 0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = F.select(F.gt(early, 0), kept - brink - brink_lo, -1)
    topped = F.select(F.gt(headroom, 0), peak + peak_lo, bent)
    logit = F.straight_through(topped, kept, attached)
    loss = scale*logit
    return loss


def grad(F, cosine, loss_bar, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
    """Return the loss and the stable gradient."""
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    cos_margin_lo = F.rational(0, 1)
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin_lo = F.rational(0, 1)
    border = -(bound*F.cos(clip*clipped + share*(margin*(1 - degrees) + F.pi()*degrees*margin/180)))  # exactly
    border_lo = F.rational(0, 1)
    offset = level*F.cos(clip*clipped) + lost*(margin*(1 - degrees) + F.pi()*degrees*margin/180)*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    offset_lo = F.rational(0, 1)
    early = clipped*(clip*clipped - margin*(1 - degrees) - F.pi()*degrees*margin/180)  # exactly
    brink = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180 - clip*clipped)  # exactly
    brink_lo = F.rational(0, 1)
    peak = F.cos(clip*clipped)  # exactly
    peak_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    spare = F.select(F.gt(over, 0), most_lo, 0)
    owed = F.select(F.gt(under, 0), -most_lo, spare)
    sine = F.sqrt(F.relu((1 - kept - owed)*(1 + kept + owed)))
    along = cos_margin*kept
    across = sin_margin*sine
    raw = F.select(F.gt(across*along, 0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = F.select(F.lt(lift*turn, 0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, F.ratio(turn, sine, 0) + cos_margin)
    room = kept - border - border_lo
    bent = F.select(F.gt(room, 0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = F.select(F.gt(early, 0), kept - brink - brink_lo, -1)
    topped = F.select(F.gt(headroom, 0), peak + peak_lo, bent)
    logit = F.straight_through(topped, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    topped_bar = attached*logit_bar
    bent_bar = F.select(F.gt(headroom, 0), 0, topped_bar)
    raw_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    kept_bar = (1 - attached)*logit_bar + raw_bar*steep + F.select(F.gt(room, 0), 0, slope*bent_bar)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar


def plain_grad(F, cosine, loss_bar, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached, scale):
    """Return loss and gradient, plain form."""
    most = limit  # exactly
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border = -(bound*F.cos(clip*clipped + share*(margin*(1 - degrees) + F.pi()*degrees*margin/180)))  # exactly
    offset = level*F.cos(clip*clipped) + lost*(margin*(1 - degrees) + F.pi()*degrees*margin/180)*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    early = clipped*(clip*clipped - margin*(1 - degrees) - F.pi()*degrees*margin/180)  # exactly
    brink = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180 - clip*clipped)  # exactly
    peak = F.cos(clip*clipped)  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    raw = cos_margin*kept - sin_margin*sine
    room = kept - border
    bent = F.select(F.gt(room, 0), raw, again*raw + slope*kept - offset)
    headroom = F.select(F.gt(early, 0), kept - brink, -1)
    topped = F.select(F.gt(headroom, 0), peak, bent)
    logit = F.straight_through(topped, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    topped_bar = attached*logit_bar
    bent_bar = F.select(F.gt(headroom, 0), 0, topped_bar)
    raw_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    sine_bar = -(sin_margin*raw_bar)
    kept_bar = cos_margin*raw_bar + (1 - attached)*logit_bar + F.select(F.gt(room, 0), 0, slope*bent_bar) - sine_bar*F.ratio(kept, sine, 0)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar
