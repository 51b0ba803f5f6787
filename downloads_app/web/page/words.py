"""The words of the page: `static/words/en.json`, and for each other language a file like it."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Response, make_response, render_template, request
from markupsafe import Markup, escape

ENGLISH: Final = "en"
WORDS = Path(__file__).parent / "static" / "words"


@cache
def languages() -> list[str]:
    """Return the languages that have a file of words, English first."""
    return [ENGLISH, *sorted({path.stem for path in WORDS.glob("*.json")} - {ENGLISH})]


@cache
def read_words(language: str) -> dict[str, Any]:
    """Return the words of a language by their keys; what it lacks is in English."""
    own: dict[str, Any] = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))
    return own if language == ENGLISH else read_words(ENGLISH) | own


Say = Callable[..., Markup]
"""Says the words of a key as markup, with values in the places of the same names."""


def speaker(language: str) -> Say:
    """Return what says the words of a key as markup, with values in the places of the same names."""
    words = read_words(language)

    def say(key: str, **values: object) -> Markup:
        return Markup(escape(words[key])).format(**values)  # noqa: S704 - both the words and the values are escaped

    return say


def render_page(template: str, write: Callable[[Say], dict[str, Any]] | None = None, **values: Any) -> Response:
    """Answer a page in the best of our languages that the browser asks for; `write` makes values that hold words."""
    language = request.accept_languages.best_match(languages(), default=ENGLISH)
    say = speaker(language)
    response = make_response(
        render_template(template, language=language, say=say, **(write(say) if write else {}), **values)
    )
    response.headers["Content-Language"] = language
    response.vary.add("Accept-Language")
    return response
