"""API keys that were refused: noted in the log and the audit, but not each time, since asking costs nothing."""

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy.exc import SQLAlchemyError

from downloads_app.extensions import db
from downloads_app.models import Act, User
from downloads_app.per_app import PerApp
from downloads_app.services import audit
from downloads_app.services.accounts.places import place_of
from downloads_app.services.audit import Account, Actor, Thing

EVERY_SECONDS = 60
MAX_IN_THAT_TIME = 60
"""Notes of a process in EVERY_SECONDS about one key, and about all that are unknown: who makes keys up hides none."""
REMEMBERED = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A key that was refused: from where and why; and of a key that exists, which and whose."""

    address: str | None
    reason: str
    key_id: str | None = None
    key_name: str | None = None
    user_id: str | None = None


class Refusals:
    """What a process has refused lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[Refusal, list[float]] = OrderedDict()
        """When each was last noted, and how often it has come since then."""
        self._began, self._noted = clock(), Counter[str | None]()

    def count(self, refusal: Refusal) -> int:
        """Count a refusal; return how many to note now, 0 if none. A network of one client counts as one address."""
        now, refusal = self._clock(), replace(refusal, address=place_of(refusal.address))
        with self._lock:
            if now - self._began >= EVERY_SECONDS:
                self._began, self._noted = now, Counter()
            noted_at, waiting = self._seen.pop(refusal, [float("-inf"), 0])
            is_due = now - noted_at >= EVERY_SECONDS and self._noted[refusal.key_id] < MAX_IN_THAT_TIME
            self._seen[refusal] = [now, 0] if is_due else [noted_at, waiting + 1]
            self._noted[refusal.key_id] += is_due
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return int(waiting) + 1 if is_due else 0


REFUSALS = PerApp(Refusals)


def note_refused(refusal: Refusal) -> None:
    """Note that a key was refused, if such a note is due. It never fails: the caller is refused in any case."""
    times = REFUSALS.here().count(refusal)
    if not times:
        return
    log.warning("refused API key from %s", refusal.address)
    try:
        user = db.session.get(User, refusal.user_id) if refusal.user_id else None
        about = Account.of(user) if user else None
        thing = Thing("key", refusal.key_id, refusal.key_name) if refusal.key_id else None
        by = Actor(address=refusal.address)
        audit.note(Act.KEY_REFUSED, by, about, thing, detail=refusal.reason, succeeded=False, times=times)
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
