"""Focal star, FL*: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
    toward = (2*target - 1)*logits
    focal = F.log1p(F.exp(-gamma*toward - beta))/gamma
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, logits, target, weight, loss_bar, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return the loss and the derived gradient."""
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


def hvp(F, logits, target, weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo, beta, beta_lo, on_positives, on_negatives, alpha):
    """Return the derived Hessian-vector product."""
    toward = (2*target - 1)*logits
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - target)*lower + target*upper
    focal_bar = balance*loss_bar*weight
    toward_bar = -(focal_bar*F.exp(-gamma*toward - beta)/(1 + F.exp(-gamma*toward - beta)))
    toward_dot = (2*target - 1)*logits_dot + 2*logits*target_dot
    focal_dot = -(toward_dot*F.exp(-gamma*toward - beta)/(1 + F.exp(-gamma*toward - beta)))
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    toward_bar_dot = (gamma*focal_bar*F.exp(-gamma*toward - beta)/(1 + F.exp(-gamma*toward - beta)) - gamma*focal_bar*F.exp(-2*gamma*toward - 2*beta)/((1 + F.exp(-gamma*toward - beta))*(1 + F.exp(-gamma*toward - beta))))*toward_dot - focal_bar_dot*F.exp(-gamma*toward - beta)/(1 + F.exp(-gamma*toward - beta))
    logits_bar_unmasked_dot = (2*target - 1)*toward_bar_dot + 2*target_dot*toward_bar
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (upper - lower)*balance_bar_dot + 2*logits*toward_bar_dot + 2*logits_dot*toward_bar
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
