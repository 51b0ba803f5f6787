"""What a browser sees at a wrong address, and what the API's clients get there."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import abort
from flask.testing import FlaskClient

from downloads_app import create_app
from downloads_app.web.page.headers import PAGE_HEADERS

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A client of an application without a database, where some addresses fail."""
    app = create_app(instance_dir=tmp_path / "instance")
    app.add_url_rule("/fails", "fails", view_func=lambda: str(1 // 0))
    app.add_url_rule("/refuses", "refuses", view_func=lambda: abort(400, "Not <b>this</b> way"))
    return app.test_client()


@pytest.mark.parametrize(
    "path", ["/nowhere", "/admin/nothing", "/downloads/none", "/static/none.js", "/account/keys/1"]
)
def test_a_wrong_address_gets_a_page_that_leads_back(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER, environ_overrides={"SCRIPT_NAME": "/mirror"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing at this address" in answer.text
    assert 'href="/mirror/"' in answer.text
    assert answer.headers["Content-Security-Policy"] == PAGE_HEADERS["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "headers"), [("/api/nowhere", BROWSER), ("/nowhere", {}), ("/nowhere", {"Accept": "*/*"})]
)
def test_the_api_and_its_clients_get_json(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (404, 404)


def test_a_fault_of_ours_is_a_page_without_its_cause(client: FlaskClient) -> None:
    answer = client.get("/fails", headers=BROWSER)
    assert (answer.status_code, "went wrong on our side" in answer.text) == (500, True)
    assert "division" not in answer.text


def test_a_refusal_is_told_as_text(client: FlaskClient) -> None:
    answer = client.get("/refuses", headers=BROWSER)
    assert (answer.status_code, "Not &lt;b&gt;this&lt;/b&gt; way" in answer.text) == (400, True)


def test_an_error_page_has_no_code_of_its_own(client: FlaskClient) -> None:
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", client.get("/nowhere", headers=BROWSER).text)


def test_the_button_of_single_sign_on_is_there_where_it_is_set(client: FlaskClient, tmp_path: Path) -> None:
    assert "single-sign-on" not in client.get("/").text
    settings: dict[str, Any] = {
        "oidc_issuer": "https://id.example",
        "oidc_client_id": "downloads",
        "oidc_client_secret": "s",
        "public_url": "https://downloads.example",
    }
    html = create_app(instance_dir=tmp_path / "other", **settings).test_client().get("/").text
    assert 'href="/api/auth/oidc/login"' in html
