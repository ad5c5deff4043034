// Jensen-Shannon divergence of a softmax: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = sum_k w_k (q_k log(q_k / m_k) + p_k log(p_k / m_k)) / 2;  m = (p + q) / 2
//     p, q, w = softmax(logits / temperature), target, class_weight
//
// Subgradients
//     none: the loss is smooth. The largest logit, and the first among equals, is a reference
//     point that cancels from value and derivatives.
//
// Constants
//     temperature: what logits are divided by (default 1.0)
//     temperature_lo: what temperature lacks (default 0.0)
//     in_bits: 1: in bits (default 0.0)
//
// Source
//     Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37
//     (1991), equation 3.9 with equal weights.

NUMBER(ln_2, 0x1.62e42fefa39efp-1, 0x1.62e4300000000p-1f)  // log(2)

KERNEL softmax_js_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
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
        const real total = real(1) + rest;
        Sum divergence_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = ((c == first) ? drop : (real(1) + slip)*exp_(drop));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real chance = mass/total;  // softmax
            const real both = chance + target_in(b, c);
            const real lean = ratio_(chance - target_in(b, c), both, real(1));  // from -1 to 1
            const real part = ratio_(chance, both, real(1));  // p of both
            const real other = ratio_(target_in(b, c), both, real(0));  // q of both
            const real small = ((lean < real(0)) ? part : other);  // the smaller share
            const real deep = log_(real(2)*((small > real(0)) ? small : real(1)));
            const real log_p_of_m = ((lean < real(-0.5)) ? deep : log1p_(lean));
            const real log_q_of_m = ((lean > real(0.5)) ? deep : log1p_(-lean));
            const real term = real(0.5)*weighted_(chance, log_p_of_m) + real(0.5)*weighted_(target_in(b, c), log_q_of_m);
            divergence_fold.add(lane, class_weight_in(c)*term);
        });
        const real divergence = divergence_fold.result();
        const real loss = ((in_bits == real(0)) ? divergence : divergence/ln_2);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_js_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real mass_at_first = real(1);  // exp(logits - top)
        const real divergence_bar = ((in_bits == real(0)) ? loss_bar : loss_bar/ln_2);
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
            const real tail = logits_bar_out.hold(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        const real chance_at_first = mass_at_first/total;  // softmax
        const real both_at_first = chance_at_first + target_in(b, first);
        const real lean_at_first = ratio_(chance_at_first - target_in(b, first), both_at_first, real(1));  // from -1 to 1
        const real other_at_first = ratio_(target_in(b, first), both_at_first, real(0));  // q of both
        const real part_at_first = ratio_(chance_at_first, both_at_first, real(1));  // p of both
        const real small_at_first = ((lean_at_first < real(0)) ? part_at_first : other_at_first);  // the smaller share
        const real deep_at_first = log_(real(2)*((small_at_first > real(0)) ? small_at_first : real(1)));
        const real log_p_of_m_at_first = ((lean_at_first < real(-0.5)) ? deep_at_first : log1p_(lean_at_first));
        const real pull_at_first = real(0.5)*log_p_of_m_at_first;  // by p
        const real felt_at_first = chance_at_first*class_weight_in(first)*pull_at_first;
        const real top_part = felt_at_first;
        Sum divergence_fold;
        Sum slights_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real score = grow - drop;  // -log softmax, at least 0
            const real chance = mass/total;  // softmax
            const real both = chance + target_in(b, c);
            const real lean = ratio_(chance - target_in(b, c), both, real(1));  // from -1 to 1
            const real part = ratio_(chance, both, real(1));  // p of both
            const real other = ratio_(target_in(b, c), both, real(0));  // q of both
            const real small = ((lean < real(0)) ? part : other);  // the smaller share
            const real deep = log_(real(2)*((small > real(0)) ? small : real(1)));
            const real log_p_of_m = ((lean < real(-0.5)) ? deep : log1p_(lean));
            const real log_q_of_m = ((lean > real(0.5)) ? deep : log1p_(-lean));
            const real term = real(0.5)*weighted_(chance, log_p_of_m) + real(0.5)*weighted_(target_in(b, c), log_q_of_m);
            const real pull = real(0.5)*log_p_of_m;  // by p
            const real felt = class_weight_in(c)*chance*pull;
            const real push = real(0.5)*(((target_in(b, c) > real(0)) ? real(0) : score) + log_q_of_m)*class_weight_in(c);  // by q
            const real slight = ((c == first) ? real(0) : felt);
            const real target_bar = divergence_bar*push;
            divergence_fold.add(lane, class_weight_in(c)*term);
            slights_fold.add(lane, slight);
            target_bar_out.store(b, c, target_bar);
        });
        const real divergence = divergence_fold.result();
        const real slights = slights_fold.result();  // of all but the largest logit's
        const real loss = ((in_bits == real(0)) ? divergence : divergence/ln_2);
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real chance = mass/total;  // softmax
            const real both = chance + target_in(b, c);
            const real lean = ratio_(chance - target_in(b, c), both, real(1));  // from -1 to 1
            const real part = ratio_(chance, both, real(1));  // p of both
            const real other = ratio_(target_in(b, c), both, real(0));  // q of both
            const real small = ((lean < real(0)) ? part : other);  // the smaller share
            const real deep = log_(real(2)*((small > real(0)) ? small : real(1)));
            const real log_p_of_m = ((lean < real(-0.5)) ? deep : log1p_(lean));
            const real pull = real(0.5)*log_p_of_m;  // by p
            const real felt = class_weight_in(c)*chance*pull;
            const real beside = ((c == first) ? slights : slights + top_part - felt);
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real scaled_bar = (felt*miss - beside*chance)*divergence_bar;
            const real logits_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL softmax_js_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(target_dot) target_dot_in, ARRAY(logits_bar_dot) logits_bar_dot_out,
    ARRAY(target_bar_dot) target_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real mass_at_first = real(1);  // exp(logits - top)
        const real divergence_bar = ((in_bits == real(0)) ? loss_bar : loss_bar/ln_2);
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            first_fold.offer(lane, logits_in(b, c), c);
        });
        const int first = first_fold.place();  // class of the largest logit
        const real top = logits_in(b, first);  // largest logit
        const real top_dot = logits_dot_in(b, first);
        const real apart_dot_at_first = logits_dot_in(b, first) - top_dot;
        const real drop_dot_at_first = apart_dot_at_first*((temperature == real(1)) ? real(1) : real(1)/temperature);
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
        const real chance_at_first = mass_at_first/total;  // softmax
        const real both_at_first = chance_at_first + target_in(b, first);
        const real lean_at_first = ratio_(chance_at_first - target_in(b, first), both_at_first, real(1));  // from -1 to 1
        const real other_at_first = ratio_(target_in(b, first), both_at_first, real(0));  // q of both
        const real part_at_first = ratio_(chance_at_first, both_at_first, real(1));  // p of both
        const real small_at_first = ((lean_at_first < real(0)) ? part_at_first : other_at_first);  // the smaller share
        const real deep_at_first = log_(real(2)*((small_at_first > real(0)) ? small_at_first : real(1)));
        const real log_p_of_m_at_first = ((lean_at_first < real(-0.5)) ? deep_at_first : log1p_(lean_at_first));
        const real pull_at_first = real(0.5)*log_p_of_m_at_first;  // by p
        const real felt_at_first = chance_at_first*class_weight_in(first)*pull_at_first;
        const real top_part = felt_at_first;
        const real grow_dot = rest_dot/total;
        const real score_dot_at_first = grow_dot - drop_dot_at_first;
        const real felt_dot_at_first = (-real(0.5)*chance_at_first*class_weight_in(first)*other_at_first - felt_at_first)*score_dot_at_first - real(0.5)*class_weight_in(first)*part_at_first*target_dot_in(b, first);
        const real top_part_dot = felt_dot_at_first;
        Sum slights_fold;
        Sum slights_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real chance = mass/total;  // softmax
            const real both = chance + target_in(b, c);
            const real lean = ratio_(chance - target_in(b, c), both, real(1));  // from -1 to 1
            const real part = ratio_(chance, both, real(1));  // p of both
            const real other = ratio_(target_in(b, c), both, real(0));  // q of both
            const real small = ((lean < real(0)) ? part : other);  // the smaller share
            const real deep = log_(real(2)*((small > real(0)) ? small : real(1)));
            const real log_p_of_m = ((lean < real(-0.5)) ? deep : log1p_(lean));
            const real pull = real(0.5)*log_p_of_m;  // by p
            const real felt = class_weight_in(c)*chance*pull;
            const real slight = ((c == first) ? real(0) : felt);
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real score_dot = grow_dot - drop_dot;
            const real felt_dot = (-real(0.5)*class_weight_in(c)*chance*other - felt)*score_dot - real(0.5)*class_weight_in(c)*part*target_dot_in(b, c);
            const real push_dot = real(0.5)*class_weight_in(c)*target_dot_in(b, c)*ratio_(part, target_in(b, c), real(0)) + real(0.5)*class_weight_in(c)*part*score_dot;
            const real slight_dot = felt_dot*((c == first) ? real(0) : real(1));
            const real target_bar_dot = divergence_bar*push_dot;
            slights_fold.add(lane, slight);
            slights_dot_fold.add(lane, slight_dot);
            target_bar_dot_out.store(b, c, target_bar_dot);
        });
        const real slights = slights_fold.result();  // of all but the largest logit's
        const real slights_dot = slights_dot_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real apart = logits_in(b, c) - top;  // at most 0
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(logits_in(b, c), top) : (two_diff_error(logits_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = logits_bar_dot_out.held(b, c, ((c == first) ? drop : (real(1) + slip)*exp_(drop)));
            const real mass = ((c == first) ? real(1) : tail);  // exp(logits - top)
            const real chance = mass/total;  // softmax
            const real both = chance + target_in(b, c);
            const real lean = ratio_(chance - target_in(b, c), both, real(1));  // from -1 to 1
            const real part = ratio_(chance, both, real(1));  // p of both
            const real other = ratio_(target_in(b, c), both, real(0));  // q of both
            const real small = ((lean < real(0)) ? part : other);  // the smaller share
            const real deep = log_(real(2)*((small > real(0)) ? small : real(1)));
            const real log_p_of_m = ((lean < real(-0.5)) ? deep : log1p_(lean));
            const real pull = real(0.5)*log_p_of_m;  // by p
            const real felt = class_weight_in(c)*chance*pull;
            const real beside = ((c == first) ? slights : slights + top_part - felt);
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real apart_dot = logits_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real score_dot = grow_dot - drop_dot;
            const real chance_dot = -(chance*score_dot);
            const real felt_dot = (-real(0.5)*class_weight_in(c)*chance*other - felt)*score_dot - real(0.5)*class_weight_in(c)*part*target_dot_in(b, c);
            const real beside_dot = felt_dot*((c == first) ? real(0) : real(-1)) + top_part_dot*((c == first) ? real(0) : real(1)) + slights_dot;
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real scaled_bar_dot = divergence_bar*felt*miss_dot + divergence_bar*felt_dot*miss - divergence_bar*beside*chance_dot - divergence_bar*beside_dot*chance;
            const real logits_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
