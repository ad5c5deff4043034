// Focal star, FL*: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = -weight alpha_t log sigmoid(gamma x_t + beta)/gamma,  x_t = (2 target - 1) logits
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//     gamma: factor of the logit (default 1.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     beta: added to it (default 0.0)
//     beta_lo: what beta lacks (default 0.0)
//     on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
//     on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 1.0)
//     alpha: factor of the elements that alpha_side names (default 1.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, appendix A.

KERNEL focal_star_value(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real turn = real(2)*target - real(1);
        const real toward = logits*turn;  // logit, positive where it is right
        const real scaled = gamma*toward;
        const real level = scaled + beta;
        const real lost = gamma*(logits*two_diff_error(real(2)*target, real(1)) + two_prod_error(turn, logits)) + two_prod_error(gamma, toward) + two_sum_error(scaled, beta) - weighted_(gamma_lo, -toward) + beta_lo;  // rounding errors of the level
        const real right = ((level >= real(0)) ? real(1) : real(-1));
        const real tail = (real(1) + max_number_(-(lost*right), real(-1)))*exp_(-abs_(level));
        const real most = ((level >= real(0)) ? real(0) : -level - lost);
        const real focal = (log1p_(tail) + most)/gamma;
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        loss_out.store(i, loss);
    });
}

KERNEL focal_star_grad(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar) logits_bar_out,
    ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real turn = real(2)*target - real(1);
        const real toward = logits*turn;  // logit, positive where it is right
        const real scaled = gamma*toward;
        const real level = scaled + beta;
        const real lost = gamma*(logits*two_diff_error(real(2)*target, real(1)) + two_prod_error(turn, logits)) + two_prod_error(gamma, toward) + two_sum_error(scaled, beta) - weighted_(gamma_lo, -toward) + beta_lo;  // rounding errors of the level
        const real right = ((level >= real(0)) ? real(1) : real(-1));
        const real tail = (real(1) + max_number_(-(lost*right), real(-1)))*exp_(-abs_(level));
        const real most = ((level >= real(0)) ? real(0) : -level - lost);
        const real focal = (log1p_(tail) + most)/gamma;
        const real miss = ((level >= real(0)) ? tail : real(1))/(real(1) + tail);  // 1 - sigma
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        const real balance_bar = focal*loss_bar*weight;
        const real focal_bar = balance*loss_bar*weight;
        const real toward_bar = -(focal_bar*miss);
        const real logits_bar_unmasked = toward_bar*turn;
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = (upper - lower)*balance_bar + real(2)*logits*toward_bar;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL focal_star_hvp(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in, ARRAY(target_dot)
    target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out, ARRAY(target_bar_dot)
    target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real logits_dot;
        logits_dot_in.load(i, logits_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real turn = real(2)*target - real(1);
        const real toward = logits*turn;  // logit, positive where it is right
        const real scaled = gamma*toward;
        const real level = scaled + beta;
        const real lost = gamma*(logits*two_diff_error(real(2)*target, real(1)) + two_prod_error(turn, logits)) + two_prod_error(gamma, toward) + two_sum_error(scaled, beta) - weighted_(gamma_lo, -toward) + beta_lo;  // rounding errors of the level
        const real right = ((level >= real(0)) ? real(1) : real(-1));
        const real tail = (real(1) + max_number_(-(lost*right), real(-1)))*exp_(-abs_(level));
        const real miss = ((level >= real(0)) ? tail : real(1))/(real(1) + tail);  // 1 - sigma
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real focal_bar = balance*loss_bar*weight;
        const real toward_bar = -(focal_bar*miss);
        const real turn_dot = real(2)*target_dot;
        const real toward_dot = real(2)*logits*target_dot + logits_dot*turn;
        const real focal_dot = -(miss*toward_dot);
        const real miss_dot = -(gamma*(tail/(real(1) + tail))*(toward_dot/(real(1) + tail)));
        const real balance_dot = (upper - lower)*target_dot;
        const real balance_bar_dot = focal_dot*loss_bar*weight;
        const real focal_bar_dot = balance_dot*loss_bar*weight;
        const real toward_bar_dot = -focal_bar*miss_dot - focal_bar_dot*miss;
        const real logits_bar_unmasked_dot = toward_bar*turn_dot + toward_bar_dot*turn;
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = (upper - lower)*balance_bar_dot + real(2)*logits*toward_bar_dot + real(2)*logits_dot*toward_bar;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
