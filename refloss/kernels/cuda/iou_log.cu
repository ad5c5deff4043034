// IoU loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     IoU = I/U,  I = max(0, min(x2, x2t) - max(x1, x1t)) max(0, min(y2, y2t) - max(y1, y1t)),
//     U = (x2 - x1)(y2 - y1) + (x2t - x1t)(y2t - y1t) - I;  loss = 1 - IoU, -ln IoU or 1 - IoU^2
//
// Subgradients
//     max and min at equal coordinates: an even split between the two, as torch.maximum takes
//     it. Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quantity equal
//     to its floor or ceiling: half of the derivative; IoU under the logarithm: 0. A quotient
//     whose denominator is 0: derivative 0.
//
// Constants
//     eps_union: added to the union as denominator of IoU (default 0.0)
//     eps_height: added to both heights in the areas (default 0.0)
//     least_height: floor of both heights in areas and aspect angles (default 0.0)
//     least_area: floor of union and hull (default -inf)
//     least_iou: floor of IoU in the loss (default 0.0)
//
// Source
//     Yu et al., UnitBox, ACM MM 2016; 1 - IoU and 1 - IoU^2 by the libraries that use them.

KERNEL iou_log_value(
    size items, ARRAY(pred) pred_in, ARRAY(target) target_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real px1, py1, px2, py2;
        pred_in.load(i, px1, py1, px2, py2);
        real tx1, ty1, tx2, ty2;
        target_in.load(i, tx1, ty1, tx2, ty2);
        const real dx1 = px1 - tx1;  // pred minus target
        const real dy1 = py1 - ty1;  // pred minus target
        const real dx2 = px2 - tx2;  // pred minus target
        const real dy2 = py2 - ty2;  // pred minus target
        const real pw = px2 - px1;  // width of pred
        const real ph = py2 - py1;  // height of pred
        const real tw = tx2 - tx1;  // width of target
        const real th = ty2 - ty1;  // height of target
        const real ox = min_(px2, tx2) - max_(px1, tx1);  // signed overlap in x
        const real oy = min_(py2, ty2) - max_(py1, ty1);  // signed overlap in y
        const real iw = above_(ox, real(0));
        const real ih = above_(oy, real(0));
        const real inter = ih*iw;  // intersection
        const real meets_x = step_(ox, real(0));
        const real meets_y = step_(oy, real(0));
        const real ph_under = -ph + least_height;
        const real ph_below = ph_under - two_diff_error(py2, py1);  // the floor minus the height, exactly signed
        const real ph_follows = ((least_height == real(0)) ? real(1) : step_(-ph_below, real(0.5)));  // 0 where the height is floored
        const real ph_lift = ((least_height == real(0)) ? real(0) : above_(ph_below, real(0)));  // what the floor adds to the height
        const real ph_kept = ((least_height == real(0)) ? ph : above_(ph, least_height));  // height, floored
        const real ph_kept_error = ((least_height == real(0)) ? two_diff_error(py2, py1) : ph_follows*two_diff_error(py2, py1));  // what rounding it lost
        const real th_under = -th + least_height;
        const real th_below = th_under - two_diff_error(ty2, ty1);  // the floor minus the height, exactly signed
        const real th_follows = ((least_height == real(0)) ? real(1) : step_(-th_below, real(0.5)));  // 0 where the height is floored
        const real th_lift = ((least_height == real(0)) ? real(0) : above_(th_below, real(0)));  // what the floor adds to the height
        const real th_kept = ((least_height == real(0)) ? th : above_(th, least_height));  // height, floored
        const real th_kept_error = ((least_height == real(0)) ? two_diff_error(ty2, ty1) : th_follows*two_diff_error(ty2, ty1));  // what rounding it lost
        const real x1_above = above_(dx1, real(0));  // max(dx1, 0)
        const real x1_below = x1_above - dx1;  // max(-dx1, 0)
        const real y1_above = above_(dy1, real(0));  // max(dy1, 0)
        const real y1_below = y1_above - dy1;  // max(-dy1, 0)
        const real x2_above = above_(dx2, real(0));  // max(dx2, 0)
        const real x2_below = x2_above - dx2;  // max(-dx2, 0)
        const real y2_above = above_(dy2, real(0));  // max(dy2, 0)
        const real y2_below = y2_above - dy2;  // max(-dy2, 0)
        const real pw_out = min_(x1_below + x2_above, pw);  // pw - iw
        const real ph_out = min_(y1_below + y2_above, ph);  // ph - ih
        const real tw_out = min_(x1_above + x2_below, tw);  // tw - iw
        const real th_out = min_(y1_above + y2_below, th);  // th - ih
        const real ph_lifted = ((least_height == real(0)) ? ph_out : ph_lift + ph_out);  // part of the floored height outside
        const real p_rest = ((eps_height == real(0)) ? ph_lifted : ph_lifted + eps_height);
        const real th_lifted = ((least_height == real(0)) ? th_out : th_lift + th_out);  // part of the floored height outside
        const real t_rest = ((eps_height == real(0)) ? th_lifted : th_lifted + eps_height);
        const real ph_area = ((eps_height == real(0)) ? ph_kept : ph_kept + eps_height);
        const real th_area = ((eps_height == real(0)) ? th_kept : th_kept + eps_height);
        const real p_only = iw*p_rest + ph_area*pw_out;  // area of pred outside the intersection
        const real t_only = iw*t_rest + th_area*tw_out;  // area of target outside the intersection
        const real outside = p_only + t_only;  // symmetric difference
        const real parea = ph_area*pw;  // area of pred
        const real tarea = th_area*tw;  // area of target
        const real union_area = inter + outside;  // union
        const real pw_slip = two_diff_error(px2, px1);
        const real ph_slip = ((eps_height == real(0)) ? ph_kept_error : two_sum_error(ph_kept, eps_height) + ph_kept_error);
        const real parea_error = ph_area*pw_slip + ph_slip*pw + two_prod_error(pw, ph_area);
        const real tw_slip = two_diff_error(tx2, tx1);
        const real th_slip = ((eps_height == real(0)) ? th_kept_error : two_sum_error(th_kept, eps_height) + th_kept_error);
        const real tarea_error = th_area*tw_slip + th_slip*tw + two_prod_error(tw, th_area);
        const real ox_error = meets_x*two_diff_error(min_(px2, tx2), max_(px1, tx1));
        const real oy_error = meets_y*two_diff_error(min_(py2, ty2), max_(py1, ty1));
        const real inter_error = ih*ox_error + iw*oy_error + two_prod_error(iw, ih);
        const real area_sum = parea + tarea;
        const real union_high = area_sum - inter;
        const real union_gap = union_high - union_area;
        const real union_low = two_diff_error(area_sum, inter) + two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error;
        const real union_error = union_gap + union_low;
        const real union_kept = ((least_area < real(0)) ? union_area : above_(union_area, least_area));  // union, floored
        const real union_under = -union_area + least_area;
        const real union_lift = above_(union_under - union_error, real(0));  // what the floor adds to the union
        const real union_follows = ((least_area < real(0)) ? real(1) : step_(union_area - least_area, real(0.5)));
        const real union_slack = ((least_area < real(0)) ? eps_union : union_lift + eps_union);
        const real union_den = ((eps_union == real(0)) ? union_kept : union_kept + eps_union);
        const real union_fine = union_error*union_follows + union_den;
        const real outside_error = (p_rest + t_rest)*ox_error + ph_slip*pw_out + th_slip*tw_out + two_sum_error(ph_area*pw_out, iw*p_rest) + two_sum_error(th_area*tw_out, iw*t_rest) + two_sum_error(p_only, t_only);
        const real outside_fine = outside_error + outside + union_slack;
        const real union_empty = ((union_fine == real(0)) ? real(1) : real(0));
        const real union_safe = union_empty + union_fine;
        const real gap = (outside_fine + union_empty)/union_safe;  // 1 - IoU, from terms >= 0
        const real iou = inter/union_safe;
        const real iou_kept = above_(iou, least_iou);  // IoU, floored
        const real loss_far = -log_(iou_kept);
        const real loss_near = ((gap < real(0.5)) ? -log1p_(-gap) : loss_far);
        const real loss = ((least_iou < iou) ? loss_near : loss_far);
        loss_out.store(i, loss);
    });
}

KERNEL iou_log_grad(
    size items, ARRAY(pred) pred_in, ARRAY(target) target_in, ARRAY(loss_bar) loss_bar_in,
    ARRAY(loss) loss_out, ARRAY(pred_bar) pred_bar_out, ARRAY(target_bar) target_bar_out,
    CONSTANTS) {
    over_items(items, [&](size i) {
        real px1, py1, px2, py2;
        pred_in.load(i, px1, py1, px2, py2);
        real tx1, ty1, tx2, ty2;
        target_in.load(i, tx1, ty1, tx2, ty2);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real dx1 = px1 - tx1;  // pred minus target
        const real dy1 = py1 - ty1;  // pred minus target
        const real dx2 = px2 - tx2;  // pred minus target
        const real dy2 = py2 - ty2;  // pred minus target
        const real pw = px2 - px1;  // width of pred
        const real ph = py2 - py1;  // height of pred
        const real tw = tx2 - tx1;  // width of target
        const real th = ty2 - ty1;  // height of target
        const real ox = min_(px2, tx2) - max_(px1, tx1);  // signed overlap in x
        const real oy = min_(py2, ty2) - max_(py1, ty1);  // signed overlap in y
        const real iw = above_(ox, real(0));
        const real ih = above_(oy, real(0));
        const real inter = ih*iw;  // intersection
        const real x1_inside = step_(dx1, real(0.5));  // px1 inside target: 1
        const real x1_beyond = real(1) - x1_inside;
        const real y1_inside = step_(dy1, real(0.5));  // py1 inside target: 1
        const real y1_beyond = real(1) - y1_inside;
        const real x2_inside = step_(-dx2, real(0.5));  // px2 inside target: 1
        const real x2_beyond = real(1) - x2_inside;
        const real y2_inside = step_(-dy2, real(0.5));  // py2 inside target: 1
        const real y2_beyond = real(1) - y2_inside;
        const real meets_x = step_(ox, real(0));
        const real meets_y = step_(oy, real(0));
        const real ph_under = -ph + least_height;
        const real ph_below = ph_under - two_diff_error(py2, py1);  // the floor minus the height, exactly signed
        const real ph_follows = ((least_height == real(0)) ? real(1) : step_(-ph_below, real(0.5)));  // 0 where the height is floored
        const real ph_lift = ((least_height == real(0)) ? real(0) : above_(ph_below, real(0)));  // what the floor adds to the height
        const real ph_kept = ((least_height == real(0)) ? ph : above_(ph, least_height));  // height, floored
        const real ph_kept_error = ((least_height == real(0)) ? two_diff_error(py2, py1) : ph_follows*two_diff_error(py2, py1));  // what rounding it lost
        const real th_under = -th + least_height;
        const real th_below = th_under - two_diff_error(ty2, ty1);  // the floor minus the height, exactly signed
        const real th_follows = ((least_height == real(0)) ? real(1) : step_(-th_below, real(0.5)));  // 0 where the height is floored
        const real th_lift = ((least_height == real(0)) ? real(0) : above_(th_below, real(0)));  // what the floor adds to the height
        const real th_kept = ((least_height == real(0)) ? th : above_(th, least_height));  // height, floored
        const real th_kept_error = ((least_height == real(0)) ? two_diff_error(ty2, ty1) : th_follows*two_diff_error(ty2, ty1));  // what rounding it lost
        const real x1_above = above_(dx1, real(0));  // max(dx1, 0)
        const real x1_below = x1_above - dx1;  // max(-dx1, 0)
        const real y1_above = above_(dy1, real(0));  // max(dy1, 0)
        const real y1_below = y1_above - dy1;  // max(-dy1, 0)
        const real x2_above = above_(dx2, real(0));  // max(dx2, 0)
        const real x2_below = x2_above - dx2;  // max(-dx2, 0)
        const real y2_above = above_(dy2, real(0));  // max(dy2, 0)
        const real y2_below = y2_above - dy2;  // max(-dy2, 0)
        const real pw_out = min_(x1_below + x2_above, pw);  // pw - iw
        const real ph_out = min_(y1_below + y2_above, ph);  // ph - ih
        const real tw_out = min_(x1_above + x2_below, tw);  // tw - iw
        const real th_out = min_(y1_above + y2_below, th);  // th - ih
        const real ph_lifted = ((least_height == real(0)) ? ph_out : ph_lift + ph_out);  // part of the floored height outside
        const real p_rest = ((eps_height == real(0)) ? ph_lifted : ph_lifted + eps_height);
        const real p_stay = ((least_height == real(0)) ? p_rest : (real(1) - ph_follows)*ih + p_rest);
        const real th_lifted = ((least_height == real(0)) ? th_out : th_lift + th_out);  // part of the floored height outside
        const real t_rest = ((eps_height == real(0)) ? th_lifted : th_lifted + eps_height);
        const real t_stay = ((least_height == real(0)) ? t_rest : (real(1) - th_follows)*ih + t_rest);
        const real ph_area = ((eps_height == real(0)) ? ph_kept : ph_kept + eps_height);
        const real th_area = ((eps_height == real(0)) ? th_kept : th_kept + eps_height);
        const real p_only = iw*p_rest + ph_area*pw_out;  // area of pred outside the intersection
        const real t_only = iw*t_rest + th_area*tw_out;  // area of target outside the intersection
        const real outside = p_only + t_only;  // symmetric difference
        const real parea = ph_area*pw;  // area of pred
        const real tarea = th_area*tw;  // area of target
        const real union_area = inter + outside;  // union
        const real pw_slip = two_diff_error(px2, px1);
        const real ph_slip = ((eps_height == real(0)) ? ph_kept_error : two_sum_error(ph_kept, eps_height) + ph_kept_error);
        const real parea_error = ph_area*pw_slip + ph_slip*pw + two_prod_error(pw, ph_area);
        const real tw_slip = two_diff_error(tx2, tx1);
        const real th_slip = ((eps_height == real(0)) ? th_kept_error : two_sum_error(th_kept, eps_height) + th_kept_error);
        const real tarea_error = th_area*tw_slip + th_slip*tw + two_prod_error(tw, th_area);
        const real ox_error = meets_x*two_diff_error(min_(px2, tx2), max_(px1, tx1));
        const real oy_error = meets_y*two_diff_error(min_(py2, ty2), max_(py1, ty1));
        const real inter_error = ih*ox_error + iw*oy_error + two_prod_error(iw, ih);
        const real area_sum = parea + tarea;
        const real union_high = area_sum - inter;
        const real union_gap = union_high - union_area;
        const real union_low = two_diff_error(area_sum, inter) + two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error;
        const real union_error = union_gap + union_low;
        const real union_kept = ((least_area < real(0)) ? union_area : above_(union_area, least_area));  // union, floored
        const real union_under = -union_area + least_area;
        const real union_lift = above_(union_under - union_error, real(0));  // what the floor adds to the union
        const real union_follows = ((least_area < real(0)) ? real(1) : step_(union_area - least_area, real(0.5)));
        const real union_slack = ((least_area < real(0)) ? eps_union : union_lift + eps_union);
        const real union_den = ((eps_union == real(0)) ? union_kept : union_kept + eps_union);
        const real union_fine = union_error*union_follows + union_den;
        const real outside_error = (p_rest + t_rest)*ox_error + ph_slip*pw_out + th_slip*tw_out + two_sum_error(ph_area*pw_out, iw*p_rest) + two_sum_error(th_area*tw_out, iw*t_rest) + two_sum_error(p_only, t_only);
        const real outside_fine = outside_error + outside + union_slack;
        const real union_empty = ((union_fine == real(0)) ? real(1) : real(0));
        const real union_safe = union_empty + union_fine;
        const real gap = (outside_fine + union_empty)/union_safe;  // 1 - IoU, from terms >= 0
        const real iou = inter/union_safe;
        const real px_rest = ph_area*pw_out + tarea + union_slack;
        const real px_share = ((least_area < real(0)) ? px_rest : (real(1) - union_follows)*union_safe + px_rest*union_follows)/union_safe;
        const real px_side = union_follows*(ph_area/union_safe);
        const real py_rest = p_stay*pw + tarea + union_slack;
        const real py_share = ((least_area < real(0)) ? py_rest : (real(1) - union_follows)*union_safe + py_rest*union_follows)/union_safe;
        const real py_side = union_follows*(ph_follows*pw/union_safe);
        const real tx_rest = th_area*tw_out + parea + union_slack;
        const real tx_share = ((least_area < real(0)) ? tx_rest : (real(1) - union_follows)*union_safe + tx_rest*union_follows)/union_safe;
        const real tx_side = union_follows*(th_area/union_safe);
        const real ty_rest = t_stay*tw + parea + union_slack;
        const real ty_share = ((least_area < real(0)) ? ty_rest : (real(1) - union_follows)*union_safe + ty_rest*union_follows)/union_safe;
        const real ty_side = union_follows*(th_follows*tw/union_safe);
        const real iou_kept = above_(iou, least_iou);  // IoU, floored
        const real loss_far = -log_(iou_kept);
        const real loss_near = ((gap < real(0.5)) ? -log1p_(-gap) : loss_far);
        const real loss = ((least_iou < iou) ? loss_near : loss_far);
        const real iou_counts = step_(iou - least_iou, real(0));
        const real px_log_in = iou_counts*meets_x*ratio_(px_share, iw, real(0));
        const real px_log_out = iou_counts*px_side;
        const real tx_log_in = iou_counts*meets_x*ratio_(tx_share, iw, real(0));
        const real tx_log_out = iou_counts*tx_side;
        const real py_log_in = iou_counts*meets_y*ratio_(py_share, ih, real(0));
        const real py_log_out = iou_counts*py_side;
        const real ty_log_in = iou_counts*meets_y*ratio_(ty_share, ih, real(0));
        const real ty_log_out = iou_counts*ty_side;
        const real px1_bar = (px_log_in*x1_inside - px_log_out*x1_beyond)*loss_bar;
        const real py1_bar = (py_log_in*y1_inside - py_log_out*y1_beyond)*loss_bar;
        const real px2_bar = (px_log_out*x2_beyond - px_log_in*x2_inside)*loss_bar;
        const real py2_bar = (py_log_out*y2_beyond - py_log_in*y2_inside)*loss_bar;
        const real tx1_bar = (tx_log_in*x1_beyond - tx_log_out*x1_inside)*loss_bar;
        const real ty1_bar = (ty_log_in*y1_beyond - ty_log_out*y1_inside)*loss_bar;
        const real tx2_bar = (tx_log_out*x2_inside - tx_log_in*x2_beyond)*loss_bar;
        const real ty2_bar = (ty_log_out*y2_inside - ty_log_in*y2_beyond)*loss_bar;
        loss_out.store(i, loss);
        pred_bar_out.store(i, px1_bar, py1_bar, px2_bar, py2_bar);
        target_bar_out.store(i, tx1_bar, ty1_bar, tx2_bar, ty2_bar);
    });
}

KERNEL iou_log_hvp(
    size items, ARRAY(pred) pred_in, ARRAY(target) target_in, ARRAY(loss_bar) loss_bar_in,
    ARRAY(pred_dot) pred_dot_in, ARRAY(target_dot) target_dot_in, ARRAY(pred_bar_dot)
    pred_bar_dot_out, ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real px1, py1, px2, py2;
        pred_in.load(i, px1, py1, px2, py2);
        real tx1, ty1, tx2, ty2;
        target_in.load(i, tx1, ty1, tx2, ty2);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real px1_dot, py1_dot, px2_dot, py2_dot;
        pred_dot_in.load(i, px1_dot, py1_dot, px2_dot, py2_dot);
        real tx1_dot, ty1_dot, tx2_dot, ty2_dot;
        target_dot_in.load(i, tx1_dot, ty1_dot, tx2_dot, ty2_dot);
        const real dx1 = px1 - tx1;  // pred minus target
        const real dy1 = py1 - ty1;  // pred minus target
        const real dx2 = px2 - tx2;  // pred minus target
        const real dy2 = py2 - ty2;  // pred minus target
        const real pw = px2 - px1;  // width of pred
        const real ph = py2 - py1;  // height of pred
        const real tw = tx2 - tx1;  // width of target
        const real th = ty2 - ty1;  // height of target
        const real ox = min_(px2, tx2) - max_(px1, tx1);  // signed overlap in x
        const real oy = min_(py2, ty2) - max_(py1, ty1);  // signed overlap in y
        const real iw = above_(ox, real(0));
        const real ih = above_(oy, real(0));
        const real inter = ih*iw;  // intersection
        const real x1_inside = step_(dx1, real(0.5));  // px1 inside target: 1
        const real x1_beyond = real(1) - x1_inside;
        const real y1_inside = step_(dy1, real(0.5));  // py1 inside target: 1
        const real y1_beyond = real(1) - y1_inside;
        const real x2_inside = step_(-dx2, real(0.5));  // px2 inside target: 1
        const real x2_beyond = real(1) - x2_inside;
        const real y2_inside = step_(-dy2, real(0.5));  // py2 inside target: 1
        const real y2_beyond = real(1) - y2_inside;
        const real meets_x = step_(ox, real(0));
        const real meets_y = step_(oy, real(0));
        const real ph_under = -ph + least_height;
        const real ph_below = ph_under - two_diff_error(py2, py1);  // the floor minus the height, exactly signed
        const real ph_follows = ((least_height == real(0)) ? real(1) : step_(-ph_below, real(0.5)));  // 0 where the height is floored
        const real ph_lift = ((least_height == real(0)) ? real(0) : above_(ph_below, real(0)));  // what the floor adds to the height
        const real ph_kept = ((least_height == real(0)) ? ph : above_(ph, least_height));  // height, floored
        const real ph_kept_error = ((least_height == real(0)) ? two_diff_error(py2, py1) : ph_follows*two_diff_error(py2, py1));  // what rounding it lost
        const real th_under = -th + least_height;
        const real th_below = th_under - two_diff_error(ty2, ty1);  // the floor minus the height, exactly signed
        const real th_follows = ((least_height == real(0)) ? real(1) : step_(-th_below, real(0.5)));  // 0 where the height is floored
        const real th_lift = ((least_height == real(0)) ? real(0) : above_(th_below, real(0)));  // what the floor adds to the height
        const real th_kept = ((least_height == real(0)) ? th : above_(th, least_height));  // height, floored
        const real th_kept_error = ((least_height == real(0)) ? two_diff_error(ty2, ty1) : th_follows*two_diff_error(ty2, ty1));  // what rounding it lost
        const real x1_above = above_(dx1, real(0));  // max(dx1, 0)
        const real x1_below = x1_above - dx1;  // max(-dx1, 0)
        const real y1_above = above_(dy1, real(0));  // max(dy1, 0)
        const real y1_below = y1_above - dy1;  // max(-dy1, 0)
        const real x2_above = above_(dx2, real(0));  // max(dx2, 0)
        const real x2_below = x2_above - dx2;  // max(-dx2, 0)
        const real y2_above = above_(dy2, real(0));  // max(dy2, 0)
        const real y2_below = y2_above - dy2;  // max(-dy2, 0)
        const real pw_out = min_(x1_below + x2_above, pw);  // pw - iw
        const real ph_out = min_(y1_below + y2_above, ph);  // ph - ih
        const real tw_out = min_(x1_above + x2_below, tw);  // tw - iw
        const real th_out = min_(y1_above + y2_below, th);  // th - ih
        const real ph_lifted = ((least_height == real(0)) ? ph_out : ph_lift + ph_out);  // part of the floored height outside
        const real p_rest = ((eps_height == real(0)) ? ph_lifted : ph_lifted + eps_height);
        const real p_stay = ((least_height == real(0)) ? p_rest : (real(1) - ph_follows)*ih + p_rest);
        const real th_lifted = ((least_height == real(0)) ? th_out : th_lift + th_out);  // part of the floored height outside
        const real t_rest = ((eps_height == real(0)) ? th_lifted : th_lifted + eps_height);
        const real t_stay = ((least_height == real(0)) ? t_rest : (real(1) - th_follows)*ih + t_rest);
        const real ph_area = ((eps_height == real(0)) ? ph_kept : ph_kept + eps_height);
        const real th_area = ((eps_height == real(0)) ? th_kept : th_kept + eps_height);
        const real p_only = iw*p_rest + ph_area*pw_out;  // area of pred outside the intersection
        const real t_only = iw*t_rest + th_area*tw_out;  // area of target outside the intersection
        const real outside = p_only + t_only;  // symmetric difference
        const real parea = ph_area*pw;  // area of pred
        const real tarea = th_area*tw;  // area of target
        const real union_area = inter + outside;  // union
        const real pw_slip = two_diff_error(px2, px1);
        const real ph_slip = ((eps_height == real(0)) ? ph_kept_error : two_sum_error(ph_kept, eps_height) + ph_kept_error);
        const real parea_error = ph_area*pw_slip + ph_slip*pw + two_prod_error(pw, ph_area);
        const real tw_slip = two_diff_error(tx2, tx1);
        const real th_slip = ((eps_height == real(0)) ? th_kept_error : two_sum_error(th_kept, eps_height) + th_kept_error);
        const real tarea_error = th_area*tw_slip + th_slip*tw + two_prod_error(tw, th_area);
        const real ox_error = meets_x*two_diff_error(min_(px2, tx2), max_(px1, tx1));
        const real oy_error = meets_y*two_diff_error(min_(py2, ty2), max_(py1, ty1));
        const real inter_error = ih*ox_error + iw*oy_error + two_prod_error(iw, ih);
        const real area_sum = parea + tarea;
        const real union_high = area_sum - inter;
        const real union_gap = union_high - union_area;
        const real union_low = two_diff_error(area_sum, inter) + two_sum_error(parea, tarea) + parea_error + tarea_error - inter_error;
        const real union_error = union_gap + union_low;
        const real union_kept = ((least_area < real(0)) ? union_area : above_(union_area, least_area));  // union, floored
        const real union_under = -union_area + least_area;
        const real union_lift = above_(union_under - union_error, real(0));  // what the floor adds to the union
        const real union_follows = ((least_area < real(0)) ? real(1) : step_(union_area - least_area, real(0.5)));
        const real union_slack = ((least_area < real(0)) ? eps_union : union_lift + eps_union);
        const real union_den = ((eps_union == real(0)) ? union_kept : union_kept + eps_union);
        const real union_fine = union_error*union_follows + union_den;
        const real union_empty = ((union_fine == real(0)) ? real(1) : real(0));
        const real union_safe = union_empty + union_fine;
        const real iou = inter/union_safe;
        const real px_rest = ph_area*pw_out + tarea + union_slack;
        const real px_share = ((least_area < real(0)) ? px_rest : (real(1) - union_follows)*union_safe + px_rest*union_follows)/union_safe;
        const real py_rest = p_stay*pw + tarea + union_slack;
        const real py_share = ((least_area < real(0)) ? py_rest : (real(1) - union_follows)*union_safe + py_rest*union_follows)/union_safe;
        const real tx_rest = th_area*tw_out + parea + union_slack;
        const real tx_share = ((least_area < real(0)) ? tx_rest : (real(1) - union_follows)*union_safe + tx_rest*union_follows)/union_safe;
        const real ty_rest = t_stay*tw + parea + union_slack;
        const real ty_share = ((least_area < real(0)) ? ty_rest : (real(1) - union_follows)*union_safe + ty_rest*union_follows)/union_safe;
        const real iou_counts = step_(iou - least_iou, real(0));
        const real pw_dot = px2_dot - px1_dot;
        const real ph_dot = py2_dot - py1_dot;
        const real tw_dot = tx2_dot - tx1_dot;
        const real th_dot = ty2_dot - ty1_dot;
        const real ox_dot = px2_dot*x2_inside + tx2_dot*x2_beyond - px1_dot*x1_inside - tx1_dot*x1_beyond;
        const real oy_dot = py2_dot*y2_inside + ty2_dot*y2_beyond - py1_dot*y1_inside - ty1_dot*y1_beyond;
        const real iw_dot = meets_x*ox_dot;
        const real ih_dot = meets_y*oy_dot;
        const real inter_dot = ih*iw_dot + ih_dot*iw;
        const real ph_kept_dot = ph_dot*ph_follows;
        const real th_kept_dot = th_dot*th_follows;
        const real pw_out_dot = (meets_x*x1_inside - real(1))*px1_dot + (real(1) - meets_x*x2_inside)*px2_dot + meets_x*tx1_dot*x1_beyond - meets_x*tx2_dot*x2_beyond;
        const real tw_out_dot = (meets_x*x1_beyond - real(1))*tx1_dot + (real(1) - meets_x*x2_beyond)*tx2_dot + meets_x*px1_dot*x1_inside - meets_x*px2_dot*x2_inside;
        const real ph_lifted_dot = (meets_y*y1_inside - ph_follows)*py1_dot + (ph_follows - meets_y*y2_inside)*py2_dot + meets_y*ty1_dot*y1_beyond - meets_y*ty2_dot*y2_beyond;
        const real p_stay_dot = (meets_y*y1_inside - real(1))*ph_follows*py1_dot + (real(1) - meets_y*y2_inside)*ph_follows*py2_dot + meets_y*ph_follows*ty1_dot*y1_beyond - meets_y*ph_follows*ty2_dot*y2_beyond;
        const real th_lifted_dot = (meets_y*y1_beyond - th_follows)*ty1_dot + (th_follows - meets_y*y2_beyond)*ty2_dot + meets_y*py1_dot*y1_inside - meets_y*py2_dot*y2_inside;
        const real t_stay_dot = (meets_y*y1_beyond - real(1))*th_follows*ty1_dot + (real(1) - meets_y*y2_beyond)*th_follows*ty2_dot + meets_y*py1_dot*th_follows*y1_inside - meets_y*py2_dot*th_follows*y2_inside;
        const real p_only_dot = iw*ph_lifted_dot + iw_dot*p_rest + ph_area*pw_out_dot + ph_kept_dot*pw_out;
        const real t_only_dot = iw*th_lifted_dot + iw_dot*t_rest + th_area*tw_out_dot + th_kept_dot*tw_out;
        const real outside_dot = p_only_dot + t_only_dot;
        const real parea_dot = ph_area*pw_dot + ph_kept_dot*pw;
        const real tarea_dot = th_area*tw_dot + th_kept_dot*tw;
        const real union_area_dot = inter_dot + outside_dot;
        const real union_kept_dot = union_area_dot*union_follows;
        const real union_slack_dot = union_area_dot*((least_area < real(0)) ? real(0) : union_follows - real(1));
        const real px_rest_dot = ph_area*pw_out_dot + ph_kept_dot*pw_out + tarea_dot + union_slack_dot;
        const real px_share_dot = ((least_area < real(0)) ? real(0) : real(1) - union_follows)*(union_kept_dot/union_safe) + ((least_area < real(0)) ? real(1) : union_follows)*(px_rest_dot/union_safe) - px_share*(union_kept_dot/union_safe);
        const real px_side_dot = union_follows*(ph_kept_dot/union_safe) - union_follows*(ph_area/union_safe)*(union_kept_dot/union_safe);
        const real py_rest_dot = p_stay*pw_dot + p_stay_dot*pw + tarea_dot + union_slack_dot;
        const real py_share_dot = ((least_area < real(0)) ? real(0) : real(1) - union_follows)*(union_kept_dot/union_safe) + ((least_area < real(0)) ? real(1) : union_follows)*(py_rest_dot/union_safe) - py_share*(union_kept_dot/union_safe);
        const real py_side_dot = ph_follows*union_follows*(pw_dot/union_safe) - union_follows*(ph_follows*pw/union_safe)*(union_kept_dot/union_safe);
        const real tx_rest_dot = th_area*tw_out_dot + th_kept_dot*tw_out + parea_dot + union_slack_dot;
        const real tx_share_dot = ((least_area < real(0)) ? real(0) : real(1) - union_follows)*(union_kept_dot/union_safe) + ((least_area < real(0)) ? real(1) : union_follows)*(tx_rest_dot/union_safe) - tx_share*(union_kept_dot/union_safe);
        const real tx_side_dot = union_follows*(th_kept_dot/union_safe) - union_follows*(th_area/union_safe)*(union_kept_dot/union_safe);
        const real ty_rest_dot = t_stay*tw_dot + t_stay_dot*tw + parea_dot + union_slack_dot;
        const real ty_share_dot = ((least_area < real(0)) ? real(0) : real(1) - union_follows)*(union_kept_dot/union_safe) + ((least_area < real(0)) ? real(1) : union_follows)*(ty_rest_dot/union_safe) - ty_share*(union_kept_dot/union_safe);
        const real ty_side_dot = th_follows*union_follows*(tw_dot/union_safe) - union_follows*(th_follows*tw/union_safe)*(union_kept_dot/union_safe);
        const real px_log_in_dot = iou_counts*meets_x*ratio_(px_share_dot, iw, real(0)) - iou_counts*meets_x*ratio_(iw_dot, iw, real(0))*ratio_(px_share, iw, real(0));
        const real px_log_out_dot = iou_counts*px_side_dot;
        const real tx_log_in_dot = iou_counts*meets_x*ratio_(tx_share_dot, iw, real(0)) - iou_counts*meets_x*ratio_(iw_dot, iw, real(0))*ratio_(tx_share, iw, real(0));
        const real tx_log_out_dot = iou_counts*tx_side_dot;
        const real py_log_in_dot = iou_counts*meets_y*ratio_(py_share_dot, ih, real(0)) - iou_counts*meets_y*ratio_(ih_dot, ih, real(0))*ratio_(py_share, ih, real(0));
        const real py_log_out_dot = iou_counts*py_side_dot;
        const real ty_log_in_dot = iou_counts*meets_y*ratio_(ty_share_dot, ih, real(0)) - iou_counts*meets_y*ratio_(ih_dot, ih, real(0))*ratio_(ty_share, ih, real(0));
        const real ty_log_out_dot = iou_counts*ty_side_dot;
        const real px1_bar_dot = loss_bar*px_log_in_dot*x1_inside - loss_bar*px_log_out_dot*x1_beyond;
        const real py1_bar_dot = loss_bar*py_log_in_dot*y1_inside - loss_bar*py_log_out_dot*y1_beyond;
        const real px2_bar_dot = loss_bar*px_log_out_dot*x2_beyond - loss_bar*px_log_in_dot*x2_inside;
        const real py2_bar_dot = loss_bar*py_log_out_dot*y2_beyond - loss_bar*py_log_in_dot*y2_inside;
        const real tx1_bar_dot = loss_bar*tx_log_in_dot*x1_beyond - loss_bar*tx_log_out_dot*x1_inside;
        const real ty1_bar_dot = loss_bar*ty_log_in_dot*y1_beyond - loss_bar*ty_log_out_dot*y1_inside;
        const real tx2_bar_dot = loss_bar*tx_log_out_dot*x2_inside - loss_bar*tx_log_in_dot*x2_beyond;
        const real ty2_bar_dot = loss_bar*ty_log_out_dot*y2_inside - loss_bar*ty_log_in_dot*y2_beyond;
        pred_bar_dot_out.store(i, px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot);
        target_bar_dot_out.store(i, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot);
    });
}
