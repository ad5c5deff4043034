"""Miners against loops over every labelling of small batches, published rules, symmetries."""

import doctest
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.miners import (
    BatchHardMiner,
    MultiSimilarityMiner,
    TripletMarginMiner,
)

from refloss.selection import (
    all_triplets,
    batch_hard,
    mine_triplets,
    miners,
    multi_similarity_pairs,
    pairwise_distances,
    semi_hard,
    triplet_condition,
)
from tests.selection import batches
from tests.selection.batches import POINTS, labellings, listed
from tests.selection.drawing import draws

U = 2.0**-53
SETS = pytest.mark.parametrize("points", sorted(POINTS))
MARGIN = 1.5

#: Conditions with what is taken, and instead of what; each with the margin that parts the points.
RULES = [
    ("all", {}),
    ("easy", {}),
    ("hard", {"pairs": "unordered"}),
    ("violating", {"metric": "squared"}),
    ("semi_hard", {}),
    ("semi_hard", {"take": "nearest", "fallback": "largest"}),
    ("semi_hard", {"take": "nearest", "fallback": "hardest", "margin": math.inf}),
    ("hard", {"take": "nearest", "fallback": "largest", "metric": "squared"}),
]


@SETS
@pytest.mark.parametrize("own", [False, True])
def test_batch_hard_on_every_labelling(points, own):
    positives = "with_self" if own else "others"
    for labels in labellings(5, 3):
        x = POINTS[points][: len(labels)]
        found = listed(batch_hard(x, labels, positives=positives))
        assert found == batches.batch_hard(x, labels, own)


@SETS
@pytest.mark.parametrize(("condition", "options"), RULES)
def test_mining_by_condition_on_every_labelling(points, condition, options):
    options = {"margin": MARGIN, **options}
    for labels in labellings(5, 3):
        x = POINTS[points][: len(labels)]
        found = listed(mine_triplets(x, labels, condition, **options))
        assert found == batches.mined(x, labels, condition, **options)


@SETS
def test_semi_hard_by_default_is_the_rule_of_tensorflow_addons(points):
    for labels in labellings(5, 3):
        x = POINTS[points][: len(labels)]
        assert listed(semi_hard(x, labels)) == [
            (a, p, as_tensorflow_addons(x, labels, a, p))
            for a in range(len(labels))
            for p in batches.positives(labels, a)
            if batches.negatives(labels, a)
        ]


def as_tensorflow_addons(x, labels, a, p):
    """Return the smallest distance above the positive's, else the largest there is."""
    far = {n: batches.distance(x, a, n) for n in batches.negatives(labels, a)}
    outside = [n for n in far if far[n] > batches.distance(x, a, p)]
    wanted = min(far[n] for n in outside) if outside else max(far.values())
    return min(n for n in far if far[n] == wanted)


@SETS
def test_a_random_negative_is_one_that_meets_the_condition(points):
    for seed, labels in enumerate(labellings(4, 3)):
        x = POINTS[points][: len(labels)]
        options = {"margin": MARGIN, "pairs": "unordered"}
        every = listed(mine_triplets(x, labels, "violating", **options))
        drawn = listed(mine_triplets(x, labels, "violating", take="random", rng=seed, **options))
        assert set(drawn) <= set(every)
        assert [t[:2] for t in drawn] == sorted({t[:2] for t in every})


def test_random_negatives_are_drawn_evenly_and_by_the_seed():
    x, labels = np.zeros((6, 1)), np.array([0, 0, 1, 1, 1, 1])
    random = np.random.default_rng(5)
    options = {"margin": 1.0, "take": "random", "pairs": "unordered"}
    drawn = [
        int(mine_triplets(x, labels, "hard", rng=random, **options).negative[0]) for _ in range(800)
    ]
    counts = np.bincount(drawn, minlength=6)
    assert counts[:2].tolist() == [0, 0]
    assert (np.abs(counts[2:] - 200) < 6 * math.sqrt(800 * 3 / 16)).all()  # six deviations
    once, again = (mine_triplets(x, labels, "hard", rng=9, **options) for _ in range(2))
    assert listed(once) == listed(again)


def similarities(x, labels):
    """Return cosines that are exact: rows are (3, 4)/5 and the like."""
    rows = [[Fraction(v).limit_denominator(1000) for v in row] for row in x.tolist()]
    return [[sum(p * q for p, q in zip(a, b, strict=True)) for b in rows] for a in rows]


def test_multi_similarity_on_every_labelling():
    x = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [-1.0, 0.0], [0.28, 0.96]])
    for labels in labellings(5, 3):
        cosine, expected = similarities(x[: len(labels)], labels), []
        for a in range(len(labels)):
            far, near = batches.positives(labels, a), batches.negatives(labels, a)
            if not (far and near):
                continue
            hardest, nearest = min(cosine[a][p] for p in far), max(cosine[a][n] for n in near)
            slack = Fraction(23, 200)  # no difference of two cosines
            kept = [(n, False) for n in near if cosine[a][n] > hardest - slack]
            kept += [(p, True) for p in far if cosine[a][p] < nearest + slack]
            expected += [(a, other, same) for other, same in sorted(kept)]
        found = multi_similarity_pairs(x[: len(labels)], labels, epsilon=0.115)
        assert listed(found) == expected


@pytest.mark.parametrize("seed", range(8))
def test_miners_find_what_those_of_pytorch_metric_learning_find(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(10, 4, dtype=torch.float64, generator=generator)
    labels = torch.randint(0, 3, (10,), generator=generator)
    plain = {"distance": LpDistance(normalize_embeddings=False)}
    kinds = {"all": "violating", "hard": "hard", "semihard": "semi_hard", "easy": "easy"}
    for theirs, ours in kinds.items():
        miner = TripletMarginMiner(margin=0.3, type_of_triplets=theirs, **plain)
        found = mine_triplets(x, labels, ours, margin=0.3)
        assert listed(found) == sorted(listed(miner(x, labels)))
    hardest = listed(BatchHardMiner(**plain)(x, labels))
    assert listed(batch_hard(x, labels)) == sorted(hardest)
    anchor, positive, other, negative = MultiSimilarityMiner(epsilon=0.1)(x, labels)
    expected = sorted([*listed((anchor, positive)), *listed((other, negative))])
    assert listed(multi_similarity_pairs(x, labels)[:2]) == expected


grid = st.lists(st.integers(-40, 40), min_size=16, max_size=16)
LABELS = np.array([0, 1, 0, 2, 1, 0, 2, 2])


def calls(x, labels, scale=1.0):
    """Return what every miner of distances finds."""
    margin = 6.0 * scale
    return [
        listed(batch_hard(x, labels)),
        listed(semi_hard(x, labels)),
        listed(semi_hard(x, labels, margin=margin, fallback="hardest")),
        listed(mine_triplets(x, labels, "violating", margin=margin)),
        listed(mine_triplets(x, labels, "easy", margin=margin)),
    ]


@given(grid)
@draws(40)
def test_translation_and_rotation_change_nothing(numbers):
    x = np.array(numbers, np.float64).reshape(8, 2)
    expected = calls(x, LABELS)
    assert calls(x + np.array([2.0**30, -(2.0**20)]), LABELS) == expected
    turned = x @ np.array([[3.0, -4.0], [4.0, 3.0]])  # five times a rotation, exact on integers
    assert calls(turned, LABELS, 5.0) == expected
    assert calls(x @ np.diag([1.0, -1.0])[:, ::-1], LABELS) == expected


@given(grid, st.permutations(range(8)))
@draws(40)
def test_miners_follow_a_permutation_where_nothing_ties(numbers, order):
    x = np.array(numbers, np.float64).reshape(8, 2) + np.random.default_rng(0).normal(size=(8, 2))
    x, order = x * np.pi, np.array(order)  # no two distances are the same
    for found, moved in zip(calls(x, LABELS), calls(x[order], LABELS[order]), strict=True):
        assert sorted(tuple(order[list(t)].tolist()) for t in moved) == sorted(found)


def test_the_triplets_of_a_condition_are_those_that_have_it():
    random = np.random.default_rng(6)
    x, labels = random.normal(size=(12, 3)), random.integers(0, 3, 12)
    d, every = pairwise_distances(x), all_triplets(labels)
    kinds = triplet_condition(d[every.anchor, every.positive], d[every.anchor, every.negative], 0.4)
    assert set(kinds.tolist()) == {"easy", "semi_hard", "hard"}
    for kind in ("easy", "semi_hard", "hard"):
        wanted = [t for t, k in zip(listed(every), kinds.tolist(), strict=True) if k == kind]
        assert listed(mine_triplets(x, labels, kind, margin=0.4)) == wanted


@pytest.mark.parametrize("method", ["difference", "expanded"])
def test_a_budget_changes_nothing(method):
    random = np.random.default_rng(7)
    x, labels = random.integers(-9, 9, size=(60, 4)).astype(np.float64), random.integers(0, 9, 60)
    for function in (batch_hard, semi_hard):
        whole = function(x, labels, method=method)
        assert listed(function(x, labels, method=method, memory=1)) == listed(whole)


def test_points_that_coincide_and_distances_that_overflow():
    labels = np.array([0, 0, 1, 1])
    assert listed(batch_hard(np.zeros((4, 2)), labels)) == [
        (0, 1, 2),
        (1, 0, 2),
        (2, 3, 0),
        (3, 2, 0),
    ]
    far = np.array([[1e300], [-1e300], [1e299], [-1e299]])
    found = batch_hard(far, labels, metric="squared")  # every distance is infinite
    assert listed(found) == [(0, 1, 2), (1, 0, 2), (2, 3, 0), (3, 2, 0)]


def test_the_expansion_picks_another_negative_where_it_has_lost_its_digits():
    x = np.array([[1000.0, 0.0], [1000.0, 2e-5], [1000.0, 1.2e-5], [1000.0, 0.5e-5]])
    labels = np.array([0, 0, 1, 1])
    assert batch_hard(x, labels).negative.tolist() == [3, 2, 1, 0]
    assert batch_hard(x, labels, method="expanded").negative.tolist() != [3, 2, 1, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tensors_give_tensors_and_stay(dtype):
    x = torch.tensor([[0.0], [1.0], [3.0], [4.0]], dtype=dtype, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1])
    found = batch_hard(x, labels)
    assert all(isinstance(part, torch.Tensor) and part.dtype == torch.int64 for part in found)
    assert listed(found) == [(0, 1, 2), (1, 0, 2), (2, 3, 1), (3, 2, 1)]
    assert x.detach().tolist() == [[0.0], [1.0], [3.0], [4.0]]


def test_inputs_are_not_written_to():
    x, labels = np.random.default_rng(8).normal(size=(6, 2)), np.array([0, 1, 0, 1, 2, 2])
    x.flags.writeable = labels.flags.writeable = False
    batch_hard(x, labels)
    semi_hard(x, labels)
    multi_similarity_pairs(x, labels)


X, L = np.arange(6.0).reshape(3, 2), np.array([0, 0, 1])


@pytest.mark.parametrize("function", [batch_hard, semi_hard, multi_similarity_pairs])
@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "x: expected one of float16.*got int64", (X.astype(int), L)),
        (ValueError, r"x: expected shape \(N, D\), got \(6,\)", (X.ravel(), L)),
        (
            ValueError,
            "x: expected finite numbers, got nan in row 1",
            (X * [[1.0], [np.nan], [1.0]], L),
        ),
        (TypeError, "labels: expected integers, got float64", (X, L.astype(float))),
        (ValueError, "labels: expected 3 as rows of x, got 2", (X, L[:2])),
    ],
)
def test_errors_name_the_argument(function, error, message, arguments):
    with pytest.raises(error, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("error", "message", "options"),
    [
        (ValueError, "condition: .*did you mean 'semi_hard'", {"condition": "semihard"}),
        (ValueError, "margin: expected a number >= 0, got -1", {"margin": -1}),
        (ValueError, "margin: expected a number >= 0, got nan", {"margin": math.nan}),
        (
            ValueError,
            "take: expected one of 'all', 'nearest', 'random'; got 'one'",
            {"take": "one"},
        ),
        (ValueError, "fallback: expected one of .*got 'easiest'", {"fallback": "easiest"}),
        (ValueError, "pairs: expected one of .*got 'half'", {"pairs": "half"}),
        (
            TypeError,
            "rng: expected a numpy.random.Generator or a seed, got None",
            {"take": "random"},
        ),
        (ValueError, "rng: expected an int >= 0, got -1", {"take": "random", "rng": -1}),
        (ValueError, "metric: expected one of .*got 'l2'", {"metric": "l2"}),
    ],
)
def test_errors_name_the_option(error, message, options):
    with pytest.raises(error, match=message):
        mine_triplets(X, L, **{"condition": "hard", "margin": 0.5, **options})


def test_unknown_positives_are_named():
    with pytest.raises(ValueError, match="positives: expected one of 'others', 'with_self'"):
        batch_hard(X, L, positives="all")
    with pytest.raises(ValueError, match="epsilon: expected a finite number, got inf"):
        multi_similarity_pairs(X, L, epsilon=math.inf)


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(miners)
    assert tried
    assert not failed
