"""CIoU loss: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
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
    return loss


def grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, eps_ratio, eps_alpha, threshold, at_threshold, attach, unit, sign, least_height, ceiling):
    """Return the loss and the derived gradient."""
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


def hvp(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, px1_dot, py1_dot, px2_dot, py2_dot, tx1_dot, ty1_dot, tx2_dot, ty2_dot, eps_union, eps_height, eps_diagonal, eps_rho, eps_ratio, eps_alpha, threshold, at_threshold, attach, unit, sign, least_height, ceiling):
    """Return the derived Hessian-vector product."""
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
    total_bar = loss_bar*F.step(-total + ceiling, F.rational(1, 2))
    alpha_bar = attach*(total_bar*v)
    alpha_raw_bar = alpha_bar*alpha_kept
    alpha_den_bar = -(alpha_raw*F.ratio(alpha_raw_bar, alpha_den, 0))
    v_bar = F.gate(alpha, attach)*total_bar + F.ratio(alpha_raw_bar, alpha_den, 0) + alpha_den_bar
    turn_bar = 2*aspect_scale*turn*v_bar
    diagonal_bar = -(distance*F.ratio(total_bar, diagonal, 0))
    rho_bar = F.ratio(total_bar, diagonal, 0)
    gap_bar = alpha_den_bar + total_bar
    iou_bar = -gap_bar
    union_den_bar = -(iou*F.ratio(iou_bar, union_den, 0))
    inter_bar = F.ratio(iou_bar, union_den, 0) - union_den_bar
    pw_dot = px2_dot - px1_dot
    ph_dot = py2_dot - py1_dot
    tw_dot = tx2_dot - tx1_dot
    th_dot = ty2_dot - ty1_dot
    ox_dot = px2_dot*F.step(tx2 - px2, F.rational(1, 2)) + tx2_dot*F.step(px2 - tx2, F.rational(1, 2)) - tx1_dot*F.step(tx1 - px1, F.rational(1, 2)) - px1_dot*F.step(px1 - tx1, F.rational(1, 2))
    oy_dot = py2_dot*F.step(ty2 - py2, F.rational(1, 2)) + ty2_dot*F.step(py2 - ty2, F.rational(1, 2)) - ty1_dot*F.step(ty1 - py1, F.rational(1, 2)) - py1_dot*F.step(py1 - ty1, F.rational(1, 2))
    iw_dot = ox_dot*F.step(ox, 0)
    ih_dot = oy_dot*F.step(oy, 0)
    inter_dot = ih*iw_dot + ih_dot*iw
    ph_kept_dot = ph_dot*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    th_kept_dot = th_dot*F.step(th - F.stop(height_floor), F.rational(1, 2))
    parea_dot = (ph_kept + eps_height)*pw_dot + ph_kept_dot*pw
    tarea_dot = (th_kept + eps_height)*tw_dot + th_kept_dot*tw
    union_area_dot = parea_dot + tarea_dot - inter_dot
    iou_dot = F.ratio(inter_dot, union_den, 0) - iou*F.ratio(union_area_dot, union_den, 0)
    gap_dot = -iou_dot
    cw_dot = tx2_dot*F.step(tx2 - px2, F.rational(1, 2)) + px2_dot*F.step(px2 - tx2, F.rational(1, 2)) - px1_dot*F.step(tx1 - px1, F.rational(1, 2)) - tx1_dot*F.step(px1 - tx1, F.rational(1, 2))
    ch_dot = ty2_dot*F.step(ty2 - py2, F.rational(1, 2)) + py2_dot*F.step(py2 - ty2, F.rational(1, 2)) - py1_dot*F.step(ty1 - py1, F.rational(1, 2)) - ty1_dot*F.step(py1 - ty1, F.rational(1, 2))
    sx_dot = px1_dot + px2_dot - tx1_dot - tx2_dot
    sy_dot = py1_dot + py2_dot - ty1_dot - ty2_dot
    rho_dot = F.rational(1, 2)*sx*sx_dot + F.rational(1, 2)*sy*sy_dot
    diagonal_dot = 2*ch*ch_dot + 2*cw*cw_dot
    distance_dot = F.ratio(rho_dot, diagonal, 0) - distance*F.ratio(diagonal_dot, diagonal, 0)
    turn_dot = tw_dot*F.ratio(sign*th_ratio, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0) + th_kept_dot*F.ratio(-(sign*tw), (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0) - pw_dot*F.ratio(sign*ph_ratio, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - ph_kept_dot*F.ratio(-(sign*pw), (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0)
    v_dot = 2*aspect_scale*turn*turn_dot
    alpha_den_dot = gap_dot + v_dot
    alpha_raw_dot = F.ratio(v_dot, alpha_den, 0) - alpha_raw*F.ratio(alpha_den_dot, alpha_den, 0)
    alpha_dot = alpha_kept*alpha_raw_dot
    alpha_bar_dot = attach*(total_bar*v_dot)
    alpha_raw_bar_dot = alpha_bar_dot*alpha_kept
    alpha_den_bar_dot = alpha_raw*F.ratio(alpha_den_dot, alpha_den, 0)*F.ratio(alpha_raw_bar, alpha_den, 0) - alpha_raw_dot*F.ratio(alpha_raw_bar, alpha_den, 0) - alpha_raw*F.ratio(alpha_raw_bar_dot, alpha_den, 0)
    v_bar_dot = attach*(alpha_dot*total_bar) + F.ratio(alpha_raw_bar_dot, alpha_den, 0) + alpha_den_bar_dot - F.ratio(alpha_den_dot, alpha_den, 0)*F.ratio(alpha_raw_bar, alpha_den, 0)
    turn_bar_dot = 2*aspect_scale*turn*v_bar_dot + 2*aspect_scale*turn_dot*v_bar
    th_ratio_bar_dot = turn_bar_dot*F.ratio(-(sign*tw), (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0) + (-sign*F.ratio(1, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0) - 2*(1 - unit)*tw*F.ratio(1, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)*F.ratio(-(sign*tw), (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0))*turn_bar*tw_dot - 2*(1 - unit)*th_ratio*turn_bar*F.ratio(-(sign*tw), (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)*F.ratio(th_kept_dot, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)
    ph_ratio_bar_dot = 2*(1 - unit)*ph_ratio*turn_bar*F.ratio(-(sign*pw), (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0)*F.ratio(ph_kept_dot, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - turn_bar_dot*F.ratio(-(sign*pw), (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - (-sign*F.ratio(1, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - 2*(1 - unit)*pw*F.ratio(1, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0)*F.ratio(-(sign*pw), (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0))*pw_dot*turn_bar
    diagonal_bar_dot = distance*rho_bar*F.ratio(diagonal_dot, diagonal, 0) - distance_dot*rho_bar
    rho_bar_dot = -(rho_bar*F.ratio(diagonal_dot, diagonal, 0))
    sy_bar_dot = F.rational(1, 2)*rho_bar*sy_dot + F.rational(1, 2)*rho_bar_dot*sy
    sx_bar_dot = F.rational(1, 2)*rho_bar*sx_dot + F.rational(1, 2)*rho_bar_dot*sx
    ch_bar_dot = 2*ch*diagonal_bar_dot + 2*ch_dot*diagonal_bar
    cw_bar_dot = 2*cw*diagonal_bar_dot + 2*cw_dot*diagonal_bar
    iou_bar_dot = -alpha_den_bar_dot
    union_den_bar_dot = iou*F.ratio(iou_bar, union_den, 0)*F.ratio(union_area_dot, union_den, 0) - iou_dot*F.ratio(iou_bar, union_den, 0) - iou*F.ratio(iou_bar_dot, union_den, 0)
    th_kept_bar_dot = tw*union_den_bar_dot + tw_dot*union_den_bar + th_ratio_bar_dot
    ph_kept_bar_dot = pw*union_den_bar_dot + pw_dot*union_den_bar + ph_ratio_bar_dot
    inter_bar_dot = F.ratio(iou_bar_dot, union_den, 0) - F.ratio(iou_bar, union_den, 0)*F.ratio(union_area_dot, union_den, 0) - union_den_bar_dot
    ih_bar_dot = inter_bar*iw_dot + inter_bar_dot*iw
    iw_bar_dot = ih*inter_bar_dot + ih_dot*inter_bar
    oy_bar_dot = ih_bar_dot*F.step(oy, 0)
    ox_bar_dot = iw_bar_dot*F.step(ox, 0)
    th_bar_dot = th_kept_bar_dot*F.step(th - F.stop(height_floor), F.rational(1, 2))
    tw_bar_dot = (th_kept + eps_height)*union_den_bar_dot + turn_bar_dot*F.ratio(sign*th_ratio, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0) + th_kept_dot*union_den_bar + (sign*F.ratio(1, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0) - 2*(1 - unit)*th_ratio*F.ratio(1, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)*F.ratio(sign*th_ratio, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0))*th_kept_dot*turn_bar - 2*(1 - unit)*turn_bar*tw*F.ratio(sign*th_ratio, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)*F.ratio(tw_dot, (1 - unit)*(th_ratio*th_ratio + tw*tw) + unit, 0)
    ph_bar_dot = ph_kept_bar_dot*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    pw_bar_dot = (ph_kept + eps_height)*union_den_bar_dot + ph_kept_dot*union_den_bar + 2*(1 - unit)*pw*turn_bar*F.ratio(sign*ph_ratio, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0)*F.ratio(pw_dot, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - turn_bar_dot*F.ratio(sign*ph_ratio, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - (sign*F.ratio(1, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0) - 2*(1 - unit)*ph_ratio*F.ratio(1, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0)*F.ratio(sign*ph_ratio, (1 - unit)*(ph_ratio*ph_ratio + pw*pw) + unit, 0))*ph_kept_dot*turn_bar
    px1_bar_dot = sx_bar_dot - cw_bar_dot*F.step(tx1 - px1, F.rational(1, 2)) - ox_bar_dot*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar_dot
    py1_bar_dot = sy_bar_dot - ch_bar_dot*F.step(ty1 - py1, F.rational(1, 2)) - oy_bar_dot*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar_dot
    px2_bar_dot = ox_bar_dot*F.step(tx2 - px2, F.rational(1, 2)) + cw_bar_dot*F.step(px2 - tx2, F.rational(1, 2)) + pw_bar_dot + sx_bar_dot
    py2_bar_dot = oy_bar_dot*F.step(ty2 - py2, F.rational(1, 2)) + ch_bar_dot*F.step(py2 - ty2, F.rational(1, 2)) + ph_bar_dot + sy_bar_dot
    tx1_bar_dot = -ox_bar_dot*F.step(tx1 - px1, F.rational(1, 2)) - cw_bar_dot*F.step(px1 - tx1, F.rational(1, 2)) - sx_bar_dot - tw_bar_dot
    ty1_bar_dot = -oy_bar_dot*F.step(ty1 - py1, F.rational(1, 2)) - ch_bar_dot*F.step(py1 - ty1, F.rational(1, 2)) - sy_bar_dot - th_bar_dot
    tx2_bar_dot = cw_bar_dot*F.step(tx2 - px2, F.rational(1, 2)) + ox_bar_dot*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar_dot - sx_bar_dot
    ty2_bar_dot = ch_bar_dot*F.step(ty2 - py2, F.rational(1, 2)) + oy_bar_dot*F.step(py2 - ty2, F.rational(1, 2)) + th_bar_dot - sy_bar_dot
    return px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot
