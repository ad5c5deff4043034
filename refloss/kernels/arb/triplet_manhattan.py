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
    soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)

Source
    Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
    Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa,
    Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016.
"""


def value(F, anchor, positive, negative, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return the loss of the plain program."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    pn_delta = [positive[d] - negative[d] + eps_difference for d in range(D)]
    ap_distance = F.sum([F.abs(ap_delta[d]) for d in range(D)])
    an_distance = F.sum([F.abs(an_delta[d]) for d in range(D)])
    pn_distance = F.sum([F.abs(pn_delta[d]) for d in range(D)])
    far_distance = F.select(F.eq(swap, 0), an_distance, F.min(an_distance, pn_distance))
    excess = ap_distance - far_distance + margin
    left = F.exp(-F.abs(excess))
    smooth = F.relu(excess) + F.log1p(left)
    hinge = F.relu(excess)
    loss = F.select(F.eq(soft, 0), hinge, smooth)
    return loss


def grad(F, anchor, positive, negative, loss_bar, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return the loss and the derived gradient."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    pn_delta = [positive[d] - negative[d] + eps_difference for d in range(D)]
    ap_side = [2*F.step(ap_delta[d], F.rational(1, 2)) - 1 for d in range(D)]
    ap_distance = F.sum([F.abs(ap_delta[d]) for d in range(D)])
    an_side = [2*F.step(an_delta[d], F.rational(1, 2)) - 1 for d in range(D)]
    an_distance = F.sum([F.abs(an_delta[d]) for d in range(D)])
    pn_side = [2*F.step(pn_delta[d], F.rational(1, 2)) - 1 for d in range(D)]
    pn_distance = F.sum([F.abs(pn_delta[d]) for d in range(D)])
    far_distance = F.select(F.eq(swap, 0), an_distance, F.min(an_distance, pn_distance))
    excess = ap_distance - far_distance + margin
    left = F.exp(-F.abs(excess))
    smooth = F.relu(excess) + F.log1p(left)
    most = 1/(1 + left)
    pull = F.select(F.ge(excess, 0), most, left*most)
    hinge = F.relu(excess)
    loss = F.select(F.eq(soft, 0), hinge, smooth)
    hinge_bar = F.select(F.eq(soft, 0), loss_bar, 0)
    smooth_bar = F.select(F.eq(soft, 0), 0, loss_bar)
    excess_bar = hinge_bar*F.step(excess, 0) + pull*smooth_bar
    far_distance_bar = -excess_bar
    pn_distance_bar = F.select(F.eq(swap, 0), 0, far_distance_bar*F.step(an_distance - pn_distance, F.rational(1, 2)))
    an_distance_bar = F.select(F.eq(swap, 0), far_distance_bar, far_distance_bar*F.step(pn_distance - an_distance, F.rational(1, 2)))
    pn_delta_bar = [pn_distance_bar*pn_side[d] for d in range(D)]
    an_delta_bar = [an_distance_bar*an_side[d] for d in range(D)]
    ap_delta_bar = [excess_bar*ap_side[d] for d in range(D)]
    anchor_bar = [an_delta_bar[d] + ap_delta_bar[d] for d in range(D)]
    positive_bar = [pn_delta_bar[d] - ap_delta_bar[d] for d in range(D)]
    negative_bar = [-an_delta_bar[d] - pn_delta_bar[d] for d in range(D)]
    return loss, anchor_bar, positive_bar, negative_bar


def hvp(F, anchor, positive, negative, loss_bar, anchor_dot, positive_dot, negative_dot, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return the derived Hessian-vector product."""
    D = len(anchor)
    ap_delta = [anchor[d] - positive[d] + eps_difference for d in range(D)]
    an_delta = [anchor[d] - negative[d] + eps_difference for d in range(D)]
    pn_delta = [positive[d] - negative[d] + eps_difference for d in range(D)]
    ap_side = [2*F.step(ap_delta[d], F.rational(1, 2)) - 1 for d in range(D)]
    ap_distance = F.sum([F.abs(ap_delta[d]) for d in range(D)])
    an_side = [2*F.step(an_delta[d], F.rational(1, 2)) - 1 for d in range(D)]
    an_distance = F.sum([F.abs(an_delta[d]) for d in range(D)])
    pn_side = [2*F.step(pn_delta[d], F.rational(1, 2)) - 1 for d in range(D)]
    pn_distance = F.sum([F.abs(pn_delta[d]) for d in range(D)])
    far_distance = F.select(F.eq(swap, 0), an_distance, F.min(an_distance, pn_distance))
    excess = ap_distance - far_distance + margin
    left = F.exp(-F.abs(excess))
    most = 1/(1 + left)
    pull = F.select(F.ge(excess, 0), most, left*most)
    back = F.select(F.ge(excess, 0), left*most, most)
    smooth_bar = F.select(F.eq(soft, 0), 0, loss_bar)
    ap_delta_dot = [anchor_dot[d] - positive_dot[d] for d in range(D)]
    an_delta_dot = [anchor_dot[d] - negative_dot[d] for d in range(D)]
    pn_delta_dot = [positive_dot[d] - negative_dot[d] for d in range(D)]
    ap_distance_dot = F.sum([ap_delta_dot[d]*ap_side[d] for d in range(D)])
    an_distance_dot = F.sum([an_delta_dot[d]*an_side[d] for d in range(D)])
    pn_distance_dot = F.sum([pn_delta_dot[d]*pn_side[d] for d in range(D)])
    far_distance_dot = pn_distance_dot*F.select(F.eq(swap, 0), 0, F.step(an_distance - pn_distance, F.rational(1, 2))) + an_distance_dot*F.select(F.eq(swap, 0), 1, F.step(pn_distance - an_distance, F.rational(1, 2)))
    excess_dot = ap_distance_dot - far_distance_dot
    pull_dot = back*excess_dot*pull
    excess_bar_dot = pull_dot*smooth_bar
    far_distance_bar_dot = -excess_bar_dot
    pn_distance_bar_dot = far_distance_bar_dot*F.select(F.eq(swap, 0), 0, F.step(an_distance - pn_distance, F.rational(1, 2)))
    an_distance_bar_dot = far_distance_bar_dot*F.select(F.eq(swap, 0), 1, F.step(pn_distance - an_distance, F.rational(1, 2)))
    pn_delta_bar_dot = [pn_distance_bar_dot*pn_side[d] for d in range(D)]
    an_delta_bar_dot = [an_distance_bar_dot*an_side[d] for d in range(D)]
    ap_delta_bar_dot = [excess_bar_dot*ap_side[d] for d in range(D)]
    anchor_bar_dot = [an_delta_bar_dot[d] + ap_delta_bar_dot[d] for d in range(D)]
    positive_bar_dot = [pn_delta_bar_dot[d] - ap_delta_bar_dot[d] for d in range(D)]
    negative_bar_dot = [-an_delta_bar_dot[d] - pn_delta_bar_dot[d] for d in range(D)]
    return anchor_bar_dot, positive_bar_dot, negative_bar_dot
