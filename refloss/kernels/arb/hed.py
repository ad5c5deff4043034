"""Class-balanced sigmoid cross-entropy: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = beta sum_k w_k t_k softplus(-x_k) + negative_factor (1 - beta) sum_k w_k (1 - t_k) softplus(x_k);
    beta = sum_k w_k (1 - t_k) / sum_k w_k,  x, t, w = logits, target, class_weight of a row's pixels

Subgradients
    none: the loss is smooth.

Constants
    negative_factor: what the weight of negatives is multiplied by (default 1.0)
    attached: 1: the counts are differentiated too (default 0.0)

Source
    Xie and Tu, Holistically-Nested Edge Detection, ICCV 2015, arXiv 1504.06375, eq. 2.
"""


def value(F, logits, target, class_weight, negative_factor, attached):
    """Return the loss of the plain program."""
    C = len(logits)
    positives = F.sum([F.weighted(class_weight[c], target[c]) for c in range(C)])
    negatives = F.sum([F.weighted(class_weight[c], 1 - target[c]) for c in range(C)])
    whole = F.sum([class_weight[c] for c in range(C)])
    beta = F.ratio(negatives, whole, 0)
    alpha = F.ratio(positives, whole, 0)
    ahead = F.gate(beta, attached)
    behind = negative_factor*F.gate(alpha, attached)
    top = [F.stop(F.max(0, logits[c])) for c in range(C)]
    mass = [F.exp(logits[c] - top[c]) + F.exp(-top[c]) for c in range(C)]
    missed = [F.log(mass[c]) + top[c] for c in range(C)]
    hit = [F.log(mass[c]) + top[c] - logits[c] for c in range(C)]
    hits = F.sum([F.weighted(class_weight[c], F.weighted(target[c], hit[c])) for c in range(C)])
    misses = F.sum([F.weighted(class_weight[c], F.weighted(1 - target[c], missed[c])) for c in range(C)])
    loss = F.weighted(ahead, hits) + F.weighted(behind, misses)
    return loss


def grad(F, logits, target, class_weight, loss_bar, negative_factor, attached):
    """Return the loss and the derived gradient."""
    C = len(logits)
    positives = F.sum([F.weighted(class_weight[c], target[c]) for c in range(C)])
    negatives = F.sum([F.weighted(class_weight[c], 1 - target[c]) for c in range(C)])
    whole = F.sum([class_weight[c] for c in range(C)])
    beta = F.ratio(negatives, whole, 0)
    alpha = F.ratio(positives, whole, 0)
    ahead = F.gate(beta, attached)
    behind = negative_factor*F.gate(alpha, attached)
    top = [F.stop(F.max(0, logits[c])) for c in range(C)]
    mass = [F.exp(logits[c] - top[c]) + F.exp(-top[c]) for c in range(C)]
    missed = [F.log(mass[c]) + top[c] for c in range(C)]
    hit = [F.log(mass[c]) + top[c] - logits[c] for c in range(C)]
    hits = F.sum([F.weighted(class_weight[c], F.weighted(target[c], hit[c])) for c in range(C)])
    misses = F.sum([F.weighted(class_weight[c], F.weighted(1 - target[c], missed[c])) for c in range(C)])
    loss = F.weighted(ahead, hits) + F.weighted(behind, misses)
    misses_bar = behind*loss_bar
    hits_bar = ahead*loss_bar
    hit_bar = [class_weight[c]*hits_bar*target[c] for c in range(C)]
    missed_bar = [(1 - target[c])*class_weight[c]*misses_bar for c in range(C)]
    mass_bar = [hit_bar[c]/mass[c] + missed_bar[c]/mass[c] for c in range(C)]
    behind_bar = loss_bar*misses
    ahead_bar = hits*loss_bar
    alpha_bar = attached*(negative_factor*behind_bar)
    beta_bar = attached*ahead_bar
    negatives_bar = F.ratio(beta_bar, whole, 0)
    positives_bar = F.ratio(alpha_bar, whole, 0)
    logits_bar = [mass_bar[c]*F.exp(logits[c] - top[c]) - hit_bar[c] for c in range(C)]
    target_bar = [class_weight[c]*positives_bar + class_weight[c]*hits_bar*hit[c] - class_weight[c]*negatives_bar - class_weight[c]*misses_bar*missed[c] for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, negative_factor, attached):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    positives = F.sum([F.weighted(class_weight[c], target[c]) for c in range(C)])
    negatives = F.sum([F.weighted(class_weight[c], 1 - target[c]) for c in range(C)])
    whole = F.sum([class_weight[c] for c in range(C)])
    beta = F.ratio(negatives, whole, 0)
    alpha = F.ratio(positives, whole, 0)
    ahead = F.gate(beta, attached)
    behind = negative_factor*F.gate(alpha, attached)
    top = [F.stop(F.max(0, logits[c])) for c in range(C)]
    mass = [F.exp(logits[c] - top[c]) + F.exp(-top[c]) for c in range(C)]
    missed = [F.log(mass[c]) + top[c] for c in range(C)]
    hit = [F.log(mass[c]) + top[c] - logits[c] for c in range(C)]
    misses_bar = behind*loss_bar
    hits_bar = ahead*loss_bar
    hit_bar = [class_weight[c]*hits_bar*target[c] for c in range(C)]
    missed_bar = [(1 - target[c])*class_weight[c]*misses_bar for c in range(C)]
    mass_bar = [hit_bar[c]/mass[c] + missed_bar[c]/mass[c] for c in range(C)]
    positives_dot = F.sum([class_weight[c]*target_dot[c] for c in range(C)])
    negatives_dot = F.sum([-(class_weight[c]*target_dot[c]) for c in range(C)])
    beta_dot = F.ratio(negatives_dot, whole, 0)
    alpha_dot = F.ratio(positives_dot, whole, 0)
    ahead_dot = attached*beta_dot
    behind_dot = attached*(negative_factor*alpha_dot)
    mass_dot = [logits_dot[c]*F.exp(logits[c] - top[c]) for c in range(C)]
    missed_dot = [mass_dot[c]/mass[c] for c in range(C)]
    hit_dot = [missed_dot[c] - logits_dot[c] for c in range(C)]
    hits_dot = F.sum([class_weight[c]*hit[c]*target_dot[c] + class_weight[c]*hit_dot[c]*target[c] for c in range(C)])
    misses_dot = F.sum([(1 - target[c])*class_weight[c]*missed_dot[c] - class_weight[c]*missed[c]*target_dot[c] for c in range(C)])
    misses_bar_dot = behind_dot*loss_bar
    hits_bar_dot = ahead_dot*loss_bar
    hit_bar_dot = [class_weight[c]*hits_bar*target_dot[c] + class_weight[c]*hits_bar_dot*target[c] for c in range(C)]
    missed_bar_dot = [(1 - target[c])*class_weight[c]*misses_bar_dot - class_weight[c]*misses_bar*target_dot[c] for c in range(C)]
    mass_bar_dot = [(-hit_bar[c]/(mass[c]*mass[c]) - missed_bar[c]/(mass[c]*mass[c]))*mass_dot[c] + hit_bar_dot[c]/mass[c] + missed_bar_dot[c]/mass[c] for c in range(C)]
    behind_bar_dot = loss_bar*misses_dot
    ahead_bar_dot = hits_dot*loss_bar
    alpha_bar_dot = attached*(negative_factor*behind_bar_dot)
    beta_bar_dot = attached*ahead_bar_dot
    negatives_bar_dot = F.ratio(beta_bar_dot, whole, 0)
    positives_bar_dot = F.ratio(alpha_bar_dot, whole, 0)
    logits_bar_dot = [mass_bar_dot[c]*F.exp(logits[c] - top[c]) + logits_dot[c]*mass_bar[c]*F.exp(logits[c] - top[c]) - hit_bar_dot[c] for c in range(C)]
    target_bar_dot = [class_weight[c]*positives_bar_dot + class_weight[c]*hits_bar_dot*hit[c] + class_weight[c]*hits_bar*hit_dot[c] - class_weight[c]*negatives_bar_dot - class_weight[c]*misses_bar_dot*missed[c] - class_weight[c]*misses_bar*missed_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
