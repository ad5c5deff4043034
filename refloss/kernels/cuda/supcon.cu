// Supervised contrastive loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     outside: loss = -factor mean_p log(exp(s_p/T) / sum_a exp(s_a/T))
//     inside:  loss = -factor log mean_p (exp(s_p/T) / sum_a exp(s_a/T))
//     p: columns where same is 1;  a: columns where same is 1 or 0;  factor: 1, or T / base_temperature
//
// Subgradients
//     none: the losses are smooth. The largest similarity, and the first among equals, is a
//     reference point that cancels from value and derivatives.
//
// Constants
//     temperature: what similarities are divided by (default 0.07)
//     temperature_lo: what temperature lacks (default 0.0)
//     base_temperature: what the temperature is divided by for a factor; 0: none (default 0.0)
//     undefined: 1: an anchor without positives divides by 0 (default 0.0)
//
// Source
//     Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, arXiv 2004.11362.

KERNEL supcon_value(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss)
    loss_out, CONSTANTS) {
    const real base = ((base_temperature == real(0)) ? temperature : base_temperature);
    const real factor = temperature/base;
    over_rows(B, [&](size b) {
        Sum count_fold;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            count_fold.add(lane, positive);
            first_fold.offer(lane, ((same_in(b, c) >= real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int first = first_fold.place();  // class of the largest logit
        const real top = similarities_in(b, first);  // largest logit
        const real held = ((same_in(b, first) >= real(0)) ? real(1) : real(0));  // 0: there are none
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = similarities_in(b, c) - top;  // at most 0 where it counts
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0 where it counts
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), top) : (two_diff_error(similarities_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = ((c == first) ? weighted_(held, drop) : ((same_in(b, c) >= real(0)) ? (real(1) + slip)*exp_(drop) : real(0)));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real grow = log1p_(rest);
        Sum charge_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real apart = similarities_in(b, c) - top;  // at most 0 where it counts
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0 where it counts
            const real score = grow - drop;  // -log softmax, at least 0
            charge_fold.add(lane, weighted_(positive, score));
        });
        const real charge = charge_fold.result();  // of all positives
        const real loss = factor*(charge/((count == real(0)) ? real(1) - undefined : count));
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL supcon_grad(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(similarities_bar) similarities_bar_out, CONSTANTS) {
    const real base = ((base_temperature == real(0)) ? temperature : base_temperature);
    const real factor = temperature/base;
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum count_fold;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            count_fold.add(lane, positive);
            first_fold.offer(lane, ((same_in(b, c) >= real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int first = first_fold.place();  // class of the largest logit
        const real top = similarities_in(b, first);  // largest logit
        const real held = ((same_in(b, first) >= real(0)) ? real(1) : real(0));  // 0: there are none
        const real charge_bar = factor*(loss_bar/((count == real(0)) ? real(1) - undefined : count));
        Sum rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = similarities_in(b, c) - top;  // at most 0 where it counts
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0 where it counts
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), top) : (two_diff_error(similarities_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = similarities_bar_out.hold(b, c, ((c == first) ? weighted_(held, drop) : ((same_in(b, c) >= real(0)) ? (real(1) + slip)*exp_(drop) : real(0))));
            rest_fold.add(lane, tail);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real total = real(1) + rest;
        const real grow = log1p_(rest);
        Sum charge_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real apart = similarities_in(b, c) - top;  // at most 0 where it counts
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0 where it counts
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), top) : (two_diff_error(similarities_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = similarities_bar_out.held(b, c, ((c == first) ? weighted_(held, drop) : ((same_in(b, c) >= real(0)) ? (real(1) + slip)*exp_(drop) : real(0))));
            const real mass = ((c == first) ? held : tail);  // exp(logits - top)
            const real score = grow - drop;  // -log softmax, at least 0
            const real rival = ((c == first) ? rest : real(1) + rest - tail);
            const real miss = rival/total;  // softmax of all but the class
            const real scaled_bar = ((same_in(b, c) == real(1)) ? (count - real(1))*mass*(charge_bar/total) - charge_bar*miss : count*mass*(charge_bar/total));
            const real similarities_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            charge_fold.add(lane, weighted_(positive, score));
            similarities_bar_out.store(b, c, similarities_bar);
        });
        const real charge = charge_fold.result();  // of all positives
        const real loss = factor*(charge/((count == real(0)) ? real(1) - undefined : count));
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL supcon_hvp(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(similarities_dot) similarities_dot_in, ARRAY(similarities_bar_dot)
    similarities_bar_dot_out, CONSTANTS) {
    const real base = ((base_temperature == real(0)) ? temperature : base_temperature);
    const real factor = temperature/base;
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum count_fold;
        First first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            count_fold.add(lane, positive);
            first_fold.offer(lane, ((same_in(b, c) >= real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int first = first_fold.place();  // class of the largest logit
        const real top = similarities_in(b, first);  // largest logit
        const real held = ((same_in(b, first) >= real(0)) ? real(1) : real(0));  // 0: there are none
        const real charge_bar = factor*(loss_bar/((count == real(0)) ? real(1) - undefined : count));
        const real top_dot = similarities_dot_in(b, first);
        Sum rest_fold;
        Sum rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real apart = similarities_in(b, c) - top;  // at most 0 where it counts
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0 where it counts
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), top) : (two_diff_error(similarities_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = similarities_bar_dot_out.hold(b, c, ((c == first) ? weighted_(held, drop) : ((same_in(b, c) >= real(0)) ? (real(1) + slip)*exp_(drop) : real(0))));
            const real apart_dot = similarities_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            rest_fold.add(lane, tail);
            rest_dot_fold.add(lane, tail_dot);
        });
        const real rest = rest_fold.result();  // sum of mass over all classes but the first
        const real rest_dot = rest_dot_fold.result();
        const real total = real(1) + rest;
        over_classes(C, [&](int c, int lane) {
            const real apart = similarities_in(b, c) - top;  // at most 0 where it counts
            const real drop = ((temperature == real(1)) ? apart : apart/temperature);  // at most 0 where it counts
            const real left = apart - temperature*drop;  // by the quotient
            const real slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), top) : (two_diff_error(similarities_in(b, c), top) + left - two_prod_error(drop, temperature) - weighted_(temperature_lo, drop))/temperature), real(-1));
            const real tail = similarities_bar_dot_out.held(b, c, ((c == first) ? weighted_(held, drop) : ((same_in(b, c) >= real(0)) ? (real(1) + slip)*exp_(drop) : real(0))));
            const real mass = ((c == first) ? held : tail);  // exp(logits - top)
            const real apart_dot = similarities_dot_in(b, c) - top_dot;
            const real drop_dot = apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real tail_dot = drop_dot*tail;
            const real mass_dot = tail_dot*((c == first) ? real(0) : real(1));
            const real miss_dot = mass*(rest_dot/total/total) - mass_dot/total;
            const real scaled_bar_dot = miss_dot*((same_in(b, c) == real(1)) ? -charge_bar : real(0)) + ((same_in(b, c) == real(1)) ? (count - real(1))*mass_dot*(charge_bar/total) : count*mass_dot*(charge_bar/total)) + ((same_in(b, c) == real(1)) ? -((count - real(1))*mass*(charge_bar/total)*(rest_dot/total)) : -(count*mass*(charge_bar/total)*(rest_dot/total)));
            const real similarities_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            similarities_bar_dot_out.store(b, c, similarities_bar_dot);
        });
    });
}
