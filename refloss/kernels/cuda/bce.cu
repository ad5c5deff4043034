// Binary cross-entropy: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight ((1 - q) softplus(x) + pos_weight q softplus(-x)),  x = logits;
//     q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//     label_smoothing: how much is taken from targets (default 0.0)
//     lost: share of it that a target of 1 loses (default 0.5)
//     raised: share of it that a target of 0 gains (default 0.5)
//
// Source
//     Cox 1958; torch.nn.functional.binary_cross_entropy_with_logits.

KERNEL bce_value(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(pos_weight)
    pos_weight_in, ARRAY(weight) weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real pos_weight;
        pos_weight_in.load(i, pos_weight);
        real weight;
        weight_in.load(i, weight);
        const real goal = (real(1) - label_smoothing*lost)*target + label_smoothing*raised*(real(1) - target);  // asked of class 1
        const real rest = (real(1) - target)*(real(1) - label_smoothing*raised) + label_smoothing*lost*target;  // asked of class 0
        const real left = exp_(-abs_(logits));  // at most 1
        const real tail = log1p_(left);  // of softplus, on both sides
        const real missed = above_(logits, real(0)) + tail;  // softplus(x)
        const real hit = above_(-logits, real(0)) + tail;  // softplus(-x)
        const real wanted = goal*pos_weight;
        const real bce = weighted_(rest, missed) + weighted_(wanted, hit);
        const real loss = weighted_(weight, bce);
        loss_out.store(i, loss);
    });
}

KERNEL bce_grad(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(pos_weight)
    pos_weight_in, ARRAY(weight) weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out,
    ARRAY(logits_bar) logits_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real pos_weight;
        pos_weight_in.load(i, pos_weight);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real goal = (real(1) - label_smoothing*lost)*target + label_smoothing*raised*(real(1) - target);  // asked of class 1
        const real rest = (real(1) - target)*(real(1) - label_smoothing*raised) + label_smoothing*lost*target;  // asked of class 0
        const real left = exp_(-abs_(logits));  // at most 1
        const real tail = log1p_(left);  // of softplus, on both sides
        const real missed = above_(logits, real(0)) + tail;  // softplus(x)
        const real hit = above_(-logits, real(0)) + tail;  // softplus(-x)
        const real share = real(1)/(real(1) + left);  // at least 1/2
        const real rise = ((logits >= real(0)) ? share : left*share);  // sigmoid(x)
        const real fall = ((logits >= real(0)) ? left*share : share);  // sigmoid(-x)
        const real wanted = goal*pos_weight;
        const real bce = weighted_(rest, missed) + weighted_(wanted, hit);
        const real lean = (pos_weight - real(1))*tail + ((logits >= real(0)) ? -logits : -(logits*pos_weight));  // pos_weight hit - missed
        const real loss = weighted_(weight, bce);
        const real bce_bar = loss_bar*weight;
        const real logits_bar_unmasked = (rest*rise - fall*wanted)*bce_bar;
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = (real(1) - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL bce_hvp(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(pos_weight)
    pos_weight_in, ARRAY(weight) weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot)
    logits_dot_in, ARRAY(target_dot) target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real pos_weight;
        pos_weight_in.load(i, pos_weight);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real logits_dot;
        logits_dot_in.load(i, logits_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real goal = (real(1) - label_smoothing*lost)*target + label_smoothing*raised*(real(1) - target);  // asked of class 1
        const real rest = (real(1) - target)*(real(1) - label_smoothing*raised) + label_smoothing*lost*target;  // asked of class 0
        const real left = exp_(-abs_(logits));  // at most 1
        const real share = real(1)/(real(1) + left);  // at least 1/2
        const real rise = ((logits >= real(0)) ? share : left*share);  // sigmoid(x)
        const real fall = ((logits >= real(0)) ? left*share : share);  // sigmoid(-x)
        const real wanted = goal*pos_weight;
        const real bce_bar = loss_bar*weight;
        const real goal_dot = (real(1) - label_smoothing*lost - label_smoothing*raised)*target_dot;
        const real rest_dot = (-real(1) + label_smoothing*lost + label_smoothing*raised)*target_dot;
        const real rise_dot = fall*logits_dot*rise;
        const real fall_dot = -(fall*logits_dot*rise);
        const real wanted_dot = goal_dot*pos_weight;
        const real lean_dot = (-fall*pos_weight - rise)*logits_dot;
        const real logits_bar_unmasked_dot = bce_bar*rest*rise_dot + bce_bar*rest_dot*rise - bce_bar*fall*wanted_dot - bce_bar*fall_dot*wanted;
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = (real(1) - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean_dot;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
