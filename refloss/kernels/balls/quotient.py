"""Sigmoid focal loss: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
    poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
    p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target

Subgradients
    none: the loss is smooth.

Constants
    least: the sum of the modulators counts at least so much (default 0.0)
    flows: 1: that sum is differentiated; 0: it is detached (default 1.0)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5.
"""


def value(F, total, modulators, least, flows):
    """Return the loss of the stable program."""
    divisor = F.select(F.gt(least, modulators), least, modulators)
    loss = F.ratio(total, F.gate(divisor, flows), 0)
    return loss


def grad(F, total, modulators, loss_bar, least, flows):
    """Return the loss and the stable gradient."""
    divisor = F.select(F.gt(least, modulators), least, modulators)
    loss = F.ratio(total, F.gate(divisor, flows), 0)
    divisor_bar = flows*-(loss*F.ratio(loss_bar, F.gate(divisor, flows), 0))
    total_bar = F.ratio(loss_bar, F.gate(divisor, flows), 0)
    modulators_bar = F.select(F.gt(least, modulators), 0, divisor_bar)
    return loss, total_bar, modulators_bar


def plain_grad(F, total, modulators, loss_bar, least, flows):
    """Return loss and gradient, plain form."""
    divisor = F.select(F.gt(least, modulators), least, modulators)
    loss = F.ratio(total, F.gate(divisor, flows), 0)
    divisor_bar = flows*-(loss*F.ratio(loss_bar, F.gate(divisor, flows), 0))
    total_bar = F.ratio(loss_bar, F.gate(divisor, flows), 0)
    modulators_bar = F.select(F.gt(least, modulators), 0, divisor_bar)
    return loss, total_bar, modulators_bar
