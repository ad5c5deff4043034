"""Sub-centre ArcFace head: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = -log softmax(z)_y,  z_y = scale psi(cos(theta_y)), z_j = scale cos(theta_j)
    cos(theta_j) = max_k x.W_jk/(|x| |W_jk|);  psi: as of arcface_logit

Subgradients
    of a norm at 0, 0: a zero vector has no direction. With `placement='max'`, where a
    length is the least one, half of the slope. Of the largest cosine of a class: centres
    that have it share its derivative evenly. Of the logit: scale cos m where the sine is 0;
    that beyond the border at the border.

Constants
    least_x: the least length that an embedding is divided by (default 0.0)
    eps_x_inside: added to an embedding's squares (default 0.0)
    eps_x_added: added to an embedding's length (default 0.0)
    least_weight: the least length that a class is divided by (default 0.0)
    eps_weight_inside: added to a class's squares (default 0.0)
    eps_weight_added: added to a class's length (default 0.0)
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    margin: the angle that is added (default 0.5)
    degrees: 1: the margin is in degrees (default 0.0)
    share: share of the margin in the border (default 1.0)
    bound: 0: the border is the cosine 0 (default 1.0)
    clipped: 1: the angle is clipped (default 0.0)
    clip: least angle (default 1e-05)
    slope: factor of the cosine beyond the border (default 0.0)
    again: factor of cos(theta + m) beyond the border (default 1.0)
    lost: factor of m sin m that is subtracted there (default 0.0)
    level: what is subtracted there (default 0.0)
    cos_margin: cos(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.8775825618903728)
    cos_margin_lo: what cos_margin lacks (default -4.2623149864279997e-17)
    sin_margin: sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default
        0.479425538604203)
    sin_margin_lo: what sin_margin lacks (default -5.103969860556013e-18)
    border: -bound*cos(clip*clipped + share*(pi*degrees*margin/180 + margin*(1 - degrees))),
        rounded (default -0.8775825618903728)
    border_lo: what border lacks (default 4.2623149864279997e-17)
    offset: level*cos(clip*clipped) + lost*(pi*degrees*margin/180 + margin*(1 -
        degrees))*sin(pi*degrees*margin/180 + margin*(1 - degrees)), rounded (default 0.0)
    offset_lo: what offset lacks (default 0.0)
    early: clipped*(clip*clipped - pi*degrees*margin/180 - margin*(1 - degrees)), rounded
        (default 0.0)
    early_lo: what early lacks (default 0.0)
    brink: cos(-clip*clipped + pi*degrees*margin/180 + margin*(1 - degrees)), rounded
        (default 0.8775825618903728)
    brink_lo: what brink lacks (default -4.2623149864279997e-17)
    peak: cos(clip*clipped), rounded (default 1.0)
    peak_lo: what peak lacks (default 0.0)
    attached: 0: the derivative is 1 (default 1.0)

Source
    Deng, Guo, Liu, Gong, Zafeiriou: Sub-center ArcFace, ECCV 2020, section 3.2; Deng et
    al., ArcFace, CVPR 2019, arXiv 1801.07698.
"""

import numpy as np

CONSTANTS = ("least_x", "eps_x_inside", "eps_x_added", "least_weight", "eps_weight_inside", "eps_weight_added", "limit", "most", "most_lo", "margin", "degrees", "share", "bound", "clipped", "clip", "slope", "again", "lost", "level", "cos_margin", "cos_margin_lo", "sin_margin", "sin_margin_lo", "border", "border_lo", "offset", "offset_lo", "early", "early_lo", "brink", "brink_lo", "peak", "peak_lo", "attached",)


def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))


def value(F, x, weight, target, scale, least_x, eps_x_inside, eps_x_added, least_weight, eps_weight_inside, eps_weight_added, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached):
    """Return loss, one an item."""
    np = F.np
    x = F.wide(x)
    x_size = F.norm(x)  # norm of an embedding
    x_root = (x_size if (eps_x_inside == 0.0) else np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    unit = F.ratio(x, x_length[:, None], 0.0)  # the embedding, divided
    weight_at_target = F.at(weight, target)
    touch = F.sum(unit[:, None, :]*weight_at_target, 2)
    weight_size_at_target = F.norm(weight_at_target)  # norm of a class
    weight_root_at_target = (weight_size_at_target if (eps_weight_inside == 0.0) else np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_at_target = np.maximum(least_weight, weight_root_at_target) + eps_weight_added  # what divides a class
    facing = F.ratio(touch, weight_length_at_target, 0.0)  # with the centres of the target's class
    cosine = F.max(facing, 1)  # of the angle to the target's class
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    raw = np.where((across*along > 0.0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)  # cosine of both angles
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = (kept - brink - brink_lo if (early > 0.0) else -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak + peak_lo, bent)
    logit = topped
    own_goal = logit*scale  # the target's logit, where its class is at hand
    goal = F.shared(own_goal, target)  # on every shard of the classes
    # visit 1 of 1 over the classes
    others = F.logsumexp()
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.norm(weight_part)  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = np.tensordot(F.real(unit), weight_part, ((1,), (2,)))
        angle = F.scaled(dot, 1.0, weight_length)
        product = np.max(angle, axis=2)  # cosine with the nearest centre
        score = F.pinned(F.real(scale)*product, target_column, -np.inf)  # of the others
        others.add(score)
    others = others.result()
    gap = others - goal  # lead of the others over the target
    left = np.exp(-np.abs(gap))
    loss = np.maximum(gap, 0.0) + np.log1p(left)
    return loss


def grad(F, x, weight, target, scale, loss_bar, least_x, eps_x_inside, eps_x_added, least_weight, eps_weight_inside, eps_weight_added, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached):
    """Return loss, then its derivative by every column times loss_bar."""
    np = F.np
    x = F.wide(x)
    loss_bar = F.wide(loss_bar)
    x_size = F.norm(x)  # norm of an embedding
    x_root = (x_size if (eps_x_inside == 0.0) else np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    unit = F.ratio(x, x_length[:, None], 0.0)  # the embedding, divided
    weight_at_target = F.at(weight, target)
    touch = F.sum(unit[:, None, :]*weight_at_target, 2)
    weight_size_at_target = F.norm(weight_at_target)  # norm of a class
    weight_root_at_target = (weight_size_at_target if (eps_weight_inside == 0.0) else np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_at_target = np.maximum(least_weight, weight_root_at_target) + eps_weight_added  # what divides a class
    facing = F.ratio(touch, weight_length_at_target, 0.0)  # with the centres of the target's class
    cosine = F.max(facing, 1)  # of the angle to the target's class
    cosine_chief = np.heaviside(facing - cosine[:, None], 1.0)  # 1: the nearest
    cosine_chiefs = F.sum(cosine_chief, 1)  # how many are the nearest
    cosine_share = 1.0/cosine_chiefs  # of each of them
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    raw = np.where((across*along > 0.0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)  # cosine of both angles
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, F.ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = (kept - brink - brink_lo if (early > 0.0) else -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak + peak_lo, bent)
    logit = topped
    own_goal = logit*scale  # the target's logit, where its class is at hand
    goal = F.shared(own_goal, target)  # on every shard of the classes
    # visit 1 of 2 over the classes
    others = F.logsumexp()
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.hold("weight_size", here, F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.hold("dot", here, np.tensordot(F.real(unit), weight_part, ((1,), (2,))))
        angle = F.scaled(dot, 1.0, weight_length)
        product = F.hold("product", here, np.max(angle, axis=2))  # cosine with the nearest centre
        score = F.pinned(F.real(scale)*product, target_column, -np.inf)  # of the others
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
    logit_bar = own_goal_bar*scale
    topped_bar = (0.0 if attached == 0.0 else logit_bar)
    bent_bar = np.where((headroom > 0.0), 0.0, topped_bar)
    raw_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*logit_bar + raw_bar*steep + np.where((room > 0.0), 0.0, slope*bent_bar)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    facing_bar = cosine_bar[:, None]*cosine_share[:, None]*cosine_chief
    touch_bar = F.ratio(facing_bar, weight_length_at_target, 0.0)
    product_bar_factor = gap_bar*scale
    unit_bar0 = F.sum(touch_bar[:, :, None]*weight_at_target, 1)
    scale_bar1 = F.sum(logit*own_goal_bar, 0)
    # visit 2 of 2 over the classes
    unit_bar1 = 0.0
    scale_bar0 = 0.0
    weight_bar = F.like(weight)
    weight_bar0_rows = touch_bar[:, :, None]*unit[:, None, :]
    weight_length_bar0_rows = -(facing*touch_bar)
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.held("weight_size", here, lambda: F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.held("dot", here, lambda: np.tensordot(F.real(unit), weight_part, ((1,), (2,))))
        angle = F.scaled(dot, 1.0, weight_length)
        product = F.held("product", here, lambda: np.max(angle, axis=2))  # cosine with the nearest centre
        product_chief = np.heaviside(angle - product[:, :, None], 1.0)  # 1: the nearest
        product_chiefs = np.sum(product_chief, axis=2)  # how many are the nearest
        product_share = 1.0/product_chiefs  # of each of them
        score = F.pinned(F.real(scale)*product, target_column, -np.inf)  # of the others
        portion = F.pinned(np.exp(score - F.real(others)[:, None]), target_column, 0.0)  # softmax among the others
        score_bar = F.scaled(portion, gap_bar[:, None])
        product_bar = F.scaled(portion, product_bar_factor[:, None])
        angle_bar = product_bar[:, :, None]*product_share[:, :, None]*product_chief
        dot_bar = F.scaled(angle_bar, 1.0, weight_length)
        weight_length_bar0 = F.scattered(target_column, weight_length_bar0_rows, np.float64)
        weight_length_bar1_acc = F.dots(angle, dot_bar, 0)
        weight_length_bar1 = -weight_length_bar1_acc
        weight_length_bar = weight_length_bar0 + weight_length_bar1
        weight_root_bar = weight_length_bar*np.heaviside(weight_root - least_weight, 0.5)
        weight_size_bar = (weight_root_bar if (eps_weight_inside == 0.0) else weight_root_bar*weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_bar1 = np.tensordot(dot_bar, F.real(unit), ((0,), (0,)))
        weight_bar_part = F.scattered_onto(weight_part*F.ratio(F.real(weight_size_bar)[:, :, None], F.real(weight_size)[:, :, None], 0.0) + weight_bar1, target_column, weight_bar0_rows)
        unit_bar1 += np.tensordot(dot_bar, weight_part, ((1, 2), (0, 1)))
        scale_bar0 += F.sum(F.pinned(product*score_bar, target_column, 0.0), (0, 1))
        F.store(weight_bar, here, weight_bar_part)
    unit_bar1 = F.wide(unit_bar1)
    scale_bar0 = F.wide(scale_bar0)
    unit_bar = unit_bar0 + unit_bar1
    x_length_bar_acc_sum = F.sum(unit*unit_bar, 1)
    x_length_bar_acc = F.ratio(x_length_bar_acc_sum, x_length, 0.0)
    x_length_bar = -x_length_bar_acc
    x_root_bar = x_length_bar*np.heaviside(x_root - least_x, 0.5)
    x_size_bar = (x_root_bar if (eps_x_inside == 0.0) else x_root_bar*x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_bar = x*F.ratio(x_size_bar[:, None], x_size[:, None], 0.0) + F.ratio(unit_bar, x_length[:, None], 0.0)
    scale_bar = scale_bar0 + scale_bar1
    return loss, x_bar, weight_bar, scale_bar


def hvp(F, x, weight, target, scale, loss_bar, x_dot, weight_dot, scale_dot, least_x, eps_x_inside, eps_x_added, least_weight, eps_weight_inside, eps_weight_added, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached):
    """Return the derivative of the gradient along the `_dot` columns."""
    np = F.np
    x = F.wide(x)
    loss_bar = F.wide(loss_bar)
    x_dot = F.wide(x_dot)
    x_size = F.norm(x)  # norm of an embedding
    x_root = (x_size if (eps_x_inside == 0.0) else np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    unit = F.ratio(x, x_length[:, None], 0.0)  # the embedding, divided
    weight_at_target = F.at(weight, target)
    touch = F.sum(unit[:, None, :]*weight_at_target, 2)
    weight_size_at_target = F.norm(weight_at_target)  # norm of a class
    weight_root_at_target = (weight_size_at_target if (eps_weight_inside == 0.0) else np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_at_target = np.maximum(least_weight, weight_root_at_target) + eps_weight_added  # what divides a class
    facing = F.ratio(touch, weight_length_at_target, 0.0)  # with the centres of the target's class
    cosine = F.max(facing, 1)  # of the angle to the target's class
    cosine_chief = np.heaviside(facing - cosine[:, None], 1.0)  # 1: the nearest
    cosine_chiefs = F.sum(cosine_chief, 1)  # how many are the nearest
    cosine_share = 1.0/cosine_chiefs  # of each of them
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    spare = np.where((over > 0.0), most_lo, 0.0)
    owed = np.where((under > 0.0), -most_lo, spare)  # that kept lacks
    sine = np.sqrt(np.maximum((1.0 - kept - owed)*(1.0 + kept + owed), 0.0))  # of the angle
    along = cos_margin*kept
    across = sin_margin*sine
    raw = np.where((across*along > 0.0), (kept + sin_margin + sin_margin_lo)*(kept - sin_margin - sin_margin_lo)/(across + along), along - across)  # cosine of both angles
    lift = cos_margin*sine
    turn = sin_margin*kept
    steep = np.where((lift*turn < 0.0), (-kept + cos_margin + cos_margin_lo)*(kept + cos_margin + cos_margin_lo)/(lift - turn)/sine, F.ratio(turn, sine, 0.0) + cos_margin)  # slope of raw
    room = kept - border - border_lo  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset - offset_lo)
    headroom = (kept - brink - brink_lo if (early > 0.0) else -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak + peak_lo, bent)
    logit = topped
    own_goal = logit*scale  # the target's logit, where its class is at hand
    goal = F.shared(own_goal, target)  # on every shard of the classes
    x_size_dot_acc_sum = F.sum(x*x_dot, 1)
    x_size_dot_acc = F.ratio(x_size_dot_acc_sum, x_size, 0.0)
    x_root_dot = x_size_dot_acc*(1.0 if (eps_x_inside == 0.0) else x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_length_dot = x_root_dot*np.heaviside(x_root - least_x, 0.5)
    unit_dot = F.ratio(x_dot, x_length[:, None], 0.0) - unit*F.ratio(x_length_dot[:, None], x_length[:, None], 0.0)
    weight_dot_at_target = F.at(weight_dot, target)
    touch_dot_term0 = F.sum(unit[:, None, :]*weight_dot_at_target, 2)
    touch_dot_term1 = F.sum(unit_dot[:, None, :]*weight_at_target, 2)
    touch_dot = touch_dot_term0 + touch_dot_term1
    weight_size_dot_acc_at_target_sum = F.sum(weight_at_target*weight_dot_at_target, 2)
    weight_size_dot_acc_at_target = F.ratio(weight_size_dot_acc_at_target_sum, weight_size_at_target, 0.0)
    weight_root_dot_at_target = weight_size_dot_acc_at_target*(1.0 if (eps_weight_inside == 0.0) else weight_size_at_target/np.sqrt(weight_size_at_target*weight_size_at_target + eps_weight_inside))
    weight_length_dot_at_target = weight_root_dot_at_target*np.heaviside(weight_root_at_target - least_weight, 0.5)
    facing_dot = F.ratio(touch_dot, weight_length_at_target, 0.0) - facing*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0)
    cosine_dot_acc = F.sum(cosine_chief*facing_dot, 1)
    cosine_dot = cosine_dot_acc*cosine_share
    capped_dot = cosine_dot*np.where((over > 0.0), 0.0, 1.0)
    kept_dot = capped_dot*np.where((under > 0.0), 0.0, 1.0)
    raw_dot = kept_dot*steep
    steep_dot = kept_dot*F.ratio(F.ratio(F.ratio(sin_margin, sine, 0.0), sine, 0.0), sine, 0.0)
    bent_dot = kept_dot*np.where((room > 0.0), 0.0, slope) + raw_dot*np.where((room > 0.0), 1.0, again)
    topped_dot = bent_dot*np.where((headroom > 0.0), 0.0, 1.0)
    logit_dot = (1.0 - attached)*kept_dot + (0.0 if attached == 0.0 else topped_dot)
    own_goal_dot = logit*scale_dot + logit_dot*scale
    goal_dot = own_goal_dot*F.owned(target)
    # visit 1 of 3 over the classes
    others = F.logsumexp()
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_size = F.hold("weight_size", here, F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.hold("dot", here, np.tensordot(F.real(unit), weight_part, ((1,), (2,))))
        angle = F.scaled(dot, 1.0, weight_length)
        product = F.hold("product", here, np.max(angle, axis=2))  # cosine with the nearest centre
        score = F.pinned(F.real(scale)*product, target_column, -np.inf)  # of the others
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
    logit_bar = own_goal_bar*scale
    topped_bar = (0.0 if attached == 0.0 else logit_bar)
    bent_bar = np.where((headroom > 0.0), 0.0, topped_bar)
    raw_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    kept_bar = (1.0 - attached)*logit_bar + raw_bar*steep + np.where((room > 0.0), 0.0, slope*bent_bar)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    facing_bar = cosine_bar[:, None]*cosine_share[:, None]*cosine_chief
    touch_bar = F.ratio(facing_bar, weight_length_at_target, 0.0)
    product_bar_factor = gap_bar*scale
    unit_bar0 = F.sum(touch_bar[:, :, None]*weight_at_target, 1)
    unit_bar0_dot_term0 = F.sum(touch_bar[:, :, None]*weight_dot_at_target, 1)
    # visit 2 of 3 over the classes
    unit_bar1 = 0.0
    others_dot_acc = 0.0
    unit_bar1_dot_term0 = 0.0
    scale_bar0_dot_term1 = 0.0
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_dot_part = F.part(weight_dot, here)
        weight_size = F.held("weight_size", here, lambda: F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.held("dot", here, lambda: np.tensordot(F.real(unit), weight_part, ((1,), (2,))))
        angle = F.scaled(dot, 1.0, weight_length)
        product = F.held("product", here, lambda: np.max(angle, axis=2))  # cosine with the nearest centre
        product_chief = np.heaviside(angle - product[:, :, None], 1.0)  # 1: the nearest
        product_chiefs = F.hold("product_chiefs", here, np.sum(product_chief, axis=2))  # how many are the nearest
        product_share = 1.0/product_chiefs  # of each of them
        score = F.pinned(F.real(scale)*product, target_column, -np.inf)  # of the others
        portion = F.pinned(np.exp(score - F.real(others)[:, None]), target_column, 0.0)  # softmax among the others
        score_bar = F.scaled(portion, gap_bar[:, None])
        product_bar = F.scaled(portion, product_bar_factor[:, None])
        angle_bar = product_bar[:, :, None]*product_share[:, :, None]*product_chief
        dot_bar = F.scaled(angle_bar, 1.0, weight_length)
        weight_size_dot_acc_sum = F.hold("weight_size_dot_acc_sum", here, F.dots(weight_part, weight_dot_part, 2))
        weight_size_dot_acc = F.ratio(weight_size_dot_acc_sum, weight_size, 0.0)
        weight_root_dot = weight_size_dot_acc*(1.0 if (eps_weight_inside == 0.0) else weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length_dot = weight_root_dot*np.heaviside(weight_root - least_weight, 0.5)
        dot_dot_term0 = F.hold("dot_dot_term0", here, np.tensordot(F.real(unit), weight_dot_part, ((1,), (2,))))
        dot_dot_term1 = F.hold("dot_dot_term1", here, np.tensordot(F.real(unit_dot), weight_part, ((1,), (2,))))
        dot_dot = dot_dot_term0 + dot_dot_term1
        angle_dot = F.ratio(dot_dot, F.real(weight_length), 0.0) - angle*F.ratio(F.real(weight_length_dot), F.real(weight_length), 0.0)
        product_dot_acc = F.hold("product_dot_acc", here, np.sum(angle_dot*product_chief, axis=2))
        product_dot = product_dot_acc*product_share
        score_dot = F.real(scale_dot)*F.pinned(F.fresh(product), target_column, 0.0) + product_dot*F.pinned(F.real(scale), target_column, 0.0)
        unit_bar1 += np.tensordot(dot_bar, weight_part, ((1, 2), (0, 1)))
        others_dot_acc += F.dots(portion, score_dot, 1)
        unit_bar1_dot_term0 += np.tensordot(dot_bar, weight_dot_part, ((1, 2), (0, 1)))
        scale_bar0_dot_term1 += F.sum(F.pinned(product_dot*score_bar, target_column, 0.0), (0, 1))
    unit_bar1 = F.wide(unit_bar1)
    others_dot_acc = F.wide(others_dot_acc)
    unit_bar1_dot_term0 = F.wide(unit_bar1_dot_term0)
    scale_bar0_dot_term1 = F.wide(scale_bar0_dot_term1)
    unit_bar = unit_bar0 + unit_bar1
    x_length_bar_acc_sum = F.sum(unit*unit_bar, 1)
    x_length_bar_acc = F.ratio(x_length_bar_acc_sum, x_length, 0.0)
    x_length_bar = -x_length_bar_acc
    x_root_bar = x_length_bar*np.heaviside(x_root - least_x, 0.5)
    x_size_bar = (x_root_bar if (eps_x_inside == 0.0) else x_root_bar*x_size/np.sqrt(x_size*x_size + eps_x_inside))
    gap_dot = others_dot_acc - goal_dot
    miss_dot = gap_dot*hit*miss
    gap_bar_dot = loss_bar*miss_dot
    goal_bar_dot = -gap_bar_dot
    own_goal_bar_dot = goal_bar_dot*F.owned(target)
    logit_bar_dot = own_goal_bar*scale_dot + own_goal_bar_dot*scale
    topped_bar_dot = (0.0 if attached == 0.0 else logit_bar_dot)
    bent_bar_dot = topped_bar_dot*np.where((headroom > 0.0), 0.0, 1.0)
    raw_bar_dot = bent_bar_dot*np.where((room > 0.0), 1.0, again)
    kept_bar_dot = (1.0 - attached)*logit_bar_dot + bent_bar_dot*np.where((room > 0.0), 0.0, slope) + raw_bar*steep_dot + raw_bar_dot*steep
    capped_bar_dot = kept_bar_dot*np.where((under > 0.0), 0.0, 1.0)
    cosine_bar_dot = capped_bar_dot*np.where((over > 0.0), 0.0, 1.0)
    facing_bar_dot = cosine_bar_dot[:, None]*cosine_share[:, None]*cosine_chief
    touch_bar_dot = F.ratio(facing_bar_dot, weight_length_at_target, 0.0) - touch_bar*F.ratio(weight_length_dot_at_target, weight_length_at_target, 0.0)
    unit_bar0_dot_term1 = F.sum(touch_bar_dot[:, :, None]*weight_at_target, 1)
    unit_bar0_dot = unit_bar0_dot_term0 + unit_bar0_dot_term1
    x_length_bar_acc_dot_term0 = F.sum(unit_bar*unit_dot, 1)
    x_length_bar_acc_dot_term2 = F.sum(unit*unit_bar, 1)
    scale_bar1_dot = F.sum(logit*own_goal_bar_dot + logit_dot*own_goal_bar, 0)
    # visit 3 of 3 over the classes
    unit_bar1_dot_term1 = 0.0
    scale_bar0_dot_term0 = 0.0
    weight_bar_dot = F.like(weight)
    weight_bar0_dot_term0_rows = touch_bar[:, :, None]*unit_dot[:, None, :]
    weight_bar0_dot_term1_rows = touch_bar_dot[:, :, None]*unit[:, None, :]
    weight_length_bar0_rows = -(facing*touch_bar)
    weight_length_bar0_dot_term0_rows = -(facing*touch_bar_dot)
    weight_length_bar0_dot_term1_rows = -(facing_dot*touch_bar)
    for here in F.parts(weight.shape[0]):
        weight_part = F.part(weight, here)
        target_column = F.columns(target, here)
        weight_dot_part = F.part(weight_dot, here)
        weight_size = F.held("weight_size", here, lambda: F.norm(weight_part))  # norm of a class
        weight_root = (weight_size if (eps_weight_inside == 0.0) else np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
        dot = F.held("dot", here, lambda: np.tensordot(F.real(unit), weight_part, ((1,), (2,))))
        angle = F.scaled(dot, 1.0, weight_length)
        product = F.held("product", here, lambda: np.max(angle, axis=2))  # cosine with the nearest centre
        product_chief = np.heaviside(angle - product[:, :, None], 1.0)  # 1: the nearest
        product_chiefs = F.held("product_chiefs", here, lambda: np.sum(product_chief, axis=2))  # how many are the nearest
        product_share = 1.0/product_chiefs  # of each of them
        score = F.pinned(F.real(scale)*product, target_column, -np.inf)  # of the others
        portion = F.pinned(np.exp(score - F.real(others)[:, None]), target_column, 0.0)  # softmax among the others
        score_bar = F.scaled(portion, gap_bar[:, None])
        product_bar = F.scaled(portion, product_bar_factor[:, None])
        angle_bar = product_bar[:, :, None]*product_share[:, :, None]*product_chief
        dot_bar = F.scaled(angle_bar, 1.0, weight_length)
        weight_length_bar0 = F.scattered(target_column, weight_length_bar0_rows, np.float64)
        weight_length_bar1_acc = F.dots(angle, dot_bar, 0)
        weight_length_bar1 = -weight_length_bar1_acc
        weight_length_bar = weight_length_bar0 + weight_length_bar1
        weight_root_bar = weight_length_bar*np.heaviside(weight_root - least_weight, 0.5)
        weight_size_bar = (weight_root_bar if (eps_weight_inside == 0.0) else weight_root_bar*weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_size_dot_acc_sum = F.held("weight_size_dot_acc_sum", here, lambda: F.dots(weight_part, weight_dot_part, 2))
        weight_size_dot_acc = F.ratio(weight_size_dot_acc_sum, weight_size, 0.0)
        weight_root_dot = weight_size_dot_acc*(1.0 if (eps_weight_inside == 0.0) else weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_length_dot = weight_root_dot*np.heaviside(weight_root - least_weight, 0.5)
        dot_dot_term0 = F.held("dot_dot_term0", here, lambda: np.tensordot(F.real(unit), weight_dot_part, ((1,), (2,))))
        dot_dot_term1 = F.held("dot_dot_term1", here, lambda: np.tensordot(F.real(unit_dot), weight_part, ((1,), (2,))))
        dot_dot = dot_dot_term0 + dot_dot_term1
        angle_dot = F.ratio(dot_dot, F.real(weight_length), 0.0) - angle*F.ratio(F.real(weight_length_dot), F.real(weight_length), 0.0)
        product_dot_acc = F.held("product_dot_acc", here, lambda: np.sum(angle_dot*product_chief, axis=2))
        product_dot = product_dot_acc*product_share
        score_dot = F.real(scale_dot)*F.pinned(F.fresh(product), target_column, 0.0) + product_dot*F.pinned(F.real(scale), target_column, 0.0)
        portion_dot = portion*score_dot - F.real(others_dot_acc)[:, None]*portion
        score_bar_dot = F.real(gap_bar)[:, None]*portion_dot + F.real(gap_bar_dot)[:, None]*portion
        product_bar_dot = score_bar_dot*F.pinned(F.real(scale), target_column, 0.0) + F.real(scale_dot)*F.pinned(F.fresh(score_bar), target_column, 0.0)
        angle_bar_dot = product_bar_dot[:, :, None]*product_share[:, :, None]*product_chief
        dot_bar_dot = F.ratio(angle_bar_dot, F.real(weight_length), 0.0) - dot_bar*F.ratio(F.real(weight_length_dot), F.real(weight_length), 0.0)
        weight_length_bar0_dot_term0 = F.scattered(target_column, weight_length_bar0_dot_term0_rows, np.float64)
        weight_length_bar0_dot_term1 = F.scattered(target_column, weight_length_bar0_dot_term1_rows, np.float64)
        weight_length_bar0_dot = weight_length_bar0_dot_term0 + weight_length_bar0_dot_term1
        weight_length_bar1_acc_dot_term0 = F.dots(angle, dot_bar_dot, 0)
        weight_length_bar1_acc_dot_term1 = F.dots(angle_dot, dot_bar, 0)
        weight_length_bar1_acc_dot = weight_length_bar1_acc_dot_term0 + weight_length_bar1_acc_dot_term1
        weight_length_bar1_dot = -weight_length_bar1_acc_dot
        weight_length_bar_dot = weight_length_bar0_dot + weight_length_bar1_dot
        weight_root_bar_dot = weight_length_bar_dot*np.heaviside(weight_root - least_weight, 0.5)
        weight_size_bar_dot = weight_size_dot_acc*(0.0 if (eps_weight_inside == 0.0) else weight_root_bar/np.sqrt(weight_size*weight_size + eps_weight_inside) - (weight_size*weight_size)*weight_root_bar/((weight_size*weight_size + eps_weight_inside)*np.sqrt(weight_size*weight_size + eps_weight_inside))) + weight_root_bar_dot*(1.0 if (eps_weight_inside == 0.0) else weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
        weight_bar0_dot_term0 = F.scattered(target_column, weight_bar0_dot_term0_rows)
        weight_bar0_dot = F.scattered_onto(weight_bar0_dot_term0, target_column, weight_bar0_dot_term1_rows)
        weight_bar1_dot_term0 = np.tensordot(dot_bar, F.real(unit_dot), ((0,), (0,)))
        weight_bar1_dot_term1 = np.tensordot(dot_bar_dot, F.real(unit), ((0,), (0,)))
        weight_bar1_dot = weight_bar1_dot_term0 + weight_bar1_dot_term1
        weight_bar_dot_part = weight_part*F.ratio(-(F.real(weight_size_bar)[:, :, None]*F.ratio(F.real(weight_size_dot_acc)[:, :, None], F.real(weight_size)[:, :, None], 0.0)), F.real(weight_size)[:, :, None], 0.0) + weight_dot_part*F.ratio(F.real(weight_size_bar)[:, :, None], F.real(weight_size)[:, :, None], 0.0) + weight_part*F.ratio(F.real(weight_size_bar_dot)[:, :, None], F.real(weight_size)[:, :, None], 0.0) + weight_bar0_dot + weight_bar1_dot
        unit_bar1_dot_term1 += np.tensordot(dot_bar_dot, weight_part, ((1, 2), (0, 1)))
        scale_bar0_dot_term0 += F.sum(F.pinned(product*score_bar_dot, target_column, 0.0), (0, 1))
        F.store(weight_bar_dot, here, weight_bar_dot_part)
    unit_bar1_dot_term1 = F.wide(unit_bar1_dot_term1)
    scale_bar0_dot_term0 = F.wide(scale_bar0_dot_term0)
    unit_bar1_dot = unit_bar1_dot_term0 + unit_bar1_dot_term1
    unit_bar_dot = unit_bar0_dot + unit_bar1_dot
    x_length_bar_acc_dot_term1 = F.sum(unit*unit_bar_dot, 1)
    x_length_bar_acc_dot = F.ratio(x_length_bar_acc_dot_term0, x_length, 0.0) + F.ratio(x_length_bar_acc_dot_term1, x_length, 0.0) - F.ratio(x_length_bar_acc_dot_term2, x_length, 0.0)*F.ratio(x_length_dot, x_length, 0.0)
    x_length_bar_dot = -x_length_bar_acc_dot
    x_root_bar_dot = x_length_bar_dot*np.heaviside(x_root - least_x, 0.5)
    x_size_bar_dot = x_size_dot_acc*(0.0 if (eps_x_inside == 0.0) else x_root_bar/np.sqrt(x_size*x_size + eps_x_inside) - (x_size*x_size)*x_root_bar/((x_size*x_size + eps_x_inside)*np.sqrt(x_size*x_size + eps_x_inside))) + x_root_bar_dot*(1.0 if (eps_x_inside == 0.0) else x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_bar_dot = x*F.ratio(-(x_size_bar[:, None]*F.ratio(x_size_dot_acc[:, None], x_size[:, None], 0.0)), x_size[:, None], 0.0) + unit_bar*F.ratio(-F.ratio(x_length_dot[:, None], x_length[:, None], 0.0), x_length[:, None], 0.0) + x_dot*F.ratio(x_size_bar[:, None], x_size[:, None], 0.0) + x*F.ratio(x_size_bar_dot[:, None], x_size[:, None], 0.0) + F.ratio(unit_bar_dot, x_length[:, None], 0.0)
    scale_bar0_dot = scale_bar0_dot_term0 + scale_bar0_dot_term1
    scale_bar_dot = scale_bar0_dot + scale_bar1_dot
    return x_bar_dot, weight_bar_dot, scale_bar_dot


def trace(x, weight, target, scale, loss_bar, least_x, eps_x_inside, eps_x_added, least_weight, eps_weight_inside, eps_weight_added, limit, most, most_lo, margin, degrees, share, bound, clipped, clip, slope, again, lost, level, cos_margin, cos_margin_lo, sin_margin, sin_margin_lo, border, border_lo, offset, offset_lo, early, early_lo, brink, brink_lo, peak, peak_lo, attached):
    """Return every quantity of the plain program and its adjoint, by name."""
    B = x.shape[0]
    C = weight.shape[0]
    K = weight.shape[1]
    x_size_sum = np.sum(x*x, axis=1)
    x_size = np.sqrt(x_size_sum)  # norm of an embedding
    weight_size_sum = np.sum(weight*weight, axis=2)
    weight_size = np.sqrt(weight_size_sum)  # norm of a class
    x_root = np.where((eps_x_inside == 0.0), x_size, np.sqrt(x_size*x_size + eps_x_inside))
    x_length = np.maximum(least_x, x_root) + eps_x_added  # what divides an embedding
    weight_root = np.where((eps_weight_inside == 0.0), weight_size, np.sqrt(weight_size*weight_size + eps_weight_inside))
    weight_length = np.maximum(least_weight, weight_root) + eps_weight_added  # what divides a class
    unit = ratio(x, x_length[:, None], 0.0)  # the embedding, divided
    way = ratio(weight, weight_length[:, :, None], 0.0)  # the centre, divided
    angle = np.sum(unit[:, None, None, :]*way, axis=3)  # with every centre
    product = np.max(angle, axis=2)  # cosine with the nearest centre
    product_led = np.sum(np.where((np.arange(K)[:, None] == np.arange(K)), 0.0, np.heaviside(angle[:, :, None, :] - angle[:, :, :, None], 0.0)), axis=3)  # how many are nearer
    product_chief = np.where((product_led <= 0.0), 1.0, 0.0)  # 1: the nearest
    product_chiefs = np.sum(product_chief, axis=2)  # how many are the nearest
    product_share = 1.0/product_chiefs  # of each of them
    cosine = product[np.arange(B), target]  # of the angle to the target's class
    over = cosine - most
    under = -cosine - most
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    sine = np.sqrt(np.maximum((1.0 - kept)*(1.0 + kept), 0.0))  # of the angle
    raw = cos_margin*kept - sin_margin*sine  # cosine of both angles
    room = kept - border  # to the border
    bent = np.where((room > 0.0), raw, again*raw + slope*kept - offset)
    headroom = np.where((early > 0.0), kept - brink, -1.0)  # to the crest, if there is one
    topped = np.where((headroom > 0.0), peak, bent)
    logit = topped
    goal = logit*scale  # the target's logit
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
    logit_bar = goal_bar*scale
    topped_bar = np.where(attached == 0.0, 0.0, logit_bar)
    bent_bar = np.where((headroom > 0.0), 0.0, topped_bar)
    raw_bar = np.where((room > 0.0), bent_bar, again*bent_bar)
    sine_bar = -(sin_margin*raw_bar)
    kept_bar = cos_margin*raw_bar + (1.0 - attached)*logit_bar + np.where((room > 0.0), 0.0, slope*bent_bar) - sine_bar*ratio(kept, sine, 0.0)
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    product_bar = np.where((np.arange(C) == target[:, None]), 0.0, scale*score_bar) + np.where((np.arange(C) == target[:, None]), cosine_bar[:, None], 0.0)
    angle_bar = product_bar[:, :, None]*product_share[:, :, None]*product_chief
    way_bar = np.sum(np.transpose(unit, (1, 0))*np.transpose(angle_bar, (1, 2, 0))[:, :, None, :], axis=3)
    unit_bar = np.sum(angle_bar[:, None, :, :]*np.transpose(way, (2, 0, 1)), axis=(2, 3))
    weight_length_bar_acc = np.sum(ratio(way_bar, weight_length[:, :, None], 0.0)*ratio(weight, weight_length[:, :, None], 0.0), axis=2)
    weight_length_bar = -weight_length_bar_acc
    weight_root_bar = weight_length_bar*np.heaviside(weight_root - least_weight, 0.5)
    x_length_bar_acc = np.sum(ratio(unit_bar, x_length[:, None], 0.0)*ratio(x, x_length[:, None], 0.0), axis=1)
    x_length_bar = -x_length_bar_acc
    x_root_bar = x_length_bar*np.heaviside(x_root - least_x, 0.5)
    weight_size_bar = np.where((eps_weight_inside == 0.0), weight_root_bar, weight_root_bar*weight_size/np.sqrt(weight_size*weight_size + eps_weight_inside))
    weight_size_sum_bar = 0.5*weight_size_bar/np.sqrt(weight_size_sum)
    x_size_bar = np.where((eps_x_inside == 0.0), x_root_bar, x_root_bar*x_size/np.sqrt(x_size*x_size + eps_x_inside))
    x_size_sum_bar = 0.5*x_size_bar/np.sqrt(x_size_sum)
    x_bar = 2.0*x_size_sum_bar[:, None]*x + ratio(unit_bar, x_length[:, None], 0.0)
    weight_bar = 2.0*weight_size_sum_bar[:, :, None]*weight + ratio(way_bar, weight_length[:, :, None], 0.0)
    scale_bar0 = np.sum(np.where((np.arange(C) == target[:, None]), 0.0, product*score_bar), axis=(0, 1))
    scale_bar1 = np.sum(goal_bar*logit, axis=0)
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
        "angle": angle,
        "product": product,
        "product_led": product_led,
        "product_chief": product_chief,
        "product_chiefs": product_chiefs,
        "product_share": product_share,
        "cosine": cosine,
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "sine": sine,
        "raw": raw,
        "room": room,
        "bent": bent,
        "headroom": headroom,
        "topped": topped,
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
        "topped_bar": topped_bar,
        "bent_bar": bent_bar,
        "raw_bar": raw_bar,
        "sine_bar": sine_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "cosine_bar": cosine_bar,
        "product_bar": product_bar,
        "angle_bar": angle_bar,
        "way_bar": way_bar,
        "unit_bar": unit_bar,
        "weight_length_bar_acc": weight_length_bar_acc,
        "weight_length_bar": weight_length_bar,
        "weight_root_bar": weight_root_bar,
        "x_length_bar_acc": x_length_bar_acc,
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
