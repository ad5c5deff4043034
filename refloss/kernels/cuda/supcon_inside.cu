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
//
// Source
//     Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, arXiv 2004.11362.

KERNEL supcon_inside_value(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss)
    loss_out, CONSTANTS) {
    const real base = ((base_temperature == real(0)) ? temperature : base_temperature);
    const real factor = temperature/base;
    over_rows(B, [&](size b) {
        Sum count_fold;
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            count_fold.add(lane, positive);
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? similarities_in(b, c) : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_top = similarities_in(b, ally_first);  // largest logit
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real rival_top = similarities_in(b, rival_first);  // largest logit
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real gap_apart = rival_top - ally_top;  // how far the negatives are ahead
        const real gap_drop = ((temperature == real(1)) ? gap_apart : gap_apart/temperature);  // how far the negatives are ahead
        const real gap_left = gap_apart - temperature*gap_drop;  // by the quotient
        const real gap_slip = max_number_(((temperature == real(1)) ? two_diff_error(rival_top, ally_top) : (two_diff_error(rival_top, ally_top) + gap_left - two_prod_error(gap_drop, temperature) - weighted_(temperature_lo, gap_drop))/temperature), real(-1));
        const real lead = (((ally_held == real(1)) && (rival_held == real(1))) ? gap_drop : real(0));  // of the negatives
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = similarities_in(b, c) - ally_top;  // at most 0 where it counts
            const real ally_drop = ((temperature == real(1)) ? ally_apart : ally_apart/temperature);  // at most 0 where it counts
            const real ally_left = ally_apart - temperature*ally_drop;  // by the quotient
            const real ally_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), ally_top) : (two_diff_error(similarities_in(b, c), ally_top) + ally_left - two_prod_error(ally_drop, temperature) - weighted_(temperature_lo, ally_drop))/temperature), real(-1));
            const real ally_tail = ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0)));
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            ally_rest_fold.add(lane, ally_tail);
            rival_rest_fold.add(lane, rival_tail);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_total = real(1) + ally_rest;
        const real ally_grow = log1p_(ally_rest);
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real behind = lead + rival_grow - ally_grow;  // of the positives
        const real amount = rival_held*rival_total;  // of the negatives
        const real odds = ((behind <= real(0)) ? (real(1) + gap_slip)*amount*exp_(lead)/ally_total : (real(1) - gap_slip)*ally_total*exp_(-lead)/rival_total);
        const real cost = ((behind <= real(0)) ? real(0) : behind) + log1p_(odds);  // softplus
        const real loss = ((count == real(0)) ? real(0) : (log_(((count == real(0)) ? real(1) : count)) + cost)*factor);
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL supcon_inside_grad(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(similarities_bar) similarities_bar_out, CONSTANTS) {
    const real base = ((base_temperature == real(0)) ? temperature : base_temperature);
    const real factor = temperature/base;
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum count_fold;
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            count_fold.add(lane, positive);
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? similarities_in(b, c) : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_top = similarities_in(b, ally_first);  // largest logit
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real rival_top = similarities_in(b, rival_first);  // largest logit
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real gap_apart = rival_top - ally_top;  // how far the negatives are ahead
        const real gap_drop = ((temperature == real(1)) ? gap_apart : gap_apart/temperature);  // how far the negatives are ahead
        const real gap_left = gap_apart - temperature*gap_drop;  // by the quotient
        const real gap_slip = max_number_(((temperature == real(1)) ? two_diff_error(rival_top, ally_top) : (two_diff_error(rival_top, ally_top) + gap_left - two_prod_error(gap_drop, temperature) - weighted_(temperature_lo, gap_drop))/temperature), real(-1));
        const real lead = (((ally_held == real(1)) && (rival_held == real(1))) ? gap_drop : real(0));  // of the negatives
        const real cost_bar = ((count == real(0)) ? real(0) : factor*loss_bar);
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = similarities_in(b, c) - ally_top;  // at most 0 where it counts
            const real ally_drop = ((temperature == real(1)) ? ally_apart : ally_apart/temperature);  // at most 0 where it counts
            const real ally_left = ally_apart - temperature*ally_drop;  // by the quotient
            const real ally_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), ally_top) : (two_diff_error(similarities_in(b, c), ally_top) + ally_left - two_prod_error(ally_drop, temperature) - weighted_(temperature_lo, ally_drop))/temperature), real(-1));
            const real ally_tail = similarities_bar_out.hold(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            ally_rest_fold.add(lane, ally_tail);
            rival_rest_fold.add(lane, rival_tail);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_total = real(1) + ally_rest;
        const real ally_grow = log1p_(ally_rest);
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real behind = lead + rival_grow - ally_grow;  // of the positives
        const real amount = rival_held*rival_total;  // of the negatives
        const real odds = ((behind <= real(0)) ? (real(1) + gap_slip)*amount*exp_(lead)/ally_total : (real(1) - gap_slip)*ally_total*exp_(-lead)/rival_total);
        const real cost = ((behind <= real(0)) ? real(0) : behind) + log1p_(odds);  // softplus
        const real rise = ((behind <= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
        const real loss = ((count == real(0)) ? real(0) : (log_(((count == real(0)) ? real(1) : count)) + cost)*factor);
        const real rival_lse_bar = cost_bar*rise;
        const real ally_lse_bar = -(cost_bar*rise);
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = similarities_in(b, c) - ally_top;  // at most 0 where it counts
            const real ally_drop = ((temperature == real(1)) ? ally_apart : ally_apart/temperature);  // at most 0 where it counts
            const real ally_left = ally_apart - temperature*ally_drop;  // by the quotient
            const real ally_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), ally_top) : (two_diff_error(similarities_in(b, c), ally_top) + ally_left - two_prod_error(ally_drop, temperature) - weighted_(temperature_lo, ally_drop))/temperature), real(-1));
            const real ally_tail = similarities_bar_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real scaled_bar = ally_mass*(ally_lse_bar/ally_total) + rival_mass*(rival_lse_bar/rival_total);
            const real similarities_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            similarities_bar_out.store(b, c, similarities_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL supcon_inside_hvp(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(similarities_dot) similarities_dot_in, ARRAY(similarities_bar_dot)
    similarities_bar_dot_out, CONSTANTS) {
    const real base = ((base_temperature == real(0)) ? temperature : base_temperature);
    const real factor = temperature/base;
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum count_fold;
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            count_fold.add(lane, positive);
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? similarities_in(b, c) : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_top = similarities_in(b, ally_first);  // largest logit
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real rival_top = similarities_in(b, rival_first);  // largest logit
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real gap_apart = rival_top - ally_top;  // how far the negatives are ahead
        const real gap_drop = ((temperature == real(1)) ? gap_apart : gap_apart/temperature);  // how far the negatives are ahead
        const real gap_left = gap_apart - temperature*gap_drop;  // by the quotient
        const real gap_slip = max_number_(((temperature == real(1)) ? two_diff_error(rival_top, ally_top) : (two_diff_error(rival_top, ally_top) + gap_left - two_prod_error(gap_drop, temperature) - weighted_(temperature_lo, gap_drop))/temperature), real(-1));
        const real lead = (((ally_held == real(1)) && (rival_held == real(1))) ? gap_drop : real(0));  // of the negatives
        const real cost_bar = ((count == real(0)) ? real(0) : factor*loss_bar);
        const real ally_top_dot = similarities_dot_in(b, ally_first);
        const real rival_top_dot = similarities_dot_in(b, rival_first);
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        Sum ally_rest_dot_fold;
        Sum rival_rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = similarities_in(b, c) - ally_top;  // at most 0 where it counts
            const real ally_drop = ((temperature == real(1)) ? ally_apart : ally_apart/temperature);  // at most 0 where it counts
            const real ally_left = ally_apart - temperature*ally_drop;  // by the quotient
            const real ally_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), ally_top) : (two_diff_error(similarities_in(b, c), ally_top) + ally_left - two_prod_error(ally_drop, temperature) - weighted_(temperature_lo, ally_drop))/temperature), real(-1));
            const real ally_tail = similarities_bar_dot_out.hold(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real ally_apart_dot = similarities_dot_in(b, c) - ally_top_dot;
            const real ally_drop_dot = ally_apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real ally_tail_dot = ally_drop_dot*ally_tail;
            const real rival_apart_dot = similarities_dot_in(b, c) - rival_top_dot;
            const real rival_drop_dot = rival_apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            ally_rest_fold.add(lane, ally_tail);
            rival_rest_fold.add(lane, rival_tail);
            ally_rest_dot_fold.add(lane, ally_tail_dot);
            rival_rest_dot_fold.add(lane, rival_tail_dot);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_rest_dot = ally_rest_dot_fold.result();
        const real rival_rest_dot = rival_rest_dot_fold.result();
        const real ally_total = real(1) + ally_rest;
        const real ally_grow = log1p_(ally_rest);
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real behind = lead + rival_grow - ally_grow;  // of the positives
        const real amount = rival_held*rival_total;  // of the negatives
        const real odds = ((behind <= real(0)) ? (real(1) + gap_slip)*amount*exp_(lead)/ally_total : (real(1) - gap_slip)*ally_total*exp_(-lead)/rival_total);
        const real rise = ((behind <= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
        const real fall = ((behind <= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
        const real rival_lse_bar = cost_bar*rise;
        const real ally_lse_bar = -(cost_bar*rise);
        Sum ally_lse_dot0_fold;
        Sum rival_lse_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = similarities_in(b, c) - ally_top;  // at most 0 where it counts
            const real ally_drop = ((temperature == real(1)) ? ally_apart : ally_apart/temperature);  // at most 0 where it counts
            const real ally_left = ally_apart - temperature*ally_drop;  // by the quotient
            const real ally_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), ally_top) : (two_diff_error(similarities_in(b, c), ally_top) + ally_left - two_prod_error(ally_drop, temperature) - weighted_(temperature_lo, ally_drop))/temperature), real(-1));
            const real ally_tail = similarities_bar_dot_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real scaled_dot = similarities_dot_in(b, c)*((temperature == real(1)) ? real(1) : real(1)/temperature);
            ally_lse_dot0_fold.add(lane, ally_mass*(scaled_dot/ally_total));
            rival_lse_dot0_fold.add(lane, rival_mass*(scaled_dot/rival_total));
        });
        const real ally_lse_dot0 = ally_lse_dot0_fold.result();
        const real rival_lse_dot0 = rival_lse_dot0_fold.result();
        const real rise_dot = fall*rise*rival_lse_dot0 - ally_lse_dot0*fall*rise;
        const real rival_lse_bar_dot = cost_bar*rise_dot;
        const real ally_lse_bar_dot = -(cost_bar*rise_dot);
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = similarities_in(b, c) - ally_top;  // at most 0 where it counts
            const real ally_drop = ((temperature == real(1)) ? ally_apart : ally_apart/temperature);  // at most 0 where it counts
            const real ally_left = ally_apart - temperature*ally_drop;  // by the quotient
            const real ally_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), ally_top) : (two_diff_error(similarities_in(b, c), ally_top) + ally_left - two_prod_error(ally_drop, temperature) - weighted_(temperature_lo, ally_drop))/temperature), real(-1));
            const real ally_tail = similarities_bar_dot_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real ally_apart_dot = similarities_dot_in(b, c) - ally_top_dot;
            const real ally_drop_dot = ally_apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real ally_tail_dot = ally_drop_dot*ally_tail;
            const real ally_mass_dot = ally_tail_dot*((c == ally_first) ? real(0) : real(1));
            const real rival_apart_dot = similarities_dot_in(b, c) - rival_top_dot;
            const real rival_drop_dot = rival_apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            const real rival_mass_dot = rival_tail_dot*((c == rival_first) ? real(0) : real(1));
            const real scaled_bar_dot = ally_mass_dot*(ally_lse_bar/ally_total) + ally_mass*(ally_lse_bar_dot/ally_total) + rival_mass_dot*(rival_lse_bar/rival_total) + rival_mass*(rival_lse_bar_dot/rival_total) - ally_mass*(ally_lse_bar/ally_total)*(ally_rest_dot/ally_total) - rival_mass*(rival_lse_bar/rival_total)*(rival_rest_dot/rival_total);
            const real similarities_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            similarities_bar_dot_out.store(b, c, similarities_bar_dot);
        });
    });
}
