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

import numpy as np

CONSTANTS = ("smoothing", "on_positives", "on_negatives", "alpha", "gamma", "gamma_lo", "attached",)


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


def value(logits, target, weight, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
    """Return loss, one an item."""
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
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    own = np.where((logits >= 0.0), upper, lower)  # factor of the logit's side
    other = np.where((logits >= 0.0), lower, upper)  # of the other
    far = bend + reach  # -log minor; that of major is bend
    scaled = weighted(gamma, far)
    lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted(gamma_lo, -far)
    faint = np.where((gamma == 2.0), minor*minor, (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled))  # modulator, logit right
    strong = np.where((gamma == 2.0), major*major, np.exp(-(gamma*bend)))  # modulator, logit wrong
    focal = other*weighted(lacks_soft, far*strong) + bend*faint*has_soft*own
    loss = weighted(weight, focal)
    return loss


def grad(logits, target, weight, loss_bar, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
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
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    own = np.where((logits >= 0.0), upper, lower)  # factor of the logit's side
    other = np.where((logits >= 0.0), lower, upper)  # of the other
    far = bend + reach  # -log minor; that of major is bend
    scaled = weighted(gamma, far)
    lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted(gamma_lo, -far)
    faint = np.where((gamma == 2.0), minor*minor, (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled))  # modulator, logit right
    strong = np.where((gamma == 2.0), major*major, np.exp(-(gamma*bend)))  # modulator, logit wrong
    focal = other*weighted(lacks_soft, far*strong) + bend*faint*has_soft*own
    loss = weighted(weight, focal)
    focal_bar = loss_bar*weight
    strong_bar = far*focal_bar*lacks_soft*other
    faint_bar = bend*focal_bar*has_soft*own
    far_bar = focal_bar*lacks_soft*other*strong
    has_soft_bar = bend*faint*focal_bar*own
    lacks_soft_bar = far*focal_bar*other*strong
    has_bar = np.where((smoothing == 0.0), has_soft_bar, has_soft_bar*keep)
    lacks_bar = np.where((smoothing == 0.0), lacks_soft_bar, keep*lacks_soft_bar)
    bend_bar = faint*focal_bar*has_soft*own
    logits_bar_unmasked = far_bar*major*sign + np.where(attached == 0.0, 0.0, gamma*minor*sign*strong*strong_bar) - bend_bar*minor*sign - np.where(attached == 0.0, 0.0, gamma*faint*faint_bar*major*sign)
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = np.where((logits >= 0.0), has_bar, -has_bar) + np.where((logits >= 0.0), -lacks_bar, lacks_bar)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, weight, loss_bar, logits_dot, target_dot, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
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
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    own = np.where((logits >= 0.0), upper, lower)  # factor of the logit's side
    other = np.where((logits >= 0.0), lower, upper)  # of the other
    far = bend + reach  # -log minor; that of major is bend
    scaled = weighted(gamma, far)
    lost = gamma*two_sum_error(reach, bend) + two_prod_error(gamma, far) - weighted(gamma_lo, -far)
    faint = np.where((gamma == 2.0), minor*minor, (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled))  # modulator, logit right
    strong = np.where((gamma == 2.0), major*major, np.exp(-(gamma*bend)))  # modulator, logit wrong
    focal_bar = loss_bar*weight
    strong_bar = far*focal_bar*lacks_soft*other
    faint_bar = bend*focal_bar*has_soft*own
    far_bar = focal_bar*lacks_soft*other*strong
    bend_bar = faint*focal_bar*has_soft*own
    bend_dot = -(logits_dot*minor*sign)
    major_dot = logits_dot*major*minor*sign
    minor_dot = -(logits_dot*major*minor*sign)
    lacks_dot = target_dot*np.where((logits >= 0.0), -1.0, 1.0)
    has_dot = sign*target_dot
    lacks_soft_dot = lacks_dot*np.where((smoothing == 0.0), 1.0, keep)
    has_soft_dot = has_dot*np.where((smoothing == 0.0), 1.0, keep)
    far_dot = logits_dot*major*sign
    faint_dot = np.where(attached == 0.0, 0.0, -(gamma*faint*logits_dot*major*sign))
    strong_dot = np.where(attached == 0.0, 0.0, gamma*logits_dot*minor*sign*strong)
    strong_bar_dot = far*focal_bar*lacks_soft_dot*other + far_dot*focal_bar*lacks_soft*other
    faint_bar_dot = bend*focal_bar*has_soft_dot*own + bend_dot*focal_bar*has_soft*own
    far_bar_dot = focal_bar*lacks_soft*other*strong_dot + focal_bar*lacks_soft_dot*other*strong
    has_soft_bar_dot = bend*faint_dot*focal_bar*own + bend_dot*faint*focal_bar*own
    lacks_soft_bar_dot = far*focal_bar*other*strong_dot + far_dot*focal_bar*other*strong
    has_bar_dot = has_soft_bar_dot*np.where((smoothing == 0.0), 1.0, keep)
    lacks_bar_dot = lacks_soft_bar_dot*np.where((smoothing == 0.0), 1.0, keep)
    bend_bar_dot = faint*focal_bar*has_soft_dot*own + faint_dot*focal_bar*has_soft*own
    logits_bar_unmasked_dot = (far_bar*sign - np.where(attached == 0.0, 0.0, gamma*faint*faint_bar*sign))*major_dot + (np.where(attached == 0.0, 0.0, gamma*sign*strong*strong_bar) - bend_bar*sign)*minor_dot + far_bar_dot*major*sign + np.where(attached == 0.0, 0.0, gamma*minor*sign*strong*strong_bar_dot) + np.where(attached == 0.0, 0.0, gamma*minor*sign*strong_bar*strong_dot) - bend_bar_dot*minor*sign - np.where(attached == 0.0, 0.0, gamma*faint*faint_bar_dot*major*sign) - np.where(attached == 0.0, 0.0, gamma*faint_bar*faint_dot*major*sign)
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = lacks_bar_dot*np.where((logits >= 0.0), -1.0, 1.0) + has_bar_dot*sign
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, weight, loss_bar, smoothing, on_positives, on_negatives, alpha, gamma, gamma_lo, attached):
    """Return every quantity of the plain program and its adjoint, by name."""
    wanted = (1.0 - smoothing)*target + 0.5*smoothing  # smoothed target
    bce = (1.0 - wanted)*np.log1p(np.exp(logits)) + wanted*np.log1p(np.exp(-logits))  # cross-entropy
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    prob = 1.0/(1.0 + np.exp(-logits))  # sigmoid
    positive_factor = power(1.0 - prob, gamma)  # modulator
    negative_factor = power(prob, gamma)  # modulator
    focal = (1.0 - wanted)*negative_factor*lower*np.log1p(np.exp(logits)) + positive_factor*upper*wanted*np.log1p(np.exp(-logits))
    loss = weighted(weight, focal)
    focal_bar = loss_bar*weight
    negative_factor_bar = np.where(attached == 0.0, 0.0, (1.0 - wanted)*focal_bar*lower*np.log1p(np.exp(logits)))
    positive_factor_bar = np.where(attached == 0.0, 0.0, focal_bar*upper*wanted*np.log1p(np.exp(-logits)))
    prob_bar = negative_factor_bar*weighted(gamma, power(prob, -1.0 + gamma)) - positive_factor_bar*weighted(gamma, power(1.0 - prob, -1.0 + gamma))
    wanted_bar = (positive_factor*upper*np.log1p(np.exp(-logits)) - negative_factor*lower*np.log1p(np.exp(logits)))*focal_bar
    logits_bar = ((1.0 - wanted)*negative_factor*lower*np.exp(logits)/(1.0 + np.exp(logits)) - positive_factor*upper*wanted*np.exp(-logits)/(1.0 + np.exp(-logits)))*focal_bar + prob_bar*np.exp(-logits)/((1.0 + np.exp(-logits))*(1.0 + np.exp(-logits)))
    target_bar = (1.0 - smoothing)*wanted_bar
    return {
        "wanted": wanted,
        "bce": bce,
        "upper": upper,
        "lower": lower,
        "balance": balance,
        "prob": prob,
        "positive_factor": positive_factor,
        "negative_factor": negative_factor,
        "focal": focal,
        "loss": loss,
        "focal_bar": focal_bar,
        "negative_factor_bar": negative_factor_bar,
        "positive_factor_bar": positive_factor_bar,
        "prob_bar": prob_bar,
        "wanted_bar": wanted_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
