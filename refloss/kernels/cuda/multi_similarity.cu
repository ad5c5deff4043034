// Multi-similarity loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = log(1 + sum_p exp(-alpha (s_p - base)))/alpha + log(1 + sum_n exp(beta (s_n - base)))/beta
//     p: columns where same is 1;  n: columns where same is 0
//
// Subgradients
//     none: the loss is smooth.
//
// Constants
//     alpha: scale of positives (default 2.0)
//     alpha_lo: what alpha lacks (default 0.0)
//     beta: scale of negatives (default 50.0)
//     beta_lo: what beta lacks (default 0.0)
//     base: similarity about which pairs are weighed (default 1.0)
//     base_lo: what base lacks (default 0.0)
//
// Source
//     Wang, Han, Huang, Dong, Scott, Multi-Similarity Loss with General Pair Weighting for
//     Deep Metric Learning, CVPR 2019, arXiv 1904.06627, equation 15.

KERNEL multi_similarity_value(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss)
    loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_exponents = alpha*ally_apart;
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_exponents = beta*rival_apart;
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? ally_exponents : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? rival_exponents : -INFINITE), c);
        });
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_apart_at_ally_first = -similarities_in(b, ally_first) + base;
        const real ally_exponents_at_ally_first = alpha*ally_apart_at_ally_first;
        const real ally_top = ally_exponents_at_ally_first;  // largest logit
        const real ally_apart_lo_at_ally_first = two_diff_error(base, similarities_in(b, ally_first)) + base_lo;
        const real ally_lo_at_ally_first = alpha*ally_apart_lo_at_ally_first + alpha_lo*ally_apart_at_ally_first + two_prod_error(alpha, ally_apart_at_ally_first);  // what the exponent lacks
        const real ally_top_lo = ally_lo_at_ally_first;
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real ally_lead = ((ally_held == real(1)) ? ally_top : real(0));  // largest exponent
        const real ally_lead_lo = max_number_(ally_top_lo, real(-1));  // what the largest exponent lacks
        const real rival_apart_at_rival_first = similarities_in(b, rival_first) - base;
        const real rival_exponents_at_rival_first = beta*rival_apart_at_rival_first;
        const real rival_top = rival_exponents_at_rival_first;  // largest logit
        const real rival_apart_lo_at_rival_first = two_diff_error(similarities_in(b, rival_first), base) - base_lo;
        const real rival_lo_at_rival_first = beta*rival_apart_lo_at_rival_first + beta_lo*rival_apart_at_rival_first + two_prod_error(beta, rival_apart_at_rival_first);  // what the exponent lacks
        const real rival_top_lo = rival_lo_at_rival_first;
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real rival_lead = ((rival_held == real(1)) ? rival_top : real(0));  // largest exponent
        const real rival_lead_lo = max_number_(rival_top_lo, real(-1));  // what the largest exponent lacks
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_apart_lo = two_diff_error(base, similarities_in(b, c)) + base_lo;
            const real ally_exponents = alpha*ally_apart;
            const real ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0)));
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_apart_lo = two_diff_error(similarities_in(b, c), base) - base_lo;
            const real rival_exponents = beta*rival_apart;
            const real rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart);  // what the exponent lacks
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            ally_rest_fold.add(lane, ally_tail);
            rival_rest_fold.add(lane, rival_tail);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_total = real(1) + ally_rest;
        const real ally_grow = log1p_(ally_rest);
        const real ally_odds = ((ally_lead <= real(0)) ? (real(1) + ally_lead_lo)*ally_held*ally_total*exp_(ally_lead) : (real(1) - ally_lead_lo)*exp_(-ally_lead)/ally_total);
        const real ally_cost = ((ally_lead <= real(0)) ? real(0) : ally_grow + ally_lead + ally_lead_lo) + log1p_(ally_odds);  // softplus
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real rival_odds = ((rival_lead <= real(0)) ? (real(1) + rival_lead_lo)*rival_held*rival_total*exp_(rival_lead) : (real(1) - rival_lead_lo)*exp_(-rival_lead)/rival_total);
        const real rival_cost = ((rival_lead <= real(0)) ? real(0) : rival_grow + rival_lead + rival_lead_lo) + log1p_(rival_odds);  // softplus
        const real loss = ally_cost/alpha + rival_cost/beta;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL multi_similarity_grad(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(similarities_bar) similarities_bar_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real rival_cost_bar = loss_bar/beta;
        const real ally_cost_bar = loss_bar/alpha;
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_exponents = alpha*ally_apart;
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_exponents = beta*rival_apart;
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? ally_exponents : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? rival_exponents : -INFINITE), c);
        });
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_apart_at_ally_first = -similarities_in(b, ally_first) + base;
        const real ally_exponents_at_ally_first = alpha*ally_apart_at_ally_first;
        const real ally_top = ally_exponents_at_ally_first;  // largest logit
        const real ally_apart_lo_at_ally_first = two_diff_error(base, similarities_in(b, ally_first)) + base_lo;
        const real ally_lo_at_ally_first = alpha*ally_apart_lo_at_ally_first + alpha_lo*ally_apart_at_ally_first + two_prod_error(alpha, ally_apart_at_ally_first);  // what the exponent lacks
        const real ally_top_lo = ally_lo_at_ally_first;
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real ally_lead = ((ally_held == real(1)) ? ally_top : real(0));  // largest exponent
        const real ally_lead_lo = max_number_(ally_top_lo, real(-1));  // what the largest exponent lacks
        const real rival_apart_at_rival_first = similarities_in(b, rival_first) - base;
        const real rival_exponents_at_rival_first = beta*rival_apart_at_rival_first;
        const real rival_top = rival_exponents_at_rival_first;  // largest logit
        const real rival_apart_lo_at_rival_first = two_diff_error(similarities_in(b, rival_first), base) - base_lo;
        const real rival_lo_at_rival_first = beta*rival_apart_lo_at_rival_first + beta_lo*rival_apart_at_rival_first + two_prod_error(beta, rival_apart_at_rival_first);  // what the exponent lacks
        const real rival_top_lo = rival_lo_at_rival_first;
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real rival_lead = ((rival_held == real(1)) ? rival_top : real(0));  // largest exponent
        const real rival_lead_lo = max_number_(rival_top_lo, real(-1));  // what the largest exponent lacks
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_apart_lo = two_diff_error(base, similarities_in(b, c)) + base_lo;
            const real ally_exponents = alpha*ally_apart;
            const real ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_out.hold(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_apart_lo = two_diff_error(similarities_in(b, c), base) - base_lo;
            const real rival_exponents = beta*rival_apart;
            const real rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart);  // what the exponent lacks
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            ally_rest_fold.add(lane, ally_tail);
            rival_rest_fold.add(lane, rival_tail);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_total = real(1) + ally_rest;
        const real ally_grow = log1p_(ally_rest);
        const real ally_odds = ((ally_lead <= real(0)) ? (real(1) + ally_lead_lo)*ally_held*ally_total*exp_(ally_lead) : (real(1) - ally_lead_lo)*exp_(-ally_lead)/ally_total);
        const real ally_cost = ((ally_lead <= real(0)) ? real(0) : ally_grow + ally_lead + ally_lead_lo) + log1p_(ally_odds);  // softplus
        const real ally_rise = ((ally_lead <= real(0)) ? ally_odds/(real(1) + ally_odds) : real(1)/(real(1) + ally_odds));  // sigmoid(x)
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real rival_odds = ((rival_lead <= real(0)) ? (real(1) + rival_lead_lo)*rival_held*rival_total*exp_(rival_lead) : (real(1) - rival_lead_lo)*exp_(-rival_lead)/rival_total);
        const real rival_cost = ((rival_lead <= real(0)) ? real(0) : rival_grow + rival_lead + rival_lead_lo) + log1p_(rival_odds);  // softplus
        const real rival_rise = ((rival_lead <= real(0)) ? rival_odds/(real(1) + rival_odds) : real(1)/(real(1) + rival_odds));  // sigmoid(x)
        const real loss = ally_cost/alpha + rival_cost/beta;
        const real rival_lse_bar = rival_cost_bar*rival_rise;
        const real ally_lse_bar = ally_cost_bar*ally_rise;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_apart_lo = two_diff_error(base, similarities_in(b, c)) + base_lo;
            const real ally_exponents = alpha*ally_apart;
            const real ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_apart_lo = two_diff_error(similarities_in(b, c), base) - base_lo;
            const real rival_exponents = beta*rival_apart;
            const real rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart);  // what the exponent lacks
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real rival_exponents_bar = rival_mass*(rival_lse_bar/rival_total);
            const real ally_exponents_bar = ally_mass*(ally_lse_bar/ally_total);
            const real similarities_bar = beta*rival_exponents_bar - alpha*ally_exponents_bar;
            similarities_bar_out.store(b, c, similarities_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL multi_similarity_hvp(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(similarities_dot) similarities_dot_in, ARRAY(similarities_bar_dot)
    similarities_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        const real rival_cost_bar = loss_bar/beta;
        const real ally_cost_bar = loss_bar/alpha;
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_exponents = alpha*ally_apart;
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_exponents = beta*rival_apart;
            if (alpha != real(0)) ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? ally_exponents : -INFINITE), c);
            if (beta != real(0)) rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? rival_exponents : -INFINITE), c);
        });
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_apart_at_ally_first = -similarities_in(b, ally_first) + base;
        const real ally_exponents_at_ally_first = alpha*ally_apart_at_ally_first;
        const real ally_top = ally_exponents_at_ally_first;  // largest logit
        const real ally_apart_lo_at_ally_first = two_diff_error(base, similarities_in(b, ally_first)) + base_lo;
        const real ally_lo_at_ally_first = alpha*ally_apart_lo_at_ally_first + alpha_lo*ally_apart_at_ally_first + two_prod_error(alpha, ally_apart_at_ally_first);  // what the exponent lacks
        const real ally_top_lo = ally_lo_at_ally_first;
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real ally_lead = ((ally_held == real(1)) ? ally_top : real(0));  // largest exponent
        const real ally_lead_lo = max_number_(ally_top_lo, real(-1));  // what the largest exponent lacks
        const real rival_apart_at_rival_first = similarities_in(b, rival_first) - base;
        const real rival_exponents_at_rival_first = beta*rival_apart_at_rival_first;
        const real rival_top = rival_exponents_at_rival_first;  // largest logit
        const real rival_apart_lo_at_rival_first = two_diff_error(similarities_in(b, rival_first), base) - base_lo;
        const real rival_lo_at_rival_first = beta*rival_apart_lo_at_rival_first + beta_lo*rival_apart_at_rival_first + two_prod_error(beta, rival_apart_at_rival_first);  // what the exponent lacks
        const real rival_top_lo = rival_lo_at_rival_first;
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real rival_lead = ((rival_held == real(1)) ? rival_top : real(0));  // largest exponent
        const real rival_lead_lo = max_number_(rival_top_lo, real(-1));  // what the largest exponent lacks
        const real ally_exponents_dot_at_ally_first = -(alpha*similarities_dot_in(b, ally_first));
        const real ally_top_dot = ally_exponents_dot_at_ally_first;
        const real rival_exponents_dot_at_rival_first = beta*similarities_dot_in(b, rival_first);
        const real rival_top_dot = rival_exponents_dot_at_rival_first;
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        Sum ally_rest_dot_fold;
        Sum rival_rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_apart_lo = two_diff_error(base, similarities_in(b, c)) + base_lo;
            const real ally_exponents = alpha*ally_apart;
            const real ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_dot_out.hold(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_apart_lo = two_diff_error(similarities_in(b, c), base) - base_lo;
            const real rival_exponents = beta*rival_apart;
            const real rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart);  // what the exponent lacks
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real ally_exponents_dot = -(alpha*similarities_dot_in(b, c));
            const real ally_drop_dot = ally_exponents_dot - ally_top_dot;
            const real ally_tail_dot = ally_drop_dot*ally_tail;
            const real rival_exponents_dot = beta*similarities_dot_in(b, c);
            const real rival_drop_dot = rival_exponents_dot - rival_top_dot;
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            if (alpha != real(0)) ally_rest_fold.add(lane, ally_tail);
            if (beta != real(0)) rival_rest_fold.add(lane, rival_tail);
            if (alpha != real(0)) ally_rest_dot_fold.add(lane, ally_tail_dot);
            if (beta != real(0)) rival_rest_dot_fold.add(lane, rival_tail_dot);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_rest_dot = ally_rest_dot_fold.result();
        const real rival_rest_dot = rival_rest_dot_fold.result();
        const real ally_total = real(1) + ally_rest;
        const real ally_odds = ((ally_lead <= real(0)) ? (real(1) + ally_lead_lo)*ally_held*ally_total*exp_(ally_lead) : (real(1) - ally_lead_lo)*exp_(-ally_lead)/ally_total);
        const real ally_rise = ((ally_lead <= real(0)) ? ally_odds/(real(1) + ally_odds) : real(1)/(real(1) + ally_odds));  // sigmoid(x)
        const real ally_fall = ((ally_lead <= real(0)) ? real(1)/(real(1) + ally_odds) : ally_odds/(real(1) + ally_odds));  // sigmoid(-x)
        const real rival_total = real(1) + rival_rest;
        const real rival_odds = ((rival_lead <= real(0)) ? (real(1) + rival_lead_lo)*rival_held*rival_total*exp_(rival_lead) : (real(1) - rival_lead_lo)*exp_(-rival_lead)/rival_total);
        const real rival_rise = ((rival_lead <= real(0)) ? rival_odds/(real(1) + rival_odds) : real(1)/(real(1) + rival_odds));  // sigmoid(x)
        const real rival_fall = ((rival_lead <= real(0)) ? real(1)/(real(1) + rival_odds) : rival_odds/(real(1) + rival_odds));  // sigmoid(-x)
        const real rival_lse_bar = rival_cost_bar*rival_rise;
        const real ally_lse_bar = ally_cost_bar*ally_rise;
        Sum ally_lse_dot0_fold;
        Sum rival_lse_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_apart_lo = two_diff_error(base, similarities_in(b, c)) + base_lo;
            const real ally_exponents = alpha*ally_apart;
            const real ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_dot_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_apart_lo = two_diff_error(similarities_in(b, c), base) - base_lo;
            const real rival_exponents = beta*rival_apart;
            const real rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart);  // what the exponent lacks
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real ally_exponents_dot = -(alpha*similarities_dot_in(b, c));
            const real rival_exponents_dot = beta*similarities_dot_in(b, c);
            if (alpha != real(0)) ally_lse_dot0_fold.add(lane, ally_mass*(ally_exponents_dot/ally_total));
            if (beta != real(0)) rival_lse_dot0_fold.add(lane, rival_mass*(rival_exponents_dot/rival_total));
        });
        const real ally_lse_dot0 = ally_lse_dot0_fold.result();
        const real rival_lse_dot0 = rival_lse_dot0_fold.result();
        const real ally_rise_dot = ally_fall*ally_lse_dot0*ally_rise;
        const real rival_rise_dot = rival_fall*rival_lse_dot0*rival_rise;
        const real rival_lse_bar_dot = rival_cost_bar*rival_rise_dot;
        const real ally_lse_bar_dot = ally_cost_bar*ally_rise_dot;
        over_classes(C, [&](int c, int lane) {
            const real ally_apart = -similarities_in(b, c) + base;
            const real ally_apart_lo = two_diff_error(base, similarities_in(b, c)) + base_lo;
            const real ally_exponents = alpha*ally_apart;
            const real ally_lo = alpha*ally_apart_lo + alpha_lo*ally_apart + two_prod_error(alpha, ally_apart);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_dot_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_apart = similarities_in(b, c) - base;
            const real rival_apart_lo = two_diff_error(similarities_in(b, c), base) - base_lo;
            const real rival_exponents = beta*rival_apart;
            const real rival_lo = beta*rival_apart_lo + beta_lo*rival_apart + two_prod_error(beta, rival_apart);  // what the exponent lacks
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real ally_exponents_dot = -(alpha*similarities_dot_in(b, c));
            const real ally_drop_dot = ally_exponents_dot - ally_top_dot;
            const real ally_tail_dot = ally_drop_dot*ally_tail;
            const real ally_mass_dot = ally_tail_dot*((c == ally_first) ? real(0) : real(1));
            const real rival_exponents_dot = beta*similarities_dot_in(b, c);
            const real rival_drop_dot = rival_exponents_dot - rival_top_dot;
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            const real rival_mass_dot = rival_tail_dot*((c == rival_first) ? real(0) : real(1));
            const real rival_exponents_bar_dot = rival_mass_dot*(rival_lse_bar/rival_total) + rival_mass*(rival_lse_bar_dot/rival_total) - rival_mass*(rival_lse_bar/rival_total)*(rival_rest_dot/rival_total);
            const real ally_exponents_bar_dot = ally_mass_dot*(ally_lse_bar/ally_total) + ally_mass*(ally_lse_bar_dot/ally_total) - ally_mass*(ally_lse_bar/ally_total)*(ally_rest_dot/ally_total);
            const real similarities_bar_dot = beta*rival_exponents_bar_dot - alpha*ally_exponents_bar_dot;
            similarities_bar_dot_out.store(b, c, similarities_bar_dot);
        });
    });
}
