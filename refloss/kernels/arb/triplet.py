"""Triplet loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = f(d_ap - d_an + margin),  f(x) = max(x, 0), or log(1 + exp(x))
    d_ap = |anchor - positive + eps|^2, or |anchor - positive + eps|, by the 2-norm or the 1-norm
    d_an likewise of anchor - negative, or the smaller one of that and d_pn, of positive - negative

Subgradients
    0 by a distance where two vectors coincide, and where the margin is just kept; half of
    either where the negative is as far from the positive as from the anchor, if they may be
    swapped.

Constants
    margin: by how much the negative is to be farther away (default 0.2)
    margin_lo: what margin lacks (default 0.0)
    eps_difference: added to every difference (default 0.0)
    eps_difference_lo: what eps_difference lacks (default 0.0)
    swap: 1: the negative's distance from the positive is taken where smaller (default 0.0)
    squared: 1: distances are squared (default 1.0)
    eps_sum: added to every sum of squares (default 0.0)
    root_eps_sum: sqrt(eps_sum), rounded (default 0.0)
    root_eps_sum_lo: what root_eps_sum lacks (default 0.0)
    soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)

Source
    Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
    Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa,
    Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016.
"""


def value(F, anchor, positive, negative, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return the loss of the plain program."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    pn_delta = [positive[d] - negative[d] + eps_difference for d in range(D)]
    ap_square_sum = F.sum([ap_delta[d]*ap_delta[d] for d in range(D)])
    ap_square = ap_square_sum + eps_sum
    ap_distance = F.sqrt(ap_square)
    an_square_sum = F.sum([an_delta[d]*an_delta[d] for d in range(D)])
    an_square = an_square_sum + eps_sum
    pn_square_sum = F.sum([pn_delta[d]*pn_delta[d] for d in range(D)])
    pn_square = pn_square_sum + eps_sum
    far_square = F.select(F.eq(swap, 0), an_square, F.min(an_square, pn_square))
    far_distance = F.sqrt(far_square)
    lead = F.ratio(ap_square - far_square, ap_distance + far_distance, 0) + margin
    square_lead = ap_square - far_square + margin
    excess = F.select(F.eq(squared, 0), lead, square_lead)
    left = F.exp(-F.abs(excess))
    smooth = F.relu(excess) + F.log1p(left)
    hinge = F.relu(excess)
    loss = F.select(F.eq(soft, 0), hinge, smooth)
    return loss


def grad(F, anchor, positive, negative, loss_bar, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return the loss and the derived gradient."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    pn_delta = [positive[d] - negative[d] + eps_difference for d in range(D)]
    ap_square_sum = F.sum([ap_delta[d]*ap_delta[d] for d in range(D)])
    ap_square = ap_square_sum + eps_sum
    ap_distance = F.sqrt(ap_square)
    ap_unit = [F.ratio(ap_delta[d], ap_distance, 0) for d in range(D)]
    an_square_sum = F.sum([an_delta[d]*an_delta[d] for d in range(D)])
    an_square = an_square_sum + eps_sum
    pn_square_sum = F.sum([pn_delta[d]*pn_delta[d] for d in range(D)])
    pn_square = pn_square_sum + eps_sum
    far_square = F.select(F.eq(swap, 0), an_square, F.min(an_square, pn_square))
    far_distance = F.sqrt(far_square)
    lead = F.ratio(ap_square - far_square, ap_distance + far_distance, 0) + margin
    square_lead = ap_square - far_square + margin
    excess = F.select(F.eq(squared, 0), lead, square_lead)
    left = F.exp(-F.abs(excess))
    smooth = F.relu(excess) + F.log1p(left)
    most = 1/(1 + left)
    pull = F.select(F.ge(excess, 0), most, left*most)
    hinge = F.relu(excess)
    loss = F.select(F.eq(soft, 0), hinge, smooth)
    hinge_bar = F.select(F.eq(soft, 0), loss_bar, 0)
    smooth_bar = F.select(F.eq(soft, 0), 0, loss_bar)
    excess_bar = hinge_bar*F.step(excess, 0) + pull*smooth_bar
    square_lead_bar = F.select(F.eq(squared, 0), 0, excess_bar)
    lead_bar = F.select(F.eq(squared, 0), excess_bar, 0)
    far_distance_bar = -lead_bar
    far_square_bar = far_distance_bar*F.ratio(F.rational(1, 2), far_distance, 0) - square_lead_bar
    pn_square_bar = F.select(F.eq(swap, 0), 0, far_square_bar*F.step(an_square - pn_square, F.rational(1, 2)))
    an_square_bar = F.select(F.eq(swap, 0), far_square_bar, far_square_bar*F.step(pn_square - an_square, F.rational(1, 2)))
    pn_delta_bar = [2*pn_square_bar*pn_delta[d] for d in range(D)]
    an_delta_bar = [2*an_square_bar*an_delta[d] for d in range(D)]
    ap_delta_bar = [2*square_lead_bar*ap_delta[d] + lead_bar*ap_unit[d] for d in range(D)]
    anchor_bar = [an_delta_bar[d] + ap_delta_bar[d] for d in range(D)]
    positive_bar = [pn_delta_bar[d] - ap_delta_bar[d] for d in range(D)]
    negative_bar = [-an_delta_bar[d] - pn_delta_bar[d] for d in range(D)]
    return loss, anchor_bar, positive_bar, negative_bar


def hvp(F, anchor, positive, negative, loss_bar, anchor_dot, positive_dot, negative_dot, margin, margin_lo, eps_difference, eps_difference_lo, swap, squared, eps_sum, root_eps_sum, root_eps_sum_lo, soft):
    """Return the derived Hessian-vector product."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    pn_delta = [positive[d] - negative[d] + eps_difference for d in range(D)]
    ap_square_sum = F.sum([ap_delta[d]*ap_delta[d] for d in range(D)])
    ap_square = ap_square_sum + eps_sum
    ap_distance = F.sqrt(ap_square)
    ap_unit = [F.ratio(ap_delta[d], ap_distance, 0) for d in range(D)]
    an_square_sum = F.sum([an_delta[d]*an_delta[d] for d in range(D)])
    an_square = an_square_sum + eps_sum
    pn_square_sum = F.sum([pn_delta[d]*pn_delta[d] for d in range(D)])
    pn_square = pn_square_sum + eps_sum
    far_square = F.select(F.eq(swap, 0), an_square, F.min(an_square, pn_square))
    far_distance = F.sqrt(far_square)
    lead = F.ratio(ap_square - far_square, ap_distance + far_distance, 0) + margin
    square_lead = ap_square - far_square + margin
    excess = F.select(F.eq(squared, 0), lead, square_lead)
    left = F.exp(-F.abs(excess))
    most = 1/(1 + left)
    pull = F.select(F.ge(excess, 0), most, left*most)
    back = F.select(F.ge(excess, 0), left*most, most)
    hinge_bar = F.select(F.eq(soft, 0), loss_bar, 0)
    smooth_bar = F.select(F.eq(soft, 0), 0, loss_bar)
    excess_bar = hinge_bar*F.step(excess, 0) + pull*smooth_bar
    square_lead_bar = F.select(F.eq(squared, 0), 0, excess_bar)
    lead_bar = F.select(F.eq(squared, 0), excess_bar, 0)
    far_distance_bar = -lead_bar
    far_square_bar = far_distance_bar*F.ratio(F.rational(1, 2), far_distance, 0) - square_lead_bar
    pn_square_bar = F.select(F.eq(swap, 0), 0, far_square_bar*F.step(an_square - pn_square, F.rational(1, 2)))
    an_square_bar = F.select(F.eq(swap, 0), far_square_bar, far_square_bar*F.step(pn_square - an_square, F.rational(1, 2)))
    ap_delta_dot = [anchor_dot[d] - positive_dot[d] for d in range(D)]
    an_delta_dot = [anchor_dot[d] - negative_dot[d] for d in range(D)]
    pn_delta_dot = [positive_dot[d] - negative_dot[d] for d in range(D)]
    ap_square_sum_dot = F.sum([2*ap_delta[d]*ap_delta_dot[d] for d in range(D)])
    ap_distance_dot0 = F.sum([ap_delta_dot[d]*ap_unit[d] for d in range(D)])
    ap_unit_dot = [F.ratio(ap_delta_dot[d], ap_distance, 0) - ap_unit[d]*F.ratio(ap_distance_dot0, ap_distance, 0) for d in range(D)]
    an_square_sum_dot = F.sum([2*an_delta[d]*an_delta_dot[d] for d in range(D)])
    pn_square_sum_dot = F.sum([2*pn_delta[d]*pn_delta_dot[d] for d in range(D)])
    far_square_dot = pn_square_sum_dot*F.select(F.eq(swap, 0), 0, F.step(an_square - pn_square, F.rational(1, 2))) + an_square_sum_dot*F.select(F.eq(swap, 0), 1, F.step(pn_square - an_square, F.rational(1, 2)))
    far_distance_dot = far_square_dot*F.ratio(F.rational(1, 2), far_distance, 0)
    lead_dot = ap_distance_dot0 - far_distance_dot
    square_lead_dot = ap_square_sum_dot - far_square_dot
    excess_dot = square_lead_dot*F.select(F.eq(squared, 0), 0, 1) + lead_dot*F.select(F.eq(squared, 0), 1, 0)
    pull_dot = back*excess_dot*pull
    excess_bar_dot = pull_dot*smooth_bar
    square_lead_bar_dot = excess_bar_dot*F.select(F.eq(squared, 0), 0, 1)
    lead_bar_dot = excess_bar_dot*F.select(F.eq(squared, 0), 1, 0)
    far_distance_bar_dot = -lead_bar_dot
    far_square_bar_dot = far_distance_bar_dot*F.ratio(F.rational(1, 2), far_distance, 0) - far_distance_bar*F.ratio(F.rational(1, 2), far_distance, 0)*F.ratio(far_distance_dot, far_distance, 0) - square_lead_bar_dot
    pn_square_bar_dot = far_square_bar_dot*F.select(F.eq(swap, 0), 0, F.step(an_square - pn_square, F.rational(1, 2)))
    an_square_bar_dot = far_square_bar_dot*F.select(F.eq(swap, 0), 1, F.step(pn_square - an_square, F.rational(1, 2)))
    pn_delta_bar_dot = [2*pn_square_bar_dot*pn_delta[d] + 2*pn_square_bar*pn_delta_dot[d] for d in range(D)]
    an_delta_bar_dot = [2*an_square_bar_dot*an_delta[d] + 2*an_square_bar*an_delta_dot[d] for d in range(D)]
    ap_delta_bar_dot = [2*square_lead_bar_dot*ap_delta[d] + 2*square_lead_bar*ap_delta_dot[d] + lead_bar_dot*ap_unit[d] + lead_bar*ap_unit_dot[d] for d in range(D)]
    anchor_bar_dot = [an_delta_bar_dot[d] + ap_delta_bar_dot[d] for d in range(D)]
    positive_bar_dot = [pn_delta_bar_dot[d] - ap_delta_bar_dot[d] for d in range(D)]
    negative_bar_dot = [-an_delta_bar_dot[d] - pn_delta_bar_dot[d] for d in range(D)]
    return anchor_bar_dot, positive_bar_dot, negative_bar_dot
