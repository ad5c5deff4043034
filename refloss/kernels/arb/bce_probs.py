"""Binary cross-entropy: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
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
    return loss


def grad(F, probs, target, pos_weight, weight, loss_bar, label_smoothing, lost, raised, clip, added, most):
    """Return the loss and the derived gradient."""
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


def hvp(F, probs, target, pos_weight, weight, loss_bar, probs_dot, target_dot, label_smoothing, lost, raised, clip, added, most):
    """Return the derived Hessian-vector product."""
    goal = (1 - label_smoothing*lost)*target + label_smoothing*raised*(1 - target)
    rest = (1 - target)*(1 - label_smoothing*raised) + label_smoothing*lost*target
    least = F.select(F.eq(clip, 0), -1, clip)
    kept = F.min(1 - least, F.max(least, probs))
    missed_all = -F.log(1 - kept + added)
    hit_all = -F.log(kept + added)
    bce_bar = loss_bar*weight
    hit_bar = bce_bar*goal*pos_weight
    hit_all_bar = F.select(F.lt(most, hit_all), 0, hit_bar)
    missed_bar = bce_bar*rest
    missed_all_bar = F.select(F.lt(most, missed_all), 0, missed_bar)
    goal_dot = (1 - label_smoothing*lost - label_smoothing*raised)*target_dot
    rest_dot = (-1 + label_smoothing*lost + label_smoothing*raised)*target_dot
    kept_dot = probs_dot*F.step(probs - least, F.rational(1, 2))*F.step(1 - least - F.max(least, probs), F.rational(1, 2))
    missed_all_dot = kept_dot/(1 - kept + added)
    missed_dot = missed_all_dot*F.select(F.lt(most, missed_all), 0, 1)
    hit_all_dot = -(kept_dot/(kept + added))
    hit_dot = hit_all_dot*F.select(F.lt(most, hit_all), 0, 1)
    hit_bar_dot = bce_bar*goal_dot*pos_weight
    hit_all_bar_dot = hit_bar_dot*F.select(F.lt(most, hit_all), 0, 1)
    missed_bar_dot = bce_bar*rest_dot
    missed_all_bar_dot = missed_bar_dot*F.select(F.lt(most, missed_all), 0, 1)
    kept_bar_dot = (hit_all_bar/((kept + added)*(kept + added)) + missed_all_bar/((1 - kept + added)*(1 - kept + added)))*kept_dot + missed_all_bar_dot/(1 - kept + added) - hit_all_bar_dot/(kept + added)
    rest_bar_dot = bce_bar*missed_dot
    goal_bar_dot = bce_bar*hit_dot*pos_weight
    probs_bar_unmasked_dot = kept_bar_dot*F.step(probs - least, F.rational(1, 2))*F.step(1 - least - F.max(least, probs), F.rational(1, 2))
    probs_bar_dot = F.select(F.eq(weight, 0), 0, probs_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - label_smoothing*lost - label_smoothing*raised)*goal_bar_dot + (-1 + label_smoothing*lost + label_smoothing*raised)*rest_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return probs_bar_dot, target_bar_dot
