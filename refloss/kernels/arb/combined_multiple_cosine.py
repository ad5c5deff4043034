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


def value(F, cosine, target, class_weight, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the loss of the plain program."""
    most = limit  # exactly
    added = margin*(1 - degrees) + F.pi()*degrees*margin/180  # exactly
    border = F.cos((F.pi() - margin*(1 - degrees) - F.pi()*degrees*margin/180)/multiple)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    theta = F.atan2(sine, kept)
    raw = F.cos(multiple*theta + added)
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    logit = F.straight_through(bent, kept, attached)
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


def grad(F, cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the loss and the derived gradient."""
    most = limit  # exactly
    added = margin*(1 - degrees) + F.pi()*degrees*margin/180  # exactly
    border = F.cos((F.pi() - margin*(1 - degrees) - F.pi()*degrees*margin/180)/multiple)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    theta = F.atan2(sine, kept)
    raw = F.cos(multiple*theta + added)
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    logit = F.straight_through(bent, kept, attached)
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
    bent_bar = attached*goal_bar
    lowered_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    theta_bar = -(multiple*lowered_bar*F.sin(multiple*theta + added))
    sine_bar = kept*theta_bar/(kept*kept + sine*sine)
    kept_bar = (1 - attached)*goal_bar - sine_bar*F.ratio(kept, sine, 0) - sine*theta_bar/(kept*kept + sine*sine)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    own_bar = F.select(F.gt(over, 0), 0, capped_bar)
    cosine_bar = [F.select(F.gt(high[c], 0), 0, roofed_bar[c]) + (own_bar if c == target else 0) for c in range(C)]
    return loss, cosine_bar


def hvp(F, cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached, roof, roof_lo, scale, scale_lo):
    """Return the derived Hessian-vector product."""
    most = limit  # exactly
    added = margin*(1 - degrees) + F.pi()*degrees*margin/180  # exactly
    border = F.cos((F.pi() - margin*(1 - degrees) - F.pi()*degrees*margin/180)/multiple)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    sine = F.sqrt(F.relu((1 - kept)*(1 + kept)))
    theta = F.atan2(sine, kept)
    raw = F.cos(multiple*theta + added)
    lowered = raw - cosine_margin
    room = kept - border
    bent = F.select(F.gt(room, 0), lowered, again*lowered - offset)
    logit = F.straight_through(bent, kept, attached)
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
    bent_bar = attached*goal_bar
    lowered_bar = F.select(F.gt(room, 0), bent_bar, again*bent_bar)
    theta_bar = -(multiple*lowered_bar*F.sin(multiple*theta + added))
    sine_bar = kept*theta_bar/(kept*kept + sine*sine)
    own_dot = cosine_dot[target]
    capped_dot = own_dot*F.select(F.gt(over, 0), 0, 1)
    kept_dot = capped_dot*F.select(F.gt(under, 0), 0, 1)
    sine_dot = -(kept_dot*F.ratio(kept, sine, 0))
    theta_dot = kept*sine_dot/(kept*kept + sine*sine) - kept_dot*sine/(kept*kept + sine*sine)
    raw_dot = -(multiple*theta_dot*F.sin(multiple*theta + added))
    bent_dot = raw_dot*F.select(F.gt(room, 0), 1, again)
    logit_dot = (1 - attached)*kept_dot + attached*bent_dot
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
    bent_bar_dot = attached*goal_bar_dot
    lowered_bar_dot = bent_bar_dot*F.select(F.gt(room, 0), 1, again)
    theta_bar_dot = -multiple*lowered_bar_dot*F.sin(multiple*theta + added) - (multiple*multiple)*lowered_bar*raw*theta_dot
    sine_bar_dot = (theta_bar/(kept*kept + sine*sine) - 2*(kept*kept)*theta_bar/((kept*kept + sine*sine)*(kept*kept + sine*sine)))*kept_dot + kept*theta_bar_dot/(kept*kept + sine*sine) - 2*kept*sine*sine_dot*theta_bar/((kept*kept + sine*sine)*(kept*kept + sine*sine))
    kept_bar_dot = (1 - attached)*goal_bar_dot + sine_bar*F.ratio(kept, sine, 0)*F.ratio(sine_dot, sine, 0) + 2*(sine*sine)*sine_dot*theta_bar/((kept*kept + sine*sine)*(kept*kept + sine*sine)) + 2*kept*kept_dot*sine*theta_bar/((kept*kept + sine*sine)*(kept*kept + sine*sine)) - sine_bar_dot*F.ratio(kept, sine, 0) - sine_bar*F.ratio(kept_dot, sine, 0) - sine*theta_bar_dot/(kept*kept + sine*sine) - sine_dot*theta_bar/(kept*kept + sine*sine)
    capped_bar_dot = kept_bar_dot*F.select(F.gt(under, 0), 0, 1)
    own_bar_dot = capped_bar_dot*F.select(F.gt(over, 0), 0, 1)
    cosine_bar_dot = [roofed_bar_dot[c]*F.select(F.gt(high[c], 0), 0, 1) + own_bar_dot*(1 if c == target else 0) for c in range(C)]
    return cosine_bar_dot
