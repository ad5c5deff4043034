// ArcFace logit: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     raw = c cos m - s sin m = cos(theta + m);  s = sqrt((1 - c) (1 + c)), 0 beyond 1
//     loss = scale raw where c > border, else scale (slope c + again raw - offset)
//
// Subgradients
//     scale cos m where the sine is 0; that beyond the border at the border.
//
// Constants
//     limit: the largest size of a cosine (default 2.0)
//     most: limit, rounded (default 2.0)
//     most_lo: what most lacks (default 0.0)
//     margin: the angle that is added (default 0.5)
//     degrees: 1: the margin is in degrees (default 0.0)
//     share: share of the margin in the border (default 1.0)
//     bound: 0: the border is the cosine 0 (default 1.0)
//     clipped: 1: the angle is clipped (default 0.0)
//     clip: least angle (default 1e-05)
//     slope: factor of the cosine beyond the border (default 0.0)
//     again: factor of cos(theta + m) beyond the border (default 1.0)
//     lost: factor of m sin m that is subtracted there (default 0.0)
//     level: what is subtracted there (default 0.0)
//     cos_margin: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         0.8775825618903728)
//     cos_margin_lo: what cos_margin lacks (default -4.2623149864279997e-17)
//     sin_margin: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
//         0.479425538604203)
//     sin_margin_lo: what sin_margin lacks (default -5.103969860556013e-18)
//     border: -bound*cos(clip*clipped + share*(pi*degrees*margin/180 + margin*(1 - degrees))),
//         rounded (default -0.8775825618903728)
//     border_lo: what border lacks (default 4.2623149864279997e-17)
//     offset: level*cos(clip*clipped) + lost*(pi*degrees*margin/180 + margin*(1 -
//         degrees))*sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default 0.0)
//     offset_lo: what offset lacks (default 0.0)
//     early: clipped*(clip*clipped - pi*degrees*margin/180 - margin*(1 - degrees)), rounded
//         (default 0.0)
//     early_lo: what early lacks (default 0.0)
//     brink: cos(-clip*clipped + pi*degrees*margin/180 + margin*(1 - degrees)), rounded
//         (default 0.8775825618903728)
//     brink_lo: what brink lacks (default -4.2623149864279997e-17)
//     peak: cos(clip*clipped), rounded (default 1.0)
//     peak_lo: what peak lacks (default 0.0)
//     attached: 0: the derivative is 1 (default 1.0)
//     scale: what the logit is multiplied by (default 1.0)
//
// Source
//     Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698.

KERNEL arcface_logit_value(
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
        const real raw = (((across*along) > real(0)) ? (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along) : along - across);  // cosine of both angles
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? raw : again*raw + slope*kept - offset - offset_lo);
        const real headroom = ((early > real(0)) ? kept - brink - brink_lo : real(-1));  // to the crest, if there is one
        const real topped = ((headroom > real(0)) ? peak + peak_lo : bent);
        const real logit = topped;
        const real loss = scale*logit;
        loss_out.store(i, loss);
    });
}

KERNEL arcface_logit_grad(
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
        const real raw = (((across*along) > real(0)) ? (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along) : along - across);  // cosine of both angles
        const real lift = cos_margin*sine;
        const real turn = sin_margin*kept;
        const real steep = (((lift*turn) < real(0)) ? (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine : ratio_(turn, sine, real(0)) + cos_margin);  // slope of raw
        const real room = kept - border - border_lo;  // to the border
        const real bent = ((room > real(0)) ? raw : again*raw + slope*kept - offset - offset_lo);
        const real headroom = ((early > real(0)) ? kept - brink - brink_lo : real(-1));  // to the crest, if there is one
        const real topped = ((headroom > real(0)) ? peak + peak_lo : bent);
        const real logit = topped;
        const real loss = scale*logit;
        const real logit_bar = scale*loss_bar;
        const real topped_bar = (attached == real(0) ? real(0) : logit_bar);
        const real bent_bar = ((headroom > real(0)) ? real(0) : topped_bar);
        const real raw_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real kept_bar = (real(1) - attached)*logit_bar + raw_bar*steep + ((room > real(0)) ? real(0) : slope*bent_bar);
        const real capped_bar = ((under > real(0)) ? real(0) : kept_bar);
        const real cosine_bar = ((over > real(0)) ? real(0) : capped_bar);
        loss_out.store(i, loss);
        cosine_bar_out.store(i, cosine_bar);
    });
}

KERNEL arcface_logit_hvp(
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
        const real headroom = ((early > real(0)) ? kept - brink - brink_lo : real(-1));  // to the crest, if there is one
        const real logit_bar = scale*loss_bar;
        const real topped_bar = (attached == real(0) ? real(0) : logit_bar);
        const real bent_bar = ((headroom > real(0)) ? real(0) : topped_bar);
        const real raw_bar = ((room > real(0)) ? bent_bar : again*bent_bar);
        const real capped_dot = cosine_dot*((over > real(0)) ? real(0) : real(1));
        const real kept_dot = capped_dot*((under > real(0)) ? real(0) : real(1));
        const real steep_dot = kept_dot*ratio_(ratio_(ratio_(sin_margin, sine, real(0)), sine, real(0)), sine, real(0));
        const real kept_bar_dot = raw_bar*steep_dot;
        const real capped_bar_dot = kept_bar_dot*((under > real(0)) ? real(0) : real(1));
        const real cosine_bar_dot = capped_bar_dot*((over > real(0)) ? real(0) : real(1));
        cosine_bar_dot_out.store(i, cosine_bar_dot);
    });
}
