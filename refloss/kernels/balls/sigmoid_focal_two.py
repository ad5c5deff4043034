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
    """Return the loss of the stable program."""
    gamma_lo = F.rational(0, 1)
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
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    own = F.select(F.ge(logits, 0), upper, lower)
    other = F.select(F.ge(logits, 0), lower, upper)
    far = bend + reach
    scaled = F.weighted(gamma, far)
    lost = gamma*F.two_sum_error(reach, bend) + F.two_prod_error(gamma, far) - F.weighted(gamma_lo, -far)
    faint = F.select(F.eq(gamma, 2), minor*minor, (1 + F.max(-lost, -1))*F.exp(-scaled))
    strong = F.select(F.eq(gamma, 2), major*major, F.exp(-(gamma*bend)))
    focal = other*F.weighted(lacks_soft, far*strong) + bend*faint*has_soft*own
    loss = F.weighted(weight, focal)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
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
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    own = F.select(F.ge(logits, 0), upper, lower)
    other = F.select(F.ge(logits, 0), lower, upper)
    far = bend + reach
    scaled = F.weighted(gamma, far)
    lost = gamma*F.two_sum_error(reach, bend) + F.two_prod_error(gamma, far) - F.weighted(gamma_lo, -far)
    faint = F.select(F.eq(gamma, 2), minor*minor, (1 + F.max(-lost, -1))*F.exp(-scaled))
    strong = F.select(F.eq(gamma, 2), major*major, F.exp(-(gamma*bend)))
    focal = other*F.weighted(lacks_soft, far*strong) + bend*faint*has_soft*own
    loss = F.weighted(weight, focal)
    focal_bar = loss_bar*weight
    strong_bar = far*focal_bar*lacks_soft*other
    faint_bar = bend*focal_bar*has_soft*own
    far_bar = focal_bar*lacks_soft*other*strong
    has_soft_bar = bend*faint*focal_bar*own
    lacks_soft_bar = far*focal_bar*other*strong
    has_bar = F.select(F.eq(smoothing, 0), has_soft_bar, has_soft_bar*keep)
    lacks_bar = F.select(F.eq(smoothing, 0), lacks_soft_bar, keep*lacks_soft_bar)
    bend_bar = faint*focal_bar*has_soft*own
    logits_bar_unmasked = far_bar*major*sign + attached*(gamma*minor*sign*strong*strong_bar) - bend_bar*minor*sign - attached*(gamma*faint*faint_bar*major*sign)
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = F.select(F.ge(logits, 0), has_bar, -has_bar) + F.select(F.ge(logits, 0), -lacks_bar, lacks_bar)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, weight, loss_bar, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
    """Return loss and gradient, plain form."""
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
