"""The states of the page's views, by name: each brings a page into that state, and returns the page."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from downloads_app.extensions import db
from downloads_app.services.accounts import users
from tests.browser.settings import go
from tests.browser.stack import Stack
from tests.support.hub import Hub
from tests.support.hub_answers import HubRefusal

WHAT = "Repository, or the address"
LONG = "org/" + "a-very-long-name-" * 9 + "Q4_K_M"


@dataclass
class Scene:
    """The two pages, and what stands behind them. `ids` are the rows of the first one's owner by their state."""

    full: Page
    bare: Page
    stack: Stack
    hub: Hub
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, text: str = "", provider: str = "models") -> Page:
        """Begin to add a download, with this typed."""
        go(self.bare, "waiting")
        go(self.bare, "add")
        self.bare.get_by_label("Provider").select_option(provider)
        self.bare.get_by_label(WHAT).fill(text)
        return self.bare

    def plan(self, text: str, provider: str = "models") -> Page:
        """Ask for a plan."""
        page = self.add(text, provider)
        page.keyboard.press("Enter")
        return page

    def set_quota(self, quota_bytes: int | None) -> None:
        """Change the quota of the one who has no downloads."""
        with self.stack.app.app_context():
            users.set_quota(users.find_user("nell"), quota_bytes)
            db.session.remove()

    def view(self, path: str, seen: str) -> Page:
        """Show a view of the one who has downloads, once this is to be seen."""
        go(self.full, "add")  # so that nothing is left chosen or asked
        go(self.full, path)
        expect(self.full.locator(seen).first).to_be_visible()
        return self.full


def searching(scene: Scene) -> Page:
    """The hub has not answered yet."""
    scene.bare.route("**/search**", lambda route: None, times=1)
    page = scene.add("nim")
    expect(page.get_by_text("Searching models…")).to_be_visible()
    return page


def results(scene: Scene) -> Page:
    page = scene.add("lumen")
    expect(page.locator(".found-row")).to_have_count(4)
    return page


def nothing_found(scene: Scene) -> Page:
    page = scene.add("nobody-has-this")
    expect(page.get_by_text("knows no repository with")).to_be_visible()
    return page


def search_refused(scene: Scene) -> Page:
    scene.hub.refusals.append(HubRefusal(403, "", "No."))
    page = scene.add("lumen/")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def cannot_be_searched(scene: Scene) -> Page:
    page = scene.add("states", "hub")
    expect(page.get_by_text("hub cannot be searched")).to_be_visible()
    return page


def unknown_provider(scene: Scene) -> Page:
    page = scene.add("llama3.2:1b")
    expect(page.get_by_text("There is no provider")).to_be_visible()
    return page


def served_by_nobody(scene: Scene) -> Page:
    page = scene.add("https://elsewhere.example/" + "x" * 300)
    expect(page.get_by_text("No provider here serves this address.")).to_be_visible()
    return page


def planning(scene: Scene) -> Page:
    """The provider has not answered yet."""
    scene.bare.route("**/downloads/plan", lambda route: None, times=1)
    page = scene.plan("lumen/other")
    expect(page.get_by_text("Asking models what lumen/other has…")).to_be_visible()
    return page


def quantizations(scene: Scene) -> Page:
    page = scene.plan("nimbus/nimbus-7b-GGUF")
    page.locator(".tree summary").click()
    expect(page.get_by_role("checkbox", name="mmproj-F16.gguf")).to_be_visible()
    return page


def shards(scene: Scene) -> Page:
    page = scene.plan("lumen/sharded")
    expect(page.get_by_role("radio", name="Weights and tokenizer")).to_be_checked()
    return page


def nothing_chosen(scene: Scene) -> Page:
    page = scene.plan("lumen/sharded")
    page.get_by_role("radio", name="Files of your choice").check()
    expect(page.get_by_text("Choose at least one file.")).to_be_visible()
    return page


def full_quota(scene: Scene) -> Page:
    scene.set_quota(1000)
    page = scene.plan("lumen/sharded")
    expect(page.get_by_text("It is more than your quota leaves")).to_be_visible()
    scene.set_quota(None)
    return page


def no_room(scene: Scene) -> Page:
    listed = [{"path": f"{LONG}.bin", "size": 10**15}]
    scene.stack.files.put("states/huge/manifest.json", json.dumps({"files": listed}).encode())
    page = scene.plan("states/huge", "hub")
    expect(page.get_by_text("It does not fit")).to_be_visible()
    return page


def refused(asked: str, told: str) -> Callable[[Scene], Page]:
    """The plan is refused with these words."""

    def arrange(scene: Scene) -> Page:
        page = scene.plan(asked)
        expect(page.get_by_role("alert")).to_contain_text(told)
        return page

    return arrange


def shown(path: str, seen: str) -> Callable[[Scene], Page]:
    """A view in the state in which it opens; `{name}` in its path is the id of that row."""
    return lambda scene: scene.view(path.format(**scene.ids), seen)


def chosen(path: str) -> Callable[[Scene], Page]:
    """A view with a row chosen."""

    def arrange(scene: Scene) -> Page:
        page = scene.view(path, ".choose")
        page.locator(".choose").first.check()
        expect(page.get_by_role("toolbar")).to_be_visible()
        return page

    return arrange


def asked(path: str, action: str) -> Callable[[Scene], Page]:
    """A view with a question before it."""

    def arrange(scene: Scene) -> Page:
        page = scene.view(path, f"[data-action={action}]")
        page.locator(f"[data-action={action}]").first.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        return page

    return arrange


def empty(path: str, words: str) -> Callable[[Scene], Page]:
    """A view of somebody who has no downloads."""

    def arrange(scene: Scene) -> Page:
        go(scene.bare, path)
        expect(scene.bare.get_by_text(words)).to_be_visible()
        return scene.bare

    return arrange


STATES: dict[str, Callable[[Scene], Page]] = {
    "add: empty": lambda scene: scene.add(),
    "add: searching": searching,
    "add: results": results,
    "add: nothing found": nothing_found,
    "add: search refused": search_refused,
    "add: cannot be searched": cannot_be_searched,
    "add: unknown provider": unknown_provider,
    "add: served by nobody": served_by_nobody,
    "add: planning": planning,
    "add: quantizations": quantizations,
    "add: shards": shards,
    "add: nothing chosen": nothing_chosen,
    "add: full quota": full_quota,
    "add: no room": no_room,
    "add: gated": refused("lumen/gated", "is gated"),
    "add: refused": refused("lumen/private", "it is private"),
    "add: missing": refused("nobody/nothing", "is not found"),
    "waiting: rows": shown("waiting", ".line"),
    "waiting: chosen": chosen("waiting"),
    "waiting: asked": asked("waiting", "cancel"),
    "waiting: empty": empty("waiting", "Nothing is paused, and nothing waits."),
    "history: rows": shown("history", ".line"),
    "history: chosen": chosen("history"),
    "history: asked": asked("history", "delete"),
    "history: filtered": shown("history?search=nothing-has-this-name", "text=No ended download fits these filters."),
    "history: empty": empty("history", "No download has ended here yet."),
    "one: running": shown("downloads/{runs}", ".files-list .bar"),
    "one: waiting": shown("downloads/{waits}", ".line-reason"),
    "one: paused": shown("downloads/{paused}", ".line[data-status=paused]"),
    "one: failed": shown("downloads/{failed}", ".line-advice"),
    "one: cancelled": shown("downloads/{cancelled}", ".line[data-status=cancelled]"),
    "one: completed": shown("downloads/{done}", ".command"),
    "one: gone": shown("downloads/00000000-0000-4000-8000-000000000000", "text=There is no such download"),
    "board: rows": shown("", "#failed .row"),
    "board: chosen": chosen(""),
    "board: asked": asked("", "cancel"),
    "board: empty": empty("", "Nothing is downloading."),
}
