"""Reads which words the page's own scripts and templates hold, and which keys of words they name."""

import re
from collections.abc import Iterator
from pathlib import Path

from downloads_app.web.page import routes

TEMPLATES = Path(routes.__file__).parent / "templates"
SPOKEN_ATTRIBUTES = r'\b(?:aria-label|aria-description|title|placeholder|alt|label)="([^"]*[A-Za-z][^"]*)"'
ATTRIBUTE = re.compile(r'[\w-]="[^"]*"')
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
LOOKS_SPOKEN = re.compile(r"^[A-Z][a-z]+…?$|^[A-Z][a-z']+,? [a-z]|[a-z]{2,} [a-z]{2,}.*[.?…]?$|[a-z][.…]$")


def scripts() -> list[Path]:
    """Return the page's scripts but for vendored ones."""
    return sorted(path for path in routes.STATIC.rglob("*.js") if "vendor" not in path.parts)


def markup_of(source: str) -> Iterator[str]:
    """Yield each of a script's templates, with a NUL in the place of each expression."""
    for start in re.finditer(r"\bhtml`", source):
        yield _read_template(source, start.end())[0]


def _read_template(source: str, place: int) -> tuple[str, int]:
    text = ""
    while source[place] != "`":
        if source.startswith("${", place):
            place = _skip_expression(source, place + 2)
            text += "\0"
        else:
            text += source[place]
            place += 1
    return text, place + 1


def _skip_expression(source: str, place: int) -> int:
    depth = 1
    while depth:
        sign = source[place]
        if sign == "`":
            place = _read_template(source, place + 1)[1]
            continue
        if sign in "\"'":
            place = source.index(sign, place + 1)
        depth += (sign == "{") - (sign == "}")
        place += 1
    return place


def spoken_in(markup: str) -> list[str]:
    """Return the text and the spoken attributes of markup in which no expression is left."""
    visible = re.sub(r"&\w+;", "", re.sub(r"<[^>]*>", "\n", markup))
    lines = [line.strip(" \0·:,.()") for line in re.split(r"[\n\0]", visible)]
    return [line for line in lines if re.search(r"[A-Za-z]", line)] + re.findall(SPOKEN_ATTRIBUTES, markup)


def sentences_in(source: str) -> list[str]:
    """Return the strings of a script that look as if somebody should read them; names of programs are none."""
    return [text for text in STRING.findall(ATTRIBUTE.sub("", COMMENT.sub("", source))) if LOOKS_SPOKEN.search(text)]


def keys_named_in(source: str) -> set[str]:
    """Return what could be keys of words: quoted names with a dot, but for files."""
    named = re.findall(r"[\"'`]([a-z_]+\.[a-z0-9_.]+)[\"'`]", source)
    return {name for name in named if not name.endswith((".js", ".css", ".json", ".html"))}


def groups_named_in(source: str) -> set[str]:
    """Return the groups whose words are chosen by a name from the server."""
    return set(re.findall(r'sayNamed\("(\w+)"', source))
