// Kullback-Leibler divergence, term by term,: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight t (log t - log p);  t, p = target, probs, neither below clip
//
// Subgradients
//     where a probability is at the clip, half of the slope inside; none elsewhere.
//
// Constants
//     clip: neither probability is below it (default 0.0)
//
// Source
//     Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951).
//     keras.losses.kl_divergence.

KERNEL kl_div_probs_value(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real probs_kept = max_(least, probs);
        const real target_kept = max_(least, target);
        const real held = ((target_kept > real(0)) ? target_kept : real(1));  // 1 where the target is 0
        const real surplus = ((held > (real(2)*probs_kept)) ? log_(held) - log_(probs_kept) : ((probs_kept <= (real(2)*held)) ? log1p_(ratio_(held - probs_kept, probs_kept, real(0))) : log_(held) - log_(probs_kept)));  // of logarithms
        const real term = weighted_(target_kept, surplus);
        const real loss = weighted_(weight, term);
        loss_out.store(i, loss);
    });
}

KERNEL kl_div_probs_grad(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(probs_bar) probs_bar_out,
    ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real probs_kept = max_(least, probs);
        const real target_kept = max_(least, target);
        const real held = ((target_kept > real(0)) ? target_kept : real(1));  // 1 where the target is 0
        const real surplus = ((held > (real(2)*probs_kept)) ? log_(held) - log_(probs_kept) : ((probs_kept <= (real(2)*held)) ? log1p_(ratio_(held - probs_kept, probs_kept, real(0))) : log_(held) - log_(probs_kept)));  // of logarithms
        const real term = weighted_(target_kept, surplus);
        const real quotient = ratio_(target_kept, probs_kept, real(0));
        const real loss = weighted_(weight, term);
        const real term_bar = loss_bar*weight;
        const real target_kept_bar = (step_(target_kept, real(0)) + surplus)*term_bar;
        const real probs_kept_bar = -(quotient*term_bar);
        const real probs_bar_unmasked = probs_kept_bar*step_(probs - least, real(0.5));
        const real probs_bar = ((weight == real(0)) ? real(0) : probs_bar_unmasked);
        const real target_bar_unmasked = target_kept_bar*step_(target - least, real(0.5));
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        probs_bar_out.store(i, probs_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL kl_div_probs_hvp(
    size items, ARRAY(probs) probs_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(probs_dot) probs_dot_in, ARRAY(target_dot) target_dot_in,
    ARRAY(probs_bar_dot) probs_bar_dot_out, ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real probs;
        probs_in.load(i, probs);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real probs_dot;
        probs_dot_in.load(i, probs_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real least = ((clip == real(0)) ? real(-1) : clip);
        const real probs_kept = max_(least, probs);
        const real target_kept = max_(least, target);
        const real quotient = ratio_(target_kept, probs_kept, real(0));
        const real term_bar = loss_bar*weight;
        const real probs_kept_dot = probs_dot*step_(probs - least, real(0.5));
        const real target_kept_dot = target_dot*step_(target - least, real(0.5));
        const real surplus_dot = ratio_(target_kept_dot, target_kept, real(0)) - ratio_(probs_kept_dot, probs_kept, real(0));
        const real quotient_dot = ratio_(target_kept_dot, probs_kept, real(0)) - quotient*ratio_(probs_kept_dot, probs_kept, real(0));
        const real target_kept_bar_dot = surplus_dot*term_bar;
        const real probs_kept_bar_dot = -(quotient_dot*term_bar);
        const real probs_bar_unmasked_dot = probs_kept_bar_dot*step_(probs - least, real(0.5));
        const real probs_bar_dot = ((weight == real(0)) ? real(0) : probs_bar_unmasked_dot);
        const real target_bar_unmasked_dot = target_kept_bar_dot*step_(target - least, real(0.5));
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        probs_bar_dot_out.store(i, probs_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
