"""Where a line is excepted from a rule of ruff or mypy, a reader finds which rule, and why."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import PROJECT

ROOTS = ["downloads_app", "tests", "benchmarks", "deploy", "migrations", "clients/python", "docs", "wsgi.py"]
EXCEPTION = re.compile(r"# (?:noqa|type: ignore)\b(?P<rules>: [A-Z]+\d+(?:, [A-Z]+\d+)*|\[[\w, -]+\])?(?P<reason>.*)")
WORDS = re.compile(r"\w+\W+\w+")


def comments(path: Path) -> Iterator[tokenize.TokenInfo]:
    with path.open("rb") as file:
        yield from (token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT)


@pytest.mark.parametrize("root", ROOTS)
def test_each_exception_names_its_rule_and_its_reason(root: str) -> None:
    """The reason stands behind it, or in a comment on the line above."""
    for path in [PROJECT / root] if root.endswith(".py") else sorted((PROJECT / root).rglob("*.py")):
        alone: dict[int, str] = {}  # comments that have a line of their own
        for comment in comments(path):
            if found := EXCEPTION.search(comment.string):
                place = f"{path}:{comment.start[0]}"
                assert found["rules"], f"{place}: from which rule?"
                assert WORDS.search(found["reason"] + alone.get(comment.start[0] - 1, "")), f"{place}: why?"
            if comment.line.lstrip().startswith("#"):
                alone[comment.start[0]] = comment.string


@pytest.mark.parametrize(
    "line", ["x  # noqa", "x  # noqa: S102", "x  # type: ignore", "x  # type: ignore[misc]", "x  # noqa: S102 - meant"]
)
def test_one_without_is_found(line: str) -> None:
    found = EXCEPTION.search(line)
    assert found is not None
    assert not (found["rules"] and WORDS.search(found["reason"]))
