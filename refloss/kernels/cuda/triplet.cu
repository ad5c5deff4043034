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
//     squared: 1: distances are squared (default 1.0)
//     eps_sum: added to every sum of squares (default 0.0)
//     root_eps_sum: sqrt(eps_sum), rounded (default 0.0)
//     root_eps_sum_lo: what root_eps_sum lacks (default 0.0)
//     soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)
//
// Source
//     Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
//     Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa,
//     Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016.

KERNEL triplet_value(
    size B, size D, ARRAY(anchor) anchor_in, ARRAY(positive) positive_in, ARRAY(negative)
    negative_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        Largest ap_widest_fold;
        Largest an_widest_fold;
        Largest pn_widest_fold;
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
            ap_widest_fold.offer(lane, abs_(ap_delta));
            an_widest_fold.offer(lane, abs_(an_delta));
            if (swap != real(0)) pn_widest_fold.offer(lane, abs_(pn_delta));
        });
        const real ap_widest = ap_widest_fold.result();
        const real an_widest = an_widest_fold.result();
        const real pn_widest = pn_widest_fold.result();
        const real ap_top = above_(ap_widest, root_eps_sum);  // largest difference
        const real ap_tame = (((ap_top > real(8.673617379884035e-19)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real ap_inverse = ((ap_tame > real(0)) ? ratio_(real(1), ap_top, real(0)) : real(0));  // of few digits
        const real ap_extra = ratio_(root_eps_sum, ap_top, real(0));  // as of one more coordinate
        const real ap_extra_product = ap_extra*ap_top;
        const real ap_extra_behind = -ap_extra_product + root_eps_sum;
        const real ap_extra_rest = weighted_(ap_inverse, ap_extra_behind - two_prod_error(ap_extra, ap_top) + root_eps_sum_lo);
        const real ap_extra_power = ap_extra*ap_extra;
        const real ap_extra_spill = two_sum_error(real(2)*real(D), ap_extra_power);
        const real ap_extra_grain = ap_extra_power - ap_extra_spill;
        const real ap_extra_dust = real(2)*ap_extra*ap_extra_rest + two_prod_error(ap_extra, ap_extra) + ap_extra_spill;
        const real an_top = above_(an_widest, root_eps_sum);  // largest difference
        const real an_tame = (((an_top > real(8.673617379884035e-19)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real an_inverse = ((an_tame > real(0)) ? ratio_(real(1), an_top, real(0)) : real(0));  // of few digits
        const real an_extra = ratio_(root_eps_sum, an_top, real(0));  // as of one more coordinate
        const real an_extra_product = an_extra*an_top;
        const real an_extra_behind = -an_extra_product + root_eps_sum;
        const real an_extra_rest = weighted_(an_inverse, an_extra_behind - two_prod_error(an_extra, an_top) + root_eps_sum_lo);
        const real an_extra_power = an_extra*an_extra;
        const real an_extra_spill = two_sum_error(real(2)*real(D), an_extra_power);
        const real an_extra_grain = an_extra_power - an_extra_spill;
        const real an_extra_dust = real(2)*an_extra*an_extra_rest + two_prod_error(an_extra, an_extra) + an_extra_spill;
        const real pn_top = above_(pn_widest, root_eps_sum);  // largest difference
        const real pn_tame = (((pn_top > real(8.673617379884035e-19)) && (pn_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real pn_inverse = ((pn_tame > real(0)) ? ratio_(real(1), pn_top, real(0)) : real(0));  // of few digits
        const real pn_extra = ratio_(root_eps_sum, pn_top, real(0));  // as of one more coordinate
        const real pn_extra_product = pn_extra*pn_top;
        const real pn_extra_behind = -pn_extra_product + root_eps_sum;
        const real pn_extra_rest = weighted_(pn_inverse, pn_extra_behind - two_prod_error(pn_extra, pn_top) + root_eps_sum_lo);
        const real pn_extra_power = pn_extra*pn_extra;
        const real pn_extra_spill = two_sum_error(real(2)*real(D), pn_extra_power);
        const real pn_extra_grain = pn_extra_power - pn_extra_spill;
        const real pn_extra_dust = real(2)*pn_extra*pn_extra_rest + two_prod_error(pn_extra, pn_extra) + pn_extra_spill;
        Sum ap_coarse_sum_fold;
        Sum ap_fine_sum_fold;
        Sum an_coarse_sum_fold;
        Sum an_fine_sum_fold;
        Sum pn_coarse_sum_fold;
        Sum pn_fine_sum_fold;
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
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_product = ap_part*ap_top;
            const real ap_behind = ap_delta - ap_product;
            const real ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top);
            const real ap_rest = weighted_(ap_inverse, ap_left);  // what the part lacks
            const real ap_power = ap_part*ap_part;
            const real ap_spill = two_sum_error(real(2)*real(D), ap_power);
            const real ap_grain = ap_power - ap_spill;  // a multiple of one number
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_product = an_part*an_top;
            const real an_behind = an_delta - an_product;
            const real an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top);
            const real an_rest = weighted_(an_inverse, an_left);  // what the part lacks
            const real an_power = an_part*an_part;
            const real an_spill = two_sum_error(real(2)*real(D), an_power);
            const real an_grain = an_power - an_spill;  // a multiple of one number
            const real pn_part = ratio_(pn_delta, pn_top, real(0));  // from -1 to 1
            const real pn_product = pn_part*pn_top;
            const real pn_behind = pn_delta - pn_product;
            const real pn_left = two_sum_error(pn_near, pn_slip) + pn_behind - two_prod_error(pn_part, pn_top);
            const real pn_rest = weighted_(pn_inverse, pn_left);  // what the part lacks
            const real pn_power = pn_part*pn_part;
            const real pn_spill = two_sum_error(real(2)*real(D), pn_power);
            const real pn_grain = pn_power - pn_spill;  // a multiple of one number
            ap_coarse_sum_fold.add(lane, ap_grain);
            ap_fine_sum_fold.add(lane, real(2)*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill);
            an_coarse_sum_fold.add(lane, an_grain);
            an_fine_sum_fold.add(lane, real(2)*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill);
            if (swap != real(0)) pn_coarse_sum_fold.add(lane, pn_grain);
            if (swap != real(0)) pn_fine_sum_fold.add(lane, real(2)*pn_part*pn_rest + two_prod_error(pn_part, pn_part) + pn_spill);
        });
        const real ap_coarse_sum = ap_coarse_sum_fold.result();
        const real ap_fine_sum = ap_fine_sum_fold.result();
        const real an_coarse_sum = an_coarse_sum_fold.result();
        const real an_fine_sum = an_fine_sum_fold.result();
        const real pn_coarse_sum = pn_coarse_sum_fold.result();
        const real pn_fine_sum = pn_fine_sum_fold.result();
        const real ap_coarse = ap_coarse_sum + ap_extra_grain;  // exact in any order
        const real ap_fine = ap_extra_dust + ap_fine_sum;  // of the squares, what is left
        const real ap_squares = ap_coarse + ap_fine;
        const real ap_squares_lo = two_sum_error(ap_coarse, ap_fine);
        const real ap_root = sqrt_(ap_squares);
        const real ap_again = ap_root*ap_root;
        const real ap_short_by = ap_coarse - ap_again;
        const real ap_steep = ratio_(real(1), ap_root, real(0));  // 0 where all numbers are
        const real ap_root_lo = real(0.5)*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep;  // what the root lacks
        const real ap_length = ap_root*ap_top;
        const real ap_length_lo = ((ap_tame > real(0)) ? ap_root_lo*ap_top + two_prod_error(ap_top, ap_root) : real(0));  // what the length lacks
        const real ap_wide = ap_squares*ap_top;
        const real ap_big = ap_wide*ap_top;  // squared distance, rounded
        const real ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares);
        const real ap_big_lo = ((ap_tame > real(0)) ? ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide) : real(0));  // what it lacks
        const real an_coarse = an_coarse_sum + an_extra_grain;  // exact in any order
        const real an_fine = an_extra_dust + an_fine_sum;  // of the squares, what is left
        const real an_squares = an_coarse + an_fine;
        const real an_squares_lo = two_sum_error(an_coarse, an_fine);
        const real an_root = sqrt_(an_squares);
        const real an_again = an_root*an_root;
        const real an_short_by = an_coarse - an_again;
        const real an_steep = ratio_(real(1), an_root, real(0));  // 0 where all numbers are
        const real an_root_lo = real(0.5)*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep;  // what the root lacks
        const real an_length = an_root*an_top;
        const real an_length_lo = ((an_tame > real(0)) ? an_root_lo*an_top + two_prod_error(an_top, an_root) : real(0));  // what the length lacks
        const real an_wide = an_squares*an_top;
        const real an_big = an_wide*an_top;  // squared distance, rounded
        const real an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares);
        const real an_big_lo = ((an_tame > real(0)) ? an_wide_lo*an_top + two_prod_error(an_top, an_wide) : real(0));  // what it lacks
        const real pn_coarse = pn_coarse_sum + pn_extra_grain;  // exact in any order
        const real pn_fine = pn_extra_dust + pn_fine_sum;  // of the squares, what is left
        const real pn_squares = pn_coarse + pn_fine;
        const real pn_squares_lo = two_sum_error(pn_coarse, pn_fine);
        const real pn_root = sqrt_(pn_squares);
        const real pn_again = pn_root*pn_root;
        const real pn_short_by = pn_coarse - pn_again;
        const real pn_steep = ratio_(real(1), pn_root, real(0));  // 0 where all numbers are
        const real pn_root_lo = real(0.5)*(pn_fine + pn_short_by - two_prod_error(pn_root, pn_root))*pn_steep;  // what the root lacks
        const real pn_length = pn_root*pn_top;
        const real pn_length_lo = ((pn_tame > real(0)) ? pn_root_lo*pn_top + two_prod_error(pn_top, pn_root) : real(0));  // what the length lacks
        const real pn_wide = pn_squares*pn_top;
        const real pn_big = pn_wide*pn_top;  // squared distance, rounded
        const real pn_wide_lo = pn_squares_lo*pn_top + two_prod_error(pn_top, pn_squares);
        const real pn_big_lo = ((pn_tame > real(0)) ? pn_wide_lo*pn_top + two_prod_error(pn_top, pn_wide) : real(0));  // what it lacks
        const real sooner_hi = pn_length - an_length;
        const real sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo;
        const real sooner = sooner_hi + sooner_lo;  // above 0: as given
        const real own = ((swap == real(0)) ? real(1) : step_(sooner, real(0.5)));  // share of the anchor's distance
        const real far_length = ((swap == real(0)) ? an_length : ((own > real(0)) ? an_length : pn_length));
        const real far_length_lo = ((swap == real(0)) ? an_length_lo : ((own > real(0)) ? an_length_lo : pn_length_lo));
        const real far_big = ((swap == real(0)) ? an_big : ((own > real(0)) ? an_big : pn_big));
        const real far_big_lo = ((swap == real(0)) ? an_big_lo : ((own > real(0)) ? an_big_lo : pn_big_lo));
        const real lead_ahead = ap_length - far_length;
        const real lead_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo;
        const real lead_hi = lead_ahead + margin;
        const real lead_lo = two_sum_error(lead_ahead, margin) + lead_rest + margin_lo;  // rounding errors
        const real lead = lead_hi + lead_lo;  // above 0: the margin is missed
        const real lead_lost = two_sum_error(lead_hi, lead_lo);
        const real square_lead_ahead = ap_big - far_big;
        const real square_lead_rest = two_diff_error(ap_big, far_big) + ap_big_lo - far_big_lo;
        const real square_lead_hi = square_lead_ahead + margin;
        const real square_lead_lo = two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo;  // rounding errors
        const real square_lead = square_lead_hi + square_lead_lo;  // above 0: the margin is missed
        const real square_lead_lost = two_sum_error(square_lead_hi, square_lead_lo);
        const real excess = ((squared == real(0)) ? lead : square_lead);  // above 0: the margin is missed
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real rough_pull = ((excess >= real(0)) ? most : left*most);
        const real smooth = rough_pull*((squared == real(0)) ? lead_lost : square_lead_lost) + above_(excess, real(0)) + log1p_(left);  // log(1 + exp(excess))
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
        Largest ap_widest_fold;
        Largest an_widest_fold;
        Largest pn_widest_fold;
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
            ap_widest_fold.offer(lane, abs_(ap_delta));
            an_widest_fold.offer(lane, abs_(an_delta));
            if (swap != real(0)) pn_widest_fold.offer(lane, abs_(pn_delta));
        });
        const real ap_widest = ap_widest_fold.result();
        const real an_widest = an_widest_fold.result();
        const real pn_widest = pn_widest_fold.result();
        const real ap_top = above_(ap_widest, root_eps_sum);  // largest difference
        const real ap_tame = (((ap_top > real(8.673617379884035e-19)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real ap_inverse = ((ap_tame > real(0)) ? ratio_(real(1), ap_top, real(0)) : real(0));  // of few digits
        const real ap_extra = ratio_(root_eps_sum, ap_top, real(0));  // as of one more coordinate
        const real ap_extra_product = ap_extra*ap_top;
        const real ap_extra_behind = -ap_extra_product + root_eps_sum;
        const real ap_extra_rest = weighted_(ap_inverse, ap_extra_behind - two_prod_error(ap_extra, ap_top) + root_eps_sum_lo);
        const real ap_extra_power = ap_extra*ap_extra;
        const real ap_extra_spill = two_sum_error(real(2)*real(D), ap_extra_power);
        const real ap_extra_grain = ap_extra_power - ap_extra_spill;
        const real ap_extra_dust = real(2)*ap_extra*ap_extra_rest + two_prod_error(ap_extra, ap_extra) + ap_extra_spill;
        const real an_top = above_(an_widest, root_eps_sum);  // largest difference
        const real an_tame = (((an_top > real(8.673617379884035e-19)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real an_inverse = ((an_tame > real(0)) ? ratio_(real(1), an_top, real(0)) : real(0));  // of few digits
        const real an_extra = ratio_(root_eps_sum, an_top, real(0));  // as of one more coordinate
        const real an_extra_product = an_extra*an_top;
        const real an_extra_behind = -an_extra_product + root_eps_sum;
        const real an_extra_rest = weighted_(an_inverse, an_extra_behind - two_prod_error(an_extra, an_top) + root_eps_sum_lo);
        const real an_extra_power = an_extra*an_extra;
        const real an_extra_spill = two_sum_error(real(2)*real(D), an_extra_power);
        const real an_extra_grain = an_extra_power - an_extra_spill;
        const real an_extra_dust = real(2)*an_extra*an_extra_rest + two_prod_error(an_extra, an_extra) + an_extra_spill;
        const real pn_top = above_(pn_widest, root_eps_sum);  // largest difference
        const real pn_tame = (((pn_top > real(8.673617379884035e-19)) && (pn_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real pn_inverse = ((pn_tame > real(0)) ? ratio_(real(1), pn_top, real(0)) : real(0));  // of few digits
        const real pn_extra = ratio_(root_eps_sum, pn_top, real(0));  // as of one more coordinate
        const real pn_extra_product = pn_extra*pn_top;
        const real pn_extra_behind = -pn_extra_product + root_eps_sum;
        const real pn_extra_rest = weighted_(pn_inverse, pn_extra_behind - two_prod_error(pn_extra, pn_top) + root_eps_sum_lo);
        const real pn_extra_power = pn_extra*pn_extra;
        const real pn_extra_spill = two_sum_error(real(2)*real(D), pn_extra_power);
        const real pn_extra_grain = pn_extra_power - pn_extra_spill;
        const real pn_extra_dust = real(2)*pn_extra*pn_extra_rest + two_prod_error(pn_extra, pn_extra) + pn_extra_spill;
        Sum ap_coarse_sum_fold;
        Sum ap_fine_sum_fold;
        Sum an_coarse_sum_fold;
        Sum an_fine_sum_fold;
        Sum pn_coarse_sum_fold;
        Sum pn_fine_sum_fold;
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
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_product = ap_part*ap_top;
            const real ap_behind = ap_delta - ap_product;
            const real ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top);
            const real ap_rest = weighted_(ap_inverse, ap_left);  // what the part lacks
            const real ap_power = ap_part*ap_part;
            const real ap_spill = two_sum_error(real(2)*real(D), ap_power);
            const real ap_grain = ap_power - ap_spill;  // a multiple of one number
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_product = an_part*an_top;
            const real an_behind = an_delta - an_product;
            const real an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top);
            const real an_rest = weighted_(an_inverse, an_left);  // what the part lacks
            const real an_power = an_part*an_part;
            const real an_spill = two_sum_error(real(2)*real(D), an_power);
            const real an_grain = an_power - an_spill;  // a multiple of one number
            const real pn_part = ratio_(pn_delta, pn_top, real(0));  // from -1 to 1
            const real pn_product = pn_part*pn_top;
            const real pn_behind = pn_delta - pn_product;
            const real pn_left = two_sum_error(pn_near, pn_slip) + pn_behind - two_prod_error(pn_part, pn_top);
            const real pn_rest = weighted_(pn_inverse, pn_left);  // what the part lacks
            const real pn_power = pn_part*pn_part;
            const real pn_spill = two_sum_error(real(2)*real(D), pn_power);
            const real pn_grain = pn_power - pn_spill;  // a multiple of one number
            ap_coarse_sum_fold.add(lane, ap_grain);
            ap_fine_sum_fold.add(lane, real(2)*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill);
            an_coarse_sum_fold.add(lane, an_grain);
            an_fine_sum_fold.add(lane, real(2)*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill);
            if (swap != real(0)) pn_coarse_sum_fold.add(lane, pn_grain);
            if (swap != real(0)) pn_fine_sum_fold.add(lane, real(2)*pn_part*pn_rest + two_prod_error(pn_part, pn_part) + pn_spill);
        });
        const real ap_coarse_sum = ap_coarse_sum_fold.result();
        const real ap_fine_sum = ap_fine_sum_fold.result();
        const real an_coarse_sum = an_coarse_sum_fold.result();
        const real an_fine_sum = an_fine_sum_fold.result();
        const real pn_coarse_sum = pn_coarse_sum_fold.result();
        const real pn_fine_sum = pn_fine_sum_fold.result();
        const real ap_coarse = ap_coarse_sum + ap_extra_grain;  // exact in any order
        const real ap_fine = ap_extra_dust + ap_fine_sum;  // of the squares, what is left
        const real ap_squares = ap_coarse + ap_fine;
        const real ap_squares_lo = two_sum_error(ap_coarse, ap_fine);
        const real ap_root = sqrt_(ap_squares);
        const real ap_again = ap_root*ap_root;
        const real ap_short_by = ap_coarse - ap_again;
        const real ap_steep = ratio_(real(1), ap_root, real(0));  // 0 where all numbers are
        const real ap_root_lo = real(0.5)*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep;  // what the root lacks
        const real ap_length = ap_root*ap_top;
        const real ap_length_lo = ((ap_tame > real(0)) ? ap_root_lo*ap_top + two_prod_error(ap_top, ap_root) : real(0));  // what the length lacks
        const real ap_distance = ap_length + ap_length_lo;
        const real ap_wide = ap_squares*ap_top;
        const real ap_big = ap_wide*ap_top;  // squared distance, rounded
        const real ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares);
        const real ap_big_lo = ((ap_tame > real(0)) ? ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide) : real(0));  // what it lacks
        const real an_coarse = an_coarse_sum + an_extra_grain;  // exact in any order
        const real an_fine = an_extra_dust + an_fine_sum;  // of the squares, what is left
        const real an_squares = an_coarse + an_fine;
        const real an_squares_lo = two_sum_error(an_coarse, an_fine);
        const real an_root = sqrt_(an_squares);
        const real an_again = an_root*an_root;
        const real an_short_by = an_coarse - an_again;
        const real an_steep = ratio_(real(1), an_root, real(0));  // 0 where all numbers are
        const real an_root_lo = real(0.5)*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep;  // what the root lacks
        const real an_length = an_root*an_top;
        const real an_length_lo = ((an_tame > real(0)) ? an_root_lo*an_top + two_prod_error(an_top, an_root) : real(0));  // what the length lacks
        const real an_distance = an_length + an_length_lo;
        const real an_wide = an_squares*an_top;
        const real an_big = an_wide*an_top;  // squared distance, rounded
        const real an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares);
        const real an_big_lo = ((an_tame > real(0)) ? an_wide_lo*an_top + two_prod_error(an_top, an_wide) : real(0));  // what it lacks
        const real pn_coarse = pn_coarse_sum + pn_extra_grain;  // exact in any order
        const real pn_fine = pn_extra_dust + pn_fine_sum;  // of the squares, what is left
        const real pn_squares = pn_coarse + pn_fine;
        const real pn_squares_lo = two_sum_error(pn_coarse, pn_fine);
        const real pn_root = sqrt_(pn_squares);
        const real pn_again = pn_root*pn_root;
        const real pn_short_by = pn_coarse - pn_again;
        const real pn_steep = ratio_(real(1), pn_root, real(0));  // 0 where all numbers are
        const real pn_root_lo = real(0.5)*(pn_fine + pn_short_by - two_prod_error(pn_root, pn_root))*pn_steep;  // what the root lacks
        const real pn_length = pn_root*pn_top;
        const real pn_length_lo = ((pn_tame > real(0)) ? pn_root_lo*pn_top + two_prod_error(pn_top, pn_root) : real(0));  // what the length lacks
        const real pn_distance = pn_length + pn_length_lo;
        const real pn_wide = pn_squares*pn_top;
        const real pn_big = pn_wide*pn_top;  // squared distance, rounded
        const real pn_wide_lo = pn_squares_lo*pn_top + two_prod_error(pn_top, pn_squares);
        const real pn_big_lo = ((pn_tame > real(0)) ? pn_wide_lo*pn_top + two_prod_error(pn_top, pn_wide) : real(0));  // what it lacks
        const real sooner_hi = pn_length - an_length;
        const real sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo;
        const real sooner = sooner_hi + sooner_lo;  // above 0: as given
        const real own = ((swap == real(0)) ? real(1) : step_(sooner, real(0.5)));  // share of the anchor's distance
        const real far_length = ((swap == real(0)) ? an_length : ((own > real(0)) ? an_length : pn_length));
        const real far_length_lo = ((swap == real(0)) ? an_length_lo : ((own > real(0)) ? an_length_lo : pn_length_lo));
        const real far_big = ((swap == real(0)) ? an_big : ((own > real(0)) ? an_big : pn_big));
        const real far_big_lo = ((swap == real(0)) ? an_big_lo : ((own > real(0)) ? an_big_lo : pn_big_lo));
        const real lead_ahead = ap_length - far_length;
        const real lead_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo;
        const real lead_hi = lead_ahead + margin;
        const real lead_lo = two_sum_error(lead_ahead, margin) + lead_rest + margin_lo;  // rounding errors
        const real lead = lead_hi + lead_lo;  // above 0: the margin is missed
        const real lead_lost = two_sum_error(lead_hi, lead_lo);
        const real square_lead_ahead = ap_big - far_big;
        const real square_lead_rest = two_diff_error(ap_big, far_big) + ap_big_lo - far_big_lo;
        const real square_lead_hi = square_lead_ahead + margin;
        const real square_lead_lo = two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo;  // rounding errors
        const real square_lead = square_lead_hi + square_lead_lo;  // above 0: the margin is missed
        const real square_lead_lost = two_sum_error(square_lead_hi, square_lead_lo);
        const real turn_more_hi = ap_length - an_length;
        const real turn_more_lo = two_diff_error(ap_length, an_length) + ap_length_lo - an_length_lo;
        const real turn_more = turn_more_hi + turn_more_lo;  // of the near distance
        const real turn_over = ((turn_more > real(0)) ? ap_distance : an_distance);
        const real back_turn_more_hi = ap_length - pn_length;
        const real back_turn_more_lo = two_diff_error(ap_length, pn_length) + ap_length_lo - pn_length_lo;
        const real back_turn_more = back_turn_more_hi + back_turn_more_lo;  // of the near distance
        const real back_turn_over = ((back_turn_more > real(0)) ? ap_distance : pn_distance);
        const real excess = ((squared == real(0)) ? lead : square_lead);  // above 0: the margin is missed
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real rough_pull = ((excess >= real(0)) ? most : left*most);
        const real rough_back = ((excess >= real(0)) ? left*most : most);
        const real smooth = rough_pull*((squared == real(0)) ? lead_lost : square_lead_lost) + above_(excess, real(0)) + log1p_(left);  // log(1 + exp(excess))
        const real bend = rough_back*rough_pull;
        const real pull = bend*((squared == real(0)) ? lead_lost : square_lead_lost) + rough_pull;  // its slope
        const real hinge = above_(excess, real(0));  // 0 where the margin is kept
        const real loss = ((soft == real(0)) ? hinge : smooth);
        const real excess_bar = hinge_bar*step_(excess, real(0)) + pull*smooth_bar;
        const real square_lead_bar = ((squared == real(0)) ? real(0) : excess_bar);
        const real lead_bar = ((squared == real(0)) ? excess_bar : real(0));
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
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_unit = ap_steep*ap_part;  // 0 where both coincide
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_unit = an_steep*an_part;  // 0 where both coincide
            const real pn_part = ratio_(pn_delta, pn_top, real(0));  // from -1 to 1
            const real pn_unit = pn_steep*pn_part;  // 0 where both coincide
            const real gap = negative_in(b, d) - positive_in(b, d);
            const real sway = an_delta + eps_difference + eps_difference_lo;
            const real by_anchor = real(2)*((swap == real(0)) ? gap : (real(1) - own)*ap_delta + own*gap);
            const real by_positive = -(real(2)*((swap == real(0)) ? ap_delta : (real(1) - own)*sway + own*ap_delta));
            const real by_negative = real(2)*((swap == real(0)) ? an_delta : (real(1) - own)*pn_delta + own*an_delta);
            const real turn = ratio_(gap - turn_more*((turn_more > real(0)) ? an_unit : ap_unit), turn_over, real(0));  // of unit vectors
            const real back_turn = ratio_(sway - back_turn_more*((back_turn_more > real(0)) ? -pn_unit : ap_unit), back_turn_over, real(0));  // of unit vectors
            const real unit_by_anchor = ((swap == real(0)) ? turn : (real(1) - own)*ap_unit + own*turn);
            const real unit_by_positive = -((swap == real(0)) ? ap_unit : (real(1) - own)*back_turn + own*ap_unit);
            const real unit_by_negative = ((swap == real(0)) ? an_unit : (real(1) - own)*pn_unit + own*an_unit);
            const real anchor_bar = square_lead_bar*by_anchor + lead_bar*unit_by_anchor;
            const real positive_bar = square_lead_bar*by_positive + lead_bar*unit_by_positive;
            const real negative_bar = square_lead_bar*by_negative + lead_bar*unit_by_negative;
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
        Largest ap_widest_fold;
        Largest an_widest_fold;
        Largest pn_widest_fold;
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
            ap_widest_fold.offer(lane, abs_(ap_delta));
            an_widest_fold.offer(lane, abs_(an_delta));
            if (swap != real(0)) pn_widest_fold.offer(lane, abs_(pn_delta));
        });
        const real ap_widest = ap_widest_fold.result();
        const real an_widest = an_widest_fold.result();
        const real pn_widest = pn_widest_fold.result();
        const real ap_top = above_(ap_widest, root_eps_sum);  // largest difference
        const real ap_tame = (((ap_top > real(8.673617379884035e-19)) && (ap_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real ap_inverse = ((ap_tame > real(0)) ? ratio_(real(1), ap_top, real(0)) : real(0));  // of few digits
        const real ap_extra = ratio_(root_eps_sum, ap_top, real(0));  // as of one more coordinate
        const real ap_extra_product = ap_extra*ap_top;
        const real ap_extra_behind = -ap_extra_product + root_eps_sum;
        const real ap_extra_rest = weighted_(ap_inverse, ap_extra_behind - two_prod_error(ap_extra, ap_top) + root_eps_sum_lo);
        const real ap_extra_power = ap_extra*ap_extra;
        const real ap_extra_spill = two_sum_error(real(2)*real(D), ap_extra_power);
        const real ap_extra_grain = ap_extra_power - ap_extra_spill;
        const real ap_extra_dust = real(2)*ap_extra*ap_extra_rest + two_prod_error(ap_extra, ap_extra) + ap_extra_spill;
        const real an_top = above_(an_widest, root_eps_sum);  // largest difference
        const real an_tame = (((an_top > real(8.673617379884035e-19)) && (an_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real an_inverse = ((an_tame > real(0)) ? ratio_(real(1), an_top, real(0)) : real(0));  // of few digits
        const real an_extra = ratio_(root_eps_sum, an_top, real(0));  // as of one more coordinate
        const real an_extra_product = an_extra*an_top;
        const real an_extra_behind = -an_extra_product + root_eps_sum;
        const real an_extra_rest = weighted_(an_inverse, an_extra_behind - two_prod_error(an_extra, an_top) + root_eps_sum_lo);
        const real an_extra_power = an_extra*an_extra;
        const real an_extra_spill = two_sum_error(real(2)*real(D), an_extra_power);
        const real an_extra_grain = an_extra_power - an_extra_spill;
        const real an_extra_dust = real(2)*an_extra*an_extra_rest + two_prod_error(an_extra, an_extra) + an_extra_spill;
        const real pn_top = above_(pn_widest, root_eps_sum);  // largest difference
        const real pn_tame = (((pn_top > real(8.673617379884035e-19)) && (pn_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real pn_inverse = ((pn_tame > real(0)) ? ratio_(real(1), pn_top, real(0)) : real(0));  // of few digits
        const real pn_extra = ratio_(root_eps_sum, pn_top, real(0));  // as of one more coordinate
        const real pn_extra_product = pn_extra*pn_top;
        const real pn_extra_behind = -pn_extra_product + root_eps_sum;
        const real pn_extra_rest = weighted_(pn_inverse, pn_extra_behind - two_prod_error(pn_extra, pn_top) + root_eps_sum_lo);
        const real pn_extra_power = pn_extra*pn_extra;
        const real pn_extra_spill = two_sum_error(real(2)*real(D), pn_extra_power);
        const real pn_extra_grain = pn_extra_power - pn_extra_spill;
        const real pn_extra_dust = real(2)*pn_extra*pn_extra_rest + two_prod_error(pn_extra, pn_extra) + pn_extra_spill;
        Sum ap_coarse_sum_fold;
        Sum ap_fine_sum_fold;
        Sum an_coarse_sum_fold;
        Sum an_fine_sum_fold;
        Sum pn_coarse_sum_fold;
        Sum pn_fine_sum_fold;
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
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_product = ap_part*ap_top;
            const real ap_behind = ap_delta - ap_product;
            const real ap_left = two_sum_error(ap_near, ap_slip) + ap_behind - two_prod_error(ap_part, ap_top);
            const real ap_rest = weighted_(ap_inverse, ap_left);  // what the part lacks
            const real ap_power = ap_part*ap_part;
            const real ap_spill = two_sum_error(real(2)*real(D), ap_power);
            const real ap_grain = ap_power - ap_spill;  // a multiple of one number
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_product = an_part*an_top;
            const real an_behind = an_delta - an_product;
            const real an_left = two_sum_error(an_near, an_slip) + an_behind - two_prod_error(an_part, an_top);
            const real an_rest = weighted_(an_inverse, an_left);  // what the part lacks
            const real an_power = an_part*an_part;
            const real an_spill = two_sum_error(real(2)*real(D), an_power);
            const real an_grain = an_power - an_spill;  // a multiple of one number
            const real pn_part = ratio_(pn_delta, pn_top, real(0));  // from -1 to 1
            const real pn_product = pn_part*pn_top;
            const real pn_behind = pn_delta - pn_product;
            const real pn_left = two_sum_error(pn_near, pn_slip) + pn_behind - two_prod_error(pn_part, pn_top);
            const real pn_rest = weighted_(pn_inverse, pn_left);  // what the part lacks
            const real pn_power = pn_part*pn_part;
            const real pn_spill = two_sum_error(real(2)*real(D), pn_power);
            const real pn_grain = pn_power - pn_spill;  // a multiple of one number
            ap_coarse_sum_fold.add(lane, ap_grain);
            ap_fine_sum_fold.add(lane, real(2)*ap_part*ap_rest + two_prod_error(ap_part, ap_part) + ap_spill);
            an_coarse_sum_fold.add(lane, an_grain);
            an_fine_sum_fold.add(lane, real(2)*an_part*an_rest + two_prod_error(an_part, an_part) + an_spill);
            if (swap != real(0)) pn_coarse_sum_fold.add(lane, pn_grain);
            if (swap != real(0)) pn_fine_sum_fold.add(lane, real(2)*pn_part*pn_rest + two_prod_error(pn_part, pn_part) + pn_spill);
        });
        const real ap_coarse_sum = ap_coarse_sum_fold.result();
        const real ap_fine_sum = ap_fine_sum_fold.result();
        const real an_coarse_sum = an_coarse_sum_fold.result();
        const real an_fine_sum = an_fine_sum_fold.result();
        const real pn_coarse_sum = pn_coarse_sum_fold.result();
        const real pn_fine_sum = pn_fine_sum_fold.result();
        const real ap_coarse = ap_coarse_sum + ap_extra_grain;  // exact in any order
        const real ap_fine = ap_extra_dust + ap_fine_sum;  // of the squares, what is left
        const real ap_squares = ap_coarse + ap_fine;
        const real ap_squares_lo = two_sum_error(ap_coarse, ap_fine);
        const real ap_root = sqrt_(ap_squares);
        const real ap_again = ap_root*ap_root;
        const real ap_short_by = ap_coarse - ap_again;
        const real ap_steep = ratio_(real(1), ap_root, real(0));  // 0 where all numbers are
        const real ap_root_lo = real(0.5)*(ap_fine + ap_short_by - two_prod_error(ap_root, ap_root))*ap_steep;  // what the root lacks
        const real ap_length = ap_root*ap_top;
        const real ap_length_lo = ((ap_tame > real(0)) ? ap_root_lo*ap_top + two_prod_error(ap_top, ap_root) : real(0));  // what the length lacks
        const real ap_distance = ap_length + ap_length_lo;
        const real ap_wide = ap_squares*ap_top;
        const real ap_big = ap_wide*ap_top;  // squared distance, rounded
        const real ap_wide_lo = ap_squares_lo*ap_top + two_prod_error(ap_top, ap_squares);
        const real ap_big_lo = ((ap_tame > real(0)) ? ap_wide_lo*ap_top + two_prod_error(ap_top, ap_wide) : real(0));  // what it lacks
        const real an_coarse = an_coarse_sum + an_extra_grain;  // exact in any order
        const real an_fine = an_extra_dust + an_fine_sum;  // of the squares, what is left
        const real an_squares = an_coarse + an_fine;
        const real an_squares_lo = two_sum_error(an_coarse, an_fine);
        const real an_root = sqrt_(an_squares);
        const real an_again = an_root*an_root;
        const real an_short_by = an_coarse - an_again;
        const real an_steep = ratio_(real(1), an_root, real(0));  // 0 where all numbers are
        const real an_root_lo = real(0.5)*(an_fine + an_short_by - two_prod_error(an_root, an_root))*an_steep;  // what the root lacks
        const real an_length = an_root*an_top;
        const real an_length_lo = ((an_tame > real(0)) ? an_root_lo*an_top + two_prod_error(an_top, an_root) : real(0));  // what the length lacks
        const real an_distance = an_length + an_length_lo;
        const real an_wide = an_squares*an_top;
        const real an_big = an_wide*an_top;  // squared distance, rounded
        const real an_wide_lo = an_squares_lo*an_top + two_prod_error(an_top, an_squares);
        const real an_big_lo = ((an_tame > real(0)) ? an_wide_lo*an_top + two_prod_error(an_top, an_wide) : real(0));  // what it lacks
        const real pn_coarse = pn_coarse_sum + pn_extra_grain;  // exact in any order
        const real pn_fine = pn_extra_dust + pn_fine_sum;  // of the squares, what is left
        const real pn_squares = pn_coarse + pn_fine;
        const real pn_squares_lo = two_sum_error(pn_coarse, pn_fine);
        const real pn_root = sqrt_(pn_squares);
        const real pn_again = pn_root*pn_root;
        const real pn_short_by = pn_coarse - pn_again;
        const real pn_steep = ratio_(real(1), pn_root, real(0));  // 0 where all numbers are
        const real pn_root_lo = real(0.5)*(pn_fine + pn_short_by - two_prod_error(pn_root, pn_root))*pn_steep;  // what the root lacks
        const real pn_length = pn_root*pn_top;
        const real pn_length_lo = ((pn_tame > real(0)) ? pn_root_lo*pn_top + two_prod_error(pn_top, pn_root) : real(0));  // what the length lacks
        const real pn_distance = pn_length + pn_length_lo;
        const real pn_wide = pn_squares*pn_top;
        const real pn_big = pn_wide*pn_top;  // squared distance, rounded
        const real pn_wide_lo = pn_squares_lo*pn_top + two_prod_error(pn_top, pn_squares);
        const real pn_big_lo = ((pn_tame > real(0)) ? pn_wide_lo*pn_top + two_prod_error(pn_top, pn_wide) : real(0));  // what it lacks
        const real sooner_hi = pn_length - an_length;
        const real sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo;
        const real sooner = sooner_hi + sooner_lo;  // above 0: as given
        const real own = ((swap == real(0)) ? real(1) : step_(sooner, real(0.5)));  // share of the anchor's distance
        const real far_length = ((swap == real(0)) ? an_length : ((own > real(0)) ? an_length : pn_length));
        const real far_length_lo = ((swap == real(0)) ? an_length_lo : ((own > real(0)) ? an_length_lo : pn_length_lo));
        const real far_big = ((swap == real(0)) ? an_big : ((own > real(0)) ? an_big : pn_big));
        const real far_big_lo = ((swap == real(0)) ? an_big_lo : ((own > real(0)) ? an_big_lo : pn_big_lo));
        const real lead_ahead = ap_length - far_length;
        const real lead_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo;
        const real lead_hi = lead_ahead + margin;
        const real lead_lo = two_sum_error(lead_ahead, margin) + lead_rest + margin_lo;  // rounding errors
        const real lead = lead_hi + lead_lo;  // above 0: the margin is missed
        const real lead_lost = two_sum_error(lead_hi, lead_lo);
        const real square_lead_ahead = ap_big - far_big;
        const real square_lead_rest = two_diff_error(ap_big, far_big) + ap_big_lo - far_big_lo;
        const real square_lead_hi = square_lead_ahead + margin;
        const real square_lead_lo = two_sum_error(square_lead_ahead, margin) + square_lead_rest + margin_lo;  // rounding errors
        const real square_lead = square_lead_hi + square_lead_lo;  // above 0: the margin is missed
        const real square_lead_lost = two_sum_error(square_lead_hi, square_lead_lo);
        const real turn_more_hi = ap_length - an_length;
        const real turn_more_lo = two_diff_error(ap_length, an_length) + ap_length_lo - an_length_lo;
        const real turn_more = turn_more_hi + turn_more_lo;  // of the near distance
        const real turn_over = ((turn_more > real(0)) ? ap_distance : an_distance);
        const real back_turn_more_hi = ap_length - pn_length;
        const real back_turn_more_lo = two_diff_error(ap_length, pn_length) + ap_length_lo - pn_length_lo;
        const real back_turn_more = back_turn_more_hi + back_turn_more_lo;  // of the near distance
        const real back_turn_over = ((back_turn_more > real(0)) ? ap_distance : pn_distance);
        const real excess = ((squared == real(0)) ? lead : square_lead);  // above 0: the margin is missed
        const real left = exp_(-abs_(excess));
        const real most = real(1)/(real(1) + left);  // at least 1/2
        const real rough_pull = ((excess >= real(0)) ? most : left*most);
        const real rough_back = ((excess >= real(0)) ? left*most : most);
        const real bend = rough_back*rough_pull;
        const real pull = bend*((squared == real(0)) ? lead_lost : square_lead_lost) + rough_pull;  // its slope
        const real back = rough_back - bend*((squared == real(0)) ? lead_lost : square_lead_lost);  // 1 less that
        const real excess_bar = hinge_bar*step_(excess, real(0)) + pull*smooth_bar;
        const real square_lead_bar = ((squared == real(0)) ? real(0) : excess_bar);
        const real lead_bar = ((squared == real(0)) ? excess_bar : real(0));
        Sum ap_distance_dot0_fold;
        Sum an_distance_dot0_fold;
        Sum pn_distance_dot0_fold;
        Sum lead_dot0_fold;
        Sum lead_dot1_fold;
        Sum lead_dot2_fold;
        Sum square_lead_dot0_fold;
        Sum square_lead_dot1_fold;
        Sum square_lead_dot2_fold;
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
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_unit = ap_steep*ap_part;  // 0 where both coincide
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_unit = an_steep*an_part;  // 0 where both coincide
            const real pn_part = ratio_(pn_delta, pn_top, real(0));  // from -1 to 1
            const real pn_unit = pn_steep*pn_part;  // 0 where both coincide
            const real gap = negative_in(b, d) - positive_in(b, d);
            const real sway = an_delta + eps_difference + eps_difference_lo;
            const real by_anchor = real(2)*((swap == real(0)) ? gap : (real(1) - own)*ap_delta + own*gap);
            const real by_positive = -(real(2)*((swap == real(0)) ? ap_delta : (real(1) - own)*sway + own*ap_delta));
            const real by_negative = real(2)*((swap == real(0)) ? an_delta : (real(1) - own)*pn_delta + own*an_delta);
            const real turn = ratio_(gap - turn_more*((turn_more > real(0)) ? an_unit : ap_unit), turn_over, real(0));  // of unit vectors
            const real back_turn = ratio_(sway - back_turn_more*((back_turn_more > real(0)) ? -pn_unit : ap_unit), back_turn_over, real(0));  // of unit vectors
            const real unit_by_anchor = ((swap == real(0)) ? turn : (real(1) - own)*ap_unit + own*turn);
            const real unit_by_positive = -((swap == real(0)) ? ap_unit : (real(1) - own)*back_turn + own*ap_unit);
            const real unit_by_negative = ((swap == real(0)) ? an_unit : (real(1) - own)*pn_unit + own*an_unit);
            const real ap_ahead_dot = anchor_dot_in(b, d) - positive_dot_in(b, d);
            const real ap_delta_dot = ap_ahead_dot;
            const real an_ahead_dot = anchor_dot_in(b, d) - negative_dot_in(b, d);
            const real an_delta_dot = an_ahead_dot;
            const real pn_ahead_dot = positive_dot_in(b, d) - negative_dot_in(b, d);
            const real pn_delta_dot = pn_ahead_dot;
            ap_distance_dot0_fold.add(lane, ap_delta_dot*ap_unit);
            an_distance_dot0_fold.add(lane, an_delta_dot*an_unit);
            if (swap != real(0)) pn_distance_dot0_fold.add(lane, pn_delta_dot*pn_unit);
            lead_dot0_fold.add(lane, anchor_dot_in(b, d)*unit_by_anchor);
            lead_dot1_fold.add(lane, positive_dot_in(b, d)*unit_by_positive);
            lead_dot2_fold.add(lane, negative_dot_in(b, d)*unit_by_negative);
            if (squared != real(0)) square_lead_dot0_fold.add(lane, anchor_dot_in(b, d)*by_anchor);
            if (squared != real(0)) square_lead_dot1_fold.add(lane, by_positive*positive_dot_in(b, d));
            if (squared != real(0)) square_lead_dot2_fold.add(lane, by_negative*negative_dot_in(b, d));
        });
        const real ap_distance_dot0 = ap_distance_dot0_fold.result();
        const real an_distance_dot0 = an_distance_dot0_fold.result();
        const real pn_distance_dot0 = pn_distance_dot0_fold.result();
        const real lead_dot0 = lead_dot0_fold.result();
        const real lead_dot1 = lead_dot1_fold.result();
        const real lead_dot2 = lead_dot2_fold.result();
        const real square_lead_dot0 = square_lead_dot0_fold.result();
        const real square_lead_dot1 = square_lead_dot1_fold.result();
        const real square_lead_dot2 = square_lead_dot2_fold.result();
        const real lead_dot = lead_dot0 + lead_dot1 + lead_dot2;
        const real square_lead_dot = square_lead_dot0 + square_lead_dot1 + square_lead_dot2;
        const real excess_dot = square_lead_dot*((squared == real(0)) ? real(0) : real(1)) + lead_dot*((squared == real(0)) ? real(1) : real(0));
        const real pull_dot = back*excess_dot*pull;
        const real excess_bar_dot = pull_dot*smooth_bar;
        const real square_lead_bar_dot = excess_bar_dot*((squared == real(0)) ? real(0) : real(1));
        const real lead_bar_dot = excess_bar_dot*((squared == real(0)) ? real(1) : real(0));
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
            const real ap_part = ratio_(ap_delta, ap_top, real(0));  // from -1 to 1
            const real ap_unit = ap_steep*ap_part;  // 0 where both coincide
            const real an_part = ratio_(an_delta, an_top, real(0));  // from -1 to 1
            const real an_unit = an_steep*an_part;  // 0 where both coincide
            const real pn_part = ratio_(pn_delta, pn_top, real(0));  // from -1 to 1
            const real pn_unit = pn_steep*pn_part;  // 0 where both coincide
            const real gap = negative_in(b, d) - positive_in(b, d);
            const real sway = an_delta + eps_difference + eps_difference_lo;
            const real by_anchor = real(2)*((swap == real(0)) ? gap : (real(1) - own)*ap_delta + own*gap);
            const real by_positive = -(real(2)*((swap == real(0)) ? ap_delta : (real(1) - own)*sway + own*ap_delta));
            const real by_negative = real(2)*((swap == real(0)) ? an_delta : (real(1) - own)*pn_delta + own*an_delta);
            const real turn = ratio_(gap - turn_more*((turn_more > real(0)) ? an_unit : ap_unit), turn_over, real(0));  // of unit vectors
            const real back_turn = ratio_(sway - back_turn_more*((back_turn_more > real(0)) ? -pn_unit : ap_unit), back_turn_over, real(0));  // of unit vectors
            const real unit_by_anchor = ((swap == real(0)) ? turn : (real(1) - own)*ap_unit + own*turn);
            const real unit_by_positive = -((swap == real(0)) ? ap_unit : (real(1) - own)*back_turn + own*ap_unit);
            const real unit_by_negative = ((swap == real(0)) ? an_unit : (real(1) - own)*pn_unit + own*an_unit);
            const real ap_ahead_dot = anchor_dot_in(b, d) - positive_dot_in(b, d);
            const real ap_delta_dot = ap_ahead_dot;
            const real an_ahead_dot = anchor_dot_in(b, d) - negative_dot_in(b, d);
            const real an_delta_dot = an_ahead_dot;
            const real pn_ahead_dot = positive_dot_in(b, d) - negative_dot_in(b, d);
            const real pn_delta_dot = pn_ahead_dot;
            const real ap_unit_dot = ratio_(ap_delta_dot, ap_distance, real(0)) - ap_unit*ratio_(ap_distance_dot0, ap_distance, real(0));
            const real an_unit_dot = ratio_(an_delta_dot, an_distance, real(0)) - an_unit*ratio_(an_distance_dot0, an_distance, real(0));
            const real pn_unit_dot = ratio_(pn_delta_dot, pn_distance, real(0)) - pn_unit*ratio_(pn_distance_dot0, pn_distance, real(0));
            const real gap_dot = negative_dot_in(b, d) - positive_dot_in(b, d);
            const real sway_dot = ap_delta_dot + pn_delta_dot;
            const real by_anchor_dot = real(2)*ap_delta_dot*((swap == real(0)) ? real(0) : real(1) - own) + real(2)*gap_dot*((swap == real(0)) ? real(1) : own);
            const real by_positive_dot = -real(2)*sway_dot*((swap == real(0)) ? real(0) : real(1) - own) - real(2)*ap_delta_dot*((swap == real(0)) ? real(1) : own);
            const real by_negative_dot = real(2)*pn_delta_dot*((swap == real(0)) ? real(0) : real(1) - own) + real(2)*an_delta_dot*((swap == real(0)) ? real(1) : own);
            const real turn_dot = ap_unit_dot - an_unit_dot;
            const real back_turn_dot = ap_unit_dot + pn_unit_dot;
            const real unit_by_anchor_dot = ap_unit_dot*((swap == real(0)) ? real(0) : real(1) - own) + turn_dot*((swap == real(0)) ? real(1) : own);
            const real unit_by_positive_dot = -back_turn_dot*((swap == real(0)) ? real(0) : real(1) - own) - ap_unit_dot*((swap == real(0)) ? real(1) : own);
            const real unit_by_negative_dot = pn_unit_dot*((swap == real(0)) ? real(0) : real(1) - own) + an_unit_dot*((swap == real(0)) ? real(1) : own);
            const real anchor_bar_dot = square_lead_bar_dot*by_anchor + square_lead_bar*by_anchor_dot + lead_bar*unit_by_anchor_dot + lead_bar_dot*unit_by_anchor;
            const real positive_bar_dot = square_lead_bar_dot*by_positive + square_lead_bar*by_positive_dot + lead_bar*unit_by_positive_dot + lead_bar_dot*unit_by_positive;
            const real negative_bar_dot = square_lead_bar_dot*by_negative + square_lead_bar*by_negative_dot + lead_bar*unit_by_negative_dot + lead_bar_dot*unit_by_negative;
            anchor_bar_dot_out.store(b, d, anchor_bar_dot);
            positive_bar_dot_out.store(b, d, positive_bar_dot);
            negative_bar_dot_out.store(b, d, negative_bar_dot);
        });
    });
}
