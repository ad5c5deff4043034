"""Sigmoid focal loss: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    gamma_lo = F.rational(0, 1)
    reach = F.abs(logits)
    tail = F.exp(-reach)
    bend = F.log1p(tail)
    lacks = F.select(F.ge(logits, 0), 1 - target, target)
    has = F.select(F.ge(logits, 0), target, 1 - target)
    mass = has*tail + lacks
    deep = F.select(F.eq(lacks, 0), reach, -F.log(mass))
    depth = bend + deep
    scaled = F.weighted(gamma, depth)
    lost = gamma*F.two_sum_error(deep, bend) + F.two_prod_error(gamma, depth) - F.weighted(gamma_lo, -depth)
    factor = (1 + F.max(-lost, -1))*F.exp(-scaled)
    loss = F.weighted(weight, factor)
    return loss


def grad(F, logits, target, weight, loss_bar, gamma, gamma_lo):
    """Return the loss and the stable gradient."""
    gamma_lo = F.rational(0, 1)
    sign = F.select(F.ge(logits, 0), 1, -1)
    reach = F.abs(logits)
    tail = F.exp(-reach)
    bend = F.log1p(tail)
    major = 1/(1 + tail)
    lacks = F.select(F.ge(logits, 0), 1 - target, target)
    has = F.select(F.ge(logits, 0), target, 1 - target)
    fall = -F.expm1(-reach)
    mass = has*tail + lacks
    deep = F.select(F.eq(lacks, 0), reach, -F.log(mass))
    depth = bend + deep
    scaled = F.weighted(gamma, depth)
    lost = gamma*F.two_sum_error(deep, bend) + F.two_prod_error(gamma, depth) - F.weighted(gamma_lo, -depth)
    factor = (1 + F.max(-lost, -1))*F.exp(-scaled)
    odds = F.ratio(tail, mass, 1)
    tilt = lacks - has
    turn = fall*sign
    swing = gamma*major*odds*sign*tilt
    grade = factor*swing
    lift = F.weighted(gamma, F.exp(-(gamma*bend))*F.exp(F.weighted(1 - gamma, deep)))
    loss = F.weighted(weight, factor)
    factor_bar = loss_bar*weight
    logits_bar_unmasked = factor_bar*grade
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = F.weighted(factor_bar, -(lift*turn))
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, weight, loss_bar, gamma, gamma_lo):
    """Return loss and gradient, plain form."""
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
