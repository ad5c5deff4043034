"""Contrastive loss: the plain definition over an arithmetic F.

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


def value(F, total, active, other_total, other_active):
    """Return the loss of the plain program."""
    mean = F.ratio(total, F.stop(active), 0)
    other_mean = F.ratio(other_total, F.stop(other_active), 0)
    loss = mean + other_mean
    return loss


def grad(F, total, active, other_total, other_active, loss_bar):
    """Return the loss and the derived gradient."""
    mean = F.ratio(total, F.stop(active), 0)
    other_mean = F.ratio(other_total, F.stop(other_active), 0)
    loss = mean + other_mean
    total_bar = F.ratio(loss_bar, F.stop(active), 0)
    active_bar = 0
    other_total_bar = F.ratio(loss_bar, F.stop(other_active), 0)
    other_active_bar = 0
    return loss, total_bar, active_bar, other_total_bar, other_active_bar


def hvp(F, total, active, other_total, other_active, loss_bar, total_dot, active_dot, other_total_dot, other_active_dot):
    """Return the derived Hessian-vector product."""
    total_bar_dot = 0
    active_bar_dot = 0
    other_total_bar_dot = 0
    other_active_bar_dot = 0
    return total_bar_dot, active_bar_dot, other_total_bar_dot, other_active_bar_dot
