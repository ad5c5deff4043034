"""L2, the squared difference: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight factor d^2,  d = inside (pred - target)

Subgradients
    none: the loss is smooth.

Constants
    factor: in front of the square (default 1.0)

Source
    Legendre 1805; torch.nn.functional.mse_loss; Caffe EuclideanLossLayer.
"""


def value(F, pred, target, inside, weight, factor):
    """Return the loss of the plain program."""
    d = (pred - target)*inside
    loss = F.weighted(weight, factor*(d*d))
    return loss


def grad(F, pred, target, inside, weight, loss_bar, factor):
    """Return the loss and the derived gradient."""
    d = (pred - target)*inside
    loss = F.weighted(weight, factor*(d*d))
    d_bar = 2*factor*d*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def hvp(F, pred, target, inside, weight, loss_bar, pred_dot, target_dot, factor):
    """Return the derived Hessian-vector product."""
    d_dot = inside*pred_dot - inside*target_dot
    d_bar_dot = 2*factor*d_dot*loss_bar*weight
    pred_bar_unmasked_dot = d_bar_dot*inside
    pred_bar_dot = F.select(F.eq(weight, 0), 0, pred_bar_unmasked_dot)
    target_bar_unmasked_dot = -(d_bar_dot*inside)
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return pred_bar_dot, target_bar_dot
