// L1, the absolute difference: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight |d|,  d = inside (pred - target)
//
// Subgradients
//     0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1.
//
// Constants
//
// Source
//     Laplace 1774; torch.nn.functional.l1_loss, keras MeanAbsoluteError.

KERNEL l1_value(
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
        const real loss = weighted_(weight, abs_(d));
        loss_out.store(i, loss);
    });
}

KERNEL l1_grad(
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
        const real loss = weighted_(weight, abs_(d));
        const real d_bar = (real(2)*step_(d, real(0.5)) - real(1))*loss_bar*weight;
        const real pred_bar_unmasked = d_bar*inside;
        const real pred_bar = ((weight == real(0)) ? real(0) : pred_bar_unmasked);
        const real target_bar_unmasked = -(d_bar*inside);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        pred_bar_out.store(i, pred_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL l1_hvp(
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
        const real pred_bar_dot = real(0);
        const real target_bar_dot = real(0);
        pred_bar_dot_out.store(i, pred_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
