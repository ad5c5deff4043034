"""Binary cross-entropy: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    left = F.exp(-F.abs(logits))
    tail = F.log1p(left)
    missed = F.relu(logits) + tail
    hit = F.relu(-logits) + tail
    wanted = goal*pos_weight
    bce = F.weighted(rest, missed) + F.weighted(wanted, hit)
    loss = F.weighted(weight, bce)
    return loss


def grad(F, logits, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised):
    """Return the loss and the stable gradient."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    left = F.exp(-F.abs(logits))
    tail = F.log1p(left)
    missed = F.relu(logits) + tail
    hit = F.relu(-logits) + tail
    share = 1/(1 + left)
    rise = F.select(F.ge(logits, 0), share, left*share)
    fall = F.select(F.ge(logits, 0), left*share, share)
    wanted = goal*pos_weight
    bce = F.weighted(rest, missed) + F.weighted(wanted, hit)
    lean = (pos_weight - 1)*tail + F.select(F.ge(logits, 0), -logits, -(logits*pos_weight))
    loss = F.weighted(weight, bce)
    bce_bar = loss_bar*weight
    logits_bar_unmasked = (rest*rise - fall*wanted)*bce_bar
    logits_bar = F.select(F.eq(weight, 0), 0, logits_bar_unmasked)
    target_bar_unmasked = (1 - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, logits_bar, target_bar


def plain_grad(F, logits, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised):
    """Return loss and gradient, plain form."""
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
