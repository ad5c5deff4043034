// Contrastive loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
//     euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
//     normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
//     hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
//     linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)
//
// Subgradients
//     0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink;
//     0 where the distance is the margin.
//
// Constants
//
// Source
//     Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR
//     2006; Chopra, Hadsell, LeCun, CVPR 2005.

KERNEL mean_of_nonzero_value(
    size items, ARRAY(total) total_in, ARRAY(active) active_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real active;
        active_in.load(i, active);
        const real loss = ratio_(total, active, real(0));
        loss_out.store(i, loss);
    });
}

KERNEL mean_of_nonzero_grad(
    size items, ARRAY(total) total_in, ARRAY(active) active_in, ARRAY(loss_bar) loss_bar_in,
    ARRAY(loss) loss_out, ARRAY(total_bar) total_bar_out, ARRAY(active_bar) active_bar_out,
    CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real active;
        active_in.load(i, active);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real loss = ratio_(total, active, real(0));
        const real total_bar = ratio_(loss_bar, active, real(0));
        const real active_bar = real(0);
        loss_out.store(i, loss);
        total_bar_out.store(i, total_bar);
        active_bar_out.store(i, active_bar);
    });
}

KERNEL mean_of_nonzero_hvp(
    size items, ARRAY(total) total_in, ARRAY(active) active_in, ARRAY(loss_bar) loss_bar_in,
    ARRAY(total_dot) total_dot_in, ARRAY(active_dot) active_dot_in, ARRAY(total_bar_dot)
    total_bar_dot_out, ARRAY(active_bar_dot) active_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real active;
        active_in.load(i, active);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real total_dot;
        total_dot_in.load(i, total_dot);
        real active_dot;
        active_dot_in.load(i, active_dot);
        const real total_bar_dot = real(0);
        const real active_bar_dot = real(0);
        total_bar_dot_out.store(i, total_bar_dot);
        active_bar_dot_out.store(i, active_bar_dot);
    });
}
