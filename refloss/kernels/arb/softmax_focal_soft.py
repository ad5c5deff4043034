"""Softmax focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = sum_k q_k w_k (-alpha_k (1 - p_k)^gamma log p_k + poly_k),  p = softmax(z);
    poly_k = epsilon (alpha_k or 1) (1 - p_k)^(gamma + 1); alpha_k: alpha, or 1 - alpha, by the class;
    with weighting inside, p_k^w_k in the place of p_k, and no other w_k;
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    gamma: power of 1 - p (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)
    alpha: factor of the classes that alpha_side names (default 1.0)
    alpha_on_first: 1: alpha multiplies rows of class 0; 0: 1 - alpha does (default 1.0)
    alpha_on_others: 1: alpha multiplies rows of every class but 0; 0: 1 - alpha does
        (default 1.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    weight_inside: 1: class_weight multiplies -log p; 0: it multiplies the loss (default
        0.0)
    epsilon: factor of (1 - p)^(gamma + 1), which is added (default 0.0)
    poly_balanced: 1: alpha multiplies that term too; 0: it does not (default 1.0)
    label_smoothing: eps of label smoothing, spread over all classes (default 0.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""


def value(F, logits, target, class_weight, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return the loss of the plain program."""
    C = len(logits)
    amount = label_smoothing
    reach = 1
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = [(first_factor if c == 0 else other_factor) for c in range(C)]
    score = [lse - logits[c] for c in range(C)]
    first = F.first_largest([logits[c] for c in range(C)])
    rest = F.sum([(0 if c == first else mass[c]) for c in range(C)])
    others = [(rest if c == first else total - mass[c]) for c in range(C)]
    paid = [F.select(F.eq(weight_inside, 0), score[c], F.weighted(class_weight[c], F.log1p(others[c]/mass[c]))) for c in range(C)]
    scale = [balance[c]*F.select(F.eq(weight_inside, 0), class_weight[c], 1) for c in range(C)]
    side = [F.select(F.eq(poly_balanced, 0), 1, balance[c])*F.select(F.eq(weight_inside, 0), class_weight[c], 1) for c in range(C)]
    gone = [F.select(F.eq(weight_inside, 0), others[c]/total, -F.expm1(-paid[c])) for c in range(C)]
    factor = [F.raised(gone[c], gamma) for c in range(C)]
    rate = [F.gate(factor[c], attached)*paid[c] for c in range(C)]
    poly = [F.gate(factor[c], attached)*gone[c] for c in range(C)]
    cost = [F.select(F.eq(epsilon, 0), 0, epsilon*F.weighted(side[c], poly[c])) + F.weighted(scale[c], rate[c]) for c in range(C)]
    focal = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    loss = focal
    return loss


def grad(F, logits, target, class_weight, loss_bar, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return the loss and the derived gradient."""
    C = len(logits)
    amount = label_smoothing
    reach = 1
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = [(first_factor if c == 0 else other_factor) for c in range(C)]
    score = [lse - logits[c] for c in range(C)]
    first = F.first_largest([logits[c] for c in range(C)])
    rest = F.sum([(0 if c == first else mass[c]) for c in range(C)])
    others = [(rest if c == first else total - mass[c]) for c in range(C)]
    paid = [F.select(F.eq(weight_inside, 0), score[c], F.weighted(class_weight[c], F.log1p(others[c]/mass[c]))) for c in range(C)]
    scale = [balance[c]*F.select(F.eq(weight_inside, 0), class_weight[c], 1) for c in range(C)]
    side = [F.select(F.eq(poly_balanced, 0), 1, balance[c])*F.select(F.eq(weight_inside, 0), class_weight[c], 1) for c in range(C)]
    gone = [F.select(F.eq(weight_inside, 0), others[c]/total, -F.expm1(-paid[c])) for c in range(C)]
    factor = [F.raised(gone[c], gamma) for c in range(C)]
    rate = [F.gate(factor[c], attached)*paid[c] for c in range(C)]
    poly = [F.gate(factor[c], attached)*gone[c] for c in range(C)]
    cost = [F.select(F.eq(epsilon, 0), 0, epsilon*F.weighted(side[c], poly[c])) + F.weighted(scale[c], rate[c]) for c in range(C)]
    focal = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    loss = focal
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    poly_bar = [F.select(F.eq(epsilon, 0), 0, epsilon*side[c]*cost_bar[c]) for c in range(C)]
    rate_bar = [scale[c]*cost_bar[c] for c in range(C)]
    factor_bar = [attached*(gone[c]*poly_bar[c]) + attached*(paid[c]*rate_bar[c]) for c in range(C)]
    gone_bar = [F.gate(factor[c], attached)*poly_bar[c] + factor_bar[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) for c in range(C)]
    paid_bar0 = [F.gate(factor[c], attached)*rate_bar[c] for c in range(C)]
    paid_bar = [F.select(F.eq(weight_inside, 0), paid_bar0[c], gone_bar[c]*F.exp(-paid[c]) + paid_bar0[c]) for c in range(C)]
    others_bar0 = [F.select(F.eq(weight_inside, 0), gone_bar[c]/total, 0) for c in range(C)]
    others_bar = [F.select(F.eq(weight_inside, 0), others_bar0[c], class_weight[c]*paid_bar[c]/(1 + others[c]/mass[c])/mass[c] + others_bar0[c]) for c in range(C)]
    rest_bar = others_bar[first]
    score_bar = [F.select(F.eq(weight_inside, 0), paid_bar[c], 0) for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar0 = F.sum([F.select(F.eq(weight_inside, 0), -(gone_bar[c]*others[c]/(total*total)), 0) for c in range(C)])
    total_bar1 = F.sum([(0 if c == first else others_bar[c]) for c in range(C)])
    total_bar = lse_bar/total + total_bar0 + total_bar1
    mass_bar0 = [(0 if c == first else -others_bar[c]) + (0 if c == first else rest_bar) + total_bar for c in range(C)]
    mass_bar = [F.select(F.eq(weight_inside, 0), mass_bar0[c], mass_bar0[c] - class_weight[c]*others[c]*paid_bar[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c])) for c in range(C)]
    wish_bar = [loss_bar*cost[c] for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] - score_bar[c] for c in range(C)]
    target_bar = [hit*wish_bar[c] for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    amount = label_smoothing
    reach = 1
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = [(first_factor if c == 0 else other_factor) for c in range(C)]
    score = [lse - logits[c] for c in range(C)]
    first = F.first_largest([logits[c] for c in range(C)])
    rest = F.sum([(0 if c == first else mass[c]) for c in range(C)])
    others = [(rest if c == first else total - mass[c]) for c in range(C)]
    paid = [F.select(F.eq(weight_inside, 0), score[c], F.weighted(class_weight[c], F.log1p(others[c]/mass[c]))) for c in range(C)]
    scale = [balance[c]*F.select(F.eq(weight_inside, 0), class_weight[c], 1) for c in range(C)]
    side = [F.select(F.eq(poly_balanced, 0), 1, balance[c])*F.select(F.eq(weight_inside, 0), class_weight[c], 1) for c in range(C)]
    gone = [F.select(F.eq(weight_inside, 0), others[c]/total, -F.expm1(-paid[c])) for c in range(C)]
    factor = [F.raised(gone[c], gamma) for c in range(C)]
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    poly_bar = [F.select(F.eq(epsilon, 0), 0, epsilon*side[c]*cost_bar[c]) for c in range(C)]
    rate_bar = [scale[c]*cost_bar[c] for c in range(C)]
    factor_bar = [attached*(gone[c]*poly_bar[c]) + attached*(paid[c]*rate_bar[c]) for c in range(C)]
    gone_bar = [F.gate(factor[c], attached)*poly_bar[c] + factor_bar[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) for c in range(C)]
    paid_bar0 = [F.gate(factor[c], attached)*rate_bar[c] for c in range(C)]
    paid_bar = [F.select(F.eq(weight_inside, 0), paid_bar0[c], gone_bar[c]*F.exp(-paid[c]) + paid_bar0[c]) for c in range(C)]
    others_bar0 = [F.select(F.eq(weight_inside, 0), gone_bar[c]/total, 0) for c in range(C)]
    others_bar = [F.select(F.eq(weight_inside, 0), others_bar0[c], class_weight[c]*paid_bar[c]/(1 + others[c]/mass[c])/mass[c] + others_bar0[c]) for c in range(C)]
    rest_bar = others_bar[first]
    score_bar = [F.select(F.eq(weight_inside, 0), paid_bar[c], 0) for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar0 = F.sum([F.select(F.eq(weight_inside, 0), -(gone_bar[c]*others[c]/(total*total)), 0) for c in range(C)])
    total_bar1 = F.sum([(0 if c == first else others_bar[c]) for c in range(C)])
    total_bar = lse_bar/total + total_bar0 + total_bar1
    mass_bar0 = [(0 if c == first else -others_bar[c]) + (0 if c == first else rest_bar) + total_bar for c in range(C)]
    mass_bar = [F.select(F.eq(weight_inside, 0), mass_bar0[c], mass_bar0[c] - class_weight[c]*others[c]*paid_bar[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c])) for c in range(C)]
    wish_dot = [hit*target_dot[c] for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - logits_dot[c] for c in range(C)]
    rest_dot = F.sum([mass_dot[c]*(0 if c == first else 1) for c in range(C)])
    others_dot = [mass_dot[c]*(0 if c == first else -1) + total_dot*(0 if c == first else 1) + rest_dot*(1 if c == first else 0) for c in range(C)]
    paid_dot = [others_dot[c]*F.select(F.eq(weight_inside, 0), 0, class_weight[c]/(1 + others[c]/mass[c])/mass[c]) + mass_dot[c]*F.select(F.eq(weight_inside, 0), 0, -(class_weight[c]*others[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c]))) + score_dot[c]*F.select(F.eq(weight_inside, 0), 1, 0) for c in range(C)]
    gone_dot = [paid_dot[c]*F.select(F.eq(weight_inside, 0), 0, F.exp(-paid[c])) + total_dot*F.select(F.eq(weight_inside, 0), -(others[c]/(total*total)), 0) + others_dot[c]*F.select(F.eq(weight_inside, 0), 1/total, 0) for c in range(C)]
    factor_dot = [gone_dot[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) for c in range(C)]
    rate_dot = [F.gate(factor[c], attached)*paid_dot[c] + attached*(factor_dot[c]*paid[c]) for c in range(C)]
    poly_dot = [F.gate(factor[c], attached)*gone_dot[c] + attached*(factor_dot[c]*gone[c]) for c in range(C)]
    cost_dot = [poly_dot[c]*F.select(F.eq(epsilon, 0), 0, epsilon*side[c]) + scale[c]*rate_dot[c] for c in range(C)]
    cost_bar_dot = [loss_bar*wish_dot[c] for c in range(C)]
    poly_bar_dot = [cost_bar_dot[c]*F.select(F.eq(epsilon, 0), 0, epsilon*side[c]) for c in range(C)]
    rate_bar_dot = [scale[c]*cost_bar_dot[c] for c in range(C)]
    factor_bar_dot = [attached*(gone[c]*poly_bar_dot[c]) + attached*(gone_dot[c]*poly_bar[c]) + attached*(paid[c]*rate_bar_dot[c]) + attached*(paid_dot[c]*rate_bar[c]) for c in range(C)]
    gone_bar_dot = [F.gate(factor[c], attached)*poly_bar_dot[c] + factor_bar_dot[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) + attached*(factor_dot[c]*poly_bar[c]) + gamma*factor_bar[c]*gone_dot[c]*F.weighted(-1 + gamma, F.raised(gone[c], -2 + gamma)) for c in range(C)]
    paid_bar0_dot = [F.gate(factor[c], attached)*rate_bar_dot[c] + attached*(factor_dot[c]*rate_bar[c]) for c in range(C)]
    paid_bar_dot = [paid_dot[c]*F.select(F.eq(weight_inside, 0), 0, -(gone_bar[c]*F.exp(-paid[c]))) + gone_bar_dot[c]*F.select(F.eq(weight_inside, 0), 0, F.exp(-paid[c])) + paid_bar0_dot[c] for c in range(C)]
    others_bar0_dot = [total_dot*F.select(F.eq(weight_inside, 0), -(gone_bar[c]/(total*total)), 0) + gone_bar_dot[c]*F.select(F.eq(weight_inside, 0), 1/total, 0) for c in range(C)]
    others_bar_dot = [paid_bar_dot[c]*F.select(F.eq(weight_inside, 0), 0, class_weight[c]/(1 + others[c]/mass[c])/mass[c]) + others_dot[c]*F.select(F.eq(weight_inside, 0), 0, -(class_weight[c]*paid_bar[c]/((1 + others[c]/mass[c])*(1 + others[c]/mass[c]))/(mass[c]*mass[c]))) + mass_dot[c]*F.select(F.eq(weight_inside, 0), 0, class_weight[c]*others[c]*paid_bar[c]/((1 + others[c]/mass[c])*(1 + others[c]/mass[c]))/(mass[c]*mass[c]*mass[c]) - class_weight[c]*paid_bar[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c])) + others_bar0_dot[c] for c in range(C)]
    rest_bar_dot = others_bar_dot[first]
    score_bar_dot = [paid_bar_dot[c]*F.select(F.eq(weight_inside, 0), 1, 0) for c in range(C)]
    lse_bar_dot = F.sum([score_bar_dot[c] for c in range(C)])
    total_bar0_dot = F.sum([others_dot[c]*F.select(F.eq(weight_inside, 0), -(gone_bar[c]/(total*total)), 0) + gone_bar_dot[c]*F.select(F.eq(weight_inside, 0), -(others[c]/(total*total)), 0) + total_dot*F.select(F.eq(weight_inside, 0), 2*gone_bar[c]*others[c]/(total*total*total), 0) for c in range(C)])
    total_bar1_dot = F.sum([others_bar_dot[c]*(0 if c == first else 1) for c in range(C)])
    total_bar_dot = lse_bar_dot/total + total_bar0_dot + total_bar1_dot - lse_bar*total_dot/(total*total)
    mass_bar0_dot = [others_bar_dot[c]*(0 if c == first else -1) + rest_bar_dot*(0 if c == first else 1) + total_bar_dot for c in range(C)]
    mass_bar_dot = [paid_bar_dot[c]*F.select(F.eq(weight_inside, 0), 0, -(class_weight[c]*others[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c]))) + others_dot[c]*F.select(F.eq(weight_inside, 0), 0, class_weight[c]*others[c]*paid_bar[c]/((1 + others[c]/mass[c])*(1 + others[c]/mass[c]))/(mass[c]*mass[c]*mass[c]) - class_weight[c]*paid_bar[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c])) + mass_dot[c]*F.select(F.eq(weight_inside, 0), 0, 2*class_weight[c]*others[c]*paid_bar[c]/(1 + others[c]/mass[c])/(mass[c]*mass[c]*mass[c]) - (others[c]*others[c])*class_weight[c]*paid_bar[c]/((1 + others[c]/mass[c])*(1 + others[c]/mass[c]))/(mass[c]*mass[c]*mass[c]*mass[c])) + mass_bar0_dot[c] for c in range(C)]
    wish_bar_dot = [loss_bar*cost_dot[c] for c in range(C)]
    logits_bar_dot = [mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] - score_bar_dot[c] for c in range(C)]
    target_bar_dot = [hit*wish_bar_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
