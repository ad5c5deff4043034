// Smooth L1: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight d^2/(2 beta) where |d| < beta, else weight (|d| - beta/2),  d = inside (pred - target);
//     beta = 1/sigma^2 where sigma is given
//
// Subgradients
//     where beta is 0, 0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1; else
//     none: both arms have one slope at |d| = beta.
//
// Constants
//     beta: where the arms meet (default 1.0)
//     sigma: if not 0, beta is 1/sigma^2 (default 0.0)
//     least_beta: a beta below it counts as 0 (default 0.0)
//
// Source
//     Girshick, Fast R-CNN, ICCV 2015, arXiv 1504.08083, eq. 3.

KERNEL smooth_l1_value(
    size items, ARRAY(pred) pred_in, ARRAY(target) target_in, ARRAY(inside) inside_in,
    ARRAY(weight) weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real pred;
        pred_in.load(i, pred);
        real target;
        target_in.load(i, target);
        real inside;
        inside_in.load(i, inside);
        real weight;
        weight_in.load(i, weight);
        const real d = (pred - target)*inside;  // pred minus target
        const real given = ((sigma == real(0)) ? beta : ratio_(real(1), sigma*sigma, real(0)));
        const real width = ((least_beta > given) ? real(0) : given);  // where the arms meet
        const real held = ((width > abs_(d)) ? d : real(0));  // 0 beyond the parabola: no overflow
        const real steep = ratio_(held, width, real(0));  // slope of the parabola
        const real inner = real(0.5)*d*steep;
        const real loss = weighted_(weight, ((width > abs_(d)) ? inner : abs_(d) - real(0.5)*width));
        loss_out.store(i, loss);
    });
}

KERNEL smooth_l1_grad(
    size items, ARRAY(pred) pred_in, ARRAY(target) target_in, ARRAY(inside) inside_in,
    ARRAY(weight) weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(pred_bar)
    pred_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real pred;
        pred_in.load(i, pred);
        real target;
        target_in.load(i, target);
        real inside;
        inside_in.load(i, inside);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real d = (pred - target)*inside;  // pred minus target
        const real given = ((sigma == real(0)) ? beta : ratio_(real(1), sigma*sigma, real(0)));
        const real width = ((least_beta > given) ? real(0) : given);  // where the arms meet
        const real held = ((width > abs_(d)) ? d : real(0));  // 0 beyond the parabola: no overflow
        const real steep = ratio_(held, width, real(0));  // slope of the parabola
        const real inner = real(0.5)*d*steep;
        const real loss = weighted_(weight, ((width > abs_(d)) ? inner : abs_(d) - real(0.5)*width));
        const real inner_bar = ((width > abs_(d)) ? loss_bar*weight : real(0));
        const real d_bar = inner_bar*steep + ((width > abs_(d)) ? real(0) : (real(2)*step_(d, real(0.5)) - real(1))*loss_bar*weight);
        const real pred_bar_unmasked = d_bar*inside;
        const real pred_bar = ((weight == real(0)) ? real(0) : pred_bar_unmasked);
        const real target_bar_unmasked = -(d_bar*inside);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        pred_bar_out.store(i, pred_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL smooth_l1_hvp(
    size items, ARRAY(pred) pred_in, ARRAY(target) target_in, ARRAY(inside) inside_in,
    ARRAY(weight) weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(pred_dot) pred_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(pred_bar_dot) pred_bar_dot_out, ARRAY(target_bar_dot)
    target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real pred;
        pred_in.load(i, pred);
        real target;
        target_in.load(i, target);
        real inside;
        inside_in.load(i, inside);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real pred_dot;
        pred_dot_in.load(i, pred_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real d = (pred - target)*inside;  // pred minus target
        const real given = ((sigma == real(0)) ? beta : ratio_(real(1), sigma*sigma, real(0)));
        const real width = ((least_beta > given) ? real(0) : given);  // where the arms meet
        const real inner_bar = ((width > abs_(d)) ? loss_bar*weight : real(0));
        const real d_dot = inside*pred_dot - inside*target_dot;
        const real held_dot = d_dot*((width > abs_(d)) ? real(1) : real(0));
        const real steep_dot = ratio_(held_dot, width, real(0));
        const real d_bar_dot = inner_bar*steep_dot;
        const real pred_bar_unmasked_dot = d_bar_dot*inside;
        const real pred_bar_dot = ((weight == real(0)) ? real(0) : pred_bar_unmasked_dot);
        const real target_bar_unmasked_dot = -(d_bar_dot*inside);
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        pred_bar_dot_out.store(i, pred_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
