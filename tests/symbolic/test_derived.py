"""Constants that are functions of others, and straight-through derivatives, from build to text."""

import numpy as np
import pytest
import sympy as sp

from derivations import sigmoid_focal
from refloss.symbolic import calculus, emit
from refloss.symbolic.build import Build, DefinitionError
from refloss.symbolic.definition import Constant, Definition
from refloss.symbolic.functions import Rest, StraightThrough, to_exact
from refloss.symbolic.printers import arithmetic_text, cuda_text, latex_text, numpy_text
from refloss.symbolic.vocabulary.elements import Elements


def turned(form):
    P = Build("turned", form)
    a = Elements(P)
    a.real("x")
    margin = P.const("margin")
    nearest, rest = P.derived("cos_margin", sp.cos(sp.pi * margin / 180))
    a.let("gap", a.x - nearest - rest)
    a.let("loss", StraightThrough(a.gap * a.gap, a.x, P.const("attached")))
    return P.finish("loss")


PROGRAMS = {"turned": (turned("plain"), turned("stable"))}
TURNED = Definition(
    name="turned",
    title="Turned",
    family="turns",
    source="nobody",
    formula="loss = (x - cos(margin in degrees))^2",
    inputs={"x": ("x",)},
    programs=PROGRAMS,
    constants={"margin": Constant(0.5, "an angle"), "attached": Constant(1.0, "0: slope 1")},
    axes={},
    presets={},
    singular=(),
    subgradients="none",
)


def test_both_forms_take_the_same_constants_and_the_plain_one_reads_no_rest():
    plain, stable = PROGRAMS["turned"]
    names = ["margin", "cos_margin", "cos_margin_lo", "attached"]
    assert [str(c) for c in plain.consts] == [str(c) for c in stable.consts] == names
    read = [{str(s) for s in form.lets[0].expr.free_symbols} for form in (plain, stable)]
    assert read[1] - read[0] == {"cos_margin_lo"}


def test_a_name_is_claimed_with_that_of_its_rest():
    P = Build("twice")
    P.derived("turn", sp.cos(P.const("margin")))
    with pytest.raises(DefinitionError, match="'turn_lo' is taken"):
        P.const("turn_lo")


def test_a_wide_constant_is_itself_and_what_a_narrower_float_lacks():
    for form in ("plain", "stable"):
        P = Build("wide", form)
        power = P.wide("power", positive=True)
        assert power.is_positive
        assert [str(c) for c in P.program.consts] == ["power", "power_lo"]
        assert str(P.rest_of(power)) == ("power_lo" if form == "stable" else "0")
        assert P.rest_of(P.const("other")) == P.rest_of(2 * power) == 0


def test_texts_and_entries_leave_a_wide_constant_as_it_is():
    entry = emit.index_entries([sigmoid_focal.SIGMOID_FOCAL])["programs"]["sigmoid_focal"]
    assert entry["derived"] == {"gamma": "gamma"}
    assert entry["docs"]["gamma"] == "power of 1 - p_t"
    assert (entry["constants"]["gamma"], entry["constants"]["gamma_lo"]) == (2.0, 0.0)
    _, stable = sigmoid_focal.SIGMOID_FOCAL.programs["sigmoid_focal"]
    exact = arithmetic_text.function("value", stable, "Value.")
    assert "    gamma_lo = F.rational(0, 1)\n" in exact
    assert "    gamma = " not in exact


def test_derivatives_keep_what_is_derived():
    for program in PROGRAMS["turned"]:
        gradient = calculus.grad(program, "loss", ["x"])
        assert gradient.derived == program.derived
        assert calculus.hvp(program, "loss", ["x"]).derived == program.derived


def test_arithmetics_take_the_exact_value_and_kernels_two_floats():
    plain, stable = PROGRAMS["turned"]
    exact = arithmetic_text.function("value", stable, "Value.")
    assert "    cos_margin = F.cos(F.pi()*margin/180)  # exactly\n" in exact
    assert "    cos_margin_lo = F.rational(0, 1)\n" in exact
    assert "cos_margin_lo =" not in arithmetic_text.function("value", plain, "Value.")
    for text in (numpy_text.function("value", stable), cuda_text.module("", {"t": stable}, {})):
        assert "x - cos_margin - cos_margin_lo" in text
        assert "cos(" not in text.replace("cos_margin", "")


def test_the_index_has_the_expression_and_defaults_of_both_floats():
    entry = emit.index_entries([TURNED])["programs"]["turned"]
    assert entry["derived"] == {"cos_margin": "cos(pi*margin/180)"}
    nearest, rest = (entry["constants"][n] for n in ("cos_margin", "cos_margin_lo"))
    assert nearest == np.cos(np.pi * 0.5 / 180)
    assert 0 < abs(rest) < np.spacing(abs(nearest)) / 2 + 1e-40
    assert entry["docs"]["cos_margin_lo"] == "what cos_margin lacks"


def test_formulas_say_what_a_derived_constant_is():
    assert r"cos_{margin} &= \cos{" in latex_text.aligned(PROGRAMS["turned"][0])


@pytest.mark.parametrize("attached", [0.0, 1.0])
def test_a_straight_through_derivative_is_that_of_the_other(attached):
    program = PROGRAMS["turned"][1]
    scope = {}
    parts = {
        "grad": calculus.grad(program, "loss", ["x"]),
        "hvp": calculus.hvp(program, "loss", ["x"]),
    }
    texts = [numpy_text.function(name, part) for name, part in parts.items()]
    exec(numpy_text.module("", [program], texts), scope)
    x = np.array([0.25, -1.0])
    constants = (0.0, -1.0, 0.0, attached)
    value, slope = scope["grad"](x, np.ones(2), *constants)
    np.testing.assert_array_equal(value, (x + 1) ** 2)
    np.testing.assert_array_equal(slope, 2 * (x + 1) if attached else np.ones(2))
    product = scope["hvp"](x, np.ones(2), np.ones(2), *constants)
    np.testing.assert_array_equal(product, np.full(2, 2 * attached))


def apart(form):
    P = Build("apart", form)
    a = Elements(P)
    a.real("x")
    for k, value in enumerate((sp.sqrt(2) / 2, sp.S.Half, sp.sqrt(5) / 4 - sp.Rational(1, 4)), 1):
        nearest, rest = P.pair(f"zero{k}", value)
        a.let(f"away{k}", a.x - nearest - rest)
    a.let("loss", a.away1 * a.away2 * a.away3)
    return P.finish("loss")


def test_a_number_of_two_floats_is_exact_where_arithmetic_is():
    """A number that is a float lacks nothing, and plain programs read no rest."""
    plain, stable = apart("plain"), apart("stable")
    assert [str(name) for name, _ in plain.numbers] == ["zero1", "zero3"]
    assert [str(name) for name, _ in stable.numbers] == ["zero1", "zero1_lo", "zero3", "zero3_lo"]
    text = arithmetic_text.function("value", stable, "Value.")
    assert "    zero1 = F.rational(1, 2)*F.sqrt(F.rational(2, 1))\n" in text
    assert "    zero1_lo = F.rational(0, 1)\n" in text
    assert "    away2 = x - F.rational(1, 2)\n" in text
    assert r"\delta" in latex_text.aligned(stable)
    rests = [value for _, value in stable.numbers if isinstance(value, Rest)]
    assert [to_exact(value) for value in rests] == [0, 0]


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_both_floats_are_nearest_in_either_format(real):
    head = cuda_text.module("", {"apart": apart("stable")}, {})
    column = {"float64": 0, "float32": 1}[real]
    found = {}
    for line in head.splitlines():
        if line.startswith("NUMBER("):
            name, *literals = line[len("NUMBER(") : line.index(")")].split(", ")
            found[name] = float.fromhex(literals[column].rstrip("f"))
    exact = {"zero1": sp.sqrt(2) / 2, "zero3": sp.sqrt(5) / 4 - sp.Rational(1, 4)}
    kind = np.dtype(real).type
    for name, value in exact.items():
        nearest = float(kind(float(sp.N(value, 40))))
        assert found[name] == nearest
        rest = float(sp.N(value - sp.Rational(nearest), 40))
        assert found[f"{name}_lo"] == float(kind(rest))
