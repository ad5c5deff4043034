"""The walk itself: amounts, names, and what is tried."""

import numpy as np
import pytest

from crossval.families import FAMILIES
from crossval.identification.candidates import Space, by_hand, candidate, places
from crossval.identification.naming import name
from crossval.identification.search import Search
from crossval.points.probes import AS_GIVEN
from tests.crossval.identification.conftest import BOXES

U = 2.0**-53
PROBER = FAMILIES["boxes"].prober


@pytest.fixture(scope="module")
def space():
    return Space(BOXES, PROBER, PROBER.rows("float64", "smoke", ()))


def search(space, of, factor=1.0, offset=0.0):
    return Search(space, factor * space.predict(of).value.number + offset, U)


def alike(space, *pair):
    """Whether two candidates predict the same values and have the same amounts."""
    constants = [of.definition.spec.constants for of in pair]
    one, other = ({n: v for n, v in each.items() if "eps" in n} for each in constants)
    return one == other and np.array_equal(*(space.predict(of).value.number for of in pair))


@pytest.mark.parametrize("amount", [3e-5, 7e-13, 0.25, 1 / 3, 2.0**-17])
@pytest.mark.parametrize("factor", [1.0, 2.37])
def test_an_amount_is_solved_for_under_any_factor(space, amount, factor):
    of = candidate("giou", "mmdet", {"eps": amount})
    found = search(space, of, factor).run()
    assert found
    assert found[0].candidate.definition.spec.constants == pytest.approx(
        of.definition.spec.constants, rel=1e-11
    )
    assert found[0].fit.factor == pytest.approx(factor, rel=1e-12)


def test_two_axes_that_no_preset_joins_are_found(space):
    of = candidate("ciou", "mmdet", {"alpha": "detached", "eps": 1e-5})
    (found, *_) = search(space, of, -1, 1).run()
    assert alike(space, found.candidate, of)
    assert (found.fit.factor, found.fit.offset) == (-1, 1)


def test_pairs_reach_what_no_single_axis_does(space):
    of = candidate("ciou", "detectron2", {"alpha": "gated", "placement": "ratio"})
    walk = search(space, of)
    start = walk.score(candidate("ciou", "detectron2", {}))
    walk.vary(start)
    assert not walk.exact
    walk._pairs(start)
    assert alike(space, walk.exact[0].candidate, of)


def test_a_pair_may_hold_an_amount(space):
    of = candidate("ciou", "paper", {"placement": "ratio", "eps": 1e-4})
    walk = search(space, of)
    start = walk.score(candidate("ciou", "paper", {}))
    walk.vary(start)
    assert not walk.exact
    walk._pairs(start)
    assert alike(space, walk.exact[0].candidate, of)


def test_amounts_in_single_places_are_found(space):
    of = candidate("ciou", None, {"eps": {"eps_union": 1e-6, "eps_alpha": 1e-5}})
    (found, *_) = search(space, of).run()
    assert alike(space, found.candidate, of)


def test_every_tried_candidate_is_kept_once_in_its_plainest_form(space):
    walk = search(space, candidate("giou", "mmdet", {"eps": 3e-5}))
    walk.run()
    assert len({scored.candidate.key for scored in walk.tried.values()}) == len(walk.tried)
    plain = candidate("giou", "fvcore", {})
    kept = walk.tried[plain.key].candidate
    assert kept.definition.axes == {}


def test_impossible_values_are_no_candidates():
    assert candidate("giou", None, {"eps": -1.0}) is None
    assert candidate("giou", None, {"placement": "nowhere"}) is None


def test_amounts_by_hand_are_named_as_a_placement_where_there_is_one():
    start = candidate("ciou", "paper", {})
    hand = by_hand(start, {"eps_union": 1e-7, "eps_diagonal": 1e-7, "eps_alpha": 3e-5})
    assert name(hand).title == "ciou/torchvision with eps=3e-05"
    odd = by_hand(start, {"eps_union": 1e-7})
    assert name(odd).title == "ciou/paper with eps={eps_union: 1e-07}"
    assert places(odd)["eps_union"] == 1e-7
    assert by_hand(start, dict.fromkeys(places(start), 0.0)).key == start.key


def test_the_preset_that_the_target_mentions_comes_first():
    of = candidate("giou", "fvcore", {})
    for library in ("fvcore", "torchvision", "detectron2"):
        called = name(of, f"{library}.somewhere:loss")
        assert called.title == f"giou/{library}"
        assert "giou/authors" in called.also


def test_a_reading_is_part_of_the_name_and_of_the_key():
    of = candidate("giou", "mmdet", {})
    for reading in PROBER.readings:
        assert name(of.under(reading)).title == f"giou/mmdet with inputs {reading.name}"
        assert of.under(reading).key != of.key
    assert of.under(AS_GIVEN).key == of.key


def test_settled_axes_choose_among_presets_that_rows_do_not_tell_apart():
    of = candidate("cross_entropy", "torch", {})
    assert name(of, settled={"denominator": ("items",)}).title == "cross_entropy/mmdet"
    assert (
        name(of, settled={"denominator": ("kept",), "empty": ("zero",)}).title
        == "cross_entropy/caffe"
    )
    both = name(of, settled={"denominator": ("items",), "empty": ("zero",)})
    assert len(both.changes) == 1


def test_predictions_under_a_reading_are_those_at_the_read_inputs(space):
    of, (probe,) = candidate("diou", "paper", {}), space.probes
    for reading in PROBER.readings:
        read = Space(BOXES, PROBER, [type(probe)(reading.read(probe.inputs), probe.upstream)])
        expected = read.predict(of).value.number
        assert np.array_equal(space.predict(of.under(reading)).value.number, expected)
