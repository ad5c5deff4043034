"""SphereFace logit: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
    most = limit  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - F.rational(1, 2)
    gap2 = F.rational(1, 2) + kept
    multiple = (4*(kept*kept) - 3)*kept
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, 1))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(gap2, 0), 2, 4))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
    loss = scale*logit
    return loss


def grad(F, cosine, loss_bar, limit, most, most_lo, falls, annealing, attached, scale):
    """Return the loss and the derived gradient."""
    most = limit  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - F.rational(1, 2)
    gap2 = F.rational(1, 2) + kept
    multiple = (4*(kept*kept) - 3)*kept
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, 1))
    level = F.select(F.gt(gap1, 0), 0, F.select(F.gt(gap2, 0), 2, 4))
    fallen = F.select(F.eq(falls, 0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1 + annealing)
    logit = F.straight_through(blend, kept, attached)
    loss = scale*logit
    logit_bar = scale*loss_bar
    blend_bar = attached*logit_bar
    fallen_bar = blend_bar/(1 + annealing)
    multiple_bar = F.select(F.eq(falls, 0), fallen_bar, fallen_bar*side)
    kept_bar = (1 - attached)*logit_bar + (12*(kept*kept) - 3)*multiple_bar + annealing*blend_bar/(1 + annealing)
    capped_bar = F.select(F.gt(under, 0), 0, kept_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar


def hvp(F, cosine, loss_bar, cosine_dot, limit, most, most_lo, falls, annealing, attached, scale):
    """Return the derived Hessian-vector product."""
    most = limit  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    gap1 = kept - F.rational(1, 2)
    gap2 = F.rational(1, 2) + kept
    side = F.select(F.gt(gap1, 0), 1, F.select(F.gt(gap2, 0), -1, 1))
    logit_bar = scale*loss_bar
    blend_bar = attached*logit_bar
    fallen_bar = blend_bar/(1 + annealing)
    multiple_bar = F.select(F.eq(falls, 0), fallen_bar, fallen_bar*side)
    capped_dot = cosine_dot*F.select(F.gt(over, 0), 0, 1)
    kept_dot = capped_dot*F.select(F.gt(under, 0), 0, 1)
    kept_bar_dot = 24*kept*kept_dot*multiple_bar
    capped_bar_dot = kept_bar_dot*F.select(F.gt(under, 0), 0, 1)
    cosine_bar_dot = capped_bar_dot*F.select(F.gt(over, 0), 0, 1)
    return cosine_bar_dot
