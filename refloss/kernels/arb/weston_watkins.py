"""Multi-class margin (support-vector) loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    crammer_singer: loss = w_y max(0, margin + max_{j != y} z_j - z_y)^p / parts
    weston_watkins: loss = w_y sum_{j != y} max(0, margin + z_j - z_y)^p / parts
    one_vs_all: loss = w_y sum_j max(0, margin - t_j z_j)^p / parts,  t_j = 1 if j = y else -1
    categorical_hinge: as crammer_singer, with 0 among the z_j;  parts: 1, K or K - 1

Subgradients
    0 where the margin is just reached, the least of the slopes there; where several scores
    are the largest, an even split.

Constants
    margin: by how much the target's score is to lead (default 1.0)
    squared: 1: what is missed is squared (default 0.0)
    divided: 1: the loss of a row is divided by the number of classes (default 0.0)
    over_others: 1: it is divided by that number less 1 (default 0.0)

Source
    Crammer, Singer: On the algorithmic implementation of multiclass kernel-based vector
    machines, JMLR 2 (2001); Weston, Watkins: Support vector machines for multi-class
    pattern recognition, ESANN 1999; Rifkin, Klautau: In defense of one-vs-all
    classification, JMLR 5 (2004).
"""


def value(F, logits, target, class_weight, margin, squared, divided, over_others):
    """Return the loss of the plain program."""
    C = len(logits)
    parts = F.select(F.eq(divided, 0), 1, C - over_others)
    own = logits[target]
    excess = [(-1 if c == target else logits[c] - own + margin) for c in range(C)]
    lack = [F.relu(excess[c]) for c in range(C)]
    each = [F.select(F.eq(squared, 0), lack[c], lack[c]*lack[c]) for c in range(C)]
    fault = F.sum([each[c] for c in range(C)])
    loss = F.weighted(class_weight[target], fault)/parts
    return loss


def grad(F, logits, target, class_weight, loss_bar, margin, squared, divided, over_others):
    """Return the loss and the derived gradient."""
    C = len(logits)
    parts = F.select(F.eq(divided, 0), 1, C - over_others)
    own = logits[target]
    excess = [(-1 if c == target else logits[c] - own + margin) for c in range(C)]
    lack = [F.relu(excess[c]) for c in range(C)]
    each = [F.select(F.eq(squared, 0), lack[c], lack[c]*lack[c]) for c in range(C)]
    fault = F.sum([each[c] for c in range(C)])
    loss = F.weighted(class_weight[target], fault)/parts
    fault_bar = class_weight[target]*loss_bar/parts
    each_bar = [fault_bar for c in range(C)]
    lack_bar = [F.select(F.eq(squared, 0), each_bar[c], 2*each_bar[c]*lack[c]) for c in range(C)]
    excess_bar = [lack_bar[c]*F.step(excess[c], 0) for c in range(C)]
    own_bar = F.sum([(0 if c == target else -excess_bar[c]) for c in range(C)])
    logits_bar = [(0 if c == target else excess_bar[c]) + (own_bar if c == target else 0) for c in range(C)]
    return loss, logits_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, margin, squared, divided, over_others):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    parts = F.select(F.eq(divided, 0), 1, C - over_others)
    own = logits[target]
    excess = [(-1 if c == target else logits[c] - own + margin) for c in range(C)]
    fault_bar = class_weight[target]*loss_bar/parts
    each_bar = [fault_bar for c in range(C)]
    own_dot = logits_dot[target]
    excess_dot = [own_dot*(0 if c == target else -1) + logits_dot[c]*(0 if c == target else 1) for c in range(C)]
    lack_dot = [excess_dot[c]*F.step(excess[c], 0) for c in range(C)]
    lack_bar_dot = [lack_dot[c]*F.select(F.eq(squared, 0), 0, 2*each_bar[c]) for c in range(C)]
    excess_bar_dot = [lack_bar_dot[c]*F.step(excess[c], 0) for c in range(C)]
    own_bar_dot = F.sum([excess_bar_dot[c]*(0 if c == target else -1) for c in range(C)])
    logits_bar_dot = [excess_bar_dot[c]*(0 if c == target else 1) + own_bar_dot*(1 if c == target else 0) for c in range(C)]
    return logits_bar_dot
