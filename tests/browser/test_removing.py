"""Removing downloads whose folder others have too: the page says before what goes, and after what has gone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from tests.browser.rows import FAILED, ended_now, rows_of
from tests.browser.stack import Stack

NAME = "removing/both"


@pytest.fixture
def folder(stack: Stack, own_user: str) -> Path:
    return Path(stack.app.instance_path) / "downloads" / own_user / "hub" / NAME / "main"


@pytest.fixture
def both(stack: Stack, own_user: str, folder: Path) -> list[str]:
    """Two downloads of one folder: of all its files, and of one of them."""
    stack.files.bytes_per_second = None
    stack.put_repository(NAME, {"model-Q4.bin": 300_000, "model-Q8.bin": 600_000})
    ids = []
    for pattern in ("*.bin", "*Q8*"):
        ids.append(stack.add_download(own_user, NAME, include=[pattern]))
        stack.wait_for_end(ids[-1])
    assert len(list(folder.glob("*.bin"))) == 2
    return ids


def ask(page: Page, download_id: str) -> Locator:
    """Press Remove of one row; return the question."""
    page.locator(f"[data-id='{download_id}']").get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Remove {NAME} from the list?")
    return dialog


def test_removing_says_what_goes_and_what_stays(
    stack: Stack, open_page: Callable[..., Page], own_user: str, both: list[str], folder: Path
) -> None:
    page = open_page(own_user, f"{stack.proxy.url}/history?search={NAME}")
    dialog = ask(page, both[0])
    expect(dialog).to_contain_text("Another download has the same folder, so the files stay and nothing is freed.")
    expect(dialog.get_by_role("button")).to_have_text(["Do nothing", "Remove"])
    page.keyboard.press("Escape")
    for download_id in both:
        page.locator(f"[data-id='{download_id}']").get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Remove 2 downloads from the list? Removing the files too frees 900 kB.")
    seen = []
    page.on("request", lambda sent: seen.append("asked") if sent.method == "DELETE" else None)
    page.on("response", lambda answer: seen.append("answered") if answer.request.method == "DELETE" else None)
    dialog.get_by_role("button", name="Remove the files too").click()
    expect(page.locator(".toast")).to_contain_text("2 downloads: Removed with the files.")
    assert not folder.exists()
    assert seen == ["asked", "answered"] * 2, "at once, each might leave them to the other"


def test_files_that_stay_after_all_are_told_of(
    stack: Stack, open_page: Callable[..., Page], own_user: str, both: list[str], folder: Path
) -> None:
    page = open_page(own_user, f"{stack.proxy.url}/history?search={NAME}")
    ask(page, both[1]).get_by_role("button", name="Remove").click()
    expect(page.locator(".toast")).to_contain_text(f"{NAME}: Removed.")
    dialog = ask(page, both[0])
    expect(dialog).to_contain_text("Removing the files too frees 900 kB.")
    with stack.app.app_context():  # meanwhile another comes
        row = db.session.get_one(Download, both[0])
        copied = {name: getattr(row, name) for name in ("user_id", "provider_id", "repository_id", "revision")}
        db.session.add(other := Download(**copied, status="cancelled", completed_at=utc_now()))
        db.session.commit()
        other_id = other.id
    dialog.get_by_role("button", name="Remove the files too").click()
    told = f"{NAME}: Removed. The files stay: another download has the same folder."
    expect(page.locator(".toast").last).to_contain_text(told)
    assert len(list(folder.glob("*.bin"))) == 2
    page.reload()
    ask(page, other_id).get_by_role("button", name="Remove the files too").click()
    expect(page.locator(".toast")).to_contain_text(f"{NAME}: Removed with the files.")
    assert not folder.exists()


def test_what_has_no_files_hides_not_that_those_of_another_stay(
    stack: Stack, open_page: Callable[..., Page], own_user: str, both: list[str]
) -> None:
    with rows_of(stack, own_user, ended_now(**FAILED), name="removing/nothing") as (without,):
        page = open_page(own_user, f"{stack.proxy.url}/history?search=removing")
        for download_id in (both[0], without):
            page.locator(f"[data-id='{download_id}']").get_by_role("checkbox").check()
        page.get_by_role("toolbar").get_by_role("button", name="Remove").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The files of 1 stay: another download has the same folder.")
        expect(dialog).not_to_contain_text("There are no files to remove.")
        expect(dialog.get_by_role("button")).to_have_text(["Do nothing", "Remove"])
