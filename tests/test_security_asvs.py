"""docs/security.md names a test for each requirement that is met, and a reason for each that is not."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
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
    named = re.findall(r"`([^`]+)`", proofs)
    assert named or state.startswith(STATES[2:]), requirement
    for name in named:
        folder, _, file = name.rpartition("/")
        assert (TESTS / folder / f"test_{file}.py").is_file(), f"{requirement}: there is no {name}"
