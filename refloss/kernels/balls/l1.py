"""L1, the absolute difference: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.abs(d))
    return loss


def grad(F, pred, target, inside, weight, loss_bar):
    """Return the loss and the stable gradient."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.abs(d))
    d_bar = (2*F.step(d, F.rational(1, 2)) - 1)*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def plain_grad(F, pred, target, inside, weight, loss_bar):
    """Return loss and gradient, plain form."""
    d = (pred - target)*inside
    loss = F.weighted(weight, F.abs(d))
    d_bar = (2*F.step(d, F.rational(1, 2)) - 1)*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar
