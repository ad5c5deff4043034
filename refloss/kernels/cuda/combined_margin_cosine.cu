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
//     again: factor of the logit beyond the border (default 1.0)
//     level: how often 1 + m3 is subtracted there (default 0.0)
//     drops: 1: the angle has no margin where the cosine has one (default 0.0)
//     cos_margin: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         0.955336489125606)
//     cos_margin_lo: what cos_margin lacks (default 4.1935600297907467e-17)
//     sin_margin: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         0.29552020666133955)
//     sin_margin_lo: what sin_margin lacks (default 1.8315357276792536e-17)
//     zero_after: cosine_margin*cos(pi*degrees*margin/180 + margin*(1 - degrees)) + sqrt((1 -
//         cosine_margin)*(cosine_margin + 1))*sin(pi*degrees*margin/180 + margin*(1 -
//         degrees)), rounded (default 0.48061678382596773)
//     zero_after_lo: what zero_after lacks (default -2.1329752784256254e-18)
//     zero_before: cosine_margin*cos(pi*degrees*margin/180 + margin*(1 - degrees)) - sqrt((1 -
//         cosine_margin)*(cosine_margin + 1))*sin(pi*degrees*margin/180 + margin*(1 -
//         degrees)), rounded (default -0.0984821881757253)
//     zero_before_lo: what zero_before lacks (default -4.288974257581483e-18)
//     border: -cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         -0.955336489125606)
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

KERNEL combined_margin_cosine_value(
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
        const real along = cos_margin*kept;
        const real across = sin_margin*sine;
        const real base = along - cosine_margin;
        const real lowered = (((across*base) > real(0)) ? (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base) : base - across);  // less the cosine's margin
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real alone = ((cosine_margin > real(0)) ? drops : real(0));  // whether the angle has no margin
        const real taken = ((alone > real(0)) ? kept - cosine_margin : bent);
        const real logit = taken;
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

KERNEL combined_margin_cosine_grad(
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
        const real along = cos_margin*kept;
        const real across = sin_margin*sine;
        const real lift = cos_margin*sine;
        const real turn = sin_margin*kept;
        const real steep = (((lift*turn) < real(0)) ? (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine : ratio_(turn, sine, real(0)) + cos_margin);  // slope of raw
        const real base = along - cosine_margin;
        const real lowered = (((across*base) > real(0)) ? (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base) : base - across);  // less the cosine's margin
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real alone = ((cosine_margin > real(0)) ? drops : real(0));  // whether the angle has no margin
        const real taken = ((alone > real(0)) ? kept - cosine_margin : bent);
        const real logit = taken;
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
        const real taken_bar = (attached == real(0) ? real(0) : goal_bar);
        const real bent_bar = ((alone > real(0)) ? real(0) : taken_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real kept_bar = (real(1) - attached)*goal_bar + lowered_bar*steep + ((alone > real(0)) ? taken_bar : real(0));
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

KERNEL combined_margin_cosine_hvp(
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
        const real along = cos_margin*kept;
        const real across = sin_margin*sine;
        const real lift = cos_margin*sine;
        const real turn = sin_margin*kept;
        const real steep = (((lift*turn) < real(0)) ? (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine : ratio_(turn, sine, real(0)) + cos_margin);  // slope of raw
        const real base = along - cosine_margin;
        const real lowered = (((across*base) > real(0)) ? (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base) : base - across);  // less the cosine's margin
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real alone = ((cosine_margin > real(0)) ? drops : real(0));  // whether the angle has no margin
        const real taken = ((alone > real(0)) ? kept - cosine_margin : bent);
        const real logit = taken;
        const real logits_at_target = logit;  // before the scale
        const real nll_bar = class_weight_in(target)*loss_bar;
        const real own_dot = cosine_dot_in(b, target);
        const real capped_dot = own_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real steep_dot = kept_dot*ratio_(ratio_(ratio_(sin_margin, sine, real(0)), sine, real(0)), sine, real(0));
        const real lowered_dot = kept_dot*steep;
        const real bent_dot = lowered_dot*((room > real(0)) ? real(1) : again);
        const real taken_dot = bent_dot*((alone > real(0)) ? real(0) : real(1)) + kept_dot*((alone > real(0)) ? real(1) : real(0));
        const real logit_dot = (real(1) - attached)*kept_dot + (attached == real(0) ? real(0) : taken_dot);
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
        const real taken_bar = (attached == real(0) ? real(0) : goal_bar);
        const real bent_bar = ((alone > real(0)) ? real(0) : taken_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real miss_dot = mass_at_target*(rest_dot/total/total) - mass_dot_at_target/total;
        const real scaled_bar_dot_at_target = -(miss_dot*nll_bar);
        const real logits_bar_dot_at_target = scale*scaled_bar_dot_at_target;
        const real goal_bar_dot = logits_bar_dot_at_target;
        const real taken_bar_dot = (attached == real(0) ? real(0) : goal_bar_dot);
        const real bent_bar_dot = taken_bar_dot*((alone > real(0)) ? real(0) : real(1));
        const real lowered_bar_dot = bent_bar_dot*((room > real(0)) ? real(1) : again);
        const real kept_bar_dot = (real(1) - attached)*goal_bar_dot + taken_bar_dot*((alone > real(0)) ? real(1) : real(0)) + lowered_bar*steep_dot + lowered_bar_dot*steep;
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
