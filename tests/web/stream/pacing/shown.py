"""What a frame's bytes show."""

import functools
import json


@functools.lru_cache(maxsize=10_000)
def shown_in(held: bytes, is_chunked: bool) -> tuple[tuple[str, int], ...]:
    """Return id and bytes of each download in a frame; any other bytes are an error."""
    if is_chunked:
        size, _, rest = held.partition(b"\r\n")
        assert rest.endswith(b"\r\n")
        held = rest[:-2]
        assert int(size, 16) == len(held)
    data = held.split(b"\n")[2]
    assert data.startswith(b"data: ")
    told = json.loads(data.removeprefix(b"data: "))["downloads"]
    return tuple((download["id"], download["progress_data"]["current_bytes"]) for download in told)
