"""What is not claimed yet: its time has not come, its user may not, another worker may still be writing there."""

from downloads_app.config import current_settings
from downloads_app.models import Status, User
from downloads_app.services.accounts import users
from downloads_app.services.downloads import lifecycle
from downloads_app.services.queue import claims, outcomes
from tests.support.downloading import (
    OTHER_WORKER,
    add_downloads,
    add_provider,
    claim,
    claimed,
    end_wait,
    expire_lease,
    reload,
)


def test_a_disabled_users_downloads_are_not_claimed(alice: User, admin: User) -> None:
    add_downloads(alice, add_provider(), "one")
    users.set_disabled(alice, True)
    assert claim() is None


def test_a_download_waits_for_its_time(alice: User) -> None:
    found = claimed(alice)
    assert outcomes.wait(found, "the disk is full", 60)
    row = reload(found)
    assert (row.status, row.wait_reason, row.worker_id) == (Status.PENDING, "the disk is full", None)
    assert claim() is None
    end_wait(row)
    assert claim() is not None
    assert reload(found).wait_reason is None


def test_a_paused_and_resumed_download_waits_until_its_worker_has_let_go(alice: User) -> None:
    found = claimed(alice)
    row = reload(found)
    lifecycle.pause(current_settings(), row)
    lifecycle.resume(current_settings(), row)
    assert claim(OTHER_WORKER) is None
    assert not outcomes.holds(found)
    assert outcomes.let_go(found)
    assert claim(OTHER_WORKER) is not None


def test_a_second_download_of_a_folder_waits_until_the_first_ones_worker_has_let_go(alice: User) -> None:
    found = claimed(alice)
    row = reload(found)
    lifecycle.cancel(current_settings(), row)
    lifecycle.create(current_settings(), alice, row.provider, "one")
    assert claim(OTHER_WORKER) is None
    outcomes.let_go(found)
    assert claim(OTHER_WORKER) is not None


def test_a_hold_ends_with_its_lease(alice: User) -> None:
    found = claimed(alice)
    row = reload(found)
    lifecycle.pause(current_settings(), row)
    lifecycle.resume(current_settings(), row)
    expire_lease(found)
    assert claim(OTHER_WORKER) is not None


def test_what_is_unfinished_counts_retries_but_not_what_waits_for_room(alice: User) -> None:
    add_downloads(alice, add_provider(), "one", "two")
    assert claims.count_unfinished() == 2
    first, second = claim(), claim()
    assert first
    assert second
    outcomes.wait(first, "the disk is full", 60)
    outcomes.wait(second, "the server is away", 60, failures=1)
    assert claims.count_unfinished() == 1
