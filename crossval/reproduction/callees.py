"""How scripts import a target, put into it what it owns, and call it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossval.families import Family
from crossval.target import Target, names_in, split_reference

__all__ = ["Callee"]


@dataclass(frozen=True)
class Callee:
    """A target as a script's text; every method returns Python text.

    Attributes
    ----------
    target : Target or None
        What to call; without one the script has a place for it.
    family : Family
        Names of the inputs.
    axes : mapping
        Every axis value of the definition.
    torch : bool
        Whether the target takes tensors.
    dtype : str
        Format of the inputs.
    several : bool
        Whether there is more than one row, so that a reduction has to be refused.
    """

    target: Target | None
    family: Family
    axes: Mapping[str, Any]
    torch: bool
    dtype: str
    several: bool = False

    def imports(self, modules: list[str]) -> list[str]:
        """Import `modules` and the target, as ``f``."""
        if self.target is None:
            place = f"def f({', '.join(self.family.inputs)}): ..."
            here = f"{place}  # put the implementation under test here"
            return [*_imported(modules), here]
        home, attribute = split_reference(self.target.reference)
        modules = [*modules, "inspect"] if "inspect." in self.call else modules
        lines = []
        if home.endswith(".py"):
            folder, _, file = home.replace("\\", "/").rpartition("/")
            modules = [*modules, "sys"]
            lines.append(f'sys.path.insert(0, "{folder or "."}")')
            home = file.removesuffix(".py")
        if self.target.loader:
            module, function = split_reference(self.target.loader)
            lines += [f"from {module} import {function}", f"{function}()"]
        first, dot, _ = attribute.partition(".")
        lines.append(f"from {home} import {first}" + ("" if dot else " as f"))
        lines += [f"f = {attribute}"] if dot else []
        return [*_imported(modules), *lines, *self._instance(attribute)]

    def bindings(self) -> Iterator[str]:
        """Put what the target owns where it is read; a parameter keeps its identity."""
        for name, path in self.target.bind.items() if self.target else ():
            if name not in self.family.inputs:
                yield f"{path} = {self.axes[name]!r}"
            elif self.torch:
                own = f"{path}.data, {name} = {name}.data, {path}"
                yield f"if isinstance({path}, torch.nn.Parameter): {own}"
                yield f"else: {path} = {name}"
            else:
                yield f"{path} = {name}"

    @property
    def call(self) -> str:
        """The call, with the axes and options that it takes."""
        target, free = self.target, list(self.family.inputs)
        if target is None:
            return f"f({', '.join(free)})"
        if target.call:
            known = {**self._options, **self.axes}
            given = {name: known[name] for name in names_in(target.call) if name in known}
            return _substituted(target.call, given)
        free = [name for name in free if name not in target.bind]
        options = {"reduction": self._options["reduction"]} if self._is_reducible else {}
        options |= {n: self.axes[n] for n in target.axes if n not in target.bind}
        if not options:
            return f"f({', '.join(free)})"
        accepted = "k in inspect.signature(f).parameters"
        return f"f({', '.join(free)}, **{{k: v for k, v in {options!r}.items() if {accepted}}})"

    @property
    def _options(self) -> dict[str, Any]:
        """Arguments beside inputs and axes, at which they do nothing."""
        options = dict(self.family.options)
        if self.target and self.target.reduction and "reduction" in options:
            options["reduction"] = self.target.reduction
        return options

    @property
    def _is_reducible(self) -> bool:
        return self.several and "reduction" in self._options

    def _instance(self, attribute: str) -> list[str]:
        """Instantiate a class; a module that owns weights gets the row's format."""
        assert self.target is not None
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.target.init.items())
        if not arguments and not attribute.rpartition(".")[2][:1].isupper():
            return []
        made = f"f = f({arguments})"
        lines = [made if arguments else f"{made} if isinstance(f, type) else f"]
        if self.torch and self.dtype != "float32":
            lines.append(f"f = f.to(torch.{self.dtype}) if isinstance(f, torch.nn.Module) else f")
        return lines


def _imported(modules: list[str]) -> list[str]:
    return [f"import {', '.join(sorted(modules))}"]


def _substituted(call: str, values: Mapping[str, Any]) -> str:
    """Write values in the place of names, where they are read."""

    class Rewrite(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> Any:
            if node.id in values and isinstance(node.ctx, ast.Load):
                return ast.parse(repr(values[node.id]), mode="eval").body
            return node

    return ast.unparse(Rewrite().visit(ast.parse(call, mode="eval")))
