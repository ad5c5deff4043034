"""IoU loss: the plain definition over an arithmetic F.

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


def value(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, eps_union, eps_height, least_height, least_area, least_iou):
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
    union_kept = F.max(least_area, union_area)
    union_den = union_kept + eps_union
    iou = F.ratio(inter, union_den, 0)
    iou_floor = F.select(F.eq(least_iou, 0), -18446744073709551616, least_iou)
    iou_kept = F.max(F.stop(iou_floor), iou)
    loss = 1 - iou_kept*iou_kept
    return loss


def grad(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, eps_union, eps_height, least_height, least_area, least_iou):
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
    union_kept = F.max(least_area, union_area)
    union_den = union_kept + eps_union
    iou = F.ratio(inter, union_den, 0)
    iou_floor = F.select(F.eq(least_iou, 0), -18446744073709551616, least_iou)
    iou_kept = F.max(F.stop(iou_floor), iou)
    loss = 1 - iou_kept*iou_kept
    iou_kept_bar = -(2*iou_kept*loss_bar)
    iou_bar = iou_kept_bar*F.step(iou - F.stop(iou_floor), F.rational(1, 2))
    union_den_bar = -(iou*F.ratio(iou_bar, union_den, 0))
    union_area_bar = union_den_bar*F.step(union_area - least_area, F.rational(1, 2))
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
    px1_bar = -ox_bar*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar
    py1_bar = -oy_bar*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar
    px2_bar = ox_bar*F.step(tx2 - px2, F.rational(1, 2)) + pw_bar
    py2_bar = oy_bar*F.step(ty2 - py2, F.rational(1, 2)) + ph_bar
    tx1_bar = -ox_bar*F.step(tx1 - px1, F.rational(1, 2)) - tw_bar
    ty1_bar = -oy_bar*F.step(ty1 - py1, F.rational(1, 2)) - th_bar
    tx2_bar = ox_bar*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar
    ty2_bar = oy_bar*F.step(py2 - ty2, F.rational(1, 2)) + th_bar
    return loss, px1_bar, py1_bar, px2_bar, py2_bar, tx1_bar, ty1_bar, tx2_bar, ty2_bar


def hvp(F, px1, py1, px2, py2, tx1, ty1, tx2, ty2, loss_bar, px1_dot, py1_dot, px2_dot, py2_dot, tx1_dot, ty1_dot, tx2_dot, ty2_dot, eps_union, eps_height, least_height, least_area, least_iou):
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
    union_kept = F.max(least_area, union_area)
    union_den = union_kept + eps_union
    iou = F.ratio(inter, union_den, 0)
    iou_floor = F.select(F.eq(least_iou, 0), -18446744073709551616, least_iou)
    iou_kept = F.max(F.stop(iou_floor), iou)
    iou_kept_bar = -(2*iou_kept*loss_bar)
    iou_bar = iou_kept_bar*F.step(iou - F.stop(iou_floor), F.rational(1, 2))
    union_den_bar = -(iou*F.ratio(iou_bar, union_den, 0))
    union_area_bar = union_den_bar*F.step(union_area - least_area, F.rational(1, 2))
    inter_bar = F.ratio(iou_bar, union_den, 0) - union_area_bar
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
    union_kept_dot = union_area_dot*F.step(union_area - least_area, F.rational(1, 2))
    iou_dot = F.ratio(inter_dot, union_den, 0) - iou*F.ratio(union_kept_dot, union_den, 0)
    iou_kept_dot = iou_dot*F.step(iou - F.stop(iou_floor), F.rational(1, 2))
    iou_kept_bar_dot = -(2*iou_kept_dot*loss_bar)
    iou_bar_dot = iou_kept_bar_dot*F.step(iou - F.stop(iou_floor), F.rational(1, 2))
    union_den_bar_dot = iou*F.ratio(iou_bar, union_den, 0)*F.ratio(union_kept_dot, union_den, 0) - iou_dot*F.ratio(iou_bar, union_den, 0) - iou*F.ratio(iou_bar_dot, union_den, 0)
    union_area_bar_dot = union_den_bar_dot*F.step(union_area - least_area, F.rational(1, 2))
    th_kept_bar_dot = tw*union_area_bar_dot + tw_dot*union_area_bar
    ph_kept_bar_dot = pw*union_area_bar_dot + pw_dot*union_area_bar
    inter_bar_dot = F.ratio(iou_bar_dot, union_den, 0) - F.ratio(iou_bar, union_den, 0)*F.ratio(union_kept_dot, union_den, 0) - union_area_bar_dot
    ih_bar_dot = inter_bar*iw_dot + inter_bar_dot*iw
    iw_bar_dot = ih*inter_bar_dot + ih_dot*inter_bar
    oy_bar_dot = ih_bar_dot*F.step(oy, 0)
    ox_bar_dot = iw_bar_dot*F.step(ox, 0)
    th_bar_dot = th_kept_bar_dot*F.step(th - F.stop(height_floor), F.rational(1, 2))
    tw_bar_dot = (th_kept + eps_height)*union_area_bar_dot + th_kept_dot*union_area_bar
    ph_bar_dot = ph_kept_bar_dot*F.step(ph - F.stop(height_floor), F.rational(1, 2))
    pw_bar_dot = (ph_kept + eps_height)*union_area_bar_dot + ph_kept_dot*union_area_bar
    px1_bar_dot = -ox_bar_dot*F.step(px1 - tx1, F.rational(1, 2)) - pw_bar_dot
    py1_bar_dot = -oy_bar_dot*F.step(py1 - ty1, F.rational(1, 2)) - ph_bar_dot
    px2_bar_dot = ox_bar_dot*F.step(tx2 - px2, F.rational(1, 2)) + pw_bar_dot
    py2_bar_dot = oy_bar_dot*F.step(ty2 - py2, F.rational(1, 2)) + ph_bar_dot
    tx1_bar_dot = -ox_bar_dot*F.step(tx1 - px1, F.rational(1, 2)) - tw_bar_dot
    ty1_bar_dot = -oy_bar_dot*F.step(ty1 - py1, F.rational(1, 2)) - th_bar_dot
    tx2_bar_dot = ox_bar_dot*F.step(px2 - tx2, F.rational(1, 2)) + tw_bar_dot
    ty2_bar_dot = oy_bar_dot*F.step(py2 - ty2, F.rational(1, 2)) + th_bar_dot
    return px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot
