// SphereFace logit: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     psi = (-1)^k cos(m theta) - 2 k where k pi/m <= theta <= (k + 1) pi/m
//     loss = scale (annealing c + psi)/(1 + annealing); psi = cos(m theta) in its bare form
//
// Subgradients
//     none: the slope is 0 on both sides of every border. The second derivative there is that
//     beyond it.
//
// Constants
//     limit: the largest size of a cosine (default 2.0)
//     most: limit, rounded (default 2.0)
//     most_lo: what most lacks (default 0.0)
//     falls: 0: the cosine of the multiple, which rises again (default 1.0)
//     annealing: how many times the cosine counts beside psi (default 0.0)
//     attached: 0: the derivative is 1 (default 1.0)
//     scale: what the logit is multiplied by (default 1.0)
//
// Source
//     Liu et al., L-Softmax, ICML 2016, arXiv 1612.02295; SphereFace, CVPR 2017, arXiv
//     1704.08063.

NUMBER(zero1, 0x1.6a09e667f3bcdp-1, 0x1.6a09e60000000p-1f)  // sqrt(2)/2
NUMBER(zero1_lo, -0x1.bdd3413b26456p-55, 0x1.9fcef40000000p-27f)  // Rest(sqrt(2)/2)
NUMBER(zero2, -0x1.6a09e667f3bcdp-1, -0x1.6a09e60000000p-1f)  // -sqrt(2)/2
NUMBER(zero2_lo, 0x1.bdd3413b26456p-55, -0x1.9fcef40000000p-27f)  // Rest(-sqrt(2)/2)

KERNEL sphereface_logit_2_value(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        const real over = cosine - most - most_lo;
        const real under = -cosine - most - most_lo;
        const real capped = ((over > real(0)) ? most : cosine);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real gap1 = kept;
        const real away1 = kept - zero1 - zero1_lo;
        const real away2 = kept - zero2 - zero2_lo;
        const real multiple = real(2)*away1*away2;  // cosine of 2 theta
        const real side = ((gap1 > real(0)) ? real(1) : real(-1));  // 1 where it falls
        const real level = ((gap1 > real(0)) ? real(0) : real(2));  // twice the turns before
        const real fallen = ((falls == real(0)) ? multiple : multiple*side - level);
        const real blend = (annealing*kept + fallen)/(real(1) + annealing);
        const real logit = blend;
        const real loss = scale*logit;
        loss_out.store(i, loss);
    });
}

KERNEL sphereface_logit_2_grad(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out,
    ARRAY(cosine_bar) cosine_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real over = cosine - most - most_lo;
        const real under = -cosine - most - most_lo;
        const real capped = ((over > real(0)) ? most : cosine);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real away1 = kept - zero1 - zero1_lo;
        const real away2 = kept - zero2 - zero2_lo;
        const real climb = real(4)*kept;  // its slope
        const real multiple = real(2)*away1*away2;  // cosine of 2 theta
        const real side = ((kept > real(0)) ? real(1) : real(-1));  // 1 where it falls
        const real level = ((kept > real(0)) ? real(0) : real(2));  // twice the turns before
        const real fallen = ((falls == real(0)) ? multiple : multiple*side - level);
        const real blend = (annealing*kept + fallen)/(real(1) + annealing);
        const real logit = blend;
        const real loss = scale*logit;
        const real logit_bar = scale*loss_bar;
        const real blend_bar = (attached == real(0) ? real(0) : logit_bar);
        const real fallen_bar = blend_bar/(real(1) + annealing);
        const real multiple_bar = ((falls == real(0)) ? fallen_bar : fallen_bar*side);
        const real kept_bar = (real(1) - attached)*logit_bar + climb*multiple_bar + annealing*blend_bar/(real(1) + annealing);
        const real capped_bar = ((under > real(0)) ? real(0) : kept_bar);
        const real cosine_bar = ((over > real(0)) ? real(0) : capped_bar);
        loss_out.store(i, loss);
        cosine_bar_out.store(i, cosine_bar);
    });
}

KERNEL sphereface_logit_2_hvp(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss_bar) loss_bar_in, ARRAY(cosine_dot)
    cosine_dot_in, ARRAY(cosine_bar_dot) cosine_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real cosine_dot;
        cosine_dot_in.load(i, cosine_dot);
        const real over = cosine - most - most_lo;
        const real under = -cosine - most - most_lo;
        const real capped = ((over > real(0)) ? most : cosine);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real side = ((kept > real(0)) ? real(1) : real(-1));  // 1 where it falls
        const real logit_bar = scale*loss_bar;
        const real blend_bar = (attached == real(0) ? real(0) : logit_bar);
        const real fallen_bar = blend_bar/(real(1) + annealing);
        const real multiple_bar = ((falls == real(0)) ? fallen_bar : fallen_bar*side);
        const real capped_dot = cosine_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real climb_dot = real(4)*kept_dot;
        const real kept_bar_dot = climb_dot*multiple_bar;
        const real capped_bar_dot = kept_bar_dot*((under > real(0)) ? real(0) : real(1));
        const real cosine_bar_dot = capped_bar_dot*((over > real(0)) ? real(0) : real(1));
        cosine_bar_dot_out.store(i, cosine_bar_dot);
    });
}
