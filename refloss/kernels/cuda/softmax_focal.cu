// Softmax focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = sum_k q_k w_k (-alpha_k (1 - p_k)^gamma log p_k + poly_k),  p = softmax(z);
//     poly_k = epsilon (alpha_k or 1) (1 - p_k)^(gamma + 1); alpha_k: alpha, or 1 - alpha, by the class;
//     with weighting inside, p_k^w_k in the place of p_k, and no other w_k;
//     q: the target's class, or the target itself, smoothed to hit q + off
//
// Subgradients
//     none: the loss is smooth. The largest logit, and the first among equals, is a reference
//     point that cancels from value and derivatives.
//
// Constants
//     gamma: power of 1 - p (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     alpha: factor of the classes that alpha_side names (default 1.0)
//     alpha_on_first: 1: alpha multiplies rows of class 0; 0: 1 - alpha does (default 1.0)
//     alpha_on_others: 1: alpha multiplies rows of every class but 0; 0: 1 - alpha does
//         (default 1.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//     weight_inside: 1: class_weight multiplies -log p; 0: it multiplies the loss (default
//         0.0)
//     epsilon: factor of (1 - p)^(gamma + 1), which is added (default 0.0)
//     poly_balanced: 1: alpha multiplies that term too; 0: it does not (default 1.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.

KERNEL softmax_focal_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    const real first_factor = ((alpha_on_first == real(0)) ? real(1) - alpha : alpha);  // of class 0
    const real other_factor = ((alpha_on_others == real(0)) ? real(1) - alpha : alpha);  // of any other class
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            return;
        }
        const int target = target_in(b);
        const real balance = ((target == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real lag = top - logits_in(b, target);  // at least 0
        const real drop_at_target = logits_in(b, target) - top;  // at most 0
        const real slip_at_target = max_number_(two_diff_error(logits_in(b, target), top), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real cost = ((weight_inside == real(0)) ? nll : weighted_(class_weight_in(target), nll));  // -log p^w or -log p
        const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-cost));  // 1 - p^w or 1 - p
        const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
        const real focal = cost*factor;
        const real poly = factor*gone;  // polynomial term
        const real loss = ((epsilon == real(0)) ? real(0) : epsilon*weighted_(((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(target) : real(1)), poly)) + weighted_(balance*((weight_inside == real(0)) ? class_weight_in(target) : real(1)), focal);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_focal_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, CONSTANTS) {
    const real first_factor = ((alpha_on_first == real(0)) ? real(1) - alpha : alpha);  // of class 0
    const real other_factor = ((alpha_on_others == real(0)) ? real(1) - alpha : alpha);  // of any other class
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            over_classes(C, [&](int c, int lane) { logits_bar_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real balance = ((target == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
        const real poly_bar = ((epsilon == real(0)) ? real(0) : epsilon*loss_bar*((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(target) : real(1)));
        const real focal_bar = ((weight_inside == real(0)) ? balance*class_weight_in(target)*loss_bar : balance*loss_bar);
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real lag = top - logits_in(b, target);  // at least 0
        const real drop_at_target = logits_in(b, target) - top;  // at most 0
        const real slip_at_target = max_number_(two_diff_error(logits_in(b, target), top), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real cost = ((weight_inside == real(0)) ? nll : weighted_(class_weight_in(target), nll));  // -log p^w or -log p
        const real chance = mass_at_target/total;  // softmax of the target
        const real lost = ((weight_inside == real(0)) ? real(0) : (two_diff_error(top, logits_in(b, target)) + two_sum_error(lag, grow))*class_weight_in(target) + two_prod_error(class_weight_in(target), nll));  // rounding errors of -log p^w
        const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-cost));  // 1 - p^w or 1 - p
        const real prob = ((weight_inside == real(0)) ? chance : (real(1) + max_number_(-lost, real(-1)))*exp_(-cost));  // p^w or p
        const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
        const real steep = ratio_(cost, gone, real(1));  // at least 1
        const real felt = weighted_(prob, steep);  // at most 1
        const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by what is paid
        const real lure = (real(1) + (attached == real(0) ? real(0) : gamma))*factor*prob;  // of the polynomial term
        const real focal = cost*factor;
        const real poly = factor*gone;  // polynomial term
        const real loss = ((epsilon == real(0)) ? real(0) : epsilon*weighted_(((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(target) : real(1)), poly)) + weighted_(balance*((weight_inside == real(0)) ? class_weight_in(target) : real(1)), focal);
        const real cost_bar0 = focal_bar*pull;
        const real cost_bar = ((epsilon == real(0)) ? cost_bar0 : lure*poly_bar + cost_bar0);
        const real nll_bar = ((weight_inside == real(0)) ? cost_bar : class_weight_in(target)*cost_bar);
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real logits_bar = ((c == target) ? -(miss*nll_bar) : mass*(nll_bar/total));
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_focal_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(logits_bar_dot) logits_bar_dot_out, CONSTANTS) {
    const real first_factor = ((alpha_on_first == real(0)) ? real(1) - alpha : alpha);  // of class 0
    const real other_factor = ((alpha_on_others == real(0)) ? real(1) - alpha : alpha);  // of any other class
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            over_classes(C, [&](int c, int lane) { logits_bar_dot_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real balance = ((target == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
        const real poly_bar = ((epsilon == real(0)) ? real(0) : epsilon*loss_bar*((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(target) : real(1)));
        const real focal_bar = ((weight_inside == real(0)) ? balance*class_weight_in(target)*loss_bar : balance*loss_bar);
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real lag = top - logits_in(b, target);  // at least 0
        const real drop_at_target = logits_in(b, target) - top;  // at most 0
        const real slip_at_target = max_number_(two_diff_error(logits_in(b, target), top), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        const real top_dot = logits_dot_in(b, first);
        const real drop_dot_at_target = logits_dot_in(b, target) - top_dot;
        const real tail_dot_at_target = drop_dot_at_target*tail_at_target;
        const real mass_dot_at_target = tail_dot_at_target*((first == target) ? real(0) : real(1));
        Sum rest_fold;
        Sum rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            rest_fold.add(lane, tail);
            rest_dot_fold.add(lane, tail_dot);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real rest_dot = rest_dot_fold.result();
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real cost = ((weight_inside == real(0)) ? nll : weighted_(class_weight_in(target), nll));  // -log p^w or -log p
        const real chance = mass_at_target/total;  // softmax of the target
        const real lost = ((weight_inside == real(0)) ? real(0) : (two_diff_error(top, logits_in(b, target)) + two_sum_error(lag, grow))*class_weight_in(target) + two_prod_error(class_weight_in(target), nll));  // rounding errors of -log p^w
        const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-cost));  // 1 - p^w or 1 - p
        const real prob = ((weight_inside == real(0)) ? chance : (real(1) + max_number_(-lost, real(-1)))*exp_(-cost));  // p^w or p
        const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
        const real steep = ratio_(cost, gone, real(1));  // at least 1
        const real felt = weighted_(prob, steep);  // at most 1
        const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by what is paid
        const real lure = (real(1) + (attached == real(0) ? real(0) : gamma))*factor*prob;  // of the polynomial term
        const real cost_bar0 = focal_bar*pull;
        const real cost_bar = ((epsilon == real(0)) ? cost_bar0 : lure*poly_bar + cost_bar0);
        const real nll_bar = ((weight_inside == real(0)) ? cost_bar : class_weight_in(target)*cost_bar);
        const real miss_dot = mass_at_target*(rest_dot/total/total) - mass_dot_at_target/total;
        Sum nll_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            nll_dot0_fold.add(lane, ((c == target) ? -(miss*logits_dot_in(b, c)) : mass*(logits_dot_in(b, c)/total)));
        });
        const real nll_dot0 = nll_dot0_fold.result();
        const real cost_dot = nll_dot0*((weight_inside == real(0)) ? real(1) : class_weight_in(target));
        const real pull_dot = (attached == real(0) ? real(0) : gamma*factor*ratio_(cost_dot, gone, real(0))*weighted_(prob, real(2) + (-real(1) + gamma)*felt - cost));
        const real lure_dot = ((epsilon == real(0)) ? real(0) : (attached == real(0) ? real(0) : gamma*lure*prob*ratio_(cost_dot, gone, real(0))) - cost_dot*lure);
        const real cost_bar0_dot = focal_bar*pull_dot;
        const real cost_bar_dot = lure_dot*((epsilon == real(0)) ? real(0) : poly_bar) + cost_bar0_dot;
        const real nll_bar_dot = cost_bar_dot*((weight_inside == real(0)) ? real(1) : class_weight_in(target));
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real logits_bar_dot = miss_dot*((c == target) ? -nll_bar : real(0)) + ((c == target) ? real(0) : mass_dot*(nll_bar/total)) + ((c == target) ? real(0) : -(mass*(nll_bar/total)*(rest_dot/total))) + ((c == target) ? -(miss*nll_bar_dot) : mass*(nll_bar_dot/total));
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
