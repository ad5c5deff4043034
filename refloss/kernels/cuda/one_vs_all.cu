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

KERNEL one_vs_all_value(
    size B, size C, ARRAY(logits) logits_in, ARRAY(target) target_in, ARRAY(class_weight)
    class_weight_in, ARRAY(loss) loss_out, CONSTANTS) {
    const real parts = ((divided == real(0)) ? real(1) : real(C) - over_others);  // 1, K or K - 1
    over_rows(B, [&](size b) {
        if (target_in.missing(b, C)) {
            if (leads()) loss_out.store(b, target_in.filler(b));
            return;
        }
        const int target = target_in(b);
        Sum fault_fold;
        over_classes(C, [&](int c, int lane) {
            const real excess = ((c == target) ? -logits_in(b, c) + margin : logits_in(b, c) + margin);  // above 0: the margin is missed
            const real lack = above_(excess, real(0));  // 0 where the margin is kept
            const real each = ((squared == real(0)) ? lack : lack*lack);  // of one class
            fault_fold.add(lane, each);
        });
        const real fault = fault_fold.result();  // sum over the classes
        const real loss = weighted_(class_weight_in(target), fault)/parts;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL one_vs_all_grad(
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
        const real fault_bar = class_weight_in(target)*loss_bar/parts;
        Sum fault_fold;
        over_classes(C, [&](int c, int lane) {
            const real excess = ((c == target) ? -logits_in(b, c) + margin : logits_in(b, c) + margin);  // above 0: the margin is missed
            const real lack = above_(excess, real(0));  // 0 where the margin is kept
            const real each = ((squared == real(0)) ? lack : lack*lack);  // of one class
            const real each_bar = fault_bar;
            const real lack_bar = ((squared == real(0)) ? each_bar : real(2)*each_bar*lack);
            const real excess_bar = lack_bar*step_(excess, real(0));
            const real logits_bar = ((c == target) ? -excess_bar : excess_bar);
            fault_fold.add(lane, each);
            logits_bar_out.store(b, c, logits_bar);
        });
        const real fault = fault_fold.result();  // sum over the classes
        const real loss = weighted_(class_weight_in(target), fault)/parts;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL one_vs_all_hvp(
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
        const real fault_bar = class_weight_in(target)*loss_bar/parts;
        over_classes(C, [&](int c, int lane) {
            const real excess = ((c == target) ? -logits_in(b, c) + margin : logits_in(b, c) + margin);  // above 0: the margin is missed
            const real each_bar = fault_bar;
            const real excess_dot = logits_dot_in(b, c)*((c == target) ? real(-1) : real(1));
            const real lack_dot = excess_dot*step_(excess, real(0));
            const real lack_bar_dot = lack_dot*((squared == real(0)) ? real(0) : real(2)*each_bar);
            const real excess_bar_dot = lack_bar_dot*step_(excess, real(0));
            const real logits_bar_dot = excess_bar_dot*((c == target) ? real(-1) : real(1));
            logits_bar_dot_out.store(b, c, logits_bar_dot);
        });
    });
}
