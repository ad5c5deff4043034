"""Smooth L1: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight d^2/(2 beta) where |d| < beta, else weight (|d| - beta/2),  d = inside (pred - target);
    beta = 1/sigma^2 where sigma is given

Subgradients
    where beta is 0, 0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1; else
    none: both arms have one slope at |d| = beta.

Constants
    beta: where the arms meet (default 1.0)
    sigma: if not 0, beta is 1/sigma^2 (default 0.0)
    least_beta: a beta below it counts as 0 (default 0.0)

Source
    Girshick, Fast R-CNN, ICCV 2015, arXiv 1504.08083, eq. 3.
"""


def value(F, pred, target, inside, weight, beta, sigma, least_beta):
    """Return the loss of the plain program."""
    d = (pred - target)*inside
    given = F.select(F.eq(sigma, 0), beta, F.ratio(1, sigma*sigma, 0))
    width = F.select(F.gt(least_beta, given), 0, given)
    steep = F.ratio(d, width, 0)
    inner = F.rational(1, 2)*d*steep
    loss = F.weighted(weight, F.select(F.gt(width, F.abs(d)), inner, F.abs(d) - F.rational(1, 2)*width))
    return loss


def grad(F, pred, target, inside, weight, loss_bar, beta, sigma, least_beta):
    """Return the loss and the derived gradient."""
    d = (pred - target)*inside
    given = F.select(F.eq(sigma, 0), beta, F.ratio(1, sigma*sigma, 0))
    width = F.select(F.gt(least_beta, given), 0, given)
    steep = F.ratio(d, width, 0)
    inner = F.rational(1, 2)*d*steep
    loss = F.weighted(weight, F.select(F.gt(width, F.abs(d)), inner, F.abs(d) - F.rational(1, 2)*width))
    inner_bar = F.select(F.gt(width, F.abs(d)), loss_bar*weight, 0)
    steep_bar = F.rational(1, 2)*d*inner_bar
    d_bar = F.rational(1, 2)*inner_bar*steep + F.select(F.gt(width, F.abs(d)), 0, (2*F.step(d, F.rational(1, 2)) - 1)*loss_bar*weight) + F.ratio(steep_bar, width, 0)
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(F, pred, target, inside, weight, loss_bar, pred_dot, target_dot, beta, sigma, least_beta):
    """Return the derived Hessian-vector product."""
    d = (pred - target)*inside
    given = F.select(F.eq(sigma, 0), beta, F.ratio(1, sigma*sigma, 0))
    width = F.select(F.gt(least_beta, given), 0, given)
    inner_bar = F.select(F.gt(width, F.abs(d)), loss_bar*weight, 0)
    d_dot = inside*pred_dot - inside*target_dot
    steep_dot = F.ratio(d_dot, width, 0)
    steep_bar_dot = F.rational(1, 2)*d_dot*inner_bar
    d_bar_dot = F.rational(1, 2)*inner_bar*steep_dot + F.ratio(steep_bar_dot, width, 0)
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = F.select(F.eq(weight, 0), 0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot
