// Huber: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight d^2/2 where |d| <= delta, else weight delta (|d| - delta/2);
//     d = inside (pred - target)
//
// Subgradients
//     none: both arms have one slope at |d| = delta.
//
// Constants
//     delta: where the arms meet (default 1.0)
//
// Source
//     Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964), p. 73.

KERNEL huber_value(
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
        const real loss = weighted_(weight, ((delta >= abs_(d)) ? real(0.5)*(d*d) : delta*(abs_(d) - real(0.5)*delta)));
        loss_out.store(i, loss);
    });
}

KERNEL huber_grad(
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
        const real loss = weighted_(weight, ((delta >= abs_(d)) ? real(0.5)*(d*d) : delta*(abs_(d) - real(0.5)*delta)));
        const real d_bar = ((delta >= abs_(d)) ? d*loss_bar*weight : delta*(real(2)*step_(d, real(0.5)) - real(1))*loss_bar*weight);
        const real pred_bar_unmasked = d_bar*inside;
        const real pred_bar = ((weight == real(0)) ? real(0) : pred_bar_unmasked);
        const real target_bar_unmasked = -(d_bar*inside);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        pred_bar_out.store(i, pred_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL huber_hvp(
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
        const real d_dot = inside*pred_dot - inside*target_dot;
        const real d_bar_dot = d_dot*((delta >= abs_(d)) ? loss_bar*weight : real(0));
        const real pred_bar_unmasked_dot = d_bar_dot*inside;
        const real pred_bar_dot = ((weight == real(0)) ? real(0) : pred_bar_unmasked_dot);
        const real target_bar_unmasked_dot = -(d_bar_dot*inside);
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        pred_bar_dot_out.store(i, pred_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
