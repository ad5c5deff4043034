"""Multi-similarity loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = log(1 + sum_p exp(-alpha (s_p - base)))/alpha + log(1 + sum_n exp(beta (s_n - base)))/beta
    p: columns where same is 1;  n: columns where same is 0

Subgradients
    none: the loss is smooth.

Constants
    alpha: scale of positives (default 2.0)
    alpha_lo: what alpha lacks (default 0.0)
    beta: scale of negatives (default 50.0)
    beta_lo: what beta lacks (default 0.0)
    base: similarity about which pairs are weighed (default 1.0)
    base_lo: what base lacks (default 0.0)

Source
    Wang, Han, Huang, Dong, Scott, Multi-Similarity Loss with General Pair Weighting for
    Deep Metric Learning, CVPR 2019, arXiv 1904.06627, equation 15.
"""


def value(F, similarities, same, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return the loss of the plain program."""
    C = len(similarities)
    ally_exponents = [alpha*(-similarities[c] + base) for c in range(C)]
    ally_top = F.largest([F.select(F.eq(same[c], 1), ally_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    ally_shift = F.stop(F.select(F.gt(ally_top, 0), ally_top, 0))
    ally_total = F.sum([F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - ally_shift), 0) for c in range(C)])
    ally_cost = F.log(F.exp(-ally_shift) + ally_total) + ally_shift
    rival_exponents = [beta*(similarities[c] - base) for c in range(C)]
    rival_top = F.largest([F.select(F.eq(same[c], 0), rival_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    rival_shift = F.stop(F.select(F.gt(rival_top, 0), rival_top, 0))
    rival_total = F.sum([F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - rival_shift), 0) for c in range(C)])
    rival_cost = F.log(F.exp(-rival_shift) + rival_total) + rival_shift
    loss = ally_cost/alpha + rival_cost/beta
    return loss


def grad(F, similarities, same, loss_bar, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return the loss and the derived gradient."""
    C = len(similarities)
    ally_exponents = [alpha*(-similarities[c] + base) for c in range(C)]
    ally_top = F.largest([F.select(F.eq(same[c], 1), ally_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    ally_shift = F.stop(F.select(F.gt(ally_top, 0), ally_top, 0))
    ally_total = F.sum([F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - ally_shift), 0) for c in range(C)])
    ally_cost = F.log(F.exp(-ally_shift) + ally_total) + ally_shift
    rival_exponents = [beta*(similarities[c] - base) for c in range(C)]
    rival_top = F.largest([F.select(F.eq(same[c], 0), rival_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    rival_shift = F.stop(F.select(F.gt(rival_top, 0), rival_top, 0))
    rival_total = F.sum([F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - rival_shift), 0) for c in range(C)])
    rival_cost = F.log(F.exp(-rival_shift) + rival_total) + rival_shift
    loss = ally_cost/alpha + rival_cost/beta
    rival_cost_bar = loss_bar/beta
    rival_total_bar = rival_cost_bar/(F.exp(-rival_shift) + rival_total)
    rival_exponents_bar = [F.select(F.eq(same[c], 0), rival_total_bar*F.exp(rival_exponents[c] - rival_shift), 0) for c in range(C)]
    ally_cost_bar = loss_bar/alpha
    ally_total_bar = ally_cost_bar/(F.exp(-ally_shift) + ally_total)
    ally_exponents_bar = [F.select(F.eq(same[c], 1), ally_total_bar*F.exp(ally_exponents[c] - ally_shift), 0) for c in range(C)]
    similarities_bar = [beta*rival_exponents_bar[c] - alpha*ally_exponents_bar[c] for c in range(C)]
    return loss, similarities_bar


def hvp(F, similarities, same, loss_bar, similarities_dot, alpha, alpha_lo, beta, beta_lo, base, base_lo):
    """Return the derived Hessian-vector product."""
    C = len(similarities)
    ally_exponents = [alpha*(-similarities[c] + base) for c in range(C)]
    ally_top = F.largest([F.select(F.eq(same[c], 1), ally_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    ally_shift = F.stop(F.select(F.gt(ally_top, 0), ally_top, 0))
    ally_total = F.sum([F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - ally_shift), 0) for c in range(C)])
    rival_exponents = [beta*(similarities[c] - base) for c in range(C)]
    rival_top = F.largest([F.select(F.eq(same[c], 0), rival_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    rival_shift = F.stop(F.select(F.gt(rival_top, 0), rival_top, 0))
    rival_total = F.sum([F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - rival_shift), 0) for c in range(C)])
    rival_cost_bar = loss_bar/beta
    rival_total_bar = rival_cost_bar/(F.exp(-rival_shift) + rival_total)
    rival_exponents_bar = [F.select(F.eq(same[c], 0), rival_total_bar*F.exp(rival_exponents[c] - rival_shift), 0) for c in range(C)]
    ally_cost_bar = loss_bar/alpha
    ally_total_bar = ally_cost_bar/(F.exp(-ally_shift) + ally_total)
    ally_exponents_bar = [F.select(F.eq(same[c], 1), ally_total_bar*F.exp(ally_exponents[c] - ally_shift), 0) for c in range(C)]
    ally_exponents_dot = [-(alpha*similarities_dot[c]) for c in range(C)]
    ally_total_dot = F.sum([ally_exponents_dot[c]*F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - ally_shift), 0) for c in range(C)])
    rival_exponents_dot = [beta*similarities_dot[c] for c in range(C)]
    rival_total_dot = F.sum([rival_exponents_dot[c]*F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - rival_shift), 0) for c in range(C)])
    rival_total_bar_dot = -(rival_cost_bar*rival_total_dot/((F.exp(-rival_shift) + rival_total)*(F.exp(-rival_shift) + rival_total)))
    rival_exponents_bar_dot = [rival_total_bar_dot*F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - rival_shift), 0) + rival_exponents_bar[c]*rival_exponents_dot[c] for c in range(C)]
    ally_total_bar_dot = -(ally_cost_bar*ally_total_dot/((F.exp(-ally_shift) + ally_total)*(F.exp(-ally_shift) + ally_total)))
    ally_exponents_bar_dot = [ally_total_bar_dot*F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - ally_shift), 0) + ally_exponents_bar[c]*ally_exponents_dot[c] for c in range(C)]
    similarities_bar_dot = [beta*rival_exponents_bar_dot[c] - alpha*ally_exponents_bar_dot[c] for c in range(C)]
    return similarities_bar_dot
