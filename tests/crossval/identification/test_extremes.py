"""Extreme rows part what other rows do not, refute nothing, and are reported afterwards."""

import numpy as np
import pytest

from crossval.catalog import losses
from crossval.families import FAMILIES
from crossval.identification import identify
from tests.crossval.identification.conftest import ROWS, SOFT_ROWS
from tests.crossval.targets import naive_losses as naive

BINARY = tuple(name for name, entry in losses().items() if entry["family"] == "binary")
OF = {"rows": ROWS, "rows of probabilities": SOFT_ROWS, "binary": BINARY, "images": ("hed",)}


def answered(near, function, family):
    answer = near(function, among=OF[family], family=family)
    assert answer.found, answer.best.definition.title
    assert answer.verdict == "identified"
    assert answer.best.relation == ""
    return answer


@pytest.mark.parametrize(
    ("family", "function", "title", "codes"),
    [
        ("binary", naive.focal, "sigmoid_focal/kornia", {"RL302"}),
        ("rows of probabilities", naive.divergence, "softmax_js/scipy", {"RL302"}),
        ("rows", naive.cross_entropy, "cross_entropy/torch", {"RL302"}),
        ("images", naive.balanced, "hed/hed", {"RL302"}),
        ("rows", naive.stable, "cross_entropy/torch", set()),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_convention_is_told_where_formulations_agree(near, family, function, title, codes):
    answer = answered(near, function, family)
    assert answer.best.definition.title == title
    assert {note.code for note in answer.departures} == codes
    assert answer.dtype == "float64"


def test_a_departure_names_the_plainest_input_and_how_many_there_are(near):
    (departure,) = answered(near, naive.focal, "binary").departures
    words = "at logits = 45, target = 0 it returns inf, not 33.75; so at 10 of 20 extreme probes"
    assert departure.words == words


def test_a_gradient_may_part_at_extreme_rows_alone():
    """PyTorch divides by p (1 - p), kept above 1e-12."""
    answer = identify("torch.nn.functional:binary_cross_entropy", ["bce_probs"])
    assert answer.best.definition.title == "bce_probs/torch"
    assert (answer.verdict, answer.exit_code) == ("identified", 0)
    assert [note.code for note in answer.departures] == ["RL402"]
    assert "its gradient by probs is 1125000004495" in answer.departures[0].words


@pytest.mark.parametrize("family", ["rows", "rows of probabilities", "binary", "images"])
def test_some_rows_are_extreme_and_most_are_not(family):
    for probe in FAMILIES[family].prober.rows("float64", "standard", ()):
        assert 0 < probe.extreme.sum() < len(probe) / 2
        size = np.abs(probe.inputs["logits"]).reshape(len(probe), -1).max(axis=1)
        assert size[probe.extreme].max() > 9000
        assert size[~probe.extreme].max() <= 17


@pytest.mark.parametrize(
    ("family", "function", "loss", "reading"),
    [
        ("rows", naive.raised, "cross_entropy/torch", "p + 1e-08"),
        ("rows", naive.raised_focal, "softmax_focal", "p + 1e-08"),
        ("rows of probabilities", naive.raised_soft, "cross_entropy/torch", "p + 1e-08"),
        (
            "rows of probabilities",
            naive.raised_divergence,
            "softmax_kl/torch",
            "p + 1e-06, target + 1e-06",
        ),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_is_added_before_a_logarithm_is_named(near, family, function, loss, reading):
    definition = answered(near, function, family).best.definition
    assert f"{definition.loss}/{definition.preset}".rstrip("/") == loss
    assert definition.reading == reading
    assert not definition.slip


@pytest.mark.parametrize(
    ("family", "function"),
    [("rows", naive.stable), ("rows of probabilities", naive.raised_soft)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_losses_that_are_this_one_at_0_are_not_called_equal(near, family, function):
    assert answered(near, function, family).equal == ()


@pytest.mark.parametrize("alpha", [0.25, 0.3])
def test_alpha_on_all_is_no_factor(near, alpha):
    definition = answered(near, naive.focal_on_all(alpha), "binary").best.definition
    assert (definition.loss, definition.axes["alpha_side"]) == ("sigmoid_focal", "all")
    assert definition.axes["alpha"] == pytest.approx(alpha, rel=1e-12)


@pytest.mark.parametrize(
    ("family", "function", "temperature"),
    [
        ("rows of probabilities", naive.distilled, 4.0),
        ("rows", naive.distilled_classes, 2.0),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_the_square_of_a_temperature_is_named_with_it(near, family, function, temperature):
    definition = answered(near, function, family).best.definition
    assert definition.loss == "cross_entropy"
    assert definition.axes["factor"] == "temperature_squared"
    assert definition.axes["temperature"] == pytest.approx(temperature, rel=1e-12)
