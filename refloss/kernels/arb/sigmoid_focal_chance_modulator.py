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

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""


def value(F, logits, target, weight, smoothing, gamma, gamma_lo):
    """Return the loss of the plain program."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    chance = F.exp(-bce)
    factor = F.raised(1 - chance, gamma)
    loss = F.weighted(weight, factor)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, gamma, gamma_lo):
    """Return the loss and the derived gradient."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    chance = F.exp(-bce)
    factor = F.raised(1 - chance, gamma)
    loss = F.weighted(weight, factor)
    factor_bar = loss_bar*weight
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = -(chance*chance_bar)
    wanted_bar = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar
    logits_bar_unmasked = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-logits)/(1 + F.exp(-logits)))*bce_bar
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*wanted_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(F, logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, gamma, gamma_lo):
    """Return the derived Hessian-vector product."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    chance = F.exp(-bce)
    factor_bar = loss_bar*weight
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = -(chance*chance_bar)
    wanted_dot = (1 - smoothing)*target_dot
    bce_dot = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-logits)/(1 + F.exp(-logits)))*logits_dot + (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*wanted_dot
    chance_dot = -(bce_dot*chance)
    chance_bar_dot = gamma*chance_dot*factor_bar*F.weighted(-1 + gamma, F.raised(1 - chance, -2 + gamma))
    bce_bar_dot = -chance*chance_bar_dot - chance_bar*chance_dot
    wanted_bar_dot = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar_dot + (-F.exp(-logits)/(1 + F.exp(-logits)) - F.exp(logits)/(1 + F.exp(logits)))*bce_bar*logits_dot
    logits_bar_unmasked_dot = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-logits)/(1 + F.exp(-logits)))*bce_bar_dot + (-F.exp(-logits)/(1 + F.exp(-logits)) - F.exp(logits)/(1 + F.exp(logits)))*bce_bar*wanted_dot + (wanted*F.exp(-logits)/(1 + F.exp(-logits)) + (1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - wanted*F.exp(-(2*logits))/((1 + F.exp(-logits))*(1 + F.exp(-logits))) - (1 - wanted)*F.exp(2*logits)/((1 + F.exp(logits))*(1 + F.exp(logits))))*bce_bar*logits_dot
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - smoothing)*wanted_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
