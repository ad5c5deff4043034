"""P×K sampling: what batches and epochs hold, every way with small classes, seeds and chances."""

import doctest
import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from refloss.selection import SHORT, pk_batch, pk_epoch, sampling
from tests.selection.drawing import draws

label_lists = st.lists(st.integers(-2, 4), min_size=1, max_size=30)


def groups_of(labels, drawn):
    """Return the members drawn of every class, in order."""
    found = {}
    for item in np.asarray(drawn).tolist():
        found.setdefault(int(labels[item]), []).append(item)
    return found


@given(
    label_lists,
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(0, 99),
    st.sampled_from(sorted(SHORT)),
)
@draws(80)
def test_a_batch_has_p_classes_with_what_each_can_give(labels, p, k, seed, short):
    labels = np.array(labels)
    sizes = Counter(labels.tolist())
    able = [c for c, size in sizes.items() if short != "drop" or size >= k]
    if len(able) < p:
        with pytest.raises(ValueError, match=f"p: expected at most {len(able)}, .*got {p}"):
            pk_batch(labels, p, k, seed, short=short)
        return
    drawn = pk_batch(labels, p, k, seed, short=short)
    assert drawn.dtype == np.int64
    found = groups_of(labels, drawn)
    assert len(found) == p
    assert set(found) <= set(able)
    assert drawn.tolist() == [item for members in found.values() for item in members]  # grouped
    for label, members in found.items():
        counts = Counter(members)
        assert len(members) == (min(k, sizes[label]) if short == "fewer" else k)
        if sizes[label] >= k or short == "fewer":
            assert max(counts.values()) == 1
        if sizes[label] < k and short == "repeat":
            assert max(counts.values()) <= -(-k // sizes[label])
    assert pk_batch(labels, p, k, seed, short=short).tolist() == drawn.tolist()


@given(
    label_lists,
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(0, 99),
    st.sampled_from(sorted(SHORT)),
)
@draws(80)
def test_an_epoch_uses_items_once_where_there_are_enough(labels, p, k, seed, short):
    labels = np.array(labels)
    sizes = Counter(labels.tolist())
    batches = pk_epoch(labels, p, k, seed, short=short)
    used, taken = Counter(), Counter()
    for batch in batches:
        found = groups_of(labels, batch)
        assert len(found) == p
        used.update(batch.tolist())
        taken.update(found.keys())
    assert all(used[i] <= 1 for i in range(len(labels)) if sizes[labels[i]] >= k)
    groups = {c: size // k if size >= k else int(short != "drop") for c, size in sizes.items()}
    assert all(taken[c] <= groups[c] for c in groups)
    assert sum(groups[c] > taken[c] for c in groups) < p  # it ends when fewer than P have any left


def test_replacement_gives_other_batches_than_repetition():
    labels, random = np.zeros(3, int), np.random.default_rng(0)
    counts = {
        short: {
            tuple(sorted(pk_batch(labels, 1, 5, random, short=short).tolist())) for _ in range(200)
        }
        for short in ("replace", "repeat")
    }
    assert all(max(Counter(drawn).values()) == 2 for drawn in counts["repeat"])
    assert any(max(Counter(drawn).values()) > 2 for drawn in counts["replace"])


def test_repetition_takes_the_first_of_a_shuffled_whole():
    random = np.random.default_rng(1)
    drawn = Counter(
        tuple(sorted(pk_batch(np.zeros(2, int), 1, 3, random, short="repeat"))) for _ in range(600)
    )
    assert set(drawn) == {(0, 0, 1), (0, 1, 1)}
    assert abs(drawn[0, 0, 1] - 300) < 6 * math.sqrt(600) / 2  # six deviations


def test_classes_and_items_are_drawn_evenly():
    labels, random = np.repeat(np.arange(4), 5), np.random.default_rng(2)
    drawn = np.concatenate([pk_batch(labels, 2, 2, random) for _ in range(1000)])
    counts = np.bincount(drawn, minlength=20)
    assert (np.abs(counts - 200) < 6 * math.sqrt(1000 * 0.2 * 0.8)).all()  # six deviations


def test_a_generator_goes_on_and_a_seed_starts_anew():
    labels = np.repeat(np.arange(8), 8)
    random = np.random.default_rng(3)
    first, second = pk_batch(labels, 4, 4, random), pk_batch(labels, 4, 4, random)
    assert first.tolist() != second.tolist()
    assert pk_batch(labels, 4, 4, 3).tolist() == first.tolist()
    assert [b.tolist() for b in pk_epoch(labels, 4, 4, 3)] == [
        b.tolist() for b in pk_epoch(labels, 4, 4, 3)
    ]


def test_tensors_give_tensors_and_labels_stay():
    labels = np.array([3, 3, 1, 1], np.uint8)
    labels.flags.writeable = False
    assert (
        pk_batch(labels, 2, 2, 0).tolist() == pk_batch(torch.tensor([3, 3, 1, 1]), 2, 2, 0).tolist()
    )
    assert isinstance(pk_batch(torch.tensor([3, 3, 1, 1]), 1, 2, 0), torch.Tensor)
    assert isinstance(pk_epoch(torch.tensor([3, 3, 1, 1]), 1, 2, 0)[0], torch.Tensor)


def test_no_items_and_too_few_classes_make_no_epoch():
    assert pk_epoch(np.zeros(0, int), 1, 2, 0) == []
    assert pk_epoch(np.zeros(9, int), 2, 2, 0) == []
    with pytest.raises(ValueError, match="p: expected at most 0, the number of classes; got 1"):
        pk_batch(np.zeros(0, int), 1, 1, 0)


L = np.array([0, 0, 0, 1, 1, 2])


@pytest.mark.parametrize("function", [pk_batch, pk_epoch])
@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "labels: expected integers, got float64", (L / 2, 2, 2, 0), {}),
        (ValueError, "p: expected an int >= 1, got 0", (L, 0, 2, 0), {}),
        (TypeError, "k: expected an int, got 2.0", (L, 2, 2.0, 0), {}),
        (ValueError, "k: expected an int >= 1, got -1", (L, 2, -1, 0), {}),
        (
            TypeError,
            "rng: expected a numpy.random.Generator or a seed, got None",
            (L, 2, 2, None),
            {},
        ),
        (ValueError, "short: expected one of .*got 'pad'", (L, 2, 2, 0), {"short": "pad"}),
    ],
)
def test_errors_name_the_argument(function, error, message, arguments, options):
    with pytest.raises(error, match=message):
        function(*arguments, **options)


def test_too_few_classes_of_enough_items_are_counted():
    with pytest.raises(
        ValueError, match="p: expected at most 2, the number of classes of at least 2 items"
    ):
        pk_batch(L, 3, 2, 0, short="drop")


def test_every_way_has_a_source_and_nothing_writes_to_them():
    assert set(SHORT) == set(sampling._FILL)
    assert all(": " in source for source in SHORT.values())
    with pytest.raises(TypeError):
        SHORT["pad"] = ""


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(sampling)
    assert tried
    assert not failed
