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
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002; of a softmax as in mmcv, kornia and monai.
"""

import numpy as np

CONSTANTS = ("gamma", "gamma_lo", "attached",)


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


def value(mean, gamma, gamma_lo, attached):
    """Return loss, one an item."""
    bce = mean  # cross-entropy
    miss = -np.expm1(-bce)  # 1 - p_t
    factor = np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss)))  # modulator
    focal = bce*factor
    loss = focal
    return loss


def grad(mean, loss_bar, gamma, gamma_lo, attached):
    """Return loss, then its derivative by every column times loss_bar."""
    chance = np.exp(-mean)  # p_t of a hard target
    miss = -np.expm1(-mean)  # 1 - p_t
    factor = np.where((gamma_lo == 0.0), power(miss, gamma), weighted(power(miss, gamma), 1.0 + gamma_lo*np.log(miss)))  # modulator
    focal = factor*mean
    steep = ratio(mean, miss, 1.0)  # at least 1
    felt = weighted(chance, steep)  # at most 1
    pull = (1.0 + np.where(attached == 0.0, 0.0, gamma*felt))*factor  # derivative by the cross-entropy
    loss = focal
    bce_bar = loss_bar*pull
    mean_bar = bce_bar
    return loss, mean_bar


def hvp(mean, loss_bar, mean_dot, gamma, gamma_lo, attached):
    """Return the derivative of the gradient along the `_dot` columns."""
    chance = np.exp(-mean)  # p_t of a hard target
    miss = -np.expm1(-mean)  # 1 - p_t
    steep = ratio(mean, miss, 1.0)  # at least 1
    felt = weighted(chance, steep)  # at most 1
    sharp = power(miss, -1.0 + gamma)  # the power less 1
    pull_dot = np.where(attached == 0.0, 0.0, gamma*mean_dot*sharp*weighted(chance, 2.0 + (-1.0 + gamma)*felt - mean))
    bce_bar_dot = loss_bar*pull_dot
    mean_bar_dot = bce_bar_dot
    return mean_bar_dot


def trace(mean, loss_bar, gamma, gamma_lo, attached):
    """Return every quantity of the plain program and its adjoint, by name."""
    bce = mean  # cross-entropy
    chance = np.exp(-bce)  # p_t of a hard target
    factor = power(1.0 - chance, gamma)  # modulator
    focal = factor*bce
    loss = focal
    focal_bar = loss_bar
    factor_bar = np.where(attached == 0.0, 0.0, bce*focal_bar)
    chance_bar = -(factor_bar*weighted(gamma, power(1.0 - chance, -1.0 + gamma)))
    bce_bar = factor*focal_bar - chance_bar*np.exp(-bce)
    mean_bar = bce_bar
    return {
        "bce": bce,
        "chance": chance,
        "factor": factor,
        "focal": focal,
        "loss": loss,
        "focal_bar": focal_bar,
        "factor_bar": factor_bar,
        "chance_bar": chance_bar,
        "bce_bar": bce_bar,
        "mean_bar": mean_bar,
    }
