"""The stream, as a client gets it: unbuffered, uncompressed, each event on its time."""

import http.client
import time
from collections.abc import Iterator

from downloads_app.cli.doctor.address import FAILURES, Address, connected
from downloads_app.cli.doctor.finding import Finding, fine, wrong
from downloads_app.config import Settings
from downloads_app.services.inspection.trial import Trial

EVENTS = 4
LATE_SECONDS = 0.5
PATIENCE_SECONDS = 5.0
_BUFFERED = (
    "proxy_buffering off; and gzip off; for /api/downloads/subscribe, as deploy/nginx.conf has it; "
    "then see what else is between (a CDN, a company's proxy)"
)


def check_stream(settings: Settings, address: Address, trial: Trial) -> Iterator[Finding]:
    """Open a stream and measure when each event arrives."""
    interval = settings.stream_interval_seconds
    headers = {"Authorization": f"Bearer {trial.token}", "Accept-Encoding": "gzip, br, zstd, deflate"}
    arrived: list[float] = []
    try:
        with connected(address, seconds=interval + PATIENCE_SECONDS) as connection:
            asked_at = time.monotonic()
            connection.request("GET", f"{address.prefix}/api/downloads/subscribe", headers=headers)
            response = connection.getresponse()
            if fault := _find_fault(response):
                yield fault
                return
            arrived.extend(_arrivals(response))
    except TimeoutError:
        if not arrived:
            yield wrong("stream", "no event has come: they are kept back on the way", _BUFFERED)
            return
    except FAILURES as exc:
        yield wrong("stream", f"the stream broke off: {exc}", "see the proxy's and the service's logs")
        return
    yield _judge(asked_at, arrived, interval)


def _find_fault(response: http.client.HTTPResponse) -> Finding | None:
    kind, coding = response.headers.get_content_type(), response.headers.get("Content-Encoding")
    if response.status != 200 or kind != "text/event-stream":
        advice = "is it another instance that answers there? compare DATABASE_URL and the secrets"
        return wrong("stream", f"the stream's request got {response.status} with {kind}", advice)
    if coding:
        return wrong("stream", f"events are compressed on the way ({coding}), and so kept back", _BUFFERED)
    return None


def _arrivals(response: http.client.HTTPResponse) -> Iterator[float]:
    """Yield when each of the first EVENTS arrived: at the blank line that ends it."""
    is_event = False
    for _ in range(EVENTS):
        while True:
            line = response.readline()
            if not line:
                return
            is_event = is_event or line.startswith(b"data:")
            if is_event and line in (b"\n", b"\r\n"):
                is_event = False
                yield time.monotonic()
                break


def _judge(asked_at: float, arrived: list[float], interval: float) -> Finding:
    if len(arrived) < EVENTS:
        return wrong("stream", f"only {len(arrived)} of {EVENTS} events came", _BUFFERED)
    first = arrived[0] - asked_at
    late = [at - arrived[0] - number * interval for number, at in enumerate(arrived)]
    told = ", ".join(f"{max(0.0, seconds):.2f}" for seconds in late[1:])
    if first > PATIENCE_SECONDS or arrived[-1] - arrived[0] < interval:
        return wrong("stream", f"the first event took {first:.1f} s: events are kept back on the way", _BUFFERED)
    if max(late) > LATE_SECONDS:
        return wrong("stream", f"events are late (by {told} s)", "see the load of the machine and of the network")
    return fine("stream", f"the first event after {first:.2f} s, the next late by {told} s; nothing is compressed")
