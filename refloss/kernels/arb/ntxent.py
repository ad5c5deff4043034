"""Normalised temperature-scaled cross-entropy: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -sum_p log(p_p + least) or their mean;  p_p = exp(s_p/T) / sum_a exp(s_a/T)
    p: columns where same is 1;  a: p and columns where same is 0, or all columns where same is 1 or 0

Subgradients
    none: the losses are smooth. The largest similarity, and the first among equals, is a
    reference point that cancels from value and derivatives.

Constants
    temperature: what similarities are divided by (default 0.07)
    temperature_lo: what temperature lacks (default 0.0)
    least: added to p before its logarithm is taken (default 0.0)
    averaged: 1: an anchor's pairs are averaged, not added up (default 0.0)

Source
    Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of Visual
    Representations, ICML 2020, arXiv 2002.05709; van den Oord, Li, Vinyals, arXiv
    1807.03748.
"""


def value(F, similarities, same, temperature, temperature_lo, least, averaged):
    """Return the loss of the plain program."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    scaled = [F.select(F.eq(temperature, 1), similarities[c], similarities[c]/temperature) for c in range(C)]
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    below = [F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature) for c in range(C)]
    own = [F.select(F.eq(same[c], 1), F.exp(below[c]), 1) for c in range(C)]
    against = F.sum([F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    cost = [F.select(F.eq(same[c], 1), F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(against + own[c]) - scaled[c], 0) for c in range(C)]
    paid = [F.select(F.eq(least, 0), cost[c], -F.log(F.exp(-cost[c]) + least)) for c in range(C)]
    charge = F.sum([F.weighted(positive[c], paid[c]) for c in range(C)])
    loss = F.select(F.eq(averaged, 0), charge, charge/F.select(F.eq(count, 0), 1, count))
    return loss


def grad(F, similarities, same, loss_bar, temperature, temperature_lo, least, averaged):
    """Return the loss and the derived gradient."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    scaled = [F.select(F.eq(temperature, 1), similarities[c], similarities[c]/temperature) for c in range(C)]
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    below = [F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature) for c in range(C)]
    own = [F.select(F.eq(same[c], 1), F.exp(below[c]), 1) for c in range(C)]
    against = F.sum([F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    cost = [F.select(F.eq(same[c], 1), F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(against + own[c]) - scaled[c], 0) for c in range(C)]
    paid = [F.select(F.eq(least, 0), cost[c], -F.log(F.exp(-cost[c]) + least)) for c in range(C)]
    charge = F.sum([F.weighted(positive[c], paid[c]) for c in range(C)])
    loss = F.select(F.eq(averaged, 0), charge, charge/F.select(F.eq(count, 0), 1, count))
    charge_bar = F.select(F.eq(averaged, 0), loss_bar, loss_bar/F.select(F.eq(count, 0), 1, count))
    paid_bar = [charge_bar*positive[c] for c in range(C)]
    cost_bar = [F.select(F.eq(least, 0), paid_bar[c], paid_bar[c]*F.exp(-cost[c])/(F.exp(-cost[c]) + least)) for c in range(C)]
    against_bar = F.sum([F.select(F.eq(same[c], 1), cost_bar[c]/(against + own[c]), 0) for c in range(C)])
    own_bar = [F.select(F.eq(same[c], 1), cost_bar[c]/(against + own[c]), 0) for c in range(C)]
    below_bar = [F.select(F.eq(same[c], 0), against_bar*F.exp(below[c]), 0) + F.select(F.eq(same[c], 1), own_bar[c]*F.exp(below[c]), 0) for c in range(C)]
    scaled_bar = [F.select(F.eq(same[c], 1), -cost_bar[c], 0) for c in range(C)]
    similarities_bar = [F.select(F.eq(temperature, 1), below_bar[c], below_bar[c]/temperature) + F.select(F.eq(temperature, 1), scaled_bar[c], scaled_bar[c]/temperature) for c in range(C)]
    return loss, similarities_bar


def hvp(F, similarities, same, loss_bar, similarities_dot, temperature, temperature_lo, least, averaged):
    """Return the derived Hessian-vector product."""
    C = len(similarities)
    positive = [F.select(F.eq(same[c], 1), 1, 0) for c in range(C)]
    count = F.sum([positive[c] for c in range(C)])
    scaled = [F.select(F.eq(temperature, 1), similarities[c], similarities[c]/temperature) for c in range(C)]
    top = F.largest([F.select(F.ge(same[c], 0), similarities[c], -F.constant(float("inf"))) for c in range(C)])
    below = [F.select(F.eq(temperature, 1), similarities[c] - F.stop(top), (similarities[c] - F.stop(top))/temperature) for c in range(C)]
    own = [F.select(F.eq(same[c], 1), F.exp(below[c]), 1) for c in range(C)]
    against = F.sum([F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    cost = [F.select(F.eq(same[c], 1), F.select(F.eq(temperature, 1), F.stop(top), F.stop(top)/temperature) + F.log(against + own[c]) - scaled[c], 0) for c in range(C)]
    charge_bar = F.select(F.eq(averaged, 0), loss_bar, loss_bar/F.select(F.eq(count, 0), 1, count))
    paid_bar = [charge_bar*positive[c] for c in range(C)]
    cost_bar = [F.select(F.eq(least, 0), paid_bar[c], paid_bar[c]*F.exp(-cost[c])/(F.exp(-cost[c]) + least)) for c in range(C)]
    against_bar = F.sum([F.select(F.eq(same[c], 1), cost_bar[c]/(against + own[c]), 0) for c in range(C)])
    own_bar = [F.select(F.eq(same[c], 1), cost_bar[c]/(against + own[c]), 0) for c in range(C)]
    below_bar = [F.select(F.eq(same[c], 0), against_bar*F.exp(below[c]), 0) + F.select(F.eq(same[c], 1), own_bar[c]*F.exp(below[c]), 0) for c in range(C)]
    scaled_dot = [similarities_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    below_dot = [scaled_dot[c] for c in range(C)]
    own_dot = [below_dot[c]*F.select(F.eq(same[c], 1), F.exp(below[c]), 0) for c in range(C)]
    against_dot = F.sum([below_dot[c]*F.select(F.eq(same[c], 0), F.exp(below[c]), 0) for c in range(C)])
    cost_dot = [scaled_dot[c]*F.select(F.eq(same[c], 1), -1, 0) + against_dot*F.select(F.eq(same[c], 1), 1/(against + own[c]), 0) + own_dot[c]*F.select(F.eq(same[c], 1), 1/(against + own[c]), 0) for c in range(C)]
    cost_bar_dot = [cost_dot[c]*F.select(F.eq(least, 0), 0, paid_bar[c]*F.exp(-(2*cost[c]))/((F.exp(-cost[c]) + least)*(F.exp(-cost[c]) + least)) - paid_bar[c]*F.exp(-cost[c])/(F.exp(-cost[c]) + least)) for c in range(C)]
    against_bar_dot = F.sum([against_dot*F.select(F.eq(same[c], 1), -(cost_bar[c]/((against + own[c])*(against + own[c]))), 0) + own_dot[c]*F.select(F.eq(same[c], 1), -(cost_bar[c]/((against + own[c])*(against + own[c]))), 0) + cost_bar_dot[c]*F.select(F.eq(same[c], 1), 1/(against + own[c]), 0) for c in range(C)])
    own_bar_dot = [against_dot*F.select(F.eq(same[c], 1), -(cost_bar[c]/((against + own[c])*(against + own[c]))), 0) + own_dot[c]*F.select(F.eq(same[c], 1), -(cost_bar[c]/((against + own[c])*(against + own[c]))), 0) + cost_bar_dot[c]*F.select(F.eq(same[c], 1), 1/(against + own[c]), 0) for c in range(C)]
    below_bar_dot = [against_bar_dot*F.select(F.eq(same[c], 0), F.exp(below[c]), 0) + own_bar_dot[c]*F.select(F.eq(same[c], 1), F.exp(below[c]), 0) + below_bar[c]*below_dot[c] for c in range(C)]
    scaled_bar_dot = [cost_bar_dot[c]*F.select(F.eq(same[c], 1), -1, 0) for c in range(C)]
    similarities_bar_dot = [below_bar_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) + scaled_bar_dot[c]*F.select(F.eq(temperature, 1), 1, 1/temperature) for c in range(C)]
    return similarities_bar_dot
