// Contrastive loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
//     euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
//     normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
//     hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
//     linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)
//
// Subgradients
//     0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink;
//     0 where the distance is the margin.
//
// Constants
//     different: 1: label 1 says that a pair is of two kinds (default 0.0)
//     eps_difference: added to every difference (default 0.0)
//     eps_difference_lo: what eps_difference lacks (default 0.0)
//     linear: 1: hinges are not squared, on both sides (default 0.0)
//     positive_margin: distance up to which a pair of one kind costs nothing (default 0.0)
//     positive_margin_lo: what positive_margin lacks (default 0.0)
//     margin: distance from which a pair of two kinds costs nothing (default 1.0)
//     margin_lo: what margin lacks (default 0.0)
//     legacy: 1: the squared distance is hinged, and that not squared (default 0.0)
//     factor: factor of the whole (default 0.5)
//
// Source
//     Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR
//     2006; Chopra, Hadsell, LeCun, CVPR 2005.

KERNEL contrastive_value(
    size B, size D, ARRAY(x1) x1_in, ARRAY(x2) x2_in, ARRAY(same) same_in, ARRAY(loss) loss_out,
    CONSTANTS) {
    over_rows(B, [&](size b) {
        const real same = same_in(b);
        const real alike = ((different == real(0)) ? same : real(1) - same);  // 1: of one kind
        const real unlike = real(1) - alike;
        Largest top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            if (factor != real(0)) top_fold.offer(lane, abs_(delta));
        });
        const real top = top_fold.result();  // largest difference
        const real tame = (((top > real(8.673617379884035e-19)) && (top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real inverse = ((tame > real(0)) ? ratio_(real(1), top, real(0)) : real(0));  // of few digits
        Sum coarse_fold;
        Sum fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            const real part = ratio_(delta, top, real(0));  // from -1 to 1
            const real product = part*top;
            const real behind = delta - product;
            const real left = two_sum_error(near, slip) + behind - two_prod_error(part, top);
            const real rest = weighted_(inverse, left);  // what the part lacks
            const real power = part*part;
            const real spill = two_sum_error(real(2)*real(D), power);
            const real grain = power - spill;  // a multiple of one number
            if (factor != real(0)) coarse_fold.add(lane, grain);
            if (factor != real(0)) fine_fold.add(lane, real(2)*part*rest + two_prod_error(part, part) + spill);
        });
        const real coarse = coarse_fold.result();  // exact in any order
        const real fine = fine_fold.result();  // of the squares, what is left
        const real squares = coarse + fine;
        const real squares_lo = two_sum_error(coarse, fine);
        const real root = sqrt_(squares);
        const real again = root*root;
        const real short_by = coarse - again;
        const real steep = ratio_(real(1), root, real(0));  // 0 where all numbers are
        const real root_lo = real(0.5)*(fine + short_by - two_prod_error(root, root))*steep;  // what the root lacks
        const real length = root*top;
        const real length_lo = ((tame > real(0)) ? root_lo*top + two_prod_error(top, root) : real(0));  // what the length lacks
        const real wide = squares*top;
        const real big = wide*top;  // squared distance, rounded
        const real wide_lo = squares_lo*top + two_prod_error(top, squares);
        const real big_lo = ((tame > real(0)) ? wide_lo*top + two_prod_error(top, wide) : real(0));  // what it lacks
        const real square = big + big_lo;  // squared distance
        const real inside_hi = -length + positive_margin;
        const real inside_lo = ((tame > real(0)) ? two_diff_error(positive_margin, length) - length_lo + positive_margin_lo : real(0));  // rounding errors
        const real inside = inside_hi + inside_lo;  // what the distance lacks to the margin
        const real beyond = above_(-inside, real(0));  // 0 within the margin of similar pairs
        const real pull = ((linear == real(0)) ? square : beyond);  // of a pair of one kind
        const real nearness_hi = -length + margin;
        const real nearness_lo = ((tame > real(0)) ? two_diff_error(margin, length) - length_lo + margin_lo : real(0));  // rounding errors
        const real nearness = nearness_hi + nearness_lo;  // what the distance lacks to the margin
        const real lack = above_(nearness, real(0));  // 0 from the margin on
        const real closeness_hi = -big + margin;
        const real closeness_lo = ((tame > real(0)) ? two_diff_error(margin, big) - big_lo + margin_lo : real(0));  // rounding errors
        const real closeness = closeness_hi + closeness_lo;  // what the square lacks to the margin
        const real flat = above_(closeness, real(0));  // the same of squares
        const real push = ((linear == real(0)) ? ((legacy == real(0)) ? lack*lack : flat) : lack);  // of a pair of two kinds
        const real loss = factor*(weighted_(alike, pull) + weighted_(unlike, push));
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL contrastive_grad(
    size B, size D, ARRAY(x1) x1_in, ARRAY(x2) x2_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(x1_bar) x1_bar_out, ARRAY(x2_bar) x2_bar_out,
    CONSTANTS) {
    over_rows(B, [&](size b) {
        const real same = same_in(b);
        const real loss_bar = loss_bar_in(b);
        const real alike = ((different == real(0)) ? same : real(1) - same);  // 1: of one kind
        const real unlike = real(1) - alike;
        const real push_bar = factor*loss_bar*unlike;
        const real flat_bar = ((linear == real(0)) ? ((legacy == real(0)) ? real(0) : push_bar) : real(0));
        const real pull_bar = factor*alike*loss_bar;
        const real beyond_bar = ((linear == real(0)) ? real(0) : pull_bar);
        Largest top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            top_fold.offer(lane, abs_(delta));
        });
        const real top = top_fold.result();  // largest difference
        const real tame = (((top > real(8.673617379884035e-19)) && (top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real inverse = ((tame > real(0)) ? ratio_(real(1), top, real(0)) : real(0));  // of few digits
        Sum coarse_fold;
        Sum fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            const real part = ratio_(delta, top, real(0));  // from -1 to 1
            const real product = part*top;
            const real behind = delta - product;
            const real left = two_sum_error(near, slip) + behind - two_prod_error(part, top);
            const real rest = weighted_(inverse, left);  // what the part lacks
            const real power = part*part;
            const real spill = two_sum_error(real(2)*real(D), power);
            const real grain = power - spill;  // a multiple of one number
            coarse_fold.add(lane, grain);
            fine_fold.add(lane, real(2)*part*rest + two_prod_error(part, part) + spill);
        });
        const real coarse = coarse_fold.result();  // exact in any order
        const real fine = fine_fold.result();  // of the squares, what is left
        const real squares = coarse + fine;
        const real squares_lo = two_sum_error(coarse, fine);
        const real root = sqrt_(squares);
        const real again = root*root;
        const real short_by = coarse - again;
        const real steep = ratio_(real(1), root, real(0));  // 0 where all numbers are
        const real root_lo = real(0.5)*(fine + short_by - two_prod_error(root, root))*steep;  // what the root lacks
        const real length = root*top;
        const real length_lo = ((tame > real(0)) ? root_lo*top + two_prod_error(top, root) : real(0));  // what the length lacks
        const real wide = squares*top;
        const real big = wide*top;  // squared distance, rounded
        const real wide_lo = squares_lo*top + two_prod_error(top, squares);
        const real big_lo = ((tame > real(0)) ? wide_lo*top + two_prod_error(top, wide) : real(0));  // what it lacks
        const real square = big + big_lo;  // squared distance
        const real inside_hi = -length + positive_margin;
        const real inside_lo = ((tame > real(0)) ? two_diff_error(positive_margin, length) - length_lo + positive_margin_lo : real(0));  // rounding errors
        const real inside = inside_hi + inside_lo;  // what the distance lacks to the margin
        const real beyond = above_(-inside, real(0));  // 0 within the margin of similar pairs
        const real pull = ((linear == real(0)) ? square : beyond);  // of a pair of one kind
        const real nearness_hi = -length + margin;
        const real nearness_lo = ((tame > real(0)) ? two_diff_error(margin, length) - length_lo + margin_lo : real(0));  // rounding errors
        const real nearness = nearness_hi + nearness_lo;  // what the distance lacks to the margin
        const real lack = above_(nearness, real(0));  // 0 from the margin on
        const real closeness_hi = -big + margin;
        const real closeness_lo = ((tame > real(0)) ? two_diff_error(margin, big) - big_lo + margin_lo : real(0));  // rounding errors
        const real closeness = closeness_hi + closeness_lo;  // what the square lacks to the margin
        const real flat = above_(closeness, real(0));  // the same of squares
        const real push = ((linear == real(0)) ? ((legacy == real(0)) ? lack*lack : flat) : lack);  // of a pair of two kinds
        const real loss = factor*(weighted_(alike, pull) + weighted_(unlike, push));
        const real closeness_bar = flat_bar*step_(closeness, real(0));
        const real lack_bar = ((linear == real(0)) ? ((legacy == real(0)) ? real(2)*lack*push_bar : real(0)) : push_bar);
        const real nearness_bar = lack_bar*step_(nearness, real(0));
        const real inside_bar = -(beyond_bar*step_(-inside, real(0)));
        const real square_bar = ((linear == real(0)) ? pull_bar : real(0)) - closeness_bar;
        const real distance_bar = -inside_bar - nearness_bar;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            const real part = ratio_(delta, top, real(0));  // from -1 to 1
            const real unit = steep*part;  // 0 where both coincide
            const real delta_bar = real(2)*square_bar*delta + distance_bar*unit;
            const real x1_bar = delta_bar;
            const real x2_bar = -delta_bar;
            x1_bar_out.store(b, d, x1_bar);
            x2_bar_out.store(b, d, x2_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL contrastive_hvp(
    size B, size D, ARRAY(x1) x1_in, ARRAY(x2) x2_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(x1_dot) x1_dot_in, ARRAY(x2_dot) x2_dot_in, ARRAY(x1_bar_dot)
    x1_bar_dot_out, ARRAY(x2_bar_dot) x2_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real same = same_in(b);
        const real loss_bar = loss_bar_in(b);
        const real alike = ((different == real(0)) ? same : real(1) - same);  // 1: of one kind
        const real unlike = real(1) - alike;
        const real push_bar = factor*loss_bar*unlike;
        const real flat_bar = ((linear == real(0)) ? ((legacy == real(0)) ? real(0) : push_bar) : real(0));
        const real pull_bar = factor*alike*loss_bar;
        const real beyond_bar = ((linear == real(0)) ? real(0) : pull_bar);
        Largest top_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            top_fold.offer(lane, abs_(delta));
        });
        const real top = top_fold.result();  // largest difference
        const real tame = (((top > real(8.673617379884035e-19)) && (top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real inverse = ((tame > real(0)) ? ratio_(real(1), top, real(0)) : real(0));  // of few digits
        Sum coarse_fold;
        Sum fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            const real part = ratio_(delta, top, real(0));  // from -1 to 1
            const real product = part*top;
            const real behind = delta - product;
            const real left = two_sum_error(near, slip) + behind - two_prod_error(part, top);
            const real rest = weighted_(inverse, left);  // what the part lacks
            const real power = part*part;
            const real spill = two_sum_error(real(2)*real(D), power);
            const real grain = power - spill;  // a multiple of one number
            coarse_fold.add(lane, grain);
            fine_fold.add(lane, real(2)*part*rest + two_prod_error(part, part) + spill);
        });
        const real coarse = coarse_fold.result();  // exact in any order
        const real fine = fine_fold.result();  // of the squares, what is left
        const real squares = coarse + fine;
        const real squares_lo = two_sum_error(coarse, fine);
        const real root = sqrt_(squares);
        const real again = root*root;
        const real short_by = coarse - again;
        const real steep = ratio_(real(1), root, real(0));  // 0 where all numbers are
        const real root_lo = real(0.5)*(fine + short_by - two_prod_error(root, root))*steep;  // what the root lacks
        const real length = root*top;
        const real length_lo = ((tame > real(0)) ? root_lo*top + two_prod_error(top, root) : real(0));  // what the length lacks
        const real distance = length + length_lo;
        const real wide = squares*top;
        const real big = wide*top;  // squared distance, rounded
        const real wide_lo = squares_lo*top + two_prod_error(top, squares);
        const real big_lo = ((tame > real(0)) ? wide_lo*top + two_prod_error(top, wide) : real(0));  // what it lacks
        const real inside_hi = -length + positive_margin;
        const real inside_lo = ((tame > real(0)) ? two_diff_error(positive_margin, length) - length_lo + positive_margin_lo : real(0));  // rounding errors
        const real inside = inside_hi + inside_lo;  // what the distance lacks to the margin
        const real nearness_hi = -length + margin;
        const real nearness_lo = ((tame > real(0)) ? two_diff_error(margin, length) - length_lo + margin_lo : real(0));  // rounding errors
        const real nearness = nearness_hi + nearness_lo;  // what the distance lacks to the margin
        const real lack = above_(nearness, real(0));  // 0 from the margin on
        const real closeness_hi = -big + margin;
        const real closeness_lo = ((tame > real(0)) ? two_diff_error(margin, big) - big_lo + margin_lo : real(0));  // rounding errors
        const real closeness = closeness_hi + closeness_lo;  // what the square lacks to the margin
        const real closeness_bar = flat_bar*step_(closeness, real(0));
        const real lack_bar = ((linear == real(0)) ? ((legacy == real(0)) ? real(2)*lack*push_bar : real(0)) : push_bar);
        const real nearness_bar = lack_bar*step_(nearness, real(0));
        const real inside_bar = -(beyond_bar*step_(-inside, real(0)));
        const real square_bar = ((linear == real(0)) ? pull_bar : real(0)) - closeness_bar;
        const real distance_bar = -inside_bar - nearness_bar;
        Sum distance_dot0_fold;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            const real part = ratio_(delta, top, real(0));  // from -1 to 1
            const real unit = steep*part;  // 0 where both coincide
            const real ahead_dot = x1_dot_in(b, d) - x2_dot_in(b, d);
            const real delta_dot = ahead_dot;
            distance_dot0_fold.add(lane, delta_dot*unit);
        });
        const real distance_dot0 = distance_dot0_fold.result();
        const real nearness_dot = -distance_dot0;
        const real lack_dot = nearness_dot*step_(nearness, real(0));
        const real lack_bar_dot = lack_dot*((linear == real(0)) ? ((legacy == real(0)) ? real(2)*push_bar : real(0)) : real(0));
        const real nearness_bar_dot = lack_bar_dot*step_(nearness, real(0));
        const real distance_bar_dot = -nearness_bar_dot;
        over_classes(D, [&](int d, int lane) {
            const real ahead = x1_in(b, d) - x2_in(b, d);
            const real near = ahead + eps_difference;
            const real slip = two_diff_error(x1_in(b, d), x2_in(b, d)) + two_sum_error(ahead, eps_difference) + eps_difference_lo;  // rounding errors of both
            const real delta = near + slip;  // differences
            const real part = ratio_(delta, top, real(0));  // from -1 to 1
            const real unit = steep*part;  // 0 where both coincide
            const real ahead_dot = x1_dot_in(b, d) - x2_dot_in(b, d);
            const real delta_dot = ahead_dot;
            const real unit_dot = ratio_(delta_dot, distance, real(0)) - unit*ratio_(distance_dot0, distance, real(0));
            const real delta_bar_dot = real(2)*square_bar*delta_dot + distance_bar*unit_dot + distance_bar_dot*unit;
            const real x1_bar_dot = delta_bar_dot;
            const real x2_bar_dot = -delta_bar_dot;
            x1_bar_dot_out.store(b, d, x1_bar_dot);
            x2_bar_dot_out.store(b, d, x2_bar_dot);
        });
    });
}
