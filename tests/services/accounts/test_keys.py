"""API keys: their form, who has how many, and what ends them."""

import re
import string
import threading
import zlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from downloads_app.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from downloads_app.extensions import db
from downloads_app.models import ApiKey, AuditEntry, RevokedToken, User, utc_now
from downloads_app.services.accounts import key_check, key_form, keys, refused_keys, users
from downloads_app.services.audit import NOBODY
from downloads_app.services.pages import Wanted


def make(user: User, name: str = "ci", **options: object) -> tuple[ApiKey, str]:
    scopes = options.pop("scopes", keys.SCOPES)
    return keys.create_key(user.id, name, scopes, by=NOBODY, **options)  # type: ignore[arg-type]  # passed on as given


def test_a_key_has_the_form_that_scanners_know() -> None:
    made = {key_form.make_key() for _ in range(200)}
    assert len(made) == 200
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    for key in made:
        assert re.fullmatch(r"dla_[0-9A-Za-z]{40}", key)
        number = 0
        for digit in key[-6:]:
            number = number * 62 + alphabet.index(digit)
        assert number == zlib.crc32(key[4:38].encode())
        assert key_form.read_key(key) == key_form.read_key("hf_dla" + key[4:]) == key


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: key[:10] + ("a" if key[10] != "a" else "b") + key[11:],
        lambda key: key.swapcase()[:4].lower() + key[4:].swapcase(),
        lambda key: key.upper(),
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key + "\n",
        lambda key: key[:20] + " " + key[20:],
        lambda key: key.replace("dla_", "hf_dla_"),
        lambda key: "dla_" + "０" * 40,
        lambda key: "dla_",
        lambda key: "dla_" + "a" * 100_000,
    ],
)
def test_a_key_of_another_form_or_sum_is_refused_before_the_database_is_asked(
    app: Flask, spoil: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "session", None)
    with pytest.raises(NotAuthenticated, match="form or its checksum"):
        key_check.verify(spoil(key_form.make_key()))


def test_a_key_is_stored_as_a_digest_alone(alice: User) -> None:
    key, raw = make(alice)
    row = db.session.execute(select(ApiKey.__table__)).one()
    assert all(raw[8:] not in str(value) for value in row)
    assert (key.hint, len(key.digest)) == (raw[:8], 64)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"expires_at": utc_now()}, "expires_at"),
    ],
)
def test_an_unfit_key_is_not_made(alice: User, fields: dict[str, object], fault: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make(alice, **{"name": "ci", **fields})  # type: ignore[arg-type]  # passed on as given
    assert list(refused.value.errors) == [fault]
    assert keys.list_keys() == []


def test_there_is_a_most_that_two_makers_at_once_cannot_pass(
    app: Flask, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 3)
    make(bob)
    user_id, ready, results = alice.id, threading.Barrier(6), []
    db.session.commit()

    def try_to_make() -> None:
        with app.app_context():
            ready.wait()
            try:
                keys.create_key(user_id, "ci", ["read"], by=NOBODY)
                results.append("made")
            except Conflict as exc:
                results.append(exc.message)

    makers = [threading.Thread(target=try_to_make) for _ in range(6)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert sorted(results)[3:] == ["made"] * 3
    assert "3 API keys are the most" in results[0] + results[1] + results[2] + results[3]
    assert len(keys.list_keys(user_id)) == 3


def test_expired_keys_give_way_to_new_ones(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 2)
    (old, _), (_, raw) = make(alice, "old"), make(alice, "good")
    old.expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    make(alice, "new")
    assert [key.name for key in keys.list_keys(alice.id)] == ["new", "good"]
    key_check.verify(raw)


def test_a_key_that_has_expired_or_was_revoked_is_refused(alice: User) -> None:
    (expiring, first), (revoked, second) = make(alice, expires_at=utc_now() + timedelta(hours=1)), make(alice)
    assert key_check.verify(first).expires_at == pytest.approx(expiring.expires_at.timestamp())
    expiring.expires_at = utc_now()
    db.session.commit()
    keys.revoke_key(revoked.id, alice.id, by=NOBODY)
    with pytest.raises(NotAuthenticated, match="has expired"):
        key_check.verify(first)
    with pytest.raises(NotAuthenticated, match="was revoked"):
        key_check.verify(second)


def test_nobody_revokes_what_is_another_users_or_gone(alice: User, bob: User) -> None:
    key, raw = make(alice)
    with pytest.raises(NotFound):
        keys.revoke_key(key.id, bob.id, by=NOBODY)
    key_check.verify(raw)
    assert keys.revoke_key(key.id, None, by=NOBODY).name == "ci"
    with pytest.raises(NotFound):
        keys.revoke_key(key.id, None, by=NOBODY)
    assert db.session.get_one(RevokedToken, key.id).expires_at > utc_now() + timedelta(minutes=50)


def test_disabling_ends_keys_for_good_and_a_new_password_does_not(alice: User) -> None:
    _, raw = make(alice)
    users.set_password(alice, "another long password")
    assert key_check.verify(raw).user_id == alice.id
    users.set_disabled(alice, True)
    with pytest.raises(Conflict):
        make(alice)
    users.set_disabled(alice, False)
    with pytest.raises(NotAuthenticated):
        key_check.verify(raw)


def test_a_deleted_users_keys_are_gone(alice: User) -> None:
    _, raw = make(alice)
    users.delete_user(alice)
    assert keys.list_keys() == []
    with pytest.raises(NotAuthenticated):
        key_check.verify(raw)


def test_the_last_use_is_written_once_a_minute(alice: User) -> None:
    key, raw = make(alice)
    assert key.last_used_at is None
    seen = []
    for seconds_ago in (None, 50, 61):
        if seconds_ago is not None:
            key.last_used_at = utc_now() - timedelta(seconds=seconds_ago)
            db.session.commit()
        before = key.last_used_at
        key_check.verify(raw)
        db.session.rollback()
        seen.append(key.last_used_at != before)
    assert seen == [True, False, True]


def test_refusals_are_noted_but_not_each_time(alice: User) -> None:
    key, raw = make(alice)
    keys.revoke_key(key.id, None, by=NOBODY)
    for _ in range(50):
        with pytest.raises(NotAuthenticated):
            key_check.verify(raw, "192.0.2.1")
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "key_refused")).all()
    assert [(one.address, one.count, one.succeeded) for one in entries] == [("192.0.2.1", 1, False)]
    assert all(raw[8:] not in str(value) for row in db.session.execute(select(AuditEntry.__table__)) for value in row)


def test_a_storm_of_refusals_is_counted_and_noted_seldom() -> None:
    now = [0.0]
    refusals = refused_keys.Refusals(lambda: now[0])
    noted = 0
    for number in range(5000):
        noted += bool(refusals.count(refused_keys.Refusal(f"192.0.2.{number % 250}", "unknown")))
    assert noted == refused_keys.MAX_IN_THAT_TIME
    now[0] = 61
    assert refusals.count(refused_keys.Refusal("192.0.2.7", "unknown")) == 20


def test_whatever_keys_somebody_makes_up_the_refusal_of_a_real_one_is_noted() -> None:
    refusals = refused_keys.Refusals(lambda: 0.0)
    for number in range(5000):
        refusals.count(refused_keys.Refusal(f"192.0.{number // 250}.{number % 250}", "unknown"))
    assert refusals.count(refused_keys.Refusal("198.51.100.1", "expired", "id", "ci", "alice")) == 1


def test_a_client_with_a_network_of_its_own_is_one_address() -> None:
    refusals = refused_keys.Refusals(lambda: 0.0)
    noted = [bool(refusals.count(refused_keys.Refusal(f"2001:db8::{number:x}", "unknown"))) for number in range(100)]
    assert (noted.count(True), refusals.count(refused_keys.Refusal("192.0.2.7", "unknown"))) == (1, 1)


def test_keys_are_listed_and_found_by_what_their_id_begins_with(alice: User, bob: User) -> None:
    made = [make(alice, name)[0] for name in ("a", "b", "c")]
    make(bob)
    page = keys.page_of_keys(Wanted("-created_at", page_size=2), alice.id)
    assert [key.name for key in page.rows] == ["c", "b"]
    assert keys.find_key(made[0].id[:20].upper()).name == "a"
    for wrong in ("%", "", "zz", "é"):
        with pytest.raises(NotFound):
            keys.find_key(wrong)
