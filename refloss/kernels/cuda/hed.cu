// Class-balanced sigmoid cross-entropy: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = beta sum_k w_k t_k softplus(-x_k) + negative_factor (1 - beta) sum_k w_k (1 - t_k) softplus(x_k);
//     beta = sum_k w_k (1 - t_k) / sum_k w_k,  x, t, w = logits, target, class_weight of a row's pixels
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//     negative_factor: what the weight of negatives is multiplied by (default 1.0)
//     attached: 1: the counts are differentiated too (default 0.0)
//
// Source
//     Xie and Tu, Holistically-Nested Edge Detection, ICCV 2015, arXiv 1504.06375, eq. 2.

KERNEL hed_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    Sum whole_fold;
    over_classes(C, [&](int c, int lane) {
        whole_fold.add(lane, class_weight_in(c));
    });
    const real whole = whole_fold.result();  // of the weights
    over_rows(B, [&](size b) {
        Sum positives_fold;
        Sum negatives_fold;
        Sum hits_fold;
        Sum misses_fold;
        over_classes(C, [&](int c, int lane) {
            const real left = exp_(-abs_(logits_in(b, c)));  // at most 1
            const real tail = log1p_(left);  // of softplus, on both sides
            const real missed = above_(logits_in(b, c), real(0)) + tail;  // softplus(x)
            const real hit = above_(-logits_in(b, c), real(0)) + tail;  // softplus(-x)
            if (negative_factor != real(0)) positives_fold.add(lane, weighted_(class_weight_in(c), target_in(b, c)));
            negatives_fold.add(lane, weighted_(class_weight_in(c), real(1) - target_in(b, c)));
            hits_fold.add(lane, weighted_(class_weight_in(c), weighted_(target_in(b, c), hit)));
            misses_fold.add(lane, weighted_(class_weight_in(c), weighted_(real(1) - target_in(b, c), missed)));
        });
        const real positives = positives_fold.result();
        const real negatives = negatives_fold.result();
        const real hits = hits_fold.result();
        const real misses = misses_fold.result();
        const real beta = ratio_(negatives, whole, real(0));  // share of the negatives
        const real alpha = ratio_(positives, whole, real(0));  // share of the positives
        const real ahead = beta;  // weight of positives
        const real behind = negative_factor*alpha;  // weight of negatives
        const real loss = weighted_(ahead, hits) + weighted_(behind, misses);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL hed_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    Sum whole_fold;
    over_classes(C, [&](int c, int lane) {
        whole_fold.add(lane, class_weight_in(c));
    });
    const real whole = whole_fold.result();  // of the weights
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum positives_fold;
        Sum negatives_fold;
        Sum hits_fold;
        Sum misses_fold;
        over_classes(C, [&](int c, int lane) {
            const real left = logits_bar_out.hold(b, c, exp_(-abs_(logits_in(b, c))));  // at most 1
            const real tail = target_bar_out.hold(b, c, log1p_(left));  // of softplus, on both sides
            const real missed = above_(logits_in(b, c), real(0)) + tail;  // softplus(x)
            const real hit = above_(-logits_in(b, c), real(0)) + tail;  // softplus(-x)
            if (negative_factor != real(0)) positives_fold.add(lane, weighted_(class_weight_in(c), target_in(b, c)));
            negatives_fold.add(lane, weighted_(class_weight_in(c), real(1) - target_in(b, c)));
            hits_fold.add(lane, weighted_(class_weight_in(c), weighted_(target_in(b, c), hit)));
            misses_fold.add(lane, weighted_(class_weight_in(c), weighted_(real(1) - target_in(b, c), missed)));
        });
        const real positives = positives_fold.result();
        const real negatives = negatives_fold.result();
        const real hits = hits_fold.result();
        const real misses = misses_fold.result();
        const real beta = ratio_(negatives, whole, real(0));  // share of the negatives
        const real alpha = ratio_(positives, whole, real(0));  // share of the positives
        const real ahead = beta;  // weight of positives
        const real behind = negative_factor*alpha;  // weight of negatives
        const real loss = weighted_(ahead, hits) + weighted_(behind, misses);
        const real counted = negative_factor*misses - hits;  // through the counts
        over_classes(C, [&](int c, int lane) {
            const real left = logits_bar_out.held(b, c, exp_(-abs_(logits_in(b, c))));  // at most 1
            const real tail = target_bar_out.held(b, c, log1p_(left));  // of softplus, on both sides
            const real missed = above_(logits_in(b, c), real(0)) + tail;  // softplus(x)
            const real hit = above_(-logits_in(b, c), real(0)) + tail;  // softplus(-x)
            const real share = real(1)/(real(1) + left);  // at least 1/2
            const real rise = ((logits_in(b, c) >= real(0)) ? share : left*share);  // sigmoid(x)
            const real fall = ((logits_in(b, c) >= real(0)) ? left*share : share);  // sigmoid(-x)
            const real logits_bar = ((real(1) - target_in(b, c))*behind*rise - ahead*fall*target_in(b, c))*class_weight_in(c)*loss_bar;
            const real target_bar = (ahead*hit - behind*missed)*class_weight_in(c)*loss_bar + (attached == real(0) ? real(0) : class_weight_in(c)*loss_bar*ratio_(counted, whole, real(0)));
            logits_bar_out.store(b, c, logits_bar);
            target_bar_out.store(b, c, target_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL hed_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    Sum whole_fold;
    over_classes(C, [&](int c, int lane) {
        whole_fold.add(lane, class_weight_in(c));
    });
    const real whole = whole_fold.result();  // of the weights
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum positives_fold;
        Sum negatives_fold;
        Sum positives_dot_fold;
        Sum negatives_dot_fold;
        Sum hits_dot_fold;
        Sum misses_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real left = logits_bar_dot_out.hold(b, c, exp_(-abs_(logits_in(b, c))));  // at most 1
            const real tail = target_bar_dot_out.hold(b, c, log1p_(left));  // of softplus, on both sides
            const real missed = above_(logits_in(b, c), real(0)) + tail;  // softplus(x)
            const real hit = above_(-logits_in(b, c), real(0)) + tail;  // softplus(-x)
            const real share = real(1)/(real(1) + left);  // at least 1/2
            const real rise = ((logits_in(b, c) >= real(0)) ? share : left*share);  // sigmoid(x)
            const real fall = ((logits_in(b, c) >= real(0)) ? left*share : share);  // sigmoid(-x)
            const real missed_dot = logits_dot_in(b, c)*rise;
            const real hit_dot = -(fall*logits_dot_in(b, c));
            if (negative_factor != real(0)) positives_fold.add(lane, weighted_(class_weight_in(c), target_in(b, c)));
            negatives_fold.add(lane, weighted_(class_weight_in(c), real(1) - target_in(b, c)));
            if (negative_factor != real(0) && attached != real(0)) positives_dot_fold.add(lane, class_weight_in(c)*target_dot_in(b, c));
            if (attached != real(0)) negatives_dot_fold.add(lane, -(class_weight_in(c)*target_dot_in(b, c)));
            if (attached != real(0)) hits_dot_fold.add(lane, class_weight_in(c)*hit*target_dot_in(b, c) + class_weight_in(c)*hit_dot*target_in(b, c));
            if (negative_factor != real(0) && attached != real(0)) misses_dot_fold.add(lane, (real(1) - target_in(b, c))*class_weight_in(c)*missed_dot - class_weight_in(c)*missed*target_dot_in(b, c));
        });
        const real positives = positives_fold.result();
        const real negatives = negatives_fold.result();
        const real positives_dot = positives_dot_fold.result();
        const real negatives_dot = negatives_dot_fold.result();
        const real hits_dot = hits_dot_fold.result();
        const real misses_dot = misses_dot_fold.result();
        const real beta = ratio_(negatives, whole, real(0));  // share of the negatives
        const real alpha = ratio_(positives, whole, real(0));  // share of the positives
        const real ahead = beta;  // weight of positives
        const real behind = negative_factor*alpha;  // weight of negatives
        const real beta_dot = ratio_(negatives_dot, whole, real(0));
        const real alpha_dot = ratio_(positives_dot, whole, real(0));
        const real ahead_dot = (attached == real(0) ? real(0) : beta_dot);
        const real behind_dot = (attached == real(0) ? real(0) : negative_factor*alpha_dot);
        const real counted_dot = negative_factor*misses_dot - hits_dot;
        over_classes(C, [&](int c, int lane) {
            const real left = logits_bar_dot_out.held(b, c, exp_(-abs_(logits_in(b, c))));  // at most 1
            const real tail = target_bar_dot_out.held(b, c, log1p_(left));  // of softplus, on both sides
            const real missed = above_(logits_in(b, c), real(0)) + tail;  // softplus(x)
            const real hit = above_(-logits_in(b, c), real(0)) + tail;  // softplus(-x)
            const real share = real(1)/(real(1) + left);  // at least 1/2
            const real rise = ((logits_in(b, c) >= real(0)) ? share : left*share);  // sigmoid(x)
            const real fall = ((logits_in(b, c) >= real(0)) ? left*share : share);  // sigmoid(-x)
            const real missed_dot = logits_dot_in(b, c)*rise;
            const real hit_dot = -(fall*logits_dot_in(b, c));
            const real rise_dot = fall*logits_dot_in(b, c)*rise;
            const real fall_dot = -(fall*logits_dot_in(b, c)*rise);
            const real logits_bar_dot = (-ahead*fall - behind*rise)*class_weight_in(c)*loss_bar*target_dot_in(b, c) + (real(1) - target_in(b, c))*behind*class_weight_in(c)*loss_bar*rise_dot + (real(1) - target_in(b, c))*behind_dot*class_weight_in(c)*loss_bar*rise - ahead*class_weight_in(c)*loss_bar*fall_dot*target_in(b, c) - ahead_dot*class_weight_in(c)*loss_bar*fall*target_in(b, c);
            const real target_bar_dot = (attached == real(0) ? real(0) : class_weight_in(c)*loss_bar*ratio_(counted_dot, whole, real(0))) + ahead*class_weight_in(c)*loss_bar*hit_dot + ahead_dot*class_weight_in(c)*loss_bar*hit - behind*class_weight_in(c)*loss_bar*missed_dot - behind_dot*class_weight_in(c)*loss_bar*missed;
            logits_bar_dot_out.store(b, c, logits_bar_dot);
            target_bar_dot_out.store(b, c, target_bar_dot);
        });
    });
}
