"""log cosh: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight log cosh d,  d = inside (pred - target)

Subgradients
    none: the loss is smooth.

Constants

Source
    keras.losses.log_cosh; optax.log_cosh.
"""


def value(F, pred, target, inside, weight):
    """Return the loss of the stable program."""
    ln2 = F.log(F.rational(2, 1))
    d = (pred - target)*inside
    reach = F.abs(d)
    fall = F.expm1(-reach)
    close = F.rational(1, 2)*(fall*fall)/(1 + fall)
    excess = F.select(F.le(reach, 1), close, (1 + fall)*(1 + fall))
    far = F.select(F.le(reach, 1), 0, reach - ln2)
    bend = F.log1p(excess) + far
    loss = F.weighted(weight, bend)
    return loss


def grad(F, pred, target, inside, weight, loss_bar):
    """Return the loss and the stable gradient."""
    ln2 = F.log(F.rational(2, 1))
    d = (pred - target)*inside
    reach = F.abs(d)
    sign = 2*F.step(d, F.rational(1, 2)) - 1
    fall = F.expm1(-reach)
    close = F.rational(1, 2)*(fall*fall)/(1 + fall)
    excess = F.select(F.le(reach, 1), close, (1 + fall)*(1 + fall))
    far = F.select(F.le(reach, 1), 0, reach - ln2)
    bend = F.log1p(excess) + far
    slope = -((2 + fall)*fall*sign/(1 + (1 + fall)*(1 + fall)))
    loss = F.weighted(weight, bend)
    bend_bar = loss_bar*weight
    d_bar = bend_bar*slope
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def plain_grad(F, pred, target, inside, weight, loss_bar):
    """Return loss and gradient, plain form."""
    d = (pred - target)*inside
    reach = F.abs(d)
    bend = F.log(F.rational(1, 2) + F.rational(1, 2)*F.exp(-(2*reach))) + reach
    loss = F.weighted(weight, bend)
    bend_bar = loss_bar*weight
    reach_bar = (1 - F.exp(-(2*reach))/(F.rational(1, 2) + F.rational(1, 2)*F.exp(-(2*reach))))*bend_bar
    d_bar = (2*F.step(d, F.rational(1, 2)) - 1)*reach_bar
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar
