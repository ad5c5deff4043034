"""Focal loss: the stable and the plain gradient over an arithmetic F.

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
    """Return the loss of the stable program."""
    gamma_lo = F.rational(0, 1)
    pos_weight = 1
    goal = F.rational(1, 2)*smoothing*(1 - target) + (1 - F.rational(1, 2)*smoothing)*target
    rest = F.rational(1, 2)*smoothing*target + (1 - target)*(1 - F.rational(1, 2)*smoothing)
    least = F.select(F.eq(clip, 0), -1, clip)
    near = F.select(F.le(probs, F.rational(1, 2)), probs, 1 - probs)
    kept = F.max(least, near)
    steep = -F.log(kept)
    flat = -F.log1p(-kept)
    wanted = goal*pos_weight
    near_share = F.select(F.le(probs, F.rational(1, 2)), wanted, rest)
    near_log = steep
    far_share = F.select(F.le(probs, F.rational(1, 2)), rest, wanted)
    far_log = flat
    bce = F.weighted(far_share, far_log) + F.weighted(near_share, near_log)
    miss = (1 - probs)*goal + probs*rest
    factor = F.select(F.eq(gamma_lo, 0), F.raised(miss, gamma), F.weighted(F.raised(miss, gamma), 1 + gamma_lo*F.log(miss)))
    focal = bce*factor
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - goal)*lower + goal*upper
    loss = F.weighted(weight, balance*focal)
    return loss


def grad(F, probs, target, weight, loss_bar, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return the loss and the stable gradient."""
    gamma_lo = F.rational(0, 1)
    pos_weight = 1
    goal_moved = F.rational(1, 2)*smoothing*(1 - target) - F.rational(1, 2)*smoothing*target
    goal = F.rational(1, 2)*smoothing*(1 - target) + (1 - F.rational(1, 2)*smoothing)*target
    rest = F.rational(1, 2)*smoothing*target + (1 - target)*(1 - F.rational(1, 2)*smoothing)
    least = F.select(F.eq(clip, 0), -1, clip)
    near = F.select(F.le(probs, F.rational(1, 2)), probs, 1 - probs)
    kept = F.max(least, near)
    steep = -F.log(kept)
    flat = -F.log1p(-kept)
    wanted = goal*pos_weight
    near_share = F.select(F.le(probs, F.rational(1, 2)), wanted, rest)
    far_share = F.select(F.le(probs, F.rational(1, 2)), rest, wanted)
    bce = F.weighted(far_share, flat) + F.weighted(near_share, steep)
    inside = F.step(near - least, F.rational(1, 2))
    toward = F.select(F.le(probs, F.rational(1, 2)), inside, -inside)
    blunt = 1/(1 - kept)
    near_pull = toward*F.ratio(near_share, kept, 0)
    far_pull = blunt*far_share*toward
    held = F.select(F.le(probs, F.rational(1, 2)), kept, 1 - kept)
    excess = F.select(F.le(probs, F.rational(1, 2)), -(pos_weight - 1)*goal*F.select(F.le(probs, F.rational(1, 2)), 1 - kept, kept) - goal_moved, (pos_weight - 1)*goal*F.select(F.le(probs, F.rational(1, 2)), 1 - kept, kept) + goal_moved) + F.select(F.le(probs, F.rational(1, 2)), held - target, target - held)
    slope = F.select(F.gt(F.abs(pos_weight - F.rational(5, 4)), F.rational(3, 4)), far_pull - near_pull, blunt*toward*F.ratio(excess, kept, far_share))
    odds = F.log1p((1 - 2*kept)/kept)
    between = F.select(F.gt(kept, F.rational(1, 4)), odds, steep - flat)
    hit = F.select(F.le(probs, F.rational(1, 2)), steep, flat)
    missed = F.select(F.le(probs, F.rational(1, 2)), flat, steep)
    lean = F.select(F.gt(F.abs(pos_weight - F.rational(5, 4)), F.rational(3, 4)), F.weighted(pos_weight, hit) - missed, (pos_weight - 1)*hit + F.select(F.le(probs, F.rational(1, 2)), between, -between))
    miss = (1 - probs)*goal + probs*rest
    factor = F.select(F.eq(gamma_lo, 0), F.raised(miss, gamma), F.weighted(F.raised(miss, gamma), 1 + gamma_lo*F.log(miss)))
    focal = bce*factor
    tilt = rest - goal
    rise = F.weighted(gamma, F.select(F.eq(gamma_lo, 0), F.raised(miss, -1 + gamma), F.weighted(F.raised(miss, -1 + gamma), 1 + (gamma_lo + F.two_diff_error(gamma, 1))*F.log(miss))))
    keen = F.weighted(rise, bce)
    gain = F.weighted(factor, lean)
    upper = F.select(F.eq(on_positives, 0), 1 - alpha, alpha)
    lower = F.select(F.eq(on_negatives, 0), 1 - alpha, alpha)
    balance = (1 - goal)*lower + goal*upper
    loss = F.weighted(weight, balance*focal)
    balance_bar = focal*loss_bar*weight
    focal_bar = balance*loss_bar*weight
    goal_bar = (upper - lower)*balance_bar
    probs_bar_unmasked = (factor*slope + attached*(keen*tilt))*focal_bar
    probs_bar = F.select(F.eq(weight, 0), 0, probs_bar_unmasked)
    target_bar_unmasked = (1 - smoothing)*goal_bar + ((1 - smoothing)*gain + attached*((1 - smoothing)*(1 - 2*probs)*keen))*focal_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def plain_grad(F, probs, target, weight, loss_bar, smoothing, clip, gamma, gamma_lo, attached, on_positives, on_negatives, alpha):
    """Return loss and gradient, plain form."""
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
