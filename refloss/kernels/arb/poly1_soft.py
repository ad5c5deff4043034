"""Poly-1: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -sum_k w_k q_k log p_k + epsilon sum_k w_k q_k (1 - p_k),  p = softmax(z);
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    label_smoothing: eps of label smoothing (default 0.0)
    over_others: 1: eps is spread over the K - 1 other classes; 0: over all K (default 0.0)
    classy: 1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K (default 0.0)
    epsilon: factor of 1 - p (default 1.0)

Source
    Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov: PolyLoss: A Polynomial Expansion
    Perspective of Classification Loss Functions, ICLR 2022, arXiv 2204.12511, equation 6.
"""


def value(F, logits, target, class_weight, label_smoothing, over_others, classy, epsilon):
    """Return the loss of the plain program."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    score = [lse - logits[c] for c in range(C)]
    cost = [F.weighted(class_weight[c], score[c]) for c in range(C)]
    nll = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    lacking = [(1 - mass[c]/total)*class_weight[c] for c in range(C)]
    shortfall = F.sum([lacking[c]*wish[c] for c in range(C)])
    loss = F.select(F.eq(epsilon, 0), 0, epsilon*shortfall) + nll
    return loss


def grad(F, logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, epsilon):
    """Return the loss and the derived gradient."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    score = [lse - logits[c] for c in range(C)]
    cost = [F.weighted(class_weight[c], score[c]) for c in range(C)]
    nll = F.sum([F.weighted(wish[c], cost[c]) for c in range(C)])
    lacking = [(1 - mass[c]/total)*class_weight[c] for c in range(C)]
    shortfall = F.sum([lacking[c]*wish[c] for c in range(C)])
    loss = F.select(F.eq(epsilon, 0), 0, epsilon*shortfall) + nll
    shortfall_bar = F.select(F.eq(epsilon, 0), 0, epsilon*loss_bar)
    lacking_bar = [shortfall_bar*wish[c] for c in range(C)]
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    score_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar0_acc = F.sum([class_weight[c]*lacking_bar[c]*mass[c] for c in range(C)])
    total_bar0 = total_bar0_acc/(total*total)
    total_bar = lse_bar/total + total_bar0
    mass_bar = [total_bar - class_weight[c]*lacking_bar[c]/total for c in range(C)]
    wish_bar = [loss_bar*cost[c] + shortfall_bar*lacking[c] for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] - score_bar[c] for c in range(C)]
    target_bar = [hit*wish_bar[c] for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, label_smoothing, over_others, classy, epsilon):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    wish = [hit*target[c] + off for c in range(C)]
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    shortfall_bar = F.select(F.eq(epsilon, 0), 0, epsilon*loss_bar)
    lacking_bar = [shortfall_bar*wish[c] for c in range(C)]
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    score_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar = F.sum([score_bar[c] for c in range(C)])
    total_bar0_acc = F.sum([class_weight[c]*lacking_bar[c]*mass[c] for c in range(C)])
    total_bar0 = total_bar0_acc/(total*total)
    total_bar = lse_bar/total + total_bar0
    mass_bar = [total_bar - class_weight[c]*lacking_bar[c]/total for c in range(C)]
    wish_dot = [hit*target_dot[c] for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - logits_dot[c] for c in range(C)]
    cost_dot = [class_weight[c]*score_dot[c] for c in range(C)]
    lacking_dot = [class_weight[c]*total_dot*mass[c]/(total*total) - class_weight[c]*mass_dot[c]/total for c in range(C)]
    lacking_bar_dot = [shortfall_bar*wish_dot[c] for c in range(C)]
    cost_bar_dot = [loss_bar*wish_dot[c] for c in range(C)]
    score_bar_dot = [class_weight[c]*cost_bar_dot[c] for c in range(C)]
    lse_bar_dot = F.sum([score_bar_dot[c] for c in range(C)])
    total_bar0_acc_dot = F.sum([class_weight[c]*lacking_bar[c]*mass_dot[c] + class_weight[c]*lacking_bar_dot[c]*mass[c] for c in range(C)])
    total_bar0_dot = total_bar0_acc_dot/(total*total) - 2*total_bar0_acc*total_dot/(total*total*total)
    total_bar_dot = lse_bar_dot/total + total_bar0_dot - lse_bar*total_dot/(total*total)
    mass_bar_dot = [class_weight[c]*total_dot*lacking_bar[c]/(total*total) + total_bar_dot - class_weight[c]*lacking_bar_dot[c]/total for c in range(C)]
    wish_bar_dot = [loss_bar*cost_dot[c] + shortfall_bar*lacking_dot[c] for c in range(C)]
    logits_bar_dot = [mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] - score_bar_dot[c] for c in range(C)]
    target_bar_dot = [hit*wish_bar_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
