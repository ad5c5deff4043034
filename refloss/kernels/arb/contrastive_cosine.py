"""Contrastive loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
    euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
    normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
    hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
    linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)

Subgradients
    0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink;
    0 where the distance is the margin.

Constants
    different: 1: label 1 says that a pair is of two kinds (default 0.0)
    least_norm: the least length that a vector is divided by (default 0.0)
    least_norm_lo: what least_norm lacks (default 0.0)
    linear: 1: hinges are not squared, on both sides (default 0.0)
    positive_margin: distance up to which a pair of one kind costs nothing (default 0.0)
    positive_margin_lo: what positive_margin lacks (default 0.0)
    margin: distance from which a pair of two kinds costs nothing (default 1.0)
    margin_lo: what margin lacks (default 0.0)
    legacy: 1: the squared distance is hinged, and that not squared (default 0.0)
    factor: factor of the whole (default 0.5)

Source
    Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR
    2006; Chopra, Hadsell, LeCun, CVPR 2005.
"""


def value(F, x1, x2, same, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return the loss of the plain program."""
    D = len(x1)
    alike = F.select(F.eq(different, 0), same, 1 - same)
    unlike = 1 - alike
    x1_norm_sum = F.sum([x1[d]*x1[d] for d in range(D)])
    x1_norm = F.sqrt(x1_norm_sum)
    x1_length = F.max(least_norm, x1_norm)
    first = [F.ratio(x1[d], x1_length, 0) for d in range(D)]
    x2_norm_sum = F.sum([x2[d]*x2[d] for d in range(D)])
    x2_norm = F.sqrt(x2_norm_sum)
    x2_length = F.max(least_norm, x2_norm)
    second = [F.ratio(x2[d], x2_length, 0) for d in range(D)]
    kappa_sum = F.sum([first[d]*second[d] for d in range(D)])
    kappa = 1 - kappa_sum
    distance = kappa
    square = distance*distance
    inside = -distance + positive_margin
    beyond = F.relu(-inside)
    pull = F.select(F.eq(linear, 0), square, beyond)
    nearness = -distance + margin
    lack = F.relu(nearness)
    closeness = -square + margin
    flat = F.relu(closeness)
    push = F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), lack*lack, flat), lack)
    loss = factor*(F.weighted(alike, pull) + F.weighted(unlike, push))
    return loss


def grad(F, x1, x2, same, loss_bar, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return the loss and the derived gradient."""
    D = len(x1)
    alike = F.select(F.eq(different, 0), same, 1 - same)
    unlike = 1 - alike
    x1_norm_sum = F.sum([x1[d]*x1[d] for d in range(D)])
    x1_norm = F.sqrt(x1_norm_sum)
    x1_length = F.max(least_norm, x1_norm)
    first = [F.ratio(x1[d], x1_length, 0) for d in range(D)]
    x2_norm_sum = F.sum([x2[d]*x2[d] for d in range(D)])
    x2_norm = F.sqrt(x2_norm_sum)
    x2_length = F.max(least_norm, x2_norm)
    second = [F.ratio(x2[d], x2_length, 0) for d in range(D)]
    kappa_sum = F.sum([first[d]*second[d] for d in range(D)])
    kappa = 1 - kappa_sum
    square = kappa*kappa
    inside = -kappa + positive_margin
    beyond = F.relu(-inside)
    pull = F.select(F.eq(linear, 0), square, beyond)
    nearness = -kappa + margin
    lack = F.relu(nearness)
    closeness = -square + margin
    flat = F.relu(closeness)
    push = F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), lack*lack, flat), lack)
    loss = factor*(F.weighted(alike, pull) + F.weighted(unlike, push))
    push_bar = factor*loss_bar*unlike
    flat_bar = F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), 0, push_bar), 0)
    closeness_bar = flat_bar*F.step(closeness, 0)
    lack_bar = F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), 2*lack*push_bar, 0), push_bar)
    nearness_bar = lack_bar*F.step(nearness, 0)
    pull_bar = factor*alike*loss_bar
    beyond_bar = F.select(F.eq(linear, 0), 0, pull_bar)
    inside_bar = -(beyond_bar*F.step(-inside, 0))
    square_bar = F.select(F.eq(linear, 0), pull_bar, 0) - closeness_bar
    distance_bar = 2*kappa*square_bar - inside_bar - nearness_bar
    kappa_sum_bar = -distance_bar
    second_bar = [kappa_sum_bar*first[d] for d in range(D)]
    x2_length_bar_acc = F.sum([second[d]*F.ratio(second_bar[d], x2_length, 0) for d in range(D)])
    x2_length_bar = -x2_length_bar_acc
    x2_norm_bar = x2_length_bar*F.step(x2_norm - least_norm, F.rational(1, 2))
    first_bar = [kappa_sum_bar*second[d] for d in range(D)]
    x1_length_bar_acc = F.sum([first[d]*F.ratio(first_bar[d], x1_length, 0) for d in range(D)])
    x1_length_bar = -x1_length_bar_acc
    x1_norm_bar = x1_length_bar*F.step(x1_norm - least_norm, F.rational(1, 2))
    x1_bar = [x1_norm_bar*F.ratio(x1[d], x1_norm, 0) + F.ratio(first_bar[d], x1_length, 0) for d in range(D)]
    x2_bar = [x2_norm_bar*F.ratio(x2[d], x2_norm, 0) + F.ratio(second_bar[d], x2_length, 0) for d in range(D)]
    return loss, x1_bar, x2_bar


def hvp(F, x1, x2, same, loss_bar, x1_dot, x2_dot, different, least_norm, least_norm_lo, linear, positive_margin, positive_margin_lo, margin, margin_lo, legacy, factor):
    """Return the derived Hessian-vector product."""
    D = len(x1)
    alike = F.select(F.eq(different, 0), same, 1 - same)
    unlike = 1 - alike
    x1_norm_sum = F.sum([x1[d]*x1[d] for d in range(D)])
    x1_norm = F.sqrt(x1_norm_sum)
    x1_length = F.max(least_norm, x1_norm)
    first = [F.ratio(x1[d], x1_length, 0) for d in range(D)]
    x2_norm_sum = F.sum([x2[d]*x2[d] for d in range(D)])
    x2_norm = F.sqrt(x2_norm_sum)
    x2_length = F.max(least_norm, x2_norm)
    second = [F.ratio(x2[d], x2_length, 0) for d in range(D)]
    kappa_sum = F.sum([first[d]*second[d] for d in range(D)])
    kappa = 1 - kappa_sum
    square = kappa*kappa
    inside = -kappa + positive_margin
    nearness = -kappa + margin
    lack = F.relu(nearness)
    closeness = -square + margin
    push_bar = factor*loss_bar*unlike
    flat_bar = F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), 0, push_bar), 0)
    closeness_bar = flat_bar*F.step(closeness, 0)
    lack_bar = F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), 2*lack*push_bar, 0), push_bar)
    nearness_bar = lack_bar*F.step(nearness, 0)
    pull_bar = factor*alike*loss_bar
    beyond_bar = F.select(F.eq(linear, 0), 0, pull_bar)
    inside_bar = -(beyond_bar*F.step(-inside, 0))
    square_bar = F.select(F.eq(linear, 0), pull_bar, 0) - closeness_bar
    distance_bar = 2*kappa*square_bar - inside_bar - nearness_bar
    kappa_sum_bar = -distance_bar
    second_bar = [kappa_sum_bar*first[d] for d in range(D)]
    x2_length_bar_acc = F.sum([second[d]*F.ratio(second_bar[d], x2_length, 0) for d in range(D)])
    x2_length_bar = -x2_length_bar_acc
    x2_norm_bar = x2_length_bar*F.step(x2_norm - least_norm, F.rational(1, 2))
    first_bar = [kappa_sum_bar*second[d] for d in range(D)]
    x1_length_bar_acc = F.sum([first[d]*F.ratio(first_bar[d], x1_length, 0) for d in range(D)])
    x1_length_bar = -x1_length_bar_acc
    x1_norm_bar = x1_length_bar*F.step(x1_norm - least_norm, F.rational(1, 2))
    x1_norm_dot0 = F.sum([x1_dot[d]*F.ratio(x1[d], x1_norm, 0) for d in range(D)])
    x1_length_dot = x1_norm_dot0*F.step(x1_norm - least_norm, F.rational(1, 2))
    first_dot = [F.ratio(x1_dot[d], x1_length, 0) - first[d]*F.ratio(x1_length_dot, x1_length, 0) for d in range(D)]
    x2_norm_dot0 = F.sum([x2_dot[d]*F.ratio(x2[d], x2_norm, 0) for d in range(D)])
    x2_length_dot = x2_norm_dot0*F.step(x2_norm - least_norm, F.rational(1, 2))
    second_dot = [F.ratio(x2_dot[d], x2_length, 0) - second[d]*F.ratio(x2_length_dot, x2_length, 0) for d in range(D)]
    kappa_sum_dot = F.sum([first[d]*second_dot[d] + first_dot[d]*second[d] for d in range(D)])
    kappa_dot = -kappa_sum_dot
    nearness_dot = -kappa_dot
    lack_dot = nearness_dot*F.step(nearness, 0)
    lack_bar_dot = lack_dot*F.select(F.eq(linear, 0), F.select(F.eq(legacy, 0), 2*push_bar, 0), 0)
    nearness_bar_dot = lack_bar_dot*F.step(nearness, 0)
    distance_bar_dot = 2*kappa_dot*square_bar - nearness_bar_dot
    kappa_sum_bar_dot = -distance_bar_dot
    second_bar_dot = [kappa_sum_bar_dot*first[d] + kappa_sum_bar*first_dot[d] for d in range(D)]
    x2_length_bar_acc_dot = F.sum([second_dot[d]*F.ratio(second_bar[d], x2_length, 0) + second[d]*F.ratio(second_bar_dot[d], x2_length, 0) - second[d]*F.ratio(x2_length_dot, x2_length, 0)*F.ratio(second_bar[d], x2_length, 0) for d in range(D)])
    x2_length_bar_dot = -x2_length_bar_acc_dot
    x2_norm_bar_dot = x2_length_bar_dot*F.step(x2_norm - least_norm, F.rational(1, 2))
    first_bar_dot = [kappa_sum_bar*second_dot[d] + kappa_sum_bar_dot*second[d] for d in range(D)]
    x1_length_bar_acc_dot = F.sum([first_dot[d]*F.ratio(first_bar[d], x1_length, 0) + first[d]*F.ratio(first_bar_dot[d], x1_length, 0) - first[d]*F.ratio(x1_length_dot, x1_length, 0)*F.ratio(first_bar[d], x1_length, 0) for d in range(D)])
    x1_length_bar_dot = -x1_length_bar_acc_dot
    x1_norm_bar_dot = x1_length_bar_dot*F.step(x1_norm - least_norm, F.rational(1, 2))
    x1_bar_dot = [x1_norm_bar_dot*F.ratio(x1[d], x1_norm, 0) + x1_norm_bar*F.ratio(x1_dot[d], x1_norm, 0) + F.ratio(first_bar_dot[d], x1_length, 0) - F.ratio(x1_length_dot, x1_length, 0)*F.ratio(first_bar[d], x1_length, 0) - x1_norm_bar*F.ratio(x1_norm_dot0, x1_norm, 0)*F.ratio(x1[d], x1_norm, 0) for d in range(D)]
    x2_bar_dot = [x2_norm_bar_dot*F.ratio(x2[d], x2_norm, 0) + x2_norm_bar*F.ratio(x2_dot[d], x2_norm, 0) + F.ratio(second_bar_dot[d], x2_length, 0) - F.ratio(x2_length_dot, x2_length, 0)*F.ratio(second_bar[d], x2_length, 0) - x2_norm_bar*F.ratio(x2_norm_dot0, x2_norm, 0)*F.ratio(x2[d], x2_norm, 0) for d in range(D)]
    return x1_bar_dot, x2_bar_dot
