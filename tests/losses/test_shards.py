"""Heads over shards of the classes: what the shards compute together is what one computes alone."""

import itertools
import threading

import numpy as np
import pytest

import refloss
from refloss.run.kernels import library

HEADS = [n for n, e in library().index["losses"].items() if e["family"] == "heads"]
rng = np.random.default_rng(5)
B, C, D = 5, 9, 4
X, W, Y = rng.normal(size=(B, D)), rng.normal(size=(C, D)), np.array([0, 8, -100, 4, 4])
UP = rng.normal(size=B)
CUTS = {
    "one": (0, 9),
    "two": (0, 4, 9),
    "uneven": (0, 1, 2, 9),
    "a shard without targets": (0, 5, 8, 9),
}


class Meeting:
    """Shards that are threads: each waits until all have said their numbers."""

    def __init__(self, count):
        self.said, self.count = {}, count
        self.barrier = threading.Barrier(count)

    def gather(self, rank, rows):
        self.said[rank] = rows
        self.barrier.wait(30)
        all_rows = np.stack([self.said[k] for k in range(self.count)])
        self.barrier.wait(30)
        return all_rows


class Member:
    def __init__(self, meeting, rank):
        self.meeting, self.rank = meeting, rank

    def logsumexp(self, rows):
        return np.logaddexp.reduce(self.meeting.gather(self.rank, rows), axis=0)

    def sum(self, rows):
        return self.meeting.gather(self.rank, rows).sum(axis=0)


def together(loss, cuts, **options):
    """Return what every shard returns, in order."""
    spans = list(itertools.pairwise(cuts))
    meeting, found = Meeting(len(spans)), {}

    def work(rank, start, stop):
        local = np.where((start <= Y) & (stop > Y), Y - start, -1)
        local = np.where(Y == -100, -100, local)
        found[rank] = loss.value_and_grad(
            X, W[start:stop], local, shards=Member(meeting, rank), upstream=UP, wrt=WRT, **options
        )

    threads = [threading.Thread(target=work, args=(k, *span)) for k, span in enumerate(spans)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [found[k] for k in range(len(spans))]


WRT = ("x", "weight", "scale")


def near(got, expected):
    size = np.abs(expected).max()
    assert np.abs(got - expected).max() <= 64 * np.finfo(np.float64).eps * size


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("name", HEADS)
def test_shards_together_give_what_one_gives(name, cuts):
    loss = getattr(refloss, name)
    alone, expected = loss.value_and_grad(X, W, Y, upstream=UP, wrt=WRT)
    found = together(loss, cuts)
    for value, _ in found:
        near(value, alone)
    near(np.concatenate([g["weight"] for _, g in found]), expected["weight"])
    for of in ("x", "scale"):
        near(np.sum([g[of] for _, g in found], axis=0), expected[of])


def test_lengths_that_are_kept_are_those_of_the_shard_that_has_the_class():
    loss, options = refloss.cosface, {"embedding": "kept", "classes": "kept", "scale": 2.0}
    alone, expected = loss.value_and_grad(X, W, Y, upstream=UP, wrt=WRT, **options)
    found = together(loss, (0, 3, 9), **options)
    near(found[0][0], alone)
    near(np.sum([g["x"] for _, g in found], axis=0), expected["x"])
    near(np.concatenate([g["weight"] for _, g in found]), expected["weight"])


def test_minus_one_is_an_error_where_nothing_is_sharded():
    with pytest.raises(
        ValueError, match=r"target: expected classes from 0 to 8, .* got -1 in row 0"
    ):
        refloss.cosface(X, W, np.full(B, -1))
    with pytest.raises(ValueError, match=r"target: expected classes from 0 to 8, .* got 9 in row"):
        refloss.cosface(X, W, np.full(B, 9), shards=Member(Meeting(1), 0))
