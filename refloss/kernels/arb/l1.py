"""L1, the absolute difference: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight |d|,  d = inside (pred - target)

Subgradients
    0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1.

Constants

Source
    Laplace 1774; torch.nn.functional.l1_loss, keras MeanAbsoluteError.
"""


def value(F, pred, target, inside, weight):
    """Return the loss of the plain program."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.abs(d))
    return loss


def grad(F, pred, target, inside, weight, loss_bar):
    """Return the loss and the derived gradient."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.abs(d))
    d_bar = (2*F.step(d, F.rational(1, 2)) - 1)*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(F, pred, target, inside, weight, loss_bar, pred_dot, target_dot):
    """Return the derived Hessian-vector product."""
    pred_bar_dot = 0
    target_bar_dot = 0
    return pred_bar_dot, target_bar_dot
