"""Kullback-Leibler divergence, term by term,: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = weight t (log t - log_probs);  t = target, or exp(target) where targets are logarithms

Subgradients
    none: the loss is smooth.

Constants

Source
    Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951).
    torch.nn.functional.kl_div.
"""


def value(F, log_probs, target, weight):
    """Return the loss of the stable program."""
    held = F.select(F.gt(target, 0), target, 1)
    surplus = F.log(held) - log_probs
    term = F.weighted(target, surplus)
    loss = F.weighted(weight, term)
    return loss


def grad(F, log_probs, target, weight, loss_bar):
    """Return the loss and the stable gradient."""
    held = F.select(F.gt(target, 0), target, 1)
    surplus = F.log(held) - log_probs
    term = F.weighted(target, surplus)
    loss = F.weighted(weight, term)
    term_bar = loss_bar*weight
    log_probs_bar_unmasked = -(target*term_bar)
    log_probs_bar = F.select(F.eq(weight, 0), 0, log_probs_bar_unmasked)
    target_bar_unmasked = (F.step(target, 0) + surplus)*term_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, log_probs_bar, target_bar


def plain_grad(F, log_probs, target, weight, loss_bar):
    """Return loss and gradient, plain form."""
    held = F.select(F.gt(target, 0), target, 1)
    surplus = F.log(held) - log_probs
    term = F.weighted(target, surplus)
    loss = F.weighted(weight, term)
    term_bar = loss_bar*weight
    log_probs_bar_unmasked = -(target*term_bar)
    log_probs_bar = F.select(F.eq(weight, 0), 0, log_probs_bar_unmasked)
    target_bar_unmasked = (F.step(target, 0) + surplus)*term_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, log_probs_bar, target_bar
