"""CIoU loss: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    CIoU = IoU - rho^2/c^2 - alpha v,  v = 4/pi^2 (arctan(wt/ht) - arctan(w/h))^2,
    alpha = v/((1 - IoU) + v);  loss = 1 - CIoU

Subgradients
    max and min at equal coordinates: an even split between the two, as torch.maximum takes
    it. Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quantity equal
    to its floor or ceiling: half of the derivative; IoU under the logarithm: 0. A quotient
    whose denominator is 0: derivative 0. alpha is a constant unless `attach` is 1, in
    second derivatives too.

Constants
    eps_union: added to the union as denominator of IoU (default 0.0)
    eps_height: added to both heights in the areas (default 0.0)
    eps_diagonal: added to the squared diagonal (default 0.0)
    eps_rho: added to the squared distance of the centres (default 0.0)
    eps_ratio: added to both heights in the aspect angles (default 0.0)
    eps_alpha: added to the denominator of alpha (default 0.0)
    threshold: alpha is 0 where IoU is less (default -1.0)
    at_threshold: factor of alpha where IoU equals the threshold (default 1.0)
    attach: 1: the gradient passes through alpha; 0: it does not (default 0.0)
    unit: 1: w^2 + h^2 is replaced by 1 in the aspect derivative; 0: it is not (default 0.0)
    sign: factor of the aspect derivative: 1, or -1 as the paper prints it (default 1.0)
    least_height: floor of both heights in areas and aspect angles (default 0.0)
    ceiling: the loss is cut above this value (default inf)

Source
    Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287; threshold on alpha: Zheng
    et al., arXiv 2005.03572.
"""


def value(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, eps_diagonal, eps_rho, eps_ratio, eps_alpha, threshold, at_threshold, attach, unit, sign, least_height, ceiling):
    """Return the loss of the stable program."""
    aspect_scale = F.rational(4, 1)*(F.rational(1, 1)/(F.pi()*F.pi()))
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
    ph_ratio = F.select(F.eq(eps_ratio, 0), ph_kept, ph_kept + eps_ratio)
    pw_error = F.two_diff_error(px2, px1)
    ph_error = F.select(F.eq(eps_ratio, 0), ph_kept_error, F.two_sum_error(ph_kept, eps_ratio) + ph_kept_error)
    p_square = ph_ratio*ph_ratio + pw*pw
    ph_safe = F.select(F.eq(p_square, 0), 1, 0) + ph_ratio
    th_ratio = F.select(F.eq(eps_ratio, 0), th_kept, th_kept + eps_ratio)
    tw_error = F.two_diff_error(tx2, tx1)
    th_error = F.select(F.eq(eps_ratio, 0), th_kept_error, F.two_sum_error(th_kept, eps_ratio) + th_kept_error)
    t_square = th_ratio*th_ratio + tw*tw
    th_safe = F.select(F.eq(t_square, 0), 1, 0) + th_ratio
    across = ph_safe*tw
    along = pw*th_safe
    det_high = across - along
    det_products = F.two_prod_error(tw, ph_safe) - F.two_prod_error(pw, th_safe)
    det_t = ph_error*tw + ph_safe*tw_error
    det_p = pw*th_error + pw_error*th_safe
    det_low = F.two_diff_error(across, along) + det_products + det_t - det_p
    det = det_high + det_low
    dot_high = ph_safe*th_safe + pw*tw
    tall_both = ph_safe*th_safe
    wide_both = pw*tw
    dot_error = ph_error*th_safe + ph_safe*th_error + pw*tw_error + pw_error*tw + F.two_prod_error(ph_safe, th_safe) + F.two_prod_error(pw, tw) + F.two_sum_error(tall_both, wide_both)
    dot_fine = dot_error + dot_high
    dot_damped = F.select(F.eq(attach, 0), dot_high, dot_fine)
    dot = F.select(F.eq(unit, 0), dot_damped, dot_fine)
    turn = F.atan2(det, dot)
    v = aspect_scale*(turn*turn)
    alpha_den = F.select(F.eq(eps_alpha, 0), gap + v, gap + v + eps_alpha)
    alpha_safe = F.select(F.eq(alpha_den, 0), 1, 0) + alpha_den
    alpha_raw = v/alpha_safe
    threshold_share = threshold*union_safe
    margin_high = inter - threshold_share
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
    margin_low = F.two_diff_error(inter, threshold_share) + inter_error - threshold*(F.two_sum_error(union_area, eps_union) + union_error) - F.two_prod_error(threshold, union_safe)
    margin = F.stop(margin_low) + margin_high
    alpha_kept = F.select(F.lt(threshold, 0), 1, F.step(margin, at_threshold))
    alpha = alpha_kept*alpha_raw
    total = F.gate(alpha, attach)*v + distance + gap
    loss = F.select(F.gt(ceiling, 3), total, F.min(ceiling, total))
    return loss


def grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, eps_ratio, eps_alpha, threshold, at_threshold, attach, unit, sign, least_height, ceiling):
    """Return the loss and the stable gradient."""
    aspect_scale = F.rational(4, 1)*(F.rational(1, 1)/(F.pi()*F.pi()))
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
    ph_ratio = F.select(F.eq(eps_ratio, 0), ph_kept, ph_kept + eps_ratio)
    pw_error = F.two_diff_error(px2, px1)
    ph_error = F.select(F.eq(eps_ratio, 0), ph_kept_error, F.two_sum_error(ph_kept, eps_ratio) + ph_kept_error)
    p_square = ph_ratio*ph_ratio + pw*pw
    ph_safe = F.select(F.eq(p_square, 0), 1, 0) + ph_ratio
    th_ratio = F.select(F.eq(eps_ratio, 0), th_kept, th_kept + eps_ratio)
    tw_error = F.two_diff_error(tx2, tx1)
    th_error = F.select(F.eq(eps_ratio, 0), th_kept_error, F.two_sum_error(th_kept, eps_ratio) + th_kept_error)
    t_square = th_ratio*th_ratio + tw*tw
    th_safe = F.select(F.eq(t_square, 0), 1, 0) + th_ratio
    across = ph_safe*tw
    along = pw*th_safe
    det_high = across - along
    det_products = F.two_prod_error(tw, ph_safe) - F.two_prod_error(pw, th_safe)
    det_t = ph_error*tw + ph_safe*tw_error
    det_p = pw*th_error + pw_error*th_safe
    det_low = F.two_diff_error(across, along) + det_products + det_t - det_p
    det = det_high + det_low
    dot_high = ph_safe*th_safe + pw*tw
    tall_both = ph_safe*th_safe
    wide_both = pw*tw
    dot_error = ph_error*th_safe + ph_safe*th_error + pw*tw_error + pw_error*tw + F.two_prod_error(ph_safe, th_safe) + F.two_prod_error(pw, tw) + F.two_sum_error(tall_both, wide_both)
    dot_fine = dot_error + dot_high
    dot_damped = F.select(F.eq(attach, 0), dot_high, dot_fine)
    dot = F.select(F.eq(unit, 0), dot_damped, dot_fine)
    turn = F.atan2(det, dot)
    t_norm = F.select(F.eq(unit, 0), t_square, 1)
    t_wide = F.ratio(tw, t_norm, 0)
    t_tall = F.ratio(th_ratio, t_norm, 0)
    p_norm = F.select(F.eq(unit, 0), p_square, 1)
    p_wide = F.ratio(pw, p_norm, 0)
    p_tall = F.ratio(ph_ratio, p_norm, 0)
    v = aspect_scale*(turn*turn)
    alpha_den = F.select(F.eq(eps_alpha, 0), gap + v, gap + v + eps_alpha)
    alpha_safe = F.select(F.eq(alpha_den, 0), 1, 0) + alpha_den
    alpha_raw = v/alpha_safe
    threshold_share = threshold*union_safe
    margin_high = inter - threshold_share
    pw_slip = pw_error
    ph_slip = F.select(F.eq(eps_height, 0), ph_kept_error, F.two_sum_error(ph_kept, eps_height) + ph_kept_error)
    parea_error = ph_area*pw_slip + ph_slip*pw + F.two_prod_error(pw, ph_area)
    tw_slip = tw_error
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
    margin_low = F.two_diff_error(inter, threshold_share) + inter_error - threshold*(F.two_sum_error(union_area, eps_union) + union_error) - F.two_prod_error(threshold, union_safe)
    margin = F.stop(margin_low) + margin_high
    alpha_kept = F.select(F.lt(threshold, 0), 1, F.step(margin, at_threshold))
    alpha = alpha_kept*alpha_raw
    total = F.gate(alpha, attach)*v + distance + gap
    loss = F.select(F.gt(ceiling, 3), total, F.min(ceiling, total))
    total_bar = F.select(F.gt(ceiling, 3), loss_bar, loss_bar*F.step(-total + ceiling, F.rational(1, 2)))
    alpha_bar = attach*(total_bar*v)
    alpha_raw_bar = alpha_bar*alpha_kept
    alpha_safe_bar = -(alpha_raw*(alpha_raw_bar/alpha_safe))
    v_bar = F.gate(alpha, attach)*total_bar + alpha_raw_bar/alpha_safe + alpha_safe_bar
    turn_bar = 2*aspect_scale*turn*v_bar
    diagonal_den_bar = -(distance*F.ratio(total_bar, diagonal_den, 0))
    rho_bar = F.ratio(total_bar, diagonal_den, 0)
    s_squares_bar = F.rational(1, 4)*rho_bar
    sy_bar = 2*s_squares_bar*sy
    sx_bar = 2*s_squares_bar*sx
    ch_bar = 2*ch*diagonal_den_bar
    cw_bar = 2*cw*diagonal_den_bar
    gap_bar = alpha_safe_bar + total_bar
    th_kept_bar = -(sign*t_wide*turn_bar)
    ph_kept_bar = sign*p_wide*turn_bar
    th_bar = th_follows*th_kept_bar
    tw_bar = sign*t_tall*turn_bar
    ph_bar = ph_follows*ph_kept_bar
    pw_bar = -(sign*p_tall*turn_bar)
    px1_bar = (px_in*x1_inside - px_out*x1_beyond)*gap_bar + sx_bar - cw_bar*x1_beyond - pw_bar
    py1_bar = (py_in*y1_inside - py_out*y1_beyond)*gap_bar + sy_bar - ch_bar*y1_beyond - ph_bar
    px2_bar = (px_out*x2_beyond - px_in*x2_inside)*gap_bar + cw_bar*x2_beyond + pw_bar + sx_bar
    py2_bar = (py_out*y2_beyond - py_in*y2_inside)*gap_bar + ch_bar*y2_beyond + ph_bar + sy_bar
    tx1_bar = (tx_in*x1_beyond - tx_out*x1_inside)*gap_bar - cw_bar*x1_inside - sx_bar - tw_bar
    ty1_bar = (ty_in*y1_beyond - ty_out*y1_inside)*gap_bar - ch_bar*y1_inside - sy_bar - th_bar
    tx2_bar = (tx_out*x2_inside - tx_in*x2_beyond)*gap_bar + cw_bar*x2_inside + tw_bar - sx_bar
    ty2_bar = (ty_out*y2_inside - ty_in*y2_beyond)*gap_bar + ch_bar*y2_inside + th_bar - sy_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def plain_grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, eps_ratio, eps_alpha, threshold, at_threshold, attach, unit, sign, least_height, ceiling):
    """Return loss and gradient, plain form."""
    aspect_scale = F.rational(4, 1)*(F.rational(1, 1)/(F.pi()*F.pi()))
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
    ph_ratio = ph_kept + eps_ratio
    th_ratio = th_kept + eps_ratio
    turn = F.aspect(tw, th_ratio, unit, sign) - F.aspect(pw, ph_ratio, unit, sign)
    v = aspect_scale*(turn*turn)
    alpha_den = gap + v + eps_alpha
    alpha_raw = F.ratio(v, alpha_den, 0)
    alpha_kept = F.step(iou - threshold, at_threshold)
    alpha = alpha_kept*alpha_raw
    total = F.gate(alpha, attach)*v + distance + gap
    loss = F.min(ceiling, total)
    total_bar = loss_bar*F.step(-total + ceiling, F.rational(1, 2))
    alpha_bar = attach*(total_bar*v)
    alpha_raw_bar = alpha_bar*alpha_kept
    alpha_den_bar = -(alpha_raw*F.ratio(alpha_raw_bar, alpha_den, 0))
    v_bar = F.gate(alpha, attach)*total_bar + F.ratio(alpha_raw_bar, alpha_den, 0) + alpha_den_bar
    turn_bar = 2*aspect_scale*turn*v_bar
    th_ratio_bar = turn_bar*F.ratio(-(sign*tw), (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)
    ph_ratio_bar = -(turn_bar*F.ratio(-(sign*pw), (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0))
    diagonal_bar = -(distance*F.ratio(total_bar, diagonal, 0))
    rho_bar = F.ratio(total_bar, diagonal, 0)
    sy_bar = F.rational(1, 2)*rho_bar*sy
    sx_bar = F.rational(1, 2)*rho_bar*sx
    ch_bar = 2*ch*diagonal_bar
    cw_bar = 2*cw*diagonal_bar
    gap_bar = alpha_den_bar + total_bar
    iou_bar = -gap_bar
    union_den_bar = -(iou*F.ratio(iou_bar, union_den, 0))
    th_kept_bar = tw*union_den_bar + th_ratio_bar
    ph_kept_bar = pw*union_den_bar + ph_ratio_bar
    inter_bar = F.ratio(iou_bar, union_den, 0) - union_den_bar
    ih_bar = inter_bar*iw
    iw_bar = ih*inter_bar
    oy_bar = ih_bar*F.step(oy, 0)
    ox_bar = iw_bar*F.step(ox, 0)
    th_bar = th_kept_bar*F.step(th - F.stop(height_floor), F.rational(1, 2))
    tw_bar = (th_kept + eps_height)*union_den_bar + turn_bar*F.ratio(sign*th_ratio, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)
    ph_bar = ph_kept_bar*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    pw_bar = (ph_kept + eps_height)*union_den_bar - turn_bar*F.ratio(sign*ph_ratio, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0)
    px1_bar = sx_bar - cw_bar*F.step(tx1 - px1, F.rational(1, 2)) - ox_bar*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar
    py1_bar = sy_bar - ch_bar*F.step(ty1 - py1, F.rational(1, 2)) - oy_bar*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar
    px2_bar = ox_bar*F.step(tx2 - px2, F.rational(1, 2)) + cw_bar*F.step(px2 - tx2, F.rational(1, 2)) + pw_bar + sx_bar
    py2_bar = oy_bar*F.step(ty2 - py2, F.rational(1, 2)) + ch_bar*F.step(py2 - ty2, F.rational(1, 2)) + ph_bar + sy_bar
    tx1_bar = -ox_bar*F.step(tx1 - px1, F.rational(1, 2)) - cw_bar*F.step(px1 - tx1, F.rational(1, 2)) - sx_bar - tw_bar
    ty1_bar = -oy_bar*F.step(ty1 - py1, F.rational(1, 2)) - ch_bar*F.step(py1 - ty1, F.rational(1, 2)) - sy_bar - th_bar
    tx2_bar = cw_bar*F.step(tx2 - px2, F.rational(1, 2)) + ox_bar*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar - sx_bar
    ty2_bar = ch_bar*F.step(ty2 - py2, F.rational(1, 2)) + oy_bar*F.step(py2 - ty2, F.rational(1, 2)) + th_bar - sy_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar
