"""GIoU loss: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    GIoU = IoU - (C - U)/C with C the area of the smallest box that holds both;  loss = 1 - GIoU

Subgradients
    max and min at equal coordinates: an even split between the two, as torch.maximum takes
    it. Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quantity equal
    to its floor or ceiling: half of the derivative; IoU under the logarithm: 0. A quotient
    whose denominator is 0: derivative 0.

Constants
    eps_union: added to the union as denominator of IoU (default 0.0)
    eps_height: added to both heights in the areas (default 0.0)
    eps_hull: added to the hull as denominator (default 0.0)
    least_height: floor of both heights in areas and aspect angles (default 0.0)
    least_area: floor of union and hull (default -inf)
    least_hull: floor of the hull as denominator (default 0.0)
    ceiling: the loss is cut above this value (default inf)

Source
    Rezatofighi et al., Generalized Intersection over Union, CVPR 2019, arXiv 1902.09630.
"""


def value(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, eps_hull, least_height, least_area, least_hull, ceiling):
    """Return the loss of the stable program."""
    dx1 = px1 - tx1
    dy1 = py1 - ty1
    dx2 = px2 - tx2
    dy2 = py2 - ty2
    pw = px2 - px1
    ph = py2 - py1
    tw = tx2 - tx1
    th = ty2 - ty1
    ox = F.min(px2, tx2) - F.max(px1, tx1)
    oy = F.min(py2, ty2) - F.max(py1, ty1)
    iw = F.relu(ox)
    ih = F.relu(oy)
    inter = ih*iw
    meets_x = F.step(ox, 0)
    meets_y = F.step(oy, 0)
    ph_under = -ph + least_height
    ph_below = ph_under - F.two_diff_error(py2, py1)
    ph_follows = F.select(F.eq(least_height, 0), 1, F.step(-ph_below, F.rational(1, 2)))
    ph_lift = F.select(F.eq(least_height, 0), 0, F.relu(ph_below))
    ph_kept = F.select(F.eq(least_height, 0), ph, F.max(least_height, ph))
    ph_kept_error = F.select(F.eq(least_height, 0), F.two_diff_error(py2, py1), ph_follows*F.two_diff_error(py2, py1))
    th_under = -th + least_height
    th_below = th_under - F.two_diff_error(ty2, ty1)
    th_follows = F.select(F.eq(least_height, 0), 1, F.step(-th_below, F.rational(1, 2)))
    th_lift = F.select(F.eq(least_height, 0), 0, F.relu(th_below))
    th_kept = F.select(F.eq(least_height, 0), th, F.max(least_height, th))
    th_kept_error = F.select(F.eq(least_height, 0), F.two_diff_error(ty2, ty1), th_follows*F.two_diff_error(ty2, ty1))
    x1_above = F.relu(dx1)
    x1_below = x1_above - dx1
    y1_above = F.relu(dy1)
    y1_below = y1_above - dy1
    x2_above = F.relu(dx2)
    x2_below = x2_above - dx2
    y2_above = F.relu(dy2)
    y2_below = y2_above - dy2
    pw_out = F.min(x1_below + x2_above, pw)
    ph_out = F.min(y1_below + y2_above, ph)
    tw_out = F.min(x1_above + x2_below, tw)
    th_out = F.min(y1_above + y2_below, th)
    ph_lifted = F.select(F.eq(least_height, 0), ph_out, ph_lift + ph_out)
    p_rest = F.select(F.eq(eps_height, 0), ph_lifted, ph_lifted + eps_height)
    th_lifted = F.select(F.eq(least_height, 0), th_out, th_lift + th_out)
    t_rest = F.select(F.eq(eps_height, 0), th_lifted, th_lifted + eps_height)
    ph_area = F.select(F.eq(eps_height, 0), ph_kept, ph_kept + eps_height)
    th_area = F.select(F.eq(eps_height, 0), th_kept, th_kept + eps_height)
    p_only = iw*p_rest + ph_area*pw_out
    t_only = iw*t_rest + th_area*tw_out
    outside = p_only + t_only
    parea = ph_area*pw
    tarea = th_area*tw
    union_area = inter + outside
    pw_slip = F.two_diff_error(px2, px1)
    ph_slip = F.select(F.eq(eps_height, 0), ph_kept_error, F.two_sum_error(ph_kept, eps_height) + ph_kept_error)
    parea_error = ph_area*pw_slip + ph_slip*pw + F.two_prod_error(pw, ph_area)
    tw_slip = F.two_diff_error(tx2, tx1)
    th_slip = F.select(F.eq(eps_height, 0), th_kept_error, F.two_sum_error(th_kept, eps_height) + th_kept_error)
    tarea_error = th_area*tw_slip + th_slip*tw + F.two_prod_error(tw, th_area)
    ox_error = meets_x*F.two_diff_error(F.min(px2, tx2), F.max(px1, tx1))
    oy_error = meets_y*F.two_diff_error(F.min(py2, ty2), F.max(py1, ty1))
    inter_error = ih*ox_error + iw*oy_error + F.two_prod_error(iw, ih)
    area_sum = parea + tarea
    union_high = area_sum - inter
    union_gap = union_high - union_area
    union_low = F.two_diff_error(area_sum, inter) + F.two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error
    union_error = F.stop(union_gap + union_low)
    union_kept = F.select(F.lt(least_area, 0), union_area, F.max(least_area, union_area))
    union_under = -union_area + least_area
    union_lift = F.relu(union_under - union_error)
    union_slack = F.select(F.lt(least_area, 0), eps_union, union_lift + eps_union)
    union_den = F.select(F.eq(eps_union, 0), union_kept, union_kept + eps_union)
    union_empty = F.select(F.eq(union_den, 0), 1, 0)
    union_safe = union_den + union_empty
    gap = (outside + union_empty + union_slack)/union_safe
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    cw_error = F.two_diff_error(F.max(px2, tx2), F.min(px1, tx1))
    ch_error = F.two_diff_error(F.max(py2, ty2), F.min(py1, ty1))
    x_gap = F.relu(-ox)
    y_gap = F.relu(-oy)
    empty = (iw + pw_out + tw_out)*y_gap + ch*x_gap + ph_out*tw_out + pw_out*th_out
    hull = ch*cw
    hull_kept = F.select(F.lt(least_area, 0), hull, F.max(least_area, hull))
    hull_base = F.select(F.eq(least_hull, 0), hull_kept, F.max(least_hull, hull_kept))
    hull_den = F.select(F.eq(eps_hull, 0), hull_base, hull_base + eps_hull)
    hull_error = F.stop(ch*cw_error + ch_error*cw + F.two_prod_error(cw, ch))
    empty_lowered = F.select(F.eq(eps_height, 0), empty, empty - eps_height*(pw + tw))
    area_lifts = ph_lift*pw + th_lift*tw
    hull_over_union = hull - union_area
    hull_over_fine = F.two_diff_error(hull, union_area) + hull_error + hull_over_union - union_error
    empty_fine = F.select(F.lt(empty, 4*area_lifts), F.select(F.lt(area_lifts, 4*empty), hull_over_fine, empty_lowered - area_lifts), empty_lowered - area_lifts)
    empty_apart = F.select(F.eq(least_height, 0), empty_lowered, empty_fine)
    hull_under = -hull + least_area
    hull_lift = F.relu(hull_under - hull_error)
    empty_kept = F.select(F.lt(least_area, 0), empty_apart, empty_apart + hull_lift - union_lift)
    hull_term = F.ratio(empty_kept, hull_den, 0)
    total = gap + hull_term
    loss = F.select(F.gt(ceiling, 3), total, F.min(ceiling, total))
    return loss


def grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_hull, least_height, least_area, least_hull, ceiling):
    """Return the loss and the stable gradient."""
    dx1 = px1 - tx1
    dy1 = py1 - ty1
    dx2 = px2 - tx2
    dy2 = py2 - ty2
    pw = px2 - px1
    ph = py2 - py1
    tw = tx2 - tx1
    th = ty2 - ty1
    ox = F.min(px2, tx2) - F.max(px1, tx1)
    oy = F.min(py2, ty2) - F.max(py1, ty1)
    iw = F.relu(ox)
    ih = F.relu(oy)
    inter = ih*iw
    x1_inside = F.step(dx1, F.rational(1, 2))
    x1_beyond = 1 - x1_inside
    y1_inside = F.step(dy1, F.rational(1, 2))
    y1_beyond = 1 - y1_inside
    x2_inside = F.step(-dx2, F.rational(1, 2))
    x2_beyond = 1 - x2_inside
    y2_inside = F.step(-dy2, F.rational(1, 2))
    y2_beyond = 1 - y2_inside
    meets_x = F.step(ox, 0)
    meets_y = F.step(oy, 0)
    ph_under = -ph + least_height
    ph_below = ph_under - F.two_diff_error(py2, py1)
    ph_follows = F.select(F.eq(least_height, 0), 1, F.step(-ph_below, F.rational(1, 2)))
    ph_lift = F.select(F.eq(least_height, 0), 0, F.relu(ph_below))
    ph_kept = F.select(F.eq(least_height, 0), ph, F.max(least_height, ph))
    ph_kept_error = F.select(F.eq(least_height, 0), F.two_diff_error(py2, py1), ph_follows*F.two_diff_error(py2, py1))
    th_under = -th + least_height
    th_below = th_under - F.two_diff_error(ty2, ty1)
    th_follows = F.select(F.eq(least_height, 0), 1, F.step(-th_below, F.rational(1, 2)))
    th_lift = F.select(F.eq(least_height, 0), 0, F.relu(th_below))
    th_kept = F.select(F.eq(least_height, 0), th, F.max(least_height, th))
    th_kept_error = F.select(F.eq(least_height, 0), F.two_diff_error(ty2, ty1), th_follows*F.two_diff_error(ty2, ty1))
    x1_above = F.relu(dx1)
    x1_below = x1_above - dx1
    y1_above = F.relu(dy1)
    y1_below = y1_above - dy1
    x2_above = F.relu(dx2)
    x2_below = x2_above - dx2
    y2_above = F.relu(dy2)
    y2_below = y2_above - dy2
    pw_out = F.min(x1_below + x2_above, pw)
    ph_out = F.min(y1_below + y2_above, ph)
    tw_out = F.min(x1_above + x2_below, tw)
    th_out = F.min(y1_above + y2_below, th)
    ph_lifted = F.select(F.eq(least_height, 0), ph_out, ph_lift + ph_out)
    p_rest = F.select(F.eq(eps_height, 0), ph_lifted, ph_lifted + eps_height)
    p_stay = F.select(F.eq(least_height, 0), p_rest, (1 - ph_follows)*ih + p_rest)
    th_lifted = F.select(F.eq(least_height, 0), th_out, th_lift + th_out)
    t_rest = F.select(F.eq(eps_height, 0), th_lifted, th_lifted + eps_height)
    t_stay = F.select(F.eq(least_height, 0), t_rest, (1 - th_follows)*ih + t_rest)
    ph_area = F.select(F.eq(eps_height, 0), ph_kept, ph_kept + eps_height)
    th_area = F.select(F.eq(eps_height, 0), th_kept, th_kept + eps_height)
    p_only = iw*p_rest + ph_area*pw_out
    t_only = iw*t_rest + th_area*tw_out
    outside = p_only + t_only
    parea = ph_area*pw
    tarea = th_area*tw
    union_area = inter + outside
    pw_slip = F.two_diff_error(px2, px1)
    ph_slip = F.select(F.eq(eps_height, 0), ph_kept_error, F.two_sum_error(ph_kept, eps_height) + ph_kept_error)
    parea_error = ph_area*pw_slip + ph_slip*pw + F.two_prod_error(pw, ph_area)
    tw_slip = F.two_diff_error(tx2, tx1)
    th_slip = F.select(F.eq(eps_height, 0), th_kept_error, F.two_sum_error(th_kept, eps_height) + th_kept_error)
    tarea_error = th_area*tw_slip + th_slip*tw + F.two_prod_error(tw, th_area)
    ox_error = meets_x*F.two_diff_error(F.min(px2, tx2), F.max(px1, tx1))
    oy_error = meets_y*F.two_diff_error(F.min(py2, ty2), F.max(py1, ty1))
    inter_error = ih*ox_error + iw*oy_error + F.two_prod_error(iw, ih)
    area_sum = parea + tarea
    union_high = area_sum - inter
    union_gap = union_high - union_area
    union_low = F.two_diff_error(area_sum, inter) + F.two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error
    union_error = F.stop(union_gap + union_low)
    union_kept = F.select(F.lt(least_area, 0), union_area, F.max(least_area, union_area))
    union_under = -union_area + least_area
    union_lift = F.relu(union_under - union_error)
    union_follows = F.select(F.lt(least_area, 0), 1, F.step(union_area - least_area, F.rational(1, 2)))
    union_slack = F.select(F.lt(least_area, 0), eps_union, union_lift + eps_union)
    union_den = F.select(F.eq(eps_union, 0), union_kept, union_kept + eps_union)
    union_empty = F.select(F.eq(union_den, 0), 1, 0)
    union_safe = union_den + union_empty
    gap = (outside + union_empty + union_slack)/union_safe
    iou = inter/union_safe
    ih_met = F.select(F.gt(ox, 0), ih, 0)
    iw_met = F.select(F.gt(oy, 0), iw, 0)
    px_rest = ph_area*pw_out + tarea + union_slack
    px_share = F.select(F.lt(least_area, 0), px_rest, (1 - union_follows)*union_safe + px_rest*union_follows)/union_safe
    px_in = ih_met*(px_share/union_safe)
    px_side = union_follows*(ph_area/union_safe)
    px_out = iou*px_side
    py_rest = p_stay*pw + tarea + union_slack
    py_share = F.select(F.lt(least_area, 0), py_rest, (1 - union_follows)*union_safe + py_rest*union_follows)/union_safe
    py_in = iw_met*(py_share/union_safe)
    py_side = union_follows*(ph_follows*pw/union_safe)
    py_out = iou*py_side
    tx_rest = th_area*tw_out + parea + union_slack
    tx_share = F.select(F.lt(least_area, 0), tx_rest, (1 - union_follows)*union_safe + tx_rest*union_follows)/union_safe
    tx_in = ih_met*(tx_share/union_safe)
    tx_side = union_follows*(th_area/union_safe)
    tx_out = iou*tx_side
    ty_rest = t_stay*tw + parea + union_slack
    ty_share = F.select(F.lt(least_area, 0), ty_rest, (1 - union_follows)*union_safe + ty_rest*union_follows)/union_safe
    ty_in = iw_met*(ty_share/union_safe)
    ty_side = union_follows*(th_follows*tw/union_safe)
    ty_out = iou*ty_side
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    cw_error = F.two_diff_error(F.max(px2, tx2), F.min(px1, tx1))
    ch_error = F.two_diff_error(F.max(py2, ty2), F.min(py1, ty1))
    x_gap = F.relu(-ox)
    y_gap = F.relu(-oy)
    empty = (iw + pw_out + tw_out)*y_gap + ch*x_gap + ph_out*tw_out + pw_out*th_out
    hull = ch*cw
    hull_kept = F.select(F.lt(least_area, 0), hull, F.max(least_area, hull))
    hull_base = F.select(F.eq(least_hull, 0), hull_kept, F.max(least_hull, hull_kept))
    hull_den = F.select(F.eq(eps_hull, 0), hull_base, hull_base + eps_hull)
    hull_error = F.stop(ch*cw_error + ch_error*cw + F.two_prod_error(cw, ch))
    empty_lowered = F.select(F.eq(eps_height, 0), empty, empty - eps_height*(pw + tw))
    area_lifts = ph_lift*pw + th_lift*tw
    hull_over_union = hull - union_area
    hull_over_fine = F.two_diff_error(hull, union_area) + hull_error + hull_over_union - union_error
    empty_fine = F.select(F.lt(empty, 4*area_lifts), F.select(F.lt(area_lifts, 4*empty), hull_over_fine, empty_lowered - area_lifts), empty_lowered - area_lifts)
    empty_apart = F.select(F.eq(least_height, 0), empty_lowered, empty_fine)
    hull_under = -hull + least_area
    hull_lift = F.relu(hull_under - hull_error)
    empty_kept = F.select(F.lt(least_area, 0), empty_apart, empty_apart + hull_lift - union_lift)
    hull_term = F.ratio(empty_kept, hull_den, 0)
    hull_follows = F.select(F.lt(least_area, 0), 1, F.step(hull - least_area, F.rational(1, 2)))
    hull_moves = hull_follows*F.select(F.eq(least_hull, 0), 1, F.step(hull_kept - least_hull, F.rational(1, 2)))
    x_spread = hull_moves*hull_term*F.ratio(ch, hull_den, 0)
    x_lift = (hull_follows - union_follows)*F.ratio(ch, hull_den, 0)
    y_spread = hull_moves*hull_term*F.ratio(cw, hull_den, 0)
    y_lift = (hull_follows - union_follows)*F.ratio(cw, hull_den, 0)
    ch_above = ch - least_height
    ch_above_floor = ch_above + ch_error
    px_spare = F.select(F.eq(eps_height, 0), th_out + y_gap, th_out + y_gap - eps_height)
    px_short = F.select(F.eq(least_height, 0), px_spare, (1 - ph_follows)*(ch_above_floor - eps_height) + ph_follows*px_spare)
    px_keep = F.ratio(((1 - meets_x)*ih + p_rest)*union_follows, hull_den, 0)
    px_grow = F.ratio(px_short*union_follows, hull_den, 0)
    py_bare = F.select(F.eq(least_height, 0), (1 - meets_y)*iw + pw_out, ((1 - meets_y)*iw + pw_out)*ph_follows - (1 - ph_follows)*iw*meets_y)
    py_spare = tw_out + x_gap
    py_short = F.select(F.eq(least_height, 0), py_spare, (1 - ph_follows)*pw + py_spare)
    py_keep = F.ratio(py_bare*union_follows, hull_den, 0)
    py_grow = F.ratio(py_short*union_follows, hull_den, 0)
    tx_spare = F.select(F.eq(eps_height, 0), ph_out + y_gap, ph_out + y_gap - eps_height)
    tx_short = F.select(F.eq(least_height, 0), tx_spare, (1 - th_follows)*(ch_above_floor - eps_height) + th_follows*tx_spare)
    tx_keep = F.ratio(((1 - meets_x)*ih + t_rest)*union_follows, hull_den, 0)
    tx_grow = F.ratio(tx_short*union_follows, hull_den, 0)
    ty_bare = F.select(F.eq(least_height, 0), (1 - meets_y)*iw + tw_out, ((1 - meets_y)*iw + tw_out)*th_follows - (1 - th_follows)*iw*meets_y)
    ty_spare = pw_out + x_gap
    ty_short = F.select(F.eq(least_height, 0), ty_spare, (1 - th_follows)*tw + ty_spare)
    ty_keep = F.ratio(ty_bare*union_follows, hull_den, 0)
    ty_grow = F.ratio(ty_short*union_follows, hull_den, 0)
    total = gap + hull_term
    loss = F.select(F.gt(ceiling, 3), total, F.min(ceiling, total))
    total_bar = F.select(F.gt(ceiling, 3), loss_bar, loss_bar*F.step(-total + ceiling, F.rational(1, 2)))
    px1_bar = (px_in*x1_inside - px_out*x1_beyond)*total_bar + (px_keep*x1_inside + x1_beyond*x_spread - px_grow*x1_beyond - F.select(F.lt(least_area, 0), 0, x1_beyond*x_lift))*total_bar
    py1_bar = (py_in*y1_inside - py_out*y1_beyond)*total_bar + (py_keep*y1_inside + y1_beyond*y_spread - py_grow*y1_beyond - F.select(F.lt(least_area, 0), 0, y1_beyond*y_lift))*total_bar
    px2_bar = (px_out*x2_beyond - px_in*x2_inside)*total_bar + (px_grow*x2_beyond + F.select(F.lt(least_area, 0), 0, x2_beyond*x_lift) - px_keep*x2_inside - x2_beyond*x_spread)*total_bar
    py2_bar = (py_out*y2_beyond - py_in*y2_inside)*total_bar + (py_grow*y2_beyond + F.select(F.lt(least_area, 0), 0, y2_beyond*y_lift) - py_keep*y2_inside - y2_beyond*y_spread)*total_bar
    tx1_bar = (tx_in*x1_beyond - tx_out*x1_inside)*total_bar + (tx_keep*x1_beyond + x1_inside*x_spread - tx_grow*x1_inside - F.select(F.lt(least_area, 0), 0, x1_inside*x_lift))*total_bar
    ty1_bar = (ty_in*y1_beyond - ty_out*y1_inside)*total_bar + (ty_keep*y1_beyond + y1_inside*y_spread - ty_grow*y1_inside - F.select(F.lt(least_area, 0), 0, y1_inside*y_lift))*total_bar
    tx2_bar = (tx_out*x2_inside - tx_in*x2_beyond)*total_bar + (tx_grow*x2_inside + F.select(F.lt(least_area, 0), 0, x2_inside*x_lift) - tx_keep*x2_beyond - x2_inside*x_spread)*total_bar
    ty2_bar = (ty_out*y2_inside - ty_in*y2_beyond)*total_bar + (ty_grow*y2_inside + F.select(F.lt(least_area, 0), 0, y2_inside*y_lift) - ty_keep*y2_beyond - y2_inside*y_spread)*total_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def plain_grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_hull, least_height, least_area, least_hull, ceiling):
    """Return loss and gradient, plain form."""
    pw = px2 - px1
    ph = py2 - py1
    tw = tx2 - tx1
    th = ty2 - ty1
    ox = F.min(px2, tx2) - F.max(px1, tx1)
    oy = F.min(py2, ty2) - F.max(py1, ty1)
    iw = F.relu(ox)
    ih = F.relu(oy)
    inter = ih*iw
    height_floor = F.select(F.eq(least_height, 0), -18446744073709551616, least_height)
    ph_kept = F.max(F.stop(height_floor), ph)
    th_kept = F.max(F.stop(height_floor), th)
    parea = (ph_kept + eps_height)*pw
    tarea = (th_kept + eps_height)*tw
    union_area = parea + tarea - inter
    union_kept = F.max(least_area, union_area)
    union_den = union_kept + eps_union
    iou = F.ratio(inter, union_den, 0)
    gap = 1 - iou
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    hull = ch*cw
    hull_kept = F.max(least_area, hull)
    hull_floor = F.select(F.eq(least_hull, 0), -18446744073709551616, least_hull)
    hull_den = F.max(F.stop(hull_floor), hull_kept) + eps_hull
    hull_term = F.ratio(hull_kept - union_kept, hull_den, 0)
    total = gap + hull_term
    loss = F.min(ceiling, total)
    total_bar = loss_bar*F.step(-total + ceiling, F.rational(1, 2))
    hull_den_bar = -(hull_term*F.ratio(total_bar, hull_den, 0))
    hull_kept_bar = hull_den_bar*F.step(hull_kept - F.stop(hull_floor), F.rational(1, 2)) + F.ratio(total_bar, hull_den, 0)
    hull_bar = hull_kept_bar*F.step(hull - least_area, F.rational(1, 2))
    ch_bar = cw*hull_bar
    cw_bar = ch*hull_bar
    iou_bar = -total_bar
    union_den_bar = -(iou*F.ratio(iou_bar, union_den, 0))
    union_kept_bar = union_den_bar - F.ratio(total_bar, hull_den, 0)
    union_area_bar = union_kept_bar*F.step(union_area - least_area, F.rational(1, 2))
    th_kept_bar = tw*union_area_bar
    ph_kept_bar = pw*union_area_bar
    inter_bar = F.ratio(iou_bar, union_den, 0) - union_area_bar
    ih_bar = inter_bar*iw
    iw_bar = ih*inter_bar
    oy_bar = ih_bar*F.step(oy, 0)
    ox_bar = iw_bar*F.step(ox, 0)
    th_bar = th_kept_bar*F.step(th - F.stop(height_floor), F.rational(1, 2))
    tw_bar = (th_kept + eps_height)*union_area_bar
    ph_bar = ph_kept_bar*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    pw_bar = (ph_kept + eps_height)*union_area_bar
    px1_bar = -cw_bar*F.step(tx1 - px1, F.rational(1, 2)) - ox_bar*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar
    py1_bar = -ch_bar*F.step(ty1 - py1, F.rational(1, 2)) - oy_bar*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar
    px2_bar = ox_bar*F.step(tx2 - px2, F.rational(1, 2)) + cw_bar*F.step(px2 - tx2, F.rational(1, 2)) + pw_bar
    py2_bar = oy_bar*F.step(ty2 - py2, F.rational(1, 2)) + ch_bar*F.step(py2 - ty2, F.rational(1, 2)) + ph_bar
    tx1_bar = -ox_bar*F.step(tx1 - px1, F.rational(1, 2)) - cw_bar*F.step(px1 - tx1, F.rational(1, 2)) - tw_bar
    ty1_bar = -oy_bar*F.step(ty1 - py1, F.rational(1, 2)) - ch_bar*F.step(py1 - ty1, F.rational(1, 2)) - th_bar
    tx2_bar = cw_bar*F.step(tx2 - px2, F.rational(1, 2)) + ox_bar*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar
    ty2_bar = ch_bar*F.step(ty2 - py2, F.rational(1, 2)) + oy_bar*F.step(py2 - ty2, F.rational(1, 2)) + th_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar
