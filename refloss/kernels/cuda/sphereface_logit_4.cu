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

NUMBER(turn1, 0x1.6a09e667f3bcdp-1, 0x1.6a09e60000000p-1f)  // sqrt(2)/2
NUMBER(turn1_lo, -0x1.bdd3413b26456p-55, 0x1.9fcef40000000p-27f)  // Rest(sqrt(2)/2)
NUMBER(turn3, -0x1.6a09e667f3bcdp-1, -0x1.6a09e60000000p-1f)  // -sqrt(2)/2
NUMBER(turn3_lo, 0x1.bdd3413b26456p-55, -0x1.9fcef40000000p-27f)  // Rest(-sqrt(2)/2)
NUMBER(zero1, 0x1.d906bcf328d46p-1, 0x1.d906bc0000000p-1f)  // sqrt(sqrt(2)/4 + 1/2)
NUMBER(zero1_lo, 0x1.457e610231ac2p-56, 0x1.e651a80000000p-26f)  // Rest(sqrt(sqrt(2)/4 + 1/2))
NUMBER(zero2, 0x1.87de2a6aea963p-2, 0x1.87de2a0000000p-2f)  // sqrt(1/2 - sqrt(2)/4)
NUMBER(zero2_lo, -0x1.72cedd3d5a610p-57, 0x1.abaa580000000p-28f)  // Rest(sqrt(1/2 - sqrt(2)/4))
NUMBER(zero3, -0x1.87de2a6aea963p-2, -0x1.87de2a0000000p-2f)  // -sqrt(1/2 - sqrt(2)/4)
NUMBER(zero3_lo, 0x1.72cedd3d5a610p-57, -0x1.abaa580000000p-28f)  // Rest(-sqrt(1/2 - sqrt(2)/4))
NUMBER(zero4, -0x1.d906bcf328d46p-1, -0x1.d906bc0000000p-1f)  // -sqrt(sqrt(2)/4 + 1/2)
NUMBER(zero4_lo, -0x1.457e610231ac2p-56, -0x1.e651a80000000p-26f)  // Rest(-sqrt(sqrt(2)/4 + 1/2))
NUMBER(bend1, 0x1.a20bd700c2c3ep-2, 0x1.a20bd80000000p-2f)  // sqrt(6)/6
NUMBER(bend1_lo, -0x1.fde99f28943c7p-61, -0x1.fe7a780000000p-27f)  // Rest(sqrt(6)/6)
NUMBER(bend2, -0x1.a20bd700c2c3ep-2, -0x1.a20bd80000000p-2f)  // -sqrt(6)/6
NUMBER(bend2_lo, 0x1.fde99f28943c7p-61, 0x1.fe7a780000000p-27f)  // Rest(-sqrt(6)/6)

KERNEL sphereface_logit_4_value(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        const real over = cosine - most - most_lo;
        const real under = -cosine - most - most_lo;
        const real capped = ((over > real(0)) ? most : cosine);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real gap1 = kept - turn1 - turn1_lo;
        const real gap2 = kept;
        const real gap3 = kept - turn3 - turn3_lo;
        const real away1 = kept - zero1 - zero1_lo;
        const real away2 = kept - zero2 - zero2_lo;
        const real away3 = kept - zero3 - zero3_lo;
        const real away4 = kept - zero4 - zero4_lo;
        const real multiple = real(8)*away1*away2*away3*away4;  // cosine of 4 theta
        const real side = ((gap1 > real(0)) ? real(1) : ((gap2 > real(0)) ? real(-1) : ((gap3 > real(0)) ? real(1) : real(-1))));  // 1 where it falls
        const real level = ((gap1 > real(0)) ? real(0) : ((gap2 > real(0)) ? real(2) : ((gap3 > real(0)) ? real(4) : real(6))));  // twice the turns before
        const real fallen = ((falls == real(0)) ? multiple : multiple*side - level);
        const real blend = (annealing*kept + fallen)/(real(1) + annealing);
        const real logit = blend;
        const real loss = scale*logit;
        loss_out.store(i, loss);
    });
}

KERNEL sphereface_logit_4_grad(
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
        const real gap1 = kept - turn1 - turn1_lo;
        const real gap3 = kept - turn3 - turn3_lo;
        const real away1 = kept - zero1 - zero1_lo;
        const real away2 = kept - zero2 - zero2_lo;
        const real away3 = kept - zero3 - zero3_lo;
        const real away4 = kept - zero4 - zero4_lo;
        const real climb = real(32)*gap1*gap3*kept;  // its slope
        const real multiple = real(8)*away1*away2*away3*away4;  // cosine of 4 theta
        const real side = ((gap1 > real(0)) ? real(1) : ((kept > real(0)) ? real(-1) : ((gap3 > real(0)) ? real(1) : real(-1))));  // 1 where it falls
        const real level = ((gap1 > real(0)) ? real(0) : ((kept > real(0)) ? real(2) : ((gap3 > real(0)) ? real(4) : real(6))));  // twice the turns before
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

KERNEL sphereface_logit_4_hvp(
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
        const real gap1 = kept - turn1 - turn1_lo;
        const real gap3 = kept - turn3 - turn3_lo;
        const real side = ((gap1 > real(0)) ? real(1) : ((kept > real(0)) ? real(-1) : ((gap3 > real(0)) ? real(1) : real(-1))));  // 1 where it falls
        const real logit_bar = scale*loss_bar;
        const real blend_bar = (attached == real(0) ? real(0) : logit_bar);
        const real fallen_bar = blend_bar/(real(1) + annealing);
        const real multiple_bar = ((falls == real(0)) ? fallen_bar : fallen_bar*side);
        const real capped_dot = cosine_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real climb_dot = real(96)*(kept - bend1 - bend1_lo)*(kept - bend2 - bend2_lo)*kept_dot;
        const real kept_bar_dot = climb_dot*multiple_bar;
        const real capped_bar_dot = kept_bar_dot*((under > real(0)) ? real(0) : real(1));
        const real cosine_bar_dot = capped_bar_dot*((over > real(0)) ? real(0) : real(1));
        cosine_bar_dot_out.store(i, cosine_bar_dot);
    });
}
