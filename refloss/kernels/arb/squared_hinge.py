"""Squared hinge: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight max(0, margin - side scores)^2;  side = target, or 2 target - 1

Subgradients
    none: the slope is 0 on both sides where the margin is just reached.

Constants
    doubled: 1: targets are 0 or 1 (default 0.0)
    margin: what the score on its side must reach (default 1.0)

Source
    Tang, Deep learning using linear support vector machines, arXiv 1306.0239.
"""


def value(F, scores, target, weight, doubled, margin):
    """Return the loss of the plain program."""
    side = F.select(F.eq(doubled, 0), target, 2*target - 1)
    lacked = F.relu(-scores*side + margin)
    loss = F.weighted(weight, lacked*lacked)
    return loss


def grad(F, scores, target, weight, loss_bar, doubled, margin):
    """Return the loss and the derived gradient."""
    side = F.select(F.eq(doubled, 0), target, 2*target - 1)
    lacked = F.relu(-scores*side + margin)
    loss = F.weighted(weight, lacked*lacked)
    lacked_bar = 2*lacked*loss_bar*weight
    side_bar = -(lacked_bar*scores*F.step(-scores*side + margin, 0))
    scores_bar_unmasked = -(lacked_bar*side*F.step(-scores*side + margin, 0))
    scores_bar = F.select(F.eq(weight, 0), 0, scores_bar_unmasked)
    target_bar_unmasked = F.select(F.eq(doubled, 0), side_bar, 2*side_bar)
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, scores_bar, target_bar


def hvp(F, scores, target, weight, loss_bar, scores_dot, target_dot, doubled, margin):
    """Return the derived Hessian-vector product."""
    side = F.select(F.eq(doubled, 0), target, 2*target - 1)
    lacked = F.relu(-scores*side + margin)
    lacked_bar = 2*lacked*loss_bar*weight
    side_dot = target_dot*F.select(F.eq(doubled, 0), 1, 2)
    lacked_dot = -scores*side_dot*F.step(-scores*side + margin, 0) - scores_dot*side*F.step(-scores*side + margin, 0)
    lacked_bar_dot = 2*lacked_dot*loss_bar*weight
    side_bar_dot = -lacked_bar*scores_dot*F.step(-scores*side + margin, 0) - lacked_bar_dot*scores*F.step(-scores*side + margin, 0)
    scores_bar_unmasked_dot = -lacked_bar*side_dot*F.step(-scores*side + margin, 0) - lacked_bar_dot*side*F.step(-scores*side + margin, 0)
    scores_bar_dot = F.select(F.eq(weight, 0), 0, scores_bar_unmasked_dot)
    target_bar_unmasked_dot = side_bar_dot*F.select(F.eq(doubled, 0), 1, 2)
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return scores_bar_dot, target_bar_dot
