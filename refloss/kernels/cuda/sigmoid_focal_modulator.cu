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
//     gamma: power of 1 - p_t (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002, eq. 5.

KERNEL sigmoid_focal_modulator_value(
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
        const real has = ((logits >= real(0)) ? target : real(1) - target);  // share of the logit's side
        const real mass = has*tail + lacks;  // 1 - p_t, but for a factor 1 + tail
        const real deep = ((lacks == real(0)) ? reach : -log_(mass));  // -log mass
        const real depth = bend + deep;  // -log(1 - p_t): two terms >= 0
        const real scaled = weighted_(gamma, depth);
        const real lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted_(gamma_lo, -depth);  // rounding errors of the exponent
        const real factor = (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled);  // modulator
        const real loss = weighted_(weight, factor);
        loss_out.store(i, loss);
    });
}

KERNEL sigmoid_focal_modulator_grad(
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
        const real fall = -expm1_(-reach);  // 1 - tail
        const real mass = has*tail + lacks;  // 1 - p_t, but for a factor 1 + tail
        const real deep = ((lacks == real(0)) ? reach : -log_(mass));  // -log mass
        const real depth = bend + deep;  // -log(1 - p_t): two terms >= 0
        const real scaled = weighted_(gamma, depth);
        const real lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted_(gamma_lo, -depth);  // rounding errors of the exponent
        const real factor = (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled);  // modulator
        const real odds = ratio_(tail, mass, real(1));  // at most 1 of a hard target
        const real tilt = lacks - has;
        const real turn = fall*sign;
        const real swing = gamma*major*odds*sign*tilt;  // derivative of log factor
        const real grade = factor*swing;  // derivative by the logit
        const real lift = weighted_(gamma, exp_(-(gamma*bend))*exp_(weighted_(real(1) - gamma, deep)));  // gamma factor/mass^1
        const real loss = weighted_(weight, factor);
        const real factor_bar = loss_bar*weight;
        const real logits_bar_unmasked = factor_bar*grade;
        const real logits_bar = ((weight == real(0)) ? real(0) : logits_bar_unmasked);
        const real target_bar_unmasked = weighted_(factor_bar, -(lift*turn));
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        logits_bar_out.store(i, logits_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL sigmoid_focal_modulator_hvp(
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
        const real fall = -expm1_(-reach);  // 1 - tail
        const real mass = has*tail + lacks;  // 1 - p_t, but for a factor 1 + tail
        const real deep = ((lacks == real(0)) ? reach : -log_(mass));  // -log mass
        const real depth = bend + deep;  // -log(1 - p_t): two terms >= 0
        const real scaled = weighted_(gamma, depth);
        const real lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted_(gamma_lo, -depth);  // rounding errors of the exponent
        const real factor = (real(1) + max_number_(-lost, real(-1)))*exp_(-scaled);  // modulator
        const real odds = ratio_(tail, mass, real(1));  // at most 1 of a hard target
        const real tilt = lacks - has;
        const real turn = fall*sign;
        const real swing = gamma*major*odds*sign*tilt;  // derivative of log factor
        const real lift = weighted_(gamma, exp_(-(gamma*bend))*exp_(weighted_(real(1) - gamma, deep)));  // gamma factor/mass^1
        const real peak = weighted_(gamma, exp_(-(gamma*bend))*exp_(weighted_(real(2) - gamma, deep)));  // gamma factor/mass^2
        const real factor_bar = loss_bar*weight;
        const real fall_dot = logits_dot*sign*tail;
        const real turn_dot = fall_dot*sign;
        const real grade_dot = (gamma*(minor - ratio_(lacks, mass, real(0)))*major*odds*tilt + swing*swing)*factor*logits_dot + weighted_(target_dot, -lift*tail - (has*odds*sign + swing)*lift*turn);
        const real lift_dot = (has*odds*sign + swing)*lift*logits_dot + weighted_(target_dot, (real(1) - gamma)*peak*turn);
        const real logits_bar_unmasked_dot = factor_bar*grade_dot;
        const real logits_bar_dot = ((weight == real(0)) ? real(0) : logits_bar_unmasked_dot);
        const real target_bar_unmasked_dot = -factor_bar*lift*turn_dot - factor_bar*lift_dot*turn;
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        logits_bar_dot_out.store(i, logits_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
