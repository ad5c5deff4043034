"""Triplet loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = f(d_ap - d_an + margin),  f(x) = max(x, 0), or log(1 + exp(x))
    d_ap = |anchor - positive + eps|^2, or |anchor - positive + eps|, by the 2-norm or the 1-norm
    d_an likewise of anchor - negative, or the smaller one of that and d_pn, of positive - negative

Subgradients
    0 by a distance where two vectors coincide, and where the margin is just kept; half of
    either where the negative is as far from the positive as from the anchor, if they may be
    swapped.

Constants
    margin: by how much the negative is to be farther away (default 0.2)
    margin_lo: what margin lacks (default 0.0)
    eps_difference: added to every difference (default 0.0)
    eps_difference_lo: what eps_difference lacks (default 0.0)
    swap: 1: the negative's distance from the positive is taken where smaller (default 0.0)
    squared: 1: distances are squared (default 1.0)
    eps_sum: added to every sum of squares (default 0.0)
    root_eps_sum: sqrt(eps_sum), rounded (default 0.0)
    root_eps_sum_lo: what root_eps_sum lacks (default 0.0)
    soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)

Source
    Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
    Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa,
    Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016.
"""

import numpy as np

CONSTANTS = ("margin", "margin_lo", "eps_difference", "eps_difference_lo", "swap", "squared", "eps_sum", "root_eps_sum", "root_eps_sum_lo", "soft",)


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


def value(anchor, positive, negative, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return loss, one an item."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    pn_ahead = positive - negative
    pn_near = pn_ahead + eps_difference
    pn_slip = two_diff_error(positive, negative) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    pn_delta = pn_near + pn_slip  # differences
    ap_widest = np.max(np.abs(ap_delta), axis=1)
    ap_top = np.maximum(root_eps_sum, ap_widest)  # largest difference
    ap_tame = np.where(((ap_top > 8.673617379884035e-19) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    ap_inverse = np.where((ap_tame > 0.0), ratio(1.0, ap_top, 0.0), 0.0)  # of few digits
    ap_part = ratio(ap_delta, ap_top[:, None], 0.0)  # from -1 to 1
    ap_product = ap_part*ap_top[:, None]
    ap_behind = ap_delta - ap_product
    ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top[:, None])
    ap_rest = weighted(ap_inverse[:, None], ap_left)  # what the part lacks
    ap_extra = ratio(root_eps_sum, ap_top, 0.0)  # as of one more coordinate
    ap_extra_product = ap_extra*ap_top
    ap_extra_behind = -ap_extra_product + root_eps_sum
    ap_extra_rest = weighted(ap_inverse, ap_extra_behind - two_prod_error(ap_extra, ap_top) + root_eps_sum_lo)
    ap_power = ap_part*ap_part
    ap_spill = two_sum_error(2.0*D, ap_power)
    ap_grain = ap_power - ap_spill  # a multiple of one number
    ap_extra_power = ap_extra*ap_extra
    ap_extra_spill = two_sum_error(2.0*D, ap_extra_power)
    ap_extra_grain = ap_extra_power - ap_extra_spill
    ap_extra_dust = 2.0*ap_extra*ap_extra_rest + two_prod_error(ap_extra, ap_extra) + ap_extra_spill
    ap_coarse_sum = np.sum(ap_grain, axis=1)
    ap_coarse = ap_coarse_sum + ap_extra_grain  # exact in any order
    ap_fine_sum = np.sum(2.0*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill, axis=1)
    ap_fine = ap_extra_dust + ap_fine_sum  # of the squares, what is left
    ap_squares = ap_coarse + ap_fine
    ap_squares_lo = two_sum_error(ap_coarse, ap_fine)
    ap_root = np.sqrt(ap_squares)
    ap_again = ap_root*ap_root
    ap_short_by = ap_coarse - ap_again
    ap_steep = ratio(1.0, ap_root, 0.0)  # 0 where all numbers are
    ap_root_lo = 0.5*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep  # what the root lacks
    ap_length = ap_root*ap_top
    ap_length_lo = np.where((ap_tame > 0.0), ap_root_lo*ap_top + two_prod_error(ap_top, ap_root), 0.0)  # what the length lacks
    ap_wide = ap_squares*ap_top
    ap_big = ap_wide*ap_top  # squared distance, rounded
    ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares)
    ap_big_lo = np.where((ap_tame > 0.0), ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide), 0.0)  # what it lacks
    an_widest = np.max(np.abs(an_delta), axis=1)
    an_top = np.maximum(root_eps_sum, an_widest)  # largest difference
    an_tame = np.where(((an_top > 8.673617379884035e-19) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    an_inverse = np.where((an_tame > 0.0), ratio(1.0, an_top, 0.0), 0.0)  # of few digits
    an_part = ratio(an_delta, an_top[:, None], 0.0)  # from -1 to 1
    an_product = an_part*an_top[:, None]
    an_behind = an_delta - an_product
    an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top[:, None])
    an_rest = weighted(an_inverse[:, None], an_left)  # what the part lacks
    an_extra = ratio(root_eps_sum, an_top, 0.0)  # as of one more coordinate
    an_extra_product = an_extra*an_top
    an_extra_behind = -an_extra_product + root_eps_sum
    an_extra_rest = weighted(an_inverse, an_extra_behind - two_prod_error(an_extra, an_top) + root_eps_sum_lo)
    an_power = an_part*an_part
    an_spill = two_sum_error(2.0*D, an_power)
    an_grain = an_power - an_spill  # a multiple of one number
    an_extra_power = an_extra*an_extra
    an_extra_spill = two_sum_error(2.0*D, an_extra_power)
    an_extra_grain = an_extra_power - an_extra_spill
    an_extra_dust = 2.0*an_extra*an_extra_rest + two_prod_error(an_extra, an_extra) + an_extra_spill
    an_coarse_sum = np.sum(an_grain, axis=1)
    an_coarse = an_coarse_sum + an_extra_grain  # exact in any order
    an_fine_sum = np.sum(2.0*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill, axis=1)
    an_fine = an_extra_dust + an_fine_sum  # of the squares, what is left
    an_squares = an_coarse + an_fine
    an_squares_lo = two_sum_error(an_coarse, an_fine)
    an_root = np.sqrt(an_squares)
    an_again = an_root*an_root
    an_short_by = an_coarse - an_again
    an_steep = ratio(1.0, an_root, 0.0)  # 0 where all numbers are
    an_root_lo = 0.5*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep  # what the root lacks
    an_length = an_root*an_top
    an_length_lo = np.where((an_tame > 0.0), an_root_lo*an_top + two_prod_error(an_top, an_root), 0.0)  # what the length lacks
    an_wide = an_squares*an_top
    an_big = an_wide*an_top  # squared distance, rounded
    an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares)
    an_big_lo = np.where((an_tame > 0.0), an_wide_lo*an_top + two_prod_error(an_top, an_wide), 0.0)  # what it lacks
    pn_widest = np.max(np.abs(pn_delta), axis=1)
    pn_top = np.maximum(root_eps_sum, pn_widest)  # largest difference
    pn_tame = np.where(((pn_top > 8.673617379884035e-19) & (pn_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    pn_inverse = np.where((pn_tame > 0.0), ratio(1.0, pn_top, 0.0), 0.0)  # of few digits
    pn_part = ratio(pn_delta, pn_top[:, None], 0.0)  # from -1 to 1
    pn_product = pn_part*pn_top[:, None]
    pn_behind = pn_delta - pn_product
    pn_left = two_sum_error(pn_near, pn_slip) + pn_behind - two_prod_error(pn_part, pn_top[:, None])
    pn_rest = weighted(pn_inverse[:, None], pn_left)  # what the part lacks
    pn_extra = ratio(root_eps_sum, pn_top, 0.0)  # as of one more coordinate
    pn_extra_product = pn_extra*pn_top
    pn_extra_behind = -pn_extra_product + root_eps_sum
    pn_extra_rest = weighted(pn_inverse, pn_extra_behind - two_prod_error(pn_extra, pn_top) + root_eps_sum_lo)
    pn_power = pn_part*pn_part
    pn_spill = two_sum_error(2.0*D, pn_power)
    pn_grain = pn_power - pn_spill  # a multiple of one number
    pn_extra_power = pn_extra*pn_extra
    pn_extra_spill = two_sum_error(2.0*D, pn_extra_power)
    pn_extra_grain = pn_extra_power - pn_extra_spill
    pn_extra_dust = 2.0*pn_extra*pn_extra_rest + two_prod_error(pn_extra, pn_extra) + pn_extra_spill
    pn_coarse_sum = np.sum(pn_grain, axis=1)
    pn_coarse = pn_coarse_sum + pn_extra_grain  # exact in any order
    pn_fine_sum = np.sum(2.0*pn_part*pn_rest + two_prod_error(pn_part, pn_part) + pn_spill, axis=1)
    pn_fine = pn_extra_dust + pn_fine_sum  # of the squares, what is left
    pn_squares = pn_coarse + pn_fine
    pn_squares_lo = two_sum_error(pn_coarse, pn_fine)
    pn_root = np.sqrt(pn_squares)
    pn_again = pn_root*pn_root
    pn_short_by = pn_coarse - pn_again
    pn_steep = ratio(1.0, pn_root, 0.0)  # 0 where all numbers are
    pn_root_lo = 0.5*(pn_fine + pn_short_by - two_prod_error(pn_root, pn_root))*pn_steep  # what the root lacks
    pn_length = pn_root*pn_top
    pn_length_lo = np.where((pn_tame > 0.0), pn_root_lo*pn_top + two_prod_error(pn_top, pn_root), 0.0)  # what the length lacks
    pn_wide = pn_squares*pn_top
    pn_big = pn_wide*pn_top  # squared distance, rounded
    pn_wide_lo = pn_squares_lo*pn_top + two_prod_error(pn_top, pn_squares)
    pn_big_lo = np.where((pn_tame > 0.0), pn_wide_lo*pn_top + two_prod_error(pn_top, pn_wide), 0.0)  # what it lacks
    sooner_hi = pn_length - an_length
    sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo
    sooner = sooner_hi + sooner_lo  # above 0: as given
    own = np.where((swap == 0.0), 1.0, np.heaviside(sooner, 0.5))  # share of the anchor's distance
    far_length = np.where((swap == 0.0), an_length, np.where((own > 0.0), an_length, pn_length))
    far_length_lo = np.where((swap == 0.0), an_length_lo, np.where((own > 0.0), an_length_lo, pn_length_lo))
    far_big = np.where((swap == 0.0), an_big, np.where((own > 0.0), an_big, pn_big))
    far_big_lo = np.where((swap == 0.0), an_big_lo, np.where((own > 0.0), an_big_lo, pn_big_lo))
    lead_ahead = ap_length - far_length
    lead_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo
    lead_hi = lead_ahead + margin
    lead_lo = two_sum_error(lead_ahead, margin) + lead_rest + margin_lo  # rounding errors
    lead = lead_hi + lead_lo  # above 0: the margin is missed
    lead_lost = two_sum_error(lead_hi, lead_lo)
    square_lead_ahead = ap_big - far_big
    square_lead_rest = two_diff_error(ap_big, far_big) + ap_big_lo - far_big_lo
    square_lead_hi = square_lead_ahead + margin
    square_lead_lo = two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo  # rounding errors
    square_lead = square_lead_hi + square_lead_lo  # above 0: the margin is missed
    square_lead_lost = two_sum_error(square_lead_hi, square_lead_lo)
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    rough_pull = np.where((excess >= 0.0), most, left*most)
    smooth = rough_pull*np.where((squared == 0.0), lead_lost, square_lead_lost) + np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    return loss


def grad(anchor, positive, negative, loss_bar, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return loss, then its derivative by every column times loss_bar."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    pn_ahead = positive - negative
    pn_near = pn_ahead + eps_difference
    pn_slip = two_diff_error(positive, negative) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    pn_delta = pn_near + pn_slip  # differences
    ap_widest = np.max(np.abs(ap_delta), axis=1)
    ap_top = np.maximum(root_eps_sum, ap_widest)  # largest difference
    ap_tame = np.where(((ap_top > 8.673617379884035e-19) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    ap_inverse = np.where((ap_tame > 0.0), ratio(1.0, ap_top, 0.0), 0.0)  # of few digits
    ap_part = ratio(ap_delta, ap_top[:, None], 0.0)  # from -1 to 1
    ap_product = ap_part*ap_top[:, None]
    ap_behind = ap_delta - ap_product
    ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top[:, None])
    ap_rest = weighted(ap_inverse[:, None], ap_left)  # what the part lacks
    ap_extra = ratio(root_eps_sum, ap_top, 0.0)  # as of one more coordinate
    ap_extra_product = ap_extra*ap_top
    ap_extra_behind = -ap_extra_product + root_eps_sum
    ap_extra_rest = weighted(ap_inverse, ap_extra_behind - two_prod_error(ap_extra, ap_top) + root_eps_sum_lo)
    ap_power = ap_part*ap_part
    ap_spill = two_sum_error(2.0*D, ap_power)
    ap_grain = ap_power - ap_spill  # a multiple of one number
    ap_extra_power = ap_extra*ap_extra
    ap_extra_spill = two_sum_error(2.0*D, ap_extra_power)
    ap_extra_grain = ap_extra_power - ap_extra_spill
    ap_extra_dust = 2.0*ap_extra*ap_extra_rest + two_prod_error(ap_extra, ap_extra) + ap_extra_spill
    ap_coarse_sum = np.sum(ap_grain, axis=1)
    ap_coarse = ap_coarse_sum + ap_extra_grain  # exact in any order
    ap_fine_sum = np.sum(2.0*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill, axis=1)
    ap_fine = ap_extra_dust + ap_fine_sum  # of the squares, what is left
    ap_squares = ap_coarse + ap_fine
    ap_squares_lo = two_sum_error(ap_coarse, ap_fine)
    ap_root = np.sqrt(ap_squares)
    ap_again = ap_root*ap_root
    ap_short_by = ap_coarse - ap_again
    ap_steep = ratio(1.0, ap_root, 0.0)  # 0 where all numbers are
    ap_root_lo = 0.5*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep  # what the root lacks
    ap_length = ap_root*ap_top
    ap_length_lo = np.where((ap_tame > 0.0), ap_root_lo*ap_top + two_prod_error(ap_top, ap_root), 0.0)  # what the length lacks
    ap_distance = ap_length + ap_length_lo
    ap_wide = ap_squares*ap_top
    ap_big = ap_wide*ap_top  # squared distance, rounded
    ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares)
    ap_big_lo = np.where((ap_tame > 0.0), ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide), 0.0)  # what it lacks
    ap_unit = ap_steep[:, None]*ap_part  # 0 where both coincide
    an_widest = np.max(np.abs(an_delta), axis=1)
    an_top = np.maximum(root_eps_sum, an_widest)  # largest difference
    an_tame = np.where(((an_top > 8.673617379884035e-19) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    an_inverse = np.where((an_tame > 0.0), ratio(1.0, an_top, 0.0), 0.0)  # of few digits
    an_part = ratio(an_delta, an_top[:, None], 0.0)  # from -1 to 1
    an_product = an_part*an_top[:, None]
    an_behind = an_delta - an_product
    an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top[:, None])
    an_rest = weighted(an_inverse[:, None], an_left)  # what the part lacks
    an_extra = ratio(root_eps_sum, an_top, 0.0)  # as of one more coordinate
    an_extra_product = an_extra*an_top
    an_extra_behind = -an_extra_product + root_eps_sum
    an_extra_rest = weighted(an_inverse, an_extra_behind - two_prod_error(an_extra, an_top) + root_eps_sum_lo)
    an_power = an_part*an_part
    an_spill = two_sum_error(2.0*D, an_power)
    an_grain = an_power - an_spill  # a multiple of one number
    an_extra_power = an_extra*an_extra
    an_extra_spill = two_sum_error(2.0*D, an_extra_power)
    an_extra_grain = an_extra_power - an_extra_spill
    an_extra_dust = 2.0*an_extra*an_extra_rest + two_prod_error(an_extra, an_extra) + an_extra_spill
    an_coarse_sum = np.sum(an_grain, axis=1)
    an_coarse = an_coarse_sum + an_extra_grain  # exact in any order
    an_fine_sum = np.sum(2.0*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill, axis=1)
    an_fine = an_extra_dust + an_fine_sum  # of the squares, what is left
    an_squares = an_coarse + an_fine
    an_squares_lo = two_sum_error(an_coarse, an_fine)
    an_root = np.sqrt(an_squares)
    an_again = an_root*an_root
    an_short_by = an_coarse - an_again
    an_steep = ratio(1.0, an_root, 0.0)  # 0 where all numbers are
    an_root_lo = 0.5*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep  # what the root lacks
    an_length = an_root*an_top
    an_length_lo = np.where((an_tame > 0.0), an_root_lo*an_top + two_prod_error(an_top, an_root), 0.0)  # what the length lacks
    an_distance = an_length + an_length_lo
    an_wide = an_squares*an_top
    an_big = an_wide*an_top  # squared distance, rounded
    an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares)
    an_big_lo = np.where((an_tame > 0.0), an_wide_lo*an_top + two_prod_error(an_top, an_wide), 0.0)  # what it lacks
    an_unit = an_steep[:, None]*an_part  # 0 where both coincide
    pn_widest = np.max(np.abs(pn_delta), axis=1)
    pn_top = np.maximum(root_eps_sum, pn_widest)  # largest difference
    pn_tame = np.where(((pn_top > 8.673617379884035e-19) & (pn_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    pn_inverse = np.where((pn_tame > 0.0), ratio(1.0, pn_top, 0.0), 0.0)  # of few digits
    pn_part = ratio(pn_delta, pn_top[:, None], 0.0)  # from -1 to 1
    pn_product = pn_part*pn_top[:, None]
    pn_behind = pn_delta - pn_product
    pn_left = two_sum_error(pn_near, pn_slip) + pn_behind - two_prod_error(pn_part, pn_top[:, None])
    pn_rest = weighted(pn_inverse[:, None], pn_left)  # what the part lacks
    pn_extra = ratio(root_eps_sum, pn_top, 0.0)  # as of one more coordinate
    pn_extra_product = pn_extra*pn_top
    pn_extra_behind = -pn_extra_product + root_eps_sum
    pn_extra_rest = weighted(pn_inverse, pn_extra_behind - two_prod_error(pn_extra, pn_top) + root_eps_sum_lo)
    pn_power = pn_part*pn_part
    pn_spill = two_sum_error(2.0*D, pn_power)
    pn_grain = pn_power - pn_spill  # a multiple of one number
    pn_extra_power = pn_extra*pn_extra
    pn_extra_spill = two_sum_error(2.0*D, pn_extra_power)
    pn_extra_grain = pn_extra_power - pn_extra_spill
    pn_extra_dust = 2.0*pn_extra*pn_extra_rest + two_prod_error(pn_extra, pn_extra) + pn_extra_spill
    pn_coarse_sum = np.sum(pn_grain, axis=1)
    pn_coarse = pn_coarse_sum + pn_extra_grain  # exact in any order
    pn_fine_sum = np.sum(2.0*pn_part*pn_rest + two_prod_error(pn_part, pn_part) + pn_spill, axis=1)
    pn_fine = pn_extra_dust + pn_fine_sum  # of the squares, what is left
    pn_squares = pn_coarse + pn_fine
    pn_squares_lo = two_sum_error(pn_coarse, pn_fine)
    pn_root = np.sqrt(pn_squares)
    pn_again = pn_root*pn_root
    pn_short_by = pn_coarse - pn_again
    pn_steep = ratio(1.0, pn_root, 0.0)  # 0 where all numbers are
    pn_root_lo = 0.5*(pn_fine + pn_short_by - two_prod_error(pn_root, pn_root))*pn_steep  # what the root lacks
    pn_length = pn_root*pn_top
    pn_length_lo = np.where((pn_tame > 0.0), pn_root_lo*pn_top + two_prod_error(pn_top, pn_root), 0.0)  # what the length lacks
    pn_distance = pn_length + pn_length_lo
    pn_wide = pn_squares*pn_top
    pn_big = pn_wide*pn_top  # squared distance, rounded
    pn_wide_lo = pn_squares_lo*pn_top + two_prod_error(pn_top, pn_squares)
    pn_big_lo = np.where((pn_tame > 0.0), pn_wide_lo*pn_top + two_prod_error(pn_top, pn_wide), 0.0)  # what it lacks
    pn_unit = pn_steep[:, None]*pn_part  # 0 where both coincide
    sooner_hi = pn_length - an_length
    sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo
    sooner = sooner_hi + sooner_lo  # above 0: as given
    own = np.where((swap == 0.0), 1.0, np.heaviside(sooner, 0.5))  # share of the anchor's distance
    far_length = np.where((swap == 0.0), an_length, np.where((own > 0.0), an_length, pn_length))
    far_length_lo = np.where((swap == 0.0), an_length_lo, np.where((own > 0.0), an_length_lo, pn_length_lo))
    far_big = np.where((swap == 0.0), an_big, np.where((own > 0.0), an_big, pn_big))
    far_big_lo = np.where((swap == 0.0), an_big_lo, np.where((own > 0.0), an_big_lo, pn_big_lo))
    lead_ahead = ap_length - far_length
    lead_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo
    lead_hi = lead_ahead + margin
    lead_lo = two_sum_error(lead_ahead, margin) + lead_rest + margin_lo  # rounding errors
    lead = lead_hi + lead_lo  # above 0: the margin is missed
    lead_lost = two_sum_error(lead_hi, lead_lo)
    square_lead_ahead = ap_big - far_big
    square_lead_rest = two_diff_error(ap_big, far_big) + ap_big_lo - far_big_lo
    square_lead_hi = square_lead_ahead + margin
    square_lead_lo = two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo  # rounding errors
    square_lead = square_lead_hi + square_lead_lo  # above 0: the margin is missed
    square_lead_lost = two_sum_error(square_lead_hi, square_lead_lo)
    gap = negative - positive
    sway = an_delta + eps_difference + eps_difference_lo
    by_anchor = 2.0*np.where((swap == 0.0), gap, (1.0 - own[:, None])*ap_delta + own[:, None]*gap)
    by_positive = -(2.0*np.where((swap == 0.0), ap_delta, (1.0 - own[:, None])*sway + own[:, None]*ap_delta))
    by_negative = 2.0*np.where((swap == 0.0), an_delta, (1.0 - own[:, None])*pn_delta + own[:, None]*an_delta)
    turn_more_hi = ap_length - an_length
    turn_more_lo = two_diff_error(ap_length, an_length) + ap_length_lo - an_length_lo
    turn_more = turn_more_hi + turn_more_lo  # of the near distance
    turn_over = np.where((turn_more > 0.0), ap_distance, an_distance)
    turn = ratio(gap - turn_more[:, None]*np.where((turn_more[:, None] > 0.0), an_unit, ap_unit), turn_over[:, None], 0.0)  # of unit vectors
    back_turn_more_hi = ap_length - pn_length
    back_turn_more_lo = two_diff_error(ap_length, pn_length) + ap_length_lo - pn_length_lo
    back_turn_more = back_turn_more_hi + back_turn_more_lo  # of the near distance
    back_turn_over = np.where((back_turn_more > 0.0), ap_distance, pn_distance)
    back_turn = ratio(sway - back_turn_more[:, None]*np.where((back_turn_more[:, None] > 0.0), -pn_unit, ap_unit), back_turn_over[:, None], 0.0)  # of unit vectors
    unit_by_anchor = np.where((swap == 0.0), turn, (1.0 - own[:, None])*ap_unit + own[:, None]*turn)
    unit_by_positive = -np.where((swap == 0.0), ap_unit, (1.0 - own[:, None])*back_turn + own[:, None]*ap_unit)
    unit_by_negative = np.where((swap == 0.0), an_unit, (1.0 - own[:, None])*pn_unit + own[:, None]*an_unit)
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    rough_pull = np.where((excess >= 0.0), most, left*most)
    rough_back = np.where((excess >= 0.0), left*most, most)
    smooth = rough_pull*np.where((squared == 0.0), lead_lost, square_lead_lost) + np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    bend = rough_back*rough_pull
    pull = bend*np.where((squared == 0.0), lead_lost, square_lead_lost) + rough_pull  # its slope
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    square_lead_bar = np.where((squared == 0.0), 0.0, excess_bar)
    lead_bar = np.where((squared == 0.0), excess_bar, 0.0)
    anchor_bar = square_lead_bar[:, None]*by_anchor + lead_bar[:, None]*unit_by_anchor
    positive_bar = square_lead_bar[:, None]*by_positive + lead_bar[:, None]*unit_by_positive
    negative_bar = square_lead_bar[:, None]*by_negative + lead_bar[:, None]*unit_by_negative
    return loss, anchor_bar, positive_bar, negative_bar


def hvp(anchor, positive, negative, loss_bar, anchor_dot, positive_dot, negative_dot, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return the derivative of the gradient along the `_dot` columns."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    pn_ahead = positive - negative
    pn_near = pn_ahead + eps_difference
    pn_slip = two_diff_error(positive, negative) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    pn_delta = pn_near + pn_slip  # differences
    ap_widest = np.max(np.abs(ap_delta), axis=1)
    ap_top = np.maximum(root_eps_sum, ap_widest)  # largest difference
    ap_tame = np.where(((ap_top > 8.673617379884035e-19) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    ap_inverse = np.where((ap_tame > 0.0), ratio(1.0, ap_top, 0.0), 0.0)  # of few digits
    ap_part = ratio(ap_delta, ap_top[:, None], 0.0)  # from -1 to 1
    ap_product = ap_part*ap_top[:, None]
    ap_behind = ap_delta - ap_product
    ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top[:, None])
    ap_rest = weighted(ap_inverse[:, None], ap_left)  # what the part lacks
    ap_extra = ratio(root_eps_sum, ap_top, 0.0)  # as of one more coordinate
    ap_extra_product = ap_extra*ap_top
    ap_extra_behind = -ap_extra_product + root_eps_sum
    ap_extra_rest = weighted(ap_inverse, ap_extra_behind - two_prod_error(ap_extra, ap_top) + root_eps_sum_lo)
    ap_power = ap_part*ap_part
    ap_spill = two_sum_error(2.0*D, ap_power)
    ap_grain = ap_power - ap_spill  # a multiple of one number
    ap_extra_power = ap_extra*ap_extra
    ap_extra_spill = two_sum_error(2.0*D, ap_extra_power)
    ap_extra_grain = ap_extra_power - ap_extra_spill
    ap_extra_dust = 2.0*ap_extra*ap_extra_rest + two_prod_error(ap_extra, ap_extra) + ap_extra_spill
    ap_coarse_sum = np.sum(ap_grain, axis=1)
    ap_coarse = ap_coarse_sum + ap_extra_grain  # exact in any order
    ap_fine_sum = np.sum(2.0*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill, axis=1)
    ap_fine = ap_extra_dust + ap_fine_sum  # of the squares, what is left
    ap_squares = ap_coarse + ap_fine
    ap_squares_lo = two_sum_error(ap_coarse, ap_fine)
    ap_root = np.sqrt(ap_squares)
    ap_again = ap_root*ap_root
    ap_short_by = ap_coarse - ap_again
    ap_steep = ratio(1.0, ap_root, 0.0)  # 0 where all numbers are
    ap_root_lo = 0.5*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep  # what the root lacks
    ap_length = ap_root*ap_top
    ap_length_lo = np.where((ap_tame > 0.0), ap_root_lo*ap_top + two_prod_error(ap_top, ap_root), 0.0)  # what the length lacks
    ap_distance = ap_length + ap_length_lo
    ap_wide = ap_squares*ap_top
    ap_big = ap_wide*ap_top  # squared distance, rounded
    ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares)
    ap_big_lo = np.where((ap_tame > 0.0), ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide), 0.0)  # what it lacks
    ap_unit = ap_steep[:, None]*ap_part  # 0 where both coincide
    an_widest = np.max(np.abs(an_delta), axis=1)
    an_top = np.maximum(root_eps_sum, an_widest)  # largest difference
    an_tame = np.where(((an_top > 8.673617379884035e-19) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    an_inverse = np.where((an_tame > 0.0), ratio(1.0, an_top, 0.0), 0.0)  # of few digits
    an_part = ratio(an_delta, an_top[:, None], 0.0)  # from -1 to 1
    an_product = an_part*an_top[:, None]
    an_behind = an_delta - an_product
    an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top[:, None])
    an_rest = weighted(an_inverse[:, None], an_left)  # what the part lacks
    an_extra = ratio(root_eps_sum, an_top, 0.0)  # as of one more coordinate
    an_extra_product = an_extra*an_top
    an_extra_behind = -an_extra_product + root_eps_sum
    an_extra_rest = weighted(an_inverse, an_extra_behind - two_prod_error(an_extra, an_top) + root_eps_sum_lo)
    an_power = an_part*an_part
    an_spill = two_sum_error(2.0*D, an_power)
    an_grain = an_power - an_spill  # a multiple of one number
    an_extra_power = an_extra*an_extra
    an_extra_spill = two_sum_error(2.0*D, an_extra_power)
    an_extra_grain = an_extra_power - an_extra_spill
    an_extra_dust = 2.0*an_extra*an_extra_rest + two_prod_error(an_extra, an_extra) + an_extra_spill
    an_coarse_sum = np.sum(an_grain, axis=1)
    an_coarse = an_coarse_sum + an_extra_grain  # exact in any order
    an_fine_sum = np.sum(2.0*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill, axis=1)
    an_fine = an_extra_dust + an_fine_sum  # of the squares, what is left
    an_squares = an_coarse + an_fine
    an_squares_lo = two_sum_error(an_coarse, an_fine)
    an_root = np.sqrt(an_squares)
    an_again = an_root*an_root
    an_short_by = an_coarse - an_again
    an_steep = ratio(1.0, an_root, 0.0)  # 0 where all numbers are
    an_root_lo = 0.5*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep  # what the root lacks
    an_length = an_root*an_top
    an_length_lo = np.where((an_tame > 0.0), an_root_lo*an_top + two_prod_error(an_top, an_root), 0.0)  # what the length lacks
    an_distance = an_length + an_length_lo
    an_wide = an_squares*an_top
    an_big = an_wide*an_top  # squared distance, rounded
    an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares)
    an_big_lo = np.where((an_tame > 0.0), an_wide_lo*an_top + two_prod_error(an_top, an_wide), 0.0)  # what it lacks
    an_unit = an_steep[:, None]*an_part  # 0 where both coincide
    pn_widest = np.max(np.abs(pn_delta), axis=1)
    pn_top = np.maximum(root_eps_sum, pn_widest)  # largest difference
    pn_tame = np.where(((pn_top > 8.673617379884035e-19) & (pn_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    pn_inverse = np.where((pn_tame > 0.0), ratio(1.0, pn_top, 0.0), 0.0)  # of few digits
    pn_part = ratio(pn_delta, pn_top[:, None], 0.0)  # from -1 to 1
    pn_product = pn_part*pn_top[:, None]
    pn_behind = pn_delta - pn_product
    pn_left = two_sum_error(pn_near, pn_slip) + pn_behind - two_prod_error(pn_part, pn_top[:, None])
    pn_rest = weighted(pn_inverse[:, None], pn_left)  # what the part lacks
    pn_extra = ratio(root_eps_sum, pn_top, 0.0)  # as of one more coordinate
    pn_extra_product = pn_extra*pn_top
    pn_extra_behind = -pn_extra_product + root_eps_sum
    pn_extra_rest = weighted(pn_inverse, pn_extra_behind - two_prod_error(pn_extra, pn_top) + root_eps_sum_lo)
    pn_power = pn_part*pn_part
    pn_spill = two_sum_error(2.0*D, pn_power)
    pn_grain = pn_power - pn_spill  # a multiple of one number
    pn_extra_power = pn_extra*pn_extra
    pn_extra_spill = two_sum_error(2.0*D, pn_extra_power)
    pn_extra_grain = pn_extra_power - pn_extra_spill
    pn_extra_dust = 2.0*pn_extra*pn_extra_rest + two_prod_error(pn_extra, pn_extra) + pn_extra_spill
    pn_coarse_sum = np.sum(pn_grain, axis=1)
    pn_coarse = pn_coarse_sum + pn_extra_grain  # exact in any order
    pn_fine_sum = np.sum(2.0*pn_part*pn_rest + two_prod_error(pn_part, pn_part) + pn_spill, axis=1)
    pn_fine = pn_extra_dust + pn_fine_sum  # of the squares, what is left
    pn_squares = pn_coarse + pn_fine
    pn_squares_lo = two_sum_error(pn_coarse, pn_fine)
    pn_root = np.sqrt(pn_squares)
    pn_again = pn_root*pn_root
    pn_short_by = pn_coarse - pn_again
    pn_steep = ratio(1.0, pn_root, 0.0)  # 0 where all numbers are
    pn_root_lo = 0.5*(pn_fine + pn_short_by - two_prod_error(pn_root, pn_root))*pn_steep  # what the root lacks
    pn_length = pn_root*pn_top
    pn_length_lo = np.where((pn_tame > 0.0), pn_root_lo*pn_top + two_prod_error(pn_top, pn_root), 0.0)  # what the length lacks
    pn_distance = pn_length + pn_length_lo
    pn_wide = pn_squares*pn_top
    pn_big = pn_wide*pn_top  # squared distance, rounded
    pn_wide_lo = pn_squares_lo*pn_top + two_prod_error(pn_top, pn_squares)
    pn_big_lo = np.where((pn_tame > 0.0), pn_wide_lo*pn_top + two_prod_error(pn_top, pn_wide), 0.0)  # what it lacks
    pn_unit = pn_steep[:, None]*pn_part  # 0 where both coincide
    sooner_hi = pn_length - an_length
    sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo
    sooner = sooner_hi + sooner_lo  # above 0: as given
    own = np.where((swap == 0.0), 1.0, np.heaviside(sooner, 0.5))  # share of the anchor's distance
    far_length = np.where((swap == 0.0), an_length, np.where((own > 0.0), an_length, pn_length))
    far_length_lo = np.where((swap == 0.0), an_length_lo, np.where((own > 0.0), an_length_lo, pn_length_lo))
    far_big = np.where((swap == 0.0), an_big, np.where((own > 0.0), an_big, pn_big))
    far_big_lo = np.where((swap == 0.0), an_big_lo, np.where((own > 0.0), an_big_lo, pn_big_lo))
    lead_ahead = ap_length - far_length
    lead_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo
    lead_hi = lead_ahead + margin
    lead_lo = two_sum_error(lead_ahead, margin) + lead_rest + margin_lo  # rounding errors
    lead = lead_hi + lead_lo  # above 0: the margin is missed
    lead_lost = two_sum_error(lead_hi, lead_lo)
    square_lead_ahead = ap_big - far_big
    square_lead_rest = two_diff_error(ap_big, far_big) + ap_big_lo - far_big_lo
    square_lead_hi = square_lead_ahead + margin
    square_lead_lo = two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo  # rounding errors
    square_lead = square_lead_hi + square_lead_lo  # above 0: the margin is missed
    square_lead_lost = two_sum_error(square_lead_hi, square_lead_lo)
    gap = negative - positive
    sway = an_delta + eps_difference + eps_difference_lo
    by_anchor = 2.0*np.where((swap == 0.0), gap, (1.0 - own[:, None])*ap_delta + own[:, None]*gap)
    by_positive = -(2.0*np.where((swap == 0.0), ap_delta, (1.0 - own[:, None])*sway + own[:, None]*ap_delta))
    by_negative = 2.0*np.where((swap == 0.0), an_delta, (1.0 - own[:, None])*pn_delta + own[:, None]*an_delta)
    turn_more_hi = ap_length - an_length
    turn_more_lo = two_diff_error(ap_length, an_length) + ap_length_lo - an_length_lo
    turn_more = turn_more_hi + turn_more_lo  # of the near distance
    turn_over = np.where((turn_more > 0.0), ap_distance, an_distance)
    turn = ratio(gap - turn_more[:, None]*np.where((turn_more[:, None] > 0.0), an_unit, ap_unit), turn_over[:, None], 0.0)  # of unit vectors
    back_turn_more_hi = ap_length - pn_length
    back_turn_more_lo = two_diff_error(ap_length, pn_length) + ap_length_lo - pn_length_lo
    back_turn_more = back_turn_more_hi + back_turn_more_lo  # of the near distance
    back_turn_over = np.where((back_turn_more > 0.0), ap_distance, pn_distance)
    back_turn = ratio(sway - back_turn_more[:, None]*np.where((back_turn_more[:, None] > 0.0), -pn_unit, ap_unit), back_turn_over[:, None], 0.0)  # of unit vectors
    unit_by_anchor = np.where((swap == 0.0), turn, (1.0 - own[:, None])*ap_unit + own[:, None]*turn)
    unit_by_positive = -np.where((swap == 0.0), ap_unit, (1.0 - own[:, None])*back_turn + own[:, None]*ap_unit)
    unit_by_negative = np.where((swap == 0.0), an_unit, (1.0 - own[:, None])*pn_unit + own[:, None]*an_unit)
    excess = np.where((squared == 0.0), lead, square_lead)  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    rough_pull = np.where((excess >= 0.0), most, left*most)
    rough_back = np.where((excess >= 0.0), left*most, most)
    bend = rough_back*rough_pull
    pull = bend*np.where((squared == 0.0), lead_lost, square_lead_lost) + rough_pull  # its slope
    back = rough_back - bend*np.where((squared == 0.0), lead_lost, square_lead_lost)  # 1 less that
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    square_lead_bar = np.where((squared == 0.0), 0.0, excess_bar)
    lead_bar = np.where((squared == 0.0), excess_bar, 0.0)
    ap_ahead_dot = anchor_dot - positive_dot
    ap_delta_dot = ap_ahead_dot
    an_ahead_dot = anchor_dot - negative_dot
    an_delta_dot = an_ahead_dot
    pn_ahead_dot = positive_dot - negative_dot
    pn_delta_dot = pn_ahead_dot
    ap_distance_dot0 = np.sum(ap_delta_dot*ap_unit, axis=1)
    ap_unit_dot = ratio(ap_delta_dot, ap_distance[:, None], 0.0) - ap_unit*ratio(ap_distance_dot0[:, None], ap_distance[:, None], 0.0)
    an_distance_dot0 = np.sum(an_delta_dot*an_unit, axis=1)
    an_unit_dot = ratio(an_delta_dot, an_distance[:, None], 0.0) - an_unit*ratio(an_distance_dot0[:, None], an_distance[:, None], 0.0)
    pn_distance_dot0 = np.sum(pn_delta_dot*pn_unit, axis=1)
    pn_unit_dot = ratio(pn_delta_dot, pn_distance[:, None], 0.0) - pn_unit*ratio(pn_distance_dot0[:, None], pn_distance[:, None], 0.0)
    lead_dot0 = np.sum(anchor_dot*unit_by_anchor, axis=1)
    lead_dot1 = np.sum(positive_dot*unit_by_positive, axis=1)
    lead_dot2 = np.sum(negative_dot*unit_by_negative, axis=1)
    lead_dot = lead_dot0 + lead_dot1 + lead_dot2
    square_lead_dot0 = np.sum(anchor_dot*by_anchor, axis=1)
    square_lead_dot1 = np.sum(by_positive*positive_dot, axis=1)
    square_lead_dot2 = np.sum(by_negative*negative_dot, axis=1)
    square_lead_dot = square_lead_dot0 + square_lead_dot1 + square_lead_dot2
    gap_dot = negative_dot - positive_dot
    sway_dot = ap_delta_dot + pn_delta_dot
    by_anchor_dot = 2.0*ap_delta_dot*np.where((swap == 0.0), 0.0, 1.0 - own[:, None]) + 2.0*gap_dot*np.where((swap == 0.0), 1.0, own[:, None])
    by_positive_dot = -2.0*sway_dot*np.where((swap == 0.0), 0.0, 1.0 - own[:, None]) - 2.0*ap_delta_dot*np.where((swap == 0.0), 1.0, own[:, None])
    by_negative_dot = 2.0*pn_delta_dot*np.where((swap == 0.0), 0.0, 1.0 - own[:, None]) + 2.0*an_delta_dot*np.where((swap == 0.0), 1.0, own[:, None])
    turn_dot = ap_unit_dot - an_unit_dot
    back_turn_dot = ap_unit_dot + pn_unit_dot
    unit_by_anchor_dot = ap_unit_dot*np.where((swap == 0.0), 0.0, 1.0 - own[:, None]) + turn_dot*np.where((swap == 0.0), 1.0, own[:, None])
    unit_by_positive_dot = -back_turn_dot*np.where((swap == 0.0), 0.0, 1.0 - own[:, None]) - ap_unit_dot*np.where((swap == 0.0), 1.0, own[:, None])
    unit_by_negative_dot = pn_unit_dot*np.where((swap == 0.0), 0.0, 1.0 - own[:, None]) + an_unit_dot*np.where((swap == 0.0), 1.0, own[:, None])
    excess_dot = square_lead_dot*np.where((squared == 0.0), 0.0, 1.0) + lead_dot*np.where((squared == 0.0), 1.0, 0.0)
    pull_dot = back*excess_dot*pull
    excess_bar_dot = pull_dot*smooth_bar
    square_lead_bar_dot = excess_bar_dot*np.where((squared == 0.0), 0.0, 1.0)
    lead_bar_dot = excess_bar_dot*np.where((squared == 0.0), 1.0, 0.0)
    anchor_bar_dot = square_lead_bar_dot[:, None]*by_anchor + square_lead_bar[:, None]*by_anchor_dot + lead_bar[:, None]*unit_by_anchor_dot + lead_bar_dot[:, None]*unit_by_anchor
    positive_bar_dot = square_lead_bar_dot[:, None]*by_positive + square_lead_bar[:, None]*by_positive_dot + lead_bar[:, None]*unit_by_positive_dot + lead_bar_dot[:, None]*unit_by_positive
    negative_bar_dot = square_lead_bar_dot[:, None]*by_negative + square_lead_bar[:, None]*by_negative_dot + lead_bar[:, None]*unit_by_negative_dot + lead_bar_dot[:, None]*unit_by_negative
    return anchor_bar_dot, positive_bar_dot, negative_bar_dot


def trace(anchor, positive, negative, loss_bar, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return every quantity of the plain program and its adjoint, by name."""
    ap_delta = anchor - positive + eps_difference  # differences
    an_delta = anchor - negative + eps_difference  # differences
    pn_delta = positive - negative + eps_difference  # differences
    ap_square_sum = np.sum(ap_delta*ap_delta, axis=1)
    ap_square = ap_square_sum + eps_sum  # squared distance
    ap_distance = np.sqrt(ap_square)
    ap_unit = ratio(ap_delta, ap_distance[:, None], 0.0)  # 0 where both coincide
    an_square_sum = np.sum(an_delta*an_delta, axis=1)
    an_square = an_square_sum + eps_sum  # squared distance
    an_distance = np.sqrt(an_square)
    an_unit = ratio(an_delta, an_distance[:, None], 0.0)  # 0 where both coincide
    pn_square_sum = np.sum(pn_delta*pn_delta, axis=1)
    pn_square = pn_square_sum + eps_sum  # squared distance
    pn_distance = np.sqrt(pn_square)
    pn_unit = ratio(pn_delta, pn_distance[:, None], 0.0)  # 0 where both coincide
    far_square = np.where((swap == 0.0), an_square, np.minimum(an_square, pn_square))  # of the negative
    far_distance = np.sqrt(far_square)
    lead = ratio(ap_square - far_square, ap_distance + far_distance, 0.0) + margin  # above 0: the margin is missed
    square_lead = ap_square - far_square + margin  # above 0: the margin is missed
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
    far_distance_bar = -lead_bar
    far_square_bar = far_distance_bar*ratio(0.5, far_distance, 0.0) - square_lead_bar
    pn_square_bar = np.where((swap == 0.0), 0.0, far_square_bar*np.heaviside(an_square - pn_square, 0.5))
    pn_square_sum_bar = pn_square_bar
    an_square_bar = np.where((swap == 0.0), far_square_bar, far_square_bar*np.heaviside(pn_square - an_square, 0.5))
    an_square_sum_bar = an_square_bar
    ap_distance_bar = lead_bar
    ap_square_bar = square_lead_bar
    ap_square_sum_bar = ap_square_bar
    pn_delta_bar = 2.0*pn_square_sum_bar[:, None]*pn_delta
    an_delta_bar = 2.0*an_square_sum_bar[:, None]*an_delta
    ap_delta_bar = 2.0*ap_square_sum_bar[:, None]*ap_delta + ap_distance_bar[:, None]*ap_unit
    anchor_bar = an_delta_bar + ap_delta_bar
    positive_bar = pn_delta_bar - ap_delta_bar
    negative_bar = -an_delta_bar - pn_delta_bar
    return {
        "ap_delta": ap_delta,
        "an_delta": an_delta,
        "pn_delta": pn_delta,
        "ap_square_sum": ap_square_sum,
        "ap_square": ap_square,
        "ap_distance": ap_distance,
        "ap_unit": ap_unit,
        "an_square_sum": an_square_sum,
        "an_square": an_square,
        "an_distance": an_distance,
        "an_unit": an_unit,
        "pn_square_sum": pn_square_sum,
        "pn_square": pn_square,
        "pn_distance": pn_distance,
        "pn_unit": pn_unit,
        "far_square": far_square,
        "far_distance": far_distance,
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
        "far_distance_bar": far_distance_bar,
        "far_square_bar": far_square_bar,
        "pn_square_bar": pn_square_bar,
        "pn_square_sum_bar": pn_square_sum_bar,
        "an_square_bar": an_square_bar,
        "an_square_sum_bar": an_square_sum_bar,
        "ap_distance_bar": ap_distance_bar,
        "ap_square_bar": ap_square_bar,
        "ap_square_sum_bar": ap_square_sum_bar,
        "pn_delta_bar": pn_delta_bar,
        "an_delta_bar": an_delta_bar,
        "ap_delta_bar": ap_delta_bar,
        "anchor_bar": anchor_bar,
        "positive_bar": positive_bar,
        "negative_bar": negative_bar,
    }
