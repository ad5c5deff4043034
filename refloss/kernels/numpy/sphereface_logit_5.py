"""SphereFace logit: value, gradient and Hessian-vector product in NumPy.

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

import numpy as np

TURN1 = 0.8090169943749475  # 1/4 + sqrt(5)/4, correctly rounded
TURN1_LO = -2.716057601841253e-17  # Rest(1/4 + sqrt(5)/4), correctly rounded
TURN2 = 0.30901699437494745  # -1/4 + sqrt(5)/4, correctly rounded
TURN2_LO = -2.716057601841253e-17  # Rest(-1/4 + sqrt(5)/4), correctly rounded
TURN3 = -0.30901699437494745  # 1/4 - sqrt(5)/4, correctly rounded
TURN3_LO = 2.716057601841253e-17  # Rest(1/4 - sqrt(5)/4), correctly rounded
TURN4 = -0.8090169943749475  # -sqrt(5)/4 - 1/4, correctly rounded
TURN4_LO = 2.716057601841253e-17  # Rest(-sqrt(5)/4 - 1/4), correctly rounded
ZERO1 = 0.9510565162951535  # sqrt(sqrt(5)/8 + 5/8), correctly rounded
ZERO1_LO = 4.0934500900087295e-17  # Rest(sqrt(sqrt(5)/8 + 5/8)), correctly rounded
ZERO2 = 0.5877852522924731  # sqrt(5/8 - sqrt(5)/8), correctly rounded
ZERO2_LO = -7.93475083819002e-18  # Rest(sqrt(5/8 - sqrt(5)/8)), correctly rounded
ZERO4 = -0.5877852522924731  # -sqrt(5/8 - sqrt(5)/8), correctly rounded
ZERO4_LO = 7.93475083819002e-18  # Rest(-sqrt(5/8 - sqrt(5)/8)), correctly rounded
ZERO5 = -0.9510565162951535  # -sqrt(sqrt(5)/8 + 5/8), correctly rounded
ZERO5_LO = -4.0934500900087295e-17  # Rest(-sqrt(sqrt(5)/8 + 5/8)), correctly rounded
BEND1 = 0.6123724356957945  # sqrt(6)/4, correctly rounded
BEND1_LO = 5.421541295258115e-17  # Rest(sqrt(6)/4), correctly rounded
BEND3 = -0.6123724356957945  # -sqrt(6)/4, correctly rounded
BEND3_LO = -5.421541295258115e-17  # Rest(-sqrt(6)/4), correctly rounded
CONSTANTS = ("limit", "most", "most_lo", "falls", "annealing", "attached", "scale",)


def value(cosine, limit, most, most_lo, falls, annealing, attached, scale):
    """Return loss, one an item."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1 - TURN1_LO
    gap2 = kept - TURN2 - TURN2_LO
    gap3 = kept - TURN3 - TURN3_LO
    gap4 = kept - TURN4 - TURN4_LO
    away1 = kept - ZERO1 - ZERO1_LO
    away2 = kept - ZERO2 - ZERO2_LO
    away3 = kept
    away4 = kept - ZERO4 - ZERO4_LO
    away5 = kept - ZERO5 - ZERO5_LO
    multiple = 16.0*away1*away2*away3*away4*away5  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
    loss = scale*logit
    return loss


def grad(cosine, loss_bar, limit, most, most_lo, falls, annealing, attached, scale):
    """Return loss, then its derivative by every column times loss_bar."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1 - TURN1_LO
    gap2 = kept - TURN2 - TURN2_LO
    gap3 = kept - TURN3 - TURN3_LO
    gap4 = kept - TURN4 - TURN4_LO
    away1 = kept - ZERO1 - ZERO1_LO
    away2 = kept - ZERO2 - ZERO2_LO
    away4 = kept - ZERO4 - ZERO4_LO
    away5 = kept - ZERO5 - ZERO5_LO
    climb = 80.0*gap1*gap2*gap3*gap4  # its slope
    multiple = 16.0*away1*away2*away4*away5*kept  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
    loss = scale*logit
    logit_bar = scale*loss_bar
    blend_bar = np.where(attached == 0.0, 0.0, logit_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    kept_bar = (1.0 - attached)*logit_bar + climb*multiple_bar + annealing*blend_bar/(1.0 + annealing)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return loss, cosine_bar


def hvp(cosine, loss_bar, cosine_dot, limit, most, most_lo, falls, annealing, attached, scale):
    """Return the derivative of the gradient along the `_dot` columns."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1 - TURN1_LO
    gap2 = kept - TURN2 - TURN2_LO
    gap3 = kept - TURN3 - TURN3_LO
    gap4 = kept - TURN4 - TURN4_LO
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    logit_bar = scale*loss_bar
    blend_bar = np.where(attached == 0.0, 0.0, logit_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    capped_dot = cosine_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    climb_dot = 320.0*(kept - BEND1 - BEND1_LO)*(kept - BEND3 - BEND3_LO)*kept*kept_dot
    kept_bar_dot = climb_dot*multiple_bar
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    cosine_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    return cosine_bar_dot


def trace(cosine, loss_bar, limit, most, most_lo, falls, annealing, attached, scale):
    """Return every quantity of the plain program and its adjoint, by name."""
    over = cosine - most
    under = -cosine - most
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - TURN1
    gap2 = kept - TURN2
    gap3 = kept - TURN3
    gap4 = kept - TURN4
    multiple = (5.0 + 16.0*(kept*kept*kept*kept) - 20.0*(kept*kept))*kept  # cosine of 5 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, np.where((gap3 > 0.0), 1.0, np.where((gap4 > 0.0), -1.0, 1.0))))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, np.where((gap3 > 0.0), 4.0, np.where((gap4 > 0.0), 6.0, 8.0))))  # twice the turns before
    fallen = np.where((falls == 0.0), multiple, multiple*side - level)
    blend = (annealing*kept + fallen)/(1.0 + annealing)
    logit = blend
    loss = scale*logit
    logit_bar = scale*loss_bar
    blend_bar = np.where(attached == 0.0, 0.0, logit_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    level_bar = np.where((falls == 0.0), 0.0, -fallen_bar)
    side_bar = np.where((falls == 0.0), 0.0, fallen_bar*multiple)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    kept_bar = (1.0 - attached)*logit_bar + (5.0 + (64.0*(kept*kept*kept) - 40.0*kept)*kept + 16.0*(kept*kept*kept*kept) - 20.0*(kept*kept))*multiple_bar + annealing*blend_bar/(1.0 + annealing)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return {
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "gap1": gap1,
        "gap2": gap2,
        "gap3": gap3,
        "gap4": gap4,
        "multiple": multiple,
        "side": side,
        "level": level,
        "fallen": fallen,
        "blend": blend,
        "logit": logit,
        "loss": loss,
        "logit_bar": logit_bar,
        "blend_bar": blend_bar,
        "fallen_bar": fallen_bar,
        "level_bar": level_bar,
        "side_bar": side_bar,
        "multiple_bar": multiple_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "cosine_bar": cosine_bar,
    }
