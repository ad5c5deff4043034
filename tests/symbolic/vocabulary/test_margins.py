"""Margins of rows: both forms agree, with SymPy's own derivatives; laws proved of the formulas."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

from derivations import margins
from refloss.symbolic import emit
from refloss.symbolic import functions as fn
from refloss.symbolic.program import size_of
from refloss.symbolic.rules import prove
from refloss.symbolic.vocabulary import margin_rows
from refloss.symbolic.vocabulary import rows as row

from .. import unrolled
from .test_rows import TIGHT, outcome, points

WRT = ("logits",)
SETTINGS = [
    dict(zip(margins.CONSTANTS, map(mp.mpf, (margin, squared, *parts)), strict=True))
    for margin, squared, parts in itertools.product(
        ("1", "0", "0.3"), ("0", "1"), (("0", "0"), ("1", "0"), ("1", "1"))
    )
]


@pytest.mark.parametrize("rule", margin_rows.RULES, ids=lambda rule: rule.name)
def test_the_rules_are_proved(rule):
    prove(rule)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("program", margins.PROGRAMS)
def test_both_forms_agree_under_every_convention(program, classes):
    """In 50 digits, kinks and ties among them: value, gradient and Hessian-vector product."""
    derived = [emit.derive(form, "loss", WRT) for form in margins.PROGRAMS[program]]
    every = list(points("cross_entropy", classes))
    for number, setting in enumerate(SETTINGS):
        for inputs in every[number % 3 :: 3]:
            plain, stable = (outcome(form, WRT, inputs, setting, classes) for form in derived)
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (setting, inputs)


def formula(program, classes, target, setting):
    """Return the plain loss of one row as an expression of its logits, and these."""
    plain = margins.PROGRAMS[program][0]
    given = {
        "logits": {(0, k): mp.mpf(k) for k in range(classes)},
        "target": {(0,): target},
        "class_weight": {(k,): mp.mpf(1) for k in range(classes)},
    }
    sizes = {"B": 1, "C": classes}
    values = unrolled.evaluate(plain, given, setting, sizes)
    loss = fn.to_exact(unrolled.unroll(plain, sizes, values)[0,])
    numbers = {c: sp.nsimplify(str(setting[str(c)])) for c in plain.consts}
    numbers[size_of(row.CLASS)] = sp.Integer(classes)
    numbers |= {unrolled.entry(plain.tensor("class_weight"), (k,)): 1 for k in range(classes)}
    numbers[unrolled.entry(plain.tensor("target"), (0,))] = target
    scores = [unrolled.entry(plain.tensor("logits"), (0, k)) for k in range(classes)]
    real = [sp.Symbol(f"z{k}", real=True) for k in range(classes)]
    return loss.subs(numbers).subs(dict(zip(scores, real, strict=True))), real


def tidy(expr):
    """Return an expression with what its maxima are of multiplied out."""
    return expr.replace(sp.Max, lambda *parts: sp.Max(*map(sp.expand, parts)))


PARTS = [{"divided": d, "over_others": o} for d, o in ((0, 0), (1, 0), (1, 1))]
CONVENTIONS = [
    {"margin": mp.mpf("0.5"), "squared": mp.mpf(squared)} | {n: mp.mpf(x) for n, x in parts.items()}
    for squared, parts in itertools.product((0, 1), PARTS)
]


@pytest.mark.parametrize("setting", CONVENTIONS, ids=range(len(CONVENTIONS)))
@pytest.mark.parametrize("program", ["crammer_singer", "weston_watkins"])
def test_a_shift_of_all_scores_is_proved_to_change_nothing(program, setting):
    loss, scores = formula(program, 3, 1, setting)
    shift = sp.Symbol("s", real=True)
    moved = loss.subs({z: z + shift for z in scores}, simultaneous=True)
    moved = moved.replace(sp.Max, lambda *parts: _without(shift, parts))
    assert sp.simplify(tidy(moved) - tidy(loss)) == 0


def _without(shift, parts):
    """Return a maximum with a term that all of its parts have taken out of it."""
    parts = [sp.expand(part) for part in parts]
    if all(part is sp.S.NegativeInfinity or part.coeff(shift) == 1 for part in parts):
        return sp.Max(*(part - shift for part in parts)) + shift
    return sp.Max(*parts)


@pytest.mark.parametrize("setting", CONVENTIONS, ids=range(len(CONVENTIONS)))
def test_two_classes_have_one_other_and_the_forms_are_one(setting):
    one, scores = formula("crammer_singer", 2, 0, setting)
    other, _ = formula("weston_watkins", 2, 0, setting)
    assert sp.simplify(tidy(one) - tidy(other)) == 0
    assert one.free_symbols == set(scores)
