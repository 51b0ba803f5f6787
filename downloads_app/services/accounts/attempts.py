"""Wrong passwords, counted in the database over all processes: who has to wait, and how long.

Failures are counted per account and address, per address, and per account. A browser in which the user has signed in
keeps a device cookie (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies), and its
failures are counted by that cookie alone. So nobody can lock a user out by trying passwords.
"""

import hashlib
import hmac
import logging
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from sqlalchemy import delete, select

from downloads_app.config import Settings
from downloads_app.errors import TooMany
from downloads_app.extensions import db
from downloads_app.models import Act, FailedSignIns
from downloads_app.services import audit
from downloads_app.services.accounts.places import place_of
from downloads_app.services.audit import Account, Actor
from downloads_app.services.database.clock import shared_now
from downloads_app.services.database.inserts import insert_into
from downloads_app.services.database.locks import begin_writing

WINDOW_SECONDS = 900
FIRST_WAIT_SECONDS = 30
"""After the failure that reaches a limit; each further one doubles it, up to MAX_WAIT_SECONDS."""
MAX_WAIT_SECONDS = 900
ACCOUNT_AND_ADDRESS_FAILURES = 5
ADDRESS_FAILURES = 50
ACCOUNT_FAILURES = 20
DEVICE_FAILURES = 5
_DEVICE_ID_BYTES = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in: the given name, the client's address, and the device cookie if there is one."""

    name: str | None
    """None: single sign-on. Then the address alone counts, apart from its wrong passwords."""
    address: str | None
    device: str | None = None
    account: Account | None = None
    """Whose password is tried, if there is such a user: the audit never holds a name that was only typed."""


@dataclass(frozen=True, slots=True)
class _Counter:
    key: str
    limit: int
    is_own: bool
    """Whether a right password clears the counter, because it is of this user at this address alone."""
    makes_wait: bool = True
    first_wait_seconds: int = FIRST_WAIT_SECONDS


def check(settings: Settings, attempt: Attempt) -> None:
    """Raise TooMany if the attempt comes too soon. This is only the first check; `settle` decides."""
    counters = _counters_of(settings, attempt)
    rows = db.session.execute(select(*_COLUMNS).where(_COLUMNS[0].in_([counter.key for counter in counters])))
    _refuse_early(attempt, counters, {row.key: row for row in rows}, shared_now())


def settle(settings: Settings, attempt: Attempt, is_right: bool) -> None:
    """Count the attempt, or clear its counters after a right password; commits. Raises TooMany beyond the limit.

    It raises for a right password too. If many attempts pass `check` at the same time, only as many as the limit
    allows learn whether the password was right.
    """
    counters = _counters_of(settings, attempt)
    db.session.commit()
    begin_writing()
    now = shared_now()
    if not is_right:
        _insert_missing(counters, now)
    rows = {row.key: row for row in db.session.scalars(_held(counters))}
    try:
        _refuse_early(attempt, counters, rows, now)
    except TooMany:
        db.session.rollback()
        raise
    if is_right:
        own = [counter.key for counter in counters if counter.is_own and counter.key in rows]
        db.session.execute(delete(FailedSignIns).where(FailedSignIns.key.in_(own)))
    else:
        for counter in counters:
            _count(rows[counter.key], counter.limit, now)
        _note_failure(attempt, has_to_wait=any(_has_to_wait(counter, rows, now) for counter in counters))
    db.session.commit()
    if not is_right:
        log.warning("failed sign-in from %s", shown_address(attempt.address))


def make_device(settings: Settings, username: str) -> str:
    """Return a device cookie's value for a browser in which the user has signed in."""
    device_id = secrets.token_hex(_DEVICE_ID_BYTES)
    return f"{device_id}.{_digest(settings, 'device', username, device_id)}"


def name_device_cookies(settings: Settings, username: str) -> list[str]:
    """Return the names that the user's device cookie has under each key, the present one first.

    They do not reveal the user's name.
    """
    return [f"device_{_digest_under(key, 'device cookie', username)[:16]}" for key in settings.jwt_secret_keys]


def shown_address(address: str | None) -> str:
    """Return an address in a form for the log; `unknown` if the text is not an address."""
    try:
        return str(ip_address(address or ""))
    except ValueError:
        return "unknown"


_TOO_MANY = "Too many wrong passwords; wait and try again"
_COLUMNS = tuple(FailedSignIns.__table__.c)


def _counters_of(settings: Settings, attempt: Attempt) -> list[_Counter]:
    place = place_of(attempt.address)
    address = _Counter(_digest(settings, "address", place), ADDRESS_FAILURES, is_own=False)
    if attempt.name is None:  # whoever fails here, or makes a neighbour's browser fail, locks no password out
        return [_Counter(_digest(settings, "single sign-on", place), ADDRESS_FAILURES, is_own=False)]
    if _is_genuine(settings, attempt):
        device = _Counter(_digest(settings, "known device", attempt.device or ""), DEVICE_FAILURES, is_own=True)
        return [device, _Counter(address.key, address.limit, is_own=False, makes_wait=False)]
    both = _Counter(
        _digest(settings, "account and address", attempt.name, place), ACCOUNT_AND_ADDRESS_FAILURES, is_own=True
    )
    name = _digest(settings, "account", attempt.name)
    # From anywhere, an account is guessed at no faster than one window allows: no short wait comes first.
    account = _Counter(name, ACCOUNT_FAILURES, is_own=False, first_wait_seconds=WINDOW_SECONDS)
    return [both, address, account]


def _is_genuine(settings: Settings, attempt: Attempt) -> bool:
    device_id, _, signature = (attempt.device or "").partition(".")
    wanted = [_digest_under(key, "device", attempt.name or "", device_id) for key in settings.jwt_secret_keys]
    return any(hmac.compare_digest(signature.encode(), one.encode()) for one in wanted)


def _digest(settings: Settings, *parts: str) -> str:
    """Return a digest that replaces texts in rows and cookies; without our key nobody can find the texts by trying."""
    return _digest_under(settings.jwt_secret_key, *parts)


def _digest_under(secret: str, *parts: str) -> str:
    key = hashlib.sha256(b"failed sign-ins\0" + secret.encode()).digest()
    return hmac.new(key, "\0".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _refuse_early(attempt: Attempt, counters: Sequence[_Counter], rows: dict[str, Any], now: datetime) -> None:
    waits = [_wait_seconds(rows[counter.key], counter, now) for counter in counters if _matters(counter, rows)]
    longest = max(waits, default=0)
    if longest > 0:
        log.warning("failed sign-in from %s, not tried: too many before", shown_address(attempt.address))
        raise TooMany(
            "Too many failed sign-ins; wait and try again" if attempt.name is None else _TOO_MANY,
            retry_after_seconds=longest,
        )


def _note_failure(attempt: Attempt, *, has_to_wait: bool) -> None:
    by = Actor(address=shown_address(attempt.address))
    audit.note(Act.SIGN_IN_FAILED, by, attempt.account, succeeded=False)
    if has_to_wait:
        audit.note(Act.SIGN_IN_LOCKED, by, attempt.account, succeeded=False)


def _has_to_wait(counter: _Counter, rows: dict[str, Any], now: datetime) -> bool:
    return _matters(counter, rows) and _wait_seconds(rows[counter.key], counter, now) > 0


def _matters(counter: _Counter, rows: dict[str, Any]) -> bool:
    return counter.makes_wait and counter.key in rows


def _wait_seconds(row: Any, counter: _Counter, now: datetime) -> int:
    """Return the whole seconds until the next attempt may be made; `now` and the rows' times are the database's."""
    if row.count < counter.limit:
        return 0
    wait: int = min(MAX_WAIT_SECONDS, counter.first_wait_seconds * 2 ** min(row.count - counter.limit, 30))
    left_seconds: float = (row.last_at - now).total_seconds() + wait
    return max(0, math.ceil(left_seconds))


def _count(row: FailedSignIns, limit: int, now: datetime) -> None:
    """Count one more failure, or the first one of a new window."""
    quiet = now - row.last_at if row.count >= limit else now - row.began_at
    window = WINDOW_SECONDS + (MAX_WAIT_SECONDS if row.count >= limit else 0)
    if quiet > timedelta(seconds=window):
        row.count, row.began_at = 0, now
    row.count, row.last_at = row.count + 1, now


def _held(counters: Sequence[_Counter]) -> Any:
    keys = [counter.key for counter in counters]
    return select(FailedSignIns).where(FailedSignIns.key.in_(keys)).order_by(FailedSignIns.key).with_for_update()


def _insert_missing(counters: Sequence[_Counter], now: datetime) -> None:
    rows = [{"key": key, "count": 0, "began_at": now, "last_at": now} for key in sorted(c.key for c in counters)]
    db.session.execute(insert_into(FailedSignIns).values(rows).on_conflict_do_nothing())
