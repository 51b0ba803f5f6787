"""Entries of the audit: with what happened or not at all, and never more than a disk can hold."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, utc_now
from downloads_app.services import audit
from downloads_app.services.audit import Account, Actor, Thing, writing

ALICE = Account("00000000-0000-4000-8000-00000000000a", "alice")
ROOT = Actor("root", "00000000-0000-4000-8000-000000000001", "192.0.2.1", is_trusted=True)


def entries() -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.at, AuditEntry.id)))


def fail(address: str, about: Account | None = None, times: int = 1) -> None:
    for _ in range(times):
        audit.note(Act.SIGN_IN_FAILED, Actor(address=address), about, succeeded=False)
    db.session.commit()


def refuse(name: str, address: str) -> None:
    """Write down that a user wanted to change what is not theirs."""
    route = Thing("route", name="PATCH /api/queue")
    audit.note(Act.REFUSED, Actor(name, address=address), thing=route, succeeded=False)
    db.session.commit()


def test_an_entry_says_who_what_which_object_from_where_and_when(app: Flask) -> None:
    audit.note(Act.USER_DISABLED, ROOT, ALICE, Thing("user", ALICE.user_id, ALICE.username), detail="she left")
    db.session.commit()
    (entry,) = entries()
    assert entry.at == entry.last_at
    shown = {name: getattr(entry, name) for name in ("actor", "actor_id", "key", "username", "user_id", "address")}
    assert shown == {
        "actor": "root",
        "actor_id": ROOT.user_id,
        "key": None,
        "username": "alice",
        "user_id": ALICE.user_id,
        "address": "192.0.2.1",
    }
    assert (entry.action, entry.succeeded, entry.count) == ("user_disabled", True, 1)
    assert (entry.object_type, entry.object_id, entry.object_name) == ("user", ALICE.user_id, "alice")
    assert entry.detail == "she left"


def test_what_is_rolled_back_has_not_happened(app: Flask) -> None:
    audit.note(Act.USER_CREATED, ROOT, ALICE)
    db.session.rollback()
    assert entries() == []


def test_a_long_name_and_detail_are_cut(app: Flask) -> None:
    audit.note(Act.DOWNLOAD_DELETED, ROOT, thing=Thing("download", "1", "x" * 5000), detail="y" * 5000)
    db.session.commit()
    assert (len(entries()[0].object_name or ""), len(entries()[0].detail or "")) == (200, 500)


def test_equal_failures_of_an_hour_share_an_entry(app: Flask) -> None:
    fail("192.0.2.7", ALICE, times=3)
    fail("192.0.2.8", ALICE)
    fail("192.0.2.7")
    assert sorted((one.address, one.username, one.count) for one in entries() if one.username) == [
        ("192.0.2.7", "alice", 3),
        ("192.0.2.8", "alice", 1),
    ]
    first = next(one for one in entries() if one.count == 3)
    assert first.at < first.last_at
    assert len(entries()) == 3


def test_a_storm_of_failures_fills_no_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 20)
    for number in range(60):
        fail(f"192.0.2.{number}")
        fail(f"198.51.100.{number}", ALICE)
    assert len(entries()) == 22
    assert sum(one.count for one in entries()) == 120
    shared = {one.username: (one.count, one.address) for one in entries() if one.count > 1}
    assert shared == {None: (50, None), "alice": (50, None)}


def test_whatever_one_user_tries_what_another_tries_keeps_its_own_entry(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 5)
    for number in range(20):
        refuse("mallory", f"192.0.2.{number}")
    for _ in range(2):
        refuse("bob", "198.51.100.1")
    assert len(entries()) == 7
    assert [(one.count, one.address) for one in entries() if one.actor == "mallory" and one.count > 1] == [(15, None)]
    assert [(one.count, one.address) for one in entries() if one.actor == "bob"] == [(2, "198.51.100.1")]


def test_two_who_try_too_much_do_not_share_an_entry(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 5)
    for number in range(8):
        refuse("mallory", f"192.0.2.{number}")
        refuse("bob", f"198.51.100.{number}")
    shared = {one.actor: (one.count, one.address) for one in entries() if one.count > 1}
    assert shared == {"mallory": (3, None), "bob": (3, None)}


def test_what_somebody_may_do_takes_no_room_from_what_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 5)
    for number in range(6):
        audit.note(Act.PROVIDER_TESTED, ROOT, thing=Thing("provider", str(number)))
    audit.note(Act.PROVIDER_TESTED, ROOT, thing=Thing("provider", "broken"), succeeded=False)
    db.session.commit()
    assert [one.address for one in entries() if not one.succeeded] == [ROOT.address]


def test_a_user_who_signs_in_all_day_fills_no_disk_and_an_admins_acts_are_all_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 5)
    for _ in range(20):
        audit.note(Act.SIGNED_IN, Actor("alice", ALICE.user_id, "192.0.2.7"), ALICE)
        audit.note(Act.USER_QUOTA_SET, ROOT, ALICE)
    audit.note(Act.SESSION_ENDED, Actor("alice", ALICE.user_id), ALICE)
    db.session.commit()
    assert len([one for one in entries() if one.actor == "root"]) == 20
    mine = [(one.action, one.count) for one in entries() if one.actor == "alice"]
    assert sorted(mine) == [("session_ended", 1), *[("signed_in", 1)] * 5, ("signed_in", 15)]


def test_the_next_day_has_entries_of_its_own(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 3)
    for number in range(5):
        fail(f"192.0.2.{number}")
    now = utc_now()
    monkeypatch.setattr(writing, "utc_now", lambda: now + timedelta(days=1, hours=1))
    fail("192.0.2.1")
    assert len(entries()) == 5


def test_failures_with_different_objects_do_not_share_an_entry(app: Flask) -> None:
    for name in ("hub", "mirror", "hub"):
        thing = Thing("provider", f"id of {name}", name)
        audit.note(Act.PROVIDER_TESTED, ROOT, thing=thing, detail="no answer", succeeded=False)
    db.session.commit()
    assert sorted((one.object_name, one.count) for one in entries()) == [("hub", 2), ("mirror", 1)]


def test_however_many_downloads_somebody_adds_what_else_they_do_keeps_its_entries(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_A_DAY", 5)
    alice = Actor("alice", ALICE.user_id, "192.0.2.7")
    for number in range(20):
        audit.note(Act.DOWNLOAD_ADDED, alice, ALICE, Thing("download", str(number), f"org/{number}"))
    for number in range(3):
        audit.note(Act.KEY_CREATED, alice, ALICE, Thing("key", str(number), f"key {number}"))
    db.session.commit()
    made = [one for one in entries() if one.action == Act.KEY_CREATED]
    assert [(one.object_name, one.address) for one in made] == [(f"key {number}", "192.0.2.7") for number in range(3)]
    added = sorted(one.count for one in entries() if one.action == Act.DOWNLOAD_ADDED)
    assert added == [1, 1, 1, 1, 1, 15]


def test_what_has_happened_anyway_does_not_fail_because_it_cannot_be_written_down(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    db.session.execute(db.text("DROP TABLE audit"))
    db.session.commit()
    audit.note_alone(Act.REFUSED, ROOT, Thing("route", name="PATCH /api/queue"), succeeded=False)
    assert db.session.execute(db.text("SELECT 1")).scalar() == 1
    assert "the audit lacks an entry (refused by root)" in caplog.text
