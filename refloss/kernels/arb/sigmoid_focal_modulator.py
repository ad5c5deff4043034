"""Sigmoid focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
    poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
    p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target

Subgradients
    none: the loss is smooth.

Constants
    gamma: power of 1 - p_t (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""


def value(F, logits, target, weight, gamma, gamma_lo):
    """Return the loss of the plain program."""
    prob = 1/(1 + F.exp(-logits))
    chance = (1 - prob)*(1 - target) + prob*target
    factor = F.raised(1 - chance, gamma)
    loss = F.weighted(weight, factor)
    return loss


def grad(F, logits, target, weight, loss_bar, gamma, gamma_lo):
    """Return the loss and the derived gradient."""
    prob = 1/(1 + F.exp(-logits))
    chance = (1 - prob)*(1 - target) + prob*target
    factor = F.raised(1 - chance, gamma)
    loss = F.weighted(weight, factor)
    factor_bar = loss_bar*weight
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    prob_bar = (2*target - 1)*chance_bar
    logits_bar_unmasked = prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (2*prob - 1)*chance_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(F, logits, target, weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo):
    """Return the derived Hessian-vector product."""
    prob = 1/(1 + F.exp(-logits))
    chance = (1 - prob)*(1 - target) + prob*target
    factor_bar = loss_bar*weight
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    prob_bar = (2*target - 1)*chance_bar
    prob_dot = logits_dot*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    chance_dot = (2*prob - 1)*target_dot + (2*target - 1)*prob_dot
    chance_bar_dot = gamma*chance_dot*factor_bar*F.weighted(-1 + gamma, F.raised(1 - chance, -2 + gamma))
    prob_bar_dot = (2*target - 1)*chance_bar_dot + 2*chance_bar*target_dot
    logits_bar_unmasked_dot = (2*prob_bar*F.exp(-(2*logits))/((1 + F.exp(-logits))*(1 + F.exp(-logits))*(1 + F.exp(-logits))) - prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits))))*logits_dot + prob_bar_dot*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (2*prob - 1)*chance_bar_dot + 2*chance_bar*prob_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
