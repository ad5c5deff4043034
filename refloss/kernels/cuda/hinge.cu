// Hinge: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight max(0, margin - side scores);  side = target, or 2 target - 1
//
// Subgradients
//     0 where the margin is just reached, the least of the slopes from -side to 0.
//
// Constants
//     doubled: 1: targets are 0 or 1 (default 0.0)
//     margin: what the score on its side must reach (default 1.0)
//
// Source
//     Cortes and Vapnik, Support-vector networks, Machine Learning 20 (1995).

KERNEL hinge_value(
    size items, ARRAY(scores) scores_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real scores;
        scores_in.load(i, scores);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real side = ((doubled == real(0)) ? target : real(2)*target - real(1));  // -1 or 1
        const real lacked = above_(-scores*side + margin, real(0));  // 0 where the margin is reached
        const real loss = weighted_(weight, lacked);
        loss_out.store(i, loss);
    });
}

KERNEL hinge_grad(
    size items, ARRAY(scores) scores_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out, ARRAY(scores_bar) scores_bar_out,
    ARRAY(target_bar) target_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real scores;
        scores_in.load(i, scores);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real side = ((doubled == real(0)) ? target : real(2)*target - real(1));  // -1 or 1
        const real lacked = above_(-scores*side + margin, real(0));  // 0 where the margin is reached
        const real loss = weighted_(weight, lacked);
        const real lacked_bar = loss_bar*weight;
        const real side_bar = -(lacked_bar*scores*step_(-scores*side + margin, real(0)));
        const real scores_bar_unmasked = -(lacked_bar*side*step_(-scores*side + margin, real(0)));
        const real scores_bar = ((weight == real(0)) ? real(0) : scores_bar_unmasked);
        const real target_bar_unmasked = ((doubled == real(0)) ? side_bar : real(2)*side_bar);
        const real target_bar = ((weight == real(0)) ? real(0) : target_bar_unmasked);
        loss_out.store(i, loss);
        scores_bar_out.store(i, scores_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL hinge_hvp(
    size items, ARRAY(scores) scores_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss_bar) loss_bar_in, ARRAY(scores_dot) scores_dot_in, ARRAY(target_dot)
    target_dot_in, ARRAY(scores_bar_dot) scores_bar_dot_out, ARRAY(target_bar_dot)
    target_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real scores;
        scores_in.load(i, scores);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real scores_dot;
        scores_dot_in.load(i, scores_dot);
        real target_dot;
        target_dot_in.load(i, target_dot);
        const real side = ((doubled == real(0)) ? target : real(2)*target - real(1));  // -1 or 1
        const real lacked_bar = loss_bar*weight;
        const real side_dot = target_dot*((doubled == real(0)) ? real(1) : real(2));
        const real side_bar_dot = -(lacked_bar*scores_dot*step_(-scores*side + margin, real(0)));
        const real scores_bar_unmasked_dot = -(lacked_bar*side_dot*step_(-scores*side + margin, real(0)));
        const real scores_bar_dot = ((weight == real(0)) ? real(0) : scores_bar_unmasked_dot);
        const real target_bar_unmasked_dot = side_bar_dot*((doubled == real(0)) ? real(1) : real(2));
        const real target_bar_dot = ((weight == real(0)) ? real(0) : target_bar_unmasked_dot);
        scores_bar_dot_out.store(i, scores_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
