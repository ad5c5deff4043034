"""Softmax cross-entropy: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor (-sum_k w_k q_k log p_k + z_loss lse^2),  p = softmax(z / temperature)
    lse = log sum_k exp(z_k / temperature);  factor: 1, or temperature^2
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    label_smoothing: eps of label smoothing (default 0.0)
    over_others: 1: eps is spread over the K - 1 other classes; 0: over all K (default 0.0)
    classy: 1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K (default 0.0)
    z_loss: factor of the squared log-sum-exp (default 0.0)
    temperature: what logits are divided by (default 1.0)
    temperature_lo: what temperature lacks (default 0.0)
    times_square: 1: times the temperature's square (default 0.0)

Source
    Bridle, Probabilistic interpretation of feedforward classification network outputs,
    1990; label smoothing: Szegedy et al., CVPR 2016, arXiv 1512.00567; z-loss: Chowdhery et
    al., arXiv 2204.02311; temperature: Hinton et al., arXiv 1503.02531.
"""

import numpy as np

CONSTANTS = ("label_smoothing", "over_others", "classy", "z_loss", "temperature", "temperature_lo", "times_square",)


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


def value(logits, target, class_weight, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
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
    apart = logits - top[:, None]  # at most 0
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(logits, top[:, None]), (two_diff_error(logits, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    grow = np.log1p(rest)
    lse = np.where((temperature == 1.0), top, top/temperature) + grow  # log-sum-exp
    lag = np.where((temperature == 1.0), top - logits[np.arange(B), target], (top - logits[np.arange(B), target])/temperature)  # at least 0
    nll = grow + lag  # -log softmax of the target
    weights = np.sum(class_weight, axis=0)  # sum of the class weights
    fall = np.sum(weighted(class_weight, -drop), axis=1)
    each = grow*weights + fall
    spread = np.where((label_smoothing == 0.0), 0.0, each*off)  # smoothing over all classes
    penalty = np.where((z_loss == 0.0), 0.0, z_loss*(lse*lse))  # z-loss
    sum_of_terms = weighted(class_weight[target]*hit, nll) + penalty + spread
    loss = np.where((times_square == 0.0), sum_of_terms, (temperature*temperature)*sum_of_terms)
    return loss


def grad(logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
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
    apart = logits - top[:, None]  # at most 0
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(logits, top[:, None]), (two_diff_error(logits, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lse = np.where((temperature == 1.0), top, top/temperature) + grow  # log-sum-exp
    lag = np.where((temperature == 1.0), top - logits[np.arange(B), target], (top - logits[np.arange(B), target])/temperature)  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    weights = np.sum(class_weight, axis=0)  # sum of the class weights
    fall = np.sum(weighted(class_weight, -drop), axis=1)
    each = grow*weights + fall
    spread = np.where((label_smoothing == 0.0), 0.0, each*off)  # smoothing over all classes
    penalty = np.where((z_loss == 0.0), 0.0, z_loss*(lse*lse))  # z-loss
    sum_of_terms = weighted(class_weight[target]*hit, nll) + penalty + spread
    loss = np.where((times_square == 0.0), sum_of_terms, (temperature*temperature)*sum_of_terms)
    sum_of_terms_bar = np.where((times_square == 0.0), loss_bar, (temperature*temperature)*loss_bar)
    nll_bar = class_weight[target]*hit*sum_of_terms_bar
    scaled_bar0 = np.where((np.arange(C) == target[:, None]), -(miss[:, None]*nll_bar[:, None]), mass*(nll_bar[:, None]/total[:, None]))
    scaled_bar1 = np.where((z_loss == 0.0), scaled_bar0, 2.0*z_loss*lse[:, None]*mass*(sum_of_terms_bar[:, None]/total[:, None]) + scaled_bar0)
    scaled_bar = np.where((label_smoothing == 0.0), scaled_bar1, (mass*(weights/total[:, None]) - class_weight)*off*sum_of_terms_bar[:, None] + scaled_bar1)
    logits_bar = np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return loss, logits_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
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
    apart = logits - top[:, None]  # at most 0
    drop = np.where((temperature == 1.0), apart, apart/temperature)  # at most 0
    left = apart - temperature*drop  # by the quotient
    slip = np.fmax(np.where((temperature == 1.0), two_diff_error(logits, top[:, None]), (two_diff_error(logits, top[:, None]) + left - two_prod_error(drop, temperature) - weighted(temperature_lo, drop))/temperature), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lse = np.where((temperature == 1.0), top, top/temperature) + grow  # log-sum-exp
    weights = np.sum(class_weight, axis=0)  # sum of the class weights
    sum_of_terms_bar = np.where((times_square == 0.0), loss_bar, (temperature*temperature)*loss_bar)
    nll_bar = class_weight[target]*hit*sum_of_terms_bar
    scaled_dot = logits_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    top_dot = logits_dot[np.arange(B), first]
    apart_dot = logits_dot - top_dot[:, None]
    drop_dot = apart_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    lse_dot0 = np.sum(mass*(scaled_dot/total[:, None]), axis=1)
    miss_dot = mass[np.arange(B), target]*(rest_dot/total/total) - mass_dot[np.arange(B), target]/total
    scaled_bar0_dot = miss_dot[:, None]*np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0) + np.where((np.arange(C) == target[:, None]), 0.0, mass_dot*(nll_bar[:, None]/total[:, None])) + np.where((np.arange(C) == target[:, None]), 0.0, -(mass*(nll_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None])))
    scaled_bar1_dot = np.where((z_loss == 0.0), 0.0, 2.0*z_loss*lse[:, None]*mass_dot*(sum_of_terms_bar[:, None]/total[:, None])) + np.where((z_loss == 0.0), 0.0, 2.0*z_loss*lse_dot0[:, None]*mass*(sum_of_terms_bar[:, None]/total[:, None])) + np.where((z_loss == 0.0), 0.0, -(2.0*z_loss*lse[:, None]*mass*(rest_dot[:, None]/total[:, None])*(sum_of_terms_bar[:, None]/total[:, None]))) + scaled_bar0_dot
    scaled_bar_dot = np.where((label_smoothing == 0.0), 0.0, off*sum_of_terms_bar[:, None]*mass_dot*(weights/total[:, None])) + np.where((label_smoothing == 0.0), 0.0, -(off*sum_of_terms_bar[:, None]*mass*(rest_dot[:, None]/total[:, None])*(weights/total[:, None]))) + scaled_bar1_dot
    logits_bar_dot = scaled_bar_dot*np.where((temperature == 1.0), 1.0, 1.0/temperature)
    return logits_bar_dot


def trace(logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing/(1.0 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach  # from the target
    hit = 1.0 - taken  # factor of the target
    off = taken/C  # added to every class
    scaled = np.where((temperature == 1.0), logits, logits/temperature)  # logits over the temperature
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature))
    total = np.sum(mass, axis=1)
    lse = np.where((temperature == 1.0), top, top/temperature) + np.log(total)  # log-sum-exp
    nll = lse - scaled[np.arange(B), target]  # -log softmax of the target
    each = np.sum(weighted(class_weight, lse[:, None] - scaled), axis=1)
    spread = np.where((label_smoothing == 0.0), 0.0, each*off)  # smoothing over all classes
    penalty = np.where((z_loss == 0.0), 0.0, z_loss*(lse*lse))  # z-loss
    sum_of_terms = weighted(class_weight[target]*hit, nll) + penalty + spread
    loss = np.where((times_square == 0.0), sum_of_terms, (temperature*temperature)*sum_of_terms)
    sum_of_terms_bar = np.where((times_square == 0.0), loss_bar, (temperature*temperature)*loss_bar)
    penalty_bar = sum_of_terms_bar
    spread_bar = sum_of_terms_bar
    each_bar = np.where((label_smoothing == 0.0), 0.0, off*spread_bar)
    nll_bar = class_weight[target]*hit*sum_of_terms_bar
    lse_bar0_acc = np.sum(class_weight, axis=0)
    lse_bar0 = each_bar*lse_bar0_acc
    lse_bar1 = lse_bar0 + nll_bar
    lse_bar = np.where((z_loss == 0.0), lse_bar1, 2.0*z_loss*lse*penalty_bar + lse_bar1)
    total_bar = lse_bar/total
    mass_bar = np.broadcast_to(total_bar[:, None], (B, C))
    scaled_bar = np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0) - class_weight*each_bar[:, None]
    logits_bar = np.where((temperature == 1.0), mass_bar*np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature)), mass_bar*np.exp(np.where((temperature == 1.0), logits - top[:, None], (logits - top[:, None])/temperature))/temperature) + np.where((temperature == 1.0), scaled_bar, scaled_bar/temperature)
    return {
        "amount": amount,
        "reach": reach,
        "taken": taken,
        "hit": hit,
        "off": off,
        "scaled": scaled,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "nll": nll,
        "each": each,
        "spread": spread,
        "penalty": penalty,
        "sum_of_terms": sum_of_terms,
        "loss": loss,
        "sum_of_terms_bar": sum_of_terms_bar,
        "penalty_bar": penalty_bar,
        "spread_bar": spread_bar,
        "each_bar": each_bar,
        "nll_bar": nll_bar,
        "lse_bar0_acc": lse_bar0_acc,
        "lse_bar0": lse_bar0,
        "lse_bar1": lse_bar1,
        "lse_bar": lse_bar,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "scaled_bar": scaled_bar,
        "logits_bar": logits_bar,
    }
