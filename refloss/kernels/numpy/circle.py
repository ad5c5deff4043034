"""Circle loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = softplus(log sum_p exp(u_p) + log sum_n exp(v_n))
    u = -gamma max(1 + margin - s, 0) (s - (1 - margin));  v = gamma max(s + margin, 0) (s - margin)
    p: columns where same is 1;  n: columns where same is 0;  0 if there are none of either

Subgradients
    0 by a similarity whose weight just ends, where that is differentiated.

Constants
    gamma: scale of the exponents (default 256.0)
    gamma_lo: what gamma lacks (default 0.0)
    margin: how far from its optimum a similarity may be (default 0.25)
    margin_lo: what margin lacks (default 0.0)
    attached: 1: weights are differentiated too (default 0.0)

Source
    Sun, Cheng, Zhang, Zhang, Zheng, Wang, Wei, Circle Loss: A Unified Perspective of Pair
    Similarity Optimization, CVPR 2020, arXiv 2002.10857, equation 6.
"""

import numpy as np

CONSTANTS = ("gamma", "gamma_lo", "margin", "margin_lo", "attached",)


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


def value(similarities, same, gamma, gamma_lo, margin, margin_lo, attached):
    """Return loss, one an item."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    ally_far = 1.0 - similarities  # from the optimum
    ally_weight = np.maximum(two_diff_error(1.0, similarities) + ally_far + margin + margin_lo, 0.0)  # 0 beyond the margin
    ally_square = ally_far*ally_far
    ally_square_lo = 2.0*ally_far*two_diff_error(1.0, similarities) + two_prod_error(ally_far, ally_far)
    ally_edge = margin*margin
    ally_edge_lo = 2.0*margin*margin_lo + two_prod_error(margin, margin)
    ally_room = np.where((ally_weight > 0.0), ally_square - ally_edge, 0.0)
    ally_room_lo = np.where((ally_weight > 0.0), two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo, 0.0)
    ally_exponents = gamma*ally_room
    ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room)  # what the exponent lacks
    rival_far = similarities  # from the optimum
    rival_weight = np.maximum(rival_far + margin + margin_lo, 0.0)  # 0 beyond the margin
    rival_square = rival_far*rival_far
    rival_square_lo = two_prod_error(rival_far, rival_far)
    rival_edge = margin*margin
    rival_edge_lo = 2.0*margin*margin_lo + two_prod_error(margin, margin)
    rival_room = np.where((rival_weight > 0.0), rival_square - rival_edge, 0.0)
    rival_room_lo = np.where((rival_weight > 0.0), two_diff_error(rival_square, rival_edge) + rival_square_lo - rival_edge_lo, 0.0)
    rival_exponents = gamma*rival_room
    rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room)  # what the exponent lacks
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
    lead = np.where(((ally_held == 1.0) & (rival_held == 1.0)), ally_top + rival_top, 0.0)  # largest exponents
    reach = np.where(((ally_held == 1.0) & (rival_held == 1.0)), ally_grow + lead + rival_grow, 0.0)  # 0 where one has nothing
    pairs = ally_total*rival_total
    lead_lo = np.fmax(np.where(((ally_held == 1.0) & (rival_held == 1.0)), two_sum_error(ally_top, rival_top) + ally_top_lo + rival_top_lo, 0.0), -1.0)  # what the largest exponent lacks
    odds = np.where((reach <= 0.0), (1.0 + lead_lo)*ally_held*pairs*rival_held*np.exp(lead), (1.0 - lead_lo)*np.exp(-lead)/pairs)
    cost = np.where((reach <= 0.0), 0.0, lead_lo + reach) + np.log1p(odds)  # softplus
    loss = cost
    return loss


def grad(similarities, same, loss_bar, gamma, gamma_lo, margin, margin_lo, attached):
    """Return loss, then its derivative by every column times loss_bar."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    ally_far = 1.0 - similarities  # from the optimum
    ally_weight = np.maximum(two_diff_error(1.0, similarities) + ally_far + margin + margin_lo, 0.0)  # 0 beyond the margin
    ally_square = ally_far*ally_far
    ally_square_lo = 2.0*ally_far*two_diff_error(1.0, similarities) + two_prod_error(ally_far, ally_far)
    ally_edge = margin*margin
    ally_edge_lo = 2.0*margin*margin_lo + two_prod_error(margin, margin)
    ally_room = np.where((ally_weight > 0.0), ally_square - ally_edge, 0.0)
    ally_room_lo = np.where((ally_weight > 0.0), two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo, 0.0)
    ally_exponents = gamma*ally_room
    ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room)  # what the exponent lacks
    rival_weight = np.maximum(similarities + margin + margin_lo, 0.0)  # 0 beyond the margin
    rival_square = similarities*similarities
    rival_square_lo = two_prod_error(similarities, similarities)
    rival_edge = ally_edge
    rival_edge_lo = ally_edge_lo
    rival_room = np.where((rival_weight > 0.0), rival_square - rival_edge, 0.0)
    rival_room_lo = np.where((rival_weight > 0.0), two_diff_error(rival_square, rival_edge) + rival_square_lo - rival_edge_lo, 0.0)
    rival_exponents = gamma*rival_room
    rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room)  # what the exponent lacks
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
    lead = np.where(((ally_held == 1.0) & (rival_held == 1.0)), ally_top + rival_top, 0.0)  # largest exponents
    reach = np.where(((ally_held == 1.0) & (rival_held == 1.0)), ally_grow + lead + rival_grow, 0.0)  # 0 where one has nothing
    pairs = ally_total*rival_total
    lead_lo = np.fmax(np.where(((ally_held == 1.0) & (rival_held == 1.0)), two_sum_error(ally_top, rival_top) + ally_top_lo + rival_top_lo, 0.0), -1.0)  # what the largest exponent lacks
    odds = np.where((reach <= 0.0), (1.0 + lead_lo)*ally_held*pairs*rival_held*np.exp(lead), (1.0 - lead_lo)*np.exp(-lead)/pairs)
    cost = np.where((reach <= 0.0), 0.0, lead_lo + reach) + np.log1p(odds)  # softplus
    rise = np.where((reach <= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    loss = cost
    rival_lse_bar = loss_bar*rise
    ally_lse_bar = rival_lse_bar
    rival_exponents_bar = rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])
    ally_exponents_bar = ally_mass*(ally_lse_bar[:, None]/ally_total[:, None])
    similarities_bar = np.where((same == 1.0), np.where((attached == 0.0), -(gamma*ally_exponents_bar*ally_weight), np.where((ally_weight > 0.0), -(2.0*gamma*ally_exponents_bar*ally_far), 0.0)), 0.0) + np.where((same == 0.0), np.where((attached == 0.0), gamma*rival_exponents_bar*rival_weight, np.where((rival_weight > 0.0), 2.0*gamma*rival_exponents_bar*similarities, 0.0)), 0.0)
    return loss, similarities_bar


def hvp(similarities, same, loss_bar, similarities_dot, gamma, gamma_lo, margin, margin_lo, attached):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    ally_far = 1.0 - similarities  # from the optimum
    ally_weight = np.maximum(two_diff_error(1.0, similarities) + ally_far + margin + margin_lo, 0.0)  # 0 beyond the margin
    ally_square = ally_far*ally_far
    ally_square_lo = 2.0*ally_far*two_diff_error(1.0, similarities) + two_prod_error(ally_far, ally_far)
    ally_edge = margin*margin
    ally_edge_lo = 2.0*margin*margin_lo + two_prod_error(margin, margin)
    ally_room = np.where((ally_weight > 0.0), ally_square - ally_edge, 0.0)
    ally_room_lo = np.where((ally_weight > 0.0), two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo, 0.0)
    ally_exponents = gamma*ally_room
    ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room)  # what the exponent lacks
    rival_weight = np.maximum(similarities + margin + margin_lo, 0.0)  # 0 beyond the margin
    rival_square = similarities*similarities
    rival_square_lo = two_prod_error(similarities, similarities)
    rival_room = np.where((rival_weight > 0.0), rival_square - ally_edge, 0.0)
    rival_room_lo = np.where((rival_weight > 0.0), two_diff_error(rival_square, ally_edge) + rival_square_lo - ally_edge_lo, 0.0)
    rival_exponents = gamma*rival_room
    rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room)  # what the exponent lacks
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
    lead = np.where(((ally_held == 1.0) & (rival_held == 1.0)), ally_top + rival_top, 0.0)  # largest exponents
    reach = np.where(((ally_held == 1.0) & (rival_held == 1.0)), ally_grow + lead + rival_grow, 0.0)  # 0 where one has nothing
    pairs = ally_total*rival_total
    lead_lo = np.fmax(np.where(((ally_held == 1.0) & (rival_held == 1.0)), two_sum_error(ally_top, rival_top) + ally_top_lo + rival_top_lo, 0.0), -1.0)  # what the largest exponent lacks
    odds = np.where((reach <= 0.0), (1.0 + lead_lo)*ally_held*pairs*rival_held*np.exp(lead), (1.0 - lead_lo)*np.exp(-lead)/pairs)
    rise = np.where((reach <= 0.0), odds/(1.0 + odds), 1.0/(1.0 + odds))  # sigmoid(x)
    fall = np.where((reach <= 0.0), 1.0/(1.0 + odds), odds/(1.0 + odds))  # sigmoid(-x)
    rival_lse_bar = loss_bar*rise
    rival_exponents_bar = rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])
    ally_exponents_bar = ally_mass*(rival_lse_bar[:, None]/ally_total[:, None])
    ally_far_dot = -similarities_dot
    ally_exponents_dot = -(gamma*similarities_dot*np.where((same == 1.0), np.where((attached == 0.0), ally_weight, np.where((ally_weight > 0.0), 2.0*ally_far, 0.0)), 0.0))
    rival_exponents_dot = gamma*similarities_dot*np.where((same == 0.0), np.where((attached == 0.0), rival_weight, np.where((rival_weight > 0.0), 2.0*similarities, 0.0)), 0.0)
    ally_top_dot = ally_exponents_dot[np.arange(B), ally_first]
    ally_drop_dot = ally_exponents_dot - ally_top_dot[:, None]
    ally_tail_dot = ally_drop_dot*ally_tail
    ally_mass_dot = ally_tail_dot*np.where((np.arange(C) == ally_first[:, None]), 0.0, 1.0)
    ally_rest_dot = np.sum(ally_tail_dot, axis=1)
    ally_lse_dot0 = np.sum(ally_mass*(ally_exponents_dot/ally_total[:, None]), axis=1)
    rival_top_dot = rival_exponents_dot[np.arange(B), rival_first]
    rival_drop_dot = rival_exponents_dot - rival_top_dot[:, None]
    rival_tail_dot = rival_drop_dot*rival_tail
    rival_mass_dot = rival_tail_dot*np.where((np.arange(C) == rival_first[:, None]), 0.0, 1.0)
    rival_rest_dot = np.sum(rival_tail_dot, axis=1)
    rival_lse_dot0 = np.sum(rival_mass*(rival_exponents_dot/rival_total[:, None]), axis=1)
    rise_dot = ally_lse_dot0*fall*rise + fall*rise*rival_lse_dot0
    rival_lse_bar_dot = loss_bar*rise_dot
    rival_exponents_bar_dot = rival_mass_dot*(rival_lse_bar[:, None]/rival_total[:, None]) + rival_mass*(rival_lse_bar_dot[:, None]/rival_total[:, None]) - rival_mass*(rival_lse_bar[:, None]/rival_total[:, None])*(rival_rest_dot[:, None]/rival_total[:, None])
    ally_exponents_bar_dot = ally_mass_dot*(rival_lse_bar[:, None]/ally_total[:, None]) + ally_mass*(rival_lse_bar_dot[:, None]/ally_total[:, None]) - ally_mass*(ally_rest_dot[:, None]/ally_total[:, None])*(rival_lse_bar[:, None]/ally_total[:, None])
    similarities_bar_dot = ally_far_dot*np.where((same == 1.0), np.where((attached == 0.0), 0.0, np.where((ally_weight > 0.0), -(2.0*gamma*ally_exponents_bar), 0.0)), 0.0) + similarities_dot*np.where((same == 0.0), np.where((attached == 0.0), 0.0, np.where((rival_weight > 0.0), 2.0*gamma*rival_exponents_bar, 0.0)), 0.0) + ally_exponents_bar_dot*np.where((same == 1.0), np.where((attached == 0.0), -(gamma*ally_weight), np.where((ally_weight > 0.0), -(2.0*gamma*ally_far), 0.0)), 0.0) + rival_exponents_bar_dot*np.where((same == 0.0), np.where((attached == 0.0), gamma*rival_weight, np.where((rival_weight > 0.0), 2.0*gamma*similarities, 0.0)), 0.0)
    return similarities_bar_dot


def trace(similarities, same, loss_bar, gamma, gamma_lo, margin, margin_lo, attached):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = similarities.shape[0]
    C = similarities.shape[1]
    positive = np.where((same == 1.0), 1.0, 0.0)  # 1: it is one
    count = np.sum(positive, axis=1)  # number of positives
    ally_weight = np.maximum(1.0 - similarities + margin, 0.0)  # 0 beyond the margin
    ally_exponents = gamma*(1.0 - similarities - margin)*ally_weight
    rival_weight = np.maximum(similarities + margin, 0.0)  # 0 beyond the margin
    rival_exponents = gamma*(similarities - margin)*rival_weight
    ally_top = np.max(np.where((same == 1.0), ally_exponents, -np.inf), axis=1)  # largest logit
    ally_mass = np.where((same == 1.0), np.exp(ally_exponents - ally_top[:, None]), 0.0)
    ally_number = np.sum(np.where((same == 1.0), 1.0, 0.0), axis=1)
    ally_spare = np.where((ally_number == 0.0), 1.0, 0.0)
    ally_total_sum = np.sum(ally_mass, axis=1)
    ally_total = ally_spare + ally_total_sum
    ally_lse = np.log(ally_total) + ally_top  # log-sum-exp
    rival_top = np.max(np.where((same == 0.0), rival_exponents, -np.inf), axis=1)  # largest logit
    rival_mass = np.where((same == 0.0), np.exp(rival_exponents - rival_top[:, None]), 0.0)
    rival_number = np.sum(np.where((same == 0.0), 1.0, 0.0), axis=1)
    rival_spare = np.where((rival_number == 0.0), 1.0, 0.0)
    rival_total_sum = np.sum(rival_mass, axis=1)
    rival_total = rival_spare + rival_total_sum
    rival_lse = np.log(rival_total) + rival_top  # log-sum-exp
    lacking = ally_spare + rival_spare  # kinds that are not there
    reach = ally_lse + rival_lse
    shift = np.where((reach > 0.0), reach, 0.0)
    cost = np.where((lacking == 0.0), np.log(np.exp(reach - shift) + np.exp(-shift)) + shift, 0.0)
    loss = cost
    cost_bar = loss_bar
    shift_bar = np.where((lacking == 0.0), (1.0 + (-np.exp(reach - shift) - np.exp(-shift))/(np.exp(reach - shift) + np.exp(-shift)))*cost_bar, 0.0)
    reach_bar = np.where((lacking == 0.0), cost_bar*np.exp(reach - shift)/(np.exp(reach - shift) + np.exp(-shift)), 0.0)
    rival_lse_bar = reach_bar
    rival_total_bar = rival_lse_bar/rival_total
    rival_total_sum_bar = rival_total_bar
    rival_mass_bar = np.broadcast_to(rival_total_sum_bar[:, None], (B, C))
    ally_lse_bar = reach_bar
    ally_total_bar = ally_lse_bar/ally_total
    ally_total_sum_bar = ally_total_bar
    ally_mass_bar = np.broadcast_to(ally_total_sum_bar[:, None], (B, C))
    rival_exponents_bar = np.where((same == 0.0), rival_mass_bar*np.exp(rival_exponents - rival_top[:, None]), 0.0)
    rival_weight_bar = gamma*(similarities - margin)*rival_exponents_bar
    ally_exponents_bar = np.where((same == 1.0), ally_mass_bar*np.exp(ally_exponents - ally_top[:, None]), 0.0)
    ally_weight_bar = gamma*(1.0 - similarities - margin)*ally_exponents_bar
    similarities_bar = gamma*rival_exponents_bar*rival_weight + np.where(attached == 0.0, 0.0, rival_weight_bar*np.heaviside(similarities + margin, 0.0)) - gamma*ally_exponents_bar*ally_weight - np.where(attached == 0.0, 0.0, ally_weight_bar*np.heaviside(1.0 - similarities + margin, 0.0))
    return {
        "positive": positive,
        "count": count,
        "ally_weight": ally_weight,
        "ally_exponents": ally_exponents,
        "rival_weight": rival_weight,
        "rival_exponents": rival_exponents,
        "ally_top": ally_top,
        "ally_mass": ally_mass,
        "ally_number": ally_number,
        "ally_spare": ally_spare,
        "ally_total_sum": ally_total_sum,
        "ally_total": ally_total,
        "ally_lse": ally_lse,
        "rival_top": rival_top,
        "rival_mass": rival_mass,
        "rival_number": rival_number,
        "rival_spare": rival_spare,
        "rival_total_sum": rival_total_sum,
        "rival_total": rival_total,
        "rival_lse": rival_lse,
        "lacking": lacking,
        "reach": reach,
        "shift": shift,
        "cost": cost,
        "loss": loss,
        "cost_bar": cost_bar,
        "shift_bar": shift_bar,
        "reach_bar": reach_bar,
        "rival_lse_bar": rival_lse_bar,
        "rival_total_bar": rival_total_bar,
        "rival_total_sum_bar": rival_total_sum_bar,
        "rival_mass_bar": rival_mass_bar,
        "ally_lse_bar": ally_lse_bar,
        "ally_total_bar": ally_total_bar,
        "ally_total_sum_bar": ally_total_sum_bar,
        "ally_mass_bar": ally_mass_bar,
        "rival_exponents_bar": rival_exponents_bar,
        "rival_weight_bar": rival_weight_bar,
        "ally_exponents_bar": ally_exponents_bar,
        "ally_weight_bar": ally_weight_bar,
        "similarities_bar": similarities_bar,
    }
