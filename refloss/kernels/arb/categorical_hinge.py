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
    score = [(0 if c == target else logits[c]) for c in range(C)]
    top = F.greatest([score[c] for c in range(C)])
    own = logits[target]
    excess = top - own + margin
    lack = F.relu(excess)
    fault = F.select(F.eq(squared, 0), lack, lack*lack)
    loss = F.weighted(class_weight[target], fault)/parts
    return loss


def grad(F, logits, target, class_weight, loss_bar, margin, squared, divided, over_others):
    """Return the loss and the derived gradient."""
    C = len(logits)
    parts = F.select(F.eq(divided, 0), 1, C - over_others)
    score = [(0 if c == target else logits[c]) for c in range(C)]
    top = F.greatest([score[c] for c in range(C)])
    chief = [F.select(F.le(top, score[c]), 1, 0) for c in range(C)]
    chiefs = F.sum([chief[c] for c in range(C)])
    portion = 1/chiefs
    own = logits[target]
    excess = top - own + margin
    lack = F.relu(excess)
    fault = F.select(F.eq(squared, 0), lack, lack*lack)
    loss = F.weighted(class_weight[target], fault)/parts
    fault_bar = class_weight[target]*loss_bar/parts
    lack_bar = F.select(F.eq(squared, 0), fault_bar, 2*fault_bar*lack)
    excess_bar = lack_bar*F.step(excess, 0)
    own_bar = -excess_bar
    score_bar = [excess_bar*portion*chief[c] for c in range(C)]
    logits_bar = [(0 if c == target else score_bar[c]) + (own_bar if c == target else 0) for c in range(C)]
    return loss, logits_bar


def hvp(F, logits, target, class_weight, loss_bar, logits_dot, margin, squared, divided, over_others):
    """Return the derived Hessian-vector product."""
    C = len(logits)
    parts = F.select(F.eq(divided, 0), 1, C - over_others)
    score = [(0 if c == target else logits[c]) for c in range(C)]
    top = F.greatest([score[c] for c in range(C)])
    chief = [F.select(F.le(top, score[c]), 1, 0) for c in range(C)]
    chiefs = F.sum([chief[c] for c in range(C)])
    portion = 1/chiefs
    own = logits[target]
    excess = top - own + margin
    fault_bar = class_weight[target]*loss_bar/parts
    score_dot = [logits_dot[c]*(0 if c == target else 1) for c in range(C)]
    top_dot_acc = F.sum([chief[c]*score_dot[c] for c in range(C)])
    top_dot = portion*top_dot_acc
    own_dot = logits_dot[target]
    excess_dot = top_dot - own_dot
    lack_dot = excess_dot*F.step(excess, 0)
    lack_bar_dot = lack_dot*F.select(F.eq(squared, 0), 0, 2*fault_bar)
    excess_bar_dot = lack_bar_dot*F.step(excess, 0)
    own_bar_dot = -excess_bar_dot
    score_bar_dot = [excess_bar_dot*portion*chief[c] for c in range(C)]
    logits_bar_dot = [score_bar_dot[c]*(0 if c == target else 1) + own_bar_dot*(1 if c == target else 0) for c in range(C)]
    return logits_bar_dot
