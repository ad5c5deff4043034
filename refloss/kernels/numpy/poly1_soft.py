"""Poly-1: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -sum_k w_k q_k log p_k + epsilon sum_k w_k q_k (1 - p_k),  p = softmax(z);
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    label_smoothing: eps of label smoothing (default 0.0)
    over_others: 1: eps is spread over the K - 1 other classes; 0: over all K (default 0.0)
    classy: 1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K (default 0.0)
    epsilon: factor of 1 - p (default 1.0)

Source
    Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov: PolyLoss: A Polynomial Expansion
    Perspective of Classification Loss Functions, ICLR 2022, arXiv 2204.12511, equation 6.
"""

import numpy as np

CONSTANTS = ("label_smoothing", "over_others", "classy", "epsilon",)


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


def value(logits, target, class_weight, label_smoothing, over_others, classy, epsilon):
    """Return loss, one an item."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing/(1.0 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach  # from the target
    over = C - over_others
    kept = over - C*amount  # exact where it is small
    hit = (kept - two_prod_error(amount, C))/over  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    score = grow[:, None] - drop  # -log softmax, at least 0
    cost = weighted(class_weight, score)  # -log softmax times the class's weight
    nll = np.sum(weighted(wish, cost), axis=1)
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    lacking = class_weight*miss  # 1 - p, weighted
    shortfall = np.sum(lacking*wish, axis=1)
    loss = np.where((epsilon == 0.0), 0.0, epsilon*shortfall) + nll
    return loss


def grad(logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, epsilon):
    """Return loss, then its derivative by every column times loss_bar."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing/(1.0 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach  # from the target
    over = C - over_others
    kept = over - C*amount  # exact where it is small
    hit = (kept - two_prod_error(amount, C))/over  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    goal = class_weight*wish  # weighted target
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    score = grow[:, None] - drop  # -log softmax, at least 0
    cost = weighted(class_weight, score)  # -log softmax times the class's weight
    nll = np.sum(weighted(wish, cost), axis=1)
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    lead = np.argmax(goal, axis=1)  # class of the largest part
    most = goal[np.arange(B), lead]  # largest part
    minor = np.where((np.arange(C) == lead[:, None]), 0.0, goal)
    minors = np.sum(minor, axis=1)  # sum of all but the largest part
    asked = np.where((np.arange(C) == lead[:, None]), minors[:, None], minors[:, None] + most[:, None] - goal)  # of all other classes
    lacking = class_weight*miss  # 1 - p, weighted
    shortfall = np.sum(lacking*wish, axis=1)
    parts = goal*mass*(1.0/total[:, None])  # what classes have
    chief = np.argmax(parts, axis=1)  # class of the largest part
    peak = parts[np.arange(B), chief]  # largest part
    slight = np.where((np.arange(C) == chief[:, None]), 0.0, parts)
    slights = np.sum(slight, axis=1)  # sum of all but the largest part
    held = np.where((np.arange(C) == chief[:, None]), slights[:, None], peak[:, None] + slights[:, None] - parts)  # of all other classes
    loss = np.where((epsilon == 0.0), 0.0, epsilon*shortfall) + nll
    shortfall_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar)
    wish_bar = loss_bar[:, None]*cost + shortfall_bar[:, None]*lacking
    logits_bar = (held - goal*miss)*mass*(shortfall_bar[:, None]/total[:, None]) + asked*mass*(loss_bar[:, None]/total[:, None]) - loss_bar[:, None]*goal*miss
    target_bar = hit*wish_bar
    return loss, logits_bar, target_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, target_dot, label_smoothing, over_others, classy, epsilon):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing/(1.0 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach  # from the target
    over = C - over_others
    kept = over - C*amount  # exact where it is small
    hit = (kept - two_prod_error(amount, C))/over  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    goal = class_weight*wish  # weighted target
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    lead = np.argmax(goal, axis=1)  # class of the largest part
    most = goal[np.arange(B), lead]  # largest part
    minor = np.where((np.arange(C) == lead[:, None]), 0.0, goal)
    minors = np.sum(minor, axis=1)  # sum of all but the largest part
    asked = np.where((np.arange(C) == lead[:, None]), minors[:, None], minors[:, None] + most[:, None] - goal)  # of all other classes
    parts = goal*mass*(1.0/total[:, None])  # what classes have
    chief = np.argmax(parts, axis=1)  # class of the largest part
    peak = parts[np.arange(B), chief]  # largest part
    slight = np.where((np.arange(C) == chief[:, None]), 0.0, parts)
    slights = np.sum(slight, axis=1)  # sum of all but the largest part
    held = np.where((np.arange(C) == chief[:, None]), slights[:, None], peak[:, None] + slights[:, None] - parts)  # of all other classes
    shortfall_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar)
    wish_dot = hit*target_dot
    goal_dot = class_weight*wish_dot
    top_dot = logits_dot[np.arange(B), first]
    drop_dot = logits_dot - top_dot[:, None]
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    grow_dot = rest_dot/total
    score_dot = grow_dot[:, None] - drop_dot
    cost_dot = class_weight*score_dot
    miss_dot = mass*(rest_dot[:, None]/total[:, None]/total[:, None]) - mass_dot/total[:, None]
    most_dot = goal_dot[np.arange(B), lead]
    minor_dot = goal_dot*np.where((np.arange(C) == lead[:, None]), 0.0, 1.0)
    minors_dot = np.sum(minor_dot, axis=1)
    asked_dot = goal_dot*np.where((np.arange(C) == lead[:, None]), 0.0, -1.0) + most_dot[:, None]*np.where((np.arange(C) == lead[:, None]), 0.0, 1.0) + minors_dot[:, None]
    lacking_dot = class_weight*miss_dot
    parts_dot = mass*(goal_dot/total[:, None]) + goal*(mass_dot/total[:, None]) - goal*mass*(rest_dot[:, None]/total[:, None]/total[:, None])
    peak_dot = parts_dot[np.arange(B), chief]
    slight_dot = parts_dot*np.where((np.arange(C) == chief[:, None]), 0.0, 1.0)
    slights_dot = np.sum(slight_dot, axis=1)
    held_dot = parts_dot*np.where((np.arange(C) == chief[:, None]), 0.0, -1.0) + peak_dot[:, None]*np.where((np.arange(C) == chief[:, None]), 0.0, 1.0) + slights_dot[:, None]
    wish_bar_dot = loss_bar[:, None]*cost_dot + shortfall_bar[:, None]*lacking_dot
    logits_bar_dot = (held - goal*miss)*mass_dot*(shortfall_bar[:, None]/total[:, None]) + asked*mass_dot*(loss_bar[:, None]/total[:, None]) + asked_dot*mass*(loss_bar[:, None]/total[:, None]) + held_dot*mass*(shortfall_bar[:, None]/total[:, None]) - loss_bar[:, None]*goal*miss_dot - loss_bar[:, None]*goal_dot*miss - (held - goal*miss)*mass*(rest_dot[:, None]/total[:, None])*(shortfall_bar[:, None]/total[:, None]) - asked*mass*(loss_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None]) - goal*mass*miss_dot*(shortfall_bar[:, None]/total[:, None]) - goal_dot*mass*miss*(shortfall_bar[:, None]/total[:, None])
    target_bar_dot = hit*wish_bar_dot
    return logits_bar_dot, target_bar_dot


def trace(logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, epsilon):
    """Return every quantity of the plain program and its adjoint, by name."""
    C = logits.shape[1]
    amount = label_smoothing/(1.0 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach  # from the target
    hit = 1.0 - taken  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    goal = class_weight*wish  # weighted target
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(logits - top[:, None])
    total = np.sum(mass, axis=1)
    lse = np.log(total) + top  # log-sum-exp
    score = lse[:, None] - logits  # -log softmax
    cost = weighted(class_weight, score)  # -log softmax times the class's weight
    nll = np.sum(weighted(wish, cost), axis=1)
    lacking = (1.0 - mass/total[:, None])*class_weight
    shortfall = np.sum(lacking*wish, axis=1)
    loss = np.where((epsilon == 0.0), 0.0, epsilon*shortfall) + nll
    shortfall_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar)
    lacking_bar = shortfall_bar[:, None]*wish
    nll_bar = loss_bar
    cost_bar = nll_bar[:, None]*wish
    score_bar = class_weight*cost_bar
    lse_bar = np.sum(score_bar, axis=1)
    total_bar0_acc = np.sum(class_weight*lacking_bar*mass, axis=1)
    total_bar0 = total_bar0_acc/(total*total)
    total_bar = lse_bar/total + total_bar0
    mass_bar = total_bar[:, None] - class_weight*lacking_bar/total[:, None]
    wish_bar = nll_bar[:, None]*cost + shortfall_bar[:, None]*lacking
    logits_bar = mass_bar*np.exp(logits - top[:, None]) - score_bar
    target_bar = hit*wish_bar
    return {
        "amount": amount,
        "reach": reach,
        "taken": taken,
        "hit": hit,
        "off": off,
        "wish": wish,
        "goal": goal,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "score": score,
        "cost": cost,
        "nll": nll,
        "lacking": lacking,
        "shortfall": shortfall,
        "loss": loss,
        "shortfall_bar": shortfall_bar,
        "lacking_bar": lacking_bar,
        "nll_bar": nll_bar,
        "cost_bar": cost_bar,
        "score_bar": score_bar,
        "lse_bar": lse_bar,
        "total_bar0_acc": total_bar0_acc,
        "total_bar0": total_bar0,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "wish_bar": wish_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
