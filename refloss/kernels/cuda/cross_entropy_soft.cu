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

KERNEL cross_entropy_soft_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    const real amount = label_smoothing/(real(1) + classy*label_smoothing);
    const real reach = real(C)/(real(C) - over_others);
    const real taken = amount*reach;  // from the target
    const real over = real(C) - over_others;
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    over_rows(B, [&](size b) {
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real grow = log1p_(rest);
        const real lse = ((temperature == real(1)) ? top : top/temperature) + grow;  // log-sum-exp
        const real penalty = ((z_loss == real(0)) ? real(0) : z_loss*(lse*lse));  // z-loss
        Sum nll_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real score = grow - drop;  // -log softmax, at least 0
            const real cost = weighted_(class_weight_in(c), score);  // -log softmax times the class's weight
            nll_fold.add(lane, weighted_(wish, cost));
        });
        const real nll = nll_fold.result();
        const real sum_of_terms = nll + penalty;
        const real loss = ((times_square == real(0)) ? sum_of_terms : (temperature*temperature)*sum_of_terms);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL cross_entropy_soft_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    const real amount = label_smoothing/(real(1) + classy*label_smoothing);
    const real reach = real(C)/(real(C) - over_others);
    const real taken = amount*reach;  // from the target
    const real over = real(C) - over_others;
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real sum_of_terms_bar = ((times_square == real(0)) ? loss_bar : (temperature*temperature)*loss_bar);
        First first_fold;
        First lead_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            first_fold.offer(lane, logits_in(b, c), c);
            lead_fold.offer(lane, goal, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const int lead = lead_fold.place();  // class of the largest part
        const real top = logits_in(b, first);  // largest logit
        const real wish_at_lead = hit*target_in(b, lead) + off;  // smoothed target
        const real goal_at_lead = class_weight_in(lead)*wish_at_lead;  // weighted target
        const real most = goal_at_lead;  // largest part
        Sum rest_fold;
        Sum minors_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real minor = ((c == lead) ? real(0) : goal);
            rest_fold.add(lane, tail);
            minors_fold.add(lane, minor);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real minors = minors_fold.result();  // sum of all but the largest part
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real lse = ((temperature == real(1)) ? top : top/temperature) + grow;  // log-sum-exp
        const real penalty = ((z_loss == real(0)) ? real(0) : z_loss*(lse*lse));  // z-loss
        Sum nll_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real score = grow - drop;  // -log softmax, at least 0
            const real cost = weighted_(class_weight_in(c), score);  // -log softmax times the class's weight
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real asked = ((c == lead) ? minors : minors + most - goal);  // of all other classes
            const real wish_bar = sum_of_terms_bar*cost;
            const real scaled_bar0 = asked*mass*(sum_of_terms_bar/total) - sum_of_terms_bar*goal*miss;
            const real scaled_bar = ((z_loss == real(0)) ? scaled_bar0 : real(2)*z_loss*lse*mass*(sum_of_terms_bar/total) + scaled_bar0);
            const real logits_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            const real target_bar = hit*wish_bar;
            nll_fold.add(lane, weighted_(wish, cost));
            logits_bar_out.store(b, c, logits_bar);
            target_bar_out.store(b, c, target_bar);
        });
        const real nll = nll_fold.result();
        const real sum_of_terms = nll + penalty;
        const real loss = ((times_square == real(0)) ? sum_of_terms : (temperature*temperature)*sum_of_terms);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL cross_entropy_soft_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    const real amount = label_smoothing/(real(1) + classy*label_smoothing);
    const real reach = real(C)/(real(C) - over_others);
    const real taken = amount*reach;  // from the target
    const real over = real(C) - over_others;
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real sum_of_terms_bar = ((times_square == real(0)) ? loss_bar : (temperature*temperature)*loss_bar);
        First first_fold;
        First lead_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            first_fold.offer(lane, logits_in(b, c), c);
            lead_fold.offer(lane, goal, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const int lead = lead_fold.place();  // class of the largest part
        const real top = logits_in(b, first);  // largest logit
        const real wish_at_lead = hit*target_in(b, lead) + off;  // smoothed target
        const real goal_at_lead = class_weight_in(lead)*wish_at_lead;  // weighted target
        const real most = goal_at_lead;  // largest part
        const real top_dot = logits_dot_in(b, first);
        const real wish_dot_at_lead = hit*target_dot_in(b, lead);
        const real goal_dot_at_lead = class_weight_in(lead)*wish_dot_at_lead;
        const real most_dot = goal_dot_at_lead;
        Sum rest_fold;
        Sum minors_fold;
        Sum rest_dot_fold;
        Sum minors_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real minor = ((c == lead) ? real(0) : goal);
            const real wish_dot = hit*target_dot_in(b, c);
            const real goal_dot = class_weight_in(c)*wish_dot;
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real minor_dot = goal_dot*((c == lead) ? real(0) : real(1));
            rest_fold.add(lane, tail);
            minors_fold.add(lane, minor);
            rest_dot_fold.add(lane, tail_dot);
            minors_dot_fold.add(lane, minor_dot);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real minors = minors_fold.result();  // sum of all but the largest part
        const real rest_dot = rest_dot_fold.result();
        const real minors_dot = minors_dot_fold.result();
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real lse = ((temperature == real(1)) ? top : top/temperature) + grow;  // log-sum-exp
        const real grow_dot = rest_dot/total;
        Sum lse_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scaled_dot = logits_dot_in(b, c)*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real score_dot = grow_dot - drop_dot;
            const real cost_dot = class_weight_in(c)*score_dot;
            const real wish_bar_dot = sum_of_terms_bar*cost_dot;
            const real target_bar_dot = hit*wish_bar_dot;
            if (z_loss != real(0)) lse_dot0_fold.add(lane, mass*(scaled_dot/total));
            target_bar_dot_out.store(b, c, target_bar_dot);
        });
        const real lse_dot0 = lse_dot0_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real asked = ((c == lead) ? minors : minors + most - goal);  // of all other classes
            const real wish_dot = hit*target_dot_in(b, c);
            const real goal_dot = class_weight_in(c)*wish_dot;
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real asked_dot = goal_dot*((c == lead) ? real(0) : real(-1)) + most_dot*((c == lead) ? real(0) : real(1)) + minors_dot;
            const real scaled_bar0_dot = asked*mass_dot*(sum_of_terms_bar/total) + asked_dot*mass*(sum_of_terms_bar/total) - sum_of_terms_bar*goal*miss_dot - sum_of_terms_bar*goal_dot*miss - asked*mass*(rest_dot/total)*(sum_of_terms_bar/total);
            const real scaled_bar_dot = ((z_loss == real(0)) ? real(0) : real(2)*z_loss*lse*mass_dot*(sum_of_terms_bar/total)) + ((z_loss == real(0)) ? real(0) : real(2)*z_loss*lse_dot0*mass*(sum_of_terms_bar/total)) + ((z_loss == real(0)) ? real(0) : -(real(2)*z_loss*lse*mass*(rest_dot/total)*(sum_of_terms_bar/total))) + scaled_bar0_dot;
            const real logits_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
