"""Targets that take other arguments than the loss has inputs are refused before they run."""

import functools

import pytest

from crossval.signatures import Unfit, fit, fit_call, optional, required

INPUTS, AXES = ("pred", "target"), ("eps", "alpha")


def plain(pred, target, eps=1e-7, reduction="none"): ...


def other_names(boxes1, boxes2): ...


def demands_eps(pred, target, eps): ...


def three(first, second, third): ...


def one(target): ...


def reversed_order(target, pred): ...


def by_name(*, pred, target): ...


def anything(*args, **kwargs): ...


class Owner:
    """A module in all but its base class."""

    def __init__(self):
        self.boxes = type("Array", (), {"shape": (3, 4), "dtype": "float32"})()

    def __call__(self, *args, **kwargs):
        """Hand over, as torch modules do."""
        return self.forward(*args, **kwargs)

    def forward(self, target):
        """Take one input."""


@pytest.mark.parametrize("thing", [plain, other_names, demands_eps, anything, max])
def test_what_can_be_called_is_let_through(thing):
    fit(thing, "giou", INPUTS, AXES)


@pytest.mark.parametrize(
    ("thing", "takes", "hint"),
    [
        (three, "(first, second, third)", '--call "f(pred, target, ...)"'),
        (one, "(target)", '--call "f(target)"'),
        (reversed_order, "(target, pred)", '--call "f(target, pred)"'),
        (by_name, "(pred, target)", '--call "f(pred=pred, target=target)"'),
        (Owner(), "(target)", '--call "f(target)" --bind pred=f.boxes'),
    ],
)
def test_what_cannot_is_told_with_the_call_that_would_fit(thing, takes, hint):
    with pytest.raises(Unfit) as caught:
        fit(thing, "giou", INPUTS, AXES)
    assert caught.value.code == "RL203"
    assert f"takes {takes}" in str(caught.value)
    assert 'loss "giou" gives (pred, target)' in str(caught.value)
    assert caught.value.hint == f"hint: {hint}"


def test_partial_functions_are_seen_through():
    fit(functools.partial(three, third=1), "giou", INPUTS, AXES)
    with pytest.raises(Unfit):
        fit(functools.partial(plain, 1, 2, 3), "giou", INPUTS, AXES)


@pytest.mark.parametrize("call", ["f(pred, target)", "f(*[pred, target])", "1 - f.loss(pred)"])
def test_calls_that_fit_or_cannot_be_read_are_let_through(call):
    fit_call(plain, call)


@pytest.mark.parametrize(
    "call", ["f(pred)", "f(pred, target, gamma=2)", "2 * f(pred, pred=target)"]
)
def test_calls_that_do_not_fit_are_named(call):
    with pytest.raises(Unfit, match=r"plain takes \(pred, target, eps=..., reduction=...\), not f"):
        fit_call(plain, call)


def test_arguments_after_the_inputs():
    assert optional(plain, INPUTS) == ["eps", "reduction"]
    assert optional(by_name, ()) == ["pred", "target"]
    assert required(demands_eps, INPUTS, AXES) == ["eps"]
    assert required(plain, INPUTS, AXES) == []
