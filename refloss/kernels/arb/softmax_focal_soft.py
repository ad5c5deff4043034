"""Softmax focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -sum_k q_k w_k alpha_k (1 - p_k)^gamma log p_k,  p = softmax(z);
    alpha_k: alpha, or 1 - alpha, by the class;
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    gamma: power of 1 - p (default 2.0)
    alpha: factor of the classes that alpha_side names (default 1.0)
    alpha_on_first: 1: alpha multiplies rows of class 0; 0: 1 - alpha does (default 1.0)
    alpha_on_others: 1: alpha multiplies rows of every class but 0; 0: 1 - alpha does
        (default 1.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    label_smoothing: eps of label smoothing, spread over all classes (default 0.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""


def value(F, logits, target, class_weight, gamma, alpha, alpha_on_first, alpha_on_others, attached, label_smoothing):
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
    scale = [class_weight[c]*(first_factor if c == 0 else other_factor) for c in range(C)]
    score = [lse - logits[c] for c in range(C)]
    first = F.first_largest([logits[c] for c in range(C)])
    rest = F.sum([(0 if c == first else mass[c]) for c in range(C)])
    others = [(rest if c == first else total - mass[c]) for c in range(C)]
    gone = [others[c]/total for c in range(C)]
    factor = [F.raised(gone[c], gamma) for c in range(C)]
    rate = [F.gate(factor[c], attached)*score[c] for c in range(C)]
    cost = [F.weighted(scale[c], rate[c]) for c in range(C)]
    focal = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    loss = focal
    return loss


def grad(F, logits, target, class_weight, loss_bar, gamma, alpha, alpha_on_first, alpha_on_others, attached, label_smoothing):
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
    scale = [class_weight[c]*(first_factor if c == 0 else other_factor) for c in range(C)]
    score = [lse - logits[c] for c in range(C)]
    first = F.first_largest([logits[c] for c in range(C)])
    rest = F.sum([(0 if c == first else mass[c]) for c in range(C)])
    others = [(rest if c == first else total - mass[c]) for c in range(C)]
    gone = [others[c]/total for c in range(C)]
    factor = [F.raised(gone[c], gamma) for c in range(C)]
    rate = [F.gate(factor[c], attached)*score[c] for c in range(C)]
    cost = [F.weighted(scale[c], rate[c]) for c in range(C)]
    focal = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    loss = focal
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    rate_bar = [scale[c]*cost_bar[c] for c in range(C)]
    factor_bar = [attached*(rate_bar[c]*score[c]) for c in range(C)]
    gone_bar = [factor_bar[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) for c in range(C)]
    others_bar = [gone_bar[c]/total for c in range(C)]
    rest_bar = others_bar[first]
    score_bar = [F.gate(factor[c], attached)*rate_bar[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar0_acc = F.sum([gone_bar[c]*others[c] for c in range(C)])
    total_bar0 = -(total_bar0_acc/(total*total))
    total_bar1 = F.sum([(0 if c == first else others_bar[c]) for c in range(C)])
    total_bar = lse_bar/total + total_bar0 + total_bar1
    mass_bar = [(0 if c == first else -others_bar[c]) + (0 if c == first else rest_bar) + total_bar for c in range(C)]
    wish_bar = [loss_bar*cost[c] for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] - score_bar[c] for c in range(C)]
    target_bar = [hit*wish_bar[c] for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, gamma, alpha, alpha_on_first, alpha_on_others, attached, label_smoothing):
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
    scale = [class_weight[c]*(first_factor if c == 0 else other_factor) for c in range(C)]
    score = [lse - logits[c] for c in range(C)]
    first = F.first_largest([logits[c] for c in range(C)])
    rest = F.sum([(0 if c == first else mass[c]) for c in range(C)])
    others = [(rest if c == first else total - mass[c]) for c in range(C)]
    gone = [others[c]/total for c in range(C)]
    factor = [F.raised(gone[c], gamma) for c in range(C)]
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    rate_bar = [scale[c]*cost_bar[c] for c in range(C)]
    factor_bar = [attached*(rate_bar[c]*score[c]) for c in range(C)]
    gone_bar = [factor_bar[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) for c in range(C)]
    others_bar = [gone_bar[c]/total for c in range(C)]
    rest_bar = others_bar[first]
    score_bar = [F.gate(factor[c], attached)*rate_bar[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar0_acc = F.sum([gone_bar[c]*others[c] for c in range(C)])
    total_bar0 = -(total_bar0_acc/(total*total))
    total_bar1 = F.sum([(0 if c == first else others_bar[c]) for c in range(C)])
    total_bar = lse_bar/total + total_bar0 + total_bar1
    mass_bar = [(0 if c == first else -others_bar[c]) + (0 if c == first else rest_bar) + total_bar for c in range(C)]
    wish_dot = [hit*target_dot[c] for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - logits_dot[c] for c in range(C)]
    rest_dot = F.sum([mass_dot[c]*(0 if c == first else 1) for c in range(C)])
    others_dot = [mass_dot[c]*(0 if c == first else -1) + total_dot*(0 if c == first else 1) + rest_dot*(1 if c == first else 0) for c in range(C)]
    gone_dot = [others_dot[c]/total - total_dot*others[c]/(total*total) for c in range(C)]
    factor_dot = [gone_dot[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) for c in range(C)]
    rate_dot = [F.gate(factor[c], attached)*score_dot[c] + attached*(factor_dot[c]*score[c]) for c in range(C)]
    cost_dot = [scale[c]*rate_dot[c] for c in range(C)]
    cost_bar_dot = [loss_bar*wish_dot[c] for c in range(C)]
    rate_bar_dot = [scale[c]*cost_bar_dot[c] for c in range(C)]
    factor_bar_dot = [attached*(rate_bar[c]*score_dot[c]) + attached*(rate_bar_dot[c]*score[c]) for c in range(C)]
    gone_bar_dot = [factor_bar_dot[c]*F.weighted(gamma, F.raised(gone[c], -1 + gamma)) + gamma*factor_bar[c]*gone_dot[c]*F.weighted(-1 + gamma, F.raised(gone[c], -2 + gamma)) for c in range(C)]
    others_bar_dot = [gone_bar_dot[c]/total - total_dot*gone_bar[c]/(total*total) for c in range(C)]
    rest_bar_dot = others_bar_dot[first]
    score_bar_dot = [F.gate(factor[c], attached)*rate_bar_dot[c] + attached*(factor_dot[c]*rate_bar[c]) for c in range(C)]
    lse_bar_dot = F.sum([score_bar_dot[c] for c in range(C)])
    total_bar0_acc_dot = F.sum([gone_bar[c]*others_dot[c] + gone_bar_dot[c]*others[c] for c in range(C)])
    total_bar0_dot = 2*total_bar0_acc*total_dot/(total*total*total) - total_bar0_acc_dot/(total*total)
    total_bar1_dot = F.sum([others_bar_dot[c]*(0 if c == first else 1) for c in range(C)])
    total_bar_dot = lse_bar_dot/total + total_bar0_dot + total_bar1_dot - lse_bar*total_dot/(total*total)
    mass_bar_dot = [others_bar_dot[c]*(0 if c == first else -1) + rest_bar_dot*(0 if c == first else 1) + total_bar_dot for c in range(C)]
    wish_bar_dot = [loss_bar*cost_dot[c] for c in range(C)]
    logits_bar_dot = [mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] - score_bar_dot[c] for c in range(C)]
    target_bar_dot = [hit*wish_bar_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
