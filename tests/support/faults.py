"""What goes wrong with an answer of the file server, and what it was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer. Sizes count bytes of the body."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Set over the usual ones; the empty string leaves a header out."""
    body: bytes | None = None
    redirect: str | None = None
    ignore_range: bool = False
    chunked: bool = False
    """Send no length, in chunks, `body` for ever if `endless`."""
    endless: bool = False
    drop_after: int | None = None
    stall_after: int | None = None
    slow_after: tuple[int, float] | None = None
    """From which byte on, and with how many bytes a second, the answer goes on."""
    before: Callable[[], object] | None = None
    """Called when the request has been read."""
    before_end: Callable[[], object] | None = None
    """Called when all is sent but the last chunk."""


@dataclass(frozen=True)
class OddAnswer:
    """Exactly what is sent, with `Content-Length` besides unless it `ends_by_closing`."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    ends_by_closing: bool = False


@dataclass(frozen=True)
class Asking:
    """A request for a file that is there: which bytes of it are asked for, and whether as a range."""

    path: str
    query: str
    content: bytes
    start: int
    end: int
    is_range: bool


@dataclass(frozen=True)
class Seen:
    """A request that came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    client_port: int
    at: float
