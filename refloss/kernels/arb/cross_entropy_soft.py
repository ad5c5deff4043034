"""Softmax cross-entropy: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -sum_k w_k q_k log p_k + z_loss lse^2,  p = softmax(z),  lse = log sum_k exp z_k;
    q: the target's class, or the target itself, smoothed to hit q + off

Subgradients
    none: the loss is smooth. The largest logit, and the first among equals, is a reference
    point that cancels from value and derivatives.

Constants
    label_smoothing: eps of label smoothing (default 0.0)
    over_others: 1: eps is spread over the K - 1 other classes; 0: over all K (default 0.0)
    classy: 1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K (default 0.0)
    z_loss: factor of the squared log-sum-exp (default 0.0)

Source
    Bridle, Probabilistic interpretation of feedforward classification network outputs,
    1990; label smoothing: Szegedy et al., CVPR 2016, arXiv 1512.00567; z-loss: Chowdhery et
    al., arXiv 2204.02311.
"""


def value(F, logits, target, class_weight, label_smoothing, over_others, classy, z_loss):
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
    penalty = F.select(F.eq(z_loss, 0), 0, z_loss*(lse*lse))
    loss = nll + penalty
    return loss


def grad(F, logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, z_loss):
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
    penalty = F.select(F.eq(z_loss, 0), 0, z_loss*(lse*lse))
    loss = nll + penalty
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    score_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar0 = F.sum([score_bar[c] for c in range(C)])
    lse_bar = F.select(F.eq(z_loss, 0), lse_bar0, 2*z_loss*loss_bar*lse + lse_bar0)
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    wish_bar = [loss_bar*cost[c] for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] - score_bar[c] for c in range(C)]
    target_bar = [hit*wish_bar[c] for c in range(C)]
    return loss, logits_bar, target_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, target_dot, label_smoothing, over_others, classy, z_loss):
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
    lse = F.log(total) + F.stop(top)
    cost_bar = [loss_bar*wish[c] for c in range(C)]
    score_bar = [class_weight[c]*cost_bar[c] for c in range(C)]
    lse_bar0 = F.sum([score_bar[c] for c in range(C)])
    lse_bar = F.select(F.eq(z_loss, 0), lse_bar0, 2*z_loss*loss_bar*lse + lse_bar0)
    total_bar = lse_bar/total
    mass_bar = [total_bar for c in range(C)]
    wish_dot = [hit*target_dot[c] for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    lse_dot = total_dot/total
    score_dot = [lse_dot - logits_dot[c] for c in range(C)]
    cost_dot = [class_weight[c]*score_dot[c] for c in range(C)]
    cost_bar_dot = [loss_bar*wish_dot[c] for c in range(C)]
    score_bar_dot = [class_weight[c]*cost_bar_dot[c] for c in range(C)]
    lse_bar0_dot = F.sum([score_bar_dot[c] for c in range(C)])
    lse_bar_dot = lse_dot*F.select(F.eq(z_loss, 0), 0, 2*z_loss*loss_bar) + lse_bar0_dot
    total_bar_dot = lse_bar_dot/total - lse_bar*total_dot/(total*total)
    mass_bar_dot = [total_bar_dot for c in range(C)]
    wish_bar_dot = [loss_bar*cost_dot[c] for c in range(C)]
    logits_bar_dot = [mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] - score_bar_dot[c] for c in range(C)]
    target_bar_dot = [hit*wish_bar_dot[c] for c in range(C)]
    return logits_bar_dot, target_bar_dot
