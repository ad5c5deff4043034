"""Properties of decision boundaries over drawn angles and margins."""

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from refloss.selection import angular_margin, boundary_range, decision_boundary
from tests.selection.boundary_cases import allowed, root

angles = st.floats(0.0, math.pi)
small = st.floats(0.0, 0.9)
OPTIONS = st.one_of(
    st.tuples(
        st.sampled_from(["sphereface", "f_norm_sphereface"]),
        st.fixed_dictionaries({"margin": st.floats(1.0, 5.0), "annealing": st.floats(0.0, 1500.0)}),
    ),
    st.tuples(st.sampled_from(["cosface", "arcface"]), st.fixed_dictionaries({"margin": small})),
    st.tuples(
        st.just("combined_margin"),
        st.fixed_dictionaries({"m1": st.floats(0.5, 3.0), "m2": small, "m3": small}),
    ),
)


@given(about=OPTIONS, theta=angles)
def test_a_boundary_is_the_root_of_its_equation(about, theta):
    name, options = about
    other, ours = root(name, theta, options), decision_boundary(theta, name, **options)
    assume(other is not None and 1e-30 < other < math.pi - 1e-6)
    assert abs(ours - other) <= allowed(name, theta, other, options)


@given(about=OPTIONS, share=st.floats(0.0, 1.0), more=st.floats(0.0, 1.0))
def test_the_angle_of_the_other_class_rises_with_the_own_and_is_no_smaller(about, share, more):
    name, options = about
    assume(options.get("m1", 1.0) >= 1.0)
    low, high = boundary_range(name, **options)
    theta = np.sort(np.array([share, more])) * high
    other = decision_boundary(theta, name, **options)
    assert low == 0.0
    assert np.diff(other)[0] >= -4 * np.spacing(math.pi)
    assert (angular_margin(theta, name, **options) >= -4 * np.spacing(math.pi)).all()


@given(about=OPTIONS, theta=angles, factor=st.floats(1.0, 1.5))
def test_a_larger_margin_asks_for_more(about, theta, factor):
    name, options = about
    harder = {k: v if k == "annealing" else v * factor for k, v in options.items()}
    before, after = (decision_boundary(theta, name, **o) for o in (options, harder))
    assume(theta <= boundary_range(name, **harder)[1])
    assume(after < 3.0)  # above, roundings of the score grow by more than 1 / sin 3 = 7
    assert after >= before - 64 * np.spacing(math.pi)


@given(
    norms=st.tuples(st.floats(0.5, 2.0), st.floats(0.5, 2.0)),
    biases=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    share=st.floats(0.05, 0.95),
)
def test_the_boundary_of_a_softmax_is_where_the_logits_are_equal(norms, biases, share):
    options = {
        "own_norm": norms[0],
        "other_norm": norms[1],
        "own_bias": biases[0],
        "other_bias": biases[1],
    }
    low, high = boundary_range("softmax", **options)
    assume(high > low)
    theta = low + share * (high - low)
    other = decision_boundary(theta, "softmax", **options)
    own_logit = norms[0] * math.cos(theta) + biases[0]
    other_logit = norms[1] * math.cos(other) + biases[1]
    assert abs(own_logit - other_logit) <= 16 * 2.0**-53 * (sum(norms) + 1.0)
