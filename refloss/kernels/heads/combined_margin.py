"""Combined-margin head: value, gradient and Hessian-vector product in NumPy.

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
    again: factor of the logit beyond the border (default 1.0)
    level: how often 1 + m3 is subtracted there (default 0.0)
    drops: 1: the angle has no margin where the cosine has one (default 0.0)
    cos_margin: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.955336489125606)
    cos_margin_lo: what cos_margin lacks (default 4.1935600297907467e-17)
    sin_margin: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.29552020666133955)
    sin_margin_lo: what sin_margin lacks (default 1.8315357276792536e-17)
    zero_after: cosine_margin*cos(pi*degrees*margin/180 + margin*(1 - degrees)) + sqrt((1 -
        cosine_margin)*(cosine_margin + 1))*sin(pi*degrees*margin/180 + margin*(1 -
        degrees)), rounded (default 0.48061678382596773)
    zero_after_lo: what zero_after lacks (default -2.1329752784256254e-18)
    zero_before: cosine_margin*cos(pi*degrees*margin/180 + margin*(1 - degrees)) - sqrt((1 -
        cosine_margin)*(cosine_margin + 1))*sin(pi*degrees*margin/180 + margin*(1 -
        degrees)), rounded (default -0.0984821881757253)
    zero_before_lo: what zero_before lacks (default -4.288974257581483e-18)
    border: -cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        -0.955336489125606)
    border_lo: what border lacks (default -4.1935600297907467e-17)
    offset: level*(cosine_margin + 1), rounded (default 0.0)
    offset_lo: what offset lacks (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)

Source
    Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.
"""

import numpy as np

CONSTANTS = ("keeps_x", "least_x", "eps_x_inside", "eps_x_added", "keeps_weight", "least_weight", "eps_weight_inside", "eps_weight_added", "projected", "limit", "most", "most_lo", "margin", "degrees", "cosine_margin", "again", "level", "drops", "cos_margin", "cos_margin_lo", "sin_margin", "sin_margin_lo", "zero_after", "zero_after_lo", "zero_before", "zero_before_lo", "border", "border_lo", "offset", "offset_lo", "attached",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def scatter_add(at, rows, size):
    """Return zeros of `size` rows with rows[i] added at row at[i]."""
    out = np.zeros((size, *np.shape(rows)[1:]))
    np.add.at(out, at, rows)
    return out


def value(F, x, weight, target, scale, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached):
    """Return loss, one an item."""
    np = F.np
    x = F.wide(x)
    x_size = F.norm(x)  # norm of an embedding
    x_root = (x_size if (eps_x_inside == 0.0) else np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    unit = (F.ratio(x, x_length[:, None], 0.0) if (keeps_x == 0.0) else x)  # the embedding, divided
    weight_at_target = F.at(weight, target)
    way_at_target = weight_at_target  # the class, to be divided
    touch = F.sum(unit*way_at_target, 1)
    weight_size_at_target = F.norm(weight_at_target)  # norm of a class
    weight_root_at_target = (weight_size_at_target if (eps_weight_inside == 0.0) else np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_at_target = np.maximum(least_weight, weight_root_at_target) + eps_weight_added  # what divides a class
    own = (F.ratio(touch, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else touch)  # that with the target's class
    angular = (own if (keeps_x == 0.0) else F.ratio(own, x_length, 0.0))  # the target's product, by the embedding's length
    cosine = (angular if (keeps_weight == 0.0) else F.ratio(angular, weight_length_at_target, 0.0))  # of the angle to the target's class
    reach = (1.0 if (keeps_weight == 0.0) else weight_length_at_target)*(1.0 if (keeps_x == 0.0) else x_length)  # lengths kept
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    base = along - cosine_margin
    lowered = np.where((across*base > 0.0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    alone = np.broadcast_to((drops if (cosine_margin > 0.0) else 0.0), (x.shape[0],))  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
    own_goal = logit*reach*scale  # the target's logit, where its class is at hand
    goal = F.shared(own_goal, target)  # on every shard of the classes
    # visit 1 of 1 over the classes
    others = F.logsumexp()
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.norm(weight_part)  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        way = weight_part  # the class, to be divided
        dot = F.real(unit) @ way.T
        product_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        score = F.pinned(F.fresh(F.scaled(dot, scale, product_divisor), dot), target_column, -np.inf)  # of the others
        others.add(score)
    others = others.result()
    gap = others - goal  # lead of the others over the target
    left = np.exp(-np.abs(gap))
    loss = np.maximum(gap, 0.0) + np.log1p(left)
    return loss


def grad(F, x, weight, target, scale, loss_bar, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached):
    """Return loss, then its derivative by every column times loss_bar."""
    np = F.np
    x = F.wide(x)
    loss_bar = F.wide(loss_bar)
    x_size = F.norm(x)  # norm of an embedding
    x_root = (x_size if (eps_x_inside == 0.0) else np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    unit = (F.ratio(x, x_length[:, None], 0.0) if (keeps_x == 0.0) else x)  # the embedding, divided
    weight_at_target = F.at(weight, target)
    way_at_target = weight_at_target  # the class, to be divided
    touch = F.sum(unit*way_at_target, 1)
    weight_size_at_target = F.norm(weight_at_target)  # norm of a class
    weight_root_at_target = (weight_size_at_target if (eps_weight_inside == 0.0) else np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_at_target = np.maximum(least_weight, weight_root_at_target) + eps_weight_added  # what divides a class
    own = (F.ratio(touch, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else touch)  # that with the target's class
    angular = (own if (keeps_x == 0.0) else F.ratio(own, x_length, 0.0))  # the target's product, by the embedding's length
    cosine = (angular if (keeps_weight == 0.0) else F.ratio(angular, weight_length_at_target, 0.0))  # of the angle to the target's class
    reach = (1.0 if (keeps_weight == 0.0) else weight_length_at_target)*(1.0 if (keeps_x == 0.0) else x_length)  # lengths kept
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, F.ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    base = along - cosine_margin
    lowered = np.where((across*base > 0.0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    alone = np.broadcast_to((drops if (cosine_margin > 0.0) else 0.0), (x.shape[0],))  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
    own_goal = logit*reach*scale  # the target's logit, where its class is at hand
    goal = F.shared(own_goal, target)  # on every shard of the classes
    # visit 1 of 2 over the classes
    others = F.logsumexp()
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.hold("weight_size", here, F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.hold_product("dot", here, F.real(unit), weight_part.T)
        product_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        score = F.pinned(F.fresh(F.scaled(dot, scale, product_divisor), dot), target_column, -np.inf)  # of the others
        others.add(score)
    others = others.result()
    gap = others - goal  # lead of the others over the target
    left = np.exp(-np.abs(gap))
    loss = np.maximum(gap, 0.0) + np.log1p(left)
    near = 1.0/(1.0 + left)  # at least 1/2
    miss = np.where((gap >= 0.0), near, left*near)  # softmax of the others
    gap_bar = loss_bar*miss
    goal_bar = -gap_bar
    own_goal_bar = goal_bar*F.owned(target)
    logit_bar = own_goal_bar*reach*scale
    taken_bar = (0.0 if attached == 0.0 else logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*logit_bar + lowered_bar*steep + np.where((alone > 0.0), taken_bar, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    reach_bar = logit*own_goal_bar*scale
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    angular_bar = (cosine_bar if (keeps_weight == 0.0) else F.ratio(cosine_bar, weight_length_at_target, 0.0))
    own_bar = (angular_bar if (keeps_x == 0.0) else F.ratio(angular_bar, x_length, 0.0))
    touch_bar = (F.ratio(own_bar, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else own_bar)
    product_bar_factor = gap_bar*scale
    scale_bar1 = F.sum(logit*own_goal_bar*reach, 0)
    # visit 2 of 2 over the classes
    unit_bar0 = 0.0
    scale_bar0 = 0.0
    weight_bar = F.like(weight)
    way_bar0_rows = touch_bar[:, None]*unit
    weight_length_bar0_rows = reach_bar*(0.0 if (keeps_weight == 0.0) else 1.0)*(1.0 if (keeps_x == 0.0) else x_length)
    weight_length_bar1_rows = (0.0 if (keeps_weight == 0.0) else -(F.ratio(angular, weight_length_at_target, 0.0)*F.ratio(cosine_bar, weight_length_at_target, 0.0)))
    weight_length_bar2_rows = (-(F.ratio(own_bar, weight_length_at_target, 0.0)*F.ratio(touch, weight_length_at_target, 0.0)) if (keeps_weight == 0.0) else 0.0)
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.held("weight_size", here, lambda: F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.held("dot", here, lambda: F.real(unit) @ weight_part.T)
        product_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        product = F.scaled(dot, 1.0, product_divisor)
        score = F.pinned(F.fresh(F.scaled(dot, scale, product_divisor), dot), target_column, -np.inf)  # of the others
        portion = F.pinned(np.exp(score - F.real(others)[:, None]), target_column, 0.0)  # softmax among the others
        score_bar = F.scaled(portion, gap_bar[:, None])
        product_bar = F.scaled(portion, product_bar_factor[:, None])
        dot_bar_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        dot_bar = F.scaled(product_bar, 1.0, dot_bar_divisor)
        way_bar1 = dot_bar.T @ F.real(unit)
        way_bar = F.scattered_onto(way_bar1, target_column, way_bar0_rows)
        weight_length_bar0 = F.scattered(target_column, weight_length_bar0_rows)
        weight_length_bar1 = F.scattered(target_column, weight_length_bar1_rows)
        weight_length_bar2 = F.scattered(target_column, weight_length_bar2_rows)
        weight_length_bar3_sum = F.dots(dot, product_bar, 0)
        weight_length_bar3 = (-F.ratio(F.ratio(weight_length_bar3_sum, weight_length, 0.0), weight_length, 0.0) if (keeps_weight == 0.0) else 0.0)
        weight_length_bar = weight_length_bar0 + weight_length_bar1 + weight_length_bar2 + weight_length_bar3
        weight_root_bar = weight_length_bar*np.heaviside(weight_root - least_weight, 0.5)
        weight_size_bar = (weight_root_bar if (eps_weight_inside == 0.0) else weight_root_bar*weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_bar_part = weight_part*F.ratio((0.0 if projected == 0.0 else F.real(weight_size_bar)[:, None]), F.real(weight_size)[:, None], 0.0) + (F.real(weight_length)[:, None]*way_bar if (projected == 0.0) else way_bar)
        unit_bar0 += dot_bar @ weight_part
        scale_bar0 += F.sum(F.pinned(product*score_bar, target_column, 0.0), (0, 1))
        F.store(weight_bar, here, weight_bar_part)
    unit_bar0 = F.wide(unit_bar0)
    scale_bar0 = F.wide(scale_bar0)
    unit_bar = touch_bar[:, None]*way_at_target + unit_bar0
    x_length_bar0_sum = F.sum(unit_bar*x, 1)
    x_length_bar0 = (-F.ratio(F.ratio(x_length_bar0_sum, x_length, 0.0), x_length, 0.0) if (keeps_x == 0.0) else 0.0)
    x_length_bar1 = reach_bar*(0.0 if (keeps_x == 0.0) else 1.0)*(1.0 if (keeps_weight == 0.0) else weight_length_at_target) + x_length_bar0
    x_length_bar = (x_length_bar1 if (keeps_x == 0.0) else x_length_bar1 - F.ratio(angular_bar, x_length, 0.0)*F.ratio(own, x_length, 0.0))
    x_root_bar = x_length_bar*np.heaviside(x_root - least_x, 0.5)
    x_size_bar = (x_root_bar if (eps_x_inside == 0.0) else x_root_bar*x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_bar = x*F.ratio(x_size_bar[:, None], x_size[:, None], 0.0) + (F.ratio(unit_bar, x_length[:, None], 0.0) if (keeps_x == 0.0) else unit_bar)
    scale_bar = scale_bar0 + scale_bar1
    return loss, x_bar, weight_bar, scale_bar


def hvp(F, x, weight, target, scale, loss_bar, x_dot, weight_dot, scale_dot, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached):
    """Return the derivative of the gradient along the `_dot` columns."""
    np = F.np
    x = F.wide(x)
    loss_bar = F.wide(loss_bar)
    x_dot = F.wide(x_dot)
    x_size = F.norm(x)  # norm of an embedding
    x_root = (x_size if (eps_x_inside == 0.0) else np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    unit = (F.ratio(x, x_length[:, None], 0.0) if (keeps_x == 0.0) else x)  # the embedding, divided
    weight_at_target = F.at(weight, target)
    way_at_target = weight_at_target  # the class, to be divided
    touch = F.sum(unit*way_at_target, 1)
    weight_size_at_target = F.norm(weight_at_target)  # norm of a class
    weight_root_at_target = (weight_size_at_target if (eps_weight_inside == 0.0) else np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_at_target = np.maximum(least_weight, weight_root_at_target) + eps_weight_added  # what divides a class
    own = (F.ratio(touch, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else touch)  # that with the target's class
    angular = (own if (keeps_x == 0.0) else F.ratio(own, x_length, 0.0))  # the target's product, by the embedding's length
    cosine = (angular if (keeps_weight == 0.0) else F.ratio(angular, weight_length_at_target, 0.0))  # of the angle to the target's class
    reach = (1.0 if (keeps_weight == 0.0) else weight_length_at_target)*(1.0 if (keeps_x == 0.0) else x_length)  # lengths kept
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, F.ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    base = along - cosine_margin
    lowered = np.where((across*base > 0.0), (kept - zero_after - zero_after_lo)*(kept - zero_before - zero_before_lo)/(across + base), base - across)  # less the cosine's margin
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset - offset_lo)
    alone = np.broadcast_to((drops if (cosine_margin > 0.0) else 0.0), (x.shape[0],))  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
    own_goal = logit*reach*scale  # the target's logit, where its class is at hand
    goal = F.shared(own_goal, target)  # on every shard of the classes
    x_size_dot_acc_sum = F.sum(x*x_dot, 1)
    x_size_dot_acc = F.ratio(x_size_dot_acc_sum, x_size, 0.0)
    x_root_dot = x_size_dot_acc*(1.0 if (eps_x_inside == 0.0) else x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_length_dot = x_root_dot*np.heaviside(x_root - least_x, 0.5)
    unit_dot = (x*F.ratio(-F.ratio(x_length_dot[:, None], x_length[:, None], 0.0), x_length[:, None], 0.0) if (keeps_x == 0.0) else 0.0) + (F.ratio(x_dot, x_length[:, None], 0.0) if (keeps_x == 0.0) else x_dot)
    weight_dot_at_target = F.at(weight_dot, target)
    way_dot_at_target = weight_dot_at_target*(weight_length_at_target[:, None] if (projected == 0.0) else 1.0)
    touch_dot_term0 = F.sum(unit*way_dot_at_target, 1)
    touch_dot_term1 = F.sum(unit_dot*way_at_target, 1)
    touch_dot = touch_dot_term0 + touch_dot_term1
    weight_size_dot_acc_at_target_sum = F.sum(weight_at_target*weight_dot_at_target, 1)
    weight_size_dot_acc_at_target = F.ratio(weight_size_dot_acc_at_target_sum, weight_size_at_target, 0.0)
    weight_size_dot_at_target = (0.0 if projected == 0.0 else weight_size_dot_acc_at_target)
    weight_root_dot_at_target = weight_size_dot_at_target*(1.0 if (eps_weight_inside == 0.0) else weight_size_at_target/np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_dot_at_target = weight_root_dot_at_target*np.heaviside(weight_root_at_target - least_weight, 0.5)
    own_dot = (-(F.ratio(touch, weight_length_at_target, 0.0)*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0)) if (keeps_weight == 0.0) else 0.0) + (F.ratio(touch_dot, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else touch_dot)
    angular_dot = (0.0 if (keeps_x == 0.0) else -(F.ratio(own, x_length, 0.0)*F.ratio(x_length_dot, x_length, 0.0))) + (own_dot if (keeps_x == 0.0) else F.ratio(own_dot, x_length, 0.0))
    cosine_dot = (0.0 if (keeps_weight == 0.0) else -(F.ratio(angular, weight_length_at_target, 0.0)*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0))) + (angular_dot if (keeps_weight == 0.0) else F.ratio(angular_dot, weight_length_at_target, 0.0))
    reach_dot = weight_length_dot_at_target*(0.0 if (keeps_weight == 0.0) else 1.0)*(1.0 if (keeps_x == 0.0) else x_length) + x_length_dot*(0.0 if (keeps_x == 0.0) else 1.0)*(1.0 if (keeps_weight == 0.0) else weight_length_at_target)
    capped_dot = cosine_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    steep_dot = kept_dot*F.ratio(F.ratio(F.ratio(sin_margin, sine, 0.0), sine, 0.0), sine, 0.0)
    lowered_dot = kept_dot*steep
    bent_dot = lowered_dot*np.where((room > 0.0), 1.0, again)
    taken_dot = bent_dot*np.where((alone > 0.0), 0.0, 1.0) + kept_dot*np.where((alone > 0.0), 1.0, 0.0)
    logit_dot = (1.0 - attached)*kept_dot + (0.0 if attached == 0.0 else taken_dot)
    own_goal_dot = logit*reach*scale_dot + logit*reach_dot*scale + logit_dot*reach*scale
    goal_dot = own_goal_dot*F.owned(target)
    # visit 1 of 3 over the classes
    others = F.logsumexp()
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.hold("weight_size", here, F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.hold_product("dot", here, F.real(unit), weight_part.T)
        product_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        score = F.pinned(F.fresh(F.scaled(dot, scale, product_divisor), dot), target_column, -np.inf)  # of the others
        others.add(score)
    others = others.result()
    gap = others - goal  # lead of the others over the target
    left = np.exp(-np.abs(gap))
    near = 1.0/(1.0 + left)  # at least 1/2
    miss = np.where((gap >= 0.0), near, left*near)  # softmax of the others
    hit = np.where((gap >= 0.0), left*near, near)  # of the target
    gap_bar = loss_bar*miss
    goal_bar = -gap_bar
    own_goal_bar = goal_bar*F.owned(target)
    logit_bar = own_goal_bar*reach*scale
    taken_bar = (0.0 if attached == 0.0 else logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*logit_bar + lowered_bar*steep + np.where((alone > 0.0), taken_bar, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    reach_bar = logit*own_goal_bar*scale
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    angular_bar = (cosine_bar if (keeps_weight == 0.0) else F.ratio(cosine_bar, weight_length_at_target, 0.0))
    own_bar = (angular_bar if (keeps_x == 0.0) else F.ratio(angular_bar, x_length, 0.0))
    touch_bar = (F.ratio(own_bar, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else own_bar)
    product_bar_factor = gap_bar*scale
    # visit 2 of 3 over the classes
    unit_bar0 = 0.0
    others_dot_acc = 0.0
    unit_bar0_dot_term0 = 0.0
    scale_bar0_dot_term1 = 0.0
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_dot_part = F.part(weight_dot, here)
        weight_size = F.held("weight_size", here, lambda: F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.held("dot", here, lambda: F.real(unit) @ weight_part.T)
        product_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        product = F.scaled(dot, 1.0, product_divisor)
        score = F.pinned(F.fresh(F.scaled(dot, scale, product_divisor), dot), target_column, -np.inf)  # of the others
        portion = F.pinned(np.exp(score - F.real(others)[:, None]), target_column, 0.0)  # softmax among the others
        score_bar = F.scaled(portion, gap_bar[:, None])
        product_bar = F.scaled(portion, product_bar_factor[:, None])
        dot_bar_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        dot_bar = F.scaled(product_bar, 1.0, dot_bar_divisor)
        weight_size_dot_acc_sum = F.hold("weight_size_dot_acc_sum", here, F.dots(weight_part, weight_dot_part, 1))
        weight_size_dot_acc = F.ratio(weight_size_dot_acc_sum, weight_size, 0.0)
        weight_size_dot = (0.0 if projected == 0.0 else weight_size_dot_acc)
        weight_root_dot = weight_size_dot*(1.0 if (eps_weight_inside == 0.0) else weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length_dot = weight_root_dot*np.heaviside(weight_root - least_weight, 0.5)
        way_dot = weight_dot_part*(F.real(weight_length)[:, None] if (projected == 0.0) else 1.0)
        dot_dot_term0 = F.hold_product("dot_dot_term0", here, F.real(unit), way_dot.T)
        dot_dot_term1 = F.hold_product("dot_dot_term1", here, F.real(unit_dot), weight_part.T)
        dot_dot = dot_dot_term0 + dot_dot_term1
        product_dot = (dot*F.ratio(-F.ratio(F.real(weight_length_dot), F.real(weight_length), 0.0), F.real(weight_length), 0.0) if (keeps_weight == 0.0) else 0.0) + (F.ratio(dot_dot, F.real(weight_length), 0.0) if (keeps_weight == 0.0) else dot_dot)
        score_dot = F.real(scale_dot)*F.pinned(F.fresh(product), target_column, 0.0) + product_dot*F.pinned(F.real(scale), target_column, 0.0)
        unit_bar0 += dot_bar @ weight_part
        others_dot_acc += F.dots(portion, score_dot, 1)
        unit_bar0_dot_term0 += dot_bar @ way_dot
        scale_bar0_dot_term1 += F.sum(F.pinned(product_dot*score_bar, target_column, 0.0), (0, 1))
    unit_bar0 = F.wide(unit_bar0)
    others_dot_acc = F.wide(others_dot_acc)
    unit_bar0_dot_term0 = F.wide(unit_bar0_dot_term0)
    scale_bar0_dot_term1 = F.wide(scale_bar0_dot_term1)
    unit_bar = touch_bar[:, None]*way_at_target + unit_bar0
    x_length_bar0_sum = F.sum(unit_bar*x, 1)
    x_length_bar0 = (-F.ratio(F.ratio(x_length_bar0_sum, x_length, 0.0), x_length, 0.0) if (keeps_x == 0.0) else 0.0)
    x_length_bar1 = reach_bar*(0.0 if (keeps_x == 0.0) else 1.0)*(1.0 if (keeps_weight == 0.0) else weight_length_at_target) + x_length_bar0
    x_length_bar = (x_length_bar1 if (keeps_x == 0.0) else x_length_bar1 - F.ratio(angular_bar, x_length, 0.0)*F.ratio(own, x_length, 0.0))
    x_root_bar = x_length_bar*np.heaviside(x_root - least_x, 0.5)
    x_size_bar = (x_root_bar if (eps_x_inside == 0.0) else x_root_bar*x_size/np.sqrt(x_size*x_size + eps_x_inside))
    gap_dot = others_dot_acc - goal_dot
    miss_dot = gap_dot*hit*miss
    gap_bar_dot = loss_bar*miss_dot
    goal_bar_dot = -gap_bar_dot
    own_goal_bar_dot = goal_bar_dot*F.owned(target)
    logit_bar_dot = own_goal_bar*reach*scale_dot + own_goal_bar*reach_dot*scale + own_goal_bar_dot*reach*scale
    taken_bar_dot = (0.0 if attached == 0.0 else logit_bar_dot)
    bent_bar_dot = taken_bar_dot*np.where((alone > 0.0), 0.0, 1.0)
    lowered_bar_dot = bent_bar_dot*np.where((room > 0.0), 1.0, again)
    kept_bar_dot = (1.0 - attached)*logit_bar_dot + taken_bar_dot*np.where((alone > 0.0), 1.0, 0.0) + lowered_bar*steep_dot + lowered_bar_dot*steep
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    reach_bar_dot = logit*own_goal_bar*scale_dot + logit*own_goal_bar_dot*scale + logit_dot*own_goal_bar*scale
    cosine_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    angular_bar_dot = (0.0 if (keeps_weight == 0.0) else -(F.ratio(cosine_bar, weight_length_at_target, 0.0)*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0))) + (cosine_bar_dot if (keeps_weight == 0.0) else F.ratio(cosine_bar_dot, weight_length_at_target, 0.0))
    own_bar_dot = (0.0 if (keeps_x == 0.0) else -(F.ratio(angular_bar, x_length, 0.0)*F.ratio(x_length_dot, x_length, 0.0))) + (angular_bar_dot if (keeps_x == 0.0) else F.ratio(angular_bar_dot, x_length, 0.0))
    touch_bar_dot = (-(F.ratio(own_bar, weight_length_at_target, 0.0)*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0)) if (keeps_weight == 0.0) else 0.0) + (F.ratio(own_bar_dot, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else own_bar_dot)
    x_length_bar0_dot_term0 = F.sum(unit_bar*x_dot, 1)
    x_length_bar0_dot_term2 = F.sum(unit_bar*x, 1)
    scale_bar1_dot = F.sum(logit*own_goal_bar*reach_dot + logit*own_goal_bar_dot*reach + logit_dot*own_goal_bar*reach, 0)
    # visit 3 of 3 over the classes
    unit_bar0_dot_term1 = 0.0
    scale_bar0_dot_term0 = 0.0
    weight_bar_dot = F.like(weight)
    way_bar0_rows = touch_bar[:, None]*unit
    way_bar0_dot_term0_rows = touch_bar[:, None]*unit_dot
    way_bar0_dot_term1_rows = touch_bar_dot[:, None]*unit
    weight_length_bar0_rows = reach_bar*(0.0 if (keeps_weight == 0.0) else 1.0)*(1.0 if (keeps_x == 0.0) else x_length)
    weight_length_bar1_rows = (0.0 if (keeps_weight == 0.0) else -(F.ratio(angular, weight_length_at_target, 0.0)*F.ratio(cosine_bar, weight_length_at_target, 0.0)))
    weight_length_bar2_rows = (-(F.ratio(own_bar, weight_length_at_target, 0.0)*F.ratio(touch, weight_length_at_target, 0.0)) if (keeps_weight == 0.0) else 0.0)
    weight_length_bar0_dot_term0_rows = reach_bar_dot*(0.0 if (keeps_weight == 0.0) else 1.0)*(1.0 if (keeps_x == 0.0) else x_length)
    weight_length_bar0_dot_term1_rows = reach_bar*x_length_dot*(0.0 if (keeps_weight == 0.0) else 1.0)*(0.0 if (keeps_x == 0.0) else 1.0)
    weight_length_bar1_dot_term0_rows = (0.0 if (keeps_weight == 0.0) else -(F.ratio(angular, weight_length_at_target, 0.0)*F.ratio(cosine_bar_dot, weight_length_at_target, 0.0)))
    weight_length_bar1_dot_term1_rows = (0.0 if (keeps_weight == 0.0) else -(F.ratio(angular_dot, weight_length_at_target, 0.0)*F.ratio(cosine_bar, weight_length_at_target, 0.0)))
    weight_length_bar1_dot_term2_rows = (0.0 if (keeps_weight == 0.0) else 2.0*F.ratio(angular, weight_length_at_target, 0.0)*F.ratio(cosine_bar, weight_length_at_target, 0.0)*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0))
    weight_length_bar2_dot_term0_rows = (-(F.ratio(own_bar, weight_length_at_target, 0.0)*F.ratio(touch_dot, weight_length_at_target, 0.0)) if (keeps_weight == 0.0) else 0.0)
    weight_length_bar2_dot_term1_rows = (-(F.ratio(own_bar_dot, weight_length_at_target, 0.0)*F.ratio(touch, weight_length_at_target, 0.0)) if (keeps_weight == 0.0) else 0.0)
    weight_length_bar2_dot_term2_rows = (2.0*F.ratio(own_bar, weight_length_at_target, 0.0)*F.ratio(touch, weight_length_at_target, 0.0)*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0) if (keeps_weight == 0.0) else 0.0)
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_dot_part = F.part(weight_dot, here)
        weight_size = F.held("weight_size", here, lambda: F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.held("dot", here, lambda: F.real(unit) @ weight_part.T)
        product_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        product = F.scaled(dot, 1.0, product_divisor)
        score = F.pinned(F.fresh(F.scaled(dot, scale, product_divisor), dot), target_column, -np.inf)  # of the others
        portion = F.pinned(np.exp(score - F.real(others)[:, None]), target_column, 0.0)  # softmax among the others
        score_bar = F.scaled(portion, gap_bar[:, None])
        product_bar = F.scaled(portion, product_bar_factor[:, None])
        dot_bar_divisor = (weight_length if (keeps_weight == 0.0) else 1.0)
        dot_bar = F.scaled(product_bar, 1.0, dot_bar_divisor)
        way_bar1 = dot_bar.T @ F.real(unit)
        way_bar = F.scattered_onto(way_bar1, target_column, way_bar0_rows)
        weight_length_bar0 = F.scattered(target_column, weight_length_bar0_rows)
        weight_length_bar1 = F.scattered(target_column, weight_length_bar1_rows)
        weight_length_bar2 = F.scattered(target_column, weight_length_bar2_rows)
        weight_length_bar3_sum = F.dots(dot, product_bar, 0)
        weight_length_bar3 = (-F.ratio(F.ratio(weight_length_bar3_sum, weight_length, 0.0), weight_length, 0.0) if (keeps_weight == 0.0) else 0.0)
        weight_length_bar = weight_length_bar0 + weight_length_bar1 + weight_length_bar2 + weight_length_bar3
        weight_root_bar = weight_length_bar*np.heaviside(weight_root - least_weight, 0.5)
        weight_size_bar = (weight_root_bar if (eps_weight_inside == 0.0) else weight_root_bar*weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_size_dot_acc_sum = F.held("weight_size_dot_acc_sum", here, lambda: F.dots(weight_part, weight_dot_part, 1))
        weight_size_dot_acc = F.ratio(weight_size_dot_acc_sum, weight_size, 0.0)
        weight_size_dot = (0.0 if projected == 0.0 else weight_size_dot_acc)
        weight_root_dot = weight_size_dot*(1.0 if (eps_weight_inside == 0.0) else weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length_dot = weight_root_dot*np.heaviside(weight_root - least_weight, 0.5)
        way_dot = weight_dot_part*(F.real(weight_length)[:, None] if (projected == 0.0) else 1.0)
        dot_dot_term0 = F.held("dot_dot_term0", here, lambda: F.real(unit) @ way_dot.T)
        dot_dot_term1 = F.held("dot_dot_term1", here, lambda: F.real(unit_dot) @ weight_part.T)
        dot_dot = dot_dot_term0 + dot_dot_term1
        product_dot = (dot*F.ratio(-F.ratio(F.real(weight_length_dot), F.real(weight_length), 0.0), F.real(weight_length), 0.0) if (keeps_weight == 0.0) else 0.0) + (F.ratio(dot_dot, F.real(weight_length), 0.0) if (keeps_weight == 0.0) else dot_dot)
        score_dot = F.real(scale_dot)*F.pinned(F.fresh(product), target_column, 0.0) + product_dot*F.pinned(F.real(scale), target_column, 0.0)
        portion_dot = portion*score_dot - F.real(others_dot_acc)[:, None]*portion
        score_bar_dot = F.real(gap_bar)[:, None]*portion_dot + F.real(gap_bar_dot)[:, None]*portion
        product_bar_dot = score_bar_dot*F.pinned(F.real(scale), target_column, 0.0) + F.real(scale_dot)*F.pinned(F.fresh(score_bar), target_column, 0.0)
        dot_bar_dot = (product_bar*F.ratio(-F.ratio(F.real(weight_length_dot), F.real(weight_length), 0.0), F.real(weight_length), 0.0) if (keeps_weight == 0.0) else 0.0) + (F.ratio(product_bar_dot, F.real(weight_length), 0.0) if (keeps_weight == 0.0) else product_bar_dot)
        way_bar0_dot_term0 = F.scattered(target_column, way_bar0_dot_term0_rows)
        way_bar0_dot = F.scattered_onto(way_bar0_dot_term0, target_column, way_bar0_dot_term1_rows)
        way_bar1_dot_term0 = dot_bar.T @ F.real(unit_dot)
        way_bar1_dot_term1 = dot_bar_dot.T @ F.real(unit)
        way_bar1_dot = way_bar1_dot_term0 + way_bar1_dot_term1
        way_bar_dot = way_bar0_dot + way_bar1_dot
        weight_length_bar0_dot_term0 = F.scattered(target_column, weight_length_bar0_dot_term0_rows)
        weight_length_bar0_dot_term1 = F.scattered(target_column, weight_length_bar0_dot_term1_rows)
        weight_length_bar0_dot = weight_length_bar0_dot_term0 + weight_length_bar0_dot_term1
        weight_length_bar1_dot_term0 = F.scattered(target_column, weight_length_bar1_dot_term0_rows)
        weight_length_bar1_dot_term1 = F.scattered(target_column, weight_length_bar1_dot_term1_rows)
        weight_length_bar1_dot_term2 = F.scattered(target_column, weight_length_bar1_dot_term2_rows)
        weight_length_bar1_dot = weight_length_bar1_dot_term0 + weight_length_bar1_dot_term1 + weight_length_bar1_dot_term2
        weight_length_bar2_dot_term0 = F.scattered(target_column, weight_length_bar2_dot_term0_rows)
        weight_length_bar2_dot_term1 = F.scattered(target_column, weight_length_bar2_dot_term1_rows)
        weight_length_bar2_dot_term2 = F.scattered(target_column, weight_length_bar2_dot_term2_rows)
        weight_length_bar2_dot = weight_length_bar2_dot_term0 + weight_length_bar2_dot_term1 + weight_length_bar2_dot_term2
        weight_length_bar3_dot_term0 = F.dots(dot, product_bar_dot, 0)
        weight_length_bar3_dot_term1 = F.dots(dot_dot, product_bar, 0)
        weight_length_bar3_dot_term2 = F.dots(dot, product_bar, 0)
        weight_length_bar3_dot = (2.0*F.ratio(weight_length_dot, weight_length, 0.0)*F.ratio(F.ratio(weight_length_bar3_dot_term2, weight_length, 0.0), weight_length, 0.0) if (keeps_weight == 0.0) else 0.0) + (-F.ratio(F.ratio(weight_length_bar3_dot_term0, weight_length, 0.0), weight_length, 0.0) if (keeps_weight == 0.0) else 0.0) + (-F.ratio(F.ratio(weight_length_bar3_dot_term1, weight_length, 0.0), weight_length, 0.0) if (keeps_weight == 0.0) else 0.0)
        weight_length_bar_dot = weight_length_bar0_dot + weight_length_bar1_dot + weight_length_bar2_dot + weight_length_bar3_dot
        weight_root_bar_dot = weight_length_bar_dot*np.heaviside(weight_root - least_weight, 0.5)
        weight_size_bar_dot = weight_size_dot*(0.0 if (eps_weight_inside == 0.0) else weight_root_bar/np.sqrt(weight_size*weight_size + eps_weight_inside) - (weight_size*weight_size)*weight_root_bar/((weight_size*weight_size + eps_weight_inside)*np.sqrt(weight_size*weight_size + eps_weight_inside))) + weight_root_bar_dot*(1.0 if (eps_weight_inside == 0.0) else weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_bar_dot_part = F.real(weight_length_dot)[:, None]*(way_bar if (projected == 0.0) else 0.0) + way_bar_dot*(F.real(weight_length)[:, None] if (projected == 0.0) else 1.0) + weight_dot_part*F.ratio((0.0 if projected == 0.0 else F.real(weight_size_bar)[:, None]), F.real(weight_size)[:, None], 0.0) + weight_part*F.ratio((0.0 if projected == 0.0 else F.real(weight_size_bar_dot)[:, None]), F.real(weight_size)[:, None], 0.0) + weight_part*F.ratio((0.0 if projected == 0.0 else -(F.real(weight_size_bar)[:, None]*F.ratio(F.real(weight_size_dot)[:, None], F.real(weight_size)[:, None], 0.0))), F.real(weight_size)[:, None], 0.0)
        unit_bar0_dot_term1 += dot_bar_dot @ weight_part
        scale_bar0_dot_term0 += F.sum(F.pinned(product*score_bar_dot, target_column, 0.0), (0, 1))
        F.store(weight_bar_dot, here, weight_bar_dot_part)
    unit_bar0_dot_term1 = F.wide(unit_bar0_dot_term1)
    scale_bar0_dot_term0 = F.wide(scale_bar0_dot_term0)
    unit_bar0_dot = unit_bar0_dot_term0 + unit_bar0_dot_term1
    unit_bar_dot = touch_bar[:, None]*way_dot_at_target + touch_bar_dot[:, None]*way_at_target + unit_bar0_dot
    x_length_bar0_dot_term1 = F.sum(unit_bar_dot*x, 1)
    x_length_bar0_dot = (2.0*F.ratio(x_length_dot, x_length, 0.0)*F.ratio(F.ratio(x_length_bar0_dot_term2, x_length, 0.0), x_length, 0.0) if (keeps_x == 0.0) else 0.0) + (-F.ratio(F.ratio(x_length_bar0_dot_term0, x_length, 0.0), x_length, 0.0) if (keeps_x == 0.0) else 0.0) + (-F.ratio(F.ratio(x_length_bar0_dot_term1, x_length, 0.0), x_length, 0.0) if (keeps_x == 0.0) else 0.0)
    x_length_bar1_dot = reach_bar_dot*(0.0 if (keeps_x == 0.0) else 1.0)*(1.0 if (keeps_weight == 0.0) else weight_length_at_target) + reach_bar*weight_length_dot_at_target*(0.0 if (keeps_weight == 0.0) else 1.0)*(0.0 if (keeps_x == 0.0) else 1.0) + x_length_bar0_dot
    x_length_bar_dot = (0.0 if (keeps_x == 0.0) else -(F.ratio(angular_bar, x_length, 0.0)*F.ratio(own_dot, x_length, 0.0))) + (0.0 if (keeps_x == 0.0) else -(F.ratio(angular_bar_dot, x_length, 0.0)*F.ratio(own, x_length, 0.0))) + (0.0 if (keeps_x == 0.0) else 2.0*F.ratio(angular_bar, x_length, 0.0)*F.ratio(own, x_length, 0.0)*F.ratio(x_length_dot, x_length, 0.0)) + x_length_bar1_dot
    x_root_bar_dot = x_length_bar_dot*np.heaviside(x_root - least_x, 0.5)
    x_size_bar_dot = x_size_dot_acc*(0.0 if (eps_x_inside == 0.0) else x_root_bar/np.sqrt(x_size*x_size + eps_x_inside) - (x_size*x_size)*x_root_bar/((x_size*x_size + eps_x_inside)*np.sqrt(x_size*x_size + eps_x_inside))) + x_root_bar_dot*(1.0 if (eps_x_inside == 0.0) else x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_bar_dot = x*F.ratio(-(x_size_bar[:, None]*F.ratio(x_size_dot_acc[:, None], x_size[:, None], 0.0)), x_size[:, None], 0.0) + x_dot*F.ratio(x_size_bar[:, None], x_size[:, None], 0.0) + x*F.ratio(x_size_bar_dot[:, None], x_size[:, None], 0.0) + (unit_bar*F.ratio(-F.ratio(x_length_dot[:, None], x_length[:, None], 0.0), x_length[:, None], 0.0) if (keeps_x == 0.0) else 0.0) + (F.ratio(unit_bar_dot, x_length[:, None], 0.0) if (keeps_x == 0.0) else unit_bar_dot)
    scale_bar0_dot = scale_bar0_dot_term0 + scale_bar0_dot_term1
    scale_bar_dot = scale_bar0_dot + scale_bar1_dot
    return x_bar_dot, weight_bar_dot, scale_bar_dot


def trace(x, weight, target, scale, loss_bar, keeps_x, least_x, eps_x_inside, eps_x_added, keeps_weight, least_weight, eps_weight_inside, eps_weight_added, projected, limit, most, most_lo, margin, degrees, cosine_margin, again, level, drops, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, zero_after, zero_after_lo, zero_before, zero_before_lo, border, border_lo, offset, offset_lo, attached):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = x.shape[0]
    C = weight.shape[0]
    x_size_sum = np.sum(x*x, axis=1)
    x_size = np.sqrt(x_size_sum)  # norm of an embedding
    weight_size_sum = np.sum(weight*weight, axis=1)
    weight_size = np.sqrt(weight_size_sum)  # norm of a class
    x_root = np.where((eps_x_inside == 0.0), x_size, np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    weight_root = np.where((eps_weight_inside == 0.0), weight_size, np.sqrt(weight_size*weight_size + eps_weight_inside))
    weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
    unit = np.where((keeps_x == 0.0), ratio(x, x_length[:, None], 0.0), x)  # the embedding, divided
    way = np.where((keeps_weight == 0.0), ratio(weight, weight_length[:, None], 0.0), weight)  # the class, divided
    product = unit @ way.T
    own = product[np.arange(B), target]  # that with the target's class
    angular = np.where((keeps_x == 0.0), own, ratio(own, x_length, 0.0))  # the target's product, by the embedding's length
    cosine = np.where((keeps_weight == 0.0), angular, ratio(angular, weight_length[target], 0.0))  # of the angle to the target's class
    reach = np.where((keeps_weight == 0.0), 1.0, weight_length[target])*np.where((keeps_x == 0.0), 1.0, x_length)  # lengths kept
    over = cosine - most
    under = -cosine - most
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    sine = np.sqrt(np.maximum((1.0 - kept)*(1.0 + kept), 0.0))  # of the angle
    raw = cos_margin*kept - sin_margin*sine  # cosine of both angles
    lowered = raw - cosine_margin  # less the cosine's margin
    room = kept - border  # to the border
    bent = np.where((room > 0.0), lowered, again*lowered - offset)
    alone = np.where((cosine_margin > 0.0), drops, 0.0)  # whether the angle has no margin
    taken = np.where((alone > 0.0), kept - cosine_margin, bent)
    logit = taken
    goal = logit*reach*scale  # the target's logit
    score = np.where((np.arange(C) == target[:, None]), goal[:, None], scale*product)
    top = np.max(score, axis=1)  # largest logit
    mass = np.exp(score - top[:, None])
    lse_sum = np.sum(mass, axis=1)
    lse = np.log(lse_sum) + top  # log-sum-exp
    loss = lse - goal
    lse_bar = loss_bar
    lse_sum_bar = lse_bar/lse_sum
    mass_bar = np.broadcast_to(lse_sum_bar[:, None], (B, C))
    score_bar = mass_bar*np.exp(score - top[:, None])
    goal_bar = score_bar[np.arange(B), target] - loss_bar
    logit_bar = goal_bar*reach*scale
    taken_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((alone > 0.0), 0.0, taken_bar)
    lowered_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    raw_bar = lowered_bar
    sine_bar = -(sin_margin*raw_bar)
    kept_bar = cos_margin*raw_bar + (1.0 - attached)*logit_bar + np.where((alone > 0.0), taken_bar, 0.0) - sine_bar*ratio(kept, sine, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    reach_bar = goal_bar*logit*scale
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    angular_bar = np.where((keeps_weight == 0.0), cosine_bar, ratio(cosine_bar, weight_length[target], 0.0))
    own_bar = np.where((keeps_x == 0.0), angular_bar, ratio(angular_bar, x_length, 0.0))
    product_bar = np.where((np.arange(C) == target[:, None]), 0.0, scale*score_bar) + np.where((np.arange(C) == target[:, None]), own_bar[:, None], 0.0)
    way_bar = product_bar.T @ unit
    unit_bar = product_bar @ way
    weight_length_bar0 = scatter_add(target, reach_bar*np.where((keeps_weight == 0.0), 0.0, 1.0)*np.where((keeps_x == 0.0), 1.0, x_length), C)
    weight_length_bar1 = scatter_add(target, np.where((keeps_weight == 0.0), 0.0, -(ratio(angular, weight_length[target], 0.0)*ratio(cosine_bar, weight_length[target], 0.0))), C)
    weight_length_bar2 = np.sum(np.where((keeps_weight == 0.0), np.where(projected == 0.0, 0.0, -(ratio(way_bar, weight_length[:, None], 0.0)*ratio(weight, weight_length[:, None], 0.0))), 0.0), axis=1)
    weight_length_bar = weight_length_bar0 + weight_length_bar1 + weight_length_bar2
    weight_root_bar = weight_length_bar*np.heaviside(weight_root - least_weight, 0.5)
    x_length_bar0 = np.sum(np.where((keeps_x == 0.0), -(ratio(unit_bar, x_length[:, None], 0.0)*ratio(x, x_length[:, None], 0.0)), 0.0), axis=1)
    x_length_bar1 = reach_bar*np.where((keeps_x == 0.0), 0.0, 1.0)*np.where((keeps_weight == 0.0), 1.0, weight_length[target]) + x_length_bar0
    x_length_bar = np.where((keeps_x == 0.0), x_length_bar1, x_length_bar1 - ratio(angular_bar, x_length, 0.0)*ratio(own, x_length, 0.0))
    x_root_bar = x_length_bar*np.heaviside(x_root - least_x, 0.5)
    weight_size_bar = np.where((eps_weight_inside == 0.0), weight_root_bar, weight_root_bar*weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
    weight_size_sum_bar = 0.5*weight_size_bar/np.sqrt(weight_size_sum)
    x_size_bar = np.where((eps_x_inside == 0.0), x_root_bar, x_root_bar*x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_size_sum_bar = 0.5*x_size_bar/np.sqrt(x_size_sum)
    x_bar = 2.0*x_size_sum_bar[:, None]*x + np.where((keeps_x == 0.0), ratio(unit_bar, x_length[:, None], 0.0), unit_bar)
    weight_bar = 2.0*weight_size_sum_bar[:, None]*weight + np.where((keeps_weight == 0.0), np.where(projected == 0.0, 0.0, ratio(way_bar, weight_length[:, None], 0.0)) + way_bar - projected*way_bar, way_bar)
    scale_bar0 = np.sum(np.where((np.arange(C) == target[:, None]), 0.0, product*score_bar), axis=(0, 1))
    scale_bar1 = np.sum(goal_bar*logit*reach, axis=0)
    scale_bar = scale_bar0 + scale_bar1
    return {
        "x_size_sum": x_size_sum,
        "x_size": x_size,
        "weight_size_sum": weight_size_sum,
        "weight_size": weight_size,
        "x_root": x_root,
        "x_length": x_length,
        "weight_root": weight_root,
        "weight_length": weight_length,
        "unit": unit,
        "way": way,
        "product": product,
        "own": own,
        "angular": angular,
        "cosine": cosine,
        "reach": reach,
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "sine": sine,
        "raw": raw,
        "lowered": lowered,
        "room": room,
        "bent": bent,
        "alone": alone,
        "taken": taken,
        "logit": logit,
        "goal": goal,
        "score": score,
        "top": top,
        "mass": mass,
        "lse_sum": lse_sum,
        "lse": lse,
        "loss": loss,
        "lse_bar": lse_bar,
        "lse_sum_bar": lse_sum_bar,
        "mass_bar": mass_bar,
        "score_bar": score_bar,
        "goal_bar": goal_bar,
        "logit_bar": logit_bar,
        "taken_bar": taken_bar,
        "bent_bar": bent_bar,
        "lowered_bar": lowered_bar,
        "raw_bar": raw_bar,
        "sine_bar": sine_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "reach_bar": reach_bar,
        "cosine_bar": cosine_bar,
        "angular_bar": angular_bar,
        "own_bar": own_bar,
        "product_bar": product_bar,
        "way_bar": way_bar,
        "unit_bar": unit_bar,
        "weight_length_bar0": weight_length_bar0,
        "weight_length_bar1": weight_length_bar1,
        "weight_length_bar2": weight_length_bar2,
        "weight_length_bar": weight_length_bar,
        "weight_root_bar": weight_root_bar,
        "x_length_bar0": x_length_bar0,
        "x_length_bar1": x_length_bar1,
        "x_length_bar": x_length_bar,
        "x_root_bar": x_root_bar,
        "weight_size_bar": weight_size_bar,
        "weight_size_sum_bar": weight_size_sum_bar,
        "x_size_bar": x_size_bar,
        "x_size_sum_bar": x_size_sum_bar,
        "x_bar": x_bar,
        "weight_bar": weight_bar,
        "scale_bar0": scale_bar0,
        "scale_bar1": scale_bar1,
        "scale_bar": scale_bar,
    }
