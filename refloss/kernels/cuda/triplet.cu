// Triplet loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = f(d_ap - d_an + margin),  d_ap = |anchor - positive + eps|^k,  d_an = |anchor - negative + eps|^k
//     f(x) = max(x, 0), or log(1 + exp(x));  k = 2, or 1
//
// Subgradients
//     0 by a distance where two vectors coincide, and where the margin is just kept.
//
// Constants
//     margin: by how much the negative is to be farther away (default 0.2)
//     margin_lo: what margin lacks (default 0.0)
//     squared: 1: distances are squared (default 1.0)
//     soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)
//     eps_difference: added to every difference (default 0.0)
//     eps_difference_lo: what eps_difference lacks (default 0.0)
//
// Source
//     Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
//     Leibe: In defense of the triplet loss, arXiv 1703.07737.

KERNEL triplet_value(
    size B, size D, ARRAY(anchor) anchor_in, ARRAY(positive) positive_in, ARRAY(negative)
    negative_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        Largest ap_top_fold;
        Largest an_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            ap_top_fold.offer(lane, abs_(ap_delta));
            an_top_fold.offer(lane, abs_(an_delta));
        });
        const real ap_top = ap_top_fold.result();  // largest difference
        const real an_top = an_top_fold.result();  // largest difference
        const real ap_tame = (((ap_top > real(8.673617379884035e-19)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real ap_inverse = ((ap_tame > real(0)) ? ratio_(real(1), ap_top, real(0)) : real(0));  // of few digits
        const real an_tame = (((an_top > real(8.673617379884035e-19)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real an_inverse = ((an_tame > real(0)) ? ratio_(real(1), an_top, real(0)) : real(0));  // of few digits
        Sum ap_coarse_fold;
        Sum ap_fine_fold;
        Sum an_coarse_fold;
        Sum an_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_product = ap_part*ap_top;
            const real ap_behind = ap_delta - ap_product;
            const real ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top);
            const real ap_rest = weighted_(ap_inverse, ap_left);  // what the part lacks
            const real ap_power = ap_part*ap_part;
            const real ap_spill = two_sum_error(real(2)*real(D), ap_power);
            const real ap_grain = ap_power - ap_spill;  // a multiple of one number
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_product = an_part*an_top;
            const real an_behind = an_delta - an_product;
            const real an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top);
            const real an_rest = weighted_(an_inverse, an_left);  // what the part lacks
            const real an_power = an_part*an_part;
            const real an_spill = two_sum_error(real(2)*real(D), an_power);
            const real an_grain = an_power - an_spill;  // a multiple of one number
            ap_coarse_fold.add(lane, ap_grain);
            ap_fine_fold.add(lane, real(2)*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill);
            an_coarse_fold.add(lane, an_grain);
            an_fine_fold.add(lane, real(2)*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill);
        });
        const real ap_coarse = ap_coarse_fold.result();  // exact in any order
        const real ap_fine = ap_fine_fold.result();  // of the squares, what is left
        const real an_coarse = an_coarse_fold.result();  // exact in any order
        const real an_fine = an_fine_fold.result();  // of the squares, what is left
        const real ap_squares = ap_coarse + ap_fine;
        const real ap_squares_lo = two_sum_error(ap_coarse, ap_fine);
        const real ap_root = sqrt_(ap_squares);
        const real ap_again = ap_root*ap_root;
        const real ap_short_by = ap_coarse - ap_again;
        const real ap_steep = ratio_(real(1), ap_root, real(0));  // 0 where both coincide
        const real ap_root_lo = real(0.5)*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep;  // what the root lacks
        const real ap_length = ap_root*ap_top;
        const real ap_length_lo = ((ap_tame > real(0)) ? ap_root_lo*ap_top + two_prod_error(ap_top, ap_root) : real(0));  // what the length lacks
        const real ap_wide = ap_squares*ap_top;
        const real ap_big = ap_wide*ap_top;  // squared distance, rounded
        const real ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares);
        const real ap_big_lo = ((ap_tame > real(0)) ? ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide) : real(0));  // what it lacks
        const real an_squares = an_coarse + an_fine;
        const real an_squares_lo = two_sum_error(an_coarse, an_fine);
        const real an_root = sqrt_(an_squares);
        const real an_again = an_root*an_root;
        const real an_short_by = an_coarse - an_again;
        const real an_steep = ratio_(real(1), an_root, real(0));  // 0 where both coincide
        const real an_root_lo = real(0.5)*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep;  // what the root lacks
        const real an_length = an_root*an_top;
        const real an_length_lo = ((an_tame > real(0)) ? an_root_lo*an_top + two_prod_error(an_top, an_root) : real(0));  // what the length lacks
        const real an_wide = an_squares*an_top;
        const real an_big = an_wide*an_top;  // squared distance, rounded
        const real an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares);
        const real an_big_lo = ((an_tame > real(0)) ? an_wide_lo*an_top + two_prod_error(an_top, an_wide) : real(0));  // what it lacks
        const real lead_ahead = ap_length - an_length;
        const real lead_hi = lead_ahead + margin;
        const real lead_rest = ap_length_lo - an_length_lo;
        const real lead_lo = two_diff_error(ap_length, an_length) + two_sum_error(lead_ahead, margin) + lead_rest + margin_lo;  // rounding errors
        const real lead = lead_hi + lead_lo;  // above 0: missed
        const real square_lead_ahead = ap_big - an_big;
        const real square_lead_hi = square_lead_ahead + margin;
        const real square_lead_rest = ap_big_lo - an_big_lo;
        const real square_lead_lo = two_diff_error(ap_big, an_big) + two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo;  // rounding errors
        const real square_lead = square_lead_hi + square_lead_lo;  // above 0: missed
        const real excess = ((squared == real(0)) ? lead : square_lead);  // above 0: the margin is missed
        const real left = exp_(-abs_(excess));
        const real smooth = above_(excess, real(0)) + log1p_(left);  // log(1 + exp(excess))
        const real hinge = above_(excess, real(0));  // 0 where the margin is kept
        const real loss = ((soft == real(0)) ? hinge : smooth);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL triplet_grad(
    size B, size D, ARRAY(anchor) anchor_in, ARRAY(positive) positive_in, ARRAY(negative)
    negative_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(anchor_bar)
    anchor_bar_out, ARRAY(positive_bar) positive_bar_out, ARRAY(negative_bar) negative_bar_out,
    CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real hinge_bar = ((soft == real(0)) ? loss_bar : real(0));
        const real smooth_bar = ((soft == real(0)) ? real(0) : loss_bar);
        Largest ap_top_fold;
        Largest an_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            ap_top_fold.offer(lane, abs_(ap_delta));
            an_top_fold.offer(lane, abs_(an_delta));
        });
        const real ap_top = ap_top_fold.result();  // largest difference
        const real an_top = an_top_fold.result();  // largest difference
        const real ap_tame = (((ap_top > real(8.673617379884035e-19)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real ap_inverse = ((ap_tame > real(0)) ? ratio_(real(1), ap_top, real(0)) : real(0));  // of few digits
        const real an_tame = (((an_top > real(8.673617379884035e-19)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real an_inverse = ((an_tame > real(0)) ? ratio_(real(1), an_top, real(0)) : real(0));  // of few digits
        Sum ap_coarse_fold;
        Sum ap_fine_fold;
        Sum an_coarse_fold;
        Sum an_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_product = ap_part*ap_top;
            const real ap_behind = ap_delta - ap_product;
            const real ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top);
            const real ap_rest = weighted_(ap_inverse, ap_left);  // what the part lacks
            const real ap_power = ap_part*ap_part;
            const real ap_spill = two_sum_error(real(2)*real(D), ap_power);
            const real ap_grain = ap_power - ap_spill;  // a multiple of one number
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_product = an_part*an_top;
            const real an_behind = an_delta - an_product;
            const real an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top);
            const real an_rest = weighted_(an_inverse, an_left);  // what the part lacks
            const real an_power = an_part*an_part;
            const real an_spill = two_sum_error(real(2)*real(D), an_power);
            const real an_grain = an_power - an_spill;  // a multiple of one number
            ap_coarse_fold.add(lane, ap_grain);
            ap_fine_fold.add(lane, real(2)*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill);
            an_coarse_fold.add(lane, an_grain);
            an_fine_fold.add(lane, real(2)*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill);
        });
        const real ap_coarse = ap_coarse_fold.result();  // exact in any order
        const real ap_fine = ap_fine_fold.result();  // of the squares, what is left
        const real an_coarse = an_coarse_fold.result();  // exact in any order
        const real an_fine = an_fine_fold.result();  // of the squares, what is left
        const real ap_squares = ap_coarse + ap_fine;
        const real ap_squares_lo = two_sum_error(ap_coarse, ap_fine);
        const real ap_root = sqrt_(ap_squares);
        const real ap_again = ap_root*ap_root;
        const real ap_short_by = ap_coarse - ap_again;
        const real ap_steep = ratio_(real(1), ap_root, real(0));  // 0 where both coincide
        const real ap_root_lo = real(0.5)*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep;  // what the root lacks
        const real ap_length = ap_root*ap_top;
        const real ap_length_lo = ((ap_tame > real(0)) ? ap_root_lo*ap_top + two_prod_error(ap_top, ap_root) : real(0));  // what the length lacks
        const real ap_wide = ap_squares*ap_top;
        const real ap_big = ap_wide*ap_top;  // squared distance, rounded
        const real ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares);
        const real ap_big_lo = ((ap_tame > real(0)) ? ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide) : real(0));  // what it lacks
        const real an_squares = an_coarse + an_fine;
        const real an_squares_lo = two_sum_error(an_coarse, an_fine);
        const real an_root = sqrt_(an_squares);
        const real an_again = an_root*an_root;
        const real an_short_by = an_coarse - an_again;
        const real an_steep = ratio_(real(1), an_root, real(0));  // 0 where both coincide
        const real an_root_lo = real(0.5)*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep;  // what the root lacks
        const real an_length = an_root*an_top;
        const real an_length_lo = ((an_tame > real(0)) ? an_root_lo*an_top + two_prod_error(an_top, an_root) : real(0));  // what the length lacks
        const real an_wide = an_squares*an_top;
        const real an_big = an_wide*an_top;  // squared distance, rounded
        const real an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares);
        const real an_big_lo = ((an_tame > real(0)) ? an_wide_lo*an_top + two_prod_error(an_top, an_wide) : real(0));  // what it lacks
        const real lead_ahead = ap_length - an_length;
        const real lead_hi = lead_ahead + margin;
        const real lead_rest = ap_length_lo - an_length_lo;
        const real lead_lo = two_diff_error(ap_length, an_length) + two_sum_error(lead_ahead, margin) + lead_rest + margin_lo;  // rounding errors
        const real lead = lead_hi + lead_lo;  // above 0: missed
        const real square_lead_ahead = ap_big - an_big;
        const real square_lead_hi = square_lead_ahead + margin;
        const real square_lead_rest = ap_big_lo - an_big_lo;
        const real square_lead_lo = two_diff_error(ap_big, an_big) + two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo;  // rounding errors
        const real square_lead = square_lead_hi + square_lead_lo;  // above 0: missed
        const real excess = ((squared == real(0)) ? lead : square_lead);  // above 0: the margin is missed
        const real left = exp_(-abs_(excess));
        const real smooth = above_(excess, real(0)) + log1p_(left);  // log(1 + exp(excess))
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real pull = ((excess >= real(0)) ? most : left*most);  // its slope
        const real hinge = above_(excess, real(0));  // 0 where the margin is kept
        const real loss = ((soft == real(0)) ? hinge : smooth);
        const real excess_bar = hinge_bar*step_(excess, real(0)) + pull*smooth_bar;
        const real square_lead_bar = ((squared == real(0)) ? real(0) : excess_bar);
        const real lead_bar = ((squared == real(0)) ? excess_bar : real(0));
        const real an_square_bar = -square_lead_bar;
        const real an_distance_bar = -lead_bar;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_unit = ap_steep*ap_part;  // 0 where both coincide
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_unit = an_steep*an_part;  // 0 where both coincide
            const real an_delta_bar = real(2)*an_square_bar*an_delta + an_distance_bar*an_unit;
            const real ap_delta_bar = real(2)*square_lead_bar*ap_delta + lead_bar*ap_unit;
            const real anchor_bar = an_delta_bar + ap_delta_bar;
            const real positive_bar = -ap_delta_bar;
            const real negative_bar = -an_delta_bar;
            anchor_bar_out.store(b, d, anchor_bar);
            positive_bar_out.store(b, d, positive_bar);
            negative_bar_out.store(b, d, negative_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL triplet_hvp(
    size B, size D, ARRAY(anchor) anchor_in, ARRAY(positive) positive_in, ARRAY(negative)
    negative_in, ARRAY(loss_bar) loss_bar_in, ARRAY(anchor_dot) anchor_dot_in,
    ARRAY(positive_dot) positive_dot_in, ARRAY(negative_dot) negative_dot_in,
    ARRAY(anchor_bar_dot) anchor_bar_dot_out, ARRAY(positive_bar_dot) positive_bar_dot_out,
    ARRAY(negative_bar_dot) negative_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real hinge_bar = ((soft == real(0)) ? loss_bar : real(0));
        const real smooth_bar = ((soft == real(0)) ? real(0) : loss_bar);
        Largest ap_top_fold;
        Largest an_top_fold;
        Sum ap_square_dot0_fold;
        Sum an_square_dot0_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real ap_ahead_dot = anchor_dot_in(b, d) - positive_dot_in(b, d);
            const real ap_delta_dot = ap_ahead_dot;
            const real an_ahead_dot = anchor_dot_in(b, d) - negative_dot_in(b, d);
            const real an_delta_dot = an_ahead_dot;
            ap_top_fold.offer(lane, abs_(ap_delta));
            an_top_fold.offer(lane, abs_(an_delta));
            if (squared != real(0)) ap_square_dot0_fold.add(lane, real(2)*ap_delta*ap_delta_dot);
            if (squared != real(0)) an_square_dot0_fold.add(lane, real(2)*an_delta*an_delta_dot);
        });
        const real ap_top = ap_top_fold.result();  // largest difference
        const real an_top = an_top_fold.result();  // largest difference
        const real ap_square_dot0 = ap_square_dot0_fold.result();
        const real an_square_dot0 = an_square_dot0_fold.result();
        const real ap_tame = (((ap_top > real(8.673617379884035e-19)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real ap_inverse = ((ap_tame > real(0)) ? ratio_(real(1), ap_top, real(0)) : real(0));  // of few digits
        const real an_tame = (((an_top > real(8.673617379884035e-19)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real an_inverse = ((an_tame > real(0)) ? ratio_(real(1), an_top, real(0)) : real(0));  // of few digits
        const real square_lead_dot = ap_square_dot0 - an_square_dot0;
        Sum ap_coarse_fold;
        Sum ap_fine_fold;
        Sum an_coarse_fold;
        Sum an_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_product = ap_part*ap_top;
            const real ap_behind = ap_delta - ap_product;
            const real ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top);
            const real ap_rest = weighted_(ap_inverse, ap_left);  // what the part lacks
            const real ap_power = ap_part*ap_part;
            const real ap_spill = two_sum_error(real(2)*real(D), ap_power);
            const real ap_grain = ap_power - ap_spill;  // a multiple of one number
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_product = an_part*an_top;
            const real an_behind = an_delta - an_product;
            const real an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top);
            const real an_rest = weighted_(an_inverse, an_left);  // what the part lacks
            const real an_power = an_part*an_part;
            const real an_spill = two_sum_error(real(2)*real(D), an_power);
            const real an_grain = an_power - an_spill;  // a multiple of one number
            ap_coarse_fold.add(lane, ap_grain);
            ap_fine_fold.add(lane, real(2)*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill);
            an_coarse_fold.add(lane, an_grain);
            an_fine_fold.add(lane, real(2)*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill);
        });
        const real ap_coarse = ap_coarse_fold.result();  // exact in any order
        const real ap_fine = ap_fine_fold.result();  // of the squares, what is left
        const real an_coarse = an_coarse_fold.result();  // exact in any order
        const real an_fine = an_fine_fold.result();  // of the squares, what is left
        const real ap_squares = ap_coarse + ap_fine;
        const real ap_squares_lo = two_sum_error(ap_coarse, ap_fine);
        const real ap_root = sqrt_(ap_squares);
        const real ap_again = ap_root*ap_root;
        const real ap_short_by = ap_coarse - ap_again;
        const real ap_steep = ratio_(real(1), ap_root, real(0));  // 0 where both coincide
        const real ap_root_lo = real(0.5)*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep;  // what the root lacks
        const real ap_length = ap_root*ap_top;
        const real ap_length_lo = ((ap_tame > real(0)) ? ap_root_lo*ap_top + two_prod_error(ap_top, ap_root) : real(0));  // what the length lacks
        const real ap_distance = ap_length + ap_length_lo;
        const real ap_wide = ap_squares*ap_top;
        const real ap_big = ap_wide*ap_top;  // squared distance, rounded
        const real ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares);
        const real ap_big_lo = ((ap_tame > real(0)) ? ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide) : real(0));  // what it lacks
        const real an_squares = an_coarse + an_fine;
        const real an_squares_lo = two_sum_error(an_coarse, an_fine);
        const real an_root = sqrt_(an_squares);
        const real an_again = an_root*an_root;
        const real an_short_by = an_coarse - an_again;
        const real an_steep = ratio_(real(1), an_root, real(0));  // 0 where both coincide
        const real an_root_lo = real(0.5)*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep;  // what the root lacks
        const real an_length = an_root*an_top;
        const real an_length_lo = ((an_tame > real(0)) ? an_root_lo*an_top + two_prod_error(an_top, an_root) : real(0));  // what the length lacks
        const real an_distance = an_length + an_length_lo;
        const real an_wide = an_squares*an_top;
        const real an_big = an_wide*an_top;  // squared distance, rounded
        const real an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares);
        const real an_big_lo = ((an_tame > real(0)) ? an_wide_lo*an_top + two_prod_error(an_top, an_wide) : real(0));  // what it lacks
        const real lead_ahead = ap_length - an_length;
        const real lead_hi = lead_ahead + margin;
        const real lead_rest = ap_length_lo - an_length_lo;
        const real lead_lo = two_diff_error(ap_length, an_length) + two_sum_error(lead_ahead, margin) + lead_rest + margin_lo;  // rounding errors
        const real lead = lead_hi + lead_lo;  // above 0: missed
        const real square_lead_ahead = ap_big - an_big;
        const real square_lead_hi = square_lead_ahead + margin;
        const real square_lead_rest = ap_big_lo - an_big_lo;
        const real square_lead_lo = two_diff_error(ap_big, an_big) + two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo;  // rounding errors
        const real square_lead = square_lead_hi + square_lead_lo;  // above 0: missed
        const real excess = ((squared == real(0)) ? lead : square_lead);  // above 0: the margin is missed
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real pull = ((excess >= real(0)) ? most : left*most);  // its slope
        const real back = ((excess >= real(0)) ? left*most : most);  // 1 less that
        const real excess_bar = hinge_bar*step_(excess, real(0)) + pull*smooth_bar;
        const real square_lead_bar = ((squared == real(0)) ? real(0) : excess_bar);
        const real lead_bar = ((squared == real(0)) ? excess_bar : real(0));
        const real an_square_bar = -square_lead_bar;
        const real an_distance_bar = -lead_bar;
        Sum ap_distance_dot0_fold;
        Sum an_distance_dot0_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_unit = ap_steep*ap_part;  // 0 where both coincide
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_unit = an_steep*an_part;  // 0 where both coincide
            const real ap_ahead_dot = anchor_dot_in(b, d) - positive_dot_in(b, d);
            const real ap_delta_dot = ap_ahead_dot;
            const real an_ahead_dot = anchor_dot_in(b, d) - negative_dot_in(b, d);
            const real an_delta_dot = an_ahead_dot;
            ap_distance_dot0_fold.add(lane, ap_delta_dot*ap_unit);
            an_distance_dot0_fold.add(lane, an_delta_dot*an_unit);
        });
        const real ap_distance_dot0 = ap_distance_dot0_fold.result();
        const real an_distance_dot0 = an_distance_dot0_fold.result();
        const real lead_dot = ap_distance_dot0 - an_distance_dot0;
        const real excess_dot = square_lead_dot*((squared == real(0)) ? real(0) : real(1)) + lead_dot*((squared == real(0)) ? real(1) : real(0));
        const real pull_dot = back*excess_dot*pull;
        const real excess_bar_dot = pull_dot*smooth_bar;
        const real square_lead_bar_dot = excess_bar_dot*((squared == real(0)) ? real(0) : real(1));
        const real lead_bar_dot = excess_bar_dot*((squared == real(0)) ? real(1) : real(0));
        const real an_square_bar_dot = -square_lead_bar_dot;
        const real an_distance_bar_dot = -lead_bar_dot;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_unit = ap_steep*ap_part;  // 0 where both coincide
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_unit = an_steep*an_part;  // 0 where both coincide
            const real ap_ahead_dot = anchor_dot_in(b, d) - positive_dot_in(b, d);
            const real ap_delta_dot = ap_ahead_dot;
            const real ap_unit_dot = ratio_(ap_delta_dot, ap_distance, real(0)) - ap_unit*ratio_(ap_distance_dot0, ap_distance, real(0));
            const real an_ahead_dot = anchor_dot_in(b, d) - negative_dot_in(b, d);
            const real an_delta_dot = an_ahead_dot;
            const real an_unit_dot = ratio_(an_delta_dot, an_distance, real(0)) - an_unit*ratio_(an_distance_dot0, an_distance, real(0));
            const real an_delta_bar_dot = real(2)*an_square_bar_dot*an_delta + real(2)*an_square_bar*an_delta_dot + an_distance_bar*an_unit_dot + an_distance_bar_dot*an_unit;
            const real ap_delta_bar_dot = real(2)*square_lead_bar_dot*ap_delta + real(2)*square_lead_bar*ap_delta_dot + lead_bar_dot*ap_unit + lead_bar*ap_unit_dot;
            const real anchor_bar_dot = an_delta_bar_dot + ap_delta_bar_dot;
            const real positive_bar_dot = -ap_delta_bar_dot;
            const real negative_bar_dot = -an_delta_bar_dot;
            anchor_bar_dot_out.store(b, d, anchor_bar_dot);
            positive_bar_dot_out.store(b, d, positive_bar_dot);
            negative_bar_dot_out.store(b, d, negative_bar_dot);
        });
    });
}
