"""Sigmoid focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
    poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
    p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target

Subgradients
    none: the loss is smooth.

Constants
    smoothing: target of the cross-entropy: (1 - it) t + it/2 (default 0.0)
    gamma: power of 1 - p_t (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
    alpha: factor of the elements that alpha_side names (default 0.25)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""


def value(F, logits, target, weight, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss of the plain program."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    chance = F.exp(-bce)
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss and the derived gradient."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    chance = F.exp(-bce)
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = F.gate(factor, attached)*focal_bar - chance*chance_bar
    wanted_bar = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar
    logits_bar_unmasked = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-logits)/(1 + F.exp(-logits)))*bce_bar
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*wanted_bar + (upper - lower)*balance_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(F, logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the derived Hessian-vector product."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    chance = F.exp(-bce)
    factor = F.raised(1 - chance, gamma)
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = F.gate(factor, attached)*focal_bar - chance*chance_bar
    wanted_dot = (1 - smoothing)*target_dot
    bce_dot = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-logits)/(1 + F.exp(-logits)))*logits_dot + (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*wanted_dot
    chance_dot = -(bce_dot*chance)
    factor_dot = -(chance_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    focal_dot = F.gate(factor, attached)*bce_dot + attached*(bce*factor_dot)
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    factor_bar_dot = attached*(bce*focal_bar_dot) + attached*(bce_dot*focal_bar)
    chance_bar_dot = gamma*chance_dot*factor_bar*F.weighted(-1 + gamma, F.raised(1 - chance, -2 + gamma)) - factor_bar_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma))
    bce_bar_dot = F.gate(factor, attached)*focal_bar_dot + attached*(factor_dot*focal_bar) - chance*chance_bar_dot - chance_bar*chance_dot
    wanted_bar_dot = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar_dot + (-F.exp(-logits)/(1 + F.exp(-logits)) - F.exp(logits)/(1 + F.exp(logits)))*bce_bar*logits_dot
    logits_bar_unmasked_dot = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-logits)/(1 + F.exp(-logits)))*bce_bar_dot + (-F.exp(-logits)/(1 + F.exp(-logits)) - F.exp(logits)/(1 + F.exp(logits)))*bce_bar*wanted_dot + (wanted*F.exp(-logits)/(1 + F.exp(-logits)) + (1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-(2*logits))/((1 + F.exp(-logits))*(1 + F.exp(-logits))) - (1 - wanted)*F.exp(2*logits)/((1 + F.exp(logits))*(1 + F.exp(logits))))*bce_bar*logits_dot
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - smoothing)*wanted_bar_dot + (upper - lower)*balance_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
