"""Softmax focal loss: the plain definition over an arithmetic F.

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


def value(F, mean, gamma, gamma_lo, attached):
    """Return the loss of the plain program."""
    bce = mean
    chance = F.exp(-bce)
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*bce
    loss = focal
    return loss


def grad(F, mean, loss_bar, gamma, gamma_lo, attached):
    """Return the loss and the derived gradient."""
    chance = F.exp(-mean)
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*mean
    loss = focal
    factor_bar = attached*(loss_bar*mean)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = F.gate(factor, attached)*loss_bar - chance*chance_bar
    mean_bar = bce_bar
    return loss, mean_bar


def hvp(F, mean, loss_bar, mean_dot, gamma, gamma_lo, attached):
    """Return the derived Hessian-vector product."""
    chance = F.exp(-mean)
    factor_bar = attached*(loss_bar*mean)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    chance_dot = -(chance*mean_dot)
    factor_dot = -(chance_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    factor_bar_dot = attached*(loss_bar*mean_dot)
    chance_bar_dot = gamma*chance_dot*factor_bar*F.weighted(-1 + gamma, F.raised(1 - chance, -2 + gamma)) - factor_bar_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma))
    bce_bar_dot = attached*(factor_dot*loss_bar) - chance*chance_bar_dot - chance_bar*chance_dot
    mean_bar_dot = bce_bar_dot
    return mean_bar_dot
