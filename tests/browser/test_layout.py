"""Rows of one view agree on where each thing stands."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.models import provided
from tests.browser.pictures import PHONE
from tests.browser.rows import FAILED, HELD, WAITING, ended_now, rows_of
from tests.browser.settings import show
from tests.browser.stack import Stack

GAP_PIXELS = 12
"""Between the columns of a row."""
LONG = "a-provider-of-a-rather-long-name"


def box(locator: Locator) -> dict[str, Any]:
    found = locator.bounding_box()
    assert found is not None
    return dict(found)


def test_the_provider_stands_beside_a_short_name_in_rows_of_each_kind(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    rows: list[dict[str, Any]] = [
        {**HELD, "repository": "a/b"},
        {**WAITING, "repository": "a/b"},
        ended_now(**FAILED, repository="a/b"),
    ]
    with rows_of(stack, "clara", *rows) as ids:
        page = open_page("clara", viewport={"width": 1280, "height": 900})
        for download_id in ids:
            row = page.locator(f"[data-id='{download_id}']")
            expect(row.locator(".repository")).to_have_text("a/b")
            expect(row.locator(".provider")).to_have_text("hub")
            name, provider = box(row.locator(".name-whole")), box(row.locator(".provider"))
            assert provider["x"] - name["x"] - name["width"] == pytest.approx(GAP_PIXELS, abs=1)


def test_the_rows_keep_off_the_bar_of_them_all(stack: Stack, open_page: Callable[..., Page]) -> None:
    rows: list[dict[str, Any]] = [{**HELD, "total_bytes": None}, HELD, WAITING, ended_now(**FAILED)]
    with rows_of(stack, "clara", *rows):
        page = open_page("clara", viewport={"width": 768, "height": 900})
        expect(page.locator("#summary-failed")).to_be_visible()
        for width in (641, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            bar = box(page.locator("#summary-bar"))
            assert box(page.locator("#rows"))["y"] - bar["y"] - bar["height"] >= GAP_PIXELS


def test_the_rows_keep_off_the_button_above_them_on_a_phone(stack: Stack, open_page: Callable[..., Page]) -> None:
    running = {**HELD, "current_bytes": 127_000_000, "total_bytes": 491_000_000, "download_speed": 1_610_000}
    with rows_of(stack, "clara", running, running, ended_now(**FAILED)):
        page = open_page("clara", viewport=PHONE)
        expect(page.locator("#summary-failed")).to_be_visible()
        above = box(page.locator("#notify"))
        assert box(page.locator("#rows"))["y"] - above["y"] - above["height"] >= GAP_PIXELS


def test_a_moment_of_a_story_takes_one_line(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", WAITING) as (download_id,):
        page = open_page("clara", f"{stack.proxy.url}/downloads/{download_id}")
        page.get_by_role("button", name="Pause").click()
        moments = page.locator(".story time")
        expect(moments.first).to_be_visible()
        moments.first.evaluate("one => { one.textContent = 'Nov 26, 2026, 11:34 PM'; }")
        assert box(moments.first)["height"] < 30


def test_no_filter_of_the_history_stands_alone(stack: Stack, open_page: Callable[..., Page]) -> None:
    with provided(stack, LONG, "http", stack.files.url):
        page = open_page("root", f"{stack.proxy.url}/history")
        labels = page.locator(".filters > label")
        expect(labels).to_have_count(5)
        expect(labels.locator("option", has_text=LONG)).to_be_attached()
        for width in (960, 1100, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert len({box(one)["y"] for one in labels.all()}) == 1
            assert min(box(one)["width"] for one in labels.all()) >= 80
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_limits_have_their_values_in_one_column(stack: Stack, open_page: Callable[..., Page]) -> None:
    page = open_page("root", viewport=PHONE)
    show(page, stack.proxy.url, "admin/limits")
    values = page.locator(".limits dd")
    expect(values.first).to_be_visible()
    ends = [box(one)["x"] + box(one)["width"] for one in values.all()]
    assert max(ends) - min(ends) < 1
    names = page.locator(".limits dt")
    for name, value in zip(names.all(), values.all(), strict=True):
        assert box(name)["y"] <= box(value)["y"] < box(name)["y"] + box(name)["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
