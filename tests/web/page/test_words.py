"""All words of the page stand in one file, so that a language is one more file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from downloads_app import create_app
from downloads_app.models import Act
from downloads_app.web.page import words
from tests.support import page_words

ENGLISH = words.read_words(words.ENGLISH)
NO_WORDS = {
    *("Enter", "Escape", "Tab", "Home", "End", "Delete"),
    *("Edge", "Opera", "Vivaldi", "Samsung Internet", "Firefox", "Chrome", "Safari", "Python requests", "Wget"),
    *("Android", "Windows", "Linux"),
}
"""Names of keys of the keyboard, of programs and of systems: they are the same in all languages."""


@pytest.fixture
def languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of words with English and a few of another language."""
    (tmp_path / "en.json").write_text(json.dumps(ENGLISH))
    (tmp_path / "de.json").write_text('{"sign_in.title": "Anmelden <b>&</b>"}')
    monkeypatch.setattr(words, "WORDS", tmp_path)
    words.languages.cache_clear()
    words.read_words.cache_clear()
    yield tmp_path
    words.languages.cache_clear()
    words.read_words.cache_clear()


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A client of an application without a database."""
    return create_app(instance_dir=tmp_path / "instance").test_client()


@pytest.mark.parametrize("path", page_words.scripts(), ids=lambda path: path.name)
def test_no_script_holds_words_of_its_own(path: Path) -> None:
    source = path.read_text()
    spoken = [text for markup in page_words.markup_of(source) for text in page_words.spoken_in(markup)]
    spoken += [text for text in page_words.sentences_in(source) if text not in NO_WORDS]
    assert spoken == []


@pytest.mark.parametrize("path", sorted(page_words.TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_words_of_its_own(path: Path) -> None:
    markup = re.sub(r"{{.*?}}|{%.*?%}|<code>.*?</code>", "\0", path.read_text())
    assert [text for text in page_words.spoken_in(markup) if text not in ("openapi.json", "doctype html")] == []


def test_words_are_used_and_what_is_used_is_there() -> None:
    speakers = [*page_words.scripts(), *page_words.TEMPLATES.glob("*.html"), *page_words.TEMPLATES.parent.glob("*.py")]
    sources = [path.read_text() for path in speakers]
    named = set().union(*(page_words.keys_named_in(source) for source in sources))
    groups = set().union(*(page_words.groups_named_in(source) for source in sources))
    prefixes = {key.partition(".")[0] for key in ENGLISH}
    assert {key for key in named if key.partition(".")[0] in prefixes} <= set(ENGLISH)
    assert [key for key in ENGLISH if key not in named and key.partition(".")[0] not in groups] == []
    assert groups <= prefixes


def test_every_act_of_the_audit_has_words() -> None:
    assert {key.partition(".")[2] for key in ENGLISH if key.startswith("act.")} == set(Act)


def test_a_check_for_words_finds_them() -> None:
    source = 'html`<p title="Say it">${x ? html`<b>No</b>` : "Not this one"} Yes ${`${"}"}`}</p>`'
    found = [text for markup in page_words.markup_of(source) for text in page_words.spoken_in(markup)]
    assert found == ["Yes", "Say it", "No"]
    assert page_words.sentences_in(source + ' // "In a comment."') == ["Not this one"]


def test_the_page_speaks_the_language_that_a_browser_asks_for(client: FlaskClient, languages: Path) -> None:
    answer = client.get("/", headers={"Accept-Language": "fr, de;q=0.9, en;q=0.5"})
    assert (answer.headers["Content-Language"], '<html lang="de"' in answer.text) == ("de", True)
    assert "Accept-Language" in answer.headers["Vary"]
    assert "<h2>Anmelden &lt;b&gt;&amp;&lt;/b&gt;</h2>" in answer.text
    assert ENGLISH["new_password.title"] in answer.text  # not translated yet


def test_a_region_gets_its_language(client: FlaskClient, languages: Path) -> None:
    assert client.get("/", headers={"Accept-Language": "de-AT"}).headers["Content-Language"] == "de"


@pytest.mark.parametrize("asked", ["fr", "", "*", "../../etc/passwd", "en-GB"])
def test_other_languages_get_english(client: FlaskClient, languages: Path, asked: str) -> None:
    assert client.get("/", headers={"Accept-Language": asked}).headers["Content-Language"] == "en"
