"""DIoU loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    DIoU = IoU - rho^2/c^2 with rho the distance of the centres, c the diagonal of the hull;
    loss = 1 - DIoU

Subgradients
    max and min at equal coordinates: an even split between the two, as torch.maximum takes
    it. Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quantity equal
    to its floor or ceiling: half of the derivative; IoU under the logarithm: 0. A quotient
    whose denominator is 0: derivative 0.

Constants
    eps_union: added to the union as denominator of IoU (default 0.0)
    eps_height: added to both heights in the areas (default 0.0)
    eps_diagonal: added to the squared diagonal (default 0.0)
    eps_rho: added to the squared distance of the centres (default 0.0)
    least_height: floor of both heights in areas and aspect angles (default 0.0)

Source
    Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287.
"""

import numpy as np

CONSTANTS = ("eps_union", "eps_height", "eps_diagonal", "eps_rho", "least_height",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


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


def value(px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
    """Return loss, one an item."""
    dx1 = px1 - tx1  # pred minus target
    dy1 = py1 - ty1  # pred minus target
    dx2 = px2 - tx2  # pred minus target
    dy2 = py2 - ty2  # pred minus target
    pw = px2 - px1  # width of pred
    ph = py2 - py1  # height of pred
    tw = tx2 - tx1  # width of target
    th = ty2 - ty1  # height of target
    ox = np.minimum(px2, tx2) - np.maximum(px1, tx1)  # signed overlap in x
    oy = np.minimum(py2, ty2) - np.maximum(py1, ty1)  # signed overlap in y
    iw = np.maximum(ox, 0.0)
    ih = np.maximum(oy, 0.0)
    inter = ih*iw  # intersection
    ph_under = -ph + least_height
    ph_below = ph_under - two_diff_error(py2, py1)  # the floor minus the height, exactly signed
    ph_lift = np.where((least_height == 0.0), 0.0, np.maximum(ph_below, 0.0))  # what the floor adds to the height
    ph_kept = np.where((least_height == 0.0), ph, np.maximum(least_height, ph))  # height, floored
    th_under = -th + least_height
    th_below = th_under - two_diff_error(ty2, ty1)  # the floor minus the height, exactly signed
    th_lift = np.where((least_height == 0.0), 0.0, np.maximum(th_below, 0.0))  # what the floor adds to the height
    th_kept = np.where((least_height == 0.0), th, np.maximum(least_height, th))  # height, floored
    x1_above = np.maximum(dx1, 0.0)  # max(dx1, 0)
    x1_below = x1_above - dx1  # max(-dx1, 0)
    y1_above = np.maximum(dy1, 0.0)  # max(dy1, 0)
    y1_below = y1_above - dy1  # max(-dy1, 0)
    x2_above = np.maximum(dx2, 0.0)  # max(dx2, 0)
    x2_below = x2_above - dx2  # max(-dx2, 0)
    y2_above = np.maximum(dy2, 0.0)  # max(dy2, 0)
    y2_below = y2_above - dy2  # max(-dy2, 0)
    pw_out = np.minimum(x1_below + x2_above, pw)  # pw - iw
    ph_out = np.minimum(y1_below + y2_above, ph)  # ph - ih
    tw_out = np.minimum(x1_above + x2_below, tw)  # tw - iw
    th_out = np.minimum(y1_above + y2_below, th)  # th - ih
    ph_lifted = np.where((least_height == 0.0), ph_out, ph_lift + ph_out)  # part of the floored height outside
    p_rest = np.where((eps_height == 0.0), ph_lifted, ph_lifted + eps_height)
    th_lifted = np.where((least_height == 0.0), th_out, th_lift + th_out)  # part of the floored height outside
    t_rest = np.where((eps_height == 0.0), th_lifted, th_lifted + eps_height)
    ph_area = np.where((eps_height == 0.0), ph_kept, ph_kept + eps_height)
    th_area = np.where((eps_height == 0.0), th_kept, th_kept + eps_height)
    p_only = iw*p_rest + ph_area*pw_out  # area of pred outside the intersection
    t_only = iw*t_rest + th_area*tw_out  # area of target outside the intersection
    outside = p_only + t_only  # symmetric difference
    union_area = inter + outside  # union
    union_den = np.where((eps_union == 0.0), union_area, union_area + eps_union)
    union_empty = np.where((union_den == 0.0), 1.0, 0.0)
    union_safe = union_den + union_empty
    gap = (np.where((eps_union == 0.0), outside, outside + eps_union) + union_empty)/union_safe  # 1 - IoU, from terms >= 0
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    cw_error = two_diff_error(np.maximum(px2, tx2), np.minimum(px1, tx1))  # what rounding loses of it
    ch_error = two_diff_error(np.maximum(py2, ty2), np.minimum(py1, ty1))  # what rounding loses of it
    dx1_error = two_diff_error(px1, tx1)
    dx2_error = two_diff_error(px2, tx2)
    sx_high = dx1 + dx2
    sx_low = two_sum_error(dx1, dx2) + dx1_error + dx2_error
    sx = sx_high + sx_low  # twice the distance of the centres in x
    dy1_error = two_diff_error(py1, ty1)
    dy2_error = two_diff_error(py2, ty2)
    sy_high = dy1 + dy2
    sy_low = two_sum_error(dy1, dy2) + dy1_error + dy2_error
    sy = sy_high + sy_low  # twice the distance of the centres in y
    s_squares = sx*sx + sy*sy
    rho = np.where((eps_rho == 0.0), 0.25*s_squares, 0.25*s_squares + eps_rho)  # squared distance of the centres
    cw_square = cw*cw
    ch_square = ch*ch
    c_errors = ch*ch_error + cw*cw_error
    diagonal_low = two_prod_error(ch, ch) + two_prod_error(cw, cw) + two_sum_error(cw_square, ch_square) + 2.0*c_errors
    diagonal_high = ch_square + cw_square
    diagonal = diagonal_high + diagonal_low  # squared diagonal of the hull
    diagonal_den = np.where((eps_diagonal == 0.0), diagonal, diagonal + eps_diagonal)
    distance = ratio(rho, diagonal_den, 0.0)
    loss = distance + gap
    return loss


def grad(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
    """Return loss, then its derivative by every column times loss_bar."""
    dx1 = px1 - tx1  # pred minus target
    dy1 = py1 - ty1  # pred minus target
    dx2 = px2 - tx2  # pred minus target
    dy2 = py2 - ty2  # pred minus target
    pw = px2 - px1  # width of pred
    ph = py2 - py1  # height of pred
    tw = tx2 - tx1  # width of target
    th = ty2 - ty1  # height of target
    ox = np.minimum(px2, tx2) - np.maximum(px1, tx1)  # signed overlap in x
    oy = np.minimum(py2, ty2) - np.maximum(py1, ty1)  # signed overlap in y
    iw = np.maximum(ox, 0.0)
    ih = np.maximum(oy, 0.0)
    inter = ih*iw  # intersection
    x1_inside = np.heaviside(dx1, 0.5)  # px1 inside target: 1
    x1_beyond = 1.0 - x1_inside
    y1_inside = np.heaviside(dy1, 0.5)  # py1 inside target: 1
    y1_beyond = 1.0 - y1_inside
    x2_inside = np.heaviside(-dx2, 0.5)  # px2 inside target: 1
    x2_beyond = 1.0 - x2_inside
    y2_inside = np.heaviside(-dy2, 0.5)  # py2 inside target: 1
    y2_beyond = 1.0 - y2_inside
    ph_under = -ph + least_height
    ph_below = ph_under - two_diff_error(py2, py1)  # the floor minus the height, exactly signed
    ph_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-ph_below, 0.5))  # 0 where the height is floored
    ph_lift = np.where((least_height == 0.0), 0.0, np.maximum(ph_below, 0.0))  # what the floor adds to the height
    ph_kept = np.where((least_height == 0.0), ph, np.maximum(least_height, ph))  # height, floored
    th_under = -th + least_height
    th_below = th_under - two_diff_error(ty2, ty1)  # the floor minus the height, exactly signed
    th_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-th_below, 0.5))  # 0 where the height is floored
    th_lift = np.where((least_height == 0.0), 0.0, np.maximum(th_below, 0.0))  # what the floor adds to the height
    th_kept = np.where((least_height == 0.0), th, np.maximum(least_height, th))  # height, floored
    x1_above = np.maximum(dx1, 0.0)  # max(dx1, 0)
    x1_below = x1_above - dx1  # max(-dx1, 0)
    y1_above = np.maximum(dy1, 0.0)  # max(dy1, 0)
    y1_below = y1_above - dy1  # max(-dy1, 0)
    x2_above = np.maximum(dx2, 0.0)  # max(dx2, 0)
    x2_below = x2_above - dx2  # max(-dx2, 0)
    y2_above = np.maximum(dy2, 0.0)  # max(dy2, 0)
    y2_below = y2_above - dy2  # max(-dy2, 0)
    pw_out = np.minimum(x1_below + x2_above, pw)  # pw - iw
    ph_out = np.minimum(y1_below + y2_above, ph)  # ph - ih
    tw_out = np.minimum(x1_above + x2_below, tw)  # tw - iw
    th_out = np.minimum(y1_above + y2_below, th)  # th - ih
    ph_lifted = np.where((least_height == 0.0), ph_out, ph_lift + ph_out)  # part of the floored height outside
    p_rest = np.where((eps_height == 0.0), ph_lifted, ph_lifted + eps_height)
    p_stay = np.where((least_height == 0.0), p_rest, (1.0 - ph_follows)*ih + p_rest)
    th_lifted = np.where((least_height == 0.0), th_out, th_lift + th_out)  # part of the floored height outside
    t_rest = np.where((eps_height == 0.0), th_lifted, th_lifted + eps_height)
    t_stay = np.where((least_height == 0.0), t_rest, (1.0 - th_follows)*ih + t_rest)
    ph_area = np.where((eps_height == 0.0), ph_kept, ph_kept + eps_height)
    th_area = np.where((eps_height == 0.0), th_kept, th_kept + eps_height)
    p_only = iw*p_rest + ph_area*pw_out  # area of pred outside the intersection
    t_only = iw*t_rest + th_area*tw_out  # area of target outside the intersection
    outside = p_only + t_only  # symmetric difference
    parea = ph_area*pw  # area of pred
    tarea = th_area*tw  # area of target
    union_area = inter + outside  # union
    union_den = np.where((eps_union == 0.0), union_area, union_area + eps_union)
    union_empty = np.where((union_den == 0.0), 1.0, 0.0)
    union_safe = union_den + union_empty
    gap = (np.where((eps_union == 0.0), outside, outside + eps_union) + union_empty)/union_safe  # 1 - IoU, from terms >= 0
    iou = inter/union_safe
    ih_met = np.where((ox > 0.0), ih, 0.0)  # ih where ox > 0
    iw_met = np.where((oy > 0.0), iw, 0.0)  # iw where oy > 0
    px_rest = np.where((eps_union == 0.0), ph_area*pw_out + tarea, ph_area*pw_out + tarea + eps_union)
    px_share = px_rest/union_safe
    px_in = ih_met*(px_share/union_safe)
    px_side = ph_area/union_safe
    px_out = iou*px_side
    py_rest = np.where((eps_union == 0.0), p_stay*pw + tarea, p_stay*pw + tarea + eps_union)
    py_share = py_rest/union_safe
    py_in = iw_met*(py_share/union_safe)
    py_side = ph_follows*pw/union_safe
    py_out = iou*py_side
    tx_rest = np.where((eps_union == 0.0), th_area*tw_out + parea, th_area*tw_out + parea + eps_union)
    tx_share = tx_rest/union_safe
    tx_in = ih_met*(tx_share/union_safe)
    tx_side = th_area/union_safe
    tx_out = iou*tx_side
    ty_rest = np.where((eps_union == 0.0), t_stay*tw + parea, t_stay*tw + parea + eps_union)
    ty_share = ty_rest/union_safe
    ty_in = iw_met*(ty_share/union_safe)
    ty_side = th_follows*tw/union_safe
    ty_out = iou*ty_side
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    cw_error = two_diff_error(np.maximum(px2, tx2), np.minimum(px1, tx1))  # what rounding loses of it
    ch_error = two_diff_error(np.maximum(py2, ty2), np.minimum(py1, ty1))  # what rounding loses of it
    dx1_error = two_diff_error(px1, tx1)
    dx2_error = two_diff_error(px2, tx2)
    sx_high = dx1 + dx2
    sx_low = two_sum_error(dx1, dx2) + dx1_error + dx2_error
    sx = sx_high + sx_low  # twice the distance of the centres in x
    dy1_error = two_diff_error(py1, ty1)
    dy2_error = two_diff_error(py2, ty2)
    sy_high = dy1 + dy2
    sy_low = two_sum_error(dy1, dy2) + dy1_error + dy2_error
    sy = sy_high + sy_low  # twice the distance of the centres in y
    s_squares = sx*sx + sy*sy
    rho = np.where((eps_rho == 0.0), 0.25*s_squares, 0.25*s_squares + eps_rho)  # squared distance of the centres
    cw_square = cw*cw
    ch_square = ch*ch
    c_errors = ch*ch_error + cw*cw_error
    diagonal_low = two_prod_error(ch, ch) + two_prod_error(cw, cw) + two_sum_error(cw_square, ch_square) + 2.0*c_errors
    diagonal_high = ch_square + cw_square
    diagonal = diagonal_high + diagonal_low  # squared diagonal of the hull
    diagonal_den = np.where((eps_diagonal == 0.0), diagonal, diagonal + eps_diagonal)
    distance = ratio(rho, diagonal_den, 0.0)
    loss = distance + gap
    diagonal_den_bar = -(distance*ratio(loss_bar, diagonal_den, 0.0))
    rho_bar = ratio(loss_bar, diagonal_den, 0.0)
    s_squares_bar = 0.25*rho_bar
    sy_bar = 2.0*s_squares_bar*sy
    sx_bar = 2.0*s_squares_bar*sx
    ch_bar = 2.0*ch*diagonal_den_bar
    cw_bar = 2.0*cw*diagonal_den_bar
    px1_bar = (px_in*x1_inside - px_out*x1_beyond)*loss_bar + sx_bar - cw_bar*x1_beyond
    py1_bar = (py_in*y1_inside - py_out*y1_beyond)*loss_bar + sy_bar - ch_bar*y1_beyond
    px2_bar = (px_out*x2_beyond - px_in*x2_inside)*loss_bar + cw_bar*x2_beyond + sx_bar
    py2_bar = (py_out*y2_beyond - py_in*y2_inside)*loss_bar + ch_bar*y2_beyond + sy_bar
    tx1_bar = (tx_in*x1_beyond - tx_out*x1_inside)*loss_bar - cw_bar*x1_inside - sx_bar
    ty1_bar = (ty_in*y1_beyond - ty_out*y1_inside)*loss_bar - ch_bar*y1_inside - sy_bar
    tx2_bar = (tx_out*x2_inside - tx_in*x2_beyond)*loss_bar + cw_bar*x2_inside - sx_bar
    ty2_bar = (ty_out*y2_inside - ty_in*y2_beyond)*loss_bar + ch_bar*y2_inside - sy_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def hvp(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, px1_dot, py1_dot, px2_dot, py2_dot, tx1_dot, ty1_dot, tx2_dot, ty2_dot, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
    """Return the derivative of the gradient along the `_dot` columns."""
    dx1 = px1 - tx1  # pred minus target
    dy1 = py1 - ty1  # pred minus target
    dx2 = px2 - tx2  # pred minus target
    dy2 = py2 - ty2  # pred minus target
    pw = px2 - px1  # width of pred
    ph = py2 - py1  # height of pred
    tw = tx2 - tx1  # width of target
    th = ty2 - ty1  # height of target
    ox = np.minimum(px2, tx2) - np.maximum(px1, tx1)  # signed overlap in x
    oy = np.minimum(py2, ty2) - np.maximum(py1, ty1)  # signed overlap in y
    iw = np.maximum(ox, 0.0)
    ih = np.maximum(oy, 0.0)
    inter = ih*iw  # intersection
    x1_inside = np.heaviside(dx1, 0.5)  # px1 inside target: 1
    x1_beyond = 1.0 - x1_inside
    y1_inside = np.heaviside(dy1, 0.5)  # py1 inside target: 1
    y1_beyond = 1.0 - y1_inside
    x2_inside = np.heaviside(-dx2, 0.5)  # px2 inside target: 1
    x2_beyond = 1.0 - x2_inside
    y2_inside = np.heaviside(-dy2, 0.5)  # py2 inside target: 1
    y2_beyond = 1.0 - y2_inside
    meets_x = np.heaviside(ox, 0.0)
    meets_y = np.heaviside(oy, 0.0)
    ph_under = -ph + least_height
    ph_below = ph_under - two_diff_error(py2, py1)  # the floor minus the height, exactly signed
    ph_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-ph_below, 0.5))  # 0 where the height is floored
    ph_lift = np.where((least_height == 0.0), 0.0, np.maximum(ph_below, 0.0))  # what the floor adds to the height
    ph_kept = np.where((least_height == 0.0), ph, np.maximum(least_height, ph))  # height, floored
    th_under = -th + least_height
    th_below = th_under - two_diff_error(ty2, ty1)  # the floor minus the height, exactly signed
    th_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-th_below, 0.5))  # 0 where the height is floored
    th_lift = np.where((least_height == 0.0), 0.0, np.maximum(th_below, 0.0))  # what the floor adds to the height
    th_kept = np.where((least_height == 0.0), th, np.maximum(least_height, th))  # height, floored
    x1_above = np.maximum(dx1, 0.0)  # max(dx1, 0)
    x1_below = x1_above - dx1  # max(-dx1, 0)
    y1_above = np.maximum(dy1, 0.0)  # max(dy1, 0)
    y1_below = y1_above - dy1  # max(-dy1, 0)
    x2_above = np.maximum(dx2, 0.0)  # max(dx2, 0)
    x2_below = x2_above - dx2  # max(-dx2, 0)
    y2_above = np.maximum(dy2, 0.0)  # max(dy2, 0)
    y2_below = y2_above - dy2  # max(-dy2, 0)
    pw_out = np.minimum(x1_below + x2_above, pw)  # pw - iw
    ph_out = np.minimum(y1_below + y2_above, ph)  # ph - ih
    tw_out = np.minimum(x1_above + x2_below, tw)  # tw - iw
    th_out = np.minimum(y1_above + y2_below, th)  # th - ih
    ph_lifted = np.where((least_height == 0.0), ph_out, ph_lift + ph_out)  # part of the floored height outside
    p_rest = np.where((eps_height == 0.0), ph_lifted, ph_lifted + eps_height)
    p_stay = np.where((least_height == 0.0), p_rest, (1.0 - ph_follows)*ih + p_rest)
    th_lifted = np.where((least_height == 0.0), th_out, th_lift + th_out)  # part of the floored height outside
    t_rest = np.where((eps_height == 0.0), th_lifted, th_lifted + eps_height)
    t_stay = np.where((least_height == 0.0), t_rest, (1.0 - th_follows)*ih + t_rest)
    ph_area = np.where((eps_height == 0.0), ph_kept, ph_kept + eps_height)
    th_area = np.where((eps_height == 0.0), th_kept, th_kept + eps_height)
    p_only = iw*p_rest + ph_area*pw_out  # area of pred outside the intersection
    t_only = iw*t_rest + th_area*tw_out  # area of target outside the intersection
    outside = p_only + t_only  # symmetric difference
    parea = ph_area*pw  # area of pred
    tarea = th_area*tw  # area of target
    union_area = inter + outside  # union
    union_den = np.where((eps_union == 0.0), union_area, union_area + eps_union)
    union_empty = np.where((union_den == 0.0), 1.0, 0.0)
    union_safe = union_den + union_empty
    iou = inter/union_safe
    ih_met = np.where((ox > 0.0), ih, 0.0)  # ih where ox > 0
    iw_met = np.where((oy > 0.0), iw, 0.0)  # iw where oy > 0
    px_rest = np.where((eps_union == 0.0), ph_area*pw_out + tarea, ph_area*pw_out + tarea + eps_union)
    px_share = px_rest/union_safe
    px_in = ih_met*(px_share/union_safe)
    px_side = ph_area/union_safe
    px_out = iou*px_side
    py_rest = np.where((eps_union == 0.0), p_stay*pw + tarea, p_stay*pw + tarea + eps_union)
    py_share = py_rest/union_safe
    py_in = iw_met*(py_share/union_safe)
    py_side = ph_follows*pw/union_safe
    py_out = iou*py_side
    tx_rest = np.where((eps_union == 0.0), th_area*tw_out + parea, th_area*tw_out + parea + eps_union)
    tx_share = tx_rest/union_safe
    tx_in = ih_met*(tx_share/union_safe)
    tx_side = th_area/union_safe
    tx_out = iou*tx_side
    ty_rest = np.where((eps_union == 0.0), t_stay*tw + parea, t_stay*tw + parea + eps_union)
    ty_share = ty_rest/union_safe
    ty_in = iw_met*(ty_share/union_safe)
    ty_side = th_follows*tw/union_safe
    ty_out = iou*ty_side
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    cw_error = two_diff_error(np.maximum(px2, tx2), np.minimum(px1, tx1))  # what rounding loses of it
    ch_error = two_diff_error(np.maximum(py2, ty2), np.minimum(py1, ty1))  # what rounding loses of it
    dx1_error = two_diff_error(px1, tx1)
    dx2_error = two_diff_error(px2, tx2)
    sx_high = dx1 + dx2
    sx_low = two_sum_error(dx1, dx2) + dx1_error + dx2_error
    sx = sx_high + sx_low  # twice the distance of the centres in x
    dy1_error = two_diff_error(py1, ty1)
    dy2_error = two_diff_error(py2, ty2)
    sy_high = dy1 + dy2
    sy_low = two_sum_error(dy1, dy2) + dy1_error + dy2_error
    sy = sy_high + sy_low  # twice the distance of the centres in y
    s_squares = sx*sx + sy*sy
    rho = np.where((eps_rho == 0.0), 0.25*s_squares, 0.25*s_squares + eps_rho)  # squared distance of the centres
    cw_square = cw*cw
    ch_square = ch*ch
    c_errors = ch*ch_error + cw*cw_error
    diagonal_low = two_prod_error(ch, ch) + two_prod_error(cw, cw) + two_sum_error(cw_square, ch_square) + 2.0*c_errors
    diagonal_high = ch_square + cw_square
    diagonal = diagonal_high + diagonal_low  # squared diagonal of the hull
    diagonal_den = np.where((eps_diagonal == 0.0), diagonal, diagonal + eps_diagonal)
    distance = ratio(rho, diagonal_den, 0.0)
    diagonal_den_bar = -(distance*ratio(loss_bar, diagonal_den, 0.0))
    rho_bar = ratio(loss_bar, diagonal_den, 0.0)
    s_squares_bar = 0.25*rho_bar
    dx1_dot = px1_dot - tx1_dot
    dy1_dot = py1_dot - ty1_dot
    dx2_dot = px2_dot - tx2_dot
    dy2_dot = py2_dot - ty2_dot
    pw_dot = px2_dot - px1_dot
    ph_dot = py2_dot - py1_dot
    tw_dot = tx2_dot - tx1_dot
    th_dot = ty2_dot - ty1_dot
    ox_dot = px2_dot*x2_inside + tx2_dot*x2_beyond - px1_dot*x1_inside - tx1_dot*x1_beyond
    oy_dot = py2_dot*y2_inside + ty2_dot*y2_beyond - py1_dot*y1_inside - ty1_dot*y1_beyond
    iw_dot = meets_x*ox_dot
    ih_dot = meets_y*oy_dot
    inter_dot = ih*iw_dot + ih_dot*iw
    ph_kept_dot = ph_dot*ph_follows
    th_kept_dot = th_dot*th_follows
    pw_out_dot = (meets_x*x1_inside - 1.0)*px1_dot + (1.0 - meets_x*x2_inside)*px2_dot + meets_x*tx1_dot*x1_beyond - meets_x*tx2_dot*x2_beyond
    tw_out_dot = (meets_x*x1_beyond - 1.0)*tx1_dot + (1.0 - meets_x*x2_beyond)*tx2_dot + meets_x*px1_dot*x1_inside - meets_x*px2_dot*x2_inside
    ph_lifted_dot = (meets_y*y1_inside - ph_follows)*py1_dot + (ph_follows - meets_y*y2_inside)*py2_dot + meets_y*ty1_dot*y1_beyond - meets_y*ty2_dot*y2_beyond
    p_stay_dot = (meets_y*y1_inside - 1.0)*ph_follows*py1_dot + (1.0 - meets_y*y2_inside)*ph_follows*py2_dot + meets_y*ph_follows*ty1_dot*y1_beyond - meets_y*ph_follows*ty2_dot*y2_beyond
    th_lifted_dot = (meets_y*y1_beyond - th_follows)*ty1_dot + (th_follows - meets_y*y2_beyond)*ty2_dot + meets_y*py1_dot*y1_inside - meets_y*py2_dot*y2_inside
    t_stay_dot = (meets_y*y1_beyond - 1.0)*th_follows*ty1_dot + (1.0 - meets_y*y2_beyond)*th_follows*ty2_dot + meets_y*py1_dot*th_follows*y1_inside - meets_y*py2_dot*th_follows*y2_inside
    p_only_dot = iw*ph_lifted_dot + iw_dot*p_rest + ph_area*pw_out_dot + ph_kept_dot*pw_out
    t_only_dot = iw*th_lifted_dot + iw_dot*t_rest + th_area*tw_out_dot + th_kept_dot*tw_out
    outside_dot = p_only_dot + t_only_dot
    parea_dot = ph_area*pw_dot + ph_kept_dot*pw
    tarea_dot = th_area*tw_dot + th_kept_dot*tw
    union_area_dot = inter_dot + outside_dot
    gap_dot = (px_in*x1_inside - px_out*x1_beyond)*px1_dot + (px_out*x2_beyond - px_in*x2_inside)*px2_dot + (py_in*y1_inside - py_out*y1_beyond)*py1_dot + (py_out*y2_beyond - py_in*y2_inside)*py2_dot + (tx_in*x1_beyond - tx_out*x1_inside)*tx1_dot + (tx_out*x2_inside - tx_in*x2_beyond)*tx2_dot + (ty_in*y1_beyond - ty_out*y1_inside)*ty1_dot + (ty_out*y2_inside - ty_in*y2_beyond)*ty2_dot
    iou_dot = -gap_dot
    ih_met_dot = ih_dot*np.where((ox > 0.0), 1.0, 0.0)
    iw_met_dot = iw_dot*np.where((oy > 0.0), 1.0, 0.0)
    px_rest_dot = ph_area*pw_out_dot + ph_kept_dot*pw_out + tarea_dot
    px_share_dot = px_rest_dot/union_safe - px_share*(union_area_dot/union_safe)
    px_in_dot = ih_met_dot*(px_share/union_safe) + ih_met*(px_share_dot/union_safe) - ih_met*(px_share/union_safe)*(union_area_dot/union_safe)
    px_side_dot = ph_kept_dot/union_safe - px_side*(union_area_dot/union_safe)
    px_out_dot = iou*px_side_dot + iou_dot*px_side
    py_rest_dot = p_stay*pw_dot + p_stay_dot*pw + tarea_dot
    py_share_dot = py_rest_dot/union_safe - py_share*(union_area_dot/union_safe)
    py_in_dot = iw_met_dot*(py_share/union_safe) + iw_met*(py_share_dot/union_safe) - iw_met*(py_share/union_safe)*(union_area_dot/union_safe)
    py_side_dot = ph_follows*(pw_dot/union_safe) - py_side*(union_area_dot/union_safe)
    py_out_dot = iou*py_side_dot + iou_dot*py_side
    tx_rest_dot = th_area*tw_out_dot + th_kept_dot*tw_out + parea_dot
    tx_share_dot = tx_rest_dot/union_safe - tx_share*(union_area_dot/union_safe)
    tx_in_dot = ih_met_dot*(tx_share/union_safe) + ih_met*(tx_share_dot/union_safe) - ih_met*(tx_share/union_safe)*(union_area_dot/union_safe)
    tx_side_dot = th_kept_dot/union_safe - tx_side*(union_area_dot/union_safe)
    tx_out_dot = iou*tx_side_dot + iou_dot*tx_side
    ty_rest_dot = t_stay*tw_dot + t_stay_dot*tw + parea_dot
    ty_share_dot = ty_rest_dot/union_safe - ty_share*(union_area_dot/union_safe)
    ty_in_dot = iw_met_dot*(ty_share/union_safe) + iw_met*(ty_share_dot/union_safe) - iw_met*(ty_share/union_safe)*(union_area_dot/union_safe)
    ty_side_dot = th_follows*(tw_dot/union_safe) - ty_side*(union_area_dot/union_safe)
    ty_out_dot = iou*ty_side_dot + iou_dot*ty_side
    cw_dot = px2_dot*x2_beyond + tx2_dot*x2_inside - px1_dot*x1_beyond - tx1_dot*x1_inside
    ch_dot = py2_dot*y2_beyond + ty2_dot*y2_inside - py1_dot*y1_beyond - ty1_dot*y1_inside
    sx_high_dot = dx1_dot + dx2_dot
    sy_high_dot = dy1_dot + dy2_dot
    s_squares_dot = 2.0*sx*sx_high_dot + 2.0*sy*sy_high_dot
    rho_dot = 0.25*s_squares_dot
    cw_square_dot = 2.0*cw*cw_dot
    ch_square_dot = 2.0*ch*ch_dot
    diagonal_high_dot = ch_square_dot + cw_square_dot
    distance_dot = ratio(rho_dot, diagonal_den, 0.0) - distance*ratio(diagonal_high_dot, diagonal_den, 0.0)
    diagonal_den_bar_dot = distance*rho_bar*ratio(diagonal_high_dot, diagonal_den, 0.0) - distance_dot*rho_bar
    rho_bar_dot = -(rho_bar*ratio(diagonal_high_dot, diagonal_den, 0.0))
    s_squares_bar_dot = 0.25*rho_bar_dot
    sy_bar_dot = 2.0*s_squares_bar*sy_high_dot + 2.0*s_squares_bar_dot*sy
    sx_bar_dot = 2.0*s_squares_bar*sx_high_dot + 2.0*s_squares_bar_dot*sx
    ch_bar_dot = 2.0*ch*diagonal_den_bar_dot + 2.0*ch_dot*diagonal_den_bar
    cw_bar_dot = 2.0*cw*diagonal_den_bar_dot + 2.0*cw_dot*diagonal_den_bar
    px1_bar_dot = loss_bar*px_in_dot*x1_inside + sx_bar_dot - cw_bar_dot*x1_beyond - loss_bar*px_out_dot*x1_beyond
    py1_bar_dot = loss_bar*py_in_dot*y1_inside + sy_bar_dot - ch_bar_dot*y1_beyond - loss_bar*py_out_dot*y1_beyond
    px2_bar_dot = cw_bar_dot*x2_beyond + loss_bar*px_out_dot*x2_beyond + sx_bar_dot - loss_bar*px_in_dot*x2_inside
    py2_bar_dot = ch_bar_dot*y2_beyond + loss_bar*py_out_dot*y2_beyond + sy_bar_dot - loss_bar*py_in_dot*y2_inside
    tx1_bar_dot = loss_bar*tx_in_dot*x1_beyond - cw_bar_dot*x1_inside - loss_bar*tx_out_dot*x1_inside - sx_bar_dot
    ty1_bar_dot = loss_bar*ty_in_dot*y1_beyond - ch_bar_dot*y1_inside - loss_bar*ty_out_dot*y1_inside - sy_bar_dot
    tx2_bar_dot = cw_bar_dot*x2_inside + loss_bar*tx_out_dot*x2_inside - loss_bar*tx_in_dot*x2_beyond - sx_bar_dot
    ty2_bar_dot = ch_bar_dot*y2_inside + loss_bar*ty_out_dot*y2_inside - loss_bar*ty_in_dot*y2_beyond - sy_bar_dot
    return px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot


def trace(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
    """Return every quantity of the plain program and its adjoint, by name."""
    pw = px2 - px1  # width of pred
    ph = py2 - py1  # height of pred
    tw = tx2 - tx1  # width of target
    th = ty2 - ty1  # height of target
    ox = np.minimum(px2, tx2) - np.maximum(px1, tx1)  # signed overlap in x
    oy = np.minimum(py2, ty2) - np.maximum(py1, ty1)  # signed overlap in y
    iw = np.maximum(ox, 0.0)
    ih = np.maximum(oy, 0.0)
    inter = ih*iw  # intersection
    height_floor = np.where((least_height == 0.0), -1.8446744073709552e+19, least_height)  # 0 is none
    ph_kept = np.maximum(height_floor, ph)  # height of pred, floored
    th_kept = np.maximum(height_floor, th)  # height of target, floored
    parea = (ph_kept + eps_height)*pw  # area of pred
    tarea = (th_kept + eps_height)*tw  # area of target
    union_area = parea + tarea - inter  # union
    union_den = union_area + eps_union
    iou = ratio(inter, union_den, 0.0)
    gap = 1.0 - iou  # 1 - IoU
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    sx = px1 + px2 - tx1 - tx2  # twice the distance of the centres in x
    sy = py1 + py2 - ty1 - ty2  # twice the distance of the centres in y
    rho = 0.25*(sx*sx) + 0.25*(sy*sy) + eps_rho  # squared distance of the centres
    diagonal = ch*ch + cw*cw + eps_diagonal  # squared diagonal of the hull
    distance = ratio(rho, diagonal, 0.0)
    loss = distance + gap
    distance_bar = loss_bar
    diagonal_bar = -(ratio(distance_bar, diagonal, 0.0)*ratio(rho, diagonal, 0.0))
    rho_bar = ratio(distance_bar, diagonal, 0.0)
    sy_bar = 0.5*rho_bar*sy
    sx_bar = 0.5*rho_bar*sx
    ch_bar = 2.0*ch*diagonal_bar
    cw_bar = 2.0*cw*diagonal_bar
    gap_bar = loss_bar
    iou_bar = -gap_bar
    union_den_bar = -(ratio(inter, union_den, 0.0)*ratio(iou_bar, union_den, 0.0))
    union_area_bar = union_den_bar
    tarea_bar = union_area_bar
    parea_bar = union_area_bar
    th_kept_bar = tarea_bar*tw
    ph_kept_bar = parea_bar*pw
    inter_bar = ratio(iou_bar, union_den, 0.0) - union_area_bar
    ih_bar = inter_bar*iw
    iw_bar = ih*inter_bar
    oy_bar = ih_bar*np.heaviside(oy, 0.0)
    ox_bar = iw_bar*np.heaviside(ox, 0.0)
    th_bar = th_kept_bar*np.heaviside(th - height_floor, 0.5)
    tw_bar = (th_kept + eps_height)*tarea_bar
    ph_bar = ph_kept_bar*np.heaviside(ph - height_floor, 0.5)
    pw_bar = (ph_kept + eps_height)*parea_bar
    px1_bar = sx_bar - cw_bar*np.heaviside(tx1 - px1, 0.5) - ox_bar*np.heaviside(px1 - tx1, 0.5) - pw_bar
    py1_bar = sy_bar - ch_bar*np.heaviside(ty1 - py1, 0.5) - oy_bar*np.heaviside(py1 - ty1, 0.5) - ph_bar
    px2_bar = ox_bar*np.heaviside(tx2 - px2, 0.5) + cw_bar*np.heaviside(px2 - tx2, 0.5) + pw_bar + sx_bar
    py2_bar = oy_bar*np.heaviside(ty2 - py2, 0.5) + ch_bar*np.heaviside(py2 - ty2, 0.5) + ph_bar + sy_bar
    tx1_bar = -ox_bar*np.heaviside(tx1 - px1, 0.5) - cw_bar*np.heaviside(px1 - tx1, 0.5) - sx_bar - tw_bar
    ty1_bar = -oy_bar*np.heaviside(ty1 - py1, 0.5) - ch_bar*np.heaviside(py1 - ty1, 0.5) - sy_bar - th_bar
    tx2_bar = cw_bar*np.heaviside(tx2 - px2, 0.5) + ox_bar*np.heaviside(px2 - tx2, 0.5) + tw_bar - sx_bar
    ty2_bar = ch_bar*np.heaviside(ty2 - py2, 0.5) + oy_bar*np.heaviside(py2 - ty2, 0.5) + th_bar - sy_bar
    return {
        "pw": pw,
        "ph": ph,
        "tw": tw,
        "th": th,
        "ox": ox,
        "oy": oy,
        "iw": iw,
        "ih": ih,
        "inter": inter,
        "height_floor": height_floor,
        "ph_kept": ph_kept,
        "th_kept": th_kept,
        "parea": parea,
        "tarea": tarea,
        "union_area": union_area,
        "union_den": union_den,
        "iou": iou,
        "gap": gap,
        "cw": cw,
        "ch": ch,
        "sx": sx,
        "sy": sy,
        "rho": rho,
        "diagonal": diagonal,
        "distance": distance,
        "loss": loss,
        "distance_bar": distance_bar,
        "diagonal_bar": diagonal_bar,
        "rho_bar": rho_bar,
        "sy_bar": sy_bar,
        "sx_bar": sx_bar,
        "ch_bar": ch_bar,
        "cw_bar": cw_bar,
        "gap_bar": gap_bar,
        "iou_bar": iou_bar,
        "union_den_bar": union_den_bar,
        "union_area_bar": union_area_bar,
        "tarea_bar": tarea_bar,
        "parea_bar": parea_bar,
        "th_kept_bar": th_kept_bar,
        "ph_kept_bar": ph_kept_bar,
        "inter_bar": inter_bar,
        "ih_bar": ih_bar,
        "iw_bar": iw_bar,
        "oy_bar": oy_bar,
        "ox_bar": ox_bar,
        "th_bar": th_bar,
        "tw_bar": tw_bar,
        "ph_bar": ph_bar,
        "pw_bar": pw_bar,
        "px1_bar": px1_bar,
        "py1_bar": py1_bar,
        "px2_bar": px2_bar,
        "py2_bar": py2_bar,
        "tx1_bar": tx1_bar,
        "ty1_bar": ty1_bar,
        "tx2_bar": tx2_bar,
        "ty2_bar": ty2_bar,
    }
