"""A download's speed over its whole time."""

import pytest
from flask import Flask

from downloads_app.extensions import db
from downloads_app.models import Download, DownloadSpeeds, User
from downloads_app.services.downloads import speeds
from downloads_app.services.downloads.speeds import KEPT, SpeedHistory
from downloads_app.services.queue.claims import Claim, claim_next
from tests.support.downloading import add_downloads, add_provider


def test_a_day_has_no_more_points_than_a_minute_and_keeps_its_shape() -> None:
    history = SpeedHistory()
    for second in range(86_400):
        history.note(1_000_000 + second, 100 if second < 43_200 else 300)
    assert KEPT // 2 - 1 <= len(history.points) <= KEPT
    assert history.points[0][0] == 1_000_000
    assert {speed for _, speed in history.points} <= {100, 200, 300}
    half = len(history.points) // 2
    assert {speed for _, speed in history.points[: half - 1]} == {100}
    assert {speed for _, speed in history.points[half + 1 :]} == {300}


def test_many_short_runs_far_apart_are_bounded_too() -> None:
    history = SpeedHistory()
    for run in range(1000):
        history.note(run * 1e6, run)
    assert len(history.points) <= KEPT
    assert history.points[-1] == (999e6, 999)


@pytest.fixture
def claim(app: Flask, alice: User) -> Claim:
    """A claimed download."""
    add_downloads(alice, add_provider(), "org/model")
    found = claim_next("worker-1", 30)
    assert found is not None
    return found


def test_the_next_run_goes_on_with_what_is_stored(claim: Claim) -> None:
    assert speeds.read(claim.download_id).points == []
    speeds.write(claim, SpeedHistory(2.0, [(1.0, 5), (3.0, 7)]))
    speeds.write(claim, SpeedHistory(2.0, [(1.0, 5), (3.0, 7), (5.0, 9)]))
    assert speeds.read(claim.download_id) == SpeedHistory(2.0, [(1.0, 5), (3.0, 7), (5.0, 9)])


def test_a_worker_without_the_claim_writes_nothing(claim: Claim) -> None:
    speeds.write(Claim(claim.download_id, claim.attempt + 1, claim.worker_id), SpeedHistory(1.0, [(1.0, 5)]))
    assert speeds.read(claim.download_id).points == []


def test_they_go_with_the_download(claim: Claim) -> None:
    speeds.write(claim, SpeedHistory(1.0, [(1.0, 5)]))
    db.session.delete(db.session.get_one(Download, claim.download_id))
    db.session.commit()
    assert db.session.query(DownloadSpeeds).count() == 0
