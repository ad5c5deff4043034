"""Supervised contrastive loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    outside: loss = -factor mean_p log(exp(s_p/T) / sum_a exp(s_a/T))
    inside:  loss = -factor log mean_p (exp(s_p/T) / sum_a exp(s_a/T))
    p: columns where same is 1;  a: columns where same is 1 or 0;  factor: 1, or T / base_temperature

Subgradients
    none: the losses are smooth. The largest similarity, and the first among equals, is a
    reference point that cancels from value and derivatives.

Constants
    temperature: what similarities are divided by (default 0.07)
    temperature_lo: what temperature lacks (default 0.0)
    base_temperature: what the temperature is divided by for a factor; 0: none (default 0.0)

Source
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, arXiv 2004.11362.
"""


def value(F, similarities, same, temperature, temperature_lo, base_temperature):
    """Return the loss of the plain program."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    base = F.select(F.eq(base_temperature, 0), temperature, base_temperature)
    factor = temperature/base
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    below = [F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature) for c in range(C)]
    aligned = F.sum([F.select(F.eq(same[c], 1), F.exp(below[c]), 0) for c in range(C)])
    against = F.sum([F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    spare = F.select(F.eq(count, 0), 1, 0)
    cost = F.log(against + aligned + spare) - F.log(aligned + spare)
    loss = F.select(F.eq(count, 0), 0, (F.log(F.select(F.eq(count, 0), 1, count)) + cost)*factor)
    return loss


def grad(F, similarities, same, loss_bar, temperature, temperature_lo, base_temperature):
    """Return the loss and the derived gradient."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    base = F.select(F.eq(base_temperature, 0), temperature, base_temperature)
    factor = temperature/base
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    below = [F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature) for c in range(C)]
    aligned = F.sum([F.select(F.eq(same[c], 1), F.exp(below[c]), 0) for c in range(C)])
    against = F.sum([F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    spare = F.select(F.eq(count, 0), 1, 0)
    cost = F.log(against + aligned + spare) - F.log(aligned + spare)
    loss = F.select(F.eq(count, 0), 0, (F.log(F.select(F.eq(count, 0), 1, count)) + cost)*factor)
    cost_bar = F.select(F.eq(count, 0), 0, factor*loss_bar)
    against_bar = cost_bar/(against + aligned + spare)
    aligned_bar = (1/(against + aligned + spare) - 1/(aligned + spare))*cost_bar
    below_bar = [F.select(F.eq(same[c], 0), against_bar*F.exp(below[c]), 0) + F.select(F.eq(same[c], 1), aligned_bar*F.exp(below[c]), 0) for c in range(C)]
    similarities_bar = [F.select(F.eq(temperature, 1), below_bar[c], below_bar[c]/temperature) for c in range(C)]
    return loss, similarities_bar


def hvp(F, similarities, same, loss_bar, similarities_dot, temperature, temperature_lo, base_temperature):
    """Return the derived Hessian-vector product."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    base = F.select(F.eq(base_temperature, 0), temperature, base_temperature)
    factor = temperature/base
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    below = [F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature) for c in range(C)]
    aligned = F.sum([F.select(F.eq(same[c], 1), F.exp(below[c]), 0) for c in range(C)])
    against = F.sum([F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    spare = F.select(F.eq(count, 0), 1, 0)
    cost_bar = F.select(F.eq(count, 0), 0, factor*loss_bar)
    against_bar = cost_bar/(against + aligned + spare)
    aligned_bar = (1/(against + aligned + spare) - 1/(aligned + spare))*cost_bar
    below_bar = [F.select(F.eq(same[c], 0), against_bar*F.exp(below[c]), 0) + F.select(F.eq(same[c], 1), aligned_bar*F.exp(below[c]), 0) for c in range(C)]
    below_dot = [similarities_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    aligned_dot = F.sum([below_dot[c]*F.select(F.eq(same[c], 1), F.exp(below[c]), 0) for c in range(C)])
    against_dot = F.sum([below_dot[c]*F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    against_bar_dot = -against_dot*cost_bar/((against + aligned + spare)*(against + aligned + spare)) - aligned_dot*cost_bar/((against + aligned + spare)*(against + aligned + spare))
    aligned_bar_dot = (1/((aligned + spare)*(aligned + spare)) - 1/((against + aligned + spare)*(against + aligned + spare)))*aligned_dot*cost_bar - against_dot*cost_bar/((against + aligned + spare)*(against + aligned + spare))
    below_bar_dot = [against_bar_dot*F.select(F.eq(same[c], 0), F.exp(below[c]), 0) + aligned_bar_dot*F.select(F.eq(same[c], 1), F.exp(below[c]), 0) + below_bar[c]*below_dot[c] for c in range(C)]
    similarities_bar_dot = [below_bar_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    return similarities_bar_dot
