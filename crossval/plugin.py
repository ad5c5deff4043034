"""``pytest --refloss``: certify the targets that ``pyproject.toml`` declares, one item a check.

Loading this module imports pytest and nothing heavier; without ``--refloss`` nothing is collected.
The items are ordinary test functions of a module that is bound to ``pyproject.toml``, so that
selection, fixtures of the project's conftest files, JUnit and xdist treat them as any other test.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from crossval.config import Declared
    from crossval.items import Desk, Item
    from crossval.parametrization import Request

_FILE = "pyproject.toml"
_LEVELS = ("smoke", "standard", "full")
_ARGUMENT = "refloss_check"
_DECLARED = pytest.StashKey["tuple[Declared, ...]"]()
_DESK = pytest.StashKey["Desk"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; their values are read by nobody unless ``--refloss`` is given."""
    group = parser.getgroup("refloss", "certification of loss functions")
    group.addoption(
        "--refloss",
        action="store_true",
        help="certify the targets of [tool.refloss.targets] in pyproject.toml",
    )
    group.addoption("--refloss-level", choices=_LEVELS, help="number of points, for all targets")
    group.addoption("--refloss-dtype", metavar="D,...", help="formats, of those that targets name")
    group.addoption("--refloss-report", metavar="DIR", help="write a certificate for each target")


def pytest_configure(config: pytest.Config) -> None:
    """Read the targets and have ``pyproject.toml`` collected, in workers of xdist too."""
    config.addinivalue_line("markers", "refloss: check of a loss function against its definition")
    config.pluginmanager.register(Summary(config), "refloss-summary")
    if not config.getoption("--refloss"):
        return
    file = config.rootpath / _FILE
    config.stash[_DECLARED] = _read(config, file)
    # xdist hands its workers the arguments as the user gave them: each process appends for itself
    if not any(_path(config, argument) == file.resolve() for argument in config.args):
        config.args.append(str(file))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Name the reference and the points that targets are judged on."""
    if _DECLARED not in config.stash:
        return None
    from crossval.items import header

    return header(config.stash[_DECLARED], _formats(config))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the targets where their table is."""
    config = parent.config
    if _DECLARED not in config.stash or file_path != config.rootpath / _FILE:
        return None
    return CertificationModule.from_parent(parent, path=file_path)


class CertificationModule(pytest.Module):
    """``pyproject.toml`` as a module with one test function."""

    def _getobj(self) -> Any:
        return importlib.import_module("crossval.certification_module")

    def funcnamefilter(self, name: str) -> bool:
        """Take the function whatever the project calls its own tests."""
        return name == "test"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each check to a test of its own."""
    config = metafunc.config
    if metafunc.definition.getparent(CertificationModule) is not None:
        declared: Sequence[Declared] = config.stash[_DECLARED]
    else:
        marker = metafunc.definition.get_closest_marker("refloss")
        if marker is None or not marker.args:
            return
        declared = _requested(metafunc, marker.args[0])
    from crossval.items import items

    found = items(_desk(config), declared, _formats(config))
    parameters = [pytest.param(item, id=item.id) for item in found]
    metafunc.parametrize(_ARGUMENT, parameters)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Once it is known which checks are selected, let one of them speak for those that cannot."""
    found = [check for item in session.items if (check := _check_of(item)) is not None]
    if found:
        from crossval.items import speak_for

        speak_for(found)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach grade and error for JUnit, and the record from which certificates are made."""
    check = _check_of(item) if call.when == "call" else None
    if check is not None:
        item.user_properties.extend(check.properties)
    report = yield
    if check is not None:
        report.refloss = check.record  # type: ignore[attr-defined]
    return report


class Summary:
    """Gathers the records of items, where they are reported, and sums them up."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.records: list[str] = []
        self.written: list[Path] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the record of an item; those of xdist's workers arrive here too."""
        record = getattr(report, "refloss", None)
        if record is not None:
            self.records.append(record)

    def pytest_sessionfinish(self) -> None:
        """End the targets' processes; write certificates in the process that has all records."""
        if _DESK in self.config.stash:
            self.config.stash[_DESK].close()
        folder = self.config.getoption("--refloss-report")
        if folder and self.records and not hasattr(self.config, "workerinput"):
            from crossval.tally import gather, write

            path = self.config.invocation_params.dir / folder
            self.written = list(write(gather(self.records), path))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line a target."""
        if not self.records:
            return
        from crossval.tally import gather

        terminalreporter.section("refloss")
        for tally in gather(self.records):
            terminalreporter.write_line(tally.line())
        if self.written:
            terminalreporter.write_line(
                f"{len(self.written)} certificates in {self.written[0].parent}"
            )


def _read(config: pytest.Config, file: Path) -> tuple[Declared, ...]:
    _require_extra()
    from crossval.config import read
    from crossval.items import formats, with_level
    from crossval.target import UsageError

    try:
        formats(config.getoption("--refloss-dtype"))
        return with_level(read(file), config.getoption("--refloss-level"))
    except UsageError as error:
        raise pytest.UsageError(f"refloss: {error}") from None


def _requested(metafunc: pytest.Metafunc, request: Request) -> list[Declared]:
    """Resolve the targets of a decorator; what does not fit is an error of collection."""
    from crossval.items import declared_by, with_level
    from crossval.target import UsageError

    if _ARGUMENT not in metafunc.fixturenames:
        raise pytest.Collector.CollectError(
            f"{metafunc.definition.nodeid}: a test parametrized by crossval takes {_ARGUMENT}"
        )
    try:
        return list(with_level(declared_by(request), metafunc.config.getoption("--refloss-level")))
    except UsageError as error:
        words = f"{metafunc.definition.nodeid}: crossval.parametrize: {error}"
        raise pytest.Collector.CollectError(words) from None


def _require_extra() -> None:
    """Turn a missing package of the certify extra into one line."""
    try:
        importlib.import_module("crossval.items")
    except ModuleNotFoundError as missing:
        command = "pip install 'refloss[certify]'"
        raise pytest.UsageError(f"refloss: {missing.name} is not installed: {command}") from None


def _formats(config: pytest.Config) -> tuple[str, ...]:
    from crossval.items import formats

    return formats(config.getoption("--refloss-dtype"))


def _desk(config: pytest.Config) -> Desk:
    from crossval.items import Desk

    return config.stash.setdefault(_DESK, Desk(config.rootpath))


def _path(config: pytest.Config, argument: str) -> Path:
    """File or folder that a command-line argument names, without the ids behind it."""
    return (config.invocation_params.dir / str(argument).partition("::")[0]).resolve()


def _check_of(item: pytest.Item) -> Item | None:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    found = parameters.get(_ARGUMENT)
    return found if hasattr(found, "examination") else None
