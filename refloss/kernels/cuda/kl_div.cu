// Kullback-Leibler divergence, term by term,: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight t (log t - log_probs);  t = target, or exp(target) where targets are logarithms
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//
// Source
//     Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951).
//     torch.nn.functional.kl_div.

KERNEL kl_div_value(
    size items, ARRAY(log_probs) log_probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real log_probs;
        log_probs_in.load(i, log_probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real held = ((target > real(0)) ? target : real(1));  // 1 where the target is 0
        const real surplus = log_(held) - log_probs;  // of logarithms
        const real term = weighted_(target, surplus);
        const real loss = weighted_(weight, term);
        loss_out.store(i, loss);
    });
}

KERNEL kl_div_grad(
    size items, ARRAY(log_probs) log_probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(log_probs_bar) log_probs_bar_out,
    ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real log_probs;
        log_probs_in.load(i, log_probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real held = ((target > real(0)) ? target : real(1));  // 1 where the target is 0
        const real surplus = log_(held) - log_probs;  // of logarithms
        const real term = weighted_(target, surplus);
        const real loss = weighted_(weight, term);
        const real term_bar = loss_bar*weight;
        const real log_probs_bar_unmasked = -(target*term_bar);
        const real log_probs_bar = ((weight == real(0)) ? real(0) : log_probs_bar_unmasked);
        const real target_bar_unmasked = (step_(target, real(0)) + surplus)*term_bar;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        log_probs_bar_out.store(i, log_probs_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL kl_div_hvp(
    size items, ARRAY(log_probs) log_probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(log_probs_dot) log_probs_dot_in, ARRAY(target_dot)
    target_dot_in, ARRAY(log_probs_bar_dot) log_probs_bar_dot_out, ARRAY(target_bar_dot)
    target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real log_probs;
        log_probs_in.load(i, log_probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real log_probs_dot;
        log_probs_dot_in.load(i, log_probs_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real term_bar = loss_bar*weight;
        const real surplus_dot = ratio_(target_dot, target, real(0)) - log_probs_dot;
        const real log_probs_bar_unmasked_dot = -(target_dot*term_bar);
        const real log_probs_bar_dot = ((weight == real(0)) ? real(0) : log_probs_bar_unmasked_dot);
        const real target_bar_unmasked_dot = surplus_dot*term_bar;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        log_probs_bar_dot_out.store(i, log_probs_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
