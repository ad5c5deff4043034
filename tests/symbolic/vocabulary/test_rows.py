"""The vocabulary of rows: both forms agree, with SymPy's own derivatives, and every arm is met."""

import itertools

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from derivations import classification
from refloss.symbolic import emit
from refloss.symbolic import functions as fn
from refloss.symbolic.build import Build, DefinitionError
from refloss.symbolic.program import size_of
from refloss.symbolic.vocabulary import rows as row

from .. import unrolled
from ..execution import compiled

PROGRAMS = classification.PROGRAMS
WRT = classification.CROSS_ENTROPY.wrt
TIGHT = mp.mpf(10) ** -40
PUBLIC = {
    "log_sum_exp": {"top", "mass", "total", "lse"},
    "target_loss": {"nll"},
    "spread_loss": {"each", "spread"},
    "score_penalty": {"penalty"},
    "soft_loss": {"score", "nll"},
}

#: Every way of smoothing, at every amount, with and without z-loss; some at a temperature.
SETTINGS = [
    dict(zip(classification.CONSTANTS, map(mp.mpf, (eps, *way, factor, 1, 0)), strict=True))
    for eps, way, factor in itertools.product(
        ("0", "0.1", "1"), ((0, 0), (1, 0), (0, 1)), ("0", "0.3")
    )
]
for setting in SETTINGS[3::5]:
    setting |= {"temperature": mp.mpf("2.5"), "times_square": mp.mpf(1)}

#: Logits with the largest first, last, shared, and shared by all.
LOGITS = {
    2: ([1.5, -0.25], [-3.0, 2.125], [0.75, 0.75]),
    3: ([2.5, 0.5, -1.0], [-1.0, 0.25, 3.0], [1.25, 0.5, 1.25], [0.0, 0.0, 0.0]),
    5: ([0.5, -2.0, 4.0, 4.0, 1.0], [-0.5, 1.75, 0.25, -3.0, 1.5]),
}
#: Probabilities that need not add up to 1, with a 0, and of one class.
PARTS = {2: ([0.25, 0.75], [0.0, 1.0]), 3: ([0.5, 0.0, 0.625], [1.0, 0.0, 0.0])}
PARTS[5] = ([0.125, 0.25, 0.0, 0.5, 0.125], [0.0, 0.0, 0.0, 1.0, 0.0])
WEIGHTS = {2: ([1, 1], [0, 2.5]), 3: ([1, 1, 1], [0.5, 0, 2]), 5: ([1] * 5, [0, 1.5, 0.25, 0, 3])}


def vector(numbers):
    return {(k,): mp.mpf(number) for k, number in enumerate(numbers)}


def table(numbers):
    return {(0, k): mp.mpf(number) for k, number in enumerate(numbers)}


def points(program, classes):
    """Yield inputs: every target, on top or not, with and without weights of 0."""
    along = [mp.mpf(k * k - 3) / 4 for k in range(classes)]
    across = [mp.mpf(5 - 3 * k) / 8 for k in range(classes)]
    for number, (logits, weights) in enumerate(
        itertools.product(LOGITS[classes], WEIGHTS[classes])
    ):
        inputs = {"logits": table(logits), "class_weight": vector(weights)}
        inputs |= {"loss_bar": {(0,): mp.mpf(-7) / 4}, "logits_dot": table(along)}
        if program == "cross_entropy":
            for label in range(classes):
                yield inputs | {"target": {(0,): label}}
        else:
            parts = PARTS[classes][number % 2]
            yield inputs | {"target": table(parts), "target_dot": table(across)}


def derived(program, form):
    return emit.derive(PROGRAMS[program][form], "loss", WRT[program])


def outcome(parts, wrt, inputs, setting, classes):
    """Return value, gradient and Hessian-vector product of a form as one list of numbers."""
    sizes = {"B": 1, "C": classes}
    found = []
    for part in (parts.grad, parts.hvp):
        values = unrolled.evaluate(part, inputs, setting, sizes)
        found += [values["loss"][0,]] if part is parts.grad else []
        suffix = "_bar" if part is parts.grad else "_bar_dot"
        found += [values[name + suffix][0, k] for name in wrt for k in range(classes)]
    return found


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("program", PROGRAMS)
def test_both_forms_agree_under_every_convention(program, classes):
    """In 50 digits: value, gradient by all that has one, and Hessian-vector product."""
    forms = [derived(program, form) for form in (0, 1)]
    every = list(points(program, classes))
    for number, setting in enumerate(SETTINGS):  # a third of the points each, all of them between
        for inputs in every[number % 3 :: 3]:
            plain, stable = (outcome(f, WRT[program], inputs, setting, classes) for f in forms)
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (setting, inputs)


def witness(program, inputs, setting, classes):
    """Return the same numbers from SymPy's ``diff`` of the unrolled plain program."""
    plain, wrt = PROGRAMS[program][0], WRT[program]
    sizes = {"B": 1, "C": classes}
    given = {t.name: inputs[t.name] for t in plain.inputs}
    values = unrolled.evaluate(plain, given, setting, sizes)
    total = unrolled.unroll(plain, sizes, values)[0,] * sp.Float(inputs["loss_bar"][0,], 50)
    symbols = [unrolled.entry(plain.tensor(n), (0, k)) for n in wrt for k in range(classes)]
    dots = [sp.Float(inputs[f"{n}_dot"][0, k], 50) for n in wrt for k in range(classes)]
    point = unrolled.told(plain, setting) | {size_of(row.CLASS): mp.mpf(classes)}
    for name in ("logits", "class_weight", *wrt):
        at = {unrolled.entry(plain.tensor(name), i): v for i, v in inputs[name].items()}
        point |= at
    exact = fn.to_exact(total)
    along = sp.Add(*(dot * sp.diff(exact, s) for dot, s in zip(dots, symbols, strict=True)))
    run = sp.lambdify(sorted(point, key=str), exact, modules="mpmath")
    value = run(*(point[s] for s in sorted(point, key=str))) / inputs["loss_bar"][0,]
    first = unrolled.derivatives(total, symbols, point)
    return [value, *first, *unrolled.derivatives(along, symbols, point)]


#: Nothing; both terms; and the other two ways of smoothing.
CHOSEN = [SETTINGS[k] for k in (0, 7, 8, 17)]


@pytest.mark.parametrize("number", range(len(CHOSEN)))
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_stable_form_has_the_derivatives_of_sympy(program, number):
    """The detached shift of the plain form leaves no trace: it is added back."""
    setting, classes = CHOSEN[number], 3
    parts = derived(program, 1)
    every = list(points(program, classes))
    for inputs in every[number :: len(every) // 4]:
        expected = witness(program, inputs, setting, classes)
        found = outcome(parts, WRT[program], inputs, setting, classes)
        for one, other in zip(found, expected, strict=True):
            assert abs(one - other) < mp.mpf(10) ** -35, inputs


def test_a_loss_by_hand():
    """Three equal logits, ε = 0.3 spread over the two others: L = ln 3 whatever the target."""
    inputs = next(i for i in points("cross_entropy", 3) if set(i["logits"].values()) == {mp.mpf(0)})
    setting = SETTINGS[0] | {"label_smoothing": mp.mpf("0.3"), "over_others": mp.mpf(1)}
    label = int(inputs["target"][0,])
    for form in (0, 1):
        value, *grad = outcome(derived("cross_entropy", form), ("logits",), inputs, setting, 3)[:4]
        assert abs(value - mp.log(3)) < TIGHT
        expected = [
            mp.mpf(1) / 3 - (mp.mpf("0.7") if k == label else mp.mpf("0.15")) for k in range(3)
        ]
        for one, other in zip(grad, expected, strict=True):
            assert abs(one - other * inputs["loss_bar"][0,]) < TIGHT


SMOOTHED = {
    (0, 0): lambda q, eps, size: (1 - eps) * q + eps / size,
    (1, 0): lambda q, eps, size: (1 - eps) * q + eps / (size - 1) * (1 - q),
    (0, 1): lambda q, eps, size: (q + eps / size) / (1 + eps),
}
"""What a target of 0 or 1 becomes, as published, by ``over_others`` and ``classy``."""


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
@pytest.mark.parametrize("way", SMOOTHED, ids=str)
def test_smoothing_is_that_which_is_published(way, form):
    program = PROGRAMS["cross_entropy"][form]
    for classes, setting in itertools.product((2, 3, 5), SETTINGS):
        if (setting["over_others"], setting["classy"]) != way:
            continue
        inputs = next(points("cross_entropy", classes))
        values = unrolled.evaluate(program, inputs, setting, {"B": 1, "C": classes})
        for q in (0, 1):
            found = values["hit"][()] * q + values["off"][()]
            expected = SMOOTHED[way](mp.mpf(q), setting["label_smoothing"], classes)
            assert abs(found - expected) < TIGHT, (setting, q)


def kinks(expr):
    """Yield every primitive with arms, and the expression whose sign says which one is taken."""
    for call in expr.atoms(fn.Weighted):
        yield call, sp.Abs(call.args[0])
    for call in expr.atoms(sp.Piecewise):
        for _, condition in call.args[:-1]:
            yield call, sp.Abs(condition.lhs - condition.rhs)


WARM = CHOSEN[1] | {"temperature": mp.mpf(2), "times_square": mp.mpf(1)}
WARM |= {"temperature_lo": mp.mpf(2) ** -60}  # as a format has it that cannot hold the sum


def coverage(program, form):
    """Return whether deciding expressions are 0 or more, by primitive, over points and settings."""
    reached: dict[sp.Expr, set[int]] = {}
    parts = derived(program, form)
    sizes = {"B": 1, "C": 3}
    for text in (parts.grad, parts.hvp):
        for inputs in points(program, 3):
            for setting in (CHOSEN[0], CHOSEN[1], WARM):
                told = unrolled.told(text, setting)
                symbols = {c: mp.mpmathify(value) for c, value in told.items()}
                symbols[size_of(row.CLASS)] = mp.mpf(3)
                values = unrolled.evaluate(text, inputs, setting, sizes)
                for let, k in itertools.product(text.lets, range(3)):
                    index = {row.ITEM: 0, row.CLASS: k}
                    for call, decides in kinks(let.expr):
                        number = unrolled._number(decides, index, values, symbols)
                        reached.setdefault(call, set()).add(int(mp.sign(number)))
    return reached


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_arm_is_reached(program, form):
    """Of value, gradient and product: every class picked or not, every constant 0 or not."""
    found = coverage(program, form)
    assert found
    for call, taken in found.items():
        assert taken == {0, 1}, call


# ------------------------------------------------------------------------------- authors


def written(form):
    """Return rows with everything that the vocabulary names."""
    P = Build("words", form)
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.label("target", row.ITEM)
    a.real("class_weight", row.CLASS)
    amount, factor = P.const("eps"), P.const("factor")
    named = {}
    row.smoothing(P, a, amount, sp.S.Zero, sp.S.Zero, size_of(row.CLASS))
    for word, write in (
        ("log_sum_exp", lambda: row.log_sum_exp(P, a)),
        ("target_loss", lambda: row.target_loss(P, a)),
        ("spread_loss", lambda: row.spread_loss(P, a, amount)),
        ("score_penalty", lambda: row.score_penalty(P, a, factor)),
    ):
        before = set(a.names)
        write()
        named[word] = set(a.names) - before
    return P, a, named


@pytest.mark.parametrize("form", ["plain", "stable"])
def test_both_forms_define_the_same_public_names(form):
    _, _, named = written(form)
    for word, names in named.items():
        assert PUBLIC[word] <= names, word


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
def test_soft_losses_define_the_same_public_names(form):
    names = {let.target.name for let in PROGRAMS["cross_entropy_soft"][form].lets}
    assert PUBLIC["soft_loss"] | PUBLIC["log_sum_exp"] | {"goal"} <= names


def test_an_unknown_quantity_is_named():
    P = Build("words")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    with pytest.raises(AttributeError, match="no row quantity is named 'lse' yet"):
        _ = a.lse
    with pytest.raises(AttributeError, match="no row quantity is named 'lse' yet"):
        a.partials("lse", {})


FOREIGN = row.axis("d", "D")


@pytest.mark.parametrize(
    ("read", "slope", "message"),
    [
        (lambda a: a.logits, lambda a: a["wide"][FOREIGN], "'lse' uses unknown axis d"),
        (lambda a: a.top, lambda a: a.mass, "'lse' uses unknown axis c"),
        (
            lambda a: a["logits"][row.ITEM],
            lambda a: a.total,
            r"'lse' reads logits\[b\]: expected 2",
        ),
        (lambda a: a.logits, lambda a: a.mass / sp.Symbol("t"), "'lse' uses t, which is neither"),
        (
            lambda a: sp.IndexedBase("other", shape=(2,))[row.ITEM],
            lambda a: a.total,
            "'lse' reads 'other' before its statement",
        ),
    ],
)
def test_forms_with_foreign_axes_are_refused(read, slope, message):
    _, a, _ = written("stable")
    a.real("wide", FOREIGN)
    with pytest.raises(DefinitionError, match=message):
        a.partials("lse", {read(a): slope(a)})


def test_forms_of_no_statement_are_refused():
    _, a, _ = written("stable")
    with pytest.raises(DefinitionError, match="'logits' is no statement of 'words'"):
        a.partials("logits", {a.logits: sp.S.One})


def test_an_axis_of_the_read_alone_may_appear_in_its_form():
    P, a, _ = written("plain")
    a.partials("lse", {a.logits: a.mass / a.total})
    (let,) = [o for o in P.program.lets if o.target.name == "lse"]
    assert let.partials == ((a.logits, a.mass / a.total),)


@pytest.mark.parametrize("logits", [(80, 0, 0), (300, -300, 0)], ids=str)
def test_the_stable_gradient_keeps_its_digits_where_the_prediction_is_sure(logits):
    """The plain one is p − 1, of which nothing is left."""
    target, weight, bar = np.array([0]), np.ones(3), np.ones(1)
    table = np.array([logits], float)
    slopes = []
    for form in (0, 1):
        program = derived("cross_entropy", form).grad
        with np.errstate(all="ignore"):
            constants = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
            _, slope = compiled(program)["value"](table, target, weight, bar, *constants)
        slopes.append(slope[0, 0])
    others = [mp.exp(mp.mpf(z) - logits[0]) for z in logits[1:]]
    exact = -mp.fsum(others) / (1 + mp.fsum(others))
    assert abs(mp.mpf(float(slopes[1])) - exact) <= abs(exact) * mp.mpf(2) ** -50
    assert slopes[0] == 0.0
