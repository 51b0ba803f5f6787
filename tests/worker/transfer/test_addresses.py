"""A transfer asks its source where files are, in a thread beside it, and again when that is no longer good."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import RESOLVED_AT_ONCE, Listing, RemoteFile, Target
from downloads_app.sources.selection import EVERYTHING, Selection
from downloads_app.worker.transfer.addresses import Addresses
from tests.support.server import wait_until

FILES = [RemoteFile(f"f{number}", f"https://provider.example/f{number}") for number in range(250)]


class Source:
    """Answers as a function says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Sequence[RemoteFile]], dict[str, Target | SourceError]]) -> None:
        self.asked: list[list[str]] = []
        self._answer = answer

    def resolve(self, files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        """Answer."""
        self.asked.append([file.path for file in files])
        return self._answer(files)

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """Never asked here."""
        raise NotImplementedError

    def check(self) -> None:
        """Never asked here."""


def name(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
    return {file.path: Target(f"{file.url}?signed") for file in files}


def find(addresses: Addresses, file: RemoteFile) -> Target:
    found = wait_until(lambda: addresses.find(file), what="an address")
    assert isinstance(found, Target)
    return found


def test_without_such_a_source_a_file_is_where_it_was_listed() -> None:
    addresses = Addresses(FILES, None)
    assert addresses.find(FILES[3]) == Target(FILES[3].url)
    assert not addresses.are_lent
    assert not addresses.renew(FILES[3], Target(FILES[3].url))


def test_many_files_are_asked_about_at_once_and_nobody_waits() -> None:
    may_answer = threading.Event()

    def answer(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        may_answer.wait(30)
        return name(files)

    source = Source(answer)
    addresses = Addresses(FILES, source)
    assert [addresses.find(file) for file in FILES[5:9]] == [None] * 4
    may_answer.set()
    assert find(addresses, FILES[5]).url == f"{FILES[5].url}?signed"
    assert addresses.find(FILES[5 + RESOLVED_AT_ONCE - 1]) is not None
    find(addresses, FILES[5 + RESOLVED_AT_ONCE])
    assert [len(batch) for batch in source.asked] == [RESOLVED_AT_ONCE] * 2


def test_what_is_no_longer_good_or_was_refused_is_asked_for_again() -> None:
    ends = iter([time.monotonic() - 1, float("inf"), float("inf")])

    def answer(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        end = next(ends)
        return {file.path: Target(file.url, good_until=end) for file in files}

    source = Source(answer)
    addresses = Addresses(FILES[:1], source)
    refused = find(addresses, FILES[0])
    assert refused.good_until == float("inf")
    assert len(source.asked) == 2
    assert addresses.renew(FILES[0], refused)
    assert not addresses.renew(FILES[0], refused), "the second one to be refused tells nothing new"
    find(addresses, FILES[0])
    assert len(source.asked) == 3


def test_a_token_that_is_refused_for_one_file_is_forgotten_for_all() -> None:
    tokens = iter("abc")

    def answer(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        token = next(tokens)
        return {file.path: Target(file.url, (f"Authorization: Bearer {token}",)) for file in files}

    addresses = Addresses(FILES[:3], Source(answer))
    first = find(addresses, FILES[0])
    addresses.renew(FILES[0], first)
    assert addresses.find(FILES[1]) is None
    assert find(addresses, FILES[1]).headers == find(addresses, FILES[2]).headers == ("Authorization: Bearer b",)


def test_a_refusal_is_raised_for_its_file_once_and_others_go_on() -> None:
    def answer(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        return name(files) | {"f0": SourceError("f0 is gone", permanent=True)}

    addresses = Addresses(FILES[:2], Source(answer))
    with pytest.raises(SourceError, match="f0 is gone"):
        find(addresses, FILES[0])
    assert addresses.find(FILES[1]) is not None


def test_a_refusal_of_all_is_raised_for_each() -> None:
    def answer(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        raise SourceError("away", permanent=False)

    addresses = Addresses(FILES[:2], Source(answer))
    for file in FILES[:2]:
        with pytest.raises(SourceError, match="away"):
            find(addresses, file)


def test_a_fault_in_a_source_ends_the_transfer_instead_of_hanging_it() -> None:
    def answer(files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        find(Addresses(FILES, Source(answer)), FILES[0])
