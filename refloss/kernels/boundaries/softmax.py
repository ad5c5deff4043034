"""Decision boundary, softmax: the other angle on it, in NumPy.

Generated from the definition by `refloss derive`; do not edit.
"""

import numpy as np

HALF_TURN = 3.141592653589793  # pi, correctly rounded
CONSTANTS = ("own_norm", "other_norm", "own_bias", "other_bias", "feature_norm",)


def value(theta, own_norm, other_norm, own_bias, other_bias, feature_norm):
    """Return 1 less the other angle's cosine, 1 plus it, and the angle; none if one is < 0."""
    longer = other_norm - own_norm  # by how much the other weight is
    lead = (own_bias - other_bias)/feature_norm  # what the biases add to a projection
    own_sine = np.sin(0.5*theta)  # of half the angle
    own_cosine = np.cos(0.5*theta)  # of half the angle
    lack = (2.0*own_norm*(own_sine*own_sine) + longer - lead)/other_norm  # 1 less the other cosine
    excess = (2.0*own_norm*(own_cosine*own_cosine) + lead + longer)/other_norm  # 1 plus it
    angle = 2.0*np.arctan2(np.sqrt(np.maximum(lack, 0.0)), np.sqrt(np.maximum(excess, 0.0)))  # the other angle
    return lack, excess, angle


def last(own_norm, other_norm, own_bias, other_bias, feature_norm):
    """Return up to which angle the score falls."""
    last = HALF_TURN  # the angle is a half turn
    return last
