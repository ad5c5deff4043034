"""Decision boundary, combined: the other angle on it, in NumPy.

Generated from the definition by `refloss derive`; do not edit.
"""

import numpy as np

HALF_TURN = 3.141592653589793  # pi, correctly rounded
CONSTANTS = ("m1", "m2", "m3",)


def value(theta, m1, m2, m3):
    """Return 1 less the other angle's cosine, 1 plus it, and the angle; none if one is < 0."""
    moved_sine = np.sin(0.5*m1*theta + 0.5*m2)  # of half the moved angle
    moved_cosine = np.cos(0.5*m1*theta + 0.5*m2)  # of half the moved angle
    lack = 2.0*(moved_sine*moved_sine) + m3  # 1 less the other cosine
    excess = 2.0*(moved_cosine*moved_cosine) - m3  # 1 plus it
    angle = 2.0*np.arctan2(np.sqrt(np.maximum(lack, 0.0)), np.sqrt(np.maximum(excess, 0.0)))  # the other angle
    return lack, excess, angle


def last(m1, m2, m3):
    """Return up to which angle the score falls."""
    last = np.minimum(HALF_TURN, (HALF_TURN - m2)/m1)  # or the moved angle
    return last
