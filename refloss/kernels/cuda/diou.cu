// DIoU loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     DIoU = IoU - rho^2/c^2 with rho the distance of the centres, c the diagonal of the hull;
//     loss = 1 - DIoU
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
//     eps_diagonal: added to the squared diagonal (default 0.0)
//     eps_rho: added to the squared distance of the centres (default 0.0)
//     least_height: floor of both heights in areas and aspect angles (default 0.0)
//
// Source
//     Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287.

KERNEL diou_value(
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
        const real ph_under = -ph + least_height;
        const real ph_below = ph_under - two_diff_error(py2, py1);  // the floor minus the height, exactly signed
        const real ph_lift = ((least_height == real(0)) ? real(0) : above_(ph_below, real(0)));  // what the floor adds to the height
        const real ph_kept = ((least_height == real(0)) ? ph : above_(ph, least_height));  // height, floored
        const real th_under = -th + least_height;
        const real th_below = th_under - two_diff_error(ty2, ty1);  // the floor minus the height, exactly signed
        const real th_lift = ((least_height == real(0)) ? real(0) : above_(th_below, real(0)));  // what the floor adds to the height
        const real th_kept = ((least_height == real(0)) ? th : above_(th, least_height));  // height, floored
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
        const real union_area = inter + outside;  // union
        const real union_den = ((eps_union == real(0)) ? union_area : union_area + eps_union);
        const real union_empty = ((union_den == real(0)) ? real(1) : real(0));
        const real union_safe = union_den + union_empty;
        const real gap = (((eps_union == real(0)) ? outside : outside + eps_union) + union_empty)/union_safe;  // 1 - IoU, from terms >= 0
        const real cw = max_(px2, tx2) - min_(px1, tx1);  // width of the hull
        const real ch = max_(py2, ty2) - min_(py1, ty1);  // height of the hull
        const real cw_error = two_diff_error(max_(px2, tx2), min_(px1, tx1));  // what rounding loses of it
        const real ch_error = two_diff_error(max_(py2, ty2), min_(py1, ty1));  // what rounding loses of it
        const real dx1_error = two_diff_error(px1, tx1);
        const real dx2_error = two_diff_error(px2, tx2);
        const real sx_high = dx1 + dx2;
        const real sx_low = two_sum_error(dx1, dx2) + dx1_error + dx2_error;
        const real sx = sx_high + sx_low;  // twice the distance of the centres in x
        const real dy1_error = two_diff_error(py1, ty1);
        const real dy2_error = two_diff_error(py2, ty2);
        const real sy_high = dy1 + dy2;
        const real sy_low = two_sum_error(dy1, dy2) + dy1_error + dy2_error;
        const real sy = sy_high + sy_low;  // twice the distance of the centres in y
        const real s_squares = sx*sx + sy*sy;
        const real rho = ((eps_rho == real(0)) ? real(0.25)*s_squares : real(0.25)*s_squares + eps_rho);  // squared distance of the centres
        const real cw_square = cw*cw;
        const real ch_square = ch*ch;
        const real c_errors = ch*ch_error + cw*cw_error;
        const real diagonal_low = two_prod_error(ch, ch) + two_prod_error(cw, cw) + two_sum_error(cw_square, ch_square) + real(2)*c_errors;
        const real diagonal_high = ch_square + cw_square;
        const real diagonal = diagonal_high + diagonal_low;  // squared diagonal of the hull
        const real diagonal_den = ((eps_diagonal == real(0)) ? diagonal : diagonal + eps_diagonal);
        const real distance = ratio_(rho, diagonal_den, real(0));
        const real loss = distance + gap;
        loss_out.store(i, loss);
    });
}

KERNEL diou_grad(
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
        const real ph_under = -ph + least_height;
        const real ph_below = ph_under - two_diff_error(py2, py1);  // the floor minus the height, exactly signed
        const real ph_follows = ((least_height == real(0)) ? real(1) : step_(-ph_below, real(0.5)));  // 0 where the height is floored
        const real ph_lift = ((least_height == real(0)) ? real(0) : above_(ph_below, real(0)));  // what the floor adds to the height
        const real ph_kept = ((least_height == real(0)) ? ph : above_(ph, least_height));  // height, floored
        const real th_under = -th + least_height;
        const real th_below = th_under - two_diff_error(ty2, ty1);  // the floor minus the height, exactly signed
        const real th_follows = ((least_height == real(0)) ? real(1) : step_(-th_below, real(0.5)));  // 0 where the height is floored
        const real th_lift = ((least_height == real(0)) ? real(0) : above_(th_below, real(0)));  // what the floor adds to the height
        const real th_kept = ((least_height == real(0)) ? th : above_(th, least_height));  // height, floored
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
        const real union_den = ((eps_union == real(0)) ? union_area : union_area + eps_union);
        const real union_empty = ((union_den == real(0)) ? real(1) : real(0));
        const real union_safe = union_den + union_empty;
        const real gap = (((eps_union == real(0)) ? outside : outside + eps_union) + union_empty)/union_safe;  // 1 - IoU, from terms >= 0
        const real iou = inter/union_safe;
        const real ih_met = ((ox > real(0)) ? ih : real(0));  // ih where ox > 0
        const real iw_met = ((oy > real(0)) ? iw : real(0));  // iw where oy > 0
        const real px_rest = ((eps_union == real(0)) ? ph_area*pw_out + tarea : ph_area*pw_out + tarea + eps_union);
        const real px_share = px_rest/union_safe;
        const real px_in = ih_met*(px_share/union_safe);
        const real px_side = ph_area/union_safe;
        const real px_out = iou*px_side;
        const real py_rest = ((eps_union == real(0)) ? p_stay*pw + tarea : p_stay*pw + tarea + eps_union);
        const real py_share = py_rest/union_safe;
        const real py_in = iw_met*(py_share/union_safe);
        const real py_side = ph_follows*pw/union_safe;
        const real py_out = iou*py_side;
        const real tx_rest = ((eps_union == real(0)) ? th_area*tw_out + parea : th_area*tw_out + parea + eps_union);
        const real tx_share = tx_rest/union_safe;
        const real tx_in = ih_met*(tx_share/union_safe);
        const real tx_side = th_area/union_safe;
        const real tx_out = iou*tx_side;
        const real ty_rest = ((eps_union == real(0)) ? t_stay*tw + parea : t_stay*tw + parea + eps_union);
        const real ty_share = ty_rest/union_safe;
        const real ty_in = iw_met*(ty_share/union_safe);
        const real ty_side = th_follows*tw/union_safe;
        const real ty_out = iou*ty_side;
        const real cw = max_(px2, tx2) - min_(px1, tx1);  // width of the hull
        const real ch = max_(py2, ty2) - min_(py1, ty1);  // height of the hull
        const real cw_error = two_diff_error(max_(px2, tx2), min_(px1, tx1));  // what rounding loses of it
        const real ch_error = two_diff_error(max_(py2, ty2), min_(py1, ty1));  // what rounding loses of it
        const real dx1_error = two_diff_error(px1, tx1);
        const real dx2_error = two_diff_error(px2, tx2);
        const real sx_high = dx1 + dx2;
        const real sx_low = two_sum_error(dx1, dx2) + dx1_error + dx2_error;
        const real sx = sx_high + sx_low;  // twice the distance of the centres in x
        const real dy1_error = two_diff_error(py1, ty1);
        const real dy2_error = two_diff_error(py2, ty2);
        const real sy_high = dy1 + dy2;
        const real sy_low = two_sum_error(dy1, dy2) + dy1_error + dy2_error;
        const real sy = sy_high + sy_low;  // twice the distance of the centres in y
        const real s_squares = sx*sx + sy*sy;
        const real rho = ((eps_rho == real(0)) ? real(0.25)*s_squares : real(0.25)*s_squares + eps_rho);  // squared distance of the centres
        const real cw_square = cw*cw;
        const real ch_square = ch*ch;
        const real c_errors = ch*ch_error + cw*cw_error;
        const real diagonal_low = two_prod_error(ch, ch) + two_prod_error(cw, cw) + two_sum_error(cw_square, ch_square) + real(2)*c_errors;
        const real diagonal_high = ch_square + cw_square;
        const real diagonal = diagonal_high + diagonal_low;  // squared diagonal of the hull
        const real diagonal_den = ((eps_diagonal == real(0)) ? diagonal : diagonal + eps_diagonal);
        const real distance = ratio_(rho, diagonal_den, real(0));
        const real loss = distance + gap;
        const real diagonal_den_bar = -(distance*ratio_(loss_bar, diagonal_den, real(0)));
        const real rho_bar = ratio_(loss_bar, diagonal_den, real(0));
        const real s_squares_bar = real(0.25)*rho_bar;
        const real sy_bar = real(2)*s_squares_bar*sy;
        const real sx_bar = real(2)*s_squares_bar*sx;
        const real ch_bar = real(2)*ch*diagonal_den_bar;
        const real cw_bar = real(2)*cw*diagonal_den_bar;
        const real px1_bar = (px_in*x1_inside - px_out*x1_beyond)*loss_bar + sx_bar - cw_bar*x1_beyond;
        const real py1_bar = (py_in*y1_inside - py_out*y1_beyond)*loss_bar + sy_bar - ch_bar*y1_beyond;
        const real px2_bar = (px_out*x2_beyond - px_in*x2_inside)*loss_bar + cw_bar*x2_beyond + sx_bar;
        const real py2_bar = (py_out*y2_beyond - py_in*y2_inside)*loss_bar + ch_bar*y2_beyond + sy_bar;
        const real tx1_bar = (tx_in*x1_beyond - tx_out*x1_inside)*loss_bar - cw_bar*x1_inside - sx_bar;
        const real ty1_bar = (ty_in*y1_beyond - ty_out*y1_inside)*loss_bar - ch_bar*y1_inside - sy_bar;
        const real tx2_bar = (tx_out*x2_inside - tx_in*x2_beyond)*loss_bar + cw_bar*x2_inside - sx_bar;
        const real ty2_bar = (ty_out*y2_inside - ty_in*y2_beyond)*loss_bar + ch_bar*y2_inside - sy_bar;
        loss_out.store(i, loss);
        pred_bar_out.store(i, px1_bar, py1_bar, px2_bar, py2_bar);
        target_bar_out.store(i, tx1_bar, ty1_bar, tx2_bar, ty2_bar);
    });
}

KERNEL diou_hvp(
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
        const real th_under = -th + least_height;
        const real th_below = th_under - two_diff_error(ty2, ty1);  // the floor minus the height, exactly signed
        const real th_follows = ((least_height == real(0)) ? real(1) : step_(-th_below, real(0.5)));  // 0 where the height is floored
        const real th_lift = ((least_height == real(0)) ? real(0) : above_(th_below, real(0)));  // what the floor adds to the height
        const real th_kept = ((least_height == real(0)) ? th : above_(th, least_height));  // height, floored
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
        const real union_den = ((eps_union == real(0)) ? union_area : union_area + eps_union);
        const real union_empty = ((union_den == real(0)) ? real(1) : real(0));
        const real union_safe = union_den + union_empty;
        const real iou = inter/union_safe;
        const real ih_met = ((ox > real(0)) ? ih : real(0));  // ih where ox > 0
        const real iw_met = ((oy > real(0)) ? iw : real(0));  // iw where oy > 0
        const real px_rest = ((eps_union == real(0)) ? ph_area*pw_out + tarea : ph_area*pw_out + tarea + eps_union);
        const real px_share = px_rest/union_safe;
        const real px_in = ih_met*(px_share/union_safe);
        const real px_side = ph_area/union_safe;
        const real px_out = iou*px_side;
        const real py_rest = ((eps_union == real(0)) ? p_stay*pw + tarea : p_stay*pw + tarea + eps_union);
        const real py_share = py_rest/union_safe;
        const real py_in = iw_met*(py_share/union_safe);
        const real py_side = ph_follows*pw/union_safe;
        const real py_out = iou*py_side;
        const real tx_rest = ((eps_union == real(0)) ? th_area*tw_out + parea : th_area*tw_out + parea + eps_union);
        const real tx_share = tx_rest/union_safe;
        const real tx_in = ih_met*(tx_share/union_safe);
        const real tx_side = th_area/union_safe;
        const real tx_out = iou*tx_side;
        const real ty_rest = ((eps_union == real(0)) ? t_stay*tw + parea : t_stay*tw + parea + eps_union);
        const real ty_share = ty_rest/union_safe;
        const real ty_in = iw_met*(ty_share/union_safe);
        const real ty_side = th_follows*tw/union_safe;
        const real ty_out = iou*ty_side;
        const real cw = max_(px2, tx2) - min_(px1, tx1);  // width of the hull
        const real ch = max_(py2, ty2) - min_(py1, ty1);  // height of the hull
        const real cw_error = two_diff_error(max_(px2, tx2), min_(px1, tx1));  // what rounding loses of it
        const real ch_error = two_diff_error(max_(py2, ty2), min_(py1, ty1));  // what rounding loses of it
        const real dx1_error = two_diff_error(px1, tx1);
        const real dx2_error = two_diff_error(px2, tx2);
        const real sx_high = dx1 + dx2;
        const real sx_low = two_sum_error(dx1, dx2) + dx1_error + dx2_error;
        const real sx = sx_high + sx_low;  // twice the distance of the centres in x
        const real dy1_error = two_diff_error(py1, ty1);
        const real dy2_error = two_diff_error(py2, ty2);
        const real sy_high = dy1 + dy2;
        const real sy_low = two_sum_error(dy1, dy2) + dy1_error + dy2_error;
        const real sy = sy_high + sy_low;  // twice the distance of the centres in y
        const real s_squares = sx*sx + sy*sy;
        const real rho = ((eps_rho == real(0)) ? real(0.25)*s_squares : real(0.25)*s_squares + eps_rho);  // squared distance of the centres
        const real cw_square = cw*cw;
        const real ch_square = ch*ch;
        const real c_errors = ch*ch_error + cw*cw_error;
        const real diagonal_low = two_prod_error(ch, ch) + two_prod_error(cw, cw) + two_sum_error(cw_square, ch_square) + real(2)*c_errors;
        const real diagonal_high = ch_square + cw_square;
        const real diagonal = diagonal_high + diagonal_low;  // squared diagonal of the hull
        const real diagonal_den = ((eps_diagonal == real(0)) ? diagonal : diagonal + eps_diagonal);
        const real distance = ratio_(rho, diagonal_den, real(0));
        const real diagonal_den_bar = -(distance*ratio_(loss_bar, diagonal_den, real(0)));
        const real rho_bar = ratio_(loss_bar, diagonal_den, real(0));
        const real s_squares_bar = real(0.25)*rho_bar;
        const real dx1_dot = px1_dot - tx1_dot;
        const real dy1_dot = py1_dot - ty1_dot;
        const real dx2_dot = px2_dot - tx2_dot;
        const real dy2_dot = py2_dot - ty2_dot;
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
        const real gap_dot = (px_in*x1_inside - px_out*x1_beyond)*px1_dot + (px_out*x2_beyond - px_in*x2_inside)*px2_dot + (py_in*y1_inside - py_out*y1_beyond)*py1_dot + (py_out*y2_beyond - py_in*y2_inside)*py2_dot + (tx_in*x1_beyond - tx_out*x1_inside)*tx1_dot + (tx_out*x2_inside - tx_in*x2_beyond)*tx2_dot + (ty_in*y1_beyond - ty_out*y1_inside)*ty1_dot + (ty_out*y2_inside - ty_in*y2_beyond)*ty2_dot;
        const real iou_dot = -gap_dot;
        const real ih_met_dot = ih_dot*((ox > real(0)) ? real(1) : real(0));
        const real iw_met_dot = iw_dot*((oy > real(0)) ? real(1) : real(0));
        const real px_rest_dot = ph_area*pw_out_dot + ph_kept_dot*pw_out + tarea_dot;
        const real px_share_dot = px_rest_dot/union_safe - px_share*(union_area_dot/union_safe);
        const real px_in_dot = ih_met_dot*(px_share/union_safe) + ih_met*(px_share_dot/union_safe) - ih_met*(px_share/union_safe)*(union_area_dot/union_safe);
        const real px_side_dot = ph_kept_dot/union_safe - px_side*(union_area_dot/union_safe);
        const real px_out_dot = iou*px_side_dot + iou_dot*px_side;
        const real py_rest_dot = p_stay*pw_dot + p_stay_dot*pw + tarea_dot;
        const real py_share_dot = py_rest_dot/union_safe - py_share*(union_area_dot/union_safe);
        const real py_in_dot = iw_met_dot*(py_share/union_safe) + iw_met*(py_share_dot/union_safe) - iw_met*(py_share/union_safe)*(union_area_dot/union_safe);
        const real py_side_dot = ph_follows*(pw_dot/union_safe) - py_side*(union_area_dot/union_safe);
        const real py_out_dot = iou*py_side_dot + iou_dot*py_side;
        const real tx_rest_dot = th_area*tw_out_dot + th_kept_dot*tw_out + parea_dot;
        const real tx_share_dot = tx_rest_dot/union_safe - tx_share*(union_area_dot/union_safe);
        const real tx_in_dot = ih_met_dot*(tx_share/union_safe) + ih_met*(tx_share_dot/union_safe) - ih_met*(tx_share/union_safe)*(union_area_dot/union_safe);
        const real tx_side_dot = th_kept_dot/union_safe - tx_side*(union_area_dot/union_safe);
        const real tx_out_dot = iou*tx_side_dot + iou_dot*tx_side;
        const real ty_rest_dot = t_stay*tw_dot + t_stay_dot*tw + parea_dot;
        const real ty_share_dot = ty_rest_dot/union_safe - ty_share*(union_area_dot/union_safe);
        const real ty_in_dot = iw_met_dot*(ty_share/union_safe) + iw_met*(ty_share_dot/union_safe) - iw_met*(ty_share/union_safe)*(union_area_dot/union_safe);
        const real ty_side_dot = th_follows*(tw_dot/union_safe) - ty_side*(union_area_dot/union_safe);
        const real ty_out_dot = iou*ty_side_dot + iou_dot*ty_side;
        const real cw_dot = px2_dot*x2_beyond + tx2_dot*x2_inside - px1_dot*x1_beyond - tx1_dot*x1_inside;
        const real ch_dot = py2_dot*y2_beyond + ty2_dot*y2_inside - py1_dot*y1_beyond - ty1_dot*y1_inside;
        const real sx_high_dot = dx1_dot + dx2_dot;
        const real sy_high_dot = dy1_dot + dy2_dot;
        const real s_squares_dot = real(2)*sx*sx_high_dot + real(2)*sy*sy_high_dot;
        const real rho_dot = real(0.25)*s_squares_dot;
        const real cw_square_dot = real(2)*cw*cw_dot;
        const real ch_square_dot = real(2)*ch*ch_dot;
        const real diagonal_high_dot = ch_square_dot + cw_square_dot;
        const real distance_dot = ratio_(rho_dot, diagonal_den, real(0)) - distance*ratio_(diagonal_high_dot, diagonal_den, real(0));
        const real diagonal_den_bar_dot = distance*rho_bar*ratio_(diagonal_high_dot, diagonal_den, real(0)) - distance_dot*rho_bar;
        const real rho_bar_dot = -(rho_bar*ratio_(diagonal_high_dot, diagonal_den, real(0)));
        const real s_squares_bar_dot = real(0.25)*rho_bar_dot;
        const real sy_bar_dot = real(2)*s_squares_bar*sy_high_dot + real(2)*s_squares_bar_dot*sy;
        const real sx_bar_dot = real(2)*s_squares_bar*sx_high_dot + real(2)*s_squares_bar_dot*sx;
        const real ch_bar_dot = real(2)*ch*diagonal_den_bar_dot + real(2)*ch_dot*diagonal_den_bar;
        const real cw_bar_dot = real(2)*cw*diagonal_den_bar_dot + real(2)*cw_dot*diagonal_den_bar;
        const real px1_bar_dot = loss_bar*px_in_dot*x1_inside + sx_bar_dot - cw_bar_dot*x1_beyond - loss_bar*px_out_dot*x1_beyond;
        const real py1_bar_dot = loss_bar*py_in_dot*y1_inside + sy_bar_dot - ch_bar_dot*y1_beyond - loss_bar*py_out_dot*y1_beyond;
        const real px2_bar_dot = cw_bar_dot*x2_beyond + loss_bar*px_out_dot*x2_beyond + sx_bar_dot - loss_bar*px_in_dot*x2_inside;
        const real py2_bar_dot = ch_bar_dot*y2_beyond + loss_bar*py_out_dot*y2_beyond + sy_bar_dot - loss_bar*py_in_dot*y2_inside;
        const real tx1_bar_dot = loss_bar*tx_in_dot*x1_beyond - cw_bar_dot*x1_inside - loss_bar*tx_out_dot*x1_inside - sx_bar_dot;
        const real ty1_bar_dot = loss_bar*ty_in_dot*y1_beyond - ch_bar_dot*y1_inside - loss_bar*ty_out_dot*y1_inside - sy_bar_dot;
        const real tx2_bar_dot = cw_bar_dot*x2_inside + loss_bar*tx_out_dot*x2_inside - loss_bar*tx_in_dot*x2_beyond - sx_bar_dot;
        const real ty2_bar_dot = ch_bar_dot*y2_inside + loss_bar*ty_out_dot*y2_inside - loss_bar*ty_in_dot*y2_beyond - sy_bar_dot;
        pred_bar_dot_out.store(i, px1_bar_dot, py1_bar_dot, px2_bar_dot, py2_bar_dot);
        target_bar_dot_out.store(i, tx1_bar_dot, ty1_bar_dot, tx2_bar_dot, ty2_bar_dot);
    });
}
