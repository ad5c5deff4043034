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

KERNEL poly1_value(
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
        const real lag = top - logits_in(b, target);  // at least 0
        const real drop_at_target = logits_in(b, target) - top;  // at most 0
        const real slip_at_target = max_number_(two_diff_error(logits_in(b, target), top), real(-1));
        const real tail_at_target = ((first == target) ? drop_at_target : (real(1) + slip_at_target)*exp_(drop_at_target));
        const real mass_at_target = ((first == target) ? real(1) : tail_at_target);  // exp(logits - top)
        const real lack = real(1) - mass_at_target;  // of the largest mass
        Sum rest_fold;
        Sum fall_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            rest_fold.add(lane, tail);
            if (label_smoothing != real(0)) fall_fold.add(lane, weighted_(class_weight_in(c), -drop));
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real fall = fall_fold.result();
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real each = grow*weights + fall;
        const real spread = ((label_smoothing == real(0)) ? real(0) : each*off);  // smoothing over all classes
        const real lack_of_p = miss;  // 1 - p of the target
        Sum wide_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            if (label_smoothing != real(0) && epsilon != real(0)) wide_fold.add(lane, class_weight_in(c)*(rival/total));
        });
        const real wide = wide_fold.result();  // what all classes lack
        const real thin = ((label_smoothing == real(0)) ? real(0) : off*wide);  // what smoothing adds
        const real shortfall = class_weight_in(target)*hit*lack_of_p + thin;
        const real loss = ((epsilon == real(0)) ? real(0) : epsilon*shortfall) + weighted_(class_weight_in(target)*hit, nll) + spread;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL poly1_grad(
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
        const real shortfall_bar = ((epsilon == real(0)) ? real(0) : epsilon*loss_bar);
        const real lack_of_p_bar = class_weight_in(target)*hit*shortfall_bar;
        const real nll_bar = class_weight_in(target)*hit*loss_bar;
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
        Sum fall_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            rest_fold.add(lane, tail);
            if (label_smoothing != real(0)) fall_fold.add(lane, weighted_(class_weight_in(c), -drop));
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real fall = fall_fold.result();
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real nll = grow + lag;  // -log softmax of the target
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real each = grow*weights + fall;
        const real spread = ((label_smoothing == real(0)) ? real(0) : each*off);  // smoothing over all classes
        const real chance = mass_at_target/total;  // softmax of the target
        Sum wide_fold;
        First chief_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real parts = class_weight_in(c)*mass*(real(1)/total);  // what classes have
            if (label_smoothing != real(0) && epsilon != real(0)) wide_fold.add(lane, class_weight_in(c)*(rival/total));
            if (label_smoothing != real(0)) chief_fold.offer(lane, parts, c);
        });
        const real wide = wide_fold.result();  // what all classes lack
        const int chief = chief_fold.place();  // class of the largest part
        const real thin = ((label_smoothing == real(0)) ? real(0) : off*wide);  // what smoothing adds
        const real drop_at_chief = logits_in(b, chief) - top;  // at most 0
        const real slip_at_chief = max_number_(two_diff_error(logits_in(b, chief), top), real(-1));
        const real tail_at_chief = ((chief == first) ? drop_at_chief : (real(1) + slip_at_chief)*exp_(drop_at_chief));
        const real mass_at_chief = ((chief == first) ? real(1) : tail_at_chief);  // exp(logits - top)
        const real parts_at_chief = class_weight_in(chief)*mass_at_chief*(real(1)/total);  // what classes have
        const real peak = parts_at_chief;  // largest part
        const real shortfall = class_weight_in(target)*hit*miss + thin;
        const real loss = ((epsilon == real(0)) ? real(0) : epsilon*shortfall) + weighted_(class_weight_in(target)*hit, nll) + spread;
        Sum slights_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real parts = class_weight_in(c)*mass*(real(1)/total);  // what classes have
            const real slight = ((c == chief) ? real(0) : parts);
            if (label_smoothing != real(0)) slights_fold.add(lane, slight);
        });
        const real slights = slights_fold.result();  // sum of all but the largest part
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real parts = class_weight_in(c)*mass*(real(1)/total);  // what classes have
            const real held = ((c == chief) ? slights : peak + slights - parts);  // of all other classes
            const real gone = rival/total;  // softmax of all but the class
            const real logits_bar0 = ((c == target) ? -(miss*nll_bar) : mass*(nll_bar/total)) + ((c == target) ? -(chance*lack_of_p_bar*miss) : chance*mass*(lack_of_p_bar/total));
            const real logits_bar1 = ((label_smoothing == real(0)) ? logits_bar0 : (held - class_weight_in(c)*gone)*off*mass*(shortfall_bar/total) + logits_bar0);
            const real logits_bar = ((label_smoothing == real(0)) ? logits_bar1 : (mass*(weights/total) - class_weight_in(c))*loss_bar*off + logits_bar1);
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL poly1_hvp(
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
        const real shortfall_bar = ((epsilon == real(0)) ? real(0) : epsilon*loss_bar);
        const real lack_of_p_bar = class_weight_in(target)*hit*shortfall_bar;
        const real nll_bar = class_weight_in(target)*hit*loss_bar;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
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
        const real others = lack + rest;  // mass of all classes but the target
        const real miss = others/total;  // softmax of all but the target
        const real chance = mass_at_target/total;  // softmax of the target
        const real miss_dot = mass_at_target*(rest_dot/total/total) - mass_dot_at_target/total;
        const real chance_dot = mass_dot_at_target/total - chance*(rest_dot/total);
        First chief_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real parts = class_weight_in(c)*mass*(real(1)/total);  // what classes have
            if (label_smoothing != real(0)) chief_fold.offer(lane, parts, c);
        });
        const int chief = chief_fold.place();  // class of the largest part
        const real drop_at_chief = logits_in(b, chief) - top;  // at most 0
        const real slip_at_chief = max_number_(two_diff_error(logits_in(b, chief), top), real(-1));
        const real tail_at_chief = ((chief == first) ? drop_at_chief : (real(1) + slip_at_chief)*exp_(drop_at_chief));
        const real mass_at_chief = ((chief == first) ? real(1) : tail_at_chief);  // exp(logits - top)
        const real parts_at_chief = class_weight_in(chief)*mass_at_chief*(real(1)/total);  // what classes have
        const real peak = parts_at_chief;  // largest part
        const real drop_dot_at_chief = logits_dot_in(b, chief) - top_dot;
        const real tail_dot_at_chief = drop_dot_at_chief*tail_at_chief;
        const real mass_dot_at_chief = tail_dot_at_chief*((chief == first) ? real(0) : real(1));
        const real parts_dot_at_chief = class_weight_in(chief)*(mass_dot_at_chief/total) - class_weight_in(chief)*mass_at_chief*(rest_dot/total/total);
        const real peak_dot = parts_dot_at_chief;
        Sum slights_fold;
        Sum slights_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real parts = class_weight_in(c)*mass*(real(1)/total);  // what classes have
            const real slight = ((c == chief) ? real(0) : parts);
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real parts_dot = class_weight_in(c)*(mass_dot/total) - class_weight_in(c)*mass*(rest_dot/total/total);
            const real slight_dot = parts_dot*((c == chief) ? real(0) : real(1));
            if (label_smoothing != real(0)) slights_fold.add(lane, slight);
            if (label_smoothing != real(0)) slights_dot_fold.add(lane, slight_dot);
        });
        const real slights = slights_fold.result();  // sum of all but the largest part
        const real slights_dot = slights_dot_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real parts = class_weight_in(c)*mass*(real(1)/total);  // what classes have
            const real held = ((c == chief) ? slights : peak + slights - parts);  // of all other classes
            const real gone = rival/total;  // softmax of all but the class
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real parts_dot = class_weight_in(c)*(mass_dot/total) - class_weight_in(c)*mass*(rest_dot/total/total);
            const real held_dot = parts_dot*((c == chief) ? real(0) : real(-1)) + peak_dot*((c == chief) ? real(0) : real(1)) + slights_dot;
            const real gone_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real logits_bar0_dot = (((c == target) ? -(chance*lack_of_p_bar) : real(0)) + ((c == target) ? -nll_bar : real(0)))*miss_dot + mass_dot*((c == target) ? real(0) : chance*(lack_of_p_bar/total)) + rest_dot*((c == target) ? real(0) : -(mass*(real(1)/total)*(nll_bar/total))) + rest_dot*((c == target) ? real(0) : -(chance*mass*(real(1)/total)*(lack_of_p_bar/total))) + mass_dot*((c == target) ? real(0) : nll_bar/total) + ((c == target) ? -(chance_dot*lack_of_p_bar*miss) : chance_dot*mass*(lack_of_p_bar/total));
            const real logits_bar1_dot = ((label_smoothing == real(0)) ? real(0) : (held - class_weight_in(c)*gone)*off*mass_dot*(shortfall_bar/total)) + ((label_smoothing == real(0)) ? real(0) : off*held_dot*mass*(shortfall_bar/total)) + ((label_smoothing == real(0)) ? real(0) : -((held - class_weight_in(c)*gone)*off*mass*(rest_dot/total)*(shortfall_bar/total))) + ((label_smoothing == real(0)) ? real(0) : -(class_weight_in(c)*off*gone_dot*mass*(shortfall_bar/total))) + logits_bar0_dot;
            const real logits_bar_dot = ((label_smoothing == real(0)) ? real(0) : loss_bar*off*mass_dot*(weights/total)) + ((label_smoothing == real(0)) ? real(0) : -(loss_bar*off*mass*(rest_dot/total)*(weights/total))) + logits_bar1_dot;
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
