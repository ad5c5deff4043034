"""Every rule proved, and sampled in ball arithmetic; a false rule passes neither."""

import itertools
import random

import pytest
import sympy as sp
from flint import arb, fmpq

from crossval.oracles.arithmetic_exact import ExactBalls, precision
from refloss.symbolic.functions import Relu
from refloss.symbolic.printers.arithmetic_text import ArithmeticExpression
from refloss.symbolic.rules import Rule, prove
from refloss.symbolic.vocabulary import (
    angles,
    binary,
    binary_rows,
    box_rules,
    boxes,
    centers,
    cosine_rows,
    directions,
    divergence,
    divergence_rows,
    focal_batches,
    focal_rows,
    focal_rules,
    multiples,
    pairs,
    poly_rows,
    real_multiples,
    residuals,
    row_rules,
    rows,
    similarity_rows,
    triplets,
    weighted_similarities,
)

RULES = (
    *boxes.RULES,
    *rows.RULES,
    *residuals.RULES,
    *binary.RULES,
    *binary_rows.RULES,
    *divergence.RULES,
    *divergence_rows.RULES,
    *focal_batches.RULES,
    *focal_rules.RULES,
    *focal_rows.RULES,
    *poly_rows.RULES,
    *angles.RULES,
    *multiples.RULES,
    *real_multiples.RULES,
    *cosine_rows.RULES,
    *pairs.RULES,
    *similarity_rows.RULES,
    *triplets.RULES,
    *centers.RULES,
    *directions.RULES,
    *weighted_similarities.RULES,
)
BITS = 200
TIGHT = arb(10) ** -40
POINTS = 4


class Printed(ArithmeticExpression):
    """What SymPy makes of a rule and the arithmetics lack: atan of an atan2, a real power."""

    def call(self, function, args):
        if function is sp.Pow:
            return f"F.exp(({self(args[1])})*F.log({self(args[0])}))"
        if function is sp.atan:
            return f"F.atan2({self(args[0])}, 1)"
        return super().call(function, args)


x, y = sp.symbols("x y", positive=True)
r = sp.Symbol("r", real=True)
n = sp.Symbol("n", nonnegative=True)


def by_name(rule):
    return rule.name


def value_of(expr, at):
    """Return an expression's enclosure from its printed text, at balls by symbol."""
    names = {str(symbol): ball for symbol, ball in at.items()}
    return eval(Printed()(sp.sympify(expr)), {"F": ExactBalls()}, names) + arb(0)


def drawn(symbol, rnd):
    """Return a random dyadic number that the symbol's assumptions allow."""
    size = arb(fmpq(rnd.randint(1, 4095), 256))
    if symbol.is_positive:
        return size
    if symbol.is_nonnegative:
        return size * rnd.randint(0, 3)
    return size if rnd.random() < 0.5 else -size


def points(rule):
    """Yield symbols with their values, `POINTS` points a case.

    A case is entered by the values of its expressions, so SymPy's substitution has no part in it.
    """
    rnd = random.Random(rule.name)
    symbols = sorted(rule.lhs.free_symbols | rule.rhs.free_symbols, key=str)
    for case in rule.cases:
        inner = set().union(*(sp.sympify(e).free_symbols for e in case.values()), symbols)
        for _ in range(POINTS):
            at = {s: drawn(s, rnd) for s in sorted(inner, key=str)}
            yield case, at | {s: value_of(e, at) for s, e in case.items()}


def sample(rule):
    """Refuse a rule whose sides differ, or are known too badly, at a random point."""
    with precision(BITS):
        for case, at in points(rule):
            sides = value_of(rule.lhs, at), value_of(rule.rhs, at)
            for side in sides:
                assert side.rad() <= TIGHT * abs(side.mid()), f"{rule.name}: {side} is loose"
            assert sides[0].overlaps(sides[1]), f"{rule.name}, case {dict(case)}: {sides}"


@pytest.mark.parametrize("rule", RULES, ids=by_name)
def test_proof(rule):
    prove(rule)


@pytest.mark.parametrize("rule", RULES, ids=by_name)
def test_sample(rule):
    sample(rule)


def test_names_tell_rules_apart():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.why for rule in RULES)


TRUE = {rule.name: rule for rule in RULES}


def changed(rule, **fields):
    return Rule(**{**vars(TRUE[rule]), "name": f"false: {rule}", **fields})


P1, P2, T1, T2 = box_rules.EXTENT
TOP, REST = row_rules._top, row_rules._rest
FALSE = (
    Rule("wrong sign", x - y, y - x, ""),
    Rule("missing factor", sp.diff(x / y, y), -x / y, ""),
    Rule("only on one side of the kink", sp.Max(r, 0), r, "", ({r: x}, {r: -x})),
    Rule("off by a constant", sp.log(x), sp.log(x) + 1, "", method="constant", anchor={x: 1}),
    Rule(
        "right at the anchor alone",
        sp.log(x),
        sp.log(x) ** 2 + sp.log(x),
        "",
        method="constant",
        anchor={x: 1},
    ),
    changed("pred outside the intersection", rhs=-TRUE["pred outside the intersection"].rhs),
    changed(
        "gap by an edge of pred beyond target, x",
        rhs=2 * TRUE["gap by an edge of pred beyond target, x"].rhs,
    ),
    changed("part of a side outside the other box", rhs=Relu(T1 - P1) + Relu(P2 - T2)),
    changed(
        "difference of aspect angles",
        rhs=-TRUE["difference of aspect angles"].rhs,
    ),
    changed(
        "difference of aspect angles",
        name="false: difference of aspect angles, off by a constant",
        rhs=TRUE["difference of aspect angles"].rhs + 1,
    ),
    changed("hull side along the edges", rhs=-TRUE["hull side along the edges"].rhs),
    changed(
        "log-sum-exp from the largest logit",
        rhs=TOP + TRUE["log-sum-exp from the largest logit"].rhs,
    ),
    changed(
        "-log softmax of the target",
        name="false: -log softmax of the target, off by a constant",
        rhs=TRUE["-log softmax of the target"].rhs + 1,
    ),
    changed(
        "-log softmax by the target's logit, target on top",
        rhs=TRUE["-log softmax by the target's logit"].rhs,
    ),
    changed("log-sum-exp by the largest logit", rhs=1 / REST),
    changed(
        "smoothing over K - 1: another class",
        rhs=TRUE["smoothing over K, as hit and off"].rhs,
    ),
)


@pytest.mark.parametrize("rule", FALSE, ids=by_name)
def test_a_false_rule_has_no_proof(rule):
    with pytest.raises(AssertionError, match=r"^rule .*, case \d"):
        prove(rule)


@pytest.mark.parametrize("rule", FALSE, ids=by_name)
def test_a_false_rule_fails_where_sampled(rule):
    with pytest.raises(AssertionError, match="case"):
        sample(rule)


def test_a_proof_covers_every_case():
    """A rule that holds in the first case and not in the second is refused."""
    rule = Rule("half", sp.Abs(r), r, "", ({r: x}, {r: -x}))
    with pytest.raises(AssertionError, match=r"case 1"):
        prove(rule)


def test_the_orders_of_two_intervals_are_all_there_are():
    """Of 24 orders of four ends six have p1 < p2 and t1 < t2."""
    ends = box_rules.EXTENT
    expected = {
        order
        for order in itertools.permutations(ends)
        if order.index(P1) < order.index(P2) and order.index(T1) < order.index(T2)
    }
    at = {sp.Symbol("o", real=True): 0} | dict.fromkeys(sp.symbols("a b c", positive=True), 1)
    found = set()
    for case in box_rules._orders():
        values = {end: case[end].subs(at) for end in ends}
        found.add(tuple(sorted(ends, key=values.__getitem__)))
    assert found == expected


def test_the_floors_are_all_orders_of_a_hull_a_union_and_a_floor():
    """The union never exceeds the hull: three places for the floor."""
    at = dict.fromkeys(sp.symbols("m n", nonnegative=True), 1)
    at |= {
        s: 5 for case in box_rules._FLOORS for e in case.values() for s in e.free_symbols - {*at}
    }
    floor, hull, union = box_rules._F, box_rules._C, box_rules._U
    found = []
    for case in box_rules._FLOORS:
        values = [case.get(s, s).subs(at) for s in (floor, union, hull)]
        assert values[1] <= values[2]
        found.append(sorted(range(3), key=values.__getitem__))
    assert sorted(found) == [[0, 1, 2], [1, 0, 2], [1, 2, 0]]
