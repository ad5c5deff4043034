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

import numpy as np

CONSTANTS = ("gamma", "gamma_lo", "attached", "epsilon", "poly_balanced", "smoothing", "on_positives", "on_negatives", "alpha",)


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


def value(logits, target, weight, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
    """Return loss, one an item."""
    reach = np.abs(logits)
    tail = np.exp(-reach)  # at most 1
    bend = np.log1p(tail)
    major = 1.0/(1.0 + tail)  # the larger of p and 1 - p
    lacks = np.where((logits >= 0.0), 1.0 - target, target)  # share of the other side
    has = np.where((logits >= 0.0), target, 1.0 - target)  # share of the logit's side
    keep = 1.0 - smoothing
    lacks_soft = np.where((smoothing == 0.0), lacks, keep*lacks + 0.5*smoothing)  # smoothed
    bce = weighted(lacks_soft, reach) + bend  # cross-entropy: terms >= 0
    mass = has*tail + lacks  # 1 - p_t, but for a factor 1 + tail
    deep = np.where((lacks == 0.0), reach, -np.log(mass))  # -log mass
    depth = bend + deep  # -log(1 - p_t): two terms >= 0
    scaled = weighted(gamma, depth)
    lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted(gamma_lo, -depth)  # rounding errors of the exponent
    missed = major*mass  # 1 - p_t
    factor = np.where((gamma == 2.0), missed*missed, (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled))  # modulator
    focal = bce*factor
    poly = np.where((epsilon == 0.0), 0.0, factor*missed)  # polynomial term
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal + np.where((epsilon == 0.0), 0.0, epsilon*poly*np.where((poly_balanced == 0.0), 1.0, balance)))
    return loss


def grad(logits, target, weight, loss_bar, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
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
    fall = -np.expm1(-reach)  # 1 - tail
    mass = has*tail + lacks  # 1 - p_t, but for a factor 1 + tail
    deep = np.where((lacks == 0.0), reach, -np.log(mass))  # -log mass
    depth = bend + deep  # -log(1 - p_t): two terms >= 0
    scaled = weighted(gamma, depth)
    lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted(gamma_lo, -depth)  # rounding errors of the exponent
    missed = major*mass  # 1 - p_t
    factor = np.where((gamma == 2.0), missed*missed, (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled))  # modulator
    focal = bce*factor
    odds = ratio(tail, mass, 1.0)  # at most 1 of a hard target
    tilt = lacks - has
    heft = np.where((gamma == 2.0), 2.0*weighted(major*missed*tail, bce), gamma*weighted(odds, focal))  # gamma focal odds
    push = factor*lean
    pull = np.where(attached == 0.0, 0.0, heft*tilt) + push
    steep = ratio(bend, mass, 1.0)  # at most 1
    lift = weighted(gamma, np.exp(-(gamma*bend))*np.exp(weighted(1.0 - gamma, deep)))  # gamma factor/mass^1
    keen = gamma*factor*steep + weighted(lacks_soft, lift*reach)  # gamma focal/mass
    poly = np.where((epsilon == 0.0), 0.0, factor*missed)  # polynomial term
    width = major*minor  # p (1 - p)
    flat = factor*width
    away = factor*fall*major
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal + np.where((epsilon == 0.0), 0.0, epsilon*poly*np.where((poly_balanced == 0.0), 1.0, balance)))
    balance_bar = (np.where((epsilon == 0.0), 0.0, epsilon*poly*np.where((poly_balanced == 0.0), 0.0, 1.0)) + focal)*loss_bar*weight
    poly_bar = np.where((epsilon == 0.0), 0.0, np.where((poly_balanced == 0.0), epsilon*loss_bar*weight, epsilon*balance*loss_bar*weight))
    focal_bar = balance*loss_bar*weight
    logits_bar0 = focal_bar*major*pull*sign
    target_bar0 = (-factor*keep*logits - np.where(attached == 0.0, 0.0, fall*keen*sign))*focal_bar + (upper - lower)*balance_bar
    logits_bar_unmasked = np.where((epsilon == 0.0), logits_bar0, (1.0 + np.where(attached == 0.0, 0.0, gamma))*flat*poly_bar*sign*tilt + logits_bar0)
    logits_bar = np.where((weight == 0.0), 0.0, logits_bar_unmasked)
    target_bar_unmasked = np.where((epsilon == 0.0), target_bar0, (-1.0 - np.where(attached == 0.0, 0.0, gamma))*away*poly_bar*sign + target_bar0)
    target_bar = np.where((weight == 0.0), 0.0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(logits, target, weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
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
    mass = has*tail + lacks  # 1 - p_t, but for a factor 1 + tail
    deep = np.where((lacks == 0.0), reach, -np.log(mass))  # -log mass
    depth = bend + deep  # -log(1 - p_t): two terms >= 0
    scaled = weighted(gamma, depth)
    lost = gamma*two_sum_error(deep, bend) + two_prod_error(gamma, depth) - weighted(gamma_lo, -depth)  # rounding errors of the exponent
    missed = major*mass  # 1 - p_t
    factor = np.where((gamma == 2.0), missed*missed, (1.0 + np.fmax(-lost, -1.0))*np.exp(-scaled))  # modulator
    focal = bce*factor
    odds = ratio(tail, mass, 1.0)  # at most 1 of a hard target
    tilt = lacks - has
    heft = np.where((gamma == 2.0), 2.0*weighted(major*missed*tail, bce), gamma*weighted(odds, focal))  # gamma focal odds
    push = factor*lean
    pull = np.where(attached == 0.0, 0.0, heft*tilt) + push
    steep = ratio(bend, mass, 1.0)  # at most 1
    lift = weighted(gamma, np.exp(-(gamma*bend))*np.exp(weighted(1.0 - gamma, deep)))  # gamma factor/mass^1
    peak = weighted(gamma, np.exp(-(gamma*bend))*np.exp(weighted(2.0 - gamma, deep)))  # gamma factor/mass^2
    keen = gamma*factor*steep + weighted(lacks_soft, lift*reach)  # gamma focal/mass
    crest = weighted(lacks_soft, peak*reach)  # gamma focal/mass^2, part of reach
    cliff = weighted(lacks_soft, reach*np.exp(deep)) + steep  # its quotient by lift
    edge = weighted(lacks_soft, lift) - gamma*factor*has_soft*odds  # gamma factor lean/mass
    width = major*minor  # p (1 - p)
    flat = factor*width
    away = factor*fall*major
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    poly_bar = np.where((epsilon == 0.0), 0.0, np.where((poly_balanced == 0.0), epsilon*loss_bar*weight, epsilon*balance*loss_bar*weight))
    focal_bar = balance*loss_bar*weight
    major_dot = logits_dot*major*minor*sign
    lacks_dot = target_dot*np.where((logits >= 0.0), -1.0, 1.0)
    has_dot = sign*target_dot
    fall_dot = logits_dot*sign*tail
    factor_dot = np.where(attached == 0.0, 0.0, gamma*factor*logits_dot*major*odds*sign*tilt) + weighted(target_dot, np.where(attached == 0.0, 0.0, -(fall*lift*sign)))
    focal_dot = (-factor*keep*logits - np.where(attached == 0.0, 0.0, fall*keen*sign))*target_dot + logits_dot*major*pull*sign
    tilt_dot = lacks_dot - has_dot
    heft_dot = (fall*keen*odds*sign - gamma*factor*keep*logits*odds - np.where(attached == 0.0, 0.0, gamma*fall*keen*odds*sign))*target_dot + gamma*logits_dot*major*odds*pull*sign - heft*logits_dot*sign*ratio(lacks, mass, 0.0)
    push_dot = (-(1.0 + tail)*factor*keep*sign - np.where(attached == 0.0, 0.0, edge*fall*sign))*target_dot + (factor*has_soft*sign*tail + np.where(attached == 0.0, 0.0, gamma*factor*lean*major*odds*sign*tilt))*logits_dot
    pull_dot = np.where(attached == 0.0, 0.0, heft*tilt_dot) + np.where(attached == 0.0, 0.0, heft_dot*tilt) + push_dot
    keen_dot = (edge*major*sign + has*keen*odds*sign + np.where(attached == 0.0, 0.0, gamma*keen*major*odds*sign*tilt))*logits_dot + weighted(target_dot, np.where((gamma < 1.0), ((fall*sign - np.where(attached == 0.0, 0.0, gamma*fall*sign))*cliff - keep*logits)*lift, (fall*sign - np.where(attached == 0.0, 0.0, gamma*fall*sign))*(lift*steep + crest) - keep*lift*logits))
    poly_dot = target_dot*np.where((epsilon == 0.0), 0.0, (-1.0 - np.where(attached == 0.0, 0.0, gamma))*away*sign) + logits_dot*np.where((epsilon == 0.0), 0.0, (1.0 + np.where(attached == 0.0, 0.0, gamma))*flat*sign*tilt)
    flat_dot = (np.where(attached == 0.0, 0.0, gamma*odds*tilt) - fall)*flat*logits_dot*major*sign - np.where(attached == 0.0, 0.0, gamma*(major*major)*factor*fall*odds*sign*target_dot)
    away_dot = (np.where(attached == 0.0, 0.0, gamma*fall*major*odds*tilt) + 2.0*minor)*factor*logits_dot*major*sign + weighted(target_dot, np.where((epsilon == 0.0), 0.0, np.where(attached == 0.0, 0.0, -((fall*fall)*lift*major*sign))))
    balance_dot = (upper - lower)*target_dot
    balance_bar_dot = focal_dot*loss_bar*weight + loss_bar*poly_dot*weight*np.where((epsilon == 0.0), 0.0, epsilon*np.where((poly_balanced == 0.0), 0.0, 1.0))
    poly_bar_dot = balance_dot*np.where((epsilon == 0.0), 0.0, np.where((poly_balanced == 0.0), 0.0, epsilon*loss_bar*weight))
    focal_bar_dot = balance_dot*loss_bar*weight
    logits_bar0_dot = focal_bar*major*pull_dot*sign + focal_bar*major_dot*pull*sign + focal_bar_dot*major*pull*sign
    target_bar0_dot = (-factor*keep*logits - np.where(attached == 0.0, 0.0, fall*keen*sign))*focal_bar_dot + (upper - lower)*balance_bar_dot - factor*focal_bar*keep*logits_dot - factor_dot*focal_bar*keep*logits - np.where(attached == 0.0, 0.0, fall*focal_bar*keen_dot*sign) - np.where(attached == 0.0, 0.0, fall_dot*focal_bar*keen*sign)
    logits_bar_unmasked_dot = tilt_dot*np.where((epsilon == 0.0), 0.0, (1.0 + np.where(attached == 0.0, 0.0, gamma))*flat*poly_bar*sign) + poly_bar_dot*np.where((epsilon == 0.0), 0.0, (1.0 + np.where(attached == 0.0, 0.0, gamma))*flat*sign*tilt) + flat_dot*np.where((epsilon == 0.0), 0.0, (1.0 + np.where(attached == 0.0, 0.0, gamma))*poly_bar*sign*tilt) + logits_bar0_dot
    logits_bar_dot = np.where((weight == 0.0), 0.0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = poly_bar_dot*np.where((epsilon == 0.0), 0.0, (-1.0 - np.where(attached == 0.0, 0.0, gamma))*away*sign) + away_dot*np.where((epsilon == 0.0), 0.0, (-1.0 - np.where(attached == 0.0, 0.0, gamma))*poly_bar*sign) + target_bar0_dot
    target_bar_dot = np.where((weight == 0.0), 0.0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot


def trace(logits, target, weight, loss_bar, gamma, gamma_lo, attached, epsilon, poly_balanced, smoothing, on_positives, on_negatives, alpha):
    """Return every quantity of the plain program and its adjoint, by name."""
    wanted = (1.0 - smoothing)*target + 0.5*smoothing  # smoothed target
    bce = (1.0 - wanted)*np.log1p(np.exp(logits)) + wanted*np.log1p(np.exp(-logits))  # cross-entropy
    prob = 1.0/(1.0 + np.exp(-logits))  # sigmoid
    chance = (1.0 - prob)*(1.0 - target) + prob*target  # p_t
    factor = power(1.0 - chance, gamma)  # modulator
    focal = factor*bce
    poly = np.where((epsilon == 0.0), 0.0, (1.0 - chance)*factor)  # polynomial term
    upper = np.where((on_positives == 0.0), 1.0 - alpha, alpha)  # factor of positives
    lower = np.where((on_negatives == 0.0), 1.0 - alpha, alpha)  # factor of negatives
    balance = (1.0 - target)*lower + target*upper  # alpha or 1 - alpha
    loss = weighted(weight, balance*focal + np.where((epsilon == 0.0), 0.0, epsilon*poly*np.where((poly_balanced == 0.0), 1.0, balance)))
    balance_bar = (np.where((epsilon == 0.0), 0.0, epsilon*poly*np.where((poly_balanced == 0.0), 0.0, 1.0)) + focal)*loss_bar*weight
    poly_bar = np.where((epsilon == 0.0), 0.0, np.where((poly_balanced == 0.0), epsilon*loss_bar*weight, epsilon*balance*loss_bar*weight))
    focal_bar = balance*loss_bar*weight
    factor_bar0 = np.where(attached == 0.0, 0.0, bce*focal_bar)
    factor_bar = np.where((epsilon == 0.0), factor_bar0, np.where(attached == 0.0, 0.0, (1.0 - chance)*poly_bar) + factor_bar0)
    chance_bar0 = -(factor_bar*weighted(gamma, power(1.0 - chance, -1.0 + gamma)))
    chance_bar = np.where((epsilon == 0.0), chance_bar0, chance_bar0 - factor*poly_bar)
    prob_bar = (2.0*target - 1.0)*chance_bar
    bce_bar = factor*focal_bar
    wanted_bar = (np.log1p(np.exp(-logits)) - np.log1p(np.exp(logits)))*bce_bar
    logits_bar = ((1.0 - wanted)*np.exp(logits)/(1.0 + np.exp(logits)) - wanted*np.exp(-logits)/(1.0 + np.exp(-logits)))*bce_bar + prob_bar*np.exp(-logits)/((1.0 + np.exp(-logits))*(1.0 + np.exp(-logits)))
    target_bar = (1.0 - smoothing)*wanted_bar + (upper - lower)*balance_bar + (2.0*prob - 1.0)*chance_bar
    return {
        "wanted": wanted,
        "bce": bce,
        "prob": prob,
        "chance": chance,
        "factor": factor,
        "focal": focal,
        "poly": poly,
        "upper": upper,
        "lower": lower,
        "balance": balance,
        "loss": loss,
        "balance_bar": balance_bar,
        "poly_bar": poly_bar,
        "focal_bar": focal_bar,
        "factor_bar0": factor_bar0,
        "factor_bar": factor_bar,
        "chance_bar0": chance_bar0,
        "chance_bar": chance_bar,
        "prob_bar": prob_bar,
        "bce_bar": bce_bar,
        "wanted_bar": wanted_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
