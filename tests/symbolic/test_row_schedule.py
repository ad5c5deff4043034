"""Passes over a row: what is read has been computed, and nothing is computed for nobody."""

import pytest
import sympy as sp

from derivations import classification
from refloss.symbolic.build import Build
from refloss.symbolic.emit import derive
from refloss.symbolic.functions import ArgMaxOver, MaxOver
from refloss.symbolic.passes import idle
from refloss.symbolic.program import axis, indexed, name_of
from refloss.symbolic.row_schedule import row_schedule

from . import programs

b, c = axis("b", "B"), axis("c", "C")


def names(lets):
    return [let.target.name for let in lets]


def committed():
    definition = classification.CROSS_ENTROPY
    for name, (_, stable) in definition.programs.items():
        derived = derive(stable, definition.output, definition.differentiable(name))
        for part in ("value", "grad", "hvp"):
            yield pytest.param(getattr(derived, part), id=f"{name}-{part}")


def test_a_level_is_a_number_of_reductions():
    plan = row_schedule(programs.cross_entropy())
    first, second = plan.passes
    assert (names(first.before), names(first.terms), names(first.reductions)) == ([], [], ["shift"])
    assert (names(second.terms), names(second.reductions)) == ([], ["total"])
    assert names(plan.after) == ["loss"]
    assert plan.whole == ()


def test_what_two_passes_read_is_computed_in_both():
    P = Build("softmax")
    z = P.real("z", b, c)
    mass = P.let("mass", [b, c], sp.exp(z[b, c]))
    total = P.let("total", [b], sp.Sum(mass[b, c], c))
    P.let("share", [b, c], mass[b, c] / total[b])
    one, two = row_schedule(P.finish("share")).passes
    assert (names(one.terms), one.stores) == (["mass"], ())
    assert (names(two.terms), two.stores) == (["mass", "share"], ("share",))


def softmax(outputs):
    """Softmax in three passes, with outputs that different passes store."""
    P = Build("softmax")
    z, w = P.real("z", b, c), P.real("w", c)
    rate = P.let("rate", [c], sp.exp(w[c]))
    drop = P.let("drop", [b, c], z[b, c] - 1)
    mass = P.let("mass", [b, c], sp.exp(drop[b, c]))
    total = P.let("total", [b], sp.Sum(mass[b, c] * rate[c], c))
    share = P.let("share", [b, c], mass[b, c] / total[b])
    P.let("twice", [b, c], 2 * share[b, c])
    fall = P.let("fall", [b], sp.Sum(share[b, c] * drop[b, c] * rate[c], c))
    P.let("slope", [b, c], mass[b, c] * fall[b])
    P.let("loss", [b], fall[b])
    return P.finish("loss", *outputs)


@pytest.mark.parametrize(
    ("outputs", "held"),
    [
        ((), {}),  # nowhere to wait
        (("share",), {"mass": "share"}),
        (("slope",), {"mass": "slope"}),
        (("twice", "slope"), {"mass": "slope"}),  # `twice` is written before `slope` reads `mass`
        (("share", "twice"), {"mass": "share"}),
    ],
)
def test_a_costly_statement_waits_in_an_output_that_is_written_later(outputs, held):
    plan = row_schedule(softmax(outputs))
    assert plan.held == held


@pytest.mark.parametrize("program", list(committed()))
def test_what_is_held_in_a_committed_program_is_read_before_it_is_overwritten(program):
    plan = row_schedule(program)
    assert len(set(plan.held.values())) == len(plan.held)
    for name, output in plan.held.items():
        read = [at for at, one in enumerate(plan.passes) if name in names(one.terms)]
        (written,) = [at for at, one in enumerate(plan.passes) if output in one.stores]
        assert read[0] < read[-1] <= written
    by_logits = [n for n in program.outputs if n.startswith("logits_bar")]
    assert list(plan.held.items()) == [("tail", name) for name in by_logits]


def test_a_statement_read_at_a_label_is_a_statement_of_the_row():
    P = Build("gathered")
    z, y = P.real("z", b, c), P.label("y", b)
    middle = P.let("middle", [b, c], z[b, c] / 2)
    mass = P.let("mass", [b, c], sp.exp(middle[b, c]))
    P.let("loss", [b], mass[b, y[b]] + mass[b, y[b]] ** 2 + sp.Sum(mass[b, c], c))
    plan = row_schedule(P.finish("loss"))
    before = plan.passes[0].before
    assert names(before) == ["middle_at_y", "mass_at_y"]
    assert before[0].expr == z[b, y[b]] / 2


def test_what_depends_on_no_row_is_computed_once():
    P = Build("weighted")
    z, w, k = P.real("z", b, c), P.real("w", c), P.const("k")
    twice = P.let("twice", [], 2 * k)
    heavy = P.let("heavy", [c], w[c] * twice.here)
    total = P.let("total", [], sp.Sum(heavy[c], c))
    P.let("loss", [b], sp.Sum(z[b, c] * heavy[c], c) / total.here)
    plan = row_schedule(P.finish("loss"))
    assert [(let.target.name, names(terms)) for let, terms in plan.whole] == [
        ("twice", []),
        ("total", ["heavy"]),
    ]
    assert names(plan.passes[0].terms) == ["heavy"]


def test_a_derivative_without_any_sum_is_one_pass():
    """Every score by itself: what is left of the product reduces nothing."""
    P = Build("apart")
    z = P.real("z", b, c)
    P.let("loss", [b], sp.Sum(z[b, c] ** 2, c))
    plan = row_schedule(derive(P.finish("loss"), "loss", ("z",)).hvp)
    (only,) = plan.passes
    assert (plan.item, plan.inner) == (b, c)
    assert (names(only.reductions), only.stores) == ([], ("z_bar_dot",))


@pytest.mark.parametrize("make", [programs.cosine_margin, programs.hard_pairs, programs.center])
def test_other_axes_are_refused(make):
    with pytest.raises(ValueError, match="expected one axis of items and one of classes"):
        row_schedule(make())


@pytest.mark.parametrize("program", list(committed()))
def test_every_read_of_a_committed_program_is_there_when_it_is_read(program):
    plan = row_schedule(program)
    known = {t.name for t in program.inputs}

    def require(lets, scope):
        for let in lets:
            assert {name_of(read) for read in indexed(let.expr)} <= scope, let.target.name
            scope.add(let.target.name)

    for let, terms in plan.whole:
        require(terms, set(known))
        require([let], known | set(names(terms)))
        known.add(let.target.name)
    stored = []
    for one in plan.passes:
        require(one.before, known)
        scope = set(known)
        require(one.terms, scope)
        for let in one.reductions:
            assert {name_of(read) for read in indexed(let.expr)} <= scope
        assert set(one.stores) <= scope
        known |= set(names(one.reductions))
        stored += one.stores
    require(plan.after, known)
    full = [n for n in program.outputs if len(program.tensor(n).axes) == 2]
    assert sorted(stored) == sorted(full)
    assert set(program.outputs) - set(full) <= known


def test_what_stands_behind_a_switch_is_idle_where_it_is_closed():
    P = Build("switched")
    z, k = P.real("z", b, c), P.const("k")
    fall = P.let("fall", [b], sp.Sum(z[b, c], c))
    top = P.let("top", [b], MaxOver(z[b, c], c))
    spread = P.let("spread", [b], sp.Piecewise((0, sp.Eq(k, 0)), (k * fall[b], True)))
    P.let("loss", [b], top[b] + spread[b])
    assert idle(P.finish("loss")) == {"fall": (k,)}


def test_an_argmax_is_a_reduction_of_its_own():
    P = Build("largest")
    z = P.real("z", b, c)
    first = P.let("first", [b], ArgMaxOver(z[b, c], c))
    P.let("loss", [b], z[b, first[b]])
    plan = row_schedule(P.finish("loss"))
    assert names(plan.passes[0].reductions) == ["first"]
    assert names(plan.after) == ["loss"]
