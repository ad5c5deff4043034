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

KERNEL means_of_nonzero_value(
    size items, ARRAY(total) total_in, ARRAY(active) active_in, ARRAY(other_total)
    other_total_in, ARRAY(other_active) other_active_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real active;
        active_in.load(i, active);
        real other_total;
        other_total_in.load(i, other_total);
        real other_active;
        other_active_in.load(i, other_active);
        const real mean = ratio_(total, active, real(0));
        const real other_mean = ratio_(other_total, other_active, real(0));
        const real loss = mean + other_mean;
        loss_out.store(i, loss);
    });
}

KERNEL means_of_nonzero_grad(
    size items, ARRAY(total) total_in, ARRAY(active) active_in, ARRAY(other_total)
    other_total_in, ARRAY(other_active) other_active_in, ARRAY(loss_bar) loss_bar_in,
    ARRAY(loss) loss_out, ARRAY(total_bar) total_bar_out, ARRAY(active_bar) active_bar_out,
    ARRAY(other_total_bar) other_total_bar_out, ARRAY(other_active_bar) other_active_bar_out,
    CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real active;
        active_in.load(i, active);
        real other_total;
        other_total_in.load(i, other_total);
        real other_active;
        other_active_in.load(i, other_active);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real mean = ratio_(total, active, real(0));
        const real other_mean = ratio_(other_total, other_active, real(0));
        const real loss = mean + other_mean;
        const real total_bar = ratio_(loss_bar, active, real(0));
        const real active_bar = real(0);
        const real other_total_bar = ratio_(loss_bar, other_active, real(0));
        const real other_active_bar = real(0);
        loss_out.store(i, loss);
        total_bar_out.store(i, total_bar);
        active_bar_out.store(i, active_bar);
        other_total_bar_out.store(i, other_total_bar);
        other_active_bar_out.store(i, other_active_bar);
    });
}

KERNEL means_of_nonzero_hvp(
    size items, ARRAY(total) total_in, ARRAY(active) active_in, ARRAY(other_total)
    other_total_in, ARRAY(other_active) other_active_in, ARRAY(loss_bar) loss_bar_in,
    ARRAY(total_dot) total_dot_in, ARRAY(active_dot) active_dot_in, ARRAY(other_total_dot)
    other_total_dot_in, ARRAY(other_active_dot) other_active_dot_in, ARRAY(total_bar_dot)
    total_bar_dot_out, ARRAY(active_bar_dot) active_bar_dot_out, ARRAY(other_total_bar_dot)
    other_total_bar_dot_out, ARRAY(other_active_bar_dot) other_active_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real total;
        total_in.load(i, total);
        real active;
        active_in.load(i, active);
        real other_total;
        other_total_in.load(i, other_total);
        real other_active;
        other_active_in.load(i, other_active);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real total_dot;
        total_dot_in.load(i, total_dot);
        real active_dot;
        active_dot_in.load(i, active_dot);
        real other_total_dot;
        other_total_dot_in.load(i, other_total_dot);
        real other_active_dot;
        other_active_dot_in.load(i, other_active_dot);
        const real total_bar_dot = real(0);
        const real active_bar_dot = real(0);
        const real other_total_bar_dot = real(0);
        const real other_active_bar_dot = real(0);
        total_bar_dot_out.store(i, total_bar_dot);
        active_bar_dot_out.store(i, active_bar_dot);
        other_total_bar_dot_out.store(i, other_total_bar_dot);
        other_active_bar_dot_out.store(i, other_active_bar_dot);
    });
}
