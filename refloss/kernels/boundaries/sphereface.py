"""Decision boundary, sphereface: the other angle on it, in NumPy.

Generated from the definition by `refloss derive`; do not edit.
"""

import numpy as np

HALF_TURN = 3.141592653589793  # pi, correctly rounded
CONSTANTS = ("margin", "annealing",)


def value(theta, margin, annealing):
    """Return 1 less the other angle's cosine, 1 plus it, and the angle; none if one is < 0."""
    turned = margin*theta
    fold = np.maximum(-1.0 - np.floor(-(turned/HALF_TURN)), 0.0)  # half turns that it has passed
    own_sine = np.sin(0.5*theta)  # of half the angle
    own_cosine = np.cos(0.5*theta)  # of half the angle
    rest_sine = -np.sin(0.5*HALF_TURN*fold - 0.5*turned)  # of half what is left of it
    rest_cosine = np.cos(0.5*HALF_TURN*fold - 0.5*turned)  # of half what is left of it
    psi_lack = 2.0*fold + 2.0*(rest_sine*rest_sine)  # 1 less psi
    psi_excess = np.where((fold == 0.0), 2.0*(rest_cosine*rest_cosine), 2.0 - 2.0*fold - 2.0*(rest_sine*rest_sine))  # 1 plus psi
    lack = (2.0*annealing*(own_sine*own_sine) + psi_lack)/(1.0 + annealing)  # 1 less the other cosine
    excess = (2.0*annealing*(own_cosine*own_cosine) + psi_excess)/(1.0 + annealing)  # 1 plus it
    angle = 2.0*np.arctan2(np.sqrt(np.maximum(lack, 0.0)), np.sqrt(np.maximum(excess, 0.0)))  # the other angle
    return lack, excess, angle


def last(margin, annealing):
    """Return up to which angle the score falls."""
    last = HALF_TURN  # the angle is a half turn
    return last
