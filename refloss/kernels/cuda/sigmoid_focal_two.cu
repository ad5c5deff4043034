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
//     on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
//     on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
//     alpha: factor of the elements that alpha_side names (default 0.25)
//     gamma: power of 1 - p_t (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, eq. 5.

KERNEL sigmoid_focal_two_value(
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
        const real minor = tail/(real(1) + tail);  // the smaller
        const real lacks = ((logits >= real(0)) ? real(1) - target : target);  // share of the other side
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real keep = real(1) - smoothing;
        const real lacks_soft = ((smoothing == real(0)) ? lacks : keep*lacks + real(0.5)*smoothing);  // smoothed
        const real has_soft = ((smoothing == real(0)) ? has : has*keep + real(0.5)*smoothing);  // smoothed
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real own = ((logits >= real(0)) ? upper : lower);  // factor of the logit's side
        const real other = ((logits >= real(0)) ? lower : upper);  // of the other
        const real far = bend + reach;  // -log minor; that of major is bend
        const real scaled = weighted_(gamma, far);
        const real lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted_(gamma_lo, -far);
        const real faint = ((gamma == real(2)) ? minor*minor : (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled));  // modulator, logit right
        const real strong = ((gamma == real(2)) ? major*major : exp_(-(gamma*bend)));  // modulator, logit wrong
        const real focal = other*weighted_(lacks_soft, far*strong) + bend*faint*has_soft*own;
        const real loss = weighted_(weight, focal);
        loss_out.store(i, loss);
    });
}

KERNEL sigmoid_focal_two_grad(
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
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real own = ((logits >= real(0)) ? upper : lower);  // factor of the logit's side
        const real other = ((logits >= real(0)) ? lower : upper);  // of the other
        const real far = bend + reach;  // -log minor; that of major is bend
        const real scaled = weighted_(gamma, far);
        const real lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted_(gamma_lo, -far);
        const real faint = ((gamma == real(2)) ? minor*minor : (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled));  // modulator, logit right
        const real strong = ((gamma == real(2)) ? major*major : exp_(-(gamma*bend)));  // modulator, logit wrong
        const real focal = other*weighted_(lacks_soft, far*strong) + bend*faint*has_soft*own;
        const real loss = weighted_(weight, focal);
        const real focal_bar = loss_bar*weight;
        const real strong_bar = far*focal_bar*lacks_soft*other;
        const real faint_bar = bend*focal_bar*has_soft*own;
        const real far_bar = focal_bar*lacks_soft*other*strong;
        const real has_soft_bar = bend*faint*focal_bar*own;
        const real lacks_soft_bar = far*focal_bar*other*strong;
        const real has_bar = ((smoothing == real(0)) ? has_soft_bar : has_soft_bar*keep);
        const real lacks_bar = ((smoothing == real(0)) ? lacks_soft_bar : keep*lacks_soft_bar);
        const real bend_bar = faint*focal_bar*has_soft*own;
        const real logits_bar_unmasked = far_bar*major*sign + (attached == real(0) ? real(0) : gamma*minor*sign*strong*strong_bar) - bend_bar*minor*sign - (attached == real(0) ? real(0) : gamma*faint*faint_bar*major*sign);
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = ((logits >= real(0)) ? has_bar : -has_bar) + ((logits >= real(0)) ? -lacks_bar : lacks_bar);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL sigmoid_focal_two_hvp(
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
        const real upper = ((on_positives == real(0)) ? real(1) - alpha : alpha);  // factor of positives
        const real lower = ((on_negatives == real(0)) ? real(1) - alpha : alpha);  // factor of negatives
        const real own = ((logits >= real(0)) ? upper : lower);  // factor of the logit's side
        const real other = ((logits >= real(0)) ? lower : upper);  // of the other
        const real far = bend + reach;  // -log minor; that of major is bend
        const real scaled = weighted_(gamma, far);
        const real lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted_(gamma_lo, -far);
        const real faint = ((gamma == real(2)) ? minor*minor : (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled));  // modulator, logit right
        const real strong = ((gamma == real(2)) ? major*major : exp_(-(gamma*bend)));  // modulator, logit wrong
        const real focal_bar = loss_bar*weight;
        const real strong_bar = far*focal_bar*lacks_soft*other;
        const real faint_bar = bend*focal_bar*has_soft*own;
        const real far_bar = focal_bar*lacks_soft*other*strong;
        const real bend_bar = faint*focal_bar*has_soft*own;
        const real bend_dot = -(logits_dot*minor*sign);
        const real major_dot = logits_dot*major*minor*sign;
        const real minor_dot = -(logits_dot*major*minor*sign);
        const real lacks_dot = target_dot*((logits >= real(0)) ? real(-1) : real(1));
        const real has_dot = sign*target_dot;
        const real lacks_soft_dot = lacks_dot*((smoothing == real(0)) ? real(1) : keep);
        const real has_soft_dot = has_dot*((smoothing == real(0)) ? real(1) : keep);
        const real far_dot = logits_dot*major*sign;
        const real faint_dot = (attached == real(0) ? real(0) : -(gamma*faint*logits_dot*major*sign));
        const real strong_dot = (attached == real(0) ? real(0) : gamma*logits_dot*minor*sign*strong);
        const real strong_bar_dot = far*focal_bar*lacks_soft_dot*other + far_dot*focal_bar*lacks_soft*other;
        const real faint_bar_dot = bend*focal_bar*has_soft_dot*own + bend_dot*focal_bar*has_soft*own;
        const real far_bar_dot = focal_bar*lacks_soft*other*strong_dot + focal_bar*lacks_soft_dot*other*strong;
        const real has_soft_bar_dot = bend*faint_dot*focal_bar*own + bend_dot*faint*focal_bar*own;
        const real lacks_soft_bar_dot = far*focal_bar*other*strong_dot + far_dot*focal_bar*other*strong;
        const real has_bar_dot = has_soft_bar_dot*((smoothing == real(0)) ? real(1) : keep);
        const real lacks_bar_dot = lacks_soft_bar_dot*((smoothing == real(0)) ? real(1) : keep);
        const real bend_bar_dot = faint*focal_bar*has_soft_dot*own + faint_dot*focal_bar*has_soft*own;
        const real logits_bar_unmasked_dot = (far_bar*sign - (attached == real(0) ? real(0) : gamma*faint*faint_bar*sign))*major_dot + ((attached == real(0) ? real(0) : gamma*sign*strong*strong_bar) - bend_bar*sign)*minor_dot + far_bar_dot*major*sign + (attached == real(0) ? real(0) : gamma*minor*sign*strong*strong_bar_dot) + (attached == real(0) ? real(0) : gamma*minor*sign*strong_bar*strong_dot) - bend_bar_dot*minor*sign - (attached == real(0) ? real(0) : gamma*faint*faint_bar_dot*major*sign) - (attached == real(0) ? real(0) : gamma*faint_bar*faint_dot*major*sign);
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = lacks_bar_dot*((logits >= real(0)) ? real(-1) : real(1)) + has_bar_dot*sign;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
