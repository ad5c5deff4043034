// Sigmoid focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
//     poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
//     p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//     least: the sum of the modulators counts at least so much (default 0.0)
//     flows: 1: that sum is differentiated; 0: it is detached (default 1.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, eq. 5.

KERNEL quotient_value(
    size items, ARRAY(total) total_in, ARRAY(modulators) modulators_in, ARRAY(loss) loss_out,
    CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real modulators;
        modulators_in.load(i, modulators);
        const real divisor = ((least > modulators) ? least : modulators);  // at least a given amount
        const real loss = ratio_(total, divisor, real(0));
        loss_out.store(i, loss);
    });
}

KERNEL quotient_grad(
    size items, ARRAY(total) total_in, ARRAY(modulators) modulators_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(total_bar) total_bar_out, ARRAY(modulators_bar)
    modulators_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real modulators;
        modulators_in.load(i, modulators);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real divisor = ((least > modulators) ? least : modulators);  // at least a given amount
        const real loss = ratio_(total, divisor, real(0));
        const real divisor_bar = (flows == real(0) ? real(0) : -(loss*ratio_(loss_bar, divisor, real(0))));
        const real total_bar = ratio_(loss_bar, divisor, real(0));
        const real modulators_bar = ((least > modulators) ? real(0) : divisor_bar);
        loss_out.store(i, loss);
        total_bar_out.store(i, total_bar);
        modulators_bar_out.store(i, modulators_bar);
    });
}

KERNEL quotient_hvp(
    size items, ARRAY(total) total_in, ARRAY(modulators) modulators_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(total_dot) total_dot_in, ARRAY(modulators_dot) modulators_dot_in,
    ARRAY(total_bar_dot) total_bar_dot_out, ARRAY(modulators_bar_dot) modulators_bar_dot_out,
    CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real modulators;
        modulators_in.load(i, modulators);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real total_dot;
        total_dot_in.load(i, total_dot);
        real modulators_dot;
        modulators_dot_in.load(i, modulators_dot);
        const real divisor = ((least > modulators) ? least : modulators);  // at least a given amount
        const real loss = ratio_(total, divisor, real(0));
        const real total_bar = ratio_(loss_bar, divisor, real(0));
        const real divisor_dot = modulators_dot*((least > modulators) ? real(0) : real(1));
        const real loss_dot = ratio_(total_dot, divisor, real(0)) - (flows == real(0) ? real(0) : loss*ratio_(divisor_dot, divisor, real(0)));
        const real divisor_bar_dot = (flows == real(0) ? real(0) : loss*total_bar*ratio_(divisor_dot, divisor, real(0))) - (flows == real(0) ? real(0) : loss_dot*total_bar);
        const real total_bar_dot = (flows == real(0) ? real(0) : -(total_bar*ratio_(divisor_dot, divisor, real(0))));
        const real modulators_bar_dot = divisor_bar_dot*((least > modulators) ? real(0) : real(1));
        total_bar_dot_out.store(i, total_bar_dot);
        modulators_bar_dot_out.store(i, modulators_bar_dot);
    });
}
