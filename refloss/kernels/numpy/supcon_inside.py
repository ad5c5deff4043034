"""Supervised contrastive loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    outside: loss = -factor mean_p log(exp(s_p/T) / sum_a exp(s_a/T))
    inside:  loss = -factor log mean_p (exp(s_p/T) / sum_a exp(s_a/T))
    p: columns where same is 1;  a: columns where same is 1 or 0;  factor: 1, or T / base_temperature

Subgradients
    none: the losses are smooth. The largest similarity, and the first among equals, is a
    reference point that cancels from value and derivatives.

Constants
    temperature: what similarities are divided by (default 0.07)
    temperature_lo: what temperature lacks (default 0.0)
    base_temperature: what the temperature is divided by for a factor; 0: none (default 0.0)

Source
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, arXiv 2004.11362.
"""

import numpy as np

CONSTANTS = ("temperature", "temperature_lo", "base_temperature",)


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


def value(similarities, same, temperature, temperature_lo, base_temperature):
    """Return loss, one an item."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    base = np.where((base_temperature == 0.0), temperature, base_temperature)
    factor = temperature/base
    ally_first = np.argmax(np.where((same == 1.0), similarities, -np.inf), axis=1)  # class of the largest logit
    ally_top = similarities[np.arange(B), ally_first]  # largest logit
    ally_apart = similarities - ally_top[:, None]  # at most 0 where it counts
    ally_drop = np.where((temperature == 1.0), ally_apart, ally_apart/temperature)  # at most 0 where it counts
    ally_left = ally_apart - temperature*ally_drop  # by the quotient
    ally_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, ally_top[:, None]), (two_diff_error(similarities, ally_top[:, None]) + ally_left - two_prod_error(ally_drop, temperature) - weighted(temperature_lo, ally_drop))/temperature), -1.0)
    ally_held = np.where((same[np.arange(B), ally_first] == 1.0), 1.0, 0.0)  # 0: there are none
    ally_tail = np.where((np.arange(C) == ally_first[:, None]), weighted(ally_held[:, None], ally_drop), np.where((same == 1.0), (1.0 + ally_slip)*np.exp(ally_drop), 0.0))
    ally_rest = np.sum(ally_tail, axis=1)  # sum of mass over all classes but the first
    ally_total = 1.0 + ally_rest
    ally_grow = np.log1p(ally_rest)
    rival_first = np.argmax(np.where((same == 0.0), similarities, -np.inf), axis=1)  # class of the largest logit
    rival_top = similarities[np.arange(B), rival_first]  # largest logit
    rival_apart = similarities - rival_top[:, None]  # at most 0 where it counts
    rival_drop = np.where((temperature == 1.0), rival_apart, rival_apart/temperature)  # at most 0 where it counts
    rival_left = rival_apart - temperature*rival_drop  # by the quotient
    rival_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, rival_top[:, None]), (two_diff_error(similarities, rival_top[:, None]) + rival_left - two_prod_error(rival_drop, temperature) - weighted(temperature_lo, rival_drop))/temperature), -1.0)
    rival_held = np.where((same[np.arange(B), rival_first] == 0.0), 1.0, 0.0)  # 0: there are none
    rival_tail = np.where((np.arange(C) == rival_first[:, None]), weighted(rival_held[:, None], rival_drop), np.where((same == 0.0), (1.0 + rival_slip)*np.exp(rival_drop), 0.0))
    rival_rest = np.sum(rival_tail, axis=1)  # sum of mass over all classes but the first
    rival_total = 1.0 + rival_rest
    rival_grow = np.log1p(rival_rest)
    gap_apart = rival_top - ally_top  # how far the negatives are ahead
    gap_drop = np.where((temperature == 1.0), gap_apart, gap_apart/temperature)  # how far the negatives are ahead
    gap_left = gap_apart - temperature*gap_drop  # by the quotient
    gap_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(rival_top, ally_top), (two_diff_error(rival_top, ally_top) + gap_left - two_prod_error(gap_drop, temperature) - weighted(temperature_lo, gap_drop))/temperature), -1.0)
    lead = np.where(((ally_held == 1.0) & (rival_held == 1.0)), gap_drop, 0.0)  # of the negatives
    behind = lead + rival_grow - ally_grow  # of the positives
    amount = rival_held*rival_total  # of the negatives
    odds = np.where((behind <= 0.0), (1.0 + gap_slip)*amount*np.exp(lead)/ally_total, (1.0 - gap_slip)*ally_total*np.exp(-lead)/rival_total)
    cost = np.where((behind <= 0.0), 0.0, behind) + np.log1p(odds)  # softplus
    loss = np.where((count == 0.0), 0.0, (np.log(np.where((count == 0.0), 1.0, count)) + cost)*factor)
    return loss


def grad(similarities, same, loss_bar, temperature, temperature_lo, base_temperature):
    """Return loss, then its derivative by every column times loss_bar."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    base = np.where((base_temperature == 0.0), temperature, base_temperature)
    factor = temperature/base
    ally_first = np.argmax(np.where((same == 1.0), similarities, -np.inf), axis=1)  # class of the largest logit
    ally_top = similarities[np.arange(B), ally_first]  # largest logit
    ally_apart = similarities - ally_top[:, None]  # at most 0 where it counts
    ally_drop = np.where((temperature == 1.0), ally_apart, ally_apart/temperature)  # at most 0 where it counts
    ally_left = ally_apart - temperature*ally_drop  # by the quotient
    ally_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, ally_top[:, None]), (two_diff_error(similarities, ally_top[:, None]) + ally_left - two_prod_error(ally_drop, temperature) - weighted(temperature_lo, ally_drop))/temperature), -1.0)
    ally_held = np.where((same[np.arange(B), ally_first] == 1.0), 1.0, 0.0)  # 0: there are none
    ally_tail = np.where((np.arange(C) == ally_first[:, None]), weighted(ally_held[:, None], ally_drop), np.where((same == 1.0), (1.0 + ally_slip)*np.exp(ally_drop), 0.0))
    ally_mass = np.where((np.arange(C) == ally_first[:, None]), ally_held[:, None], ally_tail)  # exp(logits - top)
    ally_rest = np.sum(ally_tail, axis=1)  # sum of mass over all classes but the first
    ally_total = 1.0 + ally_rest
    ally_grow = np.log1p(ally_rest)
    rival_first = np.argmax(np.where((same == 0.0), similarities, -np.inf), axis=1)  # class of the largest logit
    rival_top = similarities[np.arange(B), rival_first]  # largest logit
    rival_apart = similarities - rival_top[:, None]  # at most 0 where it counts
    rival_drop = np.where((temperature == 1.0), rival_apart, rival_apart/temperature)  # at most 0 where it counts
    rival_left = rival_apart - temperature*rival_drop  # by the quotient
    rival_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, rival_top[:, None]), (two_diff_error(similarities, rival_top[:, None]) + rival_left - two_prod_error(rival_drop, temperature) - weighted(temperature_lo, rival_drop))/temperature), -1.0)
    rival_held = np.where((same[np.arange(B), rival_first] == 0.0), 1.0, 0.0)  # 0: there are none
    rival_tail = np.where((np.arange(C) == rival_first[:, None]), weighted(rival_held[:, None], rival_drop), np.where((same == 0.0), (1.0 + rival_slip)*np.exp(rival_drop), 0.0))
    rival_mass = np.where((np.arange(C) == rival_first[:, None]), rival_held[:, None], rival_tail)  # exp(logits - top)
    rival_rest = np.sum(rival_tail, axis=1)  # sum of mass over all classes but the first
    rival_total = 1.0 + rival_rest
    rival_grow = np.log1p(rival_rest)
    gap_apart = rival_top - ally_top  # how far the negatives are ahead
    gap_drop = np.where((temperature == 1.0), gap_apart, gap_apart/temperature)  # how far the negatives are ahead
    gap_left = gap_apart - temperature*gap_drop  # by the quotient
    gap_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(rival_top, ally_top), (two_diff_error(rival_top, ally_top) + gap_left - two_prod_error(gap_drop, temperature) - weighted(temperature_lo, gap_drop))/temperature), -1.0)
    lead = np.where(((ally_held == 1.0) & (rival_held == 1.0)), gap_drop, 0.0)  # of the negatives
    behind = lead + rival_grow - ally_grow  # of the positives
    amount = rival_held*rival_total  # of the negatives
    odds = np.where((behind <= 0.0), (1.0 + gap_slip)*amount*np.exp(lead)/ally_total, (1.0 - gap_slip)*ally_total*np.exp(-lead)/rival_total)
    cost = np.where((behind <= 0.0), 0.0, behind) + np.log1p(odds)  # softplus
    rise = np.where((behind <= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    loss = np.where((count == 0.0), 0.0, (np.log(np.where((count == 0.0), 1.0, count)) + cost)*factor)
    cost_bar = np.where((count == 0.0), 0.0, factor*loss_bar)
    rival_lse_bar = cost_bar*rise
    ally_lse_bar = -(cost_bar*rise)
    scaled_bar = ally_mass*(ally_lse_bar[:, None]/ally_total[:, None]) + rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])
    similarities_bar = np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return loss, similarities_bar


def hvp(similarities, same, loss_bar, similarities_dot, temperature, temperature_lo, base_temperature):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    base = np.where((base_temperature == 0.0), temperature, base_temperature)
    factor = temperature/base
    ally_first = np.argmax(np.where((same == 1.0), similarities, -np.inf), axis=1)  # class of the largest logit
    ally_top = similarities[np.arange(B), ally_first]  # largest logit
    ally_apart = similarities - ally_top[:, None]  # at most 0 where it counts
    ally_drop = np.where((temperature == 1.0), ally_apart, ally_apart/temperature)  # at most 0 where it counts
    ally_left = ally_apart - temperature*ally_drop  # by the quotient
    ally_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, ally_top[:, None]), (two_diff_error(similarities, ally_top[:, None]) + ally_left - two_prod_error(ally_drop, temperature) - weighted(temperature_lo, ally_drop))/temperature), -1.0)
    ally_held = np.where((same[np.arange(B), ally_first] == 1.0), 1.0, 0.0)  # 0: there are none
    ally_tail = np.where((np.arange(C) == ally_first[:, None]), weighted(ally_held[:, None], ally_drop), np.where((same == 1.0), (1.0 + ally_slip)*np.exp(ally_drop), 0.0))
    ally_mass = np.where((np.arange(C) == ally_first[:, None]), ally_held[:, None], ally_tail)  # exp(logits - top)
    ally_rest = np.sum(ally_tail, axis=1)  # sum of mass over all classes but the first
    ally_total = 1.0 + ally_rest
    ally_grow = np.log1p(ally_rest)
    rival_first = np.argmax(np.where((same == 0.0), similarities, -np.inf), axis=1)  # class of the largest logit
    rival_top = similarities[np.arange(B), rival_first]  # largest logit
    rival_apart = similarities - rival_top[:, None]  # at most 0 where it counts
    rival_drop = np.where((temperature == 1.0), rival_apart, rival_apart/temperature)  # at most 0 where it counts
    rival_left = rival_apart - temperature*rival_drop  # by the quotient
    rival_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, rival_top[:, None]), (two_diff_error(similarities, rival_top[:, None]) + rival_left - two_prod_error(rival_drop, temperature) - weighted(temperature_lo, rival_drop))/temperature), -1.0)
    rival_held = np.where((same[np.arange(B), rival_first] == 0.0), 1.0, 0.0)  # 0: there are none
    rival_tail = np.where((np.arange(C) == rival_first[:, None]), weighted(rival_held[:, None], rival_drop), np.where((same == 0.0), (1.0 + rival_slip)*np.exp(rival_drop), 0.0))
    rival_mass = np.where((np.arange(C) == rival_first[:, None]), rival_held[:, None], rival_tail)  # exp(logits - top)
    rival_rest = np.sum(rival_tail, axis=1)  # sum of mass over all classes but the first
    rival_total = 1.0 + rival_rest
    rival_grow = np.log1p(rival_rest)
    gap_apart = rival_top - ally_top  # how far the negatives are ahead
    gap_drop = np.where((temperature == 1.0), gap_apart, gap_apart/temperature)  # how far the negatives are ahead
    gap_left = gap_apart - temperature*gap_drop  # by the quotient
    gap_slip = np.fmax(np.where((temperature == 1.0), two_diff_error(rival_top, ally_top), (two_diff_error(rival_top, ally_top) + gap_left - two_prod_error(gap_drop, temperature) - weighted(temperature_lo, gap_drop))/temperature), -1.0)
    lead = np.where(((ally_held == 1.0) & (rival_held == 1.0)), gap_drop, 0.0)  # of the negatives
    behind = lead + rival_grow - ally_grow  # of the positives
    amount = rival_held*rival_total  # of the negatives
    odds = np.where((behind <= 0.0), (1.0 + gap_slip)*amount*np.exp(lead)/ally_total, (1.0 - gap_slip)*ally_total*np.exp(-lead)/rival_total)
    rise = np.where((behind <= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    fall = np.where((behind <= 0.0), 1.0/(1.0 + odds), odds/(1.0 + odds))  # sigmoid(-x)
    cost_bar = np.where((count == 0.0), 0.0, factor*loss_bar)
    rival_lse_bar = cost_bar*rise
    ally_lse_bar = -(cost_bar*rise)
    scaled_dot = similarities_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    ally_top_dot = similarities_dot[np.arange(B), ally_first]
    ally_apart_dot = similarities_dot - ally_top_dot[:, None]
    ally_drop_dot = ally_apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    ally_tail_dot = ally_drop_dot*ally_tail
    ally_mass_dot = ally_tail_dot*np.where((np.arange(C) == ally_first[:, None]), 0.0, 1.0)
    ally_rest_dot = np.sum(ally_tail_dot, axis=1)
    ally_lse_dot0 = np.sum(ally_mass*(scaled_dot/ally_total[:, None]), axis=1)
    rival_top_dot = similarities_dot[np.arange(B), rival_first]
    rival_apart_dot = similarities_dot - rival_top_dot[:, None]
    rival_drop_dot = rival_apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    rival_tail_dot = rival_drop_dot*rival_tail
    rival_mass_dot = rival_tail_dot*np.where((np.arange(C) == rival_first[:, None]), 0.0, 1.0)
    rival_rest_dot = np.sum(rival_tail_dot, axis=1)
    rival_lse_dot0 = np.sum(rival_mass*(scaled_dot/rival_total[:, None]), axis=1)
    rise_dot = fall*rise*rival_lse_dot0 - ally_lse_dot0*fall*rise
    rival_lse_bar_dot = cost_bar*rise_dot
    ally_lse_bar_dot = -(cost_bar*rise_dot)
    scaled_bar_dot = ally_mass_dot*(ally_lse_bar[:, None]/ally_total[:, None]) + ally_mass*(ally_lse_bar_dot[:, None]/ally_total[:, None]) + rival_mass_dot*(rival_lse_bar[:, None]/rival_total[:, None]) + rival_mass*(rival_lse_bar_dot[:, None]/rival_total[:, None]) - ally_mass*(ally_lse_bar[:, None]/ally_total[:, None])*(ally_rest_dot[:, None]/ally_total[:, None]) - rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])*(rival_rest_dot[:, None]/rival_total[:, None])
    similarities_bar_dot = scaled_bar_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    return similarities_bar_dot


def trace(similarities, same, loss_bar, temperature, temperature_lo, base_temperature):
    """Return every quantity of the plain program and its adjoint, by name."""
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    scaled = np.where((temperature == 1.0), similarities, similarities/temperature)  # logits over the temperature
    base = np.where((base_temperature == 0.0), temperature, base_temperature)
    factor = temperature/base
    top = np.max(np.where((same >= 0.0), similarities, -np.inf), axis=1)  # largest similarity
    below = np.where((temperature == 1.0), similarities - top[:, None], (similarities - top[:, None])/temperature)  # the largest
    aligned = np.sum(np.where((same == 1.0), np.exp(below), 0.0), axis=1)
    against = np.sum(np.where((same == 0.0), np.exp(below), 0.0), axis=1)
    spare = np.where((count == 0.0), 1.0, 0.0)  # 1: there are none
    cost = np.log(against + aligned + spare) - np.log(aligned + spare)
    loss = np.where((count == 0.0), 0.0, (np.log(np.where((count == 0.0), 1.0, count)) + cost)*factor)
    cost_bar = np.where((count == 0.0), 0.0, factor*loss_bar)
    against_bar = cost_bar/(against + aligned + spare)
    aligned_bar = (1.0/(against + aligned + spare) - 1.0/(aligned + spare))*cost_bar
    below_bar = np.where((same == 0.0), against_bar[:, None]*np.exp(below), 0.0) + np.where((same == 1.0), aligned_bar[:, None]*np.exp(below), 0.0)
    similarities_bar = np.where((temperature == 1.0), below_bar, below_bar/temperature)
    return {
        "positive": positive,
        "count": count,
        "scaled": scaled,
        "base": base,
        "factor": factor,
        "top": top,
        "below": below,
        "aligned": aligned,
        "against": against,
        "spare": spare,
        "cost": cost,
        "loss": loss,
        "cost_bar": cost_bar,
        "against_bar": against_bar,
        "aligned_bar": aligned_bar,
        "below_bar": below_bar,
        "similarities_bar": similarities_bar,
    }
