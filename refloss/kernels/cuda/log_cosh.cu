// log cosh: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight log cosh d,  d = inside (pred - target)
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//
// Source
//     keras.losses.log_cosh; optax.log_cosh.

NUMBER(ln2, 0x1.62e42fefa39efp-1, 0x1.62e4300000000p-1f)  // log(2)

KERNEL log_cosh_value(
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
        const real reach = abs_(d);
        const real fall = expm1_(-reach);  // from -1 to 0
        const real close = real(0.5)*(fall*fall)/(real(1) + fall);  // cosh d less 1
        const real excess = ((reach <= real(1)) ? close : (real(1) + fall)*(real(1) + fall));
        const real far = ((reach <= real(1)) ? real(0) : reach - ln2);
        const real bend = log1p_(excess) + far;  // log cosh d: terms >= 0
        const real loss = weighted_(weight, bend);
        loss_out.store(i, loss);
    });
}

KERNEL log_cosh_grad(
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
        const real reach = abs_(d);
        const real sign = real(2)*step_(d, real(0.5)) - real(1);
        const real fall = expm1_(-reach);  // from -1 to 0
        const real close = real(0.5)*(fall*fall)/(real(1) + fall);  // cosh d less 1
        const real excess = ((reach <= real(1)) ? close : (real(1) + fall)*(real(1) + fall));
        const real far = ((reach <= real(1)) ? real(0) : reach - ln2);
        const real bend = log1p_(excess) + far;  // log cosh d: terms >= 0
        const real slope = -((real(2) + fall)*fall*sign/(real(1) + (real(1) + fall)*(real(1) + fall)));  // tanh d
        const real loss = weighted_(weight, bend);
        const real bend_bar = loss_bar*weight;
        const real d_bar = bend_bar*slope;
        const real pred_bar_unmasked = d_bar*inside;
        const real pred_bar = ((weight == real(0)) ? real(0) : pred_bar_unmasked);
        const real target_bar_unmasked = -(d_bar*inside);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        pred_bar_out.store(i, pred_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL log_cosh_hvp(
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
        const real reach = abs_(d);
        const real left = exp_(-reach);  // with its digits where 1 + u has none
        const real bend_bar = loss_bar*weight;
        const real d_dot = inside*pred_dot - inside*target_dot;
        const real slope_dot = real(4)*(left*left)*d_dot/((real(1) + left*left)*(real(1) + left*left));
        const real d_bar_dot = bend_bar*slope_dot;
        const real pred_bar_unmasked_dot = d_bar_dot*inside;
        const real pred_bar_dot = ((weight == real(0)) ? real(0) : pred_bar_unmasked_dot);
        const real target_bar_unmasked_dot = -(d_bar_dot*inside);
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        pred_bar_dot_out.store(i, pred_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
