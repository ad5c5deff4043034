"""Stand-alone scripts: one row, one call, what came beside what must come. No refloss in them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

import refloss
from crossval.reproduction.rows import Expected, Row
from crossval.target import Target, names_in, split_reference

# struct's letters of a float and of the word that holds it, and how far the word is shifted
_WORDS = {
    "float64": ("d", "Q", 0),
    "float32": ("f", "I", 0),
    "float16": ("e", "H", 0),
    "bfloat16": ("f", "I", 16),
}
_BITS = {"float64": 64, "float32": 32, "float16": 16, "bfloat16": 16}
EMIT = ("python", "torch")


@dataclass(frozen=True)
class Script:
    """What is written.

    Attributes
    ----------
    row : Row
        Input and truth.
    target : Target or None
        What to call; without one the script has a place for it.
    emit : {"python", "torch"}
        Framework of the script: NumPy, or PyTorch.
    gradient : bool
        Whether gradients are compared too.
    heading : str
        First comment.
    """

    row: Row
    target: Target | None
    emit: str
    gradient: bool
    heading: str

    def __str__(self) -> str:
        made_by = f"certified truth of refloss {refloss.__version__}"
        lines = [
            f"# {self.heading}",
            f"# {self.row.place}; expected: {made_by}, rounded to {self.dtype}",
            *self._imports(),
            "",
            *self._helpers(),
            "",
            *self._inputs(),
            *self._bindings(),
            *self._call(),
            *self._expected(),
            *self._comparison(),
        ]
        return "\n".join(lines) + "\n"

    @property
    def dtype(self) -> str:
        """Format of the row."""
        return self.row.id.dtype

    @property
    def torch(self) -> bool:
        """Whether the script is for PyTorch."""
        return self.emit == "torch"

    @property
    def names(self) -> list[str]:
        """Inputs."""
        return list(self.row.family.inputs)

    @property
    def wrt(self) -> list[str]:
        """Inputs differentiated by."""
        if not self.gradient:
            return []
        return list((self.target.wrt if self.target else None) or self.row.family.differentiable)

    def _imports(self) -> list[str]:
        framework = "import torch" if self.torch else "import numpy as np"
        narrow = self.dtype == "bfloat16" and not self.torch
        lines = ["import struct", framework, *(["import ml_dtypes"] if narrow else [])]
        if self.target is not None and self.target.loader:
            home, name = split_reference(self.target.loader)
            lines.append(f"# where the library does not import by itself: {home}.{name}()")
        if self.target is None:
            place = f"def f({', '.join(self.names)}): ...  # put the implementation under test here"
            return [*lines, "", place]
        home, attribute = split_reference(self.target.reference)
        if home.endswith(".py"):
            folder, _, file = home.replace("\\", "/").rpartition("/")
            lines = ["import struct, sys", *lines[1:], f'sys.path.insert(0, "{folder or "."}")']
            home = file.removesuffix(".py")
        first, dot, _ = attribute.partition(".")
        lines.append(f"from {home} import {first}" + ("" if dot else " as f"))
        lines += [f"f = {attribute}"] if dot else []
        return lines + self._instance(attribute)

    def _instance(self, attribute: str) -> list[str]:
        """Instantiate a class; a module that owns weights gets the row's format."""
        assert self.target is not None
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.target.init.items())
        if not arguments and not attribute.rpartition(".")[2][:1].isupper():
            return []
        made = f"f = f({arguments})"
        lines = [made if arguments else f"{made} if isinstance(f, type) else f"]
        if self.torch and self.dtype != "float32":
            lines.append(f"f = f.to({self._type}) if isinstance(f, torch.nn.Module) else f")
        return lines

    def _helpers(self) -> list[str]:
        real, word, shift = _WORDS[self.dtype]
        up, down = (f" << {shift}", f" >> {shift}") if shift else ("", "")
        sign = f"{1 << (_BITS[self.dtype] - 1):#x}"
        make = "torch.tensor" if self.torch else "np.array"
        return [
            f'def real(w): return struct.unpack("<{real}", struct.pack("<{word}", w{up}))[0]',
            f'def word(x): return struct.unpack("<{word}", struct.pack("<{real}", x))[0]{down}',
            f"def order(w): return w if w < {sign} else {sign} - w",
            f"def array(*words): return {make}([[real(w) for w in words]], dtype={self._type})",
        ]

    @property
    def _type(self) -> str:
        if self.torch:
            return f"torch.{self.dtype}"
        return "ml_dtypes.bfloat16" if self.dtype == "bfloat16" else f"np.{self.dtype}"

    def _inputs(self) -> list[str]:
        lines = []
        for name, array in self.row.inputs.items():
            if name in self.row.family.labels:
                make = "torch.tensor" if self.torch else "np.array"
                lines.append(f"{name} = {make}({array.tolist()})")
                continue
            words = ", ".join(f"{word:#x}" for word in self.row.words(array))
            leaf = ".requires_grad_()" if self.torch and name in self.wrt else ""
            decimal = ", ".join(_decimal(float(x)) for x in array.ravel())
            lines.append(f"{name} = array({words}){leaf}  # {decimal}")
        (word,) = self.row.words(self.row.points.upstream)
        if self.gradient:
            lines.append(f"upstream = array({word:#x})[0]  # {_decimal(self.row.upstream)}")
        return lines

    def _bindings(self) -> list[str]:
        """Put what the target owns where it is read; a parameter keeps its identity."""
        lines = []
        for name, path in self.target.bind.items() if self.target else ():
            if name not in self.names:
                lines.append(f"{path} = {self.row.spec.axes[name]!r}")
            elif self.torch:
                lines += [
                    f"if isinstance({path}, torch.nn.Parameter):",
                    f"    {path}.data = {name}.data",
                    f"    {name} = {path}",
                    "else:",
                    f"    {path} = {name}",
                ]
            else:
                lines.append(f"{path} = {name}")
        return lines

    def _call(self) -> list[str]:
        lines, text = self._value()
        lines.append(f"value = {text}")
        if not self.gradient:
            return [*lines, 'got = {"value": value}']
        names = ", ".join(f'"{name}"' for name in ("value", *self.wrt))
        if self.torch:
            of = f"(value * upstream).sum(), [{', '.join(self.wrt)}]"
            return [
                *lines,
                f"grads = torch.autograd.grad({of}, allow_unused=True)",
                f"got = dict(zip([{names}], [value, *grads]))",
            ]
        grad = _through_grad(text, f"upstream=upstream, wrt={tuple(self.wrt)}")
        return [*lines, 'got = {"value": value}', 'if hasattr(f, "grad"):', f"    got |= {grad}"]

    def _value(self) -> tuple[list[str], str]:
        """Return the call, and the lines that name the axes which it takes."""
        target, axes = self.target, self.row.spec.axes
        if target is not None and target.call:
            known = {**self.row.family.options, **axes}
            read = [name for name in known if name in names_in(target.call)]
            return [f"{name} = {known[name]!r}" for name in read], target.call
        free = [name for name in self.names if target is None or name not in target.bind]
        given = {n: axes[n] for n in target.axes if n not in target.bind} if target else {}
        if not given:
            return [], f"f({', '.join(free)})"
        taken = "{k: v for k, v in axes.items() if k in inspect.signature(f).parameters}"
        return ["import inspect", f"axes = {given!r}"], f"f({', '.join(free)}, **{taken})"

    def _expected(self) -> list[str]:
        answers = {"value": [self.row.value]}
        answers |= {name: each for name, each in self.row.gradients.items() if name in self.wrt}
        lines = (
            f'    "{name}": [{", ".join(self._answer(answer) for answer in each)}],'
            for name, each in answers.items()
        )
        return ["expected = {", *lines, "}"]

    def _answer(self, answer: Expected) -> str:
        if answer.value is None:
            return repr(answer.words)
        return f"{self.row.words(np.array(answer.value))[0]:#x}"

    def _comparison(self) -> list[str]:
        flat = "got[name].detach().reshape(-1)" if self.torch else "got[name].reshape(-1)"
        several = any(x.value is None for each in self.row.gradients.values() for x in each)
        shown = 'f"{name:8} got {x!r:<24} expected'
        lines = [
            "for name in expected:",
            "    if got.get(name) is None:",
            '        print(f"{name:8} nothing came")',
            "        continue",
            f"    for x, want in zip(map(float, {flat}), expected[name]):",
        ]
        if several and self.gradient:
            lines += [
                "        if isinstance(want, str):",
                f'            print({shown} {{want}}")',
                "            continue",
            ]
        return [
            *lines,
            '        ulp = abs(order(word(x)) - order(want)) if x == x else "-"',
            f'        print({shown} {{real(want)!r:<24}} ulp {{ulp}}")',
        ]


def _through_grad(text: str, extra: str) -> str:
    """Write the same call as one of ``f.grad``, with more keywords."""

    class Rewrite(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> Any:
            self.generic_visit(node)
            if isinstance(node.func, ast.Name) and node.func.id == "f":
                more = ast.parse(f"f({extra})", mode="eval").body
                assert isinstance(more, ast.Call)
                node.func = ast.Attribute(node.func, "grad", ast.Load())
                node.keywords += more.keywords
            return node

    return ast.unparse(Rewrite().visit(ast.parse(text, mode="eval")))


def _decimal(value: float) -> str:
    return repr(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
