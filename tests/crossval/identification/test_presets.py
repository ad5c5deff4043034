"""Every preset of every box loss is identified as itself, or as what it is equal to."""

import pytest

import refloss
from crossval.catalog import losses, spec_of
from tests.crossval.identification.conftest import BOXES

PRESETS = [(loss, preset) for loss in BOXES for preset in losses()[loss]["presets"]]


class Preset:
    """A loss of refloss under a preset, its gradients included."""

    def __init__(self, loss, **convention):
        self.loss, self.convention = getattr(refloss, loss), convention

    def __call__(self, pred, target):
        return self.loss(pred, target, check="none", **self.convention)

    def grad(self, pred, target, *, upstream, wrt):
        return self.loss.grad(
            pred, target, upstream=upstream, wrt=wrt, check="none", **self.convention
        )


def same(loss, one, other):
    first, second = spec_of(loss, one, {}), spec_of(loss, other, {})
    return (first.program, first.constants) == (second.program, second.constants)


@pytest.mark.parametrize(("loss", "preset"), PRESETS)
def test_a_preset_is_identified_with_everything_equal_to_it_and_nothing_else(near, loss, preset):
    answer = near(Preset(loss, preset=preset))
    assert answer.found
    names = {answer.best.definition.title, *answer.best.definition.also}
    equal = {f"{loss}/{other}" for other in losses()[loss]["presets"] if same(loss, preset, other)}
    assert names == equal
    assert not [title for title in answer.equal if " with " not in title]
    assert answer.gradient == answer.best.definition.title
    assert not answer.notes
    assert (answer.best.factor, answer.best.offset) == (1, 0)
    assert answer.best.digits > 15
    assert answer.certified
    assert answer.runner_up is not None
    assert answer.separation.probes > 0


@pytest.mark.parametrize("loss", ["giou", "ciou", "iou"])
def test_among_other_losses_a_preset_is_not_found(near, loss):
    others = tuple(other for other in BOXES if other != loss)
    answer = near(Preset(loss, preset="paper" if loss != "iou" else "unitbox"), among=others)
    assert not answer.found
    assert answer.losses == others
    assert answer.exit_code == 1
