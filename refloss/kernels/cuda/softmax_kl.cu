// Kullback-Leibler divergence of a softmax: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = factor sum_k w_k q_k (log q_k - log p_k);  p = softmax(z / temperature)
//     q, w = target, class_weight;  factor: 1, or temperature^2
//
// Subgradients
//     none: the loss is smooth. The largest logit, and the first among equals, is a reference
//     point that cancels from value and derivatives.
//
// Constants
//     temperature: what logits are divided by (default 1.0)
//     temperature_lo: what temperature lacks (default 0.0)
//     times_square: 1: times the temperature's square (default 0.0)
//
// Source
//     Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951);
//     Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531.

KERNEL softmax_kl_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    Largest heaviest_fold;
    over_classes(C, [&](int c, int lane) {
        heaviest_fold.offer(lane, class_weight_in(c));
    });
    const real heaviest = heaviest_fold.result();
    Largest lightest_max_fold;
    over_classes(C, [&](int c, int lane) {
        lightest_max_fold.offer(lane, -class_weight_in(c));
    });
    const real lightest_max = lightest_max_fold.result();
    const real lightest = -lightest_max;
    over_rows(B, [&](size b) {
        First first_fold;
        Sum whole_fold;
        Sum crumbs_fold;
        over_classes(C, [&](int c, int lane) {
            const real coarse = target_in(b, c) - two_sum_error(real(4096), target_in(b, c));  // on a grid: sums of it are exact
            const real fine = target_in(b, c) - coarse;  // what the grid does not hold
            first_fold.offer(lane, logits_in(b, c), c);
            whole_fold.add(lane, coarse);
            crumbs_fold.add(lane, fine);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real whole = whole_fold.result();
        const real crumbs = crumbs_fold.result();
        const real top = logits_in(b, first);  // largest logit
        const real over_one = whole - real(1);
        const real excess = crumbs + over_one;  // of the probabilities over 1
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
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        Sum each_fold;
        Sum second_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real score = grow - drop;  // -log softmax, at least 0
            const real held = ((target_in(b, c) > real(0)) ? target_in(b, c) : real(1));  // 1 where the probability is 0
            const real surplus = log_(held) + score;  // log q - log p
            const real cost = weighted_(class_weight_in(c), surplus);
            const real chance = mass/total;  // softmax
            const real gap = chance - target_in(b, c);
            const real step = gap/held;
            const real beyond = ((target_in(b, c) > (real(2)*chance)) ? weighted_(target_in(b, c), surplus) + gap : ((chance <= (real(2)*target_in(b, c))) ? (step - log1p_(step))*target_in(b, c) : weighted_(target_in(b, c), surplus) + gap));  // q log(q/p) + (p - q), at least 0
            each_fold.add(lane, weighted_(target_in(b, c), cost));
            second_fold.add(lane, beyond);
        });
        const real each = each_fold.result();  // term by term
        const real second = second_fold.result();  // beyond the first order
        const real divergence = ((heaviest > lightest) ? each : ((abs_(excess) <= real(0.5)) ? (excess + second)*heaviest : each));
        const real loss = ((times_square == real(0)) ? divergence : (temperature*temperature)*divergence);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_kl_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    Largest heaviest_fold;
    over_classes(C, [&](int c, int lane) {
        heaviest_fold.offer(lane, class_weight_in(c));
    });
    const real heaviest = heaviest_fold.result();
    Largest lightest_max_fold;
    over_classes(C, [&](int c, int lane) {
        lightest_max_fold.offer(lane, -class_weight_in(c));
    });
    const real lightest_max = lightest_max_fold.result();
    const real lightest = -lightest_max;
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real divergence_bar = ((times_square == real(0)) ? loss_bar : (temperature*temperature)*loss_bar);
        First first_fold;
        Sum whole_fold;
        Sum crumbs_fold;
        First lead_fold;
        over_classes(C, [&](int c, int lane) {
            const real coarse = target_in(b, c) - two_sum_error(real(4096), target_in(b, c));  // on a grid: sums of it are exact
            const real fine = target_in(b, c) - coarse;  // what the grid does not hold
            const real goal = class_weight_in(c)*target_in(b, c);  // weighted target
            first_fold.offer(lane, logits_in(b, c), c);
            whole_fold.add(lane, coarse);
            crumbs_fold.add(lane, fine);
            lead_fold.offer(lane, goal, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real whole = whole_fold.result();
        const real crumbs = crumbs_fold.result();
        const int lead = lead_fold.place();  // class of the largest part
        const real top = logits_in(b, first);  // largest logit
        const real over_one = whole - real(1);
        const real excess = crumbs + over_one;  // of the probabilities over 1
        const real goal_at_lead = class_weight_in(lead)*target_in(b, lead);  // weighted target
        const real most = goal_at_lead;  // largest part
        Sum rest_fold;
        Sum minors_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real goal = class_weight_in(c)*target_in(b, c);  // weighted target
            const real minor = ((c == lead) ? real(0) : goal);
            rest_fold.add(lane, tail);
            minors_fold.add(lane, minor);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real minors = minors_fold.result();  // sum of all but the largest part
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        Sum each_fold;
        Sum second_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real score = grow - drop;  // -log softmax, at least 0
            const real held = ((target_in(b, c) > real(0)) ? target_in(b, c) : real(1));  // 1 where the probability is 0
            const real surplus = log_(held) + score;  // log q - log p
            const real cost = weighted_(class_weight_in(c), surplus);
            const real chance = mass/total;  // softmax
            const real gap = chance - target_in(b, c);
            const real step = gap/held;
            const real beyond = ((target_in(b, c) > (real(2)*chance)) ? weighted_(target_in(b, c), surplus) + gap : ((chance <= (real(2)*target_in(b, c))) ? (step - log1p_(step))*target_in(b, c) : weighted_(target_in(b, c), surplus) + gap));  // q log(q/p) + (p - q), at least 0
            const real goal = class_weight_in(c)*target_in(b, c);  // weighted target
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real asked = ((c == lead) ? minors : minors + most - goal);  // of all other classes
            const real scaled_bar = asked*mass*(divergence_bar/total) - divergence_bar*goal*miss;
            const real logits_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            const real target_bar = (class_weight_in(c)*step_(target_in(b, c), real(0)) + cost)*divergence_bar;
            each_fold.add(lane, weighted_(target_in(b, c), cost));
            second_fold.add(lane, beyond);
            logits_bar_out.store(b, c, logits_bar);
            target_bar_out.store(b, c, target_bar);
        });
        const real each = each_fold.result();  // term by term
        const real second = second_fold.result();  // beyond the first order
        const real divergence = ((heaviest > lightest) ? each : ((abs_(excess) <= real(0.5)) ? (excess + second)*heaviest : each));
        const real loss = ((times_square == real(0)) ? divergence : (temperature*temperature)*divergence);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_kl_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real divergence_bar = ((times_square == real(0)) ? loss_bar : (temperature*temperature)*loss_bar);
        First first_fold;
        First lead_fold;
        over_classes(C, [&](int c, int lane) {
            const real goal = class_weight_in(c)*target_in(b, c);  // weighted target
            first_fold.offer(lane, logits_in(b, c), c);
            lead_fold.offer(lane, goal, c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const int lead = lead_fold.place();  // class of the largest part
        const real top = logits_in(b, first);  // largest logit
        const real goal_at_lead = class_weight_in(lead)*target_in(b, lead);  // weighted target
        const real most = goal_at_lead;  // largest part
        const real top_dot = logits_dot_in(b, first);
        const real goal_dot_at_lead = class_weight_in(lead)*target_dot_in(b, lead);
        const real most_dot = goal_dot_at_lead;
        Sum rest_fold;
        Sum minors_fold;
        Sum rest_dot_fold;
        Sum minors_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real goal = class_weight_in(c)*target_in(b, c);  // weighted target
            const real minor = ((c == lead) ? real(0) : goal);
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real goal_dot = class_weight_in(c)*target_dot_in(b, c);
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
        const real grow_dot = rest_dot/total;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real goal = class_weight_in(c)*target_in(b, c);  // weighted target
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real asked = ((c == lead) ? minors : minors + most - goal);  // of all other classes
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real score_dot = grow_dot - drop_dot;
            const real surplus_dot = ratio_(target_dot_in(b, c), target_in(b, c), real(0)) + score_dot;
            const real cost_dot = class_weight_in(c)*surplus_dot;
            const real goal_dot = class_weight_in(c)*target_dot_in(b, c);
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real asked_dot = goal_dot*((c == lead) ? real(0) : real(-1)) + most_dot*((c == lead) ? real(0) : real(1)) + minors_dot;
            const real scaled_bar_dot = asked*mass_dot*(divergence_bar/total) + asked_dot*mass*(divergence_bar/total) - divergence_bar*goal*miss_dot - divergence_bar*goal_dot*miss - asked*mass*(divergence_bar/total)*(rest_dot/total);
            const real logits_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real target_bar_dot = divergence_bar*cost_dot;
            logits_bar_dot_out.store(b, c, logits_bar_dot);
            target_bar_dot_out.store(b, c, target_bar_dot);
        });
    });
}
