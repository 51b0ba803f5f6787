"""Limits how much of this process one user may use at a time: requests, file transfers, requests to providers."""

from collections import Counter
from collections.abc import Callable

from flask import Flask, g

from downloads_app.config import SETTINGS
from downloads_app.errors import TooMany
from downloads_app.per_app import PerApp

FILES_PER_USER = 32
"""Files that are being sent to one user: a slow reader holds a connection for hours."""
QUESTIONS_PER_USER = 4
"""Requests to providers for one user: each holds a thread for up to half a minute."""


class Share:
    """A fixed number of places for each user, in one process."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what = most, what
        self._taken: Counter[str] = Counter()

    def take(self, user_id: str) -> Callable[[], None]:
        """Take a place. Return a function that gives it back; more calls do nothing. Raises TooMany."""
        if self._taken[user_id] >= self._most:
            raise TooMany(f"{self._most} {self._what} of yours are under way, which is the most", retry_after_seconds=2)
        self._taken[user_id] += 1
        is_held = True

        def give_back() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._taken[user_id] -= 1
                if not self._taken[user_id]:
                    del self._taken[user_id]

        return give_back


SHARES: PerApp[dict[str, Share]] = PerApp()


def take(what: str, user_id: str) -> Callable[[], None]:
    """Take one of a user's places for `requests`, `files` or `questions`. Raises TooMany."""
    return SHARES.here()[what].take(user_id)


def take_for_request(user_id: str) -> None:
    """Take a place until the request is answered. Raises TooMany."""
    g.give_back = take("requests", user_id)


def init_app(app: Flask) -> None:
    """Create the shares of the process. Give a request's place back when it ends, also after an error."""
    shares = {
        "requests": Share(SETTINGS.of(app).max_requests_per_user, "requests"),
        "files": Share(FILES_PER_USER, "files"),
        "questions": Share(QUESTIONS_PER_USER, "questions to providers"),
    }
    SHARES.put(app, shares)
    app.teardown_request(lambda _error: g.pop("give_back", _nothing)())


def _nothing() -> None:
    """Give nothing back: no place was taken."""
