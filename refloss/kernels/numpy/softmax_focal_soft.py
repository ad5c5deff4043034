"""Softmax focal loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = sum_k q_k w_k (-alpha_k (1 - p_k)^gamma log p_k + poly_k),  p = softmax(z);
    poly_k = epsilon (alpha_k or 1) (1 - p_k)^(gamma + 1); alpha_k: alpha, or 1 - alpha, by the class;
    with weighting inside, p_k^w_k in the place of p_k, and no other w_k;
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    gamma: power of 1 - p (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)
    alpha: factor of the classes that alpha_side names (default 1.0)
    alpha_on_first: 1: alpha multiplies rows of class 0; 0: 1 - alpha does (default 1.0)
    alpha_on_others: 1: alpha multiplies rows of every class but 0; 0: 1 - alpha does
        (default 1.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    weight_inside: 1: class_weight multiplies -log p; 0: it multiplies the loss (default
        0.0)
    epsilon: factor of (1 - p)^(gamma + 1), which is added (default 0.0)
    poly_balanced: 1: alpha multiplies that term too; 0: it does not (default 1.0)
    label_smoothing: eps of label smoothing, spread over all classes (default 0.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""

import numpy as np

CONSTANTS = ("gamma", "gamma_lo", "alpha", "alpha_on_first", "alpha_on_others", "attached", "weight_inside", "epsilon", "poly_balanced", "label_smoothing",)


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


def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)


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


def value(logits, target, class_weight, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return loss, one an item."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing
    reach = 1.0
    taken = amount*reach  # from the target
    over = C
    kept = over - C*amount  # exact where it is small
    hit = (kept - two_prod_error(amount, C))/over  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((np.arange(C) == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    score = grow[:, None] - drop  # -log softmax, at least 0
    paid = np.where((weight_inside == 0.0), score, weighted(class_weight, score))  # -log p^w or -log p
    scale = balance*np.where((weight_inside == 0.0), class_weight, 1.0)  # factor of a class
    side = np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight, 1.0)  # of its polynomial term
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    gone = np.where((weight_inside == 0.0), miss, -np.expm1(-paid))  # 1 - p^w or 1 - p
    factor = np.where((gamma_lo == 0.0), power(gone, gamma), weighted(power(gone, gamma), 1.0 + gamma_lo*np.log(gone)))  # modulator
    rate = factor*paid
    poly = factor*gone  # polynomial term
    cost = np.where((epsilon == 0.0), 0.0, epsilon*weighted(side, poly)) + weighted(scale, rate)  # weighted
    focal = np.sum(weighted(wish, cost), axis=1)
    loss = focal
    return loss


def grad(logits, target, class_weight, loss_bar, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return loss, then its derivative by every column times loss_bar."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing
    reach = 1.0
    taken = amount*reach  # from the target
    over = C
    kept = over - C*amount  # exact where it is small
    hit = (kept - two_prod_error(amount, C))/over  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((np.arange(C) == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    score = grow[:, None] - drop  # -log softmax, at least 0
    paid = np.where((weight_inside == 0.0), score, weighted(class_weight, score))  # -log p^w or -log p
    scale = balance*np.where((weight_inside == 0.0), class_weight, 1.0)  # factor of a class
    side = np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight, 1.0)  # of its polynomial term
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    chance = mass*(1.0/total[:, None])  # softmax
    lost = np.where((weight_inside == 0.0), 0.0, (two_diff_error(grow[:, None], drop) - two_diff_error(logits, top[:, None]))*class_weight + two_prod_error(class_weight, score))  # rounding errors of -log p^w
    gone = np.where((weight_inside == 0.0), miss, -np.expm1(-paid))  # 1 - p^w or 1 - p
    prob = np.where((weight_inside == 0.0), chance, (1.0 + np.fmax(-lost, -1.0))*np.exp(-paid))  # p^w or p
    factor = np.where((gamma_lo == 0.0), power(gone, gamma), weighted(power(gone, gamma), 1.0 + gamma_lo*np.log(gone)))  # modulator
    steep = ratio(paid, gone, 1.0)  # at least 1
    felt = weighted(prob, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by what is paid
    lure = (1.0 + np.where(attached == 0.0, 0.0, gamma))*factor*prob  # of the polynomial term
    rate = factor*paid
    poly = factor*gone  # polynomial term
    cost = np.where((epsilon == 0.0), 0.0, epsilon*weighted(side, poly)) + weighted(scale, rate)  # weighted
    focal = np.sum(weighted(wish, cost), axis=1)
    heed = (scale*pull + np.where((epsilon == 0.0), 0.0, epsilon*side*lure))*wish*np.where((weight_inside == 0.0), 1.0, class_weight)  # what a class asks
    largest = heed[np.arange(B), first]  # of the largest logit's class
    minor = np.where((np.arange(C) == first[:, None]), 0.0, heed)
    minors = np.sum(minor, axis=1)  # sum over all other classes
    asked = np.where((np.arange(C) == first[:, None]), minors[:, None], largest[:, None] + minors[:, None] - heed)  # of all other classes
    loss = focal
    wish_bar = loss_bar[:, None]*cost
    logits_bar = (asked*chance - heed*miss)*loss_bar[:, None]
    target_bar = hit*wish_bar
    return loss, logits_bar, target_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, target_dot, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing
    reach = 1.0
    taken = amount*reach  # from the target
    over = C
    kept = over - C*amount  # exact where it is small
    hit = (kept - two_prod_error(amount, C))/over  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((np.arange(C) == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    score = grow[:, None] - drop  # -log softmax, at least 0
    paid = np.where((weight_inside == 0.0), score, weighted(class_weight, score))  # -log p^w or -log p
    scale = balance*np.where((weight_inside == 0.0), class_weight, 1.0)  # factor of a class
    side = np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight, 1.0)  # of its polynomial term
    rival = np.where((np.arange(C) == first[:, None]), rest[:, None], 1.0 + rest[:, None] - tail)
    miss = rival/total[:, None]  # softmax of all but the class
    chance = mass*(1.0/total[:, None])  # softmax
    lost = np.where((weight_inside == 0.0), 0.0, (two_diff_error(grow[:, None], drop) - two_diff_error(logits, top[:, None]))*class_weight + two_prod_error(class_weight, score))  # rounding errors of -log p^w
    gone = np.where((weight_inside == 0.0), miss, -np.expm1(-paid))  # 1 - p^w or 1 - p
    prob = np.where((weight_inside == 0.0), chance, (1.0 + np.fmax(-lost, -1.0))*np.exp(-paid))  # p^w or p
    factor = np.where((gamma_lo == 0.0), power(gone, gamma), weighted(power(gone, gamma), 1.0 + gamma_lo*np.log(gone)))  # modulator
    steep = ratio(paid, gone, 1.0)  # at least 1
    felt = weighted(prob, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by what is paid
    lure = (1.0 + np.where(attached == 0.0, 0.0, gamma))*factor*prob  # of the polynomial term
    heed = (scale*pull + np.where((epsilon == 0.0), 0.0, epsilon*side*lure))*wish*np.where((weight_inside == 0.0), 1.0, class_weight)  # what a class asks
    largest = heed[np.arange(B), first]  # of the largest logit's class
    minor = np.where((np.arange(C) == first[:, None]), 0.0, heed)
    minors = np.sum(minor, axis=1)  # sum over all other classes
    asked = np.where((np.arange(C) == first[:, None]), minors[:, None], largest[:, None] + minors[:, None] - heed)  # of all other classes
    wish_dot = hit*target_dot
    top_dot = logits_dot[np.arange(B), first]
    drop_dot = logits_dot - top_dot[:, None]
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    grow_dot = rest_dot/total
    score_dot = grow_dot[:, None] - drop_dot
    paid_dot = score_dot*np.where((weight_inside == 0.0), 1.0, class_weight)
    miss_dot = mass*(rest_dot[:, None]/total[:, None]/total[:, None]) - mass_dot/total[:, None]
    chance_dot = mass_dot/total[:, None] - mass*(rest_dot[:, None]/total[:, None]/total[:, None])
    pull_dot = np.where(attached == 0.0, 0.0, gamma*factor*ratio(paid_dot, gone, 0.0)*weighted(prob, 2.0 + (-1.0 + gamma)*felt - paid))
    lure_dot = np.where((epsilon == 0.0), 0.0, np.where(attached == 0.0, 0.0, gamma*lure*prob*ratio(paid_dot, gone, 0.0)) - lure*paid_dot)
    rate_dot = paid_dot*pull
    poly_dot = paid_dot*np.where((epsilon == 0.0), 0.0, lure)
    cost_dot = poly_dot*np.where((epsilon == 0.0), 0.0, epsilon*side) + scale*rate_dot
    heed_dot = (scale*pull + np.where((epsilon == 0.0), 0.0, epsilon*side*lure))*wish_dot*np.where((weight_inside == 0.0), 1.0, class_weight) + lure_dot*wish*np.where((epsilon == 0.0), 0.0, epsilon*side)*np.where((weight_inside == 0.0), 1.0, class_weight) + scale*pull_dot*wish*np.where((weight_inside == 0.0), 1.0, class_weight)
    largest_dot = heed_dot[np.arange(B), first]
    minor_dot = heed_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    minors_dot = np.sum(minor_dot, axis=1)
    asked_dot = heed_dot*np.where((np.arange(C) == first[:, None]), 0.0, -1.0) + largest_dot[:, None]*np.where((np.arange(C) == first[:, None]), 0.0, 1.0) + minors_dot[:, None]
    wish_bar_dot = loss_bar[:, None]*cost_dot
    logits_bar_dot = loss_bar[:, None]*asked*chance_dot + loss_bar[:, None]*asked_dot*chance - loss_bar[:, None]*heed*miss_dot - loss_bar[:, None]*heed_dot*miss
    target_bar_dot = hit*wish_bar_dot
    return logits_bar_dot, target_bar_dot


def trace(logits, target, class_weight, loss_bar, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced, label_smoothing):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    amount = label_smoothing
    reach = 1.0
    taken = amount*reach  # from the target
    hit = 1.0 - taken  # factor of the target
    off = taken/C  # added to every class
    wish = hit*target + off  # smoothed target
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(logits - top[:, None])
    total = np.sum(mass, axis=1)
    lse = np.log(total) + top  # log-sum-exp
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((np.arange(C) == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    score = lse[:, None] - logits  # -log softmax
    first = np.argmax(logits, axis=1)  # class of the largest logit
    rest = np.sum(np.where((np.arange(C) == first[:, None]), 0.0, mass), axis=1)
    others = np.where((np.arange(C) == first[:, None]), rest[:, None], total[:, None] - mass)
    paid = np.where((weight_inside == 0.0), score, weighted(class_weight, np.log1p(others/mass)))  # -log p^w or -log p
    scale = balance*np.where((weight_inside == 0.0), class_weight, 1.0)  # factor of a class
    side = np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight, 1.0)  # of its polynomial term
    gone = np.where((weight_inside == 0.0), others/total[:, None], -np.expm1(-paid))  # 1 - p
    factor = power(gone, gamma)  # modulator
    rate = factor*paid
    poly = factor*gone  # polynomial term
    cost = np.where((epsilon == 0.0), 0.0, epsilon*weighted(side, poly)) + weighted(scale, rate)  # weighted
    focal = np.sum(weighted(wish, cost), axis=1)
    loss = focal
    focal_bar = loss_bar
    cost_bar = focal_bar[:, None]*wish
    poly_bar = np.where((epsilon == 0.0), 0.0, epsilon*side*cost_bar)
    rate_bar = scale*cost_bar
    factor_bar = np.where(attached == 0.0, 0.0, gone*poly_bar) + np.where(attached == 0.0, 0.0, paid*rate_bar)
    gone_bar = factor*poly_bar + factor_bar*weighted(gamma, power(gone, -1.0 + gamma))
    paid_bar0 = factor*rate_bar
    paid_bar = np.where((weight_inside == 0.0), paid_bar0, gone_bar*np.exp(-paid) + paid_bar0)
    others_bar0 = np.where((weight_inside == 0.0), gone_bar/total[:, None], 0.0)
    others_bar = np.where((weight_inside == 0.0), others_bar0, class_weight*paid_bar/(1.0 + others/mass)/mass + others_bar0)
    rest_bar = others_bar[np.arange(B), first]
    score_bar = np.where((weight_inside == 0.0), paid_bar, 0.0)
    lse_bar = np.sum(score_bar, axis=1)
    total_bar0 = np.sum(np.where((weight_inside == 0.0), -(gone_bar*others/(total[:, None]*total[:, None])), 0.0), axis=1)
    total_bar1 = np.sum(np.where((np.arange(C) == first[:, None]), 0.0, others_bar), axis=1)
    total_bar = lse_bar/total + total_bar0 + total_bar1
    mass_bar0 = np.where((np.arange(C) == first[:, None]), 0.0, -others_bar) + np.where((np.arange(C) == first[:, None]), 0.0, rest_bar[:, None]) + total_bar[:, None]
    mass_bar = np.where((weight_inside == 0.0), mass_bar0, mass_bar0 - class_weight*others*paid_bar/(1.0 + others/mass)/(mass*mass))
    wish_bar = focal_bar[:, None]*cost
    logits_bar = mass_bar*np.exp(logits - top[:, None]) - score_bar
    target_bar = hit*wish_bar
    return {
        "amount": amount,
        "reach": reach,
        "taken": taken,
        "hit": hit,
        "off": off,
        "wish": wish,
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "first_factor": first_factor,
        "other_factor": other_factor,
        "balance": balance,
        "score": score,
        "first": first,
        "rest": rest,
        "others": others,
        "paid": paid,
        "scale": scale,
        "side": side,
        "gone": gone,
        "factor": factor,
        "rate": rate,
        "poly": poly,
        "cost": cost,
        "focal": focal,
        "loss": loss,
        "focal_bar": focal_bar,
        "cost_bar": cost_bar,
        "poly_bar": poly_bar,
        "rate_bar": rate_bar,
        "factor_bar": factor_bar,
        "gone_bar": gone_bar,
        "paid_bar0": paid_bar0,
        "paid_bar": paid_bar,
        "others_bar0": others_bar0,
        "others_bar": others_bar,
        "rest_bar": rest_bar,
        "score_bar": score_bar,
        "lse_bar": lse_bar,
        "total_bar0": total_bar0,
        "total_bar1": total_bar1,
        "total_bar": total_bar,
        "mass_bar0": mass_bar0,
        "mass_bar": mass_bar,
        "wish_bar": wish_bar,
        "logits_bar": logits_bar,
        "target_bar": target_bar,
    }
