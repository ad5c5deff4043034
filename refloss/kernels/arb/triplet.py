"""Triplet loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = f(d_ap - d_an + margin),  d_ap = |anchor - positive + eps|^k,  d_an = |anchor - negative + eps|^k
    f(x) = max(x, 0), or log(1 + exp(x));  k = 2, or 1

Subgradients
    0 by a distance where two vectors coincide, and where the margin is just kept.

Constants
    margin: by how much the negative is to be farther away (default 0.2)
    margin_lo: what margin lacks (default 0.0)
    squared: 1: distances are squared (default 1.0)
    soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)
    eps_difference: added to every difference (default 0.0)
    eps_difference_lo: what eps_difference lacks (default 0.0)

Source
    Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
    Leibe: In defense of the triplet loss, arXiv 1703.07737.
"""


def value(F, anchor, positive, negative, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return the loss of the plain program."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    ap_square = F.sum([ap_delta[d]*ap_delta[d] for d in range(D)])
    ap_distance = F.sqrt(ap_square)
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    an_square = F.sum([an_delta[d]*an_delta[d] for d in range(D)])
    an_distance = F.sqrt(an_square)
    lead = ap_distance - an_distance + margin
    square_lead = ap_square - an_square + margin
    excess = F.select(F.eq(squared, 0), lead, square_lead)
    left = F.exp(-F.abs(excess))
    smooth = F.relu(excess) + F.log1p(left)
    hinge = F.relu(excess)
    loss = F.select(F.eq(soft, 0), hinge, smooth)
    return loss


def grad(F, anchor, positive, negative, loss_bar, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return the loss and the derived gradient."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    ap_square = F.sum([ap_delta[d]*ap_delta[d] for d in range(D)])
    ap_distance = F.sqrt(ap_square)
    ap_unit = [F.ratio(ap_delta[d], ap_distance, 0) for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    an_square = F.sum([an_delta[d]*an_delta[d] for d in range(D)])
    an_distance = F.sqrt(an_square)
    an_unit = [F.ratio(an_delta[d], an_distance, 0) for d in range(D)]
    lead = ap_distance - an_distance + margin
    square_lead = ap_square - an_square + margin
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
    an_distance_bar = -lead_bar
    an_square_bar = -square_lead_bar
    an_delta_bar = [2*an_square_bar*an_delta[d] + an_distance_bar*an_unit[d] for d in range(D)]
    ap_delta_bar = [2*square_lead_bar*ap_delta[d] + lead_bar*ap_unit[d] for d in range(D)]
    anchor_bar = [an_delta_bar[d] + ap_delta_bar[d] for d in range(D)]
    positive_bar = [-ap_delta_bar[d] for d in range(D)]
    negative_bar = [-an_delta_bar[d] for d in range(D)]
    return loss, anchor_bar, positive_bar, negative_bar


def hvp(F, anchor, positive, negative, loss_bar, anchor_dot, positive_dot, negative_dot, margin, margin_lo, squared, soft, eps_difference, eps_difference_lo):
    """Return the derived Hessian-vector product."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    ap_square = F.sum([ap_delta[d]*ap_delta[d] for d in range(D)])
    ap_distance = F.sqrt(ap_square)
    ap_unit = [F.ratio(ap_delta[d], ap_distance, 0) for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    an_square = F.sum([an_delta[d]*an_delta[d] for d in range(D)])
    an_distance = F.sqrt(an_square)
    an_unit = [F.ratio(an_delta[d], an_distance, 0) for d in range(D)]
    lead = ap_distance - an_distance + margin
    square_lead = ap_square - an_square + margin
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
    an_distance_bar = -lead_bar
    an_square_bar = -square_lead_bar
    ap_delta_dot = [anchor_dot[d] - positive_dot[d] for d in range(D)]
    ap_square_dot = F.sum([2*ap_delta[d]*ap_delta_dot[d] for d in range(D)])
    ap_distance_dot0 = F.sum([ap_delta_dot[d]*ap_unit[d] for d in range(D)])
    ap_unit_dot = [F.ratio(ap_delta_dot[d], ap_distance, 0) - ap_unit[d]*F.ratio(ap_distance_dot0, ap_distance, 0) for d in range(D)]
    an_delta_dot = [anchor_dot[d] - negative_dot[d] for d in range(D)]
    an_square_dot = F.sum([2*an_delta[d]*an_delta_dot[d] for d in range(D)])
    an_distance_dot0 = F.sum([an_delta_dot[d]*an_unit[d] for d in range(D)])
    an_unit_dot = [F.ratio(an_delta_dot[d], an_distance, 0) - an_unit[d]*F.ratio(an_distance_dot0, an_distance, 0) for d in range(D)]
    lead_dot = ap_distance_dot0 - an_distance_dot0
    square_lead_dot = ap_square_dot - an_square_dot
    excess_dot = square_lead_dot*F.select(F.eq(squared, 0), 0, 1) + lead_dot*F.select(F.eq(squared, 0), 1, 0)
    pull_dot = back*excess_dot*pull
    excess_bar_dot = pull_dot*smooth_bar
    square_lead_bar_dot = excess_bar_dot*F.select(F.eq(squared, 0), 0, 1)
    lead_bar_dot = excess_bar_dot*F.select(F.eq(squared, 0), 1, 0)
    an_distance_bar_dot = -lead_bar_dot
    an_square_bar_dot = -square_lead_bar_dot
    an_delta_bar_dot = [2*an_square_bar_dot*an_delta[d] + 2*an_square_bar*an_delta_dot[d] + an_distance_bar*an_unit_dot[d] + an_distance_bar_dot*an_unit[d] for d in range(D)]
    ap_delta_bar_dot = [2*square_lead_bar_dot*ap_delta[d] + 2*square_lead_bar*ap_delta_dot[d] + lead_bar_dot*ap_unit[d] + lead_bar*ap_unit_dot[d] for d in range(D)]
    anchor_bar_dot = [an_delta_bar_dot[d] + ap_delta_bar_dot[d] for d in range(D)]
    positive_bar_dot = [-ap_delta_bar_dot[d] for d in range(D)]
    negative_bar_dot = [-an_delta_bar_dot[d] for d in range(D)]
    return anchor_bar_dot, positive_bar_dot, negative_bar_dot
