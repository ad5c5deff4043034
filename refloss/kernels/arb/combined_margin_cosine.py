"""Combined margin over given cosines: the plain definition over an arithmetic F.

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


def value(F, cosine, target, class_weight, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the loss of the plain program."""
    most = limit  # exactly
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border = -F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    raw = cos_margin*kept - sin_margin*sine
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    alone = F.select(F.gt(cosine_margin, 0), drops, 0)
    taken = F.select(F.gt(alone, 0), kept - cosine_margin, bent)
    logit = F.straight_through(taken, kept, attached)
    goal = logit
    high = [cosine[c] - roof for c in range(C)]
    low = [-cosine[c] - roof for c in range(C)]
    roofed = [F.select(F.gt(high[c], 0), roof, cosine[c]) for c in range(C)]
    rival = [F.select(F.gt(low[c], 0), -roof, roofed[c]) for c in range(C)]
    logits = [(goal if c == target else rival[c]) for c in range(C)]
    scaled = [scale*logits[c] for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(scaled[c] - scale*F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = scale*F.stop(top) + F.log(total)
    nll = lse - scaled[target]
    loss = F.weighted(class_weight[target], nll)
    return loss


def grad(F, cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the loss and the derived gradient."""
    most = limit  # exactly
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border = -F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    raw = cos_margin*kept - sin_margin*sine
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    alone = F.select(F.gt(cosine_margin, 0), drops, 0)
    taken = F.select(F.gt(alone, 0), kept - cosine_margin, bent)
    logit = F.straight_through(taken, kept, attached)
    high = [cosine[c] - roof for c in range(C)]
    low = [-cosine[c] - roof for c in range(C)]
    roofed = [F.select(F.gt(high[c], 0), roof, cosine[c]) for c in range(C)]
    rival = [F.select(F.gt(low[c], 0), -roof, roofed[c]) for c in range(C)]
    logits = [(logit if c == target else rival[c]) for c in range(C)]
    scaled = [scale*logits[c] for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(scaled[c] - scale*F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = scale*F.stop(top) + F.log(total)
    nll = lse - scaled[target]
    loss = F.weighted(class_weight[target], nll)
    nll_bar = class_weight[target]*loss_bar
    total_bar = nll_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_bar = [mass[c]*mass_bar[c] + (-nll_bar if c == target else 0) for c in range(C)]
    logits_bar = [scale*scaled_bar[c] for c in range(C)]
    rival_bar = [(0 if c == target else logits_bar[c]) for c in range(C)]
    roofed_bar = [F.select(F.gt(low[c], 0), 0, rival_bar[c]) for c in range(C)]
    goal_bar = logits_bar[target]
    taken_bar = attached*goal_bar
    bent_bar = F.select(F.gt(alone, 0), 0, taken_bar)
    lowered_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    sine_bar = -(sin_margin*lowered_bar)
    kept_bar = cos_margin*lowered_bar + (1 - attached)*goal_bar + F.select(F.gt(alone, 0), taken_bar, 0) - sine_bar*F.ratio(kept, sine, 0)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    own_bar = F.select(F.gt(over, 0), 0, capped_bar)
    cosine_bar = [F.select(F.gt(high[c], 0), 0, roofed_bar[c]) + (own_bar if c == target else 0) for c in range(C)]
    return loss, cosine_bar


def hvp(F, cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the derived Hessian-vector product."""
    most = limit  # exactly
    cos_margin = F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    sin_margin = F.sin(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    border = -F.cos(margin*(1 - degrees) + F.pi()*degrees*margin/180)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    raw = cos_margin*kept - sin_margin*sine
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    alone = F.select(F.gt(cosine_margin, 0), drops, 0)
    taken = F.select(F.gt(alone, 0), kept - cosine_margin, bent)
    logit = F.straight_through(taken, kept, attached)
    high = [cosine[c] - roof for c in range(C)]
    low = [-cosine[c] - roof for c in range(C)]
    roofed = [F.select(F.gt(high[c], 0), roof, cosine[c]) for c in range(C)]
    rival = [F.select(F.gt(low[c], 0), -roof, roofed[c]) for c in range(C)]
    logits = [(logit if c == target else rival[c]) for c in range(C)]
    scaled = [scale*logits[c] for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(scaled[c] - scale*F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    nll_bar = class_weight[target]*loss_bar
    total_bar = nll_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_bar = [mass[c]*mass_bar[c] + (-nll_bar if c == target else 0) for c in range(C)]
    logits_bar = [scale*scaled_bar[c] for c in range(C)]
    goal_bar = logits_bar[target]
    taken_bar = attached*goal_bar
    bent_bar = F.select(F.gt(alone, 0), 0, taken_bar)
    lowered_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    sine_bar = -(sin_margin*lowered_bar)
    own_dot = cosine_dot[target]
    capped_dot = own_dot*F.select(F.gt(over, 0), 0, 1)
    kept_dot = capped_dot*F.select(F.gt(under, 0), 0, 1)
    sine_dot = -(kept_dot*F.ratio(kept, sine, 0))
    raw_dot = cos_margin*kept_dot - sin_margin*sine_dot
    bent_dot = raw_dot*F.select(F.gt(room, 0), 1, again)
    taken_dot = bent_dot*F.select(F.gt(alone, 0), 0, 1) + kept_dot*F.select(F.gt(alone, 0), 1, 0)
    logit_dot = (1 - attached)*kept_dot + attached*taken_dot
    roofed_dot = [cosine_dot[c]*F.select(F.gt(high[c], 0), 0, 1) for c in range(C)]
    rival_dot = [roofed_dot[c]*F.select(F.gt(low[c], 0), 0, 1) for c in range(C)]
    logits_dot = [rival_dot[c]*(0 if c == target else 1) + logit_dot*(1 if c == target else 0) for c in range(C)]
    scaled_dot = [scale*logits_dot[c] for c in range(C)]
    mass_dot = [mass[c]*scaled_dot[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    total_bar_dot = -(nll_bar*total_dot/(total*total))
    mass_bar_dot = [total_bar_dot for c in range(C)]
    scaled_bar_dot = [mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] for c in range(C)]
    logits_bar_dot = [scale*scaled_bar_dot[c] for c in range(C)]
    rival_bar_dot = [logits_bar_dot[c]*(0 if c == target else 1) for c in range(C)]
    roofed_bar_dot = [rival_bar_dot[c]*F.select(F.gt(low[c], 0), 0, 1) for c in range(C)]
    goal_bar_dot = logits_bar_dot[target]
    taken_bar_dot = attached*goal_bar_dot
    bent_bar_dot = taken_bar_dot*F.select(F.gt(alone, 0), 0, 1)
    lowered_bar_dot = bent_bar_dot*F.select(F.gt(room, 0), 1, again)
    sine_bar_dot = -(sin_margin*lowered_bar_dot)
    kept_bar_dot = cos_margin*lowered_bar_dot + (1 - attached)*goal_bar_dot + taken_bar_dot*F.select(F.gt(alone, 0), 1, 0) + sine_bar*F.ratio(kept, sine, 0)*F.ratio(sine_dot, sine, 0) - sine_bar_dot*F.ratio(kept, sine, 0) - sine_bar*F.ratio(kept_dot, sine, 0)
    capped_bar_dot = kept_bar_dot*F.select(F.gt(under, 0), 0, 1)
    own_bar_dot = capped_bar_dot*F.select(F.gt(over, 0), 0, 1)
    cosine_bar_dot = [roofed_bar_dot[c]*F.select(F.gt(high[c], 0), 0, 1) + own_bar_dot*(1 if c == target else 0) for c in range(C)]
    return cosine_bar_dot
