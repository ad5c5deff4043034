// Softmax focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = -sum_k q_k w_k alpha_k (1 - p_k)^gamma log p_k,  p = softmax(z);
//     alpha_k: alpha, or 1 - alpha, by the class;
//     q: the target's class, or the target itself, smoothed to hit q + off
//
// Subgradients
//     none: the loss is smooth. The largest logit, and the first among equals, is a reference
//     point that cancels from value and derivatives.
//
// Constants
//     gamma: power of 1 - p (default 2.0)
//     alpha: factor of the classes that alpha_side names (default 1.0)
//     alpha_on_first: 1: alpha multiplies rows of class 0; 0: 1 - alpha does (default 1.0)
//     alpha_on_others: 1: alpha multiplies rows of every class but 0; 0: 1 - alpha does
//         (default 1.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//     label_smoothing: eps of label smoothing, spread over all classes (default 0.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.

KERNEL softmax_focal_soft_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    const real amount = label_smoothing;
    const real reach = real(1);
    const real taken = amount*reach;  // from the target
    const real over = real(C);
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    const real first_factor = ((alpha_on_first == real(0)) ? real(1) - alpha : alpha);  // of class 0
    const real other_factor = ((alpha_on_others == real(0)) ? real(1) - alpha : alpha);  // of any other class
    over_rows(B, [&](size b) {
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
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
        Sum focal_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            const real scale = class_weight_in(c)*((c == real(0)) ? first_factor : other_factor);  // weight of a class
            const real score = grow - drop;  // -log softmax, at least 0
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real factor = power_(miss, gamma);  // modulator
            const real rate = factor*score;
            const real cost = weighted_(scale, rate);  // weighted
            focal_fold.add(lane, weighted_(wish, cost));
        });
        const real focal = focal_fold.result();
        const real loss = focal;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_focal_soft_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    const real amount = label_smoothing;
    const real reach = real(1);
    const real taken = amount*reach;  // from the target
    const real over = real(C);
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    const real first_factor = ((alpha_on_first == real(0)) ? real(1) - alpha : alpha);  // of class 0
    const real other_factor = ((alpha_on_others == real(0)) ? real(1) - alpha : alpha);  // of any other class
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real mass_at_first = real(1);  // exp(logits - top)
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real drop_at_first = logits_in(b, first) - top;  // at most 0
        const real scale_at_first = class_weight_in(first)*((first == real(0)) ? first_factor : other_factor);  // weight of a class
        const real wish_at_first = hit*target_in(b, first) + off;  // smoothed target
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
        const real rival_at_first = rest;
        const real miss_at_first = rival_at_first/total;  // softmax of all but the class
        const real factor_at_first = power_(miss_at_first, gamma);  // modulator
        const real chance_at_first = mass_at_first*(real(1)/total);  // softmax
        const real score_at_first = grow - drop_at_first;  // -log softmax, at least 0
        const real steep_at_first = ratio_(score_at_first, miss_at_first, real(1));  // at least 1
        const real felt_at_first = weighted_(chance_at_first, steep_at_first);  // at most 1
        const real pull_at_first = (real(1) + (attached == real(0) ? real(0) : gamma*felt_at_first))*factor_at_first;  // derivative by -log softmax
        const real heed_at_first = pull_at_first*scale_at_first*wish_at_first;  // what a class asks
        const real largest = heed_at_first;  // of the largest logit's class
        Sum focal_fold;
        Sum minors_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scale = class_weight_in(c)*((c == real(0)) ? first_factor : other_factor);  // weight of a class
            const real score = grow - drop;  // -log softmax, at least 0
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real factor = power_(miss, gamma);  // modulator
            const real steep = ratio_(score, miss, real(1));  // at least 1
            const real felt = weighted_(chance, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by -log softmax
            const real rate = factor*score;
            const real cost = weighted_(scale, rate);  // weighted
            const real heed = scale*pull*wish;  // what a class asks
            const real minor = ((c == first) ? real(0) : heed);
            const real wish_bar = loss_bar*cost;
            const real target_bar = hit*wish_bar;
            focal_fold.add(lane, weighted_(wish, cost));
            minors_fold.add(lane, minor);
            target_bar_out.store(b, c, target_bar);
        });
        const real focal = focal_fold.result();
        const real minors = minors_fold.result();  // sum over all other classes
        const real loss = focal;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scale = class_weight_in(c)*((c == real(0)) ? first_factor : other_factor);  // weight of a class
            const real score = grow - drop;  // -log softmax, at least 0
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real factor = power_(miss, gamma);  // modulator
            const real steep = ratio_(score, miss, real(1));  // at least 1
            const real felt = weighted_(chance, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by -log softmax
            const real heed = scale*pull*wish;  // what a class asks
            const real asked = ((c == first) ? minors : largest + minors - heed);  // of all other classes
            const real logits_bar = (asked*chance - heed*miss)*loss_bar;
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_focal_soft_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    const real amount = label_smoothing;
    const real reach = real(1);
    const real taken = amount*reach;  // from the target
    const real over = real(C);
    const real kept = over - real(C)*amount;  // exact where it is small
    const real hit = (kept - two_prod_error(amount, real(C)))/over;  // factor of the target
    const real off = taken/real(C);  // added to every class
    const real first_factor = ((alpha_on_first == real(0)) ? real(1) - alpha : alpha);  // of class 0
    const real other_factor = ((alpha_on_others == real(0)) ? real(1) - alpha : alpha);  // of any other class
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real mass_at_first = real(1);  // exp(logits - top)
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real drop_at_first = logits_in(b, first) - top;  // at most 0
        const real scale_at_first = class_weight_in(first)*((first == real(0)) ? first_factor : other_factor);  // weight of a class
        const real wish_at_first = hit*target_in(b, first) + off;  // smoothed target
        const real top_dot = logits_dot_in(b, first);
        const real drop_dot_at_first = logits_dot_in(b, first) - top_dot;
        const real wish_dot_at_first = hit*target_dot_in(b, first);
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
        const real rival_at_first = rest;
        const real miss_at_first = rival_at_first/total;  // softmax of all but the class
        const real factor_at_first = power_(miss_at_first, gamma);  // modulator
        const real chance_at_first = mass_at_first*(real(1)/total);  // softmax
        const real score_at_first = grow - drop_at_first;  // -log softmax, at least 0
        const real steep_at_first = ratio_(score_at_first, miss_at_first, real(1));  // at least 1
        const real felt_at_first = weighted_(chance_at_first, steep_at_first);  // at most 1
        const real pull_at_first = (real(1) + (attached == real(0) ? real(0) : gamma*felt_at_first))*factor_at_first;  // derivative by -log softmax
        const real heed_at_first = pull_at_first*scale_at_first*wish_at_first;  // what a class asks
        const real largest = heed_at_first;  // of the largest logit's class
        const real grow_dot = rest_dot/total;
        const real score_dot_at_first = grow_dot - drop_dot_at_first;
        const real pull_dot_at_first = (attached == real(0) ? real(0) : gamma*factor_at_first*ratio_(score_dot_at_first, miss_at_first, real(0))*weighted_(chance_at_first, real(2) + (-real(1) + gamma)*felt_at_first - score_at_first));
        const real heed_dot_at_first = pull_at_first*scale_at_first*wish_dot_at_first + pull_dot_at_first*scale_at_first*wish_at_first;
        const real largest_dot = heed_dot_at_first;
        Sum minors_fold;
        Sum minors_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scale = class_weight_in(c)*((c == real(0)) ? first_factor : other_factor);  // weight of a class
            const real score = grow - drop;  // -log softmax, at least 0
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real factor = power_(miss, gamma);  // modulator
            const real steep = ratio_(score, miss, real(1));  // at least 1
            const real felt = weighted_(chance, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by -log softmax
            const real heed = scale*pull*wish;  // what a class asks
            const real minor = ((c == first) ? real(0) : heed);
            const real wish_dot = hit*target_dot_in(b, c);
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real score_dot = grow_dot - drop_dot;
            const real pull_dot = (attached == real(0) ? real(0) : gamma*factor*ratio_(score_dot, miss, real(0))*weighted_(chance, real(2) + (-real(1) + gamma)*felt - score));
            const real rate_dot = pull*score_dot;
            const real cost_dot = scale*rate_dot;
            const real heed_dot = scale*pull*wish_dot + scale*pull_dot*wish;
            const real minor_dot = heed_dot*((c == first) ? real(0) : real(1));
            const real wish_bar_dot = loss_bar*cost_dot;
            const real target_bar_dot = hit*wish_bar_dot;
            minors_fold.add(lane, minor);
            minors_dot_fold.add(lane, minor_dot);
            target_bar_dot_out.store(b, c, target_bar_dot);
        });
        const real minors = minors_fold.result();  // sum over all other classes
        const real minors_dot = minors_dot_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real scale = class_weight_in(c)*((c == real(0)) ? first_factor : other_factor);  // weight of a class
            const real score = grow - drop;  // -log softmax, at least 0
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real factor = power_(miss, gamma);  // modulator
            const real steep = ratio_(score, miss, real(1));  // at least 1
            const real felt = weighted_(chance, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by -log softmax
            const real heed = scale*pull*wish;  // what a class asks
            const real asked = ((c == first) ? minors : largest + minors - heed);  // of all other classes
            const real wish_dot = hit*target_dot_in(b, c);
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real score_dot = grow_dot - drop_dot;
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real chance_dot = mass_dot/total - mass*(rest_dot/total/total);
            const real pull_dot = (attached == real(0) ? real(0) : gamma*factor*ratio_(score_dot, miss, real(0))*weighted_(chance, real(2) + (-real(1) + gamma)*felt - score));
            const real heed_dot = scale*pull*wish_dot + scale*pull_dot*wish;
            const real asked_dot = heed_dot*((c == first) ? real(0) : real(-1)) + largest_dot*((c == first) ? real(0) : real(1)) + minors_dot;
            const real logits_bar_dot = loss_bar*asked*chance_dot + loss_bar*asked_dot*chance - loss_bar*heed*miss_dot - loss_bar*heed_dot*miss;
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
