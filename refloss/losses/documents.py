"""Docstrings and signatures of losses, assembled from the kernels' index."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["describe", "signature"]

_ARRAY = """\
NumPy, torch, CuPy, or any array with ``__dlpack__`` or
    ``__array__``, all on the CPU or all on one CUDA device. N may be 0, strides are free, nothing
    is written to, and no graph is recorded: derivatives come from ``grad``, ``value_and_grad``
    and ``hvp``."""

_BACKEND = """\
backend : {'numpy', 'c', 'cuda'}, optional
    What runs. On the CPU NumPy (the default), or the same program compiled for this machine by its
    C++ compiler when it is first called (``'c'``), on ``REFLOSS_THREADS`` threads (default: one a
    processor). Arrays on a CUDA device run ``'cuda'``: the program compiled by NVRTC, launched on
    the current stream of the arrays' library; nothing waits for it, and reduced values are arrays
    of shape () there.
"""

_BOXES = f"""\
Parameters
----------
pred, target : array of shape (N, 4), float16, bfloat16, float32 or float64
    Boxes, one a row, of one dtype; {_ARRAY}
preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
layout : {{'xyxy', 'xywh', 'cxcywh'}}
    How both boxes are written; gradients come back in the same columns. Sizes become corners
    in what is computed with: what is tiny beside its coordinates loses digits there.
reduction : {{'none', 'mean', 'sum'}}
    One loss a box, or their mean (NaN where N = 0) or sum, added up in float64.
check : {{'values', 'none'}}, optional
    Whether inverted boxes, infinite coordinates, coordinates beyond 1e100, and sides below
    1e-100 other than 0, are errors. Default: on the CPU they are; on a device they are looked
    at only if ``'values'`` is asked for, on copies, for which the call waits.
nan : {{'propagate', 'raise'}}
    Whether NaN reaches the results of its own box, and of no other, or is an error.
{_BACKEND}compute : {{'float64', 'float32'}}, optional
    What is computed with. NumPy computes in float64. Compiled programs, on the CPU or on a device,
    take the boxes' format, float32 for narrower ones, unless they are asked for float64; on the
    CPU float64 also where boxes are written with sizes. In float32 products of sides leave the
    range earlier: sides below 1e-12 other than 0 and coordinates beyond 1e12 are then errors.
"""

_ROWS = f"""\
Parameters
----------
{{first}} : array of shape (N, C), float16, bfloat16, float32 or float64
    {{meaning}}, C at least 2; {_ARRAY}
{{target}}
preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
class_weight : array of shape (C,), optional
    A weight >= 0 for every class, of the dtype of ``{{first}}``; 1 without it. What has weight 0
    loses its term and not its logit, so that a NaN there reaches the gradient of its
    row.{{ignore_index}}
reduction : {{'none', 'mean', 'sum'}}
    One loss a row, or their mean (see ``denominator`` and ``empty``) or sum, in float64.
check : {{'values', 'none'}}, optional
    Whether {{bad}} and class weights that
    are negative or not finite are errors. Default: on the CPU they are; on a device values are
    looked at only if ``'values'`` is asked for, on copies, for which the call waits.{{strangers}}
nan : {{'propagate', 'raise'}}
    Whether NaN reaches the results of its own row, and of no other, or is an error.
{_BACKEND}compute : {{'float64', 'float32'}}, optional
    What is computed with. NumPy computes in float64. Compiled programs, on the CPU or on a device,
    take the format of ``{{first}}``, float32 for narrower ones, unless they are asked for float64.
"""

_TARGETS = {
    "index": "array of integers of shape (N,)\n    The class of every row.",
    "probabilities": """\
array of shape (N, C) of the logits' dtype
    One number for every logit, see ``targets``.""",
    "either": """\
array of integers of shape (N,), or of the logits' dtype and shape (N, C)
    The class of every row, or the probability of every class.""",
}
_IGNORED = """
ignore_index : int
    Rows of this class have loss 0 and gradient 0, whatever their logits."""
_STRANGERS = """ A class that does not exist always is
    an error on the CPU; on a device the results of its row are NaN, and a mean with them."""

_ELEMENTS = f"""\
Parameters
----------
{{names}} : array of {{shape}} shape, float16, bfloat16, float32 or float64
    {{meaning}}; {_ARRAY.replace("N may be 0", "Sizes may be 0")}
preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
{{{{weights}}}}
reduction : {{{{'none', 'rows', 'mean', 'sum'}}}}
    One loss an element; the sum of each row, which is all behind the first axis (on the CPU); or
    the mean of all{{over}} or their sum. Sums are taken in float64.
check : {{{{'values', 'none'}}}}, optional
    Whether {{bad}} outside of what the definition
    speaks of{{and_}} are errors. Default: on the CPU they are; on a device they are looked at only
    if ``'values'`` is asked for, on copies, for which the call waits.
nan : {{{{'propagate', 'raise'}}}}
    Whether NaN reaches the results of its own element, and of no other, or is an error.
{_BACKEND.replace("{", "{{").replace("}", "}}")}compute : {{{{'float64', 'float32'}}}}, optional
    What is computed with. NumPy computes in float64. Compiled programs, on the CPU or on a device,
    take the inputs' format, float32 for narrower ones, unless they are asked for float64.
"""

_VECTORS = f"""\
Parameters
----------
{{names}} : array of shape (N, D), float16, bfloat16, float32 or float64
    {{meaning}}, one a row, of one dtype, D at least 1;
    {_ARRAY}
{{labels}}preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
reduction : {{{{'none', 'mean', 'sum'}}}}
    One loss an item, or their mean (see ``denominator`` and ``empty``) or sum, in float64.
check : {{{{'values', 'none'}}}}, optional
    Whether labels that are no such label are errors. Default: on the CPU they are; on a device they
    are looked at only if ``'values'`` is asked for, on copies, for which the call waits.
nan : {{{{'propagate', 'raise'}}}}
    Whether NaN reaches the results of its own item, and of no other, or is an error.
{_BACKEND.replace("{", "{{").replace("}", "}}")}compute : {{{{'float64', 'float32'}}}}, optional
    What is computed with. NumPy computes in float64. Compiled programs, on the CPU or on a device,
    take the vectors' format, float32 for narrower ones, unless they are asked for float64.
"""

_HEADS = """\
Parameters
----------
x : array of shape (B, D), float16, bfloat16, float32 or float64
    One embedding a row; NumPy, torch, or any array with ``__dlpack__`` or ``__array__``, on the
    CPU. B may be 0, strides are free, nothing is written to, and no graph is recorded: derivatives
    come from ``grad``, ``value_and_grad`` and ``hvp``.
weight : array of shape (C, D) of the dtype of ``x``
    One vector a class. It is never copied, and never normalised as a whole.
target : array of integers of shape (B,)
    The class of every row.
preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
{weights}
ignore_index : int
    Rows of this class have loss 0 and gradient 0, whatever their embedding.
reduction : {'none', 'mean', 'sum'}
    One loss a row, or their mean (see ``denominator`` and ``empty``) or sum, in float64.
nan : {'propagate', 'raise'}
    Whether NaN in an embedding reaches the results of its row, and the gradient by ``weight``, or
    is an error; NaN in a class reaches every row.
memory : int
    Bytes to take beside inputs and results. Classes come in parts that fit; where the products of
    all of them fit too, they are held instead of being computed again for the gradient.
shards : refloss.run.class_blocks.Shards, optional
    ``weight`` is then one shard of the classes, and ``target`` the classes in it, -1 where the
    class of a row is on another. Every shard calls; ``shards.logsumexp`` and ``shards.sum`` combine
    one float64 number a row over all of them. The loss is that of all classes on every shard, and
    so is the gradient by ``weight``; those by ``x`` and ``scale`` are the shard's own parts, which
    are to be added up. There is no ``hvp`` of shards.
"""

_CENTERS = """\
weight : array of shape (C, K, D) or (C*K, D) of the dtype of ``x``
    The centres of every class, those of a class beside each other. It is never copied, and never
    normalised as a whole; the gradient by it has its shape."""
_SUB_CENTERS = """\
sub_centers : int, optional
    K, how many centres a class has: needed where ``weight`` has two axes.
preset : str, optional
"""
_CENTERED = _HEADS.replace(
    _HEADS[_HEADS.index("weight :") : _HEADS.index("\ntarget :")], _CENTERS
).replace("preset : str, optional\n", _SUB_CENTERS)

_CLASS_CENTERS = """\
Parameters
----------
x : array of shape (N, D), float16, bfloat16, float32 or float64
    One vector a row, D at least 1; NumPy, torch, or any array with ``__dlpack__`` or
    ``__array__``, on the CPU. N may be 0, strides are free, nothing is written to, and no graph is
    recorded: derivatives come from ``grad``, ``value_and_grad`` and ``hvp``.
centers : array of shape (C, D) of the dtype of ``x``
    The centre of every class. Only those of classes in ``target`` are read.
target : array of integers of shape (N,)
    The class of every vector; one that does not exist is an error.
preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
ignore_index : int
    Vectors of this class have loss 0 and gradient 0, whatever they hold.
reduction : {'none', 'mean', 'sum'}
    One loss a vector, or their mean (see ``denominator`` and ``empty``) or sum, in float64.
nan : {'propagate', 'raise'}
    Whether NaN in a vector reaches its own results and the gradient by the centre of its class, or
    is an error; NaN in a centre reaches the vectors of its class.
backend : {'numpy', 'c'}, optional
    What runs: NumPy (the default), or the same program compiled for this machine by its C++
    compiler when it is first called, on ``REFLOSS_THREADS`` threads (default: one a processor).
compute : {'float64', 'float32'}, optional
    What is computed with. NumPy computes in float64. Compiled programs take the format of ``x``,
    float32 for narrower ones, unless they are asked for float64. Gradients by centres are added up
    in float64, and more, in the order of the vectors.
memory : int
    Bytes to take beside inputs and results. Vectors come in parts that fit.
"""

_WEIGHTS = {
    "bias": """\
bias : array of shape (C,) of the dtype of ``x``, optional
    Added to the logits; 0 without it.""",
    "weight": """\
weight : array that broadcasts to the inputs' shape, optional
    A factor >= 0 for every element, of the inputs' dtype; 1 without it. An element of weight 0
    counts for nothing, whatever it holds.""",
    "inside": """\
inside : array that broadcasts to the inputs' shape, optional
    A factor >= 0 of every difference, of the inputs' dtype; 1 without it.""",
    "pos_weight": """\
pos_weight : array that broadcasts to the inputs' shape, optional
    A factor >= 0 of the part of the loss that asks for 1, of the inputs' dtype; 1 without it.""",
}
"""What need not be given, as `Definition.weights` names it."""

_TAIL = """\
Returns
-------
array of the inputs' library and dtype: one loss an item, of shape () if reduced
    Computed in the format that ``compute`` says and rounded once.

Raises
------
TypeError
    If an argument is no array of a dtype that it may have, or dtypes or devices differ.
ValueError
    If a shape, a name or a value is not as described.
RuntimeError
    If a backend is asked for that this machine cannot run; the error says what is missing.
refloss.run.cuda.DeviceError, refloss.run.cuda.DeviceMemoryError
    If a device cannot be used, and why; if it has no room for the results.

See Also
--------
grad, value_and_grad, hvp, trace : derivatives, and every intermediate quantity.
"""


@dataclass(frozen=True)
class _Family:
    """What a family's losses have in common: what they are of, and their arguments."""

    of: str
    parameters: str
    positional: tuple[str, ...]
    options: Mapping[str, Any]


def _elements(of: str, first: str, second: str, meaning: str) -> _Family:
    text = _ELEMENTS.format(
        names=f"{first}, {second}",
        shape="one",
        meaning=meaning,
        over=" (see ``denominator`` and ``empty``)",
        bad="weights that are negative or not finite, and targets",
        and_=",",
    )
    return _Family(of, text, (first, second), _COMMON)


def _element(of: str, name: str, meaning: str) -> _Family:
    """Return a family whose losses take one number, and no weights."""
    words = {"over": "", "bad": "numbers", "and_": ""}
    text = _ELEMENTS.format(names=name, shape="any", meaning=meaning, **words)
    return _Family(of, text, (name,), _COMMON)


def _rows(of: str, first: str, meaning: str, bad: str) -> _Family:
    """Return a family whose losses take a row and its class, or probabilities."""
    text = _ROWS
    for place, words in (("{first}", first), ("{meaning}", meaning), ("{bad}", bad)):
        text = text.replace(place, words)
    return _Family(
        of, text, (first, "target"), {"class_weight": None, "ignore_index": -100, **_COMMON}
    )


_COMMON = {
    "reduction": "none",
    "check": None,
    "nan": "propagate",
    "backend": None,
    "compute": None,
}
_OF_HEADS = {
    "ignore_index": -100,
    "reduction": "none",
    "nan": "propagate",
    "memory": 512 << 20,
    "shards": None,
}
_SAME = """\
same : array of shape (N,), integers, bools, or numbers of the vectors' dtype
    Whether the two are of one kind, see ``labels``.
"""


_RELATIONS = """\
same : array of shape (N, M), integers, bools, or numbers of the similarities' dtype
    What every column is to the row's anchor, see ``labels``.
"""


def _vectors(of: str, names: tuple[str, ...], meaning: str, labels: Mapping[str, str]) -> _Family:
    text = _VECTORS.format(names=", ".join(names), meaning=meaning, labels="".join(labels.values()))
    return _Family(of, text, (*names, *labels), _COMMON)


_SIMILARITIES = _VECTORS
for _place, _words in (
    ("(N, D)", "(N, M)"),
    (
        "{meaning}, one a row, of one dtype, D at least 1;",
        "{meaning}, one row an anchor, M at least 1;",
    ),
    ("the vectors' format", "the similarities' format"),
    ("One loss an item", "One loss an anchor"),
    (
        "Whether NaN reaches the results of its own item, and of no other, or is an error.",
        "Whether NaN reaches the results of its own row, and of no other, or is an error. What is\n"
        "    left out reaches nothing, whatever it is.",
    ),
    (
        "Whether labels that are no such label are errors. Default: on the CPU they are; on a "
        "device they\n    are looked at only",
        "Whether other relations are errors. Default: on the CPU they are; on a device they are\n"
        "    looked at only",
    ),
):
    assert _place in _SIMILARITIES
    _SIMILARITIES = _SIMILARITIES.replace(_place, _words)


def _similarities() -> _Family:
    words = {"names": "similarities", "meaning": "Of anchors with all others", "labels": _RELATIONS}
    text = _SIMILARITIES.format(**words)
    return _Family("", text, ("similarities", "same"), _COMMON)


_FAMILIES = {
    "similarities": _similarities(),
    "pairs": _vectors("of pairs of vectors", ("x1", "x2"), "Two vectors", {"same": _SAME}),
    "triplets": _vectors(
        "of triplets of vectors",
        ("anchor", "positive", "negative"),
        "A vector, one of its kind and one of another; whether they are easy, semi-hard or\n"
        "    hard is what `refloss.selection.triplet_condition` says of their distances",
        {},
    ),
    "centers": _Family(
        "of vectors and the centres of their classes",
        _CLASS_CENTERS,
        ("x", "centers", "target"),
        {
            "ignore_index": -100,
            "reduction": "none",
            "nan": "propagate",
            "backend": None,
            "compute": None,
            "memory": 512 << 20,
        },
    ),
    "boxes": _Family("of aligned boxes", _BOXES, ("pred", "target"), {"layout": "xyxy", **_COMMON}),
    "rows": _rows("of rows of logits", "logits", "One row an item", "negative probabilities"),
    "cosine_rows": _rows(
        "",
        "cosine",
        "Of every item with every class",
        "cosines beyond what rounding leaves",
    ),
    "heads": _Family(
        "over embeddings and class vectors", _HEADS, ("x", "weight", "target"), _OF_HEADS
    ),
    "heads of sub-centres": _Family(
        "over embeddings and centres of classes",
        _CENTERED,
        ("x", "weight", "target"),
        {"sub_centers": None, **_OF_HEADS},
    ),
    "residuals": _elements("of a difference", "pred", "target", "What was predicted, and what is"),
    "binary": _elements(
        "of logits",
        "logits",
        "target",
        "Logits, and the probabilities that their sigmoids should be",
    ),
    "scores": _elements("of scores", "scores", "target", "Scores, and the sides to lie on"),
    "log_probabilities": _elements(
        "of logarithms of probabilities",
        "log_probs",
        "target",
        "Logarithms of probabilities, and what those should be, as probabilities or logarithms",
    ),
    "probabilities": _elements(
        "of probabilities", "probs", "target", "Probabilities, and what they should be, from 0 to 1"
    ),
    "cosines": _element(
        "of a cosine", "cosine", "Cosines of embeddings with what is to be their class's weight"
    ),
}


def describe(entry: Mapping[str, Any]) -> str:
    """Return a loss's docstring in NumPy's format."""
    family = _FAMILIES[entry["family"]]
    parts = [
        f"{entry['title']} {family.of}".rstrip() + ".",
        entry["formula"].strip(),
        textwrap.fill(f"At kinks: {entry['subgradients']}", 92),
        _parameters(family, entry) + "\n" + _axes(entry["axes"]),
        _TAIL.rstrip(),
        _section("Presets", (f"{name}: {p['source']}" for name, p in entry["presets"].items())),
        _section(
            "Singular points",
            (
                f"{s['where']}: {s['kind']}; value {s['value']}, derivative {s['derivative']}"
                for s in entry["singular"]
            ),
        ),
        _section("References", [entry["source"]]),
    ]
    return "\n\n".join(parts) + "\n"


def _parameters(family: _Family, entry: Mapping[str, Any]) -> str:
    weights = "\n".join(_WEIGHTS[name] for name in entry["weights"])
    parts = {"{weights}\n": f"{weights}\n" if weights else ""}
    if "class_weight" in family.options:
        kinds = list(entry["axes"]["targets"]["values"])
        parts["{target}"] = f"target : {_TARGETS[kinds[0] if len(kinds) == 1 else 'either']}"
        parts["{ignore_index}"] = _IGNORED if "index" in kinds else ""
        parts["{strangers}"] = _STRANGERS if "index" in kinds else ""
    text = family.parameters
    for place, words in parts.items():
        text = text.replace(place, words)
    return text.rstrip()


def signature(entry: Mapping[str, Any]) -> inspect.Signature:
    """Return the signature of a loss, its axes as keyword arguments with their defaults."""
    family = _FAMILIES[entry["family"]]
    positional = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in family.positional
    ]
    options = {"preset": None, **dict.fromkeys(entry["weights"]), **family.options}
    rows = "class_weight" in family.options
    if rows and "index" not in entry["axes"]["targets"]["values"]:
        del options["ignore_index"]
    options |= {name: axis["default"] for name, axis in entry["axes"].items()}
    keyword = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in options.items()
    ]
    return inspect.Signature([*positional, *keyword])


def _axes(axes: Mapping[str, Any]) -> str:
    lines = []
    for name, axis in axes.items():
        kind = "{" + ", ".join(map(repr, axis["values"])) + "}" if axis["values"] else "float"
        kind += " or float" if axis.get("number") else ""
        lines.append(f"{name} : {kind}, default {axis['default']!r}")
        lines.append(f"    {axis['doc'][:1].upper()}{axis['doc'][1:]}.")
        for value, what in axis["values"].items():
            lines.append(_indent(f"{value}: {what['doc']} ({what['source']})", "    - "))
    return "\n".join(lines)


def _section(title: str, items: Iterable[str]) -> str:
    lines = [_indent(item, "- ") for item in items]
    return "\n".join([title, "-" * len(title), *lines])


def _indent(text: str, bullet: str) -> str:
    hanging = " " * len(bullet)
    return textwrap.fill(text, 92, initial_indent=bullet, subsequent_indent=hanging)
