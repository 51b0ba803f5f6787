"""Requests that a client may send twice: the first answer is kept for a day, under the key that the client chose.

A key is claimed by one statement, in a transaction of its own, so that of two processes one gets it. A process that
dies with a request in flight leaves its claim, which is void after IN_FLIGHT_SECONDS: then the key is free again.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from downloads_app.config import Settings
from downloads_app.errors import Conflict, InvalidInput, NotAllowed
from downloads_app.models import KeyedRequest, new_id
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.inserts import insert_into
from downloads_app.services.rights import Viewer

KEPT_SECONDS = 24 * 3600
IN_FLIGHT_SECONDS = 120
"""Longer than any request takes: a provider has 30 s, a body 20 s."""
MAX_KEYS = 10_000
"""Keys of one user in KEPT_SECONDS."""
MAX_BODY_BYTES = 128 << 10
"""Of an answer that is kept. The longest of a change is a download with 10,000 characters of patterns, each at most 12
bytes in JSON. A longer one is that of a question, which changes nothing when it is asked again."""
NOT_KEPT = (401, 403, 429)
"""Statuses that hang on who asks and when: with a new role or a little later the answer is another."""
_Row = KeyedRequest


@dataclass(frozen=True, slots=True)
class Claim:
    """A process's right to answer the request with this key."""

    user_id: str
    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept."""

    status: int
    headers: dict[str, str]
    body: bytes


def check_key(key: str) -> str:
    """Return a key that is 1 to 255 printable ASCII characters. Raises InvalidInput."""
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidInput("Idempotency-Key: 1 to 255 printable ASCII characters", {"Idempotency-Key": "malformed"})
    return key


def _digests_of(settings: Settings, *parts: bytes) -> tuple[str, ...]:
    """Return what says whether two requests are the same: under the present key, then under those of before."""
    content = b"\0".join(b"%d:%b" % (len(part), part) for part in parts)
    keys = map(_digest_key, settings.jwt_secret_keys)
    return tuple(hmac.new(key, content, hashlib.sha256).hexdigest() for key in keys)


def begin(settings: Settings, viewer: Viewer, key: str, *parts: bytes) -> Claim | Answer:
    """Claim a key, or return the answer that was given before to the request that these parts make.

    An answer that was made for an admin is given to an admin only: a view may do more for one, and show more. Raises
    NotAllowed for others, InvalidInput if the key belongs to another request, Conflict if that request is in flight or
    the user has MAX_KEYS keys.
    """
    of_users, of_admins = _digests_of(settings, *parts), _digests_of(settings, *parts, b"for an admin")
    claim = Claim(viewer.id, key, new_id())
    if execute_alone(_claiming(claim, (of_admins if viewer.is_admin else of_users)[0])).first() is not None:
        _refuse_too_many(claim)
        return claim
    mine = select(_Row.digest, _Row.status, _Row.headers, _Row.body).where(_Row.user_id == viewer.id, _Row.key == key)
    row = execute_alone(mine).first()
    if row is not None and row.digest in of_admins and not viewer.is_admin:
        raise NotAllowed("Idempotency-Key: the first answer was for an admin")
    if row is not None and row.digest not in of_users + of_admins:
        raise InvalidInput(
            "Idempotency-Key: it was used for another request", {"Idempotency-Key": "used for another request"}
        )
    if row is None or row.status is None:
        raise Conflict("A request with this Idempotency-Key is in flight")
    return Answer(row.status, row.headers, row.body)


def finish(claim: Claim, answer: Answer) -> None:
    """Keep an answer. One that may be another the next time (NOT_KEPT, 5xx) frees the key instead."""
    is_kept = answer.status not in NOT_KEPT and answer.status < 500 and len(answer.body) <= MAX_BODY_BYTES
    if not is_kept:
        execute_alone(delete(_Row).where(*_of(claim)))
        return
    values = {"status": answer.status, "headers": answer.headers, "body": answer.body}
    execute_alone(update(_Row).where(*_of(claim)).values(values))


def remove_old() -> None:
    """Remove what need not be kept any more."""
    execute_alone(delete(_Row).where(_Row.begun_at < database_now(-KEPT_SECONDS)))


def _digest_key(secret: str) -> bytes:
    return hashlib.sha256(b"keyed requests\0" + secret.encode()).digest()


def _claiming(claim: Claim, digest: str) -> Any:
    values: dict[str, Any] = {"claim": claim.id, "digest": digest, "begun_at": database_now()}
    values |= {"status": None, "headers": None, "body": None}
    statement = insert_into(_Row).values(user_id=claim.user_id, key=claim.key, **values)
    is_old = _Row.begun_at < database_now(-KEPT_SECONDS)
    is_abandoned = and_(_Row.status.is_(None), _Row.begun_at < database_now(-IN_FLIGHT_SECONDS))
    is_over = or_(is_old, is_abandoned)
    replacing = statement.on_conflict_do_update(index_elements=["user_id", "key"], set_=values, where=is_over)
    return replacing.returning(_Row.claim)


def _refuse_too_many(claim: Claim) -> None:
    """Raise Conflict, and give the claim back, if it is one more than a user may have."""
    newest_first = select(_Row.begun_at).where(_Row.user_id == claim.user_id).order_by(_Row.begun_at.desc())
    if execute_alone(newest_first.offset(MAX_KEYS).limit(1)).first() is not None:
        execute_alone(delete(_Row).where(*_of(claim)))
        raise Conflict(f"{MAX_KEYS} idempotency keys of yours are kept, which is the most; each is kept for a day")


def _of(claim: Claim) -> tuple[Any, ...]:
    return _Row.user_id == claim.user_id, _Row.key == claim.key, _Row.claim == claim.id
