// SphereFace over given cosines: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = -w_y log softmax(z)_y,  z_y = scale psi(c_y), z_j = scale c_j
//     psi: as of sphereface_logit, without its scale
//
// Subgradients
//     of the softmax none; of the logit: none: the slope is 0 on both sides of every border.
//     The second derivative there is that beyond it.
//
// Constants
//     everywhere: 1: the cosines of all classes are cut, not the target's alone (default 0.0)
//     limit: the largest size of a cosine (default 2.0)
//     most: limit, rounded (default 2.0)
//     most_lo: what most lacks (default 0.0)
//     falls: 0: the cosine of the multiple, which rises again (default 1.0)
//     annealing: how many times the cosine counts beside psi (default 0.0)
//     attached: 0: the derivative is 1 (default 1.0)
//     roof: everywhere*(limit - 2) + 2, rounded (default 2.0)
//     roof_lo: what roof lacks (default 0.0)
//     scale: what multiplies the cosines (default 1.0)
//     scale_lo: what scale lacks (default 0.0)
//
// Source
//     Liu et al., L-Softmax, ICML 2016, arXiv 1612.02295; SphereFace, CVPR 2017, arXiv
//     1704.08063.

NUMBER(zero1, 0x1.bb67ae8584caap-1, 0x1.bb67ae0000000p-1f)  // sqrt(3)/2
NUMBER(zero1_lo, 0x1.cec95d0b5c1e3p-55, 0x1.0b09960000000p-26f)  // Rest(sqrt(3)/2)
NUMBER(zero3, -0x1.bb67ae8584caap-1, -0x1.bb67ae0000000p-1f)  // -sqrt(3)/2
NUMBER(zero3_lo, -0x1.cec95d0b5c1e3p-55, -0x1.0b09960000000p-26f)  // Rest(-sqrt(3)/2)

KERNEL sphereface_cosine_3_value(
    size B, size C, ARRAY(cosine) cosine_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            return;
        }
        const int target = target_in(b);
        const real own = cosine_in(b, target);  // cosine of the target
        const real over = own - most - most_lo;
        const real under = -own - most - most_lo;
        const real capped = ((over > real(0)) ? most : own);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real gap1 = kept - real(0.5);
        const real gap2 = real(0.5) + kept;
        const real away1 = kept - zero1 - zero1_lo;
        const real away2 = kept;
        const real away3 = kept - zero3 - zero3_lo;
        const real multiple = real(4)*away1*away2*away3;  // cosine of 3 theta
        const real side = ((gap1 > real(0)) ? real(1) : ((gap2 > real(0)) ? real(-1) : real(1)));  // 1 where it falls
        const real level = ((gap1 > real(0)) ? real(0) : ((gap2 > real(0)) ? real(2) : real(4)));  // twice the turns before
        const real fallen = ((falls == real(0)) ? multiple : multiple*side - level);
        const real blend = (annealing*kept + fallen)/(real(1) + annealing);
        const real logit = blend;
        const real goal = logit;  // logit of the target, before the scale
        const real logits_at_target = goal;  // before the scale
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? goal : rival);  // before the scale
            first_fold.offer(lane, logits, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real low_at_first = -cosine_in(b, first) - roof - roof_lo;
        const real high_at_first = cosine_in(b, first) - roof - roof_lo;
        const real roofed_at_first = ((high_at_first > real(0)) ? roof : cosine_in(b, first));
        const real rival_at_first = ((low_at_first > real(0)) ? -roof : roofed_at_first);  // cosine of another class, cut
        const real logits_at_first = ((first == target) ? goal : rival_at_first);  // before the scale
        const real top = logits_at_first;  // largest logit
        const real lag = scale*(top - logits_at_target);  // at least 0
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? goal : rival);  // before the scale
            const real apart = logits - top;  // at most 0
            const real drop = scale*apart;  // at most 0
            const real slip = max_number_(scale*two_diff_error(logits, top) + two_prod_error(scale, apart) - weighted_(scale_lo, top - logits), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real loss = weighted_(class_weight_in(target), nll);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL sphereface_cosine_3_grad(
    size B, size C, ARRAY(cosine) cosine_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(cosine_bar)
    cosine_bar_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            over_classes(C, [&](int c, int lane) { cosine_bar_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real own = cosine_in(b, target);  // cosine of the target
        const real over = own - most - most_lo;
        const real under = -own - most - most_lo;
        const real capped = ((over > real(0)) ? most : own);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real gap1 = kept - real(0.5);
        const real gap2 = real(0.5) + kept;
        const real away1 = kept - zero1 - zero1_lo;
        const real away3 = kept - zero3 - zero3_lo;
        const real climb = real(12)*gap1*gap2;  // its slope
        const real multiple = real(4)*away1*away3*kept;  // cosine of 3 theta
        const real side = ((gap1 > real(0)) ? real(1) : ((gap2 > real(0)) ? real(-1) : real(1)));  // 1 where it falls
        const real level = ((gap1 > real(0)) ? real(0) : ((gap2 > real(0)) ? real(2) : real(4)));  // twice the turns before
        const real fallen = ((falls == real(0)) ? multiple : multiple*side - level);
        const real blend = (annealing*kept + fallen)/(real(1) + annealing);
        const real logit = blend;
        const real logits_at_target = logit;  // before the scale
        const real nll_bar = class_weight_in(target)*loss_bar;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? logit : rival);  // before the scale
            first_fold.offer(lane, logits, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real low_at_first = -cosine_in(b, first) - roof - roof_lo;
        const real high_at_first = cosine_in(b, first) - roof - roof_lo;
        const real roofed_at_first = ((high_at_first > real(0)) ? roof : cosine_in(b, first));
        const real rival_at_first = ((low_at_first > real(0)) ? -roof : roofed_at_first);  // cosine of another class, cut
        const real logits_at_first = ((first == target) ? logit : rival_at_first);  // before the scale
        const real top = logits_at_first;  // largest logit
        const real lag = scale*(top - logits_at_target);  // at least 0
        const real apart_at_target = logits_at_target - top;  // at most 0
        const real drop_at_target = scale*apart_at_target;  // at most 0
        const real slip_at_target = max_number_(scale*two_diff_error(logits_at_target, top) + two_prod_error(scale, apart_at_target) - weighted_(scale_lo, top - logits_at_target), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? logit : rival);  // before the scale
            const real apart = logits - top;  // at most 0
            const real drop = scale*apart;  // at most 0
            const real slip = max_number_(scale*two_diff_error(logits, top) + two_prod_error(scale, apart) - weighted_(scale_lo, top - logits), real(-1));
            const real tail = cosine_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real loss = weighted_(class_weight_in(target), nll);
        const real scaled_bar_at_target = -(miss*nll_bar);
        const real logits_bar_at_target = scale*scaled_bar_at_target;
        const real goal_bar = logits_bar_at_target;
        const real blend_bar = (attached == real(0) ? real(0) : goal_bar);
        const real fallen_bar = blend_bar/(real(1) + annealing);
        const real multiple_bar = ((falls == real(0)) ? fallen_bar : fallen_bar*side);
        const real kept_bar = (real(1) - attached)*goal_bar + climb*multiple_bar + annealing*blend_bar/(real(1) + annealing);
        const real capped_bar = ((under > real(0)) ? real(0) : kept_bar);
        const real own_bar = ((over > real(0)) ? real(0) : capped_bar);
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? logit : rival);  // before the scale
            const real apart = logits - top;  // at most 0
            const real drop = scale*apart;  // at most 0
            const real slip = max_number_(scale*two_diff_error(logits, top) + two_prod_error(scale, apart) - weighted_(scale_lo, top - logits), real(-1));
            const real tail = cosine_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scaled_bar = ((c == target) ? -(miss*nll_bar) : mass*(nll_bar/total));
            const real logits_bar = scale*scaled_bar;
            const real rival_bar = ((c == target) ? real(0) : logits_bar);
            const real roofed_bar = ((low > real(0)) ? real(0) : rival_bar);
            const real cosine_bar = ((high > real(0)) ? real(0) : roofed_bar) + ((c == target) ? own_bar : real(0));
            cosine_bar_out.store(b, c, cosine_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL sphereface_cosine_3_hvp(
    size B, size C, ARRAY(cosine) cosine_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(cosine_dot) cosine_dot_in,
    ARRAY(cosine_bar_dot) cosine_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            over_classes(C, [&](int c, int lane) { cosine_bar_dot_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real own = cosine_in(b, target);  // cosine of the target
        const real over = own - most - most_lo;
        const real under = -own - most - most_lo;
        const real capped = ((over > real(0)) ? most : own);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real gap1 = kept - real(0.5);
        const real gap2 = real(0.5) + kept;
        const real away1 = kept - zero1 - zero1_lo;
        const real away3 = kept - zero3 - zero3_lo;
        const real climb = real(12)*gap1*gap2;  // its slope
        const real multiple = real(4)*away1*away3*kept;  // cosine of 3 theta
        const real side = ((gap1 > real(0)) ? real(1) : ((gap2 > real(0)) ? real(-1) : real(1)));  // 1 where it falls
        const real level = ((gap1 > real(0)) ? real(0) : ((gap2 > real(0)) ? real(2) : real(4)));  // twice the turns before
        const real fallen = ((falls == real(0)) ? multiple : multiple*side - level);
        const real blend = (annealing*kept + fallen)/(real(1) + annealing);
        const real logit = blend;
        const real logits_at_target = logit;  // before the scale
        const real nll_bar = class_weight_in(target)*loss_bar;
        const real own_dot = cosine_dot_in(b, target);
        const real capped_dot = own_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real climb_dot = real(24)*kept*kept_dot;
        const real multiple_dot = climb*kept_dot;
        const real fallen_dot = multiple_dot*((falls == real(0)) ? real(1) : side);
        const real blend_dot = fallen_dot/(real(1) + annealing) + annealing*kept_dot/(real(1) + annealing);
        const real logit_dot = (real(1) - attached)*kept_dot + (attached == real(0) ? real(0) : blend_dot);
        const real logits_dot_at_target = logit_dot;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? logit : rival);  // before the scale
            if (scale != real(0)) first_fold.offer(lane, logits, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real low_at_first = -cosine_in(b, first) - roof - roof_lo;
        const real high_at_first = cosine_in(b, first) - roof - roof_lo;
        const real roofed_at_first = ((high_at_first > real(0)) ? roof : cosine_in(b, first));
        const real rival_at_first = ((low_at_first > real(0)) ? -roof : roofed_at_first);  // cosine of another class, cut
        const real logits_at_first = ((first == target) ? logit : rival_at_first);  // before the scale
        const real top = logits_at_first;  // largest logit
        const real apart_at_target = logits_at_target - top;  // at most 0
        const real drop_at_target = scale*apart_at_target;  // at most 0
        const real slip_at_target = max_number_(scale*two_diff_error(logits_at_target, top) + two_prod_error(scale, apart_at_target) - weighted_(scale_lo, top - logits_at_target), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        const real roofed_dot_at_first = cosine_dot_in(b, first)*((high_at_first > real(0)) ? real(0) : real(1));
        const real rival_dot_at_first = roofed_dot_at_first*((low_at_first > real(0)) ? real(0) : real(1));
        const real logits_dot_at_first = rival_dot_at_first*((first == target) ? real(0) : real(1)) + logit_dot*((first == target) ? real(1) : real(0));
        const real top_dot = logits_dot_at_first;
        const real apart_dot_at_target = logits_dot_at_target - top_dot;
        const real drop_dot_at_target = scale*apart_dot_at_target;
        const real tail_dot_at_target = drop_dot_at_target*tail_at_target;
        const real mass_dot_at_target = tail_dot_at_target*((first == target) ? real(0) : real(1));
        Sum rest_fold;
        Sum rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? logit : rival);  // before the scale
            const real apart = logits - top;  // at most 0
            const real drop = scale*apart;  // at most 0
            const real slip = max_number_(scale*two_diff_error(logits, top) + two_prod_error(scale, apart) - weighted_(scale_lo, top - logits), real(-1));
            const real tail = cosine_bar_dot_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real roofed_dot = cosine_dot_in(b, c)*((high > real(0)) ? real(0) : real(1));
            const real rival_dot = roofed_dot*((low > real(0)) ? real(0) : real(1));
            const real logits_dot = rival_dot*((c == target) ? real(0) : real(1)) + logit_dot*((c == target) ? real(1) : real(0));
            const real apart_dot = logits_dot - top_dot;
            const real drop_dot = scale*apart_dot;
            const real tail_dot = drop_dot*tail;
            if (scale != real(0)) rest_fold.add(lane, tail);
            if (scale != real(0)) rest_dot_fold.add(lane, tail_dot);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real rest_dot = rest_dot_fold.result();
        const real total = real(1) + rest;
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real scaled_bar_at_target = -(miss*nll_bar);
        const real logits_bar_at_target = scale*scaled_bar_at_target;
        const real goal_bar = logits_bar_at_target;
        const real blend_bar = (attached == real(0) ? real(0) : goal_bar);
        const real fallen_bar = blend_bar/(real(1) + annealing);
        const real multiple_bar = ((falls == real(0)) ? fallen_bar : fallen_bar*side);
        const real miss_dot = mass_at_target*(rest_dot/total/total) - mass_dot_at_target/total;
        const real scaled_bar_dot_at_target = -(miss_dot*nll_bar);
        const real logits_bar_dot_at_target = scale*scaled_bar_dot_at_target;
        const real goal_bar_dot = logits_bar_dot_at_target;
        const real blend_bar_dot = (attached == real(0) ? real(0) : goal_bar_dot);
        const real fallen_bar_dot = blend_bar_dot/(real(1) + annealing);
        const real multiple_bar_dot = fallen_bar_dot*((falls == real(0)) ? real(1) : side);
        const real kept_bar_dot = (real(1) - attached)*goal_bar_dot + climb*multiple_bar_dot + climb_dot*multiple_bar + annealing*blend_bar_dot/(real(1) + annealing);
        const real capped_bar_dot = kept_bar_dot*((under > real(0)) ? real(0) : real(1));
        const real own_bar_dot = capped_bar_dot*((over > real(0)) ? real(0) : real(1));
        over_classes(C, [&](int c, int lane) {
            const real high = cosine_in(b, c) - roof - roof_lo;
            const real low = -cosine_in(b, c) - roof - roof_lo;
            const real roofed = ((high > real(0)) ? roof : cosine_in(b, c));
            const real rival = ((low > real(0)) ? -roof : roofed);  // cosine of another class, cut
            const real logits = ((c == target) ? logit : rival);  // before the scale
            const real apart = logits - top;  // at most 0
            const real drop = scale*apart;  // at most 0
            const real slip = max_number_(scale*two_diff_error(logits, top) + two_prod_error(scale, apart) - weighted_(scale_lo, top - logits), real(-1));
            const real tail = cosine_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real roofed_dot = cosine_dot_in(b, c)*((high > real(0)) ? real(0) : real(1));
            const real rival_dot = roofed_dot*((low > real(0)) ? real(0) : real(1));
            const real logits_dot = rival_dot*((c == target) ? real(0) : real(1)) + logit_dot*((c == target) ? real(1) : real(0));
            const real apart_dot = logits_dot - top_dot;
            const real drop_dot = scale*apart_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real scaled_bar_dot = miss_dot*((c == target) ? -nll_bar : real(0)) + ((c == target) ? real(0) : mass_dot*(nll_bar/total)) + ((c == target) ? real(0) : -(mass*(nll_bar/total)*(rest_dot/total)));
            const real logits_bar_dot = scale*scaled_bar_dot;
            const real rival_bar_dot = logits_bar_dot*((c == target) ? real(0) : real(1));
            const real roofed_bar_dot = rival_bar_dot*((low > real(0)) ? real(0) : real(1));
            const real cosine_bar_dot = roofed_bar_dot*((high > real(0)) ? real(0) : real(1)) + own_bar_dot*((c == target) ? real(1) : real(0));
            cosine_bar_dot_out.store(b, c, cosine_bar_dot);
        });
    });
}
