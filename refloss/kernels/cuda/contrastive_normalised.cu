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
//     least_norm: the least length that a vector is divided by (default 0.0)
//     least_norm_lo: what least_norm lacks (default 0.0)
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

KERNEL contrastive_normalised_value(
    size B, size D, ARRAY(x1) x1_in, ARRAY(x2) x2_in, ARRAY(same) same_in, ARRAY(loss) loss_out,
    CONSTANTS) {
    over_rows(B, [&](size b) {
        const real same = same_in(b);
        const real alike = ((different == real(0)) ? same : real(1) - same);  // 1: of one kind
        const real unlike = real(1) - alike;
        Largest x1_most_fold;
        Largest x2_most_fold;
        over_classes(D, [&](int d, int lane) {
            if (factor != real(0)) x1_most_fold.offer(lane, abs_(x1_in(b, d)));
            if (factor != real(0)) x2_most_fold.offer(lane, abs_(x2_in(b, d)));
        });
        const real x1_most = x1_most_fold.result();
        const real x2_most = x2_most_fold.result();
        const real x1_scale0 = ((x1_most > real(1.3407807929942597e+154)) ? real(7.458340731200207e-155) : (((x1_most > real(0)) && (x1_most < real(7.458340731200207e-155))) ? real(1.3407807929942597e+154) : real(1)));  // a power of two
        const real x1_scale1 = (((x1_scale0*x1_most) > real(1.157920892373162e+77)) ? real(8.636168555094445e-78)*x1_scale0 : ((((x1_scale0*x1_most) > real(0)) && ((x1_scale0*x1_most) < real(8.636168555094445e-78))) ? real(1.157920892373162e+77)*x1_scale0 : x1_scale0));  // a power of two
        const real x1_scale2 = (((x1_scale1*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale1 : ((((x1_scale1*x1_most) > real(0)) && ((x1_scale1*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale1 : x1_scale1));  // a power of two
        const real x1_scale3 = (((x1_scale2*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale2 : ((((x1_scale2*x1_most) > real(0)) && ((x1_scale2*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale2 : x1_scale2));  // a power of two
        const real x1_scale4 = (((x1_scale3*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale3 : ((((x1_scale3*x1_most) > real(0)) && ((x1_scale3*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale3 : x1_scale3));  // a power of two
        const real x1_scale5 = (((x1_scale4*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale4 : ((((x1_scale4*x1_most) > real(0)) && ((x1_scale4*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale4 : x1_scale4));  // a power of two
        const real x2_scale0 = ((x2_most > real(1.3407807929942597e+154)) ? real(7.458340731200207e-155) : (((x2_most > real(0)) && (x2_most < real(7.458340731200207e-155))) ? real(1.3407807929942597e+154) : real(1)));  // a power of two
        const real x2_scale1 = (((x2_scale0*x2_most) > real(1.157920892373162e+77)) ? real(8.636168555094445e-78)*x2_scale0 : ((((x2_scale0*x2_most) > real(0)) && ((x2_scale0*x2_most) < real(8.636168555094445e-78))) ? real(1.157920892373162e+77)*x2_scale0 : x2_scale0));  // a power of two
        const real x2_scale2 = (((x2_scale1*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale1 : ((((x2_scale1*x2_most) > real(0)) && ((x2_scale1*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale1 : x2_scale1));  // a power of two
        const real x2_scale3 = (((x2_scale2*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale2 : ((((x2_scale2*x2_most) > real(0)) && ((x2_scale2*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale2 : x2_scale2));  // a power of two
        const real x2_scale4 = (((x2_scale3*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale3 : ((((x2_scale3*x2_most) > real(0)) && ((x2_scale3*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale3 : x2_scale3));  // a power of two
        const real x2_scale5 = (((x2_scale4*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale4 : ((((x2_scale4*x2_most) > real(0)) && ((x2_scale4*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale4 : x2_scale4));  // a power of two
        Largest x1_top_fold;
        Largest x2_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x2_even = x2_in(b, d)*x2_scale5;
            if (factor != real(0)) x1_top_fold.offer(lane, abs_(x1_even));
            if (factor != real(0)) x2_top_fold.offer(lane, abs_(x2_even));
        });
        const real x1_top = x1_top_fold.result();  // largest number
        const real x2_top = x2_top_fold.result();  // largest number
        const real x1_tame = (((x1_top > real(8.673617379884035e-19)) && (x1_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real x1_inverse = ((x1_tame > real(0)) ? ratio_(real(1), x1_top, real(0)) : real(0));  // of few digits
        const real x1_floor = ratio_(least_norm*x1_scale5, x1_top, real(0));  // least length
        const real x1_floor_back = x1_floor*x1_top;
        const real x1_floor_behind = least_norm*x1_scale5 - x1_floor_back;
        const real x1_floor_lo = ((x1_floor < real(1152921504606846976)) ? weighted_(x1_inverse, least_norm_lo*x1_scale5 + x1_floor_behind - two_prod_error(x1_floor, x1_top)) : real(0));
        const real x1_some = ((x1_top == real(0)) ? real(0) : real(1));  // 0: a vector of zeros
        const real x2_tame = (((x2_top > real(8.673617379884035e-19)) && (x2_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real x2_inverse = ((x2_tame > real(0)) ? ratio_(real(1), x2_top, real(0)) : real(0));  // of few digits
        const real x2_floor = ratio_(least_norm*x2_scale5, x2_top, real(0));  // least length
        const real x2_floor_back = x2_floor*x2_top;
        const real x2_floor_behind = least_norm*x2_scale5 - x2_floor_back;
        const real x2_floor_lo = ((x2_floor < real(1152921504606846976)) ? weighted_(x2_inverse, least_norm_lo*x2_scale5 + x2_floor_behind - two_prod_error(x2_floor, x2_top)) : real(0));
        const real x2_some = ((x2_top == real(0)) ? real(0) : real(1));  // 0: a vector of zeros
        const real tops = x1_top*x2_top;
        Sum x1_coarse_fold;
        Sum x1_fine_fold;
        Sum x2_coarse_fold;
        Sum x2_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real x1_power = x1_part*x1_part;
            const real x1_spill = two_sum_error(real(2)*real(D), x1_power);
            const real x1_grain = x1_power - x1_spill;  // a multiple of one number
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real x2_power = x2_part*x2_part;
            const real x2_spill = two_sum_error(real(2)*real(D), x2_power);
            const real x2_grain = x2_power - x2_spill;  // a multiple of one number
            if (factor != real(0)) x1_coarse_fold.add(lane, x1_grain);
            if (factor != real(0)) x1_fine_fold.add(lane, real(2)*x1_part*x1_rest + two_prod_error(x1_part, x1_part) + x1_spill);
            if (factor != real(0)) x2_coarse_fold.add(lane, x2_grain);
            if (factor != real(0)) x2_fine_fold.add(lane, real(2)*x2_part*x2_rest + two_prod_error(x2_part, x2_part) + x2_spill);
        });
        const real x1_coarse = x1_coarse_fold.result();  // exact in any order
        const real x1_fine = x1_fine_fold.result();  // of the squares, what is left
        const real x2_coarse = x2_coarse_fold.result();  // exact in any order
        const real x2_fine = x2_fine_fold.result();  // of the squares, what is left
        const real x1_squares = x1_coarse + x1_fine;
        const real x1_root = sqrt_(x1_squares);
        const real x1_again = x1_root*x1_root;
        const real x1_short_by = x1_coarse - x1_again;
        const real x1_steep = ratio_(real(1), x1_root, real(0));  // 0 where all numbers are
        const real x1_root_lo = real(0.5)*(x1_fine + x1_short_by - two_prod_error(x1_root, x1_root))*x1_steep;  // what the root lacks
        const real x1_short_hi = x1_floor - x1_root;
        const real x1_short_lo = x1_floor_lo - x1_root_lo;
        const real x1_short = x1_short_hi + x1_short_lo;  // what the norm lacks to the least length
        const real x1_free = ((x1_short > real(0)) ? real(0) : x1_some);  // 0: shorter than what divides
        const real x1_by = ((x1_short > real(0)) ? x1_floor : x1_root);  // what divides, over the largest number
        const real x1_by_lo = ((x1_short > real(0)) ? x1_floor_lo : x1_root_lo);  // what divides, over the largest number
        const real x2_squares = x2_coarse + x2_fine;
        const real x2_root = sqrt_(x2_squares);
        const real x2_again = x2_root*x2_root;
        const real x2_short_by = x2_coarse - x2_again;
        const real x2_steep = ratio_(real(1), x2_root, real(0));  // 0 where all numbers are
        const real x2_root_lo = real(0.5)*(x2_fine + x2_short_by - two_prod_error(x2_root, x2_root))*x2_steep;  // what the root lacks
        const real x2_short_hi = x2_floor - x2_root;
        const real x2_short_lo = x2_floor_lo - x2_root_lo;
        const real x2_short = x2_short_hi + x2_short_lo;  // what the norm lacks to the least length
        const real x2_free = ((x2_short > real(0)) ? real(0) : x2_some);  // 0: shorter than what divides
        const real x2_by = ((x2_short > real(0)) ? x2_floor : x2_root);  // what divides, over the largest number
        const real x2_by_lo = ((x2_short > real(0)) ? x2_floor_lo : x2_root_lo);  // what divides, over the largest number
        const real span = tops*x1_root;
        const real span_lo = x1_root*two_prod_error(x1_top, x2_top) + tops*x1_root_lo + two_prod_error(tops, x1_root);
        Largest reach_fold;
        Sum lean_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real apart_hi = first_hi - second_hi;
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            if (factor != real(0)) reach_fold.offer(lane, abs_(apart_hi));
            if (factor != real(0)) lean_fold.add(lane, second_hi*tilt_hi);
        });
        const real reach = reach_fold.result();  // largest difference, nearly
        const real lean = lean_fold.result();
        const real close = ((((x1_free*x2_free) > real(0)) && ((x1_tame*x2_tame) > real(0)) && (reach < real(6.103515625e-05))) ? real(1) : real(0));  // 1: by products
        Sum sine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            if (factor != real(0)) sine_fold.add(lane, (turn_hi + turn_lo)*(turn_hi + turn_lo));
        });
        const real sine = sine_fold.result();  // squared sine
        const real bow = sine/(real(1) + sqrt_(above_(real(1) - sine, real(0))));  // 1 - cosine
        Largest top_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real delta = near + slip;  // differences of directions
            if (factor != real(0)) top_fold.offer(lane, abs_(delta));
        });
        const real top = top_fold.result();  // largest difference
        const real tame = (((top > real(8.673617379884035e-19)) && (top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real inverse = ((tame > real(0)) ? ratio_(real(1), top, real(0)) : real(0));  // of few digits
        Sum coarse_fold;
        Sum fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real delta = near + slip;  // differences of directions
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

KERNEL contrastive_normalised_grad(
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
        Largest x1_most_fold;
        Largest x2_most_fold;
        over_classes(D, [&](int d, int lane) {
            x1_most_fold.offer(lane, abs_(x1_in(b, d)));
            x2_most_fold.offer(lane, abs_(x2_in(b, d)));
        });
        const real x1_most = x1_most_fold.result();
        const real x2_most = x2_most_fold.result();
        const real x1_scale0 = ((x1_most > real(1.3407807929942597e+154)) ? real(7.458340731200207e-155) : (((x1_most > real(0)) && (x1_most < real(7.458340731200207e-155))) ? real(1.3407807929942597e+154) : real(1)));  // a power of two
        const real x1_scale1 = (((x1_scale0*x1_most) > real(1.157920892373162e+77)) ? real(8.636168555094445e-78)*x1_scale0 : ((((x1_scale0*x1_most) > real(0)) && ((x1_scale0*x1_most) < real(8.636168555094445e-78))) ? real(1.157920892373162e+77)*x1_scale0 : x1_scale0));  // a power of two
        const real x1_scale2 = (((x1_scale1*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale1 : ((((x1_scale1*x1_most) > real(0)) && ((x1_scale1*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale1 : x1_scale1));  // a power of two
        const real x1_scale3 = (((x1_scale2*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale2 : ((((x1_scale2*x1_most) > real(0)) && ((x1_scale2*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale2 : x1_scale2));  // a power of two
        const real x1_scale4 = (((x1_scale3*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale3 : ((((x1_scale3*x1_most) > real(0)) && ((x1_scale3*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale3 : x1_scale3));  // a power of two
        const real x1_scale5 = (((x1_scale4*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale4 : ((((x1_scale4*x1_most) > real(0)) && ((x1_scale4*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale4 : x1_scale4));  // a power of two
        const real x2_scale0 = ((x2_most > real(1.3407807929942597e+154)) ? real(7.458340731200207e-155) : (((x2_most > real(0)) && (x2_most < real(7.458340731200207e-155))) ? real(1.3407807929942597e+154) : real(1)));  // a power of two
        const real x2_scale1 = (((x2_scale0*x2_most) > real(1.157920892373162e+77)) ? real(8.636168555094445e-78)*x2_scale0 : ((((x2_scale0*x2_most) > real(0)) && ((x2_scale0*x2_most) < real(8.636168555094445e-78))) ? real(1.157920892373162e+77)*x2_scale0 : x2_scale0));  // a power of two
        const real x2_scale2 = (((x2_scale1*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale1 : ((((x2_scale1*x2_most) > real(0)) && ((x2_scale1*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale1 : x2_scale1));  // a power of two
        const real x2_scale3 = (((x2_scale2*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale2 : ((((x2_scale2*x2_most) > real(0)) && ((x2_scale2*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale2 : x2_scale2));  // a power of two
        const real x2_scale4 = (((x2_scale3*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale3 : ((((x2_scale3*x2_most) > real(0)) && ((x2_scale3*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale3 : x2_scale3));  // a power of two
        const real x2_scale5 = (((x2_scale4*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale4 : ((((x2_scale4*x2_most) > real(0)) && ((x2_scale4*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale4 : x2_scale4));  // a power of two
        Largest x1_top_fold;
        Largest x2_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x2_even = x2_in(b, d)*x2_scale5;
            x1_top_fold.offer(lane, abs_(x1_even));
            x2_top_fold.offer(lane, abs_(x2_even));
        });
        const real x1_top = x1_top_fold.result();  // largest number
        const real x2_top = x2_top_fold.result();  // largest number
        const real x1_tame = (((x1_top > real(8.673617379884035e-19)) && (x1_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real x1_inverse = ((x1_tame > real(0)) ? ratio_(real(1), x1_top, real(0)) : real(0));  // of few digits
        const real x1_floor = ratio_(least_norm*x1_scale5, x1_top, real(0));  // least length
        const real x1_floor_back = x1_floor*x1_top;
        const real x1_floor_behind = least_norm*x1_scale5 - x1_floor_back;
        const real x1_floor_lo = ((x1_floor < real(1152921504606846976)) ? weighted_(x1_inverse, least_norm_lo*x1_scale5 + x1_floor_behind - two_prod_error(x1_floor, x1_top)) : real(0));
        const real x1_some = ((x1_top == real(0)) ? real(0) : real(1));  // 0: a vector of zeros
        const real x2_tame = (((x2_top > real(8.673617379884035e-19)) && (x2_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real x2_inverse = ((x2_tame > real(0)) ? ratio_(real(1), x2_top, real(0)) : real(0));  // of few digits
        const real x2_floor = ratio_(least_norm*x2_scale5, x2_top, real(0));  // least length
        const real x2_floor_back = x2_floor*x2_top;
        const real x2_floor_behind = least_norm*x2_scale5 - x2_floor_back;
        const real x2_floor_lo = ((x2_floor < real(1152921504606846976)) ? weighted_(x2_inverse, least_norm_lo*x2_scale5 + x2_floor_behind - two_prod_error(x2_floor, x2_top)) : real(0));
        const real x2_some = ((x2_top == real(0)) ? real(0) : real(1));  // 0: a vector of zeros
        const real tops = x1_top*x2_top;
        Sum x1_coarse_fold;
        Sum x1_fine_fold;
        Sum x2_coarse_fold;
        Sum x2_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real x1_power = x1_part*x1_part;
            const real x1_spill = two_sum_error(real(2)*real(D), x1_power);
            const real x1_grain = x1_power - x1_spill;  // a multiple of one number
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real x2_power = x2_part*x2_part;
            const real x2_spill = two_sum_error(real(2)*real(D), x2_power);
            const real x2_grain = x2_power - x2_spill;  // a multiple of one number
            x1_coarse_fold.add(lane, x1_grain);
            x1_fine_fold.add(lane, real(2)*x1_part*x1_rest + two_prod_error(x1_part, x1_part) + x1_spill);
            x2_coarse_fold.add(lane, x2_grain);
            x2_fine_fold.add(lane, real(2)*x2_part*x2_rest + two_prod_error(x2_part, x2_part) + x2_spill);
        });
        const real x1_coarse = x1_coarse_fold.result();  // exact in any order
        const real x1_fine = x1_fine_fold.result();  // of the squares, what is left
        const real x2_coarse = x2_coarse_fold.result();  // exact in any order
        const real x2_fine = x2_fine_fold.result();  // of the squares, what is left
        const real x1_squares = x1_coarse + x1_fine;
        const real x1_root = sqrt_(x1_squares);
        const real x1_again = x1_root*x1_root;
        const real x1_short_by = x1_coarse - x1_again;
        const real x1_steep = ratio_(real(1), x1_root, real(0));  // 0 where all numbers are
        const real x1_root_lo = real(0.5)*(x1_fine + x1_short_by - two_prod_error(x1_root, x1_root))*x1_steep;  // what the root lacks
        const real x1_short_hi = x1_floor - x1_root;
        const real x1_short_lo = x1_floor_lo - x1_root_lo;
        const real x1_short = x1_short_hi + x1_short_lo;  // what the norm lacks to the least length
        const real x1_free = ((x1_short > real(0)) ? real(0) : x1_some);  // 0: shorter than what divides
        const real x1_length = ((x1_free > real(0)) ? x1_root*x1_top : least_norm*x1_scale5);  // what divides
        const real x1_by = ((x1_short > real(0)) ? x1_floor : x1_root);  // what divides, over the largest number
        const real x1_by_lo = ((x1_short > real(0)) ? x1_floor_lo : x1_root_lo);  // what divides, over the largest number
        const real x2_squares = x2_coarse + x2_fine;
        const real x2_root = sqrt_(x2_squares);
        const real x2_again = x2_root*x2_root;
        const real x2_short_by = x2_coarse - x2_again;
        const real x2_steep = ratio_(real(1), x2_root, real(0));  // 0 where all numbers are
        const real x2_root_lo = real(0.5)*(x2_fine + x2_short_by - two_prod_error(x2_root, x2_root))*x2_steep;  // what the root lacks
        const real x2_short_hi = x2_floor - x2_root;
        const real x2_short_lo = x2_floor_lo - x2_root_lo;
        const real x2_short = x2_short_hi + x2_short_lo;  // what the norm lacks to the least length
        const real x2_free = ((x2_short > real(0)) ? real(0) : x2_some);  // 0: shorter than what divides
        const real x2_length = ((x2_free > real(0)) ? x2_root*x2_top : least_norm*x2_scale5);  // what divides
        const real x2_by = ((x2_short > real(0)) ? x2_floor : x2_root);  // what divides, over the largest number
        const real x2_by_lo = ((x2_short > real(0)) ? x2_floor_lo : x2_root_lo);  // what divides, over the largest number
        const real span = tops*x1_root;
        const real span_lo = x1_root*two_prod_error(x1_top, x2_top) + tops*x1_root_lo + two_prod_error(tops, x1_root);
        const real x1_lack = ((x1_some < real(0.5)) ? real(1) : ((x1_short > real(0)) ? (real(1) + ratio_(x1_root, x1_floor, real(0)))*ratio_(x1_short, x1_floor, real(0)) : real(0)));  // of the squared direction to 1
        const real x2_lack = ((x2_some < real(0.5)) ? real(1) : ((x2_short > real(0)) ? (real(1) + ratio_(x2_root, x2_floor, real(0)))*ratio_(x2_short, x2_floor, real(0)) : real(0)));  // of the squared direction to 1
        const real lack_of_both = real(0.5)*x1_lack + real(0.5)*x2_lack;
        Largest reach_fold;
        Sum lean_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real apart_hi = first_hi - second_hi;
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            reach_fold.offer(lane, abs_(apart_hi));
            lean_fold.add(lane, second_hi*tilt_hi);
        });
        const real reach = reach_fold.result();  // largest difference, nearly
        const real lean = lean_fold.result();
        const real close = ((((x1_free*x2_free) > real(0)) && ((x1_tame*x2_tame) > real(0)) && (reach < real(6.103515625e-05))) ? real(1) : real(0));  // 1: by products
        Sum sine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            sine_fold.add(lane, (turn_hi + turn_lo)*(turn_hi + turn_lo));
        });
        const real sine = sine_fold.result();  // squared sine
        const real bow = sine/(real(1) + sqrt_(above_(real(1) - sine, real(0))));  // 1 - cosine
        Largest top_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real delta = near + slip;  // differences of directions
            top_fold.offer(lane, abs_(delta));
        });
        const real top = top_fold.result();  // largest difference
        const real tame = (((top > real(8.673617379884035e-19)) && (top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real inverse = ((tame > real(0)) ? ratio_(real(1), top, real(0)) : real(0));  // of few digits
        Sum coarse_fold;
        Sum fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real delta = near + slip;  // differences of directions
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
        const real square = big + big_lo;  // squared distance
        const real halved = real(0.5)*big;
        const real kappa_hi = halved + lack_of_both;
        const real kappa_lo = two_sum_error(halved, lack_of_both) + real(0.5)*big_lo;
        const real along1_hi = ((x1_free > real(0)) ? kappa_hi : real(0));
        const real along1_lo = ((x1_free > real(0)) ? kappa_lo : real(0));
        const real along2_hi = ((x2_free > real(0)) ? kappa_hi : real(0));
        const real along2_lo = ((x2_free > real(0)) ? kappa_lo : real(0));
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
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real shift1 = along1_hi*first_hi;
            const real across1_hi = near - shift1;
            const real across1_lo = two_diff_error(near, shift1) + slip - along1_hi*first_lo - along1_lo*first_hi - two_prod_error(along1_hi, first_hi);  // rounding errors
            const real across1 = across1_hi + across1_lo;  // at right angles to a direction
            const real shift2 = -(along2_hi*second_hi);
            const real across2_hi = near - shift2;
            const real across2_lo = along2_hi*second_lo + along2_lo*second_hi + two_diff_error(near, shift2) + two_prod_error(along2_hi, second_hi) + slip;  // rounding errors
            const real across2 = across2_hi + across2_lo;  // at right angles to a direction
            const real way1 = across1*ratio_(real(1), distance, real(0));  // 0 where directions coincide
            const real way2 = across2*ratio_(real(1), distance, real(0));  // 0 where directions coincide
            const real x1_bar = real(2)*square_bar*ratio_(across1*x1_scale5, x1_length, real(0)) + distance_bar*ratio_(way1*x1_scale5, x1_length, real(0));
            const real x2_bar = real(2)*square_bar*ratio_(-(across2*x2_scale5), x2_length, real(0)) + distance_bar*ratio_(-(way2*x2_scale5), x2_length, real(0));
            x1_bar_out.store(b, d, x1_bar);
            x2_bar_out.store(b, d, x2_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL contrastive_normalised_hvp(
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
        Largest x1_most_fold;
        Largest x2_most_fold;
        over_classes(D, [&](int d, int lane) {
            x1_most_fold.offer(lane, abs_(x1_in(b, d)));
            x2_most_fold.offer(lane, abs_(x2_in(b, d)));
        });
        const real x1_most = x1_most_fold.result();
        const real x2_most = x2_most_fold.result();
        const real x1_scale0 = ((x1_most > real(1.3407807929942597e+154)) ? real(7.458340731200207e-155) : (((x1_most > real(0)) && (x1_most < real(7.458340731200207e-155))) ? real(1.3407807929942597e+154) : real(1)));  // a power of two
        const real x1_scale1 = (((x1_scale0*x1_most) > real(1.157920892373162e+77)) ? real(8.636168555094445e-78)*x1_scale0 : ((((x1_scale0*x1_most) > real(0)) && ((x1_scale0*x1_most) < real(8.636168555094445e-78))) ? real(1.157920892373162e+77)*x1_scale0 : x1_scale0));  // a power of two
        const real x1_scale2 = (((x1_scale1*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale1 : ((((x1_scale1*x1_most) > real(0)) && ((x1_scale1*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale1 : x1_scale1));  // a power of two
        const real x1_scale3 = (((x1_scale2*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale2 : ((((x1_scale2*x1_most) > real(0)) && ((x1_scale2*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale2 : x1_scale2));  // a power of two
        const real x1_scale4 = (((x1_scale3*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale3 : ((((x1_scale3*x1_most) > real(0)) && ((x1_scale3*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale3 : x1_scale3));  // a power of two
        const real x1_scale5 = (((x1_scale4*x1_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x1_scale4 : ((((x1_scale4*x1_most) > real(0)) && ((x1_scale4*x1_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x1_scale4 : x1_scale4));  // a power of two
        const real x2_scale0 = ((x2_most > real(1.3407807929942597e+154)) ? real(7.458340731200207e-155) : (((x2_most > real(0)) && (x2_most < real(7.458340731200207e-155))) ? real(1.3407807929942597e+154) : real(1)));  // a power of two
        const real x2_scale1 = (((x2_scale0*x2_most) > real(1.157920892373162e+77)) ? real(8.636168555094445e-78)*x2_scale0 : ((((x2_scale0*x2_most) > real(0)) && ((x2_scale0*x2_most) < real(8.636168555094445e-78))) ? real(1.157920892373162e+77)*x2_scale0 : x2_scale0));  // a power of two
        const real x2_scale2 = (((x2_scale1*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale1 : ((((x2_scale1*x2_most) > real(0)) && ((x2_scale1*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale1 : x2_scale1));  // a power of two
        const real x2_scale3 = (((x2_scale2*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale2 : ((((x2_scale2*x2_most) > real(0)) && ((x2_scale2*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale2 : x2_scale2));  // a power of two
        const real x2_scale4 = (((x2_scale3*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale3 : ((((x2_scale3*x2_most) > real(0)) && ((x2_scale3*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale3 : x2_scale3));  // a power of two
        const real x2_scale5 = (((x2_scale4*x2_most) > real(72057594037927936)) ? real(1.3877787807814457e-17)*x2_scale4 : ((((x2_scale4*x2_most) > real(0)) && ((x2_scale4*x2_most) < real(1.3877787807814457e-17))) ? real(72057594037927936)*x2_scale4 : x2_scale4));  // a power of two
        Largest x1_top_fold;
        Largest x2_top_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x2_even = x2_in(b, d)*x2_scale5;
            x1_top_fold.offer(lane, abs_(x1_even));
            x2_top_fold.offer(lane, abs_(x2_even));
        });
        const real x1_top = x1_top_fold.result();  // largest number
        const real x2_top = x2_top_fold.result();  // largest number
        const real x1_tame = (((x1_top > real(8.673617379884035e-19)) && (x1_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real x1_inverse = ((x1_tame > real(0)) ? ratio_(real(1), x1_top, real(0)) : real(0));  // of few digits
        const real x1_floor = ratio_(least_norm*x1_scale5, x1_top, real(0));  // least length
        const real x1_floor_back = x1_floor*x1_top;
        const real x1_floor_behind = least_norm*x1_scale5 - x1_floor_back;
        const real x1_floor_lo = ((x1_floor < real(1152921504606846976)) ? weighted_(x1_inverse, least_norm_lo*x1_scale5 + x1_floor_behind - two_prod_error(x1_floor, x1_top)) : real(0));
        const real x1_some = ((x1_top == real(0)) ? real(0) : real(1));  // 0: a vector of zeros
        const real x2_tame = (((x2_top > real(8.673617379884035e-19)) && (x2_top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real x2_inverse = ((x2_tame > real(0)) ? ratio_(real(1), x2_top, real(0)) : real(0));  // of few digits
        const real x2_floor = ratio_(least_norm*x2_scale5, x2_top, real(0));  // least length
        const real x2_floor_back = x2_floor*x2_top;
        const real x2_floor_behind = least_norm*x2_scale5 - x2_floor_back;
        const real x2_floor_lo = ((x2_floor < real(1152921504606846976)) ? weighted_(x2_inverse, least_norm_lo*x2_scale5 + x2_floor_behind - two_prod_error(x2_floor, x2_top)) : real(0));
        const real x2_some = ((x2_top == real(0)) ? real(0) : real(1));  // 0: a vector of zeros
        const real tops = x1_top*x2_top;
        Sum x1_coarse_fold;
        Sum x1_fine_fold;
        Sum x2_coarse_fold;
        Sum x2_fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real x1_power = x1_part*x1_part;
            const real x1_spill = two_sum_error(real(2)*real(D), x1_power);
            const real x1_grain = x1_power - x1_spill;  // a multiple of one number
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real x2_power = x2_part*x2_part;
            const real x2_spill = two_sum_error(real(2)*real(D), x2_power);
            const real x2_grain = x2_power - x2_spill;  // a multiple of one number
            x1_coarse_fold.add(lane, x1_grain);
            x1_fine_fold.add(lane, real(2)*x1_part*x1_rest + two_prod_error(x1_part, x1_part) + x1_spill);
            x2_coarse_fold.add(lane, x2_grain);
            x2_fine_fold.add(lane, real(2)*x2_part*x2_rest + two_prod_error(x2_part, x2_part) + x2_spill);
        });
        const real x1_coarse = x1_coarse_fold.result();  // exact in any order
        const real x1_fine = x1_fine_fold.result();  // of the squares, what is left
        const real x2_coarse = x2_coarse_fold.result();  // exact in any order
        const real x2_fine = x2_fine_fold.result();  // of the squares, what is left
        const real x1_squares = x1_coarse + x1_fine;
        const real x1_root = sqrt_(x1_squares);
        const real x1_again = x1_root*x1_root;
        const real x1_short_by = x1_coarse - x1_again;
        const real x1_steep = ratio_(real(1), x1_root, real(0));  // 0 where all numbers are
        const real x1_root_lo = real(0.5)*(x1_fine + x1_short_by - two_prod_error(x1_root, x1_root))*x1_steep;  // what the root lacks
        const real x1_short_hi = x1_floor - x1_root;
        const real x1_short_lo = x1_floor_lo - x1_root_lo;
        const real x1_short = x1_short_hi + x1_short_lo;  // what the norm lacks to the least length
        const real x1_free = ((x1_short > real(0)) ? real(0) : x1_some);  // 0: shorter than what divides
        const real x1_length = ((x1_free > real(0)) ? x1_root*x1_top : least_norm*x1_scale5);  // what divides
        const real x1_by = ((x1_short > real(0)) ? x1_floor : x1_root);  // what divides, over the largest number
        const real x1_by_lo = ((x1_short > real(0)) ? x1_floor_lo : x1_root_lo);  // what divides, over the largest number
        const real x2_squares = x2_coarse + x2_fine;
        const real x2_root = sqrt_(x2_squares);
        const real x2_again = x2_root*x2_root;
        const real x2_short_by = x2_coarse - x2_again;
        const real x2_steep = ratio_(real(1), x2_root, real(0));  // 0 where all numbers are
        const real x2_root_lo = real(0.5)*(x2_fine + x2_short_by - two_prod_error(x2_root, x2_root))*x2_steep;  // what the root lacks
        const real x2_short_hi = x2_floor - x2_root;
        const real x2_short_lo = x2_floor_lo - x2_root_lo;
        const real x2_short = x2_short_hi + x2_short_lo;  // what the norm lacks to the least length
        const real x2_free = ((x2_short > real(0)) ? real(0) : x2_some);  // 0: shorter than what divides
        const real x2_length = ((x2_free > real(0)) ? x2_root*x2_top : least_norm*x2_scale5);  // what divides
        const real x2_by = ((x2_short > real(0)) ? x2_floor : x2_root);  // what divides, over the largest number
        const real x2_by_lo = ((x2_short > real(0)) ? x2_floor_lo : x2_root_lo);  // what divides, over the largest number
        const real span = tops*x1_root;
        const real span_lo = x1_root*two_prod_error(x1_top, x2_top) + tops*x1_root_lo + two_prod_error(tops, x1_root);
        const real x1_lack = ((x1_some < real(0.5)) ? real(1) : ((x1_short > real(0)) ? (real(1) + ratio_(x1_root, x1_floor, real(0)))*ratio_(x1_short, x1_floor, real(0)) : real(0)));  // of the squared direction to 1
        const real x2_lack = ((x2_some < real(0.5)) ? real(1) : ((x2_short > real(0)) ? (real(1) + ratio_(x2_root, x2_floor, real(0)))*ratio_(x2_short, x2_floor, real(0)) : real(0)));  // of the squared direction to 1
        const real lack_of_both = real(0.5)*x1_lack + real(0.5)*x2_lack;
        Largest reach_fold;
        Sum lean_fold;
        Sum x1_length_dot0_fold;
        Sum x2_length_dot0_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real first = first_hi + first_lo;  // direction; 0 of a vector of zeros
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real second = second_hi + second_lo;  // direction; 0 of a vector of zeros
            const real apart_hi = first_hi - second_hi;
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            reach_fold.offer(lane, abs_(apart_hi));
            lean_fold.add(lane, second_hi*tilt_hi);
            x1_length_dot0_fold.add(lane, x1_free*first*x1_dot_in(b, d)*x1_scale5);
            x2_length_dot0_fold.add(lane, x2_free*second*x2_dot_in(b, d)*x2_scale5);
        });
        const real reach = reach_fold.result();  // largest difference, nearly
        const real lean = lean_fold.result();
        const real x1_length_dot0 = x1_length_dot0_fold.result();
        const real x2_length_dot0 = x2_length_dot0_fold.result();
        const real close = ((((x1_free*x2_free) > real(0)) && ((x1_tame*x2_tame) > real(0)) && (reach < real(6.103515625e-05))) ? real(1) : real(0));  // 1: by products
        Sum sine_fold;
        Sum kappa_dot0_fold;
        Sum kappa_dot1_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real first = first_hi + first_lo;  // direction; 0 of a vector of zeros
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real second = second_hi + second_lo;  // direction; 0 of a vector of zeros
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real first_dot = ratio_(x1_dot_in(b, d), x1_length, real(0))*x1_scale5 - first*ratio_(x1_length_dot0, x1_length, real(0));
            const real second_dot = ratio_(x2_dot_in(b, d), x2_length, real(0))*x2_scale5 - second*ratio_(x2_length_dot0, x2_length, real(0));
            sine_fold.add(lane, (turn_hi + turn_lo)*(turn_hi + turn_lo));
            kappa_dot0_fold.add(lane, -(first_dot*second));
            kappa_dot1_fold.add(lane, -(first*second_dot));
        });
        const real sine = sine_fold.result();  // squared sine
        const real kappa_dot0 = kappa_dot0_fold.result();
        const real kappa_dot1 = kappa_dot1_fold.result();
        const real bow = sine/(real(1) + sqrt_(above_(real(1) - sine, real(0))));  // 1 - cosine
        const real kappa_dot = kappa_dot0 + kappa_dot1;
        const real along1_dot = kappa_dot*((x1_free > real(0)) ? real(1) : real(0));
        const real along2_dot = kappa_dot*((x2_free > real(0)) ? real(1) : real(0));
        Largest top_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real delta = near + slip;  // differences of directions
            top_fold.offer(lane, abs_(delta));
        });
        const real top = top_fold.result();  // largest difference
        const real tame = (((top > real(8.673617379884035e-19)) && (top < real(1152921504606846976))) ? real(1) : real(0));  // 1: products are exact
        const real inverse = ((tame > real(0)) ? ratio_(real(1), top, real(0)) : real(0));  // of few digits
        Sum coarse_fold;
        Sum fine_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real delta = near + slip;  // differences of directions
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
        const real halved = real(0.5)*big;
        const real kappa_hi = halved + lack_of_both;
        const real kappa_lo = two_sum_error(halved, lack_of_both) + real(0.5)*big_lo;
        const real kappa = kappa_hi + kappa_lo;  // 1 - cosine
        const real along1 = ((x1_free > real(0)) ? kappa : real(0));
        const real along1_hi = ((x1_free > real(0)) ? kappa_hi : real(0));
        const real along1_lo = ((x1_free > real(0)) ? kappa_lo : real(0));
        const real along2 = ((x2_free > real(0)) ? kappa : real(0));
        const real along2_hi = ((x2_free > real(0)) ? kappa_hi : real(0));
        const real along2_lo = ((x2_free > real(0)) ? kappa_lo : real(0));
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
        Sum distance_dot1_fold;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real shift1 = along1_hi*first_hi;
            const real across1_hi = near - shift1;
            const real across1_lo = two_diff_error(near, shift1) + slip - along1_hi*first_lo - along1_lo*first_hi - two_prod_error(along1_hi, first_hi);  // rounding errors
            const real across1 = across1_hi + across1_lo;  // at right angles to a direction
            const real shift2 = -(along2_hi*second_hi);
            const real across2_hi = near - shift2;
            const real across2_lo = along2_hi*second_lo + along2_lo*second_hi + two_diff_error(near, shift2) + two_prod_error(along2_hi, second_hi) + slip;  // rounding errors
            const real across2 = across2_hi + across2_lo;  // at right angles to a direction
            const real way1 = across1*ratio_(real(1), distance, real(0));  // 0 where directions coincide
            const real way2 = across2*ratio_(real(1), distance, real(0));  // 0 where directions coincide
            distance_dot0_fold.add(lane, x1_dot_in(b, d)*ratio_(way1*x1_scale5, x1_length, real(0)));
            distance_dot1_fold.add(lane, x2_dot_in(b, d)*ratio_(-(way2*x2_scale5), x2_length, real(0)));
        });
        const real distance_dot0 = distance_dot0_fold.result();
        const real distance_dot1 = distance_dot1_fold.result();
        const real distance_dot = distance_dot0 + distance_dot1;
        const real nearness_dot = -distance_dot;
        const real lack_dot = nearness_dot*step_(nearness, real(0));
        const real lack_bar_dot = lack_dot*((linear == real(0)) ? ((legacy == real(0)) ? real(2)*push_bar : real(0)) : real(0));
        const real nearness_bar_dot = lack_bar_dot*step_(nearness, real(0));
        const real distance_bar_dot = -nearness_bar_dot;
        over_classes(D, [&](int d, int lane) {
            const real x1_even = x1_in(b, d)*x1_scale5;
            const real x1_part = ratio_(x1_even, x1_top, real(0));  // from -1 to 1
            const real x1_product = x1_part*x1_top;
            const real x1_behind = x1_even - x1_product;
            const real x1_left = x1_behind - two_prod_error(x1_part, x1_top);
            const real x1_rest = weighted_(x1_inverse, x1_left);  // what the part lacks
            const real first_hi = ratio_(x1_part, x1_by, real(0));
            const real first_back = x1_by*first_hi;
            const real first_behind = x1_part - first_back;
            const real first_lo = ((x1_by < real(1152921504606846976)) ? ratio_(first_behind + x1_rest - x1_by_lo*first_hi - two_prod_error(first_hi, x1_by), x1_by, real(0)) : real(0));  // what the quotient lacks
            const real first = first_hi + first_lo;  // direction; 0 of a vector of zeros
            const real x2_even = x2_in(b, d)*x2_scale5;
            const real x2_part = ratio_(x2_even, x2_top, real(0));  // from -1 to 1
            const real x2_product = x2_part*x2_top;
            const real x2_behind = x2_even - x2_product;
            const real x2_left = x2_behind - two_prod_error(x2_part, x2_top);
            const real x2_rest = weighted_(x2_inverse, x2_left);  // what the part lacks
            const real second_hi = ratio_(x2_part, x2_by, real(0));
            const real second_back = x2_by*second_hi;
            const real second_behind = x2_part - second_back;
            const real second_lo = ((x2_by < real(1152921504606846976)) ? ratio_(second_behind + x2_rest - x2_by_lo*second_hi - two_prod_error(second_hi, x2_by), x2_by, real(0)) : real(0));  // what the quotient lacks
            const real second = second_hi + second_lo;  // direction; 0 of a vector of zeros
            const real apart_hi = first_hi - second_hi;
            const real apart_lo = two_diff_error(first_hi, second_hi) + first_lo - second_lo;  // rounding errors
            const real upper = x1_even*x2_top;
            const real lower = x2_even*x1_top;
            const real gap = upper - lower;
            const real gap_lo = two_prod_error(x2_top, x1_even) - two_prod_error(x1_top, x2_even);  // rounding errors
            const real minor = gap + gap_lo;  // 0 of parallel vectors
            const real tilt_hi = ratio_(minor, span, real(0));
            const real tilt_back = span*tilt_hi;
            const real tilt_behind = minor - tilt_back;
            const real tilt_lo = ratio_(two_sum_error(gap, gap_lo) + tilt_behind - span_lo*tilt_hi - two_prod_error(tilt_hi, span), span, real(0));
            const real drop = lean*second_hi;
            const real turn_hi = tilt_hi - drop;  // across the second direction
            const real turn_lo = two_diff_error(tilt_hi, drop) + tilt_lo - lean*second_lo - two_prod_error(lean, second_hi);
            const real bent = bow*second_hi;
            const real tight = turn_hi - bent;
            const real tight_lo = two_diff_error(turn_hi, bent) + turn_lo;
            const real near = ((close > real(0)) ? tight : apart_hi);
            const real slip = ((close > real(0)) ? tight_lo : apart_lo);
            const real shift1 = along1_hi*first_hi;
            const real across1_hi = near - shift1;
            const real across1_lo = two_diff_error(near, shift1) + slip - along1_hi*first_lo - along1_lo*first_hi - two_prod_error(along1_hi, first_hi);  // rounding errors
            const real across1 = across1_hi + across1_lo;  // at right angles to a direction
            const real shift2 = -(along2_hi*second_hi);
            const real across2_hi = near - shift2;
            const real across2_lo = along2_hi*second_lo + along2_lo*second_hi + two_diff_error(near, shift2) + two_prod_error(along2_hi, second_hi) + slip;  // rounding errors
            const real across2 = across2_hi + across2_lo;  // at right angles to a direction
            const real way1 = across1*ratio_(real(1), distance, real(0));  // 0 where directions coincide
            const real way2 = across2*ratio_(real(1), distance, real(0));  // 0 where directions coincide
            const real first_dot = ratio_(x1_dot_in(b, d), x1_length, real(0))*x1_scale5 - first*ratio_(x1_length_dot0, x1_length, real(0));
            const real second_dot = ratio_(x2_dot_in(b, d), x2_length, real(0))*x2_scale5 - second*ratio_(x2_length_dot0, x2_length, real(0));
            const real delta_dot = first_dot - second_dot;
            const real across1_dot = delta_dot - along1*first_dot - along1_dot*first;
            const real across2_dot = along2*second_dot + along2_dot*second + delta_dot;
            const real way1_dot = ratio_(across1_dot, distance, real(0)) - way1*ratio_(distance_dot, distance, real(0));
            const real way2_dot = ratio_(across2_dot, distance, real(0)) - way2*ratio_(distance_dot, distance, real(0));
            const real x1_bar_dot = distance_bar_dot*ratio_(way1*x1_scale5, x1_length, real(0)) + real(2)*square_bar*ratio_(across1_dot, x1_length, real(0))*x1_scale5 + distance_bar*ratio_(way1_dot, x1_length, real(0))*x1_scale5 - real(2)*square_bar*ratio_(across1*x1_scale5, x1_length, real(0))*ratio_(x1_length_dot0, x1_length, real(0)) - distance_bar*ratio_(way1*x1_scale5, x1_length, real(0))*ratio_(x1_length_dot0, x1_length, real(0));
            const real x2_bar_dot = distance_bar_dot*ratio_(-(way2*x2_scale5), x2_length, real(0)) - real(2)*square_bar*ratio_(-(across2*x2_scale5), x2_length, real(0))*ratio_(x2_length_dot0, x2_length, real(0)) - distance_bar*ratio_(-(way2*x2_scale5), x2_length, real(0))*ratio_(x2_length_dot0, x2_length, real(0)) - real(2)*square_bar*ratio_(across2_dot, x2_length, real(0))*x2_scale5 - distance_bar*ratio_(way2_dot, x2_length, real(0))*x2_scale5;
            x1_bar_dot_out.store(b, d, x1_bar_dot);
            x2_bar_dot_out.store(b, d, x2_bar_dot);
        });
    });
}
