"""Probes of identify: on the grid, without ties, telling, predicted as public functions say."""

import numpy as np
import pytest

import refloss
from crossval.catalog import losses, spec_of
from crossval.families import FAMILIES
from crossval.identification.questions import asks
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.probes import Definition

PROBERS = {name: family.prober for name, family in FAMILIES.items() if family.prober}
FLAT = {name for name, family in FAMILIES.items() if all(map(family.is_vector, family.inputs))}
PRESETS = [
    (family, loss, preset)
    for family, prober in PROBERS.items()
    for loss, entry in losses().items()
    if asks(prober, loss)
    for preset in entry["presets"]
]


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("family", PROBERS)
def test_probes_lie_on_the_grid_and_are_the_same_every_time(family, dtype):
    prober, number = PROBERS[family], format_of(dtype)
    made = [*prober.rows(dtype, "smoke", ()), *prober.batches(dtype, ())]
    again = [*prober.rows(dtype, "smoke", ()), *prober.batches(dtype, ())]
    for probe, other in zip(made, again, strict=True):
        assert len(probe)
        assert np.all(probe.upstream != 0)
        assert np.array_equal(number.round(probe.upstream), probe.upstream)
        for name, array in probe.inputs.items():
            assert len(array) == len(probe)
            assert np.array_equal(number.round(array), array)
            assert np.array_equal(array, other.inputs[name])


@pytest.mark.parametrize("family", PROBERS)
def test_a_few_hundred_rows_suffice_and_upstreams_have_both_signs(family):
    probes = PROBERS[family].rows("float64", "standard", ())
    assert 50 <= sum(map(len, probes)) < 400
    upstream = np.concatenate([probe.upstream for probe in probes])
    assert (upstream > 0).any()
    assert (upstream < 0).any()


@pytest.mark.parametrize("family", PROBERS)
def test_batches_have_at_least_three_sizes_that_tell_denominators_apart(family):
    prober = PROBERS[family]
    accepted = tuple(FAMILIES[family].options)
    batches = prober.batches("float64", accepted)
    assert len({len(batch) for batch in batches}) >= 3
    tables = [prober.denominators(batch) for batch in batches]
    assert len({tuple(table) for table in tables}) == 1
    columns = [tuple(table[name] for table in tables) for name in tables[0]]
    if any("ignore_index" in batch.options for batch in batches) or not prober.means:
        assert len(set(columns)) == len(columns)


@pytest.mark.parametrize("dtype", FORMATS)
def test_boxes_are_proper_and_share_no_edge(dtype):
    (probe,) = PROBERS["boxes"].rows(dtype, "full", ())
    pred, target = probe.inputs["pred"], probe.inputs["target"]
    for box in (pred, target):
        assert np.all(box[:, 2:] > box[:, :2])
    assert not np.any(pred == target)
    assert not np.any(pred == np.roll(target, 2, axis=1))


def test_boxes_reach_both_sides_of_every_threshold():
    (probe,) = PROBERS["boxes"].rows("float64", "smoke", ())
    overlap = 1 - refloss.iou(probe.inputs["pred"], probe.inputs["target"], check="none")
    loss = refloss.ciou(probe.inputs["pred"], probe.inputs["target"], check="none")
    assert (overlap == 0.5).any()
    assert ((overlap > 0) & (overlap < 0.5)).any()
    assert (overlap > 0.5).any()
    assert (overlap == 0).any()
    assert ((overlap > 0) & (overlap < 1e-6)).any()
    assert (loss > 2).any()


def test_rows_hold_the_first_and_the_last_class_in_several_numbers_of_classes():
    probes = PROBERS["rows"].rows("float64", "smoke", ())
    assert len({probe.inputs["logits"].shape[1] for probe in probes}) >= 3
    for probe in probes:
        target, classes = probe.inputs["target"], probe.inputs["logits"].shape[1]
        assert {0, classes - 1} <= set(target.tolist())


def definition(prober, loss, preset, **more):
    axes = {**prober.fixed, **more}
    return Definition(loss, preset, axes, spec_of(loss, preset, axes))


@pytest.mark.parametrize(("family", "loss", "preset"), PRESETS)
def test_predictions_are_those_of_the_public_function(family, loss, preset):
    prober, options = PROBERS[family], tuple(FAMILIES[family].options)
    probe = prober.batches("float64", options)[-1]
    what = definition(prober, loss, preset)
    inputs = dict(probe.inputs)
    if what.spec.axes.get("labels") == "binary":
        inputs["target"] = (inputs["target"] + 1) / 2
    value, gradients = prober.predict(what, inputs, probe.upstream, probe.options)
    function = getattr(refloss, loss)
    single = next(iter(probe.inputs.values())).ndim == 2 and family in FLAT
    batch = what.spec.batch
    of_rows = {batch.axis: "item"} if batch is not None and batch.averaged else {}
    wholes = FAMILIES[family].wholes  # all rows of a batch have the first one's
    inputs |= {name: inputs[name][0] for name in wholes}
    gradients |= {name: gradients[name].sum(axis=0) for name in wholes}
    named = {name: inputs.pop(name) for name in ("bias",) if name in inputs}
    expected, slopes = function.value_and_grad(
        *inputs.values(),
        **named,
        upstream=probe.upstream,
        wrt=tuple(gradients),
        preset=preset,
        **{"reduction": "rows"} if single else {},
        **of_rows,
        **prober.fixed,
        **probe.options,
    )
    assert value == pytest.approx(expected, rel=1e-13, nan_ok=True)
    for name, gradient in gradients.items():
        assert gradient == pytest.approx(slopes[name], rel=1e-11, abs=1e-13, nan_ok=True)


@pytest.mark.parametrize("family", PROBERS)
def test_gradients_under_a_reading_are_derivatives_by_the_given_inputs(family):
    prober = PROBERS[family]
    scalings = [scaling.make(0.75) for scaling in prober.scalings]
    likely = {"boxes": "diou", "rows": "cross_entropy", "rows of probabilities": "cross_entropy"}
    loss = likely.get(family) or next(name for name in losses() if asks(prober, name))
    axes = losses()[loss]["axes"]
    differentiated = {name: "attached" for name in ("counts", "weights") if name in axes}
    what = definition(prober, loss, None, **differentiated)
    probe = prober.rows("float64", "smoke", ())[0].take(slice(4, 10))
    for reading in (*prober.readings, *scalings):

        def total(inputs, reading=reading):
            found = prober.predict(what, reading.read(inputs), probe.upstream, {})
            value, gradients = reading.after(
                inputs, probe.upstream, (found[0], reading.pull(found[1]))
            )
            with np.errstate(invalid="ignore"):
                return float((value * probe.upstream).sum()), gradients

        _, gradients = total(probe.inputs)
        for name, gradient in gradients.items():
            given = probe.inputs[name]
            step, slopes = 2.0**-20, np.zeros((2, *given.shape))
            here = total(probe.inputs)[0]
            for at in np.ndindex(given.shape):
                for side, way in enumerate((1, -1)):
                    moved = given.copy()
                    moved[at] += way * step
                    there = total({**probe.inputs, name: moved})[0]
                    slopes[side][at] = way * (there - here) / step
            # At a kink the sides differ; where the reading leaves the domain there are none.
            known = np.isfinite(slopes).all(axis=0) & np.isfinite(gradient)
            assert known.any() or not np.isfinite(here)
            apart = np.abs(np.subtract(*np.where(known, slopes, 0.0)))
            smooth = known & (apart <= 1e-3 * np.abs(np.where(known, slopes, 0.0)).max())
            slope = slopes.mean(axis=0)[smooth]
            assert gradient[smooth] == pytest.approx(slope, rel=1e-4, abs=1e-5), reading.name
