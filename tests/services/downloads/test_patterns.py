"""Include and exclude globs: what they mean, and that nobody's pattern is dear."""

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from downloads_app.errors import InvalidInput
from downloads_app.services.downloads.patterns import MAX_PATTERN_LENGTH, MAX_PATTERNS, check_patterns
from downloads_app.sources import Listing, RemoteFile, selection

GLOBS = st.text("ab[]!-*?/.\\é^", min_size=1, max_size=9).filter(lambda glob: not glob.endswith("/"))
PATHS = st.text("ab[]!-/.\\é^", max_size=6)


def select_files(files: list[RemoteFile], include: list[str]) -> tuple[RemoteFile, ...]:
    return Listing.choose(files, check_patterns(include, [])).files


def files_of(*paths: str) -> list[RemoteFile]:
    return [RemoteFile(path, "http://x/") for path in paths]


@settings(max_examples=500)
@given(GLOBS, PATHS)
def test_a_glob_means_what_it_means_to_hub_clients(glob: str, path: str) -> None:
    assert check_patterns([glob], []).matcher()(path) == fnmatchcase(path, glob)


def test_a_hundred_patterns_cost_little_more_than_one() -> None:
    found = files_of(*(f"{'a' * 60}/{number:06}" for number in range(5_000)))
    dear = [f"{'*a' * 20}*b{number}" for number in range(MAX_PATTERNS)]

    def seconds(globs: list[str]) -> float:
        began = time.thread_time()
        assert select_files(found, globs) == ()
        return time.thread_time() - began

    one = min(seconds(dear[:1]) for _ in range(3))
    assert min(seconds(dear) for _ in range(3)) < 20 * one


def test_patterns_that_take_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MAX_MATCH_SECONDS", 0.05)
    found = files_of(*("ab" * 200 for _ in range(100_000)))
    dear = [f"{'*a?' * 100}{number}" for number in range(10)]
    began = time.thread_time()
    with pytest.raises(InvalidInput, match="too long to match"):
        select_files(found, dear)
    assert time.thread_time() - began < 2.0


@pytest.mark.parametrize(
    "unfit",
    [
        ["a"] * (MAX_PATTERNS + 1),
        ["a" * (MAX_PATTERN_LENGTH + 1)],
        ["a" * MAX_PATTERN_LENGTH] * 11,
        [""],
        ["\ud800"],
        ["a\0b"],
    ],
    ids=["too many", "too long", "too long in all", "empty", "no character", "NUL"],
)
def test_unfit_patterns_are_refused(unfit: list[str]) -> None:
    with pytest.raises(InvalidInput, match="include"):
        check_patterns(unfit, [])
