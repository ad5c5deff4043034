// Triplet loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = f(d_ap - d_an + margin),  f(x) = max(x, 0), or log(1 + exp(x))
//     d_ap = |anchor - positive + eps|^2, or |anchor - positive + eps|, by the 2-norm or the 1-norm
//     d_an likewise of anchor - negative, or the smaller one of that and d_pn, of positive - negative
//
// Subgradients
//     0 by a distance where two vectors coincide, and where the margin is just kept; half of
//     either where the negative is as far from the positive as from the anchor, if they may be
//     swapped.
//
// Constants
//     margin: by how much the negative is to be farther away (default 0.2)
//     margin_lo: what margin lacks (default 0.0)
//     eps_difference: added to every difference (default 0.0)
//     eps_difference_lo: what eps_difference lacks (default 0.0)
//     swap: 1: the negative's distance from the positive is taken where smaller (default 0.0)
//     soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)
//
// Source
//     Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
//     Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa,
//     Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016.

KERNEL triplet_manhattan_value(
    size B, size D, ARRAY(anchor) anchor_in, ARRAY(positive) positive_in, ARRAY(negative)
    negative_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        Largest ap_top_fold;
        Largest an_top_fold;
        Largest pn_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            ap_top_fold.offer(lane, abs_(ap_delta));
            an_top_fold.offer(lane, abs_(an_delta));
            if (swap != real(0)) pn_top_fold.offer(lane, abs_(pn_delta));
        });
        const real ap_top = ap_top_fold.result();  // largest difference
        const real an_top = an_top_fold.result();  // largest difference
        const real pn_top = pn_top_fold.result();  // largest difference
        const real ap_tame = (((ap_top > real(0)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        const real an_tame = (((an_top > real(0)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        const real pn_tame = (((pn_top > real(0)) && (pn_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        Sum ap_coarse_fold;
        Sum ap_fine_fold;
        Sum an_coarse_fold;
        Sum an_fine_fold;
        Sum pn_coarse_fold;
        Sum pn_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            const real ap_side = real(2)*step_(ap_delta, real(0.5)) - real(1);  // 0 where both agree
            const real ap_lost = ap_side*two_sum_error(ap_near, ap_slip);  // that delta lacks
            const real ap_extent = abs_(ap_delta);
            const real ap_spill = ((ap_tame > real(0)) ? two_sum_error(real(2)*real(D)*ap_top, ap_extent) : real(0));
            const real ap_grain = ap_extent - ap_spill;  // a multiple of one number
            const real an_side = real(2)*step_(an_delta, real(0.5)) - real(1);  // 0 where both agree
            const real an_lost = an_side*two_sum_error(an_near, an_slip);  // that delta lacks
            const real an_extent = abs_(an_delta);
            const real an_spill = ((an_tame > real(0)) ? two_sum_error(real(2)*real(D)*an_top, an_extent) : real(0));
            const real an_grain = an_extent - an_spill;  // a multiple of one number
            const real pn_side = real(2)*step_(pn_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_lost = pn_side*two_sum_error(pn_near, pn_slip);  // that delta lacks
            const real pn_extent = abs_(pn_delta);
            const real pn_spill = ((pn_tame > real(0)) ? two_sum_error(real(2)*real(D)*pn_top, pn_extent) : real(0));
            const real pn_grain = pn_extent - pn_spill;  // a multiple of one number
            ap_coarse_fold.add(lane, ap_grain);
            ap_fine_fold.add(lane, ap_lost + ap_spill);
            an_coarse_fold.add(lane, an_grain);
            an_fine_fold.add(lane, an_lost + an_spill);
            if (swap != real(0)) pn_coarse_fold.add(lane, pn_grain);
            if (swap != real(0)) pn_fine_fold.add(lane, pn_lost + pn_spill);
        });
        const real ap_coarse = ap_coarse_fold.result();  // exact in any order
        const real ap_fine = ap_fine_fold.result();  // of the sizes, what is left
        const real an_coarse = an_coarse_fold.result();  // exact in any order
        const real an_fine = an_fine_fold.result();  // of the sizes, what is left
        const real pn_coarse = pn_coarse_fold.result();  // exact in any order
        const real pn_fine = pn_fine_fold.result();  // of the sizes, what is left
        const real ap_length = ap_coarse + ap_fine;
        const real ap_length_lo = ((ap_tame > real(0)) ? two_sum_error(ap_coarse, ap_fine) : real(0));
        const real an_length = an_coarse + an_fine;
        const real an_length_lo = ((an_tame > real(0)) ? two_sum_error(an_coarse, an_fine) : real(0));
        const real pn_length = pn_coarse + pn_fine;
        const real pn_length_lo = ((pn_tame > real(0)) ? two_sum_error(pn_coarse, pn_fine) : real(0));
        const real sooner_hi = pn_length - an_length;
        const real sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo;
        const real sooner = sooner_hi + sooner_lo;  // above 0: as given
        const real own = ((swap == real(0)) ? real(1) : step_(sooner, real(0.5)));  // share of the anchor's distance
        const real far_length = ((swap == real(0)) ? an_length : ((own > real(0)) ? an_length : pn_length));
        const real far_length_lo = ((swap == real(0)) ? an_length_lo : ((own > real(0)) ? an_length_lo : pn_length_lo));
        const real excess_ahead = ap_length - far_length;
        const real excess_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo;
        const real excess_hi = excess_ahead + margin;
        const real excess_lo = two_sum_error(excess_ahead, margin) + excess_rest + margin_lo;  // rounding errors
        const real excess = excess_hi + excess_lo;  // above 0: the margin is missed
        const real excess_lost = two_sum_error(excess_hi, excess_lo);
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real rough_pull = ((excess >= real(0)) ? most : left*most);
        const real smooth = excess_lost*rough_pull + above_(excess, real(0)) + log1p_(left);  // log(1 + exp(excess))
        const real hinge = above_(excess, real(0));  // 0 where the margin is kept
        const real loss = ((soft == real(0)) ? hinge : smooth);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL triplet_manhattan_grad(
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
        Largest pn_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            ap_top_fold.offer(lane, abs_(ap_delta));
            an_top_fold.offer(lane, abs_(an_delta));
            if (swap != real(0)) pn_top_fold.offer(lane, abs_(pn_delta));
        });
        const real ap_top = ap_top_fold.result();  // largest difference
        const real an_top = an_top_fold.result();  // largest difference
        const real pn_top = pn_top_fold.result();  // largest difference
        const real ap_tame = (((ap_top > real(0)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        const real an_tame = (((an_top > real(0)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        const real pn_tame = (((pn_top > real(0)) && (pn_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        Sum ap_coarse_fold;
        Sum ap_fine_fold;
        Sum an_coarse_fold;
        Sum an_fine_fold;
        Sum pn_coarse_fold;
        Sum pn_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            const real ap_side = real(2)*step_(ap_delta, real(0.5)) - real(1);  // 0 where both agree
            const real ap_lost = ap_side*two_sum_error(ap_near, ap_slip);  // that delta lacks
            const real ap_extent = abs_(ap_delta);
            const real ap_spill = ((ap_tame > real(0)) ? two_sum_error(real(2)*real(D)*ap_top, ap_extent) : real(0));
            const real ap_grain = ap_extent - ap_spill;  // a multiple of one number
            const real an_side = real(2)*step_(an_delta, real(0.5)) - real(1);  // 0 where both agree
            const real an_lost = an_side*two_sum_error(an_near, an_slip);  // that delta lacks
            const real an_extent = abs_(an_delta);
            const real an_spill = ((an_tame > real(0)) ? two_sum_error(real(2)*real(D)*an_top, an_extent) : real(0));
            const real an_grain = an_extent - an_spill;  // a multiple of one number
            const real pn_side = real(2)*step_(pn_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_lost = pn_side*two_sum_error(pn_near, pn_slip);  // that delta lacks
            const real pn_extent = abs_(pn_delta);
            const real pn_spill = ((pn_tame > real(0)) ? two_sum_error(real(2)*real(D)*pn_top, pn_extent) : real(0));
            const real pn_grain = pn_extent - pn_spill;  // a multiple of one number
            ap_coarse_fold.add(lane, ap_grain);
            ap_fine_fold.add(lane, ap_lost + ap_spill);
            an_coarse_fold.add(lane, an_grain);
            an_fine_fold.add(lane, an_lost + an_spill);
            if (swap != real(0)) pn_coarse_fold.add(lane, pn_grain);
            if (swap != real(0)) pn_fine_fold.add(lane, pn_lost + pn_spill);
        });
        const real ap_coarse = ap_coarse_fold.result();  // exact in any order
        const real ap_fine = ap_fine_fold.result();  // of the sizes, what is left
        const real an_coarse = an_coarse_fold.result();  // exact in any order
        const real an_fine = an_fine_fold.result();  // of the sizes, what is left
        const real pn_coarse = pn_coarse_fold.result();  // exact in any order
        const real pn_fine = pn_fine_fold.result();  // of the sizes, what is left
        const real ap_length = ap_coarse + ap_fine;
        const real ap_length_lo = ((ap_tame > real(0)) ? two_sum_error(ap_coarse, ap_fine) : real(0));
        const real an_length = an_coarse + an_fine;
        const real an_length_lo = ((an_tame > real(0)) ? two_sum_error(an_coarse, an_fine) : real(0));
        const real pn_length = pn_coarse + pn_fine;
        const real pn_length_lo = ((pn_tame > real(0)) ? two_sum_error(pn_coarse, pn_fine) : real(0));
        const real sooner_hi = pn_length - an_length;
        const real sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo;
        const real sooner = sooner_hi + sooner_lo;  // above 0: as given
        const real own = ((swap == real(0)) ? real(1) : step_(sooner, real(0.5)));  // share of the anchor's distance
        const real far_length = ((swap == real(0)) ? an_length : ((own > real(0)) ? an_length : pn_length));
        const real far_length_lo = ((swap == real(0)) ? an_length_lo : ((own > real(0)) ? an_length_lo : pn_length_lo));
        const real excess_ahead = ap_length - far_length;
        const real excess_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo;
        const real excess_hi = excess_ahead + margin;
        const real excess_lo = two_sum_error(excess_ahead, margin) + excess_rest + margin_lo;  // rounding errors
        const real excess = excess_hi + excess_lo;  // above 0: the margin is missed
        const real excess_lost = two_sum_error(excess_hi, excess_lo);
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real rough_pull = ((excess >= real(0)) ? most : left*most);
        const real rough_back = ((excess >= real(0)) ? left*most : most);
        const real smooth = excess_lost*rough_pull + above_(excess, real(0)) + log1p_(left);  // log(1 + exp(excess))
        const real bend = rough_back*rough_pull;
        const real pull = bend*excess_lost + rough_pull;  // its slope
        const real hinge = above_(excess, real(0));  // 0 where the margin is kept
        const real loss = ((soft == real(0)) ? hinge : smooth);
        const real excess_bar = hinge_bar*step_(excess, real(0)) + pull*smooth_bar;
        const real far_distance_bar = -excess_bar;
        const real pn_distance_bar = (real(1) - own)*far_distance_bar;
        const real an_distance_bar = far_distance_bar*own;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            const real ap_side = real(2)*step_(ap_delta, real(0.5)) - real(1);  // 0 where both agree
            const real an_side = real(2)*step_(an_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_side = real(2)*step_(pn_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_delta_bar = pn_distance_bar*pn_side;
            const real an_delta_bar = an_distance_bar*an_side;
            const real ap_delta_bar = excess_bar*ap_side;
            const real anchor_bar = an_delta_bar + ap_delta_bar;
            const real positive_bar = pn_delta_bar - ap_delta_bar;
            const real negative_bar = -an_delta_bar - pn_delta_bar;
            anchor_bar_out.store(b, d, anchor_bar);
            positive_bar_out.store(b, d, positive_bar);
            negative_bar_out.store(b, d, negative_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL triplet_manhattan_hvp(
    size B, size D, ARRAY(anchor) anchor_in, ARRAY(positive) positive_in, ARRAY(negative)
    negative_in, ARRAY(loss_bar) loss_bar_in, ARRAY(anchor_dot) anchor_dot_in,
    ARRAY(positive_dot) positive_dot_in, ARRAY(negative_dot) negative_dot_in,
    ARRAY(anchor_bar_dot) anchor_bar_dot_out, ARRAY(positive_bar_dot) positive_bar_dot_out,
    ARRAY(negative_bar_dot) negative_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real smooth_bar = ((soft == real(0)) ? real(0) : loss_bar);
        Largest ap_top_fold;
        Largest an_top_fold;
        Largest pn_top_fold;
        Sum ap_distance_dot0_fold;
        Sum an_distance_dot0_fold;
        Sum pn_distance_dot0_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            const real ap_side = real(2)*step_(ap_delta, real(0.5)) - real(1);  // 0 where both agree
            const real an_side = real(2)*step_(an_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_side = real(2)*step_(pn_delta, real(0.5)) - real(1);  // 0 where both agree
            const real ap_ahead_dot = anchor_dot_in(b, d) - positive_dot_in(b, d);
            const real ap_delta_dot = ap_ahead_dot;
            const real an_ahead_dot = anchor_dot_in(b, d) - negative_dot_in(b, d);
            const real an_delta_dot = an_ahead_dot;
            const real pn_ahead_dot = positive_dot_in(b, d) - negative_dot_in(b, d);
            const real pn_delta_dot = pn_ahead_dot;
            const real ap_extent_dot = ap_delta_dot*ap_side;
            const real an_extent_dot = an_delta_dot*an_side;
            const real pn_extent_dot = pn_delta_dot*pn_side;
            ap_top_fold.offer(lane, abs_(ap_delta));
            an_top_fold.offer(lane, abs_(an_delta));
            if (swap != real(0)) pn_top_fold.offer(lane, abs_(pn_delta));
            ap_distance_dot0_fold.add(lane, ap_extent_dot);
            an_distance_dot0_fold.add(lane, an_extent_dot);
            pn_distance_dot0_fold.add(lane, pn_extent_dot);
        });
        const real ap_top = ap_top_fold.result();  // largest difference
        const real an_top = an_top_fold.result();  // largest difference
        const real pn_top = pn_top_fold.result();  // largest difference
        const real ap_distance_dot0 = ap_distance_dot0_fold.result();
        const real an_distance_dot0 = an_distance_dot0_fold.result();
        const real pn_distance_dot0 = pn_distance_dot0_fold.result();
        const real ap_tame = (((ap_top > real(0)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        const real an_tame = (((an_top > real(0)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        const real pn_tame = (((pn_top > real(0)) && (pn_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: sums are exact
        Sum ap_coarse_fold;
        Sum ap_fine_fold;
        Sum an_coarse_fold;
        Sum an_fine_fold;
        Sum pn_coarse_fold;
        Sum pn_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            const real ap_side = real(2)*step_(ap_delta, real(0.5)) - real(1);  // 0 where both agree
            const real ap_lost = ap_side*two_sum_error(ap_near, ap_slip);  // that delta lacks
            const real ap_extent = abs_(ap_delta);
            const real ap_spill = ((ap_tame > real(0)) ? two_sum_error(real(2)*real(D)*ap_top, ap_extent) : real(0));
            const real ap_grain = ap_extent - ap_spill;  // a multiple of one number
            const real an_side = real(2)*step_(an_delta, real(0.5)) - real(1);  // 0 where both agree
            const real an_lost = an_side*two_sum_error(an_near, an_slip);  // that delta lacks
            const real an_extent = abs_(an_delta);
            const real an_spill = ((an_tame > real(0)) ? two_sum_error(real(2)*real(D)*an_top, an_extent) : real(0));
            const real an_grain = an_extent - an_spill;  // a multiple of one number
            const real pn_side = real(2)*step_(pn_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_lost = pn_side*two_sum_error(pn_near, pn_slip);  // that delta lacks
            const real pn_extent = abs_(pn_delta);
            const real pn_spill = ((pn_tame > real(0)) ? two_sum_error(real(2)*real(D)*pn_top, pn_extent) : real(0));
            const real pn_grain = pn_extent - pn_spill;  // a multiple of one number
            ap_coarse_fold.add(lane, ap_grain);
            ap_fine_fold.add(lane, ap_lost + ap_spill);
            an_coarse_fold.add(lane, an_grain);
            an_fine_fold.add(lane, an_lost + an_spill);
            if (swap != real(0)) pn_coarse_fold.add(lane, pn_grain);
            if (swap != real(0)) pn_fine_fold.add(lane, pn_lost + pn_spill);
        });
        const real ap_coarse = ap_coarse_fold.result();  // exact in any order
        const real ap_fine = ap_fine_fold.result();  // of the sizes, what is left
        const real an_coarse = an_coarse_fold.result();  // exact in any order
        const real an_fine = an_fine_fold.result();  // of the sizes, what is left
        const real pn_coarse = pn_coarse_fold.result();  // exact in any order
        const real pn_fine = pn_fine_fold.result();  // of the sizes, what is left
        const real ap_length = ap_coarse + ap_fine;
        const real ap_length_lo = ((ap_tame > real(0)) ? two_sum_error(ap_coarse, ap_fine) : real(0));
        const real an_length = an_coarse + an_fine;
        const real an_length_lo = ((an_tame > real(0)) ? two_sum_error(an_coarse, an_fine) : real(0));
        const real pn_length = pn_coarse + pn_fine;
        const real pn_length_lo = ((pn_tame > real(0)) ? two_sum_error(pn_coarse, pn_fine) : real(0));
        const real sooner_hi = pn_length - an_length;
        const real sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo;
        const real sooner = sooner_hi + sooner_lo;  // above 0: as given
        const real own = ((swap == real(0)) ? real(1) : step_(sooner, real(0.5)));  // share of the anchor's distance
        const real far_length = ((swap == real(0)) ? an_length : ((own > real(0)) ? an_length : pn_length));
        const real far_length_lo = ((swap == real(0)) ? an_length_lo : ((own > real(0)) ? an_length_lo : pn_length_lo));
        const real excess_ahead = ap_length - far_length;
        const real excess_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo;
        const real excess_hi = excess_ahead + margin;
        const real excess_lo = two_sum_error(excess_ahead, margin) + excess_rest + margin_lo;  // rounding errors
        const real excess = excess_hi + excess_lo;  // above 0: the margin is missed
        const real excess_lost = two_sum_error(excess_hi, excess_lo);
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real rough_pull = ((excess >= real(0)) ? most : left*most);
        const real rough_back = ((excess >= real(0)) ? left*most : most);
        const real bend = rough_back*rough_pull;
        const real pull = bend*excess_lost + rough_pull;  // its slope
        const real back = rough_back - bend*excess_lost;  // 1 less that
        const real far_distance_dot = (real(1) - own)*pn_distance_dot0 + an_distance_dot0*own;
        const real excess_dot = ap_distance_dot0 - far_distance_dot;
        const real pull_dot = back*excess_dot*pull;
        const real excess_bar_dot = pull_dot*smooth_bar;
        const real far_distance_bar_dot = -excess_bar_dot;
        const real pn_distance_bar_dot = (real(1) - own)*far_distance_bar_dot;
        const real an_distance_bar_dot = far_distance_bar_dot*own;
        over_classes(D, [&](int d, int lane) {
            const real ap_ahead = anchor_in(b, d) - positive_in(b, d);
            const real ap_near = ap_ahead + eps_difference;
            const real ap_slip = two_diff_error(anchor_in(b, d), positive_in(b, d)) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real ap_delta = ap_near + ap_slip;  // differences
            const real an_ahead = anchor_in(b, d) - negative_in(b, d);
            const real an_near = an_ahead + eps_difference;
            const real an_slip = two_diff_error(anchor_in(b, d), negative_in(b, d)) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real an_delta = an_near + an_slip;  // differences
            const real pn_ahead = positive_in(b, d) - negative_in(b, d);
            const real pn_near = pn_ahead + eps_difference;
            const real pn_slip = two_diff_error(positive_in(b, d), negative_in(b, d)) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real pn_delta = pn_near + pn_slip;  // differences
            const real ap_side = real(2)*step_(ap_delta, real(0.5)) - real(1);  // 0 where both agree
            const real an_side = real(2)*step_(an_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_side = real(2)*step_(pn_delta, real(0.5)) - real(1);  // 0 where both agree
            const real pn_delta_bar_dot = pn_distance_bar_dot*pn_side;
            const real an_delta_bar_dot = an_distance_bar_dot*an_side;
            const real ap_delta_bar_dot = excess_bar_dot*ap_side;
            const real anchor_bar_dot = an_delta_bar_dot + ap_delta_bar_dot;
            const real positive_bar_dot = pn_delta_bar_dot - ap_delta_bar_dot;
            const real negative_bar_dot = -an_delta_bar_dot - pn_delta_bar_dot;
            anchor_bar_dot_out.store(b, d, anchor_bar_dot);
            positive_bar_dot_out.store(b, d, positive_bar_dot);
            negative_bar_dot_out.store(b, d, negative_bar_dot);
        });
    });
}
