"""Kullback-Leibler divergence, term by term,: the plain definition over an arithmetic F.

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
    """Return the loss of the plain program."""
    surplus = target - log_probs
    term = surplus*F.exp(target)
    loss = F.weighted(weight, term)
    return loss


def grad(F, log_probs, target, weight, loss_bar):
    """Return the loss and the derived gradient."""
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


def hvp(F, log_probs, target, weight, loss_bar, log_probs_dot, target_dot):
    """Return the derived Hessian-vector product."""
    surplus = target - log_probs
    term_bar = loss_bar*weight
    surplus_dot = target_dot - log_probs_dot
    surplus_bar_dot = target_dot*term_bar*F.exp(target)
    log_probs_bar_unmasked_dot = -surplus_bar_dot
    log_probs_bar_dot = F.select(F.eq(weight, 0), 0, log_probs_bar_unmasked_dot)
    target_bar_unmasked_dot = surplus_dot*term_bar*F.exp(target) + surplus*target_dot*term_bar*F.exp(target) + surplus_bar_dot
    target_bar_dot = F.select(F.eq(weight, 0), 0, target_bar_unmasked_dot)
    return log_probs_bar_dot, target_bar_dot
