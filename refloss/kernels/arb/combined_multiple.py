"""Combined-margin head: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -log softmax(z)_y,  z_y = scale psi(cos(theta_y)), z_j = scale cos(theta_j)
    psi: as of combined_margin_logit, cos(m1 theta + m2) - m3 and what a guard puts in its place beyond pi

Subgradients
    of a norm at 0, 0: a zero vector has no direction. With `placement='max'`, where a
    length is the least one, half of the slope. Of the logit: where the sine is 0 scale cos
    m2; with a multiple scale m1^2 cos m2 at 1 and -scale m1^2 cos(m1 pi + m2) at -1. That
    beyond the border at the border.

Constants
    keeps_x: 1: embeddings keep their length (default 0.0)
    least_x: the least length that an embedding is divided by (default 0.0)
    eps_x_inside: added to an embedding's squares (default 0.0)
    eps_x_added: added to an embedding's length (default 0.0)
    keeps_weight: 1: classes keep their length (default 0.0)
    least_weight: the least length that a class is divided by (default 0.0)
    eps_weight_inside: added to a class's squares (default 0.0)
    eps_weight_added: added to a class's length (default 0.0)
    projected: 0: the derivative by a class is that by the divided one (default 1.0)
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    margin: the angle that is added (default 0.3)
    degrees: 1: the angle is in degrees (default 0.0)
    cosine_margin: what is subtracted from the cosine (default 0.2)
    multiple: what multiplies the angle (default 1.0)
    again: factor of the logit beyond the border (default 1.0)
    level: how often 1 + m3 is subtracted there (default 0.0)
    added: pi*degrees*margin/180 + margin*(1 - degrees), rounded (default 0.3)
    added_lo: what added lacks (default 0.0)
    cosine_zero1: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)))/multiple))), rounded (default 0.2)
    cosine_zero1_lo: what cosine_zero1 lacks (default 0.0)
    sine_zero1: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)))/multiple))), rounded (default 0.9797958971132712)
    sine_zero1_lo: what sine_zero1 lacks (default 4.006950647993939e-17)
    at_zero1: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
        (default 0.48061678382596773)
    at_zero1_lo: what at_zero1 lacks (default -2.1329752784256254e-18)
    rise_zero1: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
        (default 0.8769307310755982)
    rise_zero1_lo: what rise_zero1 lacks (default -2.910427305324835e-17)
    cosine_zero2: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) - 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.955336489125606)
    cosine_zero2_lo: what cosine_zero2 lacks (default -4.1935600297907467e-17)
    sine_zero2: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) - 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.29552020666133955)
    sine_zero2_lo: what sine_zero2 lacks (default -1.8315357276792536e-17)
    at_zero2: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.0)
    at_zero2_lo: what at_zero2 lacks (default 0.0)
    rise_zero2: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default 0.0)
    rise_zero2_lo: what rise_zero2 lacks (default 0.0)
    cosine_zero3: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.955336489125606)
    cosine_zero3_lo: what cosine_zero3 lacks (default -4.1935600297907467e-17)
    sine_zero3: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*atan2(sqrt(1 - cosine_margin),
        sqrt(cosine_margin + 1)) + 2*pi)/multiple))), rounded (default -0.29552020666133955)
    sine_zero3_lo: what sine_zero3 lacks (default -1.8315357276792536e-17)
    at_zero3: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.0)
    at_zero3_lo: what at_zero3 lacks (default 0.0)
    rise_zero3: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default 0.0)
    rise_zero3_lo: what rise_zero3 lacks (default 0.0)
    level1: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
        multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)))/multiple))), rounded
        (default 0.0)
    level1_lo: what level1 lacks (default 0.0)
    level2: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
        multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) -
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.155336489125606)
    level2_lo: what level2 lacks (default -9.744675152916529e-17)
    level3: -cosine_margin + cos(pi*degrees*margin/180 + margin*(1 - degrees) +
        multiple*Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*atan2(sqrt(1 - cosine_margin), sqrt(cosine_margin + 1)) + 2*pi)/multiple))),
        rounded (default -1.155336489125606)
    level3_lo: what level3 lacks (default -9.744675152916529e-17)
    cosine_turn0: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.955336489125606)
    cosine_turn0_lo: what cosine_turn0 lacks (default 4.1935600297907467e-17)
    sine_turn0: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.29552020666133955)
    sine_turn0_lo: what sine_turn0 lacks (default 1.8315357276792536e-17)
    cosine_turn1: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple))), rounded (default
        -1.0)
    cosine_turn1_lo: what cosine_turn1 lacks (default 0.0)
    sine_turn1: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple))), rounded (default
        0.0)
    sine_turn1_lo: what sine_turn1 lacks (default 0.0)
    at_turn1: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        pi)/multiple))), rounded (default -0.955336489125606)
    at_turn1_lo: what at_turn1 lacks (default -4.1935600297907467e-17)
    rise_turn1: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        pi)/multiple))), rounded (default 0.29552020666133955)
    rise_turn1_lo: what rise_turn1 lacks (default 1.8315357276792536e-17)
    cosine_turn2: cos(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*pi)/multiple))), rounded (default
        -0.955336489125606)
    cosine_turn2_lo: what cosine_turn2 lacks (default -4.1935600297907467e-17)
    sine_turn2: sin(pi*degrees*margin/180 + margin*(1 - degrees) + multiple*Max(0, Min(pi,
        (-pi*degrees*margin/180 - margin*(1 - degrees) + 2*pi)/multiple))), rounded (default
        -0.29552020666133955)
    sine_turn2_lo: what sine_turn2 lacks (default -1.8315357276792536e-17)
    at_turn2: cos(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*pi)/multiple))), rounded (default -1.0)
    at_turn2_lo: what at_turn2 lacks (default 0.0)
    rise_turn2: sin(Max(0, Min(pi, (-pi*degrees*margin/180 - margin*(1 - degrees) +
        2*pi)/multiple))), rounded (default 0.0)
    rise_turn2_lo: what rise_turn2 lacks (default 0.0)
    cosine_turn3: cos(pi*degrees*margin/180 + margin*(1 - degrees) + pi*multiple), rounded
        (default -0.955336489125606)
    cosine_turn3_lo: what cosine_turn3 lacks (default -4.1935600297907467e-17)
    sine_turn3: sin(pi*degrees*margin/180 + margin*(1 - degrees) + pi*multiple), rounded
        (default -0.29552020666133955)
    sine_turn3_lo: what sine_turn3 lacks (default -1.8315357276792536e-17)
    border: cos((-pi*degrees*margin/180 - margin*(1 - degrees) + pi)/multiple), rounded
        (default -0.955336489125606)
    border_lo: what border lacks (default -4.1935600297907467e-17)
    offset: level*(cosine_margin + 1), rounded (default 0.0)
    offset_lo: what offset lacks (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)

Source
    Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.
"""


def value(F, x, weight, target, scale, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached):
    """Return the loss of the plain program."""
    most = limit  # exactly
    added = margin*(1 - degrees) + F.pi()*degrees*margin/180  # exactly
    border = F.cos((F.pi() - margin*(1 - degrees) - F.pi()*degrees*margin/180)/multiple)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    B = len(x)
    D = len(x[0])
    C = len(weight)
    x_size_sum = [F.sum([x[b][d]*x[b][d] for d in range(D)]) for b in range(B)]
    x_size = [F.sqrt(x_size_sum[b]) for b in range(B)]
    weight_size_sum = [F.sum([weight[c][d]*weight[c][d] for d in range(D)]) for c in range(C)]
    weight_size = [F.sqrt(weight_size_sum[c]) for c in range(C)]
    x_root = [F.select(F.eq(eps_x_inside, 0), x_size[b], F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_length = [F.max(least_x, x_root[b]) + eps_x_added for b in range(B)]
    weight_root = [F.select(F.eq(eps_weight_inside, 0), weight_size[c], F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_length = [F.max(least_weight, weight_root[c]) + eps_weight_added for c in range(C)]
    unit = [[F.select(F.eq(keeps_x, 0), F.ratio(x[b][d], x_length[b], 0), x[b][d]) for d in range(D)] for b in range(B)]
    way = [[F.select(F.eq(keeps_weight, 0), F.straight_through(F.ratio(weight[c][d], weight_length[c], 0), weight[c][d], projected), weight[c][d]) for d in range(D)] for c in range(C)]
    product = [[F.sum([unit[b][d]*way[c][d] for d in range(D)]) for c in range(C)] for b in range(B)]
    own = [product[b][target[b]] for b in range(B)]
    angular = [F.select(F.eq(keeps_x, 0), own[b], F.ratio(own[b], x_length[b], 0)) for b in range(B)]
    cosine = [F.select(F.eq(keeps_weight, 0), angular[b], F.ratio(angular[b], weight_length[target[b]], 0)) for b in range(B)]
    reach = [F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]])*F.select(F.eq(keeps_x, 0), 1, x_length[b]) for b in range(B)]
    over = [cosine[b] - most for b in range(B)]
    under = [-cosine[b] - most for b in range(B)]
    capped = [F.select(F.gt(over[b], 0), most, cosine[b]) for b in range(B)]
    kept = [F.select(F.gt(under[b], 0), -most, capped[b]) for b in range(B)]
    sine = [F.sqrt(F.relu((1 - kept[b])*(1 + kept[b]))) for b in range(B)]
    theta = [F.atan2(sine[b], kept[b]) for b in range(B)]
    raw = [F.cos(multiple*theta[b] + added) for b in range(B)]
    lowered = [raw[b] - cosine_margin for b in range(B)]
    room = [kept[b] - border for b in range(B)]
    bent = [F.select(F.gt(room[b], 0), lowered[b], again*lowered[b] - offset) for b in range(B)]
    logit = [F.straight_through(bent[b], kept[b], attached) for b in range(B)]
    goal = [logit[b]*reach[b]*scale for b in range(B)]
    score = [[(goal[b] if c == target[b] else scale*product[b][c]) for c in range(C)] for b in range(B)]
    top = [F.largest([score[b][c] for c in range(C)]) for b in range(B)]
    mass = [[F.exp(score[b][c] - F.stop(top[b])) for c in range(C)] for b in range(B)]
    lse_sum = [F.sum([mass[b][c] for c in range(C)]) for b in range(B)]
    lse = [F.log(lse_sum[b]) + F.stop(top[b]) for b in range(B)]
    loss = [lse[b] - goal[b] for b in range(B)]
    return loss


def grad(F, x, weight, target, scale, loss_bar, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached):
    """Return the loss and the derived gradient."""
    most = limit  # exactly
    added = margin*(1 - degrees) + F.pi()*degrees*margin/180  # exactly
    border = F.cos((F.pi() - margin*(1 - degrees) - F.pi()*degrees*margin/180)/multiple)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    B = len(x)
    D = len(x[0])
    C = len(weight)
    x_size_sum = [F.sum([x[b][d]*x[b][d] for d in range(D)]) for b in range(B)]
    x_size = [F.sqrt(x_size_sum[b]) for b in range(B)]
    weight_size_sum = [F.sum([weight[c][d]*weight[c][d] for d in range(D)]) for c in range(C)]
    weight_size = [F.sqrt(weight_size_sum[c]) for c in range(C)]
    x_root = [F.select(F.eq(eps_x_inside, 0), x_size[b], F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_length = [F.max(least_x, x_root[b]) + eps_x_added for b in range(B)]
    weight_root = [F.select(F.eq(eps_weight_inside, 0), weight_size[c], F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_length = [F.max(least_weight, weight_root[c]) + eps_weight_added for c in range(C)]
    unit = [[F.select(F.eq(keeps_x, 0), F.ratio(x[b][d], x_length[b], 0), x[b][d]) for d in range(D)] for b in range(B)]
    way = [[F.select(F.eq(keeps_weight, 0), F.straight_through(F.ratio(weight[c][d], weight_length[c], 0), weight[c][d], projected), weight[c][d]) for d in range(D)] for c in range(C)]
    product = [[F.sum([unit[b][d]*way[c][d] for d in range(D)]) for c in range(C)] for b in range(B)]
    own = [product[b][target[b]] for b in range(B)]
    angular = [F.select(F.eq(keeps_x, 0), own[b], F.ratio(own[b], x_length[b], 0)) for b in range(B)]
    cosine = [F.select(F.eq(keeps_weight, 0), angular[b], F.ratio(angular[b], weight_length[target[b]], 0)) for b in range(B)]
    reach = [F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]])*F.select(F.eq(keeps_x, 0), 1, x_length[b]) for b in range(B)]
    over = [cosine[b] - most for b in range(B)]
    under = [-cosine[b] - most for b in range(B)]
    capped = [F.select(F.gt(over[b], 0), most, cosine[b]) for b in range(B)]
    kept = [F.select(F.gt(under[b], 0), -most, capped[b]) for b in range(B)]
    sine = [F.sqrt(F.relu((1 - kept[b])*(1 + kept[b]))) for b in range(B)]
    theta = [F.atan2(sine[b], kept[b]) for b in range(B)]
    raw = [F.cos(multiple*theta[b] + added) for b in range(B)]
    lowered = [raw[b] - cosine_margin for b in range(B)]
    room = [kept[b] - border for b in range(B)]
    bent = [F.select(F.gt(room[b], 0), lowered[b], again*lowered[b] - offset) for b in range(B)]
    logit = [F.straight_through(bent[b], kept[b], attached) for b in range(B)]
    goal = [logit[b]*reach[b]*scale for b in range(B)]
    score = [[(goal[b] if c == target[b] else scale*product[b][c]) for c in range(C)] for b in range(B)]
    top = [F.largest([score[b][c] for c in range(C)]) for b in range(B)]
    mass = [[F.exp(score[b][c] - F.stop(top[b])) for c in range(C)] for b in range(B)]
    lse_sum = [F.sum([mass[b][c] for c in range(C)]) for b in range(B)]
    lse = [F.log(lse_sum[b]) + F.stop(top[b]) for b in range(B)]
    loss = [lse[b] - goal[b] for b in range(B)]
    lse_sum_bar = [loss_bar[b]/lse_sum[b] for b in range(B)]
    mass_bar = [[lse_sum_bar[b] for c in range(C)] for b in range(B)]
    score_bar = [[mass[b][c]*mass_bar[b][c] for c in range(C)] for b in range(B)]
    goal_bar = [score_bar[b][target[b]] - loss_bar[b] for b in range(B)]
    logit_bar = [goal_bar[b]*reach[b]*scale for b in range(B)]
    bent_bar = [attached*logit_bar[b] for b in range(B)]
    lowered_bar = [F.select(F.gt(room[b], 0), bent_bar[b], again*bent_bar[b]) for b in range(B)]
    theta_bar = [-(multiple*lowered_bar[b]*F.sin(multiple*theta[b] + added)) for b in range(B)]
    sine_bar = [kept[b]*theta_bar[b]/(kept[b]*kept[b] + sine[b]*sine[b]) for b in range(B)]
    kept_bar = [(1 - attached)*logit_bar[b] - sine_bar[b]*F.ratio(kept[b], sine[b], 0) - sine[b]*theta_bar[b]/(kept[b]*kept[b] + sine[b]*sine[b]) for b in range(B)]
    capped_bar = [F.select(F.gt(under[b], 0), 0, kept_bar[b]) for b in range(B)]
    reach_bar = [goal_bar[b]*logit[b]*scale for b in range(B)]
    cosine_bar = [F.select(F.gt(over[b], 0), 0, capped_bar[b]) for b in range(B)]
    angular_bar = [F.select(F.eq(keeps_weight, 0), cosine_bar[b], F.ratio(cosine_bar[b], weight_length[target[b]], 0)) for b in range(B)]
    own_bar = [F.select(F.eq(keeps_x, 0), angular_bar[b], F.ratio(angular_bar[b], x_length[b], 0)) for b in range(B)]
    product_bar = [[(0 if c == target[b] else scale*score_bar[b][c]) + (own_bar[b] if c == target[b] else 0) for c in range(C)] for b in range(B)]
    way_bar = [[F.sum([product_bar[b][c]*unit[b][d] for b in range(B)]) for d in range(D)] for c in range(C)]
    unit_bar = [[F.sum([product_bar[b][c]*way[c][d] for c in range(C)]) for d in range(D)] for b in range(B)]
    weight_length_bar0 = [F.sum([(reach_bar[b]*F.select(F.eq(keeps_weight, 0), 0, 1)*F.select(F.eq(keeps_x, 0), 1, x_length[b]) if c == target[b] else 0) for b in range(B)]) for c in range(C)]
    weight_length_bar1 = [F.sum([(F.select(F.eq(keeps_weight, 0), 0, -(F.ratio(angular[b], weight_length[target[b]], 0)*F.ratio(cosine_bar[b], weight_length[target[b]], 0))) if c == target[b] else 0) for b in range(B)]) for c in range(C)]
    weight_length_bar2 = [F.sum([F.select(F.eq(keeps_weight, 0), projected*-(F.ratio(way_bar[c][d], weight_length[c], 0)*F.ratio(weight[c][d], weight_length[c], 0)), 0) for d in range(D)]) for c in range(C)]
    weight_length_bar = [weight_length_bar0[c] + weight_length_bar1[c] + weight_length_bar2[c] for c in range(C)]
    weight_root_bar = [weight_length_bar[c]*F.step(weight_root[c] - least_weight, F.rational(1, 2)) for c in range(C)]
    x_length_bar0 = [F.sum([F.select(F.eq(keeps_x, 0), -(F.ratio(unit_bar[b][d], x_length[b], 0)*F.ratio(x[b][d], x_length[b], 0)), 0) for d in range(D)]) for b in range(B)]
    x_length_bar1 = [reach_bar[b]*F.select(F.eq(keeps_x, 0), 0, 1)*F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]]) + x_length_bar0[b] for b in range(B)]
    x_length_bar = [F.select(F.eq(keeps_x, 0), x_length_bar1[b], x_length_bar1[b] - F.ratio(angular_bar[b], x_length[b], 0)*F.ratio(own[b], x_length[b], 0)) for b in range(B)]
    x_root_bar = [x_length_bar[b]*F.step(x_root[b] - least_x, F.rational(1, 2)) for b in range(B)]
    weight_size_bar = [F.select(F.eq(eps_weight_inside, 0), weight_root_bar[c], weight_root_bar[c]*weight_size[c]/F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_size_sum_bar = [F.rational(1, 2)*weight_size_bar[c]/weight_size[c] for c in range(C)]
    x_size_bar = [F.select(F.eq(eps_x_inside, 0), x_root_bar[b], x_root_bar[b]*x_size[b]/F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_size_sum_bar = [F.rational(1, 2)*x_size_bar[b]/x_size[b] for b in range(B)]
    x_bar = [[2*x_size_sum_bar[b]*x[b][d] + F.select(F.eq(keeps_x, 0), F.ratio(unit_bar[b][d], x_length[b], 0), unit_bar[b][d]) for d in range(D)] for b in range(B)]
    weight_bar = [[2*weight_size_sum_bar[c]*weight[c][d] + F.select(F.eq(keeps_weight, 0), projected*F.ratio(way_bar[c][d], weight_length[c], 0) + way_bar[c][d] - projected*way_bar[c][d], way_bar[c][d]) for d in range(D)] for c in range(C)]
    scale_bar0 = F.sum([(0 if c == target[b] else product[b][c]*score_bar[b][c]) for b in range(B) for c in range(C)])
    scale_bar1 = F.sum([goal_bar[b]*logit[b]*reach[b] for b in range(B)])
    scale_bar = scale_bar0 + scale_bar1
    return loss, x_bar, weight_bar, scale_bar


def hvp(F, x, weight, target, scale, loss_bar, x_dot, weight_dot, scale_dot, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, multiple, again, level, added, added_lo, cosine_zero1, cosine_zero1_lo, sine_zero1, sine_zero1_lo, at_zero1, at_zero1_lo, rise_zero1, rise_zero1_lo, cosine_zero2, cosine_zero2_lo, sine_zero2, sine_zero2_lo, at_zero2, at_zero2_lo, rise_zero2, rise_zero2_lo, cosine_zero3, cosine_zero3_lo, sine_zero3, sine_zero3_lo, at_zero3, at_zero3_lo, rise_zero3, rise_zero3_lo, level1, level1_lo, level2, level2_lo, level3, level3_lo, cosine_turn0, cosine_turn0_lo, sine_turn0, sine_turn0_lo, cosine_turn1, cosine_turn1_lo, sine_turn1, sine_turn1_lo, at_turn1, at_turn1_lo, rise_turn1, rise_turn1_lo, cosine_turn2, cosine_turn2_lo, sine_turn2, sine_turn2_lo, at_turn2, at_turn2_lo, rise_turn2, rise_turn2_lo, cosine_turn3, cosine_turn3_lo, sine_turn3, sine_turn3_lo, border, border_lo, offset, offset_lo, attached):
    """Return the derived Hessian-vector product."""
    most = limit  # exactly
    added = margin*(1 - degrees) + F.pi()*degrees*margin/180  # exactly
    border = F.cos((F.pi() - margin*(1 - degrees) - F.pi()*degrees*margin/180)/multiple)  # exactly
    offset = level*(1 + cosine_margin)  # exactly
    B = len(x)
    D = len(x[0])
    C = len(weight)
    x_size_sum = [F.sum([x[b][d]*x[b][d] for d in range(D)]) for b in range(B)]
    x_size = [F.sqrt(x_size_sum[b]) for b in range(B)]
    weight_size_sum = [F.sum([weight[c][d]*weight[c][d] for d in range(D)]) for c in range(C)]
    weight_size = [F.sqrt(weight_size_sum[c]) for c in range(C)]
    x_root = [F.select(F.eq(eps_x_inside, 0), x_size[b], F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_length = [F.max(least_x, x_root[b]) + eps_x_added for b in range(B)]
    weight_root = [F.select(F.eq(eps_weight_inside, 0), weight_size[c], F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_length = [F.max(least_weight, weight_root[c]) + eps_weight_added for c in range(C)]
    unit = [[F.select(F.eq(keeps_x, 0), F.ratio(x[b][d], x_length[b], 0), x[b][d]) for d in range(D)] for b in range(B)]
    way = [[F.select(F.eq(keeps_weight, 0), F.straight_through(F.ratio(weight[c][d], weight_length[c], 0), weight[c][d], projected), weight[c][d]) for d in range(D)] for c in range(C)]
    product = [[F.sum([unit[b][d]*way[c][d] for d in range(D)]) for c in range(C)] for b in range(B)]
    own = [product[b][target[b]] for b in range(B)]
    angular = [F.select(F.eq(keeps_x, 0), own[b], F.ratio(own[b], x_length[b], 0)) for b in range(B)]
    cosine = [F.select(F.eq(keeps_weight, 0), angular[b], F.ratio(angular[b], weight_length[target[b]], 0)) for b in range(B)]
    reach = [F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]])*F.select(F.eq(keeps_x, 0), 1, x_length[b]) for b in range(B)]
    over = [cosine[b] - most for b in range(B)]
    under = [-cosine[b] - most for b in range(B)]
    capped = [F.select(F.gt(over[b], 0), most, cosine[b]) for b in range(B)]
    kept = [F.select(F.gt(under[b], 0), -most, capped[b]) for b in range(B)]
    sine = [F.sqrt(F.relu((1 - kept[b])*(1 + kept[b]))) for b in range(B)]
    theta = [F.atan2(sine[b], kept[b]) for b in range(B)]
    raw = [F.cos(multiple*theta[b] + added) for b in range(B)]
    lowered = [raw[b] - cosine_margin for b in range(B)]
    room = [kept[b] - border for b in range(B)]
    bent = [F.select(F.gt(room[b], 0), lowered[b], again*lowered[b] - offset) for b in range(B)]
    logit = [F.straight_through(bent[b], kept[b], attached) for b in range(B)]
    goal = [logit[b]*reach[b]*scale for b in range(B)]
    score = [[(goal[b] if c == target[b] else scale*product[b][c]) for c in range(C)] for b in range(B)]
    top = [F.largest([score[b][c] for c in range(C)]) for b in range(B)]
    mass = [[F.exp(score[b][c] - F.stop(top[b])) for c in range(C)] for b in range(B)]
    lse_sum = [F.sum([mass[b][c] for c in range(C)]) for b in range(B)]
    lse_sum_bar = [loss_bar[b]/lse_sum[b] for b in range(B)]
    mass_bar = [[lse_sum_bar[b] for c in range(C)] for b in range(B)]
    score_bar = [[mass[b][c]*mass_bar[b][c] for c in range(C)] for b in range(B)]
    goal_bar = [score_bar[b][target[b]] - loss_bar[b] for b in range(B)]
    logit_bar = [goal_bar[b]*reach[b]*scale for b in range(B)]
    bent_bar = [attached*logit_bar[b] for b in range(B)]
    lowered_bar = [F.select(F.gt(room[b], 0), bent_bar[b], again*bent_bar[b]) for b in range(B)]
    theta_bar = [-(multiple*lowered_bar[b]*F.sin(multiple*theta[b] + added)) for b in range(B)]
    sine_bar = [kept[b]*theta_bar[b]/(kept[b]*kept[b] + sine[b]*sine[b]) for b in range(B)]
    kept_bar = [(1 - attached)*logit_bar[b] - sine_bar[b]*F.ratio(kept[b], sine[b], 0) - sine[b]*theta_bar[b]/(kept[b]*kept[b] + sine[b]*sine[b]) for b in range(B)]
    capped_bar = [F.select(F.gt(under[b], 0), 0, kept_bar[b]) for b in range(B)]
    reach_bar = [goal_bar[b]*logit[b]*scale for b in range(B)]
    cosine_bar = [F.select(F.gt(over[b], 0), 0, capped_bar[b]) for b in range(B)]
    angular_bar = [F.select(F.eq(keeps_weight, 0), cosine_bar[b], F.ratio(cosine_bar[b], weight_length[target[b]], 0)) for b in range(B)]
    own_bar = [F.select(F.eq(keeps_x, 0), angular_bar[b], F.ratio(angular_bar[b], x_length[b], 0)) for b in range(B)]
    product_bar = [[(0 if c == target[b] else scale*score_bar[b][c]) + (own_bar[b] if c == target[b] else 0) for c in range(C)] for b in range(B)]
    way_bar = [[F.sum([product_bar[b][c]*unit[b][d] for b in range(B)]) for d in range(D)] for c in range(C)]
    unit_bar = [[F.sum([product_bar[b][c]*way[c][d] for c in range(C)]) for d in range(D)] for b in range(B)]
    weight_length_bar0 = [F.sum([(reach_bar[b]*F.select(F.eq(keeps_weight, 0), 0, 1)*F.select(F.eq(keeps_x, 0), 1, x_length[b]) if c == target[b] else 0) for b in range(B)]) for c in range(C)]
    weight_length_bar1 = [F.sum([(F.select(F.eq(keeps_weight, 0), 0, -(F.ratio(angular[b], weight_length[target[b]], 0)*F.ratio(cosine_bar[b], weight_length[target[b]], 0))) if c == target[b] else 0) for b in range(B)]) for c in range(C)]
    weight_length_bar2 = [F.sum([F.select(F.eq(keeps_weight, 0), projected*-(F.ratio(way_bar[c][d], weight_length[c], 0)*F.ratio(weight[c][d], weight_length[c], 0)), 0) for d in range(D)]) for c in range(C)]
    weight_length_bar = [weight_length_bar0[c] + weight_length_bar1[c] + weight_length_bar2[c] for c in range(C)]
    weight_root_bar = [weight_length_bar[c]*F.step(weight_root[c] - least_weight, F.rational(1, 2)) for c in range(C)]
    x_length_bar0 = [F.sum([F.select(F.eq(keeps_x, 0), -(F.ratio(unit_bar[b][d], x_length[b], 0)*F.ratio(x[b][d], x_length[b], 0)), 0) for d in range(D)]) for b in range(B)]
    x_length_bar1 = [reach_bar[b]*F.select(F.eq(keeps_x, 0), 0, 1)*F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]]) + x_length_bar0[b] for b in range(B)]
    x_length_bar = [F.select(F.eq(keeps_x, 0), x_length_bar1[b], x_length_bar1[b] - F.ratio(angular_bar[b], x_length[b], 0)*F.ratio(own[b], x_length[b], 0)) for b in range(B)]
    x_root_bar = [x_length_bar[b]*F.step(x_root[b] - least_x, F.rational(1, 2)) for b in range(B)]
    weight_size_bar = [F.select(F.eq(eps_weight_inside, 0), weight_root_bar[c], weight_root_bar[c]*weight_size[c]/F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_size_sum_bar = [F.rational(1, 2)*weight_size_bar[c]/weight_size[c] for c in range(C)]
    x_size_bar = [F.select(F.eq(eps_x_inside, 0), x_root_bar[b], x_root_bar[b]*x_size[b]/F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_size_sum_bar = [F.rational(1, 2)*x_size_bar[b]/x_size[b] for b in range(B)]
    x_size_sum_dot = [F.sum([2*x[b][d]*x_dot[b][d] for d in range(D)]) for b in range(B)]
    x_size_dot = [F.rational(1, 2)*x_size_sum_dot[b]/x_size[b] for b in range(B)]
    weight_size_sum_dot = [F.sum([2*weight[c][d]*weight_dot[c][d] for d in range(D)]) for c in range(C)]
    weight_size_dot = [F.rational(1, 2)*weight_size_sum_dot[c]/weight_size[c] for c in range(C)]
    x_root_dot = [x_size_dot[b]*F.select(F.eq(eps_x_inside, 0), 1, x_size[b]/F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_length_dot = [x_root_dot[b]*F.step(x_root[b] - least_x, F.rational(1, 2)) for b in range(B)]
    weight_root_dot = [weight_size_dot[c]*F.select(F.eq(eps_weight_inside, 0), 1, weight_size[c]/F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_length_dot = [weight_root_dot[c]*F.step(weight_root[c] - least_weight, F.rational(1, 2)) for c in range(C)]
    unit_dot = [[F.select(F.eq(keeps_x, 0), -(F.ratio(x_length_dot[b], x_length[b], 0)*F.ratio(x[b][d], x_length[b], 0)), 0) + F.select(F.eq(keeps_x, 0), F.ratio(x_dot[b][d], x_length[b], 0), x_dot[b][d]) for d in range(D)] for b in range(B)]
    way_dot = [[F.select(F.eq(keeps_weight, 0), projected*-(F.ratio(weight_length_dot[c], weight_length[c], 0)*F.ratio(weight[c][d], weight_length[c], 0)), 0) + F.select(F.eq(keeps_weight, 0), projected*F.ratio(weight_dot[c][d], weight_length[c], 0) + weight_dot[c][d] - projected*weight_dot[c][d], weight_dot[c][d]) for d in range(D)] for c in range(C)]
    product_dot = [[F.sum([unit[b][d]*way_dot[c][d] + unit_dot[b][d]*way[c][d] for d in range(D)]) for c in range(C)] for b in range(B)]
    own_dot = [product_dot[b][target[b]] for b in range(B)]
    angular_dot = [F.select(F.eq(keeps_x, 0), 0, -(F.ratio(own[b], x_length[b], 0)*F.ratio(x_length_dot[b], x_length[b], 0))) + F.select(F.eq(keeps_x, 0), own_dot[b], F.ratio(own_dot[b], x_length[b], 0)) for b in range(B)]
    cosine_dot = [F.select(F.eq(keeps_weight, 0), 0, -(F.ratio(angular[b], weight_length[target[b]], 0)*F.ratio(weight_length_dot[target[b]], weight_length[target[b]], 0))) + F.select(F.eq(keeps_weight, 0), angular_dot[b], F.ratio(angular_dot[b], weight_length[target[b]], 0)) for b in range(B)]
    reach_dot = [weight_length_dot[target[b]]*F.select(F.eq(keeps_weight, 0), 0, 1)*F.select(F.eq(keeps_x, 0), 1, x_length[b]) + x_length_dot[b]*F.select(F.eq(keeps_x, 0), 0, 1)*F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]]) for b in range(B)]
    capped_dot = [cosine_dot[b]*F.select(F.gt(over[b], 0), 0, 1) for b in range(B)]
    kept_dot = [capped_dot[b]*F.select(F.gt(under[b], 0), 0, 1) for b in range(B)]
    sine_dot = [-(kept_dot[b]*F.ratio(kept[b], sine[b], 0)) for b in range(B)]
    theta_dot = [kept[b]*sine_dot[b]/(kept[b]*kept[b] + sine[b]*sine[b]) - kept_dot[b]*sine[b]/(kept[b]*kept[b] + sine[b]*sine[b]) for b in range(B)]
    raw_dot = [-(multiple*theta_dot[b]*F.sin(multiple*theta[b] + added)) for b in range(B)]
    bent_dot = [raw_dot[b]*F.select(F.gt(room[b], 0), 1, again) for b in range(B)]
    logit_dot = [(1 - attached)*kept_dot[b] + attached*bent_dot[b] for b in range(B)]
    goal_dot = [logit[b]*reach[b]*scale_dot + logit[b]*reach_dot[b]*scale + logit_dot[b]*reach[b]*scale for b in range(B)]
    score_dot = [[scale_dot*(0 if c == target[b] else product[b][c]) + product_dot[b][c]*(0 if c == target[b] else scale) + goal_dot[b]*(1 if c == target[b] else 0) for c in range(C)] for b in range(B)]
    mass_dot = [[mass[b][c]*score_dot[b][c] for c in range(C)] for b in range(B)]
    lse_sum_dot = [F.sum([mass_dot[b][c] for c in range(C)]) for b in range(B)]
    lse_sum_bar_dot = [-(loss_bar[b]*lse_sum_dot[b]/(lse_sum[b]*lse_sum[b])) for b in range(B)]
    mass_bar_dot = [[lse_sum_bar_dot[b] for c in range(C)] for b in range(B)]
    score_bar_dot = [[mass[b][c]*mass_bar_dot[b][c] + mass_bar[b][c]*mass_dot[b][c] for c in range(C)] for b in range(B)]
    goal_bar_dot = [score_bar_dot[b][target[b]] for b in range(B)]
    logit_bar_dot = [goal_bar[b]*reach[b]*scale_dot + goal_bar[b]*reach_dot[b]*scale + goal_bar_dot[b]*reach[b]*scale for b in range(B)]
    bent_bar_dot = [attached*logit_bar_dot[b] for b in range(B)]
    lowered_bar_dot = [bent_bar_dot[b]*F.select(F.gt(room[b], 0), 1, again) for b in range(B)]
    theta_bar_dot = [-multiple*lowered_bar_dot[b]*F.sin(multiple*theta[b] + added) - (multiple*multiple)*lowered_bar[b]*raw[b]*theta_dot[b] for b in range(B)]
    sine_bar_dot = [(theta_bar[b]/(kept[b]*kept[b] + sine[b]*sine[b]) - 2*(kept[b]*kept[b])*theta_bar[b]/((kept[b]*kept[b] + sine[b]*sine[b])*(kept[b]*kept[b] + sine[b]*sine[b])))*kept_dot[b] + kept[b]*theta_bar_dot[b]/(kept[b]*kept[b] + sine[b]*sine[b]) - 2*kept[b]*sine[b]*sine_dot[b]*theta_bar[b]/((kept[b]*kept[b] + sine[b]*sine[b])*(kept[b]*kept[b] + sine[b]*sine[b])) for b in range(B)]
    kept_bar_dot = [(1 - attached)*logit_bar_dot[b] + sine_bar[b]*F.ratio(kept[b], sine[b], 0)*F.ratio(sine_dot[b], sine[b], 0) + 2*(sine[b]*sine[b])*sine_dot[b]*theta_bar[b]/((kept[b]*kept[b] + sine[b]*sine[b])*(kept[b]*kept[b] + sine[b]*sine[b])) + 2*kept[b]*kept_dot[b]*sine[b]*theta_bar[b]/((kept[b]*kept[b] + sine[b]*sine[b])*(kept[b]*kept[b] + sine[b]*sine[b])) - sine_bar_dot[b]*F.ratio(kept[b], sine[b], 0) - sine_bar[b]*F.ratio(kept_dot[b], sine[b], 0) - sine[b]*theta_bar_dot[b]/(kept[b]*kept[b] + sine[b]*sine[b]) - sine_dot[b]*theta_bar[b]/(kept[b]*kept[b] + sine[b]*sine[b]) for b in range(B)]
    capped_bar_dot = [kept_bar_dot[b]*F.select(F.gt(under[b], 0), 0, 1) for b in range(B)]
    reach_bar_dot = [goal_bar[b]*logit[b]*scale_dot + goal_bar[b]*logit_dot[b]*scale + goal_bar_dot[b]*logit[b]*scale for b in range(B)]
    cosine_bar_dot = [capped_bar_dot[b]*F.select(F.gt(over[b], 0), 0, 1) for b in range(B)]
    angular_bar_dot = [F.select(F.eq(keeps_weight, 0), 0, -(F.ratio(cosine_bar[b], weight_length[target[b]], 0)*F.ratio(weight_length_dot[target[b]], weight_length[target[b]], 0))) + F.select(F.eq(keeps_weight, 0), cosine_bar_dot[b], F.ratio(cosine_bar_dot[b], weight_length[target[b]], 0)) for b in range(B)]
    own_bar_dot = [F.select(F.eq(keeps_x, 0), 0, -(F.ratio(angular_bar[b], x_length[b], 0)*F.ratio(x_length_dot[b], x_length[b], 0))) + F.select(F.eq(keeps_x, 0), angular_bar_dot[b], F.ratio(angular_bar_dot[b], x_length[b], 0)) for b in range(B)]
    product_bar_dot = [[score_bar_dot[b][c]*(0 if c == target[b] else scale) + scale_dot*(0 if c == target[b] else score_bar[b][c]) + own_bar_dot[b]*(1 if c == target[b] else 0) for c in range(C)] for b in range(B)]
    way_bar_dot = [[F.sum([product_bar[b][c]*unit_dot[b][d] + product_bar_dot[b][c]*unit[b][d] for b in range(B)]) for d in range(D)] for c in range(C)]
    unit_bar_dot = [[F.sum([product_bar[b][c]*way_dot[c][d] + product_bar_dot[b][c]*way[c][d] for c in range(C)]) for d in range(D)] for b in range(B)]
    weight_length_bar0_dot = [F.sum([reach_bar_dot[b]*(F.select(F.eq(keeps_weight, 0), 0, 1)*F.select(F.eq(keeps_x, 0), 1, x_length[b]) if c == target[b] else 0) + x_length_dot[b]*(reach_bar[b]*F.select(F.eq(keeps_weight, 0), 0, 1)*F.select(F.eq(keeps_x, 0), 0, 1) if c == target[b] else 0) for b in range(B)]) for c in range(C)]
    weight_length_bar1_dot = [F.sum([(F.select(F.eq(keeps_weight, 0), 0, -(F.ratio(angular[b], weight_length[target[b]], 0)*F.ratio(cosine_bar_dot[b], weight_length[target[b]], 0))) if c == target[b] else 0) + (F.select(F.eq(keeps_weight, 0), 0, -(F.ratio(angular_dot[b], weight_length[target[b]], 0)*F.ratio(cosine_bar[b], weight_length[target[b]], 0))) if c == target[b] else 0) + (F.select(F.eq(keeps_weight, 0), 0, 2*F.ratio(angular[b], weight_length[target[b]], 0)*F.ratio(cosine_bar[b], weight_length[target[b]], 0)*F.ratio(weight_length_dot[target[b]], weight_length[target[b]], 0)) if c == target[b] else 0) for b in range(B)]) for c in range(C)]
    weight_length_bar2_dot = [F.sum([F.select(F.eq(keeps_weight, 0), projected*-(F.ratio(way_bar[c][d], weight_length[c], 0)*F.ratio(weight_dot[c][d], weight_length[c], 0)), 0) + F.select(F.eq(keeps_weight, 0), projected*-(F.ratio(way_bar_dot[c][d], weight_length[c], 0)*F.ratio(weight[c][d], weight_length[c], 0)), 0) + F.select(F.eq(keeps_weight, 0), projected*(2*F.ratio(weight_length_dot[c], weight_length[c], 0)*F.ratio(way_bar[c][d], weight_length[c], 0)*F.ratio(weight[c][d], weight_length[c], 0)), 0) for d in range(D)]) for c in range(C)]
    weight_length_bar_dot = [weight_length_bar0_dot[c] + weight_length_bar1_dot[c] + weight_length_bar2_dot[c] for c in range(C)]
    weight_root_bar_dot = [weight_length_bar_dot[c]*F.step(weight_root[c] - least_weight, F.rational(1, 2)) for c in range(C)]
    x_length_bar0_dot = [F.sum([F.select(F.eq(keeps_x, 0), -(F.ratio(unit_bar[b][d], x_length[b], 0)*F.ratio(x_dot[b][d], x_length[b], 0)), 0) + F.select(F.eq(keeps_x, 0), -(F.ratio(unit_bar_dot[b][d], x_length[b], 0)*F.ratio(x[b][d], x_length[b], 0)), 0) + F.select(F.eq(keeps_x, 0), 2*F.ratio(x_length_dot[b], x_length[b], 0)*F.ratio(unit_bar[b][d], x_length[b], 0)*F.ratio(x[b][d], x_length[b], 0), 0) for d in range(D)]) for b in range(B)]
    x_length_bar1_dot = [reach_bar_dot[b]*F.select(F.eq(keeps_x, 0), 0, 1)*F.select(F.eq(keeps_weight, 0), 1, weight_length[target[b]]) + reach_bar[b]*weight_length_dot[target[b]]*F.select(F.eq(keeps_weight, 0), 0, 1)*F.select(F.eq(keeps_x, 0), 0, 1) + x_length_bar0_dot[b] for b in range(B)]
    x_length_bar_dot = [F.select(F.eq(keeps_x, 0), 0, -(F.ratio(angular_bar[b], x_length[b], 0)*F.ratio(own_dot[b], x_length[b], 0))) + F.select(F.eq(keeps_x, 0), 0, -(F.ratio(angular_bar_dot[b], x_length[b], 0)*F.ratio(own[b], x_length[b], 0))) + F.select(F.eq(keeps_x, 0), 0, 2*F.ratio(angular_bar[b], x_length[b], 0)*F.ratio(own[b], x_length[b], 0)*F.ratio(x_length_dot[b], x_length[b], 0)) + x_length_bar1_dot[b] for b in range(B)]
    x_root_bar_dot = [x_length_bar_dot[b]*F.step(x_root[b] - least_x, F.rational(1, 2)) for b in range(B)]
    weight_size_bar_dot = [weight_size_dot[c]*F.select(F.eq(eps_weight_inside, 0), 0, weight_root_bar[c]/F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside) - (weight_size[c]*weight_size[c])*weight_root_bar[c]/((weight_size[c]*weight_size[c] + eps_weight_inside)*F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside))) + weight_root_bar_dot[c]*F.select(F.eq(eps_weight_inside, 0), 1, weight_size[c]/F.sqrt(weight_size[c]*weight_size[c] + eps_weight_inside)) for c in range(C)]
    weight_size_sum_bar_dot = [F.rational(1, 2)*weight_size_bar_dot[c]/weight_size[c] - F.rational(1, 2)*weight_size_bar[c]*weight_size_dot[c]/(weight_size[c]*weight_size[c]) for c in range(C)]
    x_size_bar_dot = [x_size_dot[b]*F.select(F.eq(eps_x_inside, 0), 0, x_root_bar[b]/F.sqrt(x_size[b]*x_size[b] + eps_x_inside) - (x_size[b]*x_size[b])*x_root_bar[b]/((x_size[b]*x_size[b] + eps_x_inside)*F.sqrt(x_size[b]*x_size[b] + eps_x_inside))) + x_root_bar_dot[b]*F.select(F.eq(eps_x_inside, 0), 1, x_size[b]/F.sqrt(x_size[b]*x_size[b] + eps_x_inside)) for b in range(B)]
    x_size_sum_bar_dot = [F.rational(1, 2)*x_size_bar_dot[b]/x_size[b] - F.rational(1, 2)*x_size_bar[b]*x_size_dot[b]/(x_size[b]*x_size[b]) for b in range(B)]
    x_bar_dot = [[2*x_size_sum_bar_dot[b]*x[b][d] + 2*x_size_sum_bar[b]*x_dot[b][d] + F.select(F.eq(keeps_x, 0), -(F.ratio(x_length_dot[b], x_length[b], 0)*F.ratio(unit_bar[b][d], x_length[b], 0)), 0) + F.select(F.eq(keeps_x, 0), F.ratio(unit_bar_dot[b][d], x_length[b], 0), unit_bar_dot[b][d]) for d in range(D)] for b in range(B)]
    weight_bar_dot = [[2*weight_size_sum_bar_dot[c]*weight[c][d] + 2*weight_size_sum_bar[c]*weight_dot[c][d] + F.select(F.eq(keeps_weight, 0), projected*-(F.ratio(weight_length_dot[c], weight_length[c], 0)*F.ratio(way_bar[c][d], weight_length[c], 0)), 0) + F.select(F.eq(keeps_weight, 0), projected*F.ratio(way_bar_dot[c][d], weight_length[c], 0) + way_bar_dot[c][d] - projected*way_bar_dot[c][d], way_bar_dot[c][d]) for d in range(D)] for c in range(C)]
    scale_bar0_dot = F.sum([score_bar_dot[b][c]*(0 if c == target[b] else product[b][c]) + product_dot[b][c]*(0 if c == target[b] else score_bar[b][c]) for b in range(B) for c in range(C)])
    scale_bar1_dot = F.sum([goal_bar[b]*logit[b]*reach_dot[b] + goal_bar[b]*logit_dot[b]*reach[b] + goal_bar_dot[b]*logit[b]*reach[b] for b in range(B)])
    scale_bar_dot = scale_bar0_dot + scale_bar1_dot
    return x_bar_dot, weight_bar_dot, scale_bar_dot
