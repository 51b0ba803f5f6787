"""The systemd units of deploy/: their settings, and what their system call filters let through."""

import subprocess
from functools import cache
from pathlib import Path

from tests.support.server import PROJECT

UNITS = ("downloads-web", "downloads-worker")
Unit = dict[str, list[str]]


def unit_file(name: str) -> Path:
    """Return the shipped file of a unit."""
    return PROJECT / "deploy" / f"{name}.service"


def read_unit(name: str) -> Unit:
    """Return the settings of a unit's [Service], each with all its values in their order (systemd.syntax(7))."""
    section = unit_file(name).read_text().partition("[Service]")[2].partition("\n[")[0]
    unit: Unit = {}
    for line in section.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            unit.setdefault(key, []).append(value)
    return unit


def allowed_calls(unit: Unit) -> set[str]:
    """Return the calls that a unit's filter allows: the first line allows, later ones add or, with `~`, remove."""
    allowed = calls_of("@default")
    for value in unit["SystemCallFilter"]:
        named = {call for name in value.removeprefix("~").split() for call in calls_of(name)}
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def calls_of(name: str) -> set[str]:
    """Return the calls of a set such as `@file-system`, those of the sets in it too; of a call itself, that call."""
    if not name.startswith("@"):
        return {name}
    return {call for each in _call_sets()[name] for call in calls_of(each)}


@cache
def _call_sets() -> dict[str, list[str]]:
    """Return systemd's own sets of system calls."""
    command = ["systemd-analyze", "--no-pager", "syscall-filter"]
    sets: dict[str, list[str]] = {}
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        word = line.strip()
        if not line.startswith(" ") and word.startswith("@"):
            sets[word] = []
        elif line.startswith(" ") and sets and not word.startswith("#"):
            sets[list(sets)[-1]].append(word)
    return sets
