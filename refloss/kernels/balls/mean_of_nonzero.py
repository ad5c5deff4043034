"""Contrastive loss: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
    euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
    normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
    hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
    linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)

Subgradients
    0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink;
    0 where the distance is the margin.

Constants

Source
    Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR
    2006; Chopra, Hadsell, LeCun, CVPR 2005.
"""


def value(F, total, active):
    """Return the loss of the stable program."""
    loss = F.ratio(total, F.stop(active), 0)
    return loss


def grad(F, total, active, loss_bar):
    """Return the loss and the stable gradient."""
    loss = F.ratio(total, F.stop(active), 0)
    total_bar = F.ratio(loss_bar, F.stop(active), 0)
    active_bar = 0
    return loss, total_bar, active_bar


def plain_grad(F, total, active, loss_bar):
    """Return loss and gradient, plain form."""
    loss = F.ratio(total, F.stop(active), 0)
    total_bar = F.ratio(loss_bar, F.stop(active), 0)
    active_bar = 0
    return loss, total_bar, active_bar
