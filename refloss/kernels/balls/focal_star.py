"""Focal star, FL*: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -weight alpha_t log sigmoid(gamma x_t + beta)/gamma,  x_t = (2 target - 1) logits

Subgradients
    none: the loss is smooth.

Constants
    gamma: factor of the logit (default 1.0)
    gamma_lo: what gamma lacks (default 0.0)
    beta: added to it (default 0.0)
    beta_lo: what beta lacks (default 0.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 1.0)
    alpha: factor of the elements that alpha_side names (default 1.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, appendix A.
"""


def value(F, logits, target, weight, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return the loss of the stable program."""
    gamma_lo = F.rational(0, 1)
    beta_lo = F.rational(0, 1)
    turn = 2*target - 1
    toward = logits*turn
    scaled = gamma*toward
    level = scaled + beta
    lost = gamma*(logits*F.two_diff_error(2*target, 1) + F.two_prod_error(turn, logits)) + F.two_prod_error(gamma, toward) + F.two_sum_error(scaled, beta) - F.weighted(gamma_lo, -toward) + beta_lo
    right = F.select(F.ge(level, 0), 1, -1)
    tail = (1 + F.max(-(lost*right), -1))*F.exp(-F.abs(level))
    most = F.select(F.ge(level, 0), 0, -level - lost)
    focal = (F.log1p(tail) + most)/gamma
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, logits, target, weight, loss_bar, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return the loss and the stable gradient."""
    gamma_lo = F.rational(0, 1)
    beta_lo = F.rational(0, 1)
    turn = 2*target - 1
    toward = logits*turn
    scaled = gamma*toward
    level = scaled + beta
    lost = gamma*(logits*F.two_diff_error(2*target, 1) + F.two_prod_error(turn, logits)) + F.two_prod_error(gamma, toward) + F.two_sum_error(scaled, beta) - F.weighted(gamma_lo, -toward) + beta_lo
    right = F.select(F.ge(level, 0), 1, -1)
    tail = (1 + F.max(-(lost*right), -1))*F.exp(-F.abs(level))
    most = F.select(F.ge(level, 0), 0, -level - lost)
    focal = (F.log1p(tail) + most)/gamma
    miss = F.select(F.ge(level, 0), tail, 1)/(1 + tail)
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    toward_bar = -(focal_bar*miss)
    logits_bar_unmasked = toward_bar*turn
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar + 2*logits*toward_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, weight, loss_bar, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return loss and gradient, plain form."""
    toward = (2*target - 1)*logits
    focal = F.log1p(F.exp(-gamma*toward - beta))/gamma
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    toward_bar = -(focal_bar*F.exp(-gamma*toward - beta)/(1 + F.exp(-gamma*toward - beta)))
    logits_bar_unmasked = (2*target - 1)*toward_bar
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar + 2*logits*toward_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar
