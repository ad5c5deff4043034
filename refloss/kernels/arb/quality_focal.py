"""Quality focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight alpha_t |target - p|^beta BCE(logits, target),  p = sigmoid(logits)

Subgradients
    where p = target and beta is 1, as for p above the target; else none.

Constants
    smoothing: target of the cross-entropy: (1 - it) t + it/2 (default 0.0)
    beta: power of the distance (default 2.0)
    beta_lo: what beta lacks (default 0.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 1.0)
    alpha: factor of the elements that alpha_side names (default 1.0)

Source
    Li et al.: Generalized Focal Loss, NeurIPS 2020, arXiv 2006.04388, eq. 3; mmdet
    gfocal_loss.py.
"""


def value(F, logits, target, weight, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss of the plain program."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    prob = 1/(1 + F.exp(-logits))
    apart = F.abs(prob - target)
    factor = F.raised(apart, beta)
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss and the derived gradient."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    prob = 1/(1 + F.exp(-logits))
    apart = F.abs(prob - target)
    factor = F.raised(apart, beta)
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    apart_bar = factor_bar*F.weighted(beta, F.raised(apart, -1 + beta))
    prob_bar = (2*F.step(prob - target, F.rational(1, 2)) - 1)*apart_bar
    bce_bar = F.gate(factor, attached)*focal_bar
    wanted_bar = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar
    logits_bar_unmasked = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - prob*wanted*F.exp(-logits))*bce_bar + prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*wanted_bar + (2*F.step(target - prob, F.rational(1, 2)) - 1)*apart_bar + (upper - lower)*balance_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(F, logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return the derived Hessian-vector product."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    prob = 1/(1 + F.exp(-logits))
    apart = F.abs(prob - target)
    factor = F.raised(apart, beta)
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    apart_bar = factor_bar*F.weighted(beta, F.raised(apart, -1 + beta))
    prob_bar = (2*F.step(prob - target, F.rational(1, 2)) - 1)*apart_bar
    bce_bar = F.gate(factor, attached)*focal_bar
    wanted_dot = (1 - smoothing)*target_dot
    bce_dot = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - prob*wanted*F.exp(-logits))*logits_dot + (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*wanted_dot
    prob_dot = logits_dot*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    apart_dot = (2*F.step(target - prob, F.rational(1, 2)) - 1)*target_dot + (2*F.step(prob - target, F.rational(1, 2)) - 1)*prob_dot
    factor_dot = apart_dot*F.weighted(beta, F.raised(apart, -1 + beta))
    focal_dot = F.gate(factor, attached)*bce_dot + attached*(bce*factor_dot)
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    factor_bar_dot = attached*(bce*focal_bar_dot) + attached*(bce_dot*focal_bar)
    apart_bar_dot = factor_bar_dot*F.weighted(beta, F.raised(apart, -1 + beta)) + beta*apart_dot*factor_bar*F.weighted(-1 + beta, F.raised(apart, -2 + beta))
    prob_bar_dot = (2*F.step(prob - target, F.rational(1, 2)) - 1)*apart_bar_dot
    bce_bar_dot = F.gate(factor, attached)*focal_bar_dot + attached*(factor_dot*focal_bar)
    wanted_bar_dot = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar_dot + (-F.exp(logits)/(1 + F.exp(logits)) - prob*F.exp(-logits))*bce_bar*logits_dot
    logits_bar_unmasked_dot = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - prob*wanted*F.exp(-logits))*bce_bar_dot + (((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) + prob*wanted*F.exp(-logits) - (1 - wanted)*F.exp(2*logits)/((1 + F.exp(logits))*(1 + F.exp(logits))))*bce_bar + 2*prob_bar*F.exp(-(2*logits))/((1 + F.exp(-logits))*(1 + F.exp(-logits))*(1 + F.exp(-logits))) - prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits))))*logits_dot + prob_bar_dot*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits))) + (-F.exp(logits)/(1 + F.exp(logits)) - prob*F.exp(-logits))*bce_bar*wanted_dot - bce_bar*prob_dot*wanted*F.exp(-logits)
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - smoothing)*wanted_bar_dot + (2*F.step(target - prob, F.rational(1, 2)) - 1)*apart_bar_dot + (upper - lower)*balance_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
