"""What runs, what is stuck, how downloads are followed: in a terminal, in a pipe."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import update

from downloads_app.cli import top
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import outcomes, pauses, workers
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.workers import Presence
from tests.cli.conftest import Run
from tests.support.downloading import WORKER, add_downloads, add_provider, claim

REASON = "Not enough disk: 123,456,789,012 bytes are needed, 5 are free, of which running downloads need 4"


def grow_old(seconds: float) -> None:
    db.session.execute(update(Download).values(updated_at=database_now(-seconds)))
    db.session.commit()


def test_watching_a_failed_download_exits_with_1_and_says_why_in_plain_lines(
    runner: FlaskCliRunner, alice: User
) -> None:
    row = add_downloads(alice, add_provider(), "org/model", status="failed", error_message=REASON)[0]
    result = runner.invoke(args=["downloads", "watch", row.id])
    assert result.exit_code == 1
    assert result.stdout == f"{row.id[:8]} org/model – 0 B/– failed: {REASON}\n"


def test_watching_in_a_pipe_prints_a_line_for_each_change(
    runner: FlaskCliRunner, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add_downloads(alice, add_provider(), "org/model")[0]
    found: list[Claim] = []

    def advance(_: float) -> None:
        if found:
            outcomes.finish(found[0], 10)
        else:
            found.extend(filter(None, [claim()]))

    monkeypatch.setattr(time, "sleep", advance)
    result = runner.invoke(args=["downloads", "watch", row.id])
    assert result.exit_code == 0, result.output
    assert [re.findall("pending|downloading|completed", line) for line in result.stdout.splitlines()] == [
        ["pending"],
        ["downloading"],
        ["completed"],
    ]


def test_adding_with_wait_prints_the_id_alone_and_fails_with_the_download(
    runner: FlaskCliRunner, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_provider()

    def advance(_: float) -> None:
        found = claim()
        assert found is not None
        outcomes.fail(found, REASON)

    monkeypatch.setattr(time, "sleep", advance)
    result = runner.invoke(args=["downloads", "add", "hub", "org/model", "--user", "alice", "--wait"])
    assert result.exit_code == 1
    assert re.fullmatch(r"[0-9a-f-]{36}\n", result.stdout)
    assert REASON in result.stderr


def test_what_is_stuck_is_told_with_reason_and_advice(run: Run, alice: User) -> None:
    assert run("downloads", "stuck") == "Nothing is stuck\n"
    provider = add_provider()
    add_downloads(alice, provider, "org/model")
    found = claim()
    assert found is not None
    outcomes.wait(found, REASON, 60)
    workers.tell(Presence(WORKER, 1))
    (told,) = json.loads(run("downloads", "stuck", "--json"))
    assert (told["reason"], told["advice"]) == (REASON, "make room in DOWNLOADS_DIR; it goes on by itself")
    assert REASON in run("downloads", "stuck")
    workers.remove(WORKER)
    add_downloads(alice, provider, "org/other")
    grow_old(70)
    reasons = {
        row["repository"]: (row["reason"], row["advice"]) for row in json.loads(run("downloads", "stuck", "--json"))
    }
    assert reasons["org/other"] == ("no worker is alive", "start one: downloads-app downloads worker")


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("The quota of 10 bytes is used up: 10 bytes lie on the disk", "raise the quota"),
        ("all connections of its provider are in use", "--max-connections"),
        ("the server answered 503 Service Unavailable", "downloads-app downloads show"),
    ],
)
def test_advice_fits_the_reason(run: Run, alice: User, reason: str, advice: str) -> None:
    add_downloads(alice, add_provider(), "org/model")
    found = claim()
    assert found is not None
    outcomes.wait(found, reason, 60)
    workers.tell(Presence(WORKER, 1))
    (told,) = json.loads(run("downloads", "stuck", "--json"))
    assert advice in told["advice"]


def test_what_only_waits_for_its_turn_is_counted_and_not_stuck(run: Run, alice: User) -> None:
    add_downloads(alice, add_provider(), "org/model")
    workers.tell(Presence(WORKER, 1))
    grow_old(70)
    assert json.loads(run("downloads", "stuck", "--json")) == []
    assert run("downloads", "stuck") == "Nothing is stuck; 1 download waits for its turn\n"


def test_without_a_worker_all_that_wait_are_one_line_at_once(run: Run, alice: User) -> None:
    add_downloads(alice, add_provider(), "one", "two", "three")
    assert run("downloads", "stuck") == (
        "No worker is alive: 3 downloads wait → start one: downloads-app downloads worker\n"
    )
    assert [each["reason"] for each in json.loads(run("downloads", "stuck", "--json"))] == ["no worker is alive"] * 3


def test_what_a_pause_holds_back_is_one_line(run: Run, alice: User) -> None:
    workers.tell(Presence(WORKER, 1))
    hub, mirror = add_provider("hub"), add_provider("mirror")
    add_downloads(alice, hub, "one", "two", wait_reason=REASON)
    add_downloads(alice, mirror, "three")
    pauses.set_provider_paused(hub, True)
    first, second = run("downloads", "stuck", "--utc").splitlines()
    assert re.fullmatch(
        r"Provider hub is paused since 2\S+ \S+Z: 2 downloads wait → downloads-app providers resume hub", first
    )
    assert second == "1 download waits for its turn"
    pauses.set_queue_paused(True)
    (line,) = run("downloads", "stuck", "--utc").splitlines()
    assert re.fullmatch(r"The queue is paused since 2\S+ \S+Z: 3 downloads wait → downloads-app queue resume", line)


def test_more_stuck_than_the_limit_are_counted_and_the_longest_are_shown(run: Run, alice: User) -> None:
    workers.tell(Presence(WORKER, 1))
    provider = add_provider()
    for hours in (3, 1, 2):
        since = database_now(-3600 * hours)
        add_downloads(alice, provider, f"hours-{hours}", wait_reason=REASON, trouble_began_at=since)
    shown = run("downloads", "stuck", "--limit", "2")
    assert re.findall("hours-.", shown) == ["hours-3", "hours-2"]
    assert shown.splitlines()[-1] == "and 1 more; --limit shows more"
    assert "more" not in run("downloads", "stuck")
    told = json.loads(run("downloads", "stuck", "--json", "--limit", "1"))
    assert [each["repository"] for each in told] == ["hours-3"]


def test_a_lost_lease_and_a_silent_transfer_are_stuck(run: Run, alice: User) -> None:
    add_downloads(alice, add_provider(), "org/model")
    assert claim() is not None
    assert run("downloads", "stuck") == "Nothing is stuck\n"
    grow_old(70)
    assert "no byte comes" in run("downloads", "stuck")
    db.session.execute(update(Download).values(lease_expires_at=database_now(-1)))
    db.session.commit()
    assert "its worker was not heard of any more" in run("downloads", "stuck")


def test_top_shows_what_runs_the_fastest_first(run: Run, alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "slow", status="downloading", download_speed=1000)
    add_downloads(alice, provider, "fast", status="downloading", download_speed=5000)
    add_downloads(alice, provider, "waiting")
    shown = run("downloads", "top")
    assert shown.index("hub:fast") < shown.index("hub:slow") < shown.index("2 running")
    assert "6.0 kB/s" in shown
    assert [row["repository"] for row in json.loads(run("downloads", "top", "--json"))] == ["fast", "slow"]


def test_top_counts_what_it_has_no_room_for(run: Run, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = add_provider()
    for name in ("one", "two", "three"):
        add_downloads(alice, provider, name, status="downloading", download_speed=1000)
    monkeypatch.setattr(top, "MAX_ROWS", 2)
    assert "3 running, the newest 2 of them here" in run("downloads", "top")


def test_lists_are_narrowed_by_when_something_last_changed(run: Run, alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "old", status="failed")
    grow_old(7200)
    add_downloads(alice, provider, "new", status="failed")
    listed = json.loads(run("downloads", "list", "--status", "failed", "--since", "1h", "--json"))
    assert [row["repository"] for row in listed] == ["new"]
    assert len(json.loads(run("downloads", "list", "--since", "2020-01-01", "--json"))) == 2


def test_a_time_that_is_none_is_a_wrong_usage(runner: FlaskCliRunner) -> None:
    for wrong in ("yesterday", "999999w", "0001-01-01T00:00+14:00", "10000-01-01"):
        result = runner.invoke(args=["downloads", "list", "--since", wrong])
        assert (wrong, result.exit_code) == (wrong, 2)
        assert "24h or 7d" in result.stderr


def test_times_are_the_readers_unless_utc_is_asked_for(run: Run, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = add_downloads(alice, add_provider(), "org/model")[0]
    assert f"{row.created_at:%Y-%m-%d %H:%M:%S}Z" in run("downloads", "show", row.id, "--utc")
    with in_zone("Asia/Kolkata", monkeypatch):
        assert " IST" in run("downloads", "show", row.id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_time_that_is_typed_means_what_a_time_that_is_shown_means(
    run: Run, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add_downloads(alice, add_provider(), "org/model")[0]
    before, after = (row.updated_at + timedelta(minutes=minutes) for minutes in (-1, 1))
    with in_zone("Asia/Kolkata", monkeypatch):
        for moment, count in ((before, 1), (after, 0)):
            for typed in (f"{moment.astimezone():%Y-%m-%dT%H:%M:%S}", f"{moment:%Y-%m-%dT%H:%M:%SZ}"):
                assert len(json.loads(run("downloads", "list", "--json", "--since", typed))) == count, typed
            utc = f"{moment:%Y-%m-%dT%H:%M:%S}"
            assert len(json.loads(run("downloads", "list", "--json", "--since", utc, "--utc"))) == count, utc


@contextmanager
def in_zone(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the reader be elsewhere."""
    monkeypatch.setenv("TZ", name)
    time.tzset()
    try:
        yield
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_a_provider_that_does_not_answer_is_told_in_one_line(fail: Run) -> None:
    add_provider(allow_private_network=True)
    assert "127.0.0.1" in fail("providers", "test", "hub")
