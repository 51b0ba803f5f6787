"""The table of limits in docs/security.md: each is where it says, and what it says."""

import importlib
import re
from pathlib import Path

import pytest

from downloads_app.config import Settings
from tests.support.named_tests import exists, find_named

PROJECT = Path(__file__).parents[1]
FILES = {"nginx.conf": PROJECT / "deploy/nginx.conf", "gunicorn.conf.py": PROJECT / "gunicorn.conf.py"}
NOT_SETTINGS = {"MAX_CONTENT_LENGTH": PROJECT / "downloads_app/config.py"}


def read_rows() -> list[tuple[str, str, str, str]]:
    """Return what, limit, where and test of each row."""
    text = (PROJECT / "docs/security.md").read_text().partition("## Limits")[2]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:2] == "| "]
    return [(row[0], row[1], row[2].strip("`"), row[-1]) for row in cells if row[1].isdigit()]


ROWS = read_rows()


def test_the_table_is_there() -> None:
    assert len(ROWS) > 60
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("what", "limit", "where", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_a_limit_is_where_the_table_says(what: str, limit: str, where: str, test: str) -> None:
    assert _find(where, limit) == float(limit), what


@pytest.mark.parametrize(("what", "limit", "where", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_a_limit_is_tried_by_a_test_that_exists(what: str, limit: str, where: str, test: str) -> None:
    (named,) = find_named(test)
    assert exists(named), f"{what}: there is no {named}"


def _find(where: str, limit: str) -> float:
    file, _, line = where.partition(": ")
    if line:
        assert line in FILES[file].read_text(), f"{file} has no {line!r}"
        return float(re.findall(r"\d+", line)[-1])
    if where in NOT_SETTINGS:
        found = re.search(rf"{where}=(\d+) << (\d+)", NOT_SETTINGS[where].read_text())
        assert found is not None
        return int(found[1]) << int(found[2])
    if where.isupper():
        return float(Settings.model_fields[where.lower()].default)
    module, _, name = where.rpartition(".")
    return float(getattr(importlib.import_module(f"downloads_app.{module}"), name))
