// Combined margin over given cosines: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = -w_y log softmax(z)_y,  z_y = scale psi(c_y), z_j = scale c_j
//     psi: as of combined_margin_logit, without its scale
//
// Subgradients
//     of the softmax none; of the logit: where the sine is 0 scale cos m2; with a multiple
//     scale m1^2 cos m2 at 1 and -scale m1^2 cos(m1 pi + m2) at -1. That beyond the border at
//     the border.
//
// Constants
//     everywhere: 1: the cosines of all classes are cut, not the target's alone (default 0.0)
//     limit: the largest size of a cosine (default 2.0)
//     most: limit, rounded (default 2.0)
//     most_lo: what most lacks (default 0.0)
//     margin: the angle that is added (default 0.3)
//     degrees: 1: the angle is in degrees (default 0.0)
//     cosine_margin: what is subtracted from the cosine (default 0.2)
//     multiple: what multiplies the angle (default 1.0)
//     again: factor of the logit beyond the border (default 1.0)
//     level: how often 1 + m3 is subtracted there (default 0.0)
//     added: pi*degrees*margin/180 + margin*(1 - degrees), rounded (default 0.3)
//     added_lo: what added lacks (default 0.0)
//     cosine_zero1: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
//         sqrt(cosine_margin + 1)))/multiple))), rounded (default 0.2)
//     cosine_zero1_lo: what cosine_zero1 lacks (default 0.0)
//     sine_zero1: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
//         sqrt(cosine_margin + 1)))/multiple))), rounded (default 0.9797958971132712)
//     sine_zero1_lo: what sine_zero1 lacks (default 4.006950647993939e-17)
//     at_zero1: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
//         (default 0.48061678382596773)
//     at_zero1_lo: what at_zero1 lacks (default -2.1329752784256254e-18)
//     rise_zero1: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
//         (default 0.8769307310755982)
//     rise_zero1_lo: what rise_zero1 lacks (default -2.910427305324835e-17)
//     cosine_zero2: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) - 2*atan2(sqrt(1 - cosine_margin),
//         sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.955336489125606)
//     cosine_zero2_lo: what cosine_zero2 lacks (default -4.1935600297907467e-17)
//     sine_zero2: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) - 2*atan2(sqrt(1 - cosine_margin),
//         sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.29552020666133955)
//     sine_zero2_lo: what sine_zero2 lacks (default -1.8315357276792536e-17)
//     at_zero2: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
//         rounded (default -1.0)
//     at_zero2_lo: what at_zero2 lacks (default 0.0)
//     rise_zero2: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
//         rounded (default 0.0)
//     rise_zero2_lo: what rise_zero2 lacks (default 0.0)
//     cosine_zero3: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
//         sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.955336489125606)
//     cosine_zero3_lo: what cosine_zero3 lacks (default -4.1935600297907467e-17)
//     sine_zero3: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
//         sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.29552020666133955)
//     sine_zero3_lo: what sine_zero3 lacks (default -1.8315357276792536e-17)
//     at_zero3: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
//         rounded (default -1.0)
//     at_zero3_lo: what at_zero3 lacks (default 0.0)
//     rise_zero3: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
//         rounded (default 0.0)
//     rise_zero3_lo: what rise_zero3 lacks (default 0.0)
//     level1: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
//         multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
//         (default 0.0)
//     level1_lo: what level1 lacks (default 0.0)
//     level2: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
//         multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
//         rounded (default -1.155336489125606)
//     level2_lo: what level2 lacks (default -9.744675152916529e-17)
//     level3: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
//         multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
//         rounded (default -1.155336489125606)
//     level3_lo: what level3 lacks (default -9.744675152916529e-17)
//     cosine_turn0: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         0.955336489125606)
//     cosine_turn0_lo: what cosine_turn0 lacks (default 4.1935600297907467e-17)
//     sine_turn0: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         0.29552020666133955)
//     sine_turn0_lo: what sine_turn0 lacks (default 1.8315357276792536e-17)
//     cosine_turn1: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple))), rounded (default
//         -1.0)
//     cosine_turn1_lo: what cosine_turn1 lacks (default 0.0)
//     sine_turn1: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple))), rounded (default
//         0.0)
//     sine_turn1_lo: what sine_turn1 lacks (default 0.0)
//     at_turn1: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         pi)/multiple))), rounded (default -0.955336489125606)
//     at_turn1_lo: what at_turn1 lacks (default -4.1935600297907467e-17)
//     rise_turn1: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         pi)/multiple))), rounded (default 0.29552020666133955)
//     rise_turn1_lo: what rise_turn1 lacks (default 1.8315357276792536e-17)
//     cosine_turn2: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*pi)/multiple))), rounded (default
//         -0.955336489125606)
//     cosine_turn2_lo: what cosine_turn2 lacks (default -4.1935600297907467e-17)
//     sine_turn2: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
//         (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*pi)/multiple))), rounded (default
//         -0.29552020666133955)
//     sine_turn2_lo: what sine_turn2 lacks (default -1.8315357276792536e-17)
//     at_turn2: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*pi)/multiple))), rounded (default -1.0)
//     at_turn2_lo: what at_turn2 lacks (default 0.0)
//     rise_turn2: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
//         2*pi)/multiple))), rounded (default 0.0)
//     rise_turn2_lo: what rise_turn2 lacks (default 0.0)
//     cosine_turn3: cos(pi*degrees*margin/180 + margin*(1 - degrees) + pi*multiple), rounded
//         (default -0.955336489125606)
//     cosine_turn3_lo: what cosine_turn3 lacks (default -4.1935600297907467e-17)
//     sine_turn3: sin(pi*degrees*margin/180 + margin*(1 - degrees) + pi*multiple), rounded
//         (default -0.29552020666133955)
//     sine_turn3_lo: what sine_turn3 lacks (default -1.8315357276792536e-17)
//     border: cos((-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple), rounded
//         (default -0.955336489125606)
//     border_lo: what border lacks (default -4.1935600297907467e-17)
//     offset: level*(cosine_margin + 1), rounded (default 0.0)
//     offset_lo: what offset lacks (default 0.0)
//     attached: 0: the derivative is 1 (default 1.0)
//     roof: everywhere*(limit - 2) + 2, rounded (default 2.0)
//     roof_lo: what roof lacks (default 0.0)
//     scale: what multiplies the cosines (default 64.0)
//     scale_lo: what scale lacks (default 0.0)
//
// Source
//     Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.

KERNEL combined_multiple_cosine_value(
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
        const real spare = ((over > real(0)) ? most_lo : real(0));
        const real owed = ((under > real(0)) ? -most_lo : spare);  // that kept lacks
        const real sine = sqrt_(above_((real(1) - kept - owed)*(real(1) + kept + owed), real(0)));  // of the angle
        const real inner = ((sine > real(0)) ? kept : ((kept > real(0)) ? real(1) : real(-1)));  // cosine of the angle
        const real inner_rest = ((sine > real(0)) ? owed : real(0));  // that inner lacks
        const real zero_before1 = kept - at_turn1;
        const real zero_before2 = kept - at_turn2;
        const real zero_at = ((zero_before1 > real(0)) ? at_zero1 : ((zero_before2 > real(0)) ? at_zero2 : at_zero3));
        const real zero_at_rest = ((zero_before1 > real(0)) ? at_zero1_lo : ((zero_before2 > real(0)) ? at_zero2_lo : at_zero3_lo));
        const real zero_rise = ((zero_before1 > real(0)) ? rise_zero1 : ((zero_before2 > real(0)) ? rise_zero2 : rise_zero3));
        const real zero_cosine = ((zero_before1 > real(0)) ? cosine_zero1 : ((zero_before2 > real(0)) ? cosine_zero2 : cosine_zero3));
        const real zero_sine = ((zero_before1 > real(0)) ? sine_zero1 : ((zero_before2 > real(0)) ? sine_zero2 : sine_zero3));
        const real zero_apart = zero_at - inner;  // exact near the mark
        const real zero_apart_rest = zero_at_rest - inner_rest;
        const real zero_half = multiple*atan2_(zero_apart + zero_apart_rest, sine + zero_rise);  // of the multiple of the way from the mark
        const real zero_half_sine = sin_(zero_half);
        const real zero_half_cosine = cos_(zero_half);
        const real zero_level = ((zero_before1 > real(0)) ? level1 : ((zero_before2 > real(0)) ? level2 : level3));
        const real lowered = zero_level - real(2)*(zero_cosine*zero_half_sine + zero_half_cosine*zero_sine)*zero_half_sine;  // less the cosine's margin
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real logit = bent;
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

KERNEL combined_multiple_cosine_grad(
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
        const real spare = ((over > real(0)) ? most_lo : real(0));
        const real owed = ((under > real(0)) ? -most_lo : spare);  // that kept lacks
        const real sine = sqrt_(above_((real(1) - kept - owed)*(real(1) + kept + owed), real(0)));  // of the angle
        const real inner = ((sine > real(0)) ? kept : ((kept > real(0)) ? real(1) : real(-1)));  // cosine of the angle
        const real inner_rest = ((sine > real(0)) ? owed : real(0));  // that inner lacks
        const real zero_before1 = kept - at_turn1;
        const real zero_before2 = kept - at_turn2;
        const real zero_at = ((zero_before1 > real(0)) ? at_zero1 : ((zero_before2 > real(0)) ? at_zero2 : at_zero3));
        const real zero_at_rest = ((zero_before1 > real(0)) ? at_zero1_lo : ((zero_before2 > real(0)) ? at_zero2_lo : at_zero3_lo));
        const real zero_rise = ((zero_before1 > real(0)) ? rise_zero1 : ((zero_before2 > real(0)) ? rise_zero2 : rise_zero3));
        const real zero_cosine = ((zero_before1 > real(0)) ? cosine_zero1 : ((zero_before2 > real(0)) ? cosine_zero2 : cosine_zero3));
        const real zero_sine = ((zero_before1 > real(0)) ? sine_zero1 : ((zero_before2 > real(0)) ? sine_zero2 : sine_zero3));
        const real zero_apart = zero_at - inner;  // exact near the mark
        const real zero_apart_rest = zero_at_rest - inner_rest;
        const real zero_half = multiple*atan2_(zero_apart + zero_apart_rest, sine + zero_rise);  // of the multiple of the way from the mark
        const real zero_half_sine = sin_(zero_half);
        const real zero_half_cosine = cos_(zero_half);
        const real zero_level = ((zero_before1 > real(0)) ? level1 : ((zero_before2 > real(0)) ? level2 : level3));
        const real lowered = zero_level - real(2)*(zero_cosine*zero_half_sine + zero_half_cosine*zero_sine)*zero_half_sine;  // less the cosine's margin
        const real turn_before1 = real(2)*kept - real(1) - at_turn1;
        const real turn_before2 = real(2)*kept - at_turn1 - at_turn2;
        const real turn_before3 = real(1) + real(2)*kept - at_turn2;
        const real turn_at = ((turn_before1 > real(0)) ? real(1) : ((turn_before2 > real(0)) ? at_turn1 : ((turn_before3 > real(0)) ? at_turn2 : real(-1))));
        const real turn_at_rest = ((turn_before1 > real(0)) ? real(0) : ((turn_before2 > real(0)) ? at_turn1_lo : ((turn_before3 > real(0)) ? at_turn2_lo : real(0))));
        const real turn_rise = ((turn_before1 > real(0)) ? real(0) : ((turn_before2 > real(0)) ? rise_turn1 : ((turn_before3 > real(0)) ? rise_turn2 : real(0))));
        const real turn_cosine = ((turn_before1 > real(0)) ? cosine_turn0 : ((turn_before2 > real(0)) ? cosine_turn1 : ((turn_before3 > real(0)) ? cosine_turn2 : cosine_turn3)));
        const real turn_sine = ((turn_before1 > real(0)) ? sine_turn0 : ((turn_before2 > real(0)) ? sine_turn1 : ((turn_before3 > real(0)) ? sine_turn2 : sine_turn3)));
        const real turn_apart = turn_at - inner;  // exact near the mark
        const real turn_apart_rest = turn_at_rest - inner_rest;
        const real turn_half = multiple*atan2_(turn_apart + turn_apart_rest, sine + turn_rise);  // of the multiple of the way from the mark
        const real turn_half_sine = sin_(turn_half);
        const real turn_half_cosine = cos_(turn_half);
        const real bent_sine = real(2)*(turn_cosine*turn_half_cosine - turn_half_sine*turn_sine)*turn_half_sine + turn_sine;  // sine of the multiple and the margin
        const real end = multiple*((kept > real(0)) ? cosine_turn0 : -cosine_turn3);
        const real steep = multiple*ratio_(bent_sine, sine, end);  // slope of lowered
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real logit = bent;
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
        const real bent_bar = (attached == real(0) ? real(0) : goal_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real kept_bar = (real(1) - attached)*goal_bar + lowered_bar*steep;
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

KERNEL combined_multiple_cosine_hvp(
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
        const real spare = ((over > real(0)) ? most_lo : real(0));
        const real owed = ((under > real(0)) ? -most_lo : spare);  // that kept lacks
        const real sine = sqrt_(above_((real(1) - kept - owed)*(real(1) + kept + owed), real(0)));  // of the angle
        const real inner = ((sine > real(0)) ? kept : ((kept > real(0)) ? real(1) : real(-1)));  // cosine of the angle
        const real inner_rest = ((sine > real(0)) ? owed : real(0));  // that inner lacks
        const real zero_before1 = kept - at_turn1;
        const real zero_before2 = kept - at_turn2;
        const real zero_at = ((zero_before1 > real(0)) ? at_zero1 : ((zero_before2 > real(0)) ? at_zero2 : at_zero3));
        const real zero_at_rest = ((zero_before1 > real(0)) ? at_zero1_lo : ((zero_before2 > real(0)) ? at_zero2_lo : at_zero3_lo));
        const real zero_rise = ((zero_before1 > real(0)) ? rise_zero1 : ((zero_before2 > real(0)) ? rise_zero2 : rise_zero3));
        const real zero_cosine = ((zero_before1 > real(0)) ? cosine_zero1 : ((zero_before2 > real(0)) ? cosine_zero2 : cosine_zero3));
        const real zero_sine = ((zero_before1 > real(0)) ? sine_zero1 : ((zero_before2 > real(0)) ? sine_zero2 : sine_zero3));
        const real zero_apart = zero_at - inner;  // exact near the mark
        const real zero_apart_rest = zero_at_rest - inner_rest;
        const real zero_half = multiple*atan2_(zero_apart + zero_apart_rest, sine + zero_rise);  // of the multiple of the way from the mark
        const real zero_half_sine = sin_(zero_half);
        const real zero_half_cosine = cos_(zero_half);
        const real zero_level = ((zero_before1 > real(0)) ? level1 : ((zero_before2 > real(0)) ? level2 : level3));
        const real lowered = zero_level - real(2)*(zero_cosine*zero_half_sine + zero_half_cosine*zero_sine)*zero_half_sine;  // less the cosine's margin
        const real turn_before1 = real(2)*kept - real(1) - at_turn1;
        const real turn_before2 = real(2)*kept - at_turn1 - at_turn2;
        const real turn_before3 = real(1) + real(2)*kept - at_turn2;
        const real turn_at = ((turn_before1 > real(0)) ? real(1) : ((turn_before2 > real(0)) ? at_turn1 : ((turn_before3 > real(0)) ? at_turn2 : real(-1))));
        const real turn_at_rest = ((turn_before1 > real(0)) ? real(0) : ((turn_before2 > real(0)) ? at_turn1_lo : ((turn_before3 > real(0)) ? at_turn2_lo : real(0))));
        const real turn_rise = ((turn_before1 > real(0)) ? real(0) : ((turn_before2 > real(0)) ? rise_turn1 : ((turn_before3 > real(0)) ? rise_turn2 : real(0))));
        const real turn_cosine = ((turn_before1 > real(0)) ? cosine_turn0 : ((turn_before2 > real(0)) ? cosine_turn1 : ((turn_before3 > real(0)) ? cosine_turn2 : cosine_turn3)));
        const real turn_sine = ((turn_before1 > real(0)) ? sine_turn0 : ((turn_before2 > real(0)) ? sine_turn1 : ((turn_before3 > real(0)) ? sine_turn2 : sine_turn3)));
        const real turn_apart = turn_at - inner;  // exact near the mark
        const real turn_apart_rest = turn_at_rest - inner_rest;
        const real turn_half = multiple*atan2_(turn_apart + turn_apart_rest, sine + turn_rise);  // of the multiple of the way from the mark
        const real turn_half_sine = sin_(turn_half);
        const real turn_half_cosine = cos_(turn_half);
        const real bent_sine = real(2)*(turn_cosine*turn_half_cosine - turn_half_sine*turn_sine)*turn_half_sine + turn_sine;  // sine of the multiple and the margin
        const real bent_cosine = turn_cosine - real(2)*(turn_cosine*turn_half_sine + turn_half_cosine*turn_sine)*turn_half_sine;  // its cosine
        const real end = multiple*((kept > real(0)) ? cosine_turn0 : -cosine_turn3);
        const real steep = multiple*ratio_(bent_sine, sine, end);  // slope of lowered
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real logit = bent;
        const real logits_at_target = logit;  // before the scale
        const real nll_bar = class_weight_in(target)*loss_bar;
        const real own_dot = cosine_dot_in(b, target);
        const real capped_dot = own_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real lowered_dot = kept_dot*steep;
        const real steep_dot = kept_dot*ratio_(ratio_(ratio_(multiple*bent_sine*kept, sine, real(0)), sine, real(0)), sine, real(0)) - kept_dot*ratio_(ratio_((multiple*multiple)*bent_cosine, sine, real(0)), sine, real(0));
        const real bent_dot = lowered_dot*((room > real(0)) ? real(1) : again);
        const real logit_dot = (real(1) - attached)*kept_dot + (attached == real(0) ? real(0) : bent_dot);
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
        const real bent_bar = (attached == real(0) ? real(0) : goal_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real miss_dot = mass_at_target*(rest_dot/total/total) - mass_dot_at_target/total;
        const real scaled_bar_dot_at_target = -(miss_dot*nll_bar);
        const real logits_bar_dot_at_target = scale*scaled_bar_dot_at_target;
        const real goal_bar_dot = logits_bar_dot_at_target;
        const real bent_bar_dot = (attached == real(0) ? real(0) : goal_bar_dot);
        const real lowered_bar_dot = bent_bar_dot*((room > real(0)) ? real(1) : again);
        const real kept_bar_dot = (real(1) - attached)*goal_bar_dot + lowered_bar*steep_dot + lowered_bar_dot*steep;
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
