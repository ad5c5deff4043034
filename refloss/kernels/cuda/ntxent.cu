// Normalised temperature-scaled cross-entropy: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = -sum_p log(p_p + least) or their mean;  p_p = exp(s_p/T) / sum_a exp(s_a/T)
//     p: columns where same is 1;  a: p and columns where same is 0, or all columns where same is 1 or 0
//
// Subgradients
//     none: the losses are smooth. The largest similarity, and the first among equals, is a
//     reference point that cancels from value and derivatives.
//
// Constants
//     temperature: what similarities are divided by (default 0.07)
//     temperature_lo: what temperature lacks (default 0.0)
//     least: added to p before its logarithm is taken (default 0.0)
//     averaged: 1: an anchor's pairs are averaged, not added up (default 0.0)
//
// Source
//     Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of Visual
//     Representations, ICML 2020, arXiv 2002.05709; van den Oord, Li, Vinyals, arXiv
//     1807.03748.

KERNEL ntxent_value(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss)
    loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        Sum count_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            if (averaged != real(0)) count_fold.add(lane, positive);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real rival_top = similarities_in(b, rival_first);  // largest logit
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            rival_rest_fold.add(lane, rival_tail);
        });
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real amount = rival_held*rival_total;  // of the negatives
        Sum charge_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real lead = (((rival_held == real(1)) && (same_in(b, c) == real(1))) ? rival_drop : real(0));  // of a positive
            const real near = (real(1) + ((lead >= real(0)) ? -rival_slip : rival_slip))*exp_(-abs_(lead));  // at most 1
            const real odds = ((lead >= real(0)) ? amount*near : near/rival_total);
            const real cost = ((lead >= real(0)) ? real(0) : rival_grow - lead) + log1p_(odds);  // softplus
            const real rise = ((lead >= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
            const real fall = ((lead >= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
            const real above = -rise + least;  // p + least - 1
            const real whole = fall + least;  // p + least
            const real paid = ((least == real(0)) ? cost : ((above > real(-0.5)) ? -log1p_(above) : -log_(whole)));
            charge_fold.add(lane, weighted_(positive, paid));
        });
        const real charge = charge_fold.result();  // of all positives
        const real loss = ((averaged == real(0)) ? charge : charge/((count == real(0)) ? real(1) : count));
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL ntxent_grad(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(similarities_bar) similarities_bar_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum count_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            if (averaged != real(0)) count_fold.add(lane, positive);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real rival_top = similarities_in(b, rival_first);  // largest logit
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real charge_bar = ((averaged == real(0)) ? loss_bar : loss_bar/((count == real(0)) ? real(1) : count));
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = similarities_bar_out.hold(b, c, ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0))));
            rival_rest_fold.add(lane, rival_tail);
        });
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real amount = rival_held*rival_total;  // of the negatives
        Sum charge_fold;
        Sum rival_lse_bar_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real lead = (((rival_held == real(1)) && (same_in(b, c) == real(1))) ? rival_drop : real(0));  // of a positive
            const real near = (real(1) + ((lead >= real(0)) ? -rival_slip : rival_slip))*exp_(-abs_(lead));  // at most 1
            const real odds = ((lead >= real(0)) ? amount*near : near/rival_total);
            const real cost = ((lead >= real(0)) ? real(0) : rival_grow - lead) + log1p_(odds);  // softplus
            const real rise = ((lead >= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
            const real fall = ((lead >= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
            const real above = -rise + least;  // p + least - 1
            const real whole = fall + least;  // p + least
            const real paid = ((least == real(0)) ? cost : ((above > real(-0.5)) ? -log1p_(above) : -log_(whole)));
            const real counted = ((least == real(0)) ? real(1) : fall/whole);  // slope by the cost
            const real paid_bar = charge_bar*positive;
            const real cost_bar = counted*paid_bar;
            charge_fold.add(lane, weighted_(positive, paid));
            rival_lse_bar_fold.add(lane, cost_bar*rise);
        });
        const real charge = charge_fold.result();  // of all positives
        const real rival_lse_bar = rival_lse_bar_fold.result();
        const real loss = ((averaged == real(0)) ? charge : charge/((count == real(0)) ? real(1) : count));
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = similarities_bar_out.held(b, c, ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0))));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real lead = (((rival_held == real(1)) && (same_in(b, c) == real(1))) ? rival_drop : real(0));  // of a positive
            const real near = (real(1) + ((lead >= real(0)) ? -rival_slip : rival_slip))*exp_(-abs_(lead));  // at most 1
            const real odds = ((lead >= real(0)) ? amount*near : near/rival_total);
            const real rise = ((lead >= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
            const real fall = ((lead >= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
            const real whole = fall + least;  // p + least
            const real counted = ((least == real(0)) ? real(1) : fall/whole);  // slope by the cost
            const real paid_bar = charge_bar*positive;
            const real cost_bar = counted*paid_bar;
            const real scaled_bar = rival_mass*(rival_lse_bar/rival_total) - cost_bar*rise;
            const real similarities_bar = ((temperature == real(1)) ? scaled_bar : scaled_bar/temperature);
            similarities_bar_out.store(b, c, similarities_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL ntxent_hvp(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(similarities_dot) similarities_dot_in, ARRAY(similarities_bar_dot)
    similarities_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum count_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            if (averaged != real(0)) count_fold.add(lane, positive);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? similarities_in(b, c) : -INFINITE), c);
        });
        const real count = count_fold.result();  // number of positives
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real rival_top = similarities_in(b, rival_first);  // largest logit
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real charge_bar = ((averaged == real(0)) ? loss_bar : loss_bar/((count == real(0)) ? real(1) : count));
        const real rival_top_dot = similarities_dot_in(b, rival_first);
        Sum rival_rest_fold;
        Sum rival_rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = similarities_bar_dot_out.hold(b, c, ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0))));
            const real rival_apart_dot = similarities_dot_in(b, c) - rival_top_dot;
            const real rival_drop_dot = rival_apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            rival_rest_fold.add(lane, rival_tail);
            rival_rest_dot_fold.add(lane, rival_tail_dot);
        });
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest_dot = rival_rest_dot_fold.result();
        const real rival_total = real(1) + rival_rest;
        const real amount = rival_held*rival_total;  // of the negatives
        Sum rival_lse_bar_fold;
        Sum rival_lse_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = similarities_bar_dot_out.held(b, c, ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0))));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real lead = (((rival_held == real(1)) && (same_in(b, c) == real(1))) ? rival_drop : real(0));  // of a positive
            const real near = (real(1) + ((lead >= real(0)) ? -rival_slip : rival_slip))*exp_(-abs_(lead));  // at most 1
            const real odds = ((lead >= real(0)) ? amount*near : near/rival_total);
            const real rise = ((lead >= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
            const real fall = ((lead >= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
            const real whole = fall + least;  // p + least
            const real counted = ((least == real(0)) ? real(1) : fall/whole);  // slope by the cost
            const real paid_bar = charge_bar*positive;
            const real cost_bar = counted*paid_bar;
            const real scaled_dot = similarities_dot_in(b, c)*((temperature == real(1)) ? real(1) : real(1)/temperature);
            rival_lse_bar_fold.add(lane, cost_bar*rise);
            rival_lse_dot0_fold.add(lane, rival_mass*(scaled_dot/rival_total));
        });
        const real rival_lse_bar = rival_lse_bar_fold.result();
        const real rival_lse_dot0 = rival_lse_dot0_fold.result();
        Sum rival_lse_bar_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real lead = (((rival_held == real(1)) && (same_in(b, c) == real(1))) ? rival_drop : real(0));  // of a positive
            const real near = (real(1) + ((lead >= real(0)) ? -rival_slip : rival_slip))*exp_(-abs_(lead));  // at most 1
            const real odds = ((lead >= real(0)) ? amount*near : near/rival_total);
            const real rise = ((lead >= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
            const real fall = ((lead >= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
            const real whole = fall + least;  // p + least
            const real counted = ((least == real(0)) ? real(1) : fall/whole);  // slope by the cost
            const real paid_bar = charge_bar*positive;
            const real cost_bar = counted*paid_bar;
            const real scaled_dot = similarities_dot_in(b, c)*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real cost_dot = rival_lse_dot0*rise - rise*scaled_dot;
            const real rise_dot = rival_lse_dot0*fall*rise - fall*rise*scaled_dot;
            const real counted_dot = cost_dot*((least == real(0)) ? real(0) : -(least*counted/whole));
            const real cost_bar_dot = counted_dot*paid_bar;
            rival_lse_bar_dot_fold.add(lane, cost_bar*rise_dot + cost_bar_dot*rise);
        });
        const real rival_lse_bar_dot = rival_lse_bar_dot_fold.result();
        over_classes(C, [&](int c, int lane) {
            const real positive = ((same_in(b, c) == real(1)) ? real(1) : real(0));  // 1: it is one
            const real rival_apart = similarities_in(b, c) - rival_top;  // at most 0 where it counts
            const real rival_drop = ((temperature == real(1)) ? rival_apart : rival_apart/temperature);  // at most 0 where it counts
            const real rival_left = rival_apart - temperature*rival_drop;  // by the quotient
            const real rival_slip = max_number_(((temperature == real(1)) ? two_diff_error(similarities_in(b, c), rival_top) : (two_diff_error(similarities_in(b, c), rival_top) + rival_left - two_prod_error(rival_drop, temperature) - weighted_(temperature_lo, rival_drop))/temperature), real(-1));
            const real rival_tail = similarities_bar_dot_out.held(b, c, ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0))));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real lead = (((rival_held == real(1)) && (same_in(b, c) == real(1))) ? rival_drop : real(0));  // of a positive
            const real near = (real(1) + ((lead >= real(0)) ? -rival_slip : rival_slip))*exp_(-abs_(lead));  // at most 1
            const real odds = ((lead >= real(0)) ? amount*near : near/rival_total);
            const real rise = ((lead >= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
            const real fall = ((lead >= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
            const real whole = fall + least;  // p + least
            const real counted = ((least == real(0)) ? real(1) : fall/whole);  // slope by the cost
            const real paid_bar = charge_bar*positive;
            const real cost_bar = counted*paid_bar;
            const real scaled_dot = similarities_dot_in(b, c)*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real rival_apart_dot = similarities_dot_in(b, c) - rival_top_dot;
            const real rival_drop_dot = rival_apart_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            const real rival_mass_dot = rival_tail_dot*((c == rival_first) ? real(0) : real(1));
            const real cost_dot = rival_lse_dot0*rise - rise*scaled_dot;
            const real rise_dot = rival_lse_dot0*fall*rise - fall*rise*scaled_dot;
            const real counted_dot = cost_dot*((least == real(0)) ? real(0) : -(least*counted/whole));
            const real cost_bar_dot = counted_dot*paid_bar;
            const real scaled_bar_dot = rival_mass_dot*(rival_lse_bar/rival_total) + rival_mass*(rival_lse_bar_dot/rival_total) - cost_bar*rise_dot - cost_bar_dot*rise - rival_mass*(rival_lse_bar/rival_total)*(rival_rest_dot/rival_total);
            const real similarities_bar_dot = scaled_bar_dot*((temperature == real(1)) ? real(1) : real(1)/temperature);
            similarities_bar_dot_out.store(b, c, similarities_bar_dot);
        });
    });
}
