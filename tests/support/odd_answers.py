"""Odd answers to a range, as servers have been seen to give them: of `content`, the bytes from `start` to `end`."""

import gzip
import hashlib
from collections.abc import Callable

from tests.support.file_server import OddAnswer

Odd = Callable[[bytes, int, int], OddAnswer]


def slice_as_whole(content: bytes, start: int, end: int) -> OddAnswer:
    """Answer 200 with Content-Range and the slice."""
    return OddAnswer(200, {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start:end])


def from_a_blocks_boundary(content: bytes, start: int, end: int) -> OddAnswer:
    """Begin earlier than asked."""
    start -= start % 65_536
    return OddAnswer(206, {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start:end])


def from_the_very_beginning(content: bytes, start: int, end: int) -> OddAnswer:
    """Call the whole file a part."""
    return OddAnswer(206, {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}, content)


def later_than_asked(content: bytes, start: int, end: int) -> OddAnswer:
    """Leave out the first bytes that were asked for."""
    start = min(start + 1000, end - 1)
    return OddAnswer(206, {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start:end])


def in_capitals(content: bytes, start: int, end: int) -> OddAnswer:
    """Write the unit in its own way."""
    return OddAnswer(206, {"Content-Range": f"Bytes={start}-{end - 1}/{len(content)}"}, content[start:end])


def without_content_range(content: bytes, start: int, end: int) -> OddAnswer:
    """Say nothing."""
    return OddAnswer(206, {}, content[start:end])


def without_content_range_of_odd_length(content: bytes, start: int, end: int) -> OddAnswer:
    """Say nothing, and send something else."""
    return OddAnswer(206, {}, content[start : end - 1])


def with_a_tag_alone(content: bytes, start: int, end: int) -> OddAnswer:
    """Say nothing but the name of the content."""
    return OddAnswer(206, {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}, content[start:end])


def of_unknown_total(content: bytes, start: int, end: int) -> OddAnswer:
    """Not know how long the file is."""
    return OddAnswer(206, {"Content-Range": f"bytes {start}-{end - 1}/*"}, content[start:end])


def beyond_the_end(content: bytes, start: int, end: int) -> OddAnswer:
    """Send more than was asked for."""
    return OddAnswer(206, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}, content[start:])


def less_than_it_says(content: bytes, start: int, end: int) -> OddAnswer:
    """Announce a shorter body than the range has."""
    return OddAnswer(206, {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start : end - 1000])


def refused(content: bytes, start: int, end: int) -> OddAnswer:
    """Refuse a range that is there."""
    return OddAnswer(416, {"Content-Range": f"bytes */{len(content)}"})


def not_implemented(content: bytes, start: int, end: int) -> OddAnswer:
    """Refuse the request for its range."""
    return OddAnswer(501, {})


def a_page(content: bytes, start: int, end: int) -> OddAnswer:
    """Send a page that says it is being looked after."""
    return OddAnswer(200, {"Content-Type": "text/html"}, b"<html><title>Back soon</title></html>")


def ranges_of_the_packed_bytes(content: bytes, start: int, end: int) -> OddAnswer:
    """Send a range of what the file is when packed, as a cache does that keeps it so."""
    packed = gzip.compress(content, mtime=0)
    headers = {"Content-Range": f"bytes {start}-{len(packed) - 1}/{len(packed)}", "Content-Encoding": "gzip"}
    return OddAnswer(206, headers, packed[start:])


def another_name(content: bytes, start: int, end: int) -> OddAnswer:
    """Come from another node, with another entity tag for the same bytes."""
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}", "ETag": '"node-2"'}
    return OddAnswer(206, headers, content[start:end])


def another_second(content: bytes, start: int, end: int) -> OddAnswer:
    """Come from another node, which has the same bytes since a second later."""
    headers = {
        "Content-Range": f"bytes {start}-{end - 1}/{len(content)}",
        "Last-Modified": "Tue, 14 Nov 2023 22:13:21 GMT",
    }
    return OddAnswer(206, headers, content[start:end])


TAKEN = [
    slice_as_whole,
    from_a_blocks_boundary,
    from_the_very_beginning,
    in_capitals,
    of_unknown_total,
    beyond_the_end,
    with_a_tag_alone,
]
AVOIDED = [
    later_than_asked,
    without_content_range_of_odd_length,
    less_than_it_says,
    refused,
    not_implemented,
    a_page,
    ranges_of_the_packed_bytes,
]
DOUBTED = [another_name, another_second, without_content_range]
