"""Two web hosts, two worker hosts and a database whose primary dies: the replica takes its place, and all goes on."""

from pathlib import Path

import pytest

from downloads_app.models import Status
from tests.support.failover import DIRECT, POOLED, SMALL_FILES, Outcome, Scale, run
from tests.support.replicas import PASSWORD

SMALL = Scale(downloads=4, streams_each=13, file_bytes=1_000_000, interval_seconds=0.5)
FULL = Scale(downloads=20, streams_each=100, file_bytes=10_000_000, interval_seconds=2)
MESSAGE = {"type": "error", "error": "Failed to get downloads: Database error"}
MAX_RECONNECTS = 2


@pytest.mark.parametrize(
    ("scale", "ways"),
    [
        pytest.param(SMALL, (DIRECT, POOLED), id="small"),
        pytest.param(FULL, (DIRECT, DIRECT), id="full", marks=pytest.mark.scale),
        pytest.param(FULL, (POOLED, POOLED), id="full behind a pooler", marks=pytest.mark.scale),
    ],
)
def test_a_primary_dies_and_its_replica_takes_over_without_anybody_doing_anything(
    scale: Scale, ways: tuple[str, str], tmp_path: Path
) -> None:
    outcome = run(tmp_path, scale, ways)
    print(
        f"after the promotion: streams back in {outcome.streams_back_seconds:.1f} s, "
        f"downloads in {outcome.downloads_back_seconds:.1f} s"
    )
    check_streams(outcome)
    check_downloads(outcome, scale)
    assert PASSWORD not in outcome.logs + outcome.doctor
    assert "Traceback" not in outcome.logs, outcome.logs[-4000:]
    if ways[0] == DIRECT:
        assert "does not answer: if another host fails, nothing takes its place" in outcome.doctor


def check_streams(outcome: Outcome) -> None:
    """Errors in the given words while there is no primary, then updates; `complete` only after the end; none lost."""
    completed_at = {row.user_id: row.completed_at for row in outcome.rows}
    for watcher in outcome.watchers.all:
        assert len(watcher.before) <= MAX_RECONNECTS
        assert {viewer.status for viewer in (*watcher.before, watcher.viewer)} == {200}
        names = [seen.name for seen in watcher.seen]
        assert set(names) <= {"update", "error", "complete"}
        assert names.count("complete") == 1
        assert all(seen.data == MESSAGE for seen in watcher.seen if seen.name == "error")
        assert names[0] == "update"
        assert "error" in names
        ended_at = completed_at[watcher.owner]
        assert ended_at is not None
        assert watcher.completed_at is not None
        assert watcher.completed_at >= ended_at.timestamp(), "a `complete` before its time"


def check_downloads(outcome: Outcome, scale: Scale) -> None:
    """Each arrived, none ran twice at a time, and what was complete stayed so and was not fetched again."""
    assert {row.status for row in outcome.rows} == {Status.COMPLETED}
    assert len(outcome.rows) == scale.downloads
    assert outcome.overlaps == []
    assert outcome.finished_before
    assert outcome.finished_before <= outcome.finished_after
    total = scale.downloads * (scale.file_bytes + sum(SMALL_FILES.values()))
    attempts = sum(row.attempt for row in outcome.rows)
    assert total <= outcome.written_bytes <= 1.2 * total
    if attempts == scale.downloads:  # a lease ended only where the machine was very slow
        assert outcome.written_bytes < 1.02 * total, "something was fetched twice"
