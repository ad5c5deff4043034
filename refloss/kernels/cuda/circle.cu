// Circle loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = softplus(log sum_p exp(u_p) + log sum_n exp(v_n))
//     u = -gamma max(1 + margin - s, 0) (s - (1 - margin));  v = gamma max(s + margin, 0) (s - margin)
//     p: columns where same is 1;  n: columns where same is 0;  0 if there are none of either
//
// Subgradients
//     0 by a similarity whose weight just ends, where that is differentiated.
//
// Constants
//     gamma: scale of the exponents (default 256.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     margin: how far from its optimum a similarity may be (default 0.25)
//     margin_lo: what margin lacks (default 0.0)
//     attached: 1: weights are differentiated too (default 0.0)
//
// Source
//     Sun, Cheng, Zhang, Zhang, Zheng, Wang, Wei, Circle Loss: A Unified Perspective of Pair
//     Similarity Optimization, CVPR 2020, arXiv 2002.10857, equation 6.

KERNEL circle_value(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss)
    loss_out, CONSTANTS) {
    const real ally_edge = margin*margin;
    const real ally_edge_lo = real(2)*margin*margin_lo + two_prod_error(margin, margin);
    const real rival_edge = margin*margin;
    const real rival_edge_lo = real(2)*margin*margin_lo + two_prod_error(margin, margin);
    over_rows(B, [&](size b) {
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_exponents = gamma*ally_room;
            const real rival_far = similarities_in(b, c);  // from the optimum
            const real rival_weight = above_(rival_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = rival_far*rival_far;
            const real rival_room = ((rival_weight > real(0)) ? rival_square - rival_edge : real(0));
            const real rival_exponents = gamma*rival_room;
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? ally_exponents : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? rival_exponents : -INFINITE), c);
        });
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_far_at_ally_first = real(1) - similarities_in(b, ally_first);  // from the optimum
        const real ally_square_at_ally_first = ally_far_at_ally_first*ally_far_at_ally_first;
        const real ally_weight_at_ally_first = above_(two_diff_error(real(1), similarities_in(b, ally_first)) + ally_far_at_ally_first + margin + margin_lo, real(0));  // 0 beyond the margin
        const real ally_room_at_ally_first = ((ally_weight_at_ally_first > real(0)) ? ally_square_at_ally_first - ally_edge : real(0));
        const real ally_exponents_at_ally_first = gamma*ally_room_at_ally_first;
        const real ally_top = ally_exponents_at_ally_first;  // largest logit
        const real ally_square_lo_at_ally_first = real(2)*ally_far_at_ally_first*two_diff_error(real(1), similarities_in(b, ally_first)) + two_prod_error(ally_far_at_ally_first, ally_far_at_ally_first);
        const real ally_room_lo_at_ally_first = ((ally_weight_at_ally_first > real(0)) ? two_diff_error(ally_square_at_ally_first, ally_edge) + ally_square_lo_at_ally_first - ally_edge_lo : real(0));
        const real ally_lo_at_ally_first = gamma*ally_room_lo_at_ally_first + gamma_lo*ally_room_at_ally_first + two_prod_error(gamma, ally_room_at_ally_first);  // what the exponent lacks
        const real ally_top_lo = ally_lo_at_ally_first;
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real rival_far_at_rival_first = similarities_in(b, rival_first);  // from the optimum
        const real rival_square_at_rival_first = rival_far_at_rival_first*rival_far_at_rival_first;
        const real rival_weight_at_rival_first = above_(rival_far_at_rival_first + margin + margin_lo, real(0));  // 0 beyond the margin
        const real rival_room_at_rival_first = ((rival_weight_at_rival_first > real(0)) ? rival_square_at_rival_first - rival_edge : real(0));
        const real rival_exponents_at_rival_first = gamma*rival_room_at_rival_first;
        const real rival_top = rival_exponents_at_rival_first;  // largest logit
        const real rival_square_lo_at_rival_first = two_prod_error(rival_far_at_rival_first, rival_far_at_rival_first);
        const real rival_room_lo_at_rival_first = ((rival_weight_at_rival_first > real(0)) ? two_diff_error(rival_square_at_rival_first, rival_edge) + rival_square_lo_at_rival_first - rival_edge_lo : real(0));
        const real rival_lo_at_rival_first = gamma*rival_room_lo_at_rival_first + gamma_lo*rival_room_at_rival_first + two_prod_error(gamma, rival_room_at_rival_first);  // what the exponent lacks
        const real rival_top_lo = rival_lo_at_rival_first;
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real lead = (((ally_held == real(1)) && (rival_held == real(1))) ? ally_top + rival_top : real(0));  // largest exponents
        const real lead_lo = max_number_((((ally_held == real(1)) && (rival_held == real(1))) ? two_sum_error(ally_top, rival_top) + ally_top_lo + rival_top_lo : real(0)), real(-1));  // what the largest exponent lacks
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_square_lo = real(2)*ally_far*two_diff_error(real(1), similarities_in(b, c)) + two_prod_error(ally_far, ally_far);
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_room_lo = ((ally_weight > real(0)) ? two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo : real(0));
            const real ally_exponents = gamma*ally_room;
            const real ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room);  // what the exponent lacks
            const real rival_far = similarities_in(b, c);  // from the optimum
            const real rival_weight = above_(rival_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = rival_far*rival_far;
            const real rival_square_lo = two_prod_error(rival_far, rival_far);
            const real rival_room = ((rival_weight > real(0)) ? rival_square - rival_edge : real(0));
            const real rival_room_lo = ((rival_weight > real(0)) ? two_diff_error(rival_square, rival_edge) + rival_square_lo - rival_edge_lo : real(0));
            const real rival_exponents = gamma*rival_room;
            const real rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0)));
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
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real reach = (((ally_held == real(1)) && (rival_held == real(1))) ? ally_grow + lead + rival_grow : real(0));  // 0 where one has nothing
        const real pairs = ally_total*rival_total;
        const real odds = ((reach <= real(0)) ? (real(1) + lead_lo)*ally_held*pairs*rival_held*exp_(lead) : (real(1) - lead_lo)*exp_(-lead)/pairs);
        const real cost = ((reach <= real(0)) ? real(0) : lead_lo + reach) + log1p_(odds);  // softplus
        const real loss = cost;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL circle_grad(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(loss) loss_out, ARRAY(similarities_bar) similarities_bar_out, CONSTANTS) {
    const real ally_edge = margin*margin;
    const real ally_edge_lo = real(2)*margin*margin_lo + two_prod_error(margin, margin);
    const real rival_edge = ally_edge;
    const real rival_edge_lo = ally_edge_lo;
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_exponents = gamma*ally_room;
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_room = ((rival_weight > real(0)) ? rival_square - rival_edge : real(0));
            const real rival_exponents = gamma*rival_room;
            ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? ally_exponents : -INFINITE), c);
            rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? rival_exponents : -INFINITE), c);
        });
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_far_at_ally_first = real(1) - similarities_in(b, ally_first);  // from the optimum
        const real ally_square_at_ally_first = ally_far_at_ally_first*ally_far_at_ally_first;
        const real ally_weight_at_ally_first = above_(two_diff_error(real(1), similarities_in(b, ally_first)) + ally_far_at_ally_first + margin + margin_lo, real(0));  // 0 beyond the margin
        const real ally_room_at_ally_first = ((ally_weight_at_ally_first > real(0)) ? ally_square_at_ally_first - ally_edge : real(0));
        const real ally_exponents_at_ally_first = gamma*ally_room_at_ally_first;
        const real ally_top = ally_exponents_at_ally_first;  // largest logit
        const real ally_square_lo_at_ally_first = real(2)*ally_far_at_ally_first*two_diff_error(real(1), similarities_in(b, ally_first)) + two_prod_error(ally_far_at_ally_first, ally_far_at_ally_first);
        const real ally_room_lo_at_ally_first = ((ally_weight_at_ally_first > real(0)) ? two_diff_error(ally_square_at_ally_first, ally_edge) + ally_square_lo_at_ally_first - ally_edge_lo : real(0));
        const real ally_lo_at_ally_first = gamma*ally_room_lo_at_ally_first + gamma_lo*ally_room_at_ally_first + two_prod_error(gamma, ally_room_at_ally_first);  // what the exponent lacks
        const real ally_top_lo = ally_lo_at_ally_first;
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real rival_square_at_rival_first = similarities_in(b, rival_first)*similarities_in(b, rival_first);
        const real rival_weight_at_rival_first = above_(similarities_in(b, rival_first) + margin + margin_lo, real(0));  // 0 beyond the margin
        const real rival_room_at_rival_first = ((rival_weight_at_rival_first > real(0)) ? rival_square_at_rival_first - rival_edge : real(0));
        const real rival_exponents_at_rival_first = gamma*rival_room_at_rival_first;
        const real rival_top = rival_exponents_at_rival_first;  // largest logit
        const real rival_square_lo_at_rival_first = two_prod_error(similarities_in(b, rival_first), similarities_in(b, rival_first));
        const real rival_room_lo_at_rival_first = ((rival_weight_at_rival_first > real(0)) ? two_diff_error(rival_square_at_rival_first, rival_edge) + rival_square_lo_at_rival_first - rival_edge_lo : real(0));
        const real rival_lo_at_rival_first = gamma*rival_room_lo_at_rival_first + gamma_lo*rival_room_at_rival_first + two_prod_error(gamma, rival_room_at_rival_first);  // what the exponent lacks
        const real rival_top_lo = rival_lo_at_rival_first;
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real lead = (((ally_held == real(1)) && (rival_held == real(1))) ? ally_top + rival_top : real(0));  // largest exponents
        const real lead_lo = max_number_((((ally_held == real(1)) && (rival_held == real(1))) ? two_sum_error(ally_top, rival_top) + ally_top_lo + rival_top_lo : real(0)), real(-1));  // what the largest exponent lacks
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_square_lo = real(2)*ally_far*two_diff_error(real(1), similarities_in(b, c)) + two_prod_error(ally_far, ally_far);
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_room_lo = ((ally_weight > real(0)) ? two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo : real(0));
            const real ally_exponents = gamma*ally_room;
            const real ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room);  // what the exponent lacks
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_square_lo = two_prod_error(similarities_in(b, c), similarities_in(b, c));
            const real rival_room = ((rival_weight > real(0)) ? rival_square - rival_edge : real(0));
            const real rival_room_lo = ((rival_weight > real(0)) ? two_diff_error(rival_square, rival_edge) + rival_square_lo - rival_edge_lo : real(0));
            const real rival_exponents = gamma*rival_room;
            const real rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_out.hold(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
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
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real reach = (((ally_held == real(1)) && (rival_held == real(1))) ? ally_grow + lead + rival_grow : real(0));  // 0 where one has nothing
        const real pairs = ally_total*rival_total;
        const real odds = ((reach <= real(0)) ? (real(1) + lead_lo)*ally_held*pairs*rival_held*exp_(lead) : (real(1) - lead_lo)*exp_(-lead)/pairs);
        const real cost = ((reach <= real(0)) ? real(0) : lead_lo + reach) + log1p_(odds);  // softplus
        const real rise = ((reach <= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
        const real loss = cost;
        const real rival_lse_bar = loss_bar*rise;
        const real ally_lse_bar = rival_lse_bar;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_square_lo = real(2)*ally_far*two_diff_error(real(1), similarities_in(b, c)) + two_prod_error(ally_far, ally_far);
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_room_lo = ((ally_weight > real(0)) ? two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo : real(0));
            const real ally_exponents = gamma*ally_room;
            const real ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room);  // what the exponent lacks
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_square_lo = two_prod_error(similarities_in(b, c), similarities_in(b, c));
            const real rival_room = ((rival_weight > real(0)) ? rival_square - rival_edge : real(0));
            const real rival_room_lo = ((rival_weight > real(0)) ? two_diff_error(rival_square, rival_edge) + rival_square_lo - rival_edge_lo : real(0));
            const real rival_exponents = gamma*rival_room;
            const real rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real rival_exponents_bar = rival_mass*(rival_lse_bar/rival_total);
            const real ally_exponents_bar = ally_mass*(ally_lse_bar/ally_total);
            const real similarities_bar = ((same_in(b, c) == real(1)) ? ((attached == real(0)) ? -(gamma*ally_exponents_bar*ally_weight) : ((ally_weight > real(0)) ? -(real(2)*gamma*ally_exponents_bar*ally_far) : real(0))) : real(0)) + ((same_in(b, c) == real(0)) ? ((attached == real(0)) ? gamma*rival_exponents_bar*rival_weight : ((rival_weight > real(0)) ? real(2)*gamma*rival_exponents_bar*similarities_in(b, c) : real(0))) : real(0));
            similarities_bar_out.store(b, c, similarities_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL circle_hvp(
    size B, size C, ARRAY(similarities) similarities_in, ARRAY(same) same_in, ARRAY(loss_bar)
    loss_bar_in, ARRAY(similarities_dot) similarities_dot_in, ARRAY(similarities_bar_dot)
    similarities_bar_dot_out, CONSTANTS) {
    const real ally_edge = margin*margin;
    const real ally_edge_lo = real(2)*margin*margin_lo + two_prod_error(margin, margin);
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        First ally_first_fold;
        First rival_first_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_exponents = gamma*ally_room;
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_room = ((rival_weight > real(0)) ? rival_square - ally_edge : real(0));
            const real rival_exponents = gamma*rival_room;
            if (gamma != real(0)) ally_first_fold.offer(lane, ((same_in(b, c) == real(1)) ? ally_exponents : -INFINITE), c);
            if (gamma != real(0)) rival_first_fold.offer(lane, ((same_in(b, c) == real(0)) ? rival_exponents : -INFINITE), c);
        });
        const int ally_first = ally_first_fold.place();  // class of the largest logit
        const int rival_first = rival_first_fold.place();  // class of the largest logit
        const real ally_far_at_ally_first = real(1) - similarities_in(b, ally_first);  // from the optimum
        const real ally_square_at_ally_first = ally_far_at_ally_first*ally_far_at_ally_first;
        const real ally_weight_at_ally_first = above_(two_diff_error(real(1), similarities_in(b, ally_first)) + ally_far_at_ally_first + margin + margin_lo, real(0));  // 0 beyond the margin
        const real ally_room_at_ally_first = ((ally_weight_at_ally_first > real(0)) ? ally_square_at_ally_first - ally_edge : real(0));
        const real ally_exponents_at_ally_first = gamma*ally_room_at_ally_first;
        const real ally_top = ally_exponents_at_ally_first;  // largest logit
        const real ally_square_lo_at_ally_first = real(2)*ally_far_at_ally_first*two_diff_error(real(1), similarities_in(b, ally_first)) + two_prod_error(ally_far_at_ally_first, ally_far_at_ally_first);
        const real ally_room_lo_at_ally_first = ((ally_weight_at_ally_first > real(0)) ? two_diff_error(ally_square_at_ally_first, ally_edge) + ally_square_lo_at_ally_first - ally_edge_lo : real(0));
        const real ally_lo_at_ally_first = gamma*ally_room_lo_at_ally_first + gamma_lo*ally_room_at_ally_first + two_prod_error(gamma, ally_room_at_ally_first);  // what the exponent lacks
        const real ally_top_lo = ally_lo_at_ally_first;
        const real ally_held = ((same_in(b, ally_first) == real(1)) ? real(1) : real(0));  // 0: there are none
        const real rival_square_at_rival_first = similarities_in(b, rival_first)*similarities_in(b, rival_first);
        const real rival_weight_at_rival_first = above_(similarities_in(b, rival_first) + margin + margin_lo, real(0));  // 0 beyond the margin
        const real rival_room_at_rival_first = ((rival_weight_at_rival_first > real(0)) ? rival_square_at_rival_first - ally_edge : real(0));
        const real rival_exponents_at_rival_first = gamma*rival_room_at_rival_first;
        const real rival_top = rival_exponents_at_rival_first;  // largest logit
        const real rival_square_lo_at_rival_first = two_prod_error(similarities_in(b, rival_first), similarities_in(b, rival_first));
        const real rival_room_lo_at_rival_first = ((rival_weight_at_rival_first > real(0)) ? two_diff_error(rival_square_at_rival_first, ally_edge) + rival_square_lo_at_rival_first - ally_edge_lo : real(0));
        const real rival_lo_at_rival_first = gamma*rival_room_lo_at_rival_first + gamma_lo*rival_room_at_rival_first + two_prod_error(gamma, rival_room_at_rival_first);  // what the exponent lacks
        const real rival_top_lo = rival_lo_at_rival_first;
        const real rival_held = ((same_in(b, rival_first) == real(0)) ? real(1) : real(0));  // 0: there are none
        const real lead = (((ally_held == real(1)) && (rival_held == real(1))) ? ally_top + rival_top : real(0));  // largest exponents
        const real lead_lo = max_number_((((ally_held == real(1)) && (rival_held == real(1))) ? two_sum_error(ally_top, rival_top) + ally_top_lo + rival_top_lo : real(0)), real(-1));  // what the largest exponent lacks
        const real ally_exponents_dot_at_ally_first = -(gamma*similarities_dot_in(b, ally_first)*((same_in(b, ally_first) == real(1)) ? ((attached == real(0)) ? ally_weight_at_ally_first : ((ally_weight_at_ally_first > real(0)) ? real(2)*ally_far_at_ally_first : real(0))) : real(0)));
        const real ally_top_dot = ally_exponents_dot_at_ally_first;
        const real rival_exponents_dot_at_rival_first = gamma*similarities_dot_in(b, rival_first)*((same_in(b, rival_first) == real(0)) ? ((attached == real(0)) ? rival_weight_at_rival_first : ((rival_weight_at_rival_first > real(0)) ? real(2)*similarities_in(b, rival_first) : real(0))) : real(0));
        const real rival_top_dot = rival_exponents_dot_at_rival_first;
        Sum ally_rest_fold;
        Sum rival_rest_fold;
        Sum ally_rest_dot_fold;
        Sum rival_rest_dot_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_square_lo = real(2)*ally_far*two_diff_error(real(1), similarities_in(b, c)) + two_prod_error(ally_far, ally_far);
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_room_lo = ((ally_weight > real(0)) ? two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo : real(0));
            const real ally_exponents = gamma*ally_room;
            const real ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room);  // what the exponent lacks
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_square_lo = two_prod_error(similarities_in(b, c), similarities_in(b, c));
            const real rival_room = ((rival_weight > real(0)) ? rival_square - ally_edge : real(0));
            const real rival_room_lo = ((rival_weight > real(0)) ? two_diff_error(rival_square, ally_edge) + rival_square_lo - ally_edge_lo : real(0));
            const real rival_exponents = gamma*rival_room;
            const real rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_dot_out.hold(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real ally_exponents_dot = -(gamma*similarities_dot_in(b, c)*((same_in(b, c) == real(1)) ? ((attached == real(0)) ? ally_weight : ((ally_weight > real(0)) ? real(2)*ally_far : real(0))) : real(0)));
            const real rival_exponents_dot = gamma*similarities_dot_in(b, c)*((same_in(b, c) == real(0)) ? ((attached == real(0)) ? rival_weight : ((rival_weight > real(0)) ? real(2)*similarities_in(b, c) : real(0))) : real(0));
            const real ally_drop_dot = ally_exponents_dot - ally_top_dot;
            const real ally_tail_dot = ally_drop_dot*ally_tail;
            const real rival_drop_dot = rival_exponents_dot - rival_top_dot;
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            if (gamma != real(0)) ally_rest_fold.add(lane, ally_tail);
            if (gamma != real(0)) rival_rest_fold.add(lane, rival_tail);
            if (gamma != real(0)) ally_rest_dot_fold.add(lane, ally_tail_dot);
            if (gamma != real(0)) rival_rest_dot_fold.add(lane, rival_tail_dot);
        });
        const real ally_rest = ally_rest_fold.result();  // sum of mass over all classes but the first
        const real rival_rest = rival_rest_fold.result();  // sum of mass over all classes but the first
        const real ally_rest_dot = ally_rest_dot_fold.result();
        const real rival_rest_dot = rival_rest_dot_fold.result();
        const real ally_total = real(1) + ally_rest;
        const real ally_grow = log1p_(ally_rest);
        const real rival_total = real(1) + rival_rest;
        const real rival_grow = log1p_(rival_rest);
        const real reach = (((ally_held == real(1)) && (rival_held == real(1))) ? ally_grow + lead + rival_grow : real(0));  // 0 where one has nothing
        const real pairs = ally_total*rival_total;
        const real odds = ((reach <= real(0)) ? (real(1) + lead_lo)*ally_held*pairs*rival_held*exp_(lead) : (real(1) - lead_lo)*exp_(-lead)/pairs);
        const real rise = ((reach <= real(0)) ? odds/(real(1) + odds) : real(1)/(real(1) + odds));  // sigmoid(x)
        const real fall = ((reach <= real(0)) ? real(1)/(real(1) + odds) : odds/(real(1) + odds));  // sigmoid(-x)
        const real rival_lse_bar = loss_bar*rise;
        Sum ally_lse_dot0_fold;
        Sum rival_lse_dot0_fold;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_square_lo = real(2)*ally_far*two_diff_error(real(1), similarities_in(b, c)) + two_prod_error(ally_far, ally_far);
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_room_lo = ((ally_weight > real(0)) ? two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo : real(0));
            const real ally_exponents = gamma*ally_room;
            const real ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room);  // what the exponent lacks
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_square_lo = two_prod_error(similarities_in(b, c), similarities_in(b, c));
            const real rival_room = ((rival_weight > real(0)) ? rival_square - ally_edge : real(0));
            const real rival_room_lo = ((rival_weight > real(0)) ? two_diff_error(rival_square, ally_edge) + rival_square_lo - ally_edge_lo : real(0));
            const real rival_exponents = gamma*rival_room;
            const real rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_dot_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real ally_exponents_dot = -(gamma*similarities_dot_in(b, c)*((same_in(b, c) == real(1)) ? ((attached == real(0)) ? ally_weight : ((ally_weight > real(0)) ? real(2)*ally_far : real(0))) : real(0)));
            const real rival_exponents_dot = gamma*similarities_dot_in(b, c)*((same_in(b, c) == real(0)) ? ((attached == real(0)) ? rival_weight : ((rival_weight > real(0)) ? real(2)*similarities_in(b, c) : real(0))) : real(0));
            if (gamma != real(0)) ally_lse_dot0_fold.add(lane, ally_mass*(ally_exponents_dot/ally_total));
            if (gamma != real(0)) rival_lse_dot0_fold.add(lane, rival_mass*(rival_exponents_dot/rival_total));
        });
        const real ally_lse_dot0 = ally_lse_dot0_fold.result();
        const real rival_lse_dot0 = rival_lse_dot0_fold.result();
        const real rise_dot = ally_lse_dot0*fall*rise + fall*rise*rival_lse_dot0;
        const real rival_lse_bar_dot = loss_bar*rise_dot;
        over_classes(C, [&](int c, int lane) {
            const real ally_far = real(1) - similarities_in(b, c);  // from the optimum
            const real ally_weight = above_(two_diff_error(real(1), similarities_in(b, c)) + ally_far + margin + margin_lo, real(0));  // 0 beyond the margin
            const real ally_square = ally_far*ally_far;
            const real ally_square_lo = real(2)*ally_far*two_diff_error(real(1), similarities_in(b, c)) + two_prod_error(ally_far, ally_far);
            const real ally_room = ((ally_weight > real(0)) ? ally_square - ally_edge : real(0));
            const real ally_room_lo = ((ally_weight > real(0)) ? two_diff_error(ally_square, ally_edge) + ally_square_lo - ally_edge_lo : real(0));
            const real ally_exponents = gamma*ally_room;
            const real ally_lo = gamma*ally_room_lo + gamma_lo*ally_room + two_prod_error(gamma, ally_room);  // what the exponent lacks
            const real rival_weight = above_(similarities_in(b, c) + margin + margin_lo, real(0));  // 0 beyond the margin
            const real rival_square = similarities_in(b, c)*similarities_in(b, c);
            const real rival_square_lo = two_prod_error(similarities_in(b, c), similarities_in(b, c));
            const real rival_room = ((rival_weight > real(0)) ? rival_square - ally_edge : real(0));
            const real rival_room_lo = ((rival_weight > real(0)) ? two_diff_error(rival_square, ally_edge) + rival_square_lo - ally_edge_lo : real(0));
            const real rival_exponents = gamma*rival_room;
            const real rival_lo = gamma*rival_room_lo + gamma_lo*rival_room + two_prod_error(gamma, rival_room);  // what the exponent lacks
            const real ally_drop = ally_exponents - ally_top;  // at most 0 where it counts
            const real ally_slip = max_number_(two_diff_error(ally_exponents, ally_top) + ally_lo - ally_top_lo, real(-1));
            const real ally_tail = similarities_bar_dot_out.held(b, c, ((c == ally_first) ? weighted_(ally_held, ally_drop) : ((same_in(b, c) == real(1)) ? (real(1) + ally_slip)*exp_(ally_drop) : real(0))));
            const real ally_mass = ((c == ally_first) ? ally_held : ally_tail);  // exp(logits - top)
            const real rival_drop = rival_exponents - rival_top;  // at most 0 where it counts
            const real rival_slip = max_number_(two_diff_error(rival_exponents, rival_top) + rival_lo - rival_top_lo, real(-1));
            const real rival_tail = ((c == rival_first) ? weighted_(rival_held, rival_drop) : ((same_in(b, c) == real(0)) ? (real(1) + rival_slip)*exp_(rival_drop) : real(0)));
            const real rival_mass = ((c == rival_first) ? rival_held : rival_tail);  // exp(logits - top)
            const real rival_exponents_bar = rival_mass*(rival_lse_bar/rival_total);
            const real ally_exponents_bar = ally_mass*(rival_lse_bar/ally_total);
            const real ally_far_dot = -similarities_dot_in(b, c);
            const real ally_exponents_dot = -(gamma*similarities_dot_in(b, c)*((same_in(b, c) == real(1)) ? ((attached == real(0)) ? ally_weight : ((ally_weight > real(0)) ? real(2)*ally_far : real(0))) : real(0)));
            const real rival_exponents_dot = gamma*similarities_dot_in(b, c)*((same_in(b, c) == real(0)) ? ((attached == real(0)) ? rival_weight : ((rival_weight > real(0)) ? real(2)*similarities_in(b, c) : real(0))) : real(0));
            const real ally_drop_dot = ally_exponents_dot - ally_top_dot;
            const real ally_tail_dot = ally_drop_dot*ally_tail;
            const real ally_mass_dot = ally_tail_dot*((c == ally_first) ? real(0) : real(1));
            const real rival_drop_dot = rival_exponents_dot - rival_top_dot;
            const real rival_tail_dot = rival_drop_dot*rival_tail;
            const real rival_mass_dot = rival_tail_dot*((c == rival_first) ? real(0) : real(1));
            const real rival_exponents_bar_dot = rival_mass_dot*(rival_lse_bar/rival_total) + rival_mass*(rival_lse_bar_dot/rival_total) - rival_mass*(rival_lse_bar/rival_total)*(rival_rest_dot/rival_total);
            const real ally_exponents_bar_dot = ally_mass_dot*(rival_lse_bar/ally_total) + ally_mass*(rival_lse_bar_dot/ally_total) - ally_mass*(ally_rest_dot/ally_total)*(rival_lse_bar/ally_total);
            const real similarities_bar_dot = ally_far_dot*((same_in(b, c) == real(1)) ? ((attached == real(0)) ? real(0) : ((ally_weight > real(0)) ? -(real(2)*gamma*ally_exponents_bar) : real(0))) : real(0)) + similarities_dot_in(b, c)*((same_in(b, c) == real(0)) ? ((attached == real(0)) ? real(0) : ((rival_weight > real(0)) ? real(2)*gamma*rival_exponents_bar : real(0))) : real(0)) + ally_exponents_bar_dot*((same_in(b, c) == real(1)) ? ((attached == real(0)) ? -(gamma*ally_weight) : ((ally_weight > real(0)) ? -(real(2)*gamma*ally_far) : real(0))) : real(0)) + rival_exponents_bar_dot*((same_in(b, c) == real(0)) ? ((attached == real(0)) ? gamma*rival_weight : ((rival_weight > real(0)) ? real(2)*gamma*similarities_in(b, c) : real(0))) : real(0));
            similarities_bar_dot_out.store(b, c, similarities_bar_dot);
        });
    });
}
