"""Combined-margin logit: the stable and the plain gradient over an arithmetic F.

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


def value(F, cosine, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return the loss of the stable program."""
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    zero_after = cosine_margin*F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180) + F.sqrt((1 + cosine_margin)*(1 - cosine_margin))*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    zero_after_lo = F.rational(0, 1)
    zero_before = cosine_margin*F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180) - F.sqrt((1 + cosine_margin)*(1 - cosine_margin))*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    zero_before_lo = F.rational(0, 1)
    border = -F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border_lo = F.rational(0, 1)
    offset = level*(1 + cosine_margin)  # exactly
    offset_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    spare = F.select(F.gt(over, 0), most_lo, 0)
    owed = F.select(F.gt(under, 0), -most_lo, spare)
    sine = F.sqrt(F.relu((1 - kept - owed)*(1 + kept + owed)))
    along = cos_margin*kept
    across = sin_margin*sine
    base = along - cosine_margin
    lowered = F.select(F.gt(across*base, 0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)
    room = kept - border - border_lo
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset - offset_lo)
    alone = F.select(F.gt(cosine_margin, 0), drops, 0)
    taken = F.select(F.gt(alone, 0), kept - cosine_margin, bent)
    logit = F.straight_through(taken, kept, attached)
    loss = scale*logit
    return loss


def grad(F, cosine, loss_bar, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return the loss and the stable gradient."""
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    cos_margin_lo = F.rational(0, 1)
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    zero_after = cosine_margin*F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180) + F.sqrt((1 + cosine_margin)*(1 - cosine_margin))*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    zero_after_lo = F.rational(0, 1)
    zero_before = cosine_margin*F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180) - F.sqrt((1 + cosine_margin)*(1 - cosine_margin))*F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    zero_before_lo = F.rational(0, 1)
    border = -F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border_lo = F.rational(0, 1)
    offset = level*(1 + cosine_margin)  # exactly
    offset_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    spare = F.select(F.gt(over, 0), most_lo, 0)
    owed = F.select(F.gt(under, 0), -most_lo, spare)
    sine = F.sqrt(F.relu((1 - kept - owed)*(1 + kept + owed)))
    along = cos_margin*kept
    across = sin_margin*sine
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = F.select(F.lt(lift*turn, 0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, F.ratio(turn, sine, 0) + cos_margin)
    base = along - cosine_margin
    lowered = F.select(F.gt(across*base, 0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)
    room = kept - border - border_lo
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset - offset_lo)
    alone = F.select(F.gt(cosine_margin, 0), drops, 0)
    taken = F.select(F.gt(alone, 0), kept - cosine_margin, bent)
    logit = F.straight_through(taken, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    taken_bar = attached*logit_bar
    bent_bar = F.select(F.gt(alone, 0), 0, taken_bar)
    lowered_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    kept_bar = (1 - attached)*logit_bar + lowered_bar*steep + F.select(F.gt(alone, 0), taken_bar, 0)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar


def plain_grad(F, cosine, loss_bar, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, scale):
    """Return loss and gradient, plain form."""
    most = limit  # exactly
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border = -F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    raw = cos_margin*kept - sin_margin*sine
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    alone = F.select(F.gt(cosine_margin, 0), drops, 0)
    taken = F.select(F.gt(alone, 0), kept - cosine_margin, bent)
    logit = F.straight_through(taken, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    taken_bar = attached*logit_bar
    bent_bar = F.select(F.gt(alone, 0), 0, taken_bar)
    lowered_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    sine_bar = -(sin_margin*lowered_bar)
    kept_bar = cos_margin*lowered_bar + (1 - attached)*logit_bar + F.select(F.gt(alone, 0), taken_bar, 0) - sine_bar*F.ratio(kept, sine, 0)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar
