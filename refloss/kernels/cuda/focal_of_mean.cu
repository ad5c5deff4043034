// Softmax focal loss: value, gradient and Hessian-vector product in CUDA C++.
//
// Generated from the definition by `refloss derive`; do not edit.
//
// Definition
//     loss = sum_k q_k w_k (-alpha_k (1 - p_k)^gamma log p_k + poly_k),  p = softmax(z);
//     poly_k = epsilon (alpha_k or 1) (1 - p_k)^(gamma + 1); alpha_k: alpha, or 1 - alpha, by the class;
//     with weighting inside, p_k^w_k in the place of p_k, and no other w_k;
//     q: the target's class, or the target itself, smoothed to hit q + off
//
// Subgradients
//     none: the loss is smooth. The largest logit, and the first among equals, is a reference
//     point that cancels from value and derivatives.
//
// Constants
//     gamma: power of 1 - p (default 2.0)
//     gamma_lo: what gamma lacks (default 0.0)
//     attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
//
// Source
//     Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
//     arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.

KERNEL focal_of_mean_value(
    size items, ARRAY(mean) mean_in, ARRAY(loss) loss_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real mean;
        mean_in.load(i, mean);
        const real bce = mean;  // cross-entropy
        const real miss = -expm1_(-bce);  // 1 - p_t
        const real factor = ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss)));  // modulator
        const real focal = bce*factor;
        const real loss = focal;
        loss_out.store(i, loss);
    });
}

KERNEL focal_of_mean_grad(
    size items, ARRAY(mean) mean_in, ARRAY(loss_bar) loss_bar_in, ARRAY(loss) loss_out,
    ARRAY(mean_bar) mean_bar_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real mean;
        mean_in.load(i, mean);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        const real chance = exp_(-mean);  // p_t of a hard target
        const real miss = -expm1_(-mean);  // 1 - p_t
        const real factor = ((gamma_lo == real(0)) ? power_(miss, gamma) : weighted_(power_(miss, gamma), real(1) + gamma_lo*log_(miss)));  // modulator
        const real focal = factor*mean;
        const real steep = ratio_(mean, miss, real(1));  // at least 1
        const real felt = weighted_(chance, steep);  // at most 1
        const real pull = (real(1) + (attached == real(0) ? real(0) : gamma*felt))*factor;  // derivative by the cross-entropy
        const real loss = focal;
        const real bce_bar = loss_bar*pull;
        const real mean_bar = bce_bar;
        loss_out.store(i, loss);
        mean_bar_out.store(i, mean_bar);
    });
}

KERNEL focal_of_mean_hvp(
    size items, ARRAY(mean) mean_in, ARRAY(loss_bar) loss_bar_in, ARRAY(mean_dot) mean_dot_in,
    ARRAY(mean_bar_dot) mean_bar_dot_out, CONSTANTS) {
    over_items(items, [&](size i) {
        real mean;
        mean_in.load(i, mean);
        real loss_bar;
        loss_bar_in.load(i, loss_bar);
        real mean_dot;
        mean_dot_in.load(i, mean_dot);
        const real chance = exp_(-mean);  // p_t of a hard target
        const real miss = -expm1_(-mean);  // 1 - p_t
        const real steep = ratio_(mean, miss, real(1));  // at least 1
        const real felt = weighted_(chance, steep);  // at most 1
        const real sharp = power_(miss, -real(1) + gamma);  // the power less 1
        const real pull_dot = (attached == real(0) ? real(0) : gamma*mean_dot*sharp*weighted_(chance, real(2) + (-real(1) + gamma)*felt - mean));
        const real bce_bar_dot = loss_bar*pull_dot;
        const real mean_bar_dot = bce_bar_dot;
        mean_bar_dot_out.store(i, mean_bar_dot);
    });
}
