"""Room that downloads share: who has reserved how much, and who goes on first."""

import pytest

from downloads_app.models import Status, User
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import outcomes, room
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.outcomes import ProgressReport
from tests.support.downloading import OTHER_WORKER, add_downloads, add_provider, claim, reload, set_time


def claim_three(alice: User) -> tuple[Claim, Claim, Claim]:
    provider = add_provider()
    for name in ("a", "b", "c"):
        add_downloads(alice, provider, name, total_bytes=30)
    found = [claim(), claim(OTHER_WORKER), claim()]
    first, second, third = (each for each in found if each is not None)
    for seconds, each in enumerate((first, second, third)):
        set_time(each, claimed_at=database_now(seconds))  # not within one tick of the clock
    return first, second, third


def test_what_running_downloads_still_need_is_kept_from_later_ones(alice: User) -> None:
    first, second, third = claim_three(alice)
    assert [room.reserved_bytes(each) for each in (first, second, third)] == [0, 30, 60]
    outcomes.report_progress(first, ProgressReport(20, 0, "x", 1, None))
    assert [room.reserved_bytes(each) for each in (first, second, third)] == [0, 10, 40]
    outcomes.wait(second, "Not enough disk", 30)
    assert room.reserved_bytes(third) == 10


def test_what_moves_already_is_kept_from_an_earlier_one_that_has_yet_to_begin(alice: User) -> None:
    first, second, _ = claim_three(alice)
    outcomes.report_progress(second, ProgressReport(5, 0, "x", 1, None))
    assert room.reserved_bytes(first) == 25


def test_the_oldest_that_finds_room_goes_on(alice: User) -> None:
    first, second, third = claim_three(alice)
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
