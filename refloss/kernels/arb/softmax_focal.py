"""Softmax focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -w_y alpha_y (1 - p_y)^gamma log p_y,  p = softmax(z);
    alpha_y: alpha, or 1 - alpha, by the class

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

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""


def value(F, logits, target, class_weight, gamma, alpha, alpha_on_first, alpha_on_others, attached):
    """Return the loss of the plain program."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    chance = mass[target]/total
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*nll
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = (first_factor if target == 0 else other_factor)
    loss = F.weighted(balance*class_weight[target], focal)
    return loss


def grad(F, logits, target, class_weight, loss_bar, gamma, alpha, alpha_on_first, alpha_on_others, attached):
    """Return the loss and the derived gradient."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    chance = mass[target]/total
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*nll
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = (first_factor if target == 0 else other_factor)
    loss = F.weighted(balance*class_weight[target], focal)
    focal_bar = balance*class_weight[target]*loss_bar
    factor_bar = attached*(focal_bar*nll)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    nll_bar = F.gate(factor, attached)*focal_bar
    total_bar = nll_bar/total - chance_bar*mass[target]/(total*total)
    mass_bar = [(chance_bar/total if c == target else 0) + total_bar for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] + (-nll_bar if c == target else 0) for c in range(C)]
    return loss, logits_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, gamma, alpha, alpha_on_first, alpha_on_others, attached):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    chance = mass[target]/total
    factor = F.raised(1 - chance, gamma)
    first_factor = F.select(F.eq(alpha_on_first, 0), 1 - alpha, alpha)
    other_factor = F.select(F.eq(alpha_on_others, 0), 1 - alpha, alpha)
    balance = (first_factor if target == 0 else other_factor)
    focal_bar = balance*class_weight[target]*loss_bar
    factor_bar = attached*(focal_bar*nll)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    nll_bar = F.gate(factor, attached)*focal_bar
    total_bar = nll_bar/total - chance_bar*mass[target]/(total*total)
    mass_bar = [(chance_bar/total if c == target else 0) + total_bar for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    nll_dot = lse_dot - logits_dot[target]
    chance_dot = mass_dot[target]/total - total_dot*mass[target]/(total*total)
    factor_dot = -(chance_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    factor_bar_dot = attached*(focal_bar*nll_dot)
    chance_bar_dot = gamma*chance_dot*factor_bar*F.weighted(-1 + gamma, F.raised(1 - chance, -2 + gamma)) - factor_bar_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma))
    nll_bar_dot = attached*(factor_dot*focal_bar)
    total_bar_dot = (2*chance_bar*mass[target]/(total*total*total) - nll_bar/(total*total))*total_dot + nll_bar_dot/total - chance_bar*mass_dot[target]/(total*total) - chance_bar_dot*mass[target]/(total*total)
    mass_bar_dot = [total_dot*(-(chance_bar/(total*total)) if c == target else 0) + chance_bar_dot*(1/total if c == target else 0) + total_bar_dot for c in range(C)]
    logits_bar_dot = [nll_bar_dot*(-1 if c == target else 0) + mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] for c in range(C)]
    return logits_bar_dot
