"""Binary cross-entropy: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight ((1 - q) softplus(x) + pos_weight q softplus(-x)),  x = logits;
    q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing

Subgradients
    none: the loss is smooth.

Constants
    label_smoothing: how much is taken from targets (default 0.0)
    lost: share of it that a target of 1 loses (default 0.5)
    raised: share of it that a target of 0 gains (default 0.5)

Source
    Cox 1958; torch.nn.functional.binary_cross_entropy_with_logits.
"""


def value(F, logits, target, pos_weight, weight, label_smoothing, lost, raised):
    """Return the loss of the plain program."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    top = F.stop(F.max(0, logits))
    mass = F.exp(logits - top) + F.exp(-top)
    hit = F.log(mass) + top - logits
    bce = (goal*pos_weight + rest)*hit + logits*rest
    loss = F.weighted(weight, bce)
    return loss


def grad(F, logits, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised):
    """Return the loss and the derived gradient."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    top = F.stop(F.max(0, logits))
    mass = F.exp(logits - top) + F.exp(-top)
    hit = F.log(mass) + top - logits
    bce = (goal*pos_weight + rest)*hit + logits*rest
    loss = F.weighted(weight, bce)
    bce_bar = loss_bar*weight
    hit_bar = (goal*pos_weight + rest)*bce_bar
    mass_bar = hit_bar/mass
    rest_bar = (hit + logits)*bce_bar
    goal_bar = bce_bar*hit*pos_weight
    logits_bar_unmasked = mass_bar*F.exp(logits - top) + bce_bar*rest - hit_bar
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - label_smoothing*lost - label_smoothing*raised)*goal_bar + (-1 + label_smoothing*lost + label_smoothing*raised)*rest_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def hvp(F, logits, target, pos_weight, weight, loss_bar, logits_dot, target_dot, label_smoothing, lost, raised):
    """Return the derived Hessian-vector product."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    top = F.stop(F.max(0, logits))
    mass = F.exp(logits - top) + F.exp(-top)
    bce_bar = loss_bar*weight
    hit_bar = (goal*pos_weight + rest)*bce_bar
    mass_bar = hit_bar/mass
    goal_dot = (1 - label_smoothing*lost - label_smoothing*raised)*target_dot
    rest_dot = (-1 + label_smoothing*lost + label_smoothing*raised)*target_dot
    mass_dot = logits_dot*F.exp(logits - top)
    hit_dot = mass_dot/mass - logits_dot
    hit_bar_dot = bce_bar*rest_dot + bce_bar*goal_dot*pos_weight
    mass_bar_dot = hit_bar_dot/mass - hit_bar*mass_dot/(mass*mass)
    rest_bar_dot = bce_bar*hit_dot + bce_bar*logits_dot
    goal_bar_dot = bce_bar*hit_dot*pos_weight
    logits_bar_unmasked_dot = mass_bar_dot*F.exp(logits - top) + bce_bar*rest_dot + logits_dot*mass_bar*F.exp(logits - top) - hit_bar_dot
    logits_bar_dot = F.select(F.eq(weight, 0), 0, logits_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - label_smoothing*lost - label_smoothing*raised)*goal_bar_dot + (-1 + label_smoothing*lost + label_smoothing*raised)*rest_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return logits_bar_dot, target_bar_dot
