"""SphereFace over given cosines: the plain definition over an arithmetic F.

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


def value(F, cosine, target, class_weight, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return the loss of the plain program."""
    turn1 = (F.rational(1, 4) + F.rational(1, 4)*F.sqrt(F.rational(5, 1)))
    turn2 = (F.rational(-1, 4) + F.rational(1, 4)*F.sqrt(F.rational(5, 1)))
    turn3 = (F.rational(1, 4) + F.rational(-1, 4)*F.sqrt(F.rational(5, 1)))
    turn4 = (F.rational(-1, 4) + F.rational(-1, 4)*F.sqrt(F.rational(5, 1)))
    most = limit  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - turn1
    gap2 = kept - turn2
    gap3 = kept - turn3
    gap4 = kept - turn4
    multiple = (5 + 16*(kept*kept*kept*kept) - 20*(kept*kept))*kept
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, F.select(F.gt(gap3, 0), 1, F.select(F.gt(gap4, 0), -1, 1))))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(gap2, 0), 2, F.select(F.gt(gap3, 0), 4, F.select(F.gt(gap4, 0), 6, 8))))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
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


def grad(F, cosine, target, class_weight, loss_bar, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return the loss and the derived gradient."""
    turn1 = (F.rational(1, 4) + F.rational(1, 4)*F.sqrt(F.rational(5, 1)))
    turn2 = (F.rational(-1, 4) + F.rational(1, 4)*F.sqrt(F.rational(5, 1)))
    turn3 = (F.rational(1, 4) + F.rational(-1, 4)*F.sqrt(F.rational(5, 1)))
    turn4 = (F.rational(-1, 4) + F.rational(-1, 4)*F.sqrt(F.rational(5, 1)))
    most = limit  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - turn1
    gap2 = kept - turn2
    gap3 = kept - turn3
    gap4 = kept - turn4
    multiple = (5 + 16*(kept*kept*kept*kept) - 20*(kept*kept))*kept
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, F.select(F.gt(gap3, 0), 1, F.select(F.gt(gap4, 0), -1, 1))))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(gap2, 0), 2, F.select(F.gt(gap3, 0), 4, F.select(F.gt(gap4, 0), 6, 8))))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
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
    blend_bar = attached*goal_bar
    fallen_bar = blend_bar/(1 + annealing)
    multiple_bar = F.select(F.eq(falls, 0), fallen_bar, fallen_bar*side)
    kept_bar = (1 - attached)*goal_bar + (5 + (64*(kept*kept*kept) - 40*kept)*kept + 16*(kept*kept*kept*kept) - 20*(kept*kept))*multiple_bar + annealing*blend_bar/(1 + annealing)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    own_bar = F.select(F.gt(over, 0), 0, capped_bar)
    cosine_bar = [F.select(F.gt(high[c], 0), 0, roofed_bar[c]) + (own_bar if c == target else 0) for c in range(C)]
    return loss, cosine_bar


def hvp(F, cosine, target, class_weight, loss_bar, cosine_dot, everywhere, limit, most, most_lo, falls, annealing, attached, roof, roof_lo, scale, scale_lo):
    """Return the derived Hessian-vector product."""
    turn1 = (F.rational(1, 4) + F.rational(1, 4)*F.sqrt(F.rational(5, 1)))
    turn2 = (F.rational(-1, 4) + F.rational(1, 4)*F.sqrt(F.rational(5, 1)))
    turn3 = (F.rational(1, 4) + F.rational(-1, 4)*F.sqrt(F.rational(5, 1)))
    turn4 = (F.rational(-1, 4) + F.rational(-1, 4)*F.sqrt(F.rational(5, 1)))
    most = limit  # exactly
    roof = 2 + everywhere*(-2 + limit)  # exactly
    C = len(cosine)
    own = cosine[target]
    over = own - most
    under = -own - most
    capped = F.select(F.gt(over, 0), most, own)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - turn1
    gap2 = kept - turn2
    gap3 = kept - turn3
    gap4 = kept - turn4
    multiple = (5 + 16*(kept*kept*kept*kept) - 20*(kept*kept))*kept
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, F.select(F.gt(gap3, 0), 1, F.select(F.gt(gap4, 0), -1, 1))))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(gap2, 0), 2, F.select(F.gt(gap3, 0), 4, F.select(F.gt(gap4, 0), 6, 8))))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
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
    blend_bar = attached*goal_bar
    fallen_bar = blend_bar/(1 + annealing)
    multiple_bar = F.select(F.eq(falls, 0), fallen_bar, fallen_bar*side)
    own_dot = cosine_dot[target]
    capped_dot = own_dot*F.select(F.gt(over, 0), 0, 1)
    kept_dot = capped_dot*F.select(F.gt(under, 0), 0, 1)
    multiple_dot = (5 + (64*(kept*kept*kept) - 40*kept)*kept + 16*(kept*kept*kept*kept) - 20*(kept*kept))*kept_dot
    fallen_dot = multiple_dot*F.select(F.eq(falls, 0), 1, side)
    blend_dot = fallen_dot/(1 + annealing) + annealing*kept_dot/(1 + annealing)
    logit_dot = (1 - attached)*kept_dot + attached*blend_dot
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
    blend_bar_dot = attached*goal_bar_dot
    fallen_bar_dot = blend_bar_dot/(1 + annealing)
    multiple_bar_dot = fallen_bar_dot*F.select(F.eq(falls, 0), 1, side)
    kept_bar_dot = (1 - attached)*goal_bar_dot + (5 + (64*(kept*kept*kept) - 40*kept)*kept + 16*(kept*kept*kept*kept) - 20*(kept*kept))*multiple_bar_dot + annealing*blend_bar_dot/(1 + annealing) + ((192*(kept*kept) - 40)*kept + 128*(kept*kept*kept) - 80*kept)*kept_dot*multiple_bar
    capped_bar_dot = kept_bar_dot*F.select(F.gt(under, 0), 0, 1)
    own_bar_dot = capped_bar_dot*F.select(F.gt(over, 0), 0, 1)
    cosine_bar_dot = [roofed_bar_dot[c]*F.select(F.gt(high[c], 0), 0, 1) + own_bar_dot*(1 if c == target else 0) for c in range(C)]
    return cosine_bar_dot
