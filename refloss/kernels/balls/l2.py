"""L2, the squared difference: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    d = (pred - target)*inside
    loss = F.weighted(weight, factor*(d*d))
    return loss


def grad(F, pred, target, inside, weight, loss_bar, factor):
    """Return the loss and the stable gradient."""
    d = (pred - target)*inside
    loss = F.weighted(weight, factor*(d*d))
    d_bar = 2*factor*d*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar


def plain_grad(F, pred, target, inside, weight, loss_bar, factor):
    """Return loss and gradient, plain form."""
    d = (pred - target)*inside
    loss = F.weighted(weight, factor*(d*d))
    d_bar = 2*factor*d*loss_bar*weight
    pred_bar_unmasked = d_bar*inside
    pred_bar = F.select(F.eq(weight, 0), 0, pred_bar_unmasked)
    target_bar_unmasked = -(d_bar*inside)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, pred_bar, target_bar
