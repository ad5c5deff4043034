"""Focal loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight alpha_q (1 - p_t)^gamma ((1 - q) (-log(1 - k)) + q (-log k));
    k = probs, kept from clip to 1 - clip;  p_t = probs q + (1 - probs) (1 - q);
    q = (1 - eps) target + eps/2,  eps = label_smoothing; alpha_q: alpha or 1 - alpha, by q

Subgradients
    where p is at a clip, half of the slope inside; none elsewhere.

Constants
    smoothing: the target is (1 - it) t + it/2 (default 0.0)
    clip: probabilities are kept from it to 1 less it (default 0.0)
    gamma: power of 1 - p_t (default 2.0)
    gamma_lo: what gamma lacks (default 0.0)
    attached: 1: the modulator is differentiated; 0: it is detached (default 1.0)
    on_positives: 1: alpha multiplies positives; 0: 1 - alpha does (default 1.0)
    on_negatives: 1: alpha multiplies negatives; 0: 1 - alpha does (default 0.0)
    alpha: factor of the elements that alpha_side names (default 0.25)

Source
    Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017,
    arXiv 1708.02002, eq. 5; keras.losses.binary_focal_crossentropy.
"""


def value(F, probs, target, weight, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss of the plain program."""
    pos_weight = 1
    goal = F.rational(1, 2)*smoothing*(1 - target) + (1 - F.rational(1, 2)*smoothing)*target
    rest = F.rational(1, 2)*smoothing*target + (1 - target)*(1 - F.rational(1, 2)*smoothing)
    least = F.select(F.eq(clip, 0), -1, clip)
    kept = F.min(1 - least, F.max(least, probs))
    missed_all = -F.log(1 - kept)
    missed = missed_all
    hit_all = -F.log(kept)
    hit = hit_all
    bce = F.weighted(goal*pos_weight, hit) + F.weighted(rest, missed)
    chance = (1 - probs)*rest + goal*probs
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - goal)*lower + goal*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, probs, target, weight, loss_bar, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss and the derived gradient."""
    pos_weight = 1
    goal = F.rational(1, 2)*smoothing*(1 - target) + (1 - F.rational(1, 2)*smoothing)*target
    rest = F.rational(1, 2)*smoothing*target + (1 - target)*(1 - F.rational(1, 2)*smoothing)
    least = F.select(F.eq(clip, 0), -1, clip)
    kept = F.min(1 - least, F.max(least, probs))
    missed_all = -F.log(1 - kept)
    hit_all = -F.log(kept)
    bce = F.weighted(goal*pos_weight, hit_all) + F.weighted(rest, missed_all)
    chance = (1 - probs)*rest + goal*probs
    factor = F.raised(1 - chance, gamma)
    focal = F.gate(factor, attached)*bce
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - goal)*lower + goal*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = F.gate(factor, attached)*focal_bar
    hit_bar = bce_bar*goal*pos_weight
    missed_bar = bce_bar*rest
    kept_bar = missed_bar/(1 - kept) - hit_bar/kept
    rest_bar = (1 - probs)*chance_bar + bce_bar*missed_all
    goal_bar = (upper - lower)*balance_bar + chance_bar*probs + bce_bar*hit_all*pos_weight
    probs_bar_unmasked = (goal - rest)*chance_bar + kept_bar*F.step(probs - least, F.rational(1, 2))*F.step(1 - least - F.max(least, probs), F.rational(1, 2))
    probs_bar = F.select(F.eq(weight, 0), 0, probs_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*goal_bar + (-1 + smoothing)*rest_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def hvp(F, probs, target, weight, loss_bar, probs_dot, target_dot, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the derived Hessian-vector product."""
    pos_weight = 1
    goal = F.rational(1, 2)*smoothing*(1 - target) + (1 - F.rational(1, 2)*smoothing)*target
    rest = F.rational(1, 2)*smoothing*target + (1 - target)*(1 - F.rational(1, 2)*smoothing)
    least = F.select(F.eq(clip, 0), -1, clip)
    kept = F.min(1 - least, F.max(least, probs))
    missed_all = -F.log(1 - kept)
    hit_all = -F.log(kept)
    bce = F.weighted(goal*pos_weight, hit_all) + F.weighted(rest, missed_all)
    chance = (1 - probs)*rest + goal*probs
    factor = F.raised(1 - chance, gamma)
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - goal)*lower + goal*upper
    focal_bar = balance*loss_bar*weight
    factor_bar = attached*(bce*focal_bar)
    chance_bar = -(factor_bar*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    bce_bar = F.gate(factor, attached)*focal_bar
    hit_bar = bce_bar*goal*pos_weight
    missed_bar = bce_bar*rest
    goal_dot = (1 - smoothing)*target_dot
    rest_dot = (-1 + smoothing)*target_dot
    kept_dot = probs_dot*F.step(probs - least, F.rational(1, 2))*F.step(1 - least - F.max(least, probs), F.rational(1, 2))
    missed_all_dot = kept_dot/(1 - kept)
    hit_all_dot = -(kept_dot/kept)
    bce_dot = missed_all*rest_dot + missed_all_dot*rest + goal*hit_all_dot*pos_weight + goal_dot*hit_all*pos_weight
    chance_dot = (1 - probs)*rest_dot + (goal - rest)*probs_dot + goal_dot*probs
    factor_dot = -(chance_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma)))
    focal_dot = F.gate(factor, attached)*bce_dot + attached*(bce*factor_dot)
    balance_dot = (upper - lower)*goal_dot
    balance_bar_dot = focal_dot*loss_bar*weight
    focal_bar_dot = balance_dot*loss_bar*weight
    factor_bar_dot = attached*(bce*focal_bar_dot) + attached*(bce_dot*focal_bar)
    chance_bar_dot = gamma*chance_dot*factor_bar*F.weighted(-1 + gamma, F.raised(1 - chance, -2 + gamma)) - factor_bar_dot*F.weighted(gamma, F.raised(1 - chance, -1 + gamma))
    bce_bar_dot = F.gate(factor, attached)*focal_bar_dot + attached*(factor_dot*focal_bar)
    hit_bar_dot = bce_bar*goal_dot*pos_weight + bce_bar_dot*goal*pos_weight
    missed_bar_dot = bce_bar*rest_dot + bce_bar_dot*rest
    kept_bar_dot = missed_bar_dot/(1 - kept) + (missed_bar/((1 - kept)*(1 - kept)) + hit_bar/(kept*kept))*kept_dot - hit_bar_dot/kept
    rest_bar_dot = (1 - probs)*chance_bar_dot + bce_bar*missed_all_dot + bce_bar_dot*missed_all - chance_bar*probs_dot
    goal_bar_dot = (upper - lower)*balance_bar_dot + chance_bar*probs_dot + chance_bar_dot*probs + bce_bar*hit_all_dot*pos_weight + bce_bar_dot*hit_all*pos_weight
    probs_bar_unmasked_dot = (goal - rest)*chance_bar_dot + chance_bar*goal_dot + kept_bar_dot*F.step(probs - least, F.rational(1, 2))*F.step(1 - least - F.max(least, probs), F.rational(1, 2)) - chance_bar*rest_dot
    probs_bar_dot = F.select(F.eq(weight, 0), 0, probs_bar_unmasked_dot)
    target_bar_unmasked_dot = (1 - smoothing)*goal_bar_dot + (-1 + smoothing)*rest_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return probs_bar_dot, target_bar_dot
