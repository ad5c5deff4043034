"""Normalised temperature-scaled cross-entropy: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -sum_p log(p_p + least) or their mean;  p_p = exp(s_p/T) / sum_a exp(s_a/T)
    p: columns where same is 1;  a: p and columns where same is 0, or all columns where same is 1 or 0

Subgradients
    none: the losses are smooth. The largest similarity, and the first among equals, is a
    reference point that cancels from value and derivatives.

Constants
    temperature: what similarities are divided by (default 0.07)
    temperature_lo: what temperature lacks (default 0.0)
    least: added to p before its logarithm is taken (default 0.0)
    averaged: 1: an anchor's pairs are averaged, not added up (default 0.0)

Source
    Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of Visual
    Representations, ICML 2020, arXiv 2002.05709; van den Oord, Li, Vinyals, arXiv
    1807.03748.
"""

import numpy as np

CONSTANTS = ("temperature", "temperature_lo", "least", "averaged",)


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


def value(similarities, same, temperature, temperature_lo, least, averaged):
    """Return loss, one an item."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
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
    lead = np.where(((rival_held[:, None] == 1.0) & (same == 1.0)), rival_drop, 0.0)  # of a positive
    near = (1.0 + np.where((lead >= 0.0), -rival_slip, rival_slip))*np.exp(-np.abs(lead))  # at most 1
    amount = rival_held*rival_total  # of the negatives
    odds = np.where((lead >= 0.0), amount[:, None]*near, near/rival_total[:, None])
    cost = np.where((lead >= 0.0), 0.0, rival_grow[:, None] - lead) + np.log1p(odds)  # softplus
    rise = np.where((lead >= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    fall = np.where((lead >= 0.0), 1.0/(1.0 + odds), odds/(1.0 + odds))  # sigmoid(-x)
    above = -rise + least  # p + least - 1
    whole = fall + least  # p + least
    paid = np.where((least == 0.0), cost, np.where((above > -0.5), -np.log1p(above), -np.log(whole)))
    charge = np.sum(weighted(positive, paid), axis=1)  # of all positives
    loss = np.where((averaged == 0.0), charge, charge/np.where((count == 0.0), 1.0, count))
    return loss


def grad(similarities, same, loss_bar, temperature, temperature_lo, least, averaged):
    """Return loss, then its derivative by every column times loss_bar."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
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
    lead = np.where(((rival_held[:, None] == 1.0) & (same == 1.0)), rival_drop, 0.0)  # of a positive
    near = (1.0 + np.where((lead >= 0.0), -rival_slip, rival_slip))*np.exp(-np.abs(lead))  # at most 1
    amount = rival_held*rival_total  # of the negatives
    odds = np.where((lead >= 0.0), amount[:, None]*near, near/rival_total[:, None])
    cost = np.where((lead >= 0.0), 0.0, rival_grow[:, None] - lead) + np.log1p(odds)  # softplus
    rise = np.where((lead >= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    fall = np.where((lead >= 0.0), 1.0/(1.0 + odds), odds/(1.0 + odds))  # sigmoid(-x)
    above = -rise + least  # p + least - 1
    whole = fall + least  # p + least
    paid = np.where((least == 0.0), cost, np.where((above > -0.5), -np.log1p(above), -np.log(whole)))
    counted = np.where((least == 0.0), 1.0, fall/whole)  # slope by the cost
    charge = np.sum(weighted(positive, paid), axis=1)  # of all positives
    loss = np.where((averaged == 0.0), charge, charge/np.where((count == 0.0), 1.0, count))
    charge_bar = np.where((averaged == 0.0), loss_bar, loss_bar/np.where((count == 0.0), 1.0, count))
    paid_bar = charge_bar[:, None]*positive
    cost_bar = counted*paid_bar
    rival_lse_bar = np.sum(cost_bar*rise, axis=1)
    scaled_bar = rival_mass*(rival_lse_bar[:, None]/rival_total[:, None]) - cost_bar*rise
    similarities_bar = np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return loss, similarities_bar


def hvp(similarities, same, loss_bar, similarities_dot, temperature, temperature_lo, least, averaged):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
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
    lead = np.where(((rival_held[:, None] == 1.0) & (same == 1.0)), rival_drop, 0.0)  # of a positive
    near = (1.0 + np.where((lead >= 0.0), -rival_slip, rival_slip))*np.exp(-np.abs(lead))  # at most 1
    amount = rival_held*rival_total  # of the negatives
    odds = np.where((lead >= 0.0), amount[:, None]*near, near/rival_total[:, None])
    rise = np.where((lead >= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    fall = np.where((lead >= 0.0), 1.0/(1.0 + odds), odds/(1.0 + odds))  # sigmoid(-x)
    whole = fall + least  # p + least
    counted = np.where((least == 0.0), 1.0, fall/whole)  # slope by the cost
    charge_bar = np.where((averaged == 0.0), loss_bar, loss_bar/np.where((count == 0.0), 1.0, count))
    paid_bar = charge_bar[:, None]*positive
    cost_bar = counted*paid_bar
    rival_lse_bar = np.sum(cost_bar*rise, axis=1)
    scaled_dot = similarities_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    rival_top_dot = similarities_dot[np.arange(B), rival_first]
    rival_apart_dot = similarities_dot - rival_top_dot[:, None]
    rival_drop_dot = rival_apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    rival_tail_dot = rival_drop_dot*rival_tail
    rival_mass_dot = rival_tail_dot*np.where((np.arange(C) == rival_first[:, None]), 0.0, 1.0)
    rival_rest_dot = np.sum(rival_tail_dot, axis=1)
    rival_lse_dot0 = np.sum(rival_mass*(scaled_dot/rival_total[:, None]), axis=1)
    cost_dot = rival_lse_dot0[:, None]*rise - rise*scaled_dot
    rise_dot = rival_lse_dot0[:, None]*fall*rise - fall*rise*scaled_dot
    counted_dot = cost_dot*np.where((least == 0.0), 0.0, -(least*counted/whole))
    cost_bar_dot = counted_dot*paid_bar
    rival_lse_bar_dot = np.sum(cost_bar*rise_dot + cost_bar_dot*rise, axis=1)
    scaled_bar_dot = rival_mass_dot*(rival_lse_bar[:, None]/rival_total[:, None]) + rival_mass*(rival_lse_bar_dot[:, None]/rival_total[:, None]) - cost_bar*rise_dot - cost_bar_dot*rise - rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])*(rival_rest_dot[:, None]/rival_total[:, None])
    similarities_bar_dot = scaled_bar_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    return similarities_bar_dot


def trace(similarities, same, loss_bar, temperature, temperature_lo, least, averaged):
    """Return every quantity of the plain program and its adjoint, by name."""
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    scaled = np.where((temperature == 1.0), similarities, similarities/temperature)  # logits over the temperature
    top = np.max(np.where((same >= 0.0), similarities, -np.inf), axis=1)  # largest similarity
    below = np.where((temperature == 1.0), similarities - top[:, None], (similarities - top[:, None])/temperature)  # the largest
    own = np.where((same == 1.0), np.exp(below), 1.0)
    against = np.sum(np.where((same == 0.0), np.exp(below), 0.0), axis=1)  # of the negatives
    cost = np.where((same == 1.0), np.where((temperature == 1.0), top[:, None], top[:, None]/temperature) + np.log(against[:, None] + own) - scaled, 0.0)  # of a positive
    paid = np.where((least == 0.0), cost, -np.log(np.exp(-cost) + least))
    charge = np.sum(weighted(positive, paid), axis=1)  # of all positives
    loss = np.where((averaged == 0.0), charge, charge/np.where((count == 0.0), 1.0, count))
    charge_bar = np.where((averaged == 0.0), loss_bar, loss_bar/np.where((count == 0.0), 1.0, count))
    paid_bar = charge_bar[:, None]*positive
    cost_bar = np.where((least == 0.0), paid_bar, paid_bar*np.exp(-cost)/(np.exp(-cost) + least))
    against_bar = np.sum(np.where((same == 1.0), cost_bar/(against[:, None] + own), 0.0), axis=1)
    own_bar = np.where((same == 1.0), cost_bar/(against[:, None] + own), 0.0)
    below_bar = np.where((same == 0.0), against_bar[:, None]*np.exp(below), 0.0) + np.where((same == 1.0), own_bar*np.exp(below), 0.0)
    scaled_bar = np.where((same == 1.0), -cost_bar, 0.0)
    similarities_bar = np.where((temperature == 1.0), below_bar, below_bar/temperature) + np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return {
        "positive": positive,
        "count": count,
        "scaled": scaled,
        "top": top,
        "below": below,
        "own": own,
        "against": against,
        "cost": cost,
        "paid": paid,
        "charge": charge,
        "loss": loss,
        "charge_bar": charge_bar,
        "paid_bar": paid_bar,
        "cost_bar": cost_bar,
        "against_bar": against_bar,
        "own_bar": own_bar,
        "below_bar": below_bar,
        "scaled_bar": scaled_bar,
        "similarities_bar": similarities_bar,
    }
