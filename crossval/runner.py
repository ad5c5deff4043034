"""The judge's side of a target's process: starts it, limits it, survives its end.

The process is a plain interpreter (not a fork), so that a script without a ``__main__`` guard and
a notebook can certify too. A reader thread turns the pipe into a queue, which is what makes a time
limit possible on every platform.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import psutil

from crossval import wire
from crossval.catalog import losses
from crossval.target import Target

if TYPE_CHECKING:
    from crossval.families import Family

UNFIT = ("RL203", "RL209")
"""Signatures that do not fit one family's inputs, and may fit another's."""

_POLL = 0.05


@dataclass(frozen=True)
class Limits:
    """Bounds on a target's process.

    Attributes
    ----------
    seconds : float
        For one call.
    start_seconds : float
        For starting and importing.
    memory : int
        Resident bytes.
    deaths : int
        Number of ends (crash, hang, memory) after which the target is not started again.
    """

    seconds: float = 30.0
    start_seconds: float = 120.0
    memory: int = 4 << 30
    deaths: int = 3


class TargetDied(Exception):
    """The process ended or was ended; ``code`` is the finding's code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class TargetRaised(Exception):
    """The target raised, or does not fit; all attributes come from its process.

    ``code`` and ``hint`` are empty unless the form of the target is at fault.
    """

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(f"{error['type']}: {error['message']}".rstrip(": "))
        self.message = error["message"]
        self.kind = error["type"]
        self.line = error["line"]
        self.missing = error["missing"]
        self.code = error["code"]
        self.hint = error["hint"]

    @property
    def words(self) -> str:
        """The exception and the line of foreign code that raised it."""
        return f"{self} at {self.line}" if self.line else str(self)


class Runner:
    """A target in a process of its own.

    Parameters
    ----------
    target : Target
        What to load.
    family : Family
        Inputs of the loss, in the order of the target's positional arguments.
    limits : Limits
        Time and memory.
    home : path, optional
        Folder in which the process runs and imports; the current one by default.
    path : tuple of str
        Further folders in which it looks for modules.

    Notes
    -----
    The process starts with the constructor and loads while the caller does something else;
    :meth:`load` waits for it. After an end it is started afresh by the next call.
    """

    def __init__(
        self,
        target: Target,
        family: Family,
        limits: Limits,
        home: Path | None = None,
        path: tuple[str, ...] = (),
    ) -> None:
        self.target = target
        self.family = family
        self.limits = limits
        self.home = home
        self.path = path
        self.deaths = 0
        self.keywords: list[str] = []
        self.required: list[str] = []
        self.names: list[str] = []
        self.bind: dict[str, str] = {}
        self.holds = False
        self.init: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.unfit: TargetRaised | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._loaded = False
        self._start()

    @property
    def exhausted(self) -> bool:
        """Whether the process ended so often that it is not started again."""
        return self.deaths >= self.limits.deaths

    def load(self) -> None:
        """Wait until the target is imported.

        Raises
        ------
        TargetRaised
            If importing or instantiating raised.
        TargetDied
            If the process ended instead.
        """
        if self._loaded:
            return
        if self.unfit is not None:
            raise self.unfit
        if self._process is None:
            self._start()
        reply, _ = self._answer(self.limits.start_seconds)
        if reply["error"]:
            error = TargetRaised(reply["error"])
            if error.code not in UNFIT:
                self.close()
                raise error
            self.unfit = error  # the process can still say for which other loss it fits
            raise error
        self.keywords, self.required = reply["keywords"], reply["required"]
        self.names = reply["names"]
        self.bind, self.init = reply["bind"], reply["init"]
        self.holds = reply["holds"]
        self.versions = reply["versions"]
        self._loaded = True

    def call(
        self, request: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Send one request and wait for its answer; raises as :meth:`load` does."""
        if self.exhausted:
            raise TargetDied("RL701", f"not run: the target's process ended {self.deaths} times")
        self.load()
        assert self._process is not None
        # a process that died between two calls is noticed by the answer that does not come
        with contextlib.suppress(OSError):
            wire.send(self._process.stdin, request, arrays)  # type: ignore[arg-type]
        reply, results = self._answer(self.limits.seconds)
        if reply["error"]:
            raise TargetRaised(reply["error"])
        return reply, results

    def require(self, target: Target, family: Family) -> None:
        """Require that the imported target can be called for another loss.

        Raises
        ------
        TargetRaised
            If it cannot.
        TargetDied
            If the process ended instead.
        """
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            wire.send(self._process.stdin, {"order": self._order(target, family)})  # type: ignore[arg-type]
        reply, _ = self._answer(self.limits.seconds)
        if reply["error"]:
            raise TargetRaised(reply["error"])

    def close(self) -> None:
        """End the process."""
        process, self._process, self._loaded = self._process, None, False
        self.unfit = None
        if process is None:
            return
        process.kill()
        process.wait()
        self._reader.join()
        for stream in (process.stdin, process.stdout, self._errors):
            if stream is not None:
                _quietly_close(stream)

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crossval.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self.home,
            env={**os.environ, "PYTHONPATH": _search_path()},
        )
        self._answers: queue.Queue[tuple[Any, Any] | None] = queue.Queue()
        self._reader = threading.Thread(
            target=_read_all, args=(self._process.stdout, self._answers), daemon=True
        )
        self._reader.start()
        with contextlib.suppress(OSError):
            wire.send(self._process.stdin, self._order(self.target, self.family))  # type: ignore[arg-type]

    def _order(self, target: Target, family: Family) -> dict[str, Any]:
        """Say what is to be called, and with what."""
        return {
            "reference": target.reference,
            "adapter": target.adapter,
            "loader": target.loader,
            "init": dict(target.init),
            "call": target.call,
            "bind": dict(target.bind),
            "loss": target.loss,
            "axes": [*losses()[target.loss]["axes"], *family.options],
            "inputs": {name: family.shape(name) for name in family.inputs},
            "wholes": {name: list(shape) for name, shape in family.wholes.items()},
            "labels": sorted(family.labels),
            "path": list(self.path),
        }

    def _answer(self, seconds: float) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self._answers.get(timeout=_POLL)
            except queue.Empty:
                self._enforce(deadline, seconds)
                continue
            if answer is None:
                raise self._died("RL102", self._obituary())
            return answer

    def _enforce(self, deadline: float, seconds: float) -> None:
        assert self._process is not None
        if time.monotonic() > deadline:
            raise self._died("RL103", f"no answer within {seconds:g} s")
        resident = _resident(self._process.pid)
        if resident > self.limits.memory:
            used, limit = resident / 2**30, self.limits.memory / 2**30
            raise self._died("RL104", f"{used:.1f} GiB resident, limit {limit:.1f} GiB")

    def _died(self, code: str, text: str) -> TargetDied:
        self.deaths += 1
        self.close()
        return TargetDied(code, text)

    def _obituary(self) -> str:
        assert self._process is not None
        status = self._process.wait()
        how = f"ended by signal {-status}" if status < 0 else f"exited with status {status}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"process {how}" + (f"; last words: {lines[-1].strip()}" if lines else "")


def _read_all(stream: Any, answers: queue.Queue[tuple[Any, Any] | None]) -> None:
    try:
        while True:
            answers.put(wire.receive(stream))
    except (EOFError, ValueError, OSError):
        answers.put(None)


def _resident(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _search_path() -> str:
    """Search path on which the child finds this very package, however the judge found it."""
    home = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))


def _quietly_close(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        stream.close()
