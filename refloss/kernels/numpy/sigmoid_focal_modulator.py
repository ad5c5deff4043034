"""Sigmoid focal loss: value, gradient and Hessian-vector product in NumPy.

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

import numpy as np

CONSTANTS = ("gamma", "gamma_lo",)


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


def value(logits, target, weight, gamma, gamma_lo):
    """Return loss, one an item."""
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    mass = has*tail + lacks  # 1 - p_t, but for a factor 1 + tail
    deep = np.where((lacks == 0.0), reach, -np.log(mass))  # -log mass
    depth = bend + deep  # -log(1 - p_t): two terms >= 0
    scaled = weighted(gamma, depth)
    lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted(gamma_lo, -depth)  # rounding errors of the exponent
    factor = (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled)  # modulator
    loss = weighted(weight, factor)
    return loss


def grad(logits, target, weight, loss_bar, gamma, gamma_lo):
    """Return loss, then its derivative by every column times loss_bar."""
    sign = np.where((logits >= 0.0), 1.0, -1.0)  # side of the logit; that of 0 is 1
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    major = 1.0/(1.0 + tail)  # the larger of p and 1 - p
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    fall = -np.expm1(-reach)  # 1 - tail
    mass = has*tail + lacks  # 1 - p_t, but for a factor 1 + tail
    deep = np.where((lacks == 0.0), reach, -np.log(mass))  # -log mass
    depth = bend + deep  # -log(1 - p_t): two terms >= 0
    scaled = weighted(gamma, depth)
    lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted(gamma_lo, -depth)  # rounding errors of the exponent
    factor = (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled)  # modulator
    odds = ratio(tail, mass, 1.0)  # at most 1 of a hard target
    tilt = lacks - has
    turn = fall*sign
    swing = gamma*major*odds*sign*tilt  # derivative of log factor
    grade = factor*swing  # derivative by the logit
    lift = weighted(gamma, np.exp(-(gamma*bend))*np.exp(weighted(1.0 - gamma, deep)))  # gamma factor/mass^1
    loss = weighted(weight, factor)
    factor_bar = loss_bar*weight
    logits_bar_unmasked = factor_bar*grade
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = weighted(factor_bar, -(lift*turn))
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo):
    """Return the derivative of the gradient along the `_dot` columns."""
    sign = np.where((logits >= 0.0), 1.0, -1.0)  # side of the logit; that of 0 is 1
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    major = 1.0/(1.0 + tail)  # the larger of p and 1 - p
    minor = tail/(1.0 + tail)  # the smaller
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    fall = -np.expm1(-reach)  # 1 - tail
    mass = has*tail + lacks  # 1 - p_t, but for a factor 1 + tail
    deep = np.where((lacks == 0.0), reach, -np.log(mass))  # -log mass
    depth = bend + deep  # -log(1 - p_t): two terms >= 0
    scaled = weighted(gamma, depth)
    lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted(gamma_lo, -depth)  # rounding errors of the exponent
    factor = (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled)  # modulator
    odds = ratio(tail, mass, 1.0)  # at most 1 of a hard target
    tilt = lacks - has
    turn = fall*sign
    swing = gamma*major*odds*sign*tilt  # derivative of log factor
    lift = weighted(gamma, np.exp(-(gamma*bend))*np.exp(weighted(1.0 - gamma, deep)))  # gamma factor/mass^1
    peak = weighted(gamma, np.exp(-(gamma*bend))*np.exp(weighted(2.0 - gamma, deep)))  # gamma factor/mass^2
    factor_bar = loss_bar*weight
    fall_dot = logits_dot*sign*tail
    turn_dot = fall_dot*sign
    grade_dot = (gamma*(minor - ratio(lacks, mass, 0.0))*major*odds*tilt + swing*swing)*factor*logits_dot + weighted(target_dot, -lift*tail - (has*odds*sign + swing)*lift*turn)
    lift_dot = (has*odds*sign + swing)*lift*logits_dot + weighted(target_dot, (1.0 - gamma)*peak*turn)
    logits_bar_unmasked_dot = factor_bar*grade_dot
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = -factor_bar*lift*turn_dot - factor_bar*lift_dot*turn
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, weight, loss_bar, gamma, gamma_lo):
    """Return every quantity of the plain program and its adjoint, by name."""
    wanted = target  # smoothed target
    bce = (1.0 - wanted)*np.log1p(np.exp(logits)) + wanted*np.log1p(np.exp(-logits))  # cross-entropy
    prob = 1.0/(1.0 + np.exp(-logits))  # sigmoid
    chance = (1.0 - prob)*(1.0 - target) + prob*target  # p_t
    factor = power(1.0 - chance, gamma)  # modulator
    loss = weighted(weight, factor)
    factor_bar = loss_bar*weight
    chance_bar = -(factor_bar*weighted(gamma, power(1.0 - chance, -1.0 + gamma)))
    prob_bar = (2.0*target - 1.0)*chance_bar
    logits_bar = prob_bar*np.exp(-logits)/((1.0 + np.exp(-logits))*(1.0 + np.exp(-logits)))
    target_bar = (2.0*prob - 1.0)*chance_bar
    return {
        "wanted": wanted,
        "bce": bce,
        "prob": prob,
        "chance": chance,
        "factor": factor,
        "loss": loss,
        "factor_bar": factor_bar,
        "chance_bar": chance_bar,
        "prob_bar": prob_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
