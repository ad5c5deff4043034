"""Center loss: the plain definition over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = factor |x - c|^2,  c the centre of the vector's class: centers[target]
    clip own: factor min(max(|x - c|^2, 1e-12), 1e12);  masked: and (C - 1) factor 1e-12 more

Subgradients
    None without a clip: x = c has loss 0 and gradient 0. Half of the slope at the ends of a
    clip, and 0 beyond them.

Constants
    factor: factor of the squared distance (default 0.5)
    clip: 1: squared distances are clipped (default 0.0)
    least: least squared distance, if clipped (default 1e-12)
    most: largest squared distance, if clipped (default 1000000000000.0)
    masked: 1: distances to other classes, which are 0, are clipped too (default 0.0)
    others: how many other classes there are; a call knows it (default 0.0)

Source
    Wen, Zhang, Li, Qiao: A discriminative feature learning approach for deep face
    recognition, ECCV 2016.
"""


def value(F, x, own, factor, clip, least, most, masked, others):
    """Return the loss of the plain program."""
    D = len(x)
    delta = [x[d] - own[d] for d in range(D)]
    cost = F.sum([factor*(delta[d]*delta[d]) for d in range(D)])
    held = F.select(F.eq(clip, 0), cost, F.min(factor*most, F.max(factor*least, cost)))
    loss = held + factor*least*masked*others
    return loss


def grad(F, x, own, loss_bar, factor, clip, least, most, masked, others):
    """Return the loss and the derived gradient."""
    D = len(x)
    delta = [x[d] - own[d] for d in range(D)]
    cost = F.sum([factor*(delta[d]*delta[d]) for d in range(D)])
    held = F.select(F.eq(clip, 0), cost, F.min(factor*most, F.max(factor*least, cost)))
    loss = held + factor*least*masked*others
    cost_bar = F.select(F.eq(clip, 0), loss_bar, loss_bar*F.step(-F.max(factor*least, cost) + factor*most, F.rational(1, 2))*F.step(cost - factor*least, F.rational(1, 2)))
    delta_bar = [2*factor*cost_bar*delta[d] for d in range(D)]
    x_bar = [delta_bar[d] for d in range(D)]
    own_bar = [-delta_bar[d] for d in range(D)]
    return loss, x_bar, own_bar


def hvp(F, x, own, loss_bar, x_dot, own_dot, factor, clip, least, most, masked, others):
    """Return the derived Hessian-vector product."""
    D = len(x)
    delta = [x[d] - own[d] for d in range(D)]
    cost = F.sum([factor*(delta[d]*delta[d]) for d in range(D)])
    cost_bar = F.select(F.eq(clip, 0), loss_bar, loss_bar*F.step(-F.max(factor*least, cost) + factor*most, F.rational(1, 2))*F.step(cost - factor*least, F.rational(1, 2)))
    delta_dot = [x_dot[d] - own_dot[d] for d in range(D)]
    delta_bar_dot = [2*factor*cost_bar*delta_dot[d] for d in range(D)]
    x_bar_dot = [delta_bar_dot[d] for d in range(D)]
    own_bar_dot = [-delta_bar_dot[d] for d in range(D)]
    return x_bar_dot, own_bar_dot
