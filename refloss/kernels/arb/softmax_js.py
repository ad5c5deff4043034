"""Jensen-Shannon divergence of a softmax: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = sum_k w_k (q_k log(q_k / m_k) + p_k log(p_k / m_k)) / 2;  m = (p + q) / 2
    p, q, w = softmax(logits / temperature), target, class_weight

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    temperature: what logits are divided by (default 1.0)
    temperature_lo: what temperature lacks (default 0.0)
    in_bits: 1: in bits (default 0.0)

Source
    Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37
    (1991), equation 3.9 with equal weights.
"""


def value(F, logits, target, class_weight, temperature, temperature_lo, in_bits):
    """Return the loss of the plain program."""
    ln_2 = F.log(F.rational(2, 1))
    C = len(logits)
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    chance = [F.exp(-score[c]) for c in range(C)]
    middle = [F.log(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) for c in range(C)]
    held = [F.select(F.gt(target[c], 0), target[c], 1) for c in range(C)]
    ours = [F.weighted(chance[c], -middle[c] - score[c]) for c in range(C)]
    theirs = [F.weighted(target[c], F.log(held[c]) - middle[c]) for c in range(C)]
    divergence = F.sum([F.rational(1, 2)*(ours[c] + theirs[c])*class_weight[c] for c in range(C)])
    loss = F.select(F.eq(in_bits, 0), divergence, divergence/ln_2)
    return loss


def grad(F, logits, target, class_weight, loss_bar, temperature, temperature_lo, in_bits):
    """Return the loss and the derived gradient."""
    ln_2 = F.log(F.rational(2, 1))
    C = len(logits)
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    chance = [F.exp(-score[c]) for c in range(C)]
    middle = [F.log(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) for c in range(C)]
    held = [F.select(F.gt(target[c], 0), target[c], 1) for c in range(C)]
    ours = [F.weighted(chance[c], -middle[c] - score[c]) for c in range(C)]
    theirs = [F.weighted(target[c], F.log(held[c]) - middle[c]) for c in range(C)]
    divergence = F.sum([F.rational(1, 2)*(ours[c] + theirs[c])*class_weight[c] for c in range(C)])
    loss = F.select(F.eq(in_bits, 0), divergence, divergence/ln_2)
    divergence_bar = F.select(F.eq(in_bits, 0), loss_bar, loss_bar/ln_2)
    theirs_bar = [F.rational(1, 2)*class_weight[c]*divergence_bar for c in range(C)]
    ours_bar = [theirs_bar[c] for c in range(C)]
    held_bar = [target[c]*theirs_bar[c]/held[c] for c in range(C)]
    middle_bar = [-chance[c]*ours_bar[c] - target[c]*theirs_bar[c] for c in range(C)]
    chance_bar = [F.rational(1, 2)*middle_bar[c]/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) + (-middle[c] - score[c])*ours_bar[c] for c in range(C)]
    score_bar = [-chance[c]*chance_bar[c] - chance[c]*ours_bar[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_bar = [-score_bar[c] for c in range(C)]
    logits_bar = [F.select(F.eq(temperature, 1), mass[c]*mass_bar[c], mass[c]*mass_bar[c]/temperature) + F.select(F.eq(temperature, 1), scaled_bar[c], scaled_bar[c]/temperature) for c in range(C)]
    target_bar = [(F.log(held[c]) - middle[c])*theirs_bar[c] + F.select(F.gt(target[c], 0), F.rational(1, 2)*middle_bar[c]/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]), 0) + F.select(F.gt(target[c], 0), held_bar[c], 0) for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, temperature, temperature_lo, in_bits):
    """Return the derived Hessian-vector product."""
    ln_2 = F.log(F.rational(2, 1))
    C = len(logits)
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    chance = [F.exp(-score[c]) for c in range(C)]
    middle = [F.log(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) for c in range(C)]
    held = [F.select(F.gt(target[c], 0), target[c], 1) for c in range(C)]
    divergence_bar = F.select(F.eq(in_bits, 0), loss_bar, loss_bar/ln_2)
    theirs_bar = [F.rational(1, 2)*class_weight[c]*divergence_bar for c in range(C)]
    middle_bar = [-chance[c]*theirs_bar[c] - target[c]*theirs_bar[c] for c in range(C)]
    chance_bar = [F.rational(1, 2)*middle_bar[c]/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) + (-middle[c] - score[c])*theirs_bar[c] for c in range(C)]
    score_bar = [-chance[c]*chance_bar[c] - chance[c]*theirs_bar[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_dot = [logits_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - scaled_dot[c] for c in range(C)]
    chance_dot = [-(chance[c]*score_dot[c]) for c in range(C)]
    middle_dot = [F.rational(1, 2)*chance_dot[c]/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) + F.rational(1, 2)*target_dot[c]*F.select(F.gt(target[c], 0), 1, 0)/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) for c in range(C)]
    held_dot = [target_dot[c]*F.select(F.gt(target[c], 0), 1, 0) for c in range(C)]
    held_bar_dot = [target_dot[c]*theirs_bar[c]/held[c] - held_dot[c]*target[c]*theirs_bar[c]/(held[c]*held[c]) for c in range(C)]
    middle_bar_dot = [-chance_dot[c]*theirs_bar[c] - target_dot[c]*theirs_bar[c] for c in range(C)]
    chance_bar_dot = [F.rational(1, 2)*middle_bar_dot[c]/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]) - middle_dot[c]*theirs_bar[c] - score_dot[c]*theirs_bar[c] - F.rational(1, 4)*chance_dot[c]*middle_bar[c]/((F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c])*(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c])) - F.rational(1, 4)*middle_bar[c]*target_dot[c]*F.select(F.gt(target[c], 0), 1, 0)/((F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c])*(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c])) for c in range(C)]
    score_bar_dot = [(-chance_bar[c] - theirs_bar[c])*chance_dot[c] - chance[c]*chance_bar_dot[c] for c in range(C)]
    lse_bar_dot = F.sum([score_bar_dot[c] for c in range(C)])
    total_bar_dot = lse_bar_dot/total - lse_bar*total_dot/(total*total)
    mass_bar_dot = [total_bar_dot for c in range(C)]
    scaled_bar_dot = [-score_bar_dot[c] for c in range(C)]
    logits_bar_dot = [scaled_bar_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) + mass_bar_dot[c]*F.select(F.eq(temperature, 1), mass[c], mass[c]/temperature) + mass_dot[c]*F.select(F.eq(temperature, 1), mass_bar[c], mass_bar[c]/temperature) for c in range(C)]
    target_bar_dot = [held_bar_dot[c]*F.select(F.gt(target[c], 0), 1, 0) + chance_dot[c]*F.select(F.gt(target[c], 0), -(F.rational(1, 4)*middle_bar[c]/((F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c])*(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]))), 0) + target_dot[c]*F.select(F.gt(target[c], 0), -(F.rational(1, 4)*middle_bar[c]*F.select(F.gt(target[c], 0), 1, 0)/((F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c])*(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]))), 0) + middle_bar_dot[c]*F.select(F.gt(target[c], 0), F.rational(1, 2)/(F.rational(1, 2)*F.select(F.gt(target[c], 0), target[c], 0) + F.rational(1, 2)*chance[c]), 0) + held_dot[c]*theirs_bar[c]/held[c] - middle_dot[c]*theirs_bar[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
