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
//     smoothing: target of the cross-entropy: (1 - it) t + it/2 (default 0.0)
//     gamma: power of 1 - p_t (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//     on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
//     on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
//     alpha: factor of the elements that alpha_side names (default 0.25)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, eq. 5.

KERNEL sigmoid_focal_chance_value(
    size items, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real logits;
        logits_in.load(i, logits);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real reach = abs_(logits);
        const real tail = exp_(-reach);  // at most 1
        const real bend = log1p_(tail);
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real miss = -expm1_(-bce);  // 1 - p_t
        const real far = bend + reach;  // -log minor; that of major is bend
        const real scaled = weighted_(gamma, far);
        const real lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted_(gamma_lo, -far);
        const real factor = ((lacks_soft == real(0)) ? (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled) : ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss))));  // modulator
        const real focal = bce*factor;
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        loss_out.store(i, loss);
    });
}

KERNEL sigmoid_focal_chance_grad(
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
        const real sign = ((logits >= real(0)) ? real(1) : real(-1));  // side of the logit; that of 0 is 1
        const real reach = abs_(logits);
        const real tail = exp_(-reach);  // at most 1
        const real bend = log1p_(tail);
        const real major = real(1)/(real(1) + tail);  // the larger of p and 1 - p
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real lean = lacks_soft - has_soft*tail;
        const real chance = exp_(-bce);  // p_t of a hard target
        const real miss = -expm1_(-bce);  // 1 - p_t
        const real far = bend + reach;  // -log minor; that of major is bend
        const real scaled = weighted_(gamma, far);
        const real lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted_(gamma_lo, -far);
        const real factor = ((lacks_soft == real(0)) ? (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled) : ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss))));  // modulator
        const real focal = bce*factor;
        const real steep = ratio_(bce, miss, real(1));  // at least 1
        const real felt = weighted_(chance, steep);  // at most 1
        const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by the cross-entropy
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        const real balance_bar = focal*loss_bar*weight;
        const real focal_bar = balance*loss_bar*weight;
        const real bce_bar = focal_bar*pull;
        const real logits_bar_unmasked = bce_bar*lean*major*sign;
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = (upper - lower)*balance_bar - bce_bar*keep*logits;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL sigmoid_focal_chance_hvp(
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
        const real sign = ((logits >= real(0)) ? real(1) : real(-1));  // side of the logit; that of 0 is 1
        const real reach = abs_(logits);
        const real tail = exp_(-reach);  // at most 1
        const real bend = log1p_(tail);
        const real major = real(1)/(real(1) + tail);  // the larger of p and 1 - p
        const real minor = tail/(real(1) + tail);  // the smaller
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real lean = lacks_soft - has_soft*tail;
        const real chance = exp_(-bce);  // p_t of a hard target
        const real miss = -expm1_(-bce);  // 1 - p_t
        const real far = bend + reach;  // -log minor; that of major is bend
        const real scaled = weighted_(gamma, far);
        const real lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted_(gamma_lo, -far);
        const real factor = ((lacks_soft == real(0)) ? (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled) : ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss))));  // modulator
        const real steep = ratio_(bce, miss, real(1));  // at least 1
        const real felt = weighted_(chance, steep);  // at most 1
        const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by the cross-entropy
        const real sharp = power_(miss, -real(1) + gamma);  // the power less 1
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real focal_bar = balance*loss_bar*weight;
        const real bce_bar = focal_bar*pull;
        const real tail_dot = -(logits_dot*sign*tail);
        const real major_dot = logits_dot*major*minor*sign;
        const real lacks_dot = target_dot*((logits >= real(0)) ? real(-1) : real(1));
        const real has_dot = sign*target_dot;
        const real lacks_soft_dot = lacks_dot*((smoothing == real(0)) ? real(1) : keep);
        const real has_soft_dot = has_dot*((smoothing == real(0)) ? real(1) : keep);
        const real bce_dot = lean*logits_dot*major*sign - keep*logits*target_dot;
        const real lean_dot = lacks_soft_dot - has_soft*tail_dot - has_soft_dot*tail;
        const real focal_dot = bce_dot*pull;
        const real pull_dot = (attached == real(0) ? real(0) : gamma*bce_dot*sharp*weighted_(chance, real(2) + (-real(1) + gamma)*felt - bce));
        const real balance_dot = (upper - lower)*target_dot;
        const real balance_bar_dot = focal_dot*loss_bar*weight;
        const real focal_bar_dot = balance_dot*loss_bar*weight;
        const real bce_bar_dot = focal_bar*pull_dot + focal_bar_dot*pull;
        const real logits_bar_unmasked_dot = bce_bar*lean*major_dot*sign + bce_bar*lean_dot*major*sign + bce_bar_dot*lean*major*sign;
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = (upper - lower)*balance_bar_dot - bce_bar*keep*logits_dot - bce_bar_dot*keep*logits;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
