"""CosFace logit: the stable and the plain gradient over an arithmetic F.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = scale (c - margin)

Subgradients
    none: a straight line; a cosine at its limit has the slope of one inside.

Constants
    limit: the largest size of a cosine (default 2.0)
    most: limit, rounded (default 2.0)
    most_lo: what most lacks (default 0.0)
    margin: what is subtracted from the cosine (default 0.35)
    scale: what the logit is multiplied by (default 1.0)

Source
    Wang et al., CosFace, CVPR 2018, arXiv 1801.09414; AM-Softmax, arXiv 1801.05599.
"""


def value(F, cosine, limit, most, most_lo, margin, scale):
    """Return the loss of the stable program."""
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    logit = kept - margin
    loss = scale*logit
    return loss


def grad(F, cosine, loss_bar, limit, most, most_lo, margin, scale):
    """Return the loss and the stable gradient."""
    most = limit  # exactly
    most_lo = F.rational(0, 1)
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    logit = kept - margin
    loss = scale*logit
    logit_bar = scale*loss_bar
    capped_bar = F.select(F.gt(under, 0), 0, logit_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar


def plain_grad(F, cosine, loss_bar, limit, most, most_lo, margin, scale):
    """Return loss and gradient, plain form."""
    most = limit  # exactly
    over = cosine - most
    under = -cosine - most
    capped = F.select(F.gt(over, 0), most, cosine)
    kept = F.select(F.gt(under, 0), -most, capped)
    logit = kept - margin
    loss = scale*logit
    logit_bar = scale*loss_bar
    capped_bar = F.select(F.gt(under, 0), 0, logit_bar)
    cosine_bar = F.select(F.gt(over, 0), 0, capped_bar)
    return loss, cosine_bar
