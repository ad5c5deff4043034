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

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""

import numpy as np

CONSTANTS = ("gamma", "gamma_lo", "alpha", "alpha_on_first", "alpha_on_others", "attached", "weight_inside", "epsilon", "poly_balanced",)


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


def value(logits, target, class_weight, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return loss, one an item."""
    B = logits.shape[0]
    C = logits.shape[1]
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lag = top - logits[np.arange(B), target]  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    cost = np.where((weight_inside == 0.0), nll, weighted(class_weight[target], nll))  # -log p^w or -log p
    gone = np.where((weight_inside == 0.0), miss, -np.expm1(-cost))  # 1 - p^w or 1 - p
    factor = np.where((gamma_lo == 0.0), power(gone, gamma), weighted(power(gone, gamma), 1.0 + gamma_lo*np.log(gone)))  # modulator
    focal = cost*factor
    poly = factor*gone  # polynomial term
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((target == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    loss = np.where((epsilon == 0.0), 0.0, epsilon*weighted(np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight[target], 1.0), poly)) + weighted(balance*np.where((weight_inside == 0.0), class_weight[target], 1.0), focal)
    return loss


def grad(logits, target, class_weight, loss_bar, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return loss, then its derivative by every column times loss_bar."""
    B = logits.shape[0]
    C = logits.shape[1]
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lag = top - logits[np.arange(B), target]  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    cost = np.where((weight_inside == 0.0), nll, weighted(class_weight[target], nll))  # -log p^w or -log p
    chance = mass[np.arange(B), target]/total  # softmax of the target
    lost = np.where((weight_inside == 0.0), 0.0, (two_diff_error(top, logits[np.arange(B), target]) + two_sum_error(lag, grow))*class_weight[target] + two_prod_error(class_weight[target], nll))  # rounding errors of -log p^w
    gone = np.where((weight_inside == 0.0), miss, -np.expm1(-cost))  # 1 - p^w or 1 - p
    prob = np.where((weight_inside == 0.0), chance, (1.0 + np.fmax(-lost, -1.0))*np.exp(-cost))  # p^w or p
    factor = np.where((gamma_lo == 0.0), power(gone, gamma), weighted(power(gone, gamma), 1.0 + gamma_lo*np.log(gone)))  # modulator
    steep = ratio(cost, gone, 1.0)  # at least 1
    felt = weighted(prob, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by what is paid
    lure = (1.0 + np.where(attached == 0.0, 0.0, gamma))*factor*prob  # of the polynomial term
    focal = cost*factor
    poly = factor*gone  # polynomial term
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((target == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    loss = np.where((epsilon == 0.0), 0.0, epsilon*weighted(np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight[target], 1.0), poly)) + weighted(balance*np.where((weight_inside == 0.0), class_weight[target], 1.0), focal)
    poly_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar*np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight[target], 1.0))
    focal_bar = np.where((weight_inside == 0.0), balance*class_weight[target]*loss_bar, balance*loss_bar)
    cost_bar0 = focal_bar*pull
    cost_bar = np.where((epsilon == 0.0), cost_bar0, lure*poly_bar + cost_bar0)
    nll_bar = np.where((weight_inside == 0.0), cost_bar, class_weight[target]*cost_bar)
    logits_bar = np.where((np.arange(C) == target[:, None]), -(miss[:, None]*nll_bar[:, None]), mass*(nll_bar[:, None]/total[:, None]))
    return loss, logits_bar


def hvp(logits, target, class_weight, loss_bar, logits_dot, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return the derivative of the gradient along the `_dot` columns."""
    B = logits.shape[0]
    C = logits.shape[1]
    first = np.argmax(logits, axis=1)  # class of the largest logit
    top = logits[np.arange(B), first]  # largest logit
    drop = logits - top[:, None]  # at most 0
    slip = np.fmax(two_diff_error(logits, top[:, None]), -1.0)
    tail = np.where((np.arange(C) == first[:, None]), drop, (1.0 + slip)*np.exp(drop))
    mass = np.where((np.arange(C) == first[:, None]), 1.0, tail)  # exp(logits - top)
    rest = np.sum(tail, axis=1)  # sum of mass over all classes but the first
    total = 1.0 + rest
    grow = np.log1p(rest)
    lag = top - logits[np.arange(B), target]  # at least 0
    nll = grow + lag  # -log softmax of the target
    lack = 1.0 - mass[np.arange(B), target]  # of the largest mass
    others = lack + rest  # mass of all classes but the target
    miss = others/total  # softmax of all but the target
    cost = np.where((weight_inside == 0.0), nll, weighted(class_weight[target], nll))  # -log p^w or -log p
    chance = mass[np.arange(B), target]/total  # softmax of the target
    lost = np.where((weight_inside == 0.0), 0.0, (two_diff_error(top, logits[np.arange(B), target]) + two_sum_error(lag, grow))*class_weight[target] + two_prod_error(class_weight[target], nll))  # rounding errors of -log p^w
    gone = np.where((weight_inside == 0.0), miss, -np.expm1(-cost))  # 1 - p^w or 1 - p
    prob = np.where((weight_inside == 0.0), chance, (1.0 + np.fmax(-lost, -1.0))*np.exp(-cost))  # p^w or p
    factor = np.where((gamma_lo == 0.0), power(gone, gamma), weighted(power(gone, gamma), 1.0 + gamma_lo*np.log(gone)))  # modulator
    steep = ratio(cost, gone, 1.0)  # at least 1
    felt = weighted(prob, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by what is paid
    lure = (1.0 + np.where(attached == 0.0, 0.0, gamma))*factor*prob  # of the polynomial term
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((target == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    poly_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar*np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight[target], 1.0))
    focal_bar = np.where((weight_inside == 0.0), balance*class_weight[target]*loss_bar, balance*loss_bar)
    cost_bar0 = focal_bar*pull
    cost_bar = np.where((epsilon == 0.0), cost_bar0, lure*poly_bar + cost_bar0)
    nll_bar = np.where((weight_inside == 0.0), cost_bar, class_weight[target]*cost_bar)
    top_dot = logits_dot[np.arange(B), first]
    drop_dot = logits_dot - top_dot[:, None]
    tail_dot = drop_dot*tail
    mass_dot = tail_dot*np.where((np.arange(C) == first[:, None]), 0.0, 1.0)
    rest_dot = np.sum(tail_dot, axis=1)
    nll_dot0 = np.sum(np.where((np.arange(C) == target[:, None]), -(miss[:, None]*logits_dot), mass*(logits_dot/total[:, None])), axis=1)
    miss_dot = mass[np.arange(B), target]*(rest_dot/total/total) - mass_dot[np.arange(B), target]/total
    cost_dot = nll_dot0*np.where((weight_inside == 0.0), 1.0, class_weight[target])
    pull_dot = np.where(attached == 0.0, 0.0, gamma*factor*ratio(cost_dot, gone, 0.0)*weighted(prob, 2.0 + (-1.0 + gamma)*felt - cost))
    lure_dot = np.where((epsilon == 0.0), 0.0, np.where(attached == 0.0, 0.0, gamma*lure*prob*ratio(cost_dot, gone, 0.0)) - cost_dot*lure)
    cost_bar0_dot = focal_bar*pull_dot
    cost_bar_dot = lure_dot*np.where((epsilon == 0.0), 0.0, poly_bar) + cost_bar0_dot
    nll_bar_dot = cost_bar_dot*np.where((weight_inside == 0.0), 1.0, class_weight[target])
    logits_bar_dot = miss_dot[:, None]*np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0) + np.where((np.arange(C) == target[:, None]), 0.0, mass_dot*(nll_bar[:, None]/total[:, None])) + np.where((np.arange(C) == target[:, None]), 0.0, -(mass*(nll_bar[:, None]/total[:, None])*(rest_dot[:, None]/total[:, None]))) + np.where((np.arange(C) == target[:, None]), -(miss[:, None]*nll_bar_dot[:, None]), mass*(nll_bar_dot[:, None]/total[:, None]))
    return logits_bar_dot


def trace(logits, target, class_weight, loss_bar, gamma, gamma_lo, alpha, alpha_on_first, alpha_on_others, attached, weight_inside, epsilon, poly_balanced):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = logits.shape[0]
    C = logits.shape[1]
    top = np.max(logits, axis=1)  # largest logit
    mass = np.exp(logits - top[:, None])
    total = np.sum(mass, axis=1)
    lse = np.log(total) + top  # log-sum-exp
    nll = lse - logits[np.arange(B), target]  # -log softmax of the target
    others = np.sum(np.where((np.arange(C) == target[:, None]), 0.0, mass), axis=1)
    cost = np.where((weight_inside == 0.0), nll, weighted(class_weight[target], np.log1p(others/mass[np.arange(B), target])))  # -log p^w or -log p
    gone = np.where((weight_inside == 0.0), others/total, -np.expm1(-cost))  # 1 - p of the target
    factor = power(gone, gamma)  # modulator
    focal = factor*cost
    poly = factor*gone  # polynomial term
    first_factor = np.where((alpha_on_first == 0.0), 1.0 - alpha, alpha)  # of class 0
    other_factor = np.where((alpha_on_others == 0.0), 1.0 - alpha, alpha)  # of any other class
    balance = np.where((target == 0.0), first_factor, other_factor)  # alpha or 1 - alpha
    loss = np.where((epsilon == 0.0), 0.0, epsilon*weighted(np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight[target], 1.0), poly)) + weighted(balance*np.where((weight_inside == 0.0), class_weight[target], 1.0), focal)
    poly_bar = np.where((epsilon == 0.0), 0.0, epsilon*loss_bar*np.where((poly_balanced == 0.0), 1.0, balance)*np.where((weight_inside == 0.0), class_weight[target], 1.0))
    focal_bar = np.where((weight_inside == 0.0), balance*class_weight[target]*loss_bar, balance*loss_bar)
    factor_bar = np.where(attached == 0.0, 0.0, cost*focal_bar) + np.where(attached == 0.0, 0.0, gone*poly_bar)
    gone_bar = factor*poly_bar + factor_bar*weighted(gamma, power(gone, -1.0 + gamma))
    cost_bar0 = factor*focal_bar
    cost_bar = np.where((weight_inside == 0.0), cost_bar0, gone_bar*np.exp(-cost) + cost_bar0)
    others_bar0 = np.where((weight_inside == 0.0), gone_bar/total, 0.0)
    others_bar = np.where((weight_inside == 0.0), others_bar0, class_weight[target]*cost_bar/(1.0 + others/mass[np.arange(B), target])/mass[np.arange(B), target] + others_bar0)
    nll_bar = np.where((weight_inside == 0.0), cost_bar, 0.0)
    lse_bar = nll_bar
    total_bar = lse_bar/total + np.where((weight_inside == 0.0), -(gone_bar*others/(total*total)), 0.0)
    mass_bar = np.where((np.arange(C) == target[:, None]), 0.0, others_bar[:, None]) + np.where((np.arange(C) == target[:, None]), np.where((weight_inside == 0.0), 0.0, -(class_weight[target[:, None]]*cost_bar[:, None]*others[:, None]/(1.0 + others[:, None]/mass[np.arange(B)[:, None], target[:, None]])/(mass[np.arange(B)[:, None], target[:, None]]*mass[np.arange(B)[:, None], target[:, None]]))), 0.0) + total_bar[:, None]
    logits_bar = mass_bar*np.exp(logits - top[:, None]) + np.where((np.arange(C) == target[:, None]), -nll_bar[:, None], 0.0)
    return {
        "top": top,
        "mass": mass,
        "total": total,
        "lse": lse,
        "nll": nll,
        "others": others,
        "cost": cost,
        "gone": gone,
        "factor": factor,
        "focal": focal,
        "poly": poly,
        "first_factor": first_factor,
        "other_factor": other_factor,
        "balance": balance,
        "loss": loss,
        "poly_bar": poly_bar,
        "focal_bar": focal_bar,
        "factor_bar": factor_bar,
        "gone_bar": gone_bar,
        "cost_bar0": cost_bar0,
        "cost_bar": cost_bar,
        "others_bar0": others_bar0,
        "others_bar": others_bar,
        "nll_bar": nll_bar,
        "lse_bar": lse_bar,
        "total_bar": total_bar,
        "mass_bar": mass_bar,
        "logits_bar": logits_bar,
    }
