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
            const real balance = ((c == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
            const real score = grow - drop;  // -log softmax, at least 0
            const real paid = ((weight_inside == real(0)) ? score : weighted_(class_weight_in(c), score));  // -log p^w or -log p
            const real scale = balance*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // factor of a class
            const real side = ((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // of its polynomial term
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-paid));  // 1 - p^w or 1 - p
            const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
            const real rate = factor*paid;
            const real poly = factor*gone;  // polynomial term
            const real cost = ((epsilon == real(0)) ? real(0) : epsilon*weighted_(side, poly)) + weighted_(scale, rate);  // weighted
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
        const real balance_at_first = ((first == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
        const real scale_at_first = balance_at_first*((weight_inside == real(0)) ? class_weight_in(first) : real(1));  // factor of a class
        const real side_at_first = ((poly_balanced == real(0)) ? real(1) : balance_at_first)*((weight_inside == real(0)) ? class_weight_in(first) : real(1));  // of its polynomial term
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
        const real score_at_first = grow - drop_at_first;  // -log softmax, at least 0
        const real paid_at_first = ((weight_inside == real(0)) ? score_at_first : weighted_(class_weight_in(first), score_at_first));  // -log p^w or -log p
        const real gone_at_first = ((weight_inside == real(0)) ? miss_at_first : -expm1_(-paid_at_first));  // 1 - p^w or 1 - p
        const real factor_at_first = ((gamma_lo == real(0)) ? power_(gone_at_first, gamma) : weighted_(power_(gone_at_first, gamma), real(1) + gamma_lo*log_(gone_at_first)));  // modulator
        const real chance_at_first = mass_at_first*(real(1)/total);  // softmax
        const real lost_at_first = ((weight_inside == real(0)) ? real(0) : (two_diff_error(grow, drop_at_first) - two_diff_error(logits_in(b, first), top))*class_weight_in(first) + two_prod_error(class_weight_in(first), score_at_first));  // rounding errors of -log p^w
        const real prob_at_first = ((weight_inside == real(0)) ? chance_at_first : (real(1) + max_number_(-lost_at_first, real(-1)))*exp_(-paid_at_first));  // p^w or p
        const real lure_at_first = (real(1) + (attached == real(0) ? real(0) : gamma))*factor_at_first*prob_at_first;  // of the polynomial term
        const real steep_at_first = ratio_(paid_at_first, gone_at_first, real(1));  // at least 1
        const real felt_at_first = weighted_(prob_at_first, steep_at_first);  // at most 1
        const real pull_at_first = (real(1) + (attached == real(0) ? real(0) : gamma*felt_at_first))*factor_at_first;  // derivative by what is paid
        const real heed_at_first = (pull_at_first*scale_at_first + ((epsilon == real(0)) ? real(0) : epsilon*lure_at_first*side_at_first))*wish_at_first*((weight_inside == real(0)) ? real(1) : class_weight_in(first));  // what a class asks
        const real largest = heed_at_first;  // of the largest logit's class
        Sum focal_fold;
        Sum minors_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real balance = ((c == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
            const real score = grow - drop;  // -log softmax, at least 0
            const real paid = ((weight_inside == real(0)) ? score : weighted_(class_weight_in(c), score));  // -log p^w or -log p
            const real scale = balance*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // factor of a class
            const real side = ((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // of its polynomial term
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real lost = ((weight_inside == real(0)) ? real(0) : (two_diff_error(grow, drop) - two_diff_error(logits_in(b, c), top))*class_weight_in(c) + two_prod_error(class_weight_in(c), score));  // rounding errors of -log p^w
            const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-paid));  // 1 - p^w or 1 - p
            const real prob = ((weight_inside == real(0)) ? chance : (real(1) + max_number_(-lost, real(-1)))*exp_(-paid));  // p^w or p
            const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
            const real steep = ratio_(paid, gone, real(1));  // at least 1
            const real felt = weighted_(prob, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by what is paid
            const real lure = (real(1) + (attached == real(0) ? real(0) : gamma))*factor*prob;  // of the polynomial term
            const real rate = factor*paid;
            const real poly = factor*gone;  // polynomial term
            const real cost = ((epsilon == real(0)) ? real(0) : epsilon*weighted_(side, poly)) + weighted_(scale, rate);  // weighted
            const real heed = (scale*pull + ((epsilon == real(0)) ? real(0) : epsilon*side*lure))*wish*((weight_inside == real(0)) ? real(1) : class_weight_in(c));  // what a class asks
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
            const real balance = ((c == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
            const real score = grow - drop;  // -log softmax, at least 0
            const real paid = ((weight_inside == real(0)) ? score : weighted_(class_weight_in(c), score));  // -log p^w or -log p
            const real scale = balance*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // factor of a class
            const real side = ((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // of its polynomial term
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real lost = ((weight_inside == real(0)) ? real(0) : (two_diff_error(grow, drop) - two_diff_error(logits_in(b, c), top))*class_weight_in(c) + two_prod_error(class_weight_in(c), score));  // rounding errors of -log p^w
            const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-paid));  // 1 - p^w or 1 - p
            const real prob = ((weight_inside == real(0)) ? chance : (real(1) + max_number_(-lost, real(-1)))*exp_(-paid));  // p^w or p
            const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
            const real steep = ratio_(paid, gone, real(1));  // at least 1
            const real felt = weighted_(prob, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by what is paid
            const real lure = (real(1) + (attached == real(0) ? real(0) : gamma))*factor*prob;  // of the polynomial term
            const real heed = (scale*pull + ((epsilon == real(0)) ? real(0) : epsilon*side*lure))*wish*((weight_inside == real(0)) ? real(1) : class_weight_in(c));  // what a class asks
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
        const real balance_at_first = ((first == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
        const real scale_at_first = balance_at_first*((weight_inside == real(0)) ? class_weight_in(first) : real(1));  // factor of a class
        const real side_at_first = ((poly_balanced == real(0)) ? real(1) : balance_at_first)*((weight_inside == real(0)) ? class_weight_in(first) : real(1));  // of its polynomial term
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
        const real score_at_first = grow - drop_at_first;  // -log softmax, at least 0
        const real paid_at_first = ((weight_inside == real(0)) ? score_at_first : weighted_(class_weight_in(first), score_at_first));  // -log p^w or -log p
        const real gone_at_first = ((weight_inside == real(0)) ? miss_at_first : -expm1_(-paid_at_first));  // 1 - p^w or 1 - p
        const real factor_at_first = ((gamma_lo == real(0)) ? power_(gone_at_first, gamma) : weighted_(power_(gone_at_first, gamma), real(1) + gamma_lo*log_(gone_at_first)));  // modulator
        const real chance_at_first = mass_at_first*(real(1)/total);  // softmax
        const real lost_at_first = ((weight_inside == real(0)) ? real(0) : (two_diff_error(grow, drop_at_first) - two_diff_error(logits_in(b, first), top))*class_weight_in(first) + two_prod_error(class_weight_in(first), score_at_first));  // rounding errors of -log p^w
        const real prob_at_first = ((weight_inside == real(0)) ? chance_at_first : (real(1) + max_number_(-lost_at_first, real(-1)))*exp_(-paid_at_first));  // p^w or p
        const real lure_at_first = (real(1) + (attached == real(0) ? real(0) : gamma))*factor_at_first*prob_at_first;  // of the polynomial term
        const real steep_at_first = ratio_(paid_at_first, gone_at_first, real(1));  // at least 1
        const real felt_at_first = weighted_(prob_at_first, steep_at_first);  // at most 1
        const real pull_at_first = (real(1) + (attached == real(0) ? real(0) : gamma*felt_at_first))*factor_at_first;  // derivative by what is paid
        const real heed_at_first = (pull_at_first*scale_at_first + ((epsilon == real(0)) ? real(0) : epsilon*lure_at_first*side_at_first))*wish_at_first*((weight_inside == real(0)) ? real(1) : class_weight_in(first));  // what a class asks
        const real largest = heed_at_first;  // of the largest logit's class
        const real grow_dot = rest_dot/total;
        const real score_dot_at_first = grow_dot - drop_dot_at_first;
        const real paid_dot_at_first = score_dot_at_first*((weight_inside == real(0)) ? real(1) : class_weight_in(first));
        const real lure_dot_at_first = ((epsilon == real(0)) ? real(0) : (attached == real(0) ? real(0) : gamma*lure_at_first*prob_at_first*ratio_(paid_dot_at_first, gone_at_first, real(0))) - lure_at_first*paid_dot_at_first);
        const real pull_dot_at_first = (attached == real(0) ? real(0) : gamma*factor_at_first*ratio_(paid_dot_at_first, gone_at_first, real(0))*weighted_(prob_at_first, real(2) + (-real(1) + gamma)*felt_at_first - paid_at_first));
        const real heed_dot_at_first = (pull_at_first*scale_at_first + ((epsilon == real(0)) ? real(0) : epsilon*lure_at_first*side_at_first))*wish_dot_at_first*((weight_inside == real(0)) ? real(1) : class_weight_in(first)) + lure_dot_at_first*wish_at_first*((epsilon == real(0)) ? real(0) : epsilon*side_at_first)*((weight_inside == real(0)) ? real(1) : class_weight_in(first)) + pull_dot_at_first*scale_at_first*wish_at_first*((weight_inside == real(0)) ? real(1) : class_weight_in(first));
        const real largest_dot = heed_dot_at_first;
        Sum minors_fold;
        Sum minors_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real wish = hit*target_in(b, c) + off;  // smoothed target
            const real drop = logits_in(b, c) - top;  // at most 0
            const real slip = max_number_(two_diff_error(logits_in(b, c), top), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real balance = ((c == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
            const real score = grow - drop;  // -log softmax, at least 0
            const real paid = ((weight_inside == real(0)) ? score : weighted_(class_weight_in(c), score));  // -log p^w or -log p
            const real scale = balance*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // factor of a class
            const real side = ((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // of its polynomial term
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real lost = ((weight_inside == real(0)) ? real(0) : (two_diff_error(grow, drop) - two_diff_error(logits_in(b, c), top))*class_weight_in(c) + two_prod_error(class_weight_in(c), score));  // rounding errors of -log p^w
            const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-paid));  // 1 - p^w or 1 - p
            const real prob = ((weight_inside == real(0)) ? chance : (real(1) + max_number_(-lost, real(-1)))*exp_(-paid));  // p^w or p
            const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
            const real steep = ratio_(paid, gone, real(1));  // at least 1
            const real felt = weighted_(prob, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by what is paid
            const real lure = (real(1) + (attached == real(0) ? real(0) : gamma))*factor*prob;  // of the polynomial term
            const real heed = (scale*pull + ((epsilon == real(0)) ? real(0) : epsilon*side*lure))*wish*((weight_inside == real(0)) ? real(1) : class_weight_in(c));  // what a class asks
            const real minor = ((c == first) ? real(0) : heed);
            const real wish_dot = hit*target_dot_in(b, c);
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real score_dot = grow_dot - drop_dot;
            const real paid_dot = score_dot*((weight_inside == real(0)) ? real(1) : class_weight_in(c));
            const real pull_dot = (attached == real(0) ? real(0) : gamma*factor*ratio_(paid_dot, gone, real(0))*weighted_(prob, real(2) + (-real(1) + gamma)*felt - paid));
            const real lure_dot = ((epsilon == real(0)) ? real(0) : (attached == real(0) ? real(0) : gamma*lure*prob*ratio_(paid_dot, gone, real(0))) - lure*paid_dot);
            const real rate_dot = paid_dot*pull;
            const real poly_dot = paid_dot*((epsilon == real(0)) ? real(0) : lure);
            const real cost_dot = poly_dot*((epsilon == real(0)) ? real(0) : epsilon*side) + scale*rate_dot;
            const real heed_dot = (scale*pull + ((epsilon == real(0)) ? real(0) : epsilon*side*lure))*wish_dot*((weight_inside == real(0)) ? real(1) : class_weight_in(c)) + lure_dot*wish*((epsilon == real(0)) ? real(0) : epsilon*side)*((weight_inside == real(0)) ? real(1) : class_weight_in(c)) + scale*pull_dot*wish*((weight_inside == real(0)) ? real(1) : class_weight_in(c));
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
            const real balance = ((c == real(0)) ? first_factor : other_factor);  // alpha or 1 - alpha
            const real score = grow - drop;  // -log softmax, at least 0
            const real paid = ((weight_inside == real(0)) ? score : weighted_(class_weight_in(c), score));  // -log p^w or -log p
            const real scale = balance*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // factor of a class
            const real side = ((poly_balanced == real(0)) ? real(1) : balance)*((weight_inside == real(0)) ? class_weight_in(c) : real(1));  // of its polynomial term
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real chance = mass*(real(1)/total);  // softmax
            const real lost = ((weight_inside == real(0)) ? real(0) : (two_diff_error(grow, drop) - two_diff_error(logits_in(b, c), top))*class_weight_in(c) + two_prod_error(class_weight_in(c), score));  // rounding errors of -log p^w
            const real gone = ((weight_inside == real(0)) ? miss : -expm1_(-paid));  // 1 - p^w or 1 - p
            const real prob = ((weight_inside == real(0)) ? chance : (real(1) + max_number_(-lost, real(-1)))*exp_(-paid));  // p^w or p
            const real factor = ((gamma_lo == real(0)) ? power_(gone, gamma) : weighted_(power_(gone, gamma), real(1) + gamma_lo*log_(gone)));  // modulator
            const real steep = ratio_(paid, gone, real(1));  // at least 1
            const real felt = weighted_(prob, steep);  // at most 1
            const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by what is paid
            const real lure = (real(1) + (attached == real(0) ? real(0) : gamma))*factor*prob;  // of the polynomial term
            const real heed = (scale*pull + ((epsilon == real(0)) ? real(0) : epsilon*side*lure))*wish*((weight_inside == real(0)) ? real(1) : class_weight_in(c));  // what a class asks
            const real asked = ((c == first) ? minors : largest + minors - heed);  // of all other classes
            const real wish_dot = hit*target_dot_in(b, c);
            const real drop_dot = logits_dot_in(b, c) - top_dot;
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real score_dot = grow_dot - drop_dot;
            const real paid_dot = score_dot*((weight_inside == real(0)) ? real(1) : class_weight_in(c));
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real chance_dot = mass_dot/total - mass*(rest_dot/total/total);
            const real pull_dot = (attached == real(0) ? real(0) : gamma*factor*ratio_(paid_dot, gone, real(0))*weighted_(prob, real(2) + (-real(1) + gamma)*felt - paid));
            const real lure_dot = ((epsilon == real(0)) ? real(0) : (attached == real(0) ? real(0) : gamma*lure*prob*ratio_(paid_dot, gone, real(0))) - lure*paid_dot);
            const real heed_dot = (scale*pull + ((epsilon == real(0)) ? real(0) : epsilon*side*lure))*wish_dot*((weight_inside == real(0)) ? real(1) : class_weight_in(c)) + lure_dot*wish*((epsilon == real(0)) ? real(0) : epsilon*side)*((weight_inside == real(0)) ? real(1) : class_weight_in(c)) + scale*pull_dot*wish*((weight_inside == real(0)) ? real(1) : class_weight_in(c));
            const real asked_dot = heed_dot*((c == first) ? real(0) : real(-1)) + largest_dot*((c == first) ? real(0) : real(1)) + minors_dot;
            const real logits_bar_dot = loss_bar*asked*chance_dot + loss_bar*asked_dot*chance - loss_bar*heed*miss_dot - loss_bar*heed_dot*miss;
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
