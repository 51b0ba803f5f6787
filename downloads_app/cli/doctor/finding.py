"""What a check has found."""

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """How grave a finding is."""

    FINE = "fine"
    NOTE = "note"  # works, but somebody should know
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on one part of the installation, and what to do if it is not fine."""

    part: str
    state: State
    found: str
    advice: str | None = None


def fine(part: str, found: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(part, State.FINE, found)


def note(part: str, found: str, advice: str | None = None) -> Finding:
    """Return a finding that is no fault."""
    return Finding(part, State.NOTE, found, advice)


def wrong(part: str, found: str, advice: str) -> Finding:
    """Return a fault and what to do about it."""
    return Finding(part, State.WRONG, found, advice)
