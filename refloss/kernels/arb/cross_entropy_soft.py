"""Softmax cross-entropy: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor (-sum_k w_k q_k log p_k + z_loss lse^2),  p = softmax(z / temperature)
    lse = log sum_k exp(z_k / temperature);  factor: 1, or temperature^2
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    label_smoothing: eps of label smoothing (default 0.0)
    over_others: 1: eps is spread over the K - 1 other classes; 0: over all K (default 0.0)
    classy: 1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K (default 0.0)
    z_loss: factor of the squared log-sum-exp (default 0.0)
    temperature: what logits are divided by (default 1.0)
    temperature_lo: what temperature lacks (default 0.0)
    times_square: 1: times the temperature's square (default 0.0)

Source
    Bridle, Probabilistic interpretation of feedforward classification network outputs,
    1990; label smoothing: Szegedy et al., CVPR 2016, arXiv 1512.00567; z-loss: Chowdhery et
    al., arXiv 2204.02311; temperature: Hinton et al., arXiv 1503.02531.
"""


def value(F, logits, target, class_weight, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
    """Return the loss of the plain program."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    cost = [F.weighted(class_weight[c], score[c]) for c in range(C)]
    nll = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    penalty = F.select(F.eq(z_loss, 0), 0, z_loss*(lse*lse))
    sum_of_terms = nll + penalty
    loss = F.select(F.eq(times_square, 0), sum_of_terms, (temperature*temperature)*sum_of_terms)
    return loss


def grad(F, logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
    """Return the loss and the derived gradient."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    scaled = [F.select(F.eq(temperature, 1), logits[c], logits[c]/temperature) for c in range(C)]
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    score = [lse - scaled[c] for c in range(C)]
    cost = [F.weighted(class_weight[c], score[c]) for c in range(C)]
    nll = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    penalty = F.select(F.eq(z_loss, 0), 0, z_loss*(lse*lse))
    sum_of_terms = nll + penalty
    loss = F.select(F.eq(times_square, 0), sum_of_terms, (temperature*temperature)*sum_of_terms)
    sum_of_terms_bar = F.select(F.eq(times_square, 0), loss_bar, (temperature*temperature)*loss_bar)
    cost_bar = [sum_of_terms_bar*wish[c] for c in range(C)]
    score_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar0 = F.sum([score_bar[c] for c in range(C)])
    lse_bar = F.select(F.eq(z_loss, 0), lse_bar0, 2*z_loss*lse*sum_of_terms_bar + lse_bar0)
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    wish_bar = [sum_of_terms_bar*cost[c] for c in range(C)]
    scaled_bar = [-score_bar[c] for c in range(C)]
    logits_bar = [F.select(F.eq(temperature, 1), mass[c]*mass_bar[c], mass[c]*mass_bar[c]/temperature) + F.select(F.eq(temperature, 1), scaled_bar[c], scaled_bar[c]/temperature) for c in range(C)]
    target_bar = [hit*wish_bar[c] for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, label_smoothing, over_others, classy, z_loss, temperature, temperature_lo, times_square):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(F.select(F.eq(temperature, 1), logits[c] - F.stop(top), (logits[c] - F.stop(top))/temperature)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(total)
    sum_of_terms_bar = F.select(F.eq(times_square, 0), loss_bar, (temperature*temperature)*loss_bar)
    cost_bar = [sum_of_terms_bar*wish[c] for c in range(C)]
    score_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar0 = F.sum([score_bar[c] for c in range(C)])
    lse_bar = F.select(F.eq(z_loss, 0), lse_bar0, 2*z_loss*lse*sum_of_terms_bar + lse_bar0)
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    scaled_dot = [logits_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    wish_dot = [hit*target_dot[c] for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - scaled_dot[c] for c in range(C)]
    cost_dot = [class_weight[c]*score_dot[c] for c in range(C)]
    cost_bar_dot = [sum_of_terms_bar*wish_dot[c] for c in range(C)]
    score_bar_dot = [class_weight[c]*cost_bar_dot[c] for c in range(C)]
    lse_bar0_dot = F.sum([score_bar_dot[c] for c in range(C)])
    lse_bar_dot = lse_dot*F.select(F.eq(z_loss, 0), 0, 2*z_loss*sum_of_terms_bar) + lse_bar0_dot
    total_bar_dot = lse_bar_dot/total - lse_bar*total_dot/(total*total)
    mass_bar_dot = [total_bar_dot for c in range(C)]
    wish_bar_dot = [sum_of_terms_bar*cost_dot[c] for c in range(C)]
    scaled_bar_dot = [-score_bar_dot[c] for c in range(C)]
    logits_bar_dot = [scaled_bar_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) + mass_bar_dot[c]*F.select(F.eq(temperature, 1), mass[c], mass[c]/temperature) + mass_dot[c]*F.select(F.eq(temperature, 1), mass_bar[c], mass_bar[c]/temperature) for c in range(C)]
    target_bar_dot = [hit*wish_bar_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
