"""log cosh: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
    d = (pred - target)*inside
    reach = F.abs(d)
    bend = F.log(F.rational(1, 2) + F.rational(1, 2)*F.exp(-(2*reach))) + reach
    loss = F.weighted(weight, bend)
    return loss


def grad(F, pred, target, inside, weight, loss_bar):
    """Return the loss and the derived gradient."""
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


def hvp(F, pred, target, inside, weight, loss_bar, pred_dot, target_dot):
    """Return the derived Hessian-vector product."""
    d = (pred - target)*inside
    reach = F.abs(d)
    bend_bar = loss_bar*weight
    d_dot = inside*pred_dot - inside*target_dot
    reach_dot = (2*F.step(d, F.rational(1, 2)) - 1)*d_dot
    reach_bar_dot = (2*F.exp(-(2*reach))/(F.rational(1, 2) + F.rational(1, 2)*F.exp(-(2*reach))) - F.exp(-(4*reach))/((F.rational(1, 2) + F.rational(1, 2)*F.exp(-(2*reach)))*(F.rational(1, 2) + F.rational(1, 2)*F.exp(-(2*reach)))))*bend_bar*reach_dot
    d_bar_dot = (2*F.step(d, F.rational(1, 2)) - 1)*reach_bar_dot
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = F.select(F.eq(weight, 0), 0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot
