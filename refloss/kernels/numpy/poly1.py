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
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lag = top - logits[np.arange(B), target]  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    weights = np.sum(class_weight, axis=0)  # sum of the class weights
    fall = np.sum(weighted(class_weight, -drop), axis=1)
    each = grow*weights + fall
    spread = np.where((label_smoothing == 0.0), 0.0, each*off)  # smoothing over all classes
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    wide = np.sum(class_weight*(rival/total[:, None]), axis=1)  # what all classes lack
    thin = np.where((label_smoothing == 0.0), 0.0, off*wide)  # what smoothing adds
    lack_of_p = miss  # 1 - p of the target
    shortfall = class_weight[target]*hit*lack_of_p + thin
    loss = np.where((epsilon == 0.0), 0.0, epsilon*shortfall) + weighted(class_weight[target]*hit, nll) + spread
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
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lag = top - logits[np.arange(B), target]  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    weights = np.sum(class_weight, axis=0)  # sum of the class weights
    fall = np.sum(weighted(class_weight, -drop), axis=1)
    each = grow*weights + fall
    spread = np.where((label_smoothing == 0.0), 0.0, each*off)  # smoothing over all classes
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    wide = np.sum(class_weight*(rival/total[:, None]), axis=1)  # what all classes lack
    thin = np.where((label_smoothing == 0.0), 0.0, off*wide)  # what smoothing adds
    parts = class_weight*mass*(1.0/total[:, None])  # what classes have
    chief = np.argmax(parts, axis=1)  # class of the largest part
    peak = parts[np.arange(B), chief]  # largest part
    slight = np.where((np.arange(C) == chief[:, None]), 0.0, parts)
    slights = np.sum(slight, axis=1)  # sum of all but the largest part
    held = np.where((np.arange(C) == chief[:, None]), slights[:, None], peak[:, None] + slights[:, None] - parts)  # of all other classes
    gone = rival/total[:, None]  # softmax of all but the class
    chance = mass[np.arange(B), target]/total  # softmax of the target
    shortfall = class_weight[target]*hit*miss + thin
    loss = np.where((epsilon == 0.0), 0.0, epsilon*shortfall) + weighted(class_weight[target]*hit, nll) + spread
    shortfall_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar)
    lack_of_p_bar = class_weight[target]*hit*shortfall_bar
    nll_bar = class_weight[target]*hit*loss_bar
    logits_bar0 = np.where((np.arange(C) == target[:, None]), -(miss[:, None]*nll_bar[:, None]), mass*(nll_bar[:, None]/total[:, None])) + np.where((np.arange(C) == target[:, None]), -(chance[:, None]*lack_of_p_bar[:, None]*miss[:, None]), chance[:, None]*mass*(lack_of_p_bar[:, None]/total[:, None]))
    logits_bar1 = np.where((label_smoothing == 0.0), logits_bar0, (held - class_weight*gone)*off*mass*(shortfall_bar[:, None]/total[:, None]) + logits_bar0)
    logits_bar = np.where((label_smoothing == 0.0), logits_bar1, (mass*(weights/total[:, None]) - class_weight)*loss_bar[:, None]*off + logits_bar1)
    return loss, logits_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, label_smoothing, over_others, classy, epsilon):
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
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    weights = np.sum(class_weight, axis=0)  # sum of the class weights
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    parts = class_weight*mass*(1.0/total[:, None])  # what classes have
    chief = np.argmax(parts, axis=1)  # class of the largest part
    peak = parts[np.arange(B), chief]  # largest part
    slight = np.where((np.arange(C) == chief[:, None]), 0.0, parts)
    slights = np.sum(slight, axis=1)  # sum of all but the largest part
    held = np.where((np.arange(C) == chief[:, None]), slights[:, None], peak[:, None] + slights[:, None] - parts)  # of all other classes
    gone = rival/total[:, None]  # softmax of all but the class
    chance = mass[np.arange(B), target]/total  # softmax of the target
    shortfall_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar)
    lack_of_p_bar = class_weight[target]*hit*shortfall_bar
    nll_bar = class_weight[target]*hit*loss_bar
    top_dot = logits_dot[np.arange(B), first]
    drop_dot = logits_dot - top_dot[:, None]
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    miss_dot = mass[np.arange(B), target]*(rest_dot/total/total) - mass_dot[np.arange(B), target]/total
    parts_dot = class_weight*(mass_dot/total[:, None]) - class_weight*mass*(rest_dot[:, None]/total[:, None]/total[:, None])
    peak_dot = parts_dot[np.arange(B), chief]
    slight_dot = parts_dot*np.where((np.arange(C) == chief[:, None]), 0.0, 1.0)
    slights_dot = np.sum(slight_dot, axis=1)
    held_dot = parts_dot*np.where((np.arange(C) == chief[:, None]), 0.0, -1.0) + peak_dot[:, None]*np.where((np.arange(C) == chief[:, None]), 0.0, 1.0) + slights_dot[:, None]
    gone_dot = mass*(rest_dot[:, None]/total[:, None]/total[:, None]) - mass_dot/total[:, None]
    chance_dot = mass_dot[np.arange(B), target]/total - chance*(rest_dot/total)
    logits_bar0_dot = (np.where((np.arange(C) == target[:, None]), -(chance[:, None]*lack_of_p_bar[:, None]), 0.0) + np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0))*miss_dot[:, None] + mass_dot*np.where((np.arange(C) == target[:, None]), 0.0, chance[:, None]*(lack_of_p_bar[:, None]/total[:, None])) + rest_dot[:, None]*np.where((np.arange(C) == target[:, None]), 0.0, -(mass*(1.0/total[:, None])*(nll_bar[:, None]/total[:, None]))) + rest_dot[:, None]*np.where((np.arange(C) == target[:, None]), 0.0, -(chance[:, None]*mass*(1.0/total[:, None])*(lack_of_p_bar[:, None]/total[:, None]))) + mass_dot*np.where((np.arange(C) == target[:, None]), 0.0, nll_bar[:, None]/total[:, None]) + np.where((np.arange(C) == target[:, None]), -(chance_dot[:, None]*lack_of_p_bar[:, None]*miss[:, None]), chance_dot[:, None]*mass*(lack_of_p_bar[:, None]/total[:, None]))
    logits_bar1_dot = np.where((label_smoothing == 0.0), 0.0, (held - class_weight*gone)*off*mass_dot*(shortfall_bar[:, None]/total[:, None])) + np.where((label_smoothing == 0.0), 0.0, off*held_dot*mass*(shortfall_bar[:, None]/total[:, None])) + np.where((label_smoothing == 0.0), 0.0, -((held - class_weight*gone)*off*mass*(rest_dot[:, None]/total[:, None])*(shortfall_bar[:, None]/total[:, None]))) + np.where((label_smoothing == 0.0), 0.0, -(class_weight*off*gone_dot*mass*(shortfall_bar[:, None]/total[:, None]))) + logits_bar0_dot
    logits_bar_dot = np.where((label_smoothing == 0.0), 0.0, loss_bar[:, None]*off*mass_dot*(weights/total[:, None])) + np.where((label_smoothing == 0.0), 0.0, -(loss_bar[:, None]*off*mass*(rest_dot[:, None]/total[:, None])*(weights/total[:, None]))) + logits_bar1_dot
    return logits_bar_dot


def trace(logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, epsilon):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing/(1.0 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach  # from the target
    hit = 1.0 - taken  # factor of the target
    off = taken/C  # added to every class
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(logits - top[:, None])
    total = np.sum(mass, axis=1)
    lse = np.log(total) + top  # log-sum-exp
    nll = lse - logits[np.arange(B), target]  # -log softmax of the target
    each = np.sum(weighted(class_weight, lse[:, None] - logits), axis=1)
    spread = np.where((label_smoothing == 0.0), 0.0, each*off)  # smoothing over all classes
    chance = mass[np.arange(B), target]/total  # softmax of the target
    wide = np.sum((1.0 - mass/total[:, None])*class_weight, axis=1)
    shortfall = (1.0 - chance)*class_weight[target]*hit + np.where((label_smoothing == 0.0), 0.0, off*wide)
    loss = np.where((epsilon == 0.0), 0.0, epsilon*shortfall) + weighted(class_weight[target]*hit, nll) + spread
    shortfall_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar)
    wide_bar = np.where((label_smoothing == 0.0), 0.0, off*shortfall_bar)
    chance_bar = -(class_weight[target]*hit*shortfall_bar)
    spread_bar = loss_bar
    each_bar = np.where((label_smoothing == 0.0), 0.0, off*spread_bar)
    nll_bar = class_weight[target]*hit*loss_bar
    lse_bar0_acc = np.sum(class_weight, axis=0)
    lse_bar0 = each_bar*lse_bar0_acc
    lse_bar = lse_bar0 + nll_bar
    total_bar0_acc = np.sum(class_weight*mass, axis=1)
    total_bar0 = total_bar0_acc*wide_bar/(total*total)
    total_bar = lse_bar/total + total_bar0 - chance_bar*mass[np.arange(B), target]/(total*total)
    mass_bar = np.where((np.arange(C) == target[:, None]), chance_bar[:, None]/total[:, None], 0.0) + total_bar[:, None] - class_weight*wide_bar[:, None]/total[:, None]
    logits_bar = mass_bar*np.exp(logits - top[:, None]) + np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0) - class_weight*each_bar[:, None]
    return {
        "amount": amount,
        "reach": reach,
        "taken": taken,
        "hit": hit,
        "off": off,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "nll": nll,
        "each": each,
        "spread": spread,
        "chance": chance,
        "wide": wide,
        "shortfall": shortfall,
        "loss": loss,
        "shortfall_bar": shortfall_bar,
        "wide_bar": wide_bar,
        "chance_bar": chance_bar,
        "spread_bar": spread_bar,
        "each_bar": each_bar,
        "nll_bar": nll_bar,
        "lse_bar0_acc": lse_bar0_acc,
        "lse_bar0": lse_bar0,
        "lse_bar": lse_bar,
        "total_bar0_acc": total_bar0_acc,
        "total_bar0": total_bar0,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "logits_bar": logits_bar,
    }
