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

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""


def value(F, logits, target, class_weight, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return the loss of the plain program."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    others = F.sum([(0 if c == target else mass[c]) for c in range(C)])
    cost = F.select(F.eq(weight_inside, 0), nll, F.weighted(class_weight[target], F.log1p(others/mass[target])))
    gone = F.select(F.eq(weight_inside, 0), others/total, -F.expm1(-cost))
    factor = F.raised(gone, gamma)
    focal = F.gate(factor, attached)*cost
    poly = F.gate(factor, attached)*gone
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = (first_factor if target == 0 else other_factor)
    loss = F.select(F.eq(epsilon, 0), 0, epsilon*F.weighted(F.select(F.eq(poly_balanced, 0), 1, balance)*F.select(F.eq(weight_inside, 0), class_weight[target], 1), poly)) + F.weighted(balance*F.select(F.eq(weight_inside, 0), class_weight[target], 1), focal)
    return loss


def grad(F, logits, target, class_weight, loss_bar, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return the loss and the derived gradient."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    others = F.sum([(0 if c == target else mass[c]) for c in range(C)])
    cost = F.select(F.eq(weight_inside, 0), nll, F.weighted(class_weight[target], F.log1p(others/mass[target])))
    gone = F.select(F.eq(weight_inside, 0), others/total, -F.expm1(-cost))
    factor = F.raised(gone, gamma)
    focal = F.gate(factor, attached)*cost
    poly = F.gate(factor, attached)*gone
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = (first_factor if target == 0 else other_factor)
    loss = F.select(F.eq(epsilon, 0), 0, epsilon*F.weighted(F.select(F.eq(poly_balanced, 0), 1, balance)*F.select(F.eq(weight_inside, 0), class_weight[target], 1), poly)) + F.weighted(balance*F.select(F.eq(weight_inside, 0), class_weight[target], 1), focal)
    poly_bar = F.select(F.eq(epsilon, 0), 0, epsilon*loss_bar*F.select(F.eq(poly_balanced, 0), 1, balance)*F.select(F.eq(weight_inside, 0), class_weight[target], 1))
    focal_bar = F.select(F.eq(weight_inside, 0), balance*class_weight[target]*loss_bar, balance*loss_bar)
    factor_bar = attached*(cost*focal_bar) + attached*(gone*poly_bar)
    gone_bar = F.gate(factor, attached)*poly_bar + factor_bar*F.weighted(gamma, F.raised(gone, -1 + gamma))
    cost_bar0 = F.gate(factor, attached)*focal_bar
    cost_bar = F.select(F.eq(weight_inside, 0), cost_bar0, gone_bar*F.exp(-cost) + cost_bar0)
    others_bar0 = F.select(F.eq(weight_inside, 0), gone_bar/total, 0)
    others_bar = F.select(F.eq(weight_inside, 0), others_bar0, class_weight[target]*cost_bar/(1 + others/mass[target])/mass[target] + others_bar0)
    nll_bar = F.select(F.eq(weight_inside, 0), cost_bar, 0)
    total_bar = nll_bar/total + F.select(F.eq(weight_inside, 0), -(gone_bar*others/(total*total)), 0)
    mass_bar = [(0 if c == target else others_bar) + (F.select(F.eq(weight_inside, 0), 0, -(class_weight[target]*cost_bar*others/(1 + others/mass[target])/(mass[target]*mass[target]))) if c == target else 0) + total_bar for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] + (-nll_bar if c == target else 0) for c in range(C)]
    return loss, logits_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    others = F.sum([(0 if c == target else mass[c]) for c in range(C)])
    cost = F.select(F.eq(weight_inside, 0), nll, F.weighted(class_weight[target], F.log1p(others/mass[target])))
    gone = F.select(F.eq(weight_inside, 0), others/total, -F.expm1(-cost))
    factor = F.raised(gone, gamma)
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = (first_factor if target == 0 else other_factor)
    poly_bar = F.select(F.eq(epsilon, 0), 0, epsilon*loss_bar*F.select(F.eq(poly_balanced, 0), 1, balance)*F.select(F.eq(weight_inside, 0), class_weight[target], 1))
    focal_bar = F.select(F.eq(weight_inside, 0), balance*class_weight[target]*loss_bar, balance*loss_bar)
    factor_bar = attached*(cost*focal_bar) + attached*(gone*poly_bar)
    gone_bar = F.gate(factor, attached)*poly_bar + factor_bar*F.weighted(gamma, F.raised(gone, -1 + gamma))
    cost_bar0 = F.gate(factor, attached)*focal_bar
    cost_bar = F.select(F.eq(weight_inside, 0), cost_bar0, gone_bar*F.exp(-cost) + cost_bar0)
    others_bar0 = F.select(F.eq(weight_inside, 0), gone_bar/total, 0)
    others_bar = F.select(F.eq(weight_inside, 0), others_bar0, class_weight[target]*cost_bar/(1 + others/mass[target])/mass[target] + others_bar0)
    nll_bar = F.select(F.eq(weight_inside, 0), cost_bar, 0)
    total_bar = nll_bar/total + F.select(F.eq(weight_inside, 0), -(gone_bar*others/(total*total)), 0)
    mass_bar = [(0 if c == target else others_bar) + (F.select(F.eq(weight_inside, 0), 0, -(class_weight[target]*cost_bar*others/(1 + others/mass[target])/(mass[target]*mass[target]))) if c == target else 0) + total_bar for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    nll_dot = lse_dot - logits_dot[target]
    others_dot = F.sum([mass_dot[c]*(0 if c == target else 1) for c in range(C)])
    cost_dot = others_dot*F.select(F.eq(weight_inside, 0), 0, class_weight[target]/(1 + others/mass[target])/mass[target]) + mass_dot[target]*F.select(F.eq(weight_inside, 0), 0, -(class_weight[target]*others/(1 + others/mass[target])/(mass[target]*mass[target]))) + nll_dot*F.select(F.eq(weight_inside, 0), 1, 0)
    gone_dot = cost_dot*F.select(F.eq(weight_inside, 0), 0, F.exp(-cost)) + total_dot*F.select(F.eq(weight_inside, 0), -(others/(total*total)), 0) + others_dot*F.select(F.eq(weight_inside, 0), 1/total, 0)
    factor_dot = gone_dot*F.weighted(gamma, F.raised(gone, -1 + gamma))
    factor_bar_dot = attached*(cost_dot*focal_bar) + attached*(gone_dot*poly_bar)
    gone_bar_dot = factor_bar_dot*F.weighted(gamma, F.raised(gone, -1 + gamma)) + attached*(factor_dot*poly_bar) + gamma*factor_bar*gone_dot*F.weighted(-1 + gamma, F.raised(gone, -2 + gamma))
    cost_bar0_dot = attached*(factor_dot*focal_bar)
    cost_bar_dot = cost_dot*F.select(F.eq(weight_inside, 0), 0, -(gone_bar*F.exp(-cost))) + gone_bar_dot*F.select(F.eq(weight_inside, 0), 0, F.exp(-cost)) + cost_bar0_dot
    others_bar0_dot = total_dot*F.select(F.eq(weight_inside, 0), -(gone_bar/(total*total)), 0) + gone_bar_dot*F.select(F.eq(weight_inside, 0), 1/total, 0)
    others_bar_dot = cost_bar_dot*F.select(F.eq(weight_inside, 0), 0, class_weight[target]/(1 + others/mass[target])/mass[target]) + others_dot*F.select(F.eq(weight_inside, 0), 0, -(class_weight[target]*cost_bar/((1 + others/mass[target])*(1 + others/mass[target]))/(mass[target]*mass[target]))) + mass_dot[target]*F.select(F.eq(weight_inside, 0), 0, class_weight[target]*cost_bar*others/((1 + others/mass[target])*(1 + others/mass[target]))/(mass[target]*mass[target]*mass[target]) - class_weight[target]*cost_bar/(1 + others/mass[target])/(mass[target]*mass[target])) + others_bar0_dot
    nll_bar_dot = cost_bar_dot*F.select(F.eq(weight_inside, 0), 1, 0)
    total_bar_dot = (F.select(F.eq(weight_inside, 0), 2*gone_bar*others/(total*total*total), 0) - nll_bar/(total*total))*total_dot + others_dot*F.select(F.eq(weight_inside, 0), -(gone_bar/(total*total)), 0) + gone_bar_dot*F.select(F.eq(weight_inside, 0), -(others/(total*total)), 0) + nll_bar_dot/total
    mass_bar_dot = [others_bar_dot*(0 if c == target else 1) + cost_bar_dot*(F.select(F.eq(weight_inside, 0), 0, -(class_weight[target]*others/(1 + others/mass[target])/(mass[target]*mass[target]))) if c == target else 0) + others_dot*(F.select(F.eq(weight_inside, 0), 0, class_weight[target]*cost_bar*others/((1 + others/mass[target])*(1 + others/mass[target]))/(mass[target]*mass[target]*mass[target]) - class_weight[target]*cost_bar/(1 + others/mass[target])/(mass[target]*mass[target])) if c == target else 0) + mass_dot[target]*(F.select(F.eq(weight_inside, 0), 0, 2*class_weight[target]*cost_bar*others/(1 + others/mass[target])/(mass[target]*mass[target]*mass[target]) - (others*others)*class_weight[target]*cost_bar/((1 + others/mass[target])*(1 + others/mass[target]))/(mass[target]*mass[target]*mass[target]*mass[target])) if c == target else 0) + total_bar_dot for c in range(C)]
    logits_bar_dot = [nll_bar_dot*(-1 if c == target else 0) + mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] for c in range(C)]
    return logits_bar_dot
