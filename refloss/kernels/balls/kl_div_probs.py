"""Kullback-Leibler divergence, term by term,: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight t (log t - log p);  t, p = target, probs, neither below clip

Subgradients
    where a probability is at the clip, half of the slope inside; none elsewhere.

Constants
    clip: neither probability is below it (default 0.0)

Source
    Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951).
    keras.losses.kl_divergence.
"""


def value(F, probs, target, weight, clip):
    """Return the loss of the stable program."""
    least = F.select(F.eq(clip, 0), -1, clip)
    probs_kept = F.max(least, probs)
    target_kept = F.max(least, target)
    held = F.select(F.gt(target_kept, 0), target_kept, 1)
    surplus = F.select(F.gt(held, 2*probs_kept), F.log(held) - F.log(probs_kept), F.select(F.le(probs_kept, 2*held), F.log1p(F.ratio(held - probs_kept, probs_kept, 0)), F.log(held) - F.log(probs_kept)))
    term = F.weighted(target_kept, surplus)
    loss = F.weighted(weight, term)
    return loss


def grad(F, probs, target, weight, loss_bar, clip):
    """Return the loss and the stable gradient."""
    least = F.select(F.eq(clip, 0), -1, clip)
    probs_kept = F.max(least, probs)
    target_kept = F.max(least, target)
    held = F.select(F.gt(target_kept, 0), target_kept, 1)
    surplus = F.select(F.gt(held, 2*probs_kept), F.log(held) - F.log(probs_kept), F.select(F.le(probs_kept, 2*held), F.log1p(F.ratio(held - probs_kept, probs_kept, 0)), F.log(held) - F.log(probs_kept)))
    term = F.weighted(target_kept, surplus)
    quotient = F.ratio(target_kept, probs_kept, 0)
    loss = F.weighted(weight, term)
    term_bar = loss_bar*weight
    target_kept_bar = (F.step(target_kept, 0) + surplus)*term_bar
    probs_kept_bar = -(quotient*term_bar)
    probs_bar_unmasked = probs_kept_bar*F.step(probs - least, F.rational(1, 2))
    probs_bar = F.select(F.eq(weight, 0), 0, probs_bar_unmasked)
    target_bar_unmasked = target_kept_bar*F.step(target - least, F.rational(1, 2))
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, probs_bar, target_bar


def plain_grad(F, probs, target, weight, loss_bar, clip):
    """Return loss and gradient, plain form."""
    least = F.select(F.eq(clip, 0), -1, clip)
    probs_kept = F.max(least, probs)
    target_kept = F.max(least, target)
    held = F.select(F.gt(target_kept, 0), target_kept, 1)
    quotient = probs_kept/held
    term = F.weighted(target_kept, -F.log(quotient))
    loss = F.weighted(weight, term)
    term_bar = loss_bar*weight
    quotient_bar = -(target_kept*term_bar/quotient)
    held_bar = -(quotient*(quotient_bar/held))
    target_kept_bar = F.select(F.gt(target_kept, 0), held_bar, 0) - term_bar*F.log(quotient)
    probs_kept_bar = quotient_bar/held
    probs_bar_unmasked = probs_kept_bar*F.step(probs - least, F.rational(1, 2))
    probs_bar = F.select(F.eq(weight, 0), 0, probs_bar_unmasked)
    target_bar_unmasked = target_kept_bar*F.step(target - least, F.rational(1, 2))
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, probs_bar, target_bar
