"""Laws of cross-entropy, over drawn specifications: regime, classes, rows, options, weights.

Every tolerance is derived: two results that stand for one number may each be off by the bar of a
kernel, 4 ulp of Σ|terms| for a value (and half of log2 C) and 8 u Σ|terms| for a component of a
gradient. Laws that hold operation by operation are asked for bit by bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refloss
from crossval.oracles import differences
from crossval.oracles.autograd import witness
from crossval.oracles.packing import RowPacking
from tests.kernels.row_regimes import RowCase
from tests.kernels.row_subject import RowSubject, U, refuse
from tests.kernels.row_subject import differences as off_by

CE = refloss.cross_entropy
IGNORED = -100


@dataclass(frozen=True)
class Drawn:
    """A drawn specification, and the rows, options and upstream gradient that it stands for.

    Attributes
    ----------
    rows, classes, seed, scale : int
        Sizes; the logits are of the order of 2**scale, and rows of every relation follow in turn.
    offset : float
        Added to every logit; the logits have few bits, so that this is exact.
    weighted : bool
        Whether classes have weights, 0 among them.
    soft : bool
        Whether targets are probabilities.
    edits : tuple of (int, int, float)
        Steps of single logits: row, class, and how far.
    """

    rows: int
    classes: int
    seed: int
    scale: int
    offset: float
    weighted: bool
    soft: bool
    edits: tuple[tuple[int, int, float], ...]

    @cached_property
    def case(self) -> RowCase:
        rng = np.random.default_rng(self.seed)
        shape = self.rows, self.classes
        labels = rng.integers(0, self.classes, self.rows)
        at = np.arange(self.rows), labels
        made = [relation(rng, shape, at) for relation in RELATIONS]
        turns = (np.arange(self.rows) + self.seed) % len(made)
        logits = np.stack(made)[turns, np.arange(self.rows)] * 2.0**self.scale
        for row, column, step in self.edits:
            logits[row % self.rows, column % self.classes] += step
        logits = np.round((logits + self.offset) * 2.0**20) / 2.0**20
        parts = rng.multinomial(32, np.full(self.classes, 1 / self.classes), self.rows) / 32.0
        hard = rng.random(self.rows) < 0.3
        parts[hard] = np.eye(self.classes)[labels[hard]]
        weight = rng.choice([0.0, 0.5, 1.0, 3.0], self.classes) if self.weighted else None
        return RowCase(logits, labels, parts, weight)

    def subject(self, axes: Mapping[str, float | str], soft: bool | None = None) -> RowSubject:
        return RowSubject(dict(axes), self.soft if soft is None else soft)

    @property
    def upstream(self) -> np.ndarray:
        return np.random.default_rng(self.seed + 1).choice([-1.5, -0.75, 0.25, 1.25], self.rows)


def _random(rng, shape, at):
    return rng.normal(size=shape)


def _level(rng, shape, at):
    return np.repeat(rng.normal(size=(shape[0], 1)), shape[1], axis=1)


def _nearly_level(rng, shape, at):
    return rng.choice([-1.0, 1.0], shape) * np.ldexp(1.0, -rng.integers(1, 20, shape))


def _confident(rng, shape, at):
    logits = rng.normal(size=shape)
    logits[at] += 40.0
    return logits


def _mistaken(rng, shape, at):
    logits = rng.normal(size=shape)
    logits[at] -= 40.0
    return logits


RELATIONS = (_random, _confident, _mistaken, _level, _nearly_level)

SMOOTHED = {"label_smoothing": 0.3}
AXES = [
    {},
    {"label_smoothing": 0.1},
    {**SMOOTHED, "smoothing": "others"},
    {**SMOOTHED, "smoothing": "classy"},
    {"z_loss": 0.25},
    {"label_smoothing": 0.1, "z_loss": 1e-4},
]


WITHOUT_Z = AXES[:4]
few = settings(max_examples=4)


def every(*axes):
    """Run a law under each of these options, which are too few to leave to chance."""
    ids = ["-".join(map(str, one.values())) or "plain" for one in axes]
    return pytest.mark.parametrize("axes", axes, ids=ids)


EITHER = st.booleans()


def drawn(soft=EITHER, weighted=EITHER, rows=8, classes=7):
    return st.builds(
        Drawn,
        rows=st.integers(min(5, rows), rows),
        classes=st.integers(2, classes),
        seed=st.integers(0, 2**32 - 1),
        scale=st.integers(-3, 4),
        offset=st.sampled_from([0.0, 1.0, -50.0, 1024.0]),
        weighted=weighted,
        soft=soft,
        edits=st.lists(
            st.tuples(
                st.integers(0, rows - 1),
                st.integers(0, classes - 1),
                st.sampled_from([2.0**-20, 1.0, 700.0, -700.0, 1e4, -1e4]),
            ),
            max_size=2,
        ).map(tuple),
    )


def same(found, expected, bar, case, what):
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(found - expected) <= bar)
    refuse(off, case, what, found, expected)


# --- witnesses


@every(*AXES)
@few
@given(spec=drawn())
def test_the_truth(axes, spec):
    subject, case, upstream = spec.subject(axes), spec.case, spec.upstream
    direction = np.random.default_rng(1).normal(size=subject.columns(case).shape)
    known = subject.truth(case, upstream, direction)
    assert set(known.kind) == {"regular"}
    value, grad = subject.value_and_grad(case, upstream)
    hvp = subject.hvp(case, direction, upstream)
    bars = {
        "value": (value, subject.value_bar(case)),
        "grad": (grad, subject.grad_bar(case, upstream)),
        "hvp": (hvp, subject.hvp_bar(case, direction, upstream)),
    }
    for part, (found, bar) in bars.items():
        off = ~(off_by(found, known, part) <= bar)
        refuse(off, case, f"{spec}: {part}", found, getattr(known, f"{part}_hi"))


@every(*AXES)
@few
@given(spec=drawn())
def test_autograd(axes, spec):
    """Torch's own rounding is bounded by that of the differences of which its forward is made."""
    subject, case, upstream = spec.subject(axes), spec.case, spec.upstream
    labels = None if spec.soft else case.labels
    packing = RowPacking.of(case.classes, labels, subject.weight(case))
    expected, slopes = witness(subject.spec, subject.columns(case), upstream, packing=packing)
    value, grad = subject.value_and_grad(case, upstream)
    # Every class's -log p is a sum of C exponentials of differences, each below the spread of the
    # row; an exponential is off by as many ulps as its argument is large, unless it is negligible.
    weight = 1.0 + (0.0 if case.weight is None else case.weight.max())
    spread = 1 + np.ptp(case.logits, axis=1) + np.abs(case.logits).max(1)
    terms = subject.value_bar(case) + 8 * case.classes * U * weight * spread
    z_loss = subject.spec.constants["z_loss"]
    terms += 8 * case.classes * U * z_loss * spread**2
    same(value, expected, terms, case, f"{spec}: value")
    slack = 64 * case.classes * U * (weight + z_loss * spread) * spread
    bar = subject.grad_bar(case, upstream) + (np.abs(upstream) * slack)[:, None]
    same(grad, slopes, bar, case, f"{spec}: gradient")


@every(*AXES)
@few
@given(spec=drawn(rows=3, classes=4))
def test_exact_differences(axes, spec):
    """Of the definition, at 154 digits: only the kernel's own error is left.

    A step of 1e-40 is cut off below 1e-70, which a confident row's derivatives are.
    """
    subject, case, upstream = spec.subject(axes), spec.case, spec.upstream
    # The largest of equal logits changes under a step.
    distinct = np.array([len(set(row)) == spec.classes for row in case.logits.tolist()])
    case, upstream = case.rows(distinct), upstream[distinct]
    labels = None if spec.soft else case.labels
    packing = RowPacking.of(case.classes, labels, subject.weight(case))
    columns = subject.columns(case)
    quotients = differences.exact(subject.spec, columns, upstream, packing=packing)
    bar = subject.grad_bar(case, upstream) + np.spacing(np.abs(quotients)) + 1e-70
    same(subject.grad(case, upstream), quotients, bar, case, str(spec))


# --- invariances


@every(*WITHOUT_Z)
@given(spec=drawn(), shift=st.integers(-(2**20), 2**20))
def test_a_shift_of_all_logits_changes_no_bit(axes, spec, shift):
    """Differences of logits are all there is."""
    subject, case = spec.subject(axes), spec.case
    moved = replace(case, logits=case.logits + shift)
    exact = ((moved.logits - shift) == case.logits).all(1)
    for before, after in zip(
        subject.value_and_grad(case, spec.upstream),
        subject.value_and_grad(moved, spec.upstream),
        strict=True,
    ):
        before, after = before[exact], after[exact]
        refuse(before != after, case.rows(exact), str(spec), before, after)


@every(*AXES)
@given(spec=drawn(), order=st.randoms(use_true_random=False))
def test_classes_may_come_in_any_order(axes, spec, order):
    subject, case = spec.subject(axes), spec.case
    turn = list(range(case.classes))
    order.shuffle(turn)
    back = np.argsort(turn)
    turned = RowCase(
        case.logits[:, turn],
        back[case.labels],
        case.probabilities[:, turn],
        None if case.weight is None else case.weight[turn],
    )
    value, grad = subject.value_and_grad(case, spec.upstream)
    turned_value, turned_grad = subject.value_and_grad(turned, spec.upstream)
    same(turned_value, value, 2 * subject.value_bar(case), case, f"{spec}: value")
    parts = np.split(turned_grad, len(turned_grad[0]) // case.classes, axis=1)
    restored = np.hstack([part[:, back] for part in parts])
    bar = 2 * subject.grad_bar(case, spec.upstream)
    same(restored, grad, bar, case, f"{spec}: gradient")


@every(*WITHOUT_Z)
@given(spec=drawn())
def test_derivatives_by_the_logits_cancel(axes, spec):
    """Because a shift changes nothing; to the rounding of the terms."""
    subject, case = spec.subject(axes), spec.case
    grad = subject.grad(case, spec.upstream)[:, : case.classes]
    total = np.array([math.fsum(row) for row in grad])
    bar = subject.grad_bar(case, spec.upstream)[:, : case.classes].sum(1)
    same(total, np.zeros(len(case)), bar, case, str(spec))
    direction = np.random.default_rng(2).normal(size=subject.columns(case).shape)
    product = subject.hvp(case, direction, spec.upstream)[:, : case.classes]
    total = np.array([math.fsum(row) for row in product])
    bar = subject.hvp_bar(case, direction, spec.upstream)[:, : case.classes].sum(1)
    same(total, np.zeros(len(case)), bar, case, f"{spec}: product")


@given(spec=drawn())
def test_z_loss_is_what_is_left_of_the_sum(spec):
    """Σ_j ∂_j = 2 z_loss lse."""
    subject, case = spec.subject({"z_loss": 0.25}), spec.case
    grad = subject.grad(case, spec.upstream)[:, : case.classes]
    top = case.logits.max(1, keepdims=True)
    lse = top[:, 0] + np.log(np.exp(case.logits - top).sum(1))
    expected = 0.5 * lse * spec.upstream
    total = np.array([math.fsum(row) for row in grad])
    size = np.abs(top[:, 0]) + math.log(case.classes)
    bar = subject.grad_bar(case, spec.upstream)[:, : case.classes].sum(1) + 8 * U * size
    same(total, expected, bar, case, str(spec))


@every(*WITHOUT_Z)
@given(spec=drawn(weighted=st.just(False)), level=st.sampled_from([0.0, 3.5, -1e6]))
def test_uniform_logits(axes, spec, level):
    """-log p is log C in every class: smoothing moves no mass that would count."""
    subject = spec.subject(axes)
    case = replace(spec.case, logits=np.full_like(spec.case.logits, level))
    value, grad = subject.value_and_grad(case, spec.upstream)
    expected = np.full(len(case), math.log(case.classes))
    same(value, expected, subject.value_bar(case) + U * expected, case, f"{spec}: value")
    if not axes and not spec.soft:
        hit = np.arange(case.classes) == case.labels[:, None]
        expected = (1 / case.classes - hit) * spec.upstream[:, None]
        bar = subject.grad_bar(case, spec.upstream) + 2 * U * np.abs(expected)
        same(grad, expected, bar, case, f"{spec}: gradient")


# --- options that say the same


@given(spec=drawn())
@pytest.mark.parametrize("smoothing", ["uniform", "others", "classy"])
def test_smoothing_by_nothing_is_none(smoothing, spec):
    plain = spec.subject({})
    other = spec.subject({"label_smoothing": 0.0, "smoothing": smoothing})
    for before, after in zip(
        plain.value_and_grad(spec.case, spec.upstream),
        other.value_and_grad(spec.case, spec.upstream),
        strict=True,
    ):
        np.testing.assert_array_equal(after, before)


@every(*AXES)
@given(spec=drawn())
def test_probabilities_of_one_class_are_that_class(axes, spec):
    case = replace(spec.case, probabilities=np.eye(spec.classes)[spec.case.labels])
    hard, soft = (spec.subject(axes, soft) for soft in (False, True))
    value, grad = hard.value_and_grad(case, spec.upstream)
    soft_value, soft_grad = soft.value_and_grad(case, spec.upstream)
    bar = hard.value_bar(case) + soft.value_bar(case)
    same(soft_value, value, bar, case, f"{spec}: value")
    logits = slice(0, case.classes)
    bar = hard.grad_bar(case, spec.upstream) + soft.grad_bar(case, spec.upstream)[:, logits]
    same(soft_grad[:, logits], grad, bar, case, f"{spec}: gradient")


@every(*AXES)
@few
@given(spec=drawn())
def test_mixed_targets_are_mixed_losses(axes, spec):
    """Linear in the probabilities, where these add up to one: Σ q_k times the loss of class k."""
    case, subject = spec.case, spec.subject(axes, True)
    value = subject.value(case)
    expected, bar = np.zeros(len(case)), subject.value_bar(case)
    index = spec.subject(axes, False)
    for k in range(case.classes):
        one = replace(case, labels=np.full(len(case), k))
        expected += case.probabilities[:, k] * index.value(one)
        bar += case.probabilities[:, k] * index.value_bar(one)
    # With hit·q + off the constant part comes once, as Σ q = 1.
    same(value, expected, 2 * bar, case, str(spec))


@every(*WITHOUT_Z)
@given(spec=drawn(), factor=st.sampled_from([0.25, 2.0, 8.0]))
def test_weights_have_a_scale_that_a_weighted_mean_forgets(axes, spec, factor):
    case, weight = spec.case, np.random.default_rng(spec.seed).uniform(0.5, 2, spec.classes)
    options = {**axes, "class_weight": weight}
    scaled = {**axes, "class_weight": factor * weight}
    np.testing.assert_array_equal(
        CE(case.logits, case.labels, **scaled), factor * CE(case.logits, case.labels, **options)
    )
    found, expected = (
        CE(case.logits, case.labels, reduction="mean", **o) for o in (scaled, options)
    )
    assert found == expected


# --- batches

DENOMINATORS = ["weights", "kept", "items", 13.0]


def divisor(denominator, labels, weight):
    """Return what a mean divides by, counted here."""
    kept = labels != IGNORED
    if denominator == "weights":
        return math.fsum(weight[labels[kept]])
    return {"kept": kept.sum(), "items": len(labels)}.get(denominator, denominator)


@dataclass(frozen=True)
class Batch:
    """Rows of a drawn case, some ignored, under options."""

    logits: np.ndarray
    labels: np.ndarray
    options: dict

    @classmethod
    def of(cls, spec: Drawn, axes: Mapping[str, float | str]) -> Batch:
        rng = np.random.default_rng(spec.seed + 2)
        labels = np.where(rng.random(spec.rows) < 0.25, IGNORED, spec.case.labels)
        weight = rng.choice([0.5, 1.0, 3.0], spec.classes)
        return cls(spec.case.logits, labels, {**axes, "class_weight": weight})

    def mean(self, denominator, rows=slice(None), **more):
        """Return the mean over some rows, its gradient there, and what it divides by."""
        options = {**self.options, "reduction": "mean", "denominator": denominator, **more}
        labels = self.labels[rows]
        value, grad = CE.value_and_grad(self.logits[rows], labels, empty="zero", **options)
        return float(value), grad["logits"], divisor(denominator, labels, options["class_weight"])


@pytest.mark.parametrize("denominator", DENOMINATORS)
@every(AXES[0], AXES[2])
@given(spec=drawn(), cut=st.integers(0, 8))
def test_micro_batches_are_the_batch(axes, denominator, spec, cut):
    """Σ of parts, each times its divisor over the batch's, under every denominator."""
    batch = Batch.of(spec, axes)
    whole, grad, over = batch.mean(denominator)
    if over == 0:
        assert (whole, grad.any()) == (0.0, False)
        return
    parts = [batch.mean(denominator, rows) for rows in (slice(cut), slice(cut, None))]
    shares = [part[2] / over for part in parts]
    total = sum(share * part[0] for share, part in zip(shares, parts, strict=True))
    assert abs(total - whole) <= 8 * U * abs(whole)
    stacked = np.concatenate([s * p[1] for s, p in zip(shares, parts, strict=True)])
    case = replace(spec.case, weight=batch.options["class_weight"])
    bar = 2 * spec.subject(axes, False).grad_bar(case) / over  # smoothed components cancel
    same(stacked, grad, bar, case, str(spec))


@pytest.mark.parametrize("denominator", DENOMINATORS)
@given(spec=drawn(), gone=st.integers(0, 6))
def test_a_weight_of_0_is_removal(denominator, spec, gone):
    """Of the rows of that class; the number of rows that a mean divides by is corrected for."""
    batch, gone = Batch.of(spec, {}), gone % spec.classes
    weight = batch.options["class_weight"].copy()
    weight[gone] = 0.0
    kept = batch.labels != gone
    whole, grad, over = batch.mean(denominator, class_weight=weight)
    less, less_grad, less_over = batch.mean(denominator, kept, class_weight=weight)
    if over == 0 or less_over == 0:
        assert whole == 0.0
        return
    factor = less_over / over
    assert (factor == 1.0) or denominator in ("kept", "items")
    assert abs(whole - factor * less) <= 4 * U * abs(whole)
    assert not grad[~kept].any()
    assert (
        np.abs(grad[kept] - factor * less_grad) <= 4 * U * np.abs(grad[kept]) + 2.0**-1070
    ).all()
    sums = [
        CE(
            batch.logits[k],
            batch.labels[k],
            class_weight=weight,
            reduction="sum",
        )
        for k in (slice(None), kept)
    ]
    assert sums[0] == sums[1]


@pytest.mark.parametrize("denominator", DENOMINATORS)
@given(
    spec=drawn(),
    heavy=st.integers(0, 6),
    times=st.integers(2, 4),
)
def test_a_weight_of_k_is_k_rows(denominator, spec, heavy, times):
    batch, heavy = Batch.of(spec, {}), heavy % spec.classes
    ones, weight = np.ones(spec.classes), np.ones(spec.classes)
    weight[heavy] = times
    repeats = np.where(batch.labels == heavy, times, 1)
    rows = np.repeat(np.arange(spec.rows), repeats)
    whole, grad, over = batch.mean(denominator, class_weight=weight)
    more, more_grad, more_over = batch.mean(denominator, rows, class_weight=ones)
    if over == 0:
        assert (whole, more) == (0.0, 0.0)
        return
    factor = more_over / over
    assert (factor == 1.0) or denominator in ("kept", "items")
    assert abs(whole - factor * more) <= 8 * U * abs(whole)
    added = np.zeros_like(grad)
    np.add.at(added, rows, factor * more_grad)
    assert (np.abs(grad - added) <= 16 * U * np.abs(grad) + 2.0**-1070).all()


@every(*AXES)
@few
@given(spec=drawn(), order=st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(axes, spec, order):
    batch, turn = Batch.of(spec, axes), list(range(spec.rows))
    order.shuffle(turn)
    options = {**batch.options, "upstream": spec.upstream}
    value, grad = CE.value_and_grad(batch.logits, batch.labels, **options)
    options["upstream"] = spec.upstream[turn]
    turned = CE.value_and_grad(batch.logits[turn], batch.labels[turn], **options)
    np.testing.assert_array_equal(turned[0], value[turn])
    np.testing.assert_array_equal(turned[1]["logits"], grad["logits"][turn])
    means = [batch.mean("weights", rows)[0] for rows in (slice(None), turn)]
    assert abs(means[0] - means[1]) <= 4 * U * abs(means[0])


@every(*AXES)
@few
@given(spec=drawn())
def test_ignored_rows_are_as_good_as_removed(axes, spec):
    batch = Batch.of(spec, axes)
    kept = batch.labels != IGNORED
    for denominator in ("weights", "kept"):
        whole, grad, _ = batch.mean(denominator)
        less, less_grad, _ = batch.mean(denominator, kept)
        assert whole == less
        np.testing.assert_array_equal(grad[kept], less_grad)
        assert not grad[~kept].any()
