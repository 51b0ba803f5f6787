"""The head of an answer is read from its lines as they arrive."""

import time
from collections.abc import Iterator

import pytest

from downloads_app.sources.answers import AnswerHead


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The zone of a machine whose clock shows another time than UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def _arrive(head: AnswerHead, *lines: bytes) -> None:
    for line in lines:
        head.add_line(line)


def test_a_line_without_a_colon_is_no_header() -> None:
    head = AnswerHead()
    _arrive(head, b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n", b": nobody's\r\n", b'ETag: "a:b"\r\n', b"\r\n")
    assert (head.status, head.headers) == (200, {"etag": '"a:b"'})


def test_a_header_that_begins_like_a_status_line_is_a_header() -> None:
    head = AnswerHead()
    _arrive(head, b"HTTP/2 200\r\n", b"HTTP/x: y\r\n", b"HTTP/1.1 : z\r\n", b"A: 1\r\n", b"\r\n")
    assert (head.status, head.headers) == (200, {"http/x": "y", "http/1.1": "z", "a": "1"})


def test_lines_that_come_after_a_look_count_too() -> None:
    head = AnswerHead()
    _arrive(head, b"HTTP/1.1 200 OK\r\n", b"X-First: 1\r\n")
    assert head.headers == {"x-first": "1"}
    _arrive(head, b"X-Second: 2\r\n")
    assert head.headers == {"x-first": "1", "x-second": "2"}


def test_the_last_answer_counts_and_clearing_forgets_all() -> None:
    head = AnswerHead()
    _arrive(head, b"HTTP/1.1 100 Continue\r\n", b"X-Early: 1\r\n", b"\r\n", b"HTTP/1.1 206 Partial\r\n", b"A: 1\r\n")
    assert (head.status, head.headers) == (206, {"a": "1"})
    _arrive(head, b"B: 2\r\n")
    head.clear()
    assert (head.status, head.headers) == (0, {})


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize("sent", ["Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 -0000"])
def test_a_date_without_a_zone_is_utc_wherever_we_are(sent: str) -> None:
    """RFC 9110, section 5.6.7: the form of C's asctime() is a date too."""
    headers = {"date": sent, "retry-after": "Sun, 06 Nov 1994 08:50:37 GMT"}
    assert AnswerHead.of(503, headers).retry_after_seconds == 60
