"""DIoU loss: the stable and the plain gradient over an arithmetic F.

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


def value(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
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
    ph_under = -ph + least_height
    ph_below = ph_under - F.two_diff_error(py2, py1)
    ph_lift = F.select(F.eq(least_height, 0), 0, F.relu(ph_below))
    ph_kept = F.select(F.eq(least_height, 0), ph, F.max(least_height, ph))
    th_under = -th + least_height
    th_below = th_under - F.two_diff_error(ty2, ty1)
    th_lift = F.select(F.eq(least_height, 0), 0, F.relu(th_below))
    th_kept = F.select(F.eq(least_height, 0), th, F.max(least_height, th))
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
    union_area = inter + outside
    union_den = F.select(F.eq(eps_union, 0), union_area, union_area + eps_union)
    union_empty = F.select(F.eq(union_den, 0), 1, 0)
    union_safe = union_den + union_empty
    gap = (F.select(F.eq(eps_union, 0), outside, outside + eps_union) + union_empty)/union_safe
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    cw_error = F.two_diff_error(F.max(px2, tx2), F.min(px1, tx1))
    ch_error = F.two_diff_error(F.max(py2, ty2), F.min(py1, ty1))
    dx1_error = F.two_diff_error(px1, tx1)
    dx2_error = F.two_diff_error(px2, tx2)
    sx_high = dx1 + dx2
    sx_low = F.two_sum_error(dx1, dx2) + dx1_error + dx2_error
    sx = sx_high + sx_low
    dy1_error = F.two_diff_error(py1, ty1)
    dy2_error = F.two_diff_error(py2, ty2)
    sy_high = dy1 + dy2
    sy_low = F.two_sum_error(dy1, dy2) + dy1_error + dy2_error
    sy = sy_high + sy_low
    s_squares = sx*sx + sy*sy
    rho = F.select(F.eq(eps_rho, 0), F.rational(1, 4)*s_squares, F.rational(1, 4)*s_squares + eps_rho)
    cw_square = cw*cw
    ch_square = ch*ch
    c_errors = ch*ch_error + cw*cw_error
    diagonal_low = F.stop(F.two_prod_error(ch, ch) + F.two_prod_error(cw, cw) + F.two_sum_error(cw_square, ch_square) + 2*c_errors)
    diagonal_high = ch_square + cw_square
    diagonal = diagonal_high + diagonal_low
    diagonal_den = F.select(F.eq(eps_diagonal, 0), diagonal, diagonal + eps_diagonal)
    distance = F.ratio(rho, diagonal_den, 0)
    loss = distance + gap
    return loss


def grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
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
    ph_under = -ph + least_height
    ph_below = ph_under - F.two_diff_error(py2, py1)
    ph_follows = F.select(F.eq(least_height, 0), 1, F.step(-ph_below, F.rational(1, 2)))
    ph_lift = F.select(F.eq(least_height, 0), 0, F.relu(ph_below))
    ph_kept = F.select(F.eq(least_height, 0), ph, F.max(least_height, ph))
    th_under = -th + least_height
    th_below = th_under - F.two_diff_error(ty2, ty1)
    th_follows = F.select(F.eq(least_height, 0), 1, F.step(-th_below, F.rational(1, 2)))
    th_lift = F.select(F.eq(least_height, 0), 0, F.relu(th_below))
    th_kept = F.select(F.eq(least_height, 0), th, F.max(least_height, th))
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
    union_den = F.select(F.eq(eps_union, 0), union_area, union_area + eps_union)
    union_empty = F.select(F.eq(union_den, 0), 1, 0)
    union_safe = union_den + union_empty
    gap = (F.select(F.eq(eps_union, 0), outside, outside + eps_union) + union_empty)/union_safe
    iou = inter/union_safe
    ih_met = F.select(F.gt(ox, 0), ih, 0)
    iw_met = F.select(F.gt(oy, 0), iw, 0)
    px_rest = F.select(F.eq(eps_union, 0), ph_area*pw_out + tarea, ph_area*pw_out + tarea + eps_union)
    px_share = px_rest/union_safe
    px_in = ih_met*(px_share/union_safe)
    px_side = ph_area/union_safe
    px_out = iou*px_side
    py_rest = F.select(F.eq(eps_union, 0), p_stay*pw + tarea, p_stay*pw + tarea + eps_union)
    py_share = py_rest/union_safe
    py_in = iw_met*(py_share/union_safe)
    py_side = ph_follows*pw/union_safe
    py_out = iou*py_side
    tx_rest = F.select(F.eq(eps_union, 0), th_area*tw_out + parea, th_area*tw_out + parea + eps_union)
    tx_share = tx_rest/union_safe
    tx_in = ih_met*(tx_share/union_safe)
    tx_side = th_area/union_safe
    tx_out = iou*tx_side
    ty_rest = F.select(F.eq(eps_union, 0), t_stay*tw + parea, t_stay*tw + parea + eps_union)
    ty_share = ty_rest/union_safe
    ty_in = iw_met*(ty_share/union_safe)
    ty_side = th_follows*tw/union_safe
    ty_out = iou*ty_side
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    cw_error = F.two_diff_error(F.max(px2, tx2), F.min(px1, tx1))
    ch_error = F.two_diff_error(F.max(py2, ty2), F.min(py1, ty1))
    dx1_error = F.two_diff_error(px1, tx1)
    dx2_error = F.two_diff_error(px2, tx2)
    sx_high = dx1 + dx2
    sx_low = F.two_sum_error(dx1, dx2) + dx1_error + dx2_error
    sx = sx_high + sx_low
    dy1_error = F.two_diff_error(py1, ty1)
    dy2_error = F.two_diff_error(py2, ty2)
    sy_high = dy1 + dy2
    sy_low = F.two_sum_error(dy1, dy2) + dy1_error + dy2_error
    sy = sy_high + sy_low
    s_squares = sx*sx + sy*sy
    rho = F.select(F.eq(eps_rho, 0), F.rational(1, 4)*s_squares, F.rational(1, 4)*s_squares + eps_rho)
    cw_square = cw*cw
    ch_square = ch*ch
    c_errors = ch*ch_error + cw*cw_error
    diagonal_low = F.stop(F.two_prod_error(ch, ch) + F.two_prod_error(cw, cw) + F.two_sum_error(cw_square, ch_square) + 2*c_errors)
    diagonal_high = ch_square + cw_square
    diagonal = diagonal_high + diagonal_low
    diagonal_den = F.select(F.eq(eps_diagonal, 0), diagonal, diagonal + eps_diagonal)
    distance = F.ratio(rho, diagonal_den, 0)
    loss = distance + gap
    diagonal_den_bar = -(distance*F.ratio(loss_bar, diagonal_den, 0))
    rho_bar = F.ratio(loss_bar, diagonal_den, 0)
    s_squares_bar = F.rational(1, 4)*rho_bar
    sy_bar = 2*s_squares_bar*sy
    sx_bar = 2*s_squares_bar*sx
    ch_bar = 2*ch*diagonal_den_bar
    cw_bar = 2*cw*diagonal_den_bar
    px1_bar = (px_in*x1_inside - px_out*x1_beyond)*loss_bar + sx_bar - cw_bar*x1_beyond
    py1_bar = (py_in*y1_inside - py_out*y1_beyond)*loss_bar + sy_bar - ch_bar*y1_beyond
    px2_bar = (px_out*x2_beyond - px_in*x2_inside)*loss_bar + cw_bar*x2_beyond + sx_bar
    py2_bar = (py_out*y2_beyond - py_in*y2_inside)*loss_bar + ch_bar*y2_beyond + sy_bar
    tx1_bar = (tx_in*x1_beyond - tx_out*x1_inside)*loss_bar - cw_bar*x1_inside - sx_bar
    ty1_bar = (ty_in*y1_beyond - ty_out*y1_inside)*loss_bar - ch_bar*y1_inside - sy_bar
    tx2_bar = (tx_out*x2_inside - tx_in*x2_beyond)*loss_bar + cw_bar*x2_inside - sx_bar
    ty2_bar = (ty_out*y2_inside - ty_in*y2_beyond)*loss_bar + ch_bar*y2_inside - sy_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def plain_grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
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
    union_den = union_area + eps_union
    iou = F.ratio(inter, union_den, 0)
    gap = 1 - iou
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    sx = px1 + px2 - tx1 - tx2
    sy = py1 + py2 - ty1 - ty2
    rho = F.rational(1, 4)*(sx*sx) + F.rational(1, 4)*(sy*sy) + eps_rho
    diagonal = ch*ch + cw*cw + eps_diagonal
    distance = F.ratio(rho, diagonal, 0)
    loss = distance + gap
    diagonal_bar = -(distance*F.ratio(loss_bar, diagonal, 0))
    rho_bar = F.ratio(loss_bar, diagonal, 0)
    sy_bar = F.rational(1, 2)*rho_bar*sy
    sx_bar = F.rational(1, 2)*rho_bar*sx
    ch_bar = 2*ch*diagonal_bar
    cw_bar = 2*cw*diagonal_bar
    iou_bar = -loss_bar
    union_den_bar = -(iou*F.ratio(iou_bar, union_den, 0))
    th_kept_bar = tw*union_den_bar
    ph_kept_bar = pw*union_den_bar
    inter_bar = F.ratio(iou_bar, union_den, 0) - union_den_bar
    ih_bar = inter_bar*iw
    iw_bar = ih*inter_bar
    oy_bar = ih_bar*F.step(oy, 0)
    ox_bar = iw_bar*F.step(ox, 0)
    th_bar = th_kept_bar*F.step(th - F.stop(height_floor), F.rational(1, 2))
    tw_bar = (th_kept + eps_height)*union_den_bar
    ph_bar = ph_kept_bar*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    pw_bar = (ph_kept + eps_height)*union_den_bar
    px1_bar = sx_bar - cw_bar*F.step(tx1 - px1, F.rational(1, 2)) - ox_bar*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar
    py1_bar = sy_bar - ch_bar*F.step(ty1 - py1, F.rational(1, 2)) - oy_bar*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar
    px2_bar = ox_bar*F.step(tx2 - px2, F.rational(1, 2)) + cw_bar*F.step(px2 - tx2, F.rational(1, 2)) + pw_bar + sx_bar
    py2_bar = oy_bar*F.step(ty2 - py2, F.rational(1, 2)) + ch_bar*F.step(py2 - ty2, F.rational(1, 2)) + ph_bar + sy_bar
    tx1_bar = -ox_bar*F.step(tx1 - px1, F.rational(1, 2)) - cw_bar*F.step(px1 - tx1, F.rational(1, 2)) - sx_bar - tw_bar
    ty1_bar = -oy_bar*F.step(ty1 - py1, F.rational(1, 2)) - ch_bar*F.step(py1 - ty1, F.rational(1, 2)) - sy_bar - th_bar
    tx2_bar = cw_bar*F.step(tx2 - px2, F.rational(1, 2)) + ox_bar*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar - sx_bar
    ty2_bar = ch_bar*F.step(ty2 - py2, F.rational(1, 2)) + oy_bar*F.step(py2 - ty2, F.rational(1, 2)) + th_bar - sy_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar
