"""DIoU loss: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
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
    return loss


def grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
    """Return the loss and the derived gradient."""
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


def hvp(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, px1_dot, py1_dot, px2_dot, py2_dot, tx1_dot, ty1_dot, tx2_dot, ty2_dot, eps_union, eps_height, eps_diagonal, eps_rho, least_height):
    """Return the derived Hessian-vector product."""
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
    cw = F.max(px2, tx2) - F.min(px1, tx1)
    ch = F.max(py2, ty2) - F.min(py1, ty1)
    sx = px1 + px2 - tx1 - tx2
    sy = py1 + py2 - ty1 - ty2
    rho = F.rational(1, 4)*(sx*sx) + F.rational(1, 4)*(sy*sy) + eps_rho
    diagonal = ch*ch + cw*cw + eps_diagonal
    distance = F.ratio(rho, diagonal, 0)
    diagonal_bar = -(distance*F.ratio(loss_bar, diagonal, 0))
    rho_bar = F.ratio(loss_bar, diagonal, 0)
    iou_bar = -loss_bar
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
    cw_dot = tx2_dot*F.step(tx2 - px2, F.rational(1, 2)) + px2_dot*F.step(px2 - tx2, F.rational(1, 2)) - px1_dot*F.step(tx1 - px1, F.rational(1, 2)) - tx1_dot*F.step(px1 - tx1, F.rational(1, 2))
    ch_dot = ty2_dot*F.step(ty2 - py2, F.rational(1, 2)) + py2_dot*F.step(py2 - ty2, F.rational(1, 2)) - py1_dot*F.step(ty1 - py1, F.rational(1, 2)) - ty1_dot*F.step(py1 - ty1, F.rational(1, 2))
    sx_dot = px1_dot + px2_dot - tx1_dot - tx2_dot
    sy_dot = py1_dot + py2_dot - ty1_dot - ty2_dot
    rho_dot = F.rational(1, 2)*sx*sx_dot + F.rational(1, 2)*sy*sy_dot
    diagonal_dot = 2*ch*ch_dot + 2*cw*cw_dot
    distance_dot = F.ratio(rho_dot, diagonal, 0) - distance*F.ratio(diagonal_dot, diagonal, 0)
    diagonal_bar_dot = distance*rho_bar*F.ratio(diagonal_dot, diagonal, 0) - distance_dot*rho_bar
    rho_bar_dot = -(rho_bar*F.ratio(diagonal_dot, diagonal, 0))
    sy_bar_dot = F.rational(1, 2)*rho_bar*sy_dot + F.rational(1, 2)*rho_bar_dot*sy
    sx_bar_dot = F.rational(1, 2)*rho_bar*sx_dot + F.rational(1, 2)*rho_bar_dot*sx
    ch_bar_dot = 2*ch*diagonal_bar_dot + 2*ch_dot*diagonal_bar
    cw_bar_dot = 2*cw*diagonal_bar_dot + 2*cw_dot*diagonal_bar
    union_den_bar_dot = iou*F.ratio(iou_bar, union_den, 0)*F.ratio(union_area_dot, union_den, 0) - iou_dot*F.ratio(iou_bar, union_den, 0)
    th_kept_bar_dot = tw*union_den_bar_dot + tw_dot*union_den_bar
    ph_kept_bar_dot = pw*union_den_bar_dot + pw_dot*union_den_bar
    inter_bar_dot = -F.ratio(iou_bar, union_den, 0)*F.ratio(union_area_dot, union_den, 0) - union_den_bar_dot
    ih_bar_dot = inter_bar*iw_dot + inter_bar_dot*iw
    iw_bar_dot = ih*inter_bar_dot + ih_dot*inter_bar
    oy_bar_dot = ih_bar_dot*F.step(oy, 0)
    ox_bar_dot = iw_bar_dot*F.step(ox, 0)
    th_bar_dot = th_kept_bar_dot*F.step(th - F.stop(height_floor), F.rational(1, 2))
    tw_bar_dot = (th_kept + eps_height)*union_den_bar_dot + th_kept_dot*union_den_bar
    ph_bar_dot = ph_kept_bar_dot*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    pw_bar_dot = (ph_kept + eps_height)*union_den_bar_dot + ph_kept_dot*union_den_bar
    px1_bar_dot = sx_bar_dot - cw_bar_dot*F.step(tx1 - px1, F.rational(1, 2)) - ox_bar_dot*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar_dot
    py1_bar_dot = sy_bar_dot - ch_bar_dot*F.step(ty1 - py1, F.rational(1, 2)) - oy_bar_dot*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar_dot
    px2_bar_dot = ox_bar_dot*F.step(tx2 - px2, F.rational(1, 2)) + cw_bar_dot*F.step(px2 - tx2, F.rational(1, 2)) + pw_bar_dot + sx_bar_dot
    py2_bar_dot = oy_bar_dot*F.step(ty2 - py2, F.rational(1, 2)) + ch_bar_dot*F.step(py2 - ty2, F.rational(1, 2)) + ph_bar_dot + sy_bar_dot
    tx1_bar_dot = -ox_bar_dot*F.step(tx1 - px1, F.rational(1, 2)) - cw_bar_dot*F.step(px1 - tx1, F.rational(1, 2)) - sx_bar_dot - tw_bar_dot
    ty1_bar_dot = -oy_bar_dot*F.step(ty1 - py1, F.rational(1, 2)) - ch_bar_dot*F.step(py1 - ty1, F.rational(1, 2)) - sy_bar_dot - th_bar_dot
    tx2_bar_dot = cw_bar_dot*F.step(tx2 - px2, F.rational(1, 2)) + ox_bar_dot*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar_dot - sx_bar_dot
    ty2_bar_dot = ch_bar_dot*F.step(ty2 - py2, F.rational(1, 2)) + oy_bar_dot*F.step(py2 - ty2, F.rational(1, 2)) + th_bar_dot - sy_bar_dot
    return px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot
