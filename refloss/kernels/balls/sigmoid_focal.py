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
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    epsilon: factor of (1 - p_t)^(gamma + 1), which is added (default 0.0)
    poly_balanced: 1: alpha multiplies that term too; 0: it does not (default 1.0)
    smoothing: target of the cross-entropy: (1 - it) t + it/2 (default 0.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
    alpha: factor of the elements that alpha_side names (default 0.25)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""


def value(F, logits, target, weight, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
    """Return the loss of the stable program."""
    gamma_lo = F.rational(0, 1)
    reach = F.abs(logits)
    tail = F.exp(-reach)
    bend = F.log1p(tail)
    major = 1/(1 + tail)
    lacks = F.select(F.ge(logits, 0), 1 - target, target)
    has = F.select(F.ge(logits, 0), target, 1 - target)
    keep = 1 - smoothing
    lacks_soft = F.select(F.eq(smoothing, 0), lacks, keep*lacks + F.rational(1, 2)*smoothing)
    bce = F.weighted(lacks_soft, reach) + bend
    mass = has*tail + lacks
    deep = F.select(F.eq(lacks, 0), reach, -F.log(mass))
    depth = bend + deep
    scaled = F.weighted(gamma, depth)
    lost = gamma*F.two_sum_error(deep, bend) + F.two_prod_error(gamma, depth) - F.weighted(gamma_lo, -depth)
    missed = major*mass
    factor = F.select(F.eq(gamma, 2), missed*missed, (1 + F.max(-lost, -1))*F.exp(-scaled))
    focal = bce*factor
    poly = F.select(F.eq(epsilon, 0), 0, factor*missed)
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal + F.select(F.eq(epsilon, 0), 0, epsilon*poly*F.select(F.eq(poly_balanced, 0), 1, balance)))
    return loss


def grad(F, logits, target, weight, loss_bar, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
    """Return the loss and the stable gradient."""
    gamma_lo = F.rational(0, 1)
    sign = F.select(F.ge(logits, 0), 1, -1)
    reach = F.abs(logits)
    tail = F.exp(-reach)
    bend = F.log1p(tail)
    major = 1/(1 + tail)
    minor = tail/(1 + tail)
    lacks = F.select(F.ge(logits, 0), 1 - target, target)
    has = F.select(F.ge(logits, 0), target, 1 - target)
    keep = 1 - smoothing
    lacks_soft = F.select(F.eq(smoothing, 0), lacks, keep*lacks + F.rational(1, 2)*smoothing)
    has_soft = F.select(F.eq(smoothing, 0), has, has*keep + F.rational(1, 2)*smoothing)
    bce = F.weighted(lacks_soft, reach) + bend
    lean = lacks_soft - has_soft*tail
    fall = -F.expm1(-reach)
    mass = has*tail + lacks
    deep = F.select(F.eq(lacks, 0), reach, -F.log(mass))
    depth = bend + deep
    scaled = F.weighted(gamma, depth)
    lost = gamma*F.two_sum_error(deep, bend) + F.two_prod_error(gamma, depth) - F.weighted(gamma_lo, -depth)
    missed = major*mass
    factor = F.select(F.eq(gamma, 2), missed*missed, (1 + F.max(-lost, -1))*F.exp(-scaled))
    focal = bce*factor
    odds = F.ratio(tail, mass, 1)
    tilt = lacks - has
    heft = F.select(F.eq(gamma, 2), 2*F.weighted(major*missed*tail, bce), gamma*F.weighted(odds, focal))
    push = factor*lean
    pull = attached*(heft*tilt) + push
    steep = F.ratio(bend, mass, 1)
    lift = F.weighted(gamma, F.exp(-(gamma*bend))*F.exp(F.weighted(1 - gamma, deep)))
    keen = gamma*factor*steep + F.weighted(lacks_soft, lift*reach)
    poly = F.select(F.eq(epsilon, 0), 0, factor*missed)
    width = major*minor
    flat = factor*width
    away = factor*fall*major
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal + F.select(F.eq(epsilon, 0), 0, epsilon*poly*F.select(F.eq(poly_balanced, 0), 1, balance)))
    balance_bar = (F.select(F.eq(epsilon, 0), 0, epsilon*poly*F.select(F.eq(poly_balanced, 0), 0, 1)) + focal)*loss_bar*weight
    poly_bar = F.select(F.eq(epsilon, 0), 0, F.select(F.eq(poly_balanced, 0), epsilon*loss_bar*weight, epsilon*balance*loss_bar*weight))
    focal_bar = balance*loss_bar*weight
    logits_bar0 = focal_bar*major*pull*sign
    target_bar0 = (-factor*keep*logits - attached*(fall*keen*sign))*focal_bar + (upper - lower)*balance_bar
    logits_bar_unmasked = F.select(F.eq(epsilon, 0), logits_bar0, (1 + attached*gamma)*flat*poly_bar*sign*tilt + logits_bar0)
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = F.select(F.eq(epsilon, 0), target_bar0, (-1 - attached*gamma)*away*poly_bar*sign + target_bar0)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, weight, loss_bar, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
    """Return loss and gradient, plain form."""
    wanted = (1 - smoothing)*target + F.rational(1, 2)*smoothing
    bce = (1 - wanted)*F.log1p(F.exp(logits)) + wanted*F.log1p(F.exp(-logits))
    prob = 1/(1 + F.exp(-logits))
    chance = (1 - prob)*(1 - target) + prob*target
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*bce
    poly = F.select(F.eq(epsilon, 0), 0, (1 - chance)*F.gate(factor, attached))
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal + F.select(F.eq(epsilon, 0), 0, epsilon*poly*F.select(F.eq(poly_balanced, 0), 1, balance)))
    balance_bar = (F.select(F.eq(epsilon, 0), 0, epsilon*poly*F.select(F.eq(poly_balanced, 0), 0, 1)) + focal)*loss_bar*weight
    poly_bar = F.select(F.eq(epsilon, 0), 0, F.select(F.eq(poly_balanced, 0), epsilon*loss_bar*weight, epsilon*balance*loss_bar*weight))
    focal_bar = balance*loss_bar*weight
    factor_bar0 = attached*(bce*focal_bar)
    factor_bar = F.select(F.eq(epsilon, 0), factor_bar0, attached*((1 - chance)*poly_bar) + factor_bar0)
    chance_bar0 = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    chance_bar = F.select(F.eq(epsilon, 0), chance_bar0, chance_bar0 - F.gate(factor, attached)*poly_bar)
    prob_bar = (2*target - 1)*chance_bar
    bce_bar = F.gate(factor, attached)*focal_bar
    wanted_bar = (F.log1p(F.exp(-logits)) - F.log1p(F.exp(logits)))*bce_bar
    logits_bar_unmasked = ((1 - wanted)*F.exp(logits)/(1 + F.exp(logits)) - prob*wanted*F.exp(-logits))*bce_bar + prob_bar*F.exp(-logits)/((1 + F.exp(-logits))*(1 + F.exp(-logits)))
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*wanted_bar + (upper - lower)*balance_bar + (2*prob - 1)*chance_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar
