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
    surplus = target - log_probs
    root = F.exp(F.rational(1, 2)*target)
    felt = root*surplus
    term = felt*root
    loss = F.weighted(weight, term)
    return loss


def grad(F, log_probs, target, weight, loss_bar):
    """Return the loss and the stable gradient."""
    surplus = target - log_probs
    root = F.exp(F.rational(1, 2)*target)
    felt = root*surplus
    term = felt*root
    more_high = 1 + surplus
    more = F.two_diff_error(target, log_probs) + more_high
    risen = more*root
    loss = F.weighted(weight, term)
    term_bar = loss_bar*weight
    log_probs_bar_unmasked = -(term_bar*F.exp(target))
    log_probs_bar = F.select(F.eq(weight, 0), 0, log_probs_bar_unmasked)
    target_bar_unmasked = risen*root*term_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, log_probs_bar, target_bar


def plain_grad(F, log_probs, target, weight, loss_bar):
    """Return loss and gradient, plain form."""
    surplus = target - log_probs
    term = surplus*F.exp(target)
    loss = F.weighted(weight, term)
    term_bar = loss_bar*weight
    surplus_bar = term_bar*F.exp(target)
    log_probs_bar_unmasked = -surplus_bar
    log_probs_bar = F.select(F.eq(weight, 0), 0, log_probs_bar_unmasked)
    target_bar_unmasked = surplus*term_bar*F.exp(target) + surplus_bar
    target_bar = F.select(F.eq(weight, 0), 0, target_bar_unmasked)
    return loss, log_probs_bar, target_bar
