// Poly-1: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = -sum_k w_k q_k log p_k + epsilon sum_k w_k q_k (1 - p_k),  p = softmax(z);
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
//     epsilon: factor of 1 - p (default 1.0)
//
// Source
//     Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov: PolyLoss: A Polynomial Expansion
//     Perspective of Classification Loss Functions, ICLR 2022, arXiv 2204.12511, equation 6.

KERNEL poly1_soft_value(
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
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        Sum nll_fold;
        Sum shortfall_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            const real score = grow - drop;  // -log softmax, at least 0
            const real cost = weighted_(class_weight_in(c), score);  // -log softmax times the class's weight
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real lacking = class_weight_in(c)*miss;  // 1 - p, weighted
            nll_fold.add(lane, weighted_(wish, cost));
            if (epsilon != real(0)) shortfall_fold.add(lane, lacking*wish);
        });
        const real nll = nll_fold.result();
        const real shortfall = shortfall_fold.result();
        const real loss = ((epsilon == real(0)) ? real(0) : epsilon*shortfall) + nll;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL poly1_soft_grad(
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
        const real shortfall_bar = ((epsilon == real(0)) ? real(0) : epsilon*loss_bar);
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
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real minor = ((c == lead) ? real(0) : goal);
            rest_fold.add(lane, tail);
            minors_fold.add(lane, minor);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real minors = minors_fold.result();  // sum of all but the largest part
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        Sum nll_fold;
        Sum shortfall_fold;
        First chief_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real score = grow - drop;  // -log softmax, at least 0
            const real cost = weighted_(class_weight_in(c), score);  // -log softmax times the class's weight
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real lacking = class_weight_in(c)*miss;  // 1 - p, weighted
            const real parts = goal*mass*(real(1)/total);  // what classes have
            const real wish_bar = loss_bar*cost + shortfall_bar*lacking;
            const real target_bar = hit*wish_bar;
            nll_fold.add(lane, weighted_(wish, cost));
            if (epsilon != real(0)) shortfall_fold.add(lane, lacking*wish);
            chief_fold.offer(lane, parts, c);
            target_bar_out.store(b, c, target_bar);
        });
        const real nll = nll_fold.result();
        const real shortfall = shortfall_fold.result();
        const int chief = chief_fold.place();  // class of the largest part
        const real wish_at_chief = hit*target_in(b, chief) + off;  // smoothed target
        const real goal_at_chief = class_weight_in(chief)*wish_at_chief;  // weighted target
        const real drop_at_chief = logits_in(b, chief) - top;  // at most 0
        const real slip_at_chief = max_number_(two_diff_error(logits_in(b, chief), top), real(-1));
        const real tail_at_chief = ((chief == first) ? drop_at_chief : (real(1) + slip_at_chief)*exp_(drop_at_chief));
        const real mass_at_chief = ((chief == first) ? real(1) : tail_at_chief);  // exp(logits - top)
        const real parts_at_chief = goal_at_chief*mass_at_chief*(real(1)/total);  // what classes have
        const real peak = parts_at_chief;  // largest part
        const real loss = ((epsilon == real(0)) ? real(0) : epsilon*shortfall) + nll;
        Sum slights_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real parts = goal*mass*(real(1)/total);  // what classes have
            const real slight = ((c == chief) ? real(0) : parts);
            slights_fold.add(lane, slight);
        });
        const real slights = slights_fold.result();  // sum of all but the largest part
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real asked = ((c == lead) ? minors : minors + most - goal);  // of all other classes
            const real parts = goal*mass*(real(1)/total);  // what classes have
            const real held = ((c == chief) ? slights : peak + slights - parts);  // of all other classes
            const real logits_bar = (held - goal*miss)*mass*(shortfall_bar/total) + asked*mass*(loss_bar/total) - loss_bar*goal*miss;
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL poly1_soft_hvp(
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
        const real shortfall_bar = ((epsilon == real(0)) ? real(0) : epsilon*loss_bar);
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
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real minor = ((c == lead) ? real(0) : goal);
            const real wish_dot = hit*target_dot_in(b, c);
            const real goal_dot = class_weight_in(c)*wish_dot;
            const real drop_dot = logits_dot_in(b, c) - top_dot;
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
        const real grow_dot = rest_dot/total;
        First chief_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real parts = goal*mass*(real(1)/total);  // what classes have
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real score_dot = grow_dot - drop_dot;
            const real cost_dot = class_weight_in(c)*score_dot;
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real lacking_dot = class_weight_in(c)*miss_dot;
            const real wish_bar_dot = loss_bar*cost_dot + shortfall_bar*lacking_dot;
            const real target_bar_dot = hit*wish_bar_dot;
            chief_fold.offer(lane, parts, c);
            target_bar_dot_out.store(b, c, target_bar_dot);
        });
        const int chief = chief_fold.place();  // class of the largest part
        const real wish_at_chief = hit*target_in(b, chief) + off;  // smoothed target
        const real goal_at_chief = class_weight_in(chief)*wish_at_chief;  // weighted target
        const real drop_at_chief = logits_in(b, chief) - top;  // at most 0
        const real slip_at_chief = max_number_(two_diff_error(logits_in(b, chief), top), real(-1));
        const real tail_at_chief = ((chief == first) ? drop_at_chief : (real(1) + slip_at_chief)*exp_(drop_at_chief));
        const real mass_at_chief = ((chief == first) ? real(1) : tail_at_chief);  // exp(logits - top)
        const real parts_at_chief = goal_at_chief*mass_at_chief*(real(1)/total);  // what classes have
        const real peak = parts_at_chief;  // largest part
        const real wish_dot_at_chief = hit*target_dot_in(b, chief);
        const real goal_dot_at_chief = class_weight_in(chief)*wish_dot_at_chief;
        const real drop_dot_at_chief = logits_dot_in(b, chief) - top_dot;
        const real tail_dot_at_chief = drop_dot_at_chief*tail_at_chief;
        const real mass_dot_at_chief = tail_dot_at_chief*((chief == first) ? real(0) : real(1));
        const real parts_dot_at_chief = mass_at_chief*(goal_dot_at_chief/total) + goal_at_chief*(mass_dot_at_chief/total) - goal_at_chief*mass_at_chief*(rest_dot/total/total);
        const real peak_dot = parts_dot_at_chief;
        Sum slights_fold;
        Sum slights_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real parts = goal*mass*(real(1)/total);  // what classes have
            const real slight = ((c == chief) ? real(0) : parts);
            const real wish_dot = hit*target_dot_in(b, c);
            const real goal_dot = class_weight_in(c)*wish_dot;
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real parts_dot = mass*(goal_dot/total) + goal*(mass_dot/total) - goal*mass*(rest_dot/total/total);
            const real slight_dot = parts_dot*((c == chief) ? real(0) : real(1));
            slights_fold.add(lane, slight);
            slights_dot_fold.add(lane, slight_dot);
        });
        const real slights = slights_fold.result();  // sum of all but the largest part
        const real slights_dot = slights_dot_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real goal = class_weight_in(c)*wish;  // weighted target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real asked = ((c == lead) ? minors : minors + most - goal);  // of all other classes
            const real parts = goal*mass*(real(1)/total);  // what classes have
            const real held = ((c == chief) ? slights : peak + slights - parts);  // of all other classes
            const real wish_dot = hit*target_dot_in(b, c);
            const real goal_dot = class_weight_in(c)*wish_dot;
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real asked_dot = goal_dot*((c == lead) ? real(0) : real(-1)) + most_dot*((c == lead) ? real(0) : real(1)) + minors_dot;
            const real parts_dot = mass*(goal_dot/total) + goal*(mass_dot/total) - goal*mass*(rest_dot/total/total);
            const real held_dot = parts_dot*((c == chief) ? real(0) : real(-1)) + peak_dot*((c == chief) ? real(0) : real(1)) + slights_dot;
            const real logits_bar_dot = (held - goal*miss)*mass_dot*(shortfall_bar/total) + asked*mass_dot*(loss_bar/total) + asked_dot*mass*(loss_bar/total) + held_dot*mass*(shortfall_bar/total) - loss_bar*goal*miss_dot - loss_bar*goal_dot*miss - (held - goal*miss)*mass*(rest_dot/total)*(shortfall_bar/total) - asked*mass*(loss_bar/total)*(rest_dot/total) - goal*mass*miss_dot*(shortfall_bar/total) - goal_dot*mass*miss*(shortfall_bar/total);
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
