"""Contrastive loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
    euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
    normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
    hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
    linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)

Subgradients
    0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink;
    0 where the distance is the margin.

Constants
    different: 1: label 1 says that a pair is of two kinds (default 0.0)
    least_norm: the least length that a vector is divided by (default 0.0)
    least_norm_lo: what least_norm lacks (default 0.0)
    linear: 1: hinges are not squared, on both sides (default 0.0)
    positive_margin: distance up to which a pair of one kind costs nothing (default 0.0)
    positive_margin_lo: what positive_margin lacks (default 0.0)
    margin: distance from which a pair of two kinds costs nothing (default 1.0)
    margin_lo: what margin lacks (default 0.0)
    legacy: 1: the squared distance is hinged, and that not squared (default 0.0)
    factor: factor of the whole (default 0.5)

Source
    Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR
    2006; Chopra, Hadsell, LeCun, CVPR 2005.
"""

import numpy as np

CONSTANTS = ("different", "least_norm", "least_norm_lo", "linear", "positive_margin", "positive_margin_lo", "margin", "margin_lo", "legacy", "factor",)


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


def value(x1, x2, same, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return loss, one an item."""
    D = x1.shape[1]
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    x1_most = np.max(np.abs(x1), axis=1)
    x1_scale0 = np.where((x1_most > 1.3407807929942597e+154), 7.458340731200207e-155, np.where(((x1_most > 0.0) & (x1_most < 7.458340731200207e-155)), 1.3407807929942597e+154, 1.0))  # a power of two
    x1_scale1 = np.where((x1_scale0*x1_most > 1.157920892373162e+77), 8.636168555094445e-78*x1_scale0, np.where(((x1_scale0*x1_most > 0.0) & (x1_scale0*x1_most < 8.636168555094445e-78)), 1.157920892373162e+77*x1_scale0, x1_scale0))  # a power of two
    x1_scale2 = np.where((x1_scale1*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale1, np.where(((x1_scale1*x1_most > 0.0) & (x1_scale1*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale1, x1_scale1))  # a power of two
    x1_scale3 = np.where((x1_scale2*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale2, np.where(((x1_scale2*x1_most > 0.0) & (x1_scale2*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale2, x1_scale2))  # a power of two
    x1_scale4 = np.where((x1_scale3*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale3, np.where(((x1_scale3*x1_most > 0.0) & (x1_scale3*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale3, x1_scale3))  # a power of two
    x1_scale5 = np.where((x1_scale4*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale4, np.where(((x1_scale4*x1_most > 0.0) & (x1_scale4*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale4, x1_scale4))  # a power of two
    x1_even = x1*x1_scale5[:, None]
    x1_top = np.max(np.abs(x1_even), axis=1)  # largest number
    x1_tame = np.where(((x1_top > 8.673617379884035e-19) & (x1_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    x1_inverse = np.where((x1_tame > 0.0), ratio(1.0, x1_top, 0.0), 0.0)  # of few digits
    x1_part = ratio(x1_even, x1_top[:, None], 0.0)  # from -1 to 1
    x1_product = x1_part*x1_top[:, None]
    x1_behind = x1_even - x1_product
    x1_left = x1_behind - two_prod_error(x1_part, x1_top[:, None])
    x1_rest = weighted(x1_inverse[:, None], x1_left)  # what the part lacks
    x1_power = x1_part*x1_part
    x1_spill = two_sum_error(2.0*D, x1_power)
    x1_grain = x1_power - x1_spill  # a multiple of one number
    x1_coarse = np.sum(x1_grain, axis=1)  # exact in any order
    x1_fine = np.sum(2.0*x1_part*x1_rest + two_prod_error(x1_part, x1_part) + x1_spill, axis=1)  # of the squares, what is left
    x1_squares = x1_coarse + x1_fine
    x1_root = np.sqrt(x1_squares)
    x1_again = x1_root*x1_root
    x1_short_by = x1_coarse - x1_again
    x1_steep = ratio(1.0, x1_root, 0.0)  # 0 where all numbers are
    x1_root_lo = 0.5*(x1_fine + x1_short_by - two_prod_error(x1_root, x1_root))*x1_steep  # what the root lacks
    x1_floor = ratio(least_norm*x1_scale5, x1_top, 0.0)  # least length
    x1_floor_back = x1_floor*x1_top
    x1_floor_behind = least_norm*x1_scale5 - x1_floor_back
    x1_floor_lo = np.where((x1_floor < 1.152921504606847e+18), weighted(x1_inverse, least_norm_lo*x1_scale5 + x1_floor_behind - two_prod_error(x1_floor, x1_top)), 0.0)
    x1_short_hi = x1_floor - x1_root
    x1_short_lo = x1_floor_lo - x1_root_lo
    x1_short = x1_short_hi + x1_short_lo  # what the norm lacks to the least length
    x1_some = np.where((x1_top == 0.0), 0.0, 1.0)  # 0: a vector of zeros
    x1_free = np.where((x1_short > 0.0), 0.0, x1_some)  # 0: shorter than what divides
    x1_by = np.where((x1_short > 0.0), x1_floor, x1_root)  # what divides, over the largest number
    x1_by_lo = np.where((x1_short > 0.0), x1_floor_lo, x1_root_lo)  # what divides, over the largest number
    first_hi = ratio(x1_part, x1_by[:, None], 0.0)
    first_back = x1_by[:, None]*first_hi
    first_behind = x1_part - first_back
    first_lo = np.where((x1_by[:, None] < 1.152921504606847e+18), ratio(first_behind + x1_rest - x1_by_lo[:, None]*first_hi - two_prod_error(first_hi, x1_by[:, None]), x1_by[:, None], 0.0), 0.0)  # what the quotient lacks
    x2_most = np.max(np.abs(x2), axis=1)
    x2_scale0 = np.where((x2_most > 1.3407807929942597e+154), 7.458340731200207e-155, np.where(((x2_most > 0.0) & (x2_most < 7.458340731200207e-155)), 1.3407807929942597e+154, 1.0))  # a power of two
    x2_scale1 = np.where((x2_scale0*x2_most > 1.157920892373162e+77), 8.636168555094445e-78*x2_scale0, np.where(((x2_scale0*x2_most > 0.0) & (x2_scale0*x2_most < 8.636168555094445e-78)), 1.157920892373162e+77*x2_scale0, x2_scale0))  # a power of two
    x2_scale2 = np.where((x2_scale1*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale1, np.where(((x2_scale1*x2_most > 0.0) & (x2_scale1*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale1, x2_scale1))  # a power of two
    x2_scale3 = np.where((x2_scale2*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale2, np.where(((x2_scale2*x2_most > 0.0) & (x2_scale2*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale2, x2_scale2))  # a power of two
    x2_scale4 = np.where((x2_scale3*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale3, np.where(((x2_scale3*x2_most > 0.0) & (x2_scale3*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale3, x2_scale3))  # a power of two
    x2_scale5 = np.where((x2_scale4*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale4, np.where(((x2_scale4*x2_most > 0.0) & (x2_scale4*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale4, x2_scale4))  # a power of two
    x2_even = x2*x2_scale5[:, None]
    x2_top = np.max(np.abs(x2_even), axis=1)  # largest number
    x2_tame = np.where(((x2_top > 8.673617379884035e-19) & (x2_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    x2_inverse = np.where((x2_tame > 0.0), ratio(1.0, x2_top, 0.0), 0.0)  # of few digits
    x2_part = ratio(x2_even, x2_top[:, None], 0.0)  # from -1 to 1
    x2_product = x2_part*x2_top[:, None]
    x2_behind = x2_even - x2_product
    x2_left = x2_behind - two_prod_error(x2_part, x2_top[:, None])
    x2_rest = weighted(x2_inverse[:, None], x2_left)  # what the part lacks
    x2_power = x2_part*x2_part
    x2_spill = two_sum_error(2.0*D, x2_power)
    x2_grain = x2_power - x2_spill  # a multiple of one number
    x2_coarse = np.sum(x2_grain, axis=1)  # exact in any order
    x2_fine = np.sum(2.0*x2_part*x2_rest + two_prod_error(x2_part, x2_part) + x2_spill, axis=1)  # of the squares, what is left
    x2_squares = x2_coarse + x2_fine
    x2_root = np.sqrt(x2_squares)
    x2_again = x2_root*x2_root
    x2_short_by = x2_coarse - x2_again
    x2_steep = ratio(1.0, x2_root, 0.0)  # 0 where all numbers are
    x2_root_lo = 0.5*(x2_fine + x2_short_by - two_prod_error(x2_root, x2_root))*x2_steep  # what the root lacks
    x2_floor = ratio(least_norm*x2_scale5, x2_top, 0.0)  # least length
    x2_floor_back = x2_floor*x2_top
    x2_floor_behind = least_norm*x2_scale5 - x2_floor_back
    x2_floor_lo = np.where((x2_floor < 1.152921504606847e+18), weighted(x2_inverse, least_norm_lo*x2_scale5 + x2_floor_behind - two_prod_error(x2_floor, x2_top)), 0.0)
    x2_short_hi = x2_floor - x2_root
    x2_short_lo = x2_floor_lo - x2_root_lo
    x2_short = x2_short_hi + x2_short_lo  # what the norm lacks to the least length
    x2_some = np.where((x2_top == 0.0), 0.0, 1.0)  # 0: a vector of zeros
    x2_free = np.where((x2_short > 0.0), 0.0, x2_some)  # 0: shorter than what divides
    x2_by = np.where((x2_short > 0.0), x2_floor, x2_root)  # what divides, over the largest number
    x2_by_lo = np.where((x2_short > 0.0), x2_floor_lo, x2_root_lo)  # what divides, over the largest number
    second_hi = ratio(x2_part, x2_by[:, None], 0.0)
    second_back = x2_by[:, None]*second_hi
    second_behind = x2_part - second_back
    second_lo = np.where((x2_by[:, None] < 1.152921504606847e+18), ratio(second_behind + x2_rest - x2_by_lo[:, None]*second_hi - two_prod_error(second_hi, x2_by[:, None]), x2_by[:, None], 0.0), 0.0)  # what the quotient lacks
    apart_hi = first_hi - second_hi
    apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo  # rounding errors
    reach = np.max(np.abs(apart_hi), axis=1)  # largest difference, nearly
    close = np.where(((x1_free*x2_free > 0.0) & (x1_tame*x2_tame > 0.0) & (reach < 6.103515625e-05)), 1.0, 0.0)  # 1: by products
    upper = x1_even*x2_top[:, None]
    lower = x2_even*x1_top[:, None]
    gap = upper - lower
    gap_lo = two_prod_error(x2_top[:, None], x1_even) - two_prod_error(x1_top[:, None], x2_even)  # rounding errors
    minor = gap + gap_lo  # 0 of parallel vectors
    tops = x1_top*x2_top
    span = tops*x1_root
    span_lo = x1_root*two_prod_error(x1_top, x2_top) + tops*x1_root_lo + two_prod_error(tops, x1_root)
    tilt_hi = ratio(minor, span[:, None], 0.0)
    tilt_back = span[:, None]*tilt_hi
    tilt_behind = minor - tilt_back
    tilt_lo = ratio(two_sum_error(gap, gap_lo) + tilt_behind - span_lo[:, None]*tilt_hi - two_prod_error(tilt_hi, span[:, None]), span[:, None], 0.0)
    lean = np.sum(second_hi*tilt_hi, axis=1)
    drop = lean[:, None]*second_hi
    turn_hi = tilt_hi - drop  # across the second direction
    turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean[:, None]*second_lo - two_prod_error(lean[:, None], second_hi)
    sine = np.sum((turn_hi + turn_lo)*(turn_hi + turn_lo), axis=1)  # squared sine
    bow = sine/(1.0 + np.sqrt(np.maximum(1.0 - sine, 0.0)))  # 1 - cosine
    bent = bow[:, None]*second_hi
    tight = turn_hi - bent
    tight_lo = two_diff_error(turn_hi, bent) + turn_lo
    near = np.where((close[:, None] > 0.0), tight, apart_hi)
    slip = np.where((close[:, None] > 0.0), tight_lo, apart_lo)
    delta = near + slip  # differences of directions
    top = np.max(np.abs(delta), axis=1)  # largest difference
    tame = np.where(((top > 8.673617379884035e-19) & (top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    inverse = np.where((tame > 0.0), ratio(1.0, top, 0.0), 0.0)  # of few digits
    part = ratio(delta, top[:, None], 0.0)  # from -1 to 1
    product = part*top[:, None]
    behind = delta - product
    left = two_sum_error(near, slip) + behind - two_prod_error(part, top[:, None])
    rest = weighted(inverse[:, None], left)  # what the part lacks
    power = part*part
    spill = two_sum_error(2.0*D, power)
    grain = power - spill  # a multiple of one number
    coarse = np.sum(grain, axis=1)  # exact in any order
    fine = np.sum(2.0*part*rest + two_prod_error(part, part) + spill, axis=1)  # of the squares, what is left
    squares = coarse + fine
    squares_lo = two_sum_error(coarse, fine)
    chord_wide = squares*top
    chord_big = chord_wide*top  # squared distance, rounded
    chord_wide_lo = squares_lo*top + two_prod_error(top, squares)
    chord_big_lo = np.where((tame > 0.0), chord_wide_lo*top + two_prod_error(top, chord_wide), 0.0)  # what it lacks
    x1_lack = np.where((x1_some < 0.5), 1.0, np.where((x1_short > 0.0), (1.0 + ratio(x1_root, x1_floor, 0.0))*ratio(x1_short, x1_floor, 0.0), 0.0))  # of the squared direction to 1
    x2_lack = np.where((x2_some < 0.5), 1.0, np.where((x2_short > 0.0), (1.0 + ratio(x2_root, x2_floor, 0.0))*ratio(x2_short, x2_floor, 0.0), 0.0))  # of the squared direction to 1
    lack_of_both = 0.5*x1_lack + 0.5*x2_lack
    halved = 0.5*chord_big
    kappa_hi = halved + lack_of_both
    kappa_lo = two_sum_error(halved, lack_of_both) + 0.5*chord_big_lo
    length = kappa_hi
    length_lo = kappa_lo
    big = length*length
    big_lo = 2.0*length*length_lo + two_prod_error(length, length)
    square = big + big_lo
    inside_hi = -length + positive_margin
    inside_lo = np.where((tame > 0.0), two_diff_error(positive_margin, length) - length_lo + positive_margin_lo, 0.0)  # rounding errors
    inside = inside_hi + inside_lo  # what the distance lacks to the margin
    beyond = np.maximum(-inside, 0.0)  # 0 within the margin of similar pairs
    pull = np.where((linear == 0.0), square, beyond)  # of a pair of one kind
    nearness_hi = -length + margin
    nearness_lo = np.where((tame > 0.0), two_diff_error(margin, length) - length_lo + margin_lo, 0.0)  # rounding errors
    nearness = nearness_hi + nearness_lo  # what the distance lacks to the margin
    lack = np.maximum(nearness, 0.0)  # 0 from the margin on
    closeness_hi = -big + margin
    closeness_lo = np.where((tame > 0.0), two_diff_error(margin, big) - big_lo + margin_lo, 0.0)  # rounding errors
    closeness = closeness_hi + closeness_lo  # what the square lacks to the margin
    flat = np.maximum(closeness, 0.0)  # the same of squares
    push = np.where((linear == 0.0), np.where((legacy == 0.0), lack*lack, flat), lack)  # of a pair of two kinds
    loss = factor*(weighted(alike, pull) + weighted(unlike, push))
    return loss


def grad(x1, x2, same, loss_bar, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return loss, then its derivative by every column times loss_bar."""
    D = x1.shape[1]
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    x1_most = np.max(np.abs(x1), axis=1)
    x1_scale0 = np.where((x1_most > 1.3407807929942597e+154), 7.458340731200207e-155, np.where(((x1_most > 0.0) & (x1_most < 7.458340731200207e-155)), 1.3407807929942597e+154, 1.0))  # a power of two
    x1_scale1 = np.where((x1_scale0*x1_most > 1.157920892373162e+77), 8.636168555094445e-78*x1_scale0, np.where(((x1_scale0*x1_most > 0.0) & (x1_scale0*x1_most < 8.636168555094445e-78)), 1.157920892373162e+77*x1_scale0, x1_scale0))  # a power of two
    x1_scale2 = np.where((x1_scale1*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale1, np.where(((x1_scale1*x1_most > 0.0) & (x1_scale1*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale1, x1_scale1))  # a power of two
    x1_scale3 = np.where((x1_scale2*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale2, np.where(((x1_scale2*x1_most > 0.0) & (x1_scale2*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale2, x1_scale2))  # a power of two
    x1_scale4 = np.where((x1_scale3*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale3, np.where(((x1_scale3*x1_most > 0.0) & (x1_scale3*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale3, x1_scale3))  # a power of two
    x1_scale5 = np.where((x1_scale4*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale4, np.where(((x1_scale4*x1_most > 0.0) & (x1_scale4*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale4, x1_scale4))  # a power of two
    x1_even = x1*x1_scale5[:, None]
    x1_top = np.max(np.abs(x1_even), axis=1)  # largest number
    x1_tame = np.where(((x1_top > 8.673617379884035e-19) & (x1_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    x1_inverse = np.where((x1_tame > 0.0), ratio(1.0, x1_top, 0.0), 0.0)  # of few digits
    x1_part = ratio(x1_even, x1_top[:, None], 0.0)  # from -1 to 1
    x1_product = x1_part*x1_top[:, None]
    x1_behind = x1_even - x1_product
    x1_left = x1_behind - two_prod_error(x1_part, x1_top[:, None])
    x1_rest = weighted(x1_inverse[:, None], x1_left)  # what the part lacks
    x1_power = x1_part*x1_part
    x1_spill = two_sum_error(2.0*D, x1_power)
    x1_grain = x1_power - x1_spill  # a multiple of one number
    x1_coarse = np.sum(x1_grain, axis=1)  # exact in any order
    x1_fine = np.sum(2.0*x1_part*x1_rest + two_prod_error(x1_part, x1_part) + x1_spill, axis=1)  # of the squares, what is left
    x1_squares = x1_coarse + x1_fine
    x1_root = np.sqrt(x1_squares)
    x1_again = x1_root*x1_root
    x1_short_by = x1_coarse - x1_again
    x1_steep = ratio(1.0, x1_root, 0.0)  # 0 where all numbers are
    x1_root_lo = 0.5*(x1_fine + x1_short_by - two_prod_error(x1_root, x1_root))*x1_steep  # what the root lacks
    x1_floor = ratio(least_norm*x1_scale5, x1_top, 0.0)  # least length
    x1_floor_back = x1_floor*x1_top
    x1_floor_behind = least_norm*x1_scale5 - x1_floor_back
    x1_floor_lo = np.where((x1_floor < 1.152921504606847e+18), weighted(x1_inverse, least_norm_lo*x1_scale5 + x1_floor_behind - two_prod_error(x1_floor, x1_top)), 0.0)
    x1_short_hi = x1_floor - x1_root
    x1_short_lo = x1_floor_lo - x1_root_lo
    x1_short = x1_short_hi + x1_short_lo  # what the norm lacks to the least length
    x1_some = np.where((x1_top == 0.0), 0.0, 1.0)  # 0: a vector of zeros
    x1_free = np.where((x1_short > 0.0), 0.0, x1_some)  # 0: shorter than what divides
    x1_length = np.where((x1_free > 0.0), x1_root*x1_top, least_norm*x1_scale5)  # what divides
    x1_by = np.where((x1_short > 0.0), x1_floor, x1_root)  # what divides, over the largest number
    x1_by_lo = np.where((x1_short > 0.0), x1_floor_lo, x1_root_lo)  # what divides, over the largest number
    first_hi = ratio(x1_part, x1_by[:, None], 0.0)
    first_back = x1_by[:, None]*first_hi
    first_behind = x1_part - first_back
    first_lo = np.where((x1_by[:, None] < 1.152921504606847e+18), ratio(first_behind + x1_rest - x1_by_lo[:, None]*first_hi - two_prod_error(first_hi, x1_by[:, None]), x1_by[:, None], 0.0), 0.0)  # what the quotient lacks
    x2_most = np.max(np.abs(x2), axis=1)
    x2_scale0 = np.where((x2_most > 1.3407807929942597e+154), 7.458340731200207e-155, np.where(((x2_most > 0.0) & (x2_most < 7.458340731200207e-155)), 1.3407807929942597e+154, 1.0))  # a power of two
    x2_scale1 = np.where((x2_scale0*x2_most > 1.157920892373162e+77), 8.636168555094445e-78*x2_scale0, np.where(((x2_scale0*x2_most > 0.0) & (x2_scale0*x2_most < 8.636168555094445e-78)), 1.157920892373162e+77*x2_scale0, x2_scale0))  # a power of two
    x2_scale2 = np.where((x2_scale1*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale1, np.where(((x2_scale1*x2_most > 0.0) & (x2_scale1*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale1, x2_scale1))  # a power of two
    x2_scale3 = np.where((x2_scale2*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale2, np.where(((x2_scale2*x2_most > 0.0) & (x2_scale2*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale2, x2_scale2))  # a power of two
    x2_scale4 = np.where((x2_scale3*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale3, np.where(((x2_scale3*x2_most > 0.0) & (x2_scale3*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale3, x2_scale3))  # a power of two
    x2_scale5 = np.where((x2_scale4*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale4, np.where(((x2_scale4*x2_most > 0.0) & (x2_scale4*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale4, x2_scale4))  # a power of two
    x2_even = x2*x2_scale5[:, None]
    x2_top = np.max(np.abs(x2_even), axis=1)  # largest number
    x2_tame = np.where(((x2_top > 8.673617379884035e-19) & (x2_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    x2_inverse = np.where((x2_tame > 0.0), ratio(1.0, x2_top, 0.0), 0.0)  # of few digits
    x2_part = ratio(x2_even, x2_top[:, None], 0.0)  # from -1 to 1
    x2_product = x2_part*x2_top[:, None]
    x2_behind = x2_even - x2_product
    x2_left = x2_behind - two_prod_error(x2_part, x2_top[:, None])
    x2_rest = weighted(x2_inverse[:, None], x2_left)  # what the part lacks
    x2_power = x2_part*x2_part
    x2_spill = two_sum_error(2.0*D, x2_power)
    x2_grain = x2_power - x2_spill  # a multiple of one number
    x2_coarse = np.sum(x2_grain, axis=1)  # exact in any order
    x2_fine = np.sum(2.0*x2_part*x2_rest + two_prod_error(x2_part, x2_part) + x2_spill, axis=1)  # of the squares, what is left
    x2_squares = x2_coarse + x2_fine
    x2_root = np.sqrt(x2_squares)
    x2_again = x2_root*x2_root
    x2_short_by = x2_coarse - x2_again
    x2_steep = ratio(1.0, x2_root, 0.0)  # 0 where all numbers are
    x2_root_lo = 0.5*(x2_fine + x2_short_by - two_prod_error(x2_root, x2_root))*x2_steep  # what the root lacks
    x2_floor = ratio(least_norm*x2_scale5, x2_top, 0.0)  # least length
    x2_floor_back = x2_floor*x2_top
    x2_floor_behind = least_norm*x2_scale5 - x2_floor_back
    x2_floor_lo = np.where((x2_floor < 1.152921504606847e+18), weighted(x2_inverse, least_norm_lo*x2_scale5 + x2_floor_behind - two_prod_error(x2_floor, x2_top)), 0.0)
    x2_short_hi = x2_floor - x2_root
    x2_short_lo = x2_floor_lo - x2_root_lo
    x2_short = x2_short_hi + x2_short_lo  # what the norm lacks to the least length
    x2_some = np.where((x2_top == 0.0), 0.0, 1.0)  # 0: a vector of zeros
    x2_free = np.where((x2_short > 0.0), 0.0, x2_some)  # 0: shorter than what divides
    x2_length = np.where((x2_free > 0.0), x2_root*x2_top, least_norm*x2_scale5)  # what divides
    x2_by = np.where((x2_short > 0.0), x2_floor, x2_root)  # what divides, over the largest number
    x2_by_lo = np.where((x2_short > 0.0), x2_floor_lo, x2_root_lo)  # what divides, over the largest number
    second_hi = ratio(x2_part, x2_by[:, None], 0.0)
    second_back = x2_by[:, None]*second_hi
    second_behind = x2_part - second_back
    second_lo = np.where((x2_by[:, None] < 1.152921504606847e+18), ratio(second_behind + x2_rest - x2_by_lo[:, None]*second_hi - two_prod_error(second_hi, x2_by[:, None]), x2_by[:, None], 0.0), 0.0)  # what the quotient lacks
    apart_hi = first_hi - second_hi
    apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo  # rounding errors
    reach = np.max(np.abs(apart_hi), axis=1)  # largest difference, nearly
    close = np.where(((x1_free*x2_free > 0.0) & (x1_tame*x2_tame > 0.0) & (reach < 6.103515625e-05)), 1.0, 0.0)  # 1: by products
    upper = x1_even*x2_top[:, None]
    lower = x2_even*x1_top[:, None]
    gap = upper - lower
    gap_lo = two_prod_error(x2_top[:, None], x1_even) - two_prod_error(x1_top[:, None], x2_even)  # rounding errors
    minor = gap + gap_lo  # 0 of parallel vectors
    tops = x1_top*x2_top
    span = tops*x1_root
    span_lo = x1_root*two_prod_error(x1_top, x2_top) + tops*x1_root_lo + two_prod_error(tops, x1_root)
    tilt_hi = ratio(minor, span[:, None], 0.0)
    tilt_back = span[:, None]*tilt_hi
    tilt_behind = minor - tilt_back
    tilt_lo = ratio(two_sum_error(gap, gap_lo) + tilt_behind - span_lo[:, None]*tilt_hi - two_prod_error(tilt_hi, span[:, None]), span[:, None], 0.0)
    lean = np.sum(second_hi*tilt_hi, axis=1)
    drop = lean[:, None]*second_hi
    turn_hi = tilt_hi - drop  # across the second direction
    turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean[:, None]*second_lo - two_prod_error(lean[:, None], second_hi)
    sine = np.sum((turn_hi + turn_lo)*(turn_hi + turn_lo), axis=1)  # squared sine
    bow = sine/(1.0 + np.sqrt(np.maximum(1.0 - sine, 0.0)))  # 1 - cosine
    bent = bow[:, None]*second_hi
    tight = turn_hi - bent
    tight_lo = two_diff_error(turn_hi, bent) + turn_lo
    near = np.where((close[:, None] > 0.0), tight, apart_hi)
    slip = np.where((close[:, None] > 0.0), tight_lo, apart_lo)
    delta = near + slip  # differences of directions
    top = np.max(np.abs(delta), axis=1)  # largest difference
    tame = np.where(((top > 8.673617379884035e-19) & (top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    inverse = np.where((tame > 0.0), ratio(1.0, top, 0.0), 0.0)  # of few digits
    part = ratio(delta, top[:, None], 0.0)  # from -1 to 1
    product = part*top[:, None]
    behind = delta - product
    left = two_sum_error(near, slip) + behind - two_prod_error(part, top[:, None])
    rest = weighted(inverse[:, None], left)  # what the part lacks
    power = part*part
    spill = two_sum_error(2.0*D, power)
    grain = power - spill  # a multiple of one number
    coarse = np.sum(grain, axis=1)  # exact in any order
    fine = np.sum(2.0*part*rest + two_prod_error(part, part) + spill, axis=1)  # of the squares, what is left
    squares = coarse + fine
    squares_lo = two_sum_error(coarse, fine)
    chord_wide = squares*top
    chord_big = chord_wide*top  # squared distance, rounded
    chord_wide_lo = squares_lo*top + two_prod_error(top, squares)
    chord_big_lo = np.where((tame > 0.0), chord_wide_lo*top + two_prod_error(top, chord_wide), 0.0)  # what it lacks
    x1_lack = np.where((x1_some < 0.5), 1.0, np.where((x1_short > 0.0), (1.0 + ratio(x1_root, x1_floor, 0.0))*ratio(x1_short, x1_floor, 0.0), 0.0))  # of the squared direction to 1
    x2_lack = np.where((x2_some < 0.5), 1.0, np.where((x2_short > 0.0), (1.0 + ratio(x2_root, x2_floor, 0.0))*ratio(x2_short, x2_floor, 0.0), 0.0))  # of the squared direction to 1
    lack_of_both = 0.5*x1_lack + 0.5*x2_lack
    halved = 0.5*chord_big
    kappa_hi = halved + lack_of_both
    kappa_lo = two_sum_error(halved, lack_of_both) + 0.5*chord_big_lo
    kappa = kappa_hi + kappa_lo  # 1 - cosine
    along1_hi = np.where((x1_free > 0.0), kappa_hi, 1.0)
    along1_lo = np.where((x1_free > 0.0), kappa_lo, 0.0)
    shift1 = along1_hi[:, None]*first_hi
    across1_hi = near - shift1
    across1_lo = two_diff_error(near, shift1) + slip - along1_hi[:, None]*first_lo - along1_lo[:, None]*first_hi - two_prod_error(along1_hi[:, None], first_hi)  # rounding errors
    across1 = across1_hi + across1_lo  # at right angles to a direction
    along2_hi = np.where((x2_free > 0.0), kappa_hi, 1.0)
    along2_lo = np.where((x2_free > 0.0), kappa_lo, 0.0)
    shift2 = -(along2_hi[:, None]*second_hi)
    across2_hi = near - shift2
    across2_lo = along2_hi[:, None]*second_lo + along2_lo[:, None]*second_hi + two_diff_error(near, shift2) + two_prod_error(along2_hi[:, None], second_hi) + slip  # rounding errors
    across2 = across2_hi + across2_lo  # at right angles to a direction
    distance = kappa  # 1 - cosine
    big = kappa_hi*kappa_hi
    big_lo = 2.0*kappa_hi*kappa_lo + two_prod_error(kappa_hi, kappa_hi)
    square = big + big_lo
    inside_hi = -kappa_hi + positive_margin
    inside_lo = np.where((tame > 0.0), two_diff_error(positive_margin, kappa_hi) - kappa_lo + positive_margin_lo, 0.0)  # rounding errors
    inside = inside_hi + inside_lo  # what the distance lacks to the margin
    beyond = np.maximum(-inside, 0.0)  # 0 within the margin of similar pairs
    pull = np.where((linear == 0.0), square, beyond)  # of a pair of one kind
    nearness_hi = -kappa_hi + margin
    nearness_lo = np.where((tame > 0.0), two_diff_error(margin, kappa_hi) - kappa_lo + margin_lo, 0.0)  # rounding errors
    nearness = nearness_hi + nearness_lo  # what the distance lacks to the margin
    lack = np.maximum(nearness, 0.0)  # 0 from the margin on
    closeness_hi = -big + margin
    closeness_lo = np.where((tame > 0.0), two_diff_error(margin, big) - big_lo + margin_lo, 0.0)  # rounding errors
    closeness = closeness_hi + closeness_lo  # what the square lacks to the margin
    flat = np.maximum(closeness, 0.0)  # the same of squares
    push = np.where((linear == 0.0), np.where((legacy == 0.0), lack*lack, flat), lack)  # of a pair of two kinds
    loss = factor*(weighted(alike, pull) + weighted(unlike, push))
    push_bar = factor*loss_bar*unlike
    flat_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 0.0, push_bar), 0.0)
    closeness_bar = flat_bar*np.heaviside(closeness, 0.0)
    lack_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 2.0*lack*push_bar, 0.0), push_bar)
    nearness_bar = lack_bar*np.heaviside(nearness, 0.0)
    pull_bar = factor*alike*loss_bar
    beyond_bar = np.where((linear == 0.0), 0.0, pull_bar)
    inside_bar = -(beyond_bar*np.heaviside(-inside, 0.0))
    square_bar = np.where((linear == 0.0), pull_bar, 0.0) - closeness_bar
    distance_bar = 2.0*distance*square_bar - inside_bar - nearness_bar
    x1_bar = distance_bar[:, None]*ratio(across1*x1_scale5[:, None], x1_length[:, None], 0.0)
    x2_bar = distance_bar[:, None]*ratio(-(across2*x2_scale5[:, None]), x2_length[:, None], 0.0)
    return loss, x1_bar, x2_bar


def hvp(x1, x2, same, loss_bar, x1_dot, x2_dot, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return the derivative of the gradient along the `_dot` columns."""
    D = x1.shape[1]
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    x1_most = np.max(np.abs(x1), axis=1)
    x1_scale0 = np.where((x1_most > 1.3407807929942597e+154), 7.458340731200207e-155, np.where(((x1_most > 0.0) & (x1_most < 7.458340731200207e-155)), 1.3407807929942597e+154, 1.0))  # a power of two
    x1_scale1 = np.where((x1_scale0*x1_most > 1.157920892373162e+77), 8.636168555094445e-78*x1_scale0, np.where(((x1_scale0*x1_most > 0.0) & (x1_scale0*x1_most < 8.636168555094445e-78)), 1.157920892373162e+77*x1_scale0, x1_scale0))  # a power of two
    x1_scale2 = np.where((x1_scale1*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale1, np.where(((x1_scale1*x1_most > 0.0) & (x1_scale1*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale1, x1_scale1))  # a power of two
    x1_scale3 = np.where((x1_scale2*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale2, np.where(((x1_scale2*x1_most > 0.0) & (x1_scale2*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale2, x1_scale2))  # a power of two
    x1_scale4 = np.where((x1_scale3*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale3, np.where(((x1_scale3*x1_most > 0.0) & (x1_scale3*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale3, x1_scale3))  # a power of two
    x1_scale5 = np.where((x1_scale4*x1_most > 7.205759403792794e+16), 1.3877787807814457e-17*x1_scale4, np.where(((x1_scale4*x1_most > 0.0) & (x1_scale4*x1_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x1_scale4, x1_scale4))  # a power of two
    x1_even = x1*x1_scale5[:, None]
    x1_top = np.max(np.abs(x1_even), axis=1)  # largest number
    x1_tame = np.where(((x1_top > 8.673617379884035e-19) & (x1_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    x1_inverse = np.where((x1_tame > 0.0), ratio(1.0, x1_top, 0.0), 0.0)  # of few digits
    x1_part = ratio(x1_even, x1_top[:, None], 0.0)  # from -1 to 1
    x1_product = x1_part*x1_top[:, None]
    x1_behind = x1_even - x1_product
    x1_left = x1_behind - two_prod_error(x1_part, x1_top[:, None])
    x1_rest = weighted(x1_inverse[:, None], x1_left)  # what the part lacks
    x1_power = x1_part*x1_part
    x1_spill = two_sum_error(2.0*D, x1_power)
    x1_grain = x1_power - x1_spill  # a multiple of one number
    x1_coarse = np.sum(x1_grain, axis=1)  # exact in any order
    x1_fine = np.sum(2.0*x1_part*x1_rest + two_prod_error(x1_part, x1_part) + x1_spill, axis=1)  # of the squares, what is left
    x1_squares = x1_coarse + x1_fine
    x1_root = np.sqrt(x1_squares)
    x1_again = x1_root*x1_root
    x1_short_by = x1_coarse - x1_again
    x1_steep = ratio(1.0, x1_root, 0.0)  # 0 where all numbers are
    x1_root_lo = 0.5*(x1_fine + x1_short_by - two_prod_error(x1_root, x1_root))*x1_steep  # what the root lacks
    x1_floor = ratio(least_norm*x1_scale5, x1_top, 0.0)  # least length
    x1_floor_back = x1_floor*x1_top
    x1_floor_behind = least_norm*x1_scale5 - x1_floor_back
    x1_floor_lo = np.where((x1_floor < 1.152921504606847e+18), weighted(x1_inverse, least_norm_lo*x1_scale5 + x1_floor_behind - two_prod_error(x1_floor, x1_top)), 0.0)
    x1_short_hi = x1_floor - x1_root
    x1_short_lo = x1_floor_lo - x1_root_lo
    x1_short = x1_short_hi + x1_short_lo  # what the norm lacks to the least length
    x1_some = np.where((x1_top == 0.0), 0.0, 1.0)  # 0: a vector of zeros
    x1_free = np.where((x1_short > 0.0), 0.0, x1_some)  # 0: shorter than what divides
    x1_length = np.where((x1_free > 0.0), x1_root*x1_top, least_norm*x1_scale5)  # what divides
    x1_by = np.where((x1_short > 0.0), x1_floor, x1_root)  # what divides, over the largest number
    x1_by_lo = np.where((x1_short > 0.0), x1_floor_lo, x1_root_lo)  # what divides, over the largest number
    first_hi = ratio(x1_part, x1_by[:, None], 0.0)
    first_back = x1_by[:, None]*first_hi
    first_behind = x1_part - first_back
    first_lo = np.where((x1_by[:, None] < 1.152921504606847e+18), ratio(first_behind + x1_rest - x1_by_lo[:, None]*first_hi - two_prod_error(first_hi, x1_by[:, None]), x1_by[:, None], 0.0), 0.0)  # what the quotient lacks
    first = first_hi + first_lo  # direction; 0 of a vector of zeros
    x2_most = np.max(np.abs(x2), axis=1)
    x2_scale0 = np.where((x2_most > 1.3407807929942597e+154), 7.458340731200207e-155, np.where(((x2_most > 0.0) & (x2_most < 7.458340731200207e-155)), 1.3407807929942597e+154, 1.0))  # a power of two
    x2_scale1 = np.where((x2_scale0*x2_most > 1.157920892373162e+77), 8.636168555094445e-78*x2_scale0, np.where(((x2_scale0*x2_most > 0.0) & (x2_scale0*x2_most < 8.636168555094445e-78)), 1.157920892373162e+77*x2_scale0, x2_scale0))  # a power of two
    x2_scale2 = np.where((x2_scale1*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale1, np.where(((x2_scale1*x2_most > 0.0) & (x2_scale1*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale1, x2_scale1))  # a power of two
    x2_scale3 = np.where((x2_scale2*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale2, np.where(((x2_scale2*x2_most > 0.0) & (x2_scale2*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale2, x2_scale2))  # a power of two
    x2_scale4 = np.where((x2_scale3*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale3, np.where(((x2_scale3*x2_most > 0.0) & (x2_scale3*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale3, x2_scale3))  # a power of two
    x2_scale5 = np.where((x2_scale4*x2_most > 7.205759403792794e+16), 1.3877787807814457e-17*x2_scale4, np.where(((x2_scale4*x2_most > 0.0) & (x2_scale4*x2_most < 1.3877787807814457e-17)), 7.205759403792794e+16*x2_scale4, x2_scale4))  # a power of two
    x2_even = x2*x2_scale5[:, None]
    x2_top = np.max(np.abs(x2_even), axis=1)  # largest number
    x2_tame = np.where(((x2_top > 8.673617379884035e-19) & (x2_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    x2_inverse = np.where((x2_tame > 0.0), ratio(1.0, x2_top, 0.0), 0.0)  # of few digits
    x2_part = ratio(x2_even, x2_top[:, None], 0.0)  # from -1 to 1
    x2_product = x2_part*x2_top[:, None]
    x2_behind = x2_even - x2_product
    x2_left = x2_behind - two_prod_error(x2_part, x2_top[:, None])
    x2_rest = weighted(x2_inverse[:, None], x2_left)  # what the part lacks
    x2_power = x2_part*x2_part
    x2_spill = two_sum_error(2.0*D, x2_power)
    x2_grain = x2_power - x2_spill  # a multiple of one number
    x2_coarse = np.sum(x2_grain, axis=1)  # exact in any order
    x2_fine = np.sum(2.0*x2_part*x2_rest + two_prod_error(x2_part, x2_part) + x2_spill, axis=1)  # of the squares, what is left
    x2_squares = x2_coarse + x2_fine
    x2_root = np.sqrt(x2_squares)
    x2_again = x2_root*x2_root
    x2_short_by = x2_coarse - x2_again
    x2_steep = ratio(1.0, x2_root, 0.0)  # 0 where all numbers are
    x2_root_lo = 0.5*(x2_fine + x2_short_by - two_prod_error(x2_root, x2_root))*x2_steep  # what the root lacks
    x2_floor = ratio(least_norm*x2_scale5, x2_top, 0.0)  # least length
    x2_floor_back = x2_floor*x2_top
    x2_floor_behind = least_norm*x2_scale5 - x2_floor_back
    x2_floor_lo = np.where((x2_floor < 1.152921504606847e+18), weighted(x2_inverse, least_norm_lo*x2_scale5 + x2_floor_behind - two_prod_error(x2_floor, x2_top)), 0.0)
    x2_short_hi = x2_floor - x2_root
    x2_short_lo = x2_floor_lo - x2_root_lo
    x2_short = x2_short_hi + x2_short_lo  # what the norm lacks to the least length
    x2_some = np.where((x2_top == 0.0), 0.0, 1.0)  # 0: a vector of zeros
    x2_free = np.where((x2_short > 0.0), 0.0, x2_some)  # 0: shorter than what divides
    x2_length = np.where((x2_free > 0.0), x2_root*x2_top, least_norm*x2_scale5)  # what divides
    x2_by = np.where((x2_short > 0.0), x2_floor, x2_root)  # what divides, over the largest number
    x2_by_lo = np.where((x2_short > 0.0), x2_floor_lo, x2_root_lo)  # what divides, over the largest number
    second_hi = ratio(x2_part, x2_by[:, None], 0.0)
    second_back = x2_by[:, None]*second_hi
    second_behind = x2_part - second_back
    second_lo = np.where((x2_by[:, None] < 1.152921504606847e+18), ratio(second_behind + x2_rest - x2_by_lo[:, None]*second_hi - two_prod_error(second_hi, x2_by[:, None]), x2_by[:, None], 0.0), 0.0)  # what the quotient lacks
    second = second_hi + second_lo  # direction; 0 of a vector of zeros
    apart_hi = first_hi - second_hi
    apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo  # rounding errors
    reach = np.max(np.abs(apart_hi), axis=1)  # largest difference, nearly
    close = np.where(((x1_free*x2_free > 0.0) & (x1_tame*x2_tame > 0.0) & (reach < 6.103515625e-05)), 1.0, 0.0)  # 1: by products
    upper = x1_even*x2_top[:, None]
    lower = x2_even*x1_top[:, None]
    gap = upper - lower
    gap_lo = two_prod_error(x2_top[:, None], x1_even) - two_prod_error(x1_top[:, None], x2_even)  # rounding errors
    minor = gap + gap_lo  # 0 of parallel vectors
    tops = x1_top*x2_top
    span = tops*x1_root
    span_lo = x1_root*two_prod_error(x1_top, x2_top) + tops*x1_root_lo + two_prod_error(tops, x1_root)
    tilt_hi = ratio(minor, span[:, None], 0.0)
    tilt_back = span[:, None]*tilt_hi
    tilt_behind = minor - tilt_back
    tilt_lo = ratio(two_sum_error(gap, gap_lo) + tilt_behind - span_lo[:, None]*tilt_hi - two_prod_error(tilt_hi, span[:, None]), span[:, None], 0.0)
    lean = np.sum(second_hi*tilt_hi, axis=1)
    drop = lean[:, None]*second_hi
    turn_hi = tilt_hi - drop  # across the second direction
    turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean[:, None]*second_lo - two_prod_error(lean[:, None], second_hi)
    sine = np.sum((turn_hi + turn_lo)*(turn_hi + turn_lo), axis=1)  # squared sine
    bow = sine/(1.0 + np.sqrt(np.maximum(1.0 - sine, 0.0)))  # 1 - cosine
    bent = bow[:, None]*second_hi
    tight = turn_hi - bent
    tight_lo = two_diff_error(turn_hi, bent) + turn_lo
    near = np.where((close[:, None] > 0.0), tight, apart_hi)
    slip = np.where((close[:, None] > 0.0), tight_lo, apart_lo)
    delta = near + slip  # differences of directions
    top = np.max(np.abs(delta), axis=1)  # largest difference
    tame = np.where(((top > 8.673617379884035e-19) & (top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: products are exact
    inverse = np.where((tame > 0.0), ratio(1.0, top, 0.0), 0.0)  # of few digits
    part = ratio(delta, top[:, None], 0.0)  # from -1 to 1
    product = part*top[:, None]
    behind = delta - product
    left = two_sum_error(near, slip) + behind - two_prod_error(part, top[:, None])
    rest = weighted(inverse[:, None], left)  # what the part lacks
    power = part*part
    spill = two_sum_error(2.0*D, power)
    grain = power - spill  # a multiple of one number
    coarse = np.sum(grain, axis=1)  # exact in any order
    fine = np.sum(2.0*part*rest + two_prod_error(part, part) + spill, axis=1)  # of the squares, what is left
    squares = coarse + fine
    squares_lo = two_sum_error(coarse, fine)
    chord_wide = squares*top
    chord_big = chord_wide*top  # squared distance, rounded
    chord_wide_lo = squares_lo*top + two_prod_error(top, squares)
    chord_big_lo = np.where((tame > 0.0), chord_wide_lo*top + two_prod_error(top, chord_wide), 0.0)  # what it lacks
    x1_lack = np.where((x1_some < 0.5), 1.0, np.where((x1_short > 0.0), (1.0 + ratio(x1_root, x1_floor, 0.0))*ratio(x1_short, x1_floor, 0.0), 0.0))  # of the squared direction to 1
    x2_lack = np.where((x2_some < 0.5), 1.0, np.where((x2_short > 0.0), (1.0 + ratio(x2_root, x2_floor, 0.0))*ratio(x2_short, x2_floor, 0.0), 0.0))  # of the squared direction to 1
    lack_of_both = 0.5*x1_lack + 0.5*x2_lack
    halved = 0.5*chord_big
    kappa_hi = halved + lack_of_both
    kappa_lo = two_sum_error(halved, lack_of_both) + 0.5*chord_big_lo
    kappa = kappa_hi + kappa_lo  # 1 - cosine
    along1 = np.where((x1_free > 0.0), kappa, 1.0)
    along1_hi = np.where((x1_free > 0.0), kappa_hi, 1.0)
    along1_lo = np.where((x1_free > 0.0), kappa_lo, 0.0)
    shift1 = along1_hi[:, None]*first_hi
    across1_hi = near - shift1
    across1_lo = two_diff_error(near, shift1) + slip - along1_hi[:, None]*first_lo - along1_lo[:, None]*first_hi - two_prod_error(along1_hi[:, None], first_hi)  # rounding errors
    across1 = across1_hi + across1_lo  # at right angles to a direction
    along2 = np.where((x2_free > 0.0), kappa, 1.0)
    along2_hi = np.where((x2_free > 0.0), kappa_hi, 1.0)
    along2_lo = np.where((x2_free > 0.0), kappa_lo, 0.0)
    shift2 = -(along2_hi[:, None]*second_hi)
    across2_hi = near - shift2
    across2_lo = along2_hi[:, None]*second_lo + along2_lo[:, None]*second_hi + two_diff_error(near, shift2) + two_prod_error(along2_hi[:, None], second_hi) + slip  # rounding errors
    across2 = across2_hi + across2_lo  # at right angles to a direction
    big = kappa_hi*kappa_hi
    big_lo = 2.0*kappa_hi*kappa_lo + two_prod_error(kappa_hi, kappa_hi)
    inside_hi = -kappa_hi + positive_margin
    inside_lo = np.where((tame > 0.0), two_diff_error(positive_margin, kappa_hi) - kappa_lo + positive_margin_lo, 0.0)  # rounding errors
    inside = inside_hi + inside_lo  # what the distance lacks to the margin
    nearness_hi = -kappa_hi + margin
    nearness_lo = np.where((tame > 0.0), two_diff_error(margin, kappa_hi) - kappa_lo + margin_lo, 0.0)  # rounding errors
    nearness = nearness_hi + nearness_lo  # what the distance lacks to the margin
    lack = np.maximum(nearness, 0.0)  # 0 from the margin on
    closeness_hi = -big + margin
    closeness_lo = np.where((tame > 0.0), two_diff_error(margin, big) - big_lo + margin_lo, 0.0)  # rounding errors
    closeness = closeness_hi + closeness_lo  # what the square lacks to the margin
    push_bar = factor*loss_bar*unlike
    flat_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 0.0, push_bar), 0.0)
    closeness_bar = flat_bar*np.heaviside(closeness, 0.0)
    lack_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 2.0*lack*push_bar, 0.0), push_bar)
    nearness_bar = lack_bar*np.heaviside(nearness, 0.0)
    pull_bar = factor*alike*loss_bar
    beyond_bar = np.where((linear == 0.0), 0.0, pull_bar)
    inside_bar = -(beyond_bar*np.heaviside(-inside, 0.0))
    square_bar = np.where((linear == 0.0), pull_bar, 0.0) - closeness_bar
    distance_bar = 2.0*kappa*square_bar - inside_bar - nearness_bar
    x1_length_dot0 = np.sum(x1_free[:, None]*first*x1_dot*x1_scale5[:, None], axis=1)
    first_dot = ratio(x1_dot, x1_length[:, None], 0.0)*x1_scale5[:, None] - first*ratio(x1_length_dot0[:, None], x1_length[:, None], 0.0)
    x2_length_dot0 = np.sum(x2_free[:, None]*second*x2_dot*x2_scale5[:, None], axis=1)
    second_dot = ratio(x2_dot, x2_length[:, None], 0.0)*x2_scale5[:, None] - second*ratio(x2_length_dot0[:, None], x2_length[:, None], 0.0)
    delta_dot = first_dot - second_dot
    kappa_dot0 = np.sum(-(first_dot*second), axis=1)
    kappa_dot1 = np.sum(-(first*second_dot), axis=1)
    kappa_dot = kappa_dot0 + kappa_dot1
    along1_dot = kappa_dot*np.where((x1_free > 0.0), 1.0, 0.0)
    across1_dot = delta_dot - along1[:, None]*first_dot - along1_dot[:, None]*first
    along2_dot = kappa_dot*np.where((x2_free > 0.0), 1.0, 0.0)
    across2_dot = along2[:, None]*second_dot + along2_dot[:, None]*second + delta_dot
    distance_dot0 = np.sum(x1_dot*ratio(across1*x1_scale5[:, None], x1_length[:, None], 0.0), axis=1)
    distance_dot1 = np.sum(x2_dot*ratio(-(across2*x2_scale5[:, None]), x2_length[:, None], 0.0), axis=1)
    distance_dot = distance_dot0 + distance_dot1
    nearness_dot = -distance_dot
    lack_dot = nearness_dot*np.heaviside(nearness, 0.0)
    lack_bar_dot = lack_dot*np.where((linear == 0.0), np.where((legacy == 0.0), 2.0*push_bar, 0.0), 0.0)
    nearness_bar_dot = lack_bar_dot*np.heaviside(nearness, 0.0)
    distance_bar_dot = 2.0*distance_dot*square_bar - nearness_bar_dot
    x1_bar_dot = distance_bar_dot[:, None]*ratio(across1*x1_scale5[:, None], x1_length[:, None], 0.0) + distance_bar[:, None]*ratio(across1_dot, x1_length[:, None], 0.0)*x1_scale5[:, None] - distance_bar[:, None]*ratio(across1*x1_scale5[:, None], x1_length[:, None], 0.0)*ratio(x1_length_dot0[:, None], x1_length[:, None], 0.0)
    x2_bar_dot = distance_bar_dot[:, None]*ratio(-(across2*x2_scale5[:, None]), x2_length[:, None], 0.0) - distance_bar[:, None]*ratio(-(across2*x2_scale5[:, None]), x2_length[:, None], 0.0)*ratio(x2_length_dot0[:, None], x2_length[:, None], 0.0) - distance_bar[:, None]*ratio(across2_dot, x2_length[:, None], 0.0)*x2_scale5[:, None]
    return x1_bar_dot, x2_bar_dot


def trace(x1, x2, same, loss_bar, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return every quantity of the plain program and its adjoint, by name."""
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    x1_norm_sum = np.sum(x1*x1, axis=1)
    x1_norm = np.sqrt(x1_norm_sum)
    x1_length = np.maximum(least_norm, x1_norm)  # what divides
    first = ratio(x1, x1_length[:, None], 0.0)  # direction; 0 of a vector of zeros
    x2_norm_sum = np.sum(x2*x2, axis=1)
    x2_norm = np.sqrt(x2_norm_sum)
    x2_length = np.maximum(least_norm, x2_norm)  # what divides
    second = ratio(x2, x2_length[:, None], 0.0)  # direction; 0 of a vector of zeros
    delta = first - second  # differences of directions
    kappa_sum = np.sum(first*second, axis=1)
    kappa = 1.0 - kappa_sum  # 1 - cosine
    distance = kappa  # 1 - cosine
    square = distance*distance
    inside = -distance + positive_margin  # what the distance lacks to the margin
    beyond = np.maximum(-inside, 0.0)  # 0 within the margin of similar pairs
    pull = np.where((linear == 0.0), square, beyond)  # of a pair of one kind
    nearness = -distance + margin  # what the distance lacks to the margin
    lack = np.maximum(nearness, 0.0)  # 0 from the margin on
    closeness = -square + margin  # what the square lacks to the margin
    flat = np.maximum(closeness, 0.0)  # the same of squares
    push = np.where((linear == 0.0), np.where((legacy == 0.0), lack*lack, flat), lack)  # of a pair of two kinds
    loss = factor*(weighted(alike, pull) + weighted(unlike, push))
    push_bar = factor*loss_bar*unlike
    flat_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 0.0, push_bar), 0.0)
    closeness_bar = flat_bar*np.heaviside(closeness, 0.0)
    lack_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 2.0*lack*push_bar, 0.0), push_bar)
    nearness_bar = lack_bar*np.heaviside(nearness, 0.0)
    pull_bar = factor*alike*loss_bar
    beyond_bar = np.where((linear == 0.0), 0.0, pull_bar)
    inside_bar = -(beyond_bar*np.heaviside(-inside, 0.0))
    square_bar = np.where((linear == 0.0), pull_bar, 0.0) - closeness_bar
    distance_bar = 2.0*distance*square_bar - inside_bar - nearness_bar
    kappa_bar = distance_bar
    kappa_sum_bar = -kappa_bar
    second_bar = kappa_sum_bar[:, None]*first
    x2_length_bar_acc = np.sum(ratio(second_bar, x2_length[:, None], 0.0)*ratio(x2, x2_length[:, None], 0.0), axis=1)
    x2_length_bar = -x2_length_bar_acc
    x2_norm_bar = x2_length_bar*np.heaviside(x2_norm - least_norm, 0.5)
    first_bar = kappa_sum_bar[:, None]*second
    x1_length_bar_acc = np.sum(ratio(first_bar, x1_length[:, None], 0.0)*ratio(x1, x1_length[:, None], 0.0), axis=1)
    x1_length_bar = -x1_length_bar_acc
    x1_norm_bar = x1_length_bar*np.heaviside(x1_norm - least_norm, 0.5)
    x1_bar = x1_norm_bar[:, None]*ratio(x1, x1_norm[:, None], 0.0) + ratio(first_bar, x1_length[:, None], 0.0)
    x2_bar = x2_norm_bar[:, None]*ratio(x2, x2_norm[:, None], 0.0) + ratio(second_bar, x2_length[:, None], 0.0)
    return {
        "alike": alike,
        "unlike": unlike,
        "x1_norm_sum": x1_norm_sum,
        "x1_norm": x1_norm,
        "x1_length": x1_length,
        "first": first,
        "x2_norm_sum": x2_norm_sum,
        "x2_norm": x2_norm,
        "x2_length": x2_length,
        "second": second,
        "delta": delta,
        "kappa_sum": kappa_sum,
        "kappa": kappa,
        "distance": distance,
        "square": square,
        "inside": inside,
        "beyond": beyond,
        "pull": pull,
        "nearness": nearness,
        "lack": lack,
        "closeness": closeness,
        "flat": flat,
        "push": push,
        "loss": loss,
        "push_bar": push_bar,
        "flat_bar": flat_bar,
        "closeness_bar": closeness_bar,
        "lack_bar": lack_bar,
        "nearness_bar": nearness_bar,
        "pull_bar": pull_bar,
        "beyond_bar": beyond_bar,
        "inside_bar": inside_bar,
        "square_bar": square_bar,
        "distance_bar": distance_bar,
        "kappa_bar": kappa_bar,
        "kappa_sum_bar": kappa_sum_bar,
        "second_bar": second_bar,
        "x2_length_bar_acc": x2_length_bar_acc,
        "x2_length_bar": x2_length_bar,
        "x2_norm_bar": x2_norm_bar,
        "first_bar": first_bar,
        "x1_length_bar_acc": x1_length_bar_acc,
        "x1_length_bar": x1_length_bar,
        "x1_norm_bar": x1_norm_bar,
        "x1_bar": x1_bar,
        "x2_bar": x2_bar,
    }
