// CosFace logit: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = scale (c - margin)
//
// Subgradients
//     none: a straight line; a cosine at its limit has the slope of one inside.
//
// Constants
//     limit: the largest size of a cosine (default 2.0)
//     most: limit, rounded (default 2.0)
//     most_lo: what most lacks (default 0.0)
//     margin: what is subtracted from the cosine (default 0.35)
//     scale: what the logit is multiplied by (default 1.0)
//
// Source
//     Wang et al., CosFace, CVPR 2018, arXiv 1801.09414; AM-Softmax, arXiv 1801.05599.

KERNEL cosface_logit_value(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        const real over = cosine - most - most_lo;
        const real under = -cosine - most - most_lo;
        const real capped = ((over > real(0)) ? most : cosine);
        const real kept = ((under > real(0)) ? -most : capped);  // cosine, cut
        const real logit = kept - margin;
        const real loss = scale*logit;
        loss_out.store(i, loss);
    });
}

KERNEL cosface_logit_grad(
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
        const real logit = kept - margin;
        const real loss = scale*logit;
        const real logit_bar = scale*loss_bar;
        const real capped_bar = ((under > real(0)) ? real(0) : logit_bar);
        const real cosine_bar = ((over > real(0)) ? real(0) : capped_bar);
        loss_out.store(i, loss);
        cosine_bar_out.store(i, cosine_bar);
    });
}

KERNEL cosface_logit_hvp(
    size items, ARRAY(cosine) cosine_in, ARRAY(loss_bar) loss_bar_in, ARRAY(cosine_dot)
    cosine_dot_in, ARRAY(cosine_bar_dot) cosine_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real cosine;
        cosine_in.load(i, cosine);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real cosine_dot;
        cosine_dot_in.load(i, cosine_dot);
        const real cosine_bar_dot = real(0);
        cosine_bar_dot_out.store(i, cosine_bar_dot);
    });
}
