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
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
    alpha: factor of the elements that alpha_side names (default 0.25)
    gamma: power of 1 - p_t (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""


def value(F, logits, target, weight, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
    """Return the loss of the plain program."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    prob = 1/(1 + F.exp(-logits))
    positive_factor = F.raised(1 - prob, gamma)
    negative_factor = F.raised(prob, gamma)
    focal = (1 - wanted)*F.gate(negative_factor, attached)*lower*F.log1p(F.exp(logits)) + F.gate(positive_factor, attached)*upper*wanted*F.log1p(F.exp(-logits))
    loss = F.weighted(weight, focal)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
    """Return the loss and the derived gradient."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    prob = 1/(1 + F.exp(-logits))
    positive_factor = F.raised(1 - prob, gamma)
    negative_factor = F.raised(prob, gamma)
    focal = (1 - wanted)*F.gate(negative_factor, attached)*lower*F.log1p(F.exp(logits)) + F.gate(positive_factor, attached)*upper*wanted*F.log1p(F.exp(-logits))
    loss = F.weighted(weight, focal)
    focal_bar = loss_bar*weight
    negative_factor_bar = attached*((1 - wanted)*focal_bar*lower*F.log1p(F.exp(logits)))
    positive_factor_bar = attached*(focal_bar*upper*wanted*F.log1p(F.exp(-logits)))
    prob_bar = negative_factor_bar*F.weighted(gamma, F.raised(prob, -1 + gamma)) - positive_factor_bar*F.weighted(gamma, F.raised(1 - prob, -1 + gamma))
    wanted_bar = (F.gate(positive_factor, attached)*upper*F.log1p(F.exp(-logits)) - F.gate(negative_factor, attached)*lower*F.log1p(F.exp(logits)))*focal_bar
    logits_bar_unmasked = ((1 - wanted)*F.gate(negative_factor, attached)*lower*F.exp(logits)/(1 + F.exp(logits)) - F.gate(positive_factor, attached)*prob*upper*wanted*F.exp(-logits))*focal_bar + prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*wanted_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(F, logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
    """Return the derived Hessian-vector product."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    prob = 1/(1 + F.exp(-logits))
    positive_factor = F.raised(1 - prob, gamma)
    negative_factor = F.raised(prob, gamma)
    focal_bar = loss_bar*weight
    negative_factor_bar = attached*((1 - wanted)*focal_bar*lower*F.log1p(F.exp(logits)))
    positive_factor_bar = attached*(focal_bar*upper*wanted*F.log1p(F.exp(-logits)))
    prob_bar = negative_factor_bar*F.weighted(gamma, F.raised(prob, -1 + gamma)) - positive_factor_bar*F.weighted(gamma, F.raised(1 - prob, -1 + gamma))
    wanted_dot = (1 - smoothing)*target_dot
    prob_dot = logits_dot*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    positive_factor_dot = -(prob_dot*F.weighted(gamma, F.raised(1 - prob, -1 + gamma)))
    negative_factor_dot = prob_dot*F.weighted(gamma, F.raised(prob, -1 + gamma))
    negative_factor_bar_dot = attached*((1 - wanted)*focal_bar*logits_dot*lower*F.exp(logits)/(1 + F.exp(logits))) - attached*(focal_bar*lower*wanted_dot*F.log1p(F.exp(logits)))
    positive_factor_bar_dot = attached*(focal_bar*upper*wanted_dot*F.log1p(F.exp(-logits))) - attached*(focal_bar*logits_dot*prob*upper*wanted*F.exp(-logits))
    prob_bar_dot = (gamma*positive_factor_bar*F.weighted(-1 + gamma, F.raised(1 - prob, -2 + gamma)) + gamma*negative_factor_bar*F.weighted(-1 + gamma, F.raised(prob, -2 + gamma)))*prob_dot + negative_factor_bar_dot*F.weighted(gamma, F.raised(prob, -1 + gamma)) - positive_factor_bar_dot*F.weighted(gamma, F.raised(1 - prob, -1 + gamma))
    wanted_bar_dot = (-F.gate(negative_factor, attached)*lower*F.exp(logits)/(1 + F.exp(logits)) - F.gate(positive_factor, attached)*prob*upper*F.exp(-logits))*focal_bar*logits_dot + attached*(focal_bar*positive_factor_dot*upper*F.log1p(F.exp(-logits))) - attached*(focal_bar*lower*negative_factor_dot*F.log1p(F.exp(logits)))
    logits_bar_unmasked_dot = (((1 - wanted)*F.gate(negative_factor, attached)*lower*F.exp(logits)/(1 + F.exp(logits)) + F.gate(positive_factor, attached)*prob*upper*wanted*F.exp(-logits) - (1 - wanted)*F.gate(negative_factor, attached)*lower*F.exp(2*logits)/((1 + F.exp(logits))*(1 + F.exp(logits))))*focal_bar + 2*prob_bar*F.exp(-(2*logits))/((1 + F.exp(-logits))*(1 + F.exp(-logits))*(1 + F.exp(-logits))) - prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits))))*logits_dot + prob_bar_dot*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits))) + (-F.gate(negative_factor, attached)*lower*F.exp(logits)/(1 + F.exp(logits)) - F.gate(positive_factor, attached)*prob*upper*F.exp(-logits))*focal_bar*wanted_dot + attached*((1 - wanted)*focal_bar*lower*negative_factor_dot*F.exp(logits)/(1 + F.exp(logits))) - F.gate(positive_factor, attached)*focal_bar*prob_dot*upper*wanted*F.exp(-logits) - attached*(focal_bar*positive_factor_dot*prob*upper*wanted*F.exp(-logits))
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - smoothing)*wanted_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
