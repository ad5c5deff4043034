"""Triplet loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = f(d_ap - d_an + margin),  d_ap = |anchor - positive + eps|^k,  d_an = |anchor - negative + eps|^k
    f(x) = max(x, 0), or log(1 + exp(x));  k = 2, or 1

Subgradients
    0 by a distance where two vectors coincide, and where the margin is just kept.

Constants
    margin: by how much the negative is to be farther away (default 0.2)
    margin_lo: what margin lacks (default 0.0)
    squared: 1: distances are squared (default 1.0)
    soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)
    eps_difference: added to every difference (default 0.0)
    eps_difference_lo: what eps_difference lacks (default 0.0)

Source
    Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
    Leibe: In defense of the triplet loss, arXiv 1703.07737.
"""

import numpy as np

CONSTANTS = ("margin", "margin_lo", "squared", "soft", "eps_difference", "eps_difference_lo",)


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


def value(anchor, positive, negative, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return loss, one an item."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    ap_top = np.max(np.abs(ap_delta), axis=1)  # largest difference
    ap_tame = np.where(((ap_top > 8.673617379884035e-19) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    ap_inverse = np.where((ap_tame > 0.0), ratio(1.0, ap_top, 0.0), 0.0)  # of few digits
    ap_part = ratio(ap_delta, ap_top[:, None], 0.0)  # from -1 to 1
    ap_product = ap_part*ap_top[:, None]
    ap_behind = ap_delta - ap_product
    ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top[:, None])
    ap_rest = weighted(ap_inverse[:, None], ap_left)  # what the part lacks
    ap_power = ap_part*ap_part
    ap_spill = two_sum_error(2.0*D, ap_power)
    ap_grain = ap_power - ap_spill  # a multiple of one number
    ap_coarse = np.sum(ap_grain, axis=1)  # exact in any order
    ap_fine = np.sum(2.0*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill, axis=1)  # of the squares, what is left
    ap_squares = ap_coarse + ap_fine
    ap_squares_lo = two_sum_error(ap_coarse, ap_fine)
    ap_root = np.sqrt(ap_squares)
    ap_again = ap_root*ap_root
    ap_short_by = ap_coarse - ap_again
    ap_steep = ratio(1.0, ap_root, 0.0)  # 0 where both coincide
    ap_root_lo = 0.5*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep  # what the root lacks
    ap_length = ap_root*ap_top
    ap_length_lo = np.where((ap_tame > 0.0), ap_root_lo*ap_top + two_prod_error(ap_top, ap_root), 0.0)  # what the length lacks
    ap_wide = ap_squares*ap_top
    ap_big = ap_wide*ap_top  # squared distance, rounded
    ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares)
    ap_big_lo = np.where((ap_tame > 0.0), ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide), 0.0)  # what it lacks
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    an_top = np.max(np.abs(an_delta), axis=1)  # largest difference
    an_tame = np.where(((an_top > 8.673617379884035e-19) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    an_inverse = np.where((an_tame > 0.0), ratio(1.0, an_top, 0.0), 0.0)  # of few digits
    an_part = ratio(an_delta, an_top[:, None], 0.0)  # from -1 to 1
    an_product = an_part*an_top[:, None]
    an_behind = an_delta - an_product
    an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top[:, None])
    an_rest = weighted(an_inverse[:, None], an_left)  # what the part lacks
    an_power = an_part*an_part
    an_spill = two_sum_error(2.0*D, an_power)
    an_grain = an_power - an_spill  # a multiple of one number
    an_coarse = np.sum(an_grain, axis=1)  # exact in any order
    an_fine = np.sum(2.0*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill, axis=1)  # of the squares, what is left
    an_squares = an_coarse + an_fine
    an_squares_lo = two_sum_error(an_coarse, an_fine)
    an_root = np.sqrt(an_squares)
    an_again = an_root*an_root
    an_short_by = an_coarse - an_again
    an_steep = ratio(1.0, an_root, 0.0)  # 0 where both coincide
    an_root_lo = 0.5*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep  # what the root lacks
    an_length = an_root*an_top
    an_length_lo = np.where((an_tame > 0.0), an_root_lo*an_top + two_prod_error(an_top, an_root), 0.0)  # what the length lacks
    an_wide = an_squares*an_top
    an_big = an_wide*an_top  # squared distance, rounded
    an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares)
    an_big_lo = np.where((an_tame > 0.0), an_wide_lo*an_top + two_prod_error(an_top, an_wide), 0.0)  # what it lacks
    lead_ahead = ap_length - an_length
    lead_hi = lead_ahead + margin
    lead_rest = ap_length_lo - an_length_lo
    lead_lo = two_diff_error(ap_length, an_length) + two_sum_error(lead_ahead, margin) + lead_rest + margin_lo  # rounding errors
    lead = lead_hi + lead_lo  # above 0: missed
    square_lead_ahead = ap_big - an_big
    square_lead_hi = square_lead_ahead + margin
    square_lead_rest = ap_big_lo - an_big_lo
    square_lead_lo = two_diff_error(ap_big, an_big) + two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo  # rounding errors
    square_lead = square_lead_hi + square_lead_lo  # above 0: missed
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    smooth = np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    return loss


def grad(anchor, positive, negative, loss_bar, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return loss, then its derivative by every column times loss_bar."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    ap_top = np.max(np.abs(ap_delta), axis=1)  # largest difference
    ap_tame = np.where(((ap_top > 8.673617379884035e-19) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    ap_inverse = np.where((ap_tame > 0.0), ratio(1.0, ap_top, 0.0), 0.0)  # of few digits
    ap_part = ratio(ap_delta, ap_top[:, None], 0.0)  # from -1 to 1
    ap_product = ap_part*ap_top[:, None]
    ap_behind = ap_delta - ap_product
    ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top[:, None])
    ap_rest = weighted(ap_inverse[:, None], ap_left)  # what the part lacks
    ap_power = ap_part*ap_part
    ap_spill = two_sum_error(2.0*D, ap_power)
    ap_grain = ap_power - ap_spill  # a multiple of one number
    ap_coarse = np.sum(ap_grain, axis=1)  # exact in any order
    ap_fine = np.sum(2.0*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill, axis=1)  # of the squares, what is left
    ap_squares = ap_coarse + ap_fine
    ap_squares_lo = two_sum_error(ap_coarse, ap_fine)
    ap_root = np.sqrt(ap_squares)
    ap_again = ap_root*ap_root
    ap_short_by = ap_coarse - ap_again
    ap_steep = ratio(1.0, ap_root, 0.0)  # 0 where both coincide
    ap_root_lo = 0.5*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep  # what the root lacks
    ap_length = ap_root*ap_top
    ap_length_lo = np.where((ap_tame > 0.0), ap_root_lo*ap_top + two_prod_error(ap_top, ap_root), 0.0)  # what the length lacks
    ap_unit = ap_steep[:, None]*ap_part  # 0 where both coincide
    ap_wide = ap_squares*ap_top
    ap_big = ap_wide*ap_top  # squared distance, rounded
    ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares)
    ap_big_lo = np.where((ap_tame > 0.0), ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide), 0.0)  # what it lacks
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    an_top = np.max(np.abs(an_delta), axis=1)  # largest difference
    an_tame = np.where(((an_top > 8.673617379884035e-19) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    an_inverse = np.where((an_tame > 0.0), ratio(1.0, an_top, 0.0), 0.0)  # of few digits
    an_part = ratio(an_delta, an_top[:, None], 0.0)  # from -1 to 1
    an_product = an_part*an_top[:, None]
    an_behind = an_delta - an_product
    an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top[:, None])
    an_rest = weighted(an_inverse[:, None], an_left)  # what the part lacks
    an_power = an_part*an_part
    an_spill = two_sum_error(2.0*D, an_power)
    an_grain = an_power - an_spill  # a multiple of one number
    an_coarse = np.sum(an_grain, axis=1)  # exact in any order
    an_fine = np.sum(2.0*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill, axis=1)  # of the squares, what is left
    an_squares = an_coarse + an_fine
    an_squares_lo = two_sum_error(an_coarse, an_fine)
    an_root = np.sqrt(an_squares)
    an_again = an_root*an_root
    an_short_by = an_coarse - an_again
    an_steep = ratio(1.0, an_root, 0.0)  # 0 where both coincide
    an_root_lo = 0.5*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep  # what the root lacks
    an_length = an_root*an_top
    an_length_lo = np.where((an_tame > 0.0), an_root_lo*an_top + two_prod_error(an_top, an_root), 0.0)  # what the length lacks
    an_unit = an_steep[:, None]*an_part  # 0 where both coincide
    an_wide = an_squares*an_top
    an_big = an_wide*an_top  # squared distance, rounded
    an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares)
    an_big_lo = np.where((an_tame > 0.0), an_wide_lo*an_top + two_prod_error(an_top, an_wide), 0.0)  # what it lacks
    lead_ahead = ap_length - an_length
    lead_hi = lead_ahead + margin
    lead_rest = ap_length_lo - an_length_lo
    lead_lo = two_diff_error(ap_length, an_length) + two_sum_error(lead_ahead, margin) + lead_rest + margin_lo  # rounding errors
    lead = lead_hi + lead_lo  # above 0: missed
    square_lead_ahead = ap_big - an_big
    square_lead_hi = square_lead_ahead + margin
    square_lead_rest = ap_big_lo - an_big_lo
    square_lead_lo = two_diff_error(ap_big, an_big) + two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo  # rounding errors
    square_lead = square_lead_hi + square_lead_lo  # above 0: missed
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    smooth = np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    pull = np.where((excess >= 0.0), most, left*most)  # its slope
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    square_lead_bar = np.where((squared == 0.0), 0.0, excess_bar)
    lead_bar = np.where((squared == 0.0), excess_bar, 0.0)
    an_square_bar = -square_lead_bar
    an_distance_bar = -lead_bar
    an_delta_bar = 2.0*an_square_bar[:, None]*an_delta + an_distance_bar[:, None]*an_unit
    ap_delta_bar = 2.0*square_lead_bar[:, None]*ap_delta + lead_bar[:, None]*ap_unit
    anchor_bar = an_delta_bar + ap_delta_bar
    positive_bar = -ap_delta_bar
    negative_bar = -an_delta_bar
    return loss, anchor_bar, positive_bar, negative_bar


def hvp(anchor, positive, negative, loss_bar, anchor_dot, positive_dot, negative_dot, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return the derivative of the gradient along the `_dot` columns."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    ap_top = np.max(np.abs(ap_delta), axis=1)  # largest difference
    ap_tame = np.where(((ap_top > 8.673617379884035e-19) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    ap_inverse = np.where((ap_tame > 0.0), ratio(1.0, ap_top, 0.0), 0.0)  # of few digits
    ap_part = ratio(ap_delta, ap_top[:, None], 0.0)  # from -1 to 1
    ap_product = ap_part*ap_top[:, None]
    ap_behind = ap_delta - ap_product
    ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top[:, None])
    ap_rest = weighted(ap_inverse[:, None], ap_left)  # what the part lacks
    ap_power = ap_part*ap_part
    ap_spill = two_sum_error(2.0*D, ap_power)
    ap_grain = ap_power - ap_spill  # a multiple of one number
    ap_coarse = np.sum(ap_grain, axis=1)  # exact in any order
    ap_fine = np.sum(2.0*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill, axis=1)  # of the squares, what is left
    ap_squares = ap_coarse + ap_fine
    ap_squares_lo = two_sum_error(ap_coarse, ap_fine)
    ap_root = np.sqrt(ap_squares)
    ap_again = ap_root*ap_root
    ap_short_by = ap_coarse - ap_again
    ap_steep = ratio(1.0, ap_root, 0.0)  # 0 where both coincide
    ap_root_lo = 0.5*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep  # what the root lacks
    ap_length = ap_root*ap_top
    ap_length_lo = np.where((ap_tame > 0.0), ap_root_lo*ap_top + two_prod_error(ap_top, ap_root), 0.0)  # what the length lacks
    ap_distance = ap_length + ap_length_lo
    ap_unit = ap_steep[:, None]*ap_part  # 0 where both coincide
    ap_wide = ap_squares*ap_top
    ap_big = ap_wide*ap_top  # squared distance, rounded
    ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares)
    ap_big_lo = np.where((ap_tame > 0.0), ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide), 0.0)  # what it lacks
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    an_top = np.max(np.abs(an_delta), axis=1)  # largest difference
    an_tame = np.where(((an_top > 8.673617379884035e-19) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    an_inverse = np.where((an_tame > 0.0), ratio(1.0, an_top, 0.0), 0.0)  # of few digits
    an_part = ratio(an_delta, an_top[:, None], 0.0)  # from -1 to 1
    an_product = an_part*an_top[:, None]
    an_behind = an_delta - an_product
    an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top[:, None])
    an_rest = weighted(an_inverse[:, None], an_left)  # what the part lacks
    an_power = an_part*an_part
    an_spill = two_sum_error(2.0*D, an_power)
    an_grain = an_power - an_spill  # a multiple of one number
    an_coarse = np.sum(an_grain, axis=1)  # exact in any order
    an_fine = np.sum(2.0*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill, axis=1)  # of the squares, what is left
    an_squares = an_coarse + an_fine
    an_squares_lo = two_sum_error(an_coarse, an_fine)
    an_root = np.sqrt(an_squares)
    an_again = an_root*an_root
    an_short_by = an_coarse - an_again
    an_steep = ratio(1.0, an_root, 0.0)  # 0 where both coincide
    an_root_lo = 0.5*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep  # what the root lacks
    an_length = an_root*an_top
    an_length_lo = np.where((an_tame > 0.0), an_root_lo*an_top + two_prod_error(an_top, an_root), 0.0)  # what the length lacks
    an_distance = an_length + an_length_lo
    an_unit = an_steep[:, None]*an_part  # 0 where both coincide
    an_wide = an_squares*an_top
    an_big = an_wide*an_top  # squared distance, rounded
    an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares)
    an_big_lo = np.where((an_tame > 0.0), an_wide_lo*an_top + two_prod_error(an_top, an_wide), 0.0)  # what it lacks
    lead_ahead = ap_length - an_length
    lead_hi = lead_ahead + margin
    lead_rest = ap_length_lo - an_length_lo
    lead_lo = two_diff_error(ap_length, an_length) + two_sum_error(lead_ahead, margin) + lead_rest + margin_lo  # rounding errors
    lead = lead_hi + lead_lo  # above 0: missed
    square_lead_ahead = ap_big - an_big
    square_lead_hi = square_lead_ahead + margin
    square_lead_rest = ap_big_lo - an_big_lo
    square_lead_lo = two_diff_error(ap_big, an_big) + two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo  # rounding errors
    square_lead = square_lead_hi + square_lead_lo  # above 0: missed
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    pull = np.where((excess >= 0.0), most, left*most)  # its slope
    back = np.where((excess >= 0.0), left*most, most)  # 1 less that
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    square_lead_bar = np.where((squared == 0.0), 0.0, excess_bar)
    lead_bar = np.where((squared == 0.0), excess_bar, 0.0)
    an_square_bar = -square_lead_bar
    an_distance_bar = -lead_bar
    ap_ahead_dot = anchor_dot - positive_dot
    ap_delta_dot = ap_ahead_dot
    ap_distance_dot0 = np.sum(ap_delta_dot*ap_unit, axis=1)
    ap_unit_dot = ratio(ap_delta_dot, ap_distance[:, None], 0.0) - ap_unit*ratio(ap_distance_dot0[:, None], ap_distance[:, None], 0.0)
    ap_square_dot0 = np.sum(2.0*ap_delta*ap_delta_dot, axis=1)
    an_ahead_dot = anchor_dot - negative_dot
    an_delta_dot = an_ahead_dot
    an_distance_dot0 = np.sum(an_delta_dot*an_unit, axis=1)
    an_unit_dot = ratio(an_delta_dot, an_distance[:, None], 0.0) - an_unit*ratio(an_distance_dot0[:, None], an_distance[:, None], 0.0)
    an_square_dot0 = np.sum(2.0*an_delta*an_delta_dot, axis=1)
    lead_dot = ap_distance_dot0 - an_distance_dot0
    square_lead_dot = ap_square_dot0 - an_square_dot0
    excess_dot = square_lead_dot*np.where((squared == 0.0), 0.0, 1.0) + lead_dot*np.where((squared == 0.0), 1.0, 0.0)
    pull_dot = back*excess_dot*pull
    excess_bar_dot = pull_dot*smooth_bar
    square_lead_bar_dot = excess_bar_dot*np.where((squared == 0.0), 0.0, 1.0)
    lead_bar_dot = excess_bar_dot*np.where((squared == 0.0), 1.0, 0.0)
    an_square_bar_dot = -square_lead_bar_dot
    an_distance_bar_dot = -lead_bar_dot
    an_delta_bar_dot = 2.0*an_square_bar_dot[:, None]*an_delta + 2.0*an_square_bar[:, None]*an_delta_dot + an_distance_bar[:, None]*an_unit_dot + an_distance_bar_dot[:, None]*an_unit
    ap_delta_bar_dot = 2.0*square_lead_bar_dot[:, None]*ap_delta + 2.0*square_lead_bar[:, None]*ap_delta_dot + lead_bar_dot[:, None]*ap_unit + lead_bar[:, None]*ap_unit_dot
    anchor_bar_dot = an_delta_bar_dot + ap_delta_bar_dot
    positive_bar_dot = -ap_delta_bar_dot
    negative_bar_dot = -an_delta_bar_dot
    return anchor_bar_dot, positive_bar_dot, negative_bar_dot


def trace(anchor, positive, negative, loss_bar, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    ap_delta = anchor - positive + eps_difference  # differences
    ap_square = np.sum(ap_delta*ap_delta, axis=1)  # squared distance
    ap_distance = np.sqrt(ap_square)
    ap_unit = ratio(ap_delta, ap_distance[:, None], 0.0)  # 0 where both coincide
    an_delta = anchor - negative + eps_difference  # differences
    an_square = np.sum(an_delta*an_delta, axis=1)  # squared distance
    an_distance = np.sqrt(an_square)
    an_unit = ratio(an_delta, an_distance[:, None], 0.0)  # 0 where both coincide
    lead = ap_distance - an_distance + margin  # above 0: missed
    square_lead = ap_square - an_square + margin  # above 0: missed
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    smooth = np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    pull = np.where((excess >= 0.0), most, left*most)  # its slope
    back = np.where((excess >= 0.0), left*most, most)  # 1 less that
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    square_lead_bar = np.where((squared == 0.0), 0.0, excess_bar)
    lead_bar = np.where((squared == 0.0), excess_bar, 0.0)
    an_distance_bar = -lead_bar
    an_square_bar = -square_lead_bar
    an_delta_bar = 2.0*an_square_bar[:, None]*an_delta + an_distance_bar[:, None]*an_unit
    ap_distance_bar = lead_bar
    ap_square_bar = square_lead_bar
    ap_delta_bar = 2.0*ap_square_bar[:, None]*ap_delta + ap_distance_bar[:, None]*ap_unit
    anchor_bar = an_delta_bar + ap_delta_bar
    positive_bar = -ap_delta_bar
    negative_bar = -an_delta_bar
    return {
        "ap_delta": ap_delta,
        "ap_square": ap_square,
        "ap_distance": ap_distance,
        "ap_unit": ap_unit,
        "an_delta": an_delta,
        "an_square": an_square,
        "an_distance": an_distance,
        "an_unit": an_unit,
        "lead": lead,
        "square_lead": square_lead,
        "excess": excess,
        "left": left,
        "smooth": smooth,
        "most": most,
        "pull": pull,
        "back": back,
        "hinge": hinge,
        "loss": loss,
        "hinge_bar": hinge_bar,
        "smooth_bar": smooth_bar,
        "excess_bar": excess_bar,
        "square_lead_bar": square_lead_bar,
        "lead_bar": lead_bar,
        "an_distance_bar": an_distance_bar,
        "an_square_bar": an_square_bar,
        "an_delta_bar": an_delta_bar,
        "ap_distance_bar": ap_distance_bar,
        "ap_square_bar": ap_square_bar,
        "ap_delta_bar": ap_delta_bar,
        "anchor_bar": anchor_bar,
        "positive_bar": positive_bar,
        "negative_bar": negative_bar,
    }
