"""Divergences of a softmax: both forms agree in 50 digits, and with a formula written out here."""

import mpmath as mp
import pytest

from derivations.row_divergence import DEFINITIONS
from refloss.symbolic import emit

from .test_rows import TIGHT, outcome, points

LOSSES = {definition.name: definition for definition in DEFINITIONS}
SETTINGS = {
    "softmax_kl": [
        {"temperature": mp.mpf(t), "times_square": mp.mpf(s)} for t, s in (("1", 0), ("2.5", 1))
    ],
    "softmax_js": [
        {"temperature": mp.mpf(t), "in_bits": mp.mpf(b)} for t, b in (("1", 0), ("0.4", 1))
    ],
}


def forms(loss):
    definition = LOSSES[loss]
    wrt = definition.wrt[loss]
    return wrt, [emit.derive(form, "loss", wrt) for form in definition.programs[loss]]


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("loss", LOSSES)
def test_both_forms_agree_under_every_convention(loss, classes):
    wrt, derived = forms(loss)
    every = list(points("cross_entropy_soft", classes))
    for number, setting in enumerate(SETTINGS[loss]):
        for inputs in every[number::2]:
            plain, stable = (outcome(form, wrt, inputs, setting, classes) for form in derived)
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (setting, inputs)


def published(loss, inputs, setting, classes):
    heat = setting["temperature"]
    z, q, w = (
        [inputs[name][i] for i in places]
        for name, places in (
            ("logits", [(0, c) for c in range(classes)]),
            ("target", [(0, c) for c in range(classes)]),
            ("class_weight", [(c,) for c in range(classes)]),
        )
    )
    masses = [mp.exp(x / heat) for x in z]
    p = [mass / mp.fsum(masses) for mass in masses]

    def apart(first, second):
        return first * mp.log(first / second) if first > 0 else mp.mpf(0)

    if loss == "softmax_kl":
        found = mp.fsum(v * apart(y, x) for v, y, x in zip(w, q, p, strict=True))
        return found * (heat**2 if setting["times_square"] else 1)
    halves = (
        v * (apart(y, (x + y) / 2) + apart(x, (x + y) / 2)) / 2
        for v, x, y in zip(w, p, q, strict=True)
    )
    return mp.fsum(halves) / (mp.log(2) if setting["in_bits"] else 1)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_plain_form_is_what_is_published(loss):
    wrt, (plain, _) = forms(loss)
    for inputs in points("cross_entropy_soft", 3):
        for setting in SETTINGS[loss]:
            found = outcome(plain, wrt, inputs, setting, 3)[0]
            assert abs(found - published(loss, inputs, setting, 3)) < TIGHT, (setting, inputs)
