// Multi-class margin (support-vector) loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     crammer_singer: loss = w_y max(0, margin + max_{j != y} z_j - z_y)^p / parts
//     weston_watkins: loss = w_y sum_{j != y} max(0, margin + z_j - z_y)^p / parts
//     one_vs_all: loss = w_y sum_j max(0, margin - t_j z_j)^p / parts,  t_j = 1 if j = y else -1
//     categorical_hinge: as crammer_singer, with 0 among the z_j;  parts: 1, K or K - 1
//
// Subgradients
//     0 where the margin is just reached, the least of the slopes there; where several scores
//     are the largest, an even split.
//
// Constants
//     margin: by how much the target's score is to lead (default 1.0)
//     squared: 1: what is missed is squared (default 0.0)
//     divided: 1: the loss of a row is divided by the number of classes (default 0.0)
//     over_others: 1: it is divided by that number less 1 (default 0.0)
//
// Source
//     Crammer, Singer: On the algorithmic implementation of multiclass kernel-based vector
//     machines, JMLR 2 (2001); Weston, Watkins: Support vector machines for multi-class
//     pattern recognition, ESANN 1999; Rifkin, Klautau: In defense of one-vs-all
//     classification, JMLR 5 (2004).

KERNEL crammer_singer_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    const real parts = ((divided == real(0)) ? real(1) : real(C) - over_others);  // 1, K or K - 1
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            return;
        }
        const int target = target_in(b);
        const real own = logits_in(b, target);  // score of the target
        Largest top_fold;
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            top_fold.offer(lane, score);
        });
        const real top = top_fold.result();  // largest score
        const real ahead = top - own;  // of the target
        const real near = ahead + margin;
        const real slip = max_number_(two_diff_error(top, own) + two_sum_error(ahead, margin), -margin);  // rounding errors of both
        const real excess = near + slip;  // above 0: the margin is missed
        const real lack = above_(excess, real(0));  // 0 where the margin is kept
        const real fault = ((squared == real(0)) ? lack : lack*lack);
        const real loss = weighted_(class_weight_in(target), fault)/parts;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL crammer_singer_grad(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(logits_bar)
    logits_bar_out, CONSTANTS) {
    const real parts = ((divided == real(0)) ? real(1) : real(C) - over_others);  // 1, K or K - 1
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            over_classes(C, [&](int c, int lane) { logits_bar_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real own = logits_in(b, target);  // score of the target
        const real fault_bar = class_weight_in(target)*loss_bar/parts;
        Largest top_fold;
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            top_fold.offer(lane, score);
        });
        const real top = top_fold.result();  // largest score
        const real ahead = top - own;  // of the target
        const real near = ahead + margin;
        const real slip = max_number_(two_diff_error(top, own) + two_sum_error(ahead, margin), -margin);  // rounding errors of both
        const real excess = near + slip;  // above 0: the margin is missed
        const real lack = above_(excess, real(0));  // 0 where the margin is kept
        const real fault = ((squared == real(0)) ? lack : lack*lack);
        const real loss = weighted_(class_weight_in(target), fault)/parts;
        const real lack_bar = ((squared == real(0)) ? fault_bar : real(2)*fault_bar*lack);
        const real excess_bar = lack_bar*step_(excess, real(0));
        const real own_bar = -excess_bar;
        Sum chiefs_fold;
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            const real chief = ((top <= score) ? real(1) : real(0));  // 1: the largest
            chiefs_fold.add(lane, chief);
        });
        const real chiefs = chiefs_fold.result();  // how many are the largest
        const real portion = real(1)/chiefs;  // of each of them
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            const real chief = ((top <= score) ? real(1) : real(0));  // 1: the largest
            const real score_bar = excess_bar*portion*chief;
            const real logits_bar = ((c == target) ? real(0) : score_bar) + ((c == target) ? own_bar : real(0));
            logits_bar_out.store(b, c, logits_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL crammer_singer_hvp(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss_bar) loss_bar_in, ARRAY(logits_dot) logits_dot_in,
    ARRAY(logits_bar_dot) logits_bar_dot_out, CONSTANTS) {
    const real parts = ((divided == real(0)) ? real(1) : real(C) - over_others);  // 1, K or K - 1
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            over_classes(C, [&](int c, int lane) { logits_bar_dot_out.store(b, c, target_in.filler(b)); });
            return;
        }
        const int target = target_in(b);
        const real loss_bar = loss_bar_in(b);
        const real own = logits_in(b, target);  // score of the target
        const real fault_bar = class_weight_in(target)*loss_bar/parts;
        const real own_dot = logits_dot_in(b, target);
        Largest top_fold;
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            top_fold.offer(lane, score);
        });
        const real top = top_fold.result();  // largest score
        const real ahead = top - own;  // of the target
        const real near = ahead + margin;
        const real slip = max_number_(two_diff_error(top, own) + two_sum_error(ahead, margin), -margin);  // rounding errors of both
        const real excess = near + slip;  // above 0: the margin is missed
        Sum chiefs_fold;
        Sum top_dot_acc_fold;
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            const real chief = ((top <= score) ? real(1) : real(0));  // 1: the largest
            const real score_dot = logits_dot_in(b, c)*((c == target) ? real(0) : real(1));
            chiefs_fold.add(lane, chief);
            if (squared != real(0)) top_dot_acc_fold.add(lane, chief*score_dot);
        });
        const real chiefs = chiefs_fold.result();  // how many are the largest
        const real top_dot_acc = top_dot_acc_fold.result();
        const real portion = real(1)/chiefs;  // of each of them
        const real top_dot = portion*top_dot_acc;
        const real ahead_dot = top_dot - own_dot;
        const real lack_dot = ahead_dot*step_(excess, real(0));
        const real lack_bar_dot = lack_dot*((squared == real(0)) ? real(0) : real(2)*fault_bar);
        const real excess_bar_dot = lack_bar_dot*step_(excess, real(0));
        const real own_bar_dot = -excess_bar_dot;
        over_classes(C, [&](int c, int lane) {
            const real score = ((c == target) ? -INFINITE : logits_in(b, c));  // what the maximum is of
            const real chief = ((top <= score) ? real(1) : real(0));  // 1: the largest
            const real score_bar_dot = excess_bar_dot*portion*chief;
            const real logits_bar_dot = score_bar_dot*((c == target) ? real(0) : real(1)) + own_bar_dot*((c == target) ? real(1) : real(0));
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
