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
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    each = F.sum([F.weighted(class_weight[c], lse - logits[c]) for c in range(C)])
    spread = F.select(F.eq(label_smoothing, 0), 0, each*off)
    chance = mass[target]/total
    wide = F.sum([(1 - mass[c]/total)*class_weight[c] for c in range(C)])
    shortfall = (1 - chance)*class_weight[target]*hit + F.select(F.eq(label_smoothing, 0), 0, off*wide)
    loss = F.select(F.eq(epsilon, 0), 0, epsilon*shortfall) + F.weighted(class_weight[target]*hit, nll) + spread
    return loss


def grad(F, logits, target, class_weight, loss_bar, label_smoothing, over_others, classy, epsilon):
    """Return the loss and the derived gradient."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    lse = F.log(total) + F.stop(top)
    nll = lse - logits[target]
    each = F.sum([F.weighted(class_weight[c], lse - logits[c]) for c in range(C)])
    spread = F.select(F.eq(label_smoothing, 0), 0, each*off)
    chance = mass[target]/total
    wide = F.sum([(1 - mass[c]/total)*class_weight[c] for c in range(C)])
    shortfall = (1 - chance)*class_weight[target]*hit + F.select(F.eq(label_smoothing, 0), 0, off*wide)
    loss = F.select(F.eq(epsilon, 0), 0, epsilon*shortfall) + F.weighted(class_weight[target]*hit, nll) + spread
    shortfall_bar = F.select(F.eq(epsilon, 0), 0, epsilon*loss_bar)
    wide_bar = F.select(F.eq(label_smoothing, 0), 0, off*shortfall_bar)
    chance_bar = -(class_weight[target]*hit*shortfall_bar)
    each_bar = F.select(F.eq(label_smoothing, 0), 0, loss_bar*off)
    nll_bar = class_weight[target]*hit*loss_bar
    lse_bar0_acc = F.sum([class_weight[c] for c in range(C)])
    lse_bar0 = each_bar*lse_bar0_acc
    lse_bar = lse_bar0 + nll_bar
    total_bar0_acc = F.sum([class_weight[c]*mass[c] for c in range(C)])
    total_bar0 = total_bar0_acc*wide_bar/(total*total)
    total_bar = lse_bar/total + total_bar0 - chance_bar*mass[target]/(total*total)
    mass_bar = [(chance_bar/total if c == target else 0) + total_bar - class_weight[c]*wide_bar/total for c in range(C)]
    logits_bar = [mass[c]*mass_bar[c] + (-nll_bar if c == target else 0) - class_weight[c]*each_bar for c in range(C)]
    return loss, logits_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, label_smoothing, over_others, classy, epsilon):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    amount = label_smoothing/(1 + classy*label_smoothing)
    reach = C/(C - over_others)
    taken = amount*reach
    hit = 1 - taken
    off = taken/C
    top = F.largest([logits[c] for c in range(C)])
    mass = [F.exp(logits[c] - F.stop(top)) for c in range(C)]
    total = F.sum([mass[c] for c in range(C)])
    shortfall_bar = F.select(F.eq(epsilon, 0), 0, epsilon*loss_bar)
    wide_bar = F.select(F.eq(label_smoothing, 0), 0, off*shortfall_bar)
    chance_bar = -(class_weight[target]*hit*shortfall_bar)
    each_bar = F.select(F.eq(label_smoothing, 0), 0, loss_bar*off)
    nll_bar = class_weight[target]*hit*loss_bar
    lse_bar0_acc = F.sum([class_weight[c] for c in range(C)])
    lse_bar0 = each_bar*lse_bar0_acc
    lse_bar = lse_bar0 + nll_bar
    total_bar0_acc = F.sum([class_weight[c]*mass[c] for c in range(C)])
    total_bar0 = total_bar0_acc*wide_bar/(total*total)
    total_bar = lse_bar/total + total_bar0 - chance_bar*mass[target]/(total*total)
    mass_bar = [(chance_bar/total if c == target else 0) + total_bar - class_weight[c]*wide_bar/total for c in range(C)]
    mass_dot = [logits_dot[c]*mass[c] for c in range(C)]
    total_dot = F.sum([mass_dot[c] for c in range(C)])
    total_bar0_acc_dot = F.sum([class_weight[c]*mass_dot[c] for c in range(C)])
    total_bar0_dot = total_bar0_acc_dot*wide_bar/(total*total) - 2*total_bar0_acc*total_dot*wide_bar/(total*total*total)
    total_bar_dot = (2*chance_bar*mass[target]/(total*total*total) - lse_bar/(total*total))*total_dot + total_bar0_dot - chance_bar*mass_dot[target]/(total*total)
    mass_bar_dot = [(class_weight[c]*wide_bar/(total*total) + (-(chance_bar/(total*total)) if c == target else 0))*total_dot + total_bar_dot for c in range(C)]
    logits_bar_dot = [mass[c]*mass_bar_dot[c] + mass_bar[c]*mass_dot[c] for c in range(C)]
    return logits_bar_dot
