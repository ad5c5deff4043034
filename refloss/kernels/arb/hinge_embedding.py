"""Hinge embedding: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight (x, or max(0, margin - x), or both);  for target 1, -1 and 0;  x = scores

Subgradients
    0 by the hinge where a distance is the margin, and so 1 where both terms count.

Constants
    margin: distance from which a pair of two kinds costs nothing (default 1.0)

Source
    torch.nn.HingeEmbeddingLoss, after Chopra, Hadsell, LeCun: Learning a similarity metric
    discriminatively, CVPR 2005.
"""


def value(F, scores, target, weight, margin):
    """Return the loss of the plain program."""
    alike = F.select(F.eq(target, -1), 0, 1)
    unlike = F.select(F.eq(target, 1), 0, 1)
    lacked = F.relu(-scores + margin)
    loss = F.weighted(weight, F.weighted(alike, scores) + F.weighted(unlike, lacked))
    return loss


def grad(F, scores, target, weight, loss_bar, margin):
    """Return the loss and the derived gradient."""
    alike = F.select(F.eq(target, -1), 0, 1)
    unlike = F.select(F.eq(target, 1), 0, 1)
    lacked = F.relu(-scores + margin)
    loss = F.weighted(weight, F.weighted(alike, scores) + F.weighted(unlike, lacked))
    lacked_bar = loss_bar*unlike*weight
    target_bar = 0
    scores_bar_unmasked = alike*loss_bar*weight - lacked_bar*F.step(-scores + margin, 0)
    scores_bar = F.select(F.eq(weight, 0), 0, scores_bar_unmasked)
    return loss, scores_bar, target_bar


def hvp(F, scores, target, weight, loss_bar, scores_dot, target_dot, margin):
    """Return the derived Hessian-vector product."""
    scores_bar_dot = 0
    target_bar_dot = 0
    return scores_bar_dot, target_bar_dot
