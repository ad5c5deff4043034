"""Circle loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = softplus(log sum_p exp(u_p) + log sum_n exp(v_n))
    u = -gamma max(1 + margin - s, 0) (s - (1 - margin));  v = gamma max(s + margin, 0) (s - margin)
    p: columns where same is 1;  n: columns where same is 0;  0 if there are none of either

Subgradients
    0 by a similarity whose weight just ends, where that is differentiated.

Constants
    gamma: scale of the exponents (default 256.0)
    gamma_lo: what gamma lacks (default 0.0)
    margin: how far from its optimum a similarity may be (default 0.25)
    margin_lo: what margin lacks (default 0.0)
    attached: 1: weights are differentiated too (default 0.0)

Source
    Sun, Cheng, Zhang, Zhang, Zheng, Wang, Wei, Circle Loss: A Unified Perspective of Pair
    Similarity Optimization, CVPR 2020, arXiv 2002.10857, equation 6.
"""


def value(F, similarities, same, gamma, gamma_lo, margin, margin_lo, attached):
    """Return the loss of the plain program."""
    C = len(similarities)
    ally_weight = [F.gate(F.relu(1 - similarities[c] + margin), attached) for c in range(C)]
    ally_exponents = [gamma*(1 - similarities[c] - margin)*ally_weight[c] for c in range(C)]
    rival_weight = [F.gate(F.relu(similarities[c] + margin), attached) for c in range(C)]
    rival_exponents = [gamma*(similarities[c] - margin)*rival_weight[c] for c in range(C)]
    ally_top = F.largest([F.select(F.eq(same[c], 1), ally_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    ally_mass = [F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - F.stop(ally_top)), 0) for c in range(C)]
    ally_number = F.sum([F.select(F.eq(same[c], 1), 1, 0) for c in range(C)])
    ally_spare = F.select(F.eq(ally_number, 0), 1, 0)
    ally_total_sum = F.sum([ally_mass[c] for c in range(C)])
    ally_total = ally_spare + ally_total_sum
    ally_lse = F.log(ally_total) + F.stop(ally_top)
    rival_top = F.largest([F.select(F.eq(same[c], 0), rival_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    rival_mass = [F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - F.stop(rival_top)), 0) for c in range(C)]
    rival_number = F.sum([F.select(F.eq(same[c], 0), 1, 0) for c in range(C)])
    rival_spare = F.select(F.eq(rival_number, 0), 1, 0)
    rival_total_sum = F.sum([rival_mass[c] for c in range(C)])
    rival_total = rival_spare + rival_total_sum
    rival_lse = F.log(rival_total) + F.stop(rival_top)
    lacking = ally_spare + rival_spare
    reach = ally_lse + rival_lse
    shift = F.stop(F.select(F.gt(reach, 0), reach, 0))
    cost = F.select(F.eq(lacking, 0), F.log(F.exp(reach - shift) + F.exp(-shift)) + shift, 0)
    loss = cost
    return loss


def grad(F, similarities, same, loss_bar, gamma, gamma_lo, margin, margin_lo, attached):
    """Return the loss and the derived gradient."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    ally_weight = [F.gate(F.relu(1 - similarities[c] + margin), attached) for c in range(C)]
    ally_exponents = [gamma*(1 - similarities[c] - margin)*ally_weight[c] for c in range(C)]
    rival_weight = [F.gate(F.relu(similarities[c] + margin), attached) for c in range(C)]
    rival_exponents = [gamma*(similarities[c] - margin)*rival_weight[c] for c in range(C)]
    ally_top = F.largest([F.select(F.eq(same[c], 1), ally_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    ally_mass = [F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - F.stop(ally_top)), 0) for c in range(C)]
    ally_number = F.sum([positive[c] for c in range(C)])
    ally_spare = F.select(F.eq(ally_number, 0), 1, 0)
    ally_total_sum = F.sum([ally_mass[c] for c in range(C)])
    ally_total = ally_spare + ally_total_sum
    ally_lse = F.log(ally_total) + F.stop(ally_top)
    rival_top = F.largest([F.select(F.eq(same[c], 0), rival_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    rival_mass = [F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - F.stop(rival_top)), 0) for c in range(C)]
    rival_number = F.sum([F.select(F.eq(same[c], 0), 1, 0) for c in range(C)])
    rival_spare = F.select(F.eq(rival_number, 0), 1, 0)
    rival_total_sum = F.sum([rival_mass[c] for c in range(C)])
    rival_total = rival_spare + rival_total_sum
    rival_lse = F.log(rival_total) + F.stop(rival_top)
    lacking = ally_spare + rival_spare
    reach = ally_lse + rival_lse
    shift = F.stop(F.select(F.gt(reach, 0), reach, 0))
    cost = F.select(F.eq(lacking, 0), F.log(F.exp(reach - shift) + F.exp(-shift)) + shift, 0)
    loss = cost
    reach_bar = F.select(F.eq(lacking, 0), loss_bar*F.exp(reach - shift)/(F.exp(reach - shift) + F.exp(-shift)), 0)
    rival_total_bar = reach_bar/rival_total
    rival_mass_bar = [rival_total_bar for c in range(C)]
    ally_total_bar = reach_bar/ally_total
    ally_mass_bar = [ally_total_bar for c in range(C)]
    rival_exponents_bar = [F.select(F.eq(same[c], 0), rival_mass_bar[c]*F.exp(rival_exponents[c] - F.stop(rival_top)), 0) for c in range(C)]
    rival_weight_bar = [gamma*(similarities[c] - margin)*rival_exponents_bar[c] for c in range(C)]
    ally_exponents_bar = [F.select(F.eq(same[c], 1), ally_mass_bar[c]*F.exp(ally_exponents[c] - F.stop(ally_top)), 0) for c in range(C)]
    ally_weight_bar = [gamma*(1 - similarities[c] - margin)*ally_exponents_bar[c] for c in range(C)]
    similarities_bar = [gamma*rival_exponents_bar[c]*rival_weight[c] + attached*(rival_weight_bar[c]*F.step(similarities[c] + margin, 0)) - gamma*ally_exponents_bar[c]*ally_weight[c] - attached*(ally_weight_bar[c]*F.step(1 - similarities[c] + margin, 0)) for c in range(C)]
    return loss, similarities_bar


def hvp(F, similarities, same, loss_bar, similarities_dot, gamma, gamma_lo, margin, margin_lo, attached):
    """Return the derived Hessian-vector product."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    ally_weight = [F.gate(F.relu(1 - similarities[c] + margin), attached) for c in range(C)]
    ally_exponents = [gamma*(1 - similarities[c] - margin)*ally_weight[c] for c in range(C)]
    rival_weight = [F.gate(F.relu(similarities[c] + margin), attached) for c in range(C)]
    rival_exponents = [gamma*(similarities[c] - margin)*rival_weight[c] for c in range(C)]
    ally_top = F.largest([F.select(F.eq(same[c], 1), ally_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    ally_mass = [F.select(F.eq(same[c], 1), F.exp(ally_exponents[c] - F.stop(ally_top)), 0) for c in range(C)]
    ally_number = F.sum([positive[c] for c in range(C)])
    ally_spare = F.select(F.eq(ally_number, 0), 1, 0)
    ally_total_sum = F.sum([ally_mass[c] for c in range(C)])
    ally_total = ally_spare + ally_total_sum
    ally_lse = F.log(ally_total) + F.stop(ally_top)
    rival_top = F.largest([F.select(F.eq(same[c], 0), rival_exponents[c], -F.constant(float("inf"))) for c in range(C)])
    rival_mass = [F.select(F.eq(same[c], 0), F.exp(rival_exponents[c] - F.stop(rival_top)), 0) for c in range(C)]
    rival_number = F.sum([F.select(F.eq(same[c], 0), 1, 0) for c in range(C)])
    rival_spare = F.select(F.eq(rival_number, 0), 1, 0)
    rival_total_sum = F.sum([rival_mass[c] for c in range(C)])
    rival_total = rival_spare + rival_total_sum
    rival_lse = F.log(rival_total) + F.stop(rival_top)
    lacking = ally_spare + rival_spare
    reach = ally_lse + rival_lse
    shift = F.stop(F.select(F.gt(reach, 0), reach, 0))
    reach_bar = F.select(F.eq(lacking, 0), loss_bar*F.exp(reach - shift)/(F.exp(reach - shift) + F.exp(-shift)), 0)
    rival_total_bar = reach_bar/rival_total
    rival_mass_bar = [rival_total_bar for c in range(C)]
    ally_total_bar = reach_bar/ally_total
    ally_mass_bar = [ally_total_bar for c in range(C)]
    rival_exponents_bar = [F.select(F.eq(same[c], 0), rival_mass_bar[c]*F.exp(rival_exponents[c] - F.stop(rival_top)), 0) for c in range(C)]
    ally_exponents_bar = [F.select(F.eq(same[c], 1), ally_mass_bar[c]*F.exp(ally_exponents[c] - F.stop(ally_top)), 0) for c in range(C)]
    ally_weight_dot = [attached*-(similarities_dot[c]*F.step(1 - similarities[c] + margin, 0)) for c in range(C)]
    ally_exponents_dot = [gamma*(1 - similarities[c] - margin)*ally_weight_dot[c] - gamma*ally_weight[c]*similarities_dot[c] for c in range(C)]
    rival_weight_dot = [attached*(similarities_dot[c]*F.step(similarities[c] + margin, 0)) for c in range(C)]
    rival_exponents_dot = [gamma*(similarities[c] - margin)*rival_weight_dot[c] + gamma*rival_weight[c]*similarities_dot[c] for c in range(C)]
    ally_mass_dot = [ally_exponents_dot[c]*ally_mass[c] for c in range(C)]
    ally_total_sum_dot = F.sum([ally_mass_dot[c] for c in range(C)])
    ally_lse_dot = ally_total_sum_dot/ally_total
    rival_mass_dot = [rival_exponents_dot[c]*rival_mass[c] for c in range(C)]
    rival_total_sum_dot = F.sum([rival_mass_dot[c] for c in range(C)])
    rival_lse_dot = rival_total_sum_dot/rival_total
    reach_dot = ally_lse_dot + rival_lse_dot
    reach_bar_dot = reach_dot*F.select(F.eq(lacking, 0), loss_bar*F.exp(reach - shift)/(F.exp(reach - shift) + F.exp(-shift)) - loss_bar*F.exp(2*reach - 2*shift)/((F.exp(reach - shift) + F.exp(-shift))*(F.exp(reach - shift) + F.exp(-shift))), 0)
    rival_total_bar_dot = reach_bar_dot/rival_total - reach_bar*rival_total_sum_dot/(rival_total*rival_total)
    rival_mass_bar_dot = [rival_total_bar_dot for c in range(C)]
    ally_total_bar_dot = reach_bar_dot/ally_total - ally_total_sum_dot*reach_bar/(ally_total*ally_total)
    ally_mass_bar_dot = [ally_total_bar_dot for c in range(C)]
    rival_exponents_bar_dot = [rival_exponents_bar[c]*rival_exponents_dot[c] + rival_mass[c]*rival_mass_bar_dot[c] for c in range(C)]
    rival_weight_bar_dot = [gamma*(similarities[c] - margin)*rival_exponents_bar_dot[c] + gamma*rival_exponents_bar[c]*similarities_dot[c] for c in range(C)]
    ally_exponents_bar_dot = [ally_exponents_bar[c]*ally_exponents_dot[c] + ally_mass[c]*ally_mass_bar_dot[c] for c in range(C)]
    ally_weight_bar_dot = [gamma*(1 - similarities[c] - margin)*ally_exponents_bar_dot[c] - gamma*ally_exponents_bar[c]*similarities_dot[c] for c in range(C)]
    similarities_bar_dot = [gamma*rival_exponents_bar[c]*rival_weight_dot[c] + gamma*rival_exponents_bar_dot[c]*rival_weight[c] + attached*(rival_weight_bar_dot[c]*F.step(similarities[c] + margin, 0)) - gamma*ally_exponents_bar[c]*ally_weight_dot[c] - gamma*ally_exponents_bar_dot[c]*ally_weight[c] - attached*(ally_weight_bar_dot[c]*F.step(1 - similarities[c] + margin, 0)) for c in range(C)]
    return similarities_bar_dot
