"""SphereFace logit: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    psi = (-1)^k cos(m theta) - 2 k where k pi/m <= theta <= (k + 1) pi/m
    loss = scale (annealing c + psi)/(1 + annealing); psi = cos(m theta) in its bare form

Subgradients
    none: the slope is 0 on both sides of every border. The second derivative there is that
    beyond it.

Constants
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    falls: 0: the cosine of the multiple, which rises again (default 1.0)
    annealing: how many times the cosine counts beside psi (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)
    scale: what the logit is multiplied by (default 1.0)

Source
    Liu et al., L-Softmax, ICML 2016, arXiv 1612.02295; SphereFace, CVPR 2017, arXiv
    1704.08063.
"""


def value(F, cosine, limit, most, most_lo, falls, annealing, attached, scale):
    """Return the loss of the stable program."""
    turn1 = F.rational(1, 2)*F.sqrt(F.rational(2, 1))
    turn1_lo = F.rational(0, 1)
    turn3 = F.rational(-1, 2)*F.sqrt(F.rational(2, 1))
    turn3_lo = F.rational(0, 1)
    zero1 = F.sqrt((F.rational(1, 2) + F.rational(1, 4)*F.sqrt(F.rational(2, 1))))
    zero1_lo = F.rational(0, 1)
    zero2 = F.sqrt((F.rational(1, 2) + F.rational(-1, 4)*F.sqrt(F.rational(2, 1))))
    zero2_lo = F.rational(0, 1)
    zero3 = F.rational(-1, 1)*F.sqrt((F.rational(1, 2) + F.rational(-1, 4)*F.sqrt(F.rational(2, 1))))
    zero3_lo = F.rational(0, 1)
    zero4 = F.rational(-1, 1)*F.sqrt((F.rational(1, 2) + F.rational(1, 4)*F.sqrt(F.rational(2, 1))))
    zero4_lo = F.rational(0, 1)
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - turn1 - turn1_lo
    gap2 = kept
    gap3 = kept - turn3 - turn3_lo
    away1 = kept - zero1 - zero1_lo
    away2 = kept - zero2 - zero2_lo
    away3 = kept - zero3 - zero3_lo
    away4 = kept - zero4 - zero4_lo
    multiple = 8*away1*away2*away3*away4
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, F.select(F.gt(gap3, 0), 1, -1)))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(gap2, 0), 2, F.select(F.gt(gap3, 0), 4, 6)))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
    loss = scale*logit
    return loss


def grad(F, cosine, loss_bar, limit, most, most_lo, falls, annealing, attached, scale):
    """Return the loss and the stable gradient."""
    turn1 = F.rational(1, 2)*F.sqrt(F.rational(2, 1))
    turn1_lo = F.rational(0, 1)
    turn3 = F.rational(-1, 2)*F.sqrt(F.rational(2, 1))
    turn3_lo = F.rational(0, 1)
    zero1 = F.sqrt((F.rational(1, 2) + F.rational(1, 4)*F.sqrt(F.rational(2, 1))))
    zero1_lo = F.rational(0, 1)
    zero2 = F.sqrt((F.rational(1, 2) + F.rational(-1, 4)*F.sqrt(F.rational(2, 1))))
    zero2_lo = F.rational(0, 1)
    zero3 = F.rational(-1, 1)*F.sqrt((F.rational(1, 2) + F.rational(-1, 4)*F.sqrt(F.rational(2, 1))))
    zero3_lo = F.rational(0, 1)
    zero4 = F.rational(-1, 1)*F.sqrt((F.rational(1, 2) + F.rational(1, 4)*F.sqrt(F.rational(2, 1))))
    zero4_lo = F.rational(0, 1)
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - turn1 - turn1_lo
    gap3 = kept - turn3 - turn3_lo
    away1 = kept - zero1 - zero1_lo
    away2 = kept - zero2 - zero2_lo
    away3 = kept - zero3 - zero3_lo
    away4 = kept - zero4 - zero4_lo
    climb = 32*gap1*gap3*kept
    multiple = 8*away1*away2*away3*away4
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(kept, 0), -1, F.select(F.gt(gap3, 0), 1, -1)))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(kept, 0), 2, F.select(F.gt(gap3, 0), 4, 6)))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    blend_bar = attached*logit_bar
    fallen_bar = blend_bar/(1 + annealing)
    multiple_bar = F.select(F.eq(falls, 0), fallen_bar, fallen_bar*side)
    kept_bar = (1 - attached)*logit_bar + climb*multiple_bar + annealing*blend_bar/(1 + annealing)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar


def plain_grad(F, cosine, loss_bar, limit, most, most_lo, falls, annealing, attached, scale):
    """Return loss and gradient, plain form."""
    turn1 = F.rational(1, 2)*F.sqrt(F.rational(2, 1))
    turn3 = F.rational(-1, 2)*F.sqrt(F.rational(2, 1))
    most = limit  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - turn1
    gap3 = kept - turn3
    multiple = 1 + 8*(kept*kept*kept*kept) - 8*(kept*kept)
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(kept, 0), -1, F.select(F.gt(gap3, 0), 1, -1)))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(kept, 0), 2, F.select(F.gt(gap3, 0), 4, 6)))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    blend_bar = attached*logit_bar
    fallen_bar = blend_bar/(1 + annealing)
    multiple_bar = F.select(F.eq(falls, 0), fallen_bar, fallen_bar*side)
    kept_bar = (1 - attached)*logit_bar + (32*(kept*kept*kept) - 16*kept)*multiple_bar + annealing*blend_bar/(1 + annealing)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar
