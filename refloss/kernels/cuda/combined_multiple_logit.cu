// Combined-margin logit: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     psi = c cos m2 - s sin m2 - m3;  s = sqrt((1 - c) (1 + c)), 0 beyond 1
//     form='multiplied': psi = cos(m1 theta + m2) - m3;  theta = atan2(s, c)
//     loss = scale psi where c > border, else scale (again psi - offset)
//
// Subgradients
//     where the sine is 0 scale cos m2; with a multiple scale m1^2 cos m2 at 1 and -scale m1^2
//     cos(m1 pi + m2) at -1. That beyond the border at the border.
//
// Constants
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
//     scale: what the logit is multiplied by (default 1.0)
//
// Source
//     Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.

KERNEL combined_multiple_logit_value(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        const real over = cosine - most - most_lo;
        const real under = -cosine - most - most_lo;
        const real capped = ((over > real(0)) ? most : cosine);
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
        const real loss = scale*logit;
        loss_out.store(i, loss);
    });
}

KERNEL combined_multiple_logit_grad(
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
        const real loss = scale*logit;
        const real logit_bar = scale*loss_bar;
        const real bent_bar = (attached == real(0) ? real(0) : logit_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real kept_bar = (real(1) - attached)*logit_bar + lowered_bar*steep;
        const real capped_bar = ((under > real(0)) ? real(0) : kept_bar);
        const real cosine_bar = ((over > real(0)) ? real(0) : capped_bar);
        loss_out.store(i, loss);
        cosine_bar_out.store(i, cosine_bar);
    });
}

KERNEL combined_multiple_logit_hvp(
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
        const real spare = ((over > real(0)) ? most_lo : real(0));
        const real owed = ((under > real(0)) ? -most_lo : spare);  // that kept lacks
        const real sine = sqrt_(above_((real(1) - kept - owed)*(real(1) + kept + owed), real(0)));  // of the angle
        const real inner = ((sine > real(0)) ? kept : ((kept > real(0)) ? real(1) : real(-1)));  // cosine of the angle
        const real inner_rest = ((sine > real(0)) ? owed : real(0));  // that inner lacks
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
        const real room = kept - border - border_lo;  // to the border
        const real logit_bar = scale*loss_bar;
        const real bent_bar = (attached == real(0) ? real(0) : logit_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real capped_dot = cosine_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real steep_dot = kept_dot*ratio_(ratio_(ratio_(multiple*bent_sine*kept, sine, real(0)), sine, real(0)), sine, real(0)) - kept_dot*ratio_(ratio_((multiple*multiple)*bent_cosine, sine, real(0)), sine, real(0));
        const real kept_bar_dot = lowered_bar*steep_dot;
        const real capped_bar_dot = kept_bar_dot*((under > real(0)) ? real(0) : real(1));
        const real cosine_bar_dot = capped_bar_dot*((over > real(0)) ? real(0) : real(1));
        cosine_bar_dot_out.store(i, cosine_bar_dot);
    });
}
