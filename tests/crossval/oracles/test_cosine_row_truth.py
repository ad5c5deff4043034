"""The truth of heads over given cosines beside jets and autograd, by angles."""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import overlap
from crossval.points.cosine_rows import point_set

FAMILY = FAMILIES["cosine_rows"]
CONVENTIONS = [
    ("arcface_cosine", {"policy": policy, "scale": 8.0})
    for policy in ("raw", "cos_fallback", "easy", "mirror", "min")
]
CONVENTIONS += [
    ("arcface_cosine", {"policy": "angle_clip", "clip": 0.75, "limit": 0.875, "cuts": "all"}),
    ("arcface_cosine", {"gradient": "straight_through", "unit": "degrees", "margin": 28.6}),
    ("cosface_cosine", {"limit": 0.875, "cuts": "all"}),
    ("combined_margin_cosine", {"scale": 8.0}),
    ("combined_margin_cosine", {"guard": "mirror"}),
    ("combined_margin_cosine", {"form": "separate"}),
    ("combined_margin_cosine", {"form": "multiplied", "multiple": 1.7, "guard": "mirror"}),
    *(("sphereface_cosine", {"margin": m, "scale": 8.0}) for m in "12345"),
    ("sphereface_cosine", {"form": "bare", "annealing": 2.0}),
]
IDS = ["-".join([loss, *map(str, axes.values())]) for loss, axes in CONVENTIONS]


ATTACHED = [(loss, axes) for loss, axes in CONVENTIONS if "gradient" not in axes]


def inside(border=2.0**-20):
    """Return the pinned rows whose target's cosine is well inside of both ends."""
    columns = point_set("float64", "smoke").columns
    own = columns[np.arange(len(columns)), columns[:, -1].astype(int)]
    return columns[np.abs(own) < 1 - border]


def at_a_border(spec, columns, upstream, grad, step=2.0**-40):
    """Return where a small turn of the target's cosine makes the slope jump."""
    rows, own = np.arange(len(columns)), columns[:, -1].astype(int)
    jumps = np.zeros(len(columns), bool)
    for turn in (-step, step):
        moved = columns.copy()
        moved[rows, own] += turn
        _, other = FAMILY.oracle.kernel(spec, moved, upstream)
        jumps |= np.abs(other - grad).max(1) > 2.0**-16 * (1 + np.abs(grad).max(1))
    return jumps


@pytest.mark.parametrize(("loss", "axes"), CONVENTIONS, ids=IDS)
def test_kernel_and_autograd_agree(loss, axes):
    """To the digits that an angle has: rows at a border may be on either side of it there."""
    spec = refloss.resolve(loss, None, axes)
    columns = inside()
    upstream = np.linspace(-2, 2, len(columns))
    value, grad = FAMILY.oracle.kernel(spec, columns, upstream)
    numbers, packing = FAMILY.oracle.packed(spec, columns)
    other, slopes = witness(spec, numbers, upstream, packing=packing)
    size = 1 + np.abs(value)
    off = ~(np.abs(other - value) <= 2.0**-44 * size)
    far = np.abs(slopes - grad[:, :-1]).max(1)
    off |= ~(far <= 2.0**-24 * (1 + np.abs(grad).max(1)))
    near = at_a_border(spec, columns, upstream, grad)
    assert not (off & ~near).any()
    assert near.mean() <= 0.25
    assert not near[:40].any()  # no row of the first regimes


@pytest.mark.parametrize(("loss", "axes"), ATTACHED, ids=[i for i in IDS if "straight" not in i])
def test_the_derived_derivatives_overlap_the_jets(loss, axes):
    """Of what is differentiated: a jet knows no other derivative than the value's."""
    spec, columns = refloss.resolve(loss, None, axes), inside()[::3]
    numbers, packing = FAMILY.oracle.packed(spec, columns)
    rng = np.random.default_rng(5)
    bar, direction = rng.normal(size=len(columns)), rng.normal(size=numbers.shape)
    found = overlap(spec, numbers, bar, hvp=direction, packing=packing)
    assert found == ([], len(columns))
