"""Who may write about a download, on both databases: leases, heartbeats, fencing, rescue."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from downloads_app.config import current_settings
from downloads_app.models import Download, Status, User
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads import lifecycle
from downloads_app.services.queue import claims, outcomes
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.outcomes import ProgressReport
from tests.support.downloading import (
    LEASE_SECONDS,
    OTHER_WORKER,
    WORKER,
    add_downloads,
    add_provider,
    claim,
    claimed,
    end_wait,
    expire_lease,
    reload,
    set_time,
)
from tests.support.server import wait_until


def report(current_bytes: int, files_completed: int = 0) -> ProgressReport:
    return ProgressReport(current_bytes, files_completed, "model.bin", 1000, 5)


def test_progress_is_written_and_says_that_the_claim_holds(alice: User) -> None:
    found = claimed(alice)
    assert outcomes.report_progress(found, report(500, 1))
    row = reload(found)
    assert (row.current_bytes, row.files_completed, row.current_file) == (500, 1, "model.bin")
    assert (row.download_speed, row.eta_seconds) == (1000, 5)


def test_bytes_and_files_never_go_down(alice: User) -> None:
    found = claimed(alice)
    outcomes.report_progress(found, report(500, 2))
    assert outcomes.report_progress(found, report(100, 1))
    row = reload(found)
    assert (row.current_bytes, row.files_completed) == (500, 2)


@pytest.mark.parametrize("before", [0, 500])
def test_a_total_is_never_below_the_bytes_that_are_shown(alice: User, before: int) -> None:
    found = claimed(alice)
    outcomes.report_progress(found, report(before))
    assert outcomes.report_progress(found, replace(report(500), total_bytes=400))
    assert reload(found).total_bytes is None
    assert outcomes.report_progress(found, replace(report(500), total_bytes=500))
    assert reload(found).total_bytes == 500


def rescued_ids() -> list[str]:
    return [download.download_id for download in claims.rescue_expired()]


def test_a_heartbeat_extends_the_lease_of_what_still_holds(alice: User) -> None:
    add_downloads(alice, add_provider(), "one", "two")
    kept, lost = claim(), claim()
    assert kept
    assert lost
    expire_lease(kept)
    lifecycle.pause(current_settings(), reload(lost))
    assert claims.renew_leases(WORKER, [kept, lost], LEASE_SECONDS) == {kept}
    assert claims.rescue_expired() == []


def test_a_heartbeat_of_an_older_attempt_is_not_taken_for_the_present_one(alice: User) -> None:
    old = claimed(alice)
    expire_lease(old)
    claims.rescue_expired()
    new = claim()
    assert new is not None
    assert new.attempt == 2
    assert claims.renew_leases(WORKER, [old], LEASE_SECONDS) == set()


WRITES: dict[str, Callable[[Claim], bool]] = {
    "progress": lambda c: outcomes.report_progress(c, report(10**9)),
    "finish": lambda c: outcomes.finish(c, 10**9),
    "fail": lambda c: outcomes.fail(c, "late"),
    "hand_back": outcomes.hand_back,
    "wait": lambda c: outcomes.wait(c, "late", 60),
    "let_go": outcomes.let_go,
    "holds": outcomes.holds,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_superseded_worker_changes_nothing(alice: User, write: Callable[[Claim], bool]) -> None:
    late = claimed(alice)
    expire_lease(late)
    claims.rescue_expired()
    assert claim(OTHER_WORKER) is not None
    before = _columns(reload(late))
    assert not write(late)
    assert _columns(reload(late)) == before


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_finished_row_is_never_rewritten(alice: User, write: Callable[[Claim], bool]) -> None:
    found = claimed(alice)
    assert outcomes.finish(found, 700)
    assert outcomes.let_go(found)
    before = _columns(reload(found))
    assert not write(found)
    assert _columns(reload(found)) == before


def test_an_end_whose_answer_was_lost_is_told_again(alice: User) -> None:
    found = claimed(alice)
    assert outcomes.finish(found, 700)
    before = _columns(reload(found))
    assert outcomes.finish(found, 700)
    assert _columns(reload(found)) == before


def test_a_worker_learns_which_downloads_it_has_lost(alice: User) -> None:
    found = claimed(alice)
    assert claims.find_lost([found]) == []
    expire_lease(found)
    claims.rescue_expired()
    assert claims.find_lost([found]) == [found.download_id]
    again = claim(OTHER_WORKER)
    assert again is not None
    assert claims.find_lost([found]) == [found.download_id]
    assert outcomes.finish(again, 700)
    assert claims.find_lost([found]) == []  # it has ended: nothing to tell


def test_an_expired_lease_gives_the_download_back_with_its_bytes(alice: User) -> None:
    found = claimed(alice)
    outcomes.report_progress(found, report(500, 1))
    expire_lease(found)
    assert rescued_ids() == [found.download_id]
    row = reload(found)
    assert (row.status, row.current_bytes, row.worker_id, row.download_speed) == (Status.PENDING, 500, None, 0)
    again = claim(OTHER_WORKER)
    assert again is not None
    assert again.attempt == 2


def test_a_running_lease_is_left_alone(alice: User) -> None:
    found = claimed(alice)
    assert claims.rescue_expired() == []
    assert outcomes.holds(found)


def test_a_download_that_takes_its_workers_down_waits_longer_and_fails_in_the_end(alice: User) -> None:
    found: Claim | None = claimed(alice)
    waits = []
    while found is not None:
        expire_lease(found)
        claims.rescue_expired()
        row = reload(found)
        waits.append(row.not_before_at is not None)
        if row.status == Status.FAILED:
            break
        end_wait(row)
        found = claim()
    assert waits == [False, False, True, True, True, True, True, False]
    assert "starts in a row" in (row.error_message or "")
    assert row.completed_at is not None


def test_new_bytes_forgive_earlier_failures(alice: User) -> None:
    found: Claim | None = claimed(alice)
    for number in range(12):
        assert found is not None
        outcomes.report_progress(found, report(100 * number + 1))
        expire_lease(found)
        claims.rescue_expired()
        assert reload(found).status == Status.PENDING
        found = claim()


def test_a_drained_download_is_claimable_at_once(alice: User) -> None:
    found = claimed(alice)
    outcomes.report_progress(found, report(500))
    assert outcomes.hand_back(found)
    assert reload(found).current_bytes == 500
    assert claim(OTHER_WORKER) is not None


def _columns(row: Download) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in Download.__table__.columns}


def test_a_lease_that_lies_in_the_future_is_over(alice: User) -> None:
    found = claimed(alice)
    set_time(found, lease_expires_at=database_now(86_400))
    assert claims.cut_future_leases(LEASE_SECONDS) == 1
    assert claims.rescue_expired() == []  # a worker that is alive has its time to renew it
    assert claims.renew_leases(WORKER, [found], LEASE_SECONDS) == {found}
    assert claims.cut_future_leases(LEASE_SECONDS) == 0
    set_time(found, lease_expires_at=database_now(86_400))
    assert claims.cut_future_leases(0.0) == 1
    wait_until(lambda: rescued_ids() == [found.download_id], 10, "the lease to end")


def test_a_hold_that_lies_in_the_future_is_over_too(alice: User) -> None:
    found = claimed(alice)
    lifecycle.pause(current_settings(), reload(found))
    lifecycle.resume(current_settings(), reload(found))
    set_time(found, lease_expires_at=database_now(86_400))
    assert claim(OTHER_WORKER) is None
    claims.cut_future_leases(0.0)
    wait_until(lambda: claim(OTHER_WORKER) is not None, 10, "the hold to end")


def test_a_pause_longer_than_any_that_is_set_is_over(alice: User) -> None:
    found = claimed(alice)
    outcomes.wait(found, "the server asks for a pause", 3600)
    assert claim() is None
    set_time(found, not_before_at=database_now(86_400))
    assert claim() is not None
