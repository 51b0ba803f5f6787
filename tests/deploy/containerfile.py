"""The Containerfile, as its tests read it."""

import json
import re
import shlex

from tests.support.server import PROJECT

TEXT = (PROJECT / "Containerfile").read_text()


def read_instructions() -> list[tuple[str, str]]:
    """Return all instructions with what they say, continued lines joined."""
    lines = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined)]


def read_last_stage() -> list[tuple[str, str]]:
    """Return the instructions of the image itself."""
    found = read_instructions()
    start = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def said(instruction: str) -> str:
    """Return what the last stage says by an instruction that is there once."""
    (text,) = [rest for name, rest in read_last_stage() if name == instruction]
    return text


def read_environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(word.split("=", 1) for word in shlex.split(said("ENV")))


def read_command(instruction: str) -> list[str]:
    """Return ENTRYPOINT, CMD or HEALTHCHECK's CMD, which are lists of words."""
    words: list[str] = json.loads(re.sub(r"^.*?CMD (?=\[)", "", said(instruction)))
    return words
