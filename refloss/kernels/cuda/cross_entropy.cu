// Softmax cross-entropy: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = factor (-sum_k w_k q_k log p_k + z_loss lse^2),  p = softmax(z / temperature)
//     lse = log sum_k exp(z_k / temperature);  factor: 1, or temperature^2
//     q: the target's class, or the target itself, smoothed to hit q + off
//
// Subgradients
//     none: the loss is smooth. The largest logit, and the first among equals, is a reference
//     point that cancels from value and derivatives.
//
// Constants
//     label_smoothing: eps of label smoothing (default 0.0)
//     over_others: 1: eps is spread over the K - 1 other classes; 0: over all K (default 0.0)
//     classy: 1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K (default 0.0)
//     z_loss: factor of the squared log-sum-exp (default 0.0)
//     temperature: what logits are divided by (default 1.0)
//     temperature_lo: what temperature lacks (default 0.0)
//     times_square: 1: times the temperature's square (default 0.0)
//
// Source
//     Bridle, Probabilistic interpretation of feedforward classification network outputs,
//     1990; label smoothing: Szegedy et al., CVPR 2016, arXiv 1512.00567; z-loss: Chowdhery et
//     al., arXiv 2204.02311; temperature: Hinton et al., arXiv 1503.02531.

KERNEL cross_entropy_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    const real amount = label_smoothing/(real(1) + classy*label_smoothing);
    const real reach = real(C)/(real(C) - over_others);
    const real taken = amount*reach;  // from the target
    const real over = real(C) - over_others;
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    Sum weights_fold;
    over_classes(C, [&](int c, int lane) {
        if (label_smoothing != real(0)) weights_fold.add(lane, class_weight_in(c));
    });
    const real weights = weights_fold.result();  // sum of the class weights
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            return;
        }
        const int target = target_in(b);
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real lag = ((temperature == real(1)) ? top - logits_in(b, target) : (top - logits_in(b, target))/temperature);  // at least 0
        Sum rest_fold;
        Sum fall_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            rest_fold.add(lane, tail);
            if (label_smoothing != real(0)) fall_fold.add(lane, weighted_(class_weight_in(c), -drop));
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real fall = fall_fold.result();
        const real grow = log1p_(rest);
        const real lse = ((temperature == real(1)) ? top : top/temperature) + grow;  // log-sum-exp
        const real nll = grow + lag;  // -log softmax of the target
        const real each = grow*weights + fall;
        const real spread = ((label_smoothing == real(0)) ? real(0) : each*off);  // smoothing over all classes
        const real penalty = ((z_loss == real(0)) ? real(0) : z_loss*(lse*lse));  // z-loss
        const real sum_of_terms = weighted_(class_weight_in(target)*hit, nll) + penalty + spread;
        const real loss = ((times_square == real(0)) ? sum_of_terms : (temperature*temperature)*sum_of_terms);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL cross_entropy_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, CONSTANTS) {
    const real amount = label_smoothing/(real(1) + classy*label_smoothing);
    const real reach = real(C)/(real(C) - over_others);
    const real taken = amount*reach;  // from the target
    const real over = real(C) - over_others;
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    Sum weights_fold;
    over_classes(C, [&](int c, int lane) {
        if (label_smoothing != real(0)) weights_fold.add(lane, class_weight_in(c));
    });
    const real weights = weights_fold.result();  // sum of the class weights
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            over_classes(C, [&](int c, int lane) { logits_bar_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real sum_of_terms_bar = ((times_square == real(0)) ? loss_bar : (temperature*temperature)*loss_bar);
        const real nll_bar = class_weight_in(target)*hit*sum_of_terms_bar;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real lag = ((temperature == real(1)) ? top - logits_in(b, target) : (top - logits_in(b, target))/temperature);  // at least 0
        const real apart_at_target = logits_in(b, target) - top;  // at most 0
        const real drop_at_target = ((temperature == real(1)) ? apart_at_target : apart_at_target/temperature);  // at most 0
        const real left_at_target = apart_at_target - temperature*drop_at_target;  // by the quotient
        const real slip_at_target = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, target), top) : (two_diff_error(logits_in(b, target), top) + left_at_target - two_prod_error(drop_at_target, temperature) - weighted_(temperature_lo, drop_at_target))/temperature), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        Sum rest_fold;
        Sum fall_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            rest_fold.add(lane, tail);
            if (label_smoothing != real(0)) fall_fold.add(lane, weighted_(class_weight_in(c), -drop));
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real fall = fall_fold.result();
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real lse = ((temperature == real(1)) ? top : top/temperature) + grow;  // log-sum-exp
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real each = grow*weights + fall;
        const real spread = ((label_smoothing == real(0)) ? real(0) : each*off);  // smoothing over all classes
        const real penalty = ((z_loss == real(0)) ? real(0) : z_loss*(lse*lse));  // z-loss
        const real sum_of_terms = weighted_(class_weight_in(target)*hit, nll) + penalty + spread;
        const real loss = ((times_square == real(0)) ? sum_of_terms : (temperature*temperature)*sum_of_terms);
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scaled_bar0 = ((c == target) ? -(miss*nll_bar) : mass*(nll_bar/total));
            const real scaled_bar1 = ((z_loss == real(0)) ? scaled_bar0 : real(2)*z_loss*lse*mass*(sum_of_terms_bar/total) + scaled_bar0);
            const real scaled_bar = ((label_smoothing == real(0)) ? scaled_bar1 : (mass*(weights/total) - class_weight_in(c))*off*sum_of_terms_bar + scaled_bar1);
            const real logits_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL cross_entropy_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(logits_bar_dot) logits_bar_dot_out, CONSTANTS) {
    const real amount = label_smoothing/(real(1) + classy*label_smoothing);
    const real reach = real(C)/(real(C) - over_others);
    const real taken = amount*reach;  // from the target
    const real over = real(C) - over_others;
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    Sum weights_fold;
    over_classes(C, [&](int c, int lane) {
        if (label_smoothing != real(0)) weights_fold.add(lane, class_weight_in(c));
    });
    const real weights = weights_fold.result();  // sum of the class weights
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            over_classes(C, [&](int c, int lane) { logits_bar_dot_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real sum_of_terms_bar = ((times_square == real(0)) ? loss_bar : (temperature*temperature)*loss_bar);
        const real nll_bar = class_weight_in(target)*hit*sum_of_terms_bar;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real top_dot = logits_dot_in(b, first);
        const real apart_at_target = logits_in(b, target) - top;  // at most 0
        const real drop_at_target = ((temperature == real(1)) ? apart_at_target : apart_at_target/temperature);  // at most 0
        const real left_at_target = apart_at_target - temperature*drop_at_target;  // by the quotient
        const real slip_at_target = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, target), top) : (two_diff_error(logits_in(b, target), top) + left_at_target - two_prod_error(drop_at_target, temperature) - weighted_(temperature_lo, drop_at_target))/temperature), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real apart_dot_at_target = logits_dot_in(b, target) - top_dot;
        const real drop_dot_at_target = apart_dot_at_target*((temperature == real(1)) ? real(1) : real(1)/temperature);
        const real tail_dot_at_target = drop_dot_at_target*tail_at_target;
        const real mass_dot_at_target = tail_dot_at_target*((first == target) ? real(0) : real(1));
        Sum rest_fold;
        Sum rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            rest_fold.add(lane, tail);
            rest_dot_fold.add(lane, tail_dot);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real rest_dot = rest_dot_fold.result();
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real lse = ((temperature == real(1)) ? top : top/temperature) + grow;  // log-sum-exp
        const real miss_dot = mass_at_target*(rest_dot/total/total) - mass_dot_at_target/total;
        Sum lse_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scaled_dot = logits_dot_in(b, c)*((temperature == real(1)) ? real(1) : real(1)/temperature);
            if (z_loss != real(0)) lse_dot0_fold.add(lane, mass*(scaled_dot/total));
        });
        const real lse_dot0 = lse_dot0_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real scaled_bar0_dot = miss_dot*((c == target) ? -nll_bar : real(0)) + ((c == target) ? real(0) : mass_dot*(nll_bar/total)) + ((c == target) ? real(0) : -(mass*(nll_bar/total)*(rest_dot/total)));
            const real scaled_bar1_dot = ((z_loss == real(0)) ? real(0) : real(2)*z_loss*lse*mass_dot*(sum_of_terms_bar/total)) + ((z_loss == real(0)) ? real(0) : real(2)*z_loss*lse_dot0*mass*(sum_of_terms_bar/total)) + ((z_loss == real(0)) ? real(0) : -(real(2)*z_loss*lse*mass*(rest_dot/total)*(sum_of_terms_bar/total))) + scaled_bar0_dot;
            const real scaled_bar_dot = ((label_smoothing == real(0)) ? real(0) : off*sum_of_terms_bar*mass_dot*(weights/total)) + ((label_smoothing == real(0)) ? real(0) : -(off*sum_of_terms_bar*mass*(rest_dot/total)*(weights/total))) + scaled_bar1_dot;
            const real logits_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
