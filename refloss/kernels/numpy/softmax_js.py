"""Jensen-Shannon divergence of a softmax: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = sum_k w_k (q_k log(q_k / m_k) + p_k log(p_k / m_k)) / 2;  m = (p + q) / 2
    p, q, w = softmax(logits / temperature), target, class_weight

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    temperature: what logits are divided by (default 1.0)
    temperature_lo: what temperature lacks (default 0.0)
    in_bits: 1: in bits (default 0.0)

Source
    Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37
    (1991), equation 3.9 with equal weights.
"""

import numpy as np

LN_2 = 0.6931471805599453  # log(2), correctly rounded
CONSTANTS = ("temperature", "temperature_lo", "in_bits",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)


def two_prod_error(a, b):
    """Return a*b - fl(a*b), exactly unless a product leaves the range (Dekker)."""
    p = a*b
    s = 134217729.0*a
    a_high = s - (s - a)
    a_low = a - a_high
    t = 134217729.0*b
    b_high = t - (t - b)
    b_low = b - b_high
    return ((a_high*b_high - p) + a_high*b_low + a_low*b_high) + a_low*b_low


def value(logits, target, class_weight, temperature, temperature_lo, in_bits):
    """Return loss, one an item."""
    B = logits.shape[0]
    C = logits.shape[1]
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    apart = logits - top[:, None]  # at most 0
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(logits, top[:, None]), (two_diff_error(logits, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    chance = mass/total[:, None]  # softmax
    both = chance + target
    lean = ratio(chance - target, both, 1.0)  # from -1 to 1
    part = ratio(chance, both, 1.0)  # p of both
    other = ratio(target, both, 0.0)  # q of both
    small = np.where((lean < 0.0), part, other)  # the smaller share
    deep = np.log(2.0*np.where((small > 0.0), small, 1.0))
    log_p_of_m = np.where((lean < -0.5), deep, np.log1p(lean))
    log_q_of_m = np.where((lean > 0.5), deep, np.log1p(-lean))
    term = 0.5*weighted(chance, log_p_of_m) + 0.5*weighted(target, log_q_of_m)
    divergence = np.sum(class_weight*term, axis=1)
    loss = np.where((in_bits == 0.0), divergence, divergence/LN_2)
    return loss


def grad(logits, target, class_weight, loss_bar, temperature, temperature_lo, in_bits):
    """Return loss, then its derivative by every column times loss_bar."""
    B = logits.shape[0]
    C = logits.shape[1]
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    apart = logits - top[:, None]  # at most 0
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(logits, top[:, None]), (two_diff_error(logits, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    score = grow[:, None] - drop  # -log softmax, at least 0
    chance = mass/total[:, None]  # softmax
    both = chance + target
    lean = ratio(chance - target, both, 1.0)  # from -1 to 1
    part = ratio(chance, both, 1.0)  # p of both
    other = ratio(target, both, 0.0)  # q of both
    small = np.where((lean < 0.0), part, other)  # the smaller share
    deep = np.log(2.0*np.where((small > 0.0), small, 1.0))
    log_p_of_m = np.where((lean < -0.5), deep, np.log1p(lean))
    log_q_of_m = np.where((lean > 0.5), deep, np.log1p(-lean))
    term = 0.5*weighted(chance, log_p_of_m) + 0.5*weighted(target, log_q_of_m)
    divergence = np.sum(class_weight*term, axis=1)
    pull = 0.5*log_p_of_m  # by p
    felt = class_weight*chance*pull
    push = 0.5*(np.where((target > 0.0), 0.0, score) + log_q_of_m)*class_weight  # by q
    top_part = felt[np.arange(B), first]
    slight = np.where((np.arange(C) == first[:, None]), 0.0, felt)
    slights = np.sum(slight, axis=1)  # of all but the largest logit's
    beside = np.where((np.arange(C) == first[:, None]), slights[:, None], slights[:, None] + top_part[:, None] - felt)
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    loss = np.where((in_bits == 0.0), divergence, divergence/LN_2)
    divergence_bar = np.where((in_bits == 0.0), loss_bar, loss_bar/LN_2)
    scaled_bar = (felt*miss - beside*chance)*divergence_bar[:, None]
    logits_bar = np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    target_bar = divergence_bar[:, None]*push
    return loss, logits_bar, target_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, target_dot, temperature, temperature_lo, in_bits):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = logits.shape[0]
    C = logits.shape[1]
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    apart = logits - top[:, None]  # at most 0
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(logits, top[:, None]), (two_diff_error(logits, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    chance = mass/total[:, None]  # softmax
    both = chance + target
    lean = ratio(chance - target, both, 1.0)  # from -1 to 1
    part = ratio(chance, both, 1.0)  # p of both
    other = ratio(target, both, 0.0)  # q of both
    small = np.where((lean < 0.0), part, other)  # the smaller share
    deep = np.log(2.0*np.where((small > 0.0), small, 1.0))
    log_p_of_m = np.where((lean < -0.5), deep, np.log1p(lean))
    pull = 0.5*log_p_of_m  # by p
    felt = class_weight*chance*pull
    top_part = felt[np.arange(B), first]
    slight = np.where((np.arange(C) == first[:, None]), 0.0, felt)
    slights = np.sum(slight, axis=1)  # of all but the largest logit's
    beside = np.where((np.arange(C) == first[:, None]), slights[:, None], slights[:, None] + top_part[:, None] - felt)
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    divergence_bar = np.where((in_bits == 0.0), loss_bar, loss_bar/LN_2)
    top_dot = logits_dot[np.arange(B), first]
    apart_dot = logits_dot - top_dot[:, None]
    drop_dot = apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    grow_dot = rest_dot/total
    score_dot = grow_dot[:, None] - drop_dot
    chance_dot = -(chance*score_dot)
    felt_dot = (-0.5*class_weight*chance*other - felt)*score_dot - 0.5*class_weight*part*target_dot
    push_dot = 0.5*class_weight*target_dot*ratio(part, target, 0.0) + 0.5*class_weight*part*score_dot
    top_part_dot = felt_dot[np.arange(B), first]
    slight_dot = felt_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    slights_dot = np.sum(slight_dot, axis=1)
    beside_dot = felt_dot*np.where((np.arange(C) == first[:, None]), 0.0, -1.0) + top_part_dot[:, None]*np.where((np.arange(C) == first[:, None]), 0.0, 1.0) + slights_dot[:, None]
    miss_dot = mass*(rest_dot[:, None]/total[:, None]/total[:, None]) - mass_dot/total[:, None]
    scaled_bar_dot = divergence_bar[:, None]*felt*miss_dot + divergence_bar[:, None]*felt_dot*miss - divergence_bar[:, None]*beside*chance_dot - divergence_bar[:, None]*beside_dot*chance
    logits_bar_dot = scaled_bar_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    target_bar_dot = divergence_bar[:, None]*push_dot
    return logits_bar_dot, target_bar_dot


def trace(logits, target, class_weight, loss_bar, temperature, temperature_lo, in_bits):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    scaled = np.where((temperature == 1.0), logits, logits/temperature)  # logits over the temperature
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature))
    total = np.sum(mass, axis=1)
    lse = np.where((temperature == 1.0), top, top/temperature) + np.log(total)  # log-sum-exp
    score = lse[:, None] - scaled  # -log softmax
    chance = np.exp(-score)  # softmax
    middle = np.log(0.5*np.where((target > 0.0), target, 0.0) + 0.5*chance)  # log m
    held = np.where((target > 0.0), target, 1.0)  # 1 where the probability is 0
    ours = weighted(chance, -middle - score)  # p log(p/m)
    theirs = weighted(target, np.log(held) - middle)  # q log(q/m)
    divergence = np.sum(0.5*(ours + theirs)*class_weight, axis=1)
    loss = np.where((in_bits == 0.0), divergence, divergence/LN_2)
    divergence_bar = np.where((in_bits == 0.0), loss_bar, loss_bar/LN_2)
    theirs_bar = 0.5*class_weight*divergence_bar[:, None]
    ours_bar = 0.5*class_weight*divergence_bar[:, None]
    held_bar = target*theirs_bar/held
    middle_bar = -chance*ours_bar - target*theirs_bar
    chance_bar = 0.5*middle_bar/(0.5*np.where((target > 0.0), target, 0.0) + 0.5*chance) + (-middle - score)*ours_bar
    score_bar = -chance_bar*np.exp(-score) - chance*ours_bar
    lse_bar = np.sum(score_bar, axis=1)
    total_bar = lse_bar/total
    mass_bar = np.broadcast_to(total_bar[:, None], (B, C))
    scaled_bar = -score_bar
    logits_bar = np.where((temperature == 1.0), mass_bar*np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature)), mass_bar*np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature))/temperature) + np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    target_bar = (np.log(held) - middle)*theirs_bar + np.where((target > 0.0), 0.5*middle_bar/(0.5*np.where((target > 0.0), target, 0.0) + 0.5*chance), 0.0) + np.where((target > 0.0), held_bar, 0.0)
    return {
        "scaled": scaled,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "score": score,
        "chance": chance,
        "middle": middle,
        "held": held,
        "ours": ours,
        "theirs": theirs,
        "divergence": divergence,
        "loss": loss,
        "divergence_bar": divergence_bar,
        "theirs_bar": theirs_bar,
        "ours_bar": ours_bar,
        "held_bar": held_bar,
        "middle_bar": middle_bar,
        "chance_bar": chance_bar,
        "score_bar": score_bar,
        "lse_bar": lse_bar,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "scaled_bar": scaled_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
