"""GIoU loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    GIoU = IoU - (C - U)/C with C the area of the smallest box that holds both;  loss = 1 - GIoU

Subgradients
    max and min at equal coordinates: an even split between the two, as torch.maximum takes
    it. Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quotient whose
    denominator is 0: derivative 0.

Constants
    eps_union: added to the union as denominator of IoU (default 0.0)
    eps_height: added to both heights in the areas (default 0.0)
    eps_hull: added to the hull as denominator (default 0.0)
    least_area: floor of union and hull (default -inf)

Source
    Rezatofighi et al., Generalized Intersection over Union, CVPR 2019, arXiv 1902.09630.
"""

import numpy as np

CONSTANTS = ("eps_union", "eps_height", "eps_hull", "least_area",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def value(px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, eps_hull, least_area):
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
    ph_area = np.where((eps_height == 0.0), ph, ph + eps_height)
    th_area = np.where((eps_height == 0.0), th, th + eps_height)
    p_rest = np.where((eps_height == 0.0), ph_out, ph_out + eps_height)
    t_rest = np.where((eps_height == 0.0), th_out, th_out + eps_height)
    p_only = iw*p_rest + ph_area*pw_out  # area of pred outside the intersection
    t_only = iw*t_rest + th_area*tw_out  # area of target outside the intersection
    outside = p_only + t_only  # symmetric difference
    union_area = inter + outside  # union
    union_kept = np.where((least_area < 0.0), union_area, np.maximum(least_area, union_area))  # union, floored
    union_slack = np.where((least_area < 0.0), eps_union, np.maximum(-union_area + least_area, 0.0) + eps_union)
    union_den = np.where((eps_union == 0.0), union_kept, union_kept + eps_union)
    union_empty = np.where((union_den == 0.0), 1.0, 0.0)
    union_safe = union_den + union_empty
    gap = (outside + union_empty + union_slack)/union_safe  # 1 - IoU, from terms >= 0
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    x_gap = np.maximum(-ox, 0.0)  # distance between the boxes in x
    y_gap = np.maximum(-oy, 0.0)  # distance between the boxes in y
    empty = (iw + pw_out + tw_out)*y_gap + ch*x_gap + ph_out*tw_out + pw_out*th_out  # hull minus union, from terms >= 0
    hull = ch*cw  # area of the hull
    hull_kept = np.where((least_area < 0.0), hull, np.maximum(least_area, hull))  # hull, floored
    hull_den = np.where((eps_hull == 0.0), hull_kept, hull_kept + eps_hull)
    empty_floored = np.where((least_area < 0.0), empty, np.maximum(-hull + least_area, 0.0) + empty - np.maximum(-union_area + least_area, 0.0))
    empty_kept = np.where((eps_height == 0.0), empty_floored, empty_floored - eps_height*(pw + tw))
    hull_term = ratio(empty_kept, hull_den, 0.0)
    loss = gap + hull_term
    return loss


def grad(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_hull, least_area):
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
    ph_area = np.where((eps_height == 0.0), ph, ph + eps_height)
    th_area = np.where((eps_height == 0.0), th, th + eps_height)
    p_rest = np.where((eps_height == 0.0), ph_out, ph_out + eps_height)
    t_rest = np.where((eps_height == 0.0), th_out, th_out + eps_height)
    p_only = iw*p_rest + ph_area*pw_out  # area of pred outside the intersection
    t_only = iw*t_rest + th_area*tw_out  # area of target outside the intersection
    outside = p_only + t_only  # symmetric difference
    parea = ph_area*pw  # area of pred
    tarea = th_area*tw  # area of target
    union_area = inter + outside  # union
    union_kept = np.where((least_area < 0.0), union_area, np.maximum(least_area, union_area))  # union, floored
    union_slack = np.where((least_area < 0.0), eps_union, np.maximum(-union_area + least_area, 0.0) + eps_union)
    union_follows = np.where((least_area < 0.0), 1.0, np.heaviside(union_area - least_area, 0.5))
    union_den = np.where((eps_union == 0.0), union_kept, union_kept + eps_union)
    union_empty = np.where((union_den == 0.0), 1.0, 0.0)
    union_safe = union_den + union_empty
    gap = (outside + union_empty + union_slack)/union_safe  # 1 - IoU, from terms >= 0
    iou = inter/union_safe
    ih_met = np.where((ox > 0.0), ih, 0.0)  # ih where ox > 0
    iw_met = np.where((oy > 0.0), iw, 0.0)  # iw where oy > 0
    px_rest = ph_area*pw_out + tarea + union_slack
    px_share = np.where((least_area < 0.0), px_rest, (1.0 - union_follows)*union_safe + px_rest*union_follows)/union_safe
    px_in = ih_met*(px_share/union_safe)
    px_side = union_follows*(ph_area/union_safe)
    px_out = iou*px_side
    py_rest = p_rest*pw + tarea + union_slack
    py_share = np.where((least_area < 0.0), py_rest, (1.0 - union_follows)*union_safe + py_rest*union_follows)/union_safe
    py_in = iw_met*(py_share/union_safe)
    py_side = union_follows*(pw/union_safe)
    py_out = iou*py_side
    tx_rest = th_area*tw_out + parea + union_slack
    tx_share = np.where((least_area < 0.0), tx_rest, (1.0 - union_follows)*union_safe + tx_rest*union_follows)/union_safe
    tx_in = ih_met*(tx_share/union_safe)
    tx_side = union_follows*(th_area/union_safe)
    tx_out = iou*tx_side
    ty_rest = t_rest*tw + parea + union_slack
    ty_share = np.where((least_area < 0.0), ty_rest, (1.0 - union_follows)*union_safe + ty_rest*union_follows)/union_safe
    ty_in = iw_met*(ty_share/union_safe)
    ty_side = union_follows*(tw/union_safe)
    ty_out = iou*ty_side
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    x_gap = np.maximum(-ox, 0.0)  # distance between the boxes in x
    y_gap = np.maximum(-oy, 0.0)  # distance between the boxes in y
    empty = (iw + pw_out + tw_out)*y_gap + ch*x_gap + ph_out*tw_out + pw_out*th_out  # hull minus union, from terms >= 0
    hull = ch*cw  # area of the hull
    hull_kept = np.where((least_area < 0.0), hull, np.maximum(least_area, hull))  # hull, floored
    hull_den = np.where((eps_hull == 0.0), hull_kept, hull_kept + eps_hull)
    empty_floored = np.where((least_area < 0.0), empty, np.maximum(-hull + least_area, 0.0) + empty - np.maximum(-union_area + least_area, 0.0))
    empty_kept = np.where((eps_height == 0.0), empty_floored, empty_floored - eps_height*(pw + tw))
    hull_term = ratio(empty_kept, hull_den, 0.0)
    hull_follows = np.where((least_area < 0.0), 1.0, np.heaviside(hull - least_area, 0.5))
    x_spread = hull_follows*hull_term*ratio(ch, hull_den, 0.0)
    x_lift = (hull_follows - union_follows)*ratio(ch, hull_den, 0.0)
    y_spread = hull_follows*hull_term*ratio(cw, hull_den, 0.0)
    y_lift = (hull_follows - union_follows)*ratio(cw, hull_den, 0.0)
    px_keep = ratio(((1.0 - meets_x)*ih + p_rest)*union_follows, hull_den, 0.0)
    px_short = np.where((eps_height == 0.0), th_out + y_gap, th_out + y_gap - eps_height)
    px_grow = ratio(px_short*union_follows, hull_den, 0.0)
    py_keep = ratio(((1.0 - meets_y)*iw + pw_out)*union_follows, hull_den, 0.0)
    py_short = tw_out + x_gap
    py_grow = ratio(py_short*union_follows, hull_den, 0.0)
    tx_keep = ratio(((1.0 - meets_x)*ih + t_rest)*union_follows, hull_den, 0.0)
    tx_short = np.where((eps_height == 0.0), ph_out + y_gap, ph_out + y_gap - eps_height)
    tx_grow = ratio(tx_short*union_follows, hull_den, 0.0)
    ty_keep = ratio(((1.0 - meets_y)*iw + tw_out)*union_follows, hull_den, 0.0)
    ty_short = pw_out + x_gap
    ty_grow = ratio(ty_short*union_follows, hull_den, 0.0)
    loss = gap + hull_term
    px1_bar = (px_in*x1_inside - px_out*x1_beyond)*loss_bar + (px_keep*x1_inside + x1_beyond*x_spread - px_grow*x1_beyond - np.where((least_area < 0.0), 0.0, x1_beyond*x_lift))*loss_bar
    py1_bar = (py_in*y1_inside - py_out*y1_beyond)*loss_bar + (py_keep*y1_inside + y1_beyond*y_spread - py_grow*y1_beyond - np.where((least_area < 0.0), 0.0, y1_beyond*y_lift))*loss_bar
    px2_bar = (px_out*x2_beyond - px_in*x2_inside)*loss_bar + (px_grow*x2_beyond + np.where((least_area < 0.0), 0.0, x2_beyond*x_lift) - px_keep*x2_inside - x2_beyond*x_spread)*loss_bar
    py2_bar = (py_out*y2_beyond - py_in*y2_inside)*loss_bar + (py_grow*y2_beyond + np.where((least_area < 0.0), 0.0, y2_beyond*y_lift) - py_keep*y2_inside - y2_beyond*y_spread)*loss_bar
    tx1_bar = (tx_in*x1_beyond - tx_out*x1_inside)*loss_bar + (tx_keep*x1_beyond + x1_inside*x_spread - tx_grow*x1_inside - np.where((least_area < 0.0), 0.0, x1_inside*x_lift))*loss_bar
    ty1_bar = (ty_in*y1_beyond - ty_out*y1_inside)*loss_bar + (ty_keep*y1_beyond + y1_inside*y_spread - ty_grow*y1_inside - np.where((least_area < 0.0), 0.0, y1_inside*y_lift))*loss_bar
    tx2_bar = (tx_out*x2_inside - tx_in*x2_beyond)*loss_bar + (tx_grow*x2_inside + np.where((least_area < 0.0), 0.0, x2_inside*x_lift) - tx_keep*x2_beyond - x2_inside*x_spread)*loss_bar
    ty2_bar = (ty_out*y2_inside - ty_in*y2_beyond)*loss_bar + (ty_grow*y2_inside + np.where((least_area < 0.0), 0.0, y2_inside*y_lift) - ty_keep*y2_beyond - y2_inside*y_spread)*loss_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def hvp(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, px1_dot, py1_dot, px2_dot, py2_dot, tx1_dot, ty1_dot, tx2_dot, ty2_dot, eps_union, eps_height, eps_hull, least_area):
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
    ph_area = np.where((eps_height == 0.0), ph, ph + eps_height)
    th_area = np.where((eps_height == 0.0), th, th + eps_height)
    p_rest = np.where((eps_height == 0.0), ph_out, ph_out + eps_height)
    t_rest = np.where((eps_height == 0.0), th_out, th_out + eps_height)
    p_only = iw*p_rest + ph_area*pw_out  # area of pred outside the intersection
    t_only = iw*t_rest + th_area*tw_out  # area of target outside the intersection
    outside = p_only + t_only  # symmetric difference
    parea = ph_area*pw  # area of pred
    tarea = th_area*tw  # area of target
    union_area = inter + outside  # union
    union_kept = np.where((least_area < 0.0), union_area, np.maximum(least_area, union_area))  # union, floored
    union_slack = np.where((least_area < 0.0), eps_union, np.maximum(-union_area + least_area, 0.0) + eps_union)
    union_follows = np.where((least_area < 0.0), 1.0, np.heaviside(union_area - least_area, 0.5))
    union_den = np.where((eps_union == 0.0), union_kept, union_kept + eps_union)
    union_empty = np.where((union_den == 0.0), 1.0, 0.0)
    union_safe = union_den + union_empty
    iou = inter/union_safe
    ih_met = np.where((ox > 0.0), ih, 0.0)  # ih where ox > 0
    iw_met = np.where((oy > 0.0), iw, 0.0)  # iw where oy > 0
    px_rest = ph_area*pw_out + tarea + union_slack
    px_share = np.where((least_area < 0.0), px_rest, (1.0 - union_follows)*union_safe + px_rest*union_follows)/union_safe
    px_in = ih_met*(px_share/union_safe)
    px_side = union_follows*(ph_area/union_safe)
    px_out = iou*px_side
    py_rest = p_rest*pw + tarea + union_slack
    py_share = np.where((least_area < 0.0), py_rest, (1.0 - union_follows)*union_safe + py_rest*union_follows)/union_safe
    py_in = iw_met*(py_share/union_safe)
    py_side = union_follows*(pw/union_safe)
    py_out = iou*py_side
    tx_rest = th_area*tw_out + parea + union_slack
    tx_share = np.where((least_area < 0.0), tx_rest, (1.0 - union_follows)*union_safe + tx_rest*union_follows)/union_safe
    tx_in = ih_met*(tx_share/union_safe)
    tx_side = union_follows*(th_area/union_safe)
    tx_out = iou*tx_side
    ty_rest = t_rest*tw + parea + union_slack
    ty_share = np.where((least_area < 0.0), ty_rest, (1.0 - union_follows)*union_safe + ty_rest*union_follows)/union_safe
    ty_in = iw_met*(ty_share/union_safe)
    ty_side = union_follows*(tw/union_safe)
    ty_out = iou*ty_side
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    x_gap = np.maximum(-ox, 0.0)  # distance between the boxes in x
    y_gap = np.maximum(-oy, 0.0)  # distance between the boxes in y
    empty = (iw + pw_out + tw_out)*y_gap + ch*x_gap + ph_out*tw_out + pw_out*th_out  # hull minus union, from terms >= 0
    hull = ch*cw  # area of the hull
    hull_kept = np.where((least_area < 0.0), hull, np.maximum(least_area, hull))  # hull, floored
    hull_den = np.where((eps_hull == 0.0), hull_kept, hull_kept + eps_hull)
    empty_floored = np.where((least_area < 0.0), empty, np.maximum(-hull + least_area, 0.0) + empty - np.maximum(-union_area + least_area, 0.0))
    empty_kept = np.where((eps_height == 0.0), empty_floored, empty_floored - eps_height*(pw + tw))
    hull_term = ratio(empty_kept, hull_den, 0.0)
    hull_follows = np.where((least_area < 0.0), 1.0, np.heaviside(hull - least_area, 0.5))
    x_spread = hull_follows*hull_term*ratio(ch, hull_den, 0.0)
    x_lift = (hull_follows - union_follows)*ratio(ch, hull_den, 0.0)
    y_spread = hull_follows*hull_term*ratio(cw, hull_den, 0.0)
    y_lift = (hull_follows - union_follows)*ratio(cw, hull_den, 0.0)
    px_keep = ratio(((1.0 - meets_x)*ih + p_rest)*union_follows, hull_den, 0.0)
    px_short = np.where((eps_height == 0.0), th_out + y_gap, th_out + y_gap - eps_height)
    px_grow = ratio(px_short*union_follows, hull_den, 0.0)
    py_keep = ratio(((1.0 - meets_y)*iw + pw_out)*union_follows, hull_den, 0.0)
    py_short = tw_out + x_gap
    py_grow = ratio(py_short*union_follows, hull_den, 0.0)
    tx_keep = ratio(((1.0 - meets_x)*ih + t_rest)*union_follows, hull_den, 0.0)
    tx_short = np.where((eps_height == 0.0), ph_out + y_gap, ph_out + y_gap - eps_height)
    tx_grow = ratio(tx_short*union_follows, hull_den, 0.0)
    ty_keep = ratio(((1.0 - meets_y)*iw + tw_out)*union_follows, hull_den, 0.0)
    ty_short = pw_out + x_gap
    ty_grow = ratio(ty_short*union_follows, hull_den, 0.0)
    pw_dot = px2_dot - px1_dot
    ph_dot = py2_dot - py1_dot
    tw_dot = tx2_dot - tx1_dot
    th_dot = ty2_dot - ty1_dot
    ox_dot = px2_dot*x2_inside + tx2_dot*x2_beyond - px1_dot*x1_inside - tx1_dot*x1_beyond
    oy_dot = py2_dot*y2_inside + ty2_dot*y2_beyond - py1_dot*y1_inside - ty1_dot*y1_beyond
    iw_dot = meets_x*ox_dot
    ih_dot = meets_y*oy_dot
    inter_dot = ih*iw_dot + ih_dot*iw
    pw_out_dot = (meets_x*x1_inside - 1.0)*px1_dot + (1.0 - meets_x*x2_inside)*px2_dot + meets_x*tx1_dot*x1_beyond - meets_x*tx2_dot*x2_beyond
    ph_out_dot = (meets_y*y1_inside - 1.0)*py1_dot + (1.0 - meets_y*y2_inside)*py2_dot + meets_y*ty1_dot*y1_beyond - meets_y*ty2_dot*y2_beyond
    tw_out_dot = (meets_x*x1_beyond - 1.0)*tx1_dot + (1.0 - meets_x*x2_beyond)*tx2_dot + meets_x*px1_dot*x1_inside - meets_x*px2_dot*x2_inside
    th_out_dot = (meets_y*y1_beyond - 1.0)*ty1_dot + (1.0 - meets_y*y2_beyond)*ty2_dot + meets_y*py1_dot*y1_inside - meets_y*py2_dot*y2_inside
    p_only_dot = iw*ph_out_dot + iw_dot*p_rest + ph_area*pw_out_dot + ph_dot*pw_out
    t_only_dot = iw*th_out_dot + iw_dot*t_rest + th_area*tw_out_dot + th_dot*tw_out
    outside_dot = p_only_dot + t_only_dot
    parea_dot = ph_area*pw_dot + ph_dot*pw
    tarea_dot = th_area*tw_dot + th_dot*tw
    union_area_dot = inter_dot + outside_dot
    union_kept_dot = union_area_dot*union_follows
    union_slack_dot = union_area_dot*np.where((least_area < 0.0), 0.0, -np.heaviside(-union_area + least_area, 0.0))
    gap_dot = (px_in*x1_inside - px_out*x1_beyond)*px1_dot + (px_out*x2_beyond - px_in*x2_inside)*px2_dot + (py_in*y1_inside - py_out*y1_beyond)*py1_dot + (py_out*y2_beyond - py_in*y2_inside)*py2_dot + (tx_in*x1_beyond - tx_out*x1_inside)*tx1_dot + (tx_out*x2_inside - tx_in*x2_beyond)*tx2_dot + (ty_in*y1_beyond - ty_out*y1_inside)*ty1_dot + (ty_out*y2_inside - ty_in*y2_beyond)*ty2_dot
    iou_dot = -gap_dot
    ih_met_dot = ih_dot*np.where((ox > 0.0), 1.0, 0.0)
    iw_met_dot = iw_dot*np.where((oy > 0.0), 1.0, 0.0)
    px_rest_dot = ph_area*pw_out_dot + ph_dot*pw_out + tarea_dot + union_slack_dot
    px_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(px_rest_dot/union_safe) - px_share*(union_kept_dot/union_safe)
    px_in_dot = ih_met_dot*(px_share/union_safe) + ih_met*(px_share_dot/union_safe) - ih_met*(px_share/union_safe)*(union_kept_dot/union_safe)
    px_side_dot = union_follows*(ph_dot/union_safe) - union_follows*(ph_area/union_safe)*(union_kept_dot/union_safe)
    px_out_dot = iou*px_side_dot + iou_dot*px_side
    py_rest_dot = p_rest*pw_dot + ph_out_dot*pw + tarea_dot + union_slack_dot
    py_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(py_rest_dot/union_safe) - py_share*(union_kept_dot/union_safe)
    py_in_dot = iw_met_dot*(py_share/union_safe) + iw_met*(py_share_dot/union_safe) - iw_met*(py_share/union_safe)*(union_kept_dot/union_safe)
    py_side_dot = union_follows*(pw_dot/union_safe) - union_follows*(pw/union_safe)*(union_kept_dot/union_safe)
    py_out_dot = iou*py_side_dot + iou_dot*py_side
    tx_rest_dot = th_area*tw_out_dot + th_dot*tw_out + parea_dot + union_slack_dot
    tx_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(tx_rest_dot/union_safe) - tx_share*(union_kept_dot/union_safe)
    tx_in_dot = ih_met_dot*(tx_share/union_safe) + ih_met*(tx_share_dot/union_safe) - ih_met*(tx_share/union_safe)*(union_kept_dot/union_safe)
    tx_side_dot = union_follows*(th_dot/union_safe) - union_follows*(th_area/union_safe)*(union_kept_dot/union_safe)
    tx_out_dot = iou*tx_side_dot + iou_dot*tx_side
    ty_rest_dot = t_rest*tw_dot + th_out_dot*tw + parea_dot + union_slack_dot
    ty_share_dot = np.where((least_area < 0.0), 0.0, 1.0 - union_follows)*(union_kept_dot/union_safe) + np.where((least_area < 0.0), 1.0, union_follows)*(ty_rest_dot/union_safe) - ty_share*(union_kept_dot/union_safe)
    ty_in_dot = iw_met_dot*(ty_share/union_safe) + iw_met*(ty_share_dot/union_safe) - iw_met*(ty_share/union_safe)*(union_kept_dot/union_safe)
    ty_side_dot = union_follows*(tw_dot/union_safe) - union_follows*(tw/union_safe)*(union_kept_dot/union_safe)
    ty_out_dot = iou*ty_side_dot + iou_dot*ty_side
    cw_dot = px2_dot*x2_beyond + tx2_dot*x2_inside - px1_dot*x1_beyond - tx1_dot*x1_inside
    ch_dot = py2_dot*y2_beyond + ty2_dot*y2_inside - py1_dot*y1_beyond - ty1_dot*y1_inside
    x_gap_dot = -(ox_dot*np.heaviside(-ox, 0.0))
    y_gap_dot = -(oy_dot*np.heaviside(-oy, 0.0))
    hull_dot = ch*cw_dot + ch_dot*cw
    hull_kept_dot = hull_dot*hull_follows
    hull_term_dot = (px_keep*x1_inside + x1_beyond*x_spread - px_grow*x1_beyond - np.where((least_area < 0.0), 0.0, x1_beyond*x_lift))*px1_dot + (tx_keep*x1_beyond + x1_inside*x_spread - tx_grow*x1_inside - np.where((least_area < 0.0), 0.0, x1_inside*x_lift))*tx1_dot + (px_grow*x2_beyond + np.where((least_area < 0.0), 0.0, x2_beyond*x_lift) - px_keep*x2_inside - x2_beyond*x_spread)*px2_dot + (tx_grow*x2_inside + np.where((least_area < 0.0), 0.0, x2_inside*x_lift) - tx_keep*x2_beyond - x2_inside*x_spread)*tx2_dot + (py_keep*y1_inside + y1_beyond*y_spread - py_grow*y1_beyond - np.where((least_area < 0.0), 0.0, y1_beyond*y_lift))*py1_dot + (ty_keep*y1_beyond + y1_inside*y_spread - ty_grow*y1_inside - np.where((least_area < 0.0), 0.0, y1_inside*y_lift))*ty1_dot + (py_grow*y2_beyond + np.where((least_area < 0.0), 0.0, y2_beyond*y_lift) - py_keep*y2_inside - y2_beyond*y_spread)*py2_dot + (ty_grow*y2_inside + np.where((least_area < 0.0), 0.0, y2_inside*y_lift) - ty_keep*y2_beyond - y2_inside*y_spread)*ty2_dot
    x_spread_dot = hull_follows*hull_term_dot*ratio(ch, hull_den, 0.0) + hull_follows*hull_term*ratio(ch_dot, hull_den, 0.0) - hull_follows*hull_term*ratio(ch, hull_den, 0.0)*ratio(hull_kept_dot, hull_den, 0.0)
    x_lift_dot = (hull_follows - union_follows)*ratio(ch_dot, hull_den, 0.0) - (hull_follows - union_follows)*ratio(ch, hull_den, 0.0)*ratio(hull_kept_dot, hull_den, 0.0)
    y_spread_dot = hull_follows*hull_term_dot*ratio(cw, hull_den, 0.0) + hull_follows*hull_term*ratio(cw_dot, hull_den, 0.0) - hull_follows*hull_term*ratio(cw, hull_den, 0.0)*ratio(hull_kept_dot, hull_den, 0.0)
    y_lift_dot = (hull_follows - union_follows)*ratio(cw_dot, hull_den, 0.0) - (hull_follows - union_follows)*ratio(cw, hull_den, 0.0)*ratio(hull_kept_dot, hull_den, 0.0)
    px_keep_dot = union_follows*ratio(ph_out_dot, hull_den, 0.0) + (1.0 - meets_x)*union_follows*ratio(ih_dot, hull_den, 0.0) - px_keep*ratio(hull_kept_dot, hull_den, 0.0)
    px_short_dot = th_out_dot + y_gap_dot
    px_grow_dot = union_follows*ratio(px_short_dot, hull_den, 0.0) - px_grow*ratio(hull_kept_dot, hull_den, 0.0)
    py_keep_dot = union_follows*ratio(pw_out_dot, hull_den, 0.0) + (1.0 - meets_y)*union_follows*ratio(iw_dot, hull_den, 0.0) - py_keep*ratio(hull_kept_dot, hull_den, 0.0)
    py_short_dot = tw_out_dot + x_gap_dot
    py_grow_dot = union_follows*ratio(py_short_dot, hull_den, 0.0) - py_grow*ratio(hull_kept_dot, hull_den, 0.0)
    tx_keep_dot = union_follows*ratio(th_out_dot, hull_den, 0.0) + (1.0 - meets_x)*union_follows*ratio(ih_dot, hull_den, 0.0) - tx_keep*ratio(hull_kept_dot, hull_den, 0.0)
    tx_short_dot = ph_out_dot + y_gap_dot
    tx_grow_dot = union_follows*ratio(tx_short_dot, hull_den, 0.0) - tx_grow*ratio(hull_kept_dot, hull_den, 0.0)
    ty_keep_dot = union_follows*ratio(tw_out_dot, hull_den, 0.0) + (1.0 - meets_y)*union_follows*ratio(iw_dot, hull_den, 0.0) - ty_keep*ratio(hull_kept_dot, hull_den, 0.0)
    ty_short_dot = pw_out_dot + x_gap_dot
    ty_grow_dot = union_follows*ratio(ty_short_dot, hull_den, 0.0) - ty_grow*ratio(hull_kept_dot, hull_den, 0.0)
    px1_bar_dot = loss_bar*px_in_dot*x1_inside + loss_bar*px_keep_dot*x1_inside + loss_bar*x1_beyond*x_spread_dot - loss_bar*x_lift_dot*np.where((least_area < 0.0), 0.0, x1_beyond) - loss_bar*px_grow_dot*x1_beyond - loss_bar*px_out_dot*x1_beyond
    py1_bar_dot = loss_bar*py_in_dot*y1_inside + loss_bar*py_keep_dot*y1_inside + loss_bar*y1_beyond*y_spread_dot - loss_bar*y_lift_dot*np.where((least_area < 0.0), 0.0, y1_beyond) - loss_bar*py_grow_dot*y1_beyond - loss_bar*py_out_dot*y1_beyond
    px2_bar_dot = loss_bar*x_lift_dot*np.where((least_area < 0.0), 0.0, x2_beyond) + loss_bar*px_grow_dot*x2_beyond + loss_bar*px_out_dot*x2_beyond - loss_bar*px_in_dot*x2_inside - loss_bar*px_keep_dot*x2_inside - loss_bar*x2_beyond*x_spread_dot
    py2_bar_dot = loss_bar*y_lift_dot*np.where((least_area < 0.0), 0.0, y2_beyond) + loss_bar*py_grow_dot*y2_beyond + loss_bar*py_out_dot*y2_beyond - loss_bar*py_in_dot*y2_inside - loss_bar*py_keep_dot*y2_inside - loss_bar*y2_beyond*y_spread_dot
    tx1_bar_dot = loss_bar*tx_in_dot*x1_beyond + loss_bar*tx_keep_dot*x1_beyond + loss_bar*x1_inside*x_spread_dot - loss_bar*x_lift_dot*np.where((least_area < 0.0), 0.0, x1_inside) - loss_bar*tx_grow_dot*x1_inside - loss_bar*tx_out_dot*x1_inside
    ty1_bar_dot = loss_bar*ty_in_dot*y1_beyond + loss_bar*ty_keep_dot*y1_beyond + loss_bar*y1_inside*y_spread_dot - loss_bar*y_lift_dot*np.where((least_area < 0.0), 0.0, y1_inside) - loss_bar*ty_grow_dot*y1_inside - loss_bar*ty_out_dot*y1_inside
    tx2_bar_dot = loss_bar*x_lift_dot*np.where((least_area < 0.0), 0.0, x2_inside) + loss_bar*tx_grow_dot*x2_inside + loss_bar*tx_out_dot*x2_inside - loss_bar*tx_in_dot*x2_beyond - loss_bar*tx_keep_dot*x2_beyond - loss_bar*x2_inside*x_spread_dot
    ty2_bar_dot = loss_bar*y_lift_dot*np.where((least_area < 0.0), 0.0, y2_inside) + loss_bar*ty_grow_dot*y2_inside + loss_bar*ty_out_dot*y2_inside - loss_bar*ty_in_dot*y2_beyond - loss_bar*ty_keep_dot*y2_beyond - loss_bar*y2_inside*y_spread_dot
    return px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot


def trace(px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_hull, least_area):
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
    parea = (ph + eps_height)*pw  # area of pred
    tarea = (th + eps_height)*tw  # area of target
    union_area = parea + tarea - inter  # union
    union_kept = np.maximum(least_area, union_area)  # union, floored
    union_den = union_kept + eps_union
    iou = ratio(inter, union_den, 0.0)
    gap = 1.0 - iou  # 1 - IoU
    cw = np.maximum(px2, tx2) - np.minimum(px1, tx1)  # width of the hull
    ch = np.maximum(py2, ty2) - np.minimum(py1, ty1)  # height of the hull
    hull = ch*cw  # area of the hull
    hull_kept = np.maximum(least_area, hull)  # hull, floored
    hull_den = hull_kept + eps_hull
    hull_term = ratio(hull_kept - union_kept, hull_den, 0.0)  # share of the hull left empty
    loss = gap + hull_term
    hull_term_bar = loss_bar
    hull_den_bar = -(ratio(hull_kept - union_kept, hull_den, 0.0)*ratio(hull_term_bar, hull_den, 0.0))
    hull_kept_bar = ratio(hull_term_bar, hull_den, 0.0) + hull_den_bar
    hull_bar = hull_kept_bar*np.heaviside(hull - least_area, 0.5)
    ch_bar = cw*hull_bar
    cw_bar = ch*hull_bar
    gap_bar = loss_bar
    iou_bar = -gap_bar
    union_den_bar = -(ratio(inter, union_den, 0.0)*ratio(iou_bar, union_den, 0.0))
    union_kept_bar = union_den_bar - ratio(hull_term_bar, hull_den, 0.0)
    union_area_bar = union_kept_bar*np.heaviside(union_area - least_area, 0.5)
    tarea_bar = union_area_bar
    parea_bar = union_area_bar
    inter_bar = ratio(iou_bar, union_den, 0.0) - union_area_bar
    ih_bar = inter_bar*iw
    iw_bar = ih*inter_bar
    oy_bar = ih_bar*np.heaviside(oy, 0.0)
    ox_bar = iw_bar*np.heaviside(ox, 0.0)
    th_bar = tarea_bar*tw
    tw_bar = (th + eps_height)*tarea_bar
    ph_bar = parea_bar*pw
    pw_bar = (ph + eps_height)*parea_bar
    px1_bar = -cw_bar*np.heaviside(tx1 - px1, 0.5) - ox_bar*np.heaviside(px1 - tx1, 0.5) - pw_bar
    py1_bar = -ch_bar*np.heaviside(ty1 - py1, 0.5) - oy_bar*np.heaviside(py1 - ty1, 0.5) - ph_bar
    px2_bar = ox_bar*np.heaviside(tx2 - px2, 0.5) + cw_bar*np.heaviside(px2 - tx2, 0.5) + pw_bar
    py2_bar = oy_bar*np.heaviside(ty2 - py2, 0.5) + ch_bar*np.heaviside(py2 - ty2, 0.5) + ph_bar
    tx1_bar = -ox_bar*np.heaviside(tx1 - px1, 0.5) - cw_bar*np.heaviside(px1 - tx1, 0.5) - tw_bar
    ty1_bar = -oy_bar*np.heaviside(ty1 - py1, 0.5) - ch_bar*np.heaviside(py1 - ty1, 0.5) - th_bar
    tx2_bar = cw_bar*np.heaviside(tx2 - px2, 0.5) + ox_bar*np.heaviside(px2 - tx2, 0.5) + tw_bar
    ty2_bar = ch_bar*np.heaviside(ty2 - py2, 0.5) + oy_bar*np.heaviside(py2 - ty2, 0.5) + th_bar
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
        "parea": parea,
        "tarea": tarea,
        "union_area": union_area,
        "union_kept": union_kept,
        "union_den": union_den,
        "iou": iou,
        "gap": gap,
        "cw": cw,
        "ch": ch,
        "hull": hull,
        "hull_kept": hull_kept,
        "hull_den": hull_den,
        "hull_term": hull_term,
        "loss": loss,
        "hull_term_bar": hull_term_bar,
        "hull_den_bar": hull_den_bar,
        "hull_kept_bar": hull_kept_bar,
        "hull_bar": hull_bar,
        "ch_bar": ch_bar,
        "cw_bar": cw_bar,
        "gap_bar": gap_bar,
        "iou_bar": iou_bar,
        "union_den_bar": union_den_bar,
        "union_kept_bar": union_kept_bar,
        "union_area_bar": union_area_bar,
        "tarea_bar": tarea_bar,
        "parea_bar": parea_bar,
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
