"""Huber: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight d^2/2 where |d| <= delta, else weight delta (|d| - delta/2);
    d = inside (pred - target)

Subgradients
    none: both arms have one slope at |d| = delta.

Constants
    delta: where the arms meet (default 1.0)

Source
    Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964), p. 73.
"""


def value(F, pred, target, inside, weight, delta):
    """Return the loss of the plain program."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.select(F.ge(delta, F.abs(d)), F.rational(1, 2)*(d*d), delta*(F.abs(d) - F.rational(1, 2)*delta)))
    return loss


def grad(F, pred, target, inside, weight, loss_bar, delta):
    """Return the loss and the derived gradient."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.select(F.ge(delta, F.abs(d)), F.rational(1, 2)*(d*d), delta*(F.abs(d) - F.rational(1, 2)*delta)))
    d_bar = F.select(F.ge(delta, F.abs(d)), d*loss_bar*weight, delta*(2*F.step(d, F.rational(1, 2)) - 1)*loss_bar*weight)
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(F, pred, target, inside, weight, loss_bar, pred_dot, target_dot, delta):
    """Return the derived Hessian-vector product."""
    d = (pred - target)*inside
    d_dot = inside*pred_dot - inside*target_dot
    d_bar_dot = d_dot*F.select(F.ge(delta, F.abs(d)), loss_bar*weight, 0)
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = F.select(F.eq(weight, 0), 0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot
