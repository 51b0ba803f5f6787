"""The right to see and the right to watch are one rule, whoever reads the user's row."""

import itertools
import time
from datetime import timedelta

from downloads_app.errors import DownloadsError
from downloads_app.extensions import db
from downloads_app.models import Download, RevokedToken, User, utc_now
from downloads_app.services import rights
from downloads_app.services.accounts import tokens
from downloads_app.services.downloads import history
from downloads_app.services.live.snapshot import Snapshot
from tests.support.rows import add_download
from tests.support.snapshots import token_of

FLAGS = ("is_disabled", "must_change_password", "is_admin")


def judge_request(token: tokens.VerifiedToken) -> str | None:
    """Return why a request with the token is refused; None where it is let in."""
    db.session.expire_all()
    try:
        tokens.authorize(token)
    except DownloadsError as exc:
        return exc.message
    return None


def test_requests_and_streams_judge_alike(alice: User, bob: User, snapshot: Snapshot) -> None:
    others = add_download(bob)
    add_download(alice)
    judged: set[str | None] = set()
    for flags in itertools.product((False, True), repeat=len(FLAGS)):
        for valid_seconds, revoked in itertools.product((None, -60, 60), ("token_id", "family", None)):
            number = f"{len(judged)}-{time.monotonic_ns()}"
            token = token_of(alice.id, token_id=f"t{number}", family=f"f{number}")
            for flag, value in zip(FLAGS, flags, strict=True):
                setattr(alice, flag, value)
            alice.tokens_valid_from = None if valid_seconds is None else utc_now() + timedelta(seconds=valid_seconds)
            if revoked is not None:
                db.session.add(RevokedToken(id=getattr(token, revoked), user_id=alice.id, expires_at=utc_now()))
            db.session.commit()
            watch = snapshot.watch(token)
            snapshot.refresh()
            assert watch.verdict == judge_request(token), (flags, valid_seconds, revoked)
            if watch.verdict is None:
                snapshot.refresh()  # an admin's first page
                may_see_others = rights.may_see_download(alice, db.session.get_one(Download, others.id))
                assert len(watch.view) == 1 + may_see_others
            judged.add(watch.verdict)
            snapshot.release(watch)
    assert judged == {None, rights.REVOKED, rights.CHANGE_DUE}


def test_a_key_has_a_regular_users_rights_in_requests_and_in_streams(
    alice: User, bob: User, snapshot: Snapshot
) -> None:
    add_download(alice)
    others = add_download(bob)
    token = token_of(alice.id, key=rights.KeyRights("ci", can_read=True, can_write=True))
    for is_admin in (False, True, False):
        alice.is_admin = is_admin
        db.session.commit()
        watch = snapshot.watch(token)
        snapshot.refresh()
        snapshot.refresh()
        caller = rights.Caller(alice, token)
        assert (watch.verdict, len(watch.view)) == (None, 1)
        assert not caller.is_admin
        assert not rights.may_see_download(caller, db.session.get_one(Download, others.id))
        assert [row.user_id for row in history.list_downloads(viewer=caller).rows] == [alice.id]
        snapshot.release(watch)
        assert rights.Caller(alice, token_of(alice.id)).is_admin == is_admin


def test_a_user_that_is_gone_has_no_rights(alice: User, snapshot: Snapshot) -> None:
    token = token_of(alice.id)
    db.session.delete(alice)
    db.session.commit()
    watch = snapshot.watch(token)
    snapshot.refresh()
    assert watch.verdict == judge_request(token) == rights.REVOKED
