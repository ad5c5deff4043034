"""Kullback-Leibler divergence of a softmax: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor sum_k w_k q_k (log q_k - log p_k);  p = softmax(z / temperature)
    q, w = target, class_weight;  factor: 1, or temperature^2

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    temperature: what logits are divided by (default 1.0)
    temperature_lo: what temperature lacks (default 0.0)
    times_square: 1: times the temperature's square (default 0.0)

Source
    Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951);
    Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531.
"""


def value(F, logits, target, class_weight, temperature, temperature_lo, times_square):
    """Return the loss of the plain program."""
    C = len(logits)
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    held = [F.select(F.gt(target[c], 0), target[c], 1) for c in range(C)]
    surplus = [F.log(held[c]) + score[c] for c in range(C)]
    cost = [F.weighted(class_weight[c], surplus[c]) for c in range(C)]
    divergence = F.sum([F.weighted(target[c], cost[c]) for c in range(C)])
    loss = F.select(F.eq(times_square, 0), divergence, (temperature*temperature)*divergence)
    return loss


def grad(F, logits, target, class_weight, loss_bar, temperature, temperature_lo, times_square):
    """Return the loss and the derived gradient."""
    C = len(logits)
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    held = [F.select(F.gt(target[c], 0), target[c], 1) for c in range(C)]
    surplus = [F.log(held[c]) + score[c] for c in range(C)]
    cost = [F.weighted(class_weight[c], surplus[c]) for c in range(C)]
    divergence = F.sum([F.weighted(target[c], cost[c]) for c in range(C)])
    loss = F.select(F.eq(times_square, 0), divergence, (temperature*temperature)*divergence)
    divergence_bar = F.select(F.eq(times_square, 0), loss_bar, (temperature*temperature)*loss_bar)
    cost_bar = [divergence_bar*target[c] for c in range(C)]
    surplus_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    held_bar = [surplus_bar[c]/held[c] for c in range(C)]
    lse_bar = F.sum([surplus_bar[c] for c in range(C)])
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_bar = [-surplus_bar[c] for c in range(C)]
    logits_bar = [F.select(F.eq(temperature, 1), mass[c]*mass_bar[c], mass[c]*mass_bar[c]/temperature) + F.select(F.eq(temperature, 1), scaled_bar[c], scaled_bar[c]/temperature) for c in range(C)]
    target_bar = [divergence_bar*cost[c] + F.select(F.gt(target[c], 0), held_bar[c], 0) for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, temperature, temperature_lo, times_square):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    held = [F.select(F.gt(target[c], 0), target[c], 1) for c in range(C)]
    divergence_bar = F.select(F.eq(times_square, 0), loss_bar, (temperature*temperature)*loss_bar)
    cost_bar = [divergence_bar*target[c] for c in range(C)]
    surplus_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar = F.sum([surplus_bar[c] for c in range(C)])
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_dot = [logits_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - scaled_dot[c] for c in range(C)]
    held_dot = [target_dot[c]*F.select(F.gt(target[c], 0), 1, 0) for c in range(C)]
    surplus_dot = [held_dot[c]/held[c] + score_dot[c] for c in range(C)]
    cost_dot = [class_weight[c]*surplus_dot[c] for c in range(C)]
    cost_bar_dot = [divergence_bar*target_dot[c] for c in range(C)]
    surplus_bar_dot = [class_weight[c]*cost_bar_dot[c] for c in range(C)]
    held_bar_dot = [surplus_bar_dot[c]/held[c] - held_dot[c]*surplus_bar[c]/(held[c]*held[c]) for c in range(C)]
    lse_bar_dot = F.sum([surplus_bar_dot[c] for c in range(C)])
    total_bar_dot = lse_bar_dot/total - lse_bar*total_dot/(total*total)
    mass_bar_dot = [total_bar_dot for c in range(C)]
    scaled_bar_dot = [-surplus_bar_dot[c] for c in range(C)]
    logits_bar_dot = [scaled_bar_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) + mass_bar_dot[c]*F.select(F.eq(temperature, 1), mass[c], mass[c]/temperature) + mass_dot[c]*F.select(F.eq(temperature, 1), mass_bar[c], mass_bar[c]/temperature) for c in range(C)]
    target_bar_dot = [held_bar_dot[c]*F.select(F.gt(target[c], 0), 1, 0) + divergence_bar*cost_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
