"""CosFace logit: value, gradient and Hessian-vector product in NumPy.

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

import numpy as np

CONSTANTS = ("limit", "most", "most_lo", "margin", "scale",)


def value(cosine, limit, most, most_lo, margin, scale):
    """Return loss, one an item."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    loss = scale*logit
    return loss


def grad(cosine, loss_bar, limit, most, most_lo, margin, scale):
    """Return loss, then its derivative by every column times loss_bar."""
    over = cosine - most - most_lo
    under = -cosine - most - most_lo
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    loss = scale*logit
    logit_bar = scale*loss_bar
    capped_bar = np.where((under > 0.0), 0.0, logit_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return loss, cosine_bar


def hvp(cosine, loss_bar, cosine_dot, limit, most, most_lo, margin, scale):
    """Return the derivative of the gradient along the `_dot` columns."""
    cosine_bar_dot = 0.0
    return cosine_bar_dot


def trace(cosine, loss_bar, limit, most, most_lo, margin, scale):
    """Return every quantity of the plain program and its adjoint, by name."""
    over = cosine - most
    under = -cosine - most
    capped = np.where((over > 0.0), most, cosine)
    kept = np.where((under > 0.0), -most, capped)  # cosine, cut
    logit = kept - margin
    loss = scale*logit
    logit_bar = scale*loss_bar
    kept_bar = logit_bar
    capped_bar = np.where((under > 0.0), 0.0, kept_bar)
    cosine_bar = np.where((over > 0.0), 0.0, capped_bar)
    return {
        "over": over,
        "under": under,
        "capped": capped,
        "kept": kept,
        "logit": logit,
        "loss": loss,
        "logit_bar": logit_bar,
        "kept_bar": kept_bar,
        "capped_bar": capped_bar,
        "cosine_bar": cosine_bar,
    }
