"""docs/security.md names a test for each requirement that is met, and a reason for each that is not."""

import re

import pytest

from tests.support.named_tests import TESTS, exists, find_named

STATES = ("met", "partly: ", "not met: ", "not met here: ", "the operator's: ")


def read_rows() -> list[list[str]]:
    """Return requirement, state and proofs of each row."""
    text = (TESTS.parent / "docs/security.md").read_text().partition("## OWASP ASVS")[2]
    lines = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


ROWS = read_rows()


def test_the_table_is_there() -> None:
    assert len(ROWS) > 40


@pytest.mark.parametrize(("requirement", "state", "proofs"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_met_is_met_by_a_test_that_exists(requirement: str, state: str, proofs: str) -> None:
    assert state.startswith(STATES), requirement
    named = find_named(proofs)
    assert named or state.startswith(STATES[2:]), requirement
    assert len(named) == proofs.count("`") // 2, f"{requirement}: a proof is `folder/test_file.py::test_name`"
    assert [name for name in named if not exists(name)] == [], requirement
