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
//     scale: what the logit is multiplied by (default 1.0)
//
// Source
//     Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.

KERNEL combined_margin_logit_value(
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
        const real along = cos_margin*kept;
        const real across = sin_margin*sine;
        const real base = along - cosine_margin;
        const real lowered = (((across*base) > real(0)) ? (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base) : base - across);  // less the cosine's margin
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? lowered : again*lowered - offset - offset_lo);
        const real alone = ((cosine_margin > real(0)) ? drops : real(0));  // whether the angle has no margin
        const real taken = ((alone > real(0)) ? kept - cosine_margin : bent);
        const real logit = taken;
        const real loss = scale*logit;
        loss_out.store(i, loss);
    });
}

KERNEL combined_margin_logit_grad(
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
        const real loss = scale*logit;
        const real logit_bar = scale*loss_bar;
        const real taken_bar = (attached == real(0) ? real(0) : logit_bar);
        const real bent_bar = ((alone > real(0)) ? real(0) : taken_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real kept_bar = (real(1) - attached)*logit_bar + lowered_bar*steep + ((alone > real(0)) ? taken_bar : real(0));
        const real capped_bar = ((under > real(0)) ? real(0) : kept_bar);
        const real cosine_bar = ((over > real(0)) ? real(0) : capped_bar);
        loss_out.store(i, loss);
        cosine_bar_out.store(i, cosine_bar);
    });
}

KERNEL combined_margin_logit_hvp(
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
        const real room = kept - border - border_lo;  // to the border
        const real alone = ((cosine_margin > real(0)) ? drops : real(0));  // whether the angle has no margin
        const real logit_bar = scale*loss_bar;
        const real taken_bar = (attached == real(0) ? real(0) : logit_bar);
        const real bent_bar = ((alone > real(0)) ? real(0) : taken_bar);
        const real lowered_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real capped_dot = cosine_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real steep_dot = kept_dot*ratio_(ratio_(ratio_(sin_margin, sine, real(0)), sine, real(0)), sine, real(0));
        const real kept_bar_dot = lowered_bar*steep_dot;
        const real capped_bar_dot = kept_bar_dot*((under > real(0)) ? real(0) : real(1));
        const real cosine_bar_dot = capped_bar_dot*((over > real(0)) ? real(0) : real(1));
        cosine_bar_dot_out.store(i, cosine_bar_dot);
    });
}
