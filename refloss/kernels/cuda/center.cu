// Center loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = factor |x - c|^2,  c the centre of the vector's class: centers[target]
//     clip own: factor min(max(|x - c|^2, 1e-12), 1e12);  masked: and (C - 1) factor 1e-12 more
//
// Subgradients
//     None without a clip: x = c has loss 0 and gradient 0. Half of the slope at the ends of a
//     clip, and 0 beyond them.
//
// Constants
//     factor: factor of the squared distance (default 0.5)
//     clip: 1: squared distances are clipped (default 0.0)
//     least: least squared distance, if clipped (default 1e-12)
//     most: largest squared distance, if clipped (default 1000000000000.0)
//     masked: 1: distances to other classes, which are 0, are clipped too (default 0.0)
//     others: how many other classes there are; a call knows it (default 0.0)
//
// Source
//     Wen, Zhang, Li, Qiao: A discriminative feature learning approach for deep face
//     recognition, ECCV 2016.

KERNEL center_value(
    size B, size D, ARRAY(x) x_in, ARRAY(own) own_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        Sum cost_fold;
        over_classes(D, [&](int d, int lane) {
            const real delta = x_in(b, d) - own_in(b, d);  // differences
            const real part = factor*delta;
            cost_fold.add(lane, delta*part);
        });
        const real cost = cost_fold.result();  // squared distance
        const real held = ((clip == real(0)) ? cost : min_(factor*most, max_(factor*least, cost)));  // clipped where that is the convention
        const real loss = held + factor*least*masked*others;
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL center_grad(
    size B, size D, ARRAY(x) x_in, ARRAY(own) own_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss)
    loss_out, ARRAY(x_bar) x_bar_out, ARRAY(own_bar) own_bar_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum cost_fold;
        over_classes(D, [&](int d, int lane) {
            const real delta = x_in(b, d) - own_in(b, d);  // differences
            const real part = factor*delta;
            cost_fold.add(lane, delta*part);
        });
        const real cost = cost_fold.result();  // squared distance
        const real held = ((clip == real(0)) ? cost : min_(factor*most, max_(factor*least, cost)));  // clipped where that is the convention
        const real loss = held + factor*least*masked*others;
        const real cost_bar = ((clip == real(0)) ? loss_bar : loss_bar*step_(-max_(factor*least, cost) + factor*most, real(0.5))*step_(cost - factor*least, real(0.5)));
        over_classes(D, [&](int d, int lane) {
            const real delta = x_in(b, d) - own_in(b, d);  // differences
            const real part = factor*delta;
            const real delta_bar = real(2)*cost_bar*part;
            const real x_bar = delta_bar;
            const real own_bar = -delta_bar;
            x_bar_out.store(b, d, x_bar);
            own_bar_out.store(b, d, own_bar);
        });
        if (leads()) loss_out.store(b, loss);
    });
}

KERNEL center_hvp(
    size B, size D, ARRAY(x) x_in, ARRAY(own) own_in, ARRAY(loss_bar) loss_bar_in, ARRAY(x_dot)
    x_dot_in, ARRAY(own_dot) own_dot_in, ARRAY(x_bar_dot) x_bar_dot_out, ARRAY(own_bar_dot)
    own_bar_dot_out, CONSTANTS) {
    over_rows(B, [&](size b) {
        const real loss_bar = loss_bar_in(b);
        Sum cost_fold;
        over_classes(D, [&](int d, int lane) {
            const real delta = x_in(b, d) - own_in(b, d);  // differences
            const real part = factor*delta;
            if (clip != real(0)) cost_fold.add(lane, delta*part);
        });
        const real cost = cost_fold.result();  // squared distance
        const real cost_bar = ((clip == real(0)) ? loss_bar : loss_bar*step_(-max_(factor*least, cost) + factor*most, real(0.5))*step_(cost - factor*least, real(0.5)));
        over_classes(D, [&](int d, int lane) {
            const real delta_dot = x_dot_in(b, d) - own_dot_in(b, d);
            const real part_dot = factor*delta_dot;
            const real delta_bar_dot = real(2)*cost_bar*part_dot;
            const real x_bar_dot = delta_bar_dot;
            const real own_bar_dot = -delta_bar_dot;
            x_bar_dot_out.store(b, d, x_bar_dot);
            own_bar_dot_out.store(b, d, own_bar_dot);
        });
    });
}
