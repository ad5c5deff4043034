"""Center loss: value, gradient and Hessian-vector product in NumPy.

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

import numpy as np

CONSTANTS = ("factor", "clip", "least", "most", "masked", "others",)


def value(x, own, factor, clip, least, most, masked, others):
    """Return loss, one an item."""
    delta = x - own  # differences
    part = factor*delta
    cost = np.sum(delta*part, axis=1)  # squared distance
    held = np.where((clip == 0.0), cost, np.minimum(factor*most, np.maximum(factor*least, cost)))  # clipped where that is the convention
    loss = held + factor*least*masked*others
    return loss


def grad(x, own, loss_bar, factor, clip, least, most, masked, others):
    """Return loss, then its derivative by every column times loss_bar."""
    delta = x - own  # differences
    part = factor*delta
    cost = np.sum(delta*part, axis=1)  # squared distance
    held = np.where((clip == 0.0), cost, np.minimum(factor*most, np.maximum(factor*least, cost)))  # clipped where that is the convention
    loss = held + factor*least*masked*others
    cost_bar = np.where((clip == 0.0), loss_bar, loss_bar*np.heaviside(-np.maximum(factor*least, cost) + factor*most, 0.5)*np.heaviside(cost - factor*least, 0.5))
    delta_bar = 2.0*cost_bar[:, None]*part
    x_bar = delta_bar
    own_bar = -delta_bar
    return loss, x_bar, own_bar


def hvp(x, own, loss_bar, x_dot, own_dot, factor, clip, least, most, masked, others):
    """Return the derivative of the gradient along the `_dot` columns."""
    delta = x - own  # differences
    part = factor*delta
    cost = np.sum(delta*part, axis=1)  # squared distance
    cost_bar = np.where((clip == 0.0), loss_bar, loss_bar*np.heaviside(-np.maximum(factor*least, cost) + factor*most, 0.5)*np.heaviside(cost - factor*least, 0.5))
    delta_dot = x_dot - own_dot
    part_dot = factor*delta_dot
    delta_bar_dot = 2.0*cost_bar[:, None]*part_dot
    x_bar_dot = delta_bar_dot
    own_bar_dot = -delta_bar_dot
    return x_bar_dot, own_bar_dot


def trace(x, own, loss_bar, factor, clip, least, most, masked, others):
    """Return every quantity of the plain program and its adjoint, by name."""
    delta = x - own  # differences
    cost = np.sum(factor*(delta*delta), axis=1)  # squared distance
    held = np.where((clip == 0.0), cost, np.minimum(factor*most, np.maximum(factor*least, cost)))  # clipped where that is the convention
    loss = held + factor*least*masked*others
    held_bar = loss_bar
    cost_bar = np.where((clip == 0.0), held_bar, held_bar*np.heaviside(-np.maximum(factor*least, cost) + factor*most, 0.5)*np.heaviside(cost - factor*least, 0.5))
    delta_bar = 2.0*factor*cost_bar[:, None]*delta
    x_bar = delta_bar
    own_bar = -delta_bar
    return {
        "delta": delta,
        "cost": cost,
        "held": held,
        "loss": loss,
        "held_bar": held_bar,
        "cost_bar": cost_bar,
        "delta_bar": delta_bar,
        "x_bar": x_bar,
        "own_bar": own_bar,
    }
