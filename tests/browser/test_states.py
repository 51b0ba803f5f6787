"""Every state of every view, on every screen and in every light: nobody is shut out, and nothing stands out.

One table of states (`states.py`), one walk through it, on two pages that stay open: that of somebody with downloads in
every state, and that of somebody who has none.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import utc_now
from downloads_app.services.accounts import users
from tests.browser.axe import ANY, expect_no_violations
from tests.browser.pictures import picture
from tests.browser.rows import HELD, WAITING, rows_of
from tests.browser.settings import expect_no_overflow
from tests.browser.stack import MEBIBYTE, Stack
from tests.browser.states import LONG, STATES, Scene
from tests.support.hub import Hub

WIDTHS = (320, 390, 768, 1440, 3840)
REASON = "no answer from https://models.example.org/" + "x" * 200
FAILED = {"status": "failed", "total_bytes": 900, "current_bytes": 300, "error_message": f"{REASON} (404)"}


@pytest.fixture(scope="module")
def scene(stack: Stack, hub: Hub, password_hash: str, lasting_page: Callable[..., Page]) -> Iterator[Scene]:
    """Vera has downloads, Nell has none and a quota."""
    with stack.app.app_context():
        for name in ("vera", "nell"):
            users.add_user(current_settings().downloads_dir, name, password_hash, False)
        db.session.remove()
    now = utc_now()
    rows: dict[str, dict[str, Any]] = {
        "held": {**HELD, "repository": LONG, "started_at": now},
        "waits": {**WAITING, "wait_reason": REASON, "not_before_at": now + timedelta(hours=2)},
        "turn": {**WAITING, "repository": LONG},
        **{f"folded{number}": WAITING for number in range(6)},
        "paused": {"status": "paused", "total_bytes": 1000, "current_bytes": 400},
        "failed": {**FAILED, "repository": LONG, "completed_at": now},
        "cancelled": {"status": "cancelled", "completed_at": now},
    }
    stack.put_repository("states/runs", {"config.json": 100, "a/model-00001-of-00002.safetensors": 20 * MEBIBYTE})
    stack.put_repository("states/done", {"config.json": 100, "model-Q4_K_M.gguf": 4000})
    with ExitStack() as kept:
        ids = dict(zip(rows, kept.enter_context(rows_of(stack, "vera", *rows.values())), strict=True))
        stack.files.bytes_per_second = None
        ids["done"] = stack.add_download("vera", "states/done")
        stack.wait_for_end(ids["done"])
        stack.files.bytes_per_second = 2048
        ids["runs"] = stack.add_download("vera", "states/runs")
        kept.callback(stack.cancel, ids["runs"])
        yield Scene(lasting_page("vera"), lasting_page("nell"), stack, hub, ids)


@pytest.mark.parametrize("state", STATES)
def test_nobody_is_shut_out_and_nothing_stands_out(scene: Scene, state: str) -> None:
    page = STATES[state](scene)
    expect_no_violations(page, modes=ANY)
    expect_no_overflow(page, WIDTHS)
    picture(page, state)
