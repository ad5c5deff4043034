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
    undefined: 1: an anchor without positives divides by 0 (default 0.0)

Source
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, arXiv 2004.11362.
"""


def value(F, similarities, same, temperature, temperature_lo, base_temperature, undefined):
    """Return the loss of the plain program."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    scaled = [F.select(F.eq(temperature, 1), similarities[c], similarities[c]/temperature) for c in range(C)]
    base = F.select(F.eq(base_temperature, 0), temperature, base_temperature)
    factor = temperature/base
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    mass = [F.select(F.ge(same[c], 0), F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), 0) for c in range(C)]
    number = F.sum([F.select(F.ge(same[c], 0), 1, 0) for c in range(C)])
    spare = F.select(F.eq(number, 0), 1, 0)
    total_sum = F.sum([mass[c] for c in range(C)])
    total = spare + total_sum
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    charge = F.sum([F.weighted(positive[c], score[c]) for c in range(C)])
    loss = factor*(charge/F.select(F.eq(count, 0), 1 - undefined, count))
    return loss


def grad(F, similarities, same, loss_bar, temperature, temperature_lo, base_temperature, undefined):
    """Return the loss and the derived gradient."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    scaled = [F.select(F.eq(temperature, 1), similarities[c], similarities[c]/temperature) for c in range(C)]
    base = F.select(F.eq(base_temperature, 0), temperature, base_temperature)
    factor = temperature/base
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    mass = [F.select(F.ge(same[c], 0), F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), 0) for c in range(C)]
    number = F.sum([F.select(F.ge(same[c], 0), 1, 0) for c in range(C)])
    spare = F.select(F.eq(number, 0), 1, 0)
    total_sum = F.sum([mass[c] for c in range(C)])
    total = spare + total_sum
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    charge = F.sum([F.weighted(positive[c], score[c]) for c in range(C)])
    loss = factor*(charge/F.select(F.eq(count, 0), 1 - undefined, count))
    charge_bar = factor*(loss_bar/F.select(F.eq(count, 0), 1 - undefined, count))
    score_bar = [charge_bar*positive[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_bar = [-score_bar[c] for c in range(C)]
    similarities_bar = [F.select(F.ge(same[c], 0), F.select(F.eq(temperature, 1), mass_bar[c]*F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), mass_bar[c]*F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature))/temperature), 0) + F.select(F.eq(temperature, 1), scaled_bar[c], scaled_bar[c]/temperature) for c in range(C)]
    return loss, similarities_bar


def hvp(F, similarities, same, loss_bar, similarities_dot, temperature, temperature_lo, base_temperature, undefined):
    """Return the derived Hessian-vector product."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    base = F.select(F.eq(base_temperature, 0), temperature, base_temperature)
    factor = temperature/base
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    mass = [F.select(F.ge(same[c], 0), F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), 0) for c in range(C)]
    number = F.sum([F.select(F.ge(same[c], 0), 1, 0) for c in range(C)])
    spare = F.select(F.eq(number, 0), 1, 0)
    total_sum = F.sum([mass[c] for c in range(C)])
    total = spare + total_sum
    charge_bar = factor*(loss_bar/F.select(F.eq(count, 0), 1 - undefined, count))
    score_bar = [charge_bar*positive[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    mass_dot = [similarities_dot[c]*F.select(F.ge(same[c], 0), F.select(F.eq(temperature, 1), 1, 1/temperature)*F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), 0) for c in range(C)]
    total_sum_dot = F.sum([mass_dot[c] for c in range(C)])
    total_bar_dot = -(lse_bar*total_sum_dot/(total*total))
    mass_bar_dot = [total_bar_dot for c in range(C)]
    similarities_bar_dot = [similarities_dot[c]*F.select(F.ge(same[c], 0), F.select(F.eq(temperature, 1), mass_bar[c]*F.select(F.eq(temperature, 1), 1, 1/temperature)*F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), mass_bar[c]*F.select(F.eq(temperature, 1), 1, 1/temperature)*F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature))/temperature), 0) + mass_bar_dot[c]*F.select(F.ge(same[c], 0), F.select(F.eq(temperature, 1), F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature)), F.exp(F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature))/temperature), 0) for c in range(C)]
    return similarities_bar_dot
