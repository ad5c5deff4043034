"""Sigmoid focal loss: value, gradient and Hessian-vector product in NumPy.

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

import numpy as np

CONSTANTS = ("smoothing", "gamma", "gamma_lo", "attached", "on_positives", "on_negatives", "alpha",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)


def power(x, g):
    """Return x**g for x >= 0; at 0 it is 1 where g = 0, and 0 for every other g."""
    zero = x == 0.0
    at0 = np.where(g == 0.0, 1.0, 0.0)
    base = np.where(zero, 1.0, x)
    return np.where(zero, at0, np.where(g == 2.0, base*base, np.power(base, g)))


def two_sum_error(a, b):
    """Return (a + b) - fl(a + b), exactly (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


def two_prod_error(a, b):
    """Return a*b - fl(a*b), exactly unless a product leaves the range (Dekker)."""
    p = a*b
    s = 134217729.0*a
    a_high = s - (s - a)
    a_low = a - a_high
    t = 134217729.0*b
    b_high = t - (t - b)
    b_low = b - b_high
    return ((a_high*b_high - p) + a_high*b_low + a_low*b_high) + a_low*b_low


def value(logits, target, weight, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return loss, one an item."""
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    keep = 1.0 - smoothing
    lacks_soft = np.where((smoothing == 0.0), lacks, keep*lacks + 0.5*smoothing)  # smoothed
    bce = weighted(lacks_soft, reach) + bend  # cross-entropy: terms >= 0
    miss = -np.expm1(-bce)  # 1 - p_t
    far = bend + reach  # -log minor; that of major is bend
    scaled = weighted(gamma, far)
    lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted(gamma_lo, -far)
    factor = np.where((lacks_soft == 0.0), (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled), np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss))))  # modulator
    focal = bce*factor
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    return loss


def grad(logits, target, weight, loss_bar, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return loss, then its derivative by every column times loss_bar."""
    sign = np.where((logits >= 0.0), 1.0, -1.0)  # side of the logit; that of 0 is 1
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
    chance = np.exp(-bce)  # p_t of a hard target
    miss = -np.expm1(-bce)  # 1 - p_t
    far = bend + reach  # -log minor; that of major is bend
    scaled = weighted(gamma, far)
    lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted(gamma_lo, -far)
    factor = np.where((lacks_soft == 0.0), (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled), np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss))))  # modulator
    focal = bce*factor
    steep = ratio(bce, miss, 1.0)  # at least 1
    felt = weighted(chance, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by the cross-entropy
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    bce_bar = focal_bar*pull
    logits_bar_unmasked = bce_bar*lean*major*sign
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = (upper - lower)*balance_bar - bce_bar*keep*logits
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
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
    chance = np.exp(-bce)  # p_t of a hard target
    miss = -np.expm1(-bce)  # 1 - p_t
    far = bend + reach  # -log minor; that of major is bend
    scaled = weighted(gamma, far)
    lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted(gamma_lo, -far)
    factor = np.where((lacks_soft == 0.0), (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled), np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss))))  # modulator
    steep = ratio(bce, miss, 1.0)  # at least 1
    felt = weighted(chance, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by the cross-entropy
    sharp = power(miss, -1.0 + gamma)  # the power less 1
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    focal_bar = balance*loss_bar*weight
    bce_bar = focal_bar*pull
    tail_dot = -(logits_dot*sign*tail)
    major_dot = logits_dot*major*minor*sign
    lacks_dot = target_dot*np.where((logits >= 0.0), -1.0, 1.0)
    has_dot = sign*target_dot
    lacks_soft_dot = lacks_dot*np.where((smoothing == 0.0), 1.0, keep)
    has_soft_dot = has_dot*np.where((smoothing == 0.0), 1.0, keep)
    bce_dot = lean*logits_dot*major*sign - keep*logits*target_dot
    lean_dot = lacks_soft_dot - has_soft*tail_dot - has_soft_dot*tail
    focal_dot = bce_dot*pull
    pull_dot = np.where(attached == 0.0, 0.0, gamma*bce_dot*sharp*weighted(chance, 2.0 + (-1.0 + gamma)*felt - bce))
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    bce_bar_dot = focal_bar*pull_dot + focal_bar_dot*pull
    logits_bar_unmasked_dot = bce_bar*lean*major_dot*sign + bce_bar*lean_dot*major*sign + bce_bar_dot*lean*major*sign
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (upper - lower)*balance_bar_dot - bce_bar*keep*logits_dot - bce_bar_dot*keep*logits
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, weight, loss_bar, smoothing, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return every quantity of the plain program and its adjoint, by name."""
    wanted = (1.0 - smoothing)*target + 0.5*smoothing  # smoothed target
    bce = (1.0 - wanted)*np.log1p(np.exp(logits)) + wanted*np.log1p(np.exp(-logits))  # cross-entropy
    chance = np.exp(-bce)  # p_t of a hard target
    factor = power(1.0 - chance, gamma)  # modulator
    focal = factor*bce
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = np.where(attached == 0.0, 0.0, bce*focal_bar)
    chance_bar = -(factor_bar*weighted(gamma, power(1.0 - chance, -1.0 + gamma)))
    bce_bar = factor*focal_bar - chance_bar*np.exp(-bce)
    wanted_bar = (np.log1p(np.exp(-logits)) - np.log1p(np.exp(logits)))*bce_bar
    logits_bar = ((1.0 - wanted)*np.exp(logits)/(1.0 + np.exp(logits)) - wanted*np.exp(-logits)/(1.0 + np.exp(-logits)))*bce_bar
    target_bar = (1.0 - smoothing)*wanted_bar + (upper - lower)*balance_bar
    return {
        "wanted": wanted,
        "bce": bce,
        "chance": chance,
        "factor": factor,
        "focal": focal,
        "upper": upper,
        "lower": lower,
        "balance": balance,
        "loss": loss,
        "balance_bar": balance_bar,
        "focal_bar": focal_bar,
        "factor_bar": factor_bar,
        "chance_bar": chance_bar,
        "bce_bar": bce_bar,
        "wanted_bar": wanted_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
