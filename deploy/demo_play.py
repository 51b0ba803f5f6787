"""What happens in the demo while nobody does anything: downloads come, wait, fail with a reason, and are tried again.

What a visitor has paused, cancelled or removed stays so for a while; then it comes again.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from deploy.demo_samples import Samples
from downloads_app.config import current_settings
from downloads_app.errors import DownloadsError
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, DownloadEvent, EventKind, Repository, Status, User, utc_now
from downloads_app.services.accounts import users
from downloads_app.services.audit import Actor
from downloads_app.services.downloads import history, lifecycle
from downloads_app.services.providers import catalog

CAST = (
    ("alice", "samples", "nimbus/nimbus-7b-instruct-GGUF"),
    ("bob", "samples", "atelier/sketch-diffusion"),
    ("bob", "mirror", "lumen/dictation-large"),
    ("alice", "samples", "papers/tiny-embeddings"),
    ("alice", "mirror", "archive/old-bert"),
    ("bob", "samples", "lumen/dictation-medium"),
    ("alice", "samples", "nimbus/nimbus-1b-GGUF"),
)
DEMO = Actor("the demo")
STEP_SECONDS = 5.0
REST_SECONDS = 20.0
"""So long what has ended stays as it is; then it is removed and comes again."""
SHOWN_FAILED_SECONDS = 30.0
WEATHER_STEPS = 8
"""So many steps the web server stays as it is, at least."""
DAMAGED, DOWN, WELL = range(3)


class Play:
    """A thread that goes on until `stop`; `say` prints a line. All times are `faster` times as short."""

    def __init__(self, app: Flask, samples: Samples, say: Callable[[str], None], faster: float = 1.0) -> None:
        self._app, self._samples, self._say, self._faster = app, samples, say, faster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="play", daemon=True)
        self._turn = self._changed_turn = 0
        self._weather = DAMAGED

    def start(self) -> None:
        """Begin with the first downloads at once."""
        self._samples.damage()
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while True:
            try:
                with self._app.app_context():
                    self._step()
            except (DownloadsError, SQLAlchemyError) as exc:
                # A visitor may have removed a user or a provider, or the database may be busy.
                self._say(f"(skipped) {str(exc).splitlines()[0]}")
            if self._stop.wait((STEP_SECONDS if self._turn > 3 else 0.5) / self._faster):
                return

    def _step(self) -> None:
        self._change_weather()
        self._retry_failed()
        first = self._turn % len(CAST)
        self._turn += 1
        self._samples.forget()
        for name, provider, repository in CAST[first:] + CAST[:first]:
            if self._bring(users.find_user(name), provider, repository):
                return

    def _change_weather(self) -> None:
        """The web server first sends damaged bytes, then is down, then is well."""
        if self._turn - self._changed_turn < WEATHER_STEPS or not self._is_shown():
            return
        self._weather, self._changed_turn = (self._weather + 1) % 3, self._turn
        if self._weather == DOWN:
            self._samples.take_down()
            self._say("the mirror goes down: what comes from it waits")
        elif self._weather == WELL:
            self._samples.bring_up()
            self._samples.mend()
            self._say("the mirror is up again, and its files are whole")
        else:
            self._samples.damage()
            self._say("a file at the mirror is damaged: whoever fetches it fails")

    def _is_shown(self) -> bool:
        """Whether there is to be seen what this weather does. A visitor may have paused it: then not for ever."""
        if self._weather == WELL or self._turn - self._changed_turn >= 3 * WEATHER_STEPS:
            return True
        sign = Download.status == Status.FAILED if self._weather == DAMAGED else Download.wait_reason.is_not(None)
        return db.session.scalar(select(Download.id).where(sign).limit(1)) is not None

    def _retry_failed(self) -> None:
        """Try again what the demo itself has added. A visitor's failed download stays as it is."""
        before = utc_now() - timedelta(seconds=SHOWN_FAILED_SECONDS / self._faster)
        own = select(DownloadEvent.download_id).where(
            DownloadEvent.kind == EventKind.CREATED, DownloadEvent.actor == DEMO.name
        )
        failed = select(Download).where(
            Download.status == Status.FAILED, Download.completed_at < before, Download.id.in_(own)
        )
        for download in db.session.scalars(failed).all():
            lifecycle.retry(current_settings(), download, DEMO)
            self._say(f"{download.user.username} tries {download.repository.name} again")

    def _bring(self, user: User, provider: str, repository: str) -> bool:
        """Add the download; what has ended a while ago makes room for it. False where it is there."""
        named = select(Download).join(Repository).where(Download.user_id == user.id, Repository.name == repository)
        for download in db.session.scalars(named).all():
            if download.status in (*ACTIVE, Status.PAUSED, Status.FAILED) or not self._is_rested(download):
                return False
            history.delete(current_settings().downloads_dir, download, files=True, by=DEMO)
        lifecycle.create(current_settings(), user, catalog.find_provider(provider), repository, by=DEMO)
        self._say(f"{user.username} adds {repository}")
        return True

    def _is_rested(self, download: Download) -> bool:
        before = utc_now() - timedelta(seconds=REST_SECONDS / self._faster)
        return download.completed_at is not None and download.completed_at < before
