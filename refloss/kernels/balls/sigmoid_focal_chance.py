"""Sigmoid focal loss: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    gamma_lo = F.rational(0, 1)
    reach = F.abs(logits)
    tail = F.exp(-reach)
    bend = F.log1p(tail)
    lacks = F.select(F.ge(logits, 0), 1 - target, target)
    keep = 1 - smoothing
    lacks_soft = F.select(F.eq(smoothing, 0), lacks, keep*lacks + F.rational(1, 2)*smoothing)
    bce = F.weighted(lacks_soft, reach) + bend
    miss = -F.expm1(-bce)
    far = bend + reach
    scaled = F.weighted(gamma, far)
    lost = gamma*F.two_sum_error(reach, bend) + F.two_prod_error(gamma, far) - F.weighted(gamma_lo, -far)
    factor = F.select(F.eq(lacks_soft, 0), (1 + F.max(-lost, -1))*F.exp(-scaled), F.select(F.eq(gamma_lo, 0), F.raised(miss, gamma), F.weighted(F.raised(miss, gamma), 1 + gamma_lo*F.log(miss))))
    focal = bce*factor
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss and the stable gradient."""
    gamma_lo = F.rational(0, 1)
    sign = F.select(F.ge(logits, 0), 1, -1)
    reach = F.abs(logits)
    tail = F.exp(-reach)
    bend = F.log1p(tail)
    major = 1/(1 + tail)
    lacks = F.select(F.ge(logits, 0), 1 - target, target)
    has = F.select(F.ge(logits, 0), target, 1 - target)
    keep = 1 - smoothing
    lacks_soft = F.select(F.eq(smoothing, 0), lacks, keep*lacks + F.rational(1, 2)*smoothing)
    has_soft = F.select(F.eq(smoothing, 0), has, has*keep + F.rational(1, 2)*smoothing)
    bce = F.weighted(lacks_soft, reach) + bend
    lean = lacks_soft - has_soft*tail
    chance = F.exp(-bce)
    miss = -F.expm1(-bce)
    far = bend + reach
    scaled = F.weighted(gamma, far)
    lost = gamma*F.two_sum_error(reach, bend) + F.two_prod_error(gamma, far) - F.weighted(gamma_lo, -far)
    factor = F.select(F.eq(lacks_soft, 0), (1 + F.max(-lost, -1))*F.exp(-scaled), F.select(F.eq(gamma_lo, 0), F.raised(miss, gamma), F.weighted(F.raised(miss, gamma), 1 + gamma_lo*F.log(miss))))
    focal = bce*factor
    steep = F.ratio(bce, miss, 1)
    felt = F.weighted(chance, steep)
    pull = (1 + attached*(gamma*felt))*factor
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    bce_bar = focal_bar*pull
    logits_bar_unmasked = bce_bar*lean*major*sign
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar - bce_bar*keep*logits
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, weight, loss_bar, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return loss and gradient, plain form."""
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
