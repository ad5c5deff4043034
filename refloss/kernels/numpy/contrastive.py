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
    eps_difference: added to every difference (default 0.0)
    eps_difference_lo: what eps_difference lacks (default 0.0)
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

CONSTANTS = ("different", "eps_difference", "eps_difference_lo", "linear", "positive_margin", "positive_margin_lo", "margin", "margin_lo", "legacy", "factor",)


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


def value(x1, x2, same, different, eps_difference, eps_difference_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return loss, one an item."""
    D = x1.shape[1]
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    ahead = x1 - x2
    near = ahead + eps_difference
    slip = two_diff_error(x1, x2) + two_sum_error(ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    delta = near + slip  # differences
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
    root = np.sqrt(squares)
    again = root*root
    short_by = coarse - again
    steep = ratio(1.0, root, 0.0)  # 0 where all numbers are
    root_lo = 0.5*(fine + short_by - two_prod_error(root, root))*steep  # what the root lacks
    length = root*top
    length_lo = np.where((tame > 0.0), root_lo*top + two_prod_error(top, root), 0.0)  # what the length lacks
    wide = squares*top
    big = wide*top  # squared distance, rounded
    wide_lo = squares_lo*top + two_prod_error(top, squares)
    big_lo = np.where((tame > 0.0), wide_lo*top + two_prod_error(top, wide), 0.0)  # what it lacks
    square = big + big_lo  # squared distance
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


def grad(x1, x2, same, loss_bar, different, eps_difference, eps_difference_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return loss, then its derivative by every column times loss_bar."""
    D = x1.shape[1]
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    ahead = x1 - x2
    near = ahead + eps_difference
    slip = two_diff_error(x1, x2) + two_sum_error(ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    delta = near + slip  # differences
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
    root = np.sqrt(squares)
    again = root*root
    short_by = coarse - again
    steep = ratio(1.0, root, 0.0)  # 0 where all numbers are
    root_lo = 0.5*(fine + short_by - two_prod_error(root, root))*steep  # what the root lacks
    length = root*top
    length_lo = np.where((tame > 0.0), root_lo*top + two_prod_error(top, root), 0.0)  # what the length lacks
    wide = squares*top
    big = wide*top  # squared distance, rounded
    wide_lo = squares_lo*top + two_prod_error(top, squares)
    big_lo = np.where((tame > 0.0), wide_lo*top + two_prod_error(top, wide), 0.0)  # what it lacks
    square = big + big_lo  # squared distance
    unit = steep[:, None]*part  # 0 where both coincide
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
    push_bar = factor*loss_bar*unlike
    flat_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 0.0, push_bar), 0.0)
    closeness_bar = flat_bar*np.heaviside(closeness, 0.0)
    lack_bar = np.where((linear == 0.0), np.where((legacy == 0.0), 2.0*lack*push_bar, 0.0), push_bar)
    nearness_bar = lack_bar*np.heaviside(nearness, 0.0)
    pull_bar = factor*alike*loss_bar
    beyond_bar = np.where((linear == 0.0), 0.0, pull_bar)
    inside_bar = -(beyond_bar*np.heaviside(-inside, 0.0))
    square_bar = np.where((linear == 0.0), pull_bar, 0.0) - closeness_bar
    distance_bar = -inside_bar - nearness_bar
    delta_bar = 2.0*square_bar[:, None]*delta + distance_bar[:, None]*unit
    x1_bar = delta_bar
    x2_bar = -delta_bar
    return loss, x1_bar, x2_bar


def hvp(x1, x2, same, loss_bar, x1_dot, x2_dot, different, eps_difference, eps_difference_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return the derivative of the gradient along the `_dot` columns."""
    D = x1.shape[1]
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    ahead = x1 - x2
    near = ahead + eps_difference
    slip = two_diff_error(x1, x2) + two_sum_error(ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    delta = near + slip  # differences
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
    root = np.sqrt(squares)
    again = root*root
    short_by = coarse - again
    steep = ratio(1.0, root, 0.0)  # 0 where all numbers are
    root_lo = 0.5*(fine + short_by - two_prod_error(root, root))*steep  # what the root lacks
    length = root*top
    length_lo = np.where((tame > 0.0), root_lo*top + two_prod_error(top, root), 0.0)  # what the length lacks
    distance = length + length_lo
    wide = squares*top
    big = wide*top  # squared distance, rounded
    wide_lo = squares_lo*top + two_prod_error(top, squares)
    big_lo = np.where((tame > 0.0), wide_lo*top + two_prod_error(top, wide), 0.0)  # what it lacks
    unit = steep[:, None]*part  # 0 where both coincide
    inside_hi = -length + positive_margin
    inside_lo = np.where((tame > 0.0), two_diff_error(positive_margin, length) - length_lo + positive_margin_lo, 0.0)  # rounding errors
    inside = inside_hi + inside_lo  # what the distance lacks to the margin
    nearness_hi = -length + margin
    nearness_lo = np.where((tame > 0.0), two_diff_error(margin, length) - length_lo + margin_lo, 0.0)  # rounding errors
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
    distance_bar = -inside_bar - nearness_bar
    ahead_dot = x1_dot - x2_dot
    delta_dot = ahead_dot
    distance_dot0 = np.sum(delta_dot*unit, axis=1)
    unit_dot = ratio(delta_dot, distance[:, None], 0.0) - unit*ratio(distance_dot0[:, None], distance[:, None], 0.0)
    nearness_dot = -distance_dot0
    lack_dot = nearness_dot*np.heaviside(nearness, 0.0)
    lack_bar_dot = lack_dot*np.where((linear == 0.0), np.where((legacy == 0.0), 2.0*push_bar, 0.0), 0.0)
    nearness_bar_dot = lack_bar_dot*np.heaviside(nearness, 0.0)
    distance_bar_dot = -nearness_bar_dot
    delta_bar_dot = 2.0*square_bar[:, None]*delta_dot + distance_bar[:, None]*unit_dot + distance_bar_dot[:, None]*unit
    x1_bar_dot = delta_bar_dot
    x2_bar_dot = -delta_bar_dot
    return x1_bar_dot, x2_bar_dot


def trace(x1, x2, same, loss_bar, different, eps_difference, eps_difference_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return every quantity of the plain program and its adjoint, by name."""
    alike = np.where((different == 0.0), same, 1.0 - same)  # 1: of one kind
    unlike = 1.0 - alike
    delta = x1 - x2 + eps_difference  # differences
    square = np.sum(delta*delta, axis=1)  # squared distance
    distance = np.sqrt(square)
    unit = ratio(delta, distance[:, None], 0.0)  # 0 where both coincide
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
    distance_bar = -inside_bar - nearness_bar
    square_bar = np.where((linear == 0.0), pull_bar, 0.0) - closeness_bar
    delta_bar = 2.0*square_bar[:, None]*delta + distance_bar[:, None]*unit
    x1_bar = delta_bar
    x2_bar = -delta_bar
    return {
        "alike": alike,
        "unlike": unlike,
        "delta": delta,
        "square": square,
        "distance": distance,
        "unit": unit,
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
        "distance_bar": distance_bar,
        "square_bar": square_bar,
        "delta_bar": delta_bar,
        "x1_bar": x1_bar,
        "x2_bar": x2_bar,
    }
