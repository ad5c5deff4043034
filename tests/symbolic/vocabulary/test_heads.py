"""The vocabulary of heads: both forms agree, and with SymPy's own derivatives."""

import random

import mpmath as mp
import pytest
import sympy as sp

from derivations import angular, heads, margin_heads
from refloss.symbolic import emit, rules
from refloss.symbolic.vocabulary import heads as head
from refloss.symbolic.vocabulary import subcenters

from .. import unrolled

TIGHT = mp.mpf(10) ** -38
SIZES = {"B": 2, "C": 3, "D": 2, "K": 2}
#: Every way of dividing, and every place for eps, above and below the lengths.
SETTINGS = {
    "default": {},
    "kept": {"keeps_x": 1.0, "keeps_weight": 1.0},
    "embeddings kept": {"keeps_x": 1.0, "keeps_weight": 0.0},
    "classes kept": {"keeps_x": 0.0, "keeps_weight": 1.0},
    "floor below": {"least_x": 0.001, "least_weight": 0.002},
    "floor above": {"least_x": 50.0, "least_weight": 40.0},
    "inside": {"eps_x_inside": 0.5, "eps_weight_inside": 0.25},
    "added": {"eps_x_added": 0.5, "eps_weight_added": 0.25},
    "in place": {"keeps_weight": 0.0, "projected": 0.0, "eps_weight_added": 0.25},
}
DEFINITIONS = (*heads.DEFINITIONS, *margin_heads.DEFINITIONS)
PROGRAMS = {n: (d, *forms) for d in DEFINITIONS for n, forms in d.programs.items()}
#: Three heads in every setting; the others, which share all of that, in two. The multiples of an
#: angle have tests of their own.
FORMS = [
    (name, setting)
    for name in PROGRAMS
    for setting in SETTINGS
    if name in ("cosface", "arcface", "l2_softmax") or setting in ("default", "classes kept")
    if name[-1] not in "1245"
]


def constants_of(definition, program, setting, sets=None):
    """Return all constants, exact where they are functions of others."""
    known = {n: c.default for n, c in definition.constants.items()} | SETTINGS[setting]
    known |= sets or {}
    found = {str(c): mp.mpf(known[str(c)]) for c in program.consts if str(c) in known}
    given = {c: sp.Rational(known[str(c)]) for c in program.consts if str(c) in known}
    for nearest, rest, value in program.derived:
        found[str(nearest)] = mp.mpmathify(sp.N(value.subs(given), unrolled.DIGITS))
        found[str(rest)] = mp.mpf(0)
    return found


def point(program, sizes=SIZES):
    """Return inputs, an upstream gradient and a direction."""
    rnd = random.Random(0)
    values = {"target": {(b,): (sizes["C"] - 1, 0)[b] for b in range(sizes["B"])}}
    for tensor in program.inputs:
        if not tensor.label:
            values[tensor.name] = {
                index: mp.mpf(rnd.randint(-999, 999)) / 512
                for index in unrolled.box(tensor.axes, sizes)
            }
    return values


@pytest.mark.parametrize("rule", [*head.RULES, *subcenters.RULES], ids=lambda rule: rule.name)
def test_rules(rule):
    rules.prove(rule)


@pytest.mark.parametrize(("name", "setting"), FORMS)
def test_both_forms_have_one_value_one_gradient_and_one_product(name, setting):
    definition, plain, stable = PROGRAMS[name]
    wrt = definition.wrt[name]
    for part in ("grad", "hvp"):
        forms = [getattr(emit.derive(p, "loss", wrt), part) for p in (plain, stable)]
        inputs = point(forms[0])
        first, second = (
            unrolled.evaluate(f, inputs, constants_of(definition, f, setting), SIZES) for f in forms
        )
        for output in forms[0].outputs:
            for index, number in first[output].items():
                gap = abs(number - second[output][index])
                assert gap <= TIGHT * max(1, abs(number)), (output, index)


def test_the_layer_for_caffe_has_one_gradient_in_both_forms():
    definition, plain, stable = PROGRAMS["sphereface_4"]
    sets = definition.axes["gradient"].values["caffe"].sets | {"projected": 0.0}
    forms = [emit.derive(p, "loss", definition.wrt["sphereface_4"]).grad for p in (plain, stable)]
    first, second = (
        evaluated(f, point(f), constants_of(definition, f, "default", sets)) for f in forms
    )
    for output in forms[0].outputs:
        for index, number in first[output].items():
            assert abs(number - second[output][index]) <= TIGHT * max(1, abs(number))


@pytest.mark.parametrize(("name", "setting"), [("cosface", "kept"), ("l2_softmax", "inside")])
def test_the_gradient_is_that_of_sympy(name, setting):
    definition, plain, _ = PROGRAMS[name]
    wrt = definition.wrt[name]
    gradient = emit.derive(plain, "loss", wrt).grad
    sizes = {"B": 1, "C": 2, "D": 2}
    inputs, constants = point(gradient, sizes), constants_of(definition, plain, setting)
    values = unrolled.evaluate(plain, inputs, constants, sizes)
    losses = unrolled.unroll(plain, sizes, values)
    total = sp.Add(*(sp.Float(inputs["loss_bar"][i], 50) * term for i, term in losses.items()))
    known = {c: constants[str(c)] for c in plain.consts}
    for tensor in plain.inputs:
        known |= {unrolled.entry(tensor, i): v for i, v in inputs[tensor.name].items()}
    symbols = [unrolled.entry(plain.tensor(n), index) for n in wrt for index in inputs[n]]
    expected = unrolled.derivatives(total, symbols, known)
    found = unrolled.evaluate(gradient, inputs, constants, sizes)
    got = [found[f"{n}_bar"][index] for n in wrt for index in inputs[n]]
    assert max(abs(a - b) for a, b in zip(got, expected, strict=True)) < TIGHT


def test_the_loss_does_not_change_with_the_length_of_a_class():
    """The plain program in exact symbols: W enters only divided by its norm."""
    _, plain, _ = PROGRAMS["normface"]
    inputs = point(plain)
    longer = {**inputs, "weight": {i: 7 * v for i, v in inputs["weight"].items()}}
    definition = PROGRAMS["normface"][0]
    constants = constants_of(definition, plain, "default")
    first, second = (
        unrolled.evaluate(plain, given, constants, SIZES)["loss"] for given in (inputs, longer)
    )
    assert all(abs(first[i] - second[i]) < TIGHT for i in first)


def test_a_class_of_several_centres_is_the_nearest_of_them():
    """In both forms: the gradient by the others is 0, and equal ones share it evenly."""
    definition, *forms = PROGRAMS["subcenter_arcface"]
    for form in forms:
        gradient = emit.derive(form, "loss", definition.wrt["subcenter_arcface"]).grad
        inputs = point(gradient)
        constants = constants_of(definition, gradient, "default")
        # twice a vector has its direction, and its cosines to the last bit
        inputs["weight"] |= {(1, 1, d): 2 * inputs["weight"][1, 0, d] for d in range(SIZES["D"])}
        found = evaluated(gradient, inputs, constants)
        for (row, place), top in found["product"].items():
            assert top == max(found["angle"][row, place, k] for k in range(SIZES["K"]))
        one, other = (
            [found["weight_bar"][1, k, d] for d in range(SIZES["D"])] for k in range(SIZES["K"])
        )
        assert any(one)
        assert all(abs(p - 2 * q) < TIGHT for p, q in zip(one, other, strict=True))


def evaluated(program, inputs, constants):
    return unrolled.evaluate(program, inputs, constants, SIZES)


@pytest.mark.parametrize("policy", angular.ARCFACE_AXES["policy"].values)
def test_a_policy_has_one_gradient_in_both_forms(policy):
    """The first row's target lies beyond the border, opposite to its class."""
    definition, plain, stable = PROGRAMS["arcface"]
    sets = angular.ARCFACE_AXES["policy"].values[policy].sets
    forms = [emit.derive(p, "loss", definition.wrt["arcface"]).grad for p in (plain, stable)]
    inputs = point(forms[0])
    inputs["x"] |= {(0, d): -inputs["weight"][2, d] + mp.mpf(d) / 9 for d in range(SIZES["D"])}
    first, second = (
        unrolled.evaluate(f, inputs, constants_of(definition, f, "default", sets), SIZES)
        for f in forms
    )
    for output in forms[0].outputs:
        for index, number in first[output].items():
            assert abs(number - second[output][index]) <= TIGHT * max(1, abs(number))
