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
    averaged: 1: an anchor's pairs are averaged, not added up (default 0.0)

Source
    Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of Visual
    Representations, ICML 2020, arXiv 2002.05709; van den Oord, Li, Vinyals, arXiv
    1807.03748.
"""

import numpy as np

CONSTANTS = ("temperature", "temperature_lo", "averaged",)


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


def value(similarities, same, temperature, temperature_lo, averaged):
    """Return loss, one an item."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    first = np.argmax(np.where((same >= 0.0), similarities, -np.inf), axis=1)  # class of the largest logit
    top = similarities[np.arange(B), first]  # largest logit
    apart = similarities - top[:, None]  # at most 0 where it counts
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0 where it counts
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, top[:, None]), (two_diff_error(similarities, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    held = np.where((same[np.arange(B), first] >= 0.0), 1.0, 0.0)  # 0: there are none
    tail = np.where((np.arange(C) == first[:, None]), weighted(held[:, None], drop), np.where((same >= 0.0), (1.0 + slip)*np.exp(drop), 0.0))
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    grow = np.log1p(rest)
    score = grow[:, None] - drop  # -log softmax, at least 0
    charge = np.sum(weighted(positive, score), axis=1)  # of all positives
    loss = np.where((averaged == 0.0), charge, charge/np.where((count == 0.0), 1.0, count))
    return loss


def grad(similarities, same, loss_bar, temperature, temperature_lo, averaged):
    """Return loss, then its derivative by every column times loss_bar."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    first = np.argmax(np.where((same >= 0.0), similarities, -np.inf), axis=1)  # class of the largest logit
    top = similarities[np.arange(B), first]  # largest logit
    apart = similarities - top[:, None]  # at most 0 where it counts
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0 where it counts
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, top[:, None]), (two_diff_error(similarities, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    held = np.where((same[np.arange(B), first] >= 0.0), 1.0, 0.0)  # 0: there are none
    tail = np.where((np.arange(C) == first[:, None]), weighted(held[:, None], drop), np.where((same >= 0.0), (1.0 + slip)*np.exp(drop), 0.0))
    mass = np.where((np.arange(C) == first[:, None]), held[:, None], tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    score = grow[:, None] - drop  # -log softmax, at least 0
    charge = np.sum(weighted(positive, score), axis=1)  # of all positives
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    loss = np.where((averaged == 0.0), charge, charge/np.where((count == 0.0), 1.0, count))
    charge_bar = np.where((averaged == 0.0), loss_bar, loss_bar/np.where((count == 0.0), 1.0, count))
    scaled_bar = np.where((same == 1.0), (count[:, None] - 1.0)*mass*(charge_bar[:, None]/total[:, None]) - charge_bar[:, None]*miss, count[:, None]*mass*(charge_bar[:, None]/total[:, None]))
    similarities_bar = np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return loss, similarities_bar


def hvp(similarities, same, loss_bar, similarities_dot, temperature, temperature_lo, averaged):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    first = np.argmax(np.where((same >= 0.0), similarities, -np.inf), axis=1)  # class of the largest logit
    top = similarities[np.arange(B), first]  # largest logit
    apart = similarities - top[:, None]  # at most 0 where it counts
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0 where it counts
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(similarities, top[:, None]), (two_diff_error(similarities, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    held = np.where((same[np.arange(B), first] >= 0.0), 1.0, 0.0)  # 0: there are none
    tail = np.where((np.arange(C) == first[:, None]), weighted(held[:, None], drop), np.where((same >= 0.0), (1.0 + slip)*np.exp(drop), 0.0))
    mass = np.where((np.arange(C) == first[:, None]), held[:, None], tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    charge_bar = np.where((averaged == 0.0), loss_bar, loss_bar/np.where((count == 0.0), 1.0, count))
    top_dot = similarities_dot[np.arange(B), first]
    apart_dot = similarities_dot - top_dot[:, None]
    drop_dot = apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    miss_dot = mass*(rest_dot[:, None]/total[:, None]/total[:, None]) - mass_dot/total[:, None]
    scaled_bar_dot = miss_dot*np.where((same == 1.0), -charge_bar[:, None], 0.0) + np.where((same == 1.0), (count[:, None] - 1.0)*mass_dot*(charge_bar[:, None]/total[:, None]), count[:, None]*mass_dot*(charge_bar[:, None]/total[:, None])) + np.where((same == 1.0), -((count[:, None] - 1.0)*mass*(charge_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None])), -(count[:, None]*mass*(charge_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None])))
    similarities_bar_dot = scaled_bar_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    return similarities_bar_dot


def trace(similarities, same, loss_bar, temperature, temperature_lo, averaged):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    scaled = np.where((temperature == 1.0), similarities, similarities/temperature)  # logits over the temperature
    top = np.max(np.where((same >= 0.0), similarities, -np.inf), axis=1)  # largest logit
    mass = np.where((same >= 0.0), np.exp(np.where((temperature == 1.0), similarities - top[:, None], (similarities - top[:, None])/temperature)), 0.0)
    number = np.sum(np.where((same >= 0.0), 1.0, 0.0), axis=1)
    spare = np.where((number == 0.0), 1.0, 0.0)
    total_sum = np.sum(mass, axis=1)
    total = spare + total_sum
    lse = np.where((temperature == 1.0), top, top/temperature) + np.log(total)  # log-sum-exp
    score = lse[:, None] - scaled  # -log softmax
    charge = np.sum(weighted(positive, score), axis=1)  # of all positives
    loss = np.where((averaged == 0.0), charge, charge/np.where((count == 0.0), 1.0, count))
    charge_bar = np.where((averaged == 0.0), loss_bar, loss_bar/np.where((count == 0.0), 1.0, count))
    score_bar = charge_bar[:, None]*positive
    lse_bar = np.sum(score_bar, axis=1)
    total_bar = lse_bar/total
    total_sum_bar = total_bar
    mass_bar = np.broadcast_to(total_sum_bar[:, None], (B, C))
    scaled_bar = -score_bar
    similarities_bar = np.where((same >= 0.0), np.where((temperature == 1.0), mass_bar*np.exp(np.where((temperature == 1.0), similarities - top[:, None], (similarities - top[:, None])/temperature)), mass_bar*np.exp(np.where((temperature == 1.0), similarities - top[:, None], (similarities - top[:, None])/temperature))/temperature), 0.0) + np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return {
        "positive": positive,
        "count": count,
        "scaled": scaled,
        "top": top,
        "mass": mass,
        "number": number,
        "spare": spare,
        "total_sum": total_sum,
        "total": total,
        "lse": lse,
        "score": score,
        "charge": charge,
        "loss": loss,
        "charge_bar": charge_bar,
        "score_bar": score_bar,
        "lse_bar": lse_bar,
        "total_bar": total_bar,
        "total_sum_bar": total_sum_bar,
        "mass_bar": mass_bar,
        "scaled_bar": scaled_bar,
        "similarities_bar": similarities_bar,
    }
