"""Ends that no event tells of: many at once, and those between the last event and the end of the stream."""

from collections.abc import Callable

from playwright.sync_api import Page, Request, expect
from sqlalchemy import update

from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from tests.browser.rows import HELD, rows_of
from tests.browser.stack import Stack

MANY = 120


def test_many_that_end_at_once_are_asked_about_together(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", *[HELD] * MANY) as ids:
        page = open_page("clara")
        expect(page.locator("#summary-facts")).to_contain_text(f"{MANY} running")
        asked: list[Request] = []
        page.on("request", lambda sent: asked.append(sent) if "/api/downloads?id=" in sent.url else None)
        with stack.app.app_context():
            ended = {"status": "completed", "worker_id": None, "completed_at": utc_now()}
            db.session.execute(update(Download).where(Download.id.in_(ids)).values(**ended))
            db.session.commit()
        expect(page.locator("#ended .row").first).to_have_attribute("aria-setsize", "100")  # as many as are kept
        expect(page.locator("#empty")).to_be_visible()
        assert len(asked) == 3, "50 at a time"
