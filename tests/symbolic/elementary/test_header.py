"""The header: what it says is what was proved, and a derivation that fails writes nothing."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flint import arb, fmpq

from refloss.symbolic.elementary import (
    arctangent,
    circular,
    expm1,
    exponential,
    header,
    logarithm,
)
from refloss.symbolic.elementary.formats import FORMATS, power

KERNELS = Path(header.__file__).parents[2] / "kernels"
FORMS = pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)


def test_the_committed_files_are_those_derived():
    for name, text in header.files().items():
        assert (KERNELS / name).read_text(encoding="utf-8") == text, "run `refloss derive`"


def test_every_function_is_there_in_both_formats_with_its_bound():
    bounds = json.loads(header.files()[header.BOUNDS])
    assert set(bounds) == {
        *("exp_", "expm1_", "log_", "log1p_", "atan_", "atan2_", "sin_", "cos_"),
    }
    for name, formats in bounds.items():
        assert set(formats) == {"float", "double"}
        assert all(0.5 < bound < 1 for bound in formats.values()), name


def test_the_comment_beside_a_function_has_its_bound():
    for function in header.functions():
        if function.ulps is not None:
            assert f"{function.ulps}" in function.text.split("INLINE")[0]


def test_lines_are_short():
    text = header.files()[header.TEXT]
    assert max(len(line) for line in text.splitlines()) <= 110


def broken(curve, place, bits):
    """Return a polynomial with one coefficient off by a part in ``2**bits``."""
    coefficients = list(curve.coefficients)
    coefficients[place] *= 1 + power(-bits)
    return replace(curve, coefficients=tuple(coefficients))


@FORMS
def test_the_proof_notices_a_broken_coefficient(form):
    bits = form.precision - 8
    e, g, a = exponential.derive(form), logarithm.derive(form), arctangent.derive(form)
    assert exponential.prove(replace(e, curve=broken(e.curve, 1, bits)))[0] > 1
    assert logarithm.prove(replace(g, curve=broken(g.curve, 0, bits))) > 1
    assert arctangent.prove(replace(a, curve=broken(a.curve, 0, bits))) > 1
    less, c = expm1.derive(form), circular.derive(form)
    assert expm1.prove(replace(less, curve=broken(less.curve, 1, bits))) > 1
    assert circular.prove(replace(c, sine=broken(c.sine, 0, bits))) > 1
    assert circular.prove(replace(c, cosine=broken(c.cosine, 0, bits))) > 1


@FORMS
def test_the_proof_notices_a_broken_constant(form):
    e, g, a = exponential.derive(form), logarithm.derive(form), arctangent.derive(form)
    assert exponential.prove(replace(e, low=fmpq(0)))[0] > 1
    assert logarithm.prove(replace(g, low=fmpq(0))) > 1
    assert arctangent.prove(replace(a, low=fmpq(0))) > arctangent.prove(a)
    assert expm1.prove(replace(expm1.derive(form), low=fmpq(0))) > 1
    assert circular.prove(replace(circular.derive(form), third=fmpq(0))) > 1


def test_an_error_of_one_unit_is_refused():
    with pytest.raises(ArithmeticError, match="exp_"):
        header.below_one("exp_", arb(1))
    assert header.below_one("exp_", arb(fmpq(7111, 10000))) == 0.712


def test_the_order_of_sets_does_not_matter():
    """Two runs in other processes, with other hash seeds."""
    run = "from refloss.symbolic.elementary import header; print(header.files())"
    texts = {
        subprocess.run(
            [sys.executable, "-c", run],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=KERNELS.parents[1],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(texts) == 1
