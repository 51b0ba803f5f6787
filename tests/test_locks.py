"""The locks: what pyproject.toml asks for, each package exactly, with its hashes, and with all it needs in turn."""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.server import PROJECT

PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
RUN = PYPROJECT["project"]["dependencies"]
DEV = [*RUN, *PYPROJECT["dependency-groups"]["dev"]]
LOCKS = pytest.mark.parametrize(("name", "asked"), [("requirements.txt", RUN), ("requirements-dev.txt", DEV)])


def locked(name: str) -> list[Requirement]:
    """Return what a lock pins, one requirement a line."""
    text = (PROJECT / name).read_text()
    return [
        Requirement(f"{package}=={version}" + (f"; {marker}" if marker else ""))
        for package, version, marker, _hashes in PINNED.findall(text)
    ]


def pinned_here(name: str) -> dict[str, str]:
    """Return the versions that a lock gives this Python on this machine."""
    return {
        canonicalize_name(line.name): str(line.specifier).removeprefix("==")
        for line in locked(name)
        if line.marker is None or line.marker.evaluate()
    }


def needed(asked: Iterable[str]) -> dict[str, list[Requirement]]:
    """Return all that is needed in turn on this machine, as the installed packages tell, by name."""
    found: dict[str, list[Requirement]] = {}
    waiting, seen = [Requirement(line) for line in asked], set()
    while waiting:
        wanted = waiting.pop()
        found.setdefault(canonicalize_name(wanted.name), []).append(wanted)
        for extra in {"", *wanted.extras}:
            if (wanted.name, extra) in seen:
                continue
            seen.add((wanted.name, extra))
            further = [Requirement(line) for line in requires(wanted.name) or ()]
            waiting += [one for one in further if one.marker is None or one.marker.evaluate({"extra": extra})]
    return found


@LOCKS
def test_a_lock_holds_pinned_and_hashed_packages_alone(name: str, asked: list[str]) -> None:
    rest = PINNED.sub("", (PROJECT / name).read_text())
    assert [line for line in rest.splitlines() if line and not line.lstrip().startswith("#")] == []


@LOCKS
def test_a_lock_agrees_with_what_is_asked_for_and_with_what_that_needs_in_turn(name: str, asked: list[str]) -> None:
    pinned = pinned_here(name)
    for package, wanted in needed(asked).items():
        for requirement in wanted:
            assert requirement.specifier.contains(pinned[package], prereleases=True), f"make lock: {requirement}"


@LOCKS
def test_a_lock_holds_nothing_that_nobody_needs(name: str, asked: list[str]) -> None:
    assert set(pinned_here(name)) == set(needed(asked))


def test_what_runs_is_what_is_tested() -> None:
    assert pinned_here("requirements.txt").items() <= pinned_here("requirements-dev.txt").items()


def test_each_dependency_says_why_it_is_there() -> None:
    text = (PROJECT / "pyproject.toml").read_text()
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert [line for line in block.splitlines() if not re.search(r'",\s+# \S', line)] == []
