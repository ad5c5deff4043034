// Quality focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight alpha_t |target - p|^beta BCE(logits, target),  p = sigmoid(logits)
//
// Subgradients
//     where p = target and beta is 1, as for p above the target; else none.
//
// Constants
//     smoothing: target of the cross-entropy: (1 - it) t + it/2 (default 0.0)
//     beta: power of the distance (default 2.0)
//     beta_lo: what beta lacks (default 0.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//     on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
//     on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 1.0)
//     alpha: factor of the elements that alpha_side names (default 1.0)
//
// Source
//     Li et al.: Generalized Focal Loss, NeurIPS 2020, arXiv 2006.04388, eq. 3; mmdet
//     gfocal_loss.py.

KERNEL quality_focal_value(
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
        const real major = real(1)/(real(1) + tail);  // the larger of p and 1 - p
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real lean = lacks_soft - has_soft*tail;
        const real apart = abs_(lean)*major;  // distance of prediction and target
        const real factor = ((beta_lo == real(0)) ? power_(apart, beta) : weighted_(power_(apart, beta), real(1) + beta_lo*log_(apart)));  // modulator
        const real focal = factor*bce;
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        loss_out.store(i, loss);
    });
}

KERNEL quality_focal_grad(
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
        const real minor = tail/(real(1) + tail);  // the smaller
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real bce = weighted_(lacks_soft, reach) + bend;  // cross-entropy: terms >= 0
        const real lean = lacks_soft - has_soft*tail;
        const real apart = abs_(lean)*major;  // distance of prediction and target
        const real side = sign*((lean >= real(0)) ? real(1) : real(-1));  // sign of prediction minus target
        const real factor = ((beta_lo == real(0)) ? power_(apart, beta) : weighted_(power_(apart, beta), real(1) + beta_lo*log_(apart)));  // modulator
        const real focal = factor*bce;
        const real width = major*minor;  // p (1 - p)
        const real rise = weighted_(beta, power_(apart, -real(1) + beta));
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real loss = weighted_(weight, balance*focal);
        const real balance_bar = focal*loss_bar*weight;
        const real focal_bar = balance*loss_bar*weight;
        const real factor_bar = (attached == real(0) ? real(0) : bce*focal_bar);
        const real apart_bar = factor_bar*rise;
        const real bce_bar = factor*focal_bar;
        const real logits_bar_unmasked = apart_bar*side*width + bce_bar*lean*major*sign;
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = (upper - lower)*balance_bar - apart_bar*side - bce_bar*keep*logits;
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL quality_focal_hvp(
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
        const real fall = -expm1_(-reach);  // 1 - tail
        const real apart = abs_(lean)*major;  // distance of prediction and target
        const real side = sign*((lean >= real(0)) ? real(1) : real(-1));  // sign of prediction minus target
        const real factor = ((beta_lo == real(0)) ? power_(apart, beta) : weighted_(power_(apart, beta), real(1) + beta_lo*log_(apart)));  // modulator
        const real width = major*minor;  // p (1 - p)
        const real rise = weighted_(beta, power_(apart, -real(1) + beta));
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real balance = (real(1) - target)*lower + target*upper;  // alpha or 1 - alpha
        const real focal_bar = balance*loss_bar*weight;
        const real factor_bar = (attached == real(0) ? real(0) : bce*focal_bar);
        const real apart_bar = factor_bar*rise;
        const real bce_bar = factor*focal_bar;
        const real tail_dot = -(logits_dot*sign*tail);
        const real major_dot = logits_dot*major*minor*sign;
        const real lacks_dot = target_dot*((logits >= real(0)) ? real(-1) : real(1));
        const real has_dot = sign*target_dot;
        const real lacks_soft_dot = lacks_dot*((smoothing == real(0)) ? real(1) : keep);
        const real has_soft_dot = has_dot*((smoothing == real(0)) ? real(1) : keep);
        const real bce_dot = lean*logits_dot*major*sign - keep*logits*target_dot;
        const real lean_dot = lacks_soft_dot - has_soft*tail_dot - has_soft_dot*tail;
        const real apart_dot = logits_dot*side*width - side*target_dot;
        const real factor_dot = apart_dot*rise;
        const real focal_dot = factor*bce_dot + (attached == real(0) ? real(0) : bce*factor_dot);
        const real width_dot = -(fall*logits_dot*major*sign*width);
        const real rise_dot = apart_dot*weighted_(beta*(-real(1) + beta), power_(apart, -real(2) + beta));
        const real balance_dot = (upper - lower)*target_dot;
        const real balance_bar_dot = focal_dot*loss_bar*weight;
        const real focal_bar_dot = balance_dot*loss_bar*weight;
        const real factor_bar_dot = (attached == real(0) ? real(0) : bce*focal_bar_dot) + (attached == real(0) ? real(0) : bce_dot*focal_bar);
        const real apart_bar_dot = factor_bar*rise_dot + factor_bar_dot*rise;
        const real bce_bar_dot = factor*focal_bar_dot + (attached == real(0) ? real(0) : factor_dot*focal_bar);
        const real logits_bar_unmasked_dot = apart_bar*side*width_dot + apart_bar_dot*side*width + bce_bar*lean*major_dot*sign + bce_bar*lean_dot*major*sign + bce_bar_dot*lean*major*sign;
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = (upper - lower)*balance_bar_dot - apart_bar_dot*side - bce_bar*keep*logits_dot - bce_bar_dot*keep*logits;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
