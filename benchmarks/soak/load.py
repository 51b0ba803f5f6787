"""The load: users who always have downloads, ask over REST as programs do, and find every file as it was served."""

import time
import uuid
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from requests import Response
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.soak.stage import SIZES, Stage
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Status
from downloads_app.services.accounts import tokens, users
from downloads_app.services.providers import catalog
from tests.support.arrivals import check_arrived

PASSWORD = "a password of the soak"
TOKEN_SECONDS = 24 * 3600
ACTIVE_EACH = 2
GONE = (204, 404)
"""The second where the first answer was lost."""
RETRIES = 120
"""So often one request is sent again; more is no way to treat a user."""


@dataclass
class Span:
    """A download from the answer that it is queued to its end, in Unix seconds."""

    began: float
    ended: float


@dataclass
class Load:
    """What was asked, and what came of it."""

    stage: Stage
    owners: dict[str, str]
    """A token by a user's id."""
    provider_id: str
    url: str
    is_feeding: bool = True
    names: list[str] = field(default_factory=list)
    folder_of: dict[str, str] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    bytes: int = 0
    faults: list[str] = field(default_factory=list)
    """What must never happen."""
    active: int = 0
    turns: int = 0
    asked: str = "nothing yet"
    """The request that is under way or was the last, when it was sent first, and the answer."""
    _next: int = 0
    _queued_at: dict[str, float] = field(default_factory=dict)

    @classmethod
    def begin(cls, stage: Stage, owners: int) -> "Load":
        """Make users and a provider."""
        with stage.app.app_context():
            settings = current_settings()
            made = [users.create_user(settings.downloads_dir, f"user-{n}", PASSWORD) for n in range(owners)]
            provider = catalog.add_provider(settings, "near", "http", stage.files_url, allow_private_network=True)
            by_id = {user.id: tokens.issue_access(settings, user, TOKEN_SECONDS) for user in made}
            names = sorted(f"org/{path.name}" for path in (stage.root / "org").iterdir())
            return cls(stage, by_id, provider.id, f"http://127.0.0.1:{stage.fleet.front.port}", names=names)

    @property
    def finished(self) -> int:
        """How many downloads have arrived and were looked at."""
        return sum(map(len, self.spans.values()))

    def turn(self) -> None:
        """Look at what has ended, and queue more. While the database is away, do nothing."""
        with suppress(SQLAlchemyError), self.stage.app.app_context():
            rows = list(db.session.scalars(db.select(Download)))
            ended = [row for row in rows if row.status in (Status.COMPLETED, Status.FAILED)]
            for row in ended:
                self._take(row)
            running: dict[str, set[str]] = defaultdict(set)
            for row in rows:
                if row not in ended:
                    running[row.user_id].add(row.repository.name)
            db.session.rollback()
            self.active = sum(map(len, running.values()))
            for user_id in self.owners if self.is_feeding else ():
                if len(running[user_id]) < ACTIVE_EACH:
                    self._queue(user_id, running[user_id])
            self.turns += 1

    def _take(self, row: Download) -> None:
        self.folder_of.setdefault(row.id, f"{row.user.username}/near/{row.repository.name}")
        if row.status == Status.FAILED:
            self.faults.append(f"download {row.id} failed: {row.error_message}")
        else:
            try:
                check_arrived(row, self.stage.root)
            except (AssertionError, OSError) as exc:
                self.faults.append(f"download {row.id}: {exc}")
        user_id, ended = row.user_id, (row.completed_at or row.created_at).timestamp()
        began = self._queued_at.get(row.id, ended)
        path = f"{self.url}/api/downloads/{row.id}?files=true"
        answer = self._ask(user_id, "DELETE", path)
        if answer is not None and answer.status_code in GONE:
            self.spans[user_id].append(Span(began, ended))
            self.bytes += sum(SIZES.values())

    def _queue(self, user_id: str, running: set[str]) -> None:
        """Queue a download of a repository that the user has not running: that would be refused."""
        self._next += 1
        names = [name for name in self.names if name not in running]
        body = {"provider_id": self.provider_id, "repository": names[self._next % len(names)]}
        answer = self._ask(user_id, "POST", f"{self.url}/api/downloads", json=body)
        if answer is not None and answer.status_code == 202:
            self._queued_at[answer.json()["id"]] = time.time()
        elif answer is None or answer.status_code != 409:
            self.faults.append(f"a download could not be queued: {answer and answer.text}")

    def _ask(self, user_id: str, method: str, url: str, **body: Any) -> Response | None:
        """Send a request until it gets an answer that is no fault of ours; return that."""
        headers = {"Authorization": f"Bearer {self.owners[user_id]}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        what = f"{method} {url} at {time.strftime('%H:%M:%S')}"
        for turn in range(RETRIES):
            self.asked = f"{what}, sent {turn + 1} times"
            try:
                answer = requests.request(method, url, headers=headers, timeout=60, **body)
                self.asked += f", {answer.status_code} {answer.text[:200]}"
                if answer.status_code < 500:
                    return answer
            except requests.RequestException as exc:
                self.asked += f", {exc!r}"
            time.sleep(0.5)
        return None
