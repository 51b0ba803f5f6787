"""The live board: many rows at once, places that hold still, totals that tell the truth."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from downloads_app.models import utc_now
from tests.browser.rows import FAILED, HELD, WAITING, change, ended_now, rows_of
from tests.browser.settings import MOST_SHIFT, WATCH_SHIFTS
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack


@pytest.fixture
def three(stack: Stack) -> Iterator[list[str]]:
    """Three slow downloads of Clara's."""
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    names = [f"many/{letter}" for letter in "abc"]
    for name in names:
        stack.put_repository(name, {"model.bin": 20 * MEBIBYTE})
    ids = [stack.add_download("clara", name) for name in names]
    yield ids
    for one in ids:
        stack.cancel(one)


def choose_all_three(page: Page) -> None:
    boxes = page.get_by_role("checkbox", name="Choose many/")
    expect(boxes).to_have_count(3)
    boxes.first.check()
    boxes.nth(2).click(modifiers=["Shift"])


def test_many_chosen_rows_are_paused_taken_back_and_cancelled(
    stack: Stack, open_page: Callable[..., Page], three: list[str]
) -> None:
    page = open_page("clara")
    choose_all_three(page)
    bar = page.get_by_role("toolbar")
    expect(bar).to_contain_text("3 chosen")
    bar.get_by_role("button", name="Cancel").press("Enter")
    page.keyboard.press("Escape")  # closes the question alone
    expect(bar.get_by_role("button", name="Cancel")).to_be_focused()
    expect(bar).to_contain_text("3 chosen")
    bar.get_by_role("button", name="Pause").click()
    expect(page.locator("#paused .row")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#paused")).to_have_count(0)
    expect(page.locator(".group.group .row")).to_have_count(3)
    bar.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancel 3 downloads?")
    dialog.get_by_role("button", name="Do nothing").click()
    expect(page.locator("#ended")).to_have_count(0)
    bar.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Cancel 3 downloads").click()
    expect(page.locator("#ended .row")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)


def test_what_has_been_changed_again_since_is_not_taken_back(
    stack: Stack, open_page: Callable[..., Page], three: list[str]
) -> None:
    page = open_page("clara")
    choose_all_three(page)
    page.get_by_role("toolbar").get_by_role("button", name="Pause").click()
    expect(page.locator("#paused .row")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_have_count(0)
    cancelled = page.locator(f"[data-id='{three[0]}']")
    cancelled.get_by_role("button", name="Cancel").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Cancel the download").press("Enter")
    notes = page.locator(".toast")
    expect(notes).to_have_count(2)
    notes.first.get_by_role("button", name="Undo").click()
    expect(notes.last).to_contain_text("2 downloads: Queued again.")
    expect(notes.first.get_by_role("button", name="Undo")).to_have_count(0)  # its bytes are gone
    notes.first.get_by_role("button", name="Try again").click()
    expect(notes.last).to_contain_text("Queued again.")
    expect(page.locator(".toast[data-fault='true']")).to_have_count(0)


def test_a_priority_that_is_refused_says_so_and_one_that_is_set_can_be_taken_back(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    with rows_of(stack, "clara", {**WAITING, "priority": 3}, WAITING):
        page = open_page("clara")
        boxes = page.get_by_role("checkbox", name="Choose made/model")
        expect(boxes).to_have_count(2)
        for box in boxes.all():
            box.check()
        bar = page.get_by_role("toolbar")
        bar.get_by_label("Priority").fill("7")
        bar.get_by_role("button", name="Set").click()
        expect(page.locator(".toast")).to_contain_text("2 downloads: Priority changed.")
        page.get_by_role("link", name="Paused and waiting").click()
        fields = page.locator(".line").get_by_label("Priority")
        expect(fields.first).to_have_value("7")
        page.get_by_role("button", name="Undo").click()
        expect(fields.first).to_have_value("3")
        expect(fields.nth(1)).to_have_value("0")
        fields.first.fill("5000")
        fields.first.press("Tab")
        expect(page.locator(".toast[data-fault='true']")).to_be_visible()
        expect(fields.first).to_have_value("3")


def test_no_row_slides_under_the_pointer(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD, HELD, HELD) as ids:
        page = open_page("clara")
        first, second = (page.locator(f"[data-id='{one}']") for one in ids[:2])
        first.get_by_role("button", name="Pause").click()
        expect(first).to_have_attribute("data-status", "paused")
        places = first.bounding_box(), second.bounding_box()
        page.mouse.move(*_middle(second))
        page.mouse.move(*_middle(first))
        assert (first.bounding_box(), second.bounding_box()) == places
        expect(first.get_by_role("button", name="Resume")).to_be_visible()
        page.mouse.move(5, 5)  # the hand has left
        expect(page.locator("#paused .row")).to_have_count(1)


def _middle(row: Any) -> tuple[float, float]:
    box = row.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_rows_that_come_and_go_shift_nothing(stack: Stack, open_page: Callable[..., Page]) -> None:
    page = open_page("clara")
    expect(page.locator("#empty")).to_be_visible()
    page.evaluate(WATCH_SHIFTS)
    with rows_of(stack, "clara", HELD, WAITING, HELD, WAITING) as ids:
        expect(page.locator("#rows .row")).to_have_count(4)
        change(stack, ids[0], **ended_now(status="completed", worker_id=None))
        expect(page.locator("#ended .row")).to_have_count(1)
        change(stack, ids[2], **ended_now(**FAILED, worker_id=None))
        expect(page.locator("#failed .row")).to_have_count(1)
        change(stack, ids[1], **HELD)
        expect(page.locator(".card")).to_have_count(1)
        for one in (ids[1], ids[3]):
            change(stack, one, status="cancelled", worker_id=None, completed_at=utc_now())
        expect(page.locator("#empty")).to_be_visible()
    assert page.evaluate("window.shifted") <= MOST_SHIFT


def test_waiting_rows_fold_into_lines_with_reason_and_next_try(stack: Stack, open_page: Callable[..., Page]) -> None:
    down = {
        **WAITING,
        "wait_reason": "the server is down <b>for</b> now",
        "started_at": utc_now(),
        "not_before_at": utc_now() + timedelta(minutes=10),
        "total_bytes": 1000,
        "current_bytes": 400,
    }
    with rows_of(stack, "clara", *[WAITING] * 20, down) as ids:
        page = open_page("clara")
        expect(page.locator("#rows .short")).to_have_count(4)
        waits = page.locator(f"[data-id='{ids[-1]}']")
        expect(waits.locator(".reason")).to_have_text("next try in 10 minutes · the server is down <b>for</b> now")
        assert waits.locator(".bar").evaluate("bar => bar.getAnimations({subtree: true}).length") == 0
        assert waits.bounding_box()["height"] < 60
        more = page.get_by_role("button", name="and 17 more wait")
        more.press("Enter")
        expect(page.get_by_role("button", name="Show fewer")).to_be_attached()
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(page.locator("#rows .row").last).to_contain_text("Show fewer")


def test_totals_say_what_runs_what_waits_and_what_is_unknown(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD, HELD, *[WAITING] * 229):
        page = open_page("clara")
        facts = page.locator("#summary-facts")
        expect(facts).to_contain_text("2 running · 229 waiting · 229 of sizes not known yet")
        expect(page.locator("#summary-percent")).to_have_count(0)
        assert "left" not in facts.inner_text()
        expect(page).to_have_title("231 downloads · Downloads")
        assert page.evaluate("document.documentElement.scrollHeight") < 1500  # once they took 27,791 pixels


def test_long_and_hostile_names_show_their_ends(stack: Stack, open_page: Callable[..., Page]) -> None:
    long = f"org/{'a-very-long-name-' * 9}Q4_K_M"
    hostile = "evil/\u202e<img src=x onerror=document.title=666>\u05d0\u05d1\u05d2-model-of-\U0001f9e0\U0001f9e0-end"
    with rows_of(stack, "clara", {**HELD, "repository": long}, {**HELD, "repository": hostile}) as ids:
        page = open_page("clara", viewport={"width": 320, "height": 640})
        name = page.locator(f"[data-id='{ids[0]}'] .repository")
        expect(name).to_have_text(long)
        head, tail = (name.locator(f".name-{part}") for part in ("head", "tail"))
        assert head.evaluate("part => part.scrollWidth > part.clientWidth")
        assert tail.evaluate("part => part.scrollWidth <= part.clientWidth + 1")
        assert tail.inner_text().endswith("Q4_K_M")
        expect(page.locator(f"[data-id='{ids[1]}'] .repository")).to_have_text(hostile)
        expect(page.get_by_role("link", name=hostile)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_an_event_that_comes_twice_changes_nothing(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD, WAITING):
        page = open_page("clara")
        expect(page.locator("#rows .row")).to_have_count(2)
        rows = page.evaluate("async () => (await fetch('api/downloads?status=active&sort=created_at')).json()")
        data = json.dumps({"type": "update", "downloads": [*rows, *rows]})
        event = f"event: update\ndata: {data}\n\n"
        body = "retry: 200\n\n" + 3 * event
        page.route("**/subscribe", lambda route: route.fulfill(content_type="text/event-stream", body=body))
        page.reload()
        expect(page.locator("#rows .row")).to_have_count(2)
        page.evaluate("globalThis.kept = [...document.querySelectorAll('#rows .row')]")
        for _ in range(2):
            with page.expect_request("**/subscribe"):
                pass
        expect(page.locator("#rows .row")).to_have_count(2)
        assert page.evaluate("kept.every((row) => row.isConnected)")
