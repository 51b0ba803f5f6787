"""The page and what it is made of: no inline code, nothing from elsewhere, every file there."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app import create_app
from downloads_app.web.page import routes

PAGES = ["/", "/api/docs"]
FILES = sorted(path for path in routes.STATIC.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of an application without a database: the page asks for nothing before it runs."""
    return create_app(instance_dir=tmp_path_factory.mktemp("instance")).test_client()


def get(client: FlaskClient, path: str, **options: Any) -> TestResponse:
    """Get the whole answer; a file that it was read from is closed."""
    return client.open(path, buffered=True, **options)


@pytest.mark.parametrize("path", [*PAGES, "/static/main.js", "/static/icon.svg"])
def test_pages_forbid_inline_code_and_foreign_sources(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_inline_style_script_or_handler(client: FlaskClient, path: str) -> None:
    html = get(client, path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", html)


@pytest.mark.parametrize("path", PAGES)
def test_everything_a_page_refers_to_is_served(client: FlaskClient, path: str) -> None:
    references = re.findall(r'(?:href|src)="(/[^"#]+)"', get(client, path).text)
    assert len(references) > 4
    for reference in references:
        assert get(client, reference).status_code == 200, reference


def own_scripts() -> list[Path]:
    """Return the page's scripts but for vendored ones."""
    return [path for path in routes.STATIC.rglob("*.js") if "vendor" not in path.parts]


@pytest.mark.parametrize("path", ["/add", "/waiting", "/history", f"/downloads/{'0' * 8}-0000-4000-8000-{'0' * 12}"])
def test_each_view_has_an_address_of_its_own(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert (answer.status_code, re.search(r"<title>(.*)</title>", answer.text)[1]) == (200, "Downloads")


def test_no_script_turns_text_into_markup() -> None:
    for path in own_scripts():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text())


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in FILES:
        if path.suffix in (".js", ".css") and "vendor" not in path.parts:
            assert not re.search(r"https?://", path.read_text()), path


def test_vendored_files_carry_their_licence() -> None:
    vendored = routes.STATIC / "vendor"
    folders = [path for path in vendored.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE.md").read_text().strip(), folder


def test_vendored_files_are_those_whose_sums_are_written_down() -> None:
    vendored = routes.STATIC / "vendor"
    written = re.findall(r"`([0-9a-f]{64})`", (vendored / "README.md").read_text())
    there = {hashlib.sha256(path.read_bytes()).hexdigest() for path in vendored.rglob("*") if path.is_file()}
    assert len(written) > 2
    assert set(written) <= there


def test_links_keep_the_prefix_that_a_proxy_serves_the_page_under(client: FlaskClient) -> None:
    html = get(client, "/", environ_overrides={"SCRIPT_NAME": "/mirror"}).text
    assert 'data-root="/mirror/"' in html
    assert 'src="/mirror/static/main.js"' in html


def test_an_unchanged_file_is_not_sent_twice(client: FlaskClient) -> None:
    first = get(client, "/static/page.css")
    again = get(client, "/static/page.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.headers["Cache-Control"], again.status_code) == ("no-cache", 304)


@pytest.mark.parametrize("path", ["/static/../dashboard.py", "/static/%2e%2e/dashboard.py", "/static/no-such.js"])
def test_no_other_file_is_served(client: FlaskClient, path: str) -> None:
    assert get(client, path).status_code == 404


def test_modules_stay_of_readable_size() -> None:
    for path in own_scripts():
        assert len(path.read_text().splitlines()) <= 160, path
