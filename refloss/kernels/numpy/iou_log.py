"""IoU loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    IoU = I/U,  I = max(0, min(x2, x2t) - max(x1, x1t)) max(0, min(y2, y2t) - max(y1, y1t)),
    U = (x2 - x1)(y2 - y1) + (x2t - x1t)(y2t - y1t) - I;  loss = 1 - IoU, -ln IoU or 1 - IoU^2

Subgradients
    max and min at equal coordinates: an even split between the two, as torch.maximum takes
    it. Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quantity equal
    to its floor or ceiling: half of the derivative; IoU under the logarithm: 0. A quotient
    whose denominator is 0: derivative 0.

Constants
    eps_union: added to the union as denominator of IoU (default 0.0)
    eps_height: added to both heights in the areas (default 0.0)
    least_height: floor of both heights in areas and aspect angles (default 0.0)
    least_area: floor of union and hull (default -inf)
    least_iou: floor of IoU in the loss (default 0.0)

Source
    Yu et al., UnitBox, ACM MM 2016; 1 - IoU and 1 - IoU^2 by the libraries that use them.
"""

import numpy as np

CONSTANTS = ("eps_union", "eps_height", "least_height", "least_area", "least_iou",)


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


def value(px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, least_height, least_area, least_iou):
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
    meets_x = np.heaviside(ox, 0.0)
    meets_y = np.heaviside(oy, 0.0)
    ph_under = -ph + least_height
    ph_below = ph_under - two_diff_error(py2, py1)  # the floor minus the height, exactly signed
    ph_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-ph_below, 0.5))  # 0 where the height is floored
    ph_lift = np.where((least_height == 0.0), 0.0, np.maximum(ph_below, 0.0))  # what the floor adds to the height
    ph_kept = np.where((least_height == 0.0), ph, np.maximum(least_height, ph))  # height, floored
    ph_kept_error = np.where((least_height == 0.0), two_diff_error(py2, py1), ph_follows*two_diff_error(py2, py1))  # what rounding it lost
    th_under = -th + least_height
    th_below = th_under - two_diff_error(ty2, ty1)  # the floor minus the height, exactly signed
    th_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-th_below, 0.5))  # 0 where the height is floored
    th_lift = np.where((least_height == 0.0), 0.0, np.maximum(th_below, 0.0))  # what the floor adds to the height
    th_kept = np.where((least_height == 0.0), th, np.maximum(least_height, th))  # height, floored
    th_kept_error = np.where((least_height == 0.0), two_diff_error(ty2, ty1), th_follows*two_diff_error(ty2, ty1))  # what rounding it lost
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
    parea = ph_area*pw  # area of pred
    tarea = th_area*tw  # area of target
    union_area = inter + outside  # union
    pw_slip = two_diff_error(px2, px1)
    ph_slip = np.where((eps_height == 0.0), ph_kept_error, two_sum_error(ph_kept, eps_height) + ph_kept_error)
    parea_error = ph_area*pw_slip + ph_slip*pw + two_prod_error(pw, ph_area)
    tw_slip = two_diff_error(tx2, tx1)
    th_slip = np.where((eps_height == 0.0), th_kept_error, two_sum_error(th_kept, eps_height) + th_kept_error)
    tarea_error = th_area*tw_slip + th_slip*tw + two_prod_error(tw, th_area)
    ox_error = meets_x*two_diff_error(np.minimum(px2, tx2), np.maximum(px1, tx1))
    oy_error = meets_y*two_diff_error(np.minimum(py2, ty2), np.maximum(py1, ty1))
    inter_error = ih*ox_error + iw*oy_error + two_prod_error(iw, ih)
    area_sum = parea + tarea
    union_high = area_sum - inter
    union_gap = union_high - union_area
    union_low = two_diff_error(area_sum, inter) + two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error
    union_error = union_gap + union_low
    union_kept = np.where((least_area < 0.0), union_area, np.maximum(least_area, union_area))  # union, floored
    union_under = -union_area + least_area
    union_lift = np.maximum(union_under - union_error, 0.0)  # what the floor adds to the union
    union_follows = np.where((least_area < 0.0), 1.0, np.heaviside(union_area - least_area, 0.5))
    union_slack = np.where((least_area < 0.0), eps_union, union_lift + eps_union)
    union_den = np.where((eps_union == 0.0), union_kept, union_kept + eps_union)
    union_fine = union_error*union_follows + union_den
    outside_error = (p_rest + t_rest)*ox_error + ph_slip*pw_out + th_slip*tw_out + two_sum_error(ph_area*pw_out, iw*p_rest) + two_sum_error(th_area*tw_out, iw*t_rest) + two_sum_error(p_only, t_only)
    outside_fine = outside_error + outside + union_slack
    union_empty = np.where((union_fine == 0.0), 1.0, 0.0)
    union_safe = union_empty + union_fine
    gap = (outside_fine + union_empty)/union_safe  # 1 - IoU, from terms >= 0
    iou = inter/union_safe
    iou_kept = np.maximum(least_iou, iou)  # IoU, floored
    loss_far = -np.log(iou_kept)
    loss_near = np.where((gap < 0.5), -np.log1p(-gap), loss_far)
    loss = np.where((least_iou < iou), loss_near, loss_far)
    return loss


def grad(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, least_height, least_area, least_iou):
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
    meets_x = np.heaviside(ox, 0.0)
    meets_y = np.heaviside(oy, 0.0)
    ph_under = -ph + least_height
    ph_below = ph_under - two_diff_error(py2, py1)  # the floor minus the height, exactly signed
    ph_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-ph_below, 0.5))  # 0 where the height is floored
    ph_lift = np.where((least_height == 0.0), 0.0, np.maximum(ph_below, 0.0))  # what the floor adds to the height
    ph_kept = np.where((least_height == 0.0), ph, np.maximum(least_height, ph))  # height, floored
    ph_kept_error = np.where((least_height == 0.0), two_diff_error(py2, py1), ph_follows*two_diff_error(py2, py1))  # what rounding it lost
    th_under = -th + least_height
    th_below = th_under - two_diff_error(ty2, ty1)  # the floor minus the height, exactly signed
    th_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-th_below, 0.5))  # 0 where the height is floored
    th_lift = np.where((least_height == 0.0), 0.0, np.maximum(th_below, 0.0))  # what the floor adds to the height
    th_kept = np.where((least_height == 0.0), th, np.maximum(least_height, th))  # height, floored
    th_kept_error = np.where((least_height == 0.0), two_diff_error(ty2, ty1), th_follows*two_diff_error(ty2, ty1))  # what rounding it lost
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
    pw_slip = two_diff_error(px2, px1)
    ph_slip = np.where((eps_height == 0.0), ph_kept_error, two_sum_error(ph_kept, eps_height) + ph_kept_error)
    parea_error = ph_area*pw_slip + ph_slip*pw + two_prod_error(pw, ph_area)
    tw_slip = two_diff_error(tx2, tx1)
    th_slip = np.where((eps_height == 0.0), th_kept_error, two_sum_error(th_kept, eps_height) + th_kept_error)
    tarea_error = th_area*tw_slip + th_slip*tw + two_prod_error(tw, th_area)
    ox_error = meets_x*two_diff_error(np.minimum(px2, tx2), np.maximum(px1, tx1))
    oy_error = meets_y*two_diff_error(np.minimum(py2, ty2), np.maximum(py1, ty1))
    inter_error = ih*ox_error + iw*oy_error + two_prod_error(iw, ih)
    area_sum = parea + tarea
    union_high = area_sum - inter
    union_gap = union_high - union_area
    union_low = two_diff_error(area_sum, inter) + two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error
    union_error = union_gap + union_low
    union_kept = np.where((least_area < 0.0), union_area, np.maximum(least_area, union_area))  # union, floored
    union_under = -union_area + least_area
    union_lift = np.maximum(union_under - union_error, 0.0)  # what the floor adds to the union
    union_follows = np.where((least_area < 0.0), 1.0, np.heaviside(union_area - least_area, 0.5))
    union_slack = np.where((least_area < 0.0), eps_union, union_lift + eps_union)
    union_den = np.where((eps_union == 0.0), union_kept, union_kept + eps_union)
    union_fine = union_error*union_follows + union_den
    outside_error = (p_rest + t_rest)*ox_error + ph_slip*pw_out + th_slip*tw_out + two_sum_error(ph_area*pw_out, iw*p_rest) + two_sum_error(th_area*tw_out, iw*t_rest) + two_sum_error(p_only, t_only)
    outside_fine = outside_error + outside + union_slack
    union_empty = np.where((union_fine == 0.0), 1.0, 0.0)
    union_safe = union_empty + union_fine
    gap = (outside_fine + union_empty)/union_safe  # 1 - IoU, from terms >= 0
    iou = inter/union_safe
    px_rest = ph_area*pw_out + tarea + union_slack
    px_share = np.where((least_area < 0.0), px_rest, (1.0 - union_follows)*union_safe + px_rest*union_follows)/union_safe
    px_side = union_follows*(ph_area/union_safe)
    py_rest = p_stay*pw + tarea + union_slack
    py_share = np.where((least_area < 0.0), py_rest, (1.0 - union_follows)*union_safe + py_rest*union_follows)/union_safe
    py_side = union_follows*(ph_follows*pw/union_safe)
    tx_rest = th_area*tw_out + parea + union_slack
    tx_share = np.where((least_area < 0.0), tx_rest, (1.0 - union_follows)*union_safe + tx_rest*union_follows)/union_safe
    tx_side = union_follows*(th_area/union_safe)
    ty_rest = t_stay*tw + parea + union_slack
    ty_share = np.where((least_area < 0.0), ty_rest, (1.0 - union_follows)*union_safe + ty_rest*union_follows)/union_safe
    ty_side = union_follows*(th_follows*tw/union_safe)
    iou_kept = np.maximum(least_iou, iou)  # IoU, floored
    loss_far = -np.log(iou_kept)
    loss_near = np.where((gap < 0.5), -np.log1p(-gap), loss_far)
    loss = np.where((least_iou < iou), loss_near, loss_far)
    iou_counts = np.heaviside(iou - least_iou, 0.0)
    px_log_in = iou_counts*meets_x*ratio(px_share, iw, 0.0)
    px_log_out = iou_counts*px_side
    tx_log_in = iou_counts*meets_x*ratio(tx_share, iw, 0.0)
    tx_log_out = iou_counts*tx_side
    py_log_in = iou_counts*meets_y*ratio(py_share, ih, 0.0)
    py_log_out = iou_counts*py_side
    ty_log_in = iou_counts*meets_y*ratio(ty_share, ih, 0.0)
    ty_log_out = iou_counts*ty_side
    px1_bar = (px_log_in*x1_inside - px_log_out*x1_beyond)*loss_bar
    py1_bar = (py_log_in*y1_inside - py_log_out*y1_beyond)*loss_bar
    px2_bar = (px_log_out*x2_beyond - px_log_in*x2_inside)*loss_bar
    py2_bar = (py_log_out*y2_beyond - py_log_in*y2_inside)*loss_bar
    tx1_bar = (tx_log_in*x1_beyond - tx_log_out*x1_inside)*loss_bar
    ty1_bar = (ty_log_in*y1_beyond - ty_log_out*y1_inside)*loss_bar
    tx2_bar = (tx_log_out*x2_inside - tx_log_in*x2_beyond)*loss_bar
    ty2_bar = (ty_log_out*y2_inside - ty_log_in*y2_beyond)*loss_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def hvp(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, px1_dot, py1_dot, px2_dot, py2_dot, tx1_dot, ty1_dot, tx2_dot, ty2_dot, eps_union, eps_height, least_height, least_area, least_iou):
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
    ph_kept_error = np.where((least_height == 0.0), two_diff_error(py2, py1), ph_follows*two_diff_error(py2, py1))  # what rounding it lost
    th_under = -th + least_height
    th_below = th_under - two_diff_error(ty2, ty1)  # the floor minus the height, exactly signed
    th_follows = np.where((least_height == 0.0), 1.0, np.heaviside(-th_below, 0.5))  # 0 where the height is floored
    th_lift = np.where((least_height == 0.0), 0.0, np.maximum(th_below, 0.0))  # what the floor adds to the height
    th_kept = np.where((least_height == 0.0), th, np.maximum(least_height, th))  # height, floored
    th_kept_error = np.where((least_height == 0.0), two_diff_error(ty2, ty1), th_follows*two_diff_error(ty2, ty1))  # what rounding it lost
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
    pw_slip = two_diff_error(px2, px1)
    ph_slip = np.where((eps_height == 0.0), ph_kept_error, two_sum_error(ph_kept, eps_height) + ph_kept_error)
    parea_error = ph_area*pw_slip + ph_slip*pw + two_prod_error(pw, ph_area)
    tw_slip = two_diff_error(tx2, tx1)
    th_slip = np.where((eps_height == 0.0), th_kept_error, two_sum_error(th_kept, eps_height) + th_kept_error)
    tarea_error = th_area*tw_slip + th_slip*tw + two_prod_error(tw, th_area)
    ox_error = meets_x*two_diff_error(np.minimum(px2, tx2), np.maximum(px1, tx1))
    oy_error = meets_y*two_diff_error(np.minimum(py2, ty2), np.maximum(py1, ty1))
    inter_error = ih*ox_error + iw*oy_error + two_prod_error(iw, ih)
    area_sum = parea + tarea
    union_high = area_sum - inter
    union_gap = union_high - union_area
    union_low = two_diff_error(area_sum, inter) + two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error
    union_error = union_gap + union_low
    union_kept = np.where((least_area < 0.0), union_area, np.maximum(least_area, union_area))  # union, floored
    union_under = -union_area + least_area
    union_lift = np.maximum(union_under - union_error, 0.0)  # what the floor adds to the union
    union_follows = np.where((least_area < 0.0), 1.0, np.heaviside(union_area - least_area, 0.5))
    union_slack = np.where((least_area < 0.0), eps_union, union_lift + eps_union)
    union_den = np.where((eps_union == 0.0), union_kept, union_kept + eps_union)
    union_fine = union_error*union_follows + union_den
    union_empty = np.where((union_fine == 0.0), 1.0, 0.0)
    union_safe = union_empty + union_fine
    iou = inter/union_safe
    px_rest = ph_area*pw_out + tarea + union_slack
    px_share = np.where((least_area < 0.0), px_rest, (1.0 - union_follows)*union_safe + px_rest*union_follows)/union_safe
    py_rest = p_stay*pw + tarea + union_slack
    py_share = np.where((least_area < 0.0), py_rest, (1.0 - union_follows)*union_safe + py_rest*union_follows)/union_safe
    tx_rest = th_area*tw_out + parea + union_slack
    tx_share = np.where((least_area < 0.0), tx_rest, (1.0 - union_follows)*union_safe + tx_rest*union_follows)/union_safe
    ty_rest = t_stay*tw + parea + union_slack
    ty_share = np.where((least_area < 0.0), ty_rest, (1.0 - union_follows)*union_safe + ty_rest*union_follows)/union_safe
    iou_counts = np.heaviside(iou - least_iou, 0.0)
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
    union_kept_dot = union_area_dot*union_follows
    union_slack_dot = union_area_dot*np.where((least_area < 0.0), 0.0, union_follows - 1.0)
    px_rest_dot = ph_area*pw_out_dot + ph_kept_dot*pw_out + tarea_dot + union_slack_dot
    px_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(px_rest_dot/union_safe) - px_share*(union_kept_dot/union_safe)
    px_side_dot = union_follows*(ph_kept_dot/union_safe) - union_follows*(ph_area/union_safe)*(union_kept_dot/union_safe)
    py_rest_dot = p_stay*pw_dot + p_stay_dot*pw + tarea_dot + union_slack_dot
    py_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(py_rest_dot/union_safe) - py_share*(union_kept_dot/union_safe)
    py_side_dot = ph_follows*union_follows*(pw_dot/union_safe) - union_follows*(ph_follows*pw/union_safe)*(union_kept_dot/union_safe)
    tx_rest_dot = th_area*tw_out_dot + th_kept_dot*tw_out + parea_dot + union_slack_dot
    tx_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(tx_rest_dot/union_safe) - tx_share*(union_kept_dot/union_safe)
    tx_side_dot = union_follows*(th_kept_dot/union_safe) - union_follows*(th_area/union_safe)*(union_kept_dot/union_safe)
    ty_rest_dot = t_stay*tw_dot + t_stay_dot*tw + parea_dot + union_slack_dot
    ty_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(ty_rest_dot/union_safe) - ty_share*(union_kept_dot/union_safe)
    ty_side_dot = th_follows*union_follows*(tw_dot/union_safe) - union_follows*(th_follows*tw/union_safe)*(union_kept_dot/union_safe)
    px_log_in_dot = iou_counts*meets_x*ratio(px_share_dot, iw, 0.0) - iou_counts*meets_x*ratio(iw_dot, iw, 0.0)*ratio(px_share, iw, 0.0)
    px_log_out_dot = iou_counts*px_side_dot
    tx_log_in_dot = iou_counts*meets_x*ratio(tx_share_dot, iw, 0.0) - iou_counts*meets_x*ratio(iw_dot, iw, 0.0)*ratio(tx_share, iw, 0.0)
    tx_log_out_dot = iou_counts*tx_side_dot
    py_log_in_dot = iou_counts*meets_y*ratio(py_share_dot, ih, 0.0) - iou_counts*meets_y*ratio(ih_dot, ih, 0.0)*ratio(py_share, ih, 0.0)
    py_log_out_dot = iou_counts*py_side_dot
    ty_log_in_dot = iou_counts*meets_y*ratio(ty_share_dot, ih, 0.0) - iou_counts*meets_y*ratio(ih_dot, ih, 0.0)*ratio(ty_share, ih, 0.0)
    ty_log_out_dot = iou_counts*ty_side_dot
    px1_bar_dot = loss_bar*px_log_in_dot*x1_inside - loss_bar*px_log_out_dot*x1_beyond
    py1_bar_dot = loss_bar*py_log_in_dot*y1_inside - loss_bar*py_log_out_dot*y1_beyond
    px2_bar_dot = loss_bar*px_log_out_dot*x2_beyond - loss_bar*px_log_in_dot*x2_inside
    py2_bar_dot = loss_bar*py_log_out_dot*y2_beyond - loss_bar*py_log_in_dot*y2_inside
    tx1_bar_dot = loss_bar*tx_log_in_dot*x1_beyond - loss_bar*tx_log_out_dot*x1_inside
    ty1_bar_dot = loss_bar*ty_log_in_dot*y1_beyond - loss_bar*ty_log_out_dot*y1_inside
    tx2_bar_dot = loss_bar*tx_log_out_dot*x2_inside - loss_bar*tx_log_in_dot*x2_beyond
    ty2_bar_dot = loss_bar*ty_log_out_dot*y2_inside - loss_bar*ty_log_in_dot*y2_beyond
    return px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot


def trace(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, least_height, least_area, least_iou):
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
    union_kept = np.maximum(least_area, union_area)  # union, floored
    union_den = union_kept + eps_union
    iou = ratio(inter, union_den, 0.0)
    gap = 1.0 - iou  # 1 - IoU
    iou_kept = np.maximum(least_iou, iou)  # IoU, floored
    loss = -np.log(iou_kept)
    iou_kept_bar = -ratio(loss_bar, iou_kept, 0.0)
    iou_bar = iou_kept_bar*np.heaviside(iou - least_iou, 0.5)
    union_den_bar = -(ratio(inter, union_den, 0.0)*ratio(iou_bar, union_den, 0.0))
    union_kept_bar = union_den_bar
    union_area_bar = union_kept_bar*np.heaviside(union_area - least_area, 0.5)
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
    px1_bar = -ox_bar*np.heaviside(px1 - tx1, 0.5) - pw_bar
    py1_bar = -oy_bar*np.heaviside(py1 - ty1, 0.5) - ph_bar
    px2_bar = ox_bar*np.heaviside(tx2 - px2, 0.5) + pw_bar
    py2_bar = oy_bar*np.heaviside(ty2 - py2, 0.5) + ph_bar
    tx1_bar = -ox_bar*np.heaviside(tx1 - px1, 0.5) - tw_bar
    ty1_bar = -oy_bar*np.heaviside(ty1 - py1, 0.5) - th_bar
    tx2_bar = ox_bar*np.heaviside(px2 - tx2, 0.5) + tw_bar
    ty2_bar = oy_bar*np.heaviside(py2 - ty2, 0.5) + th_bar
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
        "union_kept": union_kept,
        "union_den": union_den,
        "iou": iou,
        "gap": gap,
        "iou_kept": iou_kept,
        "loss": loss,
        "iou_kept_bar": iou_kept_bar,
        "iou_bar": iou_bar,
        "union_den_bar": union_den_bar,
        "union_kept_bar": union_kept_bar,
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
