"""A gradient by the target's logit that is p_y - 1 is noted, whatever its grade."""

import io

import pytest
from rich.console import Console

from crossval.report import terminal

FILE, WORDS = "numpy_cross_entropy.py", "the gradient by the target's logit is the rounded p_y"


@pytest.fixture
def of(judged):
    """Return a function that certifies a target in a format and returns it with its notes."""

    def find(name, dtype):
        certificate = judged(FILE, name, "cross_entropy/torch", (dtype,))
        (gradient,) = (o for o in certificate.outcomes if o.check == "grad[logits]")
        return certificate, gradient

    return find


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_p_less_1_is_noted_beside_its_grade(of, dtype):
    certificate, gradient = of("LessOne", dtype)
    assert not gradient.findings
    assert gradient.grade in ("B", "C")
    (note,) = gradient.notes
    assert note.startswith(WORDS)
    assert "minus the sum of the other probabilities" in note
    shown = io.StringIO()
    terminal.show(certificate, Console(file=shown, width=100))
    assert "noted    the gradient by the target's logit is the rounded p_y, less 1" in (
        shown.getvalue()
    )


@pytest.mark.parametrize("name", ["Plain", "TwiceOff"])
def test_a_gradient_that_keeps_its_digits_or_is_off_otherwise_is_not(of, name):
    _, gradient = of(name, "float32")
    assert gradient.notes == ()
