// Hinge embedding: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = weight (x, or max(0, margin - x), or both);  for target 1, -1 and 0;  x = scores
//
// Subgradients
//     0 by the hinge where a distance is the margin, and so 1 where both terms count.
//
// Constants
//     margin: distance from which a pair of two kinds costs nothing (default 1.0)
//
// Source
//     torch.nn.HingeEmbeddingLoss, after Chopra, Hadsell, LeCun: Learning a similarity metric
//     discriminatively, CVPR 2005.

KERNEL hinge_embedding_value(
    size items, ARRAY(scores) scores_in, ARRAY(target) target_in, ARRAY(weight) weight_in,
    ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real scores;
        scores_in.load(i, scores);
        real target;
        target_in.load(i, target);
        real weight;
        weight_in.load(i, weight);
        const real alike = ((target == real(-1)) ? real(0) : real(1));  // 0 for label -1
        const real unlike = ((target == real(1)) ? real(0) : real(1));  // 0 for label 1
        const real lacked = above_(-scores + margin, real(0));  // 0 from the margin on
        const real loss = weighted_(weight, weighted_(alike, scores) + weighted_(unlike, lacked));
        loss_out.store(i, loss);
    });
}

KERNEL hinge_embedding_grad(
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
        const real alike = ((target == real(-1)) ? real(0) : real(1));  // 0 for label -1
        const real unlike = ((target == real(1)) ? real(0) : real(1));  // 0 for label 1
        const real lacked = above_(-scores + margin, real(0));  // 0 from the margin on
        const real loss = weighted_(weight, weighted_(alike, scores) + weighted_(unlike, lacked));
        const real lacked_bar = loss_bar*unlike*weight;
        const real target_bar = real(0);
        const real scores_bar_unmasked = alike*loss_bar*weight - lacked_bar*step_(-scores + margin, real(0));
        const real scores_bar = ((weight == real(0)) ? real(0) : scores_bar_unmasked);
        loss_out.store(i, loss);
        scores_bar_out.store(i, scores_bar);
        target_bar_out.store(i, target_bar);
    });
}

KERNEL hinge_embedding_hvp(
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
        const real scores_bar_dot = real(0);
        const real target_bar_dot = real(0);
        scores_bar_dot_out.store(i, scores_bar_dot);
        target_bar_dot_out.store(i, target_bar_dot);
    });
}
