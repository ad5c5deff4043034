"""Binary cross-entropy: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight ((1 - q) min(-log(1 - p + added), most) + pos_weight q min(-log(p + added), most));
    p = probs, kept from clip to 1 - clip;
    q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing

Subgradients
    where p is at a clip, half of the slope inside; none elsewhere.

Constants
    label_smoothing: how much is taken from targets (default 0.0)
    lost: share of it that a target of 1 loses (default 0.5)
    raised: share of it that a target of 0 gains (default 0.5)
    clip: probabilities are kept from it to 1 less it (default 0.0)
    added: added to both probabilities before their logarithms (default 0.0)
    most: bound of minus the logarithms (default inf)

Source
    Cox 1958; torch.nn.functional.binary_cross_entropy.
"""


def value(F, probs, target, pos_weight, weight, label_smoothing, lost, raised, clip, added, most):
    """Return the loss of the stable program."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    least = F.select(F.eq(clip, 0), -1, clip)
    near = F.select(F.le(probs, F.rational(1, 2)), probs, 1 - probs)
    kept = F.max(least, near)
    steep = -F.log(kept + added)
    flat = -F.log1p(-kept + added)
    wanted = goal*pos_weight
    near_share = F.select(F.le(probs, F.rational(1, 2)), wanted, rest)
    near_log = F.select(F.lt(most, steep), most, steep)
    far_share = F.select(F.le(probs, F.rational(1, 2)), rest, wanted)
    far_log = F.select(F.lt(most, flat), most, flat)
    bce = F.weighted(far_share, far_log) + F.weighted(near_share, near_log)
    loss = F.weighted(weight, bce)
    return loss


def grad(F, probs, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised, clip, added, most):
    """Return the loss and the stable gradient."""
    goal_moved = label_smoothing*raised*(1 - target) - label_smoothing*lost*target
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    least = F.select(F.eq(clip, 0), -1, clip)
    near = F.select(F.le(probs, F.rational(1, 2)), probs, 1 - probs)
    kept = F.max(least, near)
    steep = -F.log(kept + added)
    flat = -F.log1p(-kept + added)
    wanted = goal*pos_weight
    near_share = F.select(F.le(probs, F.rational(1, 2)), wanted, rest)
    near_log = F.select(F.lt(most, steep), most, steep)
    far_share = F.select(F.le(probs, F.rational(1, 2)), rest, wanted)
    far_log = F.select(F.lt(most, flat), most, flat)
    bce = F.weighted(far_share, far_log) + F.weighted(near_share, near_log)
    inside = F.step(near - least, F.rational(1, 2))
    toward = F.select(F.le(probs, F.rational(1, 2)), inside, -inside)
    blunt = 1/(1 - kept + added)
    near_felt = F.select(F.lt(most, steep), 0, toward)
    far_felt = F.select(F.lt(most, flat), 0, toward)
    near_pull = near_felt*F.ratio(near_share, kept + added, 0)
    far_pull = blunt*far_felt*far_share
    held = F.select(F.le(probs, F.rational(1, 2)), kept, 1 - kept)
    excess = added*(far_share - near_share) + F.select(F.le(probs, F.rational(1, 2)), -(pos_weight - 1)*goal*F.select(F.le(probs, F.rational(1, 2)), 1 - kept, kept) - goal_moved, (pos_weight - 1)*goal*F.select(F.le(probs, F.rational(1, 2)), 1 - kept, kept) + goal_moved) + F.select(F.le(probs, F.rational(1, 2)), held - target, target - held)
    slope = F.select(F.lt(most, steep), far_pull, F.select(F.gt(F.abs(pos_weight - F.rational(5, 4)), F.rational(3, 4)), far_pull - near_pull, blunt*toward*F.ratio(excess, kept + added, far_share)))
    odds = F.log1p((1 - 2*kept)/(kept + added))
    between = F.select(F.lt(most, steep), near_log - far_log, F.select(F.gt(kept, F.rational(1, 4)), odds, steep - flat))
    hit = F.select(F.le(probs, F.rational(1, 2)), near_log, far_log)
    missed = F.select(F.le(probs, F.rational(1, 2)), far_log, near_log)
    lean = F.select(F.gt(F.abs(pos_weight - F.rational(5, 4)), F.rational(3, 4)), F.weighted(pos_weight, hit) - missed, (pos_weight - 1)*hit + F.select(F.le(probs, F.rational(1, 2)), between, -between))
    loss = F.weighted(weight, bce)
    bce_bar = loss_bar*weight
    probs_bar_unmasked = bce_bar*slope
    probs_bar = F.select(F.eq(weight, 0), 0, probs_bar_unmasked)
    target_bar_unmasked = (1 - label_smoothing*lost - label_smoothing*raised)*bce_bar*lean
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def plain_grad(F, probs, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised, clip, added, most):
    """Return loss and gradient, plain form."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    least = F.select(F.eq(clip, 0), -1, clip)
    kept = F.min(1 - least, F.max(least, probs))
    missed_all = -F.log(1 - kept + added)
    missed = F.select(F.lt(most, missed_all), most, missed_all)
    hit_all = -F.log(kept + added)
    hit = F.select(F.lt(most, hit_all), most, hit_all)
    bce = F.weighted(goal*pos_weight, hit) + F.weighted(rest, missed)
    loss = F.weighted(weight, bce)
    bce_bar = loss_bar*weight
    hit_bar = bce_bar*goal*pos_weight
    hit_all_bar = F.select(F.lt(most, hit_all), 0, hit_bar)
    missed_bar = bce_bar*rest
    missed_all_bar = F.select(F.lt(most, missed_all), 0, missed_bar)
    kept_bar = missed_all_bar/(1 - kept + added) - hit_all_bar/(kept + added)
    rest_bar = bce_bar*missed
    goal_bar = bce_bar*hit*pos_weight
    probs_bar_unmasked = kept_bar*F.step(probs - least, F.rational(1, 2))*F.step(1 - least - F.max(least, probs), F.rational(1, 2))
    probs_bar = F.select(F.eq(weight, 0), 0, probs_bar_unmasked)
    target_bar_unmasked = (1 - label_smoothing*lost - label_smoothing*raised)*goal_bar + (-1 + label_smoothing*lost + label_smoothing*raised)*rest_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, probs_bar, target_bar
