"""Running printed NumPy text on small arrays."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from refloss.symbolic.printers import numpy_text

from . import unrolled


def compiled(program):
    """Return the module that a program's printed text defines, by name."""
    text = numpy_text.module("Text.", [program], [numpy_text.function("value", program)])
    scope: dict = {}
    exec(compile(text, program.name, "exec"), scope)
    return scope


def array(values, label=False):
    """Return entries by index as an array."""
    shape = tuple(1 + max(axis) for axis in zip(*values, strict=True))
    result = np.empty(shape, np.int64 if label else np.float64)
    for index, value in values.items():
        result[index] = int(value) if label else float(value)
    return result


def drawn(tensor, sizes, seed):
    """Return dyadic entries, exact in float64 and all different, away from zero."""
    rnd = np.random.default_rng([seed, *tensor.name.encode()])
    indices = list(unrolled.box(tensor.axes, sizes))
    numbers = rnd.permutation(np.arange(40, 40 + 7 * len(indices), 7)) * rnd.choice([-1, 1])
    return {index: mp.mpf(int(n)) / 64 for index, n in zip(indices, numbers, strict=True)}


def both(program, sizes, labels=None, constants=None, seed=0):
    """Return a program's outputs twice: printed text in float64, and the witness."""
    labels, constants = labels or {}, constants or {}
    inputs = {t.name: labels.get(t.name) or drawn(t, sizes, seed) for t in program.inputs}
    arrays = [array(inputs[t.name], t.label) for t in program.inputs]
    numbers = [float(constants[str(c)]) for c in program.consts]
    printed = compiled(program)["value"](*arrays, *numbers)
    printed = printed if isinstance(printed, tuple) else (printed,)
    exact = unrolled.evaluate(program, inputs, constants, sizes)
    expected = tuple(array(exact[name], program.tensor(name).label) for name in program.outputs)
    return printed, expected
