"""Quality focal loss: value, gradient and Hessian-vector product in NumPy.

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

import numpy as np

CONSTANTS = ("smoothing", "beta", "beta_lo", "attached", "on_positives", "on_negatives", "alpha",)


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def power(x, g):
    """Return x**g for x >= 0; at 0 it is 1 where g = 0, and 0 for every other g."""
    zero = x == 0.0
    at0 = np.where(g == 0.0, 1.0, 0.0)
    base = np.where(zero, 1.0, x)
    return np.where(zero, at0, np.where(g == 2.0, base*base, np.power(base, g)))


def value(logits, target, weight, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return loss, one an item."""
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    major = 1.0/(1.0 + tail)  # the larger of p and 1 - p
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    keep = 1.0 - smoothing
    lacks_soft = np.where((smoothing == 0.0), lacks, keep*lacks + 0.5*smoothing)  # smoothed
    has_soft = np.where((smoothing == 0.0), has, has*keep + 0.5*smoothing)  # smoothed
    bce = weighted(lacks_soft, reach) + bend  # cross-entropy: terms >= 0
    lean = lacks_soft - has_soft*tail
    apart = np.abs(lean)*major  # distance of prediction and target
    factor = np.where((beta_lo == 0.0), power(apart, beta), weighted(power(apart, beta), 1.0 + beta_lo*np.log(apart)))  # modulator
    focal = factor*bce
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    return loss


def grad(logits, target, weight, loss_bar, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return loss, then its derivative by every column times loss_bar."""
    sign = np.where((logits >= 0.0), 1.0, -1.0)  # side of the logit; that of 0 is 1
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    major = 1.0/(1.0 + tail)  # the larger of p and 1 - p
    minor = tail/(1.0 + tail)  # the smaller
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    keep = 1.0 - smoothing
    lacks_soft = np.where((smoothing == 0.0), lacks, keep*lacks + 0.5*smoothing)  # smoothed
    has_soft = np.where((smoothing == 0.0), has, has*keep + 0.5*smoothing)  # smoothed
    bce = weighted(lacks_soft, reach) + bend  # cross-entropy: terms >= 0
    lean = lacks_soft - has_soft*tail
    apart = np.abs(lean)*major  # distance of prediction and target
    side = sign*np.where((lean >= 0.0), 1.0, -1.0)  # sign of prediction minus target
    factor = np.where((beta_lo == 0.0), power(apart, beta), weighted(power(apart, beta), 1.0 + beta_lo*np.log(apart)))  # modulator
    focal = factor*bce
    width = major*minor  # p (1 - p)
    rise = weighted(beta, power(apart, -1.0 + beta))
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = np.where(attached == 0.0, 0.0, bce*focal_bar)
    apart_bar = factor_bar*rise
    bce_bar = factor*focal_bar
    logits_bar_unmasked = apart_bar*side*width + bce_bar*lean*major*sign
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar - apart_bar*side - bce_bar*keep*logits
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return the derivative of the gradient along the `_dot` columns."""
    sign = np.where((logits >= 0.0), 1.0, -1.0)  # side of the logit; that of 0 is 1
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    major = 1.0/(1.0 + tail)  # the larger of p and 1 - p
    minor = tail/(1.0 + tail)  # the smaller
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    keep = 1.0 - smoothing
    lacks_soft = np.where((smoothing == 0.0), lacks, keep*lacks + 0.5*smoothing)  # smoothed
    has_soft = np.where((smoothing == 0.0), has, has*keep + 0.5*smoothing)  # smoothed
    bce = weighted(lacks_soft, reach) + bend  # cross-entropy: terms >= 0
    lean = lacks_soft - has_soft*tail
    fall = -np.expm1(-reach)  # 1 - tail
    apart = np.abs(lean)*major  # distance of prediction and target
    side = sign*np.where((lean >= 0.0), 1.0, -1.0)  # sign of prediction minus target
    factor = np.where((beta_lo == 0.0), power(apart, beta), weighted(power(apart, beta), 1.0 + beta_lo*np.log(apart)))  # modulator
    width = major*minor  # p (1 - p)
    rise = weighted(beta, power(apart, -1.0 + beta))
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    focal_bar = balance*loss_bar*weight
    factor_bar = np.where(attached == 0.0, 0.0, bce*focal_bar)
    apart_bar = factor_bar*rise
    bce_bar = factor*focal_bar
    tail_dot = -(logits_dot*sign*tail)
    major_dot = logits_dot*major*minor*sign
    lacks_dot = target_dot*np.where((logits >= 0.0), -1.0, 1.0)
    has_dot = sign*target_dot
    lacks_soft_dot = lacks_dot*np.where((smoothing == 0.0), 1.0, keep)
    has_soft_dot = has_dot*np.where((smoothing == 0.0), 1.0, keep)
    bce_dot = lean*logits_dot*major*sign - keep*logits*target_dot
    lean_dot = lacks_soft_dot - has_soft*tail_dot - has_soft_dot*tail
    apart_dot = logits_dot*side*width - side*target_dot
    factor_dot = apart_dot*rise
    focal_dot = factor*bce_dot + np.where(attached == 0.0, 0.0, bce*factor_dot)
    width_dot = -(fall*logits_dot*major*sign*width)
    rise_dot = apart_dot*weighted(beta*(-1.0 + beta), power(apart, -2.0 + beta))
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    factor_bar_dot = np.where(attached == 0.0, 0.0, bce*focal_bar_dot) + np.where(attached == 0.0, 0.0, bce_dot*focal_bar)
    apart_bar_dot = factor_bar*rise_dot + factor_bar_dot*rise
    bce_bar_dot = factor*focal_bar_dot + np.where(attached == 0.0, 0.0, factor_dot*focal_bar)
    logits_bar_unmasked_dot = apart_bar*side*width_dot + apart_bar_dot*side*width + bce_bar*lean*major_dot*sign + bce_bar*lean_dot*major*sign + bce_bar_dot*lean*major*sign
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (upper - lower)*balance_bar_dot - apart_bar_dot*side - bce_bar*keep*logits_dot - bce_bar_dot*keep*logits
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, weight, loss_bar, smoothing, beta, beta_lo, attached, on_positives, on_negatives, alpha):
    """Return every quantity of the plain program and its adjoint, by name."""
    wanted = (1.0 - smoothing)*target + 0.5*smoothing  # smoothed target
    bce = (1.0 - wanted)*np.log1p(np.exp(logits)) + wanted*np.log1p(np.exp(-logits))  # cross-entropy
    prob = 1.0/(1.0 + np.exp(-logits))  # sigmoid
    apart = np.abs(prob - target)  # distance of prediction and target
    factor = power(apart, beta)  # modulator
    focal = factor*bce
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = np.where(attached == 0.0, 0.0, bce*focal_bar)
    apart_bar = factor_bar*weighted(beta, power(apart, -1.0 + beta))
    prob_bar = (2.0*np.heaviside(prob - target, 0.5) - 1.0)*apart_bar
    bce_bar = factor*focal_bar
    wanted_bar = (np.log1p(np.exp(-logits)) - np.log1p(np.exp(logits)))*bce_bar
    logits_bar = ((1.0 - wanted)*np.exp(logits)/(1.0 + np.exp(logits)) - wanted*np.exp(-logits)/(1.0 + np.exp(-logits)))*bce_bar + prob_bar*np.exp(-logits)/((1.0 + np.exp(-logits))*(1.0 + np.exp(-logits)))
    target_bar = (1.0 - smoothing)*wanted_bar + (2.0*np.heaviside(target - prob, 0.5) - 1.0)*apart_bar + (upper - lower)*balance_bar
    return {
        "wanted": wanted,
        "bce": bce,
        "prob": prob,
        "apart": apart,
        "factor": factor,
        "focal": focal,
        "upper": upper,
        "lower": lower,
        "balance": balance,
        "loss": loss,
        "balance_bar": balance_bar,
        "focal_bar": focal_bar,
        "factor_bar": factor_bar,
        "apart_bar": apart_bar,
        "prob_bar": prob_bar,
        "bce_bar": bce_bar,
        "wanted_bar": wanted_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
