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

ZERO1 = 0.8660254037844386  # sqrt(3)/2, correctly rounded
ZERO1_LO = 5.0175421109034514e-17  # Rest(sqrt(3)/2), correctly rounded
ZERO3 = -0.8660254037844386  # -sqrt(3)/2, correctly rounded
ZERO3_LO = -5.0175421109034514e-17  # Rest(-sqrt(3)/2), correctly rounded
CONSTANTS = ("limit", "most", "most_lo", "falls", "annealing", "attached", "scale",)


def value(cosine, limit, most, most_lo, falls, annealing, attached, scale):
    """Return loss, one an item."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    gap1 = kept - 0.5
    gap2 = 0.5 + kept
    away1 = kept - ZERO1 - ZERO1_LO
    away2 = kept
    away3 = kept - ZERO3 - ZERO3_LO
    multiple = 4.0*away1*away2*away3  # cosine of 3 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, 1.0))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, 4.0))  # twice the turns before
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
    gap1 = kept - 0.5
    gap2 = 0.5 + kept
    away1 = kept - ZERO1 - ZERO1_LO
    away3 = kept - ZERO3 - ZERO3_LO
    climb = 12.0*gap1*gap2  # its slope
    multiple = 4.0*away1*away3*kept  # cosine of 3 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, 1.0))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, 4.0))  # twice the turns before
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
    gap1 = kept - 0.5
    gap2 = 0.5 + kept
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, 1.0))  # 1 where it falls
    logit_bar = scale*loss_bar
    blend_bar = np.where(attached == 0.0, 0.0, logit_bar)
    fallen_bar = blend_bar/(1.0 + annealing)
    multiple_bar = np.where((falls == 0.0), fallen_bar, fallen_bar*side)
    capped_dot = cosine_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    climb_dot = 24.0*kept*kept_dot
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
    gap1 = kept - 0.5
    gap2 = 0.5 + kept
    multiple = (4.0*(kept*kept) - 3.0)*kept  # cosine of 3 theta
    side = np.where((gap1 > 0.0), 1.0, np.where((gap2 > 0.0), -1.0, 1.0))  # 1 where it falls
    level = np.where((gap1 > 0.0), 0.0, np.where((gap2 > 0.0), 2.0, 4.0))  # twice the turns before
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
    kept_bar = (1.0 - attached)*logit_bar + (12.0*(kept*kept) - 3.0)*multiple_bar + annealing*blend_bar/(1.0 + annealing)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return {
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "gap1": gap1,
        "gap2": gap2,
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
