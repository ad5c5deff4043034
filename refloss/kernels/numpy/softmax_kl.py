"""Kullback-Leibler divergence of a softmax: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor sum_k w_k q_k (log q_k - log p_k);  p = softmax(z / temperature)
    q, w = target, class_weight;  factor: 1, or temperature^2

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    temperature: what logits are divided by (default 1.0)
    temperature_lo: what temperature lacks (default 0.0)
    times_square: 1: times the temperature's square (default 0.0)

Source
    Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951);
    Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531.
"""

import numpy as np

CONSTANTS = ("temperature", "temperature_lo", "times_square",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def two_sum_error(a, b):
    """Return (a + b) - fl(a + b), exactly (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


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


def value(logits, target, class_weight, temperature, temperature_lo, times_square):
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
    grow = np.log1p(rest)
    score = grow[:, None] - drop  # -log softmax, at least 0
    held = np.where((target > 0.0), target, 1.0)  # 1 where the probability is 0
    surplus = np.log(held) + score  # log q - log p
    cost = weighted(class_weight, surplus)
    each = np.sum(weighted(target, cost), axis=1)  # term by term
    chance = mass/total[:, None]  # softmax
    gap = chance - target
    coarse = target - two_sum_error(4096.0, target)  # on a grid: sums of it are exact
    fine = target - coarse  # what the grid does not hold
    whole = np.sum(coarse, axis=1)
    crumbs = np.sum(fine, axis=1)
    over_one = whole - 1.0
    excess = crumbs + over_one  # of the probabilities over 1
    step = gap/held
    beyond = np.where((target > 2.0*chance), weighted(target, surplus) + gap, np.where((chance <= 2.0*target), (step - np.log1p(step))*target, weighted(target, surplus) + gap))  # q log(q/p) + (p - q), at least 0
    second = np.sum(beyond, axis=1)  # beyond the first order
    heaviest = np.max(class_weight, axis=0)
    lightest_max = np.max(-class_weight, axis=0)
    lightest = -lightest_max
    divergence = np.where((heaviest > lightest), each, np.where((np.abs(excess) <= 0.5), (excess + second)*heaviest, each))
    loss = np.where((times_square == 0.0), divergence, (temperature*temperature)*divergence)
    return loss


def grad(logits, target, class_weight, loss_bar, temperature, temperature_lo, times_square):
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
    held = np.where((target > 0.0), target, 1.0)  # 1 where the probability is 0
    surplus = np.log(held) + score  # log q - log p
    cost = weighted(class_weight, surplus)
    each = np.sum(weighted(target, cost), axis=1)  # term by term
    chance = mass/total[:, None]  # softmax
    gap = chance - target
    coarse = target - two_sum_error(4096.0, target)  # on a grid: sums of it are exact
    fine = target - coarse  # what the grid does not hold
    whole = np.sum(coarse, axis=1)
    crumbs = np.sum(fine, axis=1)
    over_one = whole - 1.0
    excess = crumbs + over_one  # of the probabilities over 1
    step = gap/held
    beyond = np.where((target > 2.0*chance), weighted(target, surplus) + gap, np.where((chance <= 2.0*target), (step - np.log1p(step))*target, weighted(target, surplus) + gap))  # q log(q/p) + (p - q), at least 0
    second = np.sum(beyond, axis=1)  # beyond the first order
    heaviest = np.max(class_weight, axis=0)
    lightest_max = np.max(-class_weight, axis=0)
    lightest = -lightest_max
    divergence = np.where((heaviest > lightest), each, np.where((np.abs(excess) <= 0.5), (excess + second)*heaviest, each))
    goal = class_weight*target  # weighted target
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    lead = np.argmax(goal, axis=1)  # class of the largest part
    most = goal[np.arange(B), lead]  # largest part
    minor = np.where((np.arange(C) == lead[:, None]), 0.0, goal)
    minors = np.sum(minor, axis=1)  # sum of all but the largest part
    asked = np.where((np.arange(C) == lead[:, None]), minors[:, None], minors[:, None] + most[:, None] - goal)  # of all other classes
    loss = np.where((times_square == 0.0), divergence, (temperature*temperature)*divergence)
    divergence_bar = np.where((times_square == 0.0), loss_bar, (temperature*temperature)*loss_bar)
    scaled_bar = asked*mass*(divergence_bar[:, None]/total[:, None]) - divergence_bar[:, None]*goal*miss
    logits_bar = np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    target_bar = (class_weight*np.heaviside(target, 0.0) + cost)*divergence_bar[:, None]
    return loss, logits_bar, target_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, target_dot, temperature, temperature_lo, times_square):
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
    goal = class_weight*target  # weighted target
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    lead = np.argmax(goal, axis=1)  # class of the largest part
    most = goal[np.arange(B), lead]  # largest part
    minor = np.where((np.arange(C) == lead[:, None]), 0.0, goal)
    minors = np.sum(minor, axis=1)  # sum of all but the largest part
    asked = np.where((np.arange(C) == lead[:, None]), minors[:, None], minors[:, None] + most[:, None] - goal)  # of all other classes
    divergence_bar = np.where((times_square == 0.0), loss_bar, (temperature*temperature)*loss_bar)
    top_dot = logits_dot[np.arange(B), first]
    apart_dot = logits_dot - top_dot[:, None]
    drop_dot = apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    grow_dot = rest_dot/total
    score_dot = grow_dot[:, None] - drop_dot
    surplus_dot = ratio(target_dot, target, 0.0) + score_dot
    cost_dot = class_weight*surplus_dot
    goal_dot = class_weight*target_dot
    miss_dot = mass*(rest_dot[:, None]/total[:, None]/total[:, None]) - mass_dot/total[:, None]
    most_dot = goal_dot[np.arange(B), lead]
    minor_dot = goal_dot*np.where((np.arange(C) == lead[:, None]), 0.0, 1.0)
    minors_dot = np.sum(minor_dot, axis=1)
    asked_dot = goal_dot*np.where((np.arange(C) == lead[:, None]), 0.0, -1.0) + most_dot[:, None]*np.where((np.arange(C) == lead[:, None]), 0.0, 1.0) + minors_dot[:, None]
    scaled_bar_dot = asked*mass_dot*(divergence_bar[:, None]/total[:, None]) + asked_dot*mass*(divergence_bar[:, None]/total[:, None]) - divergence_bar[:, None]*goal*miss_dot - divergence_bar[:, None]*goal_dot*miss - asked*mass*(divergence_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None])
    logits_bar_dot = scaled_bar_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    target_bar_dot = divergence_bar[:, None]*cost_dot
    return logits_bar_dot, target_bar_dot


def trace(logits, target, class_weight, loss_bar, temperature, temperature_lo, times_square):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    scaled = np.where((temperature == 1.0), logits, logits/temperature)  # logits over the temperature
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature))
    total = np.sum(mass, axis=1)
    lse = np.where((temperature == 1.0), top, top/temperature) + np.log(total)  # log-sum-exp
    score = lse[:, None] - scaled  # -log softmax
    held = np.where((target > 0.0), target, 1.0)  # 1 where the probability is 0
    surplus = np.log(held) + score  # log q - log p
    cost = weighted(class_weight, surplus)
    divergence = np.sum(weighted(target, cost), axis=1)
    loss = np.where((times_square == 0.0), divergence, (temperature*temperature)*divergence)
    divergence_bar = np.where((times_square == 0.0), loss_bar, (temperature*temperature)*loss_bar)
    cost_bar = divergence_bar[:, None]*target
    surplus_bar = class_weight*cost_bar
    held_bar = surplus_bar/held
    score_bar = surplus_bar
    lse_bar = np.sum(score_bar, axis=1)
    total_bar = lse_bar/total
    mass_bar = np.broadcast_to(total_bar[:, None], (B, C))
    scaled_bar = -score_bar
    logits_bar = np.where((temperature == 1.0), mass_bar*np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature)), mass_bar*np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature))/temperature) + np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    target_bar = divergence_bar[:, None]*cost + np.where((target > 0.0), held_bar, 0.0)
    return {
        "scaled": scaled,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "score": score,
        "held": held,
        "surplus": surplus,
        "cost": cost,
        "divergence": divergence,
        "loss": loss,
        "divergence_bar": divergence_bar,
        "cost_bar": cost_bar,
        "surplus_bar": surplus_bar,
        "held_bar": held_bar,
        "score_bar": score_bar,
        "lse_bar": lse_bar,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "scaled_bar": scaled_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
