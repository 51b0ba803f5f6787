"""Room that downloads share: who has reserved how much, and who goes on first."""

import threading
import time

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Status, User
from downloads_app.services.database.clock import database_now
from downloads_app.services.files.partials import find_partials
from downloads_app.services.queue import giving_way, outcomes, room
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.giving_way import let_one_give_way
from downloads_app.services.queue.outcomes import ProgressReport
from downloads_app.sources.documents import MAX_SIZE_BYTES
from tests.support.downloading import (
    OTHER_WORKER,
    WORKER,
    add_downloads,
    add_provider,
    claim,
    folder_of,
    reload,
    set_time,
)


def claim_three(alice: User) -> tuple[Claim, Claim, Claim]:
    provider = add_provider()
    for name in ("a", "b", "c"):
        add_downloads(alice, provider, name, total_bytes=30)
    found = [claim(), claim(OTHER_WORKER), claim()]
    first, second, third = (each for each in found if each is not None)
    for seconds, each in enumerate((first, second, third)):
        set_time(each, claimed_at=database_now(seconds))  # not within one tick of the clock
    return first, second, third


def ask(each: Claim, needed_bytes: int, free_bytes: int = 100) -> tuple[bool, int]:
    found = room.reserve(each, needed_bytes, lambda: free_bytes)
    return found.is_granted, found.taken_bytes


def test_what_running_downloads_still_need_is_kept_from_others(alice: User) -> None:
    first, second, third = claim_three(alice)
    assert ask(first, 30) == (True, 0)
    assert ask(second, 60) == (True, 30)
    assert ask(third, 30) == (False, 90)
    outcomes.report_progress(first, ProgressReport(20, 0, "x", 1, None, needed_bytes=10))
    assert ask(third, 30) == (True, 70)
    outcomes.wait(second, "Not enough disk", 30)
    assert (ask(third, 90), ask(third, 91)) == ((True, 10), (False, 10))


def test_who_needs_no_byte_needs_no_room(alice: User) -> None:
    first, second, _ = claim_three(alice)
    assert ask(first, 90) == (True, 0)
    assert ask(second, 0, free_bytes=50) == (True, 90)  # somebody else has filled the disk


def test_sizes_that_nobody_can_store_can_be_added_up(alice: User) -> None:
    first, second, third = claim_three(alice)
    for each in (first, second):
        set_time(each, needed_bytes=MAX_SIZE_BYTES)
    assert ask(third, 30) == (False, 2 * MAX_SIZE_BYTES + 2)  # as near as a float comes
    assert room.left_bytes(100) == 100
    for each in (first, second):
        outcomes.fail(each, "it never fits")
    assert ask(third, 30) == (True, 0)


def test_what_was_refused_or_is_over_keeps_no_room(alice: User) -> None:
    first, second, third = claim_three(alice)
    assert not ask(first, 101)[0]
    outcomes.wait(first, "Not enough disk", 30)
    assert ask(second, 50) == (True, 0)
    outcomes.fail(second, "gone")
    assert ask(third, 100) == (True, 0)


def test_what_was_claimed_earlier_comes_first_also_if_it_asks_later(alice: User) -> None:
    first, second, _ = claim_three(alice)
    assert ask(second, 60) == (True, 0)  # the first is not listed yet
    assert ask(first, 60) == (False, 60)
    set_time(first, needed_bytes=60)
    assert ask(second, 60) == (False, 60)
    assert ask(first, 60) == (True, 0)


def test_two_that_ask_at_once_do_not_both_get_the_last_room(app: Flask, alice: User) -> None:
    first, second, _ = claim_three(alice)
    answers: list[bool] = []

    def measure() -> int:
        time.sleep(0.05)  # the other one asks meanwhile
        return 100

    def reserve(each: Claim) -> None:
        with app.app_context():
            answers.append(room.reserve(each, 60, measure).is_granted)

    threads = [threading.Thread(target=reserve, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, True]


def test_the_oldest_that_finds_room_goes_on(alice: User) -> None:
    first, second, third = claim_three(alice)
    for each in (first, second, third):
        ask(each, 30)
    assert room.left_bytes(100) == 10
    for each in (third, second):
        outcomes.wait(each, "Not enough disk", 30)
    assert room.left_bytes(100) == 70
    assert room.let_one_go_on(70) is None  # they have just looked themselves
    for each in (third, second):
        set_time(each, updated_at=database_now(-10))
    assert room.let_one_go_on(29) is None
    assert room.let_one_go_on(70) == second.download_id
    assert reload(second).not_before_at is None
    assert room.let_one_go_on(70) == third.download_id
    assert room.let_one_go_on(70) is None
    assert reload(first).status == Status.DOWNLOADING


def test_the_youngest_gives_its_partial_files_only_where_that_is_enough(alice: User) -> None:
    first, second, third = claim_three(alice)
    for each in (first, second, third):
        ask(each, 20, free_bytes=0)
        outcomes.wait(each, "x.bin: the disk is full (No space left on device)", 30)
        set_time(each, updated_at=database_now(-10))
    folders_of = {each: find_partials(folder_of(reload(each))) for each in (first, second, third)}
    for each, count in ((first, 50), (second, 9), (third, 8)):
        folders_of[each].mkdir(parents=True)
        (folders_of[each] / "x.data").write_bytes(b"x" * count)
    assert let_one_give_way(current_settings(), 2, WORKER) is None  # 17 bytes would not do
    assert let_one_give_way(current_settings(), 20, WORKER) is None  # the oldest has room
    assert let_one_give_way(current_settings(), 3, WORKER) == (third.download_id, 8)
    assert [each.exists() for each in folders_of.values()] == [True, True, False]
    row = reload(third)
    assert (row.needed_bytes, row.worker_id) == (28, None)
    assert "an older download needed the room" in (row.wait_reason or "")
    assert let_one_give_way(current_settings(), 11, WORKER) == (second.download_id, 9)


def test_however_many_wait_without_a_byte_one_that_has_some_gives_way(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving_way, "MOST_ASKED", 1)
    first, second, third = claim_three(alice)
    for each in (first, second, third):
        ask(each, 20, free_bytes=0)
        outcomes.wait(each, "Not enough disk", 30)
        set_time(each, updated_at=database_now(-10))
    folder = find_partials(folder_of(reload(second)))
    folder.mkdir(parents=True)
    (folder / "x.data").write_bytes(b"x" * 9)
    set_time(second, current_bytes=9, updated_at=database_now(-10))
    assert let_one_give_way(current_settings(), 15, WORKER) == (second.download_id, 9)


@pytest.mark.parametrize(
    ("reason", "is_for_disk"),
    [
        ("Not enough disk: 30 bytes are needed, 10 are free", True),
        ("model.bin: the disk is full (No space left on device): 10 bytes are missing, 0 bytes are free", True),
        ("The quota of 100 bytes is taken: 80 bytes lie on the disk, 30 more are wanted", False),
        ("The quota is used up: it waits for files to be removed", False),
        ("all connections of its provider are in use", False),
    ],
)
def test_room_wakes_only_what_waits_for_the_disk(alice: User, reason: str, is_for_disk: bool) -> None:
    first, _, _ = claim_three(alice)
    outcomes.wait(first, reason, 30)
    set_time(first, updated_at=database_now(-10))
    assert room.let_one_go_on(1000) == (first.download_id if is_for_disk else None)


def test_a_retry_after_a_failure_is_not_woken_by_room(alice: User) -> None:
    first, _, _ = claim_three(alice)
    outcomes.wait(first, "the server answered 503", 30, failures=1)
    set_time(first, updated_at=database_now(-10))
    assert room.let_one_go_on(1000) is None
