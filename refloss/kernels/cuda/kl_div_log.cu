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

KERNEL kl_div_log_value(
    size items, ARRAY(log_probs) log_probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real log_probs;
        log_probs_in.load(i, log_probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real surplus = target - log_probs;  // of logarithms
        const real root = exp_(real(0.5)*target);  // does not underflow where the term does not
        const real felt = root*surplus;
        const real term = felt*root;
        const real loss = weighted_(weight, term);
        loss_out.store(i, loss);
    });
}

KERNEL kl_div_log_grad(
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
        const real surplus = target - log_probs;  // of logarithms
        const real root = exp_(real(0.5)*target);  // does not underflow where the term does not
        const real felt = root*surplus;
        const real term = felt*root;
        const real more_high = real(1) + surplus;
        const real more = two_diff_error(target, log_probs) + more_high;
        const real risen = more*root;
        const real loss = weighted_(weight, term);
        const real term_bar = loss_bar*weight;
        const real log_probs_bar_unmasked = -(term_bar*exp_(target));
        const real log_probs_bar = ((weight == real(0)) ? real(0) : log_probs_bar_unmasked);
        const real target_bar_unmasked = risen*root*term_bar;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        log_probs_bar_out.store(i, log_probs_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL kl_div_log_hvp(
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
        const real surplus = target - log_probs;  // of logarithms
        const real root = exp_(real(0.5)*target);  // does not underflow where the term does not
        const real more_high = real(1) + surplus;
        const real more = two_diff_error(target, log_probs) + more_high;
        const real risen = more*root;
        const real term_bar = loss_bar*weight;
        const real surplus_dot = target_dot - log_probs_dot;
        const real root_dot = real(0.5)*root*target_dot;
        const real more_dot = surplus_dot;
        const real risen_dot = more*root_dot + more_dot*root;
        const real log_probs_bar_unmasked_dot = -(target_dot*term_bar*exp_(target));
        const real log_probs_bar_dot = ((weight == real(0)) ? real(0) : log_probs_bar_unmasked_dot);
        const real target_bar_unmasked_dot = risen*root_dot*term_bar + risen_dot*root*term_bar;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        log_probs_bar_dot_out.store(i, log_probs_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
