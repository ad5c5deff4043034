"""Kullback-Leibler divergence, term by term,: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
    least = F.select(F.eq(clip, 0), -1, clip)
    probs_kept = F.max(least, probs)
    target_kept = F.max(least, target)
    held = F.select(F.gt(target_kept, 0), target_kept, 1)
    quotient = probs_kept/held
    term = F.weighted(target_kept, -F.log(quotient))
    loss = F.weighted(weight, term)
    return loss


def grad(F, probs, target, weight, loss_bar, clip):
    """Return the loss and the derived gradient."""
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


def hvp(F, probs, target, weight, loss_bar, probs_dot, target_dot, clip):
    """Return the derived Hessian-vector product."""
    least = F.select(F.eq(clip, 0), -1, clip)
    probs_kept = F.max(least, probs)
    target_kept = F.max(least, target)
    held = F.select(F.gt(target_kept, 0), target_kept, 1)
    quotient = probs_kept/held
    term_bar = loss_bar*weight
    quotient_bar = -(target_kept*term_bar/quotient)
    probs_kept_bar = quotient_bar/held
    probs_kept_dot = probs_dot*F.step(probs - least, F.rational(1, 2))
    target_kept_dot = target_dot*F.step(target - least, F.rational(1, 2))
    held_dot = target_kept_dot*F.select(F.gt(target_kept, 0), 1, 0)
    quotient_dot = probs_kept_dot/held - quotient*(held_dot/held)
    quotient_bar_dot = quotient_dot*target_kept*term_bar/(quotient*quotient) - target_kept_dot*term_bar/quotient
    held_bar_dot = probs_kept_bar*quotient*(held_dot/held) - quotient*(quotient_bar_dot/held) - probs_kept_bar*quotient_dot
    target_kept_bar_dot = held_bar_dot*F.select(F.gt(target_kept, 0), 1, 0) - quotient_dot*term_bar/quotient
    probs_kept_bar_dot = quotient_bar_dot/held - probs_kept_bar*(held_dot/held)
    probs_bar_unmasked_dot = probs_kept_bar_dot*F.step(probs - least, F.rational(1, 2))
    probs_bar_dot = F.select(F.eq(weight, 0), 0, probs_bar_unmasked_dot)
    target_bar_unmasked_dot = target_kept_bar_dot*F.step(target - least, F.rational(1, 2))
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return probs_bar_dot, target_bar_dot
