"""Class-balanced sigmoid cross-entropy: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = beta sum_k w_k t_k softplus(-x_k) + negative_factor (1 - beta) sum_k w_k (1 - t_k) softplus(x_k);
    beta = sum_k w_k (1 - t_k) / sum_k w_k,  x, t, w = logits, target, class_weight of a row's pixels

Subgradients
    none: the loss is smooth.

Constants
    negative_factor: what the weight of negatives is multiplied by (default 1.0)
    attached: 1: the counts are differentiated too (default 0.0)

Source
    Xie and Tu, Holistically-Nested Edge Detection, ICCV 2015, arXiv 1504.06375, eq. 2.
"""

import numpy as np

CONSTANTS = ("negative_factor", "attached",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def value(logits, target, class_weight, negative_factor, attached):
    """Return loss, one an item."""
    positives = np.sum(weighted(class_weight, target), axis=1)
    negatives = np.sum(weighted(class_weight, 1.0 - target), axis=1)
    whole = np.sum(class_weight, axis=0)  # of the weights
    beta = ratio(negatives, whole, 0.0)  # share of the negatives
    alpha = ratio(positives, whole, 0.0)  # share of the positives
    ahead = beta  # weight of positives
    behind = negative_factor*alpha  # weight of negatives
    left = np.exp(-np.abs(logits))  # at most 1
    tail = np.log1p(left)  # of softplus, on both sides
    missed = np.maximum(logits, 0.0) + tail  # softplus(x)
    hit = np.maximum(-logits, 0.0) + tail  # softplus(-x)
    hits = np.sum(weighted(class_weight, weighted(target, hit)), axis=1)
    misses = np.sum(weighted(class_weight, weighted(1.0 - target, missed)), axis=1)
    loss = weighted(ahead, hits) + weighted(behind, misses)
    return loss


def grad(logits, target, class_weight, loss_bar, negative_factor, attached):
    """Return loss, then its derivative by every column times loss_bar."""
    positives = np.sum(weighted(class_weight, target), axis=1)
    negatives = np.sum(weighted(class_weight, 1.0 - target), axis=1)
    whole = np.sum(class_weight, axis=0)  # of the weights
    beta = ratio(negatives, whole, 0.0)  # share of the negatives
    alpha = ratio(positives, whole, 0.0)  # share of the positives
    ahead = beta  # weight of positives
    behind = negative_factor*alpha  # weight of negatives
    left = np.exp(-np.abs(logits))  # at most 1
    tail = np.log1p(left)  # of softplus, on both sides
    missed = np.maximum(logits, 0.0) + tail  # softplus(x)
    hit = np.maximum(-logits, 0.0) + tail  # softplus(-x)
    share = 1.0/(1.0 + left)  # at least 1/2
    rise = np.where((logits >= 0.0), share, left*share)  # sigmoid(x)
    fall = np.where((logits >= 0.0), left*share, share)  # sigmoid(-x)
    hits = np.sum(weighted(class_weight, weighted(target, hit)), axis=1)
    misses = np.sum(weighted(class_weight, weighted(1.0 - target, missed)), axis=1)
    loss = weighted(ahead, hits) + weighted(behind, misses)
    counted = negative_factor*misses - hits  # through the counts
    logits_bar = ((1.0 - target)*behind[:, None]*rise - ahead[:, None]*fall*target)*class_weight*loss_bar[:, None]
    target_bar = (ahead[:, None]*hit - behind[:, None]*missed)*class_weight*loss_bar[:, None] + np.where(attached == 0.0, 0.0, class_weight*loss_bar[:, None]*ratio(counted[:, None], whole, 0.0))
    return loss, logits_bar, target_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, target_dot, negative_factor, attached):
    """Return the derivative of the gradient along the `_dot` columns."""
    positives = np.sum(weighted(class_weight, target), axis=1)
    negatives = np.sum(weighted(class_weight, 1.0 - target), axis=1)
    whole = np.sum(class_weight, axis=0)  # of the weights
    beta = ratio(negatives, whole, 0.0)  # share of the negatives
    alpha = ratio(positives, whole, 0.0)  # share of the positives
    ahead = beta  # weight of positives
    behind = negative_factor*alpha  # weight of negatives
    left = np.exp(-np.abs(logits))  # at most 1
    tail = np.log1p(left)  # of softplus, on both sides
    missed = np.maximum(logits, 0.0) + tail  # softplus(x)
    hit = np.maximum(-logits, 0.0) + tail  # softplus(-x)
    share = 1.0/(1.0 + left)  # at least 1/2
    rise = np.where((logits >= 0.0), share, left*share)  # sigmoid(x)
    fall = np.where((logits >= 0.0), left*share, share)  # sigmoid(-x)
    positives_dot = np.sum(class_weight*target_dot, axis=1)
    negatives_dot = np.sum(-(class_weight*target_dot), axis=1)
    beta_dot = ratio(negatives_dot, whole, 0.0)
    alpha_dot = ratio(positives_dot, whole, 0.0)
    ahead_dot = np.where(attached == 0.0, 0.0, beta_dot)
    behind_dot = np.where(attached == 0.0, 0.0, negative_factor*alpha_dot)
    missed_dot = logits_dot*rise
    hit_dot = -(fall*logits_dot)
    rise_dot = fall*logits_dot*rise
    fall_dot = -(fall*logits_dot*rise)
    hits_dot = np.sum(class_weight*hit*target_dot + class_weight*hit_dot*target, axis=1)
    misses_dot = np.sum((1.0 - target)*class_weight*missed_dot - class_weight*missed*target_dot, axis=1)
    counted_dot = negative_factor*misses_dot - hits_dot
    logits_bar_dot = (-ahead[:, None]*fall - behind[:, None]*rise)*class_weight*loss_bar[:, None]*target_dot + (1.0 - target)*behind[:, None]*class_weight*loss_bar[:, None]*rise_dot + (1.0 - target)*behind_dot[:, None]*class_weight*loss_bar[:, None]*rise - ahead[:, None]*class_weight*loss_bar[:, None]*fall_dot*target - ahead_dot[:, None]*class_weight*loss_bar[:, None]*fall*target
    target_bar_dot = np.where(attached == 0.0, 0.0, class_weight*loss_bar[:, None]*ratio(counted_dot[:, None], whole, 0.0)) + ahead[:, None]*class_weight*loss_bar[:, None]*hit_dot + ahead_dot[:, None]*class_weight*loss_bar[:, None]*hit - behind[:, None]*class_weight*loss_bar[:, None]*missed_dot - behind_dot[:, None]*class_weight*loss_bar[:, None]*missed
    return logits_bar_dot, target_bar_dot


def trace(logits, target, class_weight, loss_bar, negative_factor, attached):
    """Return every quantity of the plain program and its adjoint, by name."""
    positives = np.sum(weighted(class_weight, target), axis=1)
    negatives = np.sum(weighted(class_weight, 1.0 - target), axis=1)
    whole = np.sum(class_weight, axis=0)  # of the weights
    beta = ratio(negatives, whole, 0.0)  # share of the negatives
    alpha = ratio(positives, whole, 0.0)  # share of the positives
    ahead = beta  # weight of positives
    behind = negative_factor*alpha  # weight of negatives
    top = np.maximum(0.0, logits)
    mass = np.exp(logits - top) + np.exp(-top)
    missed = np.log(mass) + top  # softplus(x)
    hit = np.log(mass) + top - logits  # softplus(-x)
    hits = np.sum(weighted(class_weight, weighted(target, hit)), axis=1)
    misses = np.sum(weighted(class_weight, weighted(1.0 - target, missed)), axis=1)
    loss = weighted(ahead, hits) + weighted(behind, misses)
    misses_bar = behind*loss_bar
    hits_bar = ahead*loss_bar
    hit_bar = class_weight*hits_bar[:, None]*target
    missed_bar = (1.0 - target)*class_weight*misses_bar[:, None]
    mass_bar = hit_bar/mass + missed_bar/mass
    top_bar = (-np.exp(logits - top) - np.exp(-top))*mass_bar + hit_bar + missed_bar
    behind_bar = loss_bar*misses
    ahead_bar = hits*loss_bar
    alpha_bar = np.where(attached == 0.0, 0.0, negative_factor*behind_bar)
    beta_bar = np.where(attached == 0.0, 0.0, ahead_bar)
    negatives_bar = ratio(beta_bar, whole, 0.0)
    positives_bar = ratio(alpha_bar, whole, 0.0)
    logits_bar = mass_bar*np.exp(logits - top) - hit_bar
    target_bar = class_weight*positives_bar[:, None] + class_weight*hits_bar[:, None]*hit - class_weight*negatives_bar[:, None] - class_weight*misses_bar[:, None]*missed
    return {
        "positives": positives,
        "negatives": negatives,
        "whole": whole,
        "beta": beta,
        "alpha": alpha,
        "ahead": ahead,
        "behind": behind,
        "top": top,
        "mass": mass,
        "missed": missed,
        "hit": hit,
        "hits": hits,
        "misses": misses,
        "loss": loss,
        "misses_bar": misses_bar,
        "hits_bar": hits_bar,
        "hit_bar": hit_bar,
        "missed_bar": missed_bar,
        "mass_bar": mass_bar,
        "top_bar": top_bar,
        "behind_bar": behind_bar,
        "ahead_bar": ahead_bar,
        "alpha_bar": alpha_bar,
        "beta_bar": beta_bar,
        "negatives_bar": negatives_bar,
        "positives_bar": positives_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
