"""Quality focal loss: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    beta_lo = F.rational(0, 1)
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
    apart = F.abs(lean)*major
    factor = F.select(F.eq(beta_lo, 0), F.raised(apart, beta), F.weighted(F.raised(apart, beta), 1 + beta_lo*F.log(apart)))
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, logits, target, weight, loss_bar, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss and the stable gradient."""
    beta_lo = F.rational(0, 1)
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
    apart = F.abs(lean)*major
    side = sign*F.select(F.ge(lean, 0), 1, -1)
    factor = F.select(F.eq(beta_lo, 0), F.raised(apart, beta), F.weighted(F.raised(apart, beta), 1 + beta_lo*F.log(apart)))
    focal = F.gate(factor, attached)*bce
    width = major*minor
    rise = F.weighted(beta, F.raised(apart, -1 + beta))
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    apart_bar = factor_bar*rise
    bce_bar = F.gate(factor, attached)*focal_bar
    logits_bar_unmasked = apart_bar*side*width + bce_bar*lean*major*sign
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar - apart_bar*side - bce_bar*keep*logits
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, weight, loss_bar, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return loss and gradient, plain form."""
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
