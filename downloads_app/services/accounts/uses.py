"""Notes when a sign-in was last used, at most once a minute: not each request is worth a write."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.models import SignIn, utc_now
from downloads_app.per_app import PerApp
from downloads_app.services.accounts.tokens import VerifiedToken
from downloads_app.services.database.autocommit import execute_alone

EVERY_SECONDS = 60
REMEMBERED = 50_000


class Uses:
    """Which sign-ins this process has noted lately, so that it asks the database no more often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: OrderedDict[str, float] = OrderedDict()

    def is_due(self, family: str) -> bool:
        """Whether to note a use now; if so, it counts as noted."""
        now = self._clock()
        with self._lock:
            if now - self._noted.get(family, float("-inf")) < EVERY_SECONDS:
                return False
            self._noted[family] = now
            self._noted.move_to_end(family)
            if len(self._noted) > REMEMBERED:
                self._noted.popitem(last=False)
        return True


USES = PerApp(Uses)


def note_use(token: VerifiedToken) -> None:
    """Note that a token of a sign-in was used; `key_check` notes keys. Where it cannot be written, it is not."""
    if token.key is not None or not USES.here().is_due(token.family):
        return
    now = utc_now()
    is_due = or_(SignIn.last_used_at.is_(None), SignIn.last_used_at <= now - timedelta(seconds=EVERY_SECONDS))
    with suppress(SQLAlchemyError):
        execute_alone(update(SignIn).where(SignIn.id == token.family, is_due).values(last_used_at=now))
