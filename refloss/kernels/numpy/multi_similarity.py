"""Multi-similarity loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = log(1 + sum_p exp(-alpha (s_p - base)))/alpha + log(1 + sum_n exp(beta (s_n - base)))/beta
    p: columns where same is 1;  n: columns where same is 0

Subgradients
    none: the loss is smooth.

Constants
    alpha: scale of positives (default 2.0)
    alpha_lo: what alpha lacks (default 0.0)
    beta: scale of negatives (default 50.0)
    beta_lo: what beta lacks (default 0.0)
    base: similarity about which pairs are weighed (default 1.0)
    base_lo: what base lacks (default 0.0)

Source
    Wang, Han, Huang, Dong, Scott, Multi-Similarity Loss with General Pair Weighting for
    Deep Metric Learning, CVPR 2019, arXiv 1904.06627, equation 15.
"""

import numpy as np

CONSTANTS = ("alpha", "alpha_lo", "beta", "beta_lo", "base", "base_lo",)


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


def value(similarities, same, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return loss, one an item."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    ally_apart = -similarities + base
    ally_apart_lo = two_diff_error(base, similarities) + base_lo
    ally_exponents = alpha*ally_apart
    ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart)  # what the exponent lacks
    ally_first = np.argmax(np.where((same == 1.0), ally_exponents, -np.inf), axis=1)  # class of the largest logit
    ally_top = ally_exponents[np.arange(B), ally_first]  # largest logit
    ally_drop = ally_exponents - ally_top[:, None]  # at most 0 where it counts
    ally_top_lo = ally_lo[np.arange(B), ally_first]
    ally_slip = np.fmax(two_diff_error(ally_exponents, ally_top[:, None]) + ally_lo - ally_top_lo[:, None], -1.0)
    ally_held = np.where((same[np.arange(B), ally_first] == 1.0), 1.0, 0.0)  # 0: there are none
    ally_tail = np.where((np.arange(C) == ally_first[:, None]), weighted(ally_held[:, None], ally_drop), np.where((same == 1.0), (1.0 + ally_slip)*np.exp(ally_drop), 0.0))
    ally_rest = np.sum(ally_tail, axis=1)  # sum of mass over all classes but the first
    ally_total = 1.0 + ally_rest
    ally_grow = np.log1p(ally_rest)
    ally_lead = np.where((ally_held == 1.0), ally_top, 0.0)  # largest exponent
    ally_lead_lo = np.fmax(ally_top_lo, -1.0)  # what the largest exponent lacks
    ally_odds = np.where((ally_lead <= 0.0), (1.0 + ally_lead_lo)*ally_held*ally_total*np.exp(ally_lead), (1.0 - ally_lead_lo)*np.exp(-ally_lead)/ally_total)
    ally_cost = np.where((ally_lead <= 0.0), 0.0, ally_grow + ally_lead + ally_lead_lo) + np.log1p(ally_odds)  # softplus
    rival_apart = similarities - base
    rival_apart_lo = two_diff_error(similarities, base) - base_lo
    rival_exponents = beta*rival_apart
    rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart)  # what the exponent lacks
    rival_first = np.argmax(np.where((same == 0.0), rival_exponents, -np.inf), axis=1)  # class of the largest logit
    rival_top = rival_exponents[np.arange(B), rival_first]  # largest logit
    rival_drop = rival_exponents - rival_top[:, None]  # at most 0 where it counts
    rival_top_lo = rival_lo[np.arange(B), rival_first]
    rival_slip = np.fmax(two_diff_error(rival_exponents, rival_top[:, None]) + rival_lo - rival_top_lo[:, None], -1.0)
    rival_held = np.where((same[np.arange(B), rival_first] == 0.0), 1.0, 0.0)  # 0: there are none
    rival_tail = np.where((np.arange(C) == rival_first[:, None]), weighted(rival_held[:, None], rival_drop), np.where((same == 0.0), (1.0 + rival_slip)*np.exp(rival_drop), 0.0))
    rival_rest = np.sum(rival_tail, axis=1)  # sum of mass over all classes but the first
    rival_total = 1.0 + rival_rest
    rival_grow = np.log1p(rival_rest)
    rival_lead = np.where((rival_held == 1.0), rival_top, 0.0)  # largest exponent
    rival_lead_lo = np.fmax(rival_top_lo, -1.0)  # what the largest exponent lacks
    rival_odds = np.where((rival_lead <= 0.0), (1.0 + rival_lead_lo)*rival_held*rival_total*np.exp(rival_lead), (1.0 - rival_lead_lo)*np.exp(-rival_lead)/rival_total)
    rival_cost = np.where((rival_lead <= 0.0), 0.0, rival_grow + rival_lead + rival_lead_lo) + np.log1p(rival_odds)  # softplus
    loss = ally_cost/alpha + rival_cost/beta
    return loss


def grad(similarities, same, loss_bar, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return loss, then its derivative by every column times loss_bar."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    ally_apart = -similarities + base
    ally_apart_lo = two_diff_error(base, similarities) + base_lo
    ally_exponents = alpha*ally_apart
    ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart)  # what the exponent lacks
    ally_first = np.argmax(np.where((same == 1.0), ally_exponents, -np.inf), axis=1)  # class of the largest logit
    ally_top = ally_exponents[np.arange(B), ally_first]  # largest logit
    ally_drop = ally_exponents - ally_top[:, None]  # at most 0 where it counts
    ally_top_lo = ally_lo[np.arange(B), ally_first]
    ally_slip = np.fmax(two_diff_error(ally_exponents, ally_top[:, None]) + ally_lo - ally_top_lo[:, None], -1.0)
    ally_held = np.where((same[np.arange(B), ally_first] == 1.0), 1.0, 0.0)  # 0: there are none
    ally_tail = np.where((np.arange(C) == ally_first[:, None]), weighted(ally_held[:, None], ally_drop), np.where((same == 1.0), (1.0 + ally_slip)*np.exp(ally_drop), 0.0))
    ally_mass = np.where((np.arange(C) == ally_first[:, None]), ally_held[:, None], ally_tail)  # exp(logits - top)
    ally_rest = np.sum(ally_tail, axis=1)  # sum of mass over all classes but the first
    ally_total = 1.0 + ally_rest
    ally_grow = np.log1p(ally_rest)
    ally_lead = np.where((ally_held == 1.0), ally_top, 0.0)  # largest exponent
    ally_lead_lo = np.fmax(ally_top_lo, -1.0)  # what the largest exponent lacks
    ally_odds = np.where((ally_lead <= 0.0), (1.0 + ally_lead_lo)*ally_held*ally_total*np.exp(ally_lead), (1.0 - ally_lead_lo)*np.exp(-ally_lead)/ally_total)
    ally_cost = np.where((ally_lead <= 0.0), 0.0, ally_grow + ally_lead + ally_lead_lo) + np.log1p(ally_odds)  # softplus
    ally_rise = np.where((ally_lead <= 0.0), ally_odds/(1.0 + ally_odds), 1.0/(1.0 + ally_odds))  # sigmoid(x)
    rival_apart = similarities - base
    rival_apart_lo = two_diff_error(similarities, base) - base_lo
    rival_exponents = beta*rival_apart
    rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart)  # what the exponent lacks
    rival_first = np.argmax(np.where((same == 0.0), rival_exponents, -np.inf), axis=1)  # class of the largest logit
    rival_top = rival_exponents[np.arange(B), rival_first]  # largest logit
    rival_drop = rival_exponents - rival_top[:, None]  # at most 0 where it counts
    rival_top_lo = rival_lo[np.arange(B), rival_first]
    rival_slip = np.fmax(two_diff_error(rival_exponents, rival_top[:, None]) + rival_lo - rival_top_lo[:, None], -1.0)
    rival_held = np.where((same[np.arange(B), rival_first] == 0.0), 1.0, 0.0)  # 0: there are none
    rival_tail = np.where((np.arange(C) == rival_first[:, None]), weighted(rival_held[:, None], rival_drop), np.where((same == 0.0), (1.0 + rival_slip)*np.exp(rival_drop), 0.0))
    rival_mass = np.where((np.arange(C) == rival_first[:, None]), rival_held[:, None], rival_tail)  # exp(logits - top)
    rival_rest = np.sum(rival_tail, axis=1)  # sum of mass over all classes but the first
    rival_total = 1.0 + rival_rest
    rival_grow = np.log1p(rival_rest)
    rival_lead = np.where((rival_held == 1.0), rival_top, 0.0)  # largest exponent
    rival_lead_lo = np.fmax(rival_top_lo, -1.0)  # what the largest exponent lacks
    rival_odds = np.where((rival_lead <= 0.0), (1.0 + rival_lead_lo)*rival_held*rival_total*np.exp(rival_lead), (1.0 - rival_lead_lo)*np.exp(-rival_lead)/rival_total)
    rival_cost = np.where((rival_lead <= 0.0), 0.0, rival_grow + rival_lead + rival_lead_lo) + np.log1p(rival_odds)  # softplus
    rival_rise = np.where((rival_lead <= 0.0), rival_odds/(1.0 + rival_odds), 1.0/(1.0 + rival_odds))  # sigmoid(x)
    loss = ally_cost/alpha + rival_cost/beta
    rival_cost_bar = loss_bar/beta
    rival_lse_bar = rival_cost_bar*rival_rise
    rival_exponents_bar = rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])
    ally_cost_bar = loss_bar/alpha
    ally_lse_bar = ally_cost_bar*ally_rise
    ally_exponents_bar = ally_mass*(ally_lse_bar[:, None]/ally_total[:, None])
    similarities_bar = beta*rival_exponents_bar - alpha*ally_exponents_bar
    return loss, similarities_bar


def hvp(similarities, same, loss_bar, similarities_dot, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    ally_apart = -similarities + base
    ally_apart_lo = two_diff_error(base, similarities) + base_lo
    ally_exponents = alpha*ally_apart
    ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart)  # what the exponent lacks
    ally_first = np.argmax(np.where((same == 1.0), ally_exponents, -np.inf), axis=1)  # class of the largest logit
    ally_top = ally_exponents[np.arange(B), ally_first]  # largest logit
    ally_drop = ally_exponents - ally_top[:, None]  # at most 0 where it counts
    ally_top_lo = ally_lo[np.arange(B), ally_first]
    ally_slip = np.fmax(two_diff_error(ally_exponents, ally_top[:, None]) + ally_lo - ally_top_lo[:, None], -1.0)
    ally_held = np.where((same[np.arange(B), ally_first] == 1.0), 1.0, 0.0)  # 0: there are none
    ally_tail = np.where((np.arange(C) == ally_first[:, None]), weighted(ally_held[:, None], ally_drop), np.where((same == 1.0), (1.0 + ally_slip)*np.exp(ally_drop), 0.0))
    ally_mass = np.where((np.arange(C) == ally_first[:, None]), ally_held[:, None], ally_tail)  # exp(logits - top)
    ally_rest = np.sum(ally_tail, axis=1)  # sum of mass over all classes but the first
    ally_total = 1.0 + ally_rest
    ally_lead = np.where((ally_held == 1.0), ally_top, 0.0)  # largest exponent
    ally_lead_lo = np.fmax(ally_top_lo, -1.0)  # what the largest exponent lacks
    ally_odds = np.where((ally_lead <= 0.0), (1.0 + ally_lead_lo)*ally_held*ally_total*np.exp(ally_lead), (1.0 - ally_lead_lo)*np.exp(-ally_lead)/ally_total)
    ally_rise = np.where((ally_lead <= 0.0), ally_odds/(1.0 + ally_odds), 1.0/(1.0 + ally_odds))  # sigmoid(x)
    ally_fall = np.where((ally_lead <= 0.0), 1.0/(1.0 + ally_odds), ally_odds/(1.0 + ally_odds))  # sigmoid(-x)
    rival_apart = similarities - base
    rival_apart_lo = two_diff_error(similarities, base) - base_lo
    rival_exponents = beta*rival_apart
    rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart)  # what the exponent lacks
    rival_first = np.argmax(np.where((same == 0.0), rival_exponents, -np.inf), axis=1)  # class of the largest logit
    rival_top = rival_exponents[np.arange(B), rival_first]  # largest logit
    rival_drop = rival_exponents - rival_top[:, None]  # at most 0 where it counts
    rival_top_lo = rival_lo[np.arange(B), rival_first]
    rival_slip = np.fmax(two_diff_error(rival_exponents, rival_top[:, None]) + rival_lo - rival_top_lo[:, None], -1.0)
    rival_held = np.where((same[np.arange(B), rival_first] == 0.0), 1.0, 0.0)  # 0: there are none
    rival_tail = np.where((np.arange(C) == rival_first[:, None]), weighted(rival_held[:, None], rival_drop), np.where((same == 0.0), (1.0 + rival_slip)*np.exp(rival_drop), 0.0))
    rival_mass = np.where((np.arange(C) == rival_first[:, None]), rival_held[:, None], rival_tail)  # exp(logits - top)
    rival_rest = np.sum(rival_tail, axis=1)  # sum of mass over all classes but the first
    rival_total = 1.0 + rival_rest
    rival_lead = np.where((rival_held == 1.0), rival_top, 0.0)  # largest exponent
    rival_lead_lo = np.fmax(rival_top_lo, -1.0)  # what the largest exponent lacks
    rival_odds = np.where((rival_lead <= 0.0), (1.0 + rival_lead_lo)*rival_held*rival_total*np.exp(rival_lead), (1.0 - rival_lead_lo)*np.exp(-rival_lead)/rival_total)
    rival_rise = np.where((rival_lead <= 0.0), rival_odds/(1.0 + rival_odds), 1.0/(1.0 + rival_odds))  # sigmoid(x)
    rival_fall = np.where((rival_lead <= 0.0), 1.0/(1.0 + rival_odds), rival_odds/(1.0 + rival_odds))  # sigmoid(-x)
    rival_cost_bar = loss_bar/beta
    rival_lse_bar = rival_cost_bar*rival_rise
    ally_cost_bar = loss_bar/alpha
    ally_lse_bar = ally_cost_bar*ally_rise
    ally_exponents_dot = -(alpha*similarities_dot)
    ally_top_dot = ally_exponents_dot[np.arange(B), ally_first]
    ally_drop_dot = ally_exponents_dot - ally_top_dot[:, None]
    ally_tail_dot = ally_drop_dot*ally_tail
    ally_mass_dot = ally_tail_dot*np.where((np.arange(C) == ally_first[:, None]), 0.0, 1.0)
    ally_rest_dot = np.sum(ally_tail_dot, axis=1)
    ally_lse_dot0 = np.sum(ally_mass*(ally_exponents_dot/ally_total[:, None]), axis=1)
    ally_rise_dot = ally_fall*ally_lse_dot0*ally_rise
    rival_exponents_dot = beta*similarities_dot
    rival_top_dot = rival_exponents_dot[np.arange(B), rival_first]
    rival_drop_dot = rival_exponents_dot - rival_top_dot[:, None]
    rival_tail_dot = rival_drop_dot*rival_tail
    rival_mass_dot = rival_tail_dot*np.where((np.arange(C) == rival_first[:, None]), 0.0, 1.0)
    rival_rest_dot = np.sum(rival_tail_dot, axis=1)
    rival_lse_dot0 = np.sum(rival_mass*(rival_exponents_dot/rival_total[:, None]), axis=1)
    rival_rise_dot = rival_fall*rival_lse_dot0*rival_rise
    rival_lse_bar_dot = rival_cost_bar*rival_rise_dot
    rival_exponents_bar_dot = rival_mass_dot*(rival_lse_bar[:, None]/rival_total[:, None]) + rival_mass*(rival_lse_bar_dot[:, None]/rival_total[:, None]) - rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])*(rival_rest_dot[:, None]/rival_total[:, None])
    ally_lse_bar_dot = ally_cost_bar*ally_rise_dot
    ally_exponents_bar_dot = ally_mass_dot*(ally_lse_bar[:, None]/ally_total[:, None]) + ally_mass*(ally_lse_bar_dot[:, None]/ally_total[:, None]) - ally_mass*(ally_lse_bar[:, None]/ally_total[:, None])*(ally_rest_dot[:, None]/ally_total[:, None])
    similarities_bar_dot = beta*rival_exponents_bar_dot - alpha*ally_exponents_bar_dot
    return similarities_bar_dot


def trace(similarities, same, loss_bar, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    ally_exponents = alpha*(-similarities + base)
    ally_top = np.max(np.where((same == 1.0), ally_exponents, -np.inf), axis=1)  # largest exponent
    ally_shift = np.where((ally_top > 0.0), ally_top, 0.0)
    ally_total = np.sum(np.where((same == 1.0), np.exp(ally_exponents - ally_shift[:, None]), 0.0), axis=1)
    ally_cost = np.log(np.exp(-ally_shift) + ally_total) + ally_shift
    rival_exponents = beta*(similarities - base)
    rival_top = np.max(np.where((same == 0.0), rival_exponents, -np.inf), axis=1)  # largest exponent
    rival_shift = np.where((rival_top > 0.0), rival_top, 0.0)
    rival_total = np.sum(np.where((same == 0.0), np.exp(rival_exponents - rival_shift[:, None]), 0.0), axis=1)
    rival_cost = np.log(np.exp(-rival_shift) + rival_total) + rival_shift
    loss = ally_cost/alpha + rival_cost/beta
    rival_cost_bar = loss_bar/beta
    rival_total_bar = rival_cost_bar/(np.exp(-rival_shift) + rival_total)
    rival_shift_bar0 = np.sum(np.where((same == 0.0), -(rival_total_bar[:, None]*np.exp(rival_exponents - rival_shift[:, None])), 0.0), axis=1)
    rival_shift_bar = (1.0 - np.exp(-rival_shift)/(np.exp(-rival_shift) + rival_total))*rival_cost_bar + rival_shift_bar0
    rival_exponents_bar = np.where((same == 0.0), rival_total_bar[:, None]*np.exp(rival_exponents - rival_shift[:, None]), 0.0)
    ally_cost_bar = loss_bar/alpha
    ally_total_bar = ally_cost_bar/(np.exp(-ally_shift) + ally_total)
    ally_shift_bar0 = np.sum(np.where((same == 1.0), -(ally_total_bar[:, None]*np.exp(ally_exponents - ally_shift[:, None])), 0.0), axis=1)
    ally_shift_bar = (1.0 - np.exp(-ally_shift)/(np.exp(-ally_shift) + ally_total))*ally_cost_bar + ally_shift_bar0
    ally_exponents_bar = np.where((same == 1.0), ally_total_bar[:, None]*np.exp(ally_exponents - ally_shift[:, None]), 0.0)
    similarities_bar = beta*rival_exponents_bar - alpha*ally_exponents_bar
    return {
        "positive": positive,
        "count": count,
        "ally_exponents": ally_exponents,
        "ally_top": ally_top,
        "ally_shift": ally_shift,
        "ally_total": ally_total,
        "ally_cost": ally_cost,
        "rival_exponents": rival_exponents,
        "rival_top": rival_top,
        "rival_shift": rival_shift,
        "rival_total": rival_total,
        "rival_cost": rival_cost,
        "loss": loss,
        "rival_cost_bar": rival_cost_bar,
        "rival_total_bar": rival_total_bar,
        "rival_shift_bar0": rival_shift_bar0,
        "rival_shift_bar": rival_shift_bar,
        "rival_exponents_bar": rival_exponents_bar,
        "ally_cost_bar": ally_cost_bar,
        "ally_total_bar": ally_total_bar,
        "ally_shift_bar0": ally_shift_bar0,
        "ally_shift_bar": ally_shift_bar,
        "ally_exponents_bar": ally_exponents_bar,
        "similarities_bar": similarities_bar,
    }
